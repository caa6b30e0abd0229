//! Large values cost linear time and bounded memory.

use std::hint::black_box;
use std::time::{Duration, Instant};

use super::*;

/// A delivery with one large value of `count` elements.
type Body = fn(count: usize) -> String;

/// Each shape, and how many times its own length reading it may allocate at once.
const SHAPES: [(&str, Body, usize); 10] = [
    (
        "a plain text",
        |count| {
            let text = "a".repeat(10 * count);
            one(&format!(r#""message":{{"mid":"m1","text":"{text}"}}"#))
        },
        0,
    ),
    (
        "an escaped text",
        |count| {
            let text = r"\u4f60".repeat(count);
            one(&format!(r#""message":{{"mid":"m1","text":"{text}"}}"#))
        },
        1,
    ),
    (
        "an object with many keys",
        |count| {
            let keys = numbered(count, |number| format!(r#""k{number}":0"#));
            one(&format!(r#"{keys},"message":{{"mid":"m1",{keys}}}"#))
        },
        0,
    ),
    (
        "an object whose keys are read",
        |count| {
            let roles = numbered(count, |number| format!(r#""{number}":["a"]"#));
            one(&format!(r#""app_roles":{{{roles}}}"#))
        },
        32,
    ),
    (
        "an array of null",
        |count| {
            let nulls = numbered(count, |_| "null".to_owned());
            one(&format!(
                r#""message":{{"mid":"m1","attachments":[{nulls}]}}"#
            ))
        },
        0,
    ),
    (
        "an array of mids",
        |count| {
            let mids = numbered(count, |number| format!(r#""m{number}""#));
            one(&format!(r#""delivery":{{"mids":[{mids}]}}"#))
        },
        0,
    ),
    (
        "an array of attachments",
        |count| {
            let images = numbered(count, |number| {
                format!(r#"{{"type":"image","payload":{{"url":"{number}"}}}}"#)
            });
            one(&format!(
                r#""message":{{"mid":"m1","attachments":[{images}]}}"#
            ))
        },
        32,
    ),
    (
        "an array of stickers",
        |count| {
            let stickers = numbered(count, |number| {
                format!(r#"{{"type":"sticker","payload":{{"sticker_id":{number}}}}}"#)
            });
            one(&format!(
                r#""message":{{"mid":"m1","attachments":[{stickers}]}}"#
            ))
        },
        32,
    ),
    (
        "an array of restrictions in two places",
        |count| {
            let restrictions = numbered(count, |number| format!(r#"{{"feature":"f{number}"}}"#));
            let restrictions = format!(r#""restrictions":[{restrictions}]"#);
            one(&format!(
                r#"{restrictions},"business_integrity":{{"status":"x",{restrictions}}}"#
            ))
        },
        32,
    ),
    (
        "an envelope with many keys",
        |count| {
            let keys = numbered(count, |number| format!(r#""k{number}":0"#));
            format!(r#"{{"object":"page","entry":[],{keys}}}"#)
        },
        32,
    ),
];

fn numbered(count: usize, element: impl Fn(usize) -> String) -> String {
    let elements: Vec<String> = (0..count).map(element).collect();
    elements.join(",")
}

/// A delivery with one event, which has this member.
fn one(member: &str) -> String {
    pages(&[page("1", &[&format!("{{{PARTIES},{member}}}")])])
}

#[test]
fn p13_memory_is_bounded_by_the_length() {
    for (name, body, times) in SHAPES {
        let body = body(100_000);
        assert!(body.len() > 400_000, "{name}: {} bytes", body.len());
        let counted = allocation_counter::measure(|| drop(black_box(read(&body))));
        // The list of events itself is allocated in every case.
        let most = times * body.len() + 1_000;
        let bytes = usize::try_from(counted.bytes_max).unwrap();
        assert!(bytes <= most, "{name}: {bytes} of {}", body.len());
    }
}

/// Eight times the length takes about eight times as long; if it were quadratic, 64 times.
#[test]
fn p13_time_is_linear_in_the_length() {
    for (name, body, _) in SHAPES {
        let [short, long] = [body(2_000), body(16_000)];
        let mut fastest = [Duration::MAX; 2];
        for _ in 0..7 {
            for (fastest, body) in fastest.iter_mut().zip([&short, &long]) {
                let start = Instant::now();
                drop(black_box(read(body)));
                *fastest = start.elapsed().min(*fastest);
            }
        }
        let [short, long] = fastest;
        assert!(long < short * 24, "{name}: {short:?} and {long:?}");
    }
}
