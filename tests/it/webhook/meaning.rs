//! Who, when and what: the best that is known, from wherever Meta put it.

use super::*;

/// The only event of a change.
#[track_caller]
fn change(change: &str) -> Event<'static> {
    let body = format!(
        r#"{{"object":"page","entry":[{{"id":"1","time":1700000009,"changes":[{change}]}}]}}"#
    );
    Event::from_unverified_json(&body).unwrap().into_owned()
}

/// The only event of an item.
#[track_caller]
fn item(item: &str) -> Event<'static> {
    let body = format!(
        r#"{{"object":"page","entry":[{{"id":"1","time":1700000009000,"messaging":[{item}]}}]}}"#
    );
    Event::from_unverified_json(&body).unwrap().into_owned()
}

#[test]
fn g8_p20_a_message_of_the_page_is_an_echo() {
    for is_echo in [
        r#""is_echo":true,"#,
        "",
        r#""is_echo":7,"#,
        r#""is_echo":null,"#,
        r#""is_echo":false,"#,
    ] {
        for (list, id) in [("messaging", r#""1""#), ("standby", "1")] {
            let body = format!(
                r#"{{"object":"page","entry":[{{"{list}":[{{"sender":{{"id":{id}}},"recipient":
                {{"id":"2"}},"message":{{{is_echo}"mid":"m1","text":"x"}}}}],"id":"1"}}]}}"#
            );
            let event = Event::from_unverified_json(&body).unwrap();
            assert_eq!(event.kind.name(), "echo", "{is_echo}");
            assert_eq!(event.customer().unwrap().as_str(), "2");
            assert_eq!(event.page().unwrap().as_str(), "1");
        }
    }
    // Without a Page in the entry, or without a sender, only the flag can say it.
    for body in [
        r#"{"object":"page","entry":[{"messaging":[{"sender":{"id":"1"},"message":{"mid":"m1"}}]}]}"#,
        r#"{"object":"page","entry":[{"messaging":[{"message":{"mid":"m1"}}]}]}"#,
        r#"{"object":"page","entry":[{"id":"1","messaging":[{"sender":{"id":"2"},"message":{"mid":"m1"}}]}]}"#,
    ] {
        let event = Event::from_unverified_json(body).unwrap();
        assert_eq!(event.kind.name(), "message", "{body}");
    }
}

