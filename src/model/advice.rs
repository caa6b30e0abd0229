//! The recommended reaction to a failed call.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Recommended reaction to an error of the Graph API.
///
/// Serialized as a snake-case word, see [`as_str`](Self::as_str). An unknown word is read as
/// [`Unknown`](Self::Unknown), so that an older program reads what a newer one stored.
///
/// # Examples
///
/// ```
/// use messenger_crm::model::Advice;
///
/// assert_eq!(Advice::OutsideWindow.to_string(), "outside_window");
/// let newer: Advice = serde_json::from_str("\"from_a_newer_version\"")?;
/// assert_eq!(newer, Advice::Unknown);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Advice {
    /// The messaging window is closed: wait until the customer writes.
    OutsideWindow,
    /// The access token is invalid or expired: get a new one.
    Reauthorize,
    /// The customer cannot be reached: do not retry soon.
    Unreachable,
    /// Too many calls: wait for minutes, then longer.
    RateLimited,
    /// A permission or a setting of the app or Page is missing: a person has to change it.
    Permission,
    /// Another app controls the conversation: request thread control, or wait.
    ThreadControl,
    /// Meta has restricted the Page or the app: stop sending and notify a person.
    Blocked,
    /// The request is invalid: retrying it unchanged fails again.
    FixRequest,
    /// The failure may be temporary: retry a few times with backoff.
    TryAgain,
    /// The latest time to send a reply has passed: a person has to send it again, or another one.
    Expired,
    /// The error is not known to this version of the library.
    #[serde(other)]
    Unknown,
}

impl Advice {
    /// Name of the variant in snake case, such as `outside_window`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OutsideWindow => "outside_window",
            Self::Reauthorize => "reauthorize",
            Self::Unreachable => "unreachable",
            Self::RateLimited => "rate_limited",
            Self::Permission => "permission",
            Self::ThreadControl => "thread_control",
            Self::Blocked => "blocked",
            Self::FixRequest => "fix_request",
            Self::TryAgain => "try_again",
            Self::Expired => "expired",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ALL: [Advice; 11] = [
        Advice::OutsideWindow,
        Advice::Reauthorize,
        Advice::Unreachable,
        Advice::RateLimited,
        Advice::Permission,
        Advice::ThreadControl,
        Advice::Blocked,
        Advice::FixRequest,
        Advice::TryAgain,
        Advice::Expired,
        Advice::Unknown,
    ];

    #[test]
    fn the_json_value_is_as_str() {
        for advice in ALL {
            assert_eq!(json!(advice), advice.as_str());
            let read: Advice = serde_json::from_value(json!(advice.as_str())).unwrap();
            assert_eq!(read, advice);
        }
    }

    #[test]
    fn an_unknown_word_is_read_as_unknown() {
        let newer: Advice = serde_json::from_str("\"from_a_newer_version\"").unwrap();
        assert_eq!(newer, Advice::Unknown);
    }
}
