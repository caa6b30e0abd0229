//! Decision about one HTTP request, for any server built on the types of the `http` crate.

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts};

use super::{Delivery, EnvelopeError, HandshakeError, SIGNATURE_HEADER, Webhook, parse_unverified};

/// Decision about a request to the callback URL, from [`Webhook::respond`].
///
/// The host handles each variant, so the enum is exhaustive.
#[derive(Debug)]
#[expect(clippy::exhaustive_enums)]
pub enum Outcome<'a> {
    /// Send this response: the challenge of a handshake, or a refusal.
    Response(Response<String>),
    /// Meta sent these events: commit them, then respond with 200. Respond with 503 when the commit
    /// fails, and Meta sends them again.
    Delivery(Delivery<'a>),
    /// Meta sent this body, but it is not a delivery: store the body, then respond with 200. After
    /// any other status Meta unsubscribes the Page within an hour.
    Unreadable(EnvelopeError),
}

impl Webhook {
    /// Decides what to do with one request, from its [`Parts`] (method, URI, headers) and its whole
    /// body.
    ///
    /// The signature is checked first, over the body as it was received. A body with a valid
    /// signature is read with any `Content-Encoding` and `Content-Type`.
    ///
    /// | Request | Outcome |
    /// |---|---|
    /// | `GET` with the right verify token | 200 with the challenge |
    /// | `GET` with another token | 403 |
    /// | `GET` that is not a handshake | 400 |
    /// | `POST` with a valid signature | [`Outcome::Delivery`] or [`Outcome::Unreadable`] |
    /// | `POST` without a valid signature, with a `Content-Encoding` other than `identity` | 415 |
    /// | any other `POST` without a valid signature | 401 |
    /// | another method | 405 |
    ///
    /// The host reads the body before the call, and limits it to
    /// [`MAX_BODY_BYTES`](super::MAX_BODY_BYTES).
    ///
    /// # Examples
    ///
    /// ```
    /// use http::Request;
    /// use messenger_crm::{
    ///     secret::{AppSecret, VerifyToken},
    ///     webhook::{Outcome, SIGNATURE_HEADER, Webhook, sign},
    /// };
    ///
    /// let secret = AppSecret::new("60efff025951cddde78c8d03de52cc90")?;
    /// let webhook = Webhook::new(&secret, VerifyToken::new("pasted into Meta's dashboard")?);
    ///
    /// let body = br#"{"object":"page","entry":[]}"#;
    /// let request = Request::post("/webhook").header(SIGNATURE_HEADER, sign(&secret, body));
    /// let (parts, ()) = request.body(())?.into_parts();
    /// let status = match webhook.respond(&parts, body) {
    ///     Outcome::Response(response) => response.status(),
    ///     Outcome::Delivery(delivery) => {
    ///         for _event in &delivery { /* commit it */ }
    ///         http::StatusCode::OK
    ///     }
    ///     Outcome::Unreadable(_) => { /* store the body */ http::StatusCode::OK }
    /// };
    /// assert_eq!(status, 200);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn respond<'a>(&self, request: &Parts, body: &'a [u8]) -> Outcome<'a> {
        if let Some(refusal) = self.refusal(request, body) {
            return Outcome::Response(refusal);
        }
        match parse_unverified(body) {
            Ok(delivery) => Outcome::Delivery(delivery),
            Err(error) => Outcome::Unreadable(error),
        }
    }

    /// Returns the response to anything but a signed `POST`; `None` when the body is Meta's.
    pub(crate) fn refusal(&self, request: &Parts, body: &[u8]) -> Option<Response<String>> {
        match request.method {
            Method::GET => Some(
                match self.handshake(request.uri.query().unwrap_or_default()) {
                    Ok(challenge) => text_response(StatusCode::OK, challenge),
                    Err(HandshakeError::WrongToken) => {
                        text_response(StatusCode::FORBIDDEN, "wrong verify token\n")
                    }
                    Err(HandshakeError::Malformed(_)) => {
                        text_response(StatusCode::BAD_REQUEST, "not a handshake\n")
                    }
                },
            ),
            Method::POST => {
                let mut signatures = request.headers.get_all(SIGNATURE_HEADER).iter();
                let signature = match (signatures.next(), signatures.next()) {
                    (Some(one), None) => Some(one.as_bytes()),
                    _ => None,
                };
                if self.verify(signature, body).is_ok() {
                    None
                } else if is_encoded(&request.headers) {
                    Some(text_response(
                        StatusCode::UNSUPPORTED_MEDIA_TYPE,
                        "the signature does not match, and no content encoding is supported\n",
                    ))
                } else {
                    Some(text_response(
                        StatusCode::UNAUTHORIZED,
                        "not signed by this app\n",
                    ))
                }
            }
            _ => {
                let mut refusal = text_response(StatusCode::METHOD_NOT_ALLOWED, "GET or POST\n");
                refusal
                    .headers_mut()
                    .insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
                Some(refusal)
            }
        }
    }
}

/// Whether a header names a coding that changes the body.
fn is_encoded(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::CONTENT_ENCODING).iter();
    let mut codings = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    codings.any(|coding| {
        let coding = coding.trim_ascii();
        !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity")
    })
}

