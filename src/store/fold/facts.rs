//! Facts from Meta: registers, each with its own clock.

use std::num::NonZeroU32;

use super::{
    Body, ContactRow, Edit, EntryRow, Reacted, Rows,
    contact::ReactionRow,
    conversation::{Conversation, raise},
};
use crate::{
    change::{Applied, ProfileResponse},
    id::Mid,
    model::{Entry, EntryId, OutgoingKey, Picture, Reaction, Revision, Side, Status, WorkKind},
    store::hash::hash63_of,
    time::Timestamp,
};

impl<R: Rows + ?Sized> Conversation<'_, R> {
    pub(super) fn received(
        &mut self,
        entry: &Entry,
        work: &[WorkKind],
    ) -> Result<Applied, R::Error> {
        if self.is_cut(entry.at) {
            return Ok(Applied::Forgotten);
        }
        let applied = self.record(entry, Side::Customer, None)?;
        if matches!(applied, Applied::New { live: true, .. }) {
            for kind in work {
                self.add_work(kind, entry)?;
            }
        }
        Ok(applied)
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
        // The queued message becomes this one: nothing new is visible.
        let was_queued = self
            .outgoing(key)?
            .is_some_and(|reply| reply.position().is_some());
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
        let stored = self.entry(&entry.id)?;
        let mut row = stored
            .clone()
            .unwrap_or_else(|| EntryRow::new(entry.id.clone()));
        row.key = row.key.max(key.cloned());
        row.author = row.author.max(entry.author.clone());
        let mut body = Body::of(entry, side);
        if row.unsent_at.is_some() {
            body.erase();
        }
        let is_first = row.body.is_none();
        let was_live = row.body.as_ref().is_some_and(Body::is_live);
        let becomes_live = entry.live && !was_live && side == Side::Customer;
        row.body = Some(match row.body {
            Some(old) => old.merge(body),
            None => body,
        });
        if stored.as_ref() == Some(&row) {
            return Ok(Applied::Unchanged);
        }
        self.put_entry(stored.as_ref(), &row)?;
        if becomes_live {
            self.row.unread = self.row.unread.saturating_add(1);
            self.row.inbound_revision = self.rows.revision(&self.key.page)?;
            if self.row.status != Status::Open {
                self.row.status = Status::Open;
                self.row.status_revision = self.row.inbound_revision;
            }
        }
        Ok(if is_first || becomes_live {
            self.is_new(entry.live)
        } else {
            let looks_alike = stored.is_some_and(|stored| stored.looks_like(&row));
            self.changed_if(!looks_alike)
        })
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
                body.erase();
            }
            if let Some(edit) = &mut row.edit {
                edit.text.clear();
            }
        })?;
        if applied != Applied::Forgotten {
            let row = self.entry(&EntryId::of_message(mid))?;
            if let Some(key) = row.and_then(|row| row.key) {
                self.erase_reply(&key)?;
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
                Side::Page => &mut row.page_reaction,
                Side::Customer | Side::Team => &mut row.customer_reaction,
            };
            if register.as_ref() < Some(&reacted) {
                *register = Some(reacted);
            }
        })?;
        if by == Side::Page || self.is_cut(at) {
            return Ok(applied);
        }
        let last = ReactionRow::new(at, EntryId::of_message(mid), reaction.cloned());
        let is_last = self.row.reaction.as_ref() < Some(&last);
        if is_last {
            self.row.reaction = Some(last);
        }
        // A reaction lets the Page answer, as a message does; removing one does not.
        let opened = match reaction {
            Some(_) => self.opened(at)?,
            None => Applied::Unchanged,
        };
        Ok(match applied {
            Applied::Unchanged if is_last => self.changed(),
            Applied::Unchanged => opened,
            applied => applied,
        })
    }

    /// From then on the Page may answer for a while.
    pub(super) fn opened(&mut self, at: Timestamp) -> Result<Applied, R::Error> {
        if self.is_cut(at) {
            return Ok(Applied::Forgotten);
        }
        raise(&mut self.row.opened_at, at);
        let is_later = raise(&mut self.row.inbound_at, at);
        Ok(self.changed_if(is_later))
    }

    /// The named messages were delivered, and everything that was sent up to a time.
    pub(super) fn delivered(
        &mut self,
        mids: &[Mid],
        at: Timestamp,
        up_to: Option<Timestamp>,
    ) -> Result<Applied, R::Error> {
        let mut result = match up_to {
            Some(up_to) => self.mark(up_to, |row| &mut row.delivered),
            None => Applied::Unchanged,
        };
        for mid in mids {
            let applied = self.annotate(mid, at, |row| {
                raise(&mut row.delivered_at, at);
            })?;
            if result == Applied::Unchanged || applied == Applied::Changed {
                result = applied;
            }
        }
        Ok(result)
    }

    /// Changes what is known about a message, which may not have arrived yet.
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
        let stored = self.entry(&id)?;
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

    /// Everything that the Page sent up to a time was delivered, or read.
    pub(super) fn mark(
        &mut self,
        up_to: Timestamp,
        register: impl FnOnce(&mut ContactRow) -> &mut Option<Timestamp>,
    ) -> Applied {
        if self.is_forgotten(up_to) {
            return Applied::Forgotten;
        }
        let is_later = raise(register(&mut self.row), up_to);
        self.changed_if(is_later)
    }

    pub(super) fn profile(
        &mut self,
        fetched_at: Timestamp,
        response: &ProfileResponse,
        due: Option<Timestamp>,
    ) -> Result<Applied, R::Error> {
        if self.is_forgotten(fetched_at) {
            return Ok(Applied::Forgotten);
        }
        let mut is_changed = false;
        let row = &mut self.row;
        if let ProfileResponse::Known { profile, picture } = response {
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
            let is_done = match response {
                ProfileResponse::Known { .. } => due.is_none(),
                ProfileResponse::Unavailable => true,
                ProfileResponse::Failed => false,
            };
            if is_done {
                (row.profile_attempt, row.profile_by) = (0, None);
            }
            is_changed = true;
        }
        Ok(self.changed_if(is_changed))
    }

    pub(super) fn seen(&mut self, revision: Revision) -> Applied {
        if self.row.unread == 0 {
            Applied::Unchanged
        } else if self.row.inbound_revision > revision {
            Applied::Refused
        } else {
            self.row.unread = 0;
            self.changed()
        }
    }

    pub(super) fn marked_unread(&mut self, count: u32) -> Applied {
        let raises = self.row.is_shown() && self.row.unread < count;
        if raises {
            self.row.unread = count;
        }
        self.changed_if(raises)
    }

    /// Adds an entry of the team, which moves nothing else.
    pub(super) fn noted(&mut self, entry: &Entry) -> Result<Applied, R::Error> {
        if self.is_cut(entry.at) {
            return Ok(Applied::Forgotten);
        }
        self.record(entry, Side::Team, None)
    }
}

/// Version of a picture: another one has another number.
fn version(picture: &Picture) -> NonZeroU32 {
    let hash = hash63_of(&picture.bytes).cast_unsigned() as u32;
    NonZeroU32::new(hash).unwrap_or(NonZeroU32::MIN)
}
