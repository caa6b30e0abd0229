//! The store in PostgreSQL, on a real server.

mod cluster;
mod contract;
mod faults;
pub(crate) mod plans;
mod server;
mod truth;
