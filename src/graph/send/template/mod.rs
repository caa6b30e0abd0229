//! Messages with a form of their own.

mod ask;
mod coupon;
mod feedback;
mod generic;
mod image_grid;
mod media;
mod receipt;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::invalid::{count, optional, optional_address, range, required};
use super::{Button, InvalidMessage};

pub use self::ask::{CustomerInformation, NotificationOptIn};
pub use self::coupon::Coupon;
pub use self::feedback::{
    CustomerFeedback, FeedbackQuestion, FeedbackScreen, FollowUp, PrivacyUrl, QuestionKind,
};
pub use self::generic::{DefaultAction, Element, Generic, MAX_ELEMENTS};
pub use self::image_grid::{GridAction, GridElement, GridImage, ImageGrid};
pub use self::media::{MediaElement, MediaTemplate};
pub use self::receipt::{
    Address, Adjustment, MAX_RECEIPT_ELEMENTS, Receipt, ReceiptElement, Summary,
};

/// The most buttons of a template or an element.
pub const MAX_BUTTONS: usize = 3;

/// The longest text of a button template, in UTF-16 units.
pub const MAX_BUTTON_TEXT_UNITS: usize = 640;

/// The longest title or subtitle of most templates, in UTF-16 units.
pub const MAX_TITLE_UNITS: usize = 80;

/// The most products of a product template.
pub const MAX_PRODUCTS: usize = 10;

/// A message with a form of its own; its `Debug` shows which.
///
/// What Meta no longer takes (lists, open graph, airline templates) is not here.
///
/// Meta: [Templates](https://developers.facebook.com/docs/messenger-platform/send-messages/templates)
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "template_type", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "an attachment keeps it boxed")]
#[non_exhaustive]
pub enum Template {
    /// Cards side by side.
    Generic(Generic),
    /// A text and up to [`MAX_BUTTONS`] buttons.
    Button(Buttons),
    /// A picture or film with buttons.
    Media(MediaTemplate),
    /// An order that was paid.
    Receipt(Receipt),
    /// A coupon.
    Coupon(Coupon),
    /// A question how it was.
    CustomerFeedback(CustomerFeedback),
    /// Products of the Page's catalogue.
    Product(Products),
    /// Two to six pictures in a grid, since 2026-06-30.
    ImageGrid(ImageGrid),
    /// A form that is filled in within Messenger.
    InstantForm(InstantForm),
    /// A question for an address.
    CustomerInformation(CustomerInformation),
    /// An offer to call.
    CallPrompt(CallPrompt),
    /// A question whether the Page may call; at most two a day in a conversation.
    CallingOptin {},
    /// A question whether the Page may send notifications. Meta has taken no new apps since
    /// 2025-09-01, and sends only in few countries since 2026-02-10.
    NotificationMessages(NotificationOptIn),
}

impl Template {
    /// A text with buttons.
    pub fn buttons(text: impl Into<String>, buttons: Vec<Button>) -> Self {
        Self::Button(Buttons {
            text: text.into(),
            buttons,
        })
    }

    /// A card, or several side by side.
    pub fn generic(elements: Vec<Element>) -> Self {
        Self::Generic(Generic::new(elements))
    }

    /// Products of the Page's catalogue, by their ids.
    pub fn products(ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let product = |id: String| Product { id };
        Self::Product(Products {
            elements: ids.into_iter().map(|id| product(id.into())).collect(),
        })
    }

    /// A form, by its id.
    pub fn instant_form(id: impl Into<String>) -> Self {
        Self::InstantForm(InstantForm { form_id: id.into() })
    }

    /// An offer to call, for as many days; Meta's own number is 7.
    pub fn call_prompt(ttl_days: Option<u32>) -> Self {
        Self::CallPrompt(CallPrompt { ttl_days })
    }

    /// Meta's name of the kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Generic(_) => "generic",
            Self::Button(_) => "button",
            Self::Media(_) => "media",
            Self::Receipt(_) => "receipt",
            Self::Coupon(_) => "coupon",
            Self::CustomerFeedback(_) => "customer_feedback",
            Self::Product(_) => "product",
            Self::ImageGrid(_) => "image_grid",
            Self::InstantForm(_) => "instant_form",
            Self::CustomerInformation(_) => "customer_information",
            Self::CallPrompt(_) => "call_prompt",
            Self::CallingOptin {} => "calling_optin",
            Self::NotificationMessages(_) => "notification_messages",
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        match self {
            Self::Generic(generic) => generic.check(),
            Self::Button(template) => {
                required(
                    "the text of the template",
                    &template.text,
                    MAX_BUTTON_TEXT_UNITS,
                )?;
                check_buttons(&template.buttons, 1)
            }
            Self::Media(media) => media.check(),
            Self::Receipt(receipt) => receipt.check(),
            Self::Coupon(coupon) => coupon.check(),
            Self::CustomerFeedback(feedback) => feedback.check(),
            Self::Product(products) => {
                count("products", products.elements.len(), 1, MAX_PRODUCTS)?;
                let id = |product: &Product| required("the id of a product", &product.id, 512);
                products.elements.iter().try_for_each(id)
            }
            Self::ImageGrid(grid) => grid.check(),
            Self::InstantForm(form) => required("the id of the form", &form.form_id, 512),
            Self::CustomerInformation(ask) => ask.check(),
            Self::CallPrompt(prompt) => {
                let days = prompt.ttl_days.map_or(1, i64::from);
                range("the days of the call prompt", days, 1, i64::from(u32::MAX))
            }
            Self::CallingOptin {} => Ok(()),
            Self::NotificationMessages(opt_in) => opt_in.check(),
        }
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({})", self.kind())
    }
}

/// A text and up to [`MAX_BUTTONS`] buttons.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Buttons {
    /// The text, at most [`MAX_BUTTON_TEXT_UNITS`].
    pub text: String,
    /// The buttons.
    pub buttons: Vec<Button>,
}

/// Products of the Page's catalogue.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Products {
    /// Up to [`MAX_PRODUCTS`].
    pub elements: Vec<Product>,
}

/// A product of the Page's catalogue.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Product {
    /// Its id there.
    pub id: String,
}

/// A form that is filled in within Messenger.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InstantForm {
    /// Its id. Meta refuses a wrong one with 1/2018382.
    pub form_id: String,
}

/// An offer to call.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CallPrompt {
    /// For how many days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_days: Option<u32>,
}

super::hush!(Buttons, Products, Product, InstantForm, CallPrompt);

macro_rules! into_template {
    ($($name:ident => $variant:ident),*) => {$(
        impl From<$name> for Template {
            fn from(template: $name) -> Self {
                Self::$variant(template)
            }
        }
    )*};
}

into_template! {
    Generic => Generic, MediaTemplate => Media, Receipt => Receipt, Coupon => Coupon,
    CustomerFeedback => CustomerFeedback, ImageGrid => ImageGrid,
    CustomerInformation => CustomerInformation, NotificationOptIn => NotificationMessages
}

fn check_buttons(buttons: &[Button], least: usize) -> Result<(), InvalidMessage> {
    count("buttons", buttons.len(), least, MAX_BUTTONS)?;
    buttons.iter().try_for_each(Button::check)
}
