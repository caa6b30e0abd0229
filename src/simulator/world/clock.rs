//! The time of the simulated world.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A time that runs with the machine's, or stands still; both can be moved forward.
pub(crate) struct Clock {
    /// Start of a time that stands still, in milliseconds since 1970.
    fixed: Option<u64>,
    moved: u64,
    last: u64,
}

impl Clock {
    pub(crate) fn new(fixed: Option<u64>) -> Self {
        Self {
            fixed,
            moved: 0,
            last: 0,
        }
    }

    /// Milliseconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        let base = self.fixed.unwrap_or_else(machine_time);
        base.saturating_add(self.moved).max(self.last)
    }

    /// Time until `millis` when nobody moves the clock. Absent while it stands still.
    pub(crate) fn until(&self, millis: u64) -> Option<Duration> {
        let is_running = self.fixed.is_none();
        is_running.then(|| Duration::from_millis(millis.saturating_sub(self.now())))
    }

    pub(crate) fn advance(&mut self, time: Duration) {
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.moved = self.moved.saturating_add(time);
    }

    /// Returns now, but never the same time twice: watermarks must tell neighbors apart.
    pub(crate) fn tick(&mut self) -> u64 {
        self.last = self.now().max(self.last.saturating_add(1));
        self.last
    }
}

/// The machine's time in milliseconds since 1970.
pub(crate) fn machine_time() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l10_a_fixed_time_moves_by_ticks_and_by_hand_only() {
        let mut clock = Clock::new(Some(1000));
        assert_eq!((clock.tick(), clock.tick()), (1000, 1001));
        clock.advance(Duration::from_secs(60));
        assert_eq!(clock.now(), 61_000);
        assert_eq!(clock.tick(), 61_000);
    }
}
