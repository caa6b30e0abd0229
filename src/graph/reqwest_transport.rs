//! Transport over reqwest.

use std::fmt;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use reqwest::{Client, ClientBuilder, redirect, retry};

use super::resolver::PublicResolver;
use super::{Body, Request, Transport, TransportError, TransportErrorKind, UploadChunks};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A [`Transport`] over [`reqwest`], with TLS by rustls; needs a tokio runtime.
///
/// It follows no redirect, repeats nothing and sends no `Referer`. It fails when there is no
/// connection after 5 seconds, or no response after [`Request::timeout`]. Meta's host names resolve
/// only to public addresses, unless a proxy resolves them.
#[derive(Clone)]
pub struct ReqwestTransport(Client);

impl ReqwestTransport {
    /// Creates a transport with its own connection pool.
    ///
    /// # Errors
    ///
    /// [`TransportError`] when TLS cannot be set up.
    pub fn new() -> Result<Self, TransportError> {
        Self::from_builder(Client::builder())
    }

    /// Creates a transport with the proxy, root certificates or pool of `builder`. Time-outs,
    /// redirects, retries, `Referer` and name resolution stay as described above, and certificates
    /// are checked.
    ///
    /// # Errors
    ///
    /// [`TransportError`] when the client cannot be built.
    pub fn from_builder(builder: ClientBuilder) -> Result<Self, TransportError> {
        builder
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            .tls_danger_accept_invalid_certs(false)
            .tls_danger_accept_invalid_hostnames(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .dns_resolver(Arc::new(PublicResolver))
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
    async fn send(&self, request: Request) -> Result<http::Response<Vec<u8>>, TransportError> {
        let (head, body) = request.http.into_parts();
        let call = self.0.request(head.method, head.uri.to_string());
        let call = call.headers(head.headers).timeout(request.timeout);
        let call = match body {
            Body::Empty => call,
            Body::Bytes(bytes) => call.body(bytes),
            Body::Stream { bytes, source } => {
                call.body(reqwest::Body::wrap(Stream::new(source.open(), bytes)))
            }
        };
        let mut response = call.send().await.map_err(failure)?;
        let mut received = http::Response::new(Vec::new());
        *received.status_mut() = response.status();
        *received.headers_mut() = mem::take(response.headers_mut());
        // The `Content-Length` may be wrong, so the received bytes are counted.
        let body = received.body_mut();
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if chunk.len() > request.max_response_bytes.saturating_sub(body.len()) {
                return Err(TransportError::new(TransportErrorKind::TooLarge));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(received)
    }
}

/// A body that reads its next chunk only when the one before is sent.
struct Stream {
    /// Polled only through `&mut`: the lock makes it `Sync`.
    state: Mutex<State>,
    left: u64,
}

enum State {
    Idle(Box<dyn UploadChunks>),
    Reading(Reading),
    Ended,
}

type Piece = (Box<dyn UploadChunks>, io::Result<Option<Vec<u8>>>);
type Reading = Pin<Box<dyn Future<Output = Piece> + Send>>;

impl Stream {
    fn new(chunks: Box<dyn UploadChunks>, bytes: u64) -> Self {
        Self {
            state: Mutex::new(State::Idle(chunks)),
            left: bytes,
        }
    }
}

impl http_body::Body for Stream {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        let state = this.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        let mut reading = match mem::replace(state, State::Ended) {
            State::Idle(mut chunks) => Box::pin(async move {
                let piece = chunks.next().await;
                (chunks, piece)
            }),
            State::Reading(reading) => reading,
            State::Ended => return Poll::Ready(None),
        };
        let Poll::Ready((chunks, piece)) = reading.as_mut().poll(context) else {
            *state = State::Reading(reading);
            return Poll::Pending;
        };
        Poll::Ready(match piece {
            Ok(Some(piece)) => {
                this.left = this.left.saturating_sub(piece.len() as u64);
                *state = State::Idle(chunks);
                Some(Ok(Frame::data(Bytes::from(piece))))
            }
            Ok(None) => None,
            Err(error) => Some(Err(error)),
        })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
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

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread::{self, JoinHandle};

    use super::*;

    /// Accepts one connection, reads until `end`, writes `answer`, and returns what it read.
    fn serve(end: &'static str, answer: &'static str) -> (String, JoinHandle<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!(
            "http://{}/v26.0/4242?q=c0ffee",
            listener.local_addr().unwrap()
        );
        let served = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            drop(listener);
            let mut asked = Vec::new();
            let mut byte = [0];
            while !asked.ends_with(end.as_bytes()) && stream.read(&mut byte).unwrap() == 1 {
                asked.push(byte[0]);
            }
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(asked).unwrap()
        });
        (url, served)
    }

    async fn send(
        url: String,
        body: Option<&str>,
    ) -> Result<http::Response<Vec<u8>>, TransportError> {
        let transport = ReqwestTransport::from_builder(Client::builder().no_proxy())?;
        let request = http::Request::builder().uri(url);
        let request = match body {
            None => request.body(Body::Empty),
            Some(body) => request
                .method("POST")
                .header("content-type", "application/json")
                .header("authorization", "Bearer EAAtoken")
                .body(Body::Bytes(body.as_bytes().to_vec())),
        };
        let request = Request::new(request.unwrap(), Duration::from_secs(10), 4);
        transport.send(request).await
    }

    #[tokio::test]
    async fn a_request_is_sent_unchanged() {
        let answer = "HTTP/1.1 200 OK\r\ncontent-type: image/png\r\ncontent-length: 4\r\n\r\nfour";
        let (url, served) = serve("{\"a\":1}", answer);
        let response = send(url, Some("{\"a\":1}")).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "image/png");
        assert_eq!(response.body(), b"four");
        let received = served.join().unwrap();
        assert!(
            received.starts_with("POST /v26.0/4242?q=c0ffee HTTP/1.1\r\n"),
            "{received}"
        );
        assert!(
            received.contains("authorization: Bearer EAAtoken\r\n"),
            "{received}"
        );
        assert!(
            received.contains("content-type: application/json\r\n"),
            "{received}"
        );
    }

