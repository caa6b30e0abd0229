//! What nobody has named yet, and what is not for a Page.

use super::*;

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
        assert_eq!(message(event).attachments[0].kind_name(), "hologram");
        assert_eq!(message(event).attachments[0].any_url(), Some("u"));
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
fn g11_only_the_dashboard_sends_tests() {
    let change = r#"{"field":"messages","value":{"sender":{"id":"12334"},"recipient":{"id":"23245"},
        "timestamp":"1527459824","message":{"mid":"test_message_id","text":"test_message"}}}"#;
    for page in ["0", "1"] {
        let body =
            format!(r#"{{"object":"page","entry":[{{"id":"{page}","changes":[{change}]}}]}}"#);
        let delivery = read(&body);
        let event = &delivery.events[0];
        assert_eq!(message(event).text.as_deref(), Some("test_message"));
        assert_eq!(event.timestamp.unwrap().as_millis(), 1_527_459_824_000);
        assert_eq!(event.is_test(), page == "0");
    }
    for change in [
        r#"{"field":"feed"}"#,
        r#"{"field":"group_feed","value":{"from":{"id":"5"},"message":"x"}}"#,
        r#"{"field":"message_context","value":{"message_context":{"detections":[{"id":"7"}]}}}"#,
        r#"{"field":"call_settings_update","value":{"call_settings":{"icon_enabled":true}}}"#,
        r#"{"field":"business_integrity","value":{"status":"ok"}}"#,
    ] {
        for page in ["0", "1"] {
            let body =
                format!(r#"{{"object":"page","entry":[{{"id":"{page}","changes":[{change}]}}]}}"#);
            assert_eq!(read(&body).events[0].is_test(), page == "0", "{change}");
        }
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
        (r#""user""#, "user"),
        (
            r#""whatsapp_business_account""#,
            "whatsapp_business_account",
        ),
        ("7", "7"),
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
