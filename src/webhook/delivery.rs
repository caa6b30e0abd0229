//! One `POST` and its events, in order.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{
    event::{Channel, Event},
    text::Text,
};

/// What one `POST` brought.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Delivery<'a> {
    /// `page` for Messenger; what else Meta may send is kept the same way.
    pub object: Option<Text<'a>>,
    /// The events, in the order of the body.
    pub events: Vec<Event<'a>>,
}

/// A body that is no envelope of events at all.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Not UTF-8.
    #[error("the body is not UTF-8 from byte {at}")]
    Encoding {
        /// The first byte that is not, from 0.
        at: usize,
    },
    /// Not JSON, or JSON that is no object with a list of entries.
    #[error("the body is no envelope at line {line} column {column}")]
    Json {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
}

/// Reads a body whose signature nobody has checked: only for bodies that were verified and kept.
///
/// # Errors
///
/// [`EnvelopeError`] when the body as a whole is unreadable. Damage inside an event stays there.
pub fn parse_unverified(body: &[u8]) -> Result<Delivery<'_>, EnvelopeError> {
    let body = std::str::from_utf8(body).map_err(|error| EnvelopeError::Encoding {
        at: error.valid_up_to(),
    })?;
    if !body.trim_start().starts_with('{') {
        // serde would read a list as the members of the envelope.
        return Err(EnvelopeError::Json { line: 1, column: 1 });
    }
    let envelope: Envelope<'_> =
        serde_json::from_str(body).map_err(|error| EnvelopeError::Json {
            line: error.line(),
            column: error.column(),
        })?;
    let object = envelope
        .object
        .and_then(|raw| serde_json::from_str(raw.get()).ok());
    let mut events = Vec::new();
    for entry in envelope.entry.unwrap_or_default() {
        read_entry(entry, &mut events);
    }
    if object
        .as_ref()
        .is_none_or(|object: &Text<'_>| object.as_str() != "page")
    {
        // Instagram's ids and rules are other ones: kept whole, never taken for Messenger's.
        events
            .iter_mut()
            .for_each(|event| event.set_aside("the object is not a page"));
    }
    Ok(Delivery { object, events })
}

fn read_entry<'a>(raw: &'a RawValue, events: &mut Vec<Event<'a>>) {
    let Ok(entry) = serde_json::from_str::<Entry<'_>>(raw.get()) else {
        events.push(Event::unrecognized(
            Channel::Entry,
            None,
            raw,
            "the entry is unreadable",
        ));
        return;
    };
    let page = entry
        .id
        .and_then(|id| serde_json::from_str::<Text<'_>>(id.get()).ok());
    let before = events.len();
    let mut read = |list: Option<&'a RawValue>, channel| {
        let Some(list) = list else { return };
        match serde_json::from_str::<Option<Vec<&RawValue>>>(list.get()) {
            Ok(items) => {
                events.extend(
                    items
                        .unwrap_or_default()
                        .into_iter()
                        .map(|item| Event::read(channel, page.clone(), item)),
                );
            }
            Err(_) => events.push(Event::unrecognized(
                channel,
                page.clone(),
                list,
                "not a list",
            )),
        }
    };
    read(entry.messaging, Channel::Messaging);
    read(entry.standby, Channel::Standby);
    read(entry.changes, Channel::Changes);
    read(entry.calls, Channel::Calls);
    let is_empty_list = entry
        .messaging
        .or(entry.standby)
        .or(entry.changes)
        .or(entry.calls)
        .is_some();
    if events.len() == before && !is_empty_list {
        events.push(Event::unrecognized(
            Channel::Entry,
            page,
            raw,
            "the entry has none of the known lists",
        ));
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    object: Option<&'a RawValue>,
    #[serde(borrow)]
    entry: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    messaging: Option<&'a RawValue>,
    #[serde(borrow, default)]
    standby: Option<&'a RawValue>,
    #[serde(borrow, default)]
    changes: Option<&'a RawValue>,
    #[serde(borrow, default)]
    calls: Option<&'a RawValue>,
}
