//! From the bytes of a delivery to its events.

#![allow(clippy::unwrap_used)]

mod damage;
mod kinds;
mod lossless;
mod meaning;
mod order;
mod size;
mod strange;

use messenger_crm::event::{Channel, Event, Kind, Message, Object};
use messenger_crm::secret::{AppSecret, VerifyToken};
use messenger_crm::time::Timestamp;
use messenger_crm::webhook::{
    Delivery, EnvelopeError, EventJsonError, Webhook, parse_unverified, sign,
};

const PARTIES: &str = r#""sender":{"id":"2"},"recipient":{"id":"1"},"timestamp":1700000000000"#;

fn page(id: &str, events: &[&str]) -> String {
    format!(
        r#"{{"id":"{id}","time":1,"messaging":[{}]}}"#,
        events.join(",")
    )
}

fn pages(entries: &[String]) -> String {
    format!(r#"{{"object":"page","entry":[{}]}}"#, entries.join(","))
}

#[track_caller]
fn read(body: &str) -> Delivery<'_> {
    parse_unverified(body.as_bytes()).unwrap()
}

/// Reads the only event, which has this member, and checks it.
#[track_caller]
fn only(member: &str, check: impl FnOnce(&Event<'_>)) {
    let event = format!("{{{PARTIES},{member}}}");
    let body = pages(&[page("1", &[&event])]);
    let delivery = read(&body);
    assert_eq!(delivery.events.len(), 1);
    assert_eq!(delivery.events[0].raw(), event);
    check(&delivery.events[0]);
}

#[track_caller]
fn message<'e, 'a>(event: &'e Event<'a>) -> &'e Message<'a> {
    match &event.kind {
        Kind::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn aside(event: &Event<'_>) -> &'static str {
    match &event.kind {
        Kind::Unrecognized { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}
