//! What the clauses share.

use std::{
    future::{Future, poll_fn},
    io::Write as _,
    path::{Path, PathBuf},
    pin::{Pin, pin},
    sync::atomic::{AtomicU64, Ordering},
    task::{Context, Poll, Waker},
};

use crate::{
    change::{Applied, Change, Work},
    id::{Mid, PageId, Psid},
    model::{Contact, ContactKey, Content, Entry, EntryId, Message, Source, WorkKind, WorkerId},
    store::{
        ContactQuery, ContactStore, Hit, Listing, MessageQuery, MessageStart, Pending,
        PendingQuery, SearchQuery,
    },
    time::Timestamp,
};

/// A text that a store under test may refuse: with
/// [`StoreError::Refused`](crate::store::StoreError::Refused), and nothing beside it.
pub const POISON: &str = "poison of the conformance kit";

/// Texts that look like SQL or like parts of a pattern.
pub(super) const SQL: [&str; 3] = [
    "'; DROP TABLE message; --",
    "\"); DELETE FROM contact; /*",
    "100% _ \\ \" ` $1 ?1 :a @a {} [1] $$ E'\\'' \\x00",
];

/// Whether a clause is declared off; then it says so, past whatever captures the output of tests.
pub fn skip(module: &str, clause: &str, off: &[&str]) -> bool {
    let is_off = off.contains(&clause);
    if is_off {
        // Nothing is lost when nobody can read it.
        let _ = writeln!(
            std::io::stderr(),
            "NOT TESTED: the clause `{clause}` is declared off in {module}"
        );
    }
    is_off
}

/// An empty folder of one test, removed with it.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("conformance-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Only litter would be left.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + seconds * 1000)
}

pub(super) fn page(name: &str) -> PageId {
    PageId::new(name).unwrap()
}

pub(super) fn customer(page_name: &str, psid: &str) -> ContactKey {
    ContactKey::new(page(page_name), Psid::new(psid).unwrap())
}

pub(super) fn mid(text: &str) -> Mid {
    Mid::new(text).unwrap()
}

pub(super) fn received(contact: &ContactKey, id: &str, when: i64, text: &str) -> Change {
    Change::received(contact.clone(), entry(id, when, text))
}

pub(super) fn echoed(contact: &ContactKey, id: &str, when: i64, text: &str) -> Change {
    Change::Echoed {
        contact: contact.clone(),
        entry: entry(id, when, text),
        key: None,
    }
}

fn entry(id: &str, when: i64, text: &str) -> Entry {
    let id = EntryId::of_message(&mid(id));
    Entry::new(id, at(when), Source::Webhook, Content::text(text))
}

#[track_caller]
pub(super) fn assert_new(applied: Applied) {
    assert!(matches!(applied, Applied::New { .. }), "{applied:?}");
}

/// A claim on work of a customer.
pub(super) fn claimed(
    contact: &ContactKey,
    work: Work,
    attempt: u32,
    until: Timestamp,
    by: u64,
) -> Change {
    Change::Claimed {
        page: contact.page.clone(),
        psid: Some(contact.psid.clone()),
        work,
        attempt,
        until,
        by: WorkerId::new(by),
    }
}

/// Applies one change, which must succeed.
pub(super) async fn apply(store: &impl ContactStore, change: Change) -> Applied {
    let applied = store.apply(&[change]).await.unwrap();
    assert_eq!(applied.len(), 1, "one answer for each change");
    applied[0]
}

pub(super) async fn person(store: &impl ContactStore, key: &ContactKey) -> Contact {
    store
        .contact(key)
        .await
        .unwrap()
        .expect("the customer is there")
}

/// A conversation whole, from cursor to cursor, newest first.
pub(super) async fn talk(store: &impl ContactStore, key: &ContactKey) -> Vec<Message> {
    all_messages(store, MessageQuery::new(key.clone())).await
}

pub(super) async fn ids(store: &impl ContactStore, key: &ContactKey) -> Vec<String> {
    let talk = talk(store, key).await;
    talk.into_iter().map(|message| message.id).collect()
}

pub(super) async fn all_messages(
    store: &impl ContactStore,
    mut query: MessageQuery,
) -> Vec<Message> {
    query.limit = 3;
    let mut all = Vec::new();
    loop {
        let listing = store.messages(&query).await.unwrap();
        let mut after = match query.start {
            MessageStart::OlderThan(cursor) => Some(cursor),
            _ => None,
        };
        all.extend(part(listing, query.limit, &mut after));
        match after {
            Some(cursor) => query.start = MessageStart::OlderThan(cursor),
            None => return all,
        }
    }
}

/// All hits of a search, from cursor to cursor.
pub(super) async fn all_hits(store: &impl ContactStore, mut query: SearchQuery) -> Vec<Hit> {
    query.limit = 2;
    let mut all = Vec::new();
    loop {
        let listing = store.search(&query).await.unwrap();
        all.extend(part(listing, query.limit, &mut query.after));
        if query.after.is_none() {
            return all;
        }
    }
}

/// Work of all kinds that is due.
pub(super) async fn pending(store: &impl ContactStore, when: Timestamp) -> Vec<Pending> {
    let query = PendingQuery::new(when, kinds()).with_limit(99);
    store.pending(&query).await.unwrap()
}

/// When the next work of any kind is due.
pub(super) async fn next_due(store: &impl ContactStore) -> Option<Timestamp> {
    let query = PendingQuery::new(at(0), kinds());
    store.next_due(&query).await.unwrap()
}

pub(super) fn kinds() -> Vec<WorkKind> {
    vec![
        WorkKind::SEND,
        WorkKind::PROFILE,
        WorkKind::WAKE,
        WorkKind::ERASE,
        WorkKind::handle("bot"),
        WorkKind::MEDIA,
    ]
}

/// Does all work of erasing.
pub(super) async fn erase_all(store: &impl ContactStore) {
    let query = PendingQuery::new(at(0), [WorkKind::ERASE]);
    loop {
        let works = store.pending(&query).await.unwrap();
        if works.is_empty() {
            return;
        }
        for work in works {
            let Pending::Erase { contact } = work else {
                panic!("{work:?}");
            };
            apply(store, Change::Erase { contact, limit: 2 }).await;
        }
    }
}

pub(super) async fn all_contacts(
    store: &impl ContactStore,
    mut query: ContactQuery,
) -> Vec<Contact> {
    query.limit = 3;
    let mut all = Vec::new();
    loop {
        let listing = store.contacts(&query).await.unwrap();
        all.extend(part(listing, query.limit, &mut query.after));
        if query.after.is_none() {
            return all;
        }
    }
}

fn part<T>(listing: Listing<T>, limit: u32, after: &mut Option<String>) -> Vec<T> {
    assert!(listing.rows.len() <= limit as usize, "more than asked for");
    assert!(
        listing.next.is_none() || listing.next != *after,
        "the listing goes in a circle"
    );
    *after = listing.next;
    listing.rows
}

/// Runs all of them at once, in one task.
pub(super) async fn together<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = running.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, done) in running.iter_mut().zip(&mut done) {
            if done.is_none()
                && let Poll::Ready(output) = future.as_mut().poll(context)
            {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

/// Polls a future so often and drops it then; whether it was ready before.
pub(super) fn polled(future: impl Future, times: usize) -> bool {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    (0..times).any(|_| future.as_mut().poll(&mut context).is_ready())
}
