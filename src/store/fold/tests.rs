//! The rules, held against chance: facts may come in any order, any number of times, in any
//! batches, and through any kind of rows.
//!
//! `FOLD_RUNS` says how often (500 without it), `FOLD_SEED` repeats a run's choices.

#![cfg(test)]

use std::collections::BTreeMap;

use super::*;
use crate::{
    id::{PageId, Psid},
    model::{ContactKey, Content, Entry, EntryId, Source},
    store::{
        conformance::chance::{Dice, first_seed, world},
        memory::rows::{MemoryRows, Talk},
    },
    time::Timestamp,
};

#[test]
fn i9_facts_in_any_order_twice_and_in_other_batches_are_the_same_state() {
    for (seed, mut dice) in runs() {
        let world = world(&mut dice);
        let differs = |batches: &[Vec<Change>]| {
            let told = |change: &&Change| batches.concat().contains(change);
            let plain: Vec<Change> = world.iter().filter(told).cloned().collect();
            let plain = fold_directly(&mut MemoryRows::default(), &[plain]);
            plain != fold_directly(&mut MemoryRows::default(), batches)
        };
        let batches = shuffled(&world, &mut dice);
        if differs(&batches) {
            panic!("seed {seed}\n{:#?}", smallest(batches, differs));
        }
    }
}

#[test]
fn i9_loaded_rows_are_the_same_state_as_rows_one_by_one() {
    for (seed, mut dice) in runs() {
        let world = world(&mut dice);
        let batches = shuffled(&world, &mut dice);
        let mut one_by_one = MemoryRows::default();
        let mut loaded = MemoryRows::default();
        for batch in &batches {
            let expected = fold_directly(&mut one_by_one, std::slice::from_ref(batch));
            let found = fold_loaded(&mut loaded, batch);
            assert_eq!(found, expected, "seed {seed}\n{batches:#?}");
        }
    }
}

#[test]
fn s4_a_world_told_again_changes_nothing() {
    for (seed, mut dice) in runs() {
        let world = world(&mut dice);
        let mut rows = MemoryRows::default();
        let before = fold_directly(&mut rows, std::slice::from_ref(&world));
        let revisions = rows.revisions();
        rows.begin();
        let Ok(answers) = apply(&mut rows, &world);
        for (answer, change) in answers.iter().zip(&world) {
            let is_quiet = matches!(answer, Applied::Unchanged | Applied::Forgotten);
            assert!(is_quiet, "seed {seed}: {answer:?} for {change:#?}");
        }
        assert_eq!(rows.state(), before, "seed {seed}");
        assert_eq!(
            rows.revisions(),
            revisions,
            "seed {seed}: the revision moved"
        );
    }
}

#[test]
fn s4_of_more_tellings_than_meta_makes_the_first_and_the_last_are_kept_in_any_order() {
    let contact = ContactKey::new(PageId::new("1").unwrap(), Psid::new("ada").unwrap());
    let told = |time: i64| {
        let (id, at) = (
            EntryId::of_parts(&[b"feedback"]),
            Timestamp::from_millis(time),
        );
        let mut entry = Entry::new(id, at, Source::Webhook, Content::text(time.to_string()));
        entry.timeless = true;
        let contact = contact.clone();
        Change::Received { contact, entry }
    };
    let all: Vec<Change> = (0..200).map(told).collect();
    let mut rows = MemoryRows::default();
    let expected = fold_directly(&mut rows, std::slice::from_ref(&all));
    let Ok(found) = rows.conversation(&contact);
    let body = found.entries[0].body.as_ref().unwrap();
    let times: Vec<i64> = body.times().map(Timestamp::as_millis).collect();
    assert!(times.iter().copied().eq((0..63).chain([199])), "{times:?}");
    assert_eq!(body.content.text.as_deref(), Some("199"));
    for (_, mut dice) in runs().take(20) {
        let batches = shuffled(&all, &mut dice);
        let found = fold_directly(&mut MemoryRows::default(), &batches);
        assert_eq!(found, expected, "{batches:?}");
    }
}

