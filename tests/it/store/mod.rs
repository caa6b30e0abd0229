//! The rules of the fold, as the SQLite store shows them.

#![allow(clippy::unwrap_used)]

mod answers;
mod listing;
mod telling;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use messenger_crm::change::{Applied, Change, ProfileResponse, SendOutcome, Work};
use messenger_crm::id::{Mid, PageId, Psid};
use messenger_crm::model::{
    Contact, ContactKey, Content, Message, MessageState, OutgoingKey, Picture, Profile, Revision,
    Side, WorkerId,
};
use messenger_crm::store::{
    ContactQuery, ContactStore, Count, MessageQuery, Pending, SqliteStore, StoreError,
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
    Change::of(&parse_unverified(&body).unwrap().events[0], at(1_000_000))
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
        content: Content::text("hello"),
    }
}

fn claimed(who: &ContactKey, key: &OutgoingKey, attempt: u32, by: u64, until: i64) -> Change {
    Change::Claimed {
        contact: who.clone(),
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

async fn apply(store: &SqliteStore, change: Change) -> Applied {
    store.apply(&[change]).await.unwrap()[0]
}

pub(crate) async fn talk(store: &impl ContactStore, who: &ContactKey) -> Vec<Message> {
    let query = MessageQuery::new(who.clone());
    store.messages(&query).await.unwrap().rows
}

pub(crate) async fn person(store: &impl ContactStore, who: &ContactKey) -> Contact {
    store.contact(who).await.unwrap().unwrap()
}

async fn search(store: &SqliteStore, text: &str) -> Vec<String> {
    let query = ContactQuery::new(PageId::new("1").unwrap()).with_name(text);
    let found = store.contacts(&query).await.unwrap();
    assert_eq!(
        found.total,
        Count::Exactly(u32::try_from(found.rows.len()).unwrap())
    );
    found
        .rows
        .iter()
        .map(|row| row.key.psid.to_string())
        .collect()
}
