//! Content of entries.

use messenger_crm::model::{Content, Side};

use super::*;

type Check = fn(&Content);

/// Fixtures whose change is an entry, with a check of its content.
const CONTENTS: &[(&str, Check)] = &[
    ("message.quick_reply", |content| {
        assert_eq!(content.text.as_deref(), Some("Green"));
        assert_eq!(content.payload.as_deref(), Some("PICK_GREEN"));
        assert_eq!(content.reply_to.as_ref().unwrap().as_str(), "m_question");
    }),
    // U+0000 is replaced, because not every store can keep it.
    ("message.escapes", |content| {
        let text = "äöå https://tea.example/ 你好 😀 \u{fffd} \"\\\n\t\u{fffd}";
        assert_eq!(content.text.as_deref(), Some(text));
    }),
    ("message.image", |content| {
        let url = "https://scontent.example/v/cup.jpg?oh=1&oe=2";
        attached(content, 0, "image", [Some(url), None, None, None]);
        assert_eq!(content.attachments.len(), 2);
    }),
    ("message.sticker.transition", |content| {
        let url = "https://scontent.example/s.png";
        attached(
            content,
            0,
            "sticker",
            [Some(url), None, None, Some("369239263222822")],
        );
        assert_eq!(content.attachments.len(), 1);
    }),
    ("message.post", |content| {
        let url = "https://www.facebook.example/p/1";
        attached(
            content,
            0,
            "post",
            [Some(url), Some("New harvest"), None, Some("123456789")],
        );
    }),
    ("message.product", |content| {
        attached(
            content,
            0,
            "template",
            [None, Some("Tea pot"), Some("$40"), Some("5550001")],
        );
    }),
    ("message.appointment", |content| {
        let expected = [None, None, Some("requested"), Some("bk_77")];
        attached(content, 0, "appointment_booking", expected);
    }),
    ("message.referral.ad", |content| {
        let referral = content.referral.as_ref().unwrap();
        assert_eq!(referral.source.as_deref(), Some("ADS"));
        assert_eq!(referral.reference.as_deref(), Some("spring"));
        assert_eq!(referral.ad_id.as_deref(), Some("6045246247433"));
        assert_eq!(referral.title.as_deref(), Some("Spring tea"));
        assert_eq!(referral.product_id.as_deref(), Some("5550001"));
    }),
    ("message.prior_message", |content| {
        let referral = content.referral.as_ref().unwrap();
        assert_eq!(referral.source.as_deref(), Some("checkbox_plugin"));
        assert_eq!(referral.reference.as_deref(), Some("ref-2a7f"));
    }),
    // An empty title counts as absent.
    ("echo.media_template", |content| {
        let url = "https://www.facebook.example/photo/1";
        attached(content, 0, "template", [Some(url), None, None, None]);
    }),
    ("echo.button_template", |content| {
        attached(
            content,
            0,
            "template",
            [None, None, Some("What now?"), None],
        );
    }),
    ("postback", |content| {
        assert_eq!(content.title.as_deref(), Some("Get Started"));
        assert_eq!(content.payload.as_deref(), Some("GET_STARTED"));
        let referral = content.referral.as_ref().unwrap();
        assert_eq!(referral.reference.as_deref(), Some("poster"));
    }),
    ("optin.marketing", |content| {
        assert_eq!(content.title.as_deref(), Some("Tea news"));
        let opt_in = content.opt_in.as_ref().unwrap();
        assert_eq!(opt_in.kind.as_deref(), Some("notification_messages"));
        assert_eq!(opt_in.token.as_deref(), Some("12345678901234567890"));
        assert_eq!(
            opt_in.expires_at,
            Some(Timestamp::from_millis(2_145_916_800_000))
        );
        assert_eq!(opt_in.topic.as_deref(), Some("weekly deals"));
        assert_eq!(opt_in.status, None);
    }),
    ("optin.stopped", |content| {
        let opt_in = content.opt_in.as_ref().unwrap();
        assert_eq!(opt_in.status.as_deref(), Some("STOP NOTIFICATIONS"));
    }),
    ("optin.one_time", |content| {
        let opt_in = content.opt_in.as_ref().unwrap();
        assert_eq!(opt_in.token.as_deref(), Some("otn-55"));
    }),
    ("referral.lead", |content| {
        let text = "Which city is your tea house in?: Taipei\nSince when?: 1987";
        assert_eq!(content.text.as_deref(), Some(text));
    }),
    ("account_linking.linked", |content| {
        titled(content, "linked")
    }),
    ("messaging_feedback", |content| {
        let text = "q_taste: 5\nVery good!\nq_words: More tea";
        assert_eq!(content.text.as_deref(), Some(text));
    }),
    ("messaging_customer_information", |content| {
        let text = content.text.as_deref().unwrap();
        assert!(
            text.starts_with("name: Mei Lin\naddress_line_1: 7 Tea Road\n"),
            "{text}"
        );
    }),
    ("form", |content| {
        assert_eq!(content.payload.as_deref(), Some("31337"))
    }),
    ("response_feedback", |content| {
        titled(content, "Good response");
        assert_eq!(content.reply_to.as_ref().unwrap().as_str(), "m_echo");
    }),
    ("order", |content| {
        let text = "2 × Tea pot 11.50 TWD\n1 × Cup 3 TWD\ngift wrap";
        assert_eq!(content.text.as_deref(), Some(text));
        assert_eq!(content.payload.as_deref(), Some("777"));
    }),
    ("template", |content| {
        titled(content, "10PERCENT");
        assert_eq!(content.payload.as_deref(), Some("SPRING"));
    }),
    ("payment", |content| titled(content, "29.62 TWD")),
    ("pre_checkout", |content| titled(content, "2.70 TWD")),
    ("message_request", |content| titled(content, "accept")),
    ("call_permission_reply", |content| {
        titled(content, "approve")
    }),
    ("calls.connect", |content| {
        assert_eq!(content.payload.as_deref(), Some("c_M5YPh"))
    }),
];

