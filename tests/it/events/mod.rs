//! Every shape that Meta sends, read: `tests/fixtures/webhook` and what is expected of each file.
//!
//! The files were typed by hand from platform.md, on one line, with Meta's escapes; the ids and
//! names in them are invented.

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
mod thread;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use messenger_crm::event::{Channel, Event, Kind};
use messenger_crm::secret::{AppSecret, VerifyToken};
use messenger_crm::webhook::{Webhook, parse_unverified, sign};
use serde_json::value::RawValue;

use crate::fuzz::targets;

/// A file and what is expected of it.
pub(crate) struct Fixture {
    /// The file's name without `.json`.
    pub(crate) name: &'static str,
    /// The section of platform.md that it was typed from.
    pub(crate) section: &'static str,
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

const fn fixture(
    name: &'static str,
    section: &'static str,
    events: &'static [Expected],
) -> Fixture {
    Fixture {
        name,
        section,
        events,
    }
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

#[test]
fn every_file_is_expected_and_every_expected_file_is_there() {
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
fn p1_every_shape_is_typed_to_its_last_member() {
    for fixture in fixtures() {
        let at = format!("{} (platform.md §{})", fixture.name, fixture.section);
        let body = body(fixture.name);
        let delivery = parse_unverified(body.as_bytes()).unwrap();
        let lines: Vec<String> = delivery.events.iter().map(line).collect();
        let expected: Vec<&str> = fixture.events.iter().map(|event| event.line).collect();
        assert_eq!(lines, expected, "{at}");
        for (event, expected) in delivery.events.iter().zip(fixture.events) {
            let _at = Tell(at.clone());
            (expected.check)(event);
            assert_eq!(event.is_test(), expected.is_test);
            let is_aside = matches!(event.kind, Kind::Unrecognized { .. });
            assert!(!is_aside || fixture.name.starts_with("unknown."));
        }
    }
}

#[test]
fn raw_is_the_slice_of_the_body() {
    for fixture in fixtures() {
        let _at = Tell(fixture.name.to_owned());
        let body = body(fixture.name);
        let events = parse_unverified(body.as_bytes()).unwrap().events;
        for event in &events {
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
fn p26_p28_owned_written_and_read_again_it_is_the_same() {
    for fixture in fixtures() {
        let _at = Tell(fixture.name.to_owned());
        targets::event::run(body(fixture.name).as_bytes());
    }
}

#[test]
fn another_reader_reads_the_same() {
    for fixture in fixtures() {
        let _at = Tell(fixture.name.to_owned());
        targets::paths::run(body(fixture.name).as_bytes());
    }
}

#[test]
fn one_by_one_they_are_the_same() {
    for fixture in fixtures() {
        assert_same_one_by_one(&body(fixture.name));
    }
}

#[test]
fn plain_text_is_borrowed_from_the_body() {
    let mut borrowed = 0;
    for fixture in fixtures() {
        let body = body(fixture.name);
        for event in parse_unverified(body.as_bytes()).unwrap().events {
            let mut texts = vec![&event.page, &event.sender, &event.recipient];
            texts.extend(event.beside.iter().map(|beside| &beside.user_ref));
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

/// The columns by which an event is told.
fn line(event: &Event<'_>) -> String {
    let time = event.timestamp.map(|at| at.as_millis().to_string());
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

/// The message that it is, or that it is about.
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

fn reason_of<'e>(event: &'e Event<'_>) -> &'e str {
    match &event.kind {
        Kind::Unrecognized { reason, .. } => reason,
        _ => "",
    }
}
