//! Text of a webhook, borrowed from the request body where JSON allows it.

use std::{
    borrow::{Borrow, Cow},
    convert::Infallible,
    fmt,
    ops::Deref,
    str::FromStr,
};

use serde::{Deserialize, Deserializer, Serialize, de};

/// Text of a webhook: a slice of the request body, or an owned string when JSON escapes had to be
/// decoded.
///
/// It dereferences to `str`, and compares, sorts and hashes like `str`. A lone surrogate (half an
/// emoji) is read as U+FFFD. A JSON number is read as its digits, because Meta writes some ids as a
/// string in one place and as a number in another.
///
/// `Debug` prints the length only, and there is no `Display`, because texts and names do not belong
/// in logs. To print the content, dereference it: `&*text`.
///
/// # Examples
///
/// ```
/// use messenger_crm::text::Text;
///
/// let text = Text::from("Hello~");
/// assert_eq!(text, "Hello~");
/// assert!(text.starts_with("Hello"));
/// assert_eq!(format!("{text:?}"), "Text(6 bytes)");
/// assert_eq!(format!("{}", &*text), "Hello~");
/// assert_eq!(text.into_string(), "Hello~");
///
/// let number: Text = serde_json::from_str("1234567890123456789")?;
/// assert_eq!(number, "1234567890123456789");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Text<'a>(Cow<'a, str>);

impl<'a> Text<'a> {
    /// Returns the text as a string slice.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the text is a slice of the request body.
    pub fn is_borrowed(&self) -> bool {
        matches!(self.0, Cow::Borrowed(_))
    }

    /// Copies the text if it is borrowed, so that it outlives the request body.
    pub fn into_owned(self) -> Text<'static> {
        Text(Cow::Owned(self.0.into_owned()))
    }

    /// Converts the text into a `String`; copies it if it is borrowed.
    pub fn into_string(self) -> String {
        self.0.into_owned()
    }

    /// Returns the text with U+0000 replaced by U+FFFD, because not every database can store U+0000.
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

impl AsRef<str> for Text<'_> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Text<'_> {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other
    }
}

impl PartialEq<&str> for Text<'_> {
    fn eq(&self, other: &&str) -> bool {
        *self.0 == **other
    }
}

impl PartialEq<String> for Text<'_> {
    fn eq(&self, other: &String) -> bool {
        *self.0 == **other
    }
}

impl PartialEq<Text<'_>> for str {
    fn eq(&self, other: &Text<'_>) -> bool {
        *self == *other.0
    }
}

impl PartialEq<Text<'_>> for &str {
    fn eq(&self, other: &Text<'_>) -> bool {
        **self == *other.0
    }
}

impl PartialEq<Text<'_>> for String {
    fn eq(&self, other: &Text<'_>) -> bool {
        **self == *other.0
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

impl<'a> From<Cow<'a, str>> for Text<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self(text)
    }
}

impl<'a> From<Text<'a>> for Cow<'a, str> {
    fn from(text: Text<'a>) -> Self {
        text.0
    }
}

impl From<Text<'_>> for String {
    fn from(text: Text<'_>) -> Self {
        text.into_string()
    }
}

impl FromStr for Text<'_> {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::from(text.to_owned()))
    }
}

impl<'de> Deserialize<'de> for Text<'_> {
    /// Reads a string, or an integer as its digits. The text is owned.
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        string_or_integer(from, "a string or an integer").map(Self::from)
    }
}

/// Reads a string. A value of another type is refused without printing it.
pub(crate) fn string<'de, D: Deserializer<'de>>(
    from: D,
    expected: &'static str,
) -> Result<String, D::Error> {
    StringVisitor {
        expected,
        accepts_integers: false,
    }
    .read(from)
}

/// Reads a string, or an integer as its digits. It does not convert through a float, which would
/// round.
///
/// A value of another type is refused without printing it.
pub(crate) fn string_or_integer<'de, D: Deserializer<'de>>(
    from: D,
    expected: &'static str,
) -> Result<String, D::Error> {
    StringVisitor {
        expected,
        accepts_integers: true,
    }
    .read(from)
}