/// Creates a response in plain text. `nosniff` keeps a browser from rendering a challenge with
/// markup as HTML.
pub(crate) fn text_response(status: StatusCode, body: impl Into<String>) -> Response<String> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    response
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;
    use crate::{
        secret::{AppSecret, VerifyToken},
        webhook::sign,
    };

    const BODY: &[u8] = br#"{"object":"page","entry":[]}"#;

    /// Of `BODY` under this secret.
    const SHA1: &str = "sha1=4693fbb58c8829d013b97a3ac343694be8a1f7c7";

    fn secret() -> AppSecret {
        AppSecret::new("60efff025951cddde78c8d03de52cc90").unwrap()
    }

    /// The response; `None` for a signed body.
    #[track_caller]
    fn response_to(request: http::request::Builder, body: &[u8]) -> Option<Response<String>> {
        let webhook = Webhook::new(&secret(), VerifyToken::new("t").unwrap());
        let (parts, ()) = request.body(()).unwrap().into_parts();
        match webhook.respond(&parts, body) {
            Outcome::Response(response) => Some(response),
            Outcome::Delivery(_) | Outcome::Unreadable(_) => None,
        }
    }

    #[track_caller]
    fn status(request: http::request::Builder, body: &[u8]) -> Option<u16> {
        response_to(request, body).map(|response| response.status().as_u16())
    }

    #[test]
    fn v13_v14_the_legacy_header_counts_for_nothing() {
        let legacy = || Request::post("/").header("x-hub-signature", SHA1);
        let good = sign(&secret(), BODY);
        let wrong = sign(&secret(), b"another body");
        assert_eq!(status(legacy(), BODY), Some(401));
        assert_eq!(
            status(legacy().header(SIGNATURE_HEADER, wrong), BODY),
            Some(401)
        );
        assert_eq!(status(legacy().header(SIGNATURE_HEADER, good), BODY), None);
    }

    #[test]
    fn v18_two_signature_headers_are_refused() {
        let good = &sign(&secret(), BODY);
        let wrong = &sign(&secret(), b"another body");
        let post = |one: &str| Request::post("/").header(SIGNATURE_HEADER, one);
        assert_eq!(status(post(good), BODY), None);
        assert_eq!(status(Request::post("/"), BODY), Some(401));
        for (one, two) in [(good, good), (good, wrong), (wrong, good)] {
            let both = post(one).header(SIGNATURE_HEADER, two);
            assert_eq!(status(both, BODY), Some(401));
        }
    }

    #[test]
    fn g9_v31_a_signed_body_is_read_whatever_coding_is_named() {
        let good = sign(&secret(), BODY);
        for encoding in ["identity", "", "gzip", "br, identity"] {
            let post = Request::post("/")
                .header(SIGNATURE_HEADER, &good)
                .header("content-encoding", encoding);
            assert_eq!(status(post, BODY), None, "{encoding}");
        }
    }

    #[test]
    fn g9_v31_an_unsigned_body_is_415_only_with_a_coding() {
        let wrong = sign(&secret(), b"another body");
        for (encodings, expected) in [
            (&["gzip"][..], 415),
            (&["GZIP"], 415),
            (&["identity, br"], 415),
            (&["identity", "deflate"], 415),
            (&["identity"], 401),
            (&[" Identity ,"], 401),
            (&[""], 401),
            (&[], 401),
        ] {
            for signature in [None, Some(&wrong)] {
                let mut post = Request::post("/");
                for encoding in encodings {
                    post = post.header("content-encoding", *encoding);
                }
                if let Some(signature) = signature {
                    post = post.header(SIGNATURE_HEADER, signature);
                }
                assert_eq!(status(post, BODY), Some(expected), "{encodings:?}");
            }
        }
    }

    #[test]
    fn g10_a_signed_body_that_is_no_delivery_is_unreadable() {
        let webhook = Webhook::new(&secret(), VerifyToken::new("t").unwrap());
        for body in [
            r#"{"foo":1}"#,
            r#"{"object":"page"}"#,
            r#"{"object":"page","entry":null}"#,
            r#"{"entry":[]}"#,
            r#"{"object":null,"entry":[]}"#,
            "[]",
        ] {
            let post =
                Request::post("/").header(SIGNATURE_HEADER, sign(&secret(), body.as_bytes()));
            let (parts, ()) = post.body(()).unwrap().into_parts();
            let outcome = webhook.respond(&parts, body.as_bytes());
            assert!(matches!(outcome, Outcome::Unreadable(_)), "{body}");
        }
    }

    #[test]
    fn h1_h2_h4_h8_the_responses_to_a_handshake() {
        for (query, status, body) in [
            (
                "hub.mode=subscribe&hub.verify_token=t&hub.challenge=%3Cb%3E",
                200,
                "<b>",
            ),
            (
                "hub.mode=subscribe&hub.verify_token=T&hub.challenge=1",
                403,
                "wrong verify token\n",
            ),
            ("hub.mode=subscribe", 400, "not a handshake\n"),
            ("", 400, "not a handshake\n"),
        ] {
            let response = response_to(Request::get(format!("/?{query}")), b"").unwrap();
            assert_eq!(response.status(), status);
            assert_eq!(response.body(), body);
            let headers = response.headers();
            assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
            assert_eq!(headers["x-content-type-options"], "nosniff");
        }
    }

    #[test]
    fn h11_other_methods_are_refused() {
        let good = sign(&secret(), BODY);
        for method in ["PUT", "HEAD", "DELETE", "OPTIONS", "post"] {
            let request = Request::builder()
                .method(method)
                .header(SIGNATURE_HEADER, &good);
            let response = response_to(request, BODY).unwrap();
            assert_eq!(response.status(), 405, "{method}");
            assert_eq!(response.headers()["allow"], "GET, POST");
        }
    }
}
