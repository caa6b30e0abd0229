//! Properties of all fixtures.

use std::collections::BTreeSet;
use std::fs;

use messenger_crm::event::{Channel, Event, Kind};
use messenger_crm::webhook::parse_unverified;

use super::{PrintOnPanic, assert_same_one_by_one, body, file, fixtures, raws};
use crate::fuzz::targets;

#[test]
fn p1_each_fixture_has_a_file_and_each_file_a_fixture() {
    let folder = fs::read_dir(file("x").parent().unwrap()).unwrap();
    let there: BTreeSet<String> = folder
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let expected: Vec<String> = fixtures()
        .map(|fixture| format!("{}.json", fixture.name))
        .collect();
    let listed: BTreeSet<String> = expected.iter().cloned().collect();
    assert_eq!(expected.len(), listed.len(), "a file is expected twice");
    assert_eq!(there, listed);
}

#[test]
fn p1_each_shape_is_typed_completely() {
    for fixture in fixtures() {
        let at = fixture.name.to_owned();
        let body = body(fixture.name);
        let delivery = parse_unverified(body.as_bytes()).unwrap();
        let lines: Vec<String> = delivery.events.iter().map(line).collect();
        let expected: Vec<&str> = fixture.events.iter().map(|event| event.line).collect();
        assert_eq!(lines, expected, "{at}");
        for (event, expected) in delivery.events.iter().zip(fixture.events) {
            let _at = PrintOnPanic(at.clone());
            (expected.check)(event);
            assert_eq!(event.is_test(), expected.is_test);
            let is_aside = matches!(event.kind, Kind::Unrecognized { .. });
            assert!(!is_aside || fixture.name.starts_with("unknown."));
        }
    }
}

#[test]
fn raw_is_a_slice_of_the_body() {
    for fixture in fixtures() {
        let _at = PrintOnPanic(fixture.name.to_owned());
        let body = body(fixture.name);
        let events = parse_unverified(body.as_bytes()).unwrap().events;
        // The event of an entry that also has lists is a copy without the lists.
        for event in events.iter().filter(|event| !is_copy(event, &body)) {
            assert!(
                body.as_bytes()
                    .as_ptr_range()
                    .contains(&event.raw().as_ptr())
            );
        }
        let of_lists = events
            .iter()
            .filter(|event| event.channel != Channel::Entry && *reason_of(event) != *"not a list");
        let of_lists: Vec<&str> = of_lists.map(Event::raw).collect();
        assert_eq!(of_lists, raws(&body));
    }
}

#[test]
fn p26_p28_an_event_is_equal_after_into_owned_and_a_round_trip() {
    for fixture in fixtures() {
        let _at = PrintOnPanic(fixture.name.to_owned());
        targets::event::run(body(fixture.name).as_bytes());
    }
}

#[test]
fn p26_to_delivery_writes_the_events_raw_json() {
    for (name, written) in [
        (
            "echo.user_ref",
            r#"{"object":"page","entry":[{"id":"106540001112223","time":1763990000123,"messaging":[{"sender":{"id":"106540001112223"},"recipient":{"user_ref":"ref-2a7f"},"timestamp":1763990000001,"message":{"is_echo":true,"mid":"m_echo_ref","text":"Welcome"}}]}]}"#,
        ),
        (
            "standby.read",
            r#"{"object":"page","entry":[{"id":"106540001112223","time":1763990000123,"standby":[{"sender":{"id":"7104000555666777"},"recipient":{"id":"106540001112223"},"timestamp":1763990000001,"read":{"watermark":1763989999800}}]}]}"#,
        ),
        (
            "message.hop_context.entry",
            r#"{"object":"page","entry":[{"id":"106540001112223","time":1763990000123,"hop_context":{"app_id":2653000441517780,"metadata":""},"messaging":[{"sender":{"id":"7104000555666777"},"recipient":{"id":"106540001112223"},"timestamp":1763990000001,"message":{"mid":"m_hop","text":"hi"}}]}]}"#,
        ),
        (
            "change.action",
            r#"{"object":"page","entry":[{"id":"106540001112223","time":1763990000000,"changes":[{"field":"page_upcoming_change","action":"announced","value":{"change_time":1764000000}}]}]}"#,
        ),
    ] {
        let body = body(name);
        let delivery = parse_unverified(body.as_bytes()).unwrap();
        assert_eq!(delivery.events[0].to_delivery(), written, "{name}");
    }
}

