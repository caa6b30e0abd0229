//! Damaged fixtures: no panic, and the events next to the damage are unchanged.

use std::ops::ControlFlow;

use fastrand::Rng;
use messenger_crm::event::Event;
use messenger_crm::webhook::parse_unverified;
use serde::de::IgnoredAny;

use super::{PrintOnPanic, body, fixtures, random, raws, rounds};
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
            let _at = PrintOnPanic(format!("{}: {}", fixture.name, body.escape_ascii()));
            targets::event::run(&body);
            // It accepts exactly the bodies that serde_json accepts.
            targets::paths::run(&body);
        }
        for end in 0..whole.len() {
            let is_read = parse_unverified(&whole[..end]).is_ok();
            assert!(!is_read, "{} up to byte {end}", fixture.name);
        }
    }
}

#[test]
fn p5_a_damaged_event_does_not_change_its_neighbors() {
    let mut random = random();
    let (mut damaged, mut typed) = (0, 0);
    for fixture in fixtures() {
        let whole = body(fixture.name);
        for raw in raws(&whole) {
            for _ in 0..rounds(20) {
                let event = damaged_event(raw, &mut random);
                let _at = PrintOnPanic(format!("{}: {event}", fixture.name));
                for list in ["messaging", "standby", "changes", "calls"] {
                    typed += usize::from(between_neighbors(list, &event));
                    damaged += 1;
                }
            }
        }
    }
    // The run must have had many of both.
    assert!(
        typed > damaged / 10 && typed < damaged,
        "{typed} of {damaged}"
    );
}

#[test]
fn p16_p26_bodies_that_were_read_wrongly_before() {
    let message = r#"{"sender":{"id":"2"},"message":{"mid":"m1"}}"#;
    for entry in [
        // Of two lists with one name the first counts, even when it is `null`.
        format!(r#"{{"id":"1","messaging":null,"messaging":[{message}]}}"#),
        format!(r#"{{"id":"1","messaging":[{message}],"messaging":[{message}]}}"#),
        // The same holds for members beside the kind, and for keys that the sender chooses.
        r#"{"messaging":[{"lead":null,"lead":{"data":[{"answer":"a"}]},"read":{"watermark":5}}]}"#
            .to_owned(),
        r#"{"messaging":[{"app_roles":{"7":null,"7":["a"],"8":["b"],"8":["c"]}}]}"#.to_owned(),
        r#"{"messaging":[{"sender":{"user_ref":null,"user_ref":"r"},"read":{"watermark":5}}]}"#
            .to_owned(),
        // An escaped `true` is `true`.
        r#"{"messaging":[{"message":{"mid":"m1","is_echo":"tr\u0075e"}}]}"#.to_owned(),
        // A field may have an empty name.
        r#"{"id":"1","changes":[{"field":"","value":{"message":{"mid":"m1"}}}]}"#.to_owned(),
        // A damaged `call_settings` in an entry that also has a list.
        format!(r#"{{"id":"1","messaging":[{message}],"call_settings":7,"n\u0061me":[1]}}"#),
    ] {
        for object in ["page", "user"] {
            let body = format!(r#"{{"object":"{object}","entry":[{entry}]}}"#);
            let _at = PrintOnPanic(body.clone());
            targets::event::run(body.as_bytes());
            targets::paths::run(body.as_bytes());
        }
    }
}

/// Whether the event still has its typed kind. Asserts that the events around it are unchanged.
fn between_neighbors(list: &str, event: &str) -> bool {
    let neighbor = match list {
        "changes" => r#"{"field":"inbox_labels","value":{"user":{"id":"2"},"action":"add"}}"#,
        "calls" => r#"{"id":"c_1","event":"connect","from":"2","to":"1"}"#,
        _ => r#"{"sender":{"id":"2"},"message":{"mid":"m1","text":"still here"}}"#,
    };
    let body = format!(
        r#"{{"object":"page","entry":[{{"id":"1","{list}":[{neighbor},{event},{neighbor}]}}]}}"#
    );
    let reference = format!(r#"{{"object":"page","entry":[{{"id":"1","{list}":[{neighbor}]}}]}}"#);
    let reference = parse_unverified(reference.as_bytes()).unwrap();
    let delivery = parse_unverified(body.as_bytes()).unwrap();
    let [before, damaged, after] = &delivery.events[..] else {
        panic!("{} events", delivery.events.len())
    };
    assert_eq!(*before, reference.events[0]);
    assert_eq!(*after, reference.events[0]);
    assert_eq!(damaged.raw(), event.trim());
    is_typed(damaged)
}

fn is_typed(event: &Event<'_>) -> bool {
    use messenger_crm::event::Kind;
    !matches!(event.kind, Kind::Unrecognized { .. } | Kind::Change { .. })
}

/// A damaged event that is still a JSON value, so that the list still has three elements.
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

/// Flips, inserts, deletes, repeats or truncates bytes, or replaces one JSON value.
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

/// Replaces the value after the next colon, comma or bracket.
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
