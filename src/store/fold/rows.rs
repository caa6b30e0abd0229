//! The rows of a store, as the fold reads and writes them.

use super::{ContactRow, EntryRow, OutgoingRow, PageRow, Snippet, WorkKey, WorkRow, entry::Bubble};
use crate::{
    id::PageId,
    model::{ContactKey, EntryId, OutgoingKey, Picture, RawEvent, Revision, Side, WorkKind},
    time::Timestamp,
};

/// The rows of a store, inside one transaction.
///
/// Each method gets or puts the row that it names, and sees what was put before it; putting `None`
/// removes the row. Its error ends the transaction. A row that was never put is `None`.
#[allow(clippy::missing_errors_doc)] // All have the same: see `Error`.
pub trait Rows {
    /// Error when a row could not be read or written.
    type Error;

    /// The revision that this transaction gives to the Page: one more than the last.
    fn revision(&mut self, page: &PageId) -> Result<Revision, Self::Error>;

    /// The pause and marks of a Page.
    fn page(&mut self, page: &PageId) -> Result<PageRow, Self::Error>;
    /// Writes the pause and marks of a Page.
    fn put_page(&mut self, page: &PageId, row: &PageRow) -> Result<(), Self::Error>;

    /// The customer's row. [`ContactRow::forgotten`] is filled from the customer's tombstone, also
    /// when there is no other row.
    fn contact(&mut self, key: &ContactKey) -> Result<Option<ContactRow>, Self::Error>;
    /// Writes the customer's row, and a tombstone when it is [`forgotten`](ContactRow::forgotten).
    ///
    /// A row that is a [tombstone](ContactRow::is_tombstone) only, with no other rows of the
    /// customer, is to be removed: it would name somebody who was erased.
    fn put_contact(&mut self, key: &ContactKey, row: &ContactRow) -> Result<(), Self::Error>;

    /// Writes or removes the customer's picture.
    fn put_picture(
        &mut self,
        key: &ContactKey,
        picture: Option<&Picture>,
    ) -> Result<(), Self::Error>;

    /// An entry of the conversation.
    fn entry(&mut self, key: &ContactKey, id: &EntryId) -> Result<Option<EntryRow>, Self::Error>;
    /// Writes or removes an entry.
    fn put_entry(
        &mut self,
        key: &ContactKey,
        id: &EntryId,
        row: Option<&EntryRow>,
    ) -> Result<(), Self::Error>;

    /// A reply of ours.
    fn outgoing(
        &mut self,
        key: &ContactKey,
        reply: &OutgoingKey,
    ) -> Result<Option<OutgoingRow>, Self::Error>;
    /// Writes or removes a reply.
    fn put_outgoing(
        &mut self,
        key: &ContactKey,
        reply: &OutgoingKey,
        row: Option<&OutgoingRow>,
    ) -> Result<(), Self::Error>;

    /// All replies that are [due](OutgoingRow::due) at some time: those that wait or are being sent.
    fn due(&mut self, key: &ContactKey) -> Result<Vec<OutgoingRow>, Self::Error>;

    /// Both ends of a conversation, of rows later than `cutoff`: see [`Ends::of`].
    fn ends(&mut self, key: &ContactKey, cutoff: Option<Timestamp>) -> Result<Ends, Self::Error>;

    /// Number of live entries of the customer later than `cutoff`, counted up to `limit`.
    fn count_inbound(
        &mut self,
        key: &ContactKey,
        cutoff: Timestamp,
        limit: u32,
    ) -> Result<u32, Self::Error>;

    /// Up to `limit` rows that a cut has erased: entries that are [old](EntryRow::is_old), replies whose key
    /// was [born](OutgoingKey::born) no later, and items of work whose time is no later.
    fn old(
        &mut self,
        key: &ContactKey,
        cutoff: Timestamp,
        limit: u32,
    ) -> Result<OldRows, Self::Error>;

    /// An item of work.
    fn work(&mut self, key: &WorkKey) -> Result<Option<WorkRow>, Self::Error>;
    /// Writes or removes an item of work.
    fn put_work(&mut self, key: &WorkKey, row: Option<&WorkRow>) -> Result<(), Self::Error>;
    /// The first item of a kind in a conversation that is not given up, by time and then by id.
    fn first_work(
        &mut self,
        contact: &ContactKey,
        kind: &WorkKind,
    ) -> Result<Option<(WorkKey, WorkRow)>, Self::Error>;

