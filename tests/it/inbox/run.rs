//! The workers of an inbox, over real HTTP against the simulator.

use super::*;
use messenger_crm::inbox::{IncomingMessage, RunOptions};
use messenger_crm::simulator::{ProfileAnswer, Simulator};
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::util::SOON;
use messenger_crm::store::MemoryStore;

pub(super) struct Office {
    pub(super) simulator: Simulator,
    pub(super) inbox: Inbox,
    pub(super) page: PageId,
}

async fn office(with: impl FnOnce(Inbox) -> Inbox) -> Office {
    office_on(Arc::new(MemoryStore::new()), with).await
}

pub(super) async fn office_on(
    store: Arc<dyn ContactStore>,
    with: impl FnOnce(Inbox) -> Inbox,
) -> Office {
    let simulator = Simulator::start("127.0.0.1:0".parse().unwrap())
        .await
        .unwrap();
    let inbox = with(inbox_of(&simulator, &simulator.url(), store));
    let page = simulator.app().page_id.parse().unwrap();
    Office {
        simulator,
        inbox,
        page,
    }
}

/// An inbox of the simulator's Page that reaches the simulator at this address.
pub(super) fn inbox_of(simulator: &Simulator, url: &str, store: Arc<dyn ContactStore>) -> Inbox {
    let access = access_of(simulator);
    let connections = SinglePage::new(access, "hush".parse().unwrap());
    let graph = Graph::new().unwrap().with_base_url(url).unwrap();
    Inbox::new(store, graph, Arc::new(connections))
}

/// Credentials of the simulator's Page.
pub(super) fn access_of(simulator: &Simulator) -> Access {
    let of = simulator.app();
    let app = AppAccess::new(of.app_id.parse().unwrap(), of.app_secret.parse().unwrap());
    Access::new(
        app,
        of.page_id.parse().unwrap(),
        of.page_token.parse().unwrap(),
    )
}

impl Office {
    /// The customer writes, and the event arrives.
    async fn hears(&self, psid: &str, mid: &str, text: &str) -> ContactKey {
        self.simulator.write(psid, text).unwrap();
        let who = contact(self.page.as_str(), psid);
        let now = Timestamp::from(std::time::SystemTime::now());
        let body = delivery(self.page.as_str(), &[message(&who, mid, now, text)]);
        let delivery = parse_unverified(&body).unwrap();
        self.inbox.receive(&delivery, |_| true, now).await.unwrap();
        who
    }

    pub(super) async fn newest(&self, who: &ContactKey) -> Message {
        let query = MessageQuery::new(who.clone());
        self.inbox
            .store()
            .messages(&query)
            .await
            .unwrap()
            .rows
            .remove(0)
    }
}

/// Workers of an inbox.
pub(super) struct Workers {
    stop: oneshot::Sender<()>,
    running: tokio::task::JoinHandle<()>,
}

impl Workers {
    pub(super) fn start(inbox: &Inbox, options: RunOptions) -> Self {
        let (stop, stopped) = oneshot::channel::<()>();
        let inbox = inbox.clone();
        let running = tokio::spawn(async move {
            let shutdown = async { stopped.await.unwrap_or_default() };
            inbox.run(options, shutdown).await;
        });
        Self { stop, running }
    }

    /// Shuts them down; they end within this time.
    pub(super) async fn end(self, within: Duration) {
        self.stop.send(()).unwrap();
        let ended = timeout(within, self.running).await;
        ended.expect("the workers end in time").unwrap();
    }
}

/// Waits until something is so.
#[allow(clippy::future_not_send)]
pub(super) async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, waiting)
        .await
        .unwrap_or_else(|_| panic!("not in time: {what}"));
}

#[tokio::test]
async fn the_workers_fetch_profiles_handle_messages_and_send_replies_until_the_shutdown() {
    let office = office(|inbox| {
        inbox.on_message("bot", async |incoming: IncomingMessage| {
            incoming.reply_text("A person answers soon.").await?;
            Ok(())
        })
    })
    .await;
    let workers = Workers::start(&office.inbox, RunOptions::default());
    let people = Simulator::people();
    let who = office
        .hears(people[0].psid, "m_hello", "Do you have oolong?")
        .await;
    until("the profile is known", async || {
        let known = office.inbox.store().contact(&who).await.unwrap().unwrap();
        known.profile.is_some()
    })
    .await;
    until("the handler's reply is sent", async || {
        office.newest(&who).await.state == Some(MessageState::Sent)
    })
    .await;
    let reply = OutgoingMessage::text(&who.psid, "Yes, from this spring.").unwrap();
    let now = Timestamp::from(std::time::SystemTime::now());
    office
        .inbox
        .reply(&office.page, Reply::new(key(1), reply), now)
        .await
        .unwrap();
    until("the reply of the person is sent", async || {
        let newest = office.newest(&who).await;
        newest.state == Some(MessageState::Sent)
            && newest.content.text.as_deref() == Some("Yes, from this spring.")
    })
    .await;
    let health = office.inbox.health(now).await.unwrap();
    assert!(
        health.queues.iter().all(|queue| queue.depth == 0),
        "{health:?}"
    );
    workers.end(Duration::from_secs(10)).await;
    office.simulator.shutdown().await;
}

