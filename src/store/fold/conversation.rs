//! One conversation while a change is applied to it.

use super::{ContactRow, EntryRow, OutgoingRow, Rows, entry::Bubble};
use crate::{
    change::Applied,
    model::{ContactKey, EntryId, OutgoingKey},
    time::Timestamp,
};

/// One conversation: the customer's row, and access to the others.
pub(super) struct Conversation<'r, R: ?Sized> {
    pub(super) rows: &'r mut R,
    pub(super) key: &'r ContactKey,
    pub(super) row: ContactRow,
    stored: ContactRow,
    /// Something visible is different, so that the Page's revision moves.
    is_changed: bool,
    /// A message left an end, so that the ends must be looked up.
    must_seek: bool,
}

impl<'r, R: Rows + ?Sized> Conversation<'r, R> {
    pub(super) fn open(rows: &'r mut R, key: &'r ContactKey) -> Result<Self, R::Error> {
        let row = rows.contact(key)?.unwrap_or_default();
        Ok(Self {
            rows,
            key,
            stored: row.clone(),
            row,
            is_changed: false,
            must_seek: false,
        })
    }

    /// Writes the customer's row, if it is different.
    pub(super) fn close(mut self) -> Result<(), R::Error> {
        if self.must_seek {
            self.seek()?;
        }
        if self.is_changed && (self.row.is_shown() || self.stored.is_shown()) {
            let revision = self.rows.revision(&self.key.page)?;
            // An erased customer has none: nothing of theirs is left to be read again.
            if self.row.is_shown() {
                self.row.revision = revision;
            }
        }
        if self.row != self.stored {
            self.rows.put_contact(self.key, &self.row)?;
        }
        Ok(())
    }

    pub(super) fn was_shown(&self) -> bool {
        self.stored.is_shown()
    }

    /// Whether a message of this time is not taken any more.
    pub(super) fn is_cut(&self, at: Timestamp) -> bool {
        self.row.cutoff() >= Some(at)
    }

    /// Whether everything known of the customer at this time is erased.
    pub(super) fn is_forgotten(&self, at: Timestamp) -> bool {
        self.row.forgotten >= Some(at)
    }

    /// The result of a visible change; not visible while the customer is not.
    pub(super) fn changed(&mut self) -> Applied {
        self.is_changed = true;
        if self.row.is_shown() {
            Applied::Changed
        } else {
            Applied::Parked
        }
    }

    /// [`changed`](Self::changed), or [`Applied::Unchanged`].
    pub(super) fn changed_if(&mut self, is_changed: bool) -> Applied {
        if is_changed {
            self.changed()
        } else {
            Applied::Unchanged
        }
    }

    /// The result of an entry that is visible for the first time.
    pub(super) fn is_new(&mut self, live: bool) -> Applied {
        self.is_changed = true;
        Applied::New {
            customer: !self.was_shown(),
            live,
        }
    }

    /// An entry without what a cut has erased.
    pub(super) fn entry(&mut self, id: &EntryId) -> Result<Option<EntryRow>, R::Error> {
        let Some(stored) = self.rows.entry(self.key, id)? else {
            return Ok(None);
        };
        match self.row.cutoff() {
            Some(cutoff) => self.rewrite(&stored, cutoff),
            None => Ok(Some(stored)),
        }
    }

    /// A reply that no cut has erased.
    pub(super) fn outgoing(&mut self, key: &OutgoingKey) -> Result<Option<OutgoingRow>, R::Error> {
        if self.is_cut(key.born()) {
            return Ok(None);
        }
        self.rows.outgoing(self.key, key)
    }

    /// Writes an entry over what was stored of it.
    pub(super) fn put_entry(
        &mut self,
        stored: Option<&EntryRow>,
        row: &EntryRow,
    ) -> Result<(), R::Error> {
        self.rows.put_entry(self.key, &row.id, Some(row))?;
        self.moved(
            stored.and_then(Bubble::of_entry).as_ref(),
            Bubble::of_entry(row),
        );
        Ok(())
    }

