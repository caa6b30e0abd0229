//! What happens around the Page: labels, templates, marketing messages, group comments, games.

use super::wire::wire;
use crate::{text::Text, time::Timestamp};

wire! {
    /// A label was put on a customer in the Page's inbox, or taken off.
    ///
    /// Meta: [inbox_labels](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/inbox_labels)
    pub struct InboxLabel {
        /// The customer.
        pub user: Option<LabeledUser<'a>> = "user";
        /// `add`, … An open set.
        pub action: Option<Text<'a>> = "action";
        /// Which label.
        pub label: Option<Label<'a>> = "label";
    }

    /// Who bears a label.
    pub struct LabeledUser {
        /// The customer's PSID.
        pub id: Option<Text<'a>> = "id";
    }

    /// A label of the Page's inbox.
    pub struct Label {
        /// Its id.
        pub id: Option<Text<'a>> = "id";
        /// What it says.
        pub name: Option<Text<'a>> = "page_label_name" | "name";
    }

    /// What became of a marketing message.
    ///
    /// Meta: [Marketing messages webhooks](https://developers.facebook.com/docs/messenger-platform/marketing-messages)
    pub struct MarketingMessage {
        /// Which of them: `marketing_message_echoes`, `marketing_message_reads`, …
        pub field: Option<Text<'a>> = "field";
        /// The customer's PSID.
        pub recipient_id: Option<Text<'a>> = "recipient_id";
        /// The Page.
        pub page_id: Option<Text<'a>> = "page_id";
        /// The app that sent it.
        pub app_id: Option<Text<'a>> = "app_id";
        /// The business that sent it.
        pub business_id: Option<Text<'a>> = "business_id";
        /// When.
        pub timestamp: Option<Timestamp> = "timestamp";
        /// The message.
        pub mid: Option<Text<'a>> = "mid";
        /// Follows one message through its life.
        pub tracking_id: Option<Text<'a>> = "marketing_message_tracking_id";
        /// The subscription that allowed it.
        pub subscription_token: Option<Text<'a>> = "messenger_subscription_token";
        /// The campaign's message.
        pub message_id: Option<Text<'a>> = "message_id";
        /// Why it was not delivered.
        pub error_message: Option<Text<'a>> = "error_message";
    }

    /// How far an upload of subscribers has come.
    pub struct SubscriberUpload {
        /// `marketing_messages_subscriber_upload_status`.
        pub field: Option<Text<'a>> = "field";
        /// The Page.
        pub page_id: Option<Text<'a>> = "page_id";
        /// The app.
        pub app_id: Option<Text<'a>> = "app_id";
        /// The business.
        pub business_id: Option<Text<'a>> = "business_id";
        /// The audience that they are put into.
        pub custom_audience_id: Option<Text<'a>> = "custom_audience_id";
        /// The ad account.
        pub ad_account_id: Option<Text<'a>> = "ad_account_id";
        /// When.
        pub timestamp: Option<Timestamp> = "timestamp";
        /// How many rows.
        pub num_rows: Option<i64> = "num_rows";
        /// About how many people, at least.
        pub at_least: Option<i64> = "approximate_count_lower_bound";
        /// About how many people, at most.
        pub at_most: Option<i64> = "approximate_count_upper_bound";
        /// `SUCCESS`, … An open set.
        pub status: Option<Text<'a>> = "batch_uploading_status";
    }

    /// The reviews of message templates have come to a result.
    ///
    /// Meta: [messenger_template_status_update](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messenger_template_status_update)
    pub struct TemplateUpdate {
        /// The business.
        pub business_id: Option<Text<'a>> = "business_id";
        /// When.
        pub timestamp: Option<Timestamp> = "timestamp";
        /// Template by template.
        pub changes: Vec<TemplateChange<'a>> = "changes";
    }

    /// What became of one template.
    pub struct TemplateChange {
        /// `message_template_status_update`.
        pub field: Option<Text<'a>> = "field";
        /// What became of it.
        pub value: Option<TemplateStatus<'a>> = "value";
    }

    /// The state of a message template.
    pub struct TemplateStatus {
        /// `APPROVED`, `REJECTED`, `PENDING`, … An open set.
        pub event: Option<Text<'a>> = "event" | "message_template_status";
        /// Which template.
        pub id: Option<Text<'a>> = "message_template_id";
        /// Its name.
        pub name: Option<Text<'a>> = "message_template_name";
        /// Its language.
        pub language: Option<Text<'a>> = "message_template_language";
        /// Why.
        pub reason: Option<Text<'a>> = "reason";
    }

    /// Meta judged the business.
    pub struct BusinessIntegrity {
        /// The state of the business.
        pub status: Option<Text<'a>> = "status";
        /// What it did wrong.
        pub violations: Vec<Violation<'a>> = "violations";
        /// What it may not do.
        pub restrictions: Vec<Restriction<'a>> = "restrictions";
        /// What has been done about it.
        pub actions: Vec<IntegrityAction<'a>> = "action_events";
    }

    /// What a business did wrong.
    pub struct Violation {
        /// An open set.
        pub kind: Option<Text<'a>> = "type";
        /// In Meta's words.
        pub description: Option<Text<'a>> = "description";
        /// More about it. Untrusted.
        pub url: Option<Text<'a>> = "url";
    }

    /// What a business may not do.
    pub struct Restriction {
        /// An open set.
        pub feature: Option<Text<'a>> = "feature";
        /// An open set.
        pub status: Option<Text<'a>> = "status";
        /// In Meta's words.
        pub description: Option<Text<'a>> = "description";
        /// Since when.
        pub applied_at: Option<Timestamp> = "applied_time";
        /// Until when.
        pub expires_at: Option<Timestamp> = "expiration_time";
    }

    /// What has been done about a judgement.
    pub struct IntegrityAction {
        /// An open set.
        pub kind: Option<Text<'a>> = "type";
        /// An open set.
        pub status: Option<Text<'a>> = "status";
        /// Since when.
        pub created_at: Option<Timestamp> = "created_time";
        /// When it last changed.
        pub updated_at: Option<Timestamp> = "updated_time";
    }

    /// A comment in the Page's group.
    ///
    /// Meta: [group_feed](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/group_feed)
    pub struct GroupComment {
        /// Who wrote it; not a customer's PSID.
        pub from: Option<Commenter<'a>> = "from";
        /// The text.
        pub message: Option<Text<'a>> = "message";
        /// `comment`. An open set.
        pub item: Option<Text<'a>> = "item";
        /// `add`. An open set.
        pub verb: Option<Text<'a>> = "verb";
        /// Which group.
        pub group_id: Option<Text<'a>> = "group_id";
        /// Which comment.
        pub comment_id: Option<Text<'a>> = "comment_id";
        /// What it answers.
        pub parent_id: Option<Text<'a>> = "parent_id";
        /// Which post.
        pub post_id: Option<Text<'a>> = "post_id";
        /// When.
        pub created_at: Option<Timestamp> = "created_time";
        pub(super) field: Option<Text<'a>> = "field";
    }

    /// Who wrote a comment.
    pub struct Commenter {
        /// The id; not a PSID.
        pub id: Option<Text<'a>> = "id";
        /// The name.
        pub name: Option<Text<'a>> = "name";
    }

    /// A round of an Instant Game. Legacy.
    ///
    /// Meta: [messaging_game_plays](https://developers.facebook.com/docs/messenger-platform/reference/webhook-events/messaging_game_plays)
    pub struct GamePlay {
        /// The game's app.
        pub game_id: Option<Text<'a>> = "game_id";
        /// The player, as the game knows them.
        pub player_id: Option<Text<'a>> = "player_id";
        /// `SOLO`, `THREAD` or `GROUP`.
        pub context_type: Option<Text<'a>> = "context_type";
        /// The thread or group.
        pub context_id: Option<Text<'a>> = "context_id";
        /// The score.
        pub score: Option<i64> = "score";
        /// What the game wrote, often JSON.
        pub payload: Option<Text<'a>> = "payload";
    }

    /// A customer used the camera effects of the Page. Legacy.
    pub struct BrandedCamera {
        /// Which effects.
        pub content_ids: Vec<Text<'a>> = "content_ids";
        /// `dismiss`. An open set.
        pub event: Option<Text<'a>> = "event";
    }
}
