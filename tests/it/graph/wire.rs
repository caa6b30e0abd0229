//! Over real sockets: the simulator, a bad line before it, and servers that misbehave.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use messenger_crm::graph::send::{FileKind, SaveAttachment, SendFile};
use messenger_crm::graph::{
    Access, Chunks, Error, Graph, Message, ProfileOutcome, ReqwestTransport, RetryPolicy, Source,
    TokioClock, TransportErrorKind, Upload,
};
use messenger_crm::id::{PageId, Psid};
use messenger_crm::secret::{AppSecret, PageToken};
use messenger_crm::simulator::{SendAnswer, Simulator};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::proxy::{Fault, Proxy};

const SHORT: Duration = Duration::from_secs(2);

/// The simulator behind a line, and a client that talks to it through that line.
struct Desk {
    simulator: Simulator,
    proxy: Proxy,
    graph: Graph,
    access: Access,
    page: PageId,
}

fn transport() -> ReqwestTransport {
    let builder = reqwest::Client::builder().no_proxy();
    ReqwestTransport::from_builder(builder).unwrap()
}

impl Desk {
    async fn new() -> Self {
        let simulator = Simulator::start("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let address = simulator
            .url()
            .strip_prefix("http://")
            .unwrap()
            .parse()
            .unwrap();
        let proxy = Proxy::to(address).await;
        let app = simulator.app().clone();
        // A deadline bounds the time that a call waits for a line that says nothing.
        let retry = RetryPolicy::default().with_deadline(SHORT);
        Self {
            graph: Graph::new(transport())
                .with_clock(TokioClock::new())
                .with_retry(retry)
                .with_base_url(&proxy.url())
                .unwrap(),
            access: Access::new(
                PageToken::new(app.page_token).unwrap(),
                AppSecret::new(app.app_secret).unwrap(),
            ),
            page: PageId::new(app.page_id).unwrap(),
            proxy,
            simulator,
        }
    }

    fn person() -> Psid {
        Psid::new(Simulator::people()[0].psid).unwrap()
    }

    async fn send(&self, text: &str) -> Result<(), Error> {
        let message = Message::text(Self::person(), text).unwrap();
        self.graph
            .send(&self.access, &self.page, &message)
            .await
            .map(drop)
    }

    async fn read(&self) -> Result<(), Error> {
        self.graph.page(&self.access).await.map(drop)
    }

    /// How often the customer got something.
    fn received(&self) -> usize {
        let thread = self.simulator.thread(Self::person().as_str()).unwrap();
        thread.iter().filter(|message| message.from_page).count()
    }
}

#[tokio::test]
async fn c1_a_text_reaches_the_customer_through_a_good_line() {
    let desk = Desk::new().await;
    desk.send("Hello").await.unwrap();
    assert_eq!(desk.received(), 1);
    desk.read().await.unwrap();
    let profile = desk
        .graph
        .profile(&desk.access, &Desk::person())
        .await
        .unwrap();
    assert!(matches!(profile, ProfileOutcome::Known(_)));
}

#[tokio::test]
async fn c9_a_line_that_breaks_after_the_request_leaves_the_outcome_unknown_and_sends_once() {
    for fault in [
        Fault::Cut(0),
        Fault::Cut(40),
        Fault::Reset(0),
        Fault::Reset(40),
        Fault::Garble(0),
        Fault::Swallow,
    ] {
        let desk = Desk::new().await;
        desk.proxy.set(fault);
        let error = desk.send("Hello").await.unwrap_err();
        assert!(error.outcome_is_unknown(), "{fault:?}: {error:?}");
        assert_eq!(desk.received(), 1, "{fault:?}");
        assert_eq!(desk.proxy.connections(), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn c3_an_answer_that_is_garbled_within_leaves_the_outcome_unknown() {
    let desk = Desk::new().await;
    // The head has gone through by then: only the JSON is spoiled.
    desk.proxy.set(Fault::Garble(220));
    let error = desk.send("Hello").await.unwrap_err();
    assert!(error.outcome_is_unknown(), "{error:?}");
    assert_eq!(desk.received(), 1);
}

#[tokio::test]
async fn c8_a_line_that_refuses_is_tried_again_until_it_does_not() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let desk = Desk::new().await;
    let graph = desk
        .graph
        .clone()
        .with_base_url(&format!("http://{closed}"))
        .unwrap();
    let message = Message::text(Desk::person(), "Hello").unwrap();
    let waiting = {
        let (access, page) = (desk.access.clone(), desk.page.clone());
        tokio::spawn(async move { graph.send(&access, &page, &message).await })
    };
    // Whatever the first attempt meets, nobody listens; a later one finds the line mended.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let simulator: SocketAddr = desk.proxy.address();
    let mended = TcpListener::bind(closed).await.unwrap();
    let line = tokio::spawn(async move {
        let (mut client, _) = mended.accept().await.unwrap();
        let mut server = TcpStream::connect(simulator).await.unwrap();
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    });
    waiting.await.unwrap().unwrap();
    line.abort();
    assert_eq!(desk.received(), 1);
}

#[tokio::test]
async fn c9_a_read_is_repeated_over_a_bad_line() {
    for fault in [Fault::Cut(0), Fault::Reset(30), Fault::Refuse] {
        let desk = Desk::new().await;
        desk.proxy.set(fault);
        let graph = desk.graph.clone();
        let access = desk.access.clone();
        let waiting = tokio::spawn(async move { graph.page(&access).await });
        // The fault has been met once, not merely waited for.
        while desk.proxy.ended() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        desk.proxy.set(Fault::None);
        waiting.await.unwrap().unwrap();
        assert!(desk.proxy.connections() >= 2, "{fault:?}");
    }
}

#[tokio::test]
async fn c10_a_refused_send_goes_again_on_request_alone() {
    let desk = Desk::new().await;
    desk.simulator.answer_sends(SendAnswer::Unavailable);
    let error = desk.send("Hello").await.unwrap_err();
    assert!(error.was_not_sent());
    assert_eq!(desk.received(), 0);
}

#[tokio::test]
async fn a_slow_line_is_waited_for() {
    for fault in [
        Fault::Delay(Duration::from_millis(200)),
        Fault::Drip(Duration::from_micros(100)),
    ] {
        let desk = Desk::new().await;
        desk.proxy.set(fault);
        desk.send("Hello").await.unwrap();
        assert_eq!(desk.received(), 1, "{fault:?}");
    }
}

// ---- Servers that misbehave ----------------------------------------------

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

async fn ask_once(url: &str) -> Error {
    let retry = RetryPolicy::never().with_deadline(SHORT);
    let graph = Graph::new(transport())
        .with_clock(TokioClock::new())
        .with_retry(retry)
        .with_base_url(url)
        .unwrap();
    // The call's own time-out must not be what ends it.
    let call = Quick;
    graph.call(&super::access(), &call).await.unwrap_err()
}

/// A read with a short time-out.
struct Quick;

impl messenger_crm::graph::Endpoint for Quick {
    type Output = ();

    fn call(&self) -> Result<messenger_crm::graph::Call, Error> {
        Ok(messenger_crm::graph::Call::get("me").with_timeout(Duration::from_millis(700)))
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
        let error = ask_once(&url).await;
        assert!(
            matches!(&error, Error::Transport(error) if error.kind == TransportErrorKind::Unknown),
            "{error:?}"
        );
        serving.abort();
    }
}

#[tokio::test]
async fn c11_a_body_without_end_is_read_up_to_a_mebibyte() {
    static PIECE: [u8; 4096] = [b'7'; 4096];
    for head in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n",
    ] {
        let (url, serving) = misbehaving(head, &PIECE, Duration::ZERO).await;
        let error = ask_once(&url).await;
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
            let error = ask_once(&url).await;
            assert!(matches!(error, Error::Redirected { .. }), "{error:?}");
            assert!(!format!("{error:?} {error}").contains("169.254"));
            serving.abort();
        }
    }
    let nobody = tokio::time::timeout(Duration::from_millis(50), stranger.accept()).await;
    assert!(nobody.is_err(), "somebody followed");
}

#[tokio::test]
async fn c13_a_certificate_nobody_vouches_for_is_refused() {
    // Whatever is no TLS is refused as well, before a byte of the request is written.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!(
        "https://localhost:{}",
        listener.local_addr().unwrap().port()
    );
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut hello = [0; 5];
        stream.read_exact(&mut hello).await.unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\n\r\n{}")
            .await
            .unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        (hello, rest)
    });
    let error = ask_once(&url).await;
    assert!(
        matches!(&error, Error::Transport(error) if error.kind == TransportErrorKind::NotSent),
        "{error:?}"
    );
    let (hello, rest) = serving.await.unwrap();
    assert_eq!(hello[0], 22, "a TLS hello, not a request");
    assert!(!String::from_utf8_lossy(&rest).contains("GET"));
}

