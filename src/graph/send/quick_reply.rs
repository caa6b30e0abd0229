//! Answers that a customer can tap.

use serde::{Deserialize, Serialize};

use super::InvalidMessage;
use super::button::MAX_PAYLOAD_UNITS;
use super::invalid::{optional_address, required, short};

/// The most quick replies of a message.
pub const MAX_QUICK_REPLIES: usize = 13;

/// The longest title of a quick reply, in UTF-16 units.
pub const MAX_QUICK_REPLY_TITLE_UNITS: usize = 20;

/// An answer that a customer can tap; it comes back as a message with its payload.
///
/// Meta: [Quick replies](https://developers.facebook.com/docs/messenger-platform/send-messages/quick-replies)
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "content_type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuickReply {
    /// A text of the Page's choice.
    Text {
        /// What the customer sees; it may be empty beside a picture.
        title: String,
        /// What the Page is told; it may be empty beside a picture.
        payload: String,
        /// A picture before the title, at least 24 × 24 pixels.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image_url: Option<String>,
    },
    /// The phone number that the customer's account has.
    UserPhoneNumber,
    /// The mail address that the customer's account has.
    UserEmail,
}

super::hush!(QuickReply);

impl QuickReply {
    /// A text and its payload.
    pub fn text(title: impl Into<String>, payload: impl Into<String>) -> Self {
        Self::Text {
            title: title.into(),
            payload: payload.into(),
            image_url: None,
        }
    }

    /// A picture with a text and a payload, both of which may be empty.
    pub fn picture(
        image_url: impl Into<String>,
        title: impl Into<String>,
        payload: impl Into<String>,
    ) -> Self {
        Self::Text {
            title: title.into(),
            payload: payload.into(),
            image_url: Some(image_url.into()),
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        let Self::Text {
            title,
            payload,
            image_url,
        } = self
        else {
            return Ok(());
        };
        let check = if image_url.is_some() { short } else { required };
        check(
            "the title of a quick reply",
            title,
            MAX_QUICK_REPLY_TITLE_UNITS,
        )?;
        check("the payload of a quick reply", payload, MAX_PAYLOAD_UNITS)?;
        optional_address("the picture of a quick reply", image_url.as_ref())
    }
}
