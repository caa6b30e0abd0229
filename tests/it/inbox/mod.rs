//! Receiving, answering and what is done later, against a scripted Meta.

#![allow(clippy::unwrap_used)]

mod answering;
#[cfg(feature = "full")]
mod faults;
mod full;
mod handlers;
mod model;
#[cfg(feature = "full")]
mod observing;
mod outbox;
mod page_health;
mod privacy;
mod profiles;
mod receiving;
#[cfg(feature = "full")]
mod run;
#[cfg(feature = "full")]
mod service;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use messenger_crm::change::{Applied, Change};
use messenger_crm::graph::send::OutgoingMessage;
use messenger_crm::graph::{
    Access, Advice, AppAccess, Graph, Request, RetryPolicy, ScriptedTransport, TransportErrorKind,
};
use messenger_crm::id::{AppId, PageId};
use messenger_crm::inbox::{Inbox, InboxError, Reply, ReplyError, SinglePage, Step};
use messenger_crm::model::{
    Contact, ContactKey, Message, MessageState, Outgoing, Picture, RawEvent, Revision, WorkerId,
};
use messenger_crm::secret::{AppSecret, PageToken, VerifyToken};
use messenger_crm::store::conformance::POISON;
use messenger_crm::store::{
    Changed, ContactQuery, ContactStore, Listing, MessageQuery, PageState, Pending, PendingQuery,
    RawEventQuery, SqliteStore, StoreError,
};
use messenger_crm::time::Timestamp;
use messenger_crm::webhook::parse_unverified;
use serde_json::{Value, json};

use crate::store::{File, ada, at, contact, delivery, key, message, person, received, talk};
use crate::util::Folder;
use crate::{conformance, events};

const SECRET: &str = "60efff025951cddde78c8d03de52cc90";

/// A `Graph` over the script that repeats nothing, so that each response is one attempt.
fn graph(script: &ScriptedTransport) -> Graph {
    script.graph().with_retry(RetryPolicy::never())
}

/// The requests that changed something.
fn posts(script: &ScriptedTransport) -> Vec<Request> {
    let requests = script.requests().into_iter();
    requests
        .filter(|request| request.http.method() == "POST")
        .collect()
}

fn body_of(request: &Request) -> &[u8] {
    request.http.body().as_bytes().unwrap()
}

fn refuse(script: &ScriptedTransport, code: i64, subcode: i64) {
    let error = json!({"message": "no", "code": code, "error_subcode": subcode, "fbtrace_id": "T"});
    script.json(400, json!({"error": error}).to_string());
}

/// The connection of Page 1, whose callback URL has no path.
fn page_1() -> Arc<SinglePage> {
    let secret = AppSecret::new(SECRET).unwrap();
    let app = AppAccess::new(AppId::new("271828182845904").unwrap(), secret);
    let token = PageToken::new("EAAtoken").unwrap();
    let access = Access::new(app, PageId::new("1").unwrap(), token);
    Arc::new(SinglePage::new(access, VerifyToken::new("hush").unwrap()))
}

fn text_to_ada(number: u8, text: &str) -> Reply {
    Reply::new(
        key(number),
        OutgoingMessage::text(ada().psid, text).unwrap(),
    )
}

struct Desk {
    inbox: Inbox,
    script: ScriptedTransport,
    store: SqliteStore,
    _file: File,
}

impl Desk {
    /// Ada has written at 1 and her profile is known.
    async fn new() -> Self {
        let desk = Self::empty();
        desk.receive(message(&ada(), "m1", at(1), "Hello")).await;
        desk.script.json(200, r#"{"name":"Ada","id":"ada"}"#);
        assert_eq!(desk.step(1).await, Step::Worked);
        desk
    }

    fn empty() -> Self {
        let file = File::new();
        let store = file.open();
        let script = ScriptedTransport::new();
        let inbox = Inbox::new(Arc::new(store.clone()), graph(&script), page_1());
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
        let received = self.inbox.receive(&delivery, ours, at(1)).await.unwrap();
        received.into_iter().map(|one| one.applied).collect()
    }

    async fn reply(&self, number: u8, text: &str) -> Applied {
        let reply = text_to_ada(number, text);
        let queued = self.inbox.reply(&ada().page, reply, at(2)).await;
        queued.unwrap()
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
