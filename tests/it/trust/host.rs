//! The example `webhook` as a child process, and the requests that Meta would send to it.

use std::process::Command;

use super::{BODY, SECRET};
use crate::example::binary;
use crate::util::{Answered, Process, exchange, signature};

pub(super) const TOKEN: &str = "T+ü";
pub(super) const PAGE: &str = "104242424242424";
pub(super) const CHALLENGE: &str = "1158201444";

/// The example, running; dropping it kills it.
pub(super) struct Host {
    pub(super) process: Process,
    pub(super) address: String,
}

impl Host {
    pub(super) async fn start() -> Self {
        let mut process = Process::start(&mut command(Some(SECRET), Some(TOKEN)));
        let url = process.address("webhook").await.unwrap();
        let address = url.strip_prefix("http://").unwrap();
        Self {
            address: address.strip_suffix("/webhook").unwrap().to_owned(),
            process,
        }
    }

    pub(super) async fn ask(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> Answered {
        let length = format!("content-length: {}\r\n", body.len());
        self.send(method, path, &format!("{length}{headers}"), body)
            .await
    }

    /// Sends a request without adding a `content-length`.
    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &[u8],
    ) -> Answered {
        let head = self.head(method, path, headers);
        exchange(&self.address, &[head.as_bytes(), body].concat()).await
    }

    pub(super) fn head(&self, method: &str, path: &str, headers: &str) -> String {
        let host = &self.address;
        format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{headers}\r\n")
    }

    pub(super) async fn post(&self, headers: &str, body: &[u8]) -> Answered {
        self.ask("POST", "/webhook", headers, body).await
    }

    /// Posts a body with its valid signature.
    pub(super) async fn deliver(&self, body: &[u8]) -> Answered {
        self.post(&signature(SECRET, body), body).await
    }

    pub(super) async fn handshake(&self, query: &str) -> Answered {
        self.ask("GET", &format!("/webhook?{query}"), "", b"").await
    }
}

pub(super) fn command(secret: Option<&str>, token: Option<&str>) -> Command {
    let mut command = Command::new(binary("webhook"));
    command.env("LISTEN", "127.0.0.1:0");
    command.env("APP_ID", "271828182845904");
    command.env("PAGE_ID", PAGE).env("PAGE_TOKEN", "EAAtoken");
    for (name, value) in [("APP_SECRET", secret), ("VERIFY_TOKEN", token)] {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

pub(super) fn query(token: &str, challenge: &str) -> String {
    format!("hub.mode=subscribe&hub.verify_token={token}&hub.challenge={challenge}")
}

/// A delivery without events, padded with spaces to this length.
pub(super) fn padded(length: usize) -> Vec<u8> {
    let mut body = BODY.to_vec();
    body.resize(length, b' ');
    body
}