/// Profiles that Meta answers slowly do not hold back a reply.
#[tokio::test]
async fn n10_f17_slow_profiles_hold_back_neither_a_reply_nor_the_shutdown() {
    let office = office(|inbox| inbox).await;
    let people = Simulator::people();
    office.simulator.answer_profiles(ProfileAnswer::Slow);
    let mut options = RunOptions::default();
    options.stop_within = Duration::from_millis(100);
    let workers = Workers::start(&office.inbox, options);
    let who = office.hears(people[0].psid, "m_hello", "Hello").await;
    let now = Timestamp::from(std::time::SystemTime::now());
    let reply = OutgoingMessage::text(&who.psid, "Yes.").unwrap();
    office
        .inbox
        .reply(&office.page, Reply::new(key(1), reply), now)
        .await
        .unwrap();
    until("the reply is sent", async || {
        office.newest(&who).await.state == Some(MessageState::Sent)
    })
    .await;
    let known = office.inbox.store().contact(&who).await.unwrap().unwrap();
    assert!(known.profile.is_none(), "the profile was not slow");
    workers.end(Duration::from_secs(5)).await;
    office.simulator.shutdown().await;
}

/// A program died while it sent: the next one, the only process, does not wait for the lease.
#[tokio::test]
async fn n21_f4_a_single_process_settles_the_claims_of_an_earlier_one_at_its_start() {
    let office = office(|inbox| inbox).await;
    let people = Simulator::people();
    let who = office.hears(people[0].psid, "m_hello", "Hello").await;
    let now = Timestamp::from(std::time::SystemTime::now());
    for number in [1, 2] {
        let reply = OutgoingMessage::text(&who.psid, format!("reply {number}")).unwrap();
        let reply = Reply::new(key(number), reply);
        office.inbox.reply(&office.page, reply, now).await.unwrap();
    }
    let claimed = Change::Claimed {
        page: office.page.clone(),
        psid: Some(who.psid.clone()),
        work: messenger_crm::change::Work::Send(key(1)),
        attempt: 1,
        until: now + Duration::from_secs(60),
        by: WorkerId::new(99),
    };
    let applied = office.inbox.store().apply(&[claimed]).await.unwrap();
    assert_eq!(applied, [Applied::Changed]);
    let workers = Workers::start(&office.inbox, RunOptions::default().single_process());
    until("the reply behind the claimed one is sent", async || {
        let newest = office.newest(&who).await;
        newest.key == Some(key(2)) && newest.state == Some(MessageState::Sent)
    })
    .await;
    let query = MessageQuery::new(who.clone());
    let talk = office.inbox.store().messages(&query).await.unwrap().rows;
    let first = talk.iter().find(|one| one.key == Some(key(1))).unwrap();
    assert_eq!(first.state, Some(MessageState::Unknown), "never sent twice");
    workers.end(Duration::from_secs(10)).await;
    office.simulator.shutdown().await;
}

/// On a clock that passes at once when nothing else is to be done.
#[tokio::test(start_paused = true)]
async fn i22_f24_the_workers_check_each_page_and_subscribe_it_again_within_five_minutes() {
    let script = ScriptedTransport::new();
    script.json(200, r#"{"data":[]}"#);
    script.json(200, r#"{"success":true}"#);
    script.json(200, r#"{"id":"1"}"#);
    let graph = Graph::from_parts(script.clone(), messenger_crm::graph::TokioClock::new());
    let inbox = Inbox::new(Arc::new(MemoryStore::new()), graph, page_1());
    let begun = tokio::time::Instant::now();
    let workers = Workers::start(&inbox, RunOptions::default());
    while posts(&script).is_empty() {
        sleep(Duration::from_secs(1)).await;
        let waited = begun.elapsed();
        assert!(waited < Duration::from_secs(330), "{waited:?}");
    }
    let path = posts(&script)[0].http.uri().path().to_owned();
    assert!(path.ends_with("/1/subscribed_apps"), "{path}");
    // The next check comes after five to ten minutes.
    let count = script.requests().len();
    sleep(Duration::from_secs(270)).await;
    assert!(
        script.requests().len() <= count + 1,
        "only the rest of the first check"
    );
    sleep(Duration::from_secs(400)).await;
    assert!(script.requests().len() > count + 1);
    workers.end(Duration::from_secs(60)).await;
}
