//! Nothing of a delivery is lost: what no event has is an event of its own.

use super::*;

const ITEM: &str = r#"{"sender":{"id":"2"},"message":{"mid":"m1","text":"x"}}"#;

/// The only entry, with these members behind its id and time.
fn entry(members: &str) -> String {
    format!(r#"{{"object":"page","entry":[{{"id":"1","time":1700000000123,{members}}}]}}"#)
}

/// Channel, name and JSON of each event.
fn told(body: &str) -> Vec<(Channel, String, String)> {
    let events = read(body).into_iter();
    events
        .map(|event| {
            let name = event.kind.name().to_owned();
            (event.channel, name, event.raw().to_owned())
        })
        .collect()
}

/// Each event, read from its own delivery, is the same event.
#[track_caller]
fn assert_round_trips(body: &str) {
    for event in &read(body) {
        let delivery = event.to_delivery();
        assert_eq!(
            Event::from_unverified_json(&delivery).unwrap(),
            *event,
            "{delivery}"
        );
    }
}

#[test]
fn g18_an_unknown_list_of_an_entry_is_an_event() {
    for body in [
        entry(&format!(r#""messaging":[{ITEM}],"new_list":[{{"a":1}}]"#)),
        entry(&format!(r#""new_list":[{{"a":1}}],"messaging":[{ITEM}]"#)),
    ] {
        let own = r#"{"id":"1","time":1700000000123,"new_list":[{"a":1}]}"#;
        let expected = [
            (Channel::Messaging, "message".to_owned(), ITEM.to_owned()),
            (Channel::Entry, "new_list".to_owned(), own.to_owned()),
        ];
        assert_eq!(told(&body), expected);
        assert_round_trips(&body);
    }
}

#[test]
fn g18_every_member_of_an_entry_without_a_meaning_is_kept() {
    for member in [
        r#""new_list":[]"#,
        r#""mood" : "\u263a""#,
        r#""sender":{"id":"2"}"#,
        r#""timestamp":5"#,
        r#""n\u0065w":false"#,
        // Also damaged ones, which are not read as an id or a time.
        r#""id":{"a":1}"#,
        r#""time":"soon""#,
    ] {
        let body = format!(r#"{{"object":"page","entry":[{{"messaging":[{ITEM}],{member}}}]}}"#);
        let delivery = read(&body);
        assert_eq!(delivery.events.len(), 2, "{member}");
        assert_eq!(delivery.events[1].channel, Channel::Entry);
        assert_eq!(delivery.events[1].raw(), format!("{{{member}}}"));
        assert_round_trips(&body);
    }
    // `null` is an absent member, and of two with one name the first counts.
    for member in [r#""new_list":null"#, r#""new_list":null,"new_list":[1]"#] {
        let body = entry(&format!(r#""messaging":[{ITEM}],{member}"#));
        assert_eq!(read(&body).events.len(), 1, "{member}");
    }
}

#[test]
fn g18_an_unknown_member_of_the_envelope_is_an_event() {
    for body in [
        format!(r#"{{"object":"page","entry":[{{"messaging":[{ITEM}]}}],"notes":[1],"more":2}}"#),
        format!(r#"{{"notes":[1],"more":2,"entry":[{{"messaging":[{ITEM}]}}],"object":"page"}}"#),
        format!(r#"{{"notes":[1],"object":"page","more":2,"entry":[{{"messaging":[{ITEM}]}}]}}"#),
    ] {
        let own = r#"{"notes":[1],"more":2}"#;
        let expected = [
            (Channel::Messaging, "message".to_owned(), ITEM.to_owned()),
            (Channel::Envelope, "notes".to_owned(), own.to_owned()),
        ];
        assert_eq!(told(&body), expected);
        assert_round_trips(&body);
    }
    let body = r#"{"object":"page","entry":[],"notes":null,"object":"user"}"#;
    assert!(read(body).events.is_empty());
}

#[test]
fn g13_p26_any_event_gives_the_delivery_that_brings_it() {
    for body in [
        entry(&format!(r#""standby":[{ITEM},7,null]"#)),
        entry(r#""messaging":{"a":1},"standby":"x""#),
        entry(r#""changes":[{"field":"feed","value":"\u00e4\/","verb":"add"}]"#),
        entry(r#""changes":[{"field":"feed"}, {"value":1}]"#),
        entry(r#""calls":[{"id":"c_1","event":"connect"},{}]"#),
        entry(r#""call_permission_reply":{"response":"approve"}"#),
        entry(&format!(
            r#""messaging":[{ITEM}],"call_settings":{{"icon_enabled":true}}"#
        )),
        entry(r#""messaging":[ { "telepathy" : [1.50e2, "\ud83d"] } ]"#),
        r#"{"object":"a \"user\"\n","entry":[3,{"uid":"7","changes":[{"field":"email"}]}]}"#.into(),
        r#"{"object":"page","entry":[{"id":"\ud83d","time":5,"messaging":[{}]}]}"#.into(),
    ] {
        assert!(!read(&body).events.is_empty());
        assert_round_trips(&body);
    }
}

#[test]
fn from_unverified_json_takes_exactly_one_event() {
    let two = entry(&format!(r#""messaging":[{ITEM},{ITEM}]"#));
    let none = r#"{"object":"page","entry":[]}"#;
    for (body, events) in [(two.as_str(), 2), (none, 0)] {
        let error = Event::from_unverified_json(body).unwrap_err();
        assert_eq!(error, EventJsonError::Count { events });
        let text = format!("the delivery must have exactly one event, this one has {events}");
        assert_eq!(error.to_string(), text);
    }
    let error = Event::from_unverified_json("{}").unwrap_err();
    assert!(matches!(error, EventJsonError::Envelope(_)));
}

#[test]
fn g19_the_time_and_the_hop_context_of_the_entry_are_in_the_event() {
    let hop = r#""hop_context":{"app_id":263902037430900,"metadata":"m"}"#;
    for (body, events) in [
        // Behind the list, as Meta writes it.
        (entry(&format!(r#""messaging":[{ITEM}],{hop}"#)), 1),
        (entry(&format!(r#"{hop},"messaging":[{ITEM},{ITEM}]"#)), 2),
        (
            entry(&format!(r#""messaging":[{ITEM}],"standby":[{ITEM}],{hop}"#)),
            2,
        ),
        // Where the time is behind the list, too, the reader looks there.
        (
            format!(
                r#"{{"object":"page","entry":[{{"id":"1","messaging":[{ITEM},{ITEM}],{hop},"time":1700000000123}}]}}"#
            ),
            2,
        ),
    ] {
        let delivery = read(&body);
        assert_eq!(delivery.events.len(), events, "{body}");
        for event in &delivery {
            assert_eq!(event.entry_time.unwrap().as_millis(), 1_700_000_000_123);
            let extras = event.extras.as_ref().unwrap();
            let hop = &extras.entry_hop_context[0];
            assert_eq!(hop.app_id.as_deref(), Some("263902037430900"));
            assert_eq!(hop.metadata.as_deref(), Some("m"));
        }
        assert_round_trips(&body);
    }
}

#[test]
fn g19_a_hop_context_that_no_event_has_is_an_event() {
    let hop = r#""hop_context":{"app_id":7}"#;
    for (body, names) in [
        (
            entry(&format!(r#""messaging":[{ITEM},{ITEM}],{hop}"#)),
            &["message", "message", ""][..],
        ),
        (entry(&format!(r#""messaging":[],{hop}"#)), &[""]),
        (
            entry(&format!(r#""messaging":[{ITEM}],"hop_context":null"#)),
            &["message"],
        ),
    ] {
        let names_found: Vec<String> = told(&body).into_iter().map(|(_, name, _)| name).collect();
        assert_eq!(names_found, names, "{body}");
        assert_round_trips(&body);
    }
}

#[test]
fn a_delivery_iterates_and_can_be_owned() {
    let body = entry(&format!(r#""messaging":[{ITEM},7]"#));
    let delivery = read(&body);
    let owned: Delivery<'static> = delivery.clone().into_owned();
    assert_eq!(owned, delivery);
    let by_reference: Vec<&Event<'_>> = (&delivery).into_iter().collect();
    assert!(by_reference.into_iter().eq(&delivery.events));
    assert!(owned.into_iter().eq(delivery.events));
}
