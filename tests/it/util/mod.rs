//! The examples as child processes, and a client that can also say what no client should.

#![allow(clippy::unwrap_used)]

mod answer;
mod folder;
mod meta;
mod program;

use std::time::Duration;

pub(crate) use self::{
    answer::Answered,
    folder::{Folder, contains},
    meta::{Webhook, encoded, message, notification, now, signature, signed, simulator},
    program::{Crm, Process, credentials, exchange, exchange_raw, gives_up, refused},
};

/// Longer than anything here takes on a slow machine.
pub(crate) const SOON: Duration = Duration::from_secs(30);
