//! Which version of the Graph API is called.

use std::fmt;
use std::str::FromStr;

/// The oldest version with which Meta's answers are what this library expects.
const OLDEST: u16 = 7;

/// A version of the Graph API, such as `v26.0`.
///
/// Meta serves each for about two years, and answers calls to an older one in the oldest it still
/// has.
///
/// <https://developers.facebook.com/docs/graph-api/changelog/versions>
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct GraphVersion {
    major: u16,
    minor: u16,
}

impl GraphVersion {
    /// The newest version this library was written against: `v26.0`.
    pub const LATEST: Self = Self {
        major: 26,
        minor: 0,
    };
}

impl fmt::Display for GraphVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}", self.major, self.minor)
    }
}

/// A text that is no version of the Graph API, or one from before `v7.0`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidVersion {
    /// Not of the form `v26.0`.
    #[error("a Graph API version looks like {}", GraphVersion::LATEST)]
    Malformed,
    /// Too old.
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
        // Written back, it must be the same: no signs, no leading zeros.
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
        for text in ["v26.0", "v7.0", "v25.1", "v100.0"] {
            assert_eq!(text.parse::<GraphVersion>().unwrap().to_string(), text);
        }
        assert_eq!("v26.0".parse(), Ok(GraphVersion::LATEST));
    }

    #[test]
    fn c24_what_is_no_version_is_refused() {
        let malformed = [
            "", "25", "v26", "26.0", "V26.0", "v026.0", "v26.00", "v+26.0", "v26.0/", "../", "v.",
            "v26.0 ", "v26.-0", "v99999.0", "v26.0.1",
        ];
        for text in malformed {
            let refused = text.parse::<GraphVersion>();
            assert_eq!(refused, Err(InvalidVersion::Malformed), "{text}");
        }
        assert_eq!(
            InvalidVersion::Malformed.to_string(),
            "a Graph API version looks like v26.0"
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
}
