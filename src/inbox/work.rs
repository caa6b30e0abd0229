//! Pending work: found, claimed, done, settled.

use std::time::Duration;

use super::{
    Inbox, InboxError, handlers, observe, page_health::Problem, privacy, profiles, sending,
};
use crate::{
    change::{Applied, Change, ProfileResponse, SendOutcome, Work, WorkOutcome},
    graph::{CALL_TIMEOUT, Graph},
    id::{PageId, Psid},
    model::{ContactKey, WorkKind, WorkerId},
    store::{Pending, PendingQuery, StoreError, fold::WorkKey},
    time::Timestamp,
};

/// The longest call of a worker: a message with a file that Meta downloads, or a handler.
const LONG_CALL: Duration = Duration::from_secs(90);
/// Time of a lease after the call has ended, to settle its outcome also when the store is away.
const TO_SETTLE: Duration = Duration::from_secs(30);
const FIRST_DELAY: Duration = Duration::from_secs(5);
/// Enough that workers who lose one claim find another.
const LOOK_AT: u32 = 16;
/// Rows of an erased conversation that are removed in one commit.
const ERASE_AT_ONCE: u32 = 200;

/// Result of a step.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
/// # fn main() { in_a_shop(async |inbox, _ada, now| {
/// while inbox.step(now, WorkerId::new(1)).await? == Step::Worked {}
/// let Step::Idle(due) = inbox.step(now, WorkerId::new(1)).await? else { unreachable!() };
/// println!("nothing is due before {due:?}");
/// # Ok(())
/// # }) }
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Step {
    /// It did a piece of work: step again.
    Worked,
    /// Nothing is due before this moment, if at all.
    Idle(Option<Timestamp>),
}

impl Inbox {
    /// Does one piece of what is due at `now`, of any kind. Feature `tokio` has a loop around it with
    /// workers for each kind: `Inbox::run`.
    ///
    /// # Errors
    ///
    /// [`InboxError`]: the work stays pending; try again later. Work whose connection cannot be read is
    /// postponed, so that it does not hold back the work of other Pages.
    ///
    /// # Cancel safety
    ///
    /// Claimed work is pending again when its lease ends. A reply that was on its way is then
    /// *unknown*, never sent twice.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, ada, now| {
    /// let worker = WorkerId::new(1);
    /// while inbox.step(now, worker).await? == Step::Worked {}
    /// let contact = inbox.store().contact(&ada).await?.ok_or("nobody")?;
    /// assert!(contact.profile.is_some(), "its profile was fetched");
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn step(&self, now: Timestamp, worker: WorkerId) -> Result<Step, InboxError> {
        let query = PendingQuery::new(now, kinds(self)).with_limit(LOOK_AT);
        for pending in self.store.pending(&query).await? {
            if perform(self, pending, now, worker).await? {
                return Ok(Step::Worked);
            }
        }
        Ok(Step::Idle(self.store.next_due(&query).await?))
    }
}

/// Time of the longest lease.
#[cfg(feature = "tokio")]
pub(super) fn longest_lease(graph: &Graph) -> Duration {
    lease(graph, LONG_CALL)
}

/// Time of a lease: longer than the call with all its repetitions.
fn lease(graph: &Graph, call: Duration) -> Duration {
    graph.retry().longest(call) + TO_SETTLE
}

/// All kinds of work that the inbox does.
pub(super) fn kinds(inbox: &Inbox) -> Vec<WorkKind> {
    let mut kinds = vec![WorkKind::SEND, WorkKind::PROFILE];
    kinds.extend(CHORES);
    kinds.extend(inbox.handlers.kinds());
    kinds
}

/// Work that needs the store only.
pub(super) const CHORES: [WorkKind; 3] = [WorkKind::WAKE, WorkKind::ERASE, WorkKind::DELETION];

/// Does a piece of work, if nobody else has claimed it; returns whether it did.
pub(super) async fn perform(
    inbox: &Inbox,
    pending: Pending,
    now: Timestamp,
    worker: WorkerId,
) -> Result<bool, InboxError> {
    let span = observe::Span::of_work(&pending);
    span.around(claim_and_perform(inbox, pending, now, worker))
        .await
}

