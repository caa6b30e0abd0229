//! The whole contract by chance: after the same changes in the same batches, a store shows what the
//! store in memory shows.

use std::{collections::BTreeSet, fmt::Debug, path::Path, time::Duration};

use super::{
    chance::{Dice, at, contacts, fact, first_seed},
    kit::{Folder, all_contacts, all_hits, all_messages, kinds},
};
use crate::{
    change::{Change, Work, WorkOutcome},
    id::PageId,
    model::{
        Author, Contact, ContactKey, OutgoingKey, Revision, Status, StatusKind, WorkKind, WorkerId,
    },
    store::{
        ContactFilter, ContactOrder, ContactQuery, ContactStore, Hit, MemoryStore, MessageQuery,
        MessageStart, Pending, PendingQuery, RawEventQuery, SearchQuery, search_text,
    },
    time::Timestamp,
};

/// Texts to search for.
const TEXTS: [&str; 3] = ["text 1", "X", "nobody said this"];

/// Random changes, duplicated and in random batches, on the store and on [`MemoryStore`]; after
/// each batch every answer and every read but the search is the same.
///
/// `CONFORMANCE_RUNS` says how often (8 without it), `CONFORMANCE_SEED` repeats a run.
pub async fn like_the_model<S: ContactStore>(open: impl AsyncFn(&Path) -> S) {
    run(open, Reads::All).await;
}

/// Reads that are compared with the store in memory.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Reads {
    /// All reads but the search, which a store may declare off.
    All,
    /// The search.
    Search,
}

pub(super) async fn run<S: ContactStore>(open: impl AsyncFn(&Path) -> S, reads: Reads) {
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
                if let Some(Change::Received { work, .. }) = batch.last_mut()
                    && dice.below(2) == 0
                {
                    *work = vec![WorkKind::handle("bot")];
                }
            }
            batch.extend(act(&mut dice));
            // One call concerns one Page.
            let page = batch[0].page().cloned();
            batch.retain(|change| change.page() == page.as_ref());
            let place = format!("seed {seed}, step {step}");
            let answers = store.apply(&batch).await.unwrap();
            let expected = model.apply(&batch).await.unwrap();
            assert_eq!(answers, expected, "{place}: {batch:#?}");
            told.extend(batch);
            see(&mut dice, &store, &model, &place).await;
            match reads {
                Reads::All => compare(&store, &model, &place).await,
                Reads::Search => compare_search(&store, &model, &place).await,
            }
        }
    }
}

