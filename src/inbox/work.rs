//! What must be done later: profiles to fetch, answers to send.

use std::time::Duration;

use super::{ConnectionsError, Inbox, InboxError, privacy};
use crate::{
    change::{Applied, Change, ProfileResponse, SendOutcome, Work},
    graph::{Error, OutgoingMessage, PageClient, ProfileOutcome, TransportErrorKind},
    id::{PageId, Psid},
    model::{Advice, ContactKey, Outgoing, OutgoingKey, Profile, Reason, WorkKind, WorkerId},
    store::{Pending, PendingQuery, StoreError},
    time::Timestamp,
};

/// Longer than any call can take, so that no lease ends under a call.
const LEASE: Duration = Duration::from_secs(60);
const FIRST_DELAY: Duration = Duration::from_secs(5);
const LONGEST_DELAY: Duration = Duration::from_secs(6 * 3600);
const THROTTLED: Duration = Duration::from_secs(60);
const ASK_AGAIN: Duration = Duration::from_secs(7 * 24 * 3600);
const MAX_SEND_TRIES: u32 = 8;
/// Enough that workers who lose one claim find another.
const LOOK_AT: u32 = 16;
/// Rows of an erased conversation that are removed in one commit.
const ERASE_AT_ONCE: u32 = 200;

/// What a step did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// It did a piece of work: step again.
    Worked,
    /// Nothing is due before this moment, if at all.
    Idle(Option<Timestamp>),
}

pub(super) async fn step(
    inbox: &Inbox,
    now: Timestamp,
    worker: WorkerId,
) -> Result<Step, InboxError> {
    let kinds = [
        WorkKind::SEND,
        WorkKind::PROFILE,
        WorkKind::WAKE,
        WorkKind::ERASE,
        WorkKind::DELETION,
    ];
    let query = PendingQuery::new(now, kinds).with_limit(LOOK_AT);
    for pending in inbox.store.pending(&query).await? {
        let worked = match pending {
            Pending::Send {
                contact,
                key,
                attempt,
                tries,
                outgoing,
            } => {
                let claimed = claim(
                    inbox,
                    &contact,
                    Work::Send(key.clone()),
                    attempt,
                    now,
                    worker,
                )
                .await?;
                if claimed {
                    let sent = send(inbox, &contact, &key, &outgoing, tries, now).await;
                    let (outcome, failed) = match sent {
                        Ok(outcome) => (outcome, None),
                        Err(error) => (not_asked(tries, now), Some(error)),
                    };
                    inbox
                        .store
                        .apply(&[Change::Settled {
                            contact,
                            key,
                            attempt,
                            outcome,
                        }])
                        .await?;
                    if let Some(error) = failed {
                        return Err(error.into());
                    }
                }
                claimed
            }
            Pending::Lapsed {
                contact,
                key,
                attempt,
            } => {
                inbox
                    .store
                    .apply(&[Change::Settled {
                        contact,
                        key,
                        attempt,
                        outcome: SendOutcome::Unknown,
                    }])
                    .await?;
                true
            }
            Pending::FetchProfile { contact, attempt } => {
                let claimed = claim(inbox, &contact, Work::Profile, attempt, now, worker).await?;
                if claimed {
                    let fetched = fetch(inbox, &contact, attempt, now).await;
                    let ((response, due), failed) = match fetched {
                        Ok(fetched) => (fetched, None),
                        Err(error) => (not_fetched(attempt, now), Some(error)),
                    };
                    inbox
                        .store
                        .apply(&[Change::Profile {
                            contact,
                            fetched_at: now,
                            response,
                            due,
                        }])
                        .await?;
                    if let Some(error) = failed {
                        return Err(error.into());
                    }
                }
                claimed
            }
            Pending::Wake { contact } => {
                let woken = Change::Woken { contact, at: now };
                inbox.store.apply(&[woken]).await?;
                true
            }
            Pending::Erase { contact } => {
                let limit = ERASE_AT_ONCE;
                inbox
                    .store
                    .apply(&[Change::Erase { contact, limit }])
                    .await?;
                true
            }
            Pending::Item { key, attempt, .. } => {
                let work = Work::item(key.kind.clone(), key.id.clone());
                let claimed = claim_of(inbox, &key.page, None, work, attempt, now, worker).await?;
                if claimed {
                    let outcome = privacy::resolve(inbox, &key.page, &key.id, now).await?;
                    inbox
                        .store
                        .apply(&[Change::WorkSettled {
                            page: key.page,
                            psid: None,
                            kind: key.kind,
                            id: key.id,
                            attempt,
                            outcome,
                        }])
                        .await?;
                }
                claimed
            }
        };
        if worked {
            return Ok(Step::Worked);
        }
    }
    Ok(Step::Idle(inbox.store.next_due(&query).await?))
}

async fn claim(
    inbox: &Inbox,
    contact: &ContactKey,
    work: Work,
    attempt: u32,
    now: Timestamp,
    by: WorkerId,
) -> Result<bool, StoreError> {
    claim_of(
        inbox,
        &contact.page,
        Some(&contact.psid),
        work,
        attempt,
        now,
        by,
    )
    .await
}

