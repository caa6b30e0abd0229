//! Templates: structured messages.

mod coupon;
mod customer_information;
mod feedback;
mod generic;
mod image_grid;
mod media;
mod privacy_url;
mod products;
mod receipt;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::invalid::{
    address, count, malformed, optional, optional_address, range, required, units,
};
use super::{InvalidMessage, TemplateButton, redacted_debug};
use crate::id::MAX_ID_BYTES;

pub use self::coupon::CouponTemplate;
pub use self::customer_information::CustomerInformationTemplate;
pub use self::feedback::{CustomerFeedbackTemplate, FeedbackQuestion, QuestionKind};
pub use self::generic::{GenericElement, GenericTemplate, MAX_ELEMENTS};
pub use self::image_grid::{GridImage, ImageGridTemplate};
pub use self::media::MediaTemplate;
pub use self::receipt::{
    MAX_RECEIPT_ELEMENTS, ReceiptAdjustment, ReceiptElement, ReceiptTemplate, ShippingAddress,
};

/// Most buttons of a template or a card: 3.
pub const MAX_BUTTONS: usize = 3;

/// Longest text of a button template: 640 UTF-16 units.
pub const MAX_BUTTON_TEXT_UNITS: usize = 640;

/// Longest title or subtitle of most templates: 80 UTF-16 units.
pub const MAX_TITLE_UNITS: usize = 80;

/// Most products of a product template: 10.
pub const MAX_PRODUCTS: usize = 10;

/// Structured message. `Debug` shows the kind only.
///
/// There is no variant for the templates that Meta has withdrawn: list, open graph, airline, and the
/// opt-ins of one-time and recurring notifications.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/templates>
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "template_type", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Template {
    /// Cards side by side.
    Generic(GenericTemplate),
    /// Text with buttons.
    Button {
        /// Text, at most [`MAX_BUTTON_TEXT_UNITS`].
        text: String,
        /// 1 to [`MAX_BUTTONS`] buttons.
        buttons: Vec<TemplateButton>,
    },
    /// One image or video with buttons.
    Media(MediaTemplate),
    /// Confirmation of an order.
    Receipt(ReceiptTemplate),
    /// Coupon.
    Coupon(CouponTemplate),
    /// Question about the customer's satisfaction.
    CustomerFeedback(CustomerFeedbackTemplate),
    /// Products of the Page's catalog.
    Product {
        /// Ids of 1 to [`MAX_PRODUCTS`] products.
        #[doc(alias = "elements")]
        #[serde(rename = "elements", with = "products")]
        ids: Vec<String>,
    },
    /// 2 to 6 images in a grid.
    ImageGrid(ImageGridTemplate),
    /// Form that the customer fills in inside Messenger.
    InstantForm {
        /// Id of the form. Meta refuses a wrong one with code 1 and subcode 2018382.
        form_id: String,
    },
    /// Form that asks for an address.
    CustomerInformation(CustomerInformationTemplate),
    /// Offer to call the Page.
    CallPrompt {
        /// Days for which the offer is valid, at least 1. When absent, 7.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ttl_days: Option<u32>,
    },
    /// Question whether the Page may call the customer. Meta accepts two per day per conversation.
    #[serde(rename = "calling_optin")]
    CallingOptIn {},
}

impl Template {
    /// Creates a text with 1 to [`MAX_BUTTONS`] buttons.
    pub fn buttons(text: impl Into<String>, buttons: Vec<TemplateButton>) -> Self {
        Self::Button {
            text: text.into(),
            buttons,
        }
    }

    /// Creates 1 to [`MAX_ELEMENTS`] cards that cannot be shared.
    pub fn generic(elements: Vec<GenericElement>) -> Self {
        Self::Generic(GenericTemplate::new(elements))
    }

    /// Creates 1 to [`MAX_PRODUCTS`] products of the Page's catalog from their ids.
    pub fn products(ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::Product {
            ids: ids.into_iter().map(Into::into).collect(),
        }
    }

    /// Returns Meta's name of the kind.
    #[doc(alias = "template_type")]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Generic(_) => "generic",
            Self::Button { .. } => "button",
            Self::Media(_) => "media",
            Self::Receipt(_) => "receipt",
            Self::Coupon(_) => "coupon",
            Self::CustomerFeedback(_) => "customer_feedback",
            Self::Product { .. } => "product",
            Self::ImageGrid(_) => "image_grid",
            Self::InstantForm { .. } => "instant_form",
            Self::CustomerInformation(_) => "customer_information",
            Self::CallPrompt { .. } => "call_prompt",
            Self::CallingOptIn {} => "calling_optin",
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        match self {
            Self::Generic(template) => template.check(),
            Self::Button { text, buttons } => {
                required("the text of the template", text, MAX_BUTTON_TEXT_UNITS)?;
                check_buttons(buttons, 1)
            }
            Self::Media(template) => template.check(),
            Self::Receipt(template) => template.check(),
            Self::Coupon(template) => template.check(),
            Self::CustomerFeedback(template) => template.check(),
            Self::Product { ids } => {
                count("products", ids.len(), 1, MAX_PRODUCTS)?;
                ids.iter()
                    .try_for_each(|id| required("the id of a product", id, MAX_ID_BYTES))
            }
            Self::ImageGrid(template) => template.check(),
            Self::InstantForm { form_id } => required("the id of the form", form_id, MAX_ID_BYTES),
            Self::CustomerInformation(template) => template.check(),
            Self::CallPrompt { ttl_days } => {
                let days = ttl_days.map_or(1, i64::from);
                range("the days of the call prompt", days, 1, i64::from(u32::MAX))
            }
            Self::CallingOptIn {} => Ok(()),
        }
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({})", self.kind())
    }
}

macro_rules! into_template {
    ($($name:ident => $variant:ident),* $(,)?) => {$(
        impl From<$name> for Template {
            fn from(template: $name) -> Self {
                Self::$variant(template)
            }
        }
    )*};
}

into_template! {
    GenericTemplate => Generic,
    MediaTemplate => Media,
    ReceiptTemplate => Receipt,
    CouponTemplate => Coupon,
    CustomerFeedbackTemplate => CustomerFeedback,
    ImageGridTemplate => ImageGrid,
    CustomerInformationTemplate => CustomerInformation,
}

fn check_buttons(buttons: &[TemplateButton], least: usize) -> Result<(), InvalidMessage> {
    count("buttons", buttons.len(), least, MAX_BUTTONS)?;
    buttons.iter().try_for_each(TemplateButton::check)
}

/// Checks for how many days a form can be answered.
fn check_days(days: Option<u8>) -> Result<(), InvalidMessage> {
    let days = days.map_or(1, i64::from);
    range("the days until the form expires", days, 1, 7)
}
