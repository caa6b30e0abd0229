//! Receiving, answering and what is done later, against a scripted Meta.

#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use messenger_crm::change::{Applied, Change};
use messenger_crm::graph::{
    Access, Advice, Graph, Method, Request, Response, Transport, TransportError, TransportErrorKind,
};
use messenger_crm::id::PageId;
use messenger_crm::inbox::{Accounts, Inbox, ReplyError, Step};
use messenger_crm::secret::{AppSecret, PageToken};
use messenger_crm::store::conformance::POISON;
use messenger_crm::store::{
    Changed, Contact, ContactKey, ContactQuery, ContactStore, Content, Kept, KeptQuery, Listing,
    Message, MessageQuery, MessageState, Pending, Picture, Revision, SqliteStore, StoreError,
    WorkerId,
};
use messenger_crm::time::Timestamp;
use messenger_crm::webhook::parse_unverified;
use serde_json::{Value, json};

use crate::store::{File, ada, at, contact, delivery, key, message, person, received, talk};
use crate::util::Folder;
use crate::{conformance, events};

type Line = Result<Response, TransportErrorKind>;

/// Answers as told and keeps what it was asked.
#[derive(Clone, Debug, Default)]
struct Script {
    answers: Arc<Mutex<VecDeque<Line>>>,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl Script {
    fn then(&self, line: Line) {
        self.answers.lock().unwrap().push_back(line);
    }

    fn posts(&self) -> Vec<Request> {
        let asked = self.asked.lock().unwrap();
        let posts = asked
            .iter()
            .filter(|request| request.method == Method::Post);
        posts.cloned().collect()
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.asked.lock().unwrap().push(request);
        let line = self.answers.lock().unwrap().pop_front();
        line.expect("no answer is left")
            .map_err(TransportError::new)
    }
}

fn body_of(request: &Request) -> &[u8] {
    request.body.as_ref().unwrap().as_bytes().unwrap()
}

fn answer(status: u16, body: &Value) -> Line {
    let body = serde_json::to_vec(body).unwrap();
    let content_type = Some("application/json".to_owned());
    Ok(Response::new(status, content_type, body))
}

fn refusal(code: i64, subcode: i64) -> Line {
    let error = json!({"message": "no", "code": code, "error_subcode": subcode, "fbtrace_id": "T"});
    answer(400, &json!({"error": error}))
}

#[derive(Debug)]
struct OnePage;

#[async_trait]
impl Accounts for OnePage {
    async fn access(&self, _: &PageId) -> Option<Access> {
        Some(Access::new(
            PageToken::new("EAAtoken").unwrap(),
            AppSecret::new("60efff025951cddde78c8d03de52cc90").unwrap(),
        ))
    }
}

struct Desk {
    inbox: Inbox,
    script: Script,
    store: SqliteStore,
    _file: File,
}

impl Desk {
    /// Ada has written at 1 and her profile is known.
    async fn new() -> Self {
        let desk = Self::empty();
        desk.receive(message(&ada(), "m1", at(1), "Hello")).await;
        desk.script
            .then(answer(200, &json!({"name": "Ada", "id": "ada"})));
        assert_eq!(desk.step(1).await, Step::Worked);
        desk
    }

    fn empty() -> Self {
        let file = File::new();
        let store = file.open();
        let script = Script::default();
        let graph = Graph::new(script.clone());
        let inbox = Inbox::new(Arc::new(store.clone()), graph, Arc::new(OnePage));
        Self {
            inbox,
            script,
            store,
            _file: file,
        }
    }

    async fn receive(&self, event: Value) -> Vec<Applied> {
        let body = delivery("1", &[event]);
        let delivery = parse_unverified(&body).unwrap();
        let ours = |page: &PageId| page.as_str() == "1";
        self.inbox.receive(&delivery, ours, at(1)).await.unwrap()
    }

    async fn reply(&self, number: u8, text: &str) -> Applied {
        let who = ada();
        let reply = self.inbox.reply(&who, key(number), text, at(2));
        reply.await.unwrap()
    }

    async fn step(&self, when: i64) -> Step {
        self.inbox.step(at(when), WorkerId::new(7)).await.unwrap()
    }

    async fn newest(&self) -> Message {
        talk(&self.store, &ada()).await.remove(0)
    }

