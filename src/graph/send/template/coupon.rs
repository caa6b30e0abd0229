//! A coupon.

use serde::{Deserialize, Serialize};

use super::{InvalidMessage, MAX_TITLE_UNITS, optional, optional_address, required};

/// A coupon: with a code, or with an address.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Coupon {
    /// What it is for, at most [`MAX_TITLE_UNITS`].
    pub title: String,
    /// More about it, at most [`MAX_TITLE_UNITS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// The code, without spaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon_code: Option<String>,
    /// Where to use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon_url: Option<String>,
    /// The title of the button that leads there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon_url_button_title: Option<String>,
    /// A text before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub coupon_pre_message: Option<String>,
    /// A picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// What the Page is told when it is tapped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
}

impl Coupon {
    /// A coupon with a code.
    pub fn code(title: impl Into<String>, code: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            coupon_code: Some(code.into()),
            ..Self::default()
        }
    }

    /// A coupon with an address.
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
        let has_space = |code: &String| code.is_empty() || code.contains(char::is_whitespace);
        if self.coupon_code.as_ref().is_some_and(has_space) {
            let (what, form) = ("the code of the coupon", "a text without spaces");
            return Err(InvalidMessage::Malformed { what, form });
        }
        optional_address("the address of the coupon", self.coupon_url.as_ref())?;
        optional_address("the picture of the coupon", self.image_url.as_ref())?;
        if self.coupon_code.is_none() && self.coupon_url.is_none() {
            return Err(InvalidMessage::Mismatch(
                "a coupon has a code or an address",
            ));
        }
        Ok(())
    }
}

super::super::hush!(Coupon);
