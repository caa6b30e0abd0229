//! Every integration test, in one binary.

#[cfg(feature = "simulator")]
mod simulator;
