//! Every integration test, in one binary.

#[cfg(feature = "sqlite")]
mod backlog;
#[cfg(feature = "conformance")]
mod broken;
mod change;
#[cfg(all(feature = "conformance", feature = "sqlite", feature = "simulator"))]
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
#[cfg(all(feature = "conformance", feature = "sqlite", feature = "simulator"))]
mod inbox;
mod inspect;
#[cfg(feature = "full")]
mod postgres;
#[cfg(feature = "simulator")]
mod proxy;
#[cfg(feature = "simulator")]
mod simulator;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(feature = "sqlite")]
mod store;
mod trust;
#[cfg(feature = "sqlite")]
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
