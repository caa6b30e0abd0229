//! One pass over a body finds what `serde_json` finds with a raw value for everything.

use std::fmt;

use messenger_crm::{
    event::{Channel, Event, Kind, Object},
    webhook::parse_unverified,
};
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::{Deserializer as Reader, value::RawValue};

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
        let is_read = matches!(event.object, Object::Page | Object::Instagram);
        if is_read && matches!(event.channel, Channel::Messaging | Channel::Standby) {
            compare(event);
        }
    }
}

/// The members that most events have, found anew in the raw event.
fn compare(event: &Event<'_>) {
    let Some(item) = Members::of(event.raw()) else {
        assert!(matches!(event.kind, Kind::Unrecognized { .. }));
        return;
    };
    let id = |name| item.members(name)?.text("id").filter(|id| !id.is_empty());
    assert_eq!(event.sender.as_deref(), id("sender").as_deref());
    assert_eq!(event.recipient.as_deref(), id("recipient").as_deref());
    if let Kind::Message(message) | Kind::Echo(message) = &event.kind {
        let members = item.members("message").expect("it is read as a message");
        assert_eq!(message.mid.as_deref(), members.text("mid").as_deref());
        assert_eq!(message.text.as_deref(), members.text("text").as_deref());
    }
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
    let envelope = Members::of(body)?;
    let mut entries = envelope.all("entry").filter(|raw| *raw != "null");
    let entries = match entries.next() {
        Some(raw) => list(raw)?,
        None => Vec::new(),
    };
    let mut events = Vec::new();
    for entry in entries {
        let members = Members::of(entry);
        let page = members
            .as_ref()
            .and_then(|members| members.text("id"))
            .filter(|id| !id.is_empty());
        let mut push = |channel, raw| {
            let page = page.clone();
            events.push(Expected { channel, raw, page });
        };
        let (mut has_list, mut is_event) = (false, false);
        for (name, raw) in members.iter().flat_map(|members| &members.0) {
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

/// The members of an object in their order, each value as it is written.
struct Members<'a>(Vec<(String, &'a str)>);

impl<'a> Members<'a> {
    fn of(raw: &'a str) -> Option<Self> {
        serde_json::from_str(raw).ok()
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(known, _)| known == name);
        named.map(|(_, raw)| *raw)
    }

    /// The first of this name, if it is an object.
    fn members(&self, name: &str) -> Option<Self> {
        Self::of(self.all(name).next()?)
    }

    /// The first of this name: a string decoded, or a number as it is written.
    fn text(&self, name: &str) -> Option<String> {
        let raw = self.all(name).next()?;
        if raw.starts_with('"') {
            Text::deserialize(&mut Reader::from_str(raw))
                .ok()
                .map(|text| text.0)
        } else {
            raw.starts_with(|first: char| first == '-' || first.is_ascii_digit())
                .then(|| raw.to_owned())
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl<'de> Visitor<'de> for Visit {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Text(name), raw)) = map.next_entry::<Text, &RawValue>()? {
                    members.push((name, raw.get()));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Visit)
    }
}

/// A string in which half a character may stand: as bytes, `serde_json` gives it out.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;

        impl Visitor<'_> for Visit {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Text, E> {
                let mut text = String::new();
                for chunk in bytes.utf8_chunks() {
                    text.push_str(chunk.valid());
                    // A lone surrogate is three bytes, of which each is a chunk of its own.
                    if chunk.invalid() == [0xED] {
                        text.push('\u{fffd}');
                    }
                }
                Ok(Text(text))
            }
        }

        deserializer.deserialize_bytes(Visit)
    }
}
