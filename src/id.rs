//! Ids of Pages, people, apps, messages and other objects at Meta.
//!
//! An id is opaque text: it is never parsed, only compared. Meta writes most ids as strings of
//! digits, some as other strings, and in some places as JSON numbers. Every kind of id has its own
//! type, so that the compiler finds a confused id: a [`Psid`], for example, is valid for one Page
//! only.
//!
//! All types have the same conversions: [`FromStr`](std::str::FromStr), `TryFrom` of `String` and
//! `&str`, `Display`, `AsRef<str>`, comparison with strings, and serde (written as a string, read
//! from a string or an integer).
//!
//! # Examples
//!
//! ```
//! use std::collections::HashMap;
//! use messenger_crm::id::{PageId, Psid};
//!
//! let page: PageId = "102030405060708".parse()?;
//! assert_eq!(page, "102030405060708");
//! assert_eq!(format!("/{page}/messages"), "/102030405060708/messages");
//!
//! let names = HashMap::from([(page, "Tea house")]);
//! assert_eq!(names.get("102030405060708"), Some(&"Tea house"));
//!
//! // An integer is read without rounding. `Debug` does not print the id of a person.
//! let psid: Psid = serde_json::from_str("9007199254740993").unwrap();
//! assert_eq!(psid, "9007199254740993");
//! assert_eq!(format!("{psid:?}"), "Psid(…)");
//! # Ok::<(), messenger_crm::id::InvalidId>(())
//! ```

use std::fmt;

use crate::text::string_or_integer;

/// Maximum length of an id, in bytes.
pub const MAX_ID_BYTES: usize = 512;

/// Error returned when an id is empty or longer than [`MAX_ID_BYTES`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("an id must have 1 to {MAX_ID_BYTES} bytes, this one has {bytes}")]
#[non_exhaustive]
pub struct InvalidId {
    /// Length of the rejected id, in bytes.
    pub bytes: usize,
}

/// Implements what a type with an `as_str` method needs to be used like a string.
macro_rules! like_str {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                self.as_str()
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.as_str() == *other
            }
        }

        impl PartialEq<String> for $name {
            fn eq(&self, other: &String) -> bool {
                self.as_str() == other
            }
        }

        impl PartialEq<$name> for str {
            fn eq(&self, other: &$name) -> bool {
                self == other.as_str()
            }
        }

        impl PartialEq<$name> for &str {
            fn eq(&self, other: &$name) -> bool {
                *self == other.as_str()
            }
        }

        impl PartialEq<$name> for String {
            fn eq(&self, other: &$name) -> bool {
                self == other.as_str()
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0.into()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }
    };
}
pub(crate) use like_str;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident: $debug:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub struct $name(Box<str>);

        impl $name {
            /// Creates an id. U+0000 becomes U+FFFD, because not every database can store U+0000;
            /// other text is kept unchanged.
            ///
            /// # Errors
            ///
            /// [`InvalidId`] when the id is empty or longer than [`MAX_ID_BYTES`].
            pub fn new(id: impl Into<String>) -> Result<Self, InvalidId> {
                let id: String = id.into();
                if id.is_empty() || id.len() > MAX_ID_BYTES {
                    return Err(InvalidId { bytes: id.len() });
                }
                Ok(Self(if id.contains('\0') { id.replace('\0', "\u{fffd}") } else { id }.into()))
            }

            /// Returns the id as a string slice.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "(", $debug, ")"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(id: &str) -> Result<Self, InvalidId> {
                Self::new(id)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(id: String) -> Result<Self, InvalidId> {
                Self::new(id)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = InvalidId;

            fn try_from(id: &str) -> Result<Self, InvalidId> {
                Self::new(id)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let id = string_or_integer(from, "an id: a string or an integer")?;
                Self::new(id).map_err(serde::de::Error::custom)
            }
        }

        like_str!($name);
    )*};
}

