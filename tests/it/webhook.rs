//! From the bytes of a delivery to its events.

#![allow(clippy::unwrap_used)]

use messenger_crm::event::{Channel, Event, Kind, Message, Object};
use messenger_crm::secret::{AppSecret, VerifyToken};
use messenger_crm::webhook::{Delivery, EnvelopeError, Webhook, parse_unverified, sign};

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
        assert_eq!(
            message(event)
                .quick_reply
                .as_ref()
                .unwrap()
                .payload
                .as_deref(),
            Some("RED")
        );
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
        let kinds: Vec<&str> = attachments.iter().map(|one| one.kind()).collect();
        assert_eq!(kinds, ["image", "fallback"]);
        assert_eq!(attachments[0].url(), Some("https://cdn.example/1"));
        assert_eq!(attachments[1].url(), Some("https://cdn.example/2"));
        assert_eq!(attachments[1].title(), Some("A post"));
    });
}

#[test]
fn p25_a_postback_may_lack_its_mid() {
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
fn p20_the_customer_of_an_echo_is_the_recipient() {
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
fn p23_a_delivery_has_a_watermark_and_perhaps_mids() {
    let member = r#""delivery":{"mids":["m1","m2"],"watermark":1700000000001}"#;
    only(member, |event| {
        let Kind::Delivery(receipt) = &event.kind else {
            panic!("{event:?}")
        };
        assert_eq!(receipt.watermark.unwrap().as_millis(), 1_700_000_000_001);
        let mids: Vec<String> = receipt
            .mids
            .iter()
            .flat_map(|mids| mids.iter())
            .map(|mid| mid.to_string())
            .collect();
        assert_eq!(mids, ["m1", "m2"]);
    });
}

#[test]
fn p23_a_watermark_may_be_a_string_or_seconds() {
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
            let Kind::Read(receipt) = &event.kind else {
                panic!("{event:?}")
            };
            assert_eq!(receipt.watermark.map(|at| at.as_millis()), millis);
        });
    }
}

#[test]
fn p2_an_unknown_kind_keeps_its_bytes_and_its_neighbours() {
    let unknown = r#"{"sender":{"id":"2"},"telepathy" : { "emoji":"\u2764",  "n": 1.50e2 }}"#;
    let good = r#"{"sender":{"id":"2"},"message":{"mid":"m1","text":"x"}}"#;
    let body = pages(&[page("1", &[good, unknown, good])]);
    let delivery = read(&body);
    let event = &delivery.events[1];
    assert_eq!(aside(event), "no member names a known kind");
    assert_eq!(event.kind.name(), "telepathy");
    assert_eq!(event.raw(), unknown);
    assert_eq!(event.customer().unwrap().as_str(), "2");
    message(&delivery.events[0]);
    message(&delivery.events[2]);
}