    async fn kept(&self, page: &str) -> Vec<Vec<u8>> {
        let query = KeptQuery::new(Some(PageId::new(page).unwrap()));
        let kept = self.store.kept(&query).await.unwrap();
        kept.rows.into_iter().map(|kept| kept.raw).collect()
    }
}

#[tokio::test]
async fn an_answer_is_posted_once_with_its_key() {
    let desk = Desk::new().await;
    desk.reply(1, "Hello, Ada").await;
    assert_eq!(desk.newest().await.state, Some(MessageState::Queued));
    desk.script.then(answer(
        200,
        &json!({"recipient_id": "ada", "message_id": "m2"}),
    ));
    assert_eq!(desk.step(3).await, Step::Worked);
    assert_eq!(desk.step(4).await, Step::Idle(None));
    let posts = desk.script.posts();
    assert_eq!(posts.len(), 1);
    assert!(
        posts[0]
            .url
            .starts_with("https://graph.facebook.com/v26.0/1/messages?appsecret_proof="),
        "{}",
        posts[0].url
    );
    assert_eq!(
        posts[0].bearer.as_ref().unwrap().expose_secret(),
        "EAAtoken"
    );
    let body: Value = serde_json::from_slice(body_of(&posts[0])).unwrap();
    assert_eq!(
        body,
        json!({"recipient": {"id": "ada"}, "messaging_type": "RESPONSE",
            "message": {"text": "Hello, Ada", "metadata": key(1).as_str()}})
    );
    let newest = desk.newest().await;
    assert_eq!(
        (newest.id.as_str(), newest.state),
        ("m2", Some(MessageState::Sent))
    );
}

/// Meta's own example: a feedback bears no time, so each delivery of it has another one.
#[tokio::test]
async fn s4_a_feedback_that_meta_sends_again_moves_neither_message_nor_inbox() {
    let desk = Desk::empty();
    let body = events::body("messaging_feedback");
    let delivery = parse_unverified(body.as_bytes()).unwrap();
    let receive = async |when| {
        let received = desk.inbox.receive(&delivery, |_| true, at(when)).await;
        received.unwrap()
    };
    let who = contact("106540001112223", "7104000555666777");
    let other = contact("106540001112223", "bob");
    let first = receive(10).await;
    assert!(
        matches!(first[..], [Applied::New { .. }]),
        "{first:?}, and nothing else"
    );
    let hello = received(&other, "m1", 20, "Hello");
    desk.store.apply(&[hello]).await.unwrap();
    let (before, said) = (
        person(&desk.store, &who).await,
        talk(&desk.store, &who).await,
    );
    assert_eq!((before.last_at, before.unread), (at(10), 1));
    for when in [30, 40] {
        assert_eq!(receive(when).await, [Applied::Unchanged]);
        assert_eq!(person(&desk.store, &who).await, before);
        assert_eq!(talk(&desk.store, &who).await, said);
        let listed = ContactQuery::new(who.page.clone());
        let listed = desk.store.contacts(&listed).await.unwrap().rows;
        let listed: Vec<_> = listed.into_iter().map(|contact| contact.key).collect();
        assert_eq!(listed, [other.clone(), who.clone()]);
    }
}

#[tokio::test]
async fn a_refusal_outside_the_window_is_failed_with_that_reason() {
    let desk = Desk::new().await;
    desk.reply(1, "too late").await;
    desk.script.then(refusal(10, 2_018_278));
    desk.step(3).await;
    let newest = desk.newest().await;
    assert_eq!(newest.state, Some(MessageState::Failed));
    let reason = newest.reason.unwrap();
    assert_eq!(reason.advice, Advice::OutsideWindow);
    assert_eq!(reason.advice.as_str(), "outside_window");
    assert_eq!((reason.code, reason.subcode), (Some(10), Some(2_018_278)));
    let preview = person(&desk.store, &ada()).await.preview.unwrap();
    assert_eq!(
        preview.state,
        Some(MessageState::Failed),
        "the inbox marks it too"
    );
    assert_eq!(desk.step(100_000).await, Step::Idle(None));
}

#[tokio::test]
async fn an_unknown_outcome_is_never_sent_again() {
    let desk = Desk::new().await;
    desk.reply(1, "maybe").await;
    desk.script.then(Err(TransportErrorKind::Unknown));
    assert_eq!(desk.step(3).await, Step::Worked);
    assert_eq!(desk.newest().await.state, Some(MessageState::Unknown));
    for when in [4, 100, 1_000_000] {
        assert_eq!(desk.step(when).await, Step::Idle(None));
    }
    assert_eq!(desk.script.posts().len(), 1);
}

#[tokio::test]
async fn what_never_left_waits_and_is_sent_later() {
    let desk = Desk::new().await;
    desk.reply(1, "hello").await;
    desk.script.then(Err(TransportErrorKind::NotSent));
    assert_eq!(desk.step(3).await, Step::Worked);
    assert_eq!(desk.newest().await.state, Some(MessageState::Queued));
    let Step::Idle(Some(due)) = desk.step(3).await else {
        panic!("it was not put off")
    };
    assert!(due > at(3), "{due:?}");
    desk.script.then(answer(200, &json!({"message_id": "m2"})));
    let step = desk.inbox.step(due, WorkerId::new(8)).await.unwrap();
    assert_eq!(step, Step::Worked);
    assert_eq!(desk.newest().await.state, Some(MessageState::Sent));
    let posts = desk.script.posts();
    assert_eq!(posts.len(), 2);
    assert_eq!(body_of(&posts[0]), body_of(&posts[1]));
}

#[tokio::test]
async fn the_same_key_twice_is_one_answer() {
    let desk = Desk::new().await;
    let first = desk.reply(1, "hello").await;
    assert!(matches!(first, Applied::New { .. }), "{first:?}");
    assert_eq!(desk.reply(1, "hello").await, Applied::Unchanged);
    assert_eq!(talk(&desk.store, &ada()).await.len(), 2);
    desk.script.then(answer(200, &json!({"message_id": "m2"})));
    desk.step(3).await;
    assert_eq!(desk.reply(1, "hello").await, Applied::Unchanged);
    assert_eq!(desk.step(4).await, Step::Idle(None));
    assert_eq!(desk.script.posts().len(), 1);
}

#[tokio::test]
async fn nobody_is_answered_who_never_wrote() {
    let desk = Desk::empty();
    let error = desk.inbox.reply(&ada(), key(1), "hello", at(1)).await;
    assert!(
        matches!(error, Err(ReplyError::NoSuchCustomer)),
        "{error:?}"
    );
    assert_eq!(desk.step(9).await, Step::Idle(None));
}

#[tokio::test]
async fn a_refused_profile_leaves_the_message_visible() {
    let desk = Desk::empty();
    desk.receive(message(&ada(), "m1", at(1), "Hello")).await;
    desk.script.then(refusal(200, 0));
    assert_eq!(desk.step(1).await, Step::Worked);
    let person = person(&desk.store, &ada()).await;
    assert!(person.profile.is_none());
    assert!(person.profile_due.unwrap() > at(1));
    assert_eq!(desk.newest().await.content.text.as_deref(), Some("Hello"));
}

#[tokio::test]
async fn a_picture_that_cannot_be_fetched_is_asked_for_more_and_more_slowly() {
    let desk = Desk::empty();
    desk.receive(message(&ada(), "m1", at(1), "Hello")).await;
    let profile = json!({"name": "Ada", "profile_pic": "https://scontent.fbcdn.net/p.jpg"});
    let mut now = at(1);
    let mut waits = Vec::new();
    for _ in 0..4 {
        desk.script.then(answer(200, &profile));
        desk.script.then(Err(TransportErrorKind::Unknown));
        let step = desk.inbox.step(now, WorkerId::new(7)).await.unwrap();
        assert_eq!(step, Step::Worked);
        let person = person(&desk.store, &ada()).await;
        assert!(person.profile.is_some());
        let due = person.profile_due.unwrap();
        waits.push(due.since(now));
        now = due;
    }
    assert!(
        waits.is_sorted_by(|one, next| one < next),
        "it does not slow down: {waits:?}"
    );
}

#[tokio::test]
async fn an_event_of_a_page_that_is_not_ours_is_kept_and_makes_no_customer() {
    let desk = Desk::empty();
    let stranger = contact("2", "ada");
    let event = message(&stranger, "m1", at(1), "Hello");
    let body = delivery("2", std::slice::from_ref(&event));
    let delivery = parse_unverified(&body).unwrap();
    let ours = |page: &PageId| page.as_str() == "1";
    desk.inbox.receive(&delivery, ours, at(1)).await.unwrap();
    assert!(desk.store.contact(&stranger).await.unwrap().is_none());
    let raw = serde_json::to_vec(&event).unwrap();
    assert_eq!(desk.kept("2").await, [raw]);
    assert_eq!(desk.step(9).await, Step::Idle(None));
}

#[tokio::test]
async fn i5_an_event_the_store_can_never_accept_is_kept_and_its_delivery_acknowledged() {
    let folder = Folder::new();
    let store = conformance::sqlite(folder.path());
    let graph = Graph::new(Script::default());
    let inbox = Inbox::new(Arc::new(store.clone()), graph, Arc::new(OnePage));
    let poison = message(&ada(), "m2", at(2), POISON);
    let events = [
        message(&ada(), "m1", at(1), "before"),
        poison.clone(),
        message(&ada(), "m3", at(3), "behind"),
    ];
    let body = delivery("1", &events);
    let delivery = parse_unverified(&body).unwrap();
    for _ in 0..2 {
        let applied = inbox.receive(&delivery, |_| true, at(9)).await.unwrap();
        assert_eq!(applied.len(), 3);
        let said = talk(&store, &ada()).await;
        let ids: Vec<&str> = said.iter().map(|message| message.id.as_str()).collect();
        assert_eq!(ids, ["m3", "m1"]);
        let kept = KeptQuery::new(Some(PageId::new("1").unwrap()));
        let kept = store.kept(&kept).await.unwrap().rows;
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].raw, serde_json::to_vec(&poison).unwrap());
        assert_eq!(kept[0].reason, "the store refuses it");
        assert_eq!(kept[0].psid.as_ref(), Some(&ada().psid));
    }
}

