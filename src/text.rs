//! Text as Meta sends it: borrowed from the body when JSON allows it.

use std::{borrow::Cow, fmt, ops::Deref};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Visitor},
};
use serde_json::value::RawValue;

/// A text from a webhook: a slice of the body, or its own when escapes had to be decoded.
///
/// Half an emoji (a lone surrogate) becomes U+FFFD instead of costing the event, and a number is
/// taken as its digits, because Meta writes some ids now one way and now the other. `Debug` shows
/// the length alone: texts and names do not belong in logs.
#[derive(Clone, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is still a slice of the body.
    pub fn is_borrowed(&self) -> bool {
        matches!(self.0, Cow::Borrowed(_))
    }

    /// The same text, free of the body.
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }

    /// The text as every store can keep it: U+0000 becomes U+FFFD.
    pub fn to_storable(&self) -> String {
        if self.0.contains('\0') {
            self.0.replace('\0', "\u{fffd}")
        } else {
            self.0.to_string()
        }
    }
}

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} bytes)", self.0.len())
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // As the raw value first, because a visitor of bytes is never offered a number; then as
        // bytes, because serde_json refuses a lone surrogate only when a string is asked for.
        let raw = <&'de RawValue>::deserialize(deserializer)?.get();
        if raw.starts_with('"') {
            serde_json::Deserializer::from_str(raw)
                .deserialize_bytes(TextVisitor)
                .map_err(D::Error::custom)
        } else if raw
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
        {
            Ok(Text(Cow::Borrowed(raw)))
        } else {
            Err(D::Error::custom("expected a string or a whole number"))
        }
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or a whole number")
    }

    fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(Text(match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(replace_surrogates(bytes)),
        }))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(Text(Cow::Owned(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => replace_surrogates(bytes),
        })))
    }
}

/// Two lower-case digits a byte, as Meta writes them too.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Decodes bytes in which lone surrogates stand as three bytes each, `ED A0..BF xx`.
fn replace_surrogates(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while !rest.is_empty() {
        let valid = match std::str::from_utf8(rest) {
            Ok(_) => rest.len(),
            Err(error) => error.valid_up_to(),
        };
        let (good, bad) = rest.split_at(valid);
        text.push_str(&String::from_utf8_lossy(good));
        rest = match bad {
            [] => bad,
            [0xED, 0xA0..=0xBF, _, rest @ ..] | [_, rest @ ..] => {
                text.push('\u{fffd}');
                rest
            }
        };
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn text(json: &str) -> Text<'_> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn plain_text_is_borrowed_and_escaped_text_is_not() {
        assert!(text(r#""Hello~""#).is_borrowed());
        assert_eq!(text(r#""\u4f60\u597d \ud83d\ude00""#).as_str(), "你好 😀");
    }

    #[test]
    fn p8_half_an_emoji_costs_one_character() {
        assert_eq!(text(r#""a\ud83d""#).as_str(), "a\u{fffd}");
        assert_eq!(text(r#""\ude00b\ud83dc""#).as_str(), "\u{fffd}b\u{fffd}c");
    }

    #[test]
    fn p10_u0000_is_read_and_replaced_for_the_store() {
        assert_eq!(text(r#""a\u0000b""#).as_str(), "a\0b");
        assert_eq!(text(r#""a\u0000b""#).to_storable(), "a\u{fffd}b");
    }

    #[test]
    fn p15_a_number_is_its_digits() {
        assert_eq!(text("9007199254740993").as_str(), "9007199254740993");
    }

    #[test]
    fn debug_shows_no_text() {
        assert_eq!(format!("{:?}", text(r#""hush""#)), "Text(4 bytes)");
    }
}
