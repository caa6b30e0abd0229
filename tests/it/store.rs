//! The rules of the fold, as the SQLite store shows them.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use messenger_crm::change::{Applied, Change, ProfileAnswer, SendOutcome, Work};
use messenger_crm::id::{Mid, PageId, Psid};
use messenger_crm::store::{
    Contact, ContactKey, ContactQuery, ContactStore, Content, Count, Message, MessageQuery,
    MessageState, OutgoingKey, Pending, Picture, Profile, Revision, Side, SqliteStore, StoreError,
    WorkerId,
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
        answer: ProfileAnswer::Known { profile, picture },
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

#[tokio::test]
async fn s2_the_same_message_twice_is_once() {
    let file = File::new();
    let store = file.open();
    let hello = received(&ada(), "m1", 1, "Hello");
    let first = apply(&store, hello.clone()).await;
    assert!(
        matches!(first, Applied::New { customer: true, .. }),
        "{first:?}"
    );
    let revision = person(&store, &ada()).await.revision;
    assert_eq!(apply(&store, hello).await, Applied::Unchanged);
    assert_eq!(talk(&store, &ada()).await.len(), 1);
    let person = person(&store, &ada()).await;
    assert_eq!((person.unread, person.revision), (1, revision));
    let second = apply(&store, received(&ada(), "m2", 2, "Hello")).await;
    assert!(
        matches!(
            second,
            Applied::New {
                customer: false,
                ..
            }
        ),
        "{second:?}"
    );
}

#[tokio::test]
async fn i10_an_answer_and_its_echo_are_one_bubble_in_any_order() {
    let answer = key(1);
    let orders: [Vec<Change>; 5] = [
        vec![
            settled(&ada(), &answer, 1, sent("m2")),
            echoed(&ada(), "m2", 3, Some(&answer)),
        ],
        vec![
            echoed(&ada(), "m2", 3, Some(&answer)),
            settled(&ada(), &answer, 1, sent("m2")),
        ],
        vec![
            settled(&ada(), &answer, 1, SendOutcome::Unknown),
            echoed(&ada(), "m2", 3, Some(&answer)),
        ],
        vec![
            echoed(&ada(), "m2", 3, Some(&answer)),
            settled(&ada(), &answer, 1, SendOutcome::Unknown),
        ],
        // An echo whose metadata got lost.
        vec![
            echoed(&ada(), "m2", 3, None),
            settled(&ada(), &answer, 1, sent("m2")),
        ],
    ];
    for (number, order) in orders.into_iter().enumerate() {
        let file = File::new();
        let store = file.open();
        apply(&store, received(&ada(), "m1", 1, "Hello")).await;
        apply(&store, queued(&ada(), &answer, 2)).await;
        let claim = claimed(&ada(), &answer, 1, 7, 60);
        assert_eq!(apply(&store, claim).await, Applied::Changed);
        assert_eq!(
            talk(&store, &ada()).await[0].state,
            Some(MessageState::Sending)
        );
        for change in order.iter().chain(&order) {
            apply(&store, change.clone()).await;
        }
        let talk = talk(&store, &ada()).await;
        assert_eq!(talk.len(), 2, "order {number}");
        assert_eq!(talk[0].key.as_ref(), Some(&answer), "order {number}");
        assert_eq!(talk[0].id, "m2", "order {number}");
        assert_eq!(talk[0].side, Side::Page, "order {number}");
        assert_eq!(talk[0].state, Some(MessageState::Sent), "order {number}");
        let late = store.pending(at(1000), 9).await.unwrap();
        assert!(
            late.iter()
                .all(|work| matches!(work, Pending::FetchProfile { .. })),
            "order {number}: {late:?}"
        );
    }
}

#[tokio::test]
async fn an_outcome_before_its_answer_is_one_bubble() {
    let file = File::new();
    let store = file.open();
    apply(&store, received(&ada(), "m1", 1, "Hello")).await;
    apply(&store, settled(&ada(), &key(1), 1, sent("m2"))).await;
    apply(&store, queued(&ada(), &key(1), 2)).await;
    let talk = talk(&store, &ada()).await;
    let ids: Vec<&str> = talk.iter().map(|message| message.id.as_str()).collect();
    assert_eq!(ids, ["m2", "m1"]);
    assert_eq!(talk[0].key, Some(key(1)));
    assert_eq!(talk[0].state, Some(MessageState::Sent));
}

#[tokio::test]
async fn s7_i11_ticks_hold_for_messages_that_come_after_the_receipt_and_never_go_down() {
    let file = File::new();
    let store = file.open();
    let read = |when| Change::Read {
        contact: ada(),
        up_to: at(when),
    };
    let delivered = |when| Change::Delivered {
        contact: ada(),
        at: at(when),
        up_to: Some(at(when)),
        mids: Vec::new(),
    };
    assert_eq!(apply(&store, delivered(20)).await, Applied::Parked);
    assert_eq!(apply(&store, read(10)).await, Applied::Parked);
    assert!(store.contact(&ada()).await.unwrap().is_none());
    for (mid, when) in [("m5", 5), ("m15", 15), ("m25", 25)] {
        apply(&store, echoed(&ada(), mid, when, None)).await;
    }
    let states = async || -> Vec<MessageState> {
        let talk = talk(&store, &ada()).await;
        talk.iter().filter_map(|message| message.state).collect()
    };
    let expected = [
        MessageState::Sent,
        MessageState::Delivered,
        MessageState::Read,
    ];
    assert_eq!(states().await, expected);
    assert_eq!(apply(&store, read(3)).await, Applied::Unchanged);
    assert_eq!(apply(&store, delivered(20)).await, Applied::Unchanged);
    assert_eq!(states().await, expected);
    assert_eq!(apply(&store, read(25)).await, Applied::Changed);
    assert_eq!(states().await, [MessageState::Read; 3]);
}

#[tokio::test]
async fn seen_with_an_older_revision_leaves_the_new_message_unread() {
    let file = File::new();
    let store = file.open();
    let seen = |revision| Change::Seen {
        contact: ada(),
        revision,
    };
    apply(&store, received(&ada(), "m1", 1, "Hello")).await;
    let old = person(&store, &ada()).await.revision;
    apply(&store, received(&ada(), "m2", 2, "Anybody?")).await;
    assert_eq!(apply(&store, seen(old)).await, Applied::Refused);
    assert_eq!(
        apply(&store, seen(Revision::new(0))).await,
        Applied::Refused
    );
    assert_eq!(person(&store, &ada()).await.unread, 2);
    let new = person(&store, &ada()).await.revision;
    assert_eq!(apply(&store, seen(new)).await, Applied::Changed);
    assert_eq!(person(&store, &ada()).await.unread, 0);
    assert_eq!(apply(&store, seen(new)).await, Applied::Unchanged);
}

#[tokio::test(flavor = "multi_thread")]
async fn i18_of_32_claims_exactly_one_wins() {
    let file = File::new();
    let store = file.open();
    apply(&store, received(&ada(), "m1", 1, "Hello")).await;
    apply(&store, queued(&ada(), &key(1), 2)).await;
    let mut tasks = tokio::task::JoinSet::new();
    for by in 0..32 {
        let store = store.clone();
        tasks.spawn(async move { apply(&store, claimed(&ada(), &key(1), 1, by, 60)).await });
    }
    let answers = tasks.join_all().await;
    let count = |wanted| answers.iter().filter(|answer| **answer == wanted).count();
    assert_eq!((count(Applied::Changed), count(Applied::Refused)), (1, 31));
}

#[tokio::test]
async fn a_newer_attempt_wins_and_a_stale_outcome_changes_nothing() {
    let file = File::new();
    let store = file.open();
    let answer = key(1);
    let not_sent = |due| SendOutcome::NotSent { due: at(due) };
    apply(&store, received(&ada(), "m1", 1, "Hello")).await;
    apply(&store, queued(&ada(), &answer, 2)).await;
    apply(&store, claimed(&ada(), &answer, 1, 7, 60)).await;
    let settle = |attempt, outcome| apply(&store, settled(&ada(), &answer, attempt, outcome));
    assert_eq!(settle(1, not_sent(70)).await, Applied::Changed);
    let stale = claimed(&ada(), &answer, 1, 8, 120);
    assert_eq!(apply(&store, stale).await, Applied::Refused);
    let newer = claimed(&ada(), &answer, 2, 8, 120);
    assert_eq!(apply(&store, newer.clone()).await, Applied::Changed);
    assert_eq!(apply(&store, newer).await, Applied::Unchanged);
    for outcome in [SendOutcome::Unknown, not_sent(200)] {
        assert_eq!(settle(1, outcome).await, Applied::Unchanged);
    }
    assert_eq!(
        talk(&store, &ada()).await[0].state,
        Some(MessageState::Sending)
    );
    assert_eq!(settle(2, sent("m2")).await, Applied::Changed);
    assert_eq!(settle(2, SendOutcome::Unknown).await, Applied::Unchanged);
    assert_eq!(settle(3, not_sent(300)).await, Applied::Unchanged);
    assert_eq!(
        talk(&store, &ada()).await[0].state,
        Some(MessageState::Sent)
    );
}

#[tokio::test]
async fn s5_a_late_message_does_not_move_the_inbox_backwards() {
    let file = File::new();
    let store = file.open();
    apply(&store, received(&ada(), "m2", 20, "new")).await;
    apply(&store, received(&ada(), "m1", 10, "old")).await;
    let person = person(&store, &ada()).await;
    assert_eq!(
        (person.first_at, person.last_at, person.inbound_at),
        (at(10), at(20), Some(at(20)))
    );
    let preview = person.preview.unwrap();
    assert_eq!(preview.at, at(20));
    assert_eq!(preview.text.as_deref(), Some("new"));
    assert_eq!(person.unread, 2);
    let talk = talk(&store, &ada()).await;
    let mids: Vec<&str> = talk.iter().map(|message| message.id.as_str()).collect();
    assert_eq!(mids, ["m2", "m1"]);
}

#[tokio::test]
async fn s6_paging_visits_each_customer_once() {
    let file = File::new();
    let store = file.open();
    for number in 0..7 {
        // Two at a time share a moment.
        let who = contact("1", &format!("c{number}"));
        apply(&store, received(&who, "m1", number / 2, "Hello")).await;
    }
    apply(&store, received(&contact("2", "other"), "m1", 1, "Hello")).await;
    let mut query = ContactQuery::new(PageId::new("1").unwrap());
    query.limit = 2;
    let mut visited = Vec::new();
    loop {
        let listing = store.contacts(&query).await.unwrap();
        assert_eq!(listing.total, Count::Exactly(7));
        assert!(listing.rows.len() <= 2);
        visited.extend(listing.rows.into_iter().map(|row| row.key.psid.to_string()));
        query.after = listing.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(visited, ["c6", "c5", "c4", "c3", "c2", "c1", "c0"]);
    query.after = Some("no cursor".to_owned());
    let error = store.contacts(&query).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreadable(_)), "{error}");
}

