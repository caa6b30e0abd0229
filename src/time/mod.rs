//! Points in time.
//!
//! Meta writes times as milliseconds since 1970, in some places as seconds since 1970 or as text.
//! [`Timestamp`] stores milliseconds, prints and parses RFC 3339, and saturates on overflow. Nothing
//! in this crate's pure modules reads the clock: you pass the current time,
//! `Timestamp::from(SystemTime::now())`.

mod rfc3339;

use std::{
    fmt,
    ops::{Add, AddAssign, Sub, SubAssign},
    str::FromStr,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

pub use self::rfc3339::InvalidTimestamp;

/// A point in time in milliseconds since 1970-01-01 00:00 UTC, without leap seconds.
///
/// Serialized as a number of milliseconds. `Display` and `FromStr` use RFC 3339. Addition and
/// subtraction saturate at [`MIN`](Self::MIN) and [`MAX`](Self::MAX).
///
/// # Examples
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use messenger_crm::time::Timestamp;
///
/// let at = Timestamp::from_millis(1_700_000_000_123);
/// assert_eq!(at.to_string(), "2023-11-14T22:13:20.123Z");
/// assert_eq!("2023-11-14T23:13:20.123+01:00".parse(), Ok(at));
/// assert_eq!(serde_json::to_string(&at)?, "1700000000123");
///
/// let day = Duration::from_secs(24 * 3600);
/// assert_eq!((at + day) - at, day);
/// assert_eq!(at - (at + day), Duration::ZERO);
///
/// assert!(Timestamp::from(SystemTime::now()) > at);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// Error returned when a [`Timestamp`] lies outside the range of this platform's `SystemTime`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the timestamp of {millis} ms since 1970 is outside the range of SystemTime")]
#[non_exhaustive]
pub struct OutOfRange {
    /// The timestamp, in milliseconds since 1970.
    pub millis: i64,
}

impl Timestamp {
    /// The earliest timestamp.
    pub const MIN: Self = Self(i64::MIN);
    /// 1970-01-01 00:00 UTC, which is also the default.
    pub const UNIX_EPOCH: Self = Self(0);
    /// The latest timestamp.
    pub const MAX: Self = Self(i64::MAX);

    /// Creates a timestamp from milliseconds since 1970.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Creates a timestamp from seconds since 1970, saturating.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Creates a timestamp from a number in one of Meta's units: seconds if its absolute value is
    /// below 10¹², else milliseconds.
    pub const fn from_meta(number: i64) -> Self {
        if number.unsigned_abs() < 1_000_000_000_000 {
            Self::from_secs(number)
        } else {
            Self(number)
        }
    }

    /// The number from which [`from_meta`](Self::from_meta) creates this timestamp.
    pub(crate) const fn to_meta(self) -> i64 {
        if self.0.unsigned_abs() < 1_000_000_000_000 {
            self.0 / 1000
        } else {
            self.0
        }
    }

    /// Returns the milliseconds since 1970.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Returns the whole seconds since 1970, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Adds a duration. `None` on overflow. Parts below one millisecond are dropped.
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        let millis = u64::try_from(duration.as_millis()).ok()?;
        self.0.checked_add_unsigned(millis).map(Self)
    }

    /// Subtracts a duration. `None` on overflow. Parts below one millisecond are dropped.
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        let millis = u64::try_from(duration.as_millis()).ok()?;
        self.0.checked_sub_unsigned(millis).map(Self)
    }

    /// Adds a duration, saturating at [`MAX`](Self::MAX), as `+` does.
    pub fn saturating_add(self, duration: Duration) -> Self {
        self.checked_add(duration).unwrap_or(Self::MAX)
    }

    /// Subtracts a duration, saturating at [`MIN`](Self::MIN), as `-` does.
    pub fn saturating_sub(self, duration: Duration) -> Self {
        self.checked_sub(duration).unwrap_or(Self::MIN)
    }

    /// Returns the time from `earlier` to this timestamp, or zero if `earlier` is later.
    pub fn duration_since(self, earlier: Self) -> Duration {
        if self < earlier {
            return Duration::ZERO;
        }
        Duration::from_millis(self.0.abs_diff(earlier.0))
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.saturating_add(duration)
    }
}

impl AddAssign<Duration> for Timestamp {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        self.saturating_sub(duration)
    }
}

