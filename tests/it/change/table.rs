//! The change of each fixture.

use super::*;

/// Fixture, and its changes separated by ` | `.
const TABLE: &[(&str, &str)] = &[
    ("message.text", "received message"),
    ("message.quick_reply", "received message"),
    ("message.reply_to", "received message"),
    ("message.escapes", "received message"),
    ("message.image", "received message"),
    ("message.media", "received message"),
    ("message.sticker", "received message"),
    ("message.sticker.transition", "received message"),
    ("message.sticker.image", "received message"),
    ("message.sticker.legacy", "received message"),
    ("message.fallback", "received message"),
    ("message.fallback.bare", "received message"),
    ("message.fallback.legacy", "received message"),
    ("message.reel", "received message"),
    ("message.post", "received message"),
    ("message.share", "received message"),
    ("message.location", "received message"),
    ("message.product", "received message"),
    ("message.appointment", "received message"),
    ("message.unsupported_type", "received message"),
    ("message.referral.product", "received message"),
    ("message.referral.ad", "received message"),
    ("message.commands", "received message"),
    ("message.nlp", "received message"),
    ("message.nlp.errors", "received message"),
    ("message.prior_message", "received message"),
    ("message.hop_context", "received message"),
    ("message.hop_context.list", "received message"),
    ("message.hop_context.entry", "received message"),
    ("message.user_ref", "received message"),
    ("message.tags", "received message"),
    ("message.unsupported", "received message"),
    ("message.numbers", "received message"),
    ("message.community", "received message"),
    ("message.deleted", "unsent"),
    ("message_edit", "edited 1"),
    ("message_edit.string", "edited 2"),
    ("echo.text", "echoed"),
    ("echo.inbox", "echoed"),
    ("echo.media_template", "echoed"),
    ("echo.generic_template", "echoed"),
    ("echo.button_template", "echoed"),
    ("echo.product", "echoed"),
    ("echo.fallback", "echoed"),
    ("echo.own", "echoed 019ab5e1-7a60-7abc-8def-0123456789ab"),
    (
        "echo.user_ref",
        "raw: the event names no Page or no customer",
    ),
    ("echo.deleted", "unsent"),
    ("postback", "received postback"),
    ("postback.bare", "received postback"),
    (
        "postback.user_ref",
        "raw: the event names no Page or no customer",
    ),
    ("delivery", "delivered 2 and all up to 1763989999500"),
    ("delivery.bare", "delivered 0 and all up to 1763989999500"),
    ("read", "read up to 1763989999800"),
    ("read.legacy", "read up to 1763989999800"),
    ("reaction", "reacted love by Customer"),
    ("reaction.unreact", "reacted nothing by Customer"),
    ("optin.plugin", "received opt_in"),
    ("optin.one_time", "received opt_in"),
    ("optin.marketing", "received opt_in"),
    ("optin.stopped", "received opt_in"),
    (
        "optin.checkbox",
        "raw: the event names no Page or no customer",
    ),
    ("optout", "raw: the event adds nothing to the conversation"),
    ("referral.link", "received referral"),
    ("referral.ad", "received referral"),
    ("referral.lead", "received referral"),
    ("account_linking.linked", "received account_linking"),
    ("account_linking.unlinked", "received account_linking"),
    ("response_feedback", "received response_feedback"),
    ("message_request", "received message_request"),
    (
        "pass_thread_control",
        "raw: the event concerns the app and not a conversation",
    ),
    (
        "pass_thread_control.idle",
        "raw: the event concerns the app and not a conversation",
    ),
    (
        "take_thread_control",
        "raw: the event concerns the app and not a conversation",
    ),
    (
        "request_thread_control",
        "raw: the event concerns the app and not a conversation",
    ),
    ("app_roles", "raw: the event names no Page or no customer"),
    ("standby.message", "received message"),
    ("standby.echo", "echoed"),
    ("standby.postback", "received postback"),
    ("standby.postback.bare", "received postback"),
    (
        "standby.delivery",
        "delivered 0 and all up to 1763989999500",
    ),
    ("standby.read", "read up to 1763989999800"),
    (
        "policy_enforcement",
        "raw: the event names no Page or no customer",
    ),
    (
        "policy_enforcement.hyphen",
        "raw: the event names no Page or no customer",
    ),
    (
        "policy_enforcement.unblock",
        "raw: the event names no Page or no customer",
    ),
    ("messaging_feedback", "received messaging_feedback"),
    (
        "messaging_customer_information",
        "received messaging_customer_information",
    ),
    ("form", "received form"),
    ("order", "received order"),
    ("template", "received template"),
    ("payment", "received payment"),
    ("pre_checkout", "received pre_checkout"),
    ("checkout_update", "received checkout_update"),
    ("game_play", "received game_play"),
    ("game_play.solo", "received game_play"),
    (
        "branded_camera",
        "raw: the event adds nothing to the conversation",
    ),
    (
        "message_context",
        "raw: the event adds nothing to the conversation",
    ),
    ("calls.connect", "received calls"),
    (
        "calls.connect.business",
        "raw: the call is in progress, or the Page started it",
    ),
    (
        "calls.call_status",
        "raw: the call is in progress, or the Page started it",
    ),
    (
        "calls.media_update",
        "raw: the event names no Page or no customer",
    ),
    (
        "calls.terminate",
        "raw: the event names no Page or no customer",
    ),
    (
        "calls.terminate.failed",
        "raw: the event names no Page or no customer",
    ),
    ("call_permission_reply", "received call_permission_reply"),
    (
        "call_permission_reply.messaging",
        "received call_permission_reply",
    ),
    (
        "call_settings",
        "raw: the event names no Page or no customer",
    ),
    ("group_feed", "raw: the event names no Page or no customer"),
    ("inbox_labels", "raw: the event belongs to no conversation"),
    (
        "marketing_message_echoes",
        "raw: the event belongs to no conversation",
    ),
    (
        "marketing_message_deliveries",
        "raw: the event belongs to no conversation",
    ),
    (
        "marketing_message_reads",
        "raw: the event belongs to no conversation",
    ),
    (
        "marketing_message_clicks.flat",
        "raw: the event belongs to no conversation",
    ),
    (
        "marketing_message_delivery_failed",
        "raw: the event names no Page or no customer",
    ),
    (
        "marketing_messages_subscriber_upload_status",
        "raw: the event names no Page or no customer",
    ),
    (
        "message_template_status_update",
        "raw: the event names no Page or no customer",
    ),
    (
        "message_template_status_update.flat",
        "raw: the event names no Page or no customer",
    ),
    (
        "messenger_template_status_update",
        "raw: the event names no Page or no customer",
    ),
    (
        "business_integrity",
        "raw: the event names no Page or no customer",
    ),
    ("change.feed", "raw: the event names no Page or no customer"),
    (
        "change.leadgen",
        "raw: the event names no Page or no customer",
    ),
    (
        "change.mention",
        "raw: the event names no Page or no customer",
    ),
    (
        "change.ratings",
        "raw: the event names no Page or no customer",
    ),
    (
        "change.names_only",
        "raw: the event names no Page or no customer",
    ),
    ("change.text", "raw: the event names no Page or no customer"),
    (
        "change.action",
        "raw: the event names no Page or no customer",
    ),
    (
        "change.messaging_integrity",
        "raw: the event names no Page or no customer",
    ),
    (
        "dashboard.messages",
        "raw: the event is a test of the App Dashboard",
    ),
    (
        "dashboard.message_echoes",
        "raw: the event is a test of the App Dashboard",
    ),
    (
        "dashboard.message_edits",
        "raw: the event is a test of the App Dashboard",
    ),
    (
        "dashboard.message_deliveries",
        "raw: the event is a test of the App Dashboard",
    ),
    (
        "dashboard.message_reads",
        "raw: the event is a test of the App Dashboard",
    ),
    (
        "dashboard.message_reactions",
        "raw: the event is a test of the App Dashboard",
    ),
    (
        "dashboard.messaging_postbacks",
        "raw: the event is a test of the App Dashboard",
    ),
    (
        "dashboard.messaging_referrals",
        "raw: the event is a test of the App Dashboard",
    ),
    (
        "dashboard.messaging_optins",
        "raw: the event is a test of the App Dashboard",
    ),
    (
        "dashboard.messaging_account_linking",
        "raw: the event is a test of the App Dashboard",
    ),
    (
        "dashboard.messaging_handovers",
        "raw: the event is a test of the App Dashboard",
    ),
    (
        "dashboard.messaging_policy_enforcement",
        "raw: the event is a test of the App Dashboard",
    ),
    (
        "dashboard.messaging_customer_information",
        "raw: the event is a test of the App Dashboard",
    ),
    (
        "dashboard.messaging_in_thread_lead_form_submit",
        "raw: the event is a test of the App Dashboard",
    ),
    (
        "dashboard.send_cart",
        "raw: the event is a test of the App Dashboard",
    ),
    (
        "dashboard.message_context",
        "raw: the event is a test of the App Dashboard",
    ),
    (
        "dashboard.message_template_status_update",
        "raw: the event is a test of the App Dashboard",
    ),
    (
        "dashboard.inbox_labels",
        "raw: the event is a test of the App Dashboard",
    ),
    ("envelope.empty", ""),
    ("envelope.empty_list", ""),
    ("envelope.null_lists", ""),
    (
        "envelope.several_events",
        "received message | read up to 1763990000000 | received message",
    ),
    (
        "envelope.several_entries",
        "received message | received message",
    ),
    (
        "envelope.several_lists",
        "received message | received message | raw: the event names no Page or no customer | received calls",
    ),
    (
        "envelope.members_beside",
        "read up to 1763990000000 | received call_permission_reply",
    ),
    ("envelope.names_last", "received message"),
    ("instagram.message", "raw: the object is not a page"),
    ("instagram.story_reply", "raw: the object is not a page"),
    ("instagram.story_mention", "raw: the object is not a page"),
    ("instagram.shares", "raw: the object is not a page"),
    ("instagram.deleted", "raw: the object is not a page"),
    ("instagram.read", "raw: the object is not a page"),
    ("instagram.reaction", "raw: the object is not a page"),
    ("instagram.echo", "raw: the object is not a page"),
    ("instagram.standby", "raw: the object is not a page"),
    ("instagram.comments", "raw: the object is not a page"),
    ("other.user", "raw: the object is not a page"),
    ("other.whatsapp", "raw: the object is not a page"),
    ("unknown.object", "raw: the object is not a page"),
    ("unknown.kind", "raw: no member names a known kind"),
    (
        "unknown.changed_fields",
        "raw: no member names a known kind",
    ),
    ("unknown.bare", "raw: no member names the kind"),
    ("unknown.bare_entry", "raw: no member names the kind"),
    (
        "unknown.damaged",
        "raw: the member that names the kind has another type or no known member | raw: the event is not an object | raw: the event is not an object | received message | raw: not a list | raw: the entry is not an object",
    ),
];

