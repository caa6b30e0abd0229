//! Text as Meta sends it: borrowed from the body when JSON allows it.

use std::{borrow::Cow, fmt, ops::Deref};

use serde::Serialize;

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

/// Two lower-case digits a byte, as Meta writes them too.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p10_u0000_is_replaced_for_the_store() {
        assert_eq!(Text::from("a\0b").to_storable(), "a\u{fffd}b");
    }

    #[test]
    fn debug_shows_no_text() {
        assert_eq!(format!("{:?}", Text::from("hush")), "Text(4 bytes)");
    }
}
