//! Uploads are streamed.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use messenger_crm::graph::send::{self, MediaKind, OutgoingFile};
use messenger_crm::graph::{Error, Graph, TokioClock, Upload, UploadChunks, UploadSource};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::wire::{Desk, transport};

/// A file whose pieces are made when they are read, and counted.
#[derive(Clone)]
struct Counted {
    bytes: u64,
    pulled: Arc<AtomicU64>,
}

const PIECE: u64 = 64 * 1024;

impl UploadSource for Counted {
    fn open(&self) -> Box<dyn UploadChunks> {
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
impl UploadChunks for CountedChunks {
    async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let piece = self.left.min(PIECE);
        self.left -= piece;
        self.file.pulled.fetch_add(piece, Ordering::SeqCst);
        Ok((piece > 0).then(|| vec![b'x'; usize::try_from(piece).unwrap()]))
    }
}

#[tokio::test]
async fn c26_25_megabytes_are_streamed() {
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
            // Slower than the client: only a client that buffers reads far ahead.
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
    let graph = Graph::from_parts(transport(), TokioClock::new());
    let page = graph.with_base_url(&url).unwrap().page(super::access());
    let save = send::save_file(MediaKind::Video, file).unwrap();
    let saved = page.call(&save).await.unwrap();
    assert_eq!(saved.as_str(), "1857777774821032");
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
async fn c26_a_file_that_ends_early_sends_no_message() {
    let desk = Desk::new().await;
    let short = Counted {
        bytes: 1000,
        pulled: Arc::default(),
    };
    let file = Upload::new("a.png", "image/png", 2000, short).unwrap();
    let send = OutgoingFile::new(Desk::person(), MediaKind::Image, file).unwrap();
    let call = send::file(&send).unwrap();
    let error = desk.page.call(&call).await.unwrap_err();
    assert!(matches!(error, Error::Transport(_)), "{error:?}");
    assert_eq!(desk.received(), 0);
}
