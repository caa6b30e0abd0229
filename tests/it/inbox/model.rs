//! Customers, agents, a handler, faults and crashes by chance; afterwards store, phone and queues
//! agree: every acknowledged message is there once, no reply is sent twice, none is lost without a
//! reason.
//!
//! `INBOX_RUNS` says how many worlds (200 without it), `INBOX_SEED` repeats one.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Mutex;
use std::task::Poll;

use super::*;
use messenger_crm::graph::{Clock, Transport, TransportError};
use messenger_crm::inbox::IncomingMessage;
use messenger_crm::model::{Author, OutgoingKey, Side};
use messenger_crm::store::MemoryStore;

/// Treatment of the next send by Meta.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Sent,
    /// Sent, and the answer is lost.
    AnswerLost,
    /// The connection broke before Meta read anything.
    NeverLeft,
    Refused(i64, i64),
}

/// Meta: the phones of the customers, and the events that are on their way.
#[derive(Debug, Default)]
struct Meta {
    /// Keys of the replies that arrived, with the id of each message.
    arrived: Vec<(String, String)>,
    /// Events that are not delivered yet.
    on_the_way: Vec<Value>,
    /// Whether faults happen.
    is_faulty: bool,
    dice: fastrand::Rng,
}

impl Meta {
    fn fate(&mut self) -> Fate {
        if !self.is_faulty {
            return Fate::Sent;
        }
        match self.dice.u32(..20) {
            0 | 1 => Fate::AnswerLost,
            2 | 3 => Fate::NeverLeft,
            4 => Fate::Refused(190, 463),
            5 => Fate::Refused(613, 0),
            6 => Fate::Refused(613, 1996),
            7 => Fate::Refused(100, 0),
            8 => Fate::Refused(2, 0),
            _ => Fate::Sent,
        }
    }

    fn take(&mut self, body: &Value, now: Timestamp) -> String {
        let mid = format!("sent {}", self.arrived.len());
        let key = body["message"]["metadata"].as_str().unwrap().to_owned();
        self.arrived.push((key.clone(), mid.clone()));
        self.on_the_way.push(json!({"sender": {"id": "1"}, "recipient": body["recipient"],
            "timestamp": now.as_millis(),
            "message": {"mid": mid, "is_echo": true, "metadata": key, "text": body["message"]["text"]}}));
        mid
    }
}

#[derive(Clone, Debug)]
struct Wire(Arc<Mutex<(Meta, Timestamp)>>);

#[async_trait]
impl Transport for Wire {
    async fn send(&self, request: Request) -> Result<http::Response<Vec<u8>>, TransportError> {
        // A crash may fall here: before anything has left.
        tokio::task::yield_now().await;
        let answer = {
            let mut guard = self.0.lock().unwrap();
            let (meta, now) = &mut *guard;
            let reply = |status: u16, body: Value| {
                let response = http::Response::builder().status(status);
                Ok(response.body(body.to_string().into_bytes()).unwrap())
            };
            if request.http.method() != "POST" {
                reply(200, json!({"name": "Somebody", "id": "1"}))
            } else {
                let body: Value = serde_json::from_slice(body_of(&request)).unwrap();
                match meta.fate() {
                    Fate::Sent => {
                        let mid = meta.take(&body, *now);
                        reply(200, json!({"message_id": mid}))
                    }
                    Fate::AnswerLost => {
                        meta.take(&body, *now);
                        Err(TransportError::new(TransportErrorKind::Unknown))
                    }
                    Fate::NeverLeft => Err(TransportError::new(TransportErrorKind::NotSent)),
                    Fate::Refused(code, subcode) => {
                        let error =
                            json!({"message": "no", "code": code, "error_subcode": subcode});
                        reply(400, json!({ "error": error }))
                    }
                }
            }
        };
        // Or here: Meta has it, and we do not know.
        tokio::task::yield_now().await;
        answer
    }
}

#[async_trait]
impl Clock for Wire {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().1
    }

    fn elapsed(&self) -> Duration {
        let millis = self.now().as_millis() - at(0).as_millis();
        Duration::from_millis(millis.try_into().unwrap())
    }

    fn random(&self) -> f64 {
        0.5
    }

    /// The spacing of calls passes at once; a deadline never comes.
    async fn sleep(&self, duration: Duration) {
        if duration > Duration::from_secs(20) {
            std::future::pending::<()>().await;
        }
        tokio::task::yield_now().await;
        let mut guard = self.0.lock().unwrap();
        guard.1 += duration;
    }
}

struct World {
    seed: u64,
    dice: fastrand::Rng,
    inbox: Inbox,
    store: Arc<MemoryStore>,
    wire: Wire,
    /// Ids of acknowledged messages of the customers, by customer.
    acknowledged: BTreeMap<ContactKey, BTreeSet<String>>,
    /// Keys that agents queued.
    queued: BTreeSet<(ContactKey, OutgoingKey)>,
    /// Keys of replies that agents withdrew, also those of the bot.
    withdrawn: BTreeSet<(ContactKey, OutgoingKey)>,
    count: u64,
}

