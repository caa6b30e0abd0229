//! Signatures, handshakes and signed requests (cases V and H), through the public API and over raw
//! sockets.

#![allow(clippy::unwrap_used)]

mod callbacks;
#[cfg(feature = "full")]
mod crm;
mod guards;
#[cfg(feature = "full")]
mod handshake;
#[cfg(feature = "full")]
mod host;
#[cfg(feature = "full")]
mod posts;
mod signature;

use messenger_crm::secret::{AppSecret, VerifyToken};
use messenger_crm::webhook::Webhook;

const SECRET: &str = "60efff025951cddde78c8d03de52cc90";
// A delivery without events. The signatures were computed with OpenSSL.
const BODY: &[u8] = br#"{"object":"page","entry":[]}"#;
const SIGNATURE: &str = "sha256=ac62ca9cfd3daac61f1be366d407c607da3278545d34154f8b4a2b7f7b5b950f";
const SHA1: &str = "4693fbb58c8829d013b97a3ac343694be8a1f7c7";

fn secret(text: &str) -> AppSecret {
    AppSecret::new(text).unwrap()
}

/// A webhook that accepts signatures by each of these secrets.
fn webhook(secrets: &[&str]) -> Webhook {
    let first = Webhook::new(&secret(secrets[0]), VerifyToken::new("hush").unwrap());
    secrets[1..]
        .iter()
        .fold(first, |webhook, more| webhook.with_secret(&secret(more)))
}

/// The hexadecimal digits of the valid signature of `BODY`.
fn digits() -> &'static str {
    &SIGNATURE["sha256=".len()..]
}
