//! Replies of ours: queued, claimed, settled; and the claim on a profile.

use super::{Body, EntryRow, OutgoingRow, OutgoingState, Rows, conversation::Conversation};
use crate::{
    change::{Applied, SendOutcome, Work},
    id::Mid,
    model::{Author, Entry, EntryId, Outgoing, OutgoingKey, Side, Source, WorkerId},
    time::Timestamp,
};

impl<R: Rows + ?Sized> Conversation<'_, R> {
    pub(super) fn queued(
        &mut self,
        key: &OutgoingKey,
        at: Timestamp,
        outgoing: &Outgoing,
    ) -> Result<Applied, R::Error> {
        if self.is_cut(key.born()) {
            return Ok(Applied::Forgotten);
        }
        let stored = self.outgoing(key)?;
        let mut reply = stored
            .clone()
            .unwrap_or_else(|| OutgoingRow::new(key.clone()));
        if let Some(first) = &reply.outgoing {
            let is_program = outgoing.author.as_ref().is_some_and(|by| by.is_program);
            // Its content may have been erased since.
            let same = first == outgoing || first.content == outgoing.content.erased();
            return Ok(if same || is_program {
                Applied::Unchanged
            } else {
                Applied::Refused
            });
        }
        (reply.at, reply.outgoing) = (at, Some(outgoing.clone()));
        self.put_outgoing(stored.as_ref(), &reply)?;
        let mut is_new = reply.mids.is_empty();
        for mid in &reply.mids {
            let applied = self.record(&own(mid, &reply), Side::Page, Some(key))?;
            is_new |= matches!(applied, Applied::New { .. });
        }
        self.erase_if_unsent(&reply)?;
        Ok(if is_new {
            self.is_new(true)
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
            SendOutcome::NotSent { due, reason, tries } => OutgoingState::NotSent {
                due: *due,
                reason: reason.clone(),
                tries: *tries,
            },
            SendOutcome::Failed { reason } => OutgoingState::Failed {
                reason: reason.clone(),
            },
            SendOutcome::Dismissed => OutgoingState::Dismissed,
        };
        let stored = self.outgoing(key)?;
        let mut reply = stored
            .clone()
            .unwrap_or_else(|| OutgoingRow::new(key.clone()));
        if (attempt, state.rank()) <= (reply.attempt, reply.state.rank()) {
            return Ok(Applied::Unchanged);
        }
        (reply.attempt, reply.state) = (attempt, state);
        self.put_outgoing(stored.as_ref(), &reply)?;
        Ok(if reply.outgoing.is_none() {
            Applied::Parked
        } else {
            // A message with Meta's id is sent: another outcome is not visible.
            self.changed_if(reply.mids.is_empty())
        })
    }

    /// Meta's id of a reply. A reply with two ids was sent twice, and shows as two messages.
    pub(super) fn join(&mut self, key: &OutgoingKey, mid: Mid) -> Result<Applied, R::Error> {
        let stored = self.outgoing(key)?;
        let mut reply = stored
            .clone()
            .unwrap_or_else(|| OutgoingRow::new(key.clone()));
        let Err(place) = reply.mids.binary_search(&mid) else {
            return Ok(Applied::Unchanged);
        };
        let was_queued = reply.position().is_some();
        reply.mids.insert(place, mid.clone());
        // The message in the log comes before the one in the queue goes, or the end would be lost.
        let recorded = match reply.outgoing {
            Some(_) => self.record(&own(&mid, &reply), Side::Page, Some(key))?,
            None => self.name(&mid, key)?,
        };
        self.put_outgoing(stored.as_ref(), &reply)?;
        if reply.mids.len() > 1 {
            for mid in &reply.mids {
                self.flag_twice(mid)?;
            }
        }
        self.erase_if_unsent(&reply)?;
        Ok(match recorded {
            Applied::New { .. } if was_queued => Applied::Changed,
            Applied::Unchanged => self.changed(),
            recorded => recorded,
        })
    }

    /// Writes into an entry that it is this reply, of which nothing else is known yet.
    fn name(&mut self, mid: &Mid, key: &OutgoingKey) -> Result<Applied, R::Error> {
        let id = EntryId::of_message(mid);
        let stored = self.entry(&id)?;
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
        let stored = self.entry(&id)?;
        let mut row = stored.clone().unwrap_or_else(|| EntryRow::new(id));
        row.sent_twice = true;
        if stored.as_ref() != Some(&row) {
            self.put_entry(stored.as_ref(), &row)?;
        }
        Ok(())
    }

    /// A message may have been unsent before it was known to be this reply.
    fn erase_if_unsent(&mut self, reply: &OutgoingRow) -> Result<(), R::Error> {
        for mid in &reply.mids {
            let entry = self.entry(&EntryId::of_message(mid))?;
            if entry.is_some_and(|entry| entry.unsent_at.is_some()) {
                return self.erase_reply(&reply.key);
            }
        }
        Ok(())
    }

    /// Erases our own copy of a message that was unsent.
    pub(super) fn erase_reply(&mut self, key: &OutgoingKey) -> Result<(), R::Error> {
        let Some(stored) = self.outgoing(key)? else {
            return Ok(());
        };
        let Some(outgoing) = &stored.outgoing else {
            return Ok(());
        };
        let mut erased = outgoing.clone();
        (erased.content, erased.request) = (outgoing.content.erased(), None);
        if *outgoing == erased {
            return Ok(());
        }
        let mut reply = stored.clone();
        reply.outgoing = Some(erased);
        self.put_outgoing(Some(&stored), &reply)?;
        for mid in &reply.mids {
            let Some(stored) = self.entry(&EntryId::of_message(mid))? else {
                continue;
            };
            let mut row = stored.clone();
            if let Some(body) = row.body.as_mut().filter(|body| body.source == Source::Own) {
                body.erase();
                self.put_entry(Some(&stored), &row)?;
            }
        }
        Ok(())
    }

    /// A person sends a reply again, under a new key.
    pub(super) fn resent(
        &mut self,
        key: &OutgoingKey,
        new: &OutgoingKey,
        at: Timestamp,
        latest: Option<Timestamp>,
        author: Option<&Author>,
    ) -> Result<Applied, R::Error> {
        if self.is_cut(key.born()) || self.is_cut(new.born()) {
            return Ok(Applied::Forgotten);
        }
        let Some(stored) = self.outgoing(key)? else {
            return Ok(Applied::Refused);
        };
        if stored.resent_as.as_ref() == Some(new) {
            return Ok(Applied::Unchanged);
        }
        let may = matches!(
            stored.state,
            OutgoingState::Failed { .. } | OutgoingState::Unknown
        );
        let Some(outgoing) = &stored.outgoing else {
            return Ok(Applied::Refused);
        };
        if !may || !stored.mids.is_empty() || stored.resent_as.is_some() || key == new {
            return Ok(Applied::Refused);
        }
        let mut again = outgoing.clone();
        (again.latest, again.author) = (latest, author.cloned());
        let applied = self.queued(new, at, &again)?;
        if matches!(applied, Applied::New { .. }) {
            let mut reply = stored.clone();
            reply.resent_as = Some(new.clone());
            self.put_outgoing(Some(&stored), &reply)?;
        }
        Ok(applied)
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
            Work::Item { .. } => Ok(Applied::Refused),
        }
    }

    fn claim_send(
        &mut self,
        key: &OutgoingKey,
        attempt: u32,
        until: Timestamp,
        by: WorkerId,
    ) -> Result<Applied, R::Error> {
        let Some(stored) = self.outgoing(key)? else {
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
        let tries = stored.state.tries();
        let mut reply = stored.clone();
        (reply.attempt, reply.by) = (attempt, Some(by));
        reply.state = OutgoingState::Sending { until, tries };
        self.put_outgoing(Some(&stored), &reply)?;
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
        // The claim is not visible: the revision stands.
        Applied::Changed
    }
}

/// The entry that stands for a reply of ours until its echo arrives.
pub(super) fn own(mid: &Mid, reply: &OutgoingRow) -> Entry {
    let outgoing = reply.outgoing.clone().unwrap_or_default();
    let id = EntryId::of_message(mid);
    let mut entry = Entry::new(id, reply.at, Source::Own, outgoing.content);
    (entry.live, entry.author) = (false, outgoing.author);
    entry
}

/// The same as a body.
pub(super) fn own_body(reply: &OutgoingRow) -> Option<Body> {
    let content = reply.outgoing.as_ref()?.content.clone();
    Some(Body::new(reply.at, Source::Own, Side::Page, content))
}
