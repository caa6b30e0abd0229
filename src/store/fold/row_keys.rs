//! Keys of the rows that changes touch.

use std::collections::{BTreeMap, BTreeSet};

use super::WorkKey;
use crate::{
    change::{Change, SendOutcome, Work},
    id::PageId,
    model::{ContactKey, EntryId, OutgoingKey, WorkKind},
    time::Timestamp,
};

/// Keys of the rows that changes touch, as far as the changes themselves tell.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct RowKeys {
    /// Customers, in order, so that two processes lock them in the same order.
    pub contacts: BTreeSet<ContactKey>,
    /// Entries.
    pub entries: BTreeSet<(ContactKey, EntryId)>,
    /// Replies.
    pub outgoing: BTreeSet<(ContactKey, OutgoingKey)>,
    /// Customers of whom all replies that are [due](super::OutgoingRow::due) are needed.
    pub due: BTreeSet<ContactKey>,
    /// Customers of whom rows are to be removed, and how many.
    pub old: BTreeMap<ContactKey, u32>,
    /// Items of work.
    pub work: BTreeSet<WorkKey>,
    /// Kinds of work of which the first item of a conversation is needed.
    pub first_work: BTreeSet<(ContactKey, WorkKind)>,
    /// Pages whose pause and marks are needed.
    pub pages: BTreeSet<PageId>,
    /// Raw events.
    pub kept: BTreeSet<(Option<PageId>, EntryId)>,
    /// Tombstones, by their hashes.
    pub tombstones: BTreeSet<(PageId, [u8; 16])>,
}

/// Keys of the rows that these changes touch. Rarely the rules need more: see [`Missing`].
pub fn row_keys<'c>(changes: impl IntoIterator<Item = &'c Change>) -> RowKeys {
    let mut keys = RowKeys::default();
    for change in changes {
        keys.add(change);
    }
    keys
}

impl RowKeys {
    fn add(&mut self, change: &Change) {
        match change {
            Change::RawEvent(event) => {
                self.kept.insert((event.page.clone(), event.id.clone()));
                self.contacts.extend(event.contact());
            }
            Change::Tombstone { page, hash, .. } => {
                self.tombstones.insert((page.clone(), *hash));
            }
            Change::Paused { page, .. } | Change::Mark { page, .. } => {
                self.pages.insert(page.clone());
            }
            Change::WorkAdded {
                page,
                psid,
                kind,
                id,
                ..
            }
            | Change::WorkSettled {
                page,
                psid,
                kind,
                id,
                ..
            }
            | Change::WorkReplayed {
                page,
                psid,
                kind,
                id,
                ..
            } => self.item(WorkKey::new(page.clone(), psid.clone(), kind.clone(), id)),
            Change::Claimed {
                page, psid, work, ..
            } => match (psid, work) {
                (_, Work::Item { kind, id }) => {
                    self.item(WorkKey::new(page.clone(), psid.clone(), kind.clone(), id));
                }
                (Some(psid), work) => {
                    let contact = ContactKey::new(page.clone(), psid.clone());
                    self.contacts.insert(contact.clone());
                    if let Work::Send(key) = work {
                        self.reply(&contact, key);
                    }
                }
                _ => {}
            },
            _ => {}
        }
        if let Some(contact) = change.contact() {
            self.contacts.insert(contact.clone());
            self.of_contact(contact, change);
        }
    }

    fn of_contact(&mut self, contact: &ContactKey, change: &Change) {
        let message = |mid| (contact.clone(), EntryId::of_message(mid));
        match change {
            Change::Received { entry, work, .. } => {
                self.entries.insert((contact.clone(), entry.id.clone()));
                for kind in work {
                    let ContactKey { page, psid, .. } = contact.clone();
                    let id = entry.id.as_str();
                    self.item(WorkKey::new(page, Some(psid), kind.clone(), id));
                }
            }
            Change::Noted { entry, .. } => {
                self.entries.insert((contact.clone(), entry.id.clone()));
            }
            Change::Echoed { entry, key, .. } => {
                self.entries.insert((contact.clone(), entry.id.clone()));
                if let Some(key) = key {
                    self.reply(contact, key);
                }
            }
            Change::Edited { mid, .. }
            | Change::Unsent { mid, .. }
            | Change::Reacted { mid, .. } => {
                self.entries.insert(message(mid));
            }
            Change::Delivered { mids, .. } => self.entries.extend(mids.iter().map(message)),
            Change::Queued { key, .. } => self.reply(contact, key),
            Change::Resent { key, new, .. } => {
                self.reply(contact, key);
                self.reply(contact, new);
            }
            Change::Settled { key, outcome, .. } => {
                self.reply(contact, key);
                if let SendOutcome::Sent { mid } = outcome {
                    self.entries.insert(message(mid));
                }
            }
            Change::Forgotten { .. } | Change::Expired { .. } => {
                self.due.insert(contact.clone());
            }
            Change::Erase { limit, .. } => {
                self.old.insert(contact.clone(), *limit);
            }
            _ => {}
        }
    }