impl SubAssign<Duration> for Timestamp {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub for Timestamp {
    type Output = Duration;

    /// [`duration_since`](Self::duration_since): zero if `earlier` is later.
    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}

impl From<SystemTime> for Timestamp {
    /// Rounds down to the millisecond and saturates.
    fn from(time: SystemTime) -> Self {
        match time.duration_since(UNIX_EPOCH) {
            Ok(since) => Self::UNIX_EPOCH + since,
            Err(error) => {
                let before = error.duration();
                let is_whole = before.subsec_nanos() % 1_000_000 == 0;
                let step = Duration::from_millis(u64::from(!is_whole));
                Self::UNIX_EPOCH - before - step
            }
        }
    }
}

impl TryFrom<Timestamp> for SystemTime {
    type Error = OutOfRange;

    fn try_from(at: Timestamp) -> Result<Self, OutOfRange> {
        let distance = Duration::from_millis(at.0.unsigned_abs());
        let time = if at.0 < 0 {
            UNIX_EPOCH.checked_sub(distance)
        } else {
            UNIX_EPOCH.checked_add(distance)
        };
        time.ok_or(OutOfRange { millis: at.0 })
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with milliseconds. Years before 0 and after 9999 have a sign (ISO 8601).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        rfc3339::write(self.0, f)
    }
}

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    /// Parses RFC 3339, also with an offset without colon as Meta writes it (`+0000`). Digits below
    /// one millisecond are dropped.
    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        rfc3339::parse(text).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGES: [i64; 9] = [
        i64::MIN,
        i64::MIN + 1,
        -1001,
        -1,
        0,
        1,
        999,
        i64::MAX - 1,
        i64::MAX,
    ];

    #[test]
    fn numbers_below_10_to_the_12_are_seconds() {
        for (number, millis) in [
            (1_527_459_824, 1_527_459_824_000),
            (1_458_692_752_478, 1_458_692_752_478),
            (999_999_999_999, 999_999_999_999_000),
            (1_000_000_000_000, 1_000_000_000_000),
            (i64::MIN, i64::MIN),
        ] {
            assert_eq!(Timestamp::from_meta(number).as_millis(), millis);
        }
    }

    #[test]
    fn seconds_are_rounded_down() {
        for (millis, secs) in [(-1001, -2), (-1000, -1), (-1, -1), (0, 0), (1999, 1)] {
            assert_eq!(Timestamp::from_millis(millis).as_secs(), secs);
        }
        assert_eq!(Timestamp::from_secs(-2).as_millis(), -2000);
        assert_eq!(Timestamp::from_secs(i64::MAX), Timestamp::MAX);
    }

    #[test]
    fn arithmetic_saturates_and_never_panics() {
        let longest = Duration::MAX;
        for millis in EDGES {
            let at = Timestamp::from_millis(millis);
            assert_eq!(at + longest, Timestamp::MAX);
            assert_eq!(at - longest, Timestamp::MIN);
            assert_eq!(at.checked_add(longest), None);
            assert_eq!(at.checked_sub(longest), None);
            assert_eq!(at + Duration::ZERO, at);
        }
        let whole = Timestamp::MAX - Timestamp::MIN;
        assert_eq!(whole, Duration::from_millis(u64::MAX));
        assert_eq!(Timestamp::MIN + whole, Timestamp::MAX);
        assert_eq!(Timestamp::MIN - Timestamp::MAX, Duration::ZERO);
        let mut at = Timestamp::UNIX_EPOCH;
        at += Duration::from_micros(1999);
        assert_eq!(at.as_millis(), 1);
        at -= Duration::from_millis(3);
        assert_eq!(at.as_millis(), -2);
    }

    #[test]
    fn system_time_converts_both_ways() {
        for millis in EDGES {
            let at = Timestamp::from_millis(millis);
            // `SystemTime` of some platforms begins in 1601.
            match SystemTime::try_from(at) {
                Ok(time) => assert_eq!(Timestamp::from(time), at),
                Err(error) => assert_eq!(error.millis, millis),
            }
        }
        let before = UNIX_EPOCH - Duration::from_micros(1);
        assert_eq!(Timestamp::from(before).as_millis(), -1);
        let after = UNIX_EPOCH + Duration::from_micros(1);
        assert_eq!(Timestamp::from(after).as_millis(), 0);
    }
}
