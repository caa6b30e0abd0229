//! Who and what: opaque ids that keep what Meta sent.
//!
//! Meta's ids are numbers in strings, strings, and now and then plain numbers. Nothing may be read
//! out of them, so they are kept as text and compared as a whole. Each kind has its own type: a
//! PSID means something for one Page only, and mixing it up with a Page id is the classic mistake.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The longest id that is accepted, in bytes.
pub const MAX_ID_BYTES: usize = 512;

/// An id that is empty or longer than [`MAX_ID_BYTES`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("an id must have 1 to {MAX_ID_BYTES} bytes, this one has {bytes}")]
#[non_exhaustive]
pub struct InvalidId {
    /// How long it was, in bytes.
    pub bytes: usize,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident: $debug:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// Keeps an id as it is.
            ///
            /// # Errors
            ///
            /// [`InvalidId`] when it is empty or longer than [`MAX_ID_BYTES`].
            pub fn new(id: impl Into<String>) -> Result<Self, InvalidId> {
                let id: String = id.into();
                if id.is_empty() || id.len() > MAX_ID_BYTES {
                    return Err(InvalidId { bytes: id.len() });
                }
                // No store can keep U+0000, so it is replaced once, here.
                Ok(Self(if id.contains('\0') { id.replace('\0', "\u{fffd}") } else { id }.into()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "(", $debug, ")"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(id: String) -> Result<Self, InvalidId> {
                Self::new(id)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.into()
            }
        }
    )*};
}

// `Debug` shows which Page, app or message it is about, and not who: people do not belong in logs.
ids! {
    /// A Facebook Page.
    PageId: "{:?}";
    /// A person, as one Page knows them (page-scoped id).
    Psid: "{:.0}…";
    /// A person, as one Meta app knows them (app-scoped id). No way leads from it to a PSID.
    Asid: "{:.0}…";
    /// A Meta app.
    AppId: "{:?}";
    /// A message.
    Mid: "{:?}";
    /// A saved attachment, which its Page may send again for 90 days.
    AttachmentId: "{:?}";
    /// A persona: another name and picture for the Page to write under.
    PersonaId: "{:?}";
    /// A custom label that a Page keeps at Meta.
    LabelId: "{:?}";
    /// A conversation, as the Graph API names it; not a PSID.
    ConversationId: "{:?}";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_kept_as_it_is() {
        assert_eq!(PageId::new("00042").unwrap().as_str(), "00042");
    }

    #[test]
    fn debug_shows_no_person() {
        assert_eq!(
            format!("{:?}", PageId::new("42").unwrap()),
            "PageId(\"42\")"
        );
        assert_eq!(format!("{:?}", Psid::new("42").unwrap()), "Psid(…)");
        assert_eq!(format!("{:?}", Asid::new("42").unwrap()), "Asid(…)");
    }

    #[test]
    fn an_id_has_1_to_512_bytes() {
        assert_eq!(
            Psid::new("").unwrap_err().to_string(),
            "an id must have 1 to 512 bytes, this one has 0"
        );
        assert!(Mid::new("m".repeat(512)).is_ok());
        assert!(Mid::new("m".repeat(513)).is_err());
    }
}
