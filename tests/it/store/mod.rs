//! The rules of the fold, as the stores show them.

#![allow(clippy::unwrap_used)]

mod answers;
mod conversation;
mod erasing;
mod listing;
mod lists;
mod searching;
mod team;
mod telling;
mod work;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use messenger_crm::change::{Applied, Change, ProfileResponse, SendOutcome, Work};
use messenger_crm::id::{Mid, PageId, Psid};
use messenger_crm::model::{
    Author, Contact, ContactKey, Message, MessageState, Outgoing, OutgoingKey, Picture, Profile,
    Revision, Side, Status, WorkKind, WorkerId,
};
use messenger_crm::store::{
    ContactFilter, ContactQuery, ContactStore, MemoryStore, MessageQuery, MessageStart, Pending,
    PendingQuery, SearchQuery, SqliteStore, StoreError,
};
use messenger_crm::time::Timestamp;
use messenger_crm::webhook::parse_unverified;
use serde_json::{Value, json};

/// A file of one test, removed with its companions at the end.
pub(crate) struct File(pub(crate) PathBuf);

impl File {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("messenger-crm-{}-{number}.db", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    pub(crate) fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.0).unwrap()
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let mut path = self.0.clone().into_os_string();
            path.push(end);
            let _ = std::fs::remove_file(path);
        }
    }
}

/// So many seconds after the tests' beginning of time.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + seconds * 1000)
}

pub(crate) fn contact(page: &str, psid: &str) -> ContactKey {
    ContactKey::new(PageId::new(page).unwrap(), Psid::new(psid).unwrap())
}

pub(crate) fn ada() -> ContactKey {
    contact("1", "ada")
}

pub(crate) fn key(number: u8) -> OutgoingKey {
    OutgoingKey::new(at(0), [number; 10])
}

/// The body of a delivery with these events of one Page.
pub(crate) fn delivery(page: &str, events: &[Value]) -> Vec<u8> {
    let body = json!({"object": "page", "entry": [{"id": page, "time": 1, "messaging": events}]});
    serde_json::to_vec(&body).unwrap()
}

pub(crate) fn message(who: &ContactKey, mid: &str, when: Timestamp, text: &str) -> Value {
    json!({"sender": {"id": who.psid}, "recipient": {"id": who.page},
        "timestamp": when.as_millis(), "message": {"mid": mid, "text": text}})
}

fn change(page: &PageId, event: Value) -> Change {
    let body = delivery(page.as_str(), &[event]);
    let event = &parse_unverified(&body).unwrap().events[0];
    // Delivered as it happens.
    Change::of(event, event.timestamp.unwrap())
}

pub(crate) fn received(who: &ContactKey, mid: &str, when: i64, text: &str) -> Change {
    change(&who.page, message(who, mid, at(when), text))
}

fn echoed(who: &ContactKey, mid: &str, when: i64, key: Option<&OutgoingKey>) -> Change {
    let mut message = json!({"mid": mid, "text": "hello", "is_echo": true});
    if let Some(key) = key {
        message["metadata"] = json!(key.as_str());
    }
    change(
        &who.page,
        json!({"sender": {"id": who.page}, "recipient": {"id": who.psid},
            "timestamp": at(when).as_millis(), "message": message}),
    )
}

pub(crate) fn queued(who: &ContactKey, key: &OutgoingKey, when: i64) -> Change {
    Change::Queued {
        contact: who.clone(),
        key: key.clone(),
        at: at(when),
        outgoing: Outgoing::text("hello"),
    }
}

fn claimed(who: &ContactKey, key: &OutgoingKey, attempt: u32, by: u64, until: i64) -> Change {
    Change::Claimed {
        page: who.page.clone(),
        psid: Some(who.psid.clone()),
        work: Work::Send(key.clone()),
        attempt,
        until: at(until),
        by: WorkerId::new(by),
    }
}

fn settled(who: &ContactKey, key: &OutgoingKey, attempt: u32, outcome: SendOutcome) -> Change {
    Change::Settled {
        contact: who.clone(),
        key: key.clone(),
        attempt,
        outcome,
    }
}

fn sent(mid: &str) -> SendOutcome {
    SendOutcome::Sent {
        mid: Mid::new(mid).unwrap(),
    }
}

