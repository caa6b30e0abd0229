//! Meta's part: what was sent, what was promised, and what comes again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::time::sleep;

use super::host::{Host, PAGE, SECRET};
use crate::util::{self, SOON};

const CUSTOMERS: u64 = 8;

/// One POST, the same bytes each time it is sent.
#[derive(Clone)]
pub(super) struct Delivery {
    pub(super) body: Vec<u8>,
    pub(super) texts: Vec<String>,
}

/// What was sent and what was promised, kept outside of the process that dies.
#[derive(Default)]
pub(super) struct Ledger {
    /// Each text that ever left, and who wrote it.
    pub(super) posted: BTreeMap<String, String>,
    pub(super) acknowledged: BTreeSet<String>,
    /// Sent without an answer of 200, or to be sent twice on purpose.
    pub(super) again: Vec<Delivery>,
    /// The first delivery that was acknowledged.
    pub(super) first: Option<Delivery>,
    pub(super) answers: usize,
    pub(super) repeats: usize,
    pub(super) unanswered: usize,
}

/// What all tasks of all rounds share.
pub(super) struct Meta {
    pub(super) url: String,
    pub(super) http: reqwest::Client,
    pub(super) ledger: Mutex<Ledger>,
    pub(super) dying: AtomicBool,
}

impl Meta {
    pub(super) fn of(host: &Host) -> Self {
        let http = reqwest::Client::builder().no_proxy().timeout(SOON);
        Self {
            url: format!("http://{}/", host.address),
            http: http.build().unwrap(),
            ledger: Mutex::default(),
            dying: AtomicBool::new(false),
        }
    }

    /// Posts until the host ends.
    pub(super) async fn post_on(&self, mut dice: Dice, name: String) {
        for number in 0_u64.. {
            if self.dying.load(Ordering::SeqCst) {
                return;
            }
            let delivery = self.next(&mut dice, &format!("{name}, delivery {number}"));
            self.post(delivery, &mut dice).await;
        }
    }

    /// Something new, or what has not been acknowledged yet.
    pub(super) fn next(&self, dice: &mut Dice, name: &str) -> Delivery {
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
            items.push(util::message(PAGE, &psid, &mid, &text));
            ledger.posted.insert(text.clone(), psid);
            delivery.texts.push(text);
        }
        delivery.body = util::notification(PAGE, &items);
        delivery
    }

    pub(super) async fn post(&self, delivery: Delivery, dice: &mut Dice) {
        let signature = util::signed(SECRET, &delivery.body);
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

    pub(super) fn answers(&self) -> usize {
        self.ledger.lock().unwrap().answers
    }
}

#[track_caller]
pub(super) fn from_environment(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().expect(name))
}

/// Chance that can be had again: xorshift64.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        // Zero would stay zero.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 33) % end
    }
}
