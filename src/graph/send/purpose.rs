//! Why a message may be sent now, and how loudly.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::InvalidMessage;
use crate::id::AppId;

/// Why a message may be sent now: Meta's `messaging_type`.
///
/// Meta: [Sending messages](https://developers.facebook.com/docs/messenger-platform/send-messages)
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Purpose {
    /// It answers the customer, within the window (24 hours as a rule).
    #[default]
    Response,
    /// The Page writes first, within the window.
    Update,
    /// Outside the window, for the reason that the tag names; no promotion.
    Tagged(Tag),
    /// A template that Meta approved beforehand, at any time. Needs `page_utility_messaging`.
    Utility,
}

impl Purpose {
    /// Meta's word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Response => "RESPONSE",
            Self::Update => "UPDATE",
            Self::Tagged(_) => "MESSAGE_TAG",
            Self::Utility => "UTILITY",
        }
    }

    pub(super) fn tag(&self) -> Option<&Tag> {
        match self {
            Self::Tagged(tag) => Some(tag),
            _ => None,
        }
    }

    pub(super) fn read(word: Option<&str>, tag: Option<Tag>) -> Result<Self, InvalidMessage> {
        match (word, tag) {
            (None | Some("RESPONSE"), None) => Ok(Self::Response),
            (Some("UPDATE"), None) => Ok(Self::Update),
            (Some("UTILITY"), None) => Ok(Self::Utility),
            (Some("MESSAGE_TAG"), Some(tag)) => Ok(Self::Tagged(tag)),
            (Some("RESPONSE" | "UPDATE" | "MESSAGE_TAG" | "UTILITY") | None, _) => Err(
                InvalidMessage::Mismatch("a tag goes with the messaging type MESSAGE_TAG alone"),
            ),
            _ => Err(InvalidMessage::Malformed {
                what: "the messaging type",
                form: "RESPONSE, UPDATE, MESSAGE_TAG or UTILITY",
            }),
        }
    }
}

/// The reason for a message outside the window; an open set, compared through [`Tag::as_str`].
///
/// Two are left. The others are here as text that says since when Meta refuses them, so that old
/// code finds out from the compiler.
///
/// Meta: [Message tags](https://developers.facebook.com/docs/messenger-platform/send-messages/message-tags)
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Tag(Cow<'static, str>);

impl Tag {
    /// A person answers, within 7 days of what the customer wrote. Needs the feature *Human Agent*.
    pub const HUMAN_AGENT: Self = Self(Cow::Borrowed("HUMAN_AGENT"));
    /// A customer feedback template, within 7 days of what the customer wrote.
    pub const CUSTOMER_FEEDBACK: Self = Self(Cow::Borrowed("CUSTOMER_FEEDBACK"));

    /// A change of an account.
    #[deprecated(note = "refused with error 100 since 2026-04-27: use a utility template")]
    pub const ACCOUNT_UPDATE: Self = Self(Cow::Borrowed("ACCOUNT_UPDATE"));
    /// A reminder of an event.
    #[deprecated(note = "refused with error 100 since 2026-04-27: use a utility template")]
    pub const CONFIRMED_EVENT_UPDATE: Self = Self(Cow::Borrowed("CONFIRMED_EVENT_UPDATE"));
    /// News of a purchase.
    #[deprecated(note = "refused with error 100 since 2026-04-27: use a utility template")]
    pub const POST_PURCHASE_UPDATE: Self = Self(Cow::Borrowed("POST_PURCHASE_UPDATE"));
    /// A change of an appointment.
    #[deprecated(note = "refused since March 2020: use a utility template")]
    pub const APPOINTMENT_UPDATE: Self = Self(Cow::Borrowed("APPOINTMENT_UPDATE"));
    /// An issue is resolved.
    #[deprecated(note = "refused since March 2020: use a utility template")]
    pub const ISSUE_RESOLUTION: Self = Self(Cow::Borrowed("ISSUE_RESOLUTION"));
    /// News of a payment.
    #[deprecated(note = "refused since March 2020: use a utility template")]
    pub const PAYMENT_UPDATE: Self = Self(Cow::Borrowed("PAYMENT_UPDATE"));
    /// A change of a reservation.
    #[deprecated(note = "refused since March 2020: use a utility template")]
    pub const RESERVATION_UPDATE: Self = Self(Cow::Borrowed("RESERVATION_UPDATE"));
    /// News of a shipment.
    #[deprecated(note = "refused since March 2020: use a utility template")]
    pub const SHIPPING_UPDATE: Self = Self(Cow::Borrowed("SHIPPING_UPDATE"));
    /// News of a ticket.
    #[deprecated(note = "refused since March 2020: use a utility template")]
    pub const TICKET_UPDATE: Self = Self(Cow::Borrowed("TICKET_UPDATE"));

    /// A tag by its name: those that Meta may add.
    pub fn new(name: impl Into<String>) -> Self {
        Self(Cow::Owned(name.into()))
    }

    /// Meta's name of it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How loudly the customer's phone tells of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum Push {
    /// With sound or vibration: what happens when nothing is said.
    Regular,
    /// On the screen only.
    SilentPush,
    /// Not at all.
    NoPush,
}

/// Who has the conversation once the message is sent; only where conversation routing is on.
///
/// Meta: [Conversation routing](https://developers.facebook.com/docs/messenger-platform/conversation-routing)
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "control_type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum HandOver {
    /// Another app, or the Page's default one.
    Pass {
        /// Which app.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        app_id: Option<AppId>,
    },
    /// Nobody.
    Release,
}
