//! Questions for an address, and for leave to send notifications.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::feedback::{PrivacyUrl, check_days};
use super::{InvalidMessage, count, optional_address, required};
use crate::graph::send::MAX_PAYLOAD_UNITS;
use crate::graph::send::invalid::address;

/// A question for an address; the answer comes as an event of its own.
///
/// Meta: [Templates](https://developers.facebook.com/docs/messenger-platform/send-messages/templates)
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CustomerInformation {
    /// Where the address may be, in two letters each.
    pub countries: Vec<String>,
    /// What becomes of the answer.
    pub business_privacy: PrivacyUrl,
    /// For how many days it can be answered, 1 to 7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_days: Option<u8>,
    /// What it is for: `SHIPPING`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// What is known of the address, in Meta's own shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_overrides: Option<Value>,
    /// What is known of the person, in Meta's own shape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_overrides: Option<Value>,
}

/// A question whether the Page may send notifications; a yes comes as an opt-in with a token.
///
/// Meta: [Marketing messages](https://developers.facebook.com/docs/messenger-platform/marketing-messages)
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct NotificationOptIn {
    /// What they are about; Meta's own words are "Updates and promotions".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// A picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// `horizontal` or `square`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_aspect_ratio: Option<String>,
    /// What the Page is told with the opt-in.
    pub payload: String,
    /// The time zone in which they come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notification_messages_timezone: Option<String>,
    /// What the button says, as Meta names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notification_messages_cta_text: Option<String>,
}

super::super::hush!(CustomerInformation, NotificationOptIn);

impl CustomerInformation {
    /// A question for an address in one of these countries.
    pub fn new(countries: Vec<String>, privacy_url: impl Into<String>) -> Self {
        Self {
            countries,
            business_privacy: PrivacyUrl::new(privacy_url),
            expires_in_days: None,
            purpose: None,
            address_overrides: None,
            contact_overrides: None,
        }
    }

    /// The same for as many days.
    pub fn with_days(self, days: u8) -> Self {
        Self {
            expires_in_days: Some(days),
            ..self
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        count("countries", self.countries.len(), 1, usize::MAX)?;
        let is_country =
            |code: &String| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        if !self.countries.iter().all(is_country) {
            let (what, form) = ("a country", "two capital letters");
            return Err(InvalidMessage::Malformed { what, form });
        }
        address("the privacy page", &self.business_privacy.url)?;
        check_days(self.expires_in_days)
    }
}

impl NotificationOptIn {
    /// A question with this payload.
    pub fn new(payload: impl Into<String>) -> Self {
        Self {
            payload: payload.into(),
            ..Self::default()
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        required(
            "the payload of the opt-in",
            &self.payload,
            MAX_PAYLOAD_UNITS,
        )?;
        optional_address("the picture of the opt-in", self.image_url.as_ref())
    }
}
