//! Health of the inbox: its queues.

use std::time::Duration;

use super::{Inbox, observe, work};
use crate::{
    model::WorkKind,
    store::{Pending, PendingQuery, StoreError},
    time::Timestamp,
};

/// Most pieces of work that are counted of a kind.
const MAX_DEPTH: u32 = 1000;

/// Health of the inbox.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
/// # fn main() { in_a_shop(async |inbox, _ada, now| {
/// let health = inbox.health(now).await?;
/// assert!(health.queues.iter().all(|queue| queue.oldest < Duration::from_secs(60)));
/// # Ok(())
/// # }) }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct InboxHealth {
    /// The queues, one for each kind of work.
    pub queues: Vec<QueueHealth>,
}

/// State of one kind of work.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
/// # fn main() { in_a_shop(async |inbox, _ada, now| {
/// for queue in inbox.health(now).await?.queues {
///     println!("{}: {} due, the oldest for {:?}", queue.kind.as_str(), queue.depth, queue.oldest);
/// }
/// # Ok(())
/// # }) }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct QueueHealth {
    /// Kind of the work.
    pub kind: WorkKind,
    /// Pieces that are due, up to a thousand: of each conversation its next reply, and of each handler
    /// its next message there. Paused Pages count nothing.
    pub depth: u32,
    /// Age of the oldest of them: time since a reply was queued, since the message of a handler, or
    /// since other work was due. Zero for work that is due at once and has no time.
    pub oldest: Duration,
}

/// Since when a piece of work waits.
fn since(pending: &Pending) -> Option<Timestamp> {
    match pending {
        Pending::Send { key, .. } | Pending::Lapsed { key, .. } => Some(key.born()),
        Pending::Item { at, .. } => Some(*at),
        _ => None,
    }
}

impl Inbox {
    /// Returns how much work is due, and sets the gauges of [`observe`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot answer.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, _ada, now| {
    /// let health = inbox.health(now).await?;
    /// // The profile of the customer who wrote.
    /// assert_eq!(health.queues.iter().map(|queue| queue.depth).sum::<u32>(), 1);
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn health(&self, now: Timestamp) -> Result<InboxHealth, StoreError> {
        let mut queues = Vec::new();
        for kind in work::kinds(self) {
            let query = PendingQuery::new(now, [kind.clone()]).with_limit(MAX_DEPTH);
            let pending = self.store.pending(&query).await?;
            let oldest = pending.iter().filter_map(since).min();
            let oldest = oldest.map_or(Duration::ZERO, |since| now - since);
            let depth = u32::try_from(pending.len()).unwrap_or(u32::MAX);
            observe::queue(kind.as_str(), depth, oldest);
            queues.push(QueueHealth {
                kind,
                depth,
                oldest,
            });
        }
        Ok(InboxHealth { queues })
    }
}
