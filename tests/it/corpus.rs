//! Bodies that other projects recorded or wrote, read where they lie.
//!
//! The folder is named by the variable `MESSENGER_CORPUS`. Its `webhook` folder holds the bodies, and
//! its `index.tsv` says in the second column of each what it is: the object, a colon, and the kinds of
//! its events, parted by bars. What stands behind a `[` or `&` is a detail.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use messenger_crm::event::{Channel, Event, Kind};
use messenger_crm::webhook::parse_unverified;

use crate::fuzz::targets;

const VARIABLE: &str = "MESSENGER_CORPUS";

#[test]
fn every_recorded_body_is_what_its_index_says() {
    let Some(folder) = folder() else { return };
    let index = fs::read_to_string(folder.join("index.tsv"));
    let index = index.unwrap_or_else(|error| panic!("{VARIABLE}: index.tsv: {error}"));
    let mut told = BTreeSet::new();
    for line in index.lines().skip(1) {
        let mut columns = line.split('\t');
        let (file, kinds) = (columns.next().unwrap(), columns.next().unwrap());
        if !file.starts_with("webhook/") {
            continue;
        }
        assert!(told.insert(folder.join(file)), "{file} is told twice");
        let body = fs::read(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let delivery = match parse_unverified(&body) {
            Ok(delivery) => delivery,
            Err(error) => panic!("{file} ({kinds}): {error}"),
        };
        let (object, kinds) = kinds.split_once(':').unwrap();
        assert_eq!(delivery.object.name(), object, "{file}");
        let expected: Vec<String> = kinds.split('|').map(expected).collect();
        let found: Vec<String> = delivery.events.iter().map(found).collect();
        assert_eq!(found, expected, "{file}");
        targets::event::run(&body);
        targets::paths::run(&body);
    }
    let there = fs::read_dir(folder.join("webhook")).unwrap();
    let there: BTreeSet<PathBuf> = there.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(there, told);
    say(&format!("{VARIABLE}: {} bodies were read", told.len()));
}

/// What the index's words are here.
pub(crate) fn expected(told: &str) -> String {
    let (kind, details) = told.split_at(told.find(['[', '&']).unwrap_or(told.len()));
    match kind {
        "bare" => "unrecognized:-".to_owned(),
        // An echo is a kind of its own here, and a message with a mark there.
        "message" if details.starts_with("[echo") => "echo".to_owned(),
        // Older webhooks have a hyphen.
        "policy-enforcement" => "policy_enforcement".to_owned(),
        _ => kind.replace("unknown:", "unrecognized:"),
    }
}

fn found(event: &Event<'_>) -> String {
    let name = event.kind.name();
    let kind = match &event.kind {
        Kind::Unrecognized { name: None, .. } => "unrecognized:-".to_owned(),
        Kind::Unrecognized { .. } => format!("unrecognized:{name}"),
        kind if event.channel == Channel::Changes && kind.is_change() => format!("change:{name}"),
        _ => name.to_owned(),
    };
    match event.channel {
        Channel::Standby => format!("standby/{kind}"),
        _ => kind,
    }
}

/// The folder, if there is one to read. Where it is promised, it has to be there.
pub(crate) fn folder() -> Option<PathBuf> {
    let Some(folder) = std::env::var_os(VARIABLE) else {
        say(&format!("{VARIABLE} is not set: no recorded body was read"));
        return None;
    };
    let folder = Path::new(&folder).to_owned();
    assert!(
        folder.is_dir(),
        "{VARIABLE}: {} is no folder",
        folder.display()
    );
    Some(folder)
}

/// Past the test runner, which keeps what a passing test prints to itself.
pub(crate) fn say(line: &str) {
    let written = writeln!(std::io::stderr(), "{line}");
    written.unwrap();
}
