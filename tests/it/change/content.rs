//! Content of entries.

use messenger_crm::model::{Attachment, Button, Card, Content, Referral, Side};

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
    ("message.appointment", |content| {
        let expected = [None, None, Some("requested"), Some("bk_77")];
        attached(content, 0, "appointment_booking", expected);
    }),
    ("message.prior_message", |content| {
        let referral = content.referral.as_ref().unwrap();
        assert_eq!(referral.source.as_deref(), Some("checkbox_plugin"));
        assert_eq!(referral.reference.as_deref(), Some("ref-2a7f"));
    }),
    ("postback", |content| {
        assert_eq!(content.title.as_deref(), Some("Get Started"));
        assert_eq!(content.payload.as_deref(), Some("GET_STARTED"));
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

/// Everything that a person could see in Messenger is in the content, without the event.
#[test]
fn r14_a_shared_product_is_a_card() {
    let content = content_of("message.product");
    assert_eq!(content.text.as_deref(), Some("Is this one still there?"));
    let mut card = Card::default();
    card.title = some("Tea pot");
    card.subtitle = some("$40");
    card.image_url = some("https://scontent.example/p.jpg");
    card.product_id = some("5550001");
    assert_eq!(content.attachments[0].cards, [card]);
    assert_eq!(content.raw, None);
}

#[test]
fn b10_r14_all_cards_and_buttons_of_a_generic_template_are_there() {
    let content = content_of("echo.generic_template");
    let mut first = Card::default();
    first.title = some("Oolong");
    first.subtitle = some("half fermented");
    first.image_url = some("https://cdn.example/o.jpg");
    first.buttons = vec![
        button("postback", "Buy", None, Some("BUY_OOLONG")),
        button("phone_number", "Call", None, Some("+886200000000")),
    ];
    let mut second = Card::default();
    second.url = some("https://www.facebook.example/v/9");
    let mut template = Attachment::new("template");
    template.template = some("generic");
    template.title = some("Our tea");
    template.cards = vec![first, second];
    assert_eq!(content.attachments, [template]);
    assert_eq!(content.raw, None);
}

#[test]
fn b10_r14_the_text_and_the_buttons_of_a_button_template_are_there() {
    let content = content_of("echo.button_template");
    let mut template = Attachment::new("template");
    template.template = some("button");
    template.text = some("What now?");
    template.buttons = vec![button("postback", "More", None, Some("MORE"))];
    assert_eq!(content.attachments, [template]);
}

#[test]
fn b10_r14_the_link_of_a_media_template_and_its_button_are_there() {
    let content = content_of("echo.media_template");
    let mut card = Card::default();
    card.buttons = vec![button(
        "web_url",
        "Look",
        Some("https://tea.example/"),
        None,
    )];
    let mut template = Attachment::new("template");
    template.template = some("media");
    // An empty title counts as absent.
    template.url = some("https://www.facebook.example/photo/1");
    template.cards = vec![card];
    assert_eq!(content.attachments, [template]);
}

#[test]
fn r14_a_location_has_its_coordinates_and_its_link() {
    let content = content_of("message.location");
    let [location] = &content.attachments[..] else {
        panic!("{content:?}")
    };
    let url = "https://l.facebook.example/l.php?u=map";
    attached(
        &content,
        0,
        "location",
        [Some(url), Some("Mei's location"), None, None],
    );
    let coordinates = location.coordinates.as_ref().unwrap();
    let found = (&*coordinates.latitude, &*coordinates.longitude);
    assert_eq!(found, ("25.0329694", "121.5654177"));
}

#[test]
fn r14_an_appointment_has_its_times() {
    let content = content_of("message.appointment");
    let booking = &content.attachments[0];
    assert!(booking.starts_at.is_some() && booking.ends_at > booking.starts_at);
}

#[test]
fn b5_r14_a_referral_has_its_advertisement_and_its_post() {
    let mut ad = Referral::default();
    ad.source = some("ADS");
    ad.kind = some("OPEN_THREAD");
    ad.reference = some("spring");
    ad.ad_id = some("6045246247433");
    ad.title = some("Spring tea");
    ad.photo_url = some("https://cdn.example/ad.jpg");
    ad.video_url = some("https://cdn.example/ad.mp4");
    ad.post_id = some("998877");
    ad.product_id = some("5550001");
    ad.flow_id = some("4711");
    assert_eq!(content_of("message.referral.ad").referral, Some(ad));
    let product = content_of("message.referral.product").referral;
    assert_eq!(product.unwrap().product_id, some("5550001"));
}

#[test]
fn b5_a_referral_by_itself_or_inside_a_postback_is_stored_whole() {
    let referral = r#""referral":{"ref":"poster","source":"SHORTLINK","type":"OPEN_THREAD",
        "referer_uri":"https://tea.example/","ads_context_data":{"ad_title":"Tea","post_id":"9"}}"#;
    let mut expected = Referral::default();
    expected.reference = some("poster");
    expected.source = some("SHORTLINK");
    expected.kind = some("OPEN_THREAD");
    expected.referer = some("https://tea.example/");
    expected.title = some("Tea");
    expected.post_id = some("9");
    for (item, act) in [
        (referral.to_owned(), "referral"),
        (
            format!(r#""postback":{{"title":"Start",{referral}}}"#),
            "postback",
        ),
    ] {
        let item = format!(r#"{{"sender":{{"id":"2"}},"timestamp":1763990000001,{item}}}"#);
        let entry = entry(&change_of(&item)).unwrap().clone();
        assert_eq!(entry.content.act.as_str(), act);
        assert_eq!(entry.content.referral.as_ref(), Some(&expected), "{act}");
    }
}

#[test]
fn g21_r14_a_referral_beside_a_message_is_that_of_the_message() {
    let item = r#"{"sender":{"id":"2"},"timestamp":1763990000001,"message":{"mid":"m","text":"Hi"},
        "referral":{"ref":"poster","source":"SHORTLINK"}}"#;
    let referral = entry(&change_of(item)).unwrap().content.referral.clone();
    assert_eq!(referral.unwrap().reference, some("poster"));
}

#[test]
fn b23_a_like_is_a_text_in_each_of_its_three_sizes() {
    for id in ["369239263222822", "369239343222814", "369239383222810"] {
        for sticker in [
            format!(
                r#""attachments":[{{"type":"sticker","payload":{{"url":"https://a.b/s","sticker_id":{id}}}}}]"#
            ),
            format!(
                r#""sticker_id":{id},"attachments":[{{"type":"image","payload":{{"url":"https://a.b/s"}}}}]"#
            ),
        ] {
            let item = format!(r#"{{"sender":{{"id":"2"}},"message":{{"mid":"m",{sticker}}}}}"#);
            let content = entry(&change_of(&item)).unwrap().content.clone();
            assert_eq!(content.text.as_deref(), Some("👍"), "{sticker}");
            assert_eq!(content.attachments[0].id.as_deref(), Some(id), "{sticker}");
        }
    }
    let other = r#"{"sender":{"id":"2"},"message":{"mid":"m","attachments":[
        {"type":"sticker","payload":{"url":"https://a.b/s","sticker_id":7}}]}}"#;
    assert_eq!(entry(&change_of(other)).unwrap().content.text, None);
}

#[test]
fn r14_what_has_no_other_place_keeps_its_json() {
    let content = content_of("message.unsupported");
    assert!(content.unsupported);
    let raw: serde_json::Value = serde_json::from_str(content.raw.as_ref().unwrap()).unwrap();
    assert_eq!(raw["message"]["mid"], "m_unsupported");
}

fn content_of(name: &str) -> Content {
    let body = body(name);
    let delivery = parse_unverified(body.as_bytes()).unwrap();
    let change = Change::of(&delivery.events[0], NOW);
    entry(&change).unwrap().content.clone()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

fn button(kind: &str, title: &str, url: Option<&str>, payload: Option<&str>) -> Button {
    let mut button = Button::default();
    (button.kind, button.title) = (some(kind), some(title));
    (button.url, button.payload) = (url.and_then(some), payload.and_then(some));
    button
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
