//! A customer.

use std::{collections::BTreeMap, fmt, num::NonZeroU32};

use serde::{Deserialize, Serialize};

use super::{Act, ContactKey, MessageState, Revision, Side};
use crate::time::Timestamp;

/// A customer, as the inbox lists them. `Debug` prints no names and no field values.
#[derive(Clone, PartialEq)]
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
    /// Number of inbound messages that no agent has seen.
    pub unread: u32,
    /// Profile; `None` until Meta returned one.
    pub profile: Option<Profile>,
    /// Time to fetch the profile next; `None` when it is not to be fetched.
    pub profile_due: Option<Timestamp>,
    /// Version of the profile picture, which changes with the picture; `None` without one.
    pub picture: Option<NonZeroU32>,
    /// Last message; `None` when the conversation is empty.
    pub preview: Option<Preview>,
    /// Fields set by the host, such as labels, notes or a key of the host's database.
    pub fields: BTreeMap<String, String>,
    /// Revision of the last commit that changed this customer or the conversation.
    pub revision: Revision,
}

impl Contact {
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
            .field("preview", &self.preview)
            .field("fields", &self.fields.len())
            .field("revision", &self.revision)
            .finish_non_exhaustive()
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

impl fmt::Debug for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, side, act, .. } = self;
        write!(f, "Preview({at:?}, {side:?}, {act:?}, {:?})", self.state)
    }
}
