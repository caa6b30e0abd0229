//! The standard messaging window, and who may be written to.

use crate::simulator::world::thread::Thread;

use super::refusal::Refusal;

const HOUR: u64 = 60 * 60 * 1000;
const DAY: u64 = 24 * HOUR;

/// Reason for which a message is allowed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Purpose {
    /// `RESPONSE` or `UPDATE`.
    Standard,
    /// `MESSAGE_TAG` with `HUMAN_AGENT` or `CUSTOMER_FEEDBACK`.
    Tagged,
    /// `UTILITY` with an approved template.
    Utility,
    /// A reply to a comment.
    PrivateReply,
}

/// Whether the standard window is open.
pub(crate) fn is_open(thread: &Thread, now: u64) -> bool {
    thread.opening.is_some_and(|opening| {
        let length = if opening.from_ad { 7 * DAY } else { DAY };
        now < opening.at.saturating_add(length)
    })
}

/// Refuses a message that the window does not allow.
pub(crate) fn check(thread: &Thread, purpose: Purpose, now: u64) -> Result<(), Refusal> {
    let is_allowed = match purpose {
        Purpose::Standard => is_open(thread, now),
        Purpose::Tagged => thread
            .opening
            .is_some_and(|opening| now < opening.at.saturating_add(7 * DAY)),
        Purpose::Utility | Purpose::PrivateReply => true,
    };
    if is_allowed {
        return Ok(());
    }
    Err(outside())
}

/// The refusal of a message outside the window.
pub(crate) fn outside() -> Refusal {
    let words = "(#10) This message is sent outside of allowed window. Learn more about the new \
                 policy here: https://developers.facebook.com/docs/messenger-platform/policy-overview";
    Refusal::new(10, words).with_subcode(2_018_278)
}

/// Refuses a message to somebody who blocked the Page.
pub(crate) fn check_available(thread: &Thread) -> Result<(), Refusal> {
    if thread.has_blocked_page {
        let words = "(#551) This person isn't available right now.";
        return Err(Refusal::new(551, words).with_subcode(1_545_041));
    }
    Ok(())
}
