//! What Meta says, and what the host notes: registers, each with its own clock.

use std::num::NonZeroU32;

use super::{
    Body, ContactRow, Edit, EntryRow, FieldRow, Reacted, Rows,
    talk::{Talk, raise},
};
use crate::{
    change::{Applied, ProfileResponse},
    id::Mid,
    model::{Content, Entry, EntryId, OutgoingKey, Picture, Reaction, Revision, Side, Source},
    store::hash::hash63_of,
    time::Timestamp,
};

impl<R: Rows + ?Sized> Talk<'_, R> {
    pub(super) fn received(&mut self, entry: &Entry) -> Result<Applied, R::Error> {
        if self.is_cut(entry.at) {
            return Ok(Applied::Forgotten);
        }
        let opened = if entry.opens_window {
            self.opened(entry.at)?
        } else {
            Applied::Unchanged
        };
        Ok(match self.record(entry, Side::Customer, None)? {
            Applied::Unchanged => opened,
            recorded => recorded,
        })
    }

    pub(super) fn echoed(
        &mut self,
        entry: &Entry,
        key: Option<&OutgoingKey>,
    ) -> Result<Applied, R::Error> {
        let key = key.filter(|key| !self.is_cut(key.born()));
        let joined = match (key, Mid::new(entry.id.as_str())) {
            (Some(key), Ok(mid)) => Some((key, mid)),
            _ => None,
        };
        let body = if self.is_cut(entry.at) {
            Applied::Forgotten
        } else {
            self.record(entry, Side::Page, key)?
        };
        let Some((key, mid)) = joined else {
            return Ok(body);
        };
        // The bubble that was queued becomes this one: nothing new is to be seen.
        let was_queued = self
            .rows
            .outgoing(self.key, key)?
            .is_some_and(|answer| answer.spot().is_some());
        Ok(match (body, self.join(key, mid)?) {
            (Applied::Unchanged | Applied::Forgotten, joined) => joined,
            (Applied::New { .. }, _) if was_queued => Applied::Changed,
            (body, _) => body,
        })
    }

    /// Puts an entry into the log.
    pub(super) fn record(
        &mut self,
        entry: &Entry,
        side: Side,
        key: Option<&OutgoingKey>,
    ) -> Result<Applied, R::Error> {
        let stored = self.rows.entry(self.key, &entry.id)?;
        let mut row = stored
            .clone()
            .unwrap_or_else(|| EntryRow::new(entry.id.clone()));
        row.key = row.key.max(key.cloned());
        let mut body = Body::new(entry.at, entry.source, side, entry.content.clone());
        body.app.clone_from(&entry.app);
        let is_first = row.body.is_none();
        let erased = row.unsent_at.is_some();
        if erased {
            body.content = body.content.erased();
        }
        row.body = match row.body {
            Some(old) if entry.timeless => self.told_again(old, body, erased),
            Some(old) if !beats(&body, &old, erased) => Some(old),
            _ => Some(body),
        };
        if stored.as_ref() == Some(&row) {
            return Ok(Applied::Unchanged);
        }
        self.put_entry(stored.as_ref(), &row)?;
        if entry.timeless && stored.is_some_and(|stored| stored.looks_like(&row)) {
            return Ok(Applied::Unchanged);
        }
        if is_first && side == Side::Customer {
            self.row.unread = self.row.unread.saturating_add(1);
            self.row.inbound_revision = self.rows.revision(&self.key.page)?;
        }
        Ok(if is_first {
            self.is_new()
        } else {
            self.changed()
        })
    }

    /// What has no time of its own stays where it was first told, whoever tells of it again.
    fn told_again(&mut self, old: Body, new: Body, erased: bool) -> Option<Body> {
        let times = old.times().chain(new.times()).collect();
        // Only of two processes whose clocks differ the later may be told first.
        self.is_older |= new.at < old.at && self.row.last_at == Some(old.at);
        let body = if beats(&new, &old, erased) { new } else { old };
        body.with_times(times)
    }

    pub(super) fn edited(
        &mut self,
        mid: &Mid,
        at: Timestamp,
        number: u32,
        text: &str,
    ) -> Result<Applied, R::Error> {
        self.annotate(mid, at, |row| {
            let mut edit = Edit::new(at, number, text.to_owned());
            if row.unsent_at.is_some() {
                edit.text.clear();
            }
            if row.edit.as_ref() < Some(&edit) {
                row.edit = Some(edit);
            }
        })
    }

    pub(super) fn unsent(&mut self, mid: &Mid, at: Timestamp) -> Result<Applied, R::Error> {
        let applied = self.annotate(mid, at, |row| {
            raise(&mut row.unsent_at, at);
            if let Some(body) = &mut row.body {
                body.content = body.content.erased();
            }
            if let Some(edit) = &mut row.edit {
                edit.text.clear();
            }
        })?;
        if applied != Applied::Forgotten {
            let row = self.rows.entry(self.key, &EntryId::of_message(mid))?;
            if let Some(key) = row.and_then(|row| row.key) {
                self.erase_answer(&key)?;
            }
        }
        Ok(applied)
    }

    pub(super) fn reacted(
        &mut self,
        mid: &Mid,
        at: Timestamp,
        by: Side,
        reaction: Option<&Reaction>,
    ) -> Result<Applied, R::Error> {
        let reacted = Reacted::new(at, reaction.cloned());
        let applied = self.annotate(mid, at, |row| {
            let register = match by {
                Side::Customer => &mut row.customer_reaction,
                Side::Page => &mut row.page_reaction,
            };
            if register.as_ref() < Some(&reacted) {
                *register = Some(reacted);
            }
        })?;
        // A reaction lets the Page answer, as a message does; taking one back does not.
        if by == Side::Customer && reaction.is_some() {
            let opened = self.opened(at)?;
            return Ok(if applied == Applied::Unchanged {
                opened
            } else {
                applied
            });
        }
        Ok(applied)
    }

    /// From then on the Page may answer for a while.
    pub(super) fn opened(&mut self, at: Timestamp) -> Result<Applied, R::Error> {
        Ok(if self.is_cut(at) {
            Applied::Forgotten
        } else if raise(&mut self.row.inbound_at, at) {
            self.changed()
        } else {
            Applied::Unchanged
        })
    }

    /// Meta gave no moment, but these messages alone.
    pub(super) fn delivered_alone(
        &mut self,
        mids: &[Mid],
        at: Timestamp,
    ) -> Result<Applied, R::Error> {
        let mut answer = Applied::Unchanged;
        for mid in mids {
            let applied = self.annotate(mid, at, |row| {
                raise(&mut row.delivered_at, at);
            })?;
            if answer == Applied::Unchanged || applied == Applied::Changed {
                answer = applied;
            }
        }
        Ok(answer)
    }

    /// Changes what is known about a message, which may not have come yet.
    fn annotate(
        &mut self,
        mid: &Mid,
        at: Timestamp,
        change: impl FnOnce(&mut EntryRow),
    ) -> Result<Applied, R::Error> {
        if self.is_cut(at) {
            return Ok(Applied::Forgotten);
        }
        let id = EntryId::of_message(mid);
        let stored = self.rows.entry(self.key, &id)?;
        let mut row = stored.clone().unwrap_or_else(|| EntryRow::new(id));
        change(&mut row);
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

    /// Everything the Page sent up to then was delivered, or read.
    pub(super) fn mark(
        &mut self,
        up_to: Timestamp,
        register: impl FnOnce(&mut ContactRow) -> &mut Option<Timestamp>,
    ) -> Result<Applied, R::Error> {
        Ok(if self.is_forgotten(up_to) {
            Applied::Forgotten
        } else if raise(register(&mut self.row), up_to) {
            self.changed()
        } else {
            Applied::Unchanged
        })
    }

    pub(super) fn profile(
        &mut self,
        fetched_at: Timestamp,
        answer: &ProfileResponse,
        due: Option<Timestamp>,
    ) -> Result<Applied, R::Error> {
        if self.is_forgotten(fetched_at) {
            return Ok(Applied::Forgotten);
        }
        let mut is_changed = false;
        let row = &mut self.row;
        if let ProfileResponse::Known { profile, picture } = answer {
            if (row.profile_at, row.profile.as_ref()) < (Some(fetched_at), Some(profile)) {
                (row.profile_at, row.profile) = (Some(fetched_at), Some(profile.clone()));
                is_changed = true;
            }
            let version = picture.as_ref().map(version);
            if version.is_some() && (row.picture_at, row.picture) < (Some(fetched_at), version) {
                (row.picture_at, row.picture) = (Some(fetched_at), version);
                self.rows.put_picture(self.key, picture.as_ref())?;
                is_changed = true;
            }
        }
        let row = &mut self.row;
        if (row.asked_at, row.ask_again) < (Some(fetched_at), due) {
            (row.asked_at, row.ask_again) = (Some(fetched_at), due);
            row.profile_lease = None;
            // One that is due again lacks its picture: attempts go on counting, to slow down.
            let is_done = match answer {
                ProfileResponse::Known { .. } => due.is_none(),
                ProfileResponse::Nobody => true,
                ProfileResponse::Failed => false,
            };
            if is_done {
                (row.profile_attempt, row.profile_by) = (0, None);
            }
            is_changed = true;
        }
        Ok(if is_changed {
            self.changed()
        } else {
            Applied::Unchanged
        })
    }

    pub(super) fn field(
        &mut self,
        name: &str,
        value: Option<&str>,
        at: Timestamp,
    ) -> Result<Applied, R::Error> {
        if self.is_forgotten(at) {
            return Ok(Applied::Forgotten);
        }
        let row = FieldRow::new(at, value.map(str::to_owned));
        if self.rows.field(self.key, name)?.as_ref() >= Some(&row) {
            return Ok(Applied::Unchanged);
        }
        self.rows.put_field(self.key, name, Some(&row))?;
        Ok(self.changed())
    }

    pub(super) fn seen(&mut self, revision: Revision) -> Result<Applied, R::Error> {
        Ok(if self.row.unread == 0 {
            Applied::Unchanged
        } else if self.row.inbound_revision > revision {
            Applied::Refused
        } else {
            self.row.unread = 0;
            self.changed()
        })
    }
}

/// Whether a body takes the place of another. What we kept ourselves gives way to what Meta says;
/// then the later counts, because only a register in the order of its own clock can be cut by time
/// in any order. Once erased, what they say is no reason any more.
fn beats(body: &Body, old: &Body, erased: bool) -> bool {
    let clock = |body: &Body| (body.source != Source::Own, body.last_told(), body.source);
    match clock(body).cmp(&clock(old)) {
        std::cmp::Ordering::Equal if erased => false,
        std::cmp::Ordering::Equal => {
            (body.side, &body.content, &body.app) > (old.side, &old.content, &old.app)
        }
        order => order.is_gt(),
    }
}

/// Tells one picture from another.
fn version(picture: &Picture) -> NonZeroU32 {
    let hash = hash63_of(&picture.bytes).cast_unsigned() as u32;
    NonZeroU32::new(hash).unwrap_or(NonZeroU32::MIN)
}

impl Content {
    /// That there was something, and nothing of what it said.
    pub(super) fn erased(&self) -> Self {
        Self::new(self.act.clone())
    }
}
