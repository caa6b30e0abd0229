//! Every fixture, damaged: nothing breaks, and what stands beside the damage is not lost.

use std::ops::ControlFlow;

use fastrand::Rng;
use messenger_crm::event::Event;
use messenger_crm::webhook::parse_unverified;
use serde::de::IgnoredAny;

use super::{Tell, body, fixtures, random, raws, rounds};
use crate::fuzz::targets;

#[test]
fn p27_a_damaged_body_does_no_harm() {
    let mut random = random();
    for fixture in fixtures() {
        let whole = body(fixture.name).into_bytes();
        for _ in 0..rounds(60) {
            let mut body = whole.clone();
            for _ in 0..random.usize(1..4) {
                damage(&mut body, &mut random);
            }
            let _at = Tell(format!("{}: {}", fixture.name, body.escape_ascii()));
            targets::event::run(&body);
            // It takes what serde_json takes, and refuses what that refuses.
            targets::paths::run(&body);
        }
        for end in 0..whole.len() {
            let is_read = parse_unverified(&whole[..end]).is_ok();
            assert!(!is_read, "{} up to byte {end}", fixture.name);
        }
    }
}

#[test]
fn a_damaged_event_costs_no_neighbour() {
    let mut random = random();
    let (mut damaged, mut typed) = (0, 0);
    for fixture in fixtures() {
        let whole = body(fixture.name);
        for raw in raws(&whole) {
            for _ in 0..rounds(20) {
                let event = damaged_event(raw, &mut random);
                let _at = Tell(format!("{}: {event}", fixture.name));
                for list in ["messaging", "standby", "changes", "calls"] {
                    typed += usize::from(between_neighbours(list, &event));
                    damaged += 1;
                }
            }
        }
    }
    // Of both there are many, or nothing was shown.
    assert!(
        typed > damaged / 10 && typed < damaged,
        "{typed} of {damaged}"
    );
}

#[test]
fn p16_p26_what_was_mended_stays_mended() {
    let message = r#"{"sender":{"id":"2"},"message":{"mid":"m1"}}"#;
    for entry in [
        // Of two lists of one name the first counts, be it null.
        format!(r#"{{"id":"1","messaging":null,"messaging":[{message}]}}"#),
        format!(r#"{{"id":"1","messaging":[{message}],"messaging":[{message}]}}"#),
        // So it is with what stands beside the kind, and with names that are not Meta's.
        r#"{"messaging":[{"lead":null,"lead":{"data":[{"answer":"a"}]},"read":{"watermark":5}}]}"#
            .to_owned(),
        r#"{"messaging":[{"app_roles":{"7":null,"7":["a"],"8":["b"],"8":["c"]}}]}"#.to_owned(),
        r#"{"messaging":[{"sender":{"user_ref":null,"user_ref":"r"},"read":{"watermark":5}}]}"#
            .to_owned(),
        // An escape does not change a word.
        r#"{"messaging":[{"message":{"mid":"m1","is_echo":"tr\u0075e"}}]}"#.to_owned(),
        // A field may have an empty name.
        r#"{"id":"1","changes":[{"field":"","value":{"message":{"mid":"m1"}}}]}"#.to_owned(),
        // An entry that is an event of its own, damaged, and a list beside it.
        format!(r#"{{"id":"1","messaging":[{message}],"call_settings":7,"n\u0061me":[1]}}"#),
    ] {
        for object in ["page", "user"] {
            let body = format!(r#"{{"object":"{object}","entry":[{entry}]}}"#);
            let _at = Tell(body.clone());
            targets::event::run(body.as_bytes());
            targets::paths::run(body.as_bytes());
        }
    }
}

/// Whether the event is still what Meta named it.
fn between_neighbours(list: &str, event: &str) -> bool {
    let neighbour = match list {
        "changes" => r#"{"field":"inbox_labels","value":{"user":{"id":"2"},"action":"add"}}"#,
        "calls" => r#"{"id":"c_1","event":"connect","from":"2","to":"1"}"#,
        _ => r#"{"sender":{"id":"2"},"message":{"mid":"m1","text":"still here"}}"#,
    };
    let body = format!(
        r#"{{"object":"page","entry":[{{"id":"1","{list}":[{neighbour},{event},{neighbour}]}}]}}"#
    );
    let alone = format!(r#"{{"object":"page","entry":[{{"id":"1","{list}":[{neighbour}]}}]}}"#);
    let alone = parse_unverified(alone.as_bytes()).unwrap();
    let delivery = parse_unverified(body.as_bytes()).unwrap();
    let [before, damaged, after] = &delivery.events[..] else {
        panic!("{} events", delivery.events.len())
    };
    assert_eq!(*before, alone.events[0]);
    assert_eq!(*after, alone.events[0]);
    assert_eq!(damaged.raw(), event.trim());
    is_typed(damaged)
}

fn is_typed(event: &Event<'_>) -> bool {
    use messenger_crm::event::Kind;
    !matches!(event.kind, Kind::Unrecognized { .. } | Kind::Change { .. })
}

/// A damaged event that is still a JSON value, or else neighbours could not be told apart.
fn damaged_event(raw: &str, random: &mut Rng) -> String {
    let found = (0..1_000).try_for_each(|_| {
        let mut event = raw.as_bytes().to_vec();
        damage(&mut event, random);
        match String::from_utf8(event) {
            Ok(event) if serde_json::from_str::<IgnoredAny>(&event).is_ok() => {
                ControlFlow::Break(event)
            }
            _ => ControlFlow::Continue(()),
        }
    });
    found.break_value().expect("a mutation that is JSON")
}

/// Flips, inserts, deletes, repeats, cuts off; or swaps one JSON value for another.
fn damage(bytes: &mut Vec<u8>, random: &mut Rng) {
    if bytes.is_empty() {
        return;
    }
    let at = random.usize(..bytes.len());
    let to = (at + random.usize(1..40)).min(bytes.len());
    match random.u8(..8) {
        0 => bytes[at] ^= 1 << random.u8(..8),
        1 => bytes[at] = SIGNIFICANT[random.usize(..SIGNIFICANT.len())],
        2 => bytes.insert(at, SIGNIFICANT[random.usize(..SIGNIFICANT.len())]),
        3 => drop(bytes.drain(at..to)),
        4 => {
            let twice = bytes[at..to].to_vec();
            bytes.splice(at..at, twice);
        }
        5 if random.u8(..) < 64 => bytes.truncate(at),
        _ => swap_value(bytes, at, random),
    }
}

const SIGNIFICANT: &[u8] = b"{}[]\",:\\/u0-e. \n\x00\x1f\x7f\xed\xff";

/// Puts another value where one begins, after the colon or comma that is next.
fn swap_value(bytes: &mut Vec<u8>, at: usize, random: &mut Rng) {
    const VALUES: [&str; 9] = [
        "null",
        "true",
        "[]",
        "{}",
        "7",
        r#""""#,
        r#""\ud83d""#,
        "[[{}]]",
        r#"{"id":{"id":[]}}"#,
    ];
    let next = |from: usize, set: &[u8]| {
        let found = bytes[from..].iter().position(|byte| set.contains(byte));
        found.map(|found| from + found)
    };
    let Some(start) = next(at, b":,[").map(|at| at + 1) else {
        return;
    };
    let Some(end) = next(start, b",}]") else {
        return;
    };
    let value = VALUES[random.usize(..VALUES.len())];
    bytes.splice(start..end, value.bytes());
}
