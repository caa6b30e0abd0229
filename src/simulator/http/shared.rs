//! The world, shared by connections and deliveries.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{mpsc, watch};

use crate::simulator::world::{Notice, World};

/// State that all connections and deliveries share.
pub(crate) struct Shared {
    world: Mutex<World>,
    outbox: mpsc::UnboundedSender<Notice>,
    /// Counts the changes of the world.
    changes: watch::Sender<u64>,
    /// Wakes the deliveries that wait for their next attempt.
    retries: watch::Sender<u64>,
}

impl Shared {
    pub(crate) fn new(world: World) -> (Self, mpsc::UnboundedReceiver<Notice>) {
        let (outbox, notices) = mpsc::unbounded_channel();
        let shared = Self {
            world: Mutex::new(world),
            outbox,
            changes: watch::channel(0).0,
            retries: watch::channel(0).0,
        };
        (shared, notices)
    }

    /// Reads or changes the world, and sends off the notifications that this caused.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        let result = {
            let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
            let result = act(&mut world);
            for notice in world.outbox.drain(..) {
                // The far end is gone only while the simulator stops.
                let _stopping = self.outbox.send(notice);
            }
            result
        };
        self.changes.send_modify(|count| *count += 1);
        result
    }

    /// Looks at the world without changing it.
    pub(crate) fn look<R>(&self, at: impl FnOnce(&World) -> R) -> R {
        at(&self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Receives a value whenever the world may have changed.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(crate) fn retries(&self) -> watch::Receiver<u64> {
        self.retries.subscribe()
    }

    /// Tries every waiting delivery again at once.
    pub(crate) fn retry_now(&self) {
        self.retries.send_modify(|count| *count += 1);
    }
}
