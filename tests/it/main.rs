//! Every integration test, in one binary.

#[cfg(feature = "full")]
mod backlog;
#[cfg(feature = "full")]
mod broken;
mod change;
#[cfg(feature = "full")]
mod conformance;
mod corpus;
#[cfg(feature = "full")]
mod crash;
#[cfg(feature = "full")]
mod crm;
mod events;
mod example;
mod fuzz;
#[cfg(feature = "simulator")]
mod graph;
#[cfg(feature = "full")]
mod inbox;
mod inspect;
#[cfg(feature = "full")]
mod postgres;
#[cfg(feature = "simulator")]
mod proxy;
#[cfg(feature = "simulator")]
mod simulator;
#[cfg(feature = "full")]
mod sqlite;
#[cfg(feature = "full")]
mod store;
mod trust;
#[cfg(feature = "full")]
mod util;
mod webhook;

// The parts of the CRM that need no server, for the tests at their ends: Cargo builds an example
// either as a program or as a test, and the tests here need the program.
#[cfg(feature = "full")]
#[allow(dead_code)]
#[path = "../../examples/crm/args.rs"]
mod args;
#[cfg(feature = "full")]
#[allow(dead_code)]
#[path = "../../examples/crm/connections/mod.rs"]
mod connections;
#[cfg(feature = "full")]
#[allow(dead_code)]
#[path = "../../examples/crm/vault/mod.rs"]
mod vault;
#[cfg(feature = "full")]
#[allow(dead_code)]
#[path = "../../examples/crm/words/mod.rs"]
mod words;
