//! Every integration test, in one binary.

#[cfg(feature = "full")]
mod crash;
#[cfg(feature = "full")]
mod crm;
#[cfg(feature = "simulator")]
mod simulator;
#[cfg(feature = "full")]
mod util;
