//! Servers that misbehave, and certificates that are not trusted.

use std::sync::Arc;
use std::time::Duration;

use messenger_crm::graph::{
    Call, Error, Graph, ReqwestTransport, RetryPolicy, TokioClock, TransportErrorKind,
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{self, pki_types::PrivateKeyDer};

use super::wire::transport;

/// Writes `head` and then `piece` again and again to the first client, with a pause in between.
/// Returns the number of bytes written once the client hangs up.
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
        while stream.write_all(piece).await.is_ok() {
            written += piece.len() as u64;
            tokio::time::sleep(pause).await;
        }
        written
    });
    (url, serving)
}

async fn ask_once(url: &str, timeout: Duration) -> Error {
    let page = graph(transport(), url).page(super::access());
    page.call(&within(timeout)).await.unwrap_err()
}

fn graph(transport: ReqwestTransport, url: &str) -> Graph {
    Graph::from_parts(transport, TokioClock::new())
        .with_retry(RetryPolicy::never())
        .with_base_url(url)
        .unwrap()
}

/// A read with this time-out.
fn within(timeout: Duration) -> Call<()> {
    super::any_read().with_timeout(timeout)
}

/// Longer than any exchange that ends.
const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn c11_f17_a_body_of_one_byte_a_second_and_a_head_without_end_time_out() {
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
async fn c11_g6_f17_a_body_without_end_is_read_up_to_the_limit_of_its_call() {
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
            matches!(&error, Error::ResponseTooLarge { limit } if *limit == 16 * 1024 * 1024),
            "{error:?}"
        );
        assert_eq!(
            error.to_string(),
            "the response is longer than 16777216 bytes; request fewer items or fields at once"
        );
        let written = serving.await.unwrap();
        // The buffers of the sockets hold bytes that were written, but not read.
        assert!(written < 48 * 1024 * 1024, "{written}");
    }
}

#[tokio::test]
async fn c12_a_redirect_is_not_followed() {
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
            assert!(matches!(error, Error::Redirect { .. }), "{error:?}");
            assert!(!format!("{error:?} {error}").contains("169.254"));
            serving.abort();
        }
    }
    let nobody = tokio::time::timeout(Duration::from_millis(50), stranger.accept()).await;
    assert!(nobody.is_err(), "the redirect was followed");
}

/// A server with this certificate. It returns whether a request came through.
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
async fn c13_only_a_trusted_valid_certificate_of_the_right_host_is_accepted() {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap();
    let root = reqwest::Certificate::from_der(root.der()).unwrap();
    let authority = Issuer::new(params, key);
    for (what, name, expired, issuer, is_accepted) in [
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
        let transport = ReqwestTransport::from_builder(builder).unwrap();
        let graph = graph(transport, &format!("https://localhost:{port}"));
        match graph.page(super::access()).call(&within(LONG)).await {
            Ok(()) => assert!(is_accepted, "{what}"),
            Err(Error::Transport(error)) => {
                assert!(!is_accepted, "{what}: {error:?}");
                assert_eq!(error.kind, TransportErrorKind::NotSent, "{what}");
            }
            Err(error) => panic!("{what}: {error:?}"),
        }
        assert_eq!(serving.await.unwrap(), is_accepted, "{what}");
    }
}