#[tokio::test]
async fn paging_visits_each_message_once_queued_answers_included() {
    let file = File::new();
    let store = file.open();
    for number in 0..4 {
        let mid = format!("m{number}");
        apply(&store, received(&ada(), &mid, number, "Hello")).await;
    }
    apply(&store, queued(&ada(), &key(1), 3)).await;
    let mut query = MessageQuery::new(ada());
    query.limit = 2;
    let mut visited = Vec::new();
    loop {
        let listing = store.messages(&query).await.unwrap();
        assert_eq!(listing.total, Count::Exactly(5));
        assert!(listing.rows.len() <= 2);
        visited.extend(listing.rows.into_iter().map(|row| (row.at, row.id)));
        query.after = listing.next;
        if query.after.is_none() {
            break;
        }
    }
    assert!(visited.is_sorted_by(|one, next| one > next), "{visited:?}");
    assert_eq!(visited.len(), 5);
}

#[tokio::test]
async fn s11_a_search_knows_no_case_and_no_wildcard_and_finds_two_cjk_characters() {
    let file = File::new();
    let store = file.open();
    for (psid, name) in [
        ("a", "Ada LOVELACE"),
        ("b", "100% Bob"),
        ("c", "snake_case"),
        ("d", "王小明"),
        ("e", "Élodie"),
    ] {
        let who = contact("1", psid);
        apply(&store, received(&who, "m1", 1, "hi")).await;
        apply(&store, known(&who, 2, name, None)).await;
    }
    assert_eq!(search(&store, "lovelace").await, ["a"]);
    assert_eq!(search(&store, " ADA ").await, ["a"]);
    assert_eq!(search(&store, "éLODIE").await, ["e"]);
    assert_eq!(search(&store, "%").await, ["b"]);
    assert_eq!(search(&store, "_").await, ["c"]);
    assert_eq!(search(&store, "小明").await, ["d"]);
    assert_eq!(search(&store, "nobody").await, [""; 0]);
    assert_eq!(search(&store, "hi").await, [""; 0]);
    let said = MessageQuery::search(PageId::new("1").unwrap(), "HI");
    assert_eq!(store.messages(&said).await.unwrap().rows.len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_s2_i7_a_hundred_tasks_recording_one_message_make_one() {
    let file = File::new();
    let store = file.open();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let store = store.clone();
        tasks.spawn(async move { apply(&store, received(&ada(), "m1", 1, "Hello")).await });
    }
    let answers = tasks.join_all().await;
    let new = |answer: &&Applied| matches!(answer, Applied::New { customer: true, .. });
    assert_eq!(answers.iter().filter(new).count(), 1);
    assert_eq!(talk(&store, &ada()).await.len(), 1);
    assert_eq!(person(&store, &ada()).await.unread, 1);
}

#[tokio::test]
async fn opening_again_finds_everything() {
    let file = File::new();
    let picture = Picture::new("image/png", vec![0, 255, 7]);
    let (before, messages) = {
        let store = file.open();
        apply(&store, received(&ada(), "m1", 1, "Hello")).await;
        apply(&store, queued(&ada(), &key(1), 2)).await;
        apply(&store, known(&ada(), 3, "Ada", Some(picture.clone()))).await;
        (person(&store, &ada()).await, talk(&store, &ada()).await)
    };
    let store = file.open();
    let after = person(&store, &ada()).await;
    assert_eq!(format!("{before:?}"), format!("{after:?}"));
    assert_eq!(
        format!("{messages:?}"),
        format!("{:?}", talk(&store, &ada()).await)
    );
    assert_eq!(after.profile.unwrap().name.as_deref(), Some("Ada"));
    assert_eq!(store.picture(&ada()).await.unwrap(), Some(picture));
    let pending = store.pending(at(10), 9).await.unwrap();
    assert!(
        matches!(&pending[..], [Pending::Send { attempt: 1, .. }]),
        "{pending:?}"
    );
    let again = apply(&store, received(&ada(), "m1", 1, "Hello")).await;
    assert_eq!(again, Applied::Unchanged);
}

#[tokio::test]
async fn s3_the_same_person_on_two_pages_is_two_customers() {
    let file = File::new();
    let store = file.open();
    for page in ["1", "2"] {
        let applied = apply(&store, received(&contact(page, "ada"), "m1", 1, "Hello")).await;
        assert!(
            matches!(applied, Applied::New { customer: true, .. }),
            "{applied:?}"
        );
    }
    for page in ["1", "2"] {
        let query = ContactQuery::new(PageId::new(page).unwrap());
        assert_eq!(store.contacts(&query).await.unwrap().rows.len(), 1);
        assert_eq!(talk(&store, &contact(page, "ada")).await.len(), 1);
    }
}

#[tokio::test]
async fn the_same_mid_under_two_customers_is_two_messages() {
    let file = File::new();
    let store = file.open();
    for psid in ["ada", "bob"] {
        let who = contact("1", psid);
        let applied = apply(&store, received(&who, "m1", 1, psid)).await;
        assert!(matches!(applied, Applied::New { .. }), "{applied:?}");
    }
    for psid in ["ada", "bob"] {
        let talk = talk(&store, &contact("1", psid)).await;
        assert_eq!(talk[0].content.text.as_deref(), Some(psid));
    }
}

#[tokio::test]
async fn s8_a_profile_brings_its_picture_and_nothing_older_replaces_it() {
    let file = File::new();
    let store = file.open();
    let picture = Picture::new("image/png", vec![1, 2, 3]);
    apply(&store, received(&ada(), "m1", 1, "Hello")).await;
    let change = known(&ada(), 10, "Ada", Some(picture.clone()));
    assert_eq!(apply(&store, change).await, Applied::Changed);
    assert_eq!(store.picture(&ada()).await.unwrap(), Some(picture.clone()));
    let first = person(&store, &ada()).await.picture.unwrap();
    let older = known(&ada(), 9, "Bob", Some(Picture::new("image/gif", vec![9])));
    assert_eq!(apply(&store, older).await, Applied::Unchanged);
    let failed = Change::Profile {
        contact: ada(),
        fetched_at: at(11),
        answer: ProfileAnswer::Failed,
        due: Some(at(20)),
    };
    apply(&store, failed).await;
    let after = person(&store, &ada()).await;
    assert_eq!(after.profile.unwrap().name.as_deref(), Some("Ada"));
    assert_eq!(after.picture, Some(first));
    assert_eq!(store.picture(&ada()).await.unwrap(), Some(picture));
    let newer = known(&ada(), 12, "Ada", Some(Picture::new("image/gif", vec![9])));
    apply(&store, newer).await;
    assert_ne!(person(&store, &ada()).await.picture, Some(first));
}

#[tokio::test]
async fn pending_gives_a_new_customers_profile_and_only_the_earliest_answer() {
    let file = File::new();
    let store = file.open();
    apply(&store, received(&ada(), "m1", 1, "Hello")).await;
    let pending = store.pending(at(1), 9).await.unwrap();
    let [
        Pending::FetchProfile {
            contact,
            attempt: 1,
            ..
        },
    ] = &pending[..]
    else {
        panic!("{pending:?}")
    };
    assert_eq!(*contact, ada());
    assert!(store.pending(at(0), 9).await.unwrap().is_empty());
    apply(&store, known(&ada(), 2, "Ada", None)).await;
    assert_eq!(store.next_due().await.unwrap(), None);

    apply(&store, queued(&ada(), &key(2), 4)).await;
    apply(&store, queued(&ada(), &key(1), 3)).await;
    let heads = async |when| -> BTreeSet<String> {
        let pending = store.pending(at(when), 9).await.unwrap();
        let keys = pending.into_iter().map(|work| match work {
            Pending::Send { key, .. } => key.as_str().to_owned(),
            other => panic!("{other:?}"),
        });
        keys.collect()
    };
    let only = |number| BTreeSet::from([key(number).as_str().to_owned()]);
    assert_eq!(heads(10).await, only(1));
    apply(&store, claimed(&ada(), &key(1), 1, 7, 60)).await;
    // The second waits for the first.
    assert_eq!(heads(10).await, BTreeSet::new());
    assert_eq!(store.next_due().await.unwrap(), Some(at(60)));
    apply(&store, settled(&ada(), &key(1), 1, sent("m2"))).await;
    assert_eq!(heads(10).await, only(2));
}

#[tokio::test]
async fn i4_a_claim_that_ran_out_is_lapsed_and_never_sent_again() {
    let file = File::new();
    let store = file.open();
    apply(&store, received(&ada(), "m1", 1, "Hello")).await;
    apply(&store, known(&ada(), 2, "Ada", None)).await;
    apply(&store, queued(&ada(), &key(1), 3)).await;
    apply(&store, claimed(&ada(), &key(1), 1, 7, 60)).await;
    assert!(store.pending(at(59), 9).await.unwrap().is_empty());
    let pending = store.pending(at(60), 9).await.unwrap();
    assert!(
        matches!(&pending[..], [Pending::Lapsed { attempt: 1, .. }]),
        "{pending:?}"
    );
    let thief = claimed(&ada(), &key(1), 2, 8, 120);
    assert_eq!(apply(&store, thief).await, Applied::Refused);
    apply(&store, settled(&ada(), &key(1), 1, SendOutcome::Unknown)).await;
    assert!(store.pending(at(9999), 9).await.unwrap().is_empty());
    assert_eq!(
        talk(&store, &ada()).await[0].state,
        Some(MessageState::Unknown)
    );
}
