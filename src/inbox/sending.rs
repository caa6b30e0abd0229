//! One attempt to send a reply, and its outcome.

use std::time::Duration;

use super::{Inbox, InboxError, outgoing, page_health::Problem, window, work::delay};
use crate::{
    change::SendOutcome,
    graph::{Error, TransportErrorKind},
    model::{Advice, ContactKey, Outgoing, OutgoingKey, Reason},
    time::Timestamp,
};

const LONGEST_DELAY: Duration = Duration::from_secs(60);
const THROTTLED: Duration = Duration::from_secs(60);

/// An attempt: its outcome, and what it says of the Page.
pub(super) struct Attempted {
    pub(super) outcome: SendOutcome,
    pub(super) problem: Option<Problem>,
}

impl From<SendOutcome> for Attempted {
    fn from(outcome: SendOutcome) -> Self {
        let problem = None;
        Self { outcome, problem }
    }
}

/// Sends a reply that is claimed, unless it is too late, or Meta would not take it now.
pub(super) async fn send(
    inbox: &Inbox,
    contact: &ContactKey,
    key: &OutgoingKey,
    outgoing: &Outgoing,
    tries: u32,
    now: Timestamp,
) -> Result<Attempted, InboxError> {
    if outgoing.latest.is_some_and(|latest| latest <= now) {
        return Ok(failed(Advice::Expired).into());
    }
    let Some(known) = inbox.store.contact(contact).await? else {
        // Erased meanwhile: the claim goes with the customer.
        return Ok(failed(Advice::Unreachable).into());
    };
    let Ok(message) = outgoing::message(outgoing, &contact.psid, key) else {
        return Ok(failed(Advice::FixRequest).into());
    };
    let window = inbox.policy.window(&known, now);
    // Its latest time says that a person has confirmed it, or that it was queued in time.
    let purpose = window::purpose(&message, window, outgoing.author.as_ref(), true);
    let message = match purpose.map(|purpose| message.with_purpose(purpose)) {
        Ok(Ok(message)) => message,
        Ok(Err(_)) | Err(_) => return Ok(failed(Advice::OutsideWindow).into()),
    };
    let Some(access) = inbox.connections.access(&contact.page).await? else {
        return Ok(Attempted {
            problem: Some(Problem::not_connected()),
            ..not_asked(tries, now)
        });
    };
    Ok(match inbox.graph.page(access).send(&message).await {
        Ok(sent) => sent
            .mid
            .map_or(SendOutcome::Unknown, |mid| SendOutcome::Sent { mid })
            .into(),
        Err(error) => Attempted {
            outcome: outcome(&error, tries.saturating_add(1), now),
            problem: Problem::of(&error),
        },
    })
}

/// Outcome of an attempt that was not made.
pub(super) fn not_asked(tries: u32, now: Timestamp) -> Attempted {
    let outcome = SendOutcome::NotSent {
        due: now + THROTTLED,
        reason: None,
        tries,
    };
    outcome.into()
}

fn failed(advice: Advice) -> SendOutcome {
    let reason = Reason::new(advice);
    SendOutcome::Failed { reason }
}

/// Outcome of an attempt that failed with an error. Only a reply that was certainly not sent is tried
/// again.
fn outcome(error: &Error, tries: u32, now: Timestamp) -> SendOutcome {
    let reason = Reason::from(error);
    if error.outcome_is_unknown() {
        return SendOutcome::Unknown;
    }
    let never_left =
        matches!(error, Error::Transport(error) if error.kind == TransportErrorKind::NotSent);
    let wait = match reason.advice {
        // The pause of the Page holds it back.
        Advice::Reauthorize | Advice::Blocked => Duration::ZERO,
        Advice::RateLimited => {
            let asked = error.retry_after().unwrap_or(THROTTLED);
            asked.max(THROTTLED.saturating_mul(tries.min(10)))
        }
        _ if never_left => delay(tries, LONGEST_DELAY),
        _ => return SendOutcome::Failed { reason },
    };
    SendOutcome::NotSent {
        due: now + wait,
        reason: Some(reason),
        tries,
    }
}
