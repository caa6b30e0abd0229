//! Meta that fails, hangs, repeats and changes its mind.

use async_trait::async_trait;
use messenger_crm::inbox::{Callback, Connections, ConnectionsError};
use messenger_crm::model::{Author, Side, Source, WorkKind};
use messenger_crm::secret::VerifyToken;
use messenger_crm::simulator::{Fault, FaultRule, SendAnswer};
use messenger_crm::webhook::Webhook;

use super::*;
use crate::inbox::service::inbox;
use crate::proxy::{self, Proxy};
use crate::util::signed;

/// A page of HTML instead of an answer: nobody knows whether Meta has sent the reply.
#[tokio::test]
async fn f12_after_a_failure_of_metas_server_a_reply_is_unknown_until_a_person_sends_it_again() {
    let host = Host::new(MemoryStore::new()).await;
    let [psid, _] = people();
    let who = host.hears(psid, "Hello").await;
    let failure = FaultRule::new(Fault::ServerError).on("/messages").times(1);
    host.simulator().add_fault(failure);
    host.queue(&who, 1, "one").await;
    host.queue(&who, 2, "two").await;
    let workers = host.start();
    host.arrives(&who, 2).await;
    assert_eq!(host.state(&who, 1).await, Some(MessageState::Unknown));
    assert_eq!(host.phone(psid), ["two"], "it holds nothing back");
    assert_eq!(host.requests("/messages"), 2);

    let author = Some(Author::agent("ada"));
    host.inbox()
        .send_again(&who, &key(1), key(3), author, now())
        .await
        .unwrap();
    host.arrives(&who, 3).await;
    assert_eq!(host.phone(psid), ["two", "one"]);
    host.end(workers).await;
}

/// The message has arrived and the answer has not: the echo says so. Of a request that Meta never
/// carried out there is no echo.
#[tokio::test]
async fn f4_f14_a_reply_whose_answer_is_lost_is_settled_by_its_echo_and_never_sent_again() {
    let host = Host::new(MemoryStore::new()).await;
    let [psid, other] = people();
    let who = host.hears(psid, "Hello").await;
    let another = host.hears(other, "Hello").await;
    let workers = host.start();
    let lost = FaultRule::new(Fault::LostAnswer).on("/messages").times(1);
    host.simulator().add_fault(lost);
    host.queue(&who, 1, "one").await;
    host.arrives(&who, 1).await;
    assert_eq!(host.phone(psid), ["one"]);

    let reset = FaultRule::new(Fault::ResetAfterReading).on("/messages");
    host.simulator().add_fault(reset.times(1));
    host.queue(&another, 2, "two").await;
    host.becomes(&another, 2, MessageState::Unknown).await;
    // What is queued behind it goes out, and nothing twice.
    host.queue(&another, 3, "three").await;
    host.arrives(&another, 3).await;
    assert_eq!(host.state(&another, 2).await, Some(MessageState::Unknown));
    assert_eq!(host.phone(other), ["three"]);
    assert_eq!(host.requests("/messages"), 3);
    host.end(workers).await;
}

/// The only worker for replies gets its answers one byte a second, which takes minutes.
#[tokio::test]
async fn f17_an_answer_that_never_ends_occupies_a_worker_only_for_the_time_of_the_call() {
    let host = Host::new(MemoryStore::new()).await;
    let [psid, other] = people();
    let who = host.hears(psid, "Hello").await;
    let another = host.hears(other, "Hello").await;
    let address = host.simulator().url().replace("http://", "");
    let line = Proxy::to(address.parse().unwrap()).await;
    let store = host.store.clone();
    let inbox = inbox_of(host.simulator(), &line.url(), store);
    line.set(proxy::Fault::Drip(Duration::from_secs(1)));
    host.queue(&who, 1, "one").await;
    let mut options = RunOptions::default();
    (options.sends, options.stop_within) = (1, Duration::ZERO);
    let workers = Workers::start(&inbox, options);
    until("Meta has the first reply", async || {
        host.requests("/messages") == 1
    })
    .await;
    host.queue(&another, 2, "two").await;
    until("Meta has the second reply", async || {
        host.requests("/messages") == 2
    })
    .await;
    assert_eq!(host.phone(psid), ["one"]);
    assert_eq!(host.phone(other), ["two"]);
    host.end(workers).await;
}

