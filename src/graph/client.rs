//! The transport over reqwest.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, ClientBuilder, redirect, retry};

use super::{Method, Request, Response, Transport, TransportError, TransportErrorKind};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const CALL_TIMEOUT: Duration = Duration::from_secs(15);

/// A [`Transport`] over [`reqwest`], with TLS by rustls; needs a tokio runtime.
///
/// It follows no redirect, repeats nothing, sends no `Referer`, and gives up after 5 seconds
/// without a connection or 15 seconds in all.
#[derive(Clone)]
pub struct ReqwestTransport(Client);

impl ReqwestTransport {
    /// A transport with its own connection pool.
    ///
    /// # Errors
    ///
    /// [`TransportError`] when TLS cannot be set up.
    pub fn new() -> Result<Self, TransportError> {
        Self::from_builder(Client::builder())
    }

    /// A transport with the host's proxy, roots or pool; time-outs, redirects, repeats and
    /// `Referer` stay as described above.
    ///
    /// # Errors
    ///
    /// [`TransportError`] when the client cannot be built.
    pub fn from_builder(builder: ClientBuilder) -> Result<Self, TransportError> {
        builder
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(CALL_TIMEOUT)
            .build()
            .map(Self)
            .map_err(failure)
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The client's own would show default headers and proxies, passwords included.
        f.debug_struct("ReqwestTransport").finish_non_exhaustive()
    }
}

#[async_trait]
impl Transport for ReqwestTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut call = match request.method {
            Method::Get => self.0.get(&request.url),
            Method::Post => self.0.post(&request.url),
        };
        if let Some(token) = &request.bearer {
            call = call.bearer_auth(token.expose_secret());
        }
        if let Some(body) = request.body {
            let json = HeaderValue::from_static("application/json");
            call = call.header(CONTENT_TYPE, json).body(body);
        }
        let mut response = call.send().await.map_err(failure)?;
        let status = response.status().as_u16();
        let content_type = response.headers().get(CONTENT_TYPE);
        let content_type = content_type
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let mut body = Vec::new();
        // The length a server announces proves nothing, so what arrives is counted.
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if chunk.len() > request.max_response_bytes.saturating_sub(body.len()) {
                return Err(TransportError::new(TransportErrorKind::TooLarge));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Response::new(status, content_type, body))
    }
}

fn failure(error: reqwest::Error) -> TransportError {
    let kind = if error.is_connect() || error.is_builder() {
        TransportErrorKind::NotSent
    } else {
        TransportErrorKind::Unknown
    };
    TransportError::new(kind).with_source(error.without_url())
}
