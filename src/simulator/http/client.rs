//! HTTP calls to programs on this machine: webhooks, and nothing else.

use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{CONNECTION, HOST, HeaderValue, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;
use url::{Host, Url};

/// How long Meta waits for the callback's response.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest response that is read.
const LONGEST_RESPONSE: usize = 64 << 10;

/// Error of a call to a program on this machine.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CallError {
    /// The URL is not an absolute `http` address.
    #[error("callback url is not an absolute http address: the simulator does not speak TLS")]
    Url,
    /// The URL leads to another machine.
    #[error(
        "callback url is not on this machine: the simulator connects to loopback addresses only"
    )]
    NotLoopback,
    /// Nobody answered at that address.
    #[error("callback cannot be reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// The response did not come within five seconds.
    #[error("callback did not answer within 5 seconds")]
    TimedOut,
}

/// Response of a callback.
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

/// Address of a program on this machine.
#[derive(Clone, Debug)]
pub(crate) struct Callback {
    url: Url,
}

impl Callback {
    /// Parses the address. Other machines are refused.
    pub(crate) fn parse(url: &str) -> Result<Self, CallError> {
        let url = Url::parse(url.trim()).map_err(|_| CallError::Url)?;
        if url.scheme() != "http" {
            return Err(CallError::Url);
        }
        let is_loopback = match url.host().ok_or(CallError::Url)? {
            Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
            Host::Ipv4(ip) => ip.is_loopback(),
            Host::Ipv6(ip) => ip.is_loopback(),
        };
        if is_loopback {
            Ok(Self { url })
        } else {
            Err(CallError::NotLoopback)
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// The same address with more parameters in its query.
    pub(crate) fn with_query(&self, pairs: &[(&str, &str)]) -> Self {
        let mut url = self.url.clone();
        url.query_pairs_mut().extend_pairs(pairs);
        Self { url }
    }

    /// Sends a request whose URI is set here.
    pub(crate) async fn call(&self, request: Request<Full<Bytes>>) -> Result<Answered, CallError> {
        match timeout(PATIENCE, self.exchange(request)).await {
            Ok(answered) => answered.map_err(CallError::Unreachable),
            Err(_) => Err(CallError::TimedOut),
        }
    }

    async fn exchange(
        &self,
        mut request: Request<Full<Bytes>>,
    ) -> Result<Answered, Box<dyn Error + Send + Sync>> {
        let stream = self.connect().await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let query = self.url.query().map(|query| format!("?{query}"));
        let target = format!("{}{}", self.url.path(), query.unwrap_or_default());
        *request.uri_mut() = target.parse()?;
        let headers = request.headers_mut();
        headers.insert(HOST, HeaderValue::try_from(self.authority())?);
        headers.insert(USER_AGENT, HeaderValue::from_static("facebookexternalua"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        let exchange = async {
            let response = sender.send_request(request).await?;
            let status = response.status();
            let body = Limited::new(response.into_body(), LONGEST_RESPONSE);
            let body = body.collect().await?.to_bytes();
            Ok(Answered { status, body })
        };
        let mut exchange = std::pin::pin!(exchange);
        let mut connection = std::pin::pin!(connection);
        // The connection only ends early when the exchange fails, too.
        tokio::select! {
            answered = &mut exchange => return answered,
            _ = &mut connection => {}
        }
        exchange.await
    }

    fn authority(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        match self.url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    async fn connect(&self) -> std::io::Result<TcpStream> {
        let port = self.url.port_or_known_default().unwrap_or(80);
        let addresses: Vec<SocketAddr> = match self.url.host() {
            Some(Host::Ipv4(ip)) => vec![SocketAddr::from((IpAddr::from(ip), port))],
            Some(Host::Ipv6(ip)) => vec![SocketAddr::from((IpAddr::from(ip), port))],
            _ => lookup_host(("localhost", port)).await?.collect(),
        };
        let mut last = std::io::Error::from(std::io::ErrorKind::NotFound);
        for address in addresses
            .into_iter()
            .filter(|address| address.ip().is_loopback())
        {
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_machine_are_called() {
        for url in [
            "http://localhost:3000/webhook",
            "http://127.0.0.2/webhook?tenant=1",
            "http://[::1]:3000/",
            "http://shop.localhost:8080/",
        ] {
            assert!(Callback::parse(url).is_ok(), "{url}");
        }
        for url in [
            "http://example.com/",
            "http://192.0.2.1/",
            "http://localhost.example/",
            "http://0.0.0.0/",
        ] {
            let error = Callback::parse(url).unwrap_err();
            assert!(matches!(error, CallError::NotLoopback), "{url}");
        }
        for url in ["", "webhook", "file:///a", "https://localhost/"] {
            let error = Callback::parse(url).unwrap_err();
            assert!(matches!(error, CallError::Url), "{url}");
        }
    }
}
