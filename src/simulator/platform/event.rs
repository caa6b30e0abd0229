//! The JSON that Meta posts, byte for byte: escapes, no spaces.

use std::io;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};

// Meta writes `time` before `id`, so these are structs: a `json!` map would sort.
#[derive(Serialize)]
struct Entry<'a> {
    time: u64,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    messaging: Option<[Item<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    standby: Option<[Item<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<[Change<'a>; 1]>,
}

#[derive(Serialize)]
struct Change<'a> {
    field: &'a str,
    value: &'a Value,
}

#[derive(Serialize)]
struct Item<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sender: Option<Id<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recipient: Option<Id<'a>>,
    timestamp: u64,
    #[serde(flatten)]
    content: serde_json::Map<String, Value>,
}

#[derive(Serialize)]
struct Id<'a> {
    id: &'a str,
}

/// An event of a Page.
pub(crate) struct Event<'a> {
    pub(crate) page: &'a str,
    /// Person it is about. Absent for an event of the Page itself.
    pub(crate) psid: Option<&'a str>,
    /// When it happened, in milliseconds since 1970 (seconds where Meta writes seconds).
    pub(crate) timestamp: u64,
    /// Member that names the kind.
    pub(crate) name: &'static str,
    pub(crate) content: Value,
}

impl Event<'_> {
    /// Entry of a webhook. `now` is the time of sending.
    pub(crate) fn entry(&self, now: u64, is_standby: bool) -> Vec<u8> {
        let is_echo = self.content["is_echo"] == true;
        let (page, person) = (Some(Id { id: self.page }), self.psid.map(|id| Id { id }));
        let (sender, recipient) = match (is_echo, person) {
            (_, None) => (None, None),
            (true, person) => (page, person),
            (false, person) => (person, page),
        };
        let mut content = self.content.clone();
        // An app that does not hold the thread is not shown what its button says to the other one.
        if is_standby
            && self.name == "postback"
            && let Some(members) = content.as_object_mut()
        {
            members.remove("payload");
        }
        let item = Item {
            sender,
            recipient,
            timestamp: self.timestamp,
            content: [(self.name.to_owned(), content)].into_iter().collect(),
        };
        let (messaging, standby) = match is_standby {
            true => (None, Some([item])),
            false => (Some([item]), None),
        };
        json(&Entry {
            time: now,
            id: self.page,
            messaging,
            standby,
            changes: None,
        })
    }
}

/// Entry of a webhook about a change of the Page. `seconds` is the time of sending.
pub(crate) fn change(page: &str, seconds: u64, field: &str, value: &Value) -> Vec<u8> {
    json(&Entry {
        time: seconds,
        id: page,
        messaging: None,
        standby: None,
        changes: Some([Change { field, value }]),
    })
}

/// Body of a webhook with these entries.
pub(crate) fn body<'a>(entries: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut body = br#"{"object":"page","entry":["#.to_vec();
    for (place, entry) in entries.enumerate() {
        if place > 0 {
            body.push(b',');
        }
        body.extend_from_slice(entry);
    }
    body.extend_from_slice(b"]}");
    body
}

/// Compact JSON with Meta's escapes.
pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = Vec::new();
    value
        .serialize(&mut Serializer::with_formatter(&mut bytes, Escapes))
        .expect("a Vec takes every byte, and every key here is a string");
    bytes
}

/// `\/` for a slash and lower-case `\uXXXX`, in UTF-16, for all that is not ASCII.
struct Escapes;

impl Formatter for Escapes {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        for unit in fragment.encode_utf16() {
            match u8::try_from(unit) {
                Ok(b'/') => writer.write_all(b"\\/")?,
                Ok(byte) if byte.is_ascii() => writer.write_all(&[byte])?,
                _ => write!(writer, "\\u{unit:04x}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json as value;

    use super::*;

    fn body(name: &'static str, content: Value, is_standby: bool) -> String {
        let event = Event {
            page: "10",
            psid: Some("20"),
            timestamp: 7,
            name,
            content,
        };
        let entry = event.entry(5, is_standby);
        String::from_utf8(super::body([&*entry].into_iter())).unwrap()
    }

    #[test]
    fn what_is_not_ascii_is_escaped_in_lower_case_and_slashes_too() {
        assert_eq!(
            String::from_utf8(json(&"äöå 你好 🙂 https://a.b/ \"\n\\")).unwrap(),
            r#""\u00e4\u00f6\u00e5 \u4f60\u597d \ud83d\ude42 https:\/\/a.b\/ \"\n\\""#
        );
    }

    #[test]
    fn an_echo_comes_from_the_page_and_other_events_from_the_person() {
        let read = body("read", value!({"watermark": 5}), false);
        assert_eq!(
            read,
            r#"{"object":"page","entry":[{"time":5,"id":"10","messaging":[{"sender":{"id":"20"},"recipient":{"id":"10"},"timestamp":7,"read":{"watermark":5}}]}]}"#
        );
        let echo = body("message", value!({"is_echo": true, "mid": "m_1"}), false);
        assert!(
            echo.ends_with(
                r#"[{"sender":{"id":"10"},"recipient":{"id":"20"},"timestamp":7,"message":{"is_echo":true,"mid":"m_1"}}]}]}"#
            ),
            "{echo}"
        );
    }

    #[test]
    fn a_postback_in_standby_has_no_payload() {
        let content = value!({"title": "Go", "payload": "GO"});
        let standby = body("postback", content, true);
        assert!(standby.contains(r#""standby":[{"#), "{standby}");
        assert!(
            standby.ends_with(r#""postback":{"title":"Go"}}]}]}"#),
            "{standby}"
        );
    }
}
