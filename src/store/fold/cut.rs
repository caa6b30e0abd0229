//! Forgetting: everything up to a moment goes, and does not come back by replay.

use super::{Conversation, Ends, EntryRow, OutgoingRow, Rows, sending::own_body, talk::Talk};
use crate::{
    change::Applied,
    model::{OutgoingKey, Side, Source},
    time::Timestamp,
};

impl<R: Rows + ?Sized> Talk<'_, R> {
    pub(super) fn forgotten(&mut self, at: Timestamp) -> Result<Applied, R::Error> {
        if self.is_forgotten(at) {
            return Ok(Applied::Unchanged);
        }
        self.row.forgotten = Some(at);
        let mut conversation = self.rows.conversation(self.key)?;
        for (name, field) in std::mem::take(&mut conversation.fields) {
            if field.at <= at {
                self.rows.put_field(self.key, &name, None)?;
            }
        }
        self.rows.remove_kept(self.key, at)?;
        let row = &mut self.row;
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
        // An expiry that says no more than this names the customer for nothing.
        if self.row.expired <= Some(at) {
            self.row.expired = None;
        }
        self.cut_messages(conversation)
    }

    pub(super) fn expired(&mut self, at: Timestamp) -> Result<Applied, R::Error> {
        if self.is_cut(at) {
            return Ok(Applied::Unchanged);
        }
        self.row.expired = Some(at);
        let conversation = self.rows.conversation(self.key)?;
        self.cut_messages(conversation)
    }

    /// Cuts each facet of each message by its own time, and tells the ends anew.
    fn cut_messages(&mut self, conversation: Conversation) -> Result<Applied, R::Error> {
        let before = self.row.clone();
        let mut answers = Vec::new();
        for answer in conversation.outgoing {
            if self.is_cut(answer.key.born()) {
                self.rows.put_outgoing(self.key, &answer.key, None)?;
            } else {
                answers.push(answer);
            }
        }
        let mut entries = Vec::new();
        for stored in conversation.entries {
            let row = self.cut_entry(&stored, &answers);
            if row.is_empty() {
                self.rows.put_entry(self.key, &row.id, None)?;
                continue;
            }
            if row != stored {
                self.rows.put_entry(self.key, &row.id, Some(&row))?;
            }
            entries.push(row);
        }
        let inbound = entries.iter().filter(|entry| {
            entry
                .body
                .as_ref()
                .is_some_and(|body| body.side == Side::Customer)
        });
        let inbound = u32::try_from(inbound.count()).unwrap_or(u32::MAX);
        let ends = Ends::of(&entries, &answers);
        let cutoff = self.row.cutoff();
        let row = &mut self.row;
        row.unread = row.unread.min(inbound);
        row.inbound_at = row.inbound_at.max(cutoff).filter(|at| Some(*at) > cutoff);
        row.last_at = last(&entries, &answers);
        (row.preview, row.first_at) = (ends.newest, ends.first_at);
        row.send_due = self.rows.head(self.key)?.and_then(|head| head.due());
        if !row.is_shown() {
            // Who comes back afterwards is met for the first time.
            (row.inbound_revision, row.revision) = Default::default();
        }
        if self.was_shown() || self.row != before {
            self.changed();
            Ok(Applied::Changed)
        } else {
            Ok(Applied::Parked)
        }
    }

    fn cut_entry(&self, stored: &EntryRow, answers: &[OutgoingRow]) -> EntryRow {
        let mut row = stored.clone();
        let is_old = |at: Timestamp| self.is_cut(at);
        row.key = row.key.filter(|key| !is_old(key.born()));
        let answer = row.key.as_ref().and_then(|key| find(answers, key));
        row.body = row.body.and_then(|body| match body.source {
            Source::Own => answer.is_some().then_some(body),
            _ => {
                let times = body.times().filter(|at| !is_old(*at)).collect();
                body.with_times(times)
            }
        });
        row.edit = row.edit.filter(|edit| !is_old(edit.at));
        row.unsent_at = row.unsent_at.filter(|at| !is_old(*at));
        row.customer_reaction = row.customer_reaction.filter(|one| !is_old(one.at));
        row.page_reaction = row.page_reaction.filter(|one| !is_old(one.at));
        row.delivered_at = row.delivered_at.filter(|at| !is_old(*at));
        row.sent_twice = answer.is_some_and(|answer| answer.mids.len() > 1);
        // What Meta says of our answer is cut, and what we say is not.
        if row.body.is_none() {
            row.body = answer.and_then(own_body);
        }
        row
    }
}

fn find<'a>(answers: &'a [OutgoingRow], key: &OutgoingKey) -> Option<&'a OutgoingRow> {
    answers.iter().find(|answer| answer.key == *key)
}

/// The last activity of a conversation.
pub(super) fn last(entries: &[EntryRow], answers: &[OutgoingRow]) -> Option<Timestamp> {
    let bodies = entries
        .iter()
        .filter_map(|entry| Some(entry.body.as_ref()?.at));
    let queued = answers.iter().filter(|answer| answer.content.is_some());
    bodies.chain(queued.map(|answer| answer.at)).max()
}
