//! The delivery: one `POST` with all its events.

use super::events::Events;
use crate::event::{Event, Object};

/// The events of one `POST`, in the order of the body.
///
/// # Examples
///
/// ```
/// use messenger_crm::webhook::parse_unverified;
///
/// let body = br#"{"object":"page","entry":[{"id":"1","messaging":[{"read":{"watermark":7}}]}]}"#;
/// for event in parse_unverified(body)? {
///     assert_eq!(event.kind.name(), "read");
/// }
/// # Ok::<(), messenger_crm::webhook::EnvelopeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Delivery<'a> {
    /// Product that the events belong to.
    pub object: Object,
    /// Events, in the order of the body. Empty when Meta sent none.
    pub events: Vec<Event<'a>>,
}

impl Delivery<'_> {
    /// Copies all borrowed text, so that the delivery outlives the body.
    pub fn into_owned(self) -> Delivery<'static> {
        Delivery {
            object: self.object,
            events: self.events.into_iter().map(Event::into_owned).collect(),
        }
    }
}

impl<'a> IntoIterator for Delivery<'a> {
    type Item = Event<'a>;
    type IntoIter = std::vec::IntoIter<Event<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.events.into_iter()
    }
}

impl<'d, 'a> IntoIterator for &'d Delivery<'a> {
    type Item = &'d Event<'a>;
    type IntoIter = std::slice::Iter<'d, Event<'a>>;

    fn into_iter(self) -> Self::IntoIter {
        self.events.iter()
    }
}

/// Error of a body that is not a delivery. None of its events can be read.
///
/// When the signature of the body is valid, store the bytes and respond with 200.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// The body is not UTF-8.
    #[error("the body is not UTF-8: invalid byte at offset {at}")]
    Encoding {
        /// Offset of the first invalid byte, from 0.
        at: usize,
    },
    /// The body is not JSON.
    #[error("the body is not JSON: syntax error at line {line} column {column}")]
    Json {
        /// Line, from 1.
        line: usize,
        /// Column, from 1, in bytes.
        column: usize,
    },
    /// The body is JSON, but not an object with an `object` and a list `entry`.
    #[error("the body is JSON but not a webhook delivery: {expected}")]
    Shape {
        /// The form that was expected, in English.
        expected: &'static str,
    },
}

/// Reads a body **without checking its signature**: only for bodies that were verified before.
///
/// Anybody can send a body to a callback URL. Use [`Webhook::receive`](super::Webhook::receive) for
/// bodies from the network, and this function for stored bodies that were verified before.
///
/// # Errors
///
/// [`EnvelopeError`] when the body is not a delivery. A damaged event is not an error: it lacks the
/// damaged members, or is [`Kind::Unrecognized`](crate::event::Kind::Unrecognized).
pub fn parse_unverified(body: &[u8]) -> Result<Delivery<'_>, EnvelopeError> {
    Events::new(body)?.collect_delivery()
}

impl<'a> Event<'a> {
    /// Reads the JSON of a delivery with exactly one event, **without checking a signature**.
    ///
    /// It is the inverse of [`to_delivery`](Self::to_delivery). Use it to build an event in a test:
    /// the typed members and [`raw`](Self::raw) always agree.
    ///
    /// # Errors
    ///
    /// [`EventJsonError`] when the text is not a delivery, or has none or several events.
    pub fn from_unverified_json(delivery: &'a str) -> Result<Self, EventJsonError> {
        let mut delivery = parse_unverified(delivery.as_bytes())?;
        match (delivery.events.pop(), delivery.events.len()) {
            (Some(event), 0) => Ok(event),
            (event, others) => Err(EventJsonError::Count {
                events: others + usize::from(event.is_some()),
            }),
        }
    }
}

/// Error of a text that is not a delivery of one event.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EventJsonError {
    /// The text is not a delivery.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The delivery does not have exactly one event.
    #[error("the delivery must have exactly one event, this one has {events}")]
    Count {
        /// Number of events in the delivery.
        events: usize,
    },
}
