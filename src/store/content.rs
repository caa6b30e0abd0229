//! What an entry of a conversation says.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use crate::{id::Mid, time::Timestamp};

/// What an entry says.
#[derive(Clone, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Content {
    /// What was done: wrote, tapped, came through a link, …
    #[serde(skip_serializing_if = "Act::is_message")]
    pub act: Act,
    /// The text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The label of the button that was tapped, or the title of what was subscribed to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What stands behind the button or quick reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// What came with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The message that this one answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Mid>,
    /// Where the customer came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral: Option<Referral>,
    /// What they subscribed to, or left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opt_in: Option<OptIn>,
}

impl Content {
    /// A text and nothing else.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }

    /// An act of which nothing is told yet.
    pub fn new(act: Act) -> Self {
        Self {
            act,
            ..Self::default()
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Content({}, {} bytes of text, {} attachments)",
            self.act.as_str(),
            self.text.as_ref().map_or(0, String::len),
            self.attachments.len()
        )
    }
}

/// What was done. An open set: compare it through [`as_str`](Self::as_str) or with the constants.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Act(Cow<'static, str>);

impl Act {
    /// Wrote a message.
    pub const MESSAGE: Self = Self(Cow::Borrowed("message"));
    /// Tapped a button.
    pub const POSTBACK: Self = Self(Cow::Borrowed("postback"));
    /// Came through a link or an advertisement.
    pub const REFERRAL: Self = Self(Cow::Borrowed("referral"));
    /// Subscribed to something, or left.
    pub const OPT_IN: Self = Self(Cow::Borrowed("opt_in"));

    /// Any other act, by Meta's name of it.
    pub fn new(name: impl Into<String>) -> Self {
        Self(Cow::Owned(name.into()))
    }

    pub(super) fn is_message(&self) -> bool {
        *self == Self::MESSAGE
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Act {
    fn default() -> Self {
        Self::MESSAGE
    }
}

/// Something that came with a message.
#[derive(Clone, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Attachment {
    /// `image`, `audio`, … An open set.
    pub kind: String,
    /// Where Meta keeps it, for a while. Untrusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The line below the title, or the text of a template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Meta's id of the sticker, post, reel, product or booking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

impl Attachment {
    /// An attachment of which only the kind is known.
    pub fn new(kind: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            ..Self::default()
        }
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({})", self.kind)
    }
}

/// Where a customer came from.
///
/// Meta: [messaging_referrals](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_referrals)
#[derive(Clone, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Referral {
    /// `SHORTLINK`, `ADS`, … An open set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// `OPEN_THREAD`, `LEAD_COMPLETE`, … An open set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What the Page put into the link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// The advertisement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad_id: Option<String>,
    /// The title of the advertisement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The product of the Page's catalogue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
}

impl fmt::Debug for Referral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Referral({:?}, {:?})", self.source, self.kind)
    }
}

/// What a customer subscribed to, or left.
///
/// Meta: [messaging_optins](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_optins)
#[derive(Clone, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct OptIn {
    /// `notification_messages`, `one_time_notif_req`, … An open set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// What may be sent to instead of the customer's id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Until when the token is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// `STOP NOTIFICATIONS`, … An open set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// The topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
}

impl fmt::Debug for OptIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OptIn({:?}, {:?})", self.kind, self.status)
    }
}

/// A reaction to a message.
#[derive(Clone, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Reaction {
    /// The emoji.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    /// `love`, `sad`, … An open set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

impl Reaction {
    /// A reaction by its emoji alone.
    pub fn new(emoji: impl Into<String>) -> Self {
        Self {
            emoji: Some(emoji.into()),
            name: None,
        }
    }
}

impl fmt::Debug for Reaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reaction(…)")
    }
}
