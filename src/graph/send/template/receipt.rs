//! An order that was paid.

use serde::{Deserialize, Serialize};

use super::{InvalidMessage, count, optional_address, required};
use crate::time::Timestamp;

/// The most things in a receipt.
pub const MAX_RECEIPT_ELEMENTS: usize = 100;

/// Texts for which Meta names no limit.
const ANY: usize = usize::MAX;

/// An order that was paid. Amounts are numbers in the receipt's currency, as Meta wants them.
///
/// Meta: [Receipt template](https://developers.facebook.com/docs/messenger-platform/send-messages/template/receipt)
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Receipt {
    /// Who bought.
    pub recipient_name: String,
    /// Who sold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merchant_name: Option<String>,
    /// The number of the order; Meta takes each number once.
    pub order_number: String,
    /// The currency, such as `EUR`.
    pub currency: String,
    /// How it was paid, such as `Visa 2345`.
    pub payment_method: String,
    /// Where the order can be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_url: Option<String>,
    /// When it was ordered, as text of a number of seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestamp: Option<String>,
    /// Up to [`MAX_RECEIPT_ELEMENTS`] things.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub elements: Vec<ReceiptElement>,
    /// Where it goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The sums.
    pub summary: Summary,
    /// What was taken off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub adjustments: Vec<Adjustment>,
    /// Whether the customer may pass it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sharable: Option<bool>,
}

/// A thing that was bought.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ReceiptElement {
    /// What it is.
    pub title: String,
    /// More about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// How many.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<f64>,
    /// What it costs.
    pub price: f64,
    /// The currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// A picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
}

/// Where an order goes.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Address {
    /// Street and number.
    pub street_1: String,
    /// More of the street.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_2: Option<String>,
    /// The city.
    pub city: String,
    /// The postal code.
    pub postal_code: String,
    /// The state or region.
    pub state: String,
    /// The country, in two letters.
    pub country: String,
}

/// The sums of a receipt.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Summary {
    /// Before the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtotal: Option<f64>,
    /// For shipping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_cost: Option<f64>,
    /// Taxes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_tax: Option<f64>,
    /// What was paid.
    pub total_cost: f64,
}

/// Something that was taken off.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Adjustment {
    /// What it is.
    pub name: String,
    /// How much.
    pub amount: f64,
}

super::super::hush!(Receipt, ReceiptElement, Address, Summary, Adjustment);

impl Receipt {
    /// A receipt with what Meta insists on; the rest are its fields.
    pub fn new(
        recipient_name: impl Into<String>,
        order_number: impl Into<String>,
        currency: impl Into<String>,
        payment_method: impl Into<String>,
        total_cost: f64,
    ) -> Self {
        Self {
            recipient_name: recipient_name.into(),
            order_number: order_number.into(),
            currency: currency.into(),
            payment_method: payment_method.into(),
            summary: Summary {
                total_cost,
                ..Summary::default()
            },
            ..Self::default()
        }
    }

    /// The same, ordered at that moment.
    pub fn ordered_at(self, at: Timestamp) -> Self {
        Self {
            timestamp: Some(at.as_millis().div_euclid(1000).to_string()),
            ..self
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        required("the recipient of the receipt", &self.recipient_name, ANY)?;
        required("the order number of the receipt", &self.order_number, ANY)?;
        required("the currency of the receipt", &self.currency, ANY)?;
        required(
            "the payment method of the receipt",
            &self.payment_method,
            ANY,
        )?;
        optional_address("the address of the order", self.order_url.as_ref())?;
        let is_number = |text: &String| text.parse::<u64>().is_ok();
        if !self.timestamp.as_ref().is_none_or(is_number) {
            let (what, form) = ("the time of the receipt", "a number of seconds");
            return Err(InvalidMessage::Malformed { what, form });
        }
        count(
            "elements of the receipt",
            self.elements.len(),
            0,
            MAX_RECEIPT_ELEMENTS,
        )?;
        for element in &self.elements {
            required("the title of a receipt's element", &element.title, ANY)?;
            optional_address("the picture of an element", element.image_url.as_ref())?;
        }
        if !self.amounts().all(f64::is_finite) {
            let (what, form) = ("an amount of the receipt", "a finite number");
            return Err(InvalidMessage::Malformed { what, form });
        }
        Ok(())
    }

    fn amounts(&self) -> impl Iterator<Item = f64> {
        let summary = &self.summary;
        let sums = [summary.subtotal, summary.shipping_cost, summary.total_tax];
        let elements = self.elements.iter();
        let adjustments = self.adjustments.iter();
        sums.into_iter()
            .flatten()
            .chain([summary.total_cost])
            .chain(elements.flat_map(|element| [element.price, element.quantity.unwrap_or(0.0)]))
            .chain(adjustments.map(|adjustment| adjustment.amount))
    }
}

impl ReceiptElement {
    /// A thing and its price.
    pub fn new(title: impl Into<String>, price: f64) -> Self {
        Self {
            title: title.into(),
            price,
            ..Self::default()
        }
    }
}

impl Adjustment {
    /// Something that was taken off.
    pub fn new(name: impl Into<String>, amount: f64) -> Self {
        Self {
            name: name.into(),
            amount,
        }
    }
}
