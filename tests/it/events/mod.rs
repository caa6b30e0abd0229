//! Fixtures: one file in `tests/fixtures/webhook` for each shape that Meta sends, and the events
//! expected of it.
//!
//! The files are typed by hand from Meta's documentation, on one line, with Meta's escapes. Ids and
//! names are invented.

#![allow(clippy::unwrap_used)]

mod any;
mod attachments;
mod calls;
mod commerce;
mod conversation;
mod dashboard;
mod echoes;
mod envelope;
mod expect;
mod hostile;
mod messages;
mod page;
mod shapes;
mod thread;

use std::fs;
use std::path::{Path, PathBuf};

use messenger_crm::event::Event;
use messenger_crm::secret::{AppSecret, VerifyToken};
use messenger_crm::webhook::{Webhook, sign};
use serde_json::value::RawValue;

/// A file and its expected events.
pub(crate) struct Fixture {
    /// The file's name without `.json`.
    pub(crate) name: &'static str,
    pub(crate) events: &'static [Expected],
}

pub(crate) struct Expected {
    /// Channel, kind, Page, customer, milliseconds and mid; `-` stands for an absent one.
    pub(crate) line: &'static str,
    /// Whether it is a test event of the dashboard.
    pub(crate) is_test: bool,
    /// Checks the typed members.
    check: fn(&Event<'_>),
}

const fn fixture(name: &'static str, events: &'static [Expected]) -> Fixture {
    Fixture { name, events }
}

const fn event(line: &'static str, check: fn(&Event<'_>)) -> Expected {
    Expected {
        line,
        is_test: false,
        check,
    }
}

/// `Expected::line` of an event in `messaging`, with the Page, customer and time of most fixtures.
macro_rules! event_line {
    ($kind:literal, $mid:literal) => {
        concat!(
            "messaging ",
            $kind,
            " 106540001112223 7104000555666777 1763990000001 ",
            $mid
        )
    };
}
use event_line;

/// All fixtures.
pub(crate) fn fixtures() -> impl Iterator<Item = &'static Fixture> {
    let families = [
        messages::FIXTURES,
        attachments::FIXTURES,
        echoes::FIXTURES,
        conversation::FIXTURES,
        thread::FIXTURES,
        commerce::FIXTURES,
        calls::FIXTURES,
        page::FIXTURES,
        dashboard::FIXTURES,
        envelope::FIXTURES,
        envelope::INSTAGRAM,
        envelope::UNKNOWN,
    ];
    families.into_iter().flatten()
}

/// Path of the file of a fixture.
pub(crate) fn file(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/webhook");
    folder.join(format!("{name}.json"))
}

/// Content of the file of a fixture.
#[track_caller]
pub(crate) fn body(name: &str) -> String {
    let file = file(name);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// Asserts that reading events one by one gives the events of the delivery.
#[track_caller]
fn assert_same_one_by_one(body: &str) {
    let secret = AppSecret::new("s").unwrap();
    let webhook = Webhook::new(&secret, VerifyToken::new("t").unwrap());
    let signature = sign(&secret, body.as_bytes());
    let signature = Some(signature.as_bytes());
    let events = webhook.events(signature, body.as_bytes()).unwrap();
    let delivery = webhook.receive(signature, body.as_bytes()).unwrap();
    assert_eq!(*events.object(), delivery.object);
    assert!(events.map(Result::unwrap).eq(delivery.events));
}

/// Prints its text when a test panics.
struct PrintOnPanic(String);

impl Drop for PrintOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("failed at: {}", self.0);
        }
    }
}

/// Random numbers, with a new seed unless `EVENTS_SEED` repeats one.
fn random() -> fastrand::Rng {
    let seed = match std::env::var("EVENTS_SEED") {
        Ok(seed) => seed.parse().expect("EVENTS_SEED is a number"),
        Err(_) => fastrand::u64(..),
    };
    println!("EVENTS_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}

/// Number of rounds: `count`, multiplied by `EVENTS_TIMES` if it is set.
fn rounds(count: usize) -> usize {
    let times = std::env::var("EVENTS_TIMES").ok();
    count * times.map_or(1, |times| times.parse().expect("EVENTS_TIMES is a number"))
}

/// JSON of the events of all lists, read with serde_json.
fn raws(body: &str) -> Vec<&str> {
    #[derive(serde::Deserialize)]
    struct Envelope<'a> {
        #[serde(borrow)]
        entry: Vec<&'a RawValue>,
    }
    #[derive(serde::Deserialize)]
    struct Entry<'a> {
        #[serde(borrow)]
        messaging: Option<&'a RawValue>,
        #[serde(borrow)]
        standby: Option<&'a RawValue>,
        #[serde(borrow)]
        changes: Option<&'a RawValue>,
        #[serde(borrow)]
        calls: Option<&'a RawValue>,
    }
    let envelope: Envelope<'_> = serde_json::from_str(body).unwrap();
    let entries = envelope.entry.into_iter();
    entries
        .filter_map(|entry| serde_json::from_str::<Entry<'_>>(entry.get()).ok())
        .flat_map(|entry| [entry.messaging, entry.standby, entry.changes, entry.calls])
        .flatten()
        .filter_map(|list| serde_json::from_str::<Vec<&RawValue>>(list.get()).ok())
        .flatten()
        .map(RawValue::get)
        .collect()
}
