//! Recipient of a message.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::InvalidMessage;
use super::invalid::{malformed, required};
use crate::id::{MAX_ID_BYTES, Psid};

/// Recipient of a message. `Debug` shows the kind only.
///
/// There is no variant for the kinds that Meta has closed to new apps: the token of a one-time or
/// recurring notification, the `user_ref` of the checkbox plugin, the phone number of customer
/// matching. An app that may still use one writes it as [`Recipient::Other`].
///
/// <https://developers.facebook.com/docs/messenger-platform/reference/send-api/>
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Map<String, Value>", into = "Map<String, Value>")]
#[non_exhaustive]
pub enum Recipient {
    /// Customer of the Page.
    #[doc(alias = "id")]
    Psid(Psid),
    /// Author of a comment on a post of the Page, by the comment's id: a private reply.
    ///
    /// Meta accepts one private reply to a comment, within 7 days, and further messages after the
    /// author has replied. It refuses a second private reply with code 10900, and one to an author
    /// who cannot receive it with code 10903.
    #[doc(alias = "comment_id")]
    Comment(String),
    /// Author of a visitor's post on the Page, by the post's id: a private reply with the limits of
    /// [`Comment`](Self::Comment).
    #[doc(alias = "post_id")]
    Post(String),
    /// Any other recipient object, as JSON in Meta's form.
    Other(Map<String, Value>),
}

impl Recipient {
    /// Returns Meta's name of the kind, or `other`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Psid(_) => "id",
            Self::Comment(_) => "comment_id",
            Self::Post(_) => "post_id",
            Self::Other(_) => "other",
        }
    }

    /// Returns the PSID, or `None` for another recipient.
    pub fn psid(&self) -> Option<&Psid> {
        match self {
            Self::Psid(psid) => Some(psid),
            _ => None,
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        match self {
            Self::Psid(psid) => required("the recipient", psid.as_str(), MAX_ID_BYTES),
            Self::Comment(id) | Self::Post(id) => required("the recipient", id, MAX_ID_BYTES),
            Self::Other(object) => {
                let is_named = ["id", "comment_id", "post_id"]
                    .iter()
                    .any(|name| object.contains_key(*name));
                if object.is_empty() || is_named {
                    return Err(NOT_ONE);
                }
                Ok(())
            }
        }
    }
}

const NOT_ONE: InvalidMessage = InvalidMessage::Mismatch("a message has exactly one recipient");

impl From<Psid> for Recipient {
    fn from(psid: Psid) -> Self {
        Self::Psid(psid)
    }
}

impl From<&Psid> for Recipient {
    fn from(psid: &Psid) -> Self {
        Self::Psid(psid.clone())
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.kind())
    }
}

impl From<Recipient> for Map<String, Value> {
    fn from(recipient: Recipient) -> Self {
        let kind = recipient.kind().to_owned();
        let id = match recipient {
            Recipient::Psid(psid) => psid.into(),
            Recipient::Comment(id) | Recipient::Post(id) => id,
            Recipient::Other(object) => return object,
        };
        Self::from_iter([(kind, Value::String(id))])
    }
}

impl TryFrom<Map<String, Value>> for Recipient {
    type Error = InvalidMessage;

    fn try_from(object: Map<String, Value>) -> Result<Self, InvalidMessage> {
        let mut members = object.iter();
        let recipient = match (members.next(), members.next()) {
            (Some((name, Value::String(id))), None) => match name.as_str() {
                "id" => Self::Psid(read_psid(id)?),
                "comment_id" => Self::Comment(id.clone()),
                "post_id" => Self::Post(id.clone()),
                _ => Self::Other(object),
            },
            _ => Self::Other(object),
        };
        recipient.check().map(|()| recipient)
    }
}

fn read_psid(id: &str) -> Result<Psid, InvalidMessage> {
    required("the recipient", id, MAX_ID_BYTES)?;
    Psid::new(id).map_err(|_| malformed("the recipient", "an id of at most 512 bytes", id))
}