async fn claim_of(
    inbox: &Inbox,
    page: &PageId,
    psid: Option<&Psid>,
    work: Work,
    attempt: u32,
    now: Timestamp,
    by: WorkerId,
) -> Result<bool, StoreError> {
    let claimed = Change::Claimed {
        page: page.clone(),
        psid: psid.cloned(),
        work,
        attempt,
        until: now + LEASE,
        by,
    };
    Ok(inbox.store.apply(&[claimed]).await?.first() == Some(&Applied::Changed))
}

async fn send(
    inbox: &Inbox,
    contact: &ContactKey,
    key: &OutgoingKey,
    outgoing: &Outgoing,
    tries: u32,
    now: Timestamp,
) -> Result<SendOutcome, ConnectionsError> {
    let Some(access) = inbox.connections.access(&contact.page).await? else {
        return Ok(not_asked(tries, now));
    };
    let text = outgoing.content.text.clone().unwrap_or_default();
    // The key comes back in the echo, which settles an answer whose outcome is unknown.
    let Ok(message) = OutgoingMessage::text(contact.psid.clone(), text)
        .and_then(|message| message.with_metadata(key.as_str()))
    else {
        let reason = Reason {
            advice: Advice::FixRequest,
            code: None,
            subcode: None,
            trace: None,
        };
        return Ok(SendOutcome::Failed { reason });
    };
    Ok(match inbox.graph.page(access).send(&message).await {
        Ok(sent) => sent
            .mid
            .map_or(SendOutcome::Unknown, |mid| SendOutcome::Sent { mid }),
        Err(error) => outcome(&error, tries.saturating_add(1), now),
    })
}

/// Outcome of an attempt that was not made, because the Page's credentials are missing.
fn not_asked(tries: u32, now: Timestamp) -> SendOutcome {
    SendOutcome::NotSent {
        due: now + THROTTLED,
        reason: None,
        tries,
    }
}

/// What an error of a send means. Only what surely did not leave, or was throttled, goes again.
fn outcome(error: &Error, tries: u32, now: Timestamp) -> SendOutcome {
    let reason = Reason::from(error);
    let never_left =
        matches!(error, Error::Transport(error) if error.kind == TransportErrorKind::NotSent);
    if error.outcome_is_unknown() {
        SendOutcome::Unknown
    } else if tries >= MAX_SEND_TRIES {
        SendOutcome::Failed { reason }
    } else if never_left {
        SendOutcome::NotSent {
            due: now + delay(tries),
            reason: Some(reason),
            tries,
        }
    } else if reason.advice == Advice::RateLimited {
        SendOutcome::NotSent {
            due: now
                + error
                    .retry_after()
                    .unwrap_or(THROTTLED)
                    .max(THROTTLED.saturating_mul(tries)),
            reason: Some(reason),
            tries,
        }
    } else {
        SendOutcome::Failed { reason }
    }
}

async fn fetch(
    inbox: &Inbox,
    contact: &ContactKey,
    attempt: u32,
    now: Timestamp,
) -> Result<(ProfileResponse, Option<Timestamp>), ConnectionsError> {
    let Some(access) = inbox.connections.access(&contact.page).await? else {
        return Ok(not_fetched(attempt, now));
    };
    let page = inbox.graph.page(access);
    Ok(match page.profile(&contact.psid).await {
        Ok(ProfileOutcome::Known(profile)) => {
            known(&page, profile, Some(now + delay(attempt))).await
        }
        Ok(ProfileOutcome::Unavailable(_)) => (ProfileResponse::Unavailable, Some(now + ASK_AGAIN)),
        Err(_) => not_fetched(attempt, now),
    })
}

fn not_fetched(attempt: u32, now: Timestamp) -> (ProfileResponse, Option<Timestamp>) {
    (ProfileResponse::Failed, Some(now + delay(attempt)))
}

/// The picture is fetched at once: its address is a secret, and dies.
async fn known(
    page: &PageClient,
    profile: crate::graph::Profile,
    later: Option<Timestamp>,
) -> (ProfileResponse, Option<Timestamp>) {
    let (picture, due) = match &profile.picture {
        None => (None, None),
        // No failure is final: the address can expire, and its host can be away.
        Some(url) => match page.picture(url).await {
            Ok(picture) => (Some(picture), None),
            Err(_) => (None, later),
        },
    };
    let profile = Profile {
        name: profile.name,
        first_name: profile.first_name,
        last_name: profile.last_name,
    };
    (ProfileResponse::Known { profile, picture }, due)
}

fn delay(attempt: u32) -> Duration {
    FIRST_DELAY
        .saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)))
        .min(LONGEST_DELAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_six_hours() {
        assert_eq!(delay(1), Duration::from_secs(5));
        assert_eq!(delay(4), Duration::from_secs(40));
        assert_eq!(delay(u32::MAX), LONGEST_DELAY);
    }
}
