//! The world, shared by connections and deliveries.

use std::sync::{Mutex, PoisonError};

use tokio::sync::{mpsc, watch};

use crate::simulator::platform::delivery;
use crate::simulator::world::World;
use crate::simulator::world::delivery::Delivery;

/// State that all connections and deliveries share.
pub(crate) struct Shared {
    world: Mutex<World>,
    ready: mpsc::UnboundedSender<Delivery>,
    /// Counts the changes of the world.
    changes: watch::Sender<u64>,
}

impl Shared {
    pub(crate) fn new(world: World) -> (Self, mpsc::UnboundedReceiver<Delivery>) {
        let (ready, deliveries) = mpsc::unbounded_channel();
        let shared = Self {
            world: Mutex::new(world),
            ready,
            changes: watch::channel(0).0,
        };
        (shared, deliveries)
    }

    /// Reads or changes the world, and sends off the webhooks that are due after it.
    pub(crate) fn with<R>(&self, act: impl FnOnce(&mut World) -> R) -> R {
        let result = {
            let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
            let result = act(&mut world);
            delivery::release(&mut world);
            for delivery in world.deliveries.ready.drain(..) {
                // The far end is gone only while the simulator stops.
                let _stopping = self.ready.send(delivery);
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
}
