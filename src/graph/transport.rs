//! Interface to an HTTP client: one request, one response.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::BaseUrl;
use super::upload::UploadSource;

/// Sends an HTTP request to Meta and returns the response.
///
/// This crate has `ReqwestTransport` (feature `client`), and [`ScriptedTransport`] for tests. To use
/// another HTTP client, implement this trait and pass it to
/// [`Graph::from_parts`](super::Graph::from_parts). An implementation must not follow redirects and
/// must not repeat a request: both could send a message twice, or a token to another host.
///
/// [`ScriptedTransport`]: super::ScriptedTransport
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// Sends one request. A response of any status is a success.
    ///
    /// # Errors
    ///
    /// [`TransportError`] when there is no response within [`Request::timeout`], or one longer
    /// than [`Request::max_response_bytes`].
    async fn send(&self, request: Request) -> Result<http::Response<Vec<u8>>, TransportError>;
}

/// One HTTP request. `Debug` shows method and host, never the rest of the URL.
#[derive(Clone)]
#[non_exhaustive]
pub struct Request {
    /// Method, URL, headers (with the token in `Authorization`) and body. The URL can contain ids
    /// and proofs, so keep it out of logs.
    pub http: http::Request<Body>,
    /// Time-out of the whole exchange, from connecting to the end of the response.
    pub timeout: Duration,
    /// Largest response body to read, in bytes.
    pub max_response_bytes: usize,
}

impl Request {
    /// Creates a request with a time-out and a limit for the response.
    pub fn new(http: http::Request<Body>, timeout: Duration, max_response_bytes: usize) -> Self {
        Self {
            http,
            timeout,
            max_response_bytes,
        }
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path can contain a PSID, the query a proof.
        f.debug_struct("Request")
            .field("method", self.http.method())
            .field("host", &BaseUrl::of(self.http.uri()))
            .field("body", self.http.body())
            .field("max_response_bytes", &self.max_response_bytes)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

/// Body of a request. `Debug` shows only the length.
#[derive(Clone)]
#[non_exhaustive]
pub enum Body {
    /// No body.
    Empty,
    /// A body in memory.
    Bytes(Vec<u8>),
    /// A body in chunks. Read the next chunk only when the one before is sent.
    Stream {
        /// Length in bytes: the `Content-Length`.
        bytes: u64,
        /// Source of the chunks.
        source: Arc<dyn UploadSource>,
    },
}

impl Body {
    /// Returns the length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Stream { bytes, .. } => *bytes,
        }
    }

    /// Returns whether the body has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes, or `None` for a stream.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Empty => Some(&[]),
            Self::Bytes(bytes) => Some(bytes),
            Self::Stream { .. } => None,
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.len())
    }
}

/// Error for a request without a response.
#[derive(Debug, thiserror::Error)]
#[error("{kind}")]
#[non_exhaustive]
pub struct TransportError {
    /// Whether the request was sent.
    pub kind: TransportErrorKind,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl TransportError {
    /// Creates an error without a source.
    pub fn new(kind: TransportErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Sets the source. It must not contain the URL, which can have secrets in it.
    pub fn with_source(self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }
}

/// Whether a request without a response was sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The request was not sent: host not found, connection refused, TLS failed.
    NotSent,
    /// The request may have arrived: time-out, or the connection broke.
    Unknown,
    /// The request arrived, but the response is longer than [`Request::max_response_bytes`].
    TooLarge,
}

impl fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotSent => "the request could not be sent",
            Self::Unknown => "no response came, and the request may have arrived",
            Self::TooLarge => "the response is too long",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_shows_only_its_host() {
        let http = http::Request::post("https://graph.facebook.com/v27.0/4242?appsecret_proof=c0f")
            .header("authorization", "Bearer EAAtoken")
            .body(Body::Bytes(b"hello".to_vec()))
            .unwrap();
        let request = Request::new(http, Duration::from_secs(15), 10);
        assert_eq!(
            format!("{request:?}"),
            "Request { method: POST, host: Some(https://graph.facebook.com), \
             body: Body(5 bytes), max_response_bytes: 10, timeout: 15s, .. }"
        );
    }
}