// ---- Uploads -------------------------------------------------------------

/// A file that nobody has: each piece is made when it is asked for, and counted.
#[derive(Clone)]
struct Counted {
    bytes: u64,
    pulled: Arc<AtomicU64>,
}

const PIECE: u64 = 64 * 1024;

impl Source for Counted {
    fn open(&self) -> Box<dyn Chunks> {
        Box::new(CountedChunks {
            file: self.clone(),
            left: self.bytes,
        })
    }
}

struct CountedChunks {
    file: Counted,
    left: u64,
}

#[async_trait]
impl Chunks for CountedChunks {
    async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let piece = self.left.min(PIECE);
        self.left -= piece;
        self.file.pulled.fetch_add(piece, Ordering::SeqCst);
        Ok((piece > 0).then(|| vec![b'x'; usize::try_from(piece).unwrap()]))
    }
}

#[tokio::test]
async fn c26_25_megabytes_are_streamed_and_never_lie_in_memory() {
    const BYTES: u64 = 25 * 1024 * 1024;
    let pulled = Arc::new(AtomicU64::new(0));
    let counted = Counted {
        bytes: BYTES,
        pulled: pulled.clone(),
    };
    let file = Upload::new("film.mp4", "video/mp4", BYTES, counted).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        let length = head.split("content-length: ").nth(1).expect("a length");
        let length: u64 = length.split("\r\n").next().unwrap().parse().unwrap();
        let (mut read, mut most_ahead) = (0, 0);
        let mut bytes = vec![0; 256 * 1024];
        while read < length {
            // Slower than the client could be: only a client that buffers gets far ahead.
            tokio::time::sleep(Duration::from_millis(1)).await;
            read += stream.read(&mut bytes).await.unwrap() as u64;
            most_ahead = most_ahead.max(pulled.load(Ordering::SeqCst).saturating_sub(read));
        }
        let answer = r#"{"attachment_id":"1857777774821032"}"#;
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
        (head, most_ahead)
    });
    let graph = Graph::new(transport()).with_base_url(&url).unwrap();
    let save = SaveAttachment::from_file(super::page(), FileKind::Video, file);
    let saved = graph.call(&super::access(), &save).await.unwrap();
    assert_eq!(saved.id.as_str(), "1857777774821032");
    let (head, most_ahead) = serving.await.unwrap();
    assert!(
        head.contains("content-type: multipart/form-data; boundary="),
        "{head}"
    );
    assert!(!head.contains("transfer-encoding"), "{head}");
    // The buffers of two sockets hold some megabytes; the file as a whole is never there.
    assert!(most_ahead < BYTES / 2, "{most_ahead} bytes were read ahead");
}

#[tokio::test]
async fn c26_a_file_that_breaks_off_is_no_message() {
    let desk = Desk::new().await;
    let short = Counted {
        bytes: 1000,
        pulled: Arc::default(),
    };
    let file = Upload::new("a.png", "image/png", 2000, short).unwrap();
    let send = SendFile::new(desk.page.clone(), Desk::person(), FileKind::Image, file);
    let error = desk.graph.call(&desk.access, &send).await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
    assert_eq!(desk.received(), 0);
}