    /// Stores a raw event, and returns whether it is new.
    fn keep(&mut self, event: &RawEvent) -> Result<bool, Self::Error>;

    /// Removes the raw events of a customer up to a time.
    fn remove_kept(&mut self, key: &ContactKey, up_to: Timestamp) -> Result<(), Self::Error>;

    /// The customer with a row or a raw event whose key has this [hash](ContactKey::hash).
    fn contact_of(
        &mut self,
        page: &PageId,
        hash: &[u8; 16],
    ) -> Result<Option<ContactKey>, Self::Error>;

    /// Stores a tombstone by its hash, unless one as late is stored; returns whether it was stored.
    fn put_tombstone(
        &mut self,
        page: &PageId,
        hash: &[u8; 16],
        at: Timestamp,
    ) -> Result<bool, Self::Error>;
}

/// Rows that a cut has erased: see [`Rows::old`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OldRows {
    /// Entries.
    pub entries: Vec<EntryRow>,
    /// Replies.
    pub outgoing: Vec<OutgoingRow>,
    /// Items of work.
    pub work: Vec<WorkKey>,
    /// Whether there may be more, also when there are none here.
    pub more: bool,
}

impl OldRows {
    pub(super) fn is_empty(&self) -> bool {
        !self.more && self.entries.is_empty() && self.outgoing.is_empty() && self.work.is_empty()
    }
}

/// Values that follow from all messages of a conversation. Notes and acts of the team do not count.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Ends {
    /// The newest message.
    pub newest: Option<Snippet>,
    /// The earliest time of a message or reply.
    pub first_at: Option<Timestamp>,
    /// The latest time of a message or reply.
    pub last_at: Option<Timestamp>,
    /// The latest entry of the customer that opens the messaging window.
    pub inbound_at: Option<Timestamp>,
    /// The latest message of the Page, replies that wait included.
    pub replied_at: Option<Timestamp>,
    /// The first entry of the customer after `replied_at` that opens the messaging window.
    pub unanswered_since: Option<Timestamp>,
}

impl Ends {
    /// The ends of these rows; those that `cutoff` has erased are left out.
    pub fn of<'r>(
        entries: impl IntoIterator<Item = &'r EntryRow> + Clone,
        replies: impl IntoIterator<Item = &'r OutgoingRow>,
        cutoff: Option<Timestamp>,
    ) -> Self {
        let mut ends = Self::default();
        for reply in replies {
            ends.include_reply(reply, cutoff);
        }
        for entry in entries.clone() {
            ends.include(entry, cutoff);
        }
        for entry in entries {
            ends.include_unanswered(entry, cutoff);
        }
        ends
    }

    /// Includes an entry in everything but `unanswered_since`.
    pub fn include(&mut self, entry: &EntryRow, cutoff: Option<Timestamp>) {
        if Some(entry).and_then(|entry| Some(entry.body.as_ref()?.at)) > cutoff
            && let Some(bubble) = entry.visible(cutoff).as_ref().and_then(Bubble::of_entry)
        {
            self.add(bubble);
        }
    }

    /// Includes a reply of ours.
    pub fn include_reply(&mut self, reply: &OutgoingRow, cutoff: Option<Timestamp>) {
        if Some(reply.key.born()) > cutoff
            && let Some(bubble) = Bubble::of_reply(reply)
        {
            self.add(bubble);
        }
    }

    /// Includes an entry in `unanswered_since`, once `replied_at` is known.
    pub fn include_unanswered(&mut self, entry: &EntryRow, cutoff: Option<Timestamp>) {
        let Some(body) = &entry.body else { return };
        let counts = body.side == Side::Customer && body.opens_window;
        if counts && Some(body.at) > cutoff && Some(body.at) > self.replied_at {
            let since = self.unanswered_since.get_or_insert(body.at);
            *since = body.at.min(*since);
        }
    }

    fn add(&mut self, bubble: Bubble) {
        let at = bubble.at;
        self.first_at = Some(self.first_at.map_or(at, |first| first.min(at)));
        self.last_at = self.last_at.max(Some(at));
        self.inbound_at = self.inbound_at.max(bubble.inbound_at());
        self.replied_at = self.replied_at.max(bubble.replied_at());
        let position = |snippet: &Option<Snippet>| snippet.as_ref().map(|one| one.position);
        if position(&bubble.shown) > position(&self.newest) {
            self.newest = bubble.shown;
        }
    }
}
