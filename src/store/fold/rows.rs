//! What the fold asks of a store.

use super::{ContactRow, EntryRow, FieldRow, OutgoingRow, Snippet};
use crate::{
    id::PageId,
    model::{ContactKey, EntryId, OutgoingKey, Picture, RawEvent, Revision},
    time::Timestamp,
};

/// The rows of a store, inside one transaction.
///
/// Each method gets or puts the row that it names, and sees what was put before it; putting `None`
/// removes the row. Its error ends the transaction. A row that was never put is `None`.
#[allow(missing_docs, clippy::missing_errors_doc)]
pub trait Rows {
    /// Why a row could not be read or written.
    type Error;

    /// The revision that this transaction gives to the Page: one more than the last.
    fn revision(&mut self, page: &PageId) -> Result<Revision, Self::Error>;

    /// What is known about a customer. A [tombstone](ContactRow::is_tombstone) is found as well.
    fn contact(&mut self, key: &ContactKey) -> Result<Option<ContactRow>, Self::Error>;
    fn put_contact(&mut self, key: &ContactKey, row: &ContactRow) -> Result<(), Self::Error>;

    fn put_picture(
        &mut self,
        key: &ContactKey,
        picture: Option<&Picture>,
    ) -> Result<(), Self::Error>;

    fn entry(&mut self, key: &ContactKey, id: &EntryId) -> Result<Option<EntryRow>, Self::Error>;
    fn put_entry(
        &mut self,
        key: &ContactKey,
        id: &EntryId,
        row: Option<&EntryRow>,
    ) -> Result<(), Self::Error>;

    fn outgoing(
        &mut self,
        key: &ContactKey,
        answer: &OutgoingKey,
    ) -> Result<Option<OutgoingRow>, Self::Error>;
    fn put_outgoing(
        &mut self,
        key: &ContactKey,
        answer: &OutgoingKey,
        row: Option<&OutgoingRow>,
    ) -> Result<(), Self::Error>;

    fn field(&mut self, key: &ContactKey, name: &str) -> Result<Option<FieldRow>, Self::Error>;
    fn put_field(
        &mut self,
        key: &ContactKey,
        name: &str,
        row: Option<&FieldRow>,
    ) -> Result<(), Self::Error>;

    /// The earliest answer that is [due](OutgoingRow::due) at all, by (`at`, `key`).
    fn head(&mut self, key: &ContactKey) -> Result<Option<OutgoingRow>, Self::Error>;

    /// Both ends of a conversation.
    fn ends(&mut self, key: &ContactKey) -> Result<Ends, Self::Error>;

    /// Everything of a conversation, for when part of it is erased.
    fn conversation(&mut self, key: &ContactKey) -> Result<Conversation, Self::Error>;

    /// Keeps raw bytes; says whether they are new.
    fn keep(&mut self, kept: &RawEvent) -> Result<bool, Self::Error>;

    /// Removes what was kept of a customer up to then.
    fn remove_kept(&mut self, key: &ContactKey, up_to: Timestamp) -> Result<(), Self::Error>;

    /// Keeps a tombstone by its hash, unless there is one as late; says whether it was kept.
    fn bury(&mut self, page: &PageId, hash: &[u8; 16], at: Timestamp) -> Result<bool, Self::Error>;
}

/// Both ends of a conversation.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Ends {
    /// The snippet with the highest spot, of all entries and answers that have one.
    pub newest: Option<Snippet>,
    /// The earliest time of an entry with a body or an answer with content.
    pub first_at: Option<Timestamp>,
}

impl Ends {
    /// The ends of these rows.
    pub fn of<'r>(
        entries: impl IntoIterator<Item = &'r EntryRow>,
        answers: impl IntoIterator<Item = &'r OutgoingRow>,
    ) -> Self {
        let mut ends = Self::default();
        for entry in entries {
            ends.include(entry.body.as_ref().map(|body| body.at), entry.snippet());
        }
        for answer in answers {
            let at = answer.content.as_ref().map(|_| answer.at);
            ends.include(at, answer.snippet());
        }
        ends
    }

    /// Moves the ends so that they include this bubble too.
    pub fn include(&mut self, at: Option<Timestamp>, snippet: Option<Snippet>) {
        if let Some(at) = at {
            self.first_at = Some(self.first_at.map_or(at, |first| first.min(at)));
        }
        let spot = |snippet: &Option<Snippet>| snippet.as_ref().map(|one| one.spot);
        if spot(&snippet) > spot(&self.newest) {
            self.newest = snippet;
        }
    }
}

/// Everything of one conversation.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct Conversation {
    pub entries: Vec<EntryRow>,
    pub outgoing: Vec<OutgoingRow>,
    pub fields: Vec<(String, FieldRow)>,
}