#[tokio::test]
async fn s23_a_customer_is_forgotten_though_metas_clock_is_ahead_of_ours() {
    let desk = Desk::new().await;
    desk.receive(message(&ada(), "m2", at(500), "from the future"))
        .await;
    let forgotten = desk.inbox.forget(&ada(), at(3)).await.unwrap();
    assert_eq!(forgotten, Applied::Changed);
    assert!(desk.store.contact(&ada()).await.unwrap().is_none());
    let again = desk
        .receive(message(&ada(), "m2", at(500), "from the future"))
        .await;
    assert_eq!(again, [Applied::Forgotten]);
    assert!(talk(&desk.store, &ada()).await.is_empty());
}

#[tokio::test]
async fn unknown_kinds_are_kept_once() {
    let desk = Desk::empty();
    let event = json!({"sender": {"id": "ada"}, "recipient": {"id": "1"}, "timestamp": 1,
        "reaction": {"emoji": "❤"}});
    let first = desk.receive(event.clone()).await;
    assert!(
        matches!(
            first[..],
            [Applied::New {
                customer: false,
                ..
            }]
        ),
        "{first:?}"
    );
    assert_eq!(desk.receive(event.clone()).await, [Applied::Unchanged]);
    let raw = serde_json::to_vec(&event).unwrap();
    assert_eq!(desk.kept("1").await, [raw]);
    assert!(desk.store.contact(&ada()).await.unwrap().is_none());
}

