//! Waiting for a commit, without a runtime and without a timer of the host.

use std::{
    future::poll_fn,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use super::{Changed, StoreError};
use crate::model::Revision;

/// How soon the commits of another process are noticed.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Rings whenever something was committed. A clone is the same bell.
#[derive(Clone, Debug, Default)]
pub(super) struct Bell(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    earlier: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// How often it has rung.
    rung: u64,
    waiting: Vec<(Instant, Waker)>,
    /// Whether there is a thread that wakes those whose time is over.
    is_timed: bool,
}

impl Bell {
    /// How often it has rung: look before reading what may change.
    fn rung(&self) -> u64 {
        self.lock().rung
    }

    /// Wakes all who wait.
    pub(super) fn ring(&self) {
        let mut state = self.lock();
        state.rung = state.rung.wrapping_add(1);
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        for (_, waker) in waiting {
            waker.wake();
        }
    }

    /// Reads what has changed after a revision until there is something, or until `wait` is over: when
    /// it rings, and four times a second, because another process rings no bell here.
    pub(super) async fn until_changed<F: Future<Output = Result<Changed, StoreError>>>(
        &self,
        since: Revision,
        wait: Duration,
        read: impl Fn() -> F,
    ) -> Result<Changed, StoreError> {
        let now = Instant::now();
        let until = now.checked_add(wait).unwrap_or(now);
        loop {
            let rung = self.rung();
            let changed = read().await?;
            let now = Instant::now();
            if changed.revision != since || now >= until {
                return Ok(changed);
            }
            let next = now.checked_add(LOOK_AGAIN).unwrap_or(now);
            let waited = self.wait(rung, until.min(next)).await;
            waited.map_err(|error| StoreError::Unavailable(error.into()))?;
        }
    }

    /// Waits until it rings for another time than that, or the time is over.
    ///
    /// # Errors
    ///
    /// When there can be no thread to watch the time.
    async fn wait(&self, rung: u64, until: Instant) -> io::Result<()> {
        poll_fn(|context| {
            let mut state = self.lock();
            if state.rung != rung || Instant::now() >= until {
                return Poll::Ready(Ok(()));
            }
            state.waiting.push((until, context.waker().clone()));
            if !state.is_timed {
                let shared = Arc::clone(&self.0);
                let watch = thread::Builder::new().name("store-bell".into());
                if let Err(error) = watch.spawn(move || shared.watch()) {
                    return Poll::Ready(Err(error));
                }
                state.is_timed = true;
            }
            self.0.earlier.notify_one();
            Poll::Pending
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes those whose time is over, until nobody waits.
    fn watch(&self) {
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let over = state.waiting.extract_if(.., |(until, _)| *until <= now);
            let over: Vec<Waker> = over.map(|(_, waker)| waker).collect();
            if !over.is_empty() {
                drop(state);
                over.into_iter().for_each(Waker::wake);
                state = self.lock();
                continue;
            }
            let Some(next) = state.waiting.iter().map(|(until, _)| *until).min() else {
                state.is_timed = false;
                return;
            };
            let pause = next.saturating_duration_since(now);
            let waited = self.earlier.wait_timeout(state, pause);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}
