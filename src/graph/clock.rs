//! Time and chance, which the core has not.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use crate::time::Timestamp;

/// Time and chance, for whoever repeats a call or slows down.
///
/// One is `TokioClock` (feature `client`); a test brings one that never really waits.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// What the wall clock shows.
    fn now(&self) -> Timestamp;

    /// How long it is since some fixed moment; it never goes back.
    fn elapsed(&self) -> Duration;

    /// A number from 0 up to 1, another one each time.
    fn random(&self) -> f64;

    /// Waits.
    async fn sleep(&self, duration: Duration);
}

/// The clock of a program that runs on tokio.
#[cfg(feature = "client")]
#[derive(Clone, Copy, Debug)]
pub struct TokioClock(tokio::time::Instant);

#[cfg(feature = "client")]
impl TokioClock {
    /// A clock that starts now.
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
        // Each `RandomState` has another key, and jitter needs no more chance than that.
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
    fn chance_is_from_0_up_to_1_and_not_always_the_same() {
        let clock = TokioClock::new();
        let drawn: Vec<f64> = (0..100).map(|_| clock.random()).collect();
        assert!(drawn.iter().all(|number| (0.0..1.0).contains(number)));
        assert!(drawn.iter().any(|number| *number != drawn[0]));
    }
}
