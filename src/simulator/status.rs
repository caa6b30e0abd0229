//! The status of the Page, and the webhook fields that there are.

use serde_json::{Value, json};

use super::page::Kept;

/// Why the Page may not send messages, in seconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct Restriction {
    pub(super) since: u64,
    /// `None` until it is lifted.
    pub(super) until: Option<u64>,
}

impl Restriction {
    fn is_in_force(self) -> bool {
        self.until.is_none_or(|until| until > super::now() / 1000)
    }
}

impl Kept {
    pub(super) fn is_restricted(&self) -> bool {
        self.restriction.is_some_and(Restriction::is_in_force)
    }
}

pub(super) fn show(restriction: Option<Restriction>, page_id: &str) -> Value {
    let mut status = json!({
        "id": page_id, "timestamp": super::now() / 1000, "status": "ok",
        "violations": [], "restrictions": [], "recommended_actions": [], "actions_events": [],
    });
    let Some(restriction) = restriction.filter(|restriction| restriction.is_in_force()) else {
        return status;
    };
    let mut shown = json!({
        "feature": "page_messaging_api", "description": "The Page may not send messages.",
        "applied_time": restriction.since, "violation_type": ["SPAM"],
    });
    if let Some(until) = restriction.until {
        shown["expiration_time"] = json!(until);
    }
    status["status"] = json!("restricted");
    status["restrictions"] = json!([shown]);
    status["violations"] = json!([
        {"type": "SPAM", "description": "Unwanted messages.", "url": "https://www.facebook.com/policy"}
    ]);
    status["recommended_actions"] = json!([
        {"action_type": "FILE_APPEAL", "url": "https://www.facebook.com/help", "violation_type": ["SPAM"]}
    ]);
    status["actions_events"] = json!([
        {"type": "FILE_APPEAL", "status": "OPEN", "created_time": restriction.since, "updated_time": 0}
    ]);
    status
}

/// Whether a Page has this webhook field (platform.md 3.29, without those that no CRM names).
pub(super) fn is_page_field(name: &str) -> bool {
    FIELDS.split_whitespace().any(|field| field == name)
}

const FIELDS: &str = "
    affiliation attire awards bio birthday business_integrity call_permission_reply
    call_settings_update calls category checkins comment_poll_response company_overview
    conversations culinary_team current_location description email feature_access_list feed follow
    founded general_info general_manager group_feed hometown hours inbox_labels
    invalid_topic_placeholder leadgen leadgen_fat leadgen_update live_videos local_delivery location
    marketing_message_clicks marketing_message_deliveries marketing_message_delivery_failed
    marketing_message_echoes marketing_message_reads marketing_messages_subscriber_upload_status
    mcom_invoice_change members mention merchant_review message_context message_deliveries
    message_echoes message_edits message_mention message_reactions message_reads
    message_template_status_update messages messaging_account_linking messaging_appointments
    messaging_checkout_updates messaging_customer_information messaging_direct_sends
    messaging_fblogin_account_linking messaging_feedback messaging_game_plays messaging_handovers
    messaging_in_thread_lead_form_submit messaging_integrity messaging_optins messaging_optouts
    messaging_payments messaging_policy_enforcement messaging_postbacks messaging_pre_checkouts
    messaging_referrals mission name page_about_story page_change_proposal page_upcoming_change
    parking payment_options payment_request_update personal_info personal_interests phone picture
    price_range product_review products public_transit publisher_subscriptions ratings registration
    response_feedback send_cart standby story_poll_response story_share user_action
    video_text_question_responses videos website";