pub(crate) fn known(who: &ContactKey, when: i64, name: &str, picture: Option<Picture>) -> Change {
    let mut profile = Profile::default();
    profile.name = Some(name.to_owned());
    Change::Profile {
        contact: who.clone(),
        fetched_at: at(when),
        response: ProfileResponse::Known { profile, picture },
        due: None,
    }
}

/// The same test on the stores that need no server.
async fn on_each_store(test: impl AsyncFn(&dyn ContactStore)) {
    test(&MemoryStore::new()).await;
    let file = File::new();
    test(&file.open()).await;
}

async fn apply(store: &(impl ContactStore + ?Sized), change: Change) -> Applied {
    store.apply(&[change]).await.unwrap()[0]
}

pub(crate) async fn talk(store: &(impl ContactStore + ?Sized), who: &ContactKey) -> Vec<Message> {
    let query = MessageQuery::new(who.clone());
    store.messages(&query).await.unwrap().rows
}

pub(crate) async fn person(store: &(impl ContactStore + ?Sized), who: &ContactKey) -> Contact {
    store.contact(who).await.unwrap().unwrap()
}

/// The PSIDs of the customers with a text in their name, in order.
async fn named(store: &(impl ContactStore + ?Sized), text: &str) -> Vec<String> {
    let filter = ContactFilter::new(PageId::new("1").unwrap()).with_name(text);
    let found = store.contacts(&filter.into()).await.unwrap().rows;
    found.iter().map(|row| row.key.psid.to_string()).collect()
}

/// Kinds of work of the library.
pub(crate) const KINDS: [WorkKind; 4] = [
    WorkKind::SEND,
    WorkKind::PROFILE,
    WorkKind::WAKE,
    WorkKind::ERASE,
];

/// Work of the library that is due.
pub(crate) async fn pending(store: &(impl ContactStore + ?Sized), when: i64) -> Vec<Pending> {
    let query = PendingQuery::new(at(when), KINDS);
    store.pending(&query).await.unwrap()
}

/// When work of the library is due next.
pub(crate) async fn next_due(store: &(impl ContactStore + ?Sized)) -> Option<Timestamp> {
    let query = PendingQuery::new(at(0), KINDS);
    store.next_due(&query).await.unwrap()
}

/// Removes the rows that cuts have hidden.
pub(crate) async fn erase_all(store: &(impl ContactStore + ?Sized)) {
    let query = PendingQuery::new(at(0), [WorkKind::ERASE]);
    loop {
        let works = store.pending(&query).await.unwrap();
        if works.is_empty() {
            return;
        }
        for work in works {
            let Pending::Erase { contact, .. } = work else {
                panic!("{work:?}")
            };
            let erase = Change::Erase { contact, limit: 3 };
            store.apply(&[erase]).await.unwrap();
        }
    }
}

/// A new message.
#[track_caller]
fn assert_new(applied: Applied) {
    assert!(matches!(applied, Applied::New { .. }), "{applied:?}");
}

/// A message that arrives with work for a handler.
fn received_with(kind: &WorkKind, who: &ContactKey, mid: &str, when: i64) -> Change {
    match received(who, mid, when, "Hello") {
        Change::Received { contact, entry, .. } => Change::Received {
            contact,
            entry,
            work: vec![kind.clone()],
        },
        other => panic!("{other:?}"),
    }
}

fn tagged(who: &ContactKey, tag: &str, on: bool, when: i64) -> Change {
    Change::Tagged {
        contact: who.clone(),
        tag: tag.to_owned(),
        on,
        at: at(when),
        author: None,
    }
}

fn field(who: &ContactKey, name: &str, value: &str) -> Change {
    Change::Field {
        contact: who.clone(),
        name: name.to_owned(),
        value: Some(value.to_owned()),
        at: at(1),
    }
}

fn status(who: &ContactKey, status: Status, revision: Revision, when: i64) -> Change {
    Change::Status {
        contact: who.clone(),
        status,
        revision,
        at: at(when),
        author: Some(Author::agent("ada")),
    }
}

fn assigned(who: &ContactKey, agent: &str, revision: Revision, when: i64) -> Change {
    Change::Assigned {
        contact: who.clone(),
        assignee: Some(agent.to_owned()),
        revision,
        at: at(when),
        author: Some(Author::agent("ada")),
    }
}

fn seen(who: &ContactKey, revision: Revision) -> Change {
    Change::Seen {
        contact: who.clone(),
        revision,
    }
}
