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
        memory::rows::{Conversation, MemoryRows},
    },
    time::Timestamp,
};

#[test]
fn i9_f20_facts_in_any_order_twice_and_in_other_batches_are_the_same_state() {
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
            let smallest = smallest(batches, differs);
            let told = |change: &&Change| smallest.concat().contains(change);
            let plain: Vec<Change> = world.iter().filter(told).cloned().collect();
            let plain = fold_directly(&mut MemoryRows::default(), &[plain]);
            let found = fold_directly(&mut MemoryRows::default(), &smallest);
            panic!("seed {seed}\n{smallest:#?}\n{plain:#?}\n{found:#?}");
        }
    }
}

#[test]
fn i9_fetched_rows_are_the_same_state_as_rows_one_by_one() {
    for (seed, mut dice) in runs() {
        let world = world(&mut dice);
        let batches = shuffled(&world, &mut dice);
        let mut one_by_one = MemoryRows::default();
        let mut fetched = MemoryRows::default();
        for batch in &batches {
            one_by_one.begin();
            let Ok(_) = apply(&mut one_by_one, batch);
            let expected = one_by_one.state();
            let found = fold_fetched(&mut fetched, batch);
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
fn b7_of_more_copies_than_meta_sends_the_first_ones_and_the_last_are_kept_in_any_order() {
    let contact = ContactKey::new(PageId::new("1").unwrap(), Psid::new("ada").unwrap());
    let copy = |time: i64| {
        let (id, at) = (
            EntryId::of_parts(&[b"feedback"]),
            Timestamp::from_millis(time),
        );
        let entry = Entry::new(id, at, Source::Webhook, Content::text("5"));
        Change::received(contact.clone(), entry)
    };
    let all: Vec<Change> = (0..200).map(copy).collect();
    let mut rows = MemoryRows::default();
    let expected = fold_directly(&mut rows, std::slice::from_ref(&all));
    let id = EntryId::of_parts(&[b"feedback"]);
    let Ok(found) = rows.entry(&contact, &id);
    let body = found.unwrap().body.unwrap();
    let times: Vec<i64> = body.all().map(|one| one.at.as_millis()).collect();
    assert!(times.iter().copied().eq((0..63).chain([199])), "{times:?}");
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
            let smallest = smallest(batches, differs);
            let mut rows = MemoryRows::default();
            let before = fold_directly(&mut rows, &smallest);
            let log = rows.export();
            let after = fold_directly(&mut MemoryRows::default(), std::slice::from_ref(&log));
            panic!("seed {seed}\n{smallest:#?}\n{log:#?}\n{before:#?}\n{after:#?}");
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
    rows.erase();
    rows.state()
}

/// As a store does that is a network away: load what the changes name, apply, load what is
/// missing, and write what is different.
fn fold_fetched(rows: &mut MemoryRows, batch: &[Change]) -> State {
    let mut fetched = Fetched::default();
    let keys = row_keys(batch);
    for key in &keys.contacts {
        fetch(&mut fetched, rows, Missing::Contact(key.clone()));
    }
    for (key, id) in keys.entries {
        fetch(&mut fetched, rows, Missing::Entry(key, id));
    }
    for (key, id) in keys.outgoing {
        fetch(&mut fetched, rows, Missing::Outgoing(key, id));
    }
    for key in keys.due {
        fetch(&mut fetched, rows, Missing::Due(key));
    }
    // The others are loaded when they are missing, to try that too.
    while let Err(missing) = fetched.apply(&[batch]) {
        fetch(&mut fetched, rows, missing);
    }
    rows.begin();
    rows.write(fetched.changed());
    rows.state()
}

fn fetch(fetched: &mut Fetched, rows: &mut MemoryRows, missing: Missing) {
    match missing {
        Missing::Contact(key) => {
            let Ok(row) = rows.contact(&key);
            fetched.add_contact(key, row);
        }
        Missing::Entry(key, id) => {
            let Ok(row) = rows.entry(&key, &id);
            fetched.add_entry(key, id, row);
        }
        Missing::Outgoing(key, id) => {
            let Ok(row) = rows.outgoing(&key, &id);
            fetched.add_outgoing(key, id, row);
        }
        Missing::Due(key) => {
            let Ok(due) = rows.due(&key);
            fetched.add_due(key, due);
        }
        Missing::Old(key, cutoff, limit) => {
            let Ok(old) = rows.old(&key, cutoff, limit);
            fetched.add_old(key, cutoff, old);
        }
        Missing::Inbound(key, cutoff, limit) => {
            let Ok(count) = rows.count_inbound(&key, cutoff, limit);
            fetched.add_inbound(key, cutoff, limit, count);
        }
        Missing::Work(key) => {
            let Ok(row) = rows.work(&key);
            fetched.add_work(key, row);
        }
        Missing::FirstWork(contact, kind) => {
            let works = rows.works().into_iter().filter(|(key, row)| {
                !row.given_up && key.contact().as_ref() == Some(&contact) && key.kind == kind
            });
            let mut works: Vec<_> = works.collect();
            works.sort_by(|(one, row), (other, next)| (row.at, &one.id).cmp(&(next.at, &other.id)));
            works.truncate(2);
            fetched.add_first_work(contact, kind, works);
        }
        Missing::Kept(page, id) => {
            let is_there = rows.kept(page.as_ref()).iter().any(|kept| kept.id == id);
            fetched.add_kept(page, id, is_there);
        }
        Missing::Tombstone(page, hash) => {
            let at = rows.tombstones().get(&hash).map(|(_, at)| *at);
            fetched.add_tombstone(page, hash, at);
        }
        Missing::ContactOf(page, hash) => {
            let Ok(found) = rows.contact_of(&page, &hash);
            fetched.add_contact_of(page, hash, found);
        }
        Missing::Revision(page) => {
            let (revision, _) = rows.revision_of(&page);
            fetched.add_revision(page, revision);
        }
        Missing::Page(page) => {
            let row = rows.page_row(&page);
            fetched.add_page(page, row);
        }
        Missing::Ends(missing) => {
            let (entries, replies) = rows.all(&missing.contact);
            let others = entries.iter();
            let others: Vec<&EntryRow> = others
                .filter(|row| !missing.without.contains(&row.id))
                .collect();
            let replies = replies.iter();
            let mut ends = Ends::default();
            for reply in replies.filter(|row| !missing.without_replies.contains(&row.key)) {
                ends.include_reply(reply, missing.cutoff);
            }
            for entry in &others {
                ends.include(entry, missing.cutoff);
            }
            let replied_at = ends.replied_at;
            ends.replied_at = replied_at.max(missing.replied_at);
            for entry in &others {
                ends.include_unanswered(entry, missing.cutoff);
            }
            ends.replied_at = replied_at;
            fetched.add_ends(missing, ends);
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

/// Everything, hidden rows included, except for what depends on the order of arrival.
#[derive(Debug, PartialEq)]
struct State {
    conversations: BTreeMap<ContactKey, Conversation>,
    pages: BTreeMap<PageId, PageRow>,
    kept: Vec<(Option<PageId>, EntryId)>,
    tombstones: BTreeMap<[u8; 16], (PageId, Timestamp)>,
}

impl MemoryRows {
    /// Removes all rows that cuts have hidden.
    fn erase(&mut self) {
        let keys: Vec<ContactKey> = self.conversations().map(|(key, _)| key.clone()).collect();
        for contact in keys {
            let erase = Change::Erase { contact, limit: 2 };
            while let Ok([Applied::Changed]) = apply(self, std::slice::from_ref(&erase)).as_deref()
            {
            }
        }
    }

    fn state(&self) -> State {
        let mut conversations = BTreeMap::new();
        for (key, conversation) in self.conversations() {
            let mut conversation = conversation.clone();
            conversation.hide_cut();
            let row = &mut conversation.contact;
            row.forgotten = None;
            (row.revision, row.inbound_revision) = Default::default();
            (row.status_revision, row.assignee_revision) = Default::default();
            if conversation != Conversation::default() {
                conversations.insert(key.clone(), conversation);
            }
        }
        State {
            conversations,
            pages: self.page_rows(),
            kept: self.kept_ids(),
            tombstones: self.tombstones(),
        }
    }

    fn write(&mut self, batch: &Batch) {
        for ((key, id), row) in &batch.entries {
            let Ok(()) = self.put_entry(key, id, row.as_ref());
        }
        for ((key, id), row) in &batch.outgoing {
            let Ok(()) = self.put_outgoing(key, id, row.as_ref());
        }
        for (key, row) in &batch.work {
            let Ok(()) = self.put_work(key, row.as_ref());
        }
        for (page, row) in &batch.pages {
            let Ok(()) = self.put_page(page, row);
        }
        for (key, picture) in &batch.pictures {
            let Ok(()) = self.put_picture(key, picture.as_ref());
        }
        for (key, up_to) in &batch.remove_kept {
            let Ok(()) = self.remove_kept(key, *up_to);
        }
        for kept in batch.kept.values() {
            let Ok(_) = self.keep(kept);
        }
        for ((page, hash), at) in &batch.tombstones {
            let Ok(_) = self.put_tombstone(page, hash, *at);
        }
        for page in batch.revisions.keys() {
            let Ok(revision) = self.revision(page);
            assert_eq!(revision, batch.revisions[page]);
        }
        for (key, row) in &batch.contacts {
            let row = row.clone().unwrap_or_default();
            let Ok(()) = self.put_contact(key, &row);
        }
    }
}
