//! Random deliveries: all kinds of events, in shapes that Meta would not send.

use std::collections::HashSet;

use fastrand::Rng;
use messenger_crm::event::Kind;
use messenger_crm::webhook::parse_unverified;

use super::{PrintOnPanic, assert_same_one_by_one, body, fixtures, random, rounds};
use crate::fuzz::targets::{self, tree::Tree};

#[test]
fn p26_p28_all_readers_agree_on_random_deliveries() {
    let mut random = random();
    let pool = pool();
    let mut kinds = HashSet::new();
    for _ in 0..rounds(1_500) {
        let body = delivery(&pool, &mut random);
        let printed = PrintOnPanic(body);
        let body = &printed.0;
        targets::event::run(body.as_bytes());
        targets::paths::run(body.as_bytes());
        // Sometimes a member of the envelope was renamed.
        let Ok(delivery) = parse_unverified(body.as_bytes()) else {
            continue;
        };
        for event in &delivery {
            kinds.insert(std::mem::discriminant(&event.kind.clone().into_owned()));
        }
        assert_same_one_by_one(body);
    }
    // The kinds of the table, an untyped change, and an unrecognized event.
    assert_eq!(kinds.len(), Kind::TABLE.len() + 2);
}

/// All events of the fixtures, each with the name of its list.
fn pool() -> Vec<(&'static str, Tree)> {
    let mut pool = Vec::new();
    for fixture in fixtures() {
        let body = Tree::read(&body(fixture.name)).unwrap();
        let Some(Tree::List(entries)) = member(&body, "entry") else {
            panic!("{}", fixture.name)
        };
        for entry in entries {
            for list in LISTS {
                if let Some(Tree::List(items)) = member(entry, list) {
                    pool.extend(items.iter().map(|item| (list, item.clone())));
                }
            }
            for name in ["call_permission_reply", "call_settings"] {
                if member(entry, name).is_some() {
                    pool.push(("entry", entry.clone()));
                }
            }
        }
    }
    pool
}

fn member<'t>(tree: &'t Tree, name: &str) -> Option<&'t Tree> {
    let Tree::Members(members) = tree else {
        return None;
    };
    let found = members.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value)
}

const LISTS: [&str; 4] = ["messaging", "standby", "changes", "calls"];

