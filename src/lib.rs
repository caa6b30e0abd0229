//! Facebook Messenger for CRMs.

pub mod graph;
pub mod id;
pub mod secret;
#[cfg(feature = "simulator")]
pub mod simulator;
pub mod time;
