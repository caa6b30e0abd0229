//! Our own answers: queued, claimed, settled; and the claim on a profile.

use super::{Body, EntryRow, OutgoingRow, OutgoingState, Rows, talk::Talk};
use crate::{
    change::{Applied, SendOutcome, Work},
    id::Mid,
    model::{Content, Entry, EntryId, OutgoingKey, Side, Source, WorkerId},
    time::Timestamp,
};

impl<R: Rows + ?Sized> Talk<'_, R> {
    pub(super) fn queued(
        &mut self,
        key: &OutgoingKey,
        at: Timestamp,
        content: &Content,
    ) -> Result<Applied, R::Error> {
        if self.is_cut(key.born()) {
            return Ok(Applied::Forgotten);
        }
        let stored = self.rows.outgoing(self.key, key)?;
        let mut answer = stored
            .clone()
            .unwrap_or_else(|| OutgoingRow::new(key.clone()));
        if answer.content.is_some() {
            return Ok(Applied::Unchanged);
        }
        (answer.at, answer.content) = (at, Some(content.clone()));
        self.put_outgoing(stored.as_ref(), &answer)?;
        let mut is_new = answer.mids.is_empty();
        for mid in &answer.mids {
            let applied = self.record(&own(mid, &answer), Side::Page, Some(key))?;
            is_new |= matches!(applied, Applied::New { .. });
        }
        self.erase_if_unsent(&answer)?;
        Ok(if is_new {
            self.is_new()
        } else {
            self.changed()
        })
    }

    /// Of two outcomes the later attempt counts, then the better knowledge.
    pub(super) fn settled(
        &mut self,
        key: &OutgoingKey,
        attempt: u32,
        outcome: &SendOutcome,
    ) -> Result<Applied, R::Error> {
        if self.is_cut(key.born()) {
            return Ok(Applied::Forgotten);
        }
        let state = match outcome {
            SendOutcome::Sent { mid } => return self.join(key, mid.clone()),
            SendOutcome::Unknown => OutgoingState::Unknown,
            SendOutcome::NotSent { due } => OutgoingState::NotSent { due: *due },
            SendOutcome::Failed { reason } => OutgoingState::Failed {
                reason: reason.clone(),
            },
            SendOutcome::Dismissed => OutgoingState::Dismissed,
        };
        let stored = self.rows.outgoing(self.key, key)?;
        let mut answer = stored
            .clone()
            .unwrap_or_else(|| OutgoingRow::new(key.clone()));
        if (attempt, state.rank()) <= (answer.attempt, answer.state.rank()) {
            return Ok(Applied::Unchanged);
        }
        (answer.attempt, answer.state) = (attempt, state);
        self.put_outgoing(stored.as_ref(), &answer)?;
        Ok(if answer.content.is_none() {
            Applied::Parked
        } else if answer.mids.is_empty() {
            self.changed()
        } else {
            // The message has a name: whatever else was thought of it is not shown.
            Applied::Unchanged
        })
    }

    /// Meta calls an answer so. An answer with two names went out twice, and shows as two bubbles.
    pub(super) fn join(&mut self, key: &OutgoingKey, mid: Mid) -> Result<Applied, R::Error> {
        let stored = self.rows.outgoing(self.key, key)?;
        let mut answer = stored
            .clone()
            .unwrap_or_else(|| OutgoingRow::new(key.clone()));
        let Err(place) = answer.mids.binary_search(&mid) else {
            return Ok(Applied::Unchanged);
        };
        let was_queued = answer.spot().is_some();
        answer.mids.insert(place, mid.clone());
        // The bubble in the log comes before the one in the queue goes, or the end would be lost.
        let recorded = match answer.content {
            Some(_) => self.record(&own(&mid, &answer), Side::Page, Some(key))?,
            None => self.name(&mid, key)?,
        };
        self.put_outgoing(stored.as_ref(), &answer)?;
        if answer.mids.len() > 1 {
            for mid in &answer.mids {
                self.flag_twice(mid)?;
            }
        }
        self.erase_if_unsent(&answer)?;
        Ok(match recorded {
            Applied::New { .. } if was_queued => Applied::Changed,
            Applied::Unchanged => self.changed(),
            recorded => recorded,
        })
    }

    /// Writes on an entry that it is this answer, of which nothing else is known yet.
    fn name(&mut self, mid: &Mid, key: &OutgoingKey) -> Result<Applied, R::Error> {
        let id = EntryId::of_message(mid);
        let stored = self.rows.entry(self.key, &id)?;
        let mut row = stored.clone().unwrap_or_else(|| EntryRow::new(id));
        row.key = row.key.max(Some(key.clone()));
        if stored.as_ref() == Some(&row) {
            return Ok(Applied::Unchanged);
        }
        self.put_entry(stored.as_ref(), &row)?;
        Ok(if row.body.is_some() {
            self.changed()
        } else {
            Applied::Parked
        })
    }

    fn flag_twice(&mut self, mid: &Mid) -> Result<(), R::Error> {
        let id = EntryId::of_message(mid);
        let stored = self.rows.entry(self.key, &id)?;
        let mut row = stored.clone().unwrap_or_else(|| EntryRow::new(id));
        row.sent_twice = true;
        if stored.as_ref() != Some(&row) {
            self.put_entry(stored.as_ref(), &row)?;
        }
        Ok(())
    }

    /// A message may have been taken back before it was known to be this answer.
    fn erase_if_unsent(&mut self, answer: &OutgoingRow) -> Result<(), R::Error> {
        for mid in &answer.mids {
            let entry = self.rows.entry(self.key, &EntryId::of_message(mid))?;
            if entry.is_some_and(|entry| entry.unsent_at.is_some()) {
                return self.erase_answer(&answer.key);
            }
        }
        Ok(())
    }

    /// Erases what we keep ourselves of a message that was taken back.
    pub(super) fn erase_answer(&mut self, key: &OutgoingKey) -> Result<(), R::Error> {
        let Some(stored) = self.rows.outgoing(self.key, key)? else {
            return Ok(());
        };
        let Some(content) = &stored.content else {
            return Ok(());
        };
        let erased = content.erased();
        if *content == erased {
            return Ok(());
        }
        let mut answer = stored.clone();
        answer.content = Some(erased.clone());
        self.put_outgoing(Some(&stored), &answer)?;
        for mid in &answer.mids {
            let Some(stored) = self.rows.entry(self.key, &EntryId::of_message(mid))? else {
                continue;
            };
            let mut row = stored.clone();
            if let Some(body) = row.body.as_mut().filter(|body| body.source == Source::Own) {
                body.content = erased.clone();
                self.put_entry(Some(&stored), &row)?;
            }
        }
        Ok(())
    }

    pub(super) fn claimed(
        &mut self,
        work: &Work,
        attempt: u32,
        until: Timestamp,
        by: WorkerId,
    ) -> Result<Applied, R::Error> {
        match work {
            Work::Send(key) => self.claim_send(key, attempt, until, by),
            Work::Profile => Ok(self.claim_profile(attempt, until, by)),
        }
    }

    fn claim_send(
        &mut self,
        key: &OutgoingKey,
        attempt: u32,
        until: Timestamp,
        by: WorkerId,
    ) -> Result<Applied, R::Error> {
        let Some(stored) = self.rows.outgoing(self.key, key)? else {
            return Ok(Applied::Refused);
        };
        if stored.attempt == attempt && stored.by == Some(by) {
            return Ok(Applied::Unchanged);
        }
        let waits = matches!(
            stored.state,
            OutgoingState::Queued | OutgoingState::NotSent { .. }
        );
        if !waits || stored.due().is_none() || stored.attempt.checked_add(1) != Some(attempt) {
            return Ok(Applied::Refused);
        }
        let mut answer = stored.clone();
        (answer.attempt, answer.by, answer.state) =
            (attempt, Some(by), OutgoingState::Sending { until });
        self.put_outgoing(Some(&stored), &answer)?;
        Ok(self.changed())
    }

    fn claim_profile(&mut self, attempt: u32, until: Timestamp, by: WorkerId) -> Applied {
        let row = &mut self.row;
        if row.profile_attempt == attempt && row.profile_by == Some(by) {
            return Applied::Unchanged;
        }
        if row.profile_due().is_none() || row.profile_attempt.checked_add(1) != Some(attempt) {
            return Applied::Refused;
        }
        (row.profile_attempt, row.profile_by, row.profile_lease) = (attempt, Some(by), Some(until));
        // Nobody sees who asks: the revision stands.
        Applied::Changed
    }
}

/// The line of the log that stands for an answer of ours until its echo comes.
pub(super) fn own(mid: &Mid, answer: &OutgoingRow) -> Entry {
    let content = answer.content.clone().unwrap_or_default();
    Entry::new(EntryId::of_message(mid), answer.at, Source::Own, content)
}

/// The same as a body.
pub(super) fn own_body(answer: &OutgoingRow) -> Option<Body> {
    let content = answer.content.clone()?;
    Some(Body::new(answer.at, Source::Own, Side::Page, content))
}
