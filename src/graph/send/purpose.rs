//! Purpose of a message: the rule of Meta that allows it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::InvalidMessage;
use super::invalid::malformed;

/// Rule of Meta that allows a message now (`messaging_type`).
///
/// [`Window`](super::Window) chooses a purpose from the time of the customer's last action.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages#messaging_types>
#[doc(alias = "messaging_type")]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Purpose {
    /// Reply to the customer, inside the standard messaging window. Promotion is allowed.
    #[default]
    Response,
    /// Message that the Page begins, inside the standard messaging window. Promotion is allowed.
    Update,
    /// Message outside the window, for the reason that the tag names. Promotion is not allowed.
    #[doc(alias = "MESSAGE_TAG")]
    Tagged(MessageTag),
    /// Template that Meta approved beforehand, at any time. Needs the permission
    /// `page_utility_messaging`.
    Utility,
}

impl Purpose {
    /// Returns Meta's name of the purpose.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Response => "RESPONSE",
            Self::Update => "UPDATE",
            Self::Tagged(_) => "MESSAGE_TAG",
            Self::Utility => "UTILITY",
        }
    }

    /// Returns the tag, or `None` for a purpose without one.
    pub fn tag(&self) -> Option<&MessageTag> {
        match self {
            Self::Tagged(tag) => Some(tag),
            _ => None,
        }
    }

    /// Returns whether Meta allows the purpose inside the standard messaging window only.
    pub fn needs_standard_window(&self) -> bool {
        matches!(self, Self::Response | Self::Update)
    }

    pub(super) fn read(
        messaging_type: Option<&str>,
        tag: Option<MessageTag>,
    ) -> Result<Self, InvalidMessage> {
        match (messaging_type, tag) {
            (None | Some("RESPONSE"), None) => Ok(Self::Response),
            (Some("UPDATE"), None) => Ok(Self::Update),
            (Some("UTILITY"), None) => Ok(Self::Utility),
            (Some("MESSAGE_TAG"), Some(tag)) => Ok(Self::Tagged(tag)),
            (Some("RESPONSE" | "UPDATE" | "MESSAGE_TAG" | "UTILITY") | None, _) => {
                Err(InvalidMessage::Mismatch(
                    "a tag and the messaging type MESSAGE_TAG need each other",
                ))
            }
            (Some(other), _) => Err(malformed(
                "the messaging type",
                "RESPONSE, UPDATE, MESSAGE_TAG or UTILITY",
                other,
            )),
        }
    }
}

/// Reason for a message outside the standard messaging window, by Meta's name.
///
/// Meta accepts two tags, which are constants. It refuses the older tags with code 100: use a
/// utility template instead. [`MessageTag::new`] is for tags that Meta may add.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/message-tags>
#[derive(Clone, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageTag(Cow<'static, str>);

impl MessageTag {
    /// Reply written by a person, at most 7 days after the customer's last message. Needs the
    /// feature *Human Agent*, which Meta grants in app review.
    pub const HUMAN_AGENT: Self = Self(Cow::Borrowed("HUMAN_AGENT"));
    /// Customer feedback template, at most 7 days after the customer's last message.
    pub const CUSTOMER_FEEDBACK: Self = Self(Cow::Borrowed("CUSTOMER_FEEDBACK"));

    /// Creates a tag from Meta's name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(Cow::Owned(name.into()))
    }

    /// Returns Meta's name of the tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
