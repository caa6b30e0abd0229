//! Which event comes when, and which member makes it.

use super::*;

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
fn the_object_and_the_page_may_come_last() {
    let body = r#"{"entry":[{"messaging":[{"sender":{"id":"2"},"message":{"mid":"m1"}}],
        "standby":[{"read":{"watermark":5}}],"id":"1"}],"object":"page"}"#;
    let delivery = read(body);
    assert_eq!(delivery.object, Object::Page);
    for event in &delivery.events {
        assert_eq!(event.page().unwrap().as_str(), "1");
    }
    assert_eq!(delivery.events[1].channel, Channel::Standby);
}

#[test]
fn an_entry_is_an_event_when_its_own_members_say_so() {
    let reply = r#""sender":{"id":"2"},"recipient":{"id":"1"},"timestamp":1671644824,
        "call_permission_reply":{"response":"approve","expiration_timestamp":"1672249624"}"#;
    let alone = format!(r#"{{"object":"page","entry":[{{{reply}}}]}}"#);
    let beside = format!(
        r#"{{"object":"page","entry":[{{"messaging":[{{"read":{{"watermark":5}}}}],{reply}}}]}}"#
    );
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
