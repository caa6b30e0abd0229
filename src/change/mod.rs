//! Changes: the meaning of events for a CRM.
//!
//! [`Change::of`] converts an event into a change: pure, without clock or I/O. A store applies
//! changes; agents and workers make changes of the same type. What a store contains is the fold of
//! its changes, so a log of changes is a backup that can be replayed.
//!
//! # Examples
//!
//! ```
//! use messenger_crm::change::Change;
//! use messenger_crm::time::Timestamp;
//! use messenger_crm::webhook::parse_unverified; // for this example; use `Webhook::receive`
//!
//! let body = br#"{"object":"page","entry":[{"id":"1","messaging":[{"sender":{"id":"2"},
//!     "recipient":{"id":"1"},"timestamp":1700000000000,"message":{"mid":"m_1","text":"Hello~"}}]}]}"#;
//! let now = Timestamp::from_millis(1_700_000_000_500);
//! let delivery = parse_unverified(body)?;
//! let Change::Received { contact, entry } = Change::of(&delivery.events[0], now) else {
//!     panic!("a message is received");
//! };
//! assert_eq!(contact.psid, "2");
//! assert_eq!(entry.content.text.as_deref(), Some("Hello~"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod act;
mod applied;
mod content;
mod debug;
mod meaning;
mod work;

use serde::{Deserialize, Serialize};

pub use self::applied::Applied;
pub use self::work::{ProfileResponse, SendOutcome, Work};
use crate::{
    id::{Mid, PageId},
    model::{
        ContactKey, Content, Entry, OutgoingKey, RawEvent, Reaction, Revision, Side, WorkerId,
    },
    time::Timestamp,
};

