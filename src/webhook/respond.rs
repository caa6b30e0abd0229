//! From an HTTP request to the answer, for any server built on the `http` types.

use http::{HeaderValue, Method, Response, StatusCode, header, request::Parts};

use super::{Delivery, EnvelopeError, HandshakeError, ReceiveError, SIGNATURE_HEADER, Webhook};

/// What to do with a request to the callback URL.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// Send this back: the handshake's answer, or a refusal.
    Answer(Response<String>),
    /// It is Meta's: commit it, then answer 200; answer 503 if that fails.
    Delivery(Delivery<'a>),
    /// It is Meta's and unreadable: keep the body, then answer 200.
    Unreadable(EnvelopeError),
}

impl Webhook {
    /// Decides about one request, from its head and its whole body.
    ///
    /// Reading the body under a limit ([`MAX_BODY_BYTES`](super::MAX_BODY_BYTES)) is the host's.
    pub fn respond<'a>(&self, request: &Parts, body: &'a [u8]) -> Outcome<'a> {
        match request.method {
            Method::GET => Outcome::Answer(
                match self.handshake(request.uri.query().unwrap_or_default()) {
                    Ok(challenge) => answer(StatusCode::OK, challenge),
                    Err(HandshakeError::WrongToken) => {
                        answer(StatusCode::FORBIDDEN, "wrong verify token\n")
                    }
                    Err(HandshakeError::Malformed(_)) => {
                        answer(StatusCode::BAD_REQUEST, "not a handshake\n")
                    }
                },
            ),
            Method::POST => {
                if request.headers.contains_key(header::CONTENT_ENCODING) {
                    return Outcome::Answer(answer(
                        StatusCode::UNSUPPORTED_MEDIA_TYPE,
                        "no content encoding is supported\n",
                    ));
                }
                let mut signatures = request.headers.get_all(SIGNATURE_HEADER).iter();
                let signature = match (signatures.next(), signatures.next()) {
                    (Some(one), None) => Some(one.as_bytes()),
                    _ => None,
                };
                match self.receive(signature, body) {
                    Ok(delivery) => Outcome::Delivery(delivery),
                    Err(ReceiveError::Envelope(error)) => Outcome::Unreadable(error),
                    Err(ReceiveError::Signature(_)) => Outcome::Answer(answer(
                        StatusCode::UNAUTHORIZED,
                        "not signed by this app\n",
                    )),
                }
            }
            _ => {
                let mut refusal = answer(StatusCode::METHOD_NOT_ALLOWED, "GET or POST\n");
                refusal
                    .headers_mut()
                    .insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
                Outcome::Answer(refusal)
            }
        }
    }
}

/// Plain text that no browser takes for anything else: a challenge may hold markup.
fn answer(status: StatusCode, body: impl Into<String>) -> Response<String> {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/plain; charset=utf-8"),
    );
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    answer
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

    /// From platform.md §1.4, whose secret it is.
    const SHA1: &str = "sha1=4693fbb58c8829d013b97a3ac343694be8a1f7c7";

    fn secret() -> AppSecret {
        AppSecret::new("60efff025951cddde78c8d03de52cc90").unwrap()
    }

    /// What is sent back; nothing when it is a delivery.
    #[track_caller]
    fn answer_to(request: http::request::Builder, body: &[u8]) -> Option<Response<String>> {
        let webhook = Webhook::new(&secret(), VerifyToken::new("t").unwrap());
        let (parts, ()) = request.body(()).unwrap().into_parts();
        match webhook.respond(&parts, body) {
            Outcome::Answer(answer) => Some(answer),
            Outcome::Delivery(_) | Outcome::Unreadable(_) => None,
        }
    }

    #[track_caller]
    fn status(request: http::request::Builder, body: &[u8]) -> Option<u16> {
        answer_to(request, body).map(|answer| answer.status().as_u16())
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
    fn v31_content_encoding_is_refused() {
        let good = sign(&secret(), BODY);
        for encoding in ["gzip", "identity", ""] {
            let post = Request::post("/")
                .header(SIGNATURE_HEADER, &good)
                .header("content-encoding", encoding);
            assert_eq!(status(post, BODY), Some(415));
        }
    }

    #[test]
    fn h1_h2_h4_h8_the_answers_to_a_handshake() {
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
            let answer = answer_to(Request::get(format!("/?{query}")), b"").unwrap();
            assert_eq!(answer.status(), status);
            assert_eq!(answer.body(), body);
            let headers = answer.headers();
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
            let answer = answer_to(request, BODY).unwrap();
            assert_eq!(answer.status(), 405, "{method}");
            assert_eq!(answer.headers()["allow"], "GET, POST");
        }
    }
}
