//! One conversation while a change is applied to it.

use super::{ContactRow, Ends, EntryRow, OutgoingRow, Rows, Snippet, Spot, cut::last};
use crate::{change::Applied, store::ContactKey, time::Timestamp};

/// One conversation: its customer's row in hand, the other rows behind it.
pub(super) struct Talk<'r, R: ?Sized> {
    pub(super) rows: &'r mut R,
    pub(super) key: &'r ContactKey,
    pub(super) row: ContactRow,
    stored: ContactRow,
    /// Something that can be seen is different, so that the Page's revision moves.
    is_changed: bool,
    /// A bubble left its end, so that the ends must be looked up.
    must_seek: bool,
    /// What was done last was done earlier than was thought, so that the last of all must be found.
    pub(super) is_older: bool,
}

impl<'r, R: Rows + ?Sized> Talk<'r, R> {
    pub(super) fn open(rows: &'r mut R, key: &'r ContactKey) -> Result<Self, R::Error> {
        let row = rows.contact(key)?.unwrap_or_default();
        Ok(Self {
            rows,
            key,
            stored: row.clone(),
            row,
            is_changed: false,
            must_seek: false,
            is_older: false,
        })
    }

    /// Writes the customer's row, if it is different.
    pub(super) fn close(mut self) -> Result<(), R::Error> {
        if self.is_older {
            let all = self.rows.conversation(self.key)?;
            let ends = Ends::of(&all.entries, &all.outgoing);
            self.row.last_at = last(&all.entries, &all.outgoing);
            (self.row.preview, self.row.first_at) = (ends.newest, ends.first_at);
        } else if self.must_seek {
            let ends = self.rows.ends(self.key)?;
            (self.row.preview, self.row.first_at) = (ends.newest, ends.first_at);
        }
        if self.is_changed && (self.row.is_shown() || self.stored.is_shown()) {
            let revision = self.rows.revision(&self.key.page)?;
            // A customer who is gone has none: nothing of theirs is left to be read again.
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

    /// Whether a message of then is not taken in any more.
    pub(super) fn is_cut(&self, at: Timestamp) -> bool {
        self.row.cutoff() >= Some(at)
    }

    /// Whether what was known of the customer then is forgotten.
    pub(super) fn is_forgotten(&self, at: Timestamp) -> bool {
        self.row.forgotten >= Some(at)
    }

    /// The answer for a change that can be seen, if the customer can.
    pub(super) fn changed(&mut self) -> Applied {
        self.is_changed = true;
        if self.row.is_shown() {
            Applied::Changed
        } else {
            Applied::Parked
        }
    }

    /// The answer for a bubble that can be seen for the first time.
    pub(super) fn is_new(&mut self) -> Applied {
        self.is_changed = true;
        Applied::New {
            customer: !self.was_shown(),
        }
    }

    /// Writes an entry over what was stored of it.
    pub(super) fn put_entry(
        &mut self,
        stored: Option<&EntryRow>,
        row: &EntryRow,
    ) -> Result<(), R::Error> {
        self.rows.put_entry(self.key, &row.id, Some(row))?;
        let at = row.body.as_ref().map(|body| body.at);
        self.moved(stored.and_then(EntryRow::spot), at, row.snippet());
        Ok(())
    }

    /// Writes an answer over what was stored of it, and when the conversation must be looked at.
    pub(super) fn put_outgoing(
        &mut self,
        stored: Option<&OutgoingRow>,
        row: &OutgoingRow,
    ) -> Result<(), R::Error> {
        self.rows.put_outgoing(self.key, &row.key, Some(row))?;
        let at = row.content.as_ref().map(|_| row.at);
        self.moved(stored.and_then(OutgoingRow::spot), at, row.snippet());
        if stored.and_then(OutgoingRow::due).is_some() || row.due().is_some() {
            self.row.send_due = self.rows.head(self.key)?.and_then(|head| head.due());
        }
        Ok(())
    }

    /// Keeps the ends of the conversation true when a bubble comes, moves or goes.
    fn moved(&mut self, from: Option<Spot>, at: Option<Timestamp>, to: Option<Snippet>) {
        self.row.last_at = self.row.last_at.max(at);
        match (self.row.first_at, at) {
            (None, _) => self.row.first_at = at,
            (Some(first), Some(at)) if at < first => self.row.first_at = Some(at),
            (Some(first), _) => {
                let left = from.is_some_and(|from| from.at == first) && at != Some(first);
                self.must_seek |= left;
            }
        }
        let newest = self.row.preview.as_ref().map(|preview| preview.spot);
        let spot = to.as_ref().map(|snippet| snippet.spot);
        if spot.is_some() && spot >= newest {
            self.row.preview = to;
        } else if from.is_some() && from == newest {
            self.must_seek = true;
        }
    }
}

/// Lifts a mark; never down.
pub(super) fn raise(register: &mut Option<Timestamp>, at: Timestamp) -> bool {
    let is_higher = *register < Some(at);
    if is_higher {
        *register = Some(at);
    }
    is_higher
}
