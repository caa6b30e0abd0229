//! Events of the Page: labels, marketing messages, templates, changes of fields.

use messenger_crm::event::{Event, Kind};

use super::expect::{Absent as _, Is as _, all, kind, of};
use super::{Fixture, event, fixture};

pub(super) const FIXTURES: &[Fixture] = &[
    fixture(
        "inbox_labels",
        &[event(
            "changes change:inbox_labels 106540001112223 7104000555666777 1763990000000 -",
            |event| {
                let label = kind!(event, InboxLabel);
                of(&label.user).id.is("7104000555666777");
                label.action.is("add");
                of(&label.label).id.is("588120");
                of(&label.label).name.is("VIP");
                assert!(event.kind.is_change() && !event.is_test());
            },
        )],
    ),
    fixture(
        "marketing_message_echoes",
        &[event(
            "changes change:marketing_message_echoes 106540001112223 7104000555666777 1763990000000 mid.$cMarketing",
            |event| {
                let message = kind!(event, MarketingMessage);
                message.field.is("marketing_message_echoes");
                message.recipient_id.is("7104000555666777");
                message.page_id.is("106540001112223");
                message.app_id.is("1517000481860111");
                message.timestamp.is(1_763_990_000_000);
                message
                    .tracking_id
                    .is("98ecd977-0000-4ec0-a8e0-8b8ecaad8030");
                message.subscription_token.is("12348141984909088");
                message.message_id.is("124141414124");
            },
        )],
    ),
    fixture(
        "marketing_message_deliveries",
        &[event(
            "changes change:marketing_message_deliveries 106540001112223 7104000555666777 1763990000000 mid.$cMarketing",
            |event| kind!(event, MarketingMessage).message_id.is("124141414124"),
        )],
    ),
    fixture(
        "marketing_message_reads",
        &[event(
            "changes change:marketing_message_reads 106540001112223 7104000555666777 1763990000000 -",
            |event| {
                kind!(event, MarketingMessage)
                    .field
                    .is("marketing_message_reads")
            },
        )],
    ),
    fixture(
        "marketing_message_clicks.flat",
        &[event(
            "changes change:marketing_message_clicks 106540001112223 7104000555666777 1763990000000 mid.$cMarketing",
            |event| {
                kind!(event, MarketingMessage)
                    .subscription_token
                    .is("12348141984909088")
            },
        )],
    ),
    fixture(
        "marketing_message_delivery_failed",
        &[event(
            "changes change:marketing_message_delivery_failed 106540001112223 - 1763990000000 -",
            |event| {
                let message = kind!(event, MarketingMessage);
                message.business_id.is("2718281828");
                message.error_message.is("The person cannot be reached.");
                message.recipient_id.is_absent();
            },
        )],
    ),
    fixture(
        "marketing_messages_subscriber_upload_status",
        &[event(
            "changes change:marketing_messages_subscriber_upload_status 106540001112223 - 1763990000000 -",
            |event| {
                let upload = kind!(event, SubscriberUpload);
                upload.app_id.is("1517000481860111");
                upload.page_id.is("106540001112223");
                upload.custom_audience_id.is("6001");
                upload.ad_account_id.is("act_6002");
                upload.timestamp.is(1_763_990_000_000);
                upload.num_rows.is(Some(500));
                upload.business_id.is("2718281828");
                upload.at_least.is(Some(400));
                upload.at_most.is(Some(450));
                upload.status.is("SUCCESS");
            },
        )],
    ),
    fixture(
        "message_template_status_update",
        &[event(
            "changes change:message_template_status_update 106540001112223 - 1763990000000 -",
            |event| {
                let update = kind!(event, TemplateUpdate);
                update.business_id.is("2718281828");
                update.timestamp.is(1_763_990_000_000);
                let [change] = all(&update.changes);
                change.field.is("message_template_status_update");
                let status = of(&change.value);
                status.event.is("REJECTED");
                status.id.is("123456789");
                status.name.is("order_update");
                status.language.is("en-US");
                status.reason.is("ABUSIVE_CONTENT");
            },
        )],
    ),
    fixture(
        "message_template_status_update.flat",
        &[event(
            "changes change:message_template_status_update 106540001112223 - 1763990000000 -",
            |event| template(event, "APPROVED", "en-US"),
        )],
    ),
    fixture(
        "messenger_template_status_update",
        &[event(
            "changes change:message_template_status_update 106540001112223 - 1763990000000 -",
            |event| template(event, "PENDING", "zh_TW"),
        )],
    ),
    fixture(
        "business_integrity",
        &[event(
            "changes change:business_integrity 106540001112223 - 1763990000000 -",
            |event| {
                let integrity = kind!(event, BusinessIntegrity);
                event.timestamp.is(1_763_990_000_000);
                integrity.status.is("restricted");
                let [violation] = all(&integrity.violations);
                violation.kind.is("SPAM");
                violation.description.is("Too many messages");
                violation.url.is("https://www.facebook.example/policy");
                let [restriction] = all(&integrity.restrictions);
                restriction.feature.is("MESSAGING");
                restriction.status.is("active");
                restriction.description.is("No marketing messages");
                restriction.applied_at.is(1_763_980_000_000);
                restriction.expires_at.is(1_764_980_000_000);
                let [action] = all(&integrity.actions);
                action.kind.is("APPEAL");
                action.status.is("open");
                action.created_at.is(1_763_985_000_000);
                action.updated_at.is(1_763_986_000_000);
            },
        )],
    ),
    fixture(
        "group_feed",
        &[event(
            "messaging group_feed 106540001112223 - 1763989990000 -",
            |event| {
                let comment = kind!(event, GroupComment);
                of(&comment.from).id.is("5550009");
                of(&comment.from).name.is("Mei Lin");
                comment.message.is("Does this pot come in blue?");
                comment.item.is("comment");
                comment.verb.is("add");
                comment.group_id.is("41");
                comment.comment_id.is("42");
                comment.parent_id.is("43");
                comment.post_id.is("44");
                comment.created_at.is(1_763_989_990_000);
            },
        )],
    ),
    fixture(
        "change.feed",
        &[event(
            "changes change:feed 106540001112223 - 1763990000000 -",
            |event| {
                change(
                    event,
                    Some(
                        r#"{"item":"comment","verb":"add","from":{"id":"5550009","name":"Mei Lin"},"post_id":"106540001112223_77","comment_id":"77_78","parent_id":"106540001112223_77","created_time":1763990000,"message":"price?"}"#,
                    ),
                )
            },
        )],
    ),
    fixture(
        "change.leadgen",
        &[event(
            "changes change:leadgen 106540001112223 - 1763990000000 -",
            |event| {
                change(
                    event,
                    Some(
                        r#"{"leadgen_id":"31","page_id":"106540001112223","form_id":"32","adgroup_id":"33","ad_id":"34","created_time":1763990000}"#,
                    ),
                )
            },
        )],
    ),
    fixture(
        "change.mention",
        &[event(
            "changes change:mention 106540001112223 - 1763990000000 -",
            |event| {
                change(
                    event,
                    Some(
                        r#"{"post_id":"44_45","sender_id":"44","sender_name":"Mei Lin","item":"post","verb":"add"}"#,
                    ),
                )
            },
        )],
    ),
    fixture(
        "change.ratings",
        &[event(
            "changes change:ratings 106540001112223 - 1763990000000 -",
            |event| assert!(event.raw().contains(r#""recommendation_type":"POSITIVE""#)),
        )],
    ),
    fixture(
        "change.names_only",
        &[event(
            "changes change:attire 106540001112223 - 1763990000000 -",
            |event| change(event, None),
        )],
    ),
    fixture(
        "change.text",
        &[event(
            "changes change:email 106540001112223 - 1763990000000 -",
            |event| change(event, Some(r#""tea@tea.example""#)),
        )],
    ),
    fixture(
        "change.action",
        &[event(
            "changes change:page_upcoming_change 106540001112223 - 1763990000000 -",
            |event| change(event, Some(r#"{"change_time":1764000000}"#)),
        )],
    ),
    fixture(
        "change.messaging_integrity",
        &[event(
            "changes change:messaging_integrity 106540001112223 - 1763990000000 -",
            |event| change(event, Some(r#"{"status":"fine"}"#)),
        )],
    ),
];

/// Asserts the state of one template, sent without a list.
#[track_caller]
fn template(event: &Event<'_>, state: &str, language: &str) {
    let [change] = all(&kind!(event, TemplateUpdate).changes);
    let status = of(&change.value);
    status.event.is(state);
    status.id.is("123456789");
    status.name.is("order_update");
    status.language.is(language);
    status.reason.is("NONE");
}

#[track_caller]
fn change(event: &Event<'_>, expected: Option<&str>) {
    let Kind::Change { value, .. } = &event.kind else {
        panic!("{:?}", event.kind)
    };
    assert_eq!(value.as_ref().map(|value| value.as_str()), expected);
    assert!(event.kind.is_change());
}
