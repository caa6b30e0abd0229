//! Events that concern the Page: labels, templates, marketing messages, integrity, group comments,
//! games.

use super::{repeat::remove_repeats, wire::wire};
use crate::{text::Text, time::Timestamp};

wire! {
    /// A label of the Page's inbox, added to a customer or removed.
    ///
    /// Meta: [inbox_labels](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/inbox_labels)
    pub struct InboxLabel {
        /// The customer.
        pub user: Option<LabeledUser<'a>> = "user";
        /// `add`, … An open set.
        pub action: Option<Text<'a>> = "action";
        /// The label.
        pub label: Option<Label<'a>> = "label";
    }

    /// A customer with a label.
    pub struct LabeledUser {
        /// PSID of the customer.
        pub id: Option<Text<'a>> = "id";
    }

    /// A label of the Page's inbox.
    pub struct Label {
        /// Label id.
        pub id: Option<Text<'a>> = "id";
        /// Text of the label.
        #[doc(alias = "page_label_name")]
        pub name: Option<Text<'a>> = "page_label_name" | "name";
    }

    /// A marketing message: sent, delivered, read, clicked or refused.
    ///
    /// Meta: [Marketing messages webhooks](https://developers.facebook.com/docs/messenger-platform/marketing-messages)
    pub struct MarketingMessage {
        /// Field of the event: `marketing_message_echoes`, `marketing_message_reads`, …
        pub field: Option<Text<'a>> = "field";
        /// PSID of the customer. Absent for a refused message.
        pub recipient_id: Option<Text<'a>> = "recipient_id";
        /// Id of the Page.
        pub page_id: Option<Text<'a>> = "page_id";
        /// Id of the app that sent the message.
        pub app_id: Option<Text<'a>> = "app_id";
        /// Id of the business that sent the message; only for a refused one.
        pub business_id: Option<Text<'a>> = "business_id";
        /// Time of the event.
        pub timestamp: Option<Timestamp> = "timestamp";
        /// Message id.
        pub mid: Option<Text<'a>> = "mid";
        /// Tracking id of the message, the same in all events of one message.
        #[doc(alias = "marketing_message_tracking_id")]
        pub tracking_id: Option<Text<'a>> = "marketing_message_tracking_id";
        /// Token of the customer's subscription.
        #[doc(alias = "messenger_subscription_token")]
        pub subscription_token: Option<Text<'a>> = "messenger_subscription_token";
        /// Id of the message in the campaign.
        pub message_id: Option<Text<'a>> = "message_id";
        /// Reason of the refusal in English. Only for a refused message.
        pub error_message: Option<Text<'a>> = "error_message";
    }

    /// Progress of an upload of subscribers.
    pub struct SubscriberUpload {
        /// `marketing_messages_subscriber_upload_status`.
        pub field: Option<Text<'a>> = "field";
        /// Id of the Page.
        pub page_id: Option<Text<'a>> = "page_id";
        /// Id of the app.
        pub app_id: Option<Text<'a>> = "app_id";
        /// Id of the business.
        pub business_id: Option<Text<'a>> = "business_id";
        /// Id of the audience that receives the subscribers.
        pub custom_audience_id: Option<Text<'a>> = "custom_audience_id";
        /// Id of the ad account.
        pub ad_account_id: Option<Text<'a>> = "ad_account_id";
        /// Time of the event.
        pub timestamp: Option<Timestamp> = "timestamp";
        /// Number of rows in the upload.
        pub num_rows: Option<i64> = "num_rows";
        /// Estimated number of people, lower bound.
        #[doc(alias = "approximate_count_lower_bound")]
        pub at_least: Option<i64> = "approximate_count_lower_bound";
        /// Estimated number of people, upper bound.
        #[doc(alias = "approximate_count_upper_bound")]
        pub at_most: Option<i64> = "approximate_count_upper_bound";
        /// `SUCCESS`, … An open set.
        #[doc(alias = "batch_uploading_status")]
        pub status: Option<Text<'a>> = "batch_uploading_status";
    }

    /// Results of the review of message templates.
    ///
    /// Meta: [messenger_template_status_update](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messenger_template_status_update)
    pub struct TemplateUpdate {
        /// Id of the business.
        pub business_id: Option<Text<'a>> = "business_id";
        /// Time of the event.
        pub timestamp: Option<Timestamp> = "timestamp";
        /// Result for each template.
        pub changes: Vec<TemplateChange<'a>> = "changes";
    }

    /// Result for one template.
    pub struct TemplateChange {
        /// `message_template_status_update`; absent in the flat form.
        pub field: Option<Text<'a>> = "field";
        /// State of the template.
        pub value: Option<TemplateStatus<'a>> = "value";
    }

    /// State of a message template.
    pub struct TemplateStatus {
        /// `APPROVED`, `REJECTED`, `PENDING`, … An open set.
        #[doc(alias = "message_template_status")]
        pub event: Option<Text<'a>> = "event" | "message_template_status";
        /// Template id.
        #[doc(alias = "message_template_id")]
        pub id: Option<Text<'a>> = "message_template_id";
        /// Name of the template.
        #[doc(alias = "message_template_name")]
        pub name: Option<Text<'a>> = "message_template_name";
        /// Locale of the template, such as `en_US`.
        #[doc(alias = "message_template_language")]
        pub language: Option<Text<'a>> = "message_template_language";
        /// Reason of a rejection; an open set.
        pub reason: Option<Text<'a>> = "reason";
    }

    /// State of the Page's business: violations, restrictions, appeals.
    ///
    /// `status` can be `ok` although a restriction is in force, so do not rely on it: use
    /// [`restrictions_at`](Self::restrictions_at).
    ///
    /// Meta: [business_integrity](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events)
    pub struct BusinessIntegrity {
        /// `ok`, `warning`, `restricted`, `suspended`, … An open set.
        pub status: Option<Text<'a>> = "status";
        /// Violations of Meta's rules.
        pub violations: Vec<Violation<'a>> = "violations";
        /// Restrictions. Meta writes them into `business_integrity`, next to it, or into the entry;
        /// this list has all of them.
        pub restrictions: Vec<Restriction<'a>> = "restrictions";
        /// Appeals and decisions.
        #[doc(alias = "action_events")]
        pub actions: Vec<IntegrityAction<'a>> = "action_events";
    }

    /// A violation of Meta's rules.
    pub struct Violation {
        /// Type of the violation. An open set.
        #[doc(alias = "type")]
        pub kind: Option<Text<'a>> = "type";
        /// Description in English.
        pub description: Option<Text<'a>> = "description";
        /// Link to an explanation. Untrusted.
        #[doc(alias = "link")]
        pub url: Option<Text<'a>> = "url" | "link";
    }

    /// A restriction of one feature.
    pub struct Restriction {
        /// `page_messaging_api`, `page_messaging`, `page_read_only`, `page_publish`, … An open set.
        pub feature: Option<Text<'a>> = "feature";
        /// State: `UNRESTRICTED` when Meta has lifted the restriction. An open set.
        pub status: Option<Text<'a>> = "status";
        /// Description in English.
        pub description: Option<Text<'a>> = "description";
        /// Start of the restriction.
        #[doc(alias = "applied_time")]
        pub applied_at: Option<Timestamp> = "applied_time";
        /// End of the restriction. Absent when it lasts until Meta lifts it.
        #[doc(alias = "expiration_time")]
        pub expires_at: Option<Timestamp> = "expiration_time";
    }

    /// An appeal or a decision about a restriction.
    pub struct IntegrityAction {
        /// Type of the action. An open set.
        #[doc(alias = "type")]
        pub kind: Option<Text<'a>> = "type";
        /// State of the action. An open set.
        pub status: Option<Text<'a>> = "status";
        /// Time when the action began.
        #[doc(alias = "created_time")]
        pub created_at: Option<Timestamp> = "created_time";
        /// Time of the last change of its state.
        #[doc(alias = "updated_time")]
        pub updated_at: Option<Timestamp> = "updated_time";
    }

    /// A comment in the Page's group.
    ///
    /// Meta: [group_feed](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/group_feed)
    pub struct GroupComment {
        /// Author; not a customer's PSID.
        pub from: Option<Commenter<'a>> = "from";
        /// Text of the comment.
        pub message: Option<Text<'a>> = "message";
        /// `comment`. An open set.
        pub item: Option<Text<'a>> = "item";
        /// `add`. An open set.
        pub verb: Option<Text<'a>> = "verb";
        /// Group id.
        pub group_id: Option<Text<'a>> = "group_id";
        /// Comment id.
        pub comment_id: Option<Text<'a>> = "comment_id";
        /// Id of the comment or post that the comment replies to.
        pub parent_id: Option<Text<'a>> = "parent_id";
        /// Id of the post.
        pub post_id: Option<Text<'a>> = "post_id";
        /// Time of the comment.
        #[doc(alias = "created_time")]
        pub created_at: Option<Timestamp> = "created_time";
    }

    /// Author of a comment.
    pub struct Commenter {
        /// Id of the person; not a PSID.
        pub id: Option<Text<'a>> = "id";
        /// Name of the person.
        pub name: Option<Text<'a>> = "name";
    }

    /// A round of an Instant Game. Legacy.
    ///
    /// Meta: [messaging_game_plays](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_game_plays)
    pub struct GamePlay {
        /// Id of the game's app.
        pub game_id: Option<Text<'a>> = "game_id";
        /// Id of the player; not a PSID.
        pub player_id: Option<Text<'a>> = "player_id";
        /// `SOLO`, `THREAD` or `GROUP`.
        pub context_type: Option<Text<'a>> = "context_type";
        /// Id of the thread or group. Absent for `SOLO`.
        pub context_id: Option<Text<'a>> = "context_id";
        /// Score.
        pub score: Option<i64> = "score";
        /// Developer-defined payload of the game, often JSON.
        pub payload: Option<Text<'a>> = "payload";
    }

    /// Use of a camera effect of the Page. Legacy.
    pub struct BrandedCamera {
        /// Ids of the effects.
        pub content_ids: Vec<Text<'a>> = "content_ids";
        /// `dismiss`. An open set.
        pub event: Option<Text<'a>> = "event";
    }
}