/// A worker claims or ends something, or erases.
fn act(dice: &mut Dice) -> Option<Change> {
    let contact = dice.pick(&contacts());
    let kind = dice.pick(&[WorkKind::handle("bot"), WorkKind::MEDIA]);
    let id = format!("item {}", dice.below(3));
    let work = match dice.below(13) {
        0 => Work::Profile,
        1 => {
            let born = at(dice.below(2) * 20 + 5);
            Work::Send(OutgoingKey::new(born, [7; 10]))
        }
        2 | 3 => Work::item(kind, id),
        4 | 5 => {
            return Some(Change::WorkAdded {
                page: contact.page,
                psid: (dice.below(4) > 0).then_some(contact.psid),
                kind,
                id,
                at: at(dice.below(50)),
                due: at(dice.below(60)),
                data: "data".to_owned(),
            });
        }
        6 => {
            let outcomes = [
                WorkOutcome::Done,
                WorkOutcome::GivenUp,
                WorkOutcome::Postponed {
                    due: at(60),
                    tries: 1,
                },
            ];
            return Some(Change::WorkSettled {
                page: contact.page,
                psid: Some(contact.psid),
                kind,
                id,
                attempt: dice.below(3) as u32,
                outcome: dice.pick(&outcomes),
            });
        }
        12 => {
            return Some(Change::WorkReplayed {
                page: contact.page,
                psid: Some(contact.psid),
                kind,
                id,
                due: at(dice.below(60)),
            });
        }
        7 => {
            // All at once: in which order a store removes rows is its own affair.
            let limit = 1_000;
            return Some(Change::Erase { contact, limit });
        }
        8 => {
            let key = |born: u64, random| OutgoingKey::new(at(born), [random; 10]);
            return Some(Change::Resent {
                contact,
                key: key(dice.below(2) * 20 + 5, 7),
                new: key(26, dice.below(3) as u8),
                at: at(30),
                latest: None,
                author: Some(Author::agent("ada")),
            });
        }
        _ => return None,
    };
    Some(Change::Claimed {
        page: contact.page,
        psid: Some(contact.psid),
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
    let (number, author) = (dice.below(5), Some(Author::agent("ada")));
    let (when, status) = (
        at(dice.below(50)),
        dice.pick(&[
            Status::Open,
            Status::Done,
            Status::snoozed(None),
            Status::snoozed(Some(at(55))),
        ]),
    );
    let assignee = dice.pick(&[None, Some("ada".to_owned()), Some("bob".to_owned())]);
    let seen = async |store: &dyn ContactStore| {
        let contact = store.contact(&key).await.unwrap()?;
        let revision = if is_late {
            Revision::default()
        } else {
            contact.revision
        };
        let (contact, author) = (key.clone(), author.clone());
        let act = match number {
            0 => Change::Seen { contact, revision },
            1 => Change::Status {
                contact,
                status,
                revision,
                at: when,
                author,
            },
            2 => Change::Assigned {
                contact,
                assignee: assignee.clone(),
                revision,
                at: when,
                author,
            },
            3 => Change::Woken {
                contact,
                at: at(40 + when.as_millis() as u64 % 30),
            },
            _ => Change::MarkedUnread { contact, count: 2 },
        };
        let answers = store.apply(&[act]).await;
        Some(answers.unwrap())
    };
    let (one, other) = (seen(store).await, seen(model).await);
    assert_eq!(one, other, "{place}: seen");
}

async fn compare(store: &impl ContactStore, model: &MemoryStore, place: &str) {
    for page in ["1", "2", "3"].map(|page| PageId::new(page).unwrap()) {
        let all = ContactFilter::new(page.clone());
        let here = || ContactFilter::new(page.clone());
        let both = vec![page.clone(), PageId::new("1").unwrap()];
        for filter in [
            all.clone(),
            ContactFilter::of_pages(both),
            here().unread(),
            here().unanswered(),
            here().unassigned(),
            here().with_assignee("ada"),
            here().with_assignee("bob").unread(),
            here().with_status(StatusKind::Done),
            here().with_status(StatusKind::Open).unanswered(),
            here()
                .with_status(StatusKind::Open)
                .with_status(StatusKind::Snoozed)
                .with_assignee("ada"),
            here().with_field("label", "text 1"),
            here().with_tag("vip"),
            here().with_tag("vip").with_status(StatusKind::Open),
            here().with_tag("vip").with_tag("late").unread(),
            here().with_name("EXT 2"),
            here().with_name("t"),
            here().with_name("ADA").unanswered(),
        ] {
            for order in [
                ContactOrder::LastActivity,
                ContactOrder::WaitingLongest,
                ContactOrder::WindowEndingSoonest {
                    opened_after: at(20),
                },
                ContactOrder::OldestMessage { up_to: at(30) },
            ] {
                let query = ContactQuery::from(filter.clone()).with_order(order);
                let found = sorted(all_contacts(store, query.clone()).await, order);
                let expected = sorted(all_contacts(model, query.clone()).await, order);
                same(&found, &expected, place, &query);
            }
            let counted = store.count(&filter).await.unwrap();
            let expected = model.count(&filter).await.unwrap();
            same(&counted, &expected, place, &filter);
        }
        let (tags, expected) = (store.tags(&page).await, model.tags(&page).await);
        same(&tags.unwrap(), &expected.unwrap(), place, &"tags");
        let (state, expected) = (store.page(&page).await, model.page(&page).await);
        let (mut state, expected) = (state.unwrap(), expected.unwrap());
        state.revision = expected.revision;
        same(&state, &expected, place, &"the Page");
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
        let listed = all_contacts(model, all.into()).await.len();
        let changed = changed.unwrap();
        assert!(
            changed.reset || changed.contacts.len() == listed,
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
        for (start, limit) in [("m1", 2), ("m3", 3), ("nothing", 9)] {
            let start = MessageStart::Around(start.to_owned());
            let around = query.clone().with_start(start).with_limit(limit);
            let found = store.messages(&around).await.unwrap();
            let expected = model.messages(&around).await.unwrap();
            same(&found.rows, &expected.rows, place, &around);
            if let (Some(one), Some(other)) = (found.previous, expected.previous) {
                let newer = |cursor| query.clone().with_start(MessageStart::NewerThan(cursor));
                let found = store.messages(&newer(one)).await.unwrap().rows;
                let expected = model.messages(&newer(other)).await.unwrap().rows;
                same(&found, &expected, place, &around);
            }
        }
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
    let (one, other) = (
        store.find("label", "text 1").await.unwrap(),
        model.find("label", "text 1").await.unwrap(),
    );
    let without =
        |all: Vec<Contact>| -> Vec<Contact> { all.into_iter().map(without_revision).collect() };
    same(&without(one), &without(other), place, &"found by a field");
    for now in [at(10), at(58), at(100)] {
        let query = PendingQuery::new(now, kinds()).with_limit(99);
        let found = by_key(store.pending(&query).await.unwrap());
        let expected = by_key(model.pending(&query).await.unwrap());
        same(&found, &expected, place, &now);
        let (one, other) = (
            store.next_due(&query).await.unwrap(),
            model.next_due(&query).await.unwrap(),
        );
        same(&one, &other, place, &"next due");
    }
}

/// Each hit is shown by the conversation and holds the text, and no message that the model finds is
/// missing. An index may know a message by what a cut has hidden, such as an edit dated before it, and
/// then miss the text that the cut uncovers: a store that reads the messages finds more.
async fn compare_search(store: &impl ContactStore, model: &MemoryStore, place: &str) {
    for page in ["1", "2", "3"].map(|page| PageId::new(page).unwrap()) {
        for text in TEXTS {
            let query = SearchQuery::new(page.clone(), text);
            let found = all_hits(store, query.clone()).await;
            let customers: BTreeSet<&ContactKey> =
                found.iter().map(|hit| &hit.contact.key).collect();
            assert_eq!(customers.len(), found.len(), "{place}: {query:?}: twice");
            for Hit { contact, message } in &found {
                let talk = all_messages(store, MessageQuery::new(contact.key.clone())).await;
                let text_of = message.content.text.as_deref();
                assert!(talk.contains(message), "{place}: {query:?}: {message:?}");
                assert!(
                    search_text::fold(text_of).contains(&search_text::fold([text])),
                    "{place}: {query:?}: {message:?}"
                );
            }
            for expected in all_hits(model, query.clone()).await {
                let hit = |hit: &Hit| {
                    let (one, other) = (&hit.message, &expected.message);
                    one == other || (one.contact == other.contact && one.at > other.at)
                };
                let shown = without_revision(expected.contact.clone());
                let of_customer = |hit: &&Hit| without_revision(hit.contact.clone()) == shown;
                let one = found.iter().find(of_customer);
                assert!(one.is_some_and(hit), "{place}: {query:?}: {expected:?}");
            }
        }
    }
}

#[track_caller]
fn same<T: Debug + PartialEq>(found: &T, expected: &T, place: &str, what: &impl Debug) {
    assert_eq!(found, expected, "{place}: {what:?}");
}

/// Which of two comes first that have the same time is for each store to say.
fn sorted(mut contacts: Vec<Contact>, order: ContactOrder) -> Vec<Contact> {
    let key = |contact: &Contact| {
        let at = order.key(contact).map_or(0, Timestamp::as_millis);
        if order.is_descending() { -at } else { at }
    };
    assert!(contacts.is_sorted_by_key(key));
    contacts.sort_by_key(|contact| (key(contact), contact.key.clone()));
    contacts.into_iter().map(without_revision).collect()
}

fn without_revision(mut contact: Contact) -> Contact {
    contact.revision = Revision::default();
    contact
}

/// Work that is due at one time comes in any order.
fn by_key(mut work: Vec<Pending>) -> Vec<Pending> {
    let key = |work: &Pending| {
        let kind = std::mem::discriminant(work);
        let id = match work {
            Pending::Item { key, .. } => Some(key.clone()),
            _ => None,
        };
        (
            format!("{kind:?}"),
            work.page().clone(),
            work.psid().cloned(),
            id,
        )
    };
    work.sort_by_key(key);
    work
}
