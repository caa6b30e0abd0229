//! What the CRM has answered with 200 is there once, whenever it is killed or told to end.
//!
//! `CRASH_KILLS` says how often it is killed (30 times without it), `CRASH_SEED` repeats a run's
//! choices. Five hundred, in some minutes:
//!
//! ```sh
//! CRASH_KILLS=500 cargo test --features full --test it crash::i2 -- --nocapture
//! ```

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::util::{self, Crm, Folder, SOON, Webhook, encoded};

const TASKS: u64 = 32;
const CUSTOMERS: u64 = 8;

/// One POST, the same bytes each time it is sent.
#[derive(Clone)]
struct Delivery {
    body: Vec<u8>,
    texts: Vec<String>,
}

/// What was sent and what was promised, kept outside of the process that dies.
#[derive(Default)]
struct Ledger {
    /// Each text that ever left, and who wrote it.
    posted: BTreeMap<String, String>,
    acknowledged: BTreeSet<String>,
    /// Sent without an answer of 200, or to be sent twice on purpose.
    again: Vec<Delivery>,
    /// The first delivery that was acknowledged.
    first: Option<Delivery>,
    answers: usize,
    repeats: usize,
    unanswered: usize,
}

/// What all tasks of all rounds share.
struct Meta {
    webhook: Webhook,
    url: String,
    http: reqwest::Client,
    ledger: Mutex<Ledger>,
    dying: AtomicBool,
}

impl Meta {
    /// Posts until the CRM ends.
    async fn post_on(&self, mut dice: Dice, name: String) {
        for number in 0_u64.. {
            if self.dying.load(Ordering::SeqCst) {
                return;
            }
            let delivery = self.next(&mut dice, &format!("{name}, delivery {number}"));
            self.post(delivery, &mut dice).await;
        }
    }

    /// Something new, or what has not been acknowledged yet.
    fn next(&self, dice: &mut Dice, name: &str) -> Delivery {
        let mut ledger = self.ledger.lock().unwrap();
        if dice.below(2) == 0
            && let Some(delivery) = ledger.again.pop()
        {
            ledger.repeats += 1;
            return delivery;
        }
        let mut delivery = Delivery {
            body: Vec::new(),
            texts: Vec::new(),
        };
        let mut items = Vec::new();
        for number in 0..=dice.below(3) {
            let psid = format!("900000000000000{}", dice.below(CUSTOMERS));
            let text = format!("{name}, message {number}");
            let mid = format!("m_{}", text.replace([' ', ','], "_"));
            items.push(util::message(&self.webhook.page, &psid, &mid, &text));
            ledger.posted.insert(text.clone(), psid);
            delivery.texts.push(text);
        }
        delivery.body = util::notification(&self.webhook.page, &items);
        delivery
    }

    async fn post(&self, delivery: Delivery, dice: &mut Dice) {
        let signature = util::signed(&self.webhook.secret, &delivery.body);
        let request = self.http.post(&self.url).body(delivery.body.clone());
        let request = request
            .header("content-type", "application/json")
            .header("x-hub-signature-256", signature);
        let status = request.send().await.map(|answer| answer.status().as_u16());
        match status {
            Ok(200) => {
                let mut ledger = self.ledger.lock().unwrap();
                ledger.answers += 1;
                ledger.acknowledged.extend(delivery.texts.iter().cloned());
                ledger.first.get_or_insert_with(|| delivery.clone());
                if dice.below(8) == 0 {
                    ledger.again.push(delivery);
                }
            }
            // Not now: Meta would come again.
            Ok(503) => self.ledger.lock().unwrap().again.push(delivery),
            Ok(status) => panic!("{status} for a signed delivery"),
            Err(_) => {
                {
                    let mut ledger = self.ledger.lock().unwrap();
                    ledger.unanswered += 1;
                    ledger.again.push(delivery);
                }
                sleep(Duration::from_millis(5)).await;
            }
        }
    }

