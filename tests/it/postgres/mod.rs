//! The store in PostgreSQL, on a real server.

mod cluster;
mod contract;
mod failover;
mod faults;
mod fresh;
mod full;
mod lanes;
pub(crate) mod plans;
mod reads;
mod schema;
mod server;
mod truth;
mod visits;