#[test]
fn p28_an_independent_reader_finds_the_same_members() {
    for fixture in fixtures() {
        let _at = PrintOnPanic(fixture.name.to_owned());
        targets::paths::run(body(fixture.name).as_bytes());
    }
}

#[test]
fn p28_reading_one_by_one_gives_the_same_events() {
    for fixture in fixtures() {
        assert_same_one_by_one(&body(fixture.name));
    }
}

#[test]
fn plain_text_is_borrowed_from_the_body() {
    let mut borrowed = 0;
    for fixture in fixtures() {
        let body = body(fixture.name);
        let events = parse_unverified(body.as_bytes()).unwrap().events;
        for event in events.iter().filter(|event| !is_copy(event, &body)) {
            let mut texts = vec![&event.entry_id, &event.sender, &event.recipient];
            texts.extend(event.extras.iter().map(|extras| &extras.user_ref));
            if let Kind::Message(message) | Kind::Echo(message) = &event.kind {
                texts.extend([
                    &message.mid,
                    &message.text,
                    &message.app_id,
                    &message.metadata,
                ]);
                texts.extend(
                    message
                        .attachments
                        .iter()
                        .map(|attachment| &attachment.kind),
                );
            }
            for text in texts.into_iter().flatten() {
                let quoted = format!("\"{}\"", text.as_str());
                let number = format!(":{}", text.as_str());
                let is_plain = body.contains(&quoted) || body.contains(&number);
                let is_ours = text.as_str() == "sticker" && !is_plain;
                assert_eq!(text.is_borrowed(), is_plain || is_ours, "{}", text.as_str());
                borrowed += usize::from(is_plain);
            }
        }
    }
    assert!(borrowed > 500, "{borrowed}");
}

/// Whether the event's JSON is not a slice of the body.
fn is_copy(event: &Event<'_>, body: &str) -> bool {
    event.channel == Channel::Entry && !body.contains(event.raw())
}

/// The columns that the example `inspect` prints for an event.
fn line(event: &Event<'_>) -> String {
    let time = event.happened_at().map(|at| at.as_millis().to_string());
    let kind = match &event.kind {
        Kind::Unrecognized { name, .. } => {
            let name = name.as_deref().unwrap_or("-");
            format!("unrecognized:{name}")
        }
        kind if event.channel == Channel::Changes && kind.is_change() => {
            format!("change:{}", kind.name())
        }
        kind => kind.name().to_owned(),
    };
    let columns = [
        Some(event.channel.name().to_owned()),
        Some(kind),
        event.page().map(|page| page.to_string()),
        event.customer().map(|customer| customer.to_string()),
        time,
        mid(event).map(str::to_owned),
    ];
    let columns = columns.map(|column| column.unwrap_or_else(|| "-".to_owned()));
    columns.join(" ")
}

/// Id of the message, or of the message that the event refers to.
fn mid<'e>(event: &'e Event<'_>) -> Option<&'e str> {
    let mid = match &event.kind {
        Kind::Message(message) | Kind::Echo(message) => &message.mid,
        Kind::MessageEdit(edit) => &edit.mid,
        Kind::Postback(postback) => &postback.mid,
        Kind::Read(receipt) => &receipt.mid,
        Kind::Reaction(reaction) => &reaction.mid,
        Kind::ResponseFeedback(feedback) => &feedback.mid,
        Kind::MarketingMessage(message) => &message.mid,
        _ => return None,
    };
    mid.as_deref()
}

fn reason_of<'e>(event: &'e Event<'_>) -> &'e str {
    match &event.kind {
        Kind::Unrecognized { reason, .. } => reason,
        _ => "",
    }
}
