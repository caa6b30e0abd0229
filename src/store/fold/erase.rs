//! Erasing: everything up to a time disappears at once, and does not come back by replay. The rows
//! are removed in slices afterwards.

use super::{EntryRow, Rows, conversation::Conversation, sending::own_body};
use crate::{
    change::Applied,
    model::{EntryId, Side},
    time::Timestamp,
};

impl<R: Rows + ?Sized> Conversation<'_, R> {
    pub(super) fn forgotten(&mut self, at: Timestamp) -> Result<Applied, R::Error> {
        if self.is_forgotten(at) {
            return Ok(Applied::Unchanged);
        }
        let before = self.row.clone();
        self.rows.remove_kept(self.key, at)?;
        let row = &mut self.row;
        row.forgotten = Some(at);
        row.labels.retain_later(at);
        for mark in [&mut row.delivered, &mut row.read] {
            *mark = mark.filter(|mark| *mark > at);
        }
        if row.profile_at <= Some(at) {
            (row.profile_at, row.profile) = (None, None);
        }
        if row.asked_at <= Some(at) {
            (row.asked_at, row.ask_again) = (None, None);
            (row.profile_attempt, row.profile_by, row.profile_lease) = (0, None, None);
        }
        if row.picture_at.is_some_and(|picture_at| picture_at <= at) {
            (row.picture_at, row.picture) = (None, None);
            self.rows.put_picture(self.key, None)?;
        }
        let row = &mut self.row;
        (row.status, row.status_revision) = Default::default();
        (row.assignee, row.assignee_revision) = Default::default();
        // An expiry that says no more than this names the customer for nothing.
        if row.expired <= Some(at) {
            row.expired = None;
        }
        self.cut(&before)
    }

    pub(super) fn expired(&mut self, at: Timestamp) -> Result<Applied, R::Error> {
        if self.is_cut(at) {
            return Ok(Applied::Unchanged);
        }
        let before = self.row.clone();
        self.row.expired = Some(at);
        self.cut(&before)
    }

    /// Hides what the cut erases, and leaves its rows to [`erase`](Self::erase).
    fn cut(&mut self, before: &super::ContactRow) -> Result<Applied, R::Error> {
        let Some(cutoff) = self.row.cutoff() else {
            return Ok(Applied::Unchanged);
        };
        self.row.erasing = true;
        // What waits to be sent must not be sent, so it goes at once.
        for reply in self.rows.due(self.key)? {
            if self.is_cut(reply.key.born()) {
                self.rows.put_outgoing(self.key, &reply.key, None)?;
            }
        }
        self.row.send_due = self.head()?.and_then(|head| head.due());
        let row = &mut self.row;
        row.opened_at = row.opened_at.filter(|at| *at > cutoff);
        row.reaction = row.reaction.take().filter(|one| one.at > cutoff);
        self.seek()?;
        if self.row.unread > 0 {
            let left = self.rows.count_inbound(self.key, cutoff, self.row.unread)?;
            self.row.unread = self.row.unread.min(left);
        }
        let row = &mut self.row;
        if !row.is_shown() {
            // Who comes back afterwards is a new customer.
            (row.inbound_revision, row.revision) = Default::default();
            (row.status, row.status_revision) = Default::default();
            (row.assignee, row.assignee_revision) = Default::default();
        }
        let mut hidden = before.clone();
        (hidden.erasing, hidden.forgotten, hidden.expired) =
            (true, self.row.forgotten, self.row.expired);
        if self.was_shown() || self.row != hidden {
            self.changed();
            Ok(Applied::Changed)
        } else {
            Ok(Applied::Parked)
        }
    }

    /// Removes some of the rows that cuts have hidden, and returns whether there may be more.
    pub(super) fn erase(&mut self, limit: u32) -> Result<Applied, R::Error> {
        let Some(cutoff) = self.row.cutoff().filter(|_| self.row.erasing) else {
            return Ok(Applied::Unchanged);
        };
        let old = self.rows.old(self.key, cutoff, limit.max(1))?;
        if old.is_empty() {
            self.row.erasing = false;
            return Ok(Applied::Unchanged);
        }
        for reply in &old.outgoing {
            self.rows.put_outgoing(self.key, &reply.key, None)?;
            for mid in &reply.mids {
                let id = EntryId::of_message(mid);
                if let Some(stored) = self.rows.entry(self.key, &id)? {
                    self.rewrite(&stored, cutoff)?;
                }
            }
        }
        for stored in &old.entries {
            self.rewrite(stored, cutoff)?;
        }
        for key in &old.work {
            self.rows.put_work(key, None)?;
        }
        Ok(Applied::Changed)
    }

    /// Writes an entry as the cut leaves it, and returns it.
    pub(super) fn rewrite(
        &mut self,
        stored: &EntryRow,
        cutoff: Timestamp,
    ) -> Result<Option<EntryRow>, R::Error> {
        let left = self.without_cut(stored)?;
        match &left {
            None => self.rows.put_entry(self.key, &stored.id, None)?,
            Some(row) if row == stored => {}
            Some(row) => {
                let was = stored.body.as_ref();
                if was.is_some_and(|body| body.at > cutoff) {
                    self.put_entry(Some(stored), row)?;
                    return Ok(left);
                }
                // A later copy appears in place of the one that the cut has hidden.
                let body = row.body.as_ref().filter(|_| was.is_some());
                if body.is_some_and(|body| body.is_live() && body.side == Side::Customer) {
                    self.row.unread = self.row.unread.saturating_add(1);
                }
                self.put_entry(None, row)?;
            }
        }
        Ok(left)
    }

    /// An entry without what a cut has erased. Meta's copy may be cut and our own not.
    pub(super) fn without_cut(&mut self, stored: &EntryRow) -> Result<Option<EntryRow>, R::Error> {
        let Some(mut row) = stored.visible(self.row.cutoff()) else {
            return Ok(None);
        };
        let Some(key) = row.key.clone() else {
            return Ok(Some(row));
        };
        let reply = self.outgoing(&key)?;
        row.sent_twice &= reply.as_ref().is_some_and(|reply| reply.mids.len() > 1);
        if row.body.is_none() {
            row.body = reply.as_ref().and_then(own_body);
            if row.body.is_some() && row.unsent_at.is_some() {
                row.body.iter_mut().for_each(super::Body::erase);
            }
        }
        Ok(Some(row))
    }
}