impl<'a> BusinessIntegrity<'a> {
    /// Adds restrictions from another member, except those that are in the list already.
    pub(super) fn add(&mut self, restrictions: Vec<Restriction<'a>>) {
        if restrictions.is_empty() {
            return;
        }
        self.restrictions.extend(restrictions);
        remove_repeats(
            &mut self.restrictions,
            |one, other| one.key().cmp(&other.key()),
            |_| true,
        );
    }

    /// Returns the restrictions that are in force at `now`: not lifted and not expired.
    pub fn restrictions_at(&self, now: Timestamp) -> impl Iterator<Item = &Restriction<'a>> {
        let live = move |one: &&Restriction<'_>| one.is_live(now);
        self.restrictions.iter().filter(live)
    }
}

/// All members of a restriction.
type RestrictionKey<'r> = ([Option<&'r str>; 3], [Option<Timestamp>; 2]);

impl Restriction<'_> {
    fn key(&self) -> RestrictionKey<'_> {
        let Self {
            feature,
            status,
            description,
            applied_at,
            expires_at,
        } = self;
        let texts = [feature, status, description].map(Option::as_deref);
        (texts, [*applied_at, *expires_at])
    }

    /// Returns whether Meta has lifted the restriction.
    pub fn is_lifted(&self) -> bool {
        let status = self.status.as_deref().unwrap_or_default();
        status.eq_ignore_ascii_case("UNRESTRICTED")
    }

    fn is_live(&self, now: Timestamp) -> bool {
        !self.is_lifted() && self.expires_at.is_none_or(|end| now < end)
    }
}
