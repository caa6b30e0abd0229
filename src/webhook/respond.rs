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

    #[track_caller]
    fn status(request: http::request::Builder, body: &[u8]) -> Option<u16> {
        let webhook = Webhook::new(
            &AppSecret::new("s").unwrap(),
            VerifyToken::new("t").unwrap(),
        );
        let (parts, ()) = request.body(()).unwrap().into_parts();
        match webhook.respond(&parts, body) {
            Outcome::Answer(answer) => Some(answer.status().as_u16()),
            Outcome::Delivery(_) | Outcome::Unreadable(_) => None,
        }
    }

    #[test]
    fn v18_two_signature_headers_are_refused() {
        let good = sign(&AppSecret::new("s").unwrap(), BODY);
        let post = || Request::post("/").header(SIGNATURE_HEADER, &good);
        assert_eq!(status(post(), BODY), None);
        assert_eq!(
            status(post().header(SIGNATURE_HEADER, &good), BODY),
            Some(401)
        );
        assert_eq!(status(Request::post("/"), BODY), Some(401));
    }

    #[test]
    fn v31_content_encoding_is_refused() {
        assert_eq!(
            status(Request::post("/").header("content-encoding", "gzip"), BODY),
            Some(415)
        );
    }

    #[test]
    fn h11_other_methods_are_refused() {
        for method in ["PUT", "HEAD", "DELETE", "OPTIONS"] {
            assert_eq!(
                status(Request::builder().method(method), b""),
                Some(405),
                "{method}"
            );
        }
    }
}
