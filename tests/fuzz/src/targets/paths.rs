//! Our reader of JSON and `serde_json` take the same for an envelope and read the same in it.

use std::mem::discriminant;

use messenger_crm::{
    event::{Channel, Event},
    webhook::parse_unverified,
};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::tree::{Tree, members};

/// A body.
pub(crate) fn run(input: &[u8]) {
    let expected = str::from_utf8(input).ok().and_then(events);
    let Ok(delivery) = parse_unverified(input) else {
        assert!(expected.is_none(), "only serde_json reads it");
        return;
    };
    let expected = expected.expect("only serde_json refuses it");
    assert_eq!(delivery.events.len(), expected.len());
    for (event, expected) in delivery.events.iter().zip(expected) {
        assert_eq!(event.channel, expected.channel);
        assert_eq!(event.raw(), expected.raw);
        assert_eq!(event.page.as_deref(), expected.page.as_deref());
    }

    // Read and written by serde_json, it has neither escapes nor anything that does not count.
    let Some(tree) = str::from_utf8(input).ok().and_then(Tree::read) else {
        return;
    };
    let normal = tree.to_string();
    let again = parse_unverified(normal.as_bytes()).expect("it is the same envelope");
    assert_eq!(again.object, delivery.object);
    assert_eq!(again.events.len(), delivery.events.len());
    for (one, other) in again.events.iter().zip(&delivery.events) {
        assert_same(one, other);
    }
}

/// All of it is the same, but for the bytes of what is kept as JSON.
#[track_caller]
fn assert_same(one: &Event<'_>, other: &Event<'_>) {
    assert_eq!(one.sender, other.sender);
    assert_eq!(one.recipient, other.recipient);
    assert_eq!(one.timestamp, other.timestamp);
    assert_eq!(one.beside, other.beside);
    assert_eq!(discriminant(&one.kind), discriminant(&other.kind));
    assert_eq!(one.kind.name(), other.kind.name());
    assert_eq!(written(one), written(other));
}

fn written(event: &Event<'_>) -> Option<Tree> {
    let written = serde_json::to_string(event).expect("an event can be written");
    Tree::read(&written)
}

struct Expected<'a> {
    channel: Channel,
    raw: &'a str,
    page: Option<String>,
}

/// What is in a body; nothing when it is no envelope.
fn events(body: &str) -> Option<Vec<Expected<'_>>> {
    // As bytes it takes control characters in strings, which JSON has not: hence both.
    serde_json::from_str::<IgnoredAny>(body).ok()?;
    let envelope = members(body)?;
    let entries = match envelope.iter().find(|(name, _)| name == "entry") {
        None | Some((_, "null")) => Vec::new(),
        Some((_, raw)) => list(raw)?,
    };
    let mut events = Vec::new();
    for entry in entries {
        let members = members(entry).unwrap_or_default();
        let page = members.iter().find(|(name, _)| name == "id");
        let page = page.and_then(|(_, raw)| match Tree::read(raw)? {
            Tree::Text(text) | Tree::Number(text) => Some(text).filter(|text| !text.is_empty()),
            _ => None,
        });
        let mut push = |channel, raw| {
            let page = page.clone();
            events.push(Expected { channel, raw, page });
        };
        let (mut has_list, mut is_event) = (false, false);
        for (name, raw) in &members {
            let channel = match name.as_str() {
                "messaging" => Channel::Messaging,
                "standby" => Channel::Standby,
                "changes" => Channel::Changes,
                "calls" => Channel::Calls,
                name => {
                    is_event |= matches!(name, "call_permission_reply" | "call_settings");
                    continue;
                }
            };
            has_list = true;
            match list(raw) {
                Some(items) => items.into_iter().for_each(|item| push(channel, item)),
                None if *raw == "null" => {}
                None => push(channel, raw),
            }
        }
        if is_event || !has_list {
            push(Channel::Entry, entry);
        }
    }
    Some(events)
}

fn list(raw: &str) -> Option<Vec<&str>> {
    let items: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
    Some(items.into_iter().map(RawValue::get).collect())
}
