//! Messaging window: until when a Page may send to a customer, and with which purpose.
//!
//! Meta's rules of 2026-09-28: an action of the customer opens the standard messaging window, for at
//! least [`STANDARD_WINDOW`]. Its length depends on the action: the first message after a click on
//! an ad can open up to [`MAX_STANDARD_WINDOW`]. After the window a person may reply for
//! [`HUMAN_AGENT_WINDOW`]; then only utility templates can be sent.

use std::time::Duration;

use super::{MessageTag, Purpose};
use crate::time::Timestamp;

/// Length of the standard messaging window that every qualifying action opens: 24 hours.
///
/// <https://developers.facebook.com/docs/messenger-platform/policy/policy-overview>
pub const STANDARD_WINDOW: Duration = Duration::from_secs(24 * 3600);

/// Longest standard messaging window: 7 days, possible since 2026-09-28 when the customer's first
/// message came through an ad. Meta does not document which of these messages open a long window, so
/// rely only on [`STANDARD_WINDOW`]. After it, Meta may still accept the message.
///
/// <https://developers.facebook.com/docs/messenger-platform/policy/policy-overview>
pub const MAX_STANDARD_WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);

/// Time for which a person may reply after the customer's last action, with the feature
/// *Human Agent*: 7 days.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/message-tags>
pub const HUMAN_AGENT_WINDOW: Duration = Duration::from_secs(7 * 24 * 3600);

/// State of the messaging window, calculated from the customer's last action.
///
/// It is an estimate. Meta decides, and refuses a late message with code 10 and subcode 2018278
/// ([`Advice::OutsideWindow`](crate::graph::Advice::OutsideWindow)).
///
/// ```
/// use messenger_crm::graph::send::{MessageTag, Purpose, Window};
/// use messenger_crm::time::Timestamp;
///
/// let last_action = Timestamp::from_millis(1_795_824_000_000);
/// let two_days_later = Timestamp::from_millis(1_795_824_000_000 + 48 * 3_600_000);
/// let window = Window::at(two_days_later, Some(last_action));
/// assert_eq!(window.purpose_for_program(), None);
/// assert_eq!(window.purpose_for_person(), Some(Purpose::Tagged(MessageTag::HUMAN_AGENT)));
/// ```
///
/// <https://developers.facebook.com/docs/messenger-platform/policy/policy-overview>
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Window {
    /// The standard messaging window is open: people and programs may send.
    Open {
        /// End of the standard messaging window.
        until: Timestamp,
    },
    /// The standard messaging window is over. A person may reply with
    /// [`MessageTag::HUMAN_AGENT`], where Meta granted that feature to the app.
    HumanAgent {
        /// End of the time for a person's reply.
        until: Timestamp,
    },
    /// Only utility templates can be sent.
    Closed,
    /// The customer's last action is not known.
    Unknown,
}

impl Window {
    /// Calculates the window at `now`, [`STANDARD_WINDOW`] long. `last_action` is the time of the
    /// customer's last qualifying action, or `None` when it is not known.
    ///
    /// Qualifying actions are a message, a tap on a button, a reaction to a message, and an `m.me`
    /// link into an existing conversation; delivery and read receipts are not. Use the event's own
    /// timestamp, because webhooks can arrive hours late.
    pub fn at(now: Timestamp, last_action: Option<Timestamp>) -> Self {
        Self::at_with_length(STANDARD_WINDOW, now, last_action)
    }

    /// Calculates the window at `now` for an action that opens a standard messaging window of
    /// another length, such as [`MAX_STANDARD_WINDOW`].
    pub fn at_with_length(
        length: Duration,
        now: Timestamp,
        last_action: Option<Timestamp>,
    ) -> Self {
        let Some(last_action) = last_action else {
            return Self::Unknown;
        };
        let standard_end = last_action + length;
        let human_end = last_action + HUMAN_AGENT_WINDOW;
        if now < standard_end {
            Self::Open {
                until: standard_end,
            }
        } else if now < human_end {
            Self::HumanAgent { until: human_end }
        } else {
            Self::Closed
        }
    }

    /// Returns the purpose with which a reply written by a person can be sent now, or `None` when it
    /// cannot. The app needs the feature *Human Agent*. Without the feature, use
    /// [`purpose_for_program`](Self::purpose_for_program).
    ///
    /// For [`Window::Unknown`] it is [`Purpose::Response`]: Meta refuses the reply if it is late.
    pub fn purpose_for_person(self) -> Option<Purpose> {
        match self {
            Self::Open { .. } | Self::Unknown => Some(Purpose::Response),
            Self::HumanAgent { .. } => Some(Purpose::Tagged(MessageTag::HUMAN_AGENT)),
            Self::Closed => None,
        }
    }

    /// Returns the purpose with which a reply written by a program can be sent now, or `None` when
    /// it cannot.
    ///
    /// For [`Window::Unknown`] it is [`Purpose::Response`]: Meta refuses the reply if it is late.
    pub fn purpose_for_program(self) -> Option<Purpose> {
        match self {
            Self::Open { .. } | Self::Unknown => Some(Purpose::Response),
            Self::HumanAgent { .. } | Self::Closed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;

    #[test]
    fn c18_the_purpose_follows_from_the_time_since_the_last_action() {
        let last = Timestamp::from_millis(1_700_000_000_000);
        let at = |millis: i64| {
            let now = Timestamp::from_millis(last.as_millis() + millis);
            Window::at(now, Some(last))
        };
        let human = Some(Purpose::Tagged(MessageTag::HUMAN_AGENT));
        let response = Some(Purpose::Response);
        for (millis, person, program) in [
            (0, &response, &response),
            (24 * HOUR - 1, &response, &response),
            (24 * HOUR, &human, &None),
            (7 * 24 * HOUR - 1, &human, &None),
            (7 * 24 * HOUR, &None, &None),
            // Meta's clock may be ahead of ours.
            (-HOUR, &response, &response),
        ] {
            assert_eq!(&at(millis).purpose_for_person(), person, "{millis}");
            assert_eq!(&at(millis).purpose_for_program(), program, "{millis}");
        }
        assert_eq!(
            at(25 * HOUR),
            Window::HumanAgent {
                until: last + HUMAN_AGENT_WINDOW
            }
        );
    }

    #[test]
    fn c18_without_a_known_action_the_reply_is_tried() {
        let window = Window::at(Timestamp::from_millis(0), None);
        assert_eq!(window, Window::Unknown);
        assert_eq!(window.purpose_for_program(), Some(Purpose::Response));
    }

    #[test]
    fn c18_an_action_may_open_a_longer_window() {
        let last = Timestamp::from_millis(0);
        let now = last + Duration::from_secs(6 * 24 * 3600);
        assert_eq!(
            Window::at_with_length(MAX_STANDARD_WINDOW, now, Some(last)),
            Window::Open {
                until: last + MAX_STANDARD_WINDOW
            }
        );
        let endless = Window::at_with_length(Duration::MAX, now, Some(last));
        assert!(matches!(endless, Window::Open { .. }));
    }
}