/// Has a method for every scalar type: those of serde would print the value.
struct StringVisitor {
    expected: &'static str,
    accepts_integers: bool,
}

impl StringVisitor {
    fn read<'de, D: Deserializer<'de>>(self, from: D) -> Result<String, D::Error> {
        // Formats such as bincode do not store types, so they have to be asked for a string.
        if from.is_human_readable() {
            from.deserialize_any(self)
        } else {
            from.deserialize_string(self)
        }
    }

    fn integer<E: de::Error>(self, number: impl ToString) -> Result<String, E> {
        if self.accepts_integers {
            Ok(number.to_string())
        } else {
            self.refuse()
        }
    }

    fn refuse<E: de::Error>(self) -> Result<String, E> {
        Err(E::custom(format_args!("expected {}", self.expected)))
    }
}

impl de::Visitor<'_> for StringVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<String, E> {
        Ok(text)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<String, E> {
        self.integer(number)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<String, E> {
        self.integer(number)
    }

    fn visit_u128<E: de::Error>(self, number: u128) -> Result<String, E> {
        self.integer(number)
    }

    fn visit_i128<E: de::Error>(self, number: i128) -> Result<String, E> {
        self.integer(number)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<String, E> {
        self.refuse()
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<String, E> {
        self.refuse()
    }

    fn visit_bytes<E: de::Error>(self, _: &[u8]) -> Result<String, E> {
        self.refuse()
    }
}

/// Lower-case hexadecimal digits, two for each byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn p10_u0000_is_replaced_for_the_store() {
        assert_eq!(Text::from("a\0b").to_storable(), "a\u{fffd}b");
    }

    #[test]
    fn debug_prints_no_text() {
        assert_eq!(format!("{:?}", Text::from("hush")), "Text(4 bytes)");
    }

    #[test]
    fn a_text_compares_and_hashes_as_its_str() {
        let (borrowed, owned) = (Text::from("a"), Text::from("a".to_owned()));
        assert_eq!(borrowed, owned);
        let (same, other) = ("a".to_owned(), "b".to_owned());
        assert_eq!(
            (owned == *"a", owned == "a", owned == same),
            (true, true, true)
        );
        assert_eq!(
            ("a" == owned, *"a" == owned, same == owned),
            (true, true, true)
        );
        assert_eq!(
            (owned == *"b", owned == "b", owned == other),
            (false, false, false)
        );
        assert_eq!(
            ("b" == owned, *"b" == owned, other == owned),
            (false, false, false)
        );
        assert!(HashSet::from([owned]).contains("a"));
    }

    #[test]
    fn a_conversion_keeps_what_is_borrowed() {
        let body = String::from("hello");
        let text = Text::from(Cow::Borrowed(&*body));
        assert!(text.is_borrowed());
        assert!(matches!(Cow::from(text.clone()), Cow::Borrowed("hello")));
        assert!(!text.clone().into_owned().is_borrowed());
        assert_eq!(String::from(text), "hello");
    }

    #[test]
    fn serde_reads_strings_and_integers_and_refuses_the_rest_without_printing_it() {
        let read = |json: &str| serde_json::from_str::<Text<'_>>(json);
        for (json, text) in [
            (r#""a\u00e9""#, "a\u{e9}"),
            ("18446744073709551615", "18446744073709551615"),
            ("-9223372036854775808", "-9223372036854775808"),
        ] {
            assert_eq!(read(json).unwrap(), text);
        }
        for json in ["18446744073709551616", "7.25", "true", "null", "[7]", "{}"] {
            let error = read(json).unwrap_err().to_string();
            assert!(error.contains("a string or an integer"), "{error}");
            assert!(!error.contains('7'), "{error}");
        }
        assert_eq!(serde_json::to_string(&Text::from("a")).unwrap(), r#""a""#);
    }
}
