//! The examples as child processes, and a client that can also say what no client should.

#![allow(clippy::unwrap_used)]

#[cfg(feature = "full")]
mod answer;
#[cfg(feature = "full")]
mod disk;
mod folder;
#[cfg(feature = "full")]
mod meta;
#[cfg(feature = "full")]
mod program;

use std::io::Write as _;

pub(crate) use self::folder::Folder;
#[cfg(feature = "full")]
pub(crate) use self::{
    answer::Answered,
    disk::Disk,
    folder::contains,
    meta::{Webhook, message, notification, now, signature, signed, simulator},
    program::{Crm, Process, credentials, exchange, exchange_raw, gives_up, refused},
};

/// Says that a test was skipped, past what captures the output of tests; in CI it fails.
#[track_caller]
pub(crate) fn skipped(test: &str, why: &str) {
    let line = format!("NOT TESTED: {test}: {why}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
    let is_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!is_ci, "{test} was skipped in CI: {why}");
}

/// Longer than anything here takes on a slow machine.
#[cfg(feature = "full")]
pub(crate) const SOON: std::time::Duration = std::time::Duration::from_secs(30);
