//! Quick replies: replies that a customer can tap.

use serde::{Deserialize, Serialize};

use super::button::MAX_PAYLOAD_UNITS;
use super::invalid::{optional_address, required, short};
use super::{InvalidMessage, redacted_debug};

/// Most quick replies of a message: 13.
pub const MAX_QUICK_REPLIES: usize = 13;

/// Longest title of a quick reply: 20 UTF-16 units.
pub const MAX_QUICK_REPLY_TITLE_UNITS: usize = 20;

/// Reply that a customer can tap, below a message. `Debug` shows no text.
///
/// The tap arrives as a message with the title as its text and with the payload in
/// [`event::Message::quick_reply`](crate::event::Message::quick_reply).
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/quick-replies>
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "content_type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum OutgoingQuickReply {
    /// A text of the Page's choice.
    Text {
        /// Title, at most [`MAX_QUICK_REPLY_TITLE_UNITS`]. It may be empty when there is an image.
        title: String,
        /// Developer-defined payload, returned with the tap; at most [`MAX_PAYLOAD_UNITS`]. It may
        /// be empty when there is an image.
        payload: String,
        /// Address of an image shown before the title, at least 24 × 24 pixels. Optional.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        image_url: Option<String>,
    },
    /// The phone number of the customer's account. Not shown when the account has none.
    UserPhoneNumber,
    /// The email address of the customer's account. Not shown when the account has none.
    UserEmail,
}

redacted_debug!(OutgoingQuickReply);

impl OutgoingQuickReply {
    /// Creates a quick reply with a title and a payload.
    pub fn text(title: impl Into<String>, payload: impl Into<String>) -> Self {
        Self::Text {
            title: title.into(),
            payload: payload.into(),
            image_url: None,
        }
    }

    /// Creates a quick reply with an image, a title and a payload. Title and payload may be empty.
    #[doc(alias = "image_url")]
    pub fn image(
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
        optional_address("the image URL of a quick reply", image_url.as_ref())
    }
}
