//! Servers that misbehave, and those nobody vouches for.

use std::sync::Arc;
use std::time::Duration;

use messenger_crm::graph::{Error, Graph, ReqwestTransport, TransportErrorKind};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{self, pki_types::PrivateKeyDer};

use super::wire::transport;

/// Answers the first request it gets with these pieces, a moment apart, and then waits.
async fn misbehaving(
    head: &'static str,
    piece: &'static [u8],
    pause: Duration,
) -> (String, JoinHandle<u64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        drop(listener);
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            asked.push(stream.read_u8().await.unwrap());
        }
        let mut written = 0;
        if stream.write_all(head.as_bytes()).await.is_err() {
            return written;
        }
        // Whoever hangs up ends it.
        while stream.write_all(piece).await.is_ok() {
            written += piece.len() as u64;
            tokio::time::sleep(pause).await;
        }
        written
    });
    (url, serving)
}

async fn ask_once(url: &str, timeout: Duration) -> Error {
    let graph = Graph::new(transport()).with_base_url(url).unwrap();
    let call = Within(timeout);
    graph.call(&super::access(), &call).await.unwrap_err()
}

/// A read that may take so long.
struct Within(Duration);

/// Longer than anything takes that is to come to an end.
const LONG: Duration = Duration::from_secs(20);

impl messenger_crm::graph::Endpoint for Within {
    type Output = ();

    fn call(&self) -> Result<messenger_crm::graph::Call, Error> {
        Ok(messenger_crm::graph::Call::get("me").with_timeout(self.0))
    }

    fn read(&self, _: &messenger_crm::graph::Answer) -> Result<(), Error> {
        Ok(())
    }
}

#[tokio::test]
async fn c11_a_body_of_one_byte_a_second_and_a_head_without_end_are_given_up() {
    for (head, piece) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n",
            b" ".as_slice(),
        ),
        ("HTTP/1.1 200 OK\r\nx", b"x"),
        ("", b"H"),
    ] {
        let (url, serving) = misbehaving(head, piece, Duration::from_millis(100)).await;
        let error = ask_once(&url, Duration::from_millis(700)).await;
        assert!(
            matches!(&error, Error::Transport(error) if error.kind == TransportErrorKind::Unknown),
            "{error:?}"
        );
        serving.abort();
    }
}

#[tokio::test]
async fn c11_a_body_without_end_is_read_up_to_a_mebibyte() {
    static PLAIN: [u8; 4096] = [b'7'; 4096];
    let chunk = [b"1000\r\n".as_slice(), &PLAIN, b"\r\n"].concat();
    for (head, piece) in [
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n",
            PLAIN.as_slice(),
        ),
        ("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n", &PLAIN),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n",
            chunk.leak(),
        ),
    ] {
        let (url, serving) = misbehaving(head, piece, Duration::ZERO).await;
        let error = ask_once(&url, LONG).await;
        assert!(
            matches!(&error, Error::Transport(error) if error.kind == TransportErrorKind::TooLarge),
            "{error:?}"
        );
        let written = serving.await.unwrap();
        // What lies in the buffers of the sockets is written, but not read.
        assert!(written < 32 * 1024 * 1024, "{written}");
    }
}

#[tokio::test]
async fn c12_a_redirect_is_not_followed_and_nothing_is_told_to_where_it_leads() {
    let stranger = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = stranger.local_addr().unwrap();
    for status in [301, 302, 303, 307, 308] {
        for target in [
            format!("http://{elsewhere}/x"),
            "http://169.254.169.254/".to_owned(),
        ] {
            let head = format!(
                "HTTP/1.1 {status} Moved\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n"
            );
            let (url, serving) = misbehaving(head.leak(), b"", Duration::from_secs(1)).await;
            let error = ask_once(&url, LONG).await;
            assert!(matches!(error, Error::Redirected { .. }), "{error:?}");
            assert!(!format!("{error:?} {error}").contains("169.254"));
            serving.abort();
        }
    }
    let nobody = tokio::time::timeout(Duration::from_millis(50), stranger.accept()).await;
    assert!(nobody.is_err(), "somebody followed");
}

/// A server with this certificate, that says of each connection whether a request came through.
async fn secured(name: &str, expired: bool, issuer: Option<&Authority>) -> (u16, JoinHandle<bool>) {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    if expired {
        params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    let certificate = match issuer {
        Some(issuer) => params.signed_by(&key, issuer).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let Ok(mut stream) = acceptor.accept(stream).await else {
            return false;
        };
        let mut asked = [0; 4];
        let came = stream
            .read_exact(&mut asked)
            .await
            .is_ok_and(|_| asked == *b"GET ");
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
        let _ = stream.write_all(answer).await;
        let _ = stream.shutdown().await;
        came
    });
    (port, serving)
}

type Authority = Issuer<'static, KeyPair>;

#[tokio::test]
async fn c13_only_a_certificate_that_is_vouched_for_and_fits_and_is_fresh_is_taken() {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap();
    let root = reqwest::Certificate::from_der(root.der()).unwrap();
    let authority = Issuer::new(params, key);
    for (what, name, expired, issuer, is_taken) in [
        ("a good one", "localhost", false, Some(&authority), true),
        ("self-signed", "localhost", false, None, false),
        (
            "another host's",
            "a.example",
            false,
            Some(&authority),
            false,
        ),
        ("expired", "localhost", true, Some(&authority), false),
    ] {
        let (port, serving) = secured(name, expired, issuer).await;
        let builder = reqwest::Client::builder().no_proxy();
        let builder = builder.tls_certs_merge([root.clone()]);
        // What a host may have left in its builder from a trial.
        let builder = builder.tls_danger_accept_invalid_certs(true);
        let builder = builder.tls_danger_accept_invalid_hostnames(true);
        let graph = Graph::new(ReqwestTransport::from_builder(builder).unwrap())
            .with_base_url(&format!("https://localhost:{port}"))
            .unwrap();
        match graph.call(&super::access(), &Within(LONG)).await {
            Ok(()) => assert!(is_taken, "{what}"),
            Err(Error::Transport(error)) => {
                assert!(!is_taken, "{what}: {error:?}");
                assert_eq!(error.kind, TransportErrorKind::NotSent, "{what}");
            }
            Err(error) => panic!("{what}: {error:?}"),
        }
        assert_eq!(serving.await.unwrap(), is_taken, "{what}");
    }
}
