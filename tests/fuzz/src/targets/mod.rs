//! What must hold for any input. A target panics where it does not.
//!
//! The fuzzer makes inputs up; plain `cargo test` replays the seeds and what the fuzzer once found.

pub(crate) mod event;
mod handshake;
pub(crate) mod paths;
mod signed_request;
mod verify_and_parse;

#[path = "../tree.rs"]
pub(crate) mod tree;

use std::sync::LazyLock;

use messenger_crm::{
    secret::{AppSecret, VerifyToken},
    webhook::Webhook,
};

/// Takes any input.
pub(crate) type Target = fn(&[u8]);

/// All targets, each by the name of its file.
pub(crate) const ALL: &[(&str, Target)] = &[
    ("event", event::run),
    ("handshake", handshake::run),
    ("paths", paths::run),
    ("signed_request", signed_request::run),
    ("verify_and_parse", verify_and_parse::run),
];

static SECRET: LazyLock<AppSecret> =
    LazyLock::new(|| AppSecret::new("60efff025951cddde78c8d03de52cc90").expect("it is not blank"));

static WEBHOOK: LazyLock<Webhook> = LazyLock::new(|| {
    let token = VerifyToken::new("T ü").expect("it is not blank");
    Webhook::new(&SECRET, token)
});
