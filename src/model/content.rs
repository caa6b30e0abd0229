//! Content of an entry.

use std::{borrow::Cow, fmt};

use serde::{Deserialize, Serialize};

use crate::{id::Mid, time::Timestamp};

/// Content of an entry or message. `Debug` prints the act and sizes only.
#[derive(Clone, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Content {
    /// Kind of entry: a message, a tapped button, an opened link, …
    #[serde(skip_serializing_if = "Act::is_message")]
    pub act: Act,
    /// Text; `None` when there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Label of the tapped button, or title of the subscription; `None` for other entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Developer-defined payload of the button or quick reply; `None` without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// Attachments, in Meta's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// Buttons and quick replies below the text, in Meta's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
    /// Message that this one replies to; `None` when it is no reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Mid>,
    /// Link or advertisement that led the customer here; `None` without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referral: Option<Referral>,
    /// Subscription that the customer started or stopped; `None` for other entries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opt_in: Option<OptIn>,
    /// Whether the message has content that Meta's API cannot represent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unsupported: bool,
    /// JSON of the event when it has content that the other fields cannot hold; `None` otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub raw: Option<String>,
}

impl Content {
    /// Creates the content of a message with text only.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }

    /// Size of its texts, about, in bytes.
    pub(crate) fn size(&self) -> usize {
        let texts = [&self.text, &self.title, &self.payload, &self.raw];
        let texts = texts.into_iter().flatten().map(String::len);
        texts.sum::<usize>() + 256 * self.attachments.len()
    }

    /// Creates content of this kind with every other field empty.
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

/// Kind of entry. An open set: compare with the constants or through [`as_str`](Self::as_str).
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Act(Cow<'static, str>);

impl Act {
    /// Message.
    pub const MESSAGE: Self = Self(Cow::Borrowed("message"));
    /// Tap on a button.
    pub const POSTBACK: Self = Self(Cow::Borrowed("postback"));
    /// Arrival through a link or an advertisement.
    pub const REFERRAL: Self = Self(Cow::Borrowed("referral"));
    /// Start or stop of a subscription.
    pub const OPT_IN: Self = Self(Cow::Borrowed("opt_in"));
    /// Note of the team, which is not sent.
    pub const NOTE: Self = Self(Cow::Borrowed("note"));
    /// Change of the status by the team: [`Content::title`] is the new one, `open`, `snoozed` or
    /// `done`.
    pub const STATUS: Self = Self(Cow::Borrowed("status"));
    /// Change of the assignee: [`Content::title`] is the new one, absent when nobody is.
    pub const ASSIGNED: Self = Self(Cow::Borrowed("assigned"));
    /// Tag added to the customer: [`Content::title`].
    pub const TAGGED: Self = Self(Cow::Borrowed("tagged"));
    /// Tag removed from the customer: [`Content::title`].
    pub const UNTAGGED: Self = Self(Cow::Borrowed("untagged"));

    /// Creates another kind from Meta's name of the event.
    pub fn new(name: impl Into<String>) -> Self {
        Self(Cow::Owned(name.into()))
    }

    pub(crate) fn is_message(&self) -> bool {
        *self == Self::MESSAGE
    }

    /// Name of the kind, such as `message`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Act {
    fn default() -> Self {
        Self::MESSAGE
    }
}

/// An attachment of a message. `Debug` prints the kind only.
#[derive(Clone, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Attachment {
    /// Meta's type: `image`, `audio`, … An open set.
    pub kind: String,
    /// URL at Meta, which expires; untrusted. `None` when Meta sent none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Title; `None` when it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Subtitle of a card, or text of a template; `None` when it has neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Meta's id of the sticker, post, reel, product or booking; `None` for other attachments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Template type, such as `generic`; `None` unless it is a template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Position of a location; `None` for other attachments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coordinates: Option<Coordinates>,
    /// Cards of a template, or shared products, in Meta's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cards: Vec<Card>,
    /// Buttons of a template without cards, in Meta's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
    /// Begin of an appointment; `None` for other attachments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// End of an appointment; `None` for other attachments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
}

impl Attachment {
    /// Creates an attachment with a type only.
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

/// Position on earth, WGS 84, in degrees as Meta wrote them. `Debug` prints no number.
#[derive(Clone, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Coordinates {
    /// Latitude.
    pub latitude: String,
    /// Longitude.
    pub longitude: String,
}

impl fmt::Debug for Coordinates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Coordinates(…)")
    }
}

