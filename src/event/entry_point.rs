//! Entry points of a conversation: buttons, links, ads, opt-ins, account linking.

use super::wire::wire;
use crate::{text::Text, time::Timestamp};

wire! {
    /// A tap on a button, on *Get started*, on a menu item or an ice breaker.
    ///
    /// Meta: [messaging_postbacks](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_postbacks)
    pub struct Postback {
        /// Message id of the tap. Absent in old payloads.
        pub mid: Option<Text<'a>> = "mid";
        /// Title of the button. It may be empty.
        pub title: Option<Text<'a>> = "title";
        /// Developer-defined payload of the button. Absent in the standby channel.
        pub payload: Option<Text<'a>> = "payload";
        /// Link or ad through which the customer came. Only when the tap starts the conversation.
        pub referral: Option<Box<Referral<'a>>> = "referral";
    }

    /// Link, ad or shop product through which a customer came to the conversation.
    ///
    /// Meta: [messaging_referrals](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_referrals)
    pub struct Referral {
        /// Developer-defined text of the link (`ref`), at most 2083 characters.
        #[doc(alias = "ref")]
        pub reference: Option<Text<'a>> = "ref";
        /// `SHORTLINK`, `ADS`, … An open set.
        pub source: Option<Text<'a>> = "source";
        /// `OPEN_THREAD`, `LEAD_COMPLETE`, `LEAD_INCOMPLETE`, … An open set.
        #[doc(alias = "type")]
        pub kind: Option<Text<'a>> = "type";
        /// Id of the ad. Absent for other sources.
        pub ad_id: Option<Text<'a>> = "ad_id";
        /// URL of the web page that the customer came from. Untrusted.
        pub referer_uri: Option<Text<'a>> = "referer_uri";
        /// Domain of the web site that the customer came from. Untrusted.
        pub origin_domain: Option<Text<'a>> = "origin_domain";
        /// Whether the customer was a guest of the chat plugin. Legacy.
        pub is_guest_user: bool = "is_guest_user";
        /// Content of the ad. Absent for other sources.
        #[doc(alias = "ads_context_data")]
        pub ad: Option<Ad<'a>> = "ads_context_data";
        /// Product of the shop. Absent for other sources.
        pub product: Option<ProductId<'a>> = "product";
    }

    /// Content of an ad.
    pub struct Ad {
        /// Title of the ad.
        #[doc(alias = "ad_title")]
        pub title: Option<Text<'a>> = "ad_title";
        /// Link to the image. Untrusted.
        pub photo_url: Option<Text<'a>> = "photo_url";
        /// Link to the video. Untrusted.
        pub video_url: Option<Text<'a>> = "video_url";
        /// Id of the post that the ad shows.
        pub post_id: Option<Text<'a>> = "post_id";
        /// Id of the product that the ad shows.
        pub product_id: Option<Text<'a>> = "product_id";
        /// Id of the message flow that the ad starts.
        pub flow_id: Option<Text<'a>> = "flow_id";
    }

    /// A product of the catalog.
    pub struct ProductId {
        /// Id in the catalog.
        pub id: Option<Text<'a>> = "id";
    }

    /// Answers of a customer to a lead ad, sent together with the referral.
    ///
    /// Meta: [Lead ads in Messenger](https://developers.facebook.com/docs/messenger-platform/discovery/ads/lead-generation)
    pub struct Lead {
        /// The questions with their answers.
        pub data: Vec<LeadAnswer<'a>> = "data";
    }

    /// A question of a lead ad with its answer.
    pub struct LeadAnswer {
        /// Text of the question.
        pub question: Option<Text<'a>> = "question";
        /// Text of the answer.
        pub answer: Option<Text<'a>> = "answer";
    }

    /// An opt-in: to a plugin, to one notification, or to marketing messages.
    ///
    /// Meta: [messaging_optins](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_optins)
    pub struct Optin {
        /// Type: `notification_messages`, `one_time_notif_req`, … An open set. Absent for plugins.
        #[doc(alias = "type")]
        pub kind: Option<Text<'a>> = "type";
        /// Developer-defined text of the plugin or the link.
        #[doc(alias = "ref")]
        pub reference: Option<Text<'a>> = "ref";
        /// Checkbox plugin: id of the recipient, because the event has no sender.
        pub user_ref: Option<Text<'a>> = "user_ref";
        /// Developer-defined payload of the request.
        pub payload: Option<Text<'a>> = "payload";
        /// Title of the request.
        pub title: Option<Text<'a>> = "title";
        /// Marketing messages: token that identifies the subscription and is used to send.
        #[doc(alias = "notification_messages_token")]
        pub token: Option<Text<'a>> = "notification_messages_token";
        /// Marketing messages: `DAILY`, `WEEKLY` or `MONTHLY`. Legacy.
        #[doc(alias = "notification_messages_frequency")]
        pub frequency: Option<Text<'a>> = "notification_messages_frequency";
        /// Marketing messages: time zone of the customer, an IANA name.
        #[doc(alias = "notification_messages_timezone")]
        pub timezone: Option<Text<'a>> = "notification_messages_timezone";
        /// Marketing messages: topic of the subscription.
        #[doc(alias = "notification_messages_topic")]
        pub topic: Option<Text<'a>> = "notification_messages_topic";
        /// Marketing messages: `STOP NOTIFICATIONS` or `RESUME NOTIFICATIONS`; absent for a new
        /// subscription.
        #[doc(alias = "notification_messages_status")]
        pub status: Option<Text<'a>> = "notification_messages_status";
        /// Marketing messages: `REFRESHED` or `NOT_REFRESHED`.
        #[doc(alias = "user_token_status")]
        pub token_status: Option<Text<'a>> = "user_token_status";
        /// Marketing messages: time when the token expires.
        #[doc(alias = "token_expiry_timestamp")]
        pub token_expires_at: Option<Timestamp> = "token_expiry_timestamp";
        /// One-time notification: token for one message. Legacy.
        #[doc(alias = "one_time_notif_token")]
        pub one_time_token: Option<Text<'a>> = "one_time_notif_token";
        /// `SHORTLINK` for an `m.me` link.
        pub source: Option<Text<'a>> = "source";
    }

    /// Linking or unlinking of a customer's account at the business.
    ///
    /// Meta: [messaging_account_linking](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_account_linking)
    pub struct AccountLinking {
        /// `linked` or `unlinked`.
        pub status: Option<Text<'a>> = "status";
        /// Authorization code that the login page of the business passed to Meta. Only with
        /// `linked`.
        pub authorization_code: Option<Text<'a>> = "authorization_code";
    }

    /// Plugin through which a customer came, sent together with their first message.
    pub struct PriorMessage {
        /// `checkbox_plugin`, … An open set.
        pub source: Option<Text<'a>> = "source";
        /// The `user_ref` that the plugin gave to the customer.
        pub identifier: Option<Text<'a>> = "identifier";
    }
}
