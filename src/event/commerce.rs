//! What customers order, redeem and pay.

use super::wire::wire;
use crate::text::Text;

wire! {
    /// A cart that a customer sent.
    ///
    /// Meta: [send_cart](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/send_cart)
    pub struct Order {
        /// What is in it.
        pub products: Vec<OrderedProduct<'a>> = "products";
        /// What the customer wrote to it.
        pub note: Option<Text<'a>> = "note";
        /// Where it was filled, such as `live_shopping`.
        pub source: Option<Text<'a>> = "source";
        /// Which one of these.
        pub source_id: Option<Text<'a>> = "source_id";
    }

    /// A product in a cart.
    pub struct OrderedProduct {
        /// Its id in the catalog.
        pub id: Option<Text<'a>> = "id";
        /// The seller's number of it.
        pub retailer_id: Option<Text<'a>> = "retailer_id";
        /// Its name.
        pub name: Option<Text<'a>> = "name";
        /// What one costs: a decimal number, as Meta wrote it.
        pub unit_price: Option<Text<'a>> = "unit_price";
        /// The ISO 4217 code of the currency.
        pub currency: Option<Text<'a>> = "currency";
        /// How many.
        pub quantity: Option<i64> = "quantity";
    }

    /// A tap on the coupon of a template.
    ///
    /// Meta: [Coupon template](https://developers.facebook.com/docs/messenger-platform/send-messages/template/coupon)
    pub struct Coupon {
        /// `coupon`. An open set.
        pub kind: Option<Text<'a>> = "type";
        /// What the Page put behind it.
        pub payload: Option<Text<'a>> = "payload";
        /// The code that was shown.
        pub code: Option<Text<'a>> = "coupon_code";
    }

    /// Meta believes to have seen a purchase in the conversation.
    pub struct MessageContext {
        /// What it is sure of.
        pub detections: Vec<Detection<'a>> = "detections";
        /// What it suggests.
        pub suggestions: Vec<Detection<'a>> = "suggestions";
    }

    /// A purchase, as Meta believes.
    pub struct Detection {
        /// `PURCHASE`. An open set.
        pub kind: Option<Text<'a>> = "type";
        /// The id of the detection.
        pub id: Option<Text<'a>> = "id";
        /// The message that it was seen in.
        pub mid: Option<Text<'a>> = "mid";
        /// `payment_received`, `fb_mobile_purchase`, … An open set.
        pub event_name: Option<Text<'a>> = "event_name";
        /// What saw it.
        pub model: Option<Text<'a>> = "model";
    }

    /// A payment. Legacy: the beta has ended.
    pub struct Payment {
        /// What the Page put behind the button.
        pub payload: Option<Text<'a>> = "payload";
        /// Who pays, and where to ship.
        pub user: Option<PayingUser<'a>> = "requested_user_info";
        /// With what.
        pub credential: Option<PaymentCredential<'a>> = "payment_credential";
        /// How much.
        pub amount: Option<Amount<'a>> = "amount";
        /// How to ship.
        pub shipping_option_id: Option<Text<'a>> = "shipping_option_id";
    }

    /// A payment that a customer is about to make. Legacy.
    pub struct PreCheckout {
        /// What the Page put behind the button.
        pub payload: Option<Text<'a>> = "payload";
        /// Who pays, and where to ship.
        pub user: Option<PayingUser<'a>> = "requested_user_info";
        /// How much.
        pub amount: Option<Amount<'a>> = "amount";
    }

    /// A new address for a flexible amount. Legacy.
    pub struct CheckoutUpdate {
        /// What the Page put behind the button.
        pub payload: Option<Text<'a>> = "payload";
        /// Where to ship.
        pub shipping_address: Option<Address<'a>> = "shipping_address";
    }

    /// Who pays, as far as the Page asked.
    pub struct PayingUser {
        /// Where to ship.
        pub shipping_address: Option<Address<'a>> = "shipping_address";
        /// The name.
        pub contact_name: Option<Text<'a>> = "contact_name";
        /// The e-mail address.
        pub contact_email: Option<Text<'a>> = "contact_email";
        /// The telephone number.
        pub contact_phone: Option<Text<'a>> = "contact_phone";
    }

    /// A postal address.
    pub struct Address {
        /// Its id.
        pub id: Option<Text<'a>> = "id";
        /// The addressee.
        pub name: Option<Text<'a>> = "name";
        /// Street and number.
        pub street_1: Option<Text<'a>> = "street_1" | "street1";
        /// A second line for it.
        pub street_2: Option<Text<'a>> = "street_2" | "street2";
        /// The city.
        pub city: Option<Text<'a>> = "city";
        /// The state.
        pub state: Option<Text<'a>> = "state";
        /// The country's ISO 3166 code.
        pub country: Option<Text<'a>> = "country";
        /// The postal code.
        pub postal_code: Option<Text<'a>> = "postal_code";
    }

    /// With what a payment is made. Card numbers come tokenised.
    pub struct PaymentCredential {
        /// `stripe`, `paypal` or `token`.
        pub provider_type: Option<Text<'a>> = "provider_type";
        /// The provider's id of the charge.
        pub charge_id: Option<Text<'a>> = "charge_id";
        /// The card, as a token.
        pub tokenized_card: Option<Text<'a>> = "tokenized_card";
        /// Its check digits, as a token.
        pub tokenized_cvv: Option<Text<'a>> = "tokenized_cvv";
        /// The month that the token ends in.
        pub token_expiry_month: Option<Text<'a>> = "token_expiry_month";
        /// The year that the token ends in.
        pub token_expiry_year: Option<Text<'a>> = "token_expiry_year";
        /// Meta's id of the payment.
        pub fb_payment_id: Option<Text<'a>> = "fb_payment_id";
    }

    /// An amount of money.
    pub struct Amount {
        /// The ISO 4217 code of the currency.
        pub currency: Option<Text<'a>> = "currency";
        /// A decimal number, as Meta wrote it.
        pub amount: Option<Text<'a>> = "amount";
    }
}