#[test]
fn every_fixture_becomes_the_changes_of_the_table() {
    let mut named: Vec<&str> = TABLE.iter().map(|(name, _)| *name).collect();
    let mut there: Vec<&str> = fixtures().map(|fixture| fixture.name).collect();
    named.sort_unstable();
    there.sort_unstable();
    assert_eq!(named, there);
    for (name, expected) in TABLE {
        let body = body(name);
        let delivery = parse_unverified(body.as_bytes()).unwrap();
        let changes = delivery.events.iter().map(|event| Change::of(event, NOW));
        let changes: Vec<String> = changes.map(|change| describe(&change)).collect();
        assert_eq!(changes.join(" | "), *expected, "{name}");
    }
}

fn describe(change: &Change) -> String {
    match change {
        Change::Received { entry, .. } => format!("received {}", entry.content.act.as_str()),
        Change::Echoed { key: None, .. } => "echoed".to_owned(),
        Change::Echoed { key: Some(key), .. } => format!("echoed {}", key.as_str()),
        Change::Edited { number, .. } => format!("edited {number}"),
        Change::Unsent { .. } => "unsent".to_owned(),
        Change::Reacted { reaction, by, .. } => {
            let name = reaction.as_ref().map(|given| given.name.clone().unwrap());
            format!("reacted {} by {by:?}", name.as_deref().unwrap_or("nothing"))
        }
        Change::Delivered { up_to, mids, .. } => {
            let up_to = up_to.unwrap().as_millis();
            format!("delivered {} and all up to {up_to}", mids.len())
        }
        Change::Read { up_to, .. } => format!("read up to {}", up_to.as_millis()),
        Change::RawEvent(event) => format!("raw: {}", event.reason),
        other => panic!("{other:?}"),
    }
}