const PEOPLE: [&str; 3] = ["ada", "bob", "eve"];

impl World {
    fn new(seed: u64) -> Self {
        let dice = fastrand::Rng::with_seed(seed);
        let meta = Meta {
            is_faulty: true,
            dice: fastrand::Rng::with_seed(!seed),
            ..Meta::default()
        };
        let wire = Wire(Arc::new(Mutex::new((meta, at(0)))));
        let graph = Graph::from_parts(wire.clone(), wire.clone());
        let graph = graph.with_retry(RetryPolicy::never());
        let store = Arc::new(MemoryStore::new());
        let runs = Arc::new(Mutex::new(fastrand::Rng::with_seed(seed / 3)));
        let inbox = Inbox::new(store.clone(), graph, page_1()).on_message(
            "bot",
            move |incoming: IncomingMessage| {
                let fails = runs.lock().unwrap().u32(..4) == 0;
                async move {
                    incoming.reply_text("A person answers soon.").await?;
                    if fails {
                        Err("by chance".into())
                    } else {
                        Ok(())
                    }
                }
            },
        );
        Self {
            seed,
            dice,
            inbox,
            store,
            wire,
            acknowledged: BTreeMap::new(),
            queued: BTreeSet::new(),
            withdrawn: BTreeSet::new(),
            count: 0,
        }
    }

    fn meta<T>(&self, with: impl FnOnce(&mut Meta) -> T) -> T {
        with(&mut self.wire.0.lock().unwrap().0)
    }

    fn pass(&self, seconds: u64) {
        let mut guard = self.wire.0.lock().unwrap();
        guard.1 += Duration::from_secs(seconds);
    }

    fn somebody(&mut self) -> ContactKey {
        contact("1", PEOPLE[self.dice.usize(..PEOPLE.len())])
    }

    async fn writes(&mut self) {
        let who = self.somebody();
        self.count += 1;
        let mid = format!("m{}", self.count);
        let event = message(&who, &mid, self.wire.now(), "Do you have oolong?");
        self.meta(|meta| meta.on_the_way.push(event));
    }

    /// Meta delivers some of what is on the way, in any order, some of it twice.
    async fn delivers(&mut self, all: bool) {
        let mut events = self.meta(|meta| std::mem::take(&mut meta.on_the_way));
        self.dice.shuffle(&mut events);
        let keep = if all {
            0
        } else {
            self.dice.usize(..=events.len())
        };
        let later = events.split_off(events.len() - keep);
        self.meta(|meta| meta.on_the_way.extend(later));
        if events.is_empty() {
            return;
        }
        let body = delivery("1", &events);
        let read = parse_unverified(&body).unwrap();
        self.inbox
            .receive(&read, |_| true, self.wire.now())
            .await
            .unwrap();
        for event in &events {
            if event["message"].get("is_echo").is_none() {
                let who = contact("1", event["sender"]["id"].as_str().unwrap());
                let mid = event["message"]["mid"].as_str().unwrap().to_owned();
                self.acknowledged.entry(who).or_default().insert(mid);
            }
            if self.dice.u32(..4) == 0 {
                let again = event.clone();
                self.meta(|meta| meta.on_the_way.push(again));
            }
        }
    }

    async fn agent_acts(&mut self) {
        let who = self.somebody();
        self.count += 1;
        let key = OutgoingKey::new(
            self.wire.now(),
            (u128::from(self.count) << 40).to_be_bytes()[6..]
                .try_into()
                .unwrap(),
        );
        let talk = talk(&*self.store, &who).await;
        let stuck = talk.iter().find(|one| {
            matches!(
                one.state,
                Some(MessageState::Failed | MessageState::Unknown)
            ) && one.resent_as.is_none()
        });
        match (self.dice.u32(..6), stuck.and_then(|one| one.key.clone())) {
            (0, Some(stuck)) => {
                let author = Some(Author::agent("ada"));
                let again =
                    self.inbox
                        .send_again(&who, &stuck, key.clone(), author, self.wire.now());
                if again.await.is_ok() {
                    self.queued.insert((who, key));
                }
            }
            (1, Some(stuck)) => {
                self.inbox.dismiss(&who, &stuck).await.unwrap();
                self.withdrawn.insert((who, stuck));
            }
            _ => {
                let message = OutgoingMessage::text(&who.psid, "Yes, from this spring.").unwrap();
                let reply = Reply::new(key.clone(), message).with_author(Author::agent("ada"));
                match self.inbox.reply(&who.page, reply, self.wire.now()).await {
                    Ok(_) => {
                        self.queued.insert((who, key));
                    }
                    Err(ReplyError::NoSuchCustomer) => {}
                    Err(error) => panic!("seed {}: {error}", self.seed),
                }
            }
        }
    }