#[test]
fn g21_the_best_time_that_is_known() {
    let times = |event: &Event<'_>| {
        let millis = |time: Option<Timestamp>| time.map(Timestamp::as_millis);
        (millis(event.timestamp), millis(event.happened_at()))
    };
    for (json, own) in [
        (r#"{"field":"feed","value":{"created_time":1700000001}}"#, 1),
        (r#"{"field":"feed","value":{"timestamp":"1700000002"}}"#, 2),
        (
            r#"{"field":"ratings","value":{"created_time":1700000001,"timestamp":1700000002}}"#,
            2,
        ),
        (
            r#"{"field":"group_feed","value":{"comment_id":"7","created_time":1700000003}}"#,
            3,
        ),
        (
            r#"{"field":"business_integrity","value":{"status":"ok","timestamp":1700000004}}"#,
            4,
        ),
        (
            r#"{"field":"marketing_message_reads","timestamp":1700000005,"message_id":"7"}"#,
            5,
        ),
    ] {
        let own = Some(1_700_000_000_000 + own * 1000);
        assert_eq!(times(&change(json)), (own, own), "{json}");
    }
    let entry = Some(1_700_000_009_000);
    for json in [
        r#"{"field":"feed","value":{"created_time":"2026-11-28"}}"#,
        r#"{"field":"email","value":"a@b.example"}"#,
        r#"{"field":"attire"}"#,
    ] {
        assert_eq!(times(&change(json)), (None, entry), "{json}");
    }
    for (members, own) in [
        (r#""timestamp":1700000001000,"created_time":1700000002"#, 1),
        (r#""created_time":1700000002"#, 2),
    ] {
        let own = Some(1_700_000_000_000 + own * 1000);
        let json = format!(r#"{{{members},"delivery":{{"watermark":5}}}}"#);
        assert_eq!(times(&item(&json)), (own, own), "{members}");
    }
    let json = r#"{"delivery":{"mids":["m1"]}}"#;
    assert_eq!(times(&item(json)), (None, entry));
}

#[test]
fn g21_kinds_beside_the_first_are_not_lost() {
    let message = r#""message":{"mid":"m1"}"#;
    let referral = r#""referral":{"ref":"r","source":"ADS"}"#;
    let postback = r#""postback":{"payload":"p"}"#;
    for (members, first, also) in [
        (
            format!("{message},{referral}"),
            "message",
            &["referral"][..],
        ),
        (format!("{referral},{message}"), "message", &["referral"]),
        (
            format!("{postback},{message},{referral}"),
            "message",
            &["postback", "referral"],
        ),
        (format!("{referral},{postback}"), "postback", &["referral"]),
        // What is absent, or has no typed form, is in the JSON only.
        (
            format!(r#"{message},"referral":null,"read":7"#),
            "message",
            &[],
        ),
    ] {
        let event = item(&format!("{{{members}}}"));
        assert_eq!(event.kind.name(), first, "{members}");
        let found = event.extras.iter().flat_map(|extras| &extras.also);
        let found: Vec<&str> = found.map(Kind::name).collect();
        assert_eq!(found, also, "{members}");
    }
    let event = item(&format!("{{{message},{referral}}}"));
    let [Kind::Referral(referral)] = &event.extras.unwrap().also[..] else {
        panic!("no referral")
    };
    assert_eq!(referral.reference.as_deref(), Some("r"));
}

#[test]
fn g21_members_beside_the_value_of_a_change_are_not_lost() {
    let event = change(r#"{"field":"feed","verb":"add","action":"x","value":{"a":1},"more":[1]}"#);
    let Kind::Change { verb, action, .. } = &event.kind else {
        panic!("{event:?}")
    };
    assert_eq!(verb.as_deref(), Some("add"));
    assert_eq!(action.as_deref(), Some("x"));
    assert!(event.raw().contains(r#""more":[1]"#));
}

#[test]
fn g21_a_kind_is_filled_or_not_typed() {
    for (json, name) in [
        (r#"{"message":{}}"#, "message"),
        (r#"{"message":{"seq":7}}"#, "message"),
        (r#"{"postback":{"unheard_of":1}}"#, "postback"),
        (r#"{"app_roles":{}}"#, "app_roles"),
        (r#"{"business_integrity":{}}"#, "business_integrity"),
    ] {
        let event = item(json);
        assert_eq!(
            aside(&event),
            "the member that names the kind has another type or no known member"
        );
        assert_eq!(event.kind.name(), name);
    }
    for field in [
        "business_integrity",
        "inbox_labels",
        "group_feed",
        "marketing_message_reads",
        "marketing_messages_subscriber_upload_status",
        "message_template_status_update",
        "messages",
        "send_cart",
    ] {
        for value in [
            r#"{"unheard_of":1}"#.to_owned(),
            format!(r#"{{"field":"{field}"}}"#),
            "{}".to_owned(),
            "7".to_owned(),
        ] {
            let event = change(&format!(r#"{{"field":"{field}","value":{value}}}"#));
            assert!(matches!(event.kind, Kind::Change { .. }), "{field} {value}");
            assert_eq!(event.kind.name(), field);
        }
    }
}

#[test]
fn g15_business_integrity_is_of_the_page_in_both_envelopes() {
    let members = r#""status":"ok","violations":[{"type":"SPAM","link":"https://m.example"}],
        "action_events":[{"type":"APPEAL","status":"open","created_time":1700000001}]"#;
    let restriction = r#"{"feature":"page_messaging_api","status":"RESTRICTED",
        "applied_time":1700000002,"expiration_time":1700000003000}"#;
    let restrictions = format!(r#""restrictions":[{restriction}]"#);
    let bodies = [
        // Within the event, beside it in the item, and beside the list in the entry.
        format!(
            r#""messaging":[{{"timestamp":1700000004,"business_integrity":{{{members},{restrictions}}}}}]"#
        ),
        format!(
            r#""messaging":[{{"timestamp":1700000004,{restrictions},"business_integrity":{{{members}}}}}]"#
        ),
        format!(
            r#""messaging":[{{"timestamp":1700000004,"business_integrity":{{{members}}}}}],{restrictions}"#
        ),
        format!(
            r#"{restrictions},"messaging":[{{"timestamp":1700000004,"business_integrity":{{{members}}}}}]"#
        ),
        // The same restriction in two places counts once.
        format!(
            r#""messaging":[{{"timestamp":1700000004,"business_integrity":{{{members},{restrictions}}}}}],{restrictions}"#
        ),
        // As a change: flat, and as an item.
        format!(
            r#""changes":[{{"field":"business_integrity","value":{{"timestamp":1700000004,{members},{restrictions}}}}}]"#
        ),
        format!(
            r#""changes":[{{"field":"business_integrity","value":{{"timestamp":1700000004,{restrictions},"business_integrity":{{{members}}}}}}}]"#
        ),
    ];
    for members in bodies {
        let body =
            format!(r#"{{"object":"page","entry":[{{"id":"1","time":1700000004123,{members}}}]}}"#);
        let event = Event::from_unverified_json(&body).unwrap();
        let Kind::BusinessIntegrity(integrity) = &event.kind else {
            panic!("{event:?}")
        };
        assert_eq!(event.kind.field(), Some("business_integrity"));
        assert_eq!(event.page().unwrap().as_str(), "1");
        assert_eq!(event.customer(), None);
        assert_eq!(event.timestamp.unwrap().as_millis(), 1_700_000_004_000);
        assert_eq!(event.entry_time.unwrap().as_millis(), 1_700_000_004_123);
        assert_eq!(integrity.status.as_deref(), Some("ok"));
        assert_eq!(
            integrity.violations[0].url.as_deref(),
            Some("https://m.example")
        );
        let created = integrity.actions[0].created_at.unwrap();
        assert_eq!(created.as_millis(), 1_700_000_001_000);
        let [restriction] = &integrity.restrictions[..] else {
            panic!("{integrity:?}")
        };
        assert_eq!(restriction.feature.as_deref(), Some("page_messaging_api"));
        assert_eq!(
            restriction.applied_at.unwrap().as_millis(),
            1_700_000_002_000
        );
        assert_eq!(
            restriction.expires_at.unwrap().as_millis(),
            1_700_000_003_000
        );
        // `ok` beside a live restriction: the restriction counts, until it expires.
        let live = |at| {
            integrity
                .restrictions_at(Timestamp::from_millis(at))
                .count()
        };
        assert_eq!(live(1_700_000_002_999), 1);
        assert_eq!(live(1_700_000_003_000), 0);
        assert_eq!(
            Event::from_unverified_json(&event.to_delivery()).unwrap(),
            event
        );
    }
}

#[test]
fn g15_a_lifted_restriction_is_not_live() {
    let event = item(
        r#"{"business_integrity":{"status":"ok","restrictions":[
            {"feature":"page_messaging","status":"UNRESTRICTED"},{"feature":"page_publish"}]}}"#,
    );
    let Kind::BusinessIntegrity(integrity) = &event.kind else {
        panic!("{event:?}")
    };
    let live = integrity.restrictions_at(Timestamp::from_millis(i64::MAX));
    let features: Vec<_> = live.map(|one| one.feature.as_deref()).collect();
    assert_eq!(features, [Some("page_publish")]);
}

#[test]
fn g20_members_are_typed_or_documented_as_raw_only() {
    only(
        r#""message":{"mid":"m1","is_echo":true,"ai_generated":true,"attachments":[{"type":"template",
            "payload":{"template_type":"receipt","sharable":true,"order_number":"7","elements":[
            {"title":"Pot","quantity":2,"price":"9.50","currency":"TWD",
            "default_action":{"type":"web_url","url":"https://tea.example"}}]}}],
            "referral":{"origin_domain":"tea.example"}}"#,
        |event| {
            let Kind::Echo(echo) = &event.kind else {
                panic!("{event:?}")
            };
            let payload = echo.attachments[0].payload.as_ref().unwrap();
            assert_eq!(payload.sharable, Some(true));
            let [element] = &payload.elements[..] else {
                panic!("{payload:?}")
            };
            assert_eq!(element.quantity, Some(2));
            assert_eq!(element.price.as_deref(), Some("9.50"));
            assert_eq!(element.currency.as_deref(), Some("TWD"));
            let action = element.default_action.as_ref().unwrap();
            assert_eq!(action.url.as_deref(), Some("https://tea.example"));
            let referral = echo.referral.as_ref().unwrap();
            assert_eq!(referral.origin_domain.as_deref(), Some("tea.example"));
            // Documented as raw only.
            assert!(event.raw().contains(r#""ai_generated":true"#));
            assert!(event.raw().contains(r#""order_number":"7""#));
        },
    );
    // The text that an old fallback has as payload is documented as raw only, too.
    only(
        r#""message":{"mid":"m1","attachments":[{"type":"fallback","payload":"BLOB"}]}"#,
        |event| {
            assert_eq!(message(event).attachments[0].payload, None);
            assert!(event.raw().contains(r#""payload":"BLOB""#));
        },
    );
}

#[test]
fn share_and_post_are_treated_alike() {
    for kind in ["share", "post", "ig_post", "reel", "ig_reel", "fallback"] {
        let member = format!(
            r#""message":{{"mid":"m1","attachments":[{{"type":"{kind}","payload":{{"url":"u","title":"t"}}}}]}}"#
        );
        only(&member, |event| {
            let attachment = &message(event).attachments[0];
            assert!(attachment.is_link(), "{kind}");
            assert_eq!(attachment.kind_name(), kind);
            assert_eq!(
                (attachment.any_url(), attachment.any_title()),
                (Some("u"), Some("t"))
            );
        });
    }
    for kind in ["image", "video", "file", "sticker", "template", "igpost"] {
        let member = format!(r#""message":{{"mid":"m1","attachments":[{{"type":"{kind}"}}]}}"#);
        only(&member, |event| {
            assert!(!message(event).attachments[0].is_link(), "{kind}");
        });
    }
}