/// Card of a template, shared product, or line of a receipt. `Debug` prints no text.
#[derive(Clone, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Card {
    /// Title; `None` when it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Second line; `None` when it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// URL of the image; untrusted. `None` without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// URL that a tap on the card opens, or of its media; untrusted. `None` without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Id of the product in the Page's catalog; `None` for other cards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// Price with its currency, as Meta wrote them; `None` for other cards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<String>,
    /// Number of pieces; `None` for other cards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<i64>,
    /// Buttons, in Meta's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
}

impl fmt::Debug for Card {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Card({} buttons)", self.buttons.len())
    }
}

/// Button or quick reply. `Debug` prints the type only.
#[derive(Clone, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Button {
    /// Meta's type: `web_url`, `postback`, … An open set. `None` when Meta sent none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Label; `None` when Meta sent none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// URL that it opens; untrusted. `None` for other types.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Developer-defined payload, or the phone number; `None` without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

impl fmt::Debug for Button {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Button({:?})", self.kind)
    }
}

/// Link, advertisement or plugin through which a customer came. `Debug` prints the source and type
/// only.
///
/// <https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_referrals>
#[derive(Clone, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Referral {
    /// Meta's source: `SHORTLINK`, `ADS`, … An open set. `None` when Meta sent none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Meta's type: `OPEN_THREAD`, `LEAD_COMPLETE`, … An open set. `None` when Meta sent none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Developer-defined parameter of the link; `None` without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[doc(alias = "ref")]
    pub reference: Option<String>,
    /// Id of the advertisement; `None` for other sources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ad_id: Option<String>,
    /// Title of the advertisement; `None` for other sources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Id of the product in the Page's catalog; `None` without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<String>,
    /// Id of the post that was advertised; `None` without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub post_id: Option<String>,
    /// URL of the advertisement's picture; untrusted. `None` without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub photo_url: Option<String>,
    /// URL of the advertisement's video; untrusted. `None` without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub video_url: Option<String>,
    /// Page on which the customer used the link or plugin; untrusted. `None` when Meta sent none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[doc(alias = "referer_uri")]
    pub referer: Option<String>,
    /// Id of the message flow that the advertisement starts; `None` without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow_id: Option<String>,
}

impl fmt::Debug for Referral {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Referral({:?}, {:?})", self.source, self.kind)
    }
}

/// Subscription that a customer started or stopped. `Debug` prints the type and status only.
///
/// <https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_optins>
#[derive(Clone, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct OptIn {
    /// Meta's type: `notification_messages`, `one_time_notif_req`, … An open set. `None` when Meta
    /// sent none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Token to send to in place of the customer's id; `None` when Meta sent none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Expiry of the token; `None` when Meta sent none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[doc(alias = "token_expiry_timestamp")]
    pub expires_at: Option<Timestamp>,
    /// Meta's status: `STOP NOTIFICATIONS`, … An open set. `None` when Meta sent none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[doc(alias = "notification_messages_status")]
    pub status: Option<String>,
    /// Topic of the subscription; `None` when Meta sent none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
}

impl fmt::Debug for OptIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OptIn({:?}, {:?})", self.kind, self.status)
    }
}

/// A reaction to a message. `Debug` prints neither field.
#[derive(Clone, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Reaction {
    /// Emoji; `None` when Meta sent none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emoji: Option<String>,
    /// Meta's name: `love`, `sad`, … An open set. `None` when Meta sent none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[doc(alias = "reaction")]
    pub name: Option<String>,
}

impl Reaction {
    /// Creates a reaction from its emoji, without name.
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
