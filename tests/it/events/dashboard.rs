//! Test events of Meta's dashboard: events of a conversation, sent as changes.

use messenger_crm::event::Event;

use super::expect::{Absent as _, Is as _, all, kind, of};
use super::{Expected, Fixture, fixture};

pub(super) const FIXTURES: &[Fixture] = &[
    fixture(
        "dashboard.messages",
        &[test(
            "changes message 0 12334 1527459824000 test_message_id",
            |event| {
                let message = kind!(event, Message);
                message.text.is("test_message");
                let [one, two] = all(&message.commands);
                one.name.is("command123");
                two.name.is("command456");
            },
        )],
    ),
    // The dashboard does not swap sender and recipient for an echo, so the customer is wrong.
    fixture(
        "dashboard.message_echoes",
        &[test(
            "changes echo 0 23245 1527459824000 test_message_id",
            |event| kind!(event, Echo).app_id.is_absent(),
        )],
    ),
    fixture(
        "dashboard.message_edits",
        &[test(
            "changes message_edit 0 12334 1527459824000 test_message_id",
            |event| {
                kind!(event, MessageEdit).text.is("test_message");
                kind!(event, MessageEdit).num_edit.is(None);
            },
        )],
    ),
    fixture(
        "dashboard.message_deliveries",
        &[test("changes delivery 0 12334 1527459824000 -", |event| {
            kind!(event, Delivery).watermark.is(1_648_581_633_369);
            let mids: Vec<_> = of(&kind!(event, Delivery).mids).iter().collect();
            mids.is(&["m_akKg"]);
        })],
    ),
    fixture(
        "dashboard.message_reads",
        &[test("changes read 0 12334 1527459824000 -", |event| {
            kind!(event, Read).watermark.is(1_458_668_856_253)
        })],
    ),
    fixture(
        "dashboard.message_reactions",
        &[test(
            "changes reaction 0 12334 1527459824000 m_loPB-VGAnPg",
            |event| {
                kind!(event, Reaction).action.is("react");
                kind!(event, Reaction).emoji.is("ud83dudc4d");
                kind!(event, Reaction).reaction.is("like");
            },
        )],
    ),
    fixture(
        "dashboard.messaging_postbacks",
        &[test(
            "changes postback 0 12334 1527459824000 m_1457764197618:41d102a3e1ae206a38",
            |event| {
                kind!(event, Postback).title.is("TITLE-FOR-THE-CTA");
                kind!(event, Postback).payload.is("USER-DEFINED-PAYLOAD");
                of(&kind!(event, Postback).referral).source.is("SHORT-URL");
            },
        )],
    ),
    fixture(
        "dashboard.messaging_referrals",
        &[test("changes referral 0 12334 1527459824000 -", |event| {
            kind!(event, Referral)
                .reference
                .is("EXAMPLE_STRING_PAYLOAD");
            kind!(event, Referral).ad_id.is_absent();
            of(&kind!(event, Referral).ad).title.is("<AD_TITLE>");
        })],
    ),
    fixture(
        "dashboard.messaging_optins",
        &[test("changes optin 0 12334 1527459824000 -", |event| {
            let optin = kind!(event, Optin);
            optin.payload.is("test_payload");
            optin.token.is("123");
            optin.frequency.is("daily");
            // The dashboard sends a duration; it is read as seconds since 1970, as all such numbers.
            optin.token_expires_at.is(2_592_000_000_000);
            optin.token_status.is("REFRESHED");
        })],
    ),
    fixture(
        "dashboard.messaging_account_linking",
        &[test(
            "changes account_linking 0 12334 1527459824000 -",
            |event| kind!(event, AccountLinking).status.is("linked"),
        )],
    ),
    fixture(
        "dashboard.messaging_handovers",
        &[test(
            "changes take_thread_control 0 12334 1527459824000 -",
            |event| {
                kind!(event, TakeThreadControl)
                    .previous_owner_app_id
                    .is("1234567890");
                kind!(event, TakeThreadControl)
                    .new_owner_app_id
                    .is("9876543210");
                kind!(event, TakeThreadControl)
                    .metadata
                    .is("Information about the conversation");
            },
        )],
    ),
    fixture(
        "dashboard.messaging_policy_enforcement",
        &[test(
            "changes policy_enforcement 0 - 1527459824000 -",
            |event| {
                let enforcement = kind!(event, PolicyEnforcement);
                enforcement.action.is("warning");
                enforcement.reason.is("Warning reason message");
            },
        )],
    ),
    fixture(
        "dashboard.messaging_customer_information",
        &[test(
            "changes messaging_customer_information 0 12334 1527459824000 -",
            |event| {
                let [screen] = all(&kind!(event, CustomerInformation).screens);
                screen.screen_id.is("ID2");
                let [name, email] = all(&screen.responses);
                name.value.is("John Doe");
                email.key.is("email");
                email.value.is("email");
            },
        )],
    ),
    fixture(
        "dashboard.messaging_in_thread_lead_form_submit",
        &[test("changes form 0 123 1234567890000 -", |event| {
            kind!(event, LeadForm).id.is("789")
        })],
    ),
    fixture(
        "dashboard.send_cart",
        &[test("changes order 0 12334 1527459824000 -", |event| {
            let order = kind!(event, Order);
            let [one, two] = all(&order.products);
            one.id.is("123");
            one.unit_price.is("11");
            one.quantity.is(Some(1));
            two.name.is("name2");
            order.note.is("Foobar");
            order.source.is("live_shopping");
            order.source_id.is("123456789");
        })],
    ),
    fixture(
        "dashboard.message_context",
        &[test(
            "changes message_context 0 12334 1527459824000 -",
            |event| {
                let [detection] = all(&kind!(event, MessageContext).detections);
                detection.event_name.is("payment_received");
                let [suggestion] = all(&kind!(event, MessageContext).suggestions);
                suggestion.mid.is("98567");
            },
        )],
    ),
    fixture(
        "dashboard.message_template_status_update",
        &[test(
            "changes change:message_template_status_update 0 - 1234567890000 -",
            |event| {
                let [change] = all(&kind!(event, TemplateUpdate).changes);
                of(&change.value).reason.is("ABUSIVE_CONTENT");
            },
        )],
    ),
    fixture(
        "dashboard.inbox_labels",
        &[test(
            "changes change:inbox_labels 0 2382390648517094 1769052520000 -",
            |event| of(&kind!(event, InboxLabel).label).name.is("label name"),
        )],
    ),
];

/// Expects a test event.
const fn test(line: &'static str, check: fn(&Event<'_>)) -> Expected {
    Expected {
        line,
        is_test: true,
        check,
    }
}
