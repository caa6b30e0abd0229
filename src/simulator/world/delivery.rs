//! Webhooks that wait for their delivery, and how they are delivered.

use std::time::Duration;

use super::names::Names;

/// How webhooks are delivered. By default each once, in order, at once, rightly signed.
///
/// A [`Sender`](crate::simulator::script::Sender) posts given bodies so. A running simulator delivers
/// its webhooks so after
/// [`Simulator::set_delivery`](crate::simulator::Simulator::set_delivery).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DeliveryOptions {
    /// How often each body is posted. 1 by default; 100 at most by a running simulator.
    pub copies: u32,
    /// Whether the order is changed. The order depends only on `seed`.
    pub shuffle: bool,
    /// Seed of the changed order.
    pub seed: u64,
    /// How many entries are put into one body at most. 1, the default, leaves the bodies as they are.
    pub batch: usize,
    /// Pause before each body. In a running simulator the simulated time from an event to its
    /// webhook.
    pub delay: Duration,
    /// Whether the signature is wrong.
    pub bad_signature: bool,
    /// Whether the legacy `X-Hub-Signature` header is sent, too.
    pub with_sha1: bool,
}

impl Default for DeliveryOptions {
    fn default() -> Self {
        Self {
            copies: 1,
            shuffle: false,
            seed: 0,
            batch: 1,
            delay: Duration::ZERO,
            bad_signature: false,
            with_sha1: false,
        }
    }
}

impl DeliveryOptions {
    /// Whether webhooks are collected first, so that they can be joined or change places.
    pub(crate) fn collects(&self) -> bool {
        self.shuffle || self.batch > 1
    }

    /// Source of the changed order.
    pub(crate) fn order(&self) -> Names {
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.seed.to_be_bytes());
        Names::new(seed)
    }
}

/// Changes the order of a list; the same names give the same order.
pub(crate) fn shuffle<T>(list: &mut [T], order: &mut Names) {
    list.sort_by_cached_key(|_| order.bytes("order"));
}

/// An entry of a webhook: one event for one app.
pub(crate) struct Notice {
    pub(crate) page: String,
    /// Person it is about; empty for an event of the Page.
    pub(crate) psid: String,
    /// JSON of the entry.
    pub(crate) entry: Vec<u8>,
    /// Message that it is about. The 200 marks it as acknowledged.
    pub(crate) mid: Option<String>,
}

/// A webhook on its way to an app: one notice, or several in a batch.
pub(crate) struct Delivery {
    pub(crate) app: String,
    pub(crate) notices: Vec<Notice>,
    /// Simulated time before which it is not posted, in milliseconds since 1970.
    pub(crate) due: u64,
    /// Whether it waits for others, to be joined with them or to change places.
    pub(crate) is_collected: bool,
    /// How often it was posted in vain.
    pub(crate) failures: u32,
    /// Time of the first failure, in milliseconds since 1970.
    pub(crate) failing_since: Option<u64>,
}

/// The webhooks that wait, and how they are delivered.
pub(crate) struct Deliveries {
    pub(crate) options: DeliveryOptions,
    /// Source of the changed order.
    pub(crate) order: Names,
    /// Divides the pauses between two attempts.
    pub(crate) repeat_speed: u32,
    /// Not yet due, oldest first.
    pub(crate) waiting: Vec<Delivery>,
    /// Due, and not yet under way.
    pub(crate) ready: Vec<Delivery>,
    /// Number of notices without their 200.
    pub(crate) pending: usize,
    pub(crate) last_failure: Option<(u64, String)>,
}

impl Default for Deliveries {
    fn default() -> Self {
        let options = DeliveryOptions::default();
        Self {
            order: options.order(),
            options,
            repeat_speed: 1,
            waiting: Vec::new(),
            ready: Vec::new(),
            pending: 0,
            last_failure: None,
        }
    }
}

impl Deliveries {
    /// Time at which the next waiting webhook is due. Absent when none waits.
    pub(crate) fn next_due(&self) -> Option<u64> {
        self.waiting.iter().map(|delivery| delivery.due).min()
    }

    /// Whether a webhook was sent off and is not yet answered.
    pub(crate) fn are_under_way(&self) -> bool {
        let waiting = self.waiting.iter().map(|delivery| delivery.notices.len());
        waiting.sum::<usize>() < self.pending
    }
}
