//! Facebook Messenger for CRMs.

#[cfg(feature = "simulator")]
pub mod simulator;
