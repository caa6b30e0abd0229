//! Versions of the Graph API, and until when Meta serves them.

use std::fmt;
use std::str::FromStr;

use crate::time::Timestamp;

/// Oldest version whose responses this crate can read.
const OLDEST: u16 = 7;

/// Version of the Graph API, such as `v27.0`.
///
/// Meta supports each version for about two years. A call to an expired version is served with the
/// oldest version that Meta still supports.
///
/// <https://developers.facebook.com/docs/graph-api/changelog/versions>
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct GraphVersion {
    major: u16,
    minor: u16,
}

/// Release and expiry of the versions, newest first: midnight UTC, in seconds since 1970. From
/// Meta's table of 2026-10-29 and its announcement of 2026-11-04.
const TABLE: [(u16, i64, Option<i64>); 21] = [
    (27, 1_793_750_400, None),                // 2026-11-04
    (26, 1_785_283_200, None),                // 2026-07-29
    (25, 1_771_372_800, Some(1_848_441_600)), // 2026-02-18 to 2028-07-29
    (24, 1_759_881_600, Some(1_834_444_800)), // 2025-10-08 to 2028-02-18
    (23, 1_748_476_800, Some(1_822_953_600)), // 2025-05-29 to 2027-10-08
    (22, 1_737_417_600, Some(1_810_771_200)), // 2025-01-21 to 2027-05-20
    (21, 1_727_827_200, Some(1_800_489_600)), // 2024-10-02 to 2027-01-21
    (20, 1_716_249_600, Some(1_790_208_000)), // 2024-05-21 to 2026-09-24
    (19, 1_705_968_000, Some(1_779_321_600)), // 2024-01-23 to 2026-05-21
    (18, 1_694_476_800, Some(1_769_385_600)), // 2023-09-12 to 2026-01-26
    (17, 1_684_800_000, Some(1_757_635_200)), // 2023-05-23 to 2025-09-12
    (16, 1_675_296_000, Some(1_747_180_800)), // 2023-02-02 to 2025-05-14
    (15, 1_663_200_000, Some(1_732_060_800)), // 2022-09-15 to 2024-11-20
    (14, 1_653_436_800, Some(1_726_531_200)), // 2022-05-25 to 2024-09-17
    (13, 1_644_278_400, Some(1_716_854_400)), // 2022-02-08 to 2024-05-28
    (12, 1_631_577_600, Some(1_707_350_400)), // 2021-09-14 to 2024-02-08
    (11, 1_623_110_400, Some(1_694_649_600)), // 2021-06-08 to 2023-09-14
    (10, 1_614_038_400, Some(1_686_182_400)), // 2021-02-23 to 2023-06-08
    (9, 1_604_966_400, Some(1_677_110_400)),  // 2020-11-10 to 2023-02-23
    (8, 1_596_499_200, Some(1_667_260_800)),  // 2020-08-04 to 2022-11-01
    (7, 1_588_636_800, Some(1_659_571_200)),  // 2020-05-05 to 2022-08-04
];

impl GraphVersion {
    /// Newest version that this library was written against: `v27.0`.
    pub const LATEST: Self = Self {
        major: 27,
        minor: 0,
    };

    /// Returns the day on which Meta released the version (0:00 UTC), or `None` for a version that
    /// this library does not know.
    pub fn released(self) -> Option<Timestamp> {
        self.row().map(|(_, released, _)| day(*released))
    }

    /// Returns the day on which Meta stops serving the version (0:00 UTC). `None` when Meta has not
    /// announced it, or for a version that this library does not know.
    pub fn available_until(self) -> Option<Timestamp> {
        self.row().and_then(|(_, _, until)| until.map(day))
    }

    /// Returns whether Meta is known to have stopped serving the version before `now`.
    pub fn is_expired(self, now: Timestamp) -> bool {
        self.available_until().is_some_and(|until| until <= now)
    }

    fn row(self) -> Option<&'static (u16, i64, Option<i64>)> {
        TABLE
            .iter()
            .find(|(major, ..)| self.minor == 0 && *major == self.major)
    }
}

fn day(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds.saturating_mul(1000))
}

impl fmt::Display for GraphVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}", self.major, self.minor)
    }
}

/// Error for a text that is not a version of the Graph API, or a version older than `v7.0`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidVersion {
    /// Not of the form `v27.0`.
    #[error("a Graph API version looks like {}", GraphVersion::LATEST)]
    Malformed,
    /// Older than `v7.0`.
    #[error("the oldest Graph API version supported is v{OLDEST}.0")]
    TooOld,
}

impl FromStr for GraphVersion {
    type Err = InvalidVersion;

    fn from_str(text: &str) -> Result<Self, InvalidVersion> {
        let parse = || {
            let (major, minor) = text.strip_prefix('v')?.split_once('.')?;
            Some(Self {
                major: major.parse().ok()?,
                minor: minor.parse().ok()?,
            })
        };
        // The version must print as it was written: no signs, no leading zeros.
        match parse().filter(|version| version.to_string() == text) {
            None => Err(InvalidVersion::Malformed),
            Some(version) if version.major < OLDEST => Err(InvalidVersion::TooOld),
            Some(version) => Ok(version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_and_written_alike() {
        for text in ["v27.0", "v7.0", "v25.1", "v100.0"] {
            assert_eq!(text.parse::<GraphVersion>().unwrap().to_string(), text);
        }
        assert_eq!("v27.0".parse(), Ok(GraphVersion::LATEST));
    }

    #[test]
    fn c24_what_is_no_version_is_refused() {
        let malformed = [
            "", "25", "v26", "26.0", "V26.0", "v026.0", "v27.00", "v+26.0", "v27.0/", "../", "v.",
            "v27.0 ", "v26.-0", "v99999.0", "v27.0.1",
        ];
        for text in malformed {
            let refused = text.parse::<GraphVersion>();
            assert_eq!(refused, Err(InvalidVersion::Malformed), "{text}");
        }
        assert_eq!(
            InvalidVersion::Malformed.to_string(),
            "a Graph API version looks like v27.0"
        );
    }

    #[test]
    fn versions_before_v7_are_refused() {
        let refused = "v6.0".parse::<GraphVersion>().unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the oldest Graph API version supported is v7.0"
        );
    }

    #[test]
    fn the_end_of_each_version_is_known() {
        let until = |text: &str| {
            let version = text.parse::<GraphVersion>().unwrap();
            version
                .available_until()
                .map(|until| until.as_millis() / 1000)
        };
        assert_eq!(until("v27.0"), None);
        assert_eq!(until("v26.0"), None);
        // 2028-07-29, 2027-01-21, 2022-08-04
        assert_eq!(until("v25.0"), Some(1_848_441_600));
        assert_eq!(until("v21.0"), Some(1_800_489_600));
        assert_eq!(until("v7.0"), Some(1_659_571_200));
        assert_eq!(until("v99.0"), None);
        let v21: GraphVersion = "v21.0".parse().unwrap();
        assert!(!v21.is_expired(Timestamp::from_millis(1_800_489_599_999)));
        assert!(v21.is_expired(Timestamp::from_millis(1_800_489_600_000)));
        assert!(!GraphVersion::LATEST.is_expired(Timestamp::from_millis(i64::MAX)));
        // Each is released before the next, and ends no later.
        for pair in TABLE.windows(2) {
            assert!(pair[0].0 == pair[1].0 + 1 && pair[0].1 > pair[1].1);
            assert!(
                pair[0]
                    .2
                    .is_none_or(|end| pair[1].2.is_some_and(|other| other < end))
            );
        }
    }
}
