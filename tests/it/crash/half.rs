//! A delivery that has begun.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::util::{self, SOON};

/// A signed POST of which the last byte is still to come.
pub(crate) struct Half {
    stream: TcpStream,
    last: u8,
}

impl Half {
    pub(crate) const TEXT: &str = "I have begun";

    pub(crate) async fn begin(address: &str, path: &str, page: &str, secret: &str) -> Self {
        let item = util::message(page, "7", "m_half", Self::TEXT);
        let mut body = util::notification(page, &[item]);
        let head = format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-length: {}\r\n{}\r\n",
            path,
            address,
            body.len(),
            util::signature(secret, &body),
        );
        let last = body.pop().unwrap();
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&body).await.unwrap();
        // The server has read the head when it has answered somebody who came later, or soon.
        let other = format!("GET /other HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
        util::exchange_raw(address, other.as_bytes()).await;
        sleep(Duration::from_millis(200)).await;
        Self { stream, last }
    }

    pub(crate) async fn finish(mut self) -> String {
        self.stream.write_all(&[self.last]).await.unwrap();
        let mut answer = Vec::new();
        let read = timeout(SOON, self.stream.read_to_end(&mut answer)).await;
        read.expect("an answer in time").unwrap();
        String::from_utf8(answer).unwrap()
    }
}
