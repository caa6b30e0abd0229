//! Receipt template: confirmation of an order.

use serde::{Deserialize, Serialize};

use super::{InvalidMessage, count, malformed, optional_address, redacted_debug, required};
use crate::time::Timestamp;

/// Most items of a receipt: 100.
pub const MAX_RECEIPT_ELEMENTS: usize = 100;

/// For texts without a limit of Meta's.
const NO_LIMIT: usize = usize::MAX;

/// Confirmation of an order. `Debug` shows no text. Amounts are decimal numbers in the receipt's
/// currency, as Meta expects.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/template/receipt>
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Wire", into = "Wire")]
#[non_exhaustive]
pub struct ReceiptTemplate {
    /// Name of the buyer.
    pub recipient_name: String,
    /// Name of the seller. The Page's name when absent.
    pub merchant_name: Option<String>,
    /// Order number. Meta accepts each number once.
    pub order_number: String,
    /// Currency, such as `EUR`.
    pub currency: String,
    /// Payment method, such as `Visa 2345`.
    pub payment_method: String,
    /// Address of a page about the order. Optional.
    pub order_url: Option<String>,
    /// Time of the order in seconds since 1970-01-01 UTC, as text. Not shown when absent.
    pub timestamp: Option<String>,
    /// Bought items, at most [`MAX_RECEIPT_ELEMENTS`].
    pub elements: Vec<ReceiptElement>,
    /// Shipping address. Not shown when absent.
    pub address: Option<ShippingAddress>,
    /// Price of all items. Not shown when absent.
    pub subtotal: Option<f64>,
    /// Shipping cost. Not shown when absent.
    pub shipping_cost: Option<f64>,
    /// Tax. Not shown when absent.
    pub total_tax: Option<f64>,
    /// Price of the order, with shipping, tax and adjustments.
    pub total_cost: f64,
    /// Discounts and other adjustments.
    pub adjustments: Vec<ReceiptAdjustment>,
    /// Whether the customer can share the receipt. Meta decides when absent.
    pub sharable: Option<bool>,
}

/// Bought item of a receipt. `Debug` shows no text.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ReceiptElement {
    /// Name of the item.
    pub title: String,
    /// Text below the name. Optional.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// Number of pieces. Not shown when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<f64>,
    /// Price, in the currency of the item. Zero for a free item.
    pub price: f64,
    /// Currency of the price. The receipt's when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Address of an image. Optional.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
}

/// Shipping address of a receipt. `Debug` shows no text.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ShippingAddress {
    /// Street and house number.
    pub street_1: String,
    /// Second line of the street. Optional.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street_2: Option<String>,
    /// City.
    pub city: String,
    /// Postal code.
    pub postal_code: String,
    /// State or region.
    pub state: String,
    /// Country, as two letters.
    pub country: String,
}

/// Discount or other adjustment of a receipt. `Debug` shows no text.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct ReceiptAdjustment {
    /// Name of the adjustment.
    pub name: String,
    /// Amount, in the receipt's currency.
    pub amount: f64,
}

redacted_debug!(
    ReceiptTemplate,
    ReceiptElement,
    ShippingAddress,
    ReceiptAdjustment
);

impl ReceiptTemplate {
    /// Creates a receipt with the fields that Meta requires. Set the other fields directly.
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
            total_cost,
            ..Self::default()
        }
    }

    /// Sets the time of the order, to the second. None by default.
    pub fn with_timestamp(self, timestamp: Timestamp) -> Self {
        Self {
            timestamp: Some(timestamp.as_secs().to_string()),
            ..self
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        for (what, text) in [
            ("the recipient of the receipt", &self.recipient_name),
            ("the order number of the receipt", &self.order_number),
            ("the currency of the receipt", &self.currency),
            ("the payment method of the receipt", &self.payment_method),
        ] {
            required(what, text, NO_LIMIT)?;
        }
        optional_address("the order URL of the receipt", self.order_url.as_ref())?;
        if let Some(timestamp) = &self.timestamp
            && timestamp.parse::<u64>().is_err()
        {
            let form = "a number of seconds";
            return Err(malformed("the time of the receipt", form, timestamp));
        }
        let elements = self.elements.len();
        count("elements of the receipt", elements, 0, MAX_RECEIPT_ELEMENTS)?;
        for element in &self.elements {
            required("the title of an element", &element.title, NO_LIMIT)?;
            optional_address("the image URL of an element", element.image_url.as_ref())?;
        }
        if !self.amounts().all(f64::is_finite) {
            return Err(InvalidMessage::Mismatch(
                "an amount of the receipt is infinite or not a number",
            ));
        }
        Ok(())
    }

    fn amounts(&self) -> impl Iterator<Item = f64> {
        let sums = [self.subtotal, self.shipping_cost, self.total_tax];
        let elements = self.elements.iter();
        let adjustments = self.adjustments.iter();
        sums.into_iter()
            .flatten()
            .chain([self.total_cost])
            .chain(elements.flat_map(|element| [element.price, element.quantity.unwrap_or(0.0)]))
            .chain(adjustments.map(|adjustment| adjustment.amount))
    }
}

impl ReceiptElement {
    /// Creates an item with its price, in the receipt's currency.
    pub fn new(title: impl Into<String>, price: f64) -> Self {
        Self {
            title: title.into(),
            price,
            ..Self::default()
        }
    }
}

impl ReceiptAdjustment {
    /// Creates an adjustment, in the receipt's currency.
    pub fn new(name: impl Into<String>, amount: f64) -> Self {
        Self {
            name: name.into(),
            amount,
        }
    }
}

/// Receipt in Meta's form, where the sums are an object.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wire {
    recipient_name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    merchant_name: Option<String>,
    order_number: String,
    currency: String,
    payment_method: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    order_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    elements: Vec<ReceiptElement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<ShippingAddress>,
    summary: Summary,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    adjustments: Vec<ReceiptAdjustment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sharable: Option<bool>,
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Summary {
    #[serde(skip_serializing_if = "Option::is_none")]
    subtotal: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_cost: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total_tax: Option<f64>,
    total_cost: f64,
}

impl From<ReceiptTemplate> for Wire {
    fn from(receipt: ReceiptTemplate) -> Self {
        Self {
            recipient_name: receipt.recipient_name,
            merchant_name: receipt.merchant_name,
            order_number: receipt.order_number,
            currency: receipt.currency,
            payment_method: receipt.payment_method,
            order_url: receipt.order_url,
            timestamp: receipt.timestamp,
            elements: receipt.elements,
            address: receipt.address,
            summary: Summary {
                subtotal: receipt.subtotal,
                shipping_cost: receipt.shipping_cost,
                total_tax: receipt.total_tax,
                total_cost: receipt.total_cost,
            },
            adjustments: receipt.adjustments,
            sharable: receipt.sharable,
        }
    }
}

impl From<Wire> for ReceiptTemplate {
    fn from(wire: Wire) -> Self {
        Self {
            recipient_name: wire.recipient_name,
            merchant_name: wire.merchant_name,
            order_number: wire.order_number,
            currency: wire.currency,
            payment_method: wire.payment_method,
            order_url: wire.order_url,
            timestamp: wire.timestamp,
            elements: wire.elements,
            address: wire.address,
            subtotal: wire.summary.subtotal,
            shipping_cost: wire.summary.shipping_cost,
            total_tax: wire.summary.total_tax,
            total_cost: wire.summary.total_cost,
            adjustments: wire.adjustments,
            sharable: wire.sharable,
        }
    }
}
