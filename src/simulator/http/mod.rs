//! The network side: Graph API, phone page, control API, and calls to webhooks. Loopback only.

pub(crate) mod client;
mod control;
pub(crate) mod delivery;
mod form;
mod graph;
mod media;
mod page_access;
mod phone;
mod response;
pub(crate) mod server;
pub(crate) mod shared;
pub(crate) mod webhook;
