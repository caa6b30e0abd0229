//! Until when a Page may write, as far as can be told from here.

use std::time::Duration;

use super::{Purpose, Tag};
use crate::time::Timestamp;

/// How long a Page may answer freely after what the customer did last.
///
/// Since 2026-09-28 the first message after a click on an ad can open up to 7 days.
///
/// Meta: [Messenger policy](https://developers.facebook.com/docs/messenger-platform/policy/policy-overview)
pub const STANDARD_WINDOW: Duration = Duration::from_secs(24 * 3600);

/// How long a person (no program) may answer, with the feature *Human Agent*.
///
/// Meta: [Message tags](https://developers.facebook.com/docs/messenger-platform/send-messages/message-tags)
pub const HUMAN_AGENT_WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);

/// Until when a Page may write to a customer: a hint, for Meta decides
/// ([`Advice::OutsideWindow`](crate::graph::Advice::OutsideWindow)).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Window {
    /// Freely, until then.
    Open {
        /// Until when.
        until: Timestamp,
    },
    /// A person may, until then, where the app has *Human Agent*.
    HumanAgent {
        /// Until when.
        until: Timestamp,
    },
    /// Only a utility template goes.
    Closed,
    /// Nobody knows when the customer did something last.
    Unknown,
}

impl Window {
    /// The window at `now`, after what the customer did last.
    ///
    /// A message, a tap on a button, a reaction, or an `m.me` link into a known conversation
    /// counts; a receipt does not. Take the time that Meta tells, for webhooks can come hours late.
    pub fn at(now: Timestamp, last: Option<Timestamp>) -> Self {
        Self::lasting(STANDARD_WINDOW, now, last)
    }

    /// The same where what the customer did opens a window of another length, as an ad may.
    pub fn lasting(length: Duration, now: Timestamp, last: Option<Timestamp>) -> Self {
        let Some(last) = last else {
            return Self::Unknown;
        };
        let (free, human) = (last + length, last + HUMAN_AGENT_WINDOW);
        if now < free {
            Self::Open { until: free }
        } else if now < human {
            Self::HumanAgent { until: human }
        } else {
            Self::Closed
        }
    }

    /// The purpose under which an answer goes now, if one does.
    ///
    /// Where nothing is known it is tried: Meta says when it is too late.
    pub fn purpose(self, by: Author) -> Option<Purpose> {
        match (self, by) {
            (Self::Open { .. } | Self::Unknown, _) => Some(Purpose::Response),
            (Self::HumanAgent { .. }, Author::Person) => Some(Purpose::Tagged(Tag::HUMAN_AGENT)),
            _ => None,
        }
    }
}

/// Who wrote an answer.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Author {
    /// A person, in a Page whose app has the feature *Human Agent*.
    Person,
    /// A program.
    Program,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c18_the_purpose_follows_from_the_time_since_the_customer_wrote() {
        const HOUR: i64 = 3_600_000;
        let last = Timestamp::from_millis(1_700_000_000_000);
        let at = |millis: i64| {
            Window::at(
                Timestamp::from_millis(last.as_millis() + millis),
                Some(last),
            )
        };
        let human = Some(Purpose::Tagged(Tag::HUMAN_AGENT));
        let answer = Some(Purpose::Response);
        for (millis, person, program) in [
            (0, &answer, &answer),
            (24 * HOUR - 1, &answer, &answer),
            (24 * HOUR, &human, &None),
            (7 * 24 * HOUR - 1, &human, &None),
            (7 * 24 * HOUR, &None, &None),
            // The customer's clock is Meta's, and may be ahead of ours.
            (-HOUR, &answer, &answer),
        ] {
            assert_eq!(&at(millis).purpose(Author::Person), person, "{millis}");
            assert_eq!(&at(millis).purpose(Author::Program), program, "{millis}");
        }
        assert_eq!(
            at(25 * HOUR),
            Window::HumanAgent {
                until: last + HUMAN_AGENT_WINDOW
            }
        );
        let nobody = Window::at(last, None);
        assert_eq!(nobody, Window::Unknown);
        assert_eq!(nobody.purpose(Author::Program), answer);
    }

    #[test]
    fn c18_an_ad_may_open_a_longer_window() {
        let last = Timestamp::from_millis(0);
        let week = Duration::from_secs(7 * 24 * 3600);
        let late = last + Duration::from_secs(6 * 24 * 3600);
        assert_eq!(
            Window::lasting(week, late, Some(last)),
            Window::Open { until: last + week }
        );
        let never = Window::lasting(Duration::MAX, late, Some(last));
        assert!(matches!(never, Window::Open { .. }));
    }
}
