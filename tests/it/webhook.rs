//! From the bytes of a delivery to its events.

#![allow(clippy::unwrap_used)]

use messenger_crm::event::{Channel, Event, Kind, Message};
use messenger_crm::webhook::{Delivery, EnvelopeError, parse_unverified};

const PARTIES: &str = r#""sender":{"id":"2"},"recipient":{"id":"1"},"timestamp":1700000000000"#;

fn page(id: &str, events: &[&str]) -> String {
    format!(
        r#"{{"id":"{id}","time":1,"messaging":[{}]}}"#,
        events.join(",")
    )
}

fn pages(entries: &[String]) -> String {
    format!(r#"{{"object":"page","entry":[{}]}}"#, entries.join(","))
}

#[track_caller]
fn read(body: &str) -> Delivery<'_> {
    parse_unverified(body.as_bytes()).unwrap()
}

/// What the only event with this member is; `check` looks at it.
#[track_caller]
fn only(member: &str, check: impl FnOnce(&Event<'_>)) {
    let event = format!("{{{PARTIES},{member}}}");
    let body = pages(&[page("1", &[&event])]);
    let delivery = read(&body);
    assert_eq!(delivery.events.len(), 1);
    assert_eq!(delivery.events[0].raw(), event);
    check(&delivery.events[0]);
}

#[track_caller]
fn message<'e, 'a>(event: &'e Event<'a>) -> &'e Message<'a> {
    match &event.kind {
        Kind::Message(message) => message,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn aside(event: &Event<'_>) -> &'static str {
    match &event.kind {
        Kind::Unrecognized { reason, .. } => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_text_tells_who_when_and_what() {
    only(r#""message":{"mid":"m1","text":"Hello~"}"#, |event| {
        assert_eq!(event.channel, Channel::Messaging);
        assert_eq!(event.page().unwrap().as_str(), "1");
        assert_eq!(event.customer().unwrap().as_str(), "2");
        assert_eq!(event.timestamp.unwrap().as_millis(), 1_700_000_000_000);
        let message = message(event);
        assert_eq!(message.mid.as_deref(), Some("m1"));
        assert_eq!(message.text.as_deref(), Some("Hello~"));
        assert!(message.text.as_ref().unwrap().is_borrowed());
    });
}

#[test]
fn a_quick_reply_has_a_payload() {
    let member = r#""message":{"mid":"m1","text":"Red","quick_reply":{"payload":"RED"}}"#;
    only(member, |event| {
        assert_eq!(message(event).quick_reply.as_deref(), Some("RED"));
        assert_eq!(message(event).text.as_deref(), Some("Red"));
    });
}

#[test]
fn an_image_has_its_address() {
    let member = r#""message":{"mid":"m1","attachments":[
        {"type":"image","payload":{"url":"https://cdn.example/1"}},
        {"type":"fallback","title":"A post","url":"https://cdn.example/2"}, 7]}"#;
    only(member, |event| {
        let attachments = &message(event).attachments;
        let kinds: Vec<&str> = attachments.iter().map(|one| one.kind.as_str()).collect();
        assert_eq!(kinds, ["image", "fallback", "unknown"]);
        assert_eq!(attachments[0].url.as_deref(), Some("https://cdn.example/1"));
        assert_eq!(attachments[1].url.as_deref(), Some("https://cdn.example/2"));
        assert_eq!(attachments[1].title.as_deref(), Some("A post"));
    });
}

#[test]
fn the_twin_of_a_sticker_is_dropped_and_other_images_stay() {
    let member = r#""message":{"mid":"m1","attachments":[
        {"type":"image","payload":{"url":"https://cdn.example/s","sticker_id":9}},
        {"type":"sticker","payload":{"url":"https://cdn.example/s","sticker_id":9}},
        {"type":"image","payload":{"url":"https://cdn.example/i"}}]}"#;
    only(member, |event| {
        let attachments = &message(event).attachments;
        let kinds: Vec<&str> = attachments.iter().map(|one| one.kind.as_str()).collect();
        assert_eq!(kinds, ["sticker", "image"]);
    });
}

#[test]
fn a_postback_may_lack_its_mid() {
    for (member, mid) in [
        (
            r#""postback":{"mid":"m1","title":"Start","payload":"GO"}"#,
            Some("m1"),
        ),
        (r#""postback":{"title":"Start","payload":"GO"}"#, None),
    ] {
        only(member, |event| {
            let Kind::Postback(postback) = &event.kind else {
                panic!("{event:?}")
            };
            assert_eq!(postback.mid.as_deref(), mid);
            assert_eq!(postback.title.as_deref(), Some("Start"));
            assert_eq!(postback.payload.as_deref(), Some("GO"));
        });
    }
}

#[test]
fn the_customer_of_an_echo_is_the_recipient() {
    let event = r#"{"sender":{"id":"1"},"recipient":{"id":"2"},"timestamp":1700000000000,
        "message":{"mid":"m1","is_echo":true,"app_id":9007199254740993,"metadata":"k","text":"Hi"}}"#;
    let body = pages(&[page("1", &[event])]);
    let delivery = read(&body);
    let event = &delivery.events[0];
    let Kind::Echo(echo) = &event.kind else {
        panic!("{event:?}")
    };
    assert_eq!(echo.metadata.as_deref(), Some("k"));
    assert_eq!(echo.app_id.as_deref(), Some("9007199254740993"));
    assert_eq!(event.customer().unwrap().as_str(), "2");
    assert_eq!(event.page().unwrap().as_str(), "1");
}

#[test]
fn a_delivery_has_a_watermark_and_perhaps_mids() {
    let member = r#""delivery":{"mids":["m1","m2"],"watermark":1700000000001}"#;
    only(member, |event| {
        let Kind::Delivery {
            watermark, mids, ..
        } = &event.kind
        else {
            panic!("{event:?}")
        };
        assert_eq!(watermark.unwrap().as_millis(), 1_700_000_000_001);
        assert_eq!(mids.len(), 2);
    });
}

#[test]
fn a_watermark_may_be_a_string_or_seconds() {
    for (watermark, millis) in [
        ("1700000000001", Some(1_700_000_000_001)),
        (r#""1700000000001""#, Some(1_700_000_000_001)),
        ("1700000000", Some(1_700_000_000_000)),
        (r#""1700000000""#, Some(1_700_000_000_000)),
        (r#""soon""#, None),
        ("99999999999999999999", None),
        ("null", None),
    ] {
        only(&format!(r#""read":{{"watermark":{watermark}}}"#), |event| {
            let Kind::Read { watermark, .. } = &event.kind else {
                panic!("{event:?}")
            };
            assert_eq!(watermark.map(|at| at.as_millis()), millis);
        });
    }
}

#[test]
fn an_unknown_kind_keeps_its_bytes() {
    let member = r#""reaction" : { "emoji":"\u2764",  "n": 1.50e2 }"#;
    only(member, |event| {
        aside(event);
        assert_eq!(event.customer().unwrap().as_str(), "2");
    });
}

#[test]
fn half_an_emoji_costs_one_character() {
    let member = r#""message":{"mid":"m1","text":"Hi \ud83d there"}"#;
    only(member, |event| {
        assert_eq!(message(event).text.as_deref(), Some("Hi \u{fffd} there"));
    });
}

#[test]
fn null_members_are_absent_ones() {
    let member = r#""read":null,"delivery":null,"postback":null,"message":{"mid":"m1","text":null,
        "attachments":null,"quick_reply":null,"is_echo":null,"app_id":null,"metadata":null}"#;
    only(member, |event| {
        let message = message(event);
        assert_eq!(message.mid.as_deref(), Some("m1"));
        assert!(message.text.is_none() && message.attachments.is_empty());
    });
    let body = r#"{"object":"page","entry":[{"id":"1","messaging":null,"standby":null,
        "changes":[]}]}"#;
    assert!(read(body).events.is_empty());
    let event = r#"{"sender":null,"recipient":{"id":null},"timestamp":null,"message":null}"#;
    let body = pages(&[page("1", &[event])]);
    let delivery = read(&body);
    aside(&delivery.events[0]);
    assert!(delivery.events[0].customer().is_none());
    assert!(read(r#"{"object":null,"entry":null}"#).events.is_empty());
}

#[test]
fn a_change_of_a_field_is_named_and_kept() {
    let change = r#"{"field":"messages","value":{"sender":{"id":"2"}}}"#;
    let body = format!(r#"{{"object":"page","entry":[{{"id":"1","changes":[{change}]}}]}}"#);
    let delivery = read(&body);
    let event = &delivery.events[0];
    assert_eq!(event.channel, Channel::Changes);
    assert_eq!(event.raw(), change);
    assert_eq!(event.kind.name(), "messages");
    aside(event);
}

#[test]
fn entries_and_pages_keep_their_order() {
    let event =
        |mid: &str| format!(r#"{{"sender":{{"id":"2"}},"message":{{"mid":"{mid}","text":"x"}}}}"#);
    let body = pages(&[
        page("1", &[&event("a"), &event("b")]),
        page("7", &[&event("c")]),
        page("1", &[&event("d")]),
    ]);
    let delivery = read(&body);
    let order: Vec<(String, &str)> = delivery
        .events
        .iter()
        .map(|event| {
            let mid = message(event).mid.as_deref().unwrap();
            (event.page().unwrap().to_string(), mid)
        })
        .collect();
    let expected = [("1", "a"), ("1", "b"), ("7", "c"), ("1", "d")];
    assert_eq!(order, expected.map(|(page, mid)| (page.to_owned(), mid)));
}

#[test]
fn a_bad_event_does_not_harm_its_neighbours() {
    let good = r#"{"sender":{"id":"2"},"message":{"mid":"m1","text":"x"}}"#;
    for bad in [
        "7",
        "null",
        r#""x""#,
        r#"{"message":7}"#,
        r#"{"timestamp":1,"timestamp":2}"#,
    ] {
        let body = pages(&[page("1", &[good, bad, good])]);
        let delivery = read(&body);
        assert_eq!(delivery.events.len(), 3, "{bad}");
        message(&delivery.events[0]);
        message(&delivery.events[2]);
        aside(&delivery.events[1]);
        assert_eq!(delivery.events[1].raw(), bad);
    }
    let body = pages(&[
        page("1", &[good]),
        "[]".to_owned(),
        "3".to_owned(),
        page("1", &[good]),
    ]);
    let delivery = read(&body);
    assert_eq!(delivery.events.len(), 4);
    message(&delivery.events[3]);
}

#[test]
fn instagram_is_set_aside() {
    let event = r#"{"sender":{"id":"2"},"message":{"mid":"m1","text":"x"}}"#;
    let body = pages(&[page("1", &[event])]).replace(r#""page""#, r#""instagram""#);
    let delivery = read(&body);
    assert_eq!(delivery.object.as_deref(), Some("instagram"));
    assert_eq!(aside(&delivery.events[0]), "the object is not a page");
    assert_eq!(delivery.events[0].kind.name(), "message");
    assert_eq!(delivery.events[0].raw(), event);
}

#[test]
fn a_truncated_body_tells_where_it_ends() {
    let body = "{\"object\":\"page\",\n\"entry\":[{\"id\":\"1\"";
    let error = parse_unverified(body.as_bytes()).unwrap_err();
    let EnvelopeError::Json { line, column, .. } = error else {
        panic!("{error:?}")
    };
    assert_eq!((line, column), (2, 18));
    assert!(parse_unverified(b"").is_err());
    assert!(parse_unverified(br#"{"entry":{}}"#).is_err());
}

#[test]
fn invalid_utf_8_tells_its_first_bad_byte() {
    let error = parse_unverified(b"{\"object\":\"\xff\"}").unwrap_err();
    assert!(
        matches!(error, EnvelopeError::Encoding { at: 11, .. }),
        "{error:?}"
    );
}

#[test]
fn deep_nesting_in_an_unknown_member_is_harmless() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let member = format!(r#""unheard_of":{deep},"message":{{"mid":"m1","text":"x"}}"#);
    only(&member, |event| {
        assert_eq!(message(event).text.as_deref(), Some("x"));
    });
}
