//! Customer information template: asks for an address.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{InvalidMessage, address, check_days, count, malformed, privacy_url, redacted_debug};

/// Form that asks the customer for an address. `Debug` shows no text.
///
/// The answer arrives as
/// [`event::CustomerInformation`](crate::event::CustomerInformation).
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/templates>
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CustomerInformationTemplate {
    /// Countries that the address may be in, at least one, as two capital letters each.
    pub countries: Vec<String>,
    /// Address of the business's privacy policy.
    #[doc(alias = "business_privacy")]
    #[serde(rename = "business_privacy", with = "privacy_url")]
    pub privacy_url: String,
    /// Days for which the form can be answered, 1 to 7. When absent, 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_days: Option<u8>,
    /// Purpose of the question; Meta knows `SHIPPING`. Optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Known parts of the address, in Meta's form. Optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_overrides: Option<Value>,
    /// Known contact data of the customer, in Meta's form. Optional.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_overrides: Option<Value>,
}

redacted_debug!(CustomerInformationTemplate);

impl CustomerInformationTemplate {
    /// Creates a form for an address in one of these countries.
    pub fn new(countries: Vec<String>, privacy_url: impl Into<String>) -> Self {
        Self {
            countries,
            privacy_url: privacy_url.into(),
            expires_in_days: None,
            purpose: None,
            address_overrides: None,
            contact_overrides: None,
        }
    }

    /// Sets for how many days the form can be answered, 1 to 7. Unset by default, which Meta takes
    /// as 1.
    #[doc(alias = "expires_in_days")]
    pub fn with_days(self, days: u8) -> Self {
        Self {
            expires_in_days: Some(days),
            ..self
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        count("countries", self.countries.len(), 1, usize::MAX)?;
        for code in &self.countries {
            if code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_uppercase()) {
                return Err(malformed("a country", "two capital letters", code));
            }
        }
        address("the privacy URL", &self.privacy_url)?;
        check_days(self.expires_in_days)
    }
}
