//! Other events of a conversation: postbacks, receipts, reactions, opt-ins, referrals, account links.

use super::expect::{Absent as _, Is as _, all, kind, of};
use super::{Fixture, event, event_line, fixture};

pub(super) const FIXTURES: &[Fixture] = &[
    fixture(
        "postback",
        &[event(event_line!("postback", "m_postback"), |event| {
            let postback = kind!(event, Postback);
            postback.title.is("Get Started");
            postback.payload.is("GET_STARTED");
            let referral = of(&postback.referral);
            referral.reference.is("poster");
            referral.source.is("SHORTLINK");
            referral.kind.is("OPEN_THREAD");
            assert!(!referral.is_guest_user);
            assert_eq!(event.kind.field(), Some("messaging_postbacks"));
        })],
    ),
    fixture(
        "postback.bare",
        &[event(event_line!("postback", "-"), |event| {
            let postback = kind!(event, Postback);
            postback.title.is("");
            postback.payload.is("MENU_TEA");
            let referral = of(&postback.referral);
            referral.reference.is_absent();
            referral.source.is("CUSTOMER_CHAT_PLUGIN");
            referral.referer_uri.is("https://tea.example/shop");
            assert!(referral.is_guest_user);
        })],
    ),
    fixture(
        "postback.user_ref",
        &[event(
            "messaging postback 106540001112223 - 1763990000001 -",
            |event| {
                of(&event.extras).user_ref.is("90210");
                kind!(event, Postback).title.is("Start");
            },
        )],
    ),
    fixture(
        "delivery",
        &[event(event_line!("delivery", "-"), |event| {
            let receipt = kind!(event, Delivery);
            receipt.watermark.is(1_763_989_999_500);
            let mids: Vec<_> = of(&receipt.mids).iter().collect();
            mids.is(&["m_echo", "mid.1763989999000:ed81099e15d3f4f233"]);
            assert_eq!(event.kind.field(), Some("message_deliveries"));
        })],
    ),
    fixture(
        "delivery.bare",
        &[event(
            "messaging delivery 106540001112223 7104000555666777 1763990000123 -",
            |event| {
                kind!(event, Delivery).watermark.is(1_763_989_999_500);
                kind!(event, Delivery).mids.is_absent();
            },
        )],
    ),
    fixture(
        "read",
        &[event(event_line!("read", "-"), |event| {
            kind!(event, Read).watermark.is(1_763_989_999_800);
            kind!(event, Read).mid.is_absent();
            assert_eq!(event.kind.field(), Some("message_reads"));
        })],
    ),
    fixture(
        "read.legacy",
        &[event(event_line!("read", "-"), |event| {
            kind!(event, Read).watermark.is(1_763_989_999_800);
        })],
    ),
    fixture(
        "reaction",
        &[event(event_line!("reaction", "m_echo"), |event| {
            let reaction = kind!(event, Reaction);
            reaction.action.is("react");
            reaction.reaction.is("love");
            reaction.emoji.is("❤\u{fe0f}");
            assert_eq!(event.kind.field(), Some("message_reactions"));
        })],
    ),
    fixture(
        "reaction.unreact",
        &[event(event_line!("reaction", "m_echo"), |event| {
            let reaction = kind!(event, Reaction);
            reaction.action.is("unreact");
            assert!(reaction.reaction.is_none() && reaction.emoji.is_none());
        })],
    ),
    fixture(
        "optin.plugin",
        &[event(
            "messaging optin 106540001112223 7104000555666777 1763990000000 -",
            |event| {
                kind!(event, Optin).reference.is("cart-19");
                kind!(event, Optin).kind.is_absent();
                assert_eq!(event.kind.field(), Some("messaging_optins"));
            },
        )],
    ),
    fixture(
        "optin.checkbox",
        &[event(
            "messaging optin 106540001112223 - 1763990000000 -",
            |event| {
                kind!(event, Optin).user_ref.is("ref-2a7f");
                event.sender.is_absent();
            },
        )],
    ),
    fixture(
        "optin.one_time",
        &[event(event_line!("optin", "-"), |event| {
            let optin = kind!(event, Optin);
            optin.kind.is("one_time_notif_req");
            optin.payload.is("BACK_IN_STOCK");
            optin.one_time_token.is("otn-55");
        })],
    ),
    fixture(
        "optin.marketing",
        &[event(event_line!("optin", "-"), |event| {
            let optin = kind!(event, Optin);
            optin.kind.is("notification_messages");
            optin.title.is("Tea news");
            optin.payload.is("NEWS");
            optin.token.is("12345678901234567890");
            optin.frequency.is("DAILY");
            optin.timezone.is("UTC");
            optin.token_expires_at.is(2_145_916_800_000);
            optin.token_status.is("NOT_REFRESHED");
            optin.topic.is("weekly deals");
            optin.reference.is("poster");
            optin.source.is("SHORTLINK");
            optin.status.is_absent();
        })],
    ),
    fixture(
        "optin.stopped",
        &[event(event_line!("optin", "-"), |event| {
            let optin = kind!(event, Optin);
            optin.status.is("STOP NOTIFICATIONS");
            optin.token_status.is("REFRESHED");
            optin.token_expires_at.is(2_145_916_800_000);
        })],
    ),
    fixture(
        "optout",
        &[event(event_line!("optout", "-"), |event| {
            let raw = kind!(event, Optout);
            assert_eq!(
                raw.as_str(),
                r#"{"type":"something","why":[1,{"a":"\u2764"}]}"#
            );
            assert_eq!(event.kind.field(), Some("messaging_optouts"));
        })],
    ),
    fixture(
        "referral.link",
        &[event(event_line!("referral", "-"), |event| {
            let referral = kind!(event, Referral);
            referral.reference.is("poster");
            referral.source.is("SHORTLINK");
            referral.kind.is("OPEN_THREAD");
            assert_eq!(event.kind.field(), Some("messaging_referrals"));
        })],
    ),
    fixture(
        "referral.ad",
        &[event(event_line!("referral", "-"), |event| {
            let referral = kind!(event, Referral);
            referral.ad_id.is("6045246247433");
            let ad = of(&referral.ad);
            ad.title.is("Spring tea");
            ad.photo_url.is("https://cdn.example/ad.jpg");
            ad.video_url.is("https://cdn.example/ad.mp4");
            ad.post_id.is("998877");
            ad.product_id.is("5550001");
            ad.flow_id.is("4711");
        })],
    ),
    fixture(
        "referral.lead",
        &[event(
            "messaging referral 106540001112223 7104000555666777 1763990000000 -",
            |event| {
                let referral = kind!(event, Referral);
                referral.kind.is("LEAD_COMPLETE");
                referral.ad_id.is("6302572858686");
                let [city, since] = all(&of(&of(&event.extras).lead).data);
                city.question.is("Which city is your tea house in?");
                city.answer.is("Taipei");
                since.answer.is("1987");
            },
        )],
    ),
    fixture(
        "account_linking.linked",
        &[event(event_line!("account_linking", "-"), |event| {
            kind!(event, AccountLinking).status.is("linked");
            kind!(event, AccountLinking)
                .authorization_code
                .is("code-31");
            assert_eq!(event.kind.field(), Some("messaging_account_linking"));
        })],
    ),
    fixture(
        "account_linking.unlinked",
        &[event(event_line!("account_linking", "-"), |event| {
            kind!(event, AccountLinking).status.is("unlinked");
            kind!(event, AccountLinking).authorization_code.is_absent();
        })],
    ),
    fixture(
        "response_feedback",
        &[event(event_line!("response_feedback", "m_echo"), |event| {
            kind!(event, ResponseFeedback).feedback.is("Good response");
            assert_eq!(event.kind.field(), Some("response_feedback"));
        })],
    ),
    fixture(
        "message_request",
        &[event(event_line!("message_request", "-"), |event| {
            assert_eq!(kind!(event, MessageRequest).as_str(), "accept");
        })],
    ),
];
