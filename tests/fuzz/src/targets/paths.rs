//! Our reader of JSON and `serde_json` take the same for JSON and read the same in it.

use std::mem::discriminant;

use messenger_crm::{event::Event, webhook::parse_unverified};
use serde::de::IgnoredAny;

use super::tree::Tree;

/// A body.
pub(crate) fn run(input: &[u8]) {
    let ours = parse_unverified(input);
    let Ok(text) = str::from_utf8(input) else {
        return assert!(ours.is_err());
    };
    if serde_json::from_str::<IgnoredAny>(text).is_err() {
        return assert!(ours.is_err(), "it is no JSON");
    }
    let Some(tree) = Tree::read(text) else {
        // Too deep for the other reader.
        return;
    };
    let is_envelope = matches!(tree, Tree::Members(_))
        && matches!(
            tree.member("entry"),
            None | Some(Tree::List(_) | Tree::Word("null"))
        );
    assert_eq!(ours.is_ok(), is_envelope, "{ours:?}");
    let Ok(delivery) = ours else { return };

    let normal = tree.to_string();
    let again = parse_unverified(normal.as_bytes()).expect("it is the same envelope");
    assert_eq!(again.object, delivery.object);
    assert_eq!(again.events.len(), delivery.events.len());
    for (one, other) in again.events.iter().zip(&delivery.events) {
        assert_same(one, other);
    }
}

/// What is kept as JSON may differ in spaces, escapes, and members that do not count.
#[track_caller]
fn assert_same(one: &Event<'_>, other: &Event<'_>) {
    assert_eq!(one.channel, other.channel);
    assert_eq!(one.page, other.page);
    assert_eq!(one.sender, other.sender);
    assert_eq!(one.recipient, other.recipient);
    assert_eq!(one.timestamp, other.timestamp);
    assert_eq!(one.beside, other.beside);
    assert_eq!(discriminant(&one.kind), discriminant(&other.kind));
    assert_eq!(one.kind.name(), other.kind.name());
    assert_eq!(written(one), written(other));
}

fn written(event: &Event<'_>) -> Option<Tree> {
    let written = serde_json::to_string(event).expect("an event can be written");
    Tree::read(&written)
}
