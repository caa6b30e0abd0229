//! How a request reaches Meta: plain data in, plain data out.

use std::fmt;

use async_trait::async_trait;

use crate::secret::PageToken;

/// Moves a request to Meta and brings back the answer.
///
/// One is `ReqwestTransport` (feature `client`); a host with an HTTP
/// client of its own implements it in a few lines. It must not follow redirects and must not
/// repeat a request: both could send a message twice, or a token to a stranger.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends one request; any status is an answer.
    ///
    /// # Errors
    ///
    /// [`TransportError`] when there is no answer, or one longer than
    /// [`Request::max_response_bytes`].
    async fn send(&self, request: Request) -> Result<Response, TransportError>;
}

/// The method of a request.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Method {
    /// `GET`.
    Get,
    /// `POST`.
    Post,
}

/// One HTTP request; its `Debug` shows the host, never the rest of the URL.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// `GET` or `POST`.
    pub method: Method,
    /// The whole URL. It may hold ids and proofs: keep it out of logs.
    pub url: String,
    /// The token for `Authorization: Bearer …`, if any.
    pub bearer: Option<PageToken>,
    /// A body of `application/json`, if any.
    pub body: Option<Vec<u8>>,
    /// How much of an answer's body to read at most, in bytes.
    pub max_response_bytes: usize,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path may hold a PSID, the query a proof.
        let origin = super::Origin::of(&self.url);
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("origin", &origin)
            .field("body_bytes", &self.body.as_ref().map(Vec::len))
            .field("max_response_bytes", &self.max_response_bytes)
            .finish_non_exhaustive()
    }
}

/// One HTTP answer; its `Debug` shows the body's length only.
#[derive(Clone)]
#[non_exhaustive]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The `Content-Type` header, if there is a readable one.
    pub content_type: Option<String>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// Puts an answer together.
    pub fn new(status: u16, content_type: Option<String>, body: Vec<u8>) -> Self {
        Self {
            status,
            content_type,
            body,
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("body_bytes", &self.body.len())
            .finish()
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
#[non_exhaustive]
pub struct TransportError {
    /// What is known about the request.
    pub kind: TransportErrorKind,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    /// No answer, without a cause to tell.
    pub fn new(kind: TransportErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// The same with its cause, which must not hold the URL.
    pub fn with_source(self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }
}

/// What is known about a request that brought no answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// It never left: no such host, connection refused, no TLS.
    NotSent,
    /// It may have arrived: time-out, or the connection broke.
    Unknown,
    /// It arrived, but the answer was too long to read.
    TooLarge,
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSent => "the request could not be sent",
            Self::Unknown => "no answer came, and the request may have arrived",
            Self::TooLarge => "the answer is too long",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::access;
    use super::*;

    #[test]
    fn a_request_shows_only_where_it_goes() {
        let request = Request {
            method: Method::Post,
            url: "https://graph.facebook.com/v26.0/4242?appsecret_proof=c0ffee".to_owned(),
            bearer: Some(access().token),
            body: Some(b"hello".to_vec()),
            max_response_bytes: 10,
        };
        assert_eq!(
            format!("{request:?}"),
            "Request { method: Post, origin: Some(https://graph.facebook.com), \
             body_bytes: Some(5), max_response_bytes: 10, .. }"
        );
    }

    #[test]
    fn a_response_shows_only_its_length() {
        let response = Response::new(200, None, b"Ada".to_vec());
        assert_eq!(
            format!("{response:?}"),
            "Response { status: 200, content_type: None, body_bytes: 3 }"
        );
    }
}
