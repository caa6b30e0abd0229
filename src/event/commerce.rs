//! Carts, coupons and payments.

use super::wire::wire;
use crate::text::Text;

wire! {
    /// A cart that a customer sent.
    ///
    /// Meta: [send_cart](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/send_cart)
    pub struct Order {
        /// Products in the cart.
        pub products: Vec<OrderedProduct<'a>> = "products";
        /// Note of the customer.
        pub note: Option<Text<'a>> = "note";
        /// Place where the cart was filled, such as `live_shopping`.
        pub source: Option<Text<'a>> = "source";
        /// Id of that place.
        pub source_id: Option<Text<'a>> = "source_id";
    }

    /// A product in a cart.
    pub struct OrderedProduct {
        /// Id in the catalog.
        pub id: Option<Text<'a>> = "id";
        /// The seller's own id (SKU).
        pub retailer_id: Option<Text<'a>> = "retailer_id";
        /// Name.
        pub name: Option<Text<'a>> = "name";
        /// Price of one piece: a decimal number as Meta wrote it.
        pub unit_price: Option<Text<'a>> = "unit_price";
        /// ISO 4217 code of the currency.
        pub currency: Option<Text<'a>> = "currency";
        /// Number of pieces.
        pub quantity: Option<i64> = "quantity";
    }

    /// A tap on the coupon of a template.
    ///
    /// Meta: [Coupon template](https://developers.facebook.com/docs/messenger-platform/send-messages/template/coupon)
    pub struct Coupon {
        /// `coupon`. An open set.
        #[doc(alias = "type")]
        pub kind: Option<Text<'a>> = "type";
        /// Developer-defined payload.
        pub payload: Option<Text<'a>> = "payload";
        /// Coupon code that was shown.
        #[doc(alias = "coupon_code")]
        pub code: Option<Text<'a>> = "coupon_code";
    }

    /// Purchases that Meta detected in the conversation.
    pub struct MessageContext {
        /// Purchases that Meta is sure of.
        pub detections: Vec<Detection<'a>> = "detections";
        /// Purchases that Meta suggests.
        pub suggestions: Vec<Detection<'a>> = "suggestions";
    }

    /// A purchase that Meta detected.
    pub struct Detection {
        /// `PURCHASE`. An open set.
        #[doc(alias = "type")]
        pub kind: Option<Text<'a>> = "type";
        /// Id of the detection.
        pub id: Option<Text<'a>> = "id";
        /// Id of the message with the purchase.
        pub mid: Option<Text<'a>> = "mid";
        /// `payment_received`, `fb_mobile_purchase`, … An open set.
        pub event_name: Option<Text<'a>> = "event_name";
        /// Model that detected the purchase.
        pub model: Option<Text<'a>> = "model";
    }

    /// A payment. Legacy: the beta has ended.
    pub struct Payment {
        /// Developer-defined payload of the button.
        pub payload: Option<Text<'a>> = "payload";
        /// The customer, with the shipping address.
        #[doc(alias = "requested_user_info")]
        pub user: Option<PayingUser<'a>> = "requested_user_info";
        /// Payment method.
        #[doc(alias = "payment_credential")]
        pub credential: Option<PaymentCredential<'a>> = "payment_credential";
        /// Amount to pay.
        pub amount: Option<Amount<'a>> = "amount";
        /// Id of the shipping option.
        pub shipping_option_id: Option<Text<'a>> = "shipping_option_id";
    }

    /// A payment that a customer is about to make. Legacy.
    pub struct PreCheckout {
        /// Developer-defined payload of the button.
        pub payload: Option<Text<'a>> = "payload";
        /// The customer, with the shipping address.
        #[doc(alias = "requested_user_info")]
        pub user: Option<PayingUser<'a>> = "requested_user_info";
        /// Amount to pay.
        pub amount: Option<Amount<'a>> = "amount";
    }

    /// A new shipping address, for a payment whose amount depends on it. Legacy.
    pub struct CheckoutUpdate {
        /// Developer-defined payload of the button.
        pub payload: Option<Text<'a>> = "payload";
        /// Shipping address.
        pub shipping_address: Option<Address<'a>> = "shipping_address";
    }

    /// Data of the customer who pays, as far as the Page requested it.
    pub struct PayingUser {
        /// Shipping address.
        pub shipping_address: Option<Address<'a>> = "shipping_address";
        /// Name of the customer.
        pub contact_name: Option<Text<'a>> = "contact_name";
        /// E-mail address.
        pub contact_email: Option<Text<'a>> = "contact_email";
        /// Telephone number.
        pub contact_phone: Option<Text<'a>> = "contact_phone";
    }

    /// A postal address.
    pub struct Address {
        /// Id of the address.
        pub id: Option<Text<'a>> = "id";
        /// Name of the person at the address.
        pub name: Option<Text<'a>> = "name";
        /// Street and house number.
        pub street_1: Option<Text<'a>> = "street_1" | "street1";
        /// Second line of the street.
        pub street_2: Option<Text<'a>> = "street_2" | "street2";
        /// City.
        pub city: Option<Text<'a>> = "city";
        /// State or region.
        pub state: Option<Text<'a>> = "state";
        /// ISO 3166 code of the country.
        pub country: Option<Text<'a>> = "country";
        /// Postal code.
        pub postal_code: Option<Text<'a>> = "postal_code";
    }

    /// Payment method. Tokens replace card numbers.
    pub struct PaymentCredential {
        /// `stripe`, `paypal` or `token`.
        pub provider_type: Option<Text<'a>> = "provider_type";
        /// Id of the charge at the provider.
        pub charge_id: Option<Text<'a>> = "charge_id";
        /// Token of the card.
        pub tokenized_card: Option<Text<'a>> = "tokenized_card";
        /// Token of the check digits.
        pub tokenized_cvv: Option<Text<'a>> = "tokenized_cvv";
        /// Month in which the token expires.
        pub token_expiry_month: Option<Text<'a>> = "token_expiry_month";
        /// Year in which the token expires.
        pub token_expiry_year: Option<Text<'a>> = "token_expiry_year";
        /// Id of the payment at Meta.
        pub fb_payment_id: Option<Text<'a>> = "fb_payment_id";
    }

    /// An amount of money.
    pub struct Amount {
        /// ISO 4217 code of the currency.
        pub currency: Option<Text<'a>> = "currency";
        /// Decimal number as Meta wrote it.
        pub amount: Option<Text<'a>> = "amount";
    }
}