#[tokio::test]
async fn f19_five_copies_of_each_webhook_are_one_message_and_one_reply() {
    let host = Host::with(MemoryStore::new(), |inbox| {
        inbox.on_message("bot", async |incoming: IncomingMessage| {
            incoming.reply_text("A person answers soon.").await?;
            Ok(())
        })
    })
    .await;
    let mut copies = DeliveryOptions::default();
    copies.copies = 5;
    host.simulator().set_delivery(copies);
    let workers = host.start();
    let [psid, _] = people();
    let who = host.hears(psid, "Hello").await;
    until("the bot replies", async || !host.phone(psid).is_empty()).await;
    host.delivered().await;
    let query = PendingQuery::new(now(), [WorkKind::SEND, WorkKind::handle("bot")]);
    until("no work is left", async || {
        let pending = host.inbox().store().pending(&query).await.unwrap();
        pending.is_empty()
    })
    .await;
    assert_eq!(host.phone(psid), ["A person answers soon."]);
    assert_eq!(host.texts(&who).await, ["Hello", "A person answers soon."]);
    assert_eq!(person(host.inbox().store(), &who).await.unread, 1);
    host.end(workers).await;
}

#[tokio::test]
async fn f20_webhooks_in_any_order_show_each_message_in_its_place_with_its_edit() {
    for seed in 0..5 {
        let host = Host::new(MemoryStore::new()).await;
        let [psid, _] = people();
        let simulator = host.simulator();
        let mut shuffled = DeliveryOptions::default();
        (shuffled.batch, shuffled.shuffle, shuffled.seed) = (3, true, seed);
        simulator.set_delivery(shuffled);
        let customer = simulator.customer(psid).unwrap();
        let texts = ["one", "two", "three", "four", "five", "six"];
        let mids = texts.map(|text| customer.writes(text).unwrap());
        customer.edits(&mids[1], "TWO").unwrap();
        customer.unsends(&mids[3]).unwrap();
        simulator.advance(Duration::from_secs(1));
        host.delivered().await;
        let who = host.contact(psid);
        assert_eq!(
            host.texts(&who).await,
            ["one", "TWO", "three", "five", "six"],
            "seed {seed}"
        );
        host.office.simulator.shutdown().await;
    }
}

#[tokio::test]
async fn f22_a_revoked_token_pauses_the_page_with_its_cure_and_the_queue_resumes_in_order() {
    let host = Host::new(MemoryStore::new()).await;
    let [psid, other] = people();
    let workers = host.start();
    let who = host.hears(psid, "Hello").await;
    until("the profile is known", async || {
        person(host.inbox().store(), &who).await.profile.is_some()
    })
    .await;
    host.simulator().answer_sends(SendAnswer::TokenExpired);
    for (number, text) in [(1, "one"), (2, "two"), (3, "three")] {
        host.queue(&who, number, text).await;
    }
    let page = &host.office.page;
    until("the page is paused", async || {
        let health = host.inbox().page_health(page, now()).await.unwrap();
        health.pause.is_some()
    })
    .await;
    let health = host.inbox().page_health(page, now()).await.unwrap();
    assert!(health.has(PageProblem::TokenRefused), "{health:?}");
    assert!(health.problems[0].problem.cure().contains("new token"));
    // It still receives; neither replies nor profiles are tried.
    let another = host.hears(other, "Is anybody there?").await;
    host.queue(&another, 4, "four").await;
    assert_eq!(host.texts(&another).await, ["Is anybody there?", "four"]);
    let query = PendingQuery::new(now(), [WorkKind::SEND, WorkKind::PROFILE]);
    assert_eq!(host.inbox().store().pending(&query).await.unwrap(), []);
    assert_eq!(host.requests("/messages"), 1);
    assert_eq!(host.state(&who, 1).await, Some(MessageState::Queued));

    host.simulator().answer_sends(SendAnswer::Accepted);
    let health = host.inbox().page_connected(page, now()).await.unwrap();
    assert_eq!((health.problems.len(), health.pause), (0, None));
    host.arrives(&who, 3).await;
    host.arrives(&another, 4).await;
    assert_eq!(host.phone(psid), ["one", "two", "three"]);
    assert_eq!(host.phone(other), ["four"]);
    host.end(workers).await;
}

/// A host whose app has a new secret, while Meta may still sign with the old one.
#[derive(Debug)]
struct Rotating(Arc<SinglePage>, Webhook);

#[async_trait]
impl Connections for Rotating {
    async fn callback(&self, path: &str) -> Result<Option<Callback>, ConnectionsError> {
        let callback = self.0.callback(path).await?;
        Ok(callback.map(|callback| Callback::new(callback.app, self.1.clone())))
    }

