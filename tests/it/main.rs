//! Every integration test, in one binary.

#[cfg(feature = "full")]
mod crash;
#[cfg(feature = "full")]
mod crm;
#[cfg(feature = "sqlite")]
mod inbox;
#[cfg(feature = "simulator")]
mod simulator;
#[cfg(feature = "sqlite")]
mod store;
#[cfg(feature = "full")]
mod util;
mod webhook;
