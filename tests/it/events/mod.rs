//! Every shape that Meta sends, read: `tests/fixtures/webhook` and what is expected of each file.
//!
//! The files are typed by hand after Meta's documentation, on one line, with Meta's escapes. The ids
//! and names in them are invented.

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

/// A file and what is expected of it.
pub(crate) struct Fixture {
    /// The file's name without `.json`.
    pub(crate) name: &'static str,
    pub(crate) events: &'static [Expected],
}

pub(crate) struct Expected {
    /// Channel, kind, Page, customer, milliseconds, mid; `-` for what is absent.
    pub(crate) line: &'static str,
    /// Whether the dashboard sent it, and no customer.
    pub(crate) is_test: bool,
    /// Looks at the typed members.
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

/// The line of an event in the normal list, of the customer and the time of most fixtures.
macro_rules! told {
    ($kind:literal, $mid:literal) => {
        concat!(
            "messaging ",
            $kind,
            " 106540001112223 7104000555666777 1763990000001 ",
            $mid
        )
    };
}
use told;

/// All that is expected.
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

/// Where the file of this name is.
pub(crate) fn file(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/webhook");
    folder.join(format!("{name}.json"))
}

/// What is in it.
#[track_caller]
pub(crate) fn body(name: &str) -> String {
    let file = file(name);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// What the events read one by one must have in common with those of the delivery: everything.
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

/// Tells what was at hand when a test fails.
struct Tell(String);

impl Drop for Tell {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("it was: {}", self.0);
        }
    }
}

/// Dice of this run's own, unless the variable repeats another's.
fn random() -> fastrand::Rng {
    let seed = match std::env::var("EVENTS_SEED") {
        Ok(seed) => seed.parse().expect("EVENTS_SEED is a number"),
        Err(_) => fastrand::u64(..),
    };
    println!("EVENTS_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}

/// How often: so many times, and `EVENTS_TIMES` as many on demand.
fn rounds(count: usize) -> usize {
    let times = std::env::var("EVENTS_TIMES").ok();
    count * times.map_or(1, |times| times.parse().expect("EVENTS_TIMES is a number"))
}

/// The events of all lists, as another reader finds them.
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