    /// A worker does a step, or dies in the middle of it.
    async fn works(&mut self) {
        let dies_after = (self.dice.u32(..4) == 0).then(|| self.dice.usize(..12));
        let worker = WorkerId::new(self.dice.u64(..));
        let inbox = self.inbox.clone();
        let mut step = pin!(inbox.step(self.wire.now(), worker));
        let mut polls = 0;
        std::future::poll_fn(|context| {
            if dies_after == Some(polls) {
                return Poll::Ready(());
            }
            polls += 1;
            step.as_mut().poll(context).map(drop)
        })
        .await;
    }

    async fn run(&mut self) {
        for _ in 0..self.dice.u32(20..120) {
            match self.dice.u32(..10) {
                0 | 1 => self.writes().await,
                2 | 3 => self.delivers(false).await,
                4 => self.agent_acts().await,
                5 => {
                    let seconds = self.dice.u64(..200);
                    self.pass(seconds);
                }
                _ => self.works().await,
            }
        }
        // Everything heals; the workers go on until nothing is left.
        self.meta(|meta| meta.is_faulty = false);
        for _ in 0..400 {
            self.delivers(true).await;
            let step = self.inbox.step(self.wire.now(), WorkerId::new(1)).await;
            match step {
                Ok(Step::Idle(None)) if self.meta(|meta| meta.on_the_way.is_empty()) => return,
                Ok(Step::Idle(_)) => self.pass(30),
                Ok(_) | Err(InboxError::Handler { .. }) => {}
                Err(error) => panic!("seed {}: {error}", self.seed),
            }
        }
        let query = PendingQuery::new(self.wire.now(), [messenger_crm::model::WorkKind::SEND]);
        let pending = self.store.pending(&query).await.unwrap();
        let paused = self.store.page(&ada().page).await.unwrap().pause;
        panic!(
            "seed {}: it never comes to rest: {pending:?} {paused:?}",
            self.seed
        );
    }

    async fn check(&self) {
        let seed = self.seed;
        let arrived = self.meta(|meta| meta.arrived.clone());
        let mut keys: Vec<&String> = arrived.iter().map(|(key, _)| key).collect();
        keys.sort();
        let count = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), count, "seed {seed}: a reply was sent twice");
        let mut shown: BTreeMap<String, Message> = BTreeMap::new();
        for name in PEOPLE {
            let who = contact("1", name);
            let talk = talk(&*self.store, &who).await;
            let mut ids = BTreeSet::new();
            for one in talk {
                assert!(
                    ids.insert(one.id.clone()),
                    "seed {seed}: {one:?} is there twice"
                );
                if let Some(key) = &one.key {
                    shown.insert(key.as_str().to_owned(), one.clone());
                }
            }
            let acknowledged = self.acknowledged.get(&who).cloned().unwrap_or_default();
            assert!(
                ids.is_superset(&acknowledged),
                "seed {seed}: a message is lost"
            );
            let is_of_bot = |one: &&Message| one.author == Some(Author::program("bot"));
            let of_who = shown.values().filter(|one| one.contact == who);
            // One that was sent again has the bot as its author no more.
            let bots = of_who.filter(is_of_bot).count();
            assert!(
                bots <= acknowledged.len(),
                "seed {seed}: the bot replied too often"
            );
            let withdrawn = self.withdrawn.iter().filter(|(of, _)| *of == who).count();
            assert!(
                bots + withdrawn >= acknowledged.len(),
                "seed {seed}: the bot left one out: {bots} and {withdrawn} of {}, {:#?}",
                acknowledged.len(),
                shown.values().collect::<Vec<_>>(),
            );
        }
        for (key, mid) in &arrived {
            let one = shown.get(key);
            let one = one.unwrap_or_else(|| panic!("seed {seed}: {mid} arrived and is not shown"));
            assert_eq!(one.state, Some(MessageState::Sent), "seed {seed}: {one:?}");
        }
        for one in shown.values() {
            let has_arrived = arrived
                .iter()
                .any(|(key, _)| *key == one.key.as_ref().unwrap().as_str());
            match one.state {
                Some(MessageState::Sent | MessageState::Delivered | MessageState::Read) => {
                    assert!(has_arrived, "seed {seed}: {one:?} is shown as sent");
                }
                Some(MessageState::Failed) => {
                    assert!(!has_arrived && one.reason.is_some(), "seed {seed}: {one:?}");
                }
                Some(MessageState::Unknown) => assert!(!has_arrived, "seed {seed}: {one:?}"),
                _ => panic!("seed {seed}: {one:?} was left behind"),
            }
            assert_eq!(one.side, Side::Page);
        }
        for (who, key) in &self.queued {
            let is_gone = self.withdrawn.contains(&(who.clone(), key.clone()));
            assert!(
                is_gone || shown.contains_key(key.as_str()),
                "seed {seed}: a reply is lost"
            );
        }
    }
}

#[tokio::test]
async fn i10_i18_after_any_faults_store_phone_and_queues_agree() {
    let runs: u64 = std::env::var("INBOX_RUNS").map_or(200, |runs| runs.parse().unwrap());
    let first = std::env::var("INBOX_SEED")
        .map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    for run in 0..runs {
        let mut world = World::new(first.wrapping_add(run));
        world.run().await;
        world.check().await;
    }
}