    /// Writes a reply over what was stored of it, and when the conversation must be looked at.
    pub(super) fn put_outgoing(
        &mut self,
        stored: Option<&OutgoingRow>,
        row: &OutgoingRow,
    ) -> Result<(), R::Error> {
        self.rows.put_outgoing(self.key, &row.key, Some(row))?;
        self.moved(
            stored.and_then(Bubble::of_reply).as_ref(),
            Bubble::of_reply(row),
        );
        if stored.and_then(OutgoingRow::due).is_some() || row.due().is_some() {
            self.row.send_due = self.head()?.and_then(|head| head.due());
        }
        Ok(())
    }

    /// The earliest reply that waits or is being sent.
    pub(super) fn head(&mut self) -> Result<Option<OutgoingRow>, R::Error> {
        let due = self.rows.due(self.key)?.into_iter();
        let due = due.filter(|reply| reply.due().is_some() && !self.is_cut(reply.key.born()));
        Ok(due.min_by(|one, other| (one.at, &one.key).cmp(&(other.at, &other.key))))
    }

    /// Keeps the customer's row true when a message comes, moves or goes.
    fn moved(&mut self, from: Option<&Bubble>, to: Option<Bubble>) {
        let row = &mut self.row;
        let was_at = from.map(|from| from.at);
        let at = to.as_ref().map(|to| to.at);
        // A message that leaves an end leaves it to another one.
        let mut left = was_at.is_some() && was_at == row.first_at && at != was_at;
        left |= was_at.is_some() && was_at == row.last_at && at < was_at;
        if let Some(at) = at {
            row.first_at = Some(row.first_at.map_or(at, |first| first.min(at)));
            row.last_at = row.last_at.max(Some(at));
        }

        let newest = row.preview.as_ref().map(|preview| preview.position);
        let position = |bubble: &Bubble| bubble.shown.as_ref().map(|shown| shown.position);
        let (was, is) = (from.and_then(position), to.as_ref().and_then(position));
        if is.is_some() && is >= newest {
            row.preview = to.as_ref().and_then(|to| to.shown.clone());
        } else {
            left |= was.is_some() && was == newest;
        }

        let (was, is) = (
            from.and_then(Bubble::inbound_at),
            to.as_ref().and_then(Bubble::inbound_at),
        );
        left |= was.is_some() && was == row.inbound_at && is < was;
        left |= was.is_some() && was == row.unanswered_since && is != was;
        row.inbound_at = row.inbound_at.max(is);
        if let Some(is) = is
            && Some(is) > row.replied_at
        {
            let since = row.unanswered_since.get_or_insert(is);
            *since = is.min(*since);
        }

        let (was, is) = (
            from.and_then(Bubble::replied_at),
            to.as_ref().and_then(Bubble::replied_at),
        );
        left |= was.is_some() && was == row.replied_at && is < was;
        if is > row.replied_at {
            row.replied_at = is;
            if row.unanswered_since.is_some() && row.unanswered_since <= is {
                // Only what is later than the reply may wait for an answer.
                left |= row.last_at > is;
                row.unanswered_since = None;
            }
        }
        self.must_seek |= left;
    }

    /// Looks up what follows from all messages.
    pub(super) fn seek(&mut self) -> Result<(), R::Error> {
        self.must_seek = false;
        let ends = self.rows.ends(self.key, self.row.cutoff())?;
        let row = &mut self.row;
        (row.preview, row.first_at, row.last_at) = (ends.newest, ends.first_at, ends.last_at);
        row.inbound_at = ends.inbound_at.max(row.opened_at);
        (row.replied_at, row.unanswered_since) = (ends.replied_at, ends.unanswered_since);
        Ok(())
    }
}

/// Raises a watermark; never lowers it.
pub(super) fn raise(register: &mut Option<Timestamp>, at: Timestamp) -> bool {
    let is_higher = *register < Some(at);
    if is_higher {
        *register = Some(at);
    }
    is_higher
}