#[test]
fn p3_unknown_members_of_a_known_kind_are_in_raw() {
    only(
        r#""mood":"\u263a","message":{"mid":"m1","tone":[1]}"#,
        |event| {
            assert_eq!(message(event).mid.as_deref(), Some("m1"));
            assert!(event.raw().contains(r#""mood":"\u263a""#) && event.raw().contains("tone"));
        },
    );
}

#[test]
fn p4_open_sets_take_what_meta_adds() {
    let member =
        r#""message":{"mid":"m1","attachments":[{"type":"hologram","payload":{"url":"u"}}]}"#;
    only(member, |event| {
        assert_eq!(message(event).attachments[0].kind(), "hologram");
        assert_eq!(message(event).attachments[0].url(), Some("u"));
    });
    only(
        r#""reaction":{"mid":"m1","action":"wink","reaction":"awe"}"#,
        |event| {
            let Kind::Reaction(reaction) = &event.kind else {
                panic!("{event:?}")
            };
            assert_eq!(reaction.reaction.as_deref(), Some("awe"));
            assert_eq!(reaction.action.as_deref(), Some("wink"));
        },
    );
}

#[test]
fn p8_half_an_emoji_costs_one_character() {
    let member = r#""message":{"mid":"m1","text":"Hi \ud83d there"}"#;
    only(member, |event| {
        assert_eq!(message(event).text.as_deref(), Some("Hi \u{fffd} there"));
    });
}

#[test]
fn p17_null_members_are_absent_ones() {
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
fn a_change_of_another_field_is_named_and_kept() {
    for (change, value) in [
        (
            r#"{"field":"feed","value":{"item":"comment"},"action":"x"}"#,
            Some(r#"{"item":"comment"}"#),
        ),
        (
            r#"{"value":"a@b.example","field":"email"}"#,
            Some(r#""a@b.example""#),
        ),
        (r#"{"field":"attire"}"#, None),
    ] {
        let body = format!(r#"{{"object":"page","entry":[{{"id":"1","changes":[{change}]}}]}}"#);
        let delivery = read(&body);
        let event = &delivery.events[0];
        assert_eq!(event.channel, Channel::Changes);
        assert_eq!(event.raw(), change);
        let Kind::Change {
            field,
            value: found,
            ..
        } = &event.kind
        else {
            panic!("{event:?}")
        };
        assert_eq!(event.kind.name(), field.as_str());
        assert_eq!(found.as_ref().map(|raw| raw.as_str()), value);
    }
}

#[test]
fn the_test_button_of_the_dashboard_is_told_apart() {
    let change = r#"{"field":"messages","value":{"sender":{"id":"12334"},"recipient":{"id":"23245"},
        "timestamp":"1527459824","message":{"mid":"test_message_id","text":"test_message"}}}"#;
    for page in ["0", "1"] {
        let body =
            format!(r#"{{"object":"page","entry":[{{"id":"{page}","changes":[{change}]}}]}}"#);
        let delivery = read(&body);
        let event = &delivery.events[0];
        assert_eq!(message(event).text.as_deref(), Some("test_message"));
        assert_eq!(event.timestamp.unwrap().as_millis(), 1_527_459_824_000);
        assert!(event.is_test());
    }
    let feed = r#"{"object":"page","entry":[{"id":"1","changes":[{"field":"feed"}]}]}"#;
    assert!(!read(feed).events[0].is_test());
}

#[test]
fn p6_p7_entries_and_pages_keep_their_order() {
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
fn p6_each_event_of_an_entry_is_told_by_its_own_member() {
    let message = r#"{"sender":{"id":"2"},"message":{"mid":"m1","text":"x"}}"#;
    let read_up_to = r#"{"sender":{"id":"2"},"read":{"watermark":1700000000000}}"#;
    for (events, names) in [
        ([message, read_up_to], ["message", "read"]),
        ([read_up_to, message], ["read", "message"]),
    ] {
        let body = pages(&[page("1", &events)]);
        let found: Vec<String> = read(&body)
            .events
            .iter()
            .map(|event| event.kind.name().to_owned())
            .collect();
        assert_eq!(found, names);
    }
}

#[test]
fn p5_one_bad_event_of_a_thousand_costs_itself_alone() {
    let good = r#"{"sender":{"id":"2"},"message":{"mid":"m1","text":"x"}}"#;
    for bad in [
        "7",
        "null",
        r#""x""#,
        r#"{"message":7}"#,
        "{}",
        "[[]]",
        r#"{"read":[]}"#,
    ] {
        for at in [0, 499, 999] {
            let mut events = vec![good; 1000];
            events[at] = bad;
            let body = pages(&[page("1", &events)]);
            let delivery = read(&body);
            assert_eq!(delivery.events.len(), 1000);
            for (index, event) in delivery.events.iter().enumerate() {
                if index == at {
                    assert!(!aside(event).is_empty());
                    assert_eq!(event.raw(), bad);
                } else {
                    message(event);
                }
            }
        }
    }
}

#[test]
fn a_bad_entry_or_list_costs_itself_alone() {
    let good = r#"{"sender":{"id":"2"},"message":{"mid":"m1","text":"x"}}"#;
    let body = pages(&[
        page("1", &[good]),
        "[1]".to_owned(),
        "3".to_owned(),
        r#"{"id":"1","messaging":{"a":1},"standby":7}"#.to_owned(),
        page("1", &[good]),
    ]);
    let delivery = read(&body);
    let reasons: Vec<&str> = delivery.events[1..5].iter().map(aside).collect();
    let no_object = "the entry is not an object";
    assert_eq!(reasons, [no_object, no_object, "not a list", "not a list"]);
    let raws: Vec<&str> = delivery.events[1..5].iter().map(Event::raw).collect();
    assert_eq!(raws, ["[1]", "3", r#"{"a":1}"#, "7"]);
    assert_eq!(delivery.events.len(), 6);
    message(&delivery.events[5]);
}

#[test]
fn p16_of_two_members_of_one_name_the_first_counts() {
    let member = r#""message":{"mid":"m1","mid":"m2","text":null,"text":"late"},"message":{"mid":"m3"},
        "sender":{"id":"9"},"timestamp":1,"read":{"watermark":5}"#;
    only(member, |event| {
        assert_eq!(message(event).mid.as_deref(), Some("m1"));
        assert_eq!(message(event).text, None);
        assert_eq!(event.customer().unwrap().as_str(), "2");
        assert_eq!(event.timestamp.unwrap().as_millis(), 1_700_000_000_000);
    });
    let body =
        r#"{"object":"page","object":"user","entry":[],"entry":[{"id":"1","messaging":[7]}]}"#;
    let delivery = read(body);
    assert_eq!(delivery.object, Object::Page);
    assert!(delivery.events.is_empty());
    let body = r#"{"object":"page","entry":null,"entry":[{"id":"1","messaging":[7]}]}"#;
    assert!(read(body).events.is_empty());
}

#[test]
fn the_first_kind_of_the_list_counts_wherever_it_stands() {
    for member in [
        r#""message":{"mid":"m1"},"postback":{"payload":"p"},"referral":{"ref":"r"}"#,
        r#""referral":{"ref":"r"},"postback":{"payload":"p"},"message":{"mid":"m1"}"#,
    ] {
        only(member, |event| assert_eq!(event.kind.name(), "message"));
    }
    // One that is absent, or damaged, does not count.
    for member in [
        r#""message":null,"postback":{"payload":"p"}"#,
        r#""message":7,"postback":{"payload":"p"}"#,
        r#""postback":{"payload":"p"},"message":7"#,
        r#""postback":{"payload":"p"},"reaction":7,"message":"hi""#,
    ] {
        only(member, |event| assert_eq!(event.kind.name(), "postback"));
    }
}

#[test]
fn p10_u0000_is_read_as_it_is() {
    only(
        r#""message":{"mid":"m\u00001","text":"a\u0000b"}"#,
        |event| {
            assert_eq!(message(event).text.as_deref(), Some("a\0b"));
        },
    );
}

#[test]
fn p11_p12_depth_costs_a_member_and_no_stack() {
    for depth in [127, 128, 129, 100_000] {
        let deep = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let objects = format!("{}1{}", r#"{"text":"#.repeat(depth), "}".repeat(depth));
        let body = move |member: &str| {
            let event = format!("{{{PARTIES},{member}}}");
            pages(&[page("1", &[&event, r#"{"read":{}}"#])])
        };
        let thread = std::thread::Builder::new().stack_size(256 * 1024);
        let check = move || {
            // In a member that is unknown, and in ones that are known.
            let unknown = body(&format!(r#""unheard_of":{deep},"message":{{"mid":"m1"}}"#));
            assert_eq!(
                message(&read(&unknown).events[0]).mid.as_deref(),
                Some("m1")
            );
            for deep in [&deep, &objects] {
                let known = body(&format!(
                    r#""message":{{"mid":"m1","text":{deep},"attachments":{deep},"nlp":{deep}}}"#
                ));
                let delivery = read(&known);
                assert_eq!(message(&delivery.events[0]).text, None);
                let known = body(&format!(r#""message":{deep}"#));
                let delivery = read(&known);
                assert_eq!(delivery.events.len(), 2);
                assert_eq!(delivery.events[1].kind.name(), "read");
            }
        };
        thread.spawn(check).unwrap().join().unwrap();
    }
}

#[test]
fn p13_p21_long_texts_and_lists_are_kept() {
    let long = "é".repeat(500_000);
    let escaped = r"\u200a".repeat(50_000);
    let keys: String = (0..100_000).map(|key| format!(r#""k{key}":0,"#)).collect();
    let nulls = vec!["null"; 100_000].join(",");
    let member = format!(
        r#""message":{{{keys}"mid":"m1","text":"{long}","metadata":"{escaped}","attachments":[{nulls}]}}"#
    );
    only(&member, |event| {
        assert_eq!(message(event).text.as_deref(), Some(long.as_str()));
        assert!(message(event).text.as_ref().unwrap().is_borrowed());
        assert_eq!(
            message(event).metadata.as_ref().unwrap().chars().count(),
            50_000
        );
        assert!(message(event).attachments.is_empty());
    });
    for text in ["", "\u{1f600}", "\u{202e}שלום", "a\u{200d}b"] {
        only(
            &format!(r#""message":{{"mid":"m1","text":"{text}"}}"#),
            |event| {
                assert_eq!(message(event).text.as_deref(), Some(text));
            },
        );
    }
    only(r#""message":{"mid":"m1"}"#, |event| {
        assert!(message(event).text.is_none() && message(event).attachments.is_empty());
    });
}

#[test]
fn p14_numbers_of_any_size_are_harmless() {
    for (number, millis) in [
        ("0", Some(0)),
        ("-5", Some(-5_000)),
        ("1458692752478.0", Some(1_458_692_752_478)),
        (r#""1458692752""#, Some(1_458_692_752_000)),
        ("253402300800000", Some(253_402_300_800_000)),
        ("9223372036854775807", Some(i64::MAX)),
        ("1e400", None),
        ("1.5", None),
        ("123456789012345678901234567890", None),
        ("true", None),
    ] {
        let event = format!(r#"{{"timestamp":{number},"message":{{"mid":"m1"}}}}"#);
        let body = pages(&[page("1", &[&event])]);
        let delivery = read(&body);
        let found = delivery.events[0].timestamp.map(|at| at.as_millis());
        assert_eq!(found, millis, "{number}");
    }
}

#[test]
fn p15_ids_are_strings_or_numbers_and_never_empty() {
    for (id, expected) in [
        (r#""007""#, Some("007")),
        ("9007199254740993", Some("9007199254740993")),
        (
            "123456789012345678901234567890",
            Some("123456789012345678901234567890"),
        ),
        (r#""""#, None),
        ("null", None),
        ("{}", None),
    ] {
        let event = format!(r#"{{"sender":{{"id":{id}}},"message":{{"mid":"m1"}}}}"#);
        let body = pages(&[page("1", &[&event])]);
        let delivery = read(&body);
        let found = delivery.events[0].customer();
        assert_eq!(found.as_ref().map(|psid| psid.as_str()), expected, "{id}");
        assert_eq!(delivery.events[0].sender.as_deref(), expected, "{id}");
        let body = format!(r#"{{"object":"page","entry":[{{"messaging":[7],"id":{id}}}]}}"#);
        let found = read(&body).events[0].page();
        assert_eq!(found.as_ref().map(|page| page.as_str()), expected, "{id}");
    }
    let long = "1".repeat(513);
    let event = format!(r#"{{"sender":{{"id":"{long}"}},"message":{{"mid":"m1"}}}}"#);
    let body = pages(&[page("1", &[&event])]);
    assert!(read(&body).events[0].customer().is_none());
}

#[test]
fn a_truth_may_be_a_string() {
    for (truth, name) in [
        ("true", "echo"),
        (r#""true""#, "echo"),
        (r#""tr\u0075e""#, "echo"),
        ("false", "message"),
        (r#""false""#, "message"),
        ("1", "message"),
        ("null", "message"),
    ] {
        let member = format!(r#""message":{{"mid":"m1","is_echo":{truth}}}"#);
        only(&member, |event| {
            assert_eq!(event.kind.name(), name, "{truth}")
        });
    }
}

#[test]
fn p18_other_objects_are_kept_apart() {
    let event = r#"{"sender":{"id":"2"},"message":{"mid":"m1","text":"x"}}"#;
    let instagram = pages(&[page("1", &[event])]).replace(r#""page""#, r#""instagram""#);
    let delivery = read(&instagram);
    assert_eq!(delivery.object, Object::Instagram);
    assert_eq!(delivery.events[0].object, Object::Instagram);
    assert_eq!(message(&delivery.events[0]).text.as_deref(), Some("x"));
    for (object, name) in [
        (r#""user""#, Some("user")),
        (
            r#""whatsapp_business_account""#,
            Some("whatsapp_business_account"),
        ),
        ("null", None),
        ("[]", None),
    ] {
        let other = pages(&[page("1", &[event])]).replace(r#""page""#, object);
        let delivery = read(&other);
        assert_eq!(delivery.object.name(), name);
        assert_eq!(
            aside(&delivery.events[0]),
            "the object is neither a page nor instagram"
        );
        assert_eq!(delivery.events[0].raw(), event);
    }
}

#[test]
fn the_object_and_the_page_may_come_last() {
    let body = r#"{"entry":[{"messaging":[{"sender":{"id":"2"},"message":{"mid":"m1"}}],
        "standby":[{"read":{}}],"id":"1"}],"object":"page"}"#;
    let delivery = read(body);
    assert_eq!(delivery.object, Object::Page);
    for event in &delivery.events {
        assert_eq!(event.page().unwrap().as_str(), "1");
    }
    assert_eq!(delivery.events[1].channel, Channel::Standby);
}

#[test]
fn p17_p19_what_is_no_envelope() {
    for (body, line, column) in [
        ("", 1, 1),
        ("[]", 1, 1),
        (r#"[{"object":"page","entry":[]}]"#, 1, 1),
        ("7", 1, 1),
        ("null", 1, 1),
        (r#""page""#, 1, 1),
        ("\u{feff}{}", 1, 1),
        ("{}x", 1, 3),
        ("{} {}", 1, 4),
        (r#"{"entry":{}}"#, 1, 12),
        ("{\"object\":\"page\",\n\"entry\":[{\"id\":\"1\"", 2, 19),
        (r#"{"object":"page","entry":[]"#, 1, 28),
    ] {
        let error = parse_unverified(body.as_bytes()).unwrap_err();
        assert_eq!(error, EnvelopeError::Json { line, column }, "{body}");
        let text = format!("the body is no envelope at line {line} column {column}");
        assert_eq!(error.to_string(), text);
    }
    for empty in [
        "{}",
        r#"{"object":"page"}"#,
        r#"{"object":"page","entry":null}"#,
        r#"{"entry":[]}"#,
    ] {
        assert!(read(empty).events.is_empty(), "{empty}");
    }
    assert!(
        read(r#"{"object":"page","entry":[{"id":"1","messaging":[]}]}"#)
            .events
            .is_empty()
    );
}

#[test]
fn p9_invalid_utf_8_tells_its_first_bad_byte() {
    let error = parse_unverified(b"{\"object\":\"\xff\"}").unwrap_err();
    assert_eq!(error, EnvelopeError::Encoding { at: 11 });
    assert_eq!(error.to_string(), "the body is not UTF-8 from byte 11");
}

#[test]
fn p22_attachments_of_any_content_are_kept() {
    let thirty =
        vec![r#"{"type":"image","payload":{"url":"https://cdn.example/1"}}"#; 30].join(",");
    only(
        &format!(r#""message":{{"mid":"m1","attachments":[{thirty}]}}"#),
        |event| {
            assert_eq!(message(event).attachments.len(), 30);
        },
    );
    for (attachment, url) in [
        (r#"{"type":"file"}"#, None),
        (r#"{"type":"file","payload":{"url":null}}"#, None),
        (
            r#"{"type":"fallback","payload":"BLOB","URL":"/reel/1/"}"#,
            Some("/reel/1/"),
        ),
        (
            r#"{"type":"image","payload":{"url":"javascript:alert(1)"}}"#,
            Some("javascript:alert(1)"),
        ),
        (
            r#"{"type":"image","payload":{"url":"data:text/html,x"}}"#,
            Some("data:text/html,x"),
        ),
    ] {
        only(
            &format!(r#""message":{{"mid":"m1","attachments":[{attachment}]}}"#),
            |event| {
                assert_eq!(message(event).attachments.len(), 1);
                assert_eq!(message(event).attachments[0].url(), url);
            },
        );
    }
}

#[test]
fn p24_a_sticker_is_one_sticker_in_every_form() {
    let image = r#"{"type":"image","payload":{"url":"https://cdn.example/s","sticker_id":9}}"#;
    let sticker =
        r#"{"type":"sticker","payload":{"url":"https://cdn.example/s","sticker_id":"9"}}"#;
    let photo = r#"{"type":"image","payload":{"url":"https://cdn.example/i"}}"#;
    for (message_json, kinds) in [
        (format!(r#""attachments":[{image}]"#), vec!["sticker"]),
        (format!(r#""attachments":[{sticker}]"#), vec!["sticker"]),
        (
            format!(r#""attachments":[{sticker},{image}]"#),
            vec!["sticker"],
        ),
        (
            format!(r#""attachments":[{image},{sticker},{photo}]"#),
            vec!["sticker", "image"],
        ),
        (
            format!(r#""sticker_id":9,"attachments":[{photo}]"#),
            vec!["sticker"],
        ),
        (format!(r#""attachments":[{photo}]"#), vec!["image"]),
    ] {
        only(
            &format!(r#""message":{{"mid":"m1",{message_json}}}"#),
            |event| {
                let found: Vec<&str> = message(event)
                    .attachments
                    .iter()
                    .map(|one| one.kind())
                    .collect();
                assert_eq!(found, kinds, "{message_json}");
            },
        );
    }
}

#[test]
fn an_entry_is_an_event_when_its_own_members_say_so() {
    let reply = r#""sender":{"id":"2"},"recipient":{"id":"1"},"timestamp":1671644824,
        "call_permission_reply":{"response":"approve","expiration_timestamp":"1672249624"}"#;
    let alone = format!(r#"{{"object":"page","entry":[{{{reply}}}]}}"#);
    let beside =
        format!(r#"{{"object":"page","entry":[{{"messaging":[{{"read":{{}}}}],{reply}}}]}}"#);
    for (body, count) in [(alone, 1), (beside, 2)] {
        let delivery = read(&body);
        assert_eq!(delivery.events.len(), count);
        let event = delivery.events.last().unwrap();
        assert_eq!(
            (event.channel, event.kind.name()),
            (Channel::Entry, "call_permission_reply")
        );
        assert_eq!(event.page().unwrap().as_str(), "1");
        assert_eq!(event.customer().unwrap().as_str(), "2");
        assert_eq!(event.timestamp.unwrap().as_millis(), 1_671_644_824_000);
    }
    let names_only = r#"{"object":"user","entry":[{"id":"1","changed_fields":["feed"]}]}"#;
    assert_eq!(read(names_only).events[0].channel, Channel::Entry);
}

#[test]
fn events_one_by_one_are_the_events_of_the_delivery() {
    let secret = AppSecret::new("s").unwrap();
    let webhook = Webhook::new(&secret, VerifyToken::new("t").unwrap());
    let event = r#"{"sender":{"id":"2"},"message":{"mid":"m1"}}"#;
    let body = pages(&[page("1", &[event, "7"]), page("2", &[event])]);
    let signature = sign(&secret, body.as_bytes());
    let events = webhook
        .events(Some(signature.as_bytes()), body.as_bytes())
        .unwrap();
    assert_eq!(*events.object(), Object::Page);
    let events: Vec<Event<'_>> = events.map(Result::unwrap).collect();
    assert_eq!(events, read(&body).events);
    assert!(webhook.events(None, body.as_bytes()).is_err());

    // What breaks off shows where it does, once.
    let broken = &body[..body.len() - 10];
    let signature = sign(&secret, broken.as_bytes());
    let mut events = webhook
        .events(Some(signature.as_bytes()), broken.as_bytes())
        .unwrap();
    assert!(events.next().unwrap().is_ok() && events.next().unwrap().is_ok());
    assert!(events.next().unwrap().is_err());
    assert!(events.next().is_none());
    assert!(parse_unverified(broken.as_bytes()).is_err());
}