    /// The rows one by one, for a store that loads them one after the other. Rows to be removed are
    /// not among them: they depend on the customer's row, and will be [`Missing::Old`].
    pub fn into_rows(self) -> impl Iterator<Item = Missing> {
        let entry = |(key, id)| Missing::Entry(key, id);
        let reply = |(key, id)| Missing::Outgoing(key, id);
        let first = |(key, kind)| Missing::FirstWork(key, kind);
        let kept = |(page, id)| Missing::Kept(page, id);
        let tombstone = |(page, hash)| Missing::Tombstone(page, hash);
        let rows = self.contacts.into_iter().map(Missing::Contact);
        rows.chain(self.entries.into_iter().map(entry))
            .chain(self.outgoing.into_iter().map(reply))
            .chain(self.due.into_iter().map(Missing::Due))
            .chain(self.work.into_iter().map(Missing::Work))
            .chain(self.first_work.into_iter().map(first))
            .chain(self.pages.into_iter().map(Missing::Page))
            .chain(self.kept.into_iter().map(kept))
            .chain(self.tombstones.into_iter().map(tombstone))
    }

    fn reply(&mut self, contact: &ContactKey, key: &OutgoingKey) {
        self.outgoing.insert((contact.clone(), key.clone()));
        self.due.insert(contact.clone());
    }

    fn item(&mut self, key: WorkKey) {
        let contact = key.contact();
        self.contacts.extend(contact.clone());
        if let Some(contact) = contact.filter(|_| key.kind.is_ordered()) {
            self.first_work.insert((contact, key.kind.clone()));
        }
        self.work.insert(key);
    }
}

/// A row that the rules need and that was not loaded: load it and [apply](super::Fetched::apply)
/// again. That is rare: the newest message has moved, or a message was sent twice.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a row that the changes touch was not loaded")]
// A store must load each of them: another one is a breaking change.
#[allow(clippy::exhaustive_enums)]
pub enum Missing {
    /// A customer's row.
    Contact(ContactKey),
    /// An entry.
    Entry(ContactKey, EntryId),
    /// A reply.
    Outgoing(ContactKey, OutgoingKey),
    /// All replies of a customer that are due.
    Due(ContactKey),
    /// Rows that a cut has erased: see [`Rows::old`](super::Rows::old).
    Old(ContactKey, Timestamp, u32),
    /// Number of live entries later than a cut: see
    /// [`Rows::count_inbound`](super::Rows::count_inbound).
    Inbound(ContactKey, Timestamp, u32),
    /// An item of work.
    Work(WorkKey),
    /// The first two items of a kind in a conversation.
    FirstWork(ContactKey, WorkKind),
    /// A raw event.
    Kept(Option<PageId>, EntryId),
    /// A tombstone.
    Tombstone(PageId, [u8; 16]),
    /// The customer whose key has a hash.
    ContactOf(PageId, [u8; 16]),
    /// The revision of a Page.
    Revision(PageId),
    /// The pause and marks of a Page.
    Page(PageId),
    /// The ends of a conversation, without the rows that are loaded.
    Ends(MissingEnds),
}

/// The ends of a conversation, without the rows that are loaded: see [`Missing::Ends`].
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct MissingEnds {
    /// The customer.
    pub contact: ContactKey,
    /// Only what is later counts.
    pub cutoff: Option<Timestamp>,
    /// The latest reply of the Page among the rows that are loaded: what is
    /// [unanswered](super::Ends::unanswered_since) is later.
    pub replied_at: Option<Timestamp>,
    /// The entries that are loaded.
    pub without: BTreeSet<EntryId>,
    /// The replies that are loaded.
    pub without_replies: BTreeSet<OutgoingKey>,
}