// `Debug` prints the ids of things and hides the ids of people, which do not belong in logs.
ids! {
    /// Id of a Facebook Page.
    PageId: "{:?}";
    /// Page-scoped id of a person. The same person has a different id for each Page.
    #[doc(alias = "PSID")]
    Psid: "{:.0}…";
    /// App-scoped id of a person. It cannot be converted into a [`Psid`].
    #[doc(alias = "ASID")]
    Asid: "{:.0}…";
    /// Id of a Meta app.
    AppId: "{:?}";
    /// Id of a message.
    #[doc(alias = "message_id")]
    Mid: "{:?}";
    /// Id of a file saved at Meta, which the Page can send again for 90 days.
    AttachmentId: "{:?}";
    /// Id of a persona: a name and picture under which the Page writes, in place of those of the
    /// Page.
    PersonaId: "{:?}";
    /// Id of a label that a Page has at Meta.
    LabelId: "{:?}";
    /// Id of a conversation in the Conversations API. It is not a [`Psid`].
    ConversationId: "{:?}";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn an_id_is_not_normalized() {
        assert_eq!(PageId::new("00042").unwrap().as_str(), "00042");
    }

    #[test]
    fn debug_hides_the_ids_of_people() {
        let page = PageId::new("42").unwrap();
        assert_eq!(format!("{page:?}"), "PageId(\"42\")");
        assert_eq!(format!("{:?}", Psid::new("42").unwrap()), "Psid(…)");
        assert_eq!(format!("{:?}", Asid::new("42").unwrap()), "Asid(…)");
    }

    #[test]
    fn an_id_has_1_to_512_bytes() {
        let expected = "an id must have 1 to 512 bytes, this one has 0";
        assert_eq!(Psid::new("").unwrap_err().to_string(), expected);
        assert_eq!("".parse::<Psid>().unwrap_err().to_string(), expected);
        assert!(Mid::new("m".repeat(512)).is_ok());
        let long = "m".repeat(513);
        assert_eq!(Mid::try_from(&*long).unwrap_err().bytes, 513);
        let json = format!("\"{long}\"");
        assert!(serde_json::from_str::<Mid>(&json).is_err());
    }

    #[test]
    fn p10_u0000_is_replaced_however_an_id_is_made() {
        let made = [
            Mid::new("a\0").unwrap(),
            "a\0".parse().unwrap(),
            Mid::try_from("a\0").unwrap(),
            serde_json::from_str(r#""a\u0000""#).unwrap(),
        ];
        assert!(made.iter().all(|mid| mid == "a\u{fffd}"));
    }

    #[test]
    fn an_id_compares_prints_and_hashes_as_its_str() {
        let id = PageId::new("7").unwrap();
        let (same, other) = ("7".to_owned(), "8".to_owned());
        assert_eq!((&id == "7", id == "7", id == same), (true, true, true));
        assert_eq!(("7" == id, *"7" == id, same == id), (true, true, true));
        assert_eq!((&id == "8", id == "8", id == other), (false, false, false));
        assert_eq!(("8" == id, *"8" == id, other == id), (false, false, false));
        assert_eq!(format!("{id} {id:>3}"), "7   7");
        assert_eq!(BTreeMap::from([(id.clone(), 1)]).get("7"), Some(&1));
        assert_eq!(String::from(id), "7");
    }

    #[test]
    fn an_integer_is_read_without_rounding() {
        let read = |json: &str| serde_json::from_str::<PageId>(json);
        for digits in ["9007199254740993", "18446744073709551615", "0"] {
            assert_eq!(read(digits).unwrap(), digits);
        }
        for json in ["18446744073709551616", "1e3", "1.0", "null", "true", "\"\""] {
            assert!(read(json).is_err(), "{json}");
        }
        let id = read("\"7\"").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"7\"");
    }

    #[test]
    fn an_id_is_a_key_of_a_json_object() {
        let by_page = BTreeMap::from([(PageId::new("7").unwrap(), 1)]);
        let json = serde_json::to_string(&by_page).unwrap();
        assert_eq!(json, r#"{"7":1}"#);
        let read: BTreeMap<PageId, i32> = serde_json::from_str(&json).unwrap();
        assert_eq!(read, by_page);
    }
}
