//! To whom a message goes.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::InvalidMessage;
use super::invalid::required;
use crate::id::{MAX_ID_BYTES, Psid};

/// To whom a message goes; its `Debug` shows the kind.
///
/// Meta: [Send API](https://developers.facebook.com/docs/messenger-platform/reference/send-api/)
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
#[non_exhaustive]
pub enum Recipient {
    /// A customer of the Page.
    Psid(Psid),
    /// Whoever wrote this comment on one of the Page's posts: a private reply, one for each
    /// comment, within 7 days of it. More can be said only after they answer. Meta refuses a second
    /// one with 10900, and whoever may not answer with 10903.
    Comment(String),
    /// Whoever wrote this post on the Page: a private reply, as for a comment.
    Post(String),
    /// Whoever agreed to get notifications, by the token of their opt-in; one message in 48 hours.
    /// Since 2026-02-10 only in Australia, the EU, Japan, South Korea and the United Kingdom.
    NotificationToken(String),
    /// Whoever asked to be told once, by the token of their opt-in. Meta has taken its guide away;
    /// do not build on it.
    OneTimeToken(String),
    /// Whoever ticked the checkbox plugin, before they have a PSID. Meta sends no echoes for it, and
    /// its answer names no recipient. Legacy.
    UserRef(String),
    /// Whoever has this phone number. Customer matching is closed to new apps.
    PhoneNumber {
        /// The number, such as `+1(212)555-2368`.
        number: String,
        /// The name, if known.
        name: Option<PersonName>,
    },
}

/// A person's name, for customer matching.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PersonName {
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
}

super::hush!(PersonName);

impl PersonName {
    /// A name.
    pub fn new(first_name: impl Into<String>, last_name: impl Into<String>) -> Self {
        Self {
            first_name: first_name.into(),
            last_name: last_name.into(),
        }
    }
}

impl Recipient {
    /// Which of the six forms it is, as Meta names it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Psid(_) => "id",
            Self::Comment(_) => "comment_id",
            Self::Post(_) => "post_id",
            Self::NotificationToken(_) => "notification_messages_token",
            Self::OneTimeToken(_) => "one_time_notif_token",
            Self::UserRef(_) => "user_ref",
            Self::PhoneNumber { .. } => "phone_number",
        }
    }

    /// The id, token or number itself.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Psid(psid) => psid.as_str(),
            Self::Comment(id)
            | Self::Post(id)
            | Self::NotificationToken(id)
            | Self::OneTimeToken(id)
            | Self::UserRef(id)
            | Self::PhoneNumber { number: id, .. } => id,
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        required("the recipient", self.as_str(), MAX_ID_BYTES)
    }
}

impl From<Psid> for Recipient {
    fn from(psid: Psid) -> Self {
        Self::Psid(psid)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Recipient({})", self.kind())
    }
}

/// What Meta reads: exactly one member, and a name beside a number.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Wire {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Psid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notification_messages_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    one_time_notif_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_ref: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<PersonName>,
}

impl From<Recipient> for Wire {
    fn from(recipient: Recipient) -> Self {
        let mut wire = Self::default();
        match recipient {
            Recipient::Psid(psid) => wire.id = Some(psid),
            Recipient::Comment(id) => wire.comment_id = Some(id),
            Recipient::Post(id) => wire.post_id = Some(id),
            Recipient::NotificationToken(token) => wire.notification_messages_token = Some(token),
            Recipient::OneTimeToken(token) => wire.one_time_notif_token = Some(token),
            Recipient::UserRef(user) => wire.user_ref = Some(user),
            Recipient::PhoneNumber { number, name } => {
                wire.phone_number = Some(number);
                wire.name = name;
            }
        }
        wire
    }
}

impl TryFrom<Wire> for Recipient {
    type Error = InvalidMessage;

    fn try_from(wire: Wire) -> Result<Self, InvalidMessage> {
        let name = wire.name;
        let forms = [
            wire.id.map(Self::Psid),
            wire.comment_id.map(Self::Comment),
            wire.post_id.map(Self::Post),
            wire.notification_messages_token
                .map(Self::NotificationToken),
            wire.one_time_notif_token.map(Self::OneTimeToken),
            wire.user_ref.map(Self::UserRef),
            wire.phone_number
                .map(|number| Self::PhoneNumber { number, name }),
        ];
        let mut forms = forms.into_iter().flatten();
        match (forms.next(), forms.next()) {
            (Some(recipient), None) => recipient.check().map(|()| recipient),
            _ => Err(InvalidMessage::Mismatch(
                "a message has exactly one recipient",
            )),
        }
    }
}
