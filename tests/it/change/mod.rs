//! What does it mean? From every fixture to the change that it is.

#![allow(clippy::unwrap_used)]

mod content;
mod rules;
mod table;

use messenger_crm::change::Change;
use messenger_crm::event::Event;
use messenger_crm::model::Entry;
use messenger_crm::time::Timestamp;
use messenger_crm::webhook::parse_unverified;

use crate::events::{body, fixtures};

/// Later than all that happens in the fixtures.
const NOW: Timestamp = Timestamp::from_millis(1_764_000_000_000);

fn each(mut look: impl FnMut(&str, &Event<'_>)) {
    for fixture in fixtures() {
        let body = body(fixture.name);
        for event in &parse_unverified(body.as_bytes()).unwrap().events {
            look(fixture.name, event);
        }
    }
}

/// What the only event of a Page `1` means.
#[track_caller]
fn meaning(item: &str) -> Change {
    let body = format!(r#"{{"object":"page","entry":[{{"id":"1","messaging":[{item}]}}]}}"#);
    Change::of(&parse_unverified(body.as_bytes()).unwrap().events[0], NOW)
}

fn entry(change: &Change) -> Option<&Entry> {
    match change {
        Change::Received { entry, .. } | Change::Echoed { entry, .. } => Some(entry),
        _ => None,
    }
}
