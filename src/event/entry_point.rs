//! How a customer came: buttons, links, ads, opt-ins, linked accounts.

use super::wire::wire;
use crate::{text::Text, time::Timestamp};

wire! {
    /// A tap on a button, on *Get started*, on a menu item or an ice breaker.
    ///
    /// Meta: [messaging_postbacks](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_postbacks)
    pub struct Postback {
        /// The id; absent in old payloads.
        pub mid: Option<Text<'a>> = "mid";
        /// The label of the button; may be empty.
        pub title: Option<Text<'a>> = "title";
        /// What the Page put behind the button; absent on standby.
        pub payload: Option<Text<'a>> = "payload";
        /// How the customer came, when the tap starts a conversation.
        pub referral: Option<Box<Referral<'a>>> = "referral";
    }

    /// How a customer came: an `m.me` link, an ad, a product in the shop.
    ///
    /// Meta: [messaging_referrals](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_referrals)
    pub struct Referral {
        /// What the Page put into the link.
        pub reference: Option<Text<'a>> = "ref";
        /// `SHORTLINK`, `ADS`, … An open set.
        pub source: Option<Text<'a>> = "source";
        /// `OPEN_THREAD`, `LEAD_COMPLETE`, `LEAD_INCOMPLETE`, … An open set.
        pub kind: Option<Text<'a>> = "type";
        /// Which ad.
        pub ad_id: Option<Text<'a>> = "ad_id";
        /// The page of the web site that the customer was on. Untrusted.
        pub referer_uri: Option<Text<'a>> = "referer_uri";
        /// Whether it was a guest of the chat plugin. Legacy.
        pub is_guest_user: bool = "is_guest_user";
        /// What the ad was about.
        pub ad: Option<Ad<'a>> = "ads_context_data";
        /// Which product of the shop.
        pub product: Option<ProductId<'a>> = "product";
    }

    /// What an ad was about.
    pub struct Ad {
        /// Its title.
        pub title: Option<Text<'a>> = "ad_title";
        /// Its picture. Untrusted.
        pub photo_url: Option<Text<'a>> = "photo_url";
        /// Its video. Untrusted.
        pub video_url: Option<Text<'a>> = "video_url";
        /// The post that it was.
        pub post_id: Option<Text<'a>> = "post_id";
        /// The product that it showed.
        pub product_id: Option<Text<'a>> = "product_id";
        /// The flow of messages behind it.
        pub flow_id: Option<Text<'a>> = "flow_id";
    }

    /// A product by its id.
    pub struct ProductId {
        /// The id in the catalog.
        pub id: Option<Text<'a>> = "id";
    }

    /// What a customer answered to a lead ad; it stands beside the referral.
    ///
    /// Meta: [Lead ads in Messenger](https://developers.facebook.com/docs/messenger-platform/discovery/ads/lead-generation)
    pub struct Lead {
        /// Question by question.
        pub data: Vec<Answer<'a>> = "data";
    }

    /// A question and its answer.
    pub struct Answer {
        /// The question.
        pub question: Option<Text<'a>> = "question";
        /// The answer.
        pub answer: Option<Text<'a>> = "answer";
    }

    /// A customer agreed to something: a plugin, one notification, or marketing messages.
    ///
    /// Meta: [messaging_optins](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_optins)
    pub struct Optin {
        /// Absent for plugins; `notification_messages`, `one_time_notif_req`. An open set.
        pub kind: Option<Text<'a>> = "type";
        /// What the Page put into the plugin or the link.
        pub reference: Option<Text<'a>> = "ref";
        /// Checkbox plugin: whom to write to, as there is no sender yet.
        pub user_ref: Option<Text<'a>> = "user_ref";
        /// What the Page put into the request.
        pub payload: Option<Text<'a>> = "payload";
        /// The title of the request.
        pub title: Option<Text<'a>> = "title";
        /// Marketing messages: the right to send them, and what a stop is told by.
        pub token: Option<Text<'a>> = "notification_messages_token";
        /// Marketing messages: how often; no longer in use.
        pub frequency: Option<Text<'a>> = "notification_messages_frequency";
        /// Marketing messages: the customer's time zone.
        pub timezone: Option<Text<'a>> = "notification_messages_timezone";
        /// Marketing messages: about what.
        pub topic: Option<Text<'a>> = "notification_messages_topic";
        /// Marketing messages: `STOP NOTIFICATIONS` or `RESUME NOTIFICATIONS`, on a change alone.
        pub status: Option<Text<'a>> = "notification_messages_status";
        /// Marketing messages: `REFRESHED` or `NOT_REFRESHED`.
        pub token_status: Option<Text<'a>> = "user_token_status";
        /// Marketing messages: until when the token is good.
        pub token_expires_at: Option<Timestamp> = "token_expiry_timestamp";
        /// One-time notification: the right to send one. Legacy.
        pub one_time_token: Option<Text<'a>> = "one_time_notif_token";
        /// `SHORTLINK` for an `m.me` link.
        pub source: Option<Text<'a>> = "source";
    }

    /// A customer linked their account with the business, or ended that.
    ///
    /// Meta: [messaging_account_linking](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_account_linking)
    pub struct AccountLinking {
        /// `linked` or `unlinked`.
        pub status: Option<Text<'a>> = "status";
        /// The code that the business passed through; with `linked` alone.
        pub authorization_code: Option<Text<'a>> = "authorization_code";
    }

    /// Which plugin a customer came through; it stands beside their first message.
    pub struct PriorMessage {
        /// `checkbox_plugin`, … An open set.
        pub source: Option<Text<'a>> = "source";
        /// The `user_ref` by which the customer was known before.
        pub identifier: Option<Text<'a>> = "identifier";
    }
}
