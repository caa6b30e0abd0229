//! An event free of its body is the event that it was, and so is one that was written and read.

use messenger_crm::{change::Change, event::Event, time::Timestamp, webhook::parse_unverified};

/// A body.
pub(crate) fn run(input: &[u8]) {
    let Ok(delivery) = parse_unverified(input) else {
        return;
    };
    let now = Timestamp::from_millis(1_700_000_000_000);
    for event in delivery.events {
        let owned = event.clone().into_owned();
        assert_eq!(owned, event);
        assert_eq!(owned.raw(), event.raw());
        assert_eq!(Change::of(&owned, now), Change::of(&event, now));

        let written = serde_json::to_string(&event).expect("an event can be written");
        let read = parse_unverified(written.as_bytes()).expect("what was written can be read");
        assert_eq!(read.events.len(), 1, "{written}");
        assert_same(&read.events[0], &event);
    }
}

/// All but the bytes that they came as.
#[track_caller]
fn assert_same(one: &Event<'_>, other: &Event<'_>) {
    assert_eq!(one.object, other.object);
    assert_eq!(one.channel, other.channel);
    assert_eq!(one.page, other.page);
    assert_eq!(one.sender, other.sender);
    assert_eq!(one.recipient, other.recipient);
    assert_eq!(one.timestamp, other.timestamp);
    assert_eq!(one.kind, other.kind);
    assert_eq!(one.beside, other.beside);
}
