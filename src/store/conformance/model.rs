//! The whole contract by chance: whatever is told, in whatever batches, the store shows what the
//! store in memory shows.

use std::{fmt::Debug, path::Path, time::Duration};

use super::{
    chance::{Dice, at, contacts, fact, first_seed},
    kit::{Folder, all_contacts, all_messages},
};
use crate::{
    change::{Change, Work},
    id::PageId,
    model::{Contact, ContactKey, Message, Revision, WorkerId},
    store::{ContactQuery, ContactStore, MemoryStore, MessageQuery, Pending, RawEventQuery},
};

/// Random changes, duplicated and in random batches, on the store and on [`MemoryStore`]; after
/// each batch every answer and every read is the same.
///
/// `CONFORMANCE_RUNS` says how often (8 without it), `CONFORMANCE_SEED` repeats a run.
pub async fn like_the_model<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    let first = first_seed("CONFORMANCE_SEED");
    let runs = std::env::var("CONFORMANCE_RUNS").map_or(8, |runs| runs.parse().unwrap());
    for run in 0..runs {
        let seed = first.wrapping_add(run);
        let mut dice = Dice::new(seed);
        let folder = Folder::new();
        let (store, model) = (open(folder.path()).await, MemoryStore::new());
        let mut told: Vec<Change> = Vec::new();
        for step in 0..25 {
            let mut batch = Vec::new();
            for _ in 0..=dice.below(4) {
                let old = told.get(dice.below(told.len() as u64 * 3 + 1) as usize);
                batch.push(old.cloned().unwrap_or_else(|| fact(&mut dice)));
            }
            batch.extend(act(&mut dice));
            let place = format!("seed {seed}, step {step}");
            let answers = store.apply(&batch).await.unwrap();
            let expected = model.apply(&batch).await.unwrap();
            assert_eq!(answers, expected, "{place}: {batch:#?}");
            told.extend(batch);
            see(&mut dice, &store, &model, &place).await;
            compare(&store, &model, &place).await;
        }
    }
}

/// A worker takes something.
fn act(dice: &mut Dice) -> Option<Change> {
    let contact = dice.pick(&contacts());
    let work = match dice.below(8) {
        0 => Work::Profile,
        1 => {
            let born = at(dice.below(2) * 20 + 5);
            Work::Send(crate::model::OutgoingKey::new(born, [7; 10]))
        }
        _ => return None,
    };
    Some(Change::Claimed {
        contact,
        work,
        attempt: dice.below(3) as u32,
        until: at(60 + dice.below(9)),
        by: WorkerId::new(dice.below(2)),
    })
}

/// An agent looks at somebody: each store by its own revision.
async fn see(dice: &mut Dice, store: &impl ContactStore, model: &MemoryStore, place: &str) {
    if dice.below(4) > 0 {
        return;
    }
    let key = dice.pick(&contacts());
    let is_late = dice.below(2) == 0;
    let seen = async |store: &dyn ContactStore| {
        let contact = store.contact(&key).await.unwrap()?;
        let revision = if is_late {
            Revision::default()
        } else {
            contact.revision
        };
        let contact = key.clone();
        let answers = store.apply(&[Change::Seen { contact, revision }]).await;
        Some(answers.unwrap())
    };
    let (one, other) = (seen(store).await, seen(model).await);
    assert_eq!(one, other, "{place}: seen");
}

async fn compare(store: &impl ContactStore, model: &MemoryStore, place: &str) {
    for page in ["1", "2", "3"].map(|page| PageId::new(page).unwrap()) {
        let all = ContactQuery::new(page.clone());
        for query in [
            all.clone(),
            all.clone().unread(),
            all.clone().with_field("label", "text 1"),
            all.clone().with_name("EXT 2"),
            all.clone().with_name("t"),
        ] {
            let found = sorted(all_contacts(store, query.clone()).await);
            let expected = sorted(all_contacts(model, query.clone()).await);
            same(&found, &expected, place, &query);
        }
        let counted = store.contacts(&all).await.unwrap().total;
        assert_eq!(
            counted,
            model.contacts(&all).await.unwrap().total,
            "{place}"
        );
        for text in ["text 1", "X", "nobody said this"] {
            let query = MessageQuery::search(page.clone(), text);
            let found = in_order(all_messages(store, query.clone()).await);
            let expected = in_order(all_messages(model, query.clone()).await);
            same(&found, &expected, place, &query);
        }
        let query = RawEventQuery::new(Some(page.clone()));
        let found = store.raw_events(&query).await.unwrap().rows;
        same(
            &found,
            &model.raw_events(&query).await.unwrap().rows,
            place,
            &query,
        );
        let changed = store
            .changed(&page, Revision::default(), Duration::ZERO)
            .await;
        let listed = sorted(all_contacts(model, all).await).len();
        let changed = changed.unwrap();
        assert!(
            changed.reread || changed.contacts.len() == listed,
            "{place}: {changed:?}"
        );
    }
    for key in contacts() {
        let query = MessageQuery::new(key.clone());
        let found = all_messages(store, query.clone()).await;
        same(
            &found,
            &all_messages(model, query.clone()).await,
            place,
            &query,
        );
        let (one, other) = (
            store.contact(&key).await.unwrap(),
            model.contact(&key).await.unwrap(),
        );
        same(
            &one.map(without_revision),
            &other.map(without_revision),
            place,
            &key,
        );
        let (one, other) = (
            store.picture(&key).await.unwrap(),
            model.picture(&key).await.unwrap(),
        );
        same(&one, &other, place, &key);
    }
    for now in [at(10), at(58), at(100)] {
        let found = by_key(store.pending(now, 99).await.unwrap());
        same(
            &found,
            &by_key(model.pending(now, 99).await.unwrap()),
            place,
            &now,
        );
    }
    let (one, other) = (
        store.next_due().await.unwrap(),
        model.next_due().await.unwrap(),
    );
    same(&one, &other, place, &"next due");
}

#[track_caller]
fn same<T: Debug + PartialEq>(found: &T, expected: &T, place: &str, what: &impl Debug) {
    assert_eq!(found, expected, "{place}: {what:?}");
}

/// Which of two comes first that were last active at one moment is for each store to say.
fn sorted(mut contacts: Vec<Contact>) -> Vec<Contact> {
    assert!(contacts.is_sorted_by_key(|contact| std::cmp::Reverse(contact.last_at)));
    contacts.sort_by_key(|contact| (std::cmp::Reverse(contact.last_at), contact.key.clone()));
    contacts.into_iter().map(without_revision).collect()
}

/// The same of two messages of two customers.
fn in_order(mut messages: Vec<Message>) -> Vec<Message> {
    assert!(messages.is_sorted_by_key(|message| std::cmp::Reverse(message.at)));
    messages.sort_by_key(|message| (message.at, message.contact.clone(), message.id.clone()));
    messages
}

fn without_revision(mut contact: Contact) -> Contact {
    contact.revision = Revision::default();
    contact
}

/// What is due at one moment comes in any order.
fn by_key(mut work: Vec<Pending>) -> Vec<Pending> {
    let key = |work: &Pending| -> (bool, ContactKey) {
        match work {
            Pending::FetchProfile { contact, .. } => (false, contact.clone()),
            Pending::Send { contact, .. } | Pending::Lapsed { contact, .. } => {
                (true, contact.clone())
            }
        }
    };
    work.sort_by_key(key);
    work
}
