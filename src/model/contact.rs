//! A customer.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    num::NonZeroU32,
};

use serde::{Deserialize, Serialize};

use super::{Act, ContactKey, EntryId, MessageState, Reaction, Revision, Side, Status};
use crate::time::Timestamp;

/// A customer, as the inbox lists them. `Debug` prints no names and no field values.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Contact {
    /// Page and page-scoped id.
    pub key: ContactKey,
    /// Time of the first message, of either side.
    pub first_at: Timestamp,
    /// Time of the last activity; the inbox is sorted by it.
    pub last_at: Timestamp,
    /// Time of the last inbound message that opens the messaging window; `None` without one.
    pub inbound_at: Option<Timestamp>,
    /// Watermark of delivery: everything sent up to this time was delivered. `None` before the
    /// first delivery receipt.
    pub delivered: Option<Timestamp>,
    /// Watermark of reading: everything sent up to this time was read. `None` before the first read
    /// receipt.
    pub read: Option<Timestamp>,
    /// Number of live inbound messages that no agent has seen.
    pub unread: u32,
    /// Time of the first inbound message after the last message of the Page; `None` when the
    /// conversation is answered.
    pub unanswered_since: Option<Timestamp>,
    /// Status of the conversation.
    pub status: Status,
    /// Agent who is responsible, by the host's name; `None` when nobody is.
    pub assignee: Option<String>,
    /// Tags that the host set.
    pub tags: BTreeSet<String>,
    /// The customer's last reaction; `None` when there is none, or it was removed.
    pub reaction: Option<ContactReaction>,
    /// Profile; `None` until Meta returned one.
    pub profile: Option<Profile>,
    /// Time to fetch the profile next; `None` when it is not to be fetched.
    pub profile_due: Option<Timestamp>,
    /// Version of the profile picture, which changes with the picture; `None` without one.
    pub picture: Option<NonZeroU32>,
    /// Last message; `None` when the conversation is empty.
    pub preview: Option<Preview>,
    /// Fields set by the host, such as a key of the host's database.
    pub fields: BTreeMap<String, String>,
    /// Revision of the last commit that changed this customer or the conversation.
    pub revision: Revision,
}

impl Contact {
    /// Creates a customer with the time of their only message; everything else is empty.
    pub fn new(key: ContactKey, at: Timestamp) -> Self {
        Self {
            key,
            first_at: at,
            last_at: at,
            inbound_at: None,
            delivered: None,
            read: None,
            unread: 0,
            unanswered_since: None,
            status: Status::Open,
            assignee: None,
            tags: BTreeSet::new(),
            reaction: None,
            profile: None,
            profile_due: None,
            picture: None,
            preview: None,
            fields: BTreeMap::new(),
            revision: Revision::default(),
        }
    }

    /// Time to apply `Change::Forgotten` with, so that it erases everything stored.
    ///
    /// That is `now`, or the latest stored time of this customer when Meta's clock is ahead of ours.
    pub fn forget_at(&self, now: Timestamp) -> Timestamp {
        let marks = [self.inbound_at, self.delivered, self.read];
        marks
            .into_iter()
            .flatten()
            .fold(now.max(self.last_at), Timestamp::max)
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact")
            .field("key", &self.key)
            .field("last_at", &self.last_at)
            .field("unread", &self.unread)
            .field("status", &self.status)
            .field("is_assigned", &self.assignee.is_some())
            .field("tags", &self.tags.len())
            .field("preview", &self.preview)
            .field("fields", &self.fields.len())
            .field("revision", &self.revision)
            .finish_non_exhaustive()
    }
}

/// A customer's last reaction to a message. `Debug` prints no emoji.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ContactReaction {
    /// Time of the reaction.
    pub at: Timestamp,
    /// The message reacted to.
    pub entry: EntryId,
    /// The reaction.
    pub reaction: Reaction,
}

impl ContactReaction {
    /// Creates a reaction to this entry.
    pub const fn new(at: Timestamp, entry: EntryId, reaction: Reaction) -> Self {
        Self {
            at,
            entry,
            reaction,
        }
    }
}

/// A customer's name at Meta. `Debug` prints no name.
///
/// <https://developers.facebook.com/docs/messenger-platform/identity/user-profile>
#[derive(Clone, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct Profile {
    /// Full name; `None` when Meta did not return it.
    pub name: Option<String>,
    /// First name; `None` when Meta did not return it.
    pub first_name: Option<String>,
    /// Last name; `None` when Meta did not return it.
    pub last_name: Option<String>,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profile(…)")
    }
}

/// Beginning of the last message of a conversation, for the inbox. `Debug` prints no text.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Preview {
    /// Time of the message.
    pub at: Timestamp,
    /// Side that wrote it.
    pub side: Side,
    /// Kind of entry.
    pub act: Act,
    /// Beginning of its text, or of its title; `None` when it has neither.
    pub text: Option<String>,
    /// Kinds of its attachments.
    pub kinds: Vec<String>,
    /// Whether its author has unsent it.
    pub unsent: bool,
    /// Sending state; `None` when the customer wrote it.
    pub state: Option<MessageState>,
}

impl Preview {
    /// Creates the preview of a message with text only.
    pub fn new(at: Timestamp, side: Side, text: impl Into<String>) -> Self {
        Self {
            at,
            side,
            act: Act::MESSAGE,
            text: Some(text.into()),
            kinds: Vec::new(),
            unsent: false,
            state: None,
        }
    }
}

impl fmt::Debug for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, side, act, .. } = self;
        write!(f, "Preview({at:?}, {side:?}, {act:?}, {:?})", self.state)
    }
}
