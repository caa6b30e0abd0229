//! An event without its body equals the event, and so does one from its own delivery.

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

        let written = event.to_delivery();
        let read = Event::from_unverified_json(&written).expect("a delivery of one event");
        assert_eq!(read, event, "{written}");
        assert_eq!(read.raw(), event.raw());
        assert_eq!(read.to_delivery(), written);
        let serialized = serde_json::to_string(&event).expect("a delivery is JSON");
        assert_eq!(serialized, written);
    }
}