/// A fact to store, or an action to try with compare-and-set.
///
/// Facts may be applied in any order and any number of times, with one result. `Debug` prints no
/// message text, no name and no field value.
#[derive(Clone, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Change {
    // Facts from Meta.
    /// The customer wrote, tapped a button, followed a link or subscribed.
    Received {
        /// The customer.
        contact: ContactKey,
        /// The new entry of the conversation.
        entry: Entry,
    },
    /// The Page wrote, by this program or another.
    Echoed {
        /// The customer who was written to.
        contact: ContactKey,
        /// The new entry of the conversation.
        entry: Entry,
        /// Key of our reply, from the echo's metadata; `None` when another program sent it.
        key: Option<OutgoingKey>,
    },
    /// The author edited a message. The edit with the latest time counts, then the highest number.
    Edited {
        /// The customer of the conversation.
        contact: ContactKey,
        /// The edited message.
        mid: Mid,
        /// Time of the edit.
        at: Timestamp,
        /// Meta's count of edits of this message; 0 when Meta sent none.
        #[doc(alias = "num_edit")]
        number: u32,
        /// The text from now on.
        text: String,
    },
    /// The author unsent a message: its content is erased, also if the message arrives later.
    Unsent {
        /// The customer of the conversation.
        contact: ContactKey,
        /// The unsent message.
        mid: Mid,
        /// Time of unsending.
        at: Timestamp,
    },
    /// One side reacted to a message, or removed its reaction. The latest counts for each side.
    Reacted {
        /// The customer of the conversation.
        contact: ContactKey,
        /// The message reacted to.
        mid: Mid,
        /// Time of the reaction.
        at: Timestamp,
        /// The side that reacted.
        by: Side,
        /// The reaction; `None` when it was removed.
        reaction: Option<Reaction>,
    },
    /// The customer opened the messaging window by something that is no entry of the conversation.
    Opened {
        /// The customer.
        contact: ContactKey,
        /// Time of the event.
        at: Timestamp,
    },
    /// Messages of the Page were delivered.
    Delivered {
        /// The customer of the conversation.
        contact: ContactKey,
        /// Time of the receipt.
        at: Timestamp,
        /// Everything sent up to this time was delivered; when `None`, only `mids` were.
        #[doc(alias = "watermark")]
        up_to: Option<Timestamp>,
        /// The delivered messages that Meta names; may be empty.
        mids: Vec<Mid>,
    },
    /// Messages of the Page were read.
    Read {
        /// The customer of the conversation.
        contact: ContactKey,
        /// Everything sent up to this time was read.
        #[doc(alias = "watermark")]
        up_to: Timestamp,
    },
    /// A request for the customer's profile ended. The latest counts.
    Profile {
        /// The customer.
        contact: ContactKey,
        /// Time of the request.
        fetched_at: Timestamp,
        /// Meta's response.
        response: ProfileResponse,
        /// Time of the next request; `None` for never.
        due: Option<Timestamp>,
    },
    /// An event could not be interpreted and is stored raw.
    RawEvent(RawEvent),

    // Facts from the CRM.
    /// An agent wrote a reply, which is queued for sending. The first content of a key counts.
    Queued {
        /// The customer to send to.
        contact: ContactKey,
        /// Key of the reply.
        key: OutgoingKey,
        /// Time of queueing.
        at: Timestamp,
        /// Content of the reply.
        content: Content,
    },
    /// An attempt to send a reply ended. The highest attempt counts.
    Settled {
        /// The customer of the conversation.
        contact: ContactKey,
        /// Key of the reply.
        key: OutgoingKey,
        /// Number of the attempt, from the claim.
        attempt: u32,
        /// Outcome of the attempt.
        outcome: SendOutcome,
    },
    /// The host set or removed a field of a customer. The latest counts.
    Field {
        /// The customer.
        contact: ContactKey,
        /// Name of the field.
        name: String,
        /// Value of the field; `None` removes it.
        value: Option<String>,
        /// Time of the change.
        at: Timestamp,
    },
    /// Erases everything of a customer up to a time; replays of older events do not restore it.
    Forgotten {
        /// The customer.
        contact: ContactKey,
        /// Latest time that is erased. Meta's clock may be ahead of ours: take it from
        /// [`Contact::forget_at`](crate::model::Contact::forget_at).
        at: Timestamp,
    },
    /// Erases the messages of a customer up to a time; replays of older events do not restore them.
    Expired {
        /// The customer.
        contact: ContactKey,
        /// Latest time that is erased.
        at: Timestamp,
    },
    /// Records an erased customer by hash, in place of [`Forgotten`](Self::Forgotten): an export
    /// contains it, so that replays do not restore the customer in the new store either.
    Tombstone {
        /// The Page.
        page: PageId,
        /// [`ContactKey::hash`] of the erased customer.
        hash: [u8; 16],
        /// Latest time that is erased.
        at: Timestamp,
    },

    // Actions.
    /// A worker claims a work item until its lease expires. Of competing claims one wins; the others
    /// get [`Applied::Refused`].
    Claimed {
        /// The customer of the conversation.
        contact: ContactKey,
        /// The work item.
        work: Work,
        /// Number of the attempt: one more than the last.
        attempt: u32,
        /// End of the lease.
        until: Timestamp,
        /// The claiming worker.
        by: WorkerId,
    },
    /// An agent has seen the conversation up to a revision. Refused when messages arrived since.
    Seen {
        /// The customer of the conversation.
        contact: ContactKey,
        /// The revision that the agent saw.
        revision: Revision,
    },
}

impl Change {
    /// The Page that the change belongs to; `None` for a raw event that names none.
    pub fn page(&self) -> Option<&PageId> {
        match self {
            Self::RawEvent(event) => event.page.as_ref(),
            Self::Tombstone { page, .. } => Some(page),
            _ => self.contact().map(|contact| &contact.page),
        }
    }

    /// The customer whose conversation changes; `None` for raw events and tombstones.
    pub fn contact(&self) -> Option<&ContactKey> {
        match self {
            Self::Received { contact, .. }
            | Self::Echoed { contact, .. }
            | Self::Edited { contact, .. }
            | Self::Unsent { contact, .. }
            | Self::Reacted { contact, .. }
            | Self::Opened { contact, .. }
            | Self::Delivered { contact, .. }
            | Self::Read { contact, .. }
            | Self::Profile { contact, .. }
            | Self::Queued { contact, .. }
            | Self::Settled { contact, .. }
            | Self::Field { contact, .. }
            | Self::Forgotten { contact, .. }
            | Self::Expired { contact, .. }
            | Self::Claimed { contact, .. }
            | Self::Seen { contact, .. } => Some(contact),
            Self::RawEvent(_) | Self::Tombstone { .. } => None,
        }
    }
}
