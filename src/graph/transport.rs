//! How a request reaches Meta: plain data in, plain data out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::upload::Source;
use crate::secret::AccessToken;

/// The headers of an answer that are read; a transport need not keep others.
pub const READ_HEADERS: [&str; 7] = [
    "facebook-api-version",
    "retry-after",
    "x-app-usage",
    "x-business-use-case-usage",
    "x-fb-rev",
    "x-fb-trace-id",
    "x-page-usage",
];

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
    /// `DELETE`.
    Delete,
}

impl Method {
    /// The method as it stands in a request.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// One HTTP request; its `Debug` shows the host, never the rest of the URL.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// `GET`, `POST` or `DELETE`.
    pub method: Method,
    /// The whole URL. It may hold ids, proofs and, for a few calls, a token: keep it out of logs.
    pub url: String,
    /// The token for `Authorization: Bearer …`, if any.
    pub bearer: Option<AccessToken>,
    /// The body, if any.
    pub body: Option<Body>,
    /// How much of an answer's body to read at most, in bytes.
    pub max_response_bytes: usize,
    /// How long all of it may take.
    pub timeout: Duration,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path may hold a PSID, the query a proof.
        let origin = super::Origin::of(&self.url);
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("origin", &origin)
            .field("body_bytes", &self.body.as_ref().map(Body::len))
            .field("max_response_bytes", &self.max_response_bytes)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// The body of a request; its `Debug` shows type and length.
#[derive(Clone)]
#[non_exhaustive]
pub enum Body {
    /// A body in one piece.
    Bytes {
        /// The `Content-Type`.
        content_type: &'static str,
        /// The body.
        bytes: Vec<u8>,
    },
    /// A body in pieces, to be asked for only as fast as they leave.
    Stream {
        /// The `Content-Type`.
        content_type: String,
        /// How long it is, in bytes: the `Content-Length`.
        bytes: u64,
        /// Where the pieces come from.
        source: Arc<dyn Source>,
    },
}

impl Body {
    /// The `Content-Type`.
    pub fn content_type(&self) -> &str {
        match self {
            Self::Bytes { content_type, .. } => content_type,
            Self::Stream { content_type, .. } => content_type,
        }
    }

    /// How long it is, in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes { bytes, .. } => bytes.len() as u64,
            Self::Stream { bytes, .. } => *bytes,
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The body, when it is in one piece.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes { bytes, .. } => Some(bytes),
            Self::Stream { .. } => None,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The parameters of a media type may hold the boundary.
        let content_type = self.content_type().split(';').next();
        f.debug_struct("Body")
            .field("content_type", &content_type.unwrap_or_default())
            .field("bytes", &self.len())
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
    /// Other headers, at least those of [`READ_HEADERS`] that were there.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Response {
    /// Puts an answer together.
    pub fn new(status: u16, content_type: Option<String>, body: Vec<u8>) -> Self {
        Self {
            status,
            content_type,
            headers: Vec::new(),
            body,
        }
    }

    /// The same with one more header.
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The value of a header, whatever the case of its name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
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
            body: Some(Body::Bytes {
                content_type: "application/json",
                bytes: b"hello".to_vec(),
            }),
            max_response_bytes: 10,
            timeout: Duration::from_secs(15),
        };
        assert_eq!(
            format!("{request:?}"),
            "Request { method: Post, origin: Some(https://graph.facebook.com), \
             body_bytes: Some(5), max_response_bytes: 10, timeout: 15s, .. }"
        );
        assert_eq!(
            format!("{:?}", request.body.unwrap()),
            "Body { content_type: \"application/json\", bytes: 5, .. }"
        );
    }

    #[test]
    fn a_response_shows_only_its_length() {
        let response = Response::new(200, None, b"Ada".to_vec());
        assert_eq!(
            format!("{response:?}"),
            "Response { status: 200, content_type: None, body_bytes: 3, .. }"
        );
        assert_eq!(
            response
                .with_header("X-App-Usage", "{}")
                .header("x-app-usage"),
            Some("{}")
        );
    }
}
