//! The store in PostgreSQL, on a real server.

mod cluster;
mod contract;
mod failover;
pub(crate) mod faults;
mod foreign_keys;
mod fresh;
mod full;
mod host;
mod host_store;
mod lanes;
pub(crate) mod plans;
mod pooler;
mod reads;
mod schema;
pub(crate) mod server;
mod truth;
mod visits;
