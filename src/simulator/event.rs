//! The JSON that Meta posts, byte for byte: member order, escapes, no spaces.

use std::io;

use serde::Serialize;
use serde_json::ser::{Formatter, Serializer};

#[derive(Serialize)]
struct Envelope<'a> {
    object: &'static str,
    entry: [Entry<'a>; 1],
}

// Meta writes `time` before `id`, so these are structs: a `json!` map would sort.
#[derive(Serialize)]
struct Entry<'a> {
    time: u64,
    id: &'a str,
    messaging: [Item<'a>; 1],
}

#[derive(Serialize)]
struct Item<'a> {
    sender: Id<'a>,
    recipient: Id<'a>,
    timestamp: u64,
    #[serde(flatten)]
    what: What<'a>,
}

#[derive(Serialize)]
struct Id<'a> {
    id: &'a str,
}

/// What happened, in Meta's words.
#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum What<'a> {
    Message(Content<'a>),
    Postback {
        mid: &'a str,
        title: &'a str,
        payload: &'a str,
    },
    Delivery {
        mids: [&'a str; 1],
        watermark: u64,
    },
    Read {
        watermark: u64,
    },
}

#[derive(Default, Serialize)]
pub(super) struct Content<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) is_echo: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) app_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metadata: Option<&'a str>,
    pub(super) mid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attachments: Option<[Media<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reply_to: Option<Quoted<'a>>,
}

/// The message that another one quotes.
#[derive(Serialize)]
pub(super) struct Quoted<'a> {
    mid: &'a str,
}

impl<'a> From<&'a str> for Quoted<'a> {
    fn from(mid: &'a str) -> Self {
        Self { mid }
    }
}

#[derive(Serialize)]
pub(super) struct Media<'a> {
    pub(super) r#type: &'a str,
    pub(super) payload: Payload<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Payload<'a> {
    Link { url: &'a str },
    Template(&'a serde_json::Value),
}

/// One notification about one person; `timestamp` is when it happened, in
/// milliseconds since 1970.
pub(super) fn notification(page_id: &str, psid: &str, timestamp: u64, what: What<'_>) -> Vec<u8> {
    let (page, person) = (Id { id: page_id }, Id { id: psid });
    let echo = matches!(&what, What::Message(content) if content.is_echo.is_some());
    let (sender, recipient) = if echo { (page, person) } else { (person, page) };
    json(&Envelope {
        object: "page",
        entry: [Entry {
            time: super::now(),
            id: page_id,
            messaging: [Item {
                sender,
                recipient,
                timestamp,
                what,
            }],
        }],
    })
}

/// Compact JSON with Meta's escapes.
pub(super) fn json(value: &impl Serialize) -> Vec<u8> {
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
    use super::*;

    #[test]
    fn what_is_not_ascii_is_escaped_in_lower_case_and_slashes_too() {
        assert_eq!(
            String::from_utf8(json(&"äöå 你好 🙂 https://a.b/ \"\n\\")).unwrap(),
            r#""\u00e4\u00f6\u00e5 \u4f60\u597d \ud83d\ude42 https:\/\/a.b\/ \"\n\\""#
        );
    }

    #[test]
    fn the_members_stand_in_metas_order() {
        let what = What::Delivery {
            mids: ["m_1"],
            watermark: 5,
        };
        let body = String::from_utf8(notification("10", "20", 7, what)).unwrap();
        let (head, tail) = body.split_once(r#","id":"10","#).unwrap();
        assert!(
            head.starts_with(r#"{"object":"page","entry":[{"time":1"#),
            "{head}"
        );
        assert_eq!(
            tail,
            r#""messaging":[{"sender":{"id":"20"},"recipient":{"id":"10"},"timestamp":7,"delivery":{"mids":["m_1"],"watermark":5}}]}]}"#
        );
    }

    #[test]
    fn an_echo_comes_from_the_page() {
        let what = What::Message(Content {
            is_echo: Some(true),
            app_id: Some(9),
            mid: "m_1",
            ..Content::default()
        });
        let body = String::from_utf8(notification("10", "20", 7, what)).unwrap();
        assert!(
            body.ends_with(
                r#"[{"sender":{"id":"10"},"recipient":{"id":"20"},"timestamp":7,"message":{"is_echo":true,"app_id":9,"mid":"m_1"}}]}]}"#
            ),
            "{body}"
        );
    }
}