/// A store whose disk is full: it reads, and writes nothing.
#[derive(Debug)]
struct Full(SqliteStore);

#[async_trait]
impl ContactStore for Full {
    async fn apply(&self, _: &[Change]) -> Result<Vec<Applied>, StoreError> {
        Err(StoreError::Unavailable("the disk is full".into()))
    }
    async fn contact(&self, key: &ContactKey) -> Result<Option<Contact>, StoreError> {
        self.0.contact(key).await
    }
    async fn picture(&self, key: &ContactKey) -> Result<Option<Picture>, StoreError> {
        self.0.picture(key).await
    }
    async fn contacts(&self, query: &ContactQuery) -> Result<Listing<Contact>, StoreError> {
        self.0.contacts(query).await
    }
    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError> {
        self.0.messages(query).await
    }
    async fn kept(&self, query: &KeptQuery) -> Result<Listing<Kept>, StoreError> {
        self.0.kept(query).await
    }
    async fn pending(&self, now: Timestamp, limit: usize) -> Result<Vec<Pending>, StoreError> {
        self.0.pending(now, limit).await
    }
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.0.next_due().await
    }
    async fn changed(
        &self,
        page: &PageId,
        since: Revision,
        wait: Duration,
    ) -> Result<Changed, StoreError> {
        self.0.changed(page, since, wait).await
    }
}

#[tokio::test]
async fn a_store_that_cannot_write_fails_the_delivery_and_sends_nothing() {
    let desk = Desk::new().await;
    desk.store
        .apply(&[Change::Queued {
            contact: ada(),
            key: key(1),
            at: at(2),
            content: Content::text("hello"),
        }])
        .await
        .unwrap();
    let graph = Graph::new(desk.script.clone());
    let full = Inbox::new(Arc::new(Full(desk.store.clone())), graph, Arc::new(OnePage));
    let body = delivery("1", &[message(&ada(), "m9", at(9), "Hello")]);
    let delivery = parse_unverified(&body).unwrap();
    let error = full.receive(&delivery, |_| true, at(9)).await;
    assert!(
        matches!(error, Err(StoreError::Unavailable(_))),
        "{error:?}"
    );
    let error = full.quarantine(b"{", "no envelope", at(9)).await;
    assert!(
        matches!(error, Err(StoreError::Unavailable(_))),
        "{error:?}"
    );
    let error = full.reply(&ada(), key(2), "hello", at(9)).await;
    assert!(
        matches!(error, Err(ReplyError::Store(StoreError::Unavailable(_)))),
        "{error:?}"
    );
    let error = full.step(at(9), WorkerId::new(7)).await;
    assert!(
        matches!(error, Err(StoreError::Unavailable(_))),
        "{error:?}"
    );
    assert!(desk.script.posts().is_empty());
    assert_eq!(talk(&desk.store, &ada()).await.len(), 2);
}
