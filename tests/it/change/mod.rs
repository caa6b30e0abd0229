//! Conversion of events into changes, for every fixture.

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

/// Later than every time in the fixtures.
const NOW: Timestamp = Timestamp::from_millis(1_764_000_000_000);

fn for_each_event(mut check: impl FnMut(&str, &Event<'_>)) {
    for fixture in fixtures() {
        let body = body(fixture.name);
        for event in &parse_unverified(body.as_bytes()).unwrap().events {
            check(fixture.name, event);
        }
    }
}

/// The change of an event of the Page `1`.
#[track_caller]
fn change_of(item: &str) -> Change {
    let body = format!(r#"{{"object":"page","entry":[{{"id":"1","messaging":[{item}]}}]}}"#);
    Change::of(&parse_unverified(body.as_bytes()).unwrap().events[0], NOW)
}

fn entry(change: &Change) -> Option<&Entry> {
    match change {
        Change::Received { entry, .. } | Change::Echoed { entry, .. } => Some(entry),
        _ => None,
    }
}