    fn answers(&self) -> usize {
        self.ledger.lock().unwrap().answers
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_kill_9_under_32_concurrent_posts_loses_and_doubles_nothing() {
    let kills = from_environment("CRASH_KILLS").unwrap_or(30);
    storm(kills, 350, async |crm| crm.kill()).await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i17_fifty_restarts_under_32_concurrent_posts_lose_and_double_nothing() {
    storm(50, 50, async |crm| {
        let told = std::process::Command::new("kill")
            .args(["-TERM", &crm.id().to_string()])
            .status();
        assert!(told.unwrap().success());
        let status = crm.ended(SOON).await.expect("it goes on and on");
        assert!(status.success(), "{status}");
    })
    .await;
}

/// Ends the CRM so often, each time after some moments of at most so many milliseconds, and starts
/// it again, while others post.
async fn storm(ends: u64, longest: u64, mut end: impl AsyncFnMut(&mut Crm)) {
    let seed = from_environment("CRASH_SEED").unwrap_or_else(util::now);
    println!("CRASH_SEED={seed} CRASH_KILLS={ends}");
    let mut dice = Dice::new(seed);

    let folder = Folder::new();
    let simulator = util::simulator().await;
    let mut crm = Crm::start(&folder, &simulator).await;
    let address = crm.address.clone();
    let webhook = crm.connect(&simulator).await;
    let http = reqwest::Client::builder().no_proxy().timeout(SOON);
    let meta = Arc::new(Meta {
        url: format!("http://{address}{}", webhook.path),
        webhook,
        http: http.build().unwrap(),
        ledger: Mutex::default(),
        dying: AtomicBool::new(false),
    });

    for round in 1..=ends {
        let before = meta.answers();
        meta.dying.store(false, Ordering::SeqCst);
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let (meta, dice) = (meta.clone(), Dice::new(dice.next()));
            let name = format!("round {round}, task {task}");
            tasks.spawn(async move { meta.post_on(dice, name).await });
        }
        // An end before the first answer would show nothing.
        let begun = Instant::now();
        while meta.answers() == before {
            assert!(begun.elapsed() < SOON, "round {round}: no POST got 200");
            sleep(Duration::from_millis(1)).await;
        }
        let life = Duration::from_millis(50 + dice.below(longest + 1));
        sleep(life).await;
        meta.dying.store(true, Ordering::SeqCst);
        end(&mut crm).await;
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        crm = Crm::again(&folder, &simulator, &address).await;
        let ledger = meta.ledger.lock().unwrap();
        println!(
            "round {round}: ended after {life:?}, {} deliveries acknowledged",
            ledger.answers - before
        );
    }

    // Meta comes again with some of what it got no answer to, and with what it got one to.
    let (again, first) = {
        let mut ledger = meta.ledger.lock().unwrap();
        (std::mem::take(&mut ledger.again), ledger.first.take())
    };
    for delivery in again {
        if dice.below(2) == 0 {
            meta.post(delivery, &mut dice).await;
        }
    }
    let first = first.unwrap();
    meta.webhook.deliver(&crm, &first.body).await.expect(200);

    let stored = everything(&crm, &meta.webhook.page).await;
    {
        let ledger = meta.ledger.lock().unwrap();
        check(&ledger, &stored);
        println!(
            "{ends} ends: {} deliveries and {} messages acknowledged, {} posted, {} stored, {} sent again, {} without an answer",
            ledger.answers,
            ledger.acknowledged.len(),
            ledger.posted.len(),
            stored.len(),
            ledger.repeats,
            ledger.unanswered,
        );
    }
    drop(crm);
    sound(&folder);
}

/// One message as the API shows it.
struct Stored {
    psid: String,
    id: String,
    text: String,
}

/// All messages of all customers, from page to page.
async fn everything(crm: &Crm, page: &str) -> Vec<Stored> {
    let mut stored = Vec::new();
    let mut customers = BTreeSet::new();
    let mut after = String::new();
    loop {
        let answer = crm
            .get(&format!("/api/customers?page={page}{after}"))
            .await
            .expect(200)
            .json();
        for customer in answer["customers"].as_array().unwrap() {
            let psid = string(&customer["psid"]);
            assert!(customers.insert(psid.clone()), "{psid} is listed twice");
        }
        match &answer["next"] {
            Value::Null => {
                assert_eq!(answer["total"], customers.len());
                break;
            }
            cursor => after = format!("&after={}", encoded(&string(cursor))),
        }
    }
    for psid in customers {
        let mut before = String::new();
        let mut cursors = BTreeSet::new();
        loop {
            let path = format!("/api/messages?page={page}&psid={psid}{before}");
            let answer = crm.get(&path).await.expect(200).json();
            for message in answer["messages"].as_array().unwrap() {
                stored.push(Stored {
                    psid: psid.clone(),
                    id: string(&message["id"]),
                    text: string(&message["text"]),
                });
            }
            if answer["earlier"].is_null() {
                break;
            }
            let cursor = string(&answer["earlier"]);
            before = format!("&before={}", encoded(&cursor));
            assert!(cursors.insert(cursor), "the listing goes in a circle");
        }
    }
    stored
}

#[track_caller]
fn check(ledger: &Ledger, stored: &[Stored]) {
    let mut texts = BTreeSet::new();
    let mut ids = BTreeSet::new();
    let (mut twice, mut strange) = (Vec::new(), Vec::new());
    for Stored { psid, id, text } in stored {
        if !texts.insert(text) || !ids.insert((psid, id)) {
            twice.push(text);
        }
        if ledger.posted.get(text) != Some(psid) {
            strange.push((psid, text));
        }
    }
    let lost: Vec<_> = ledger
        .acknowledged
        .iter()
        .filter(|text| !texts.contains(text))
        .collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    assert!(twice.is_empty(), "stored twice: {twice:?}");
    assert!(
        strange.is_empty(),
        "never posted, or by another customer: {strange:?}"
    );
}

#[track_caller]
fn sound(folder: &Folder) {
    let database = rusqlite::Connection::open(folder.database()).unwrap();
    let answer: String = database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(answer, "ok");
}

#[track_caller]
fn string(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

#[track_caller]
fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect(name))
}

/// Chance that can be had again: xorshift64.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        // Zero would stay zero.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 33) % end
    }
}
