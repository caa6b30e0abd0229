//! The behavior of Meta: webhooks, the rules of the Graph API, limits. No I/O.

pub(crate) mod access;
mod account;
pub(crate) mod customer;
pub(crate) mod delivery;
pub(crate) mod draft;
pub(crate) mod event;
mod history;
mod list;
pub(crate) mod media;
pub(crate) mod notify;
mod page_settings;
pub(crate) mod page_status;
pub(crate) mod parameters;
mod portfolio;
mod private_reply;
pub(crate) mod profile;
pub(crate) mod rate_limit;
pub(crate) mod refusal;
pub(crate) mod reply;
pub(crate) mod routes;
pub(crate) mod send;
mod sticker;
mod template;
mod thread_control;
pub(crate) mod version;
mod window;