#[test]
fn i25_an_export_makes_the_same_again() {
    for (seed, mut dice) in runs() {
        let batches = vec![world(&mut dice)];
        let differs = |batches: &[Vec<Change>]| {
            let mut rows = MemoryRows::default();
            let before = fold_directly(&mut rows, batches);
            let log = serde_json::to_string(&rows.export()).unwrap();
            let log: Vec<Change> = serde_json::from_str(&log).unwrap();
            before != fold_directly(&mut MemoryRows::default(), &[log])
        };
        if differs(&batches) {
            panic!("seed {seed}\n{:#?}", smallest(batches, differs));
        }
    }
}

/// As few changes as still fail.
fn smallest(
    mut batches: Vec<Vec<Change>>,
    fails: impl Fn(&[Vec<Change>]) -> bool,
) -> Vec<Vec<Change>> {
    loop {
        let without = |batch: usize, change: usize| {
            let mut fewer = batches.clone();
            fewer[batch].remove(change);
            fewer
        };
        let places = (0..batches.len()).flat_map(|batch| {
            let changes = 0..batches[batch].len();
            changes.map(move |change| (batch, change))
        });
        let fewer = places.map(|(batch, change)| without(batch, change));
        match fewer.into_iter().find(|fewer| fails(fewer)) {
            Some(fewer) => batches = fewer,
            None => {
                batches.retain(|batch| !batch.is_empty());
                return batches;
            }
        }
    }
}

fn fold_directly(rows: &mut MemoryRows, batches: &[Vec<Change>]) -> State {
    for batch in batches {
        rows.begin();
        let Ok(_) = apply(rows, batch);
    }
    rows.state()
}

/// As a store does that is a network away: load what the changes name, apply, load what is
/// missing, and write what is different.
fn fold_loaded(rows: &mut MemoryRows, batch: &[Change]) -> State {
    let mut loaded = Loaded::default();
    let wanted = wanted(batch);
    for key in &wanted.contacts {
        load(&mut loaded, rows, Missing::Contact(key.clone()));
    }
    for (key, id) in wanted.entries {
        load(&mut loaded, rows, Missing::Entry(key, id));
    }
    for (key, id) in wanted.outgoing {
        load(&mut loaded, rows, Missing::Outgoing(key, id));
    }
    for key in wanted.due {
        load(&mut loaded, rows, Missing::Due(key));
    }
    for key in wanted.conversations {
        load(&mut loaded, rows, Missing::Conversation(key));
    }
    // Fields, Pages, tombstones and what is kept come when they are missed, to try that too.
    while let Err(missing) = loaded.apply(&[batch]) {
        load(&mut loaded, rows, missing);
    }
    rows.begin();
    rows.write(loaded.changed());
    rows.state()
}

fn load(loaded: &mut Loaded, rows: &mut MemoryRows, missing: Missing) {
    match missing {
        Missing::Contact(key) => {
            let Ok(row) = rows.contact(&key);
            loaded.put_contact(key, row);
        }
        Missing::Entry(key, id) => {
            let Ok(row) = rows.entry(&key, &id);
            loaded.put_entry(key, id, row);
        }
        Missing::Outgoing(key, id) => {
            let Ok(row) = rows.outgoing(&key, &id);
            loaded.put_outgoing(key, id, row);
        }
        Missing::Field(key, name) => {
            let Ok(row) = rows.field(&key, &name);
            loaded.put_field(key, name, row);
        }
        Missing::Due(key) => {
            let Ok(all) = rows.conversation(&key);
            let due = all.outgoing.into_iter().filter(|row| row.due().is_some());
            loaded.put_due(key, due);
        }
        Missing::Conversation(key) => {
            let Ok(all) = rows.conversation(&key);
            loaded.put_conversation(key, all);
        }
        Missing::Kept(page, id) => {
            let is_there = rows.kept(page.as_ref()).iter().any(|kept| kept.id == id);
            loaded.put_kept(page, id, is_there);
        }
        Missing::Buried(page, hash) => {
            let at = rows.tombs().get(&hash).map(|(_, at)| *at);
            loaded.put_buried(page, hash, at);
        }
        Missing::Page(page) => {
            let (revision, _) = rows.page(&page);
            loaded.put_page(page, revision);
        }
        Missing::Ends {
            contact,
            but,
            but_answers,
        } => {
            let Ok(all) = rows.conversation(&contact);
            let entries = all.entries.iter().filter(|row| !but.contains(&row.id));
            let answers = all.outgoing.iter();
            let answers = answers.filter(|row| !but_answers.contains(&row.key));
            let ends = Ends::of(entries, answers);
            loaded.put_ends(contact, but, but_answers, ends);
        }
    }
}

