//! Clock and jitter source, injected so that the core stays pure.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;

use crate::time::Timestamp;

/// Clock and jitter source of the client.
///
/// This crate has `TokioClock` (feature `client`), and [`ScriptedClock`](super::ScriptedClock) for
/// tests.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the current time of day.
    fn now(&self) -> Timestamp;

    /// Returns the time since a fixed moment, such as the start of the program. It never decreases.
    fn elapsed(&self) -> Duration;

    /// Returns a random number in `0.0..1.0`, for jitter.
    fn random(&self) -> f64;

    /// Waits for `duration`.
    async fn sleep(&self, duration: Duration);
}

/// Waits for a future, at most for so long; `None` when it is not ready by then. A future that is ready
/// at once needs no timer.
pub(crate) async fn within<F: Future>(
    clock: &dyn Clock,
    limit: Duration,
    future: F,
) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut sleep = None;
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Some(output));
        }
        let sleep = sleep.get_or_insert_with(|| clock.sleep(limit));
        sleep.as_mut().poll(context).map(|()| None)
    })
    .await
}

/// Clock of a program that runs on tokio.
#[cfg(feature = "client")]
#[derive(Clone, Copy, Debug)]
pub struct TokioClock(tokio::time::Instant);

#[cfg(feature = "client")]
impl TokioClock {
    /// Creates a clock that starts now.
    #[expect(clippy::new_without_default, reason = "it reads the time")]
    pub fn new() -> Self {
        Self(tokio::time::Instant::now())
    }
}

#[cfg(feature = "client")]
#[async_trait]
impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        std::time::SystemTime::now().into()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn random(&self) -> f64 {
        use std::hash::{BuildHasher, RandomState};
        // Each `RandomState` has another key, which is random enough for jitter.
        let bits = RandomState::new().hash_one(0) >> 11;
        bits as f64 / (1_u64 << 53) as f64
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}

#[cfg(all(test, feature = "client"))]
mod tests {
    use super::*;

    #[test]
    fn random_numbers_differ_and_are_below_1() {
        let clock = TokioClock::new();
        let drawn: Vec<f64> = (0..100).map(|_| clock.random()).collect();
        assert!(drawn.iter().all(|number| (0.0..1.0).contains(number)));
        assert!(drawn.iter().any(|number| *number != drawn[0]));
    }
}
