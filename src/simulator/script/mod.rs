//! Signed webhooks for any receiver on this machine: one event of each kind, and recorded bodies.
//!
//! [`trigger`] makes the body of an event kind, [`replay::Recording`] reads recorded bodies, and a
//! [`Sender`] signs bodies and posts them: in order or shuffled, twice, in batches, late, or with a
//! wrong signature. The receiver need not use this crate.
//!
//! ```
//! use messenger_crm::simulator::script::{Override, kinds, trigger};
//!
//! let text: Override = "message.text=Do you deliver?".parse()?;
//! let body = trigger("message", &[text], 1_700_000_000_000)?;
//! assert_eq!(body["entry"][0]["messaging"][0]["message"]["text"], "Do you deliver?");
//! assert!(kinds().any(|kind| kind.name == "postback"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod deliver;
mod overrides;
pub mod replay;
mod samples;

use serde_json::Value;
use thiserror::Error;

pub use self::deliver::{Delivered, Sender, SenderError};
pub use self::overrides::{InvalidOverride, NoSuchPlace, Override};
pub use super::world::delivery::DeliveryOptions;

/// An event kind that can be triggered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TriggerKind {
    /// Name to trigger it by.
    pub name: &'static str,
    /// Webhook field that brings it.
    pub field: &'static str,
    /// Meaning in a few words.
    pub meaning: &'static str,
}

/// Error for an event that cannot be triggered.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TriggerError {
    /// There is no such kind.
    #[error("there is no event kind {0:?}: `trigger --list` names them all")]
    UnknownKind(String),
    /// An override names a place that the body does not have.
    #[error(transparent)]
    NoSuchPlace(#[from] NoSuchPlace),
}

/// Returns all kinds that can be triggered.
pub fn kinds() -> impl Iterator<Item = TriggerKind> {
    samples::SAMPLES.iter().map(|sample| TriggerKind {
        name: sample.name,
        field: sample.field,
        meaning: sample.meaning,
    })
}

/// Returns the body of a webhook with one event of this kind, as Meta would send it now.
///
/// `now` is in milliseconds since 1970. Message ids are made of it, so that two events triggered at
/// different times are not duplicates of each other.
///
/// # Errors
///
/// When there is no such kind, or an override leads nowhere.
pub fn trigger(kind: &str, overrides: &[Override], now: u64) -> Result<Value, TriggerError> {
    let mut samples = samples::SAMPLES.iter();
    let sample = samples.find(|sample| sample.name == kind);
    let sample = sample.ok_or_else(|| TriggerError::UnknownKind(kind.to_owned()))?;
    let mut body = sample.body(now);
    for change in overrides {
        change.apply(&mut body, sample.place)?;
    }
    Ok(body)
}
