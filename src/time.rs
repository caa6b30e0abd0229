//! When: milliseconds since 1970.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A moment, in milliseconds since 1970-01-01 00:00 UTC.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A moment from milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// A moment from a number as Meta writes it: seconds below 10¹², milliseconds from there on.
    pub const fn from_meta(number: i64) -> Self {
        if number.unsigned_abs() < 1_000_000_000_000 {
            Self(number.saturating_mul(1000))
        } else {
            Self(number)
        }
    }

    /// The number from which [`from_meta`](Self::from_meta) makes this moment.
    pub(crate) const fn to_meta(self) -> i64 {
        if self.0.unsigned_abs() < 1_000_000_000_000 {
            self.0 / 1000
        } else {
            self.0
        }
    }

    /// Milliseconds since 1970.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// This much later, or the last moment there is.
    pub fn plus(self, duration: Duration) -> Self {
        Self(
            self.0
                .saturating_add(i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)),
        )
    }

    /// How long after `earlier` this is; nothing when it is before.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0).try_into().unwrap_or(0))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_numbers_are_seconds() {
        assert_eq!(
            Timestamp::from_meta(1_527_459_824).as_millis(),
            1_527_459_824_000
        );
        assert_eq!(
            Timestamp::from_meta(1_458_692_752_478).as_millis(),
            1_458_692_752_478
        );
        assert_eq!(Timestamp::from_meta(i64::MIN).as_millis(), i64::MIN);
    }
}