    #[tokio::test]
    async fn c12_a_redirect_is_a_response() {
        let answer = "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n";
        let (url, served) = serve("\r\n\r\n", answer);
        assert_eq!(send(url, None).await.unwrap().status(), 302);
        assert!(!served.join().unwrap().contains("authorization"));
    }

    #[tokio::test]
    async fn c11_a_long_response_is_not_read_with_or_without_a_length() {
        for answer in [
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfives",
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nfives",
        ] {
            let (url, _served) = serve("\r\n\r\n", answer);
            let error = send(url, None).await.unwrap_err();
            assert_eq!(error.kind, TransportErrorKind::TooLarge);
        }
    }

    #[tokio::test]
    async fn c9_a_broken_connection_leaves_the_outcome_unknown() {
        for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfo"] {
            let (url, _served) = serve("\r\n\r\n", answer);
            let error = send(url, None).await.unwrap_err();
            assert_eq!(error.kind, TransportErrorKind::Unknown);
            assert!(!format!("{error:?}").contains("4242"), "{error:?}");
        }
    }

    #[tokio::test]
    async fn c8_without_a_connection_nothing_is_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let refused = format!("http://{}/4242", listener.local_addr().unwrap());
        drop(listener);
        // A label of more than 63 letters: no resolver has to be asked.
        let unresolved = format!("http://{}.example/4242", "a".repeat(64));
        for url in [refused, unresolved] {
            let error = send(url, None).await.unwrap_err();
            assert_eq!(error.kind, TransportErrorKind::NotSent, "{error:?}");
            assert!(!format!("{error:?}").contains("4242"), "{error:?}");
        }
    }
}