/// In another order, some twice, in batches of other sizes.
fn shuffled(world: &[Change], dice: &mut Dice) -> Vec<Vec<Change>> {
    let mut all = world.to_vec();
    for change in world {
        if dice.below(3) == 0 {
            all.push(change.clone());
        }
    }
    for last in (1..all.len()).rev() {
        all.swap(last, dice.below(last as u64 + 1) as usize);
    }
    let mut batches = Vec::new();
    while !all.is_empty() {
        let size = all.len().min(1 + dice.below(6) as usize);
        batches.push(all.drain(..size).collect());
    }
    batches
}

fn runs() -> impl Iterator<Item = (u64, Dice)> {
    let first = first_seed("FOLD_SEED");
    let count = std::env::var("FOLD_RUNS").map_or(500, |count| count.parse().unwrap());
    (0..count).map(move |run| {
        let seed = first.wrapping_add(run);
        (seed, Dice::new(seed))
    })
}

/// Everything, hidden rows included, but what depends on when it came.
#[derive(Debug, PartialEq)]
struct State {
    talks: BTreeMap<ContactKey, Talk>,
    kept: Vec<(Option<PageId>, EntryId)>,
    forgotten: BTreeMap<[u8; 16], (PageId, Timestamp)>,
}

impl MemoryRows {
    fn state(&self) -> State {
        let mut talks = BTreeMap::new();
        for (key, talk) in self.talks() {
            let mut talk = talk.clone();
            talk.contact.forgotten = None;
            (talk.contact.revision, talk.contact.inbound_revision) = Default::default();
            if talk != Talk::default() {
                talks.insert(key.clone(), talk);
            }
        }
        State {
            talks,
            kept: self.kept_ids(),
            forgotten: self.tombs(),
        }
    }

    fn write(&mut self, shelf: &Shelf) {
        for ((key, id), row) in &shelf.entries {
            let Ok(()) = self.put_entry(key, id, row.as_ref());
        }
        for ((key, id), row) in &shelf.outgoing {
            let Ok(()) = self.put_outgoing(key, id, row.as_ref());
        }
        for ((key, name), row) in &shelf.fields {
            let Ok(()) = self.put_field(key, name, row.as_ref());
        }
        for (key, picture) in &shelf.pictures {
            let Ok(()) = self.put_picture(key, picture.as_ref());
        }
        for (key, up_to) in &shelf.remove_kept {
            let Ok(()) = self.remove_kept(key, *up_to);
        }
        for kept in shelf.kept.values() {
            let Ok(_) = self.keep(kept);
        }
        for ((page, hash), at) in &shelf.buried {
            let Ok(_) = self.bury(page, hash, *at);
        }
        for page in shelf.revisions.keys() {
            let Ok(revision) = self.revision(page);
            assert_eq!(revision, shelf.revisions[page]);
        }
        for (key, row) in &shelf.contacts {
            let row = row.clone().unwrap_or_default();
            let Ok(()) = self.put_contact(key, &row);
        }
    }
}
