//! Which rows changes touch.

use std::collections::BTreeSet;

use crate::{
    change::{Change, SendOutcome, Work},
    id::PageId,
    model::{ContactKey, EntryId, OutgoingKey},
};

/// Which rows changes touch, as far as the changes themselves tell.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct Wanted {
    /// In order, so that two processes lock them alike.
    pub contacts: BTreeSet<ContactKey>,
    pub entries: BTreeSet<(ContactKey, EntryId)>,
    pub outgoing: BTreeSet<(ContactKey, OutgoingKey)>,
    pub fields: BTreeSet<(ContactKey, String)>,
    /// Of these, all answers that are [due](super::OutgoingRow::due) at all.
    pub due: BTreeSet<ContactKey>,
    /// Of these, everything.
    pub conversations: BTreeSet<ContactKey>,
    /// What is to be kept raw.
    pub kept: BTreeSet<(Option<PageId>, EntryId)>,
    /// Whose tombstones are told, by their hashes.
    pub buried: BTreeSet<(PageId, [u8; 16])>,
}

/// Which rows these changes touch. Rarely the rules want to see more: see [`Missing`].
pub fn wanted<'c>(changes: impl IntoIterator<Item = &'c Change>) -> Wanted {
    let mut wanted = Wanted::default();
    for change in changes {
        wanted.add(change);
    }
    wanted
}

impl Wanted {
    fn add(&mut self, change: &Change) {
        if let Change::RawEvent(event) = change {
            self.kept.insert((event.page.clone(), event.id.clone()));
            self.contacts.extend(event.contact());
        }
        if let Change::Tombstone { page, hash, .. } = change {
            self.buried.insert((page.clone(), *hash));
        }
        let Some(contact) = change.contact() else {
            return;
        };
        self.contacts.insert(contact.clone());
        let message = |mid| (contact.clone(), EntryId::of_message(mid));
        match change {
            Change::Received { entry, .. } => {
                self.entries.insert((contact.clone(), entry.id.clone()));
            }
            Change::Echoed { entry, key, .. } => {
                self.entries.insert((contact.clone(), entry.id.clone()));
                if let Some(key) = key {
                    self.answer(contact, key);
                }
            }
            Change::Edited { mid, .. }
            | Change::Unsent { mid, .. }
            | Change::Reacted { mid, .. } => {
                self.entries.insert(message(mid));
            }
            Change::Delivered {
                up_to: None, mids, ..
            } => self.entries.extend(mids.iter().map(message)),
            Change::Field { name, .. } => {
                self.fields.insert((contact.clone(), name.clone()));
            }
            Change::Queued { key, .. }
            | Change::Claimed {
                work: Work::Send(key),
                ..
            } => self.answer(contact, key),
            Change::Settled { key, outcome, .. } => {
                self.answer(contact, key);
                if let SendOutcome::Sent { mid } = outcome {
                    self.entries.insert(message(mid));
                }
            }
            Change::Forgotten { .. } | Change::Expired { .. } => {
                self.conversations.insert(contact.clone());
            }
            _ => {}
        }
    }

    fn answer(&mut self, contact: &ContactKey, key: &OutgoingKey) {
        self.outgoing.insert((contact.clone(), key.clone()));
        self.due.insert(contact.clone());
    }
}

/// A row that the rules want to see and that was not loaded: load it and [apply](super::Loaded::apply)
/// again. That is rare: a bubble that was the newest has moved, or a message was sent twice.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a row that the changes touch was not loaded")]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum Missing {
    Contact(ContactKey),
    Entry(ContactKey, EntryId),
    Outgoing(ContactKey, OutgoingKey),
    Field(ContactKey, String),
    Due(ContactKey),
    Conversation(ContactKey),
    Kept(Option<PageId>, EntryId),
    Buried(PageId, [u8; 16]),
    Page(PageId),
    /// The ends of a conversation, leaving aside these rows, which are in hand.
    Ends {
        contact: ContactKey,
        but: BTreeSet<EntryId>,
        but_answers: BTreeSet<OutgoingKey>,
    },
}