async fn claim_and_perform(
    inbox: &Inbox,
    pending: Pending,
    now: Timestamp,
    worker: WorkerId,
) -> Result<bool, InboxError> {
    let claim = Claim {
        now,
        worker,
        call: LONG_CALL,
    };
    match pending {
        Pending::Send {
            contact,
            key,
            attempt,
            tries,
            outgoing,
        } => {
            let work = Work::Send(key.clone());
            // A text, like nearly all: the conversation waits shorter when its worker has died.
            let claim = match outgoing.request {
                None => claim.short(),
                Some(_) => claim,
            };
            if !claim.of(inbox, &contact, work, attempt).await? {
                return Ok(false);
            }
            let sent = sending::send(inbox, &contact, &key, &outgoing, tries, now).await;
            let (attempted, failed) = match sent {
                Ok(attempted) => (attempted, None),
                Err(error) => (sending::not_asked(tries, now), Some(error)),
            };
            observe::sent(&attempted.outcome);
            let page = contact.page.clone();
            let settled = Change::Settled {
                contact,
                key,
                attempt,
                outcome: attempted.outcome,
            };
            settle_call(inbox, &page, settled, attempted.problem, now).await?;
            failed.map_or(Ok(true), Err)
        }
        Pending::Lapsed {
            contact,
            key,
            attempt,
        } => {
            let outcome = SendOutcome::Unknown;
            observe::sent(&outcome);
            settle(
                inbox,
                &[Change::Settled {
                    contact,
                    key,
                    attempt,
                    outcome,
                }],
            )
            .await?;
            Ok(true)
        }
        Pending::FetchProfile { contact, attempt } => {
            if !claim.of(inbox, &contact, Work::Profile, attempt).await? {
                return Ok(false);
            }
            let fetched = profiles::fetch(inbox, &contact, attempt, now).await;
            let (fetched, failed) = match fetched {
                Ok(fetched) => (fetched, None),
                Err(error) => (profiles::Fetched::failed(attempt, now), Some(error)),
            };
            let page = contact.page.clone();
            let settled = Change::Profile {
                contact,
                fetched_at: now,
                response: fetched.response,
                due: fetched.due,
            };
            settle_call(inbox, &page, settled, fetched.problem, now).await?;
            failed.map_or(Ok(true), |error| Err(error.into()))
        }
        Pending::Wake { contact } => {
            inbox.apply(Change::Woken { contact, at: now }).await?;
            Ok(true)
        }
        Pending::Erase { contact } => {
            let limit = ERASE_AT_ONCE;
            inbox.apply(Change::Erase { contact, limit }).await?;
            Ok(true)
        }
        Pending::Item {
            key,
            attempt,
            tries,
            ..
        } => {
            let work = Work::item(key.kind.clone(), key.id.clone());
            let (page, psid) = (&key.page, key.psid.as_ref());
            if !claim.of_page(inbox, page, psid, work, attempt).await? {
                return Ok(false);
            }
            let (outcome, failed) = if key.kind == WorkKind::DELETION {
                (privacy::resolve(inbox, page, &key.id, now).await?, None)
            } else {
                match handlers::handle(inbox, &key, now).await {
                    Ok(()) => (WorkOutcome::Done, None),
                    Err(error) => (handlers::outcome(tries, now), Some(error)),
                }
            };
            settle(inbox, &[item_settled(key, attempt, outcome)]).await?;
            failed.map_or(Ok(true), Err)
        }
    }
}

/// The end of an attempt at an item.
pub(super) fn item_settled(key: WorkKey, attempt: u32, outcome: WorkOutcome) -> Change {
    Change::WorkSettled {
        page: key.page,
        psid: key.psid,
        kind: key.kind,
        id: key.id,
        attempt,
        outcome,
    }
}

/// Settles an attempt, and what it says of the Page. A problem is stored with the outcome, so that its
/// pause holds at once. Only an answer of Meta ends problems, after it is stored: not an attempt that was
/// not made.
async fn settle_call(
    inbox: &Inbox,
    page: &PageId,
    settled: Change,
    problem: Option<Problem>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let is_answered = matches!(
        settled,
        Change::Settled {
            outcome: SendOutcome::Sent { .. },
            ..
        } | Change::Profile {
            response: ProfileResponse::Known { .. } | ProfileResponse::Unavailable,
            ..
        }
    );
    let mut changes = vec![settled];
    if let Some(problem) = problem {
        changes.extend(inbox.health.record(page, &problem, now));
    }
    settle(inbox, &changes).await?;
    if is_answered {
        inbox.health.recover(&*inbox.store, page, now).await?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct Claim {
    now: Timestamp,
    worker: WorkerId,
    /// Time-out of one attempt of the call that it is for.
    call: Duration,
}

impl Claim {
    const fn short(self) -> Self {
        let call = CALL_TIMEOUT;
        Self { call, ..self }
    }

    async fn of(
        &self,
        inbox: &Inbox,
        contact: &ContactKey,
        work: Work,
        attempt: u32,
    ) -> Result<bool, StoreError> {
        let psid = Some(&contact.psid);
        self.of_page(inbox, &contact.page, psid, work, attempt)
            .await
    }

    async fn of_page(
        &self,
        inbox: &Inbox,
        page: &PageId,
        psid: Option<&Psid>,
        work: Work,
        attempt: u32,
    ) -> Result<bool, StoreError> {
        let claimed = Change::Claimed {
            page: page.clone(),
            psid: psid.cloned(),
            work,
            attempt,
            until: self.now + lease(&inbox.graph, self.call),
            by: self.worker,
        };
        Ok(inbox.apply(claimed).await? == Applied::Changed)
    }
}

/// Applies the outcome of a claimed attempt. When the store is away it tries again until the lease
/// ends: Meta's answer would be lost otherwise.
async fn settle(inbox: &Inbox, changes: &[Change]) -> Result<(), StoreError> {
    let clock = inbox.graph.clock();
    let end = clock.elapsed() + TO_SETTLE;
    let mut pause = Duration::from_millis(100);
    loop {
        match inbox.store.apply(changes).await {
            Err(StoreError::Unavailable(_)) if clock.elapsed() + pause < end => {
                clock.sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(2));
            }
            applied => return applied.map(drop),
        }
    }
}

/// Delay before the next try: five seconds, doubled after each.
pub(super) fn delay(tries: u32, longest: Duration) -> Duration {
    FIRST_DELAY
        .saturating_mul(2_u32.saturating_pow(tries.saturating_sub(1)))
        .min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::{RetryPolicy, ScriptedTransport};

    #[test]
    fn n22_a_lease_is_longer_than_the_call_with_all_its_repetitions() {
        let policy = RetryPolicy::default();
        for call in [CALL_TIMEOUT, LONG_CALL] {
            let lease = lease(&ScriptedTransport::new().graph().with_retry(policy), call);
            assert!(lease >= policy.longest(call) + TO_SETTLE);
        }
    }

    #[test]
    fn delays_double_up_to_the_longest() {
        let longest = Duration::from_secs(6 * 3600);
        assert_eq!(delay(1, longest), Duration::from_secs(5));
        assert_eq!(delay(4, longest), Duration::from_secs(40));
        assert_eq!(delay(u32::MAX, longest), longest);
    }
}