fn delivery(pool: &[(&'static str, Tree)], random: &mut Rng) -> String {
    let entries = (0..random.usize(0..4)).map(|_| entry(pool, random));
    let entries = Tree::List(entries.collect());
    let object = ["page", "page", "page", "page", "instagram", "user"];
    let object = text(object[random.usize(..object.len())]);
    let mut members = vec![("object".into(), object), ("entry".into(), entries)];
    random.shuffle(&mut members);
    let mut json = String::new();
    write(&Tree::Members(members), &mut json, random);
    json
}

fn entry(pool: &[(&'static str, Tree)], random: &mut Rng) -> Tree {
    let mut members = vec![
        ("id".to_owned(), text("106540001112223")),
        ("time".to_owned(), Tree::Number("1763990000123".to_owned())),
    ];
    let (list, first) = &pool[random.usize(..pool.len())];
    if let ("entry", Tree::Members(own)) = (*list, first) {
        members.extend(own.iter().cloned());
    } else {
        let others = pool.iter().filter(|(other, _)| other == list);
        let others: Vec<&Tree> = others.map(|(_, item)| item).collect();
        let mut items = vec![first.clone()];
        for _ in 0..random.usize(0..3) {
            items.push(others[random.usize(..others.len())].clone());
        }
        members.push(((*list).to_owned(), Tree::List(items)));
    }
    let mut entry = Tree::Members(members);
    mutate(&mut entry, random);
    entry
}

/// Mutates a few values at any depth: order, type, `null`, repetition.
fn mutate(tree: &mut Tree, random: &mut Rng) {
    match tree {
        Tree::Members(members) => {
            if random.u8(..) < 128 {
                random.shuffle(members);
            }
            for (_, value) in &mut *members {
                mutate(value, random);
            }
            if !members.is_empty() && random.u8(..) < 16 {
                let twin = members[random.usize(..members.len())].0.clone();
                let at = random.usize(..=members.len());
                members.insert(at, (twin, anything(2, random)));
            }
            if random.u8(..) < 8 {
                members.push(("unheard_of".to_owned(), anything(2, random)));
            }
            if !members.is_empty() && random.u8(..) < 8 {
                members.swap_remove(random.usize(..members.len()));
            }
        }
        Tree::List(list) => {
            for value in &mut *list {
                mutate(value, random);
            }
            if random.u8(..) < 8 {
                list.push(anything(2, random));
            }
        }
        _ => {}
    }
    if random.u8(..) < 3 {
        *tree = anything(2, random);
    }
}

fn anything(depth: usize, random: &mut Rng) -> Tree {
    match random.usize(..if depth == 0 { 6 } else { 8 }) {
        0 => Tree::Word("null"),
        1 => Tree::Word(if random.bool() { "true" } else { "false" }),
        2 => {
            let numbers = [
                "0",
                "-0",
                "7",
                "1763990000",
                "1763990000123",
                "1.50",
                "1e400",
                "-1E-2",
            ];
            Tree::Number(numbers[random.usize(..numbers.len())].to_owned())
        }
        3..6 => {
            let texts = [
                "",
                "true",
                "1763990000",
                "react",
                "a\u{0}b",
                "äöå 你好 😀",
                "\u{7f}\u{2028}",
            ];
            text(texts[random.usize(..texts.len())])
        }
        6 => Tree::List(
            (0..random.usize(0..3))
                .map(|_| anything(depth - 1, random))
                .collect(),
        ),
        _ => {
            let names = [
                "id", "type", "mid", "text", "payload", "url", "URL", "data", "a\u{0}",
            ];
            let members = (0..random.usize(0..3)).map(|_| {
                let name = names[random.usize(..names.len())];
                (name.to_owned(), anything(depth - 1, random))
            });
            Tree::Members(members.collect())
        }
    }
}

fn text(text: &str) -> Tree {
    Tree::Text(text.to_owned())
}

/// Writes JSON with random escapes and spaces, and sometimes a lone surrogate.
fn write(tree: &Tree, json: &mut String, random: &mut Rng) {
    space(json, random);
    match tree {
        Tree::Word(word) => json.push_str(word),
        Tree::Number(number) => json.push_str(number),
        Tree::Text(text) => write_text(text, json, random),
        Tree::List(list) => {
            json.push('[');
            for (index, value) in list.iter().enumerate() {
                json.push_str(if index == 0 { "" } else { "," });
                write(value, json, random);
            }
            json.push(']');
        }
        Tree::Members(members) => {
            json.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                json.push_str(if index == 0 { "" } else { "," });
                space(json, random);
                write_text(name, json, random);
                space(json, random);
                json.push(':');
                write(value, json, random);
            }
            json.push('}');
        }
    }
    space(json, random);
}

fn space(json: &mut String, random: &mut Rng) {
    if random.u8(..) < 4 {
        json.push([' ', '\n', '\r', '\t'][random.usize(..4)]);
    }
}

fn write_text(text: &str, json: &mut String, random: &mut Rng) {
    let is_odd = random.u8(..) < 16;
    json.push('"');
    for character in text.chars() {
        let must = matches!(character, '"' | '\\' | '\0'..' ');
        if must || (is_odd && random.u8(..) < 64) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                json.push_str(&format!("\\u{unit:04x}"));
            }
        } else if character == '/' {
            json.push_str("\\/");
        } else {
            json.push(character);
        }
    }
    if is_odd && random.u8(..) < 32 {
        json.push_str(["\\ud83d", "\\ude00", "\\ud83d\\u0041"][random.usize(..3)]);
    }
    json.push('"');
}