    async fn access(&self, page: &PageId) -> Result<Option<Access>, ConnectionsError> {
        self.0.access(page).await
    }
}

#[tokio::test]
async fn f23_during_a_rotation_both_secrets_are_accepted_and_calls_prove_the_new_one() {
    const OLD: &str = "0123456789abcdef0123456789abcdef";
    let secret = |text: &str| AppSecret::new(text).unwrap();
    let webhook = Webhook::new(&secret(SECRET), VerifyToken::new("hush").unwrap());
    let webhook = webhook.with_secret(&secret(OLD));
    let store = MemoryStore::new();
    let host = inbox(store.clone(), Arc::new(Rotating(page_1(), webhook)));
    let address = serve(host.service()).await;
    for (number, (secret, status)) in [(SECRET, 200), (OLD, 200), ("another", 401)]
        .into_iter()
        .enumerate()
    {
        let mid = format!("m{number}");
        let body = delivery("1", &[message(&ada(), &mid, at(1), "Hello")]);
        let headers = signature(secret, &body);
        let answer = ask(&address, "POST", "/webhook", &headers, &body).await;
        answer.expect(status);
    }
    assert_eq!(talk(&store, &ada()).await.len(), 2);

    let script = ScriptedTransport::new();
    let connections = page_1();
    let host = Inbox::new(Arc::new(store), graph(&script), connections);
    let reply = text_to_ada(1, "hello");
    host.reply(&ada().page, reply, at(2)).await.unwrap();
    script.json(200, r#"{"message_id":"m3"}"#);
    host.step(at(3), WorkerId::new(7)).await.unwrap();
    let sent = posts(&script);
    let proof = signed(SECRET, b"EAAtoken").replace("sha256=", "appsecret_proof=");
    let query = sent[0].http.uri().query().unwrap().to_owned();
    assert!(query.contains(&proof), "{query}");
}

/// A colleague answers in Meta's own inbox, which holds the conversation from then on.
#[tokio::test]
async fn f25_what_another_app_holds_is_stored_as_standby_and_our_reply_fails_with_the_reason() {
    let host = Host::new(MemoryStore::new()).await;
    let [psid, other] = people();
    let who = host.hears(psid, "Hello").await;
    let another = host.hears(other, "Hello").await;
    let simulator = host.simulator();
    simulator
        .write_from_inbox(psid, "A colleague here.")
        .unwrap();
    host.hears(psid, "Thank you").await;
    let stored = talk(host.inbox().store(), &who).await;
    let found = |text: &str| {
        let mut stored = stored.iter();
        stored.find(|one| one.content.text.as_deref() == Some(text))
    };
    assert_eq!(found("Thank you").unwrap().source, Source::Standby);
    assert_eq!(found("Hello").unwrap().source, Source::Webhook);
    let colleague = found("A colleague here.").unwrap();
    assert_eq!((colleague.side, &colleague.key), (Side::Page, &None));

    let workers = host.start();
    host.queue(&who, 1, "one").await;
    host.queue(&another, 2, "two").await;
    host.becomes(&who, 1, MessageState::Failed).await;
    let failed = talk(host.inbox().store(), &who).await.remove(0);
    assert_eq!(failed.reason.unwrap().advice, Advice::ThreadControl);
    host.arrives(&another, 2).await;
    let health = host.inbox().page_health(&host.office.page, now()).await;
    let health = health.unwrap();
    assert!(health.has(PageProblem::HeldByAnother), "{health:?}");
    assert_eq!(health.pause, None, "other conversations go on");
    assert_eq!(host.phone(psid), ["A colleague here."]);
    host.end(workers).await;
}

#[tokio::test]
async fn f27_of_a_message_that_its_author_has_unsent_the_file_holds_no_word() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.database()).unwrap();
    let host = Host::new(store.clone()).await;
    let [psid, _] = people();
    let simulator = host.simulator();
    let mid = simulator.write(psid, "CANARY, my secret").unwrap();
    simulator.write(psid, "Hello").unwrap();
    host.delivered().await;
    assert!(folder.stores(b"CANARY"));
    simulator.customer(psid).unwrap().unsends(&mid).unwrap();
    host.delivered().await;
    let unsent = talk(&store, &host.contact(psid)).await.remove(1);
    assert!(unsent.unsent_at.is_some());
    assert_eq!(unsent.content.text, None);
    assert!(!folder.stores(b"CANARY"));
    store.close().await.unwrap();
    assert!(!folder.holds(b"CANARY"));
    host.office.simulator.shutdown().await;
}
