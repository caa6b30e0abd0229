//! Health of the inbox: its queues.

use std::time::Duration;

use super::{Inbox, observe, work};
use crate::{
    model::WorkKind,
    store::{PendingQuery, StoreError},
    time::Timestamp,
};

/// Most pieces of work that are counted of a kind.
const MAX_DEPTH: u32 = 1000;

/// Health of the inbox.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct InboxHealth {
    /// The queues, one for each kind of work.
    pub queues: Vec<QueueHealth>,
}

/// State of one kind of work.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct QueueHealth {
    /// Kind of the work.
    pub kind: WorkKind,
    /// Pieces that are due, up to a thousand: of each conversation its next reply, and of each handler
    /// its next message there. Paused Pages count nothing.
    pub depth: u32,
    /// How long the oldest has been due. Replies that were never tried count as due since the
    /// beginning, so it is zero for them.
    pub oldest: Duration,
}

impl Inbox {
    /// Returns how much work is due, and sets the gauges of [`observe`].
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot answer.
    pub async fn health(&self, now: Timestamp) -> Result<InboxHealth, StoreError> {
        let mut queues = Vec::new();
        for kind in work::kinds(self) {
            let query = PendingQuery::new(now, [kind.clone()]).with_limit(MAX_DEPTH);
            let depth = self.store.pending(&query).await?.len();
            let due = self.store.next_due(&query).await?;
            let oldest = due
                .filter(|due| *due > Timestamp::default())
                .and_then(|due| u64::try_from(now.as_millis() - due.as_millis()).ok())
                .map_or(Duration::ZERO, Duration::from_millis);
            let depth = u32::try_from(depth).unwrap_or(u32::MAX);
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
