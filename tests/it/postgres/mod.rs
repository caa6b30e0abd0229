//! The store in PostgreSQL, on a real server.

mod contract;
mod faults;
mod server;
mod truth;
