//! Receiving, answering and what is done later, against a scripted Meta.

#![allow(clippy::unwrap_used)]

mod answering;
mod full;
mod profiles;
mod receiving;

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
use messenger_crm::model::{
    Contact, ContactKey, Content, Message, MessageState, Picture, RawEvent, Revision, WorkerId,
};
use messenger_crm::secret::{AppSecret, PageToken};
use messenger_crm::store::conformance::POISON;
use messenger_crm::store::{
    Changed, ContactQuery, ContactStore, Listing, MessageQuery, Pending, RawEventQuery,
    SqliteStore, StoreError,
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

    async fn raw_events(&self, page: &str) -> Vec<Vec<u8>> {
        let query = RawEventQuery::new(Some(PageId::new(page).unwrap()));
        let kept = self.store.raw_events(&query).await.unwrap();
        kept.rows.into_iter().map(|kept| kept.raw).collect()
    }
}
