//! The status of the Page, and the webhook fields that there are.

use std::time::Duration;

use serde_json::{Value, json};

use crate::simulator::world::World;
use crate::simulator::world::page::{Page, Restriction};

use super::event::Event;
use super::notify::notify;

pub(crate) fn is_restricted(world: &World, page: &str) -> bool {
    let restriction = world.page(page).and_then(|page| page.restriction);
    restriction.is_some_and(|restriction| restriction.is_in_force(world.now()))
}

/// Restricts the Page from sending, for a time or until it is lifted, and notifies of it.
pub(crate) fn restrict(world: &mut World, page: &str, duration: Option<Duration>) {
    let since = world.now() / 1000;
    let until = duration.map(|duration| since.saturating_add(duration.as_secs()));
    let Some(found) = world.page_mut(page) else {
        return;
    };
    found.restriction = Some(Restriction { since, until });
    let mut restriction = json!({
        "feature": "page_messaging_api", "status": "RESTRICTED", "applied_time": since,
        "description": "The Page may not send messages.",
    });
    if let Some(until) = until {
        restriction["expiration_time"] = json!(until);
    }
    let content = json!({
        "status": "restricted", "restrictions": [restriction],
        "violations": [{"type": "SPAM", "description": "Unwanted messages."}],
        "action_events": [],
    });
    tell(world, page, since, content);
}

/// Lifts the restriction of [`restrict`], and notifies of it.
pub(crate) fn lift(world: &mut World, page: &str) {
    let now = world.now() / 1000;
    let Some(found) = world.page_mut(page) else {
        return;
    };
    if found.restriction.take().is_some() {
        let content = json!({
            "status": "ok", "violations": [], "action_events": [],
            "restrictions": [{"feature": "page_messaging_api", "status": "UNRESTRICTED"}],
        });
        tell(world, page, now, content);
    }
}

fn tell(world: &mut World, page: &str, seconds: u64, content: Value) {
    let event = Event {
        page,
        psid: None,
        // Seconds, while the time of the entry is in milliseconds.
        timestamp: seconds,
        name: "business_integrity",
        content,
    };
    notify(world, "business_integrity", &event, None);
}

pub(crate) fn show(page: &Page, now: u64) -> Value {
    let mut status = json!({
        "id": page.id, "timestamp": now / 1000, "status": "ok",
        "violations": [], "restrictions": [], "recommended_actions": [], "actions_events": [],
    });
    let restriction = page.restriction;
    let Some(restriction) = restriction.filter(|restriction| restriction.is_in_force(now)) else {
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

/// Whether a Page has this webhook field.
pub(crate) fn is_page_field(name: &str) -> bool {
    FIELDS.split_whitespace().any(|field| field == name)
}

pub(crate) const FIELDS: &str = "
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
