//! An event free of its body is the event that it was.

use messenger_crm::{change::Change, time::Timestamp, webhook::parse_unverified};

/// A body.
pub(crate) fn run(input: &[u8]) {
    let Ok(delivery) = parse_unverified(input) else {
        return;
    };
    let now = Timestamp::from_millis(1_700_000_000_000);
    for event in delivery.events {
        let raw = event.raw().to_owned();
        let owned = event.clone().into_owned();
        assert_eq!(owned, event);
        assert_eq!(owned.raw(), raw);
        assert_eq!(Change::of(&owned, now), Change::of(&event, now));
    }
}
