//! Coupon template.

use serde::{Deserialize, Serialize};

use super::{
    InvalidMessage, MAX_TITLE_UNITS, malformed, optional, optional_address, redacted_debug,
    required,
};

/// Coupon with a code, a URL or both. `Debug` shows no text.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/templates>
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct CouponTemplate {
    /// Title, at most [`MAX_TITLE_UNITS`].
    pub title: String,
    /// Text below the title, at most [`MAX_TITLE_UNITS`]. Optional.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// Code without spaces. Absent for a coupon with a URL only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon_code: Option<String>,
    /// Address of the page where the coupon can be used. Absent for a coupon with a code only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon_url: Option<String>,
    /// Title of the button that opens `coupon_url`. Meta's default title when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon_url_button_title: Option<String>,
    /// Text shown before the coupon. Optional.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon_pre_message: Option<String>,
    /// Address of an image. Optional.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// Developer-defined payload, returned when the customer opens the coupon. Optional.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

redacted_debug!(CouponTemplate);

impl CouponTemplate {
    /// Creates a coupon with a code.
    #[doc(alias = "coupon_code")]
    pub fn code(title: impl Into<String>, code: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            coupon_code: Some(code.into()),
            ..Self::default()
        }
    }

    /// Creates a coupon with a URL.
    #[doc(alias = "coupon_url")]
    pub fn url(title: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            coupon_url: Some(url.into()),
            ..Self::default()
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        required("the title of the coupon", &self.title, MAX_TITLE_UNITS)?;
        let subtitle = self.subtitle.as_ref();
        optional("the subtitle of the coupon", subtitle, MAX_TITLE_UNITS)?;
        if let Some(code) = &self.coupon_code
            && (code.is_empty() || code.contains(char::is_whitespace))
        {
            let form = "a text without spaces";
            return Err(malformed("the code of the coupon", form, code));
        }
        optional_address("the URL of the coupon", self.coupon_url.as_ref())?;
        optional_address("the image URL of the coupon", self.image_url.as_ref())?;
        if self.coupon_code.is_none() && self.coupon_url.is_none() {
            return Err(InvalidMessage::Mismatch("a coupon needs a code or a URL"));
        }
        Ok(())
    }
}