#[test]
fn the_content_of_an_entry_is_that_of_its_event() {
    for (name, check) in CONTENTS {
        let body = body(name);
        let delivery = parse_unverified(body.as_bytes()).unwrap();
        println!("{name}");
        check(
            &entry(&Change::of(&delivery.events[0], NOW))
                .unwrap()
                .content,
        );
    }
}

#[test]
fn an_echo_names_the_app_that_sent_it() {
    let body = body("echo.text");
    let delivery = parse_unverified(body.as_bytes()).unwrap();
    let change = Change::of(&delivery.events[0], NOW);
    let app = &entry(&change).unwrap().app;
    assert_eq!(app.as_ref().unwrap().as_str(), "1517000481860111");
}

#[test]
fn a_reaction_has_an_emoji_and_a_side() {
    let page = r#"{"sender":{"id":"1"},"recipient":{"id":"2"},"reaction":{"mid":"m","action":"react","emoji":"x"}}"#;
    let customer = r#"{"sender":{"id":"2"},"recipient":{"id":"1"},"reaction":{"mid":"m","action":"react","emoji":"x"}}"#;
    for (item, side) in [(page, Side::Page), (customer, Side::Customer)] {
        let change = change_of(item);
        let Change::Reacted {
            contact,
            by,
            reaction,
            ..
        } = change
        else {
            panic!("{change:?}")
        };
        assert_eq!((by, contact.psid.as_str()), (side, "2"));
        assert_eq!(reaction.unwrap().emoji.as_deref(), Some("x"));
    }
}

#[track_caller]
fn attached(content: &Content, index: usize, kind: &str, expected: [Option<&str>; 4]) {
    let one = &content.attachments[index];
    assert_eq!(one.kind, kind);
    let found = [&one.url, &one.title, &one.text, &one.id].map(|member| member.as_deref());
    assert_eq!(found, expected);
}

#[track_caller]
fn titled(content: &Content, title: &str) {
    assert_eq!(content.title.as_deref(), Some(title));
}
