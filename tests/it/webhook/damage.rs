//! Damage stays where it happened.

use super::*;

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
            pages(&[page("1", &[&event, r#"{"read":{"watermark":5}}"#])])
        };
        let thread = std::thread::Builder::new().stack_size(256 * 1024);
        let check = move || {
            // In an unknown member, and in known ones.
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
fn p19_a_body_that_is_not_json_says_where() {
    for (body, line, column) in [
        ("", 1, 1),
        ("\u{feff}{}", 1, 1),
        (r#"{"object":"page","entry":[]}x"#, 1, 29),
        (r#"{"object":"page","entry":[]} {}"#, 1, 30),
        ("{\"object\":\"page\",\n\"entry\":[{\"id\":\"1\"", 2, 19),
        (r#"{"object":"page","entry":[]"#, 1, 28),
        (r#"{"entry":[],"#, 1, 13),
    ] {
        let error = parse_unverified(body.as_bytes()).unwrap_err();
        assert_eq!(error, EnvelopeError::Json { line, column }, "{body}");
        let text = format!("the body is not JSON: syntax error at line {line} column {column}");
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn g10_p17_a_body_without_object_or_entry_is_no_delivery() {
    const OBJECT: &str = "a text `object` was expected";
    const ENTRY: &str = "a list `entry` was expected";
    for (body, expected) in [
        ("[]", "an object was expected"),
        (
            r#"[{"object":"page","entry":[]}]"#,
            "an object was expected",
        ),
        ("7", "an object was expected"),
        ("null", "an object was expected"),
        (r#""page""#, "an object was expected"),
        ("{}", OBJECT),
        (r#"{"foo":1}"#, OBJECT),
        (r#"{"entry":[]}"#, OBJECT),
        (r#"{"object":null,"entry":[]}"#, OBJECT),
        (r#"{"entry":[],"object":["page"]}"#, OBJECT),
        (r#"{"object":"page"}"#, ENTRY),
        (r#"{"object":"page","entry":null}"#, ENTRY),
        (r#"{"object":"page","entry":{}}"#, ENTRY),
        (r#"{"entry":null,"entry":[],"object":"page"}"#, ENTRY),
    ] {
        let error = parse_unverified(body.as_bytes()).unwrap_err();
        assert_eq!(error, EnvelopeError::Shape { expected }, "{body}");
        let text = format!("the body is JSON but not a webhook delivery: {expected}");
        assert_eq!(error.to_string(), text);
    }
}

#[test]
fn g10_p17_empty_lists_have_no_events() {
    for body in [
        r#"{"object":"page","entry":[]}"#,
        r#"{"entry":[],"object":"page"}"#,
        r#"{"object":"page","entry":[{"id":"1","messaging":[]}]}"#,
        r#"{"object":"page","entry":[{"id":"1","time":1,"messaging":null}]}"#,
    ] {
        assert!(read(body).events.is_empty(), "{body}");
    }
}

#[test]
fn p9_invalid_utf_8_says_where() {
    let error = parse_unverified(b"{\"object\":\"\xff\"}").unwrap_err();
    assert_eq!(error, EnvelopeError::Encoding { at: 11 });
    assert_eq!(
        error.to_string(),
        "the body is not UTF-8: invalid byte at offset 11"
    );
}
