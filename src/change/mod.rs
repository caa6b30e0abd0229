//! Changes: the meaning of events for a CRM.
//!
//! [`Change::of`] converts an event into a change: pure, without clock or I/O. A store applies
//! changes; agents and workers make changes of the same type. A store contains the result of
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
//! let Change::Received { contact, entry, .. } = Change::of(&delivery.events[0], now) else {
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

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use self::applied::Applied;
pub use self::work::{ProfileResponse, SendOutcome, Work, WorkOutcome};
use crate::{
    id::{Mid, PageId, Psid},
    model::{
        Author, ContactKey, Entry, Outgoing, OutgoingKey, RawEvent, Reaction, Revision, Side,
        Status, WorkKind, WorkerId,
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
        /// Kinds of work to add for the entry if it is new and live: one item of each, whose id is
        /// the entry's.
        #[serde(default)]
        work: Vec<WorkKind>,
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
    /// One side reacted to a message, or removed its reaction. For each side, the one with the latest time wins.
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
    /// A request for the customer's profile ended. The one with the latest time wins.
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
    /// An agent or program wrote a reply, which is queued for sending.
    ///
    /// The first reply of a key counts. Another reply with the same key is refused when a person
    /// wrote it; a program that runs again may have other words, and its first ones stand.
    Queued {
        /// The customer to send to.
        contact: ContactKey,
        /// Key of the reply.
        key: OutgoingKey,
        /// Time that orders it in the conversation: now, or just behind the last message when
        /// Meta's clock is ahead. It is due at once.
        at: Timestamp,
        /// The reply.
        outgoing: Outgoing,
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
    /// The host set or removed a field of a customer. The one with the
    /// latest time wins.
    ///
    /// A customer has at most [`MAX_LABELS`](Self::MAX_LABELS) fields and tags; one more is refused.
    Field {
        /// The customer.
        contact: ContactKey,
        /// Name of the field, at most [`MAX_NAME`](Self::MAX_NAME) bytes.
        name: String,
        /// Value of the field, at most [`MAX_VALUE`](Self::MAX_VALUE) bytes; `None` removes it.
        value: Option<String>,
        /// Time of the change.
        at: Timestamp,
    },
    /// A tag was added to a customer, or removed. For each tag, the one with the latest time wins.
    Tagged {
        /// The customer.
        contact: ContactKey,
        /// The tag, at most [`MAX_NAME`](Self::MAX_NAME) bytes.
        tag: String,
        /// Whether the customer has it now.
        on: bool,
        /// Time of the change.
        at: Timestamp,
        /// Agent or program that changed it; `None` adds no line to the conversation.
        author: Option<Author>,
    },
    /// The team wrote a note, or an act of the team is restored from an export. Notes are never
    /// sent, and change neither last activity, nor preview, nor what is unread or unanswered.
    Noted {
        /// The customer of the conversation.
        contact: ContactKey,
        /// The note: [`Act::NOTE`](crate::model::Act::NOTE), with its author.
        entry: Entry,
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

    // Facts about a Page and its work.
    /// Sending and look-ups of a Page are paused, or go on. The one with the latest time
    /// wins.
    Paused {
        /// The Page.
        page: PageId,
        /// Time of the change.
        at: Timestamp,
        /// The pause; `None` ends it.
        pause: Option<Pause>,
    },
    /// The host set or removed a value of a Page, such as the cursor of an import. The one
    /// with the latest time wins.
    Mark {
        /// The Page.
        page: PageId,
        /// Name of the value, at most [`MAX_NAME`](Self::MAX_NAME) bytes.
        name: String,
        /// The value, at most [`MAX_VALUE`](Self::MAX_VALUE) bytes; `None` removes it.
        value: Option<String>,
        /// Time of the change.
        at: Timestamp,
    },

    // Actions.
    /// Adds an item of work, unless there is one with its kind and id.
    WorkAdded {
        /// The Page.
        page: PageId,
        /// The customer that it concerns; `None` for work of the Page.
        psid: Option<Psid>,
        /// Kind of the item.
        kind: WorkKind,
        /// Id of the item within its kind and customer.
        id: String,
        /// Time that orders the items of a kind.
        at: Timestamp,
        /// Time from which it is due.
        due: Timestamp,
        /// Data for the worker, in the host's own form; may be empty.
        data: String,
    },
    /// An attempt at an item of work ended. Refused unless the attempt is still claimed.
    WorkSettled {
        /// The Page.
        page: PageId,
        /// The customer that it concerns; `None` for work of the Page.
        psid: Option<Psid>,
        /// Kind of the item.
        kind: WorkKind,
        /// Id of the item.
        id: String,
        /// Number of the attempt, from the claim.
        attempt: u32,
        /// Outcome of the attempt.
        outcome: WorkOutcome,
    },
    /// Makes an item of work due that was given up, as one that was never tried. Of a kind that is
    /// ordered it waits for the items before it again. Refused when there is no such item.
    WorkReplayed {
        /// The Page.
        page: PageId,
        /// The customer that it concerns; `None` for work of the Page.
        psid: Option<Psid>,
        /// Kind of the item.
        kind: WorkKind,
        /// Id of the item. Of work for a new message it is the id of the entry.
        id: String,
        /// Time from which it is due.
        due: Timestamp,
    },
    /// A worker claims a work item until its lease expires. Of competing claims one wins; the others
    /// get [`Applied::Refused`].
    Claimed {
        /// The Page.
        page: PageId,
        /// The customer of the conversation; `None` for work of the Page.
        psid: Option<Psid>,
        /// The work item.
        work: Work,
        /// Number of the attempt: one more than the last.
        attempt: u32,
        /// End of the lease.
        until: Timestamp,
        /// The claiming worker.
        by: WorkerId,
    },
    /// Removes rows of erased or expired messages, at most so many, and answers
    /// [`Applied::Changed`] when there may be more.
    Erase {
        /// The customer.
        contact: ContactKey,
        /// Largest number of rows to remove.
        limit: u32,
    },
    /// An agent has seen the conversation up to a revision. [Refused](Applied::Refused) when messages
    /// arrived since.
    Seen {
        /// The customer of the conversation.
        contact: ContactKey,
        /// The revision that the agent saw.
        revision: Revision,
    },
    /// An agent marked a conversation as unread: at least so many messages count as unseen.
    MarkedUnread {
        /// The customer of the conversation.
        contact: ContactKey,
        /// The number of messages, at least 1.
        count: u32,
    },
    /// The team changed the status of a conversation that it saw at a revision. Refused when
    /// somebody else changed it since, and for any status but open when messages arrived since.
    Status {
        /// The customer of the conversation.
        contact: ContactKey,
        /// The new status.
        status: Status,
        /// The revision that the agent saw.
        revision: Revision,
        /// Time of the change.
        at: Timestamp,
        /// Agent or program that changed it; `None` adds no line to the conversation.
        author: Option<Author>,
    },
    /// A snoozed conversation opens because its time has come.
    Woken {
        /// The customer of the conversation.
        contact: ContactKey,
        /// The time: a conversation that is snoozed for longer stays so.
        at: Timestamp,
    },
    /// The team made an agent responsible for a conversation, or nobody. Refused when somebody else
    /// changed the assignee since the revision that was seen.
    Assigned {
        /// The customer of the conversation.
        contact: ContactKey,
        /// The agent, at most [`MAX_NAME`](Self::MAX_NAME) bytes; `None` for nobody.
        assignee: Option<String>,
        /// The revision that the agent saw.
        revision: Revision,
        /// Time of the change.
        at: Timestamp,
        /// Agent or program that changed it; `None` adds no line to the conversation.
        author: Option<Author>,
    },
    /// A person sends a reply again that failed, or whose outcome is unknown, under a new key.
    ///
    /// Of all new keys for one reply the first wins; the others are refused.
    Resent {
        /// The customer of the conversation.
        contact: ContactKey,
        /// Key of the reply that failed.
        key: OutgoingKey,
        /// Key of the new reply.
        new: OutgoingKey,
        /// Time that orders the new reply in the conversation.
        at: Timestamp,
        /// Latest time to send it; `None` without a limit.
        latest: Option<Timestamp>,
        /// Agent who sends it again; `None` when the host does not say.
        author: Option<Author>,
    },
}

/// Pause of a Page's work: see [`Change::Paused`].
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct Pause {
    /// Reason for people, without secrets: `the token is refused`. `Debug` prints it.
    pub reason: String,
    /// When the work goes on by itself; `None`: only when the pause is ended.
    pub until: Option<Timestamp>,
}

impl Pause {
    /// Creates a pause with its reason and end.
    pub fn new(reason: impl Into<String>, until: Option<Timestamp>) -> Self {
        let reason = reason.into();
        Self { reason, until }
    }

    /// Whether the Page is paused at a time.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

impl Change {
    /// How far a time of Meta may lie ahead of our clock. Later times are cut to it, and erasing
    /// reaches as far, so that every stored time lies before every later cut.
    pub const MAX_AHEAD: Duration = Duration::from_secs(120);
    /// Largest number of fields and tags of a customer.
    pub const MAX_LABELS: usize = 100;
    /// Longest name of a field, tag, mark or assignee, in bytes.
    pub const MAX_NAME: usize = 200;
    /// Longest value of a field or mark, in bytes.
    pub const MAX_VALUE: usize = 4_000;
}

impl Change {
    /// Creates [`Received`](Self::Received) without work.
    pub const fn received(contact: ContactKey, entry: Entry) -> Self {
        Self::Received {
            contact,
            entry,
            work: Vec::new(),
        }
    }

    /// The same change as history: its entry is not [live](Entry::live). For raw events that are
    /// applied again.
    #[must_use]
    pub fn into_past(mut self) -> Self {
        if let Self::Received { entry, .. } | Self::Echoed { entry, .. } = &mut self {
            entry.live = false;
        }
        self
    }

    /// The Page that the change belongs to; `None` for a raw event that names none.
    pub fn page(&self) -> Option<&PageId> {
        match self {
            Self::RawEvent(event) => event.page.as_ref(),
            Self::Tombstone { page, .. }
            | Self::Paused { page, .. }
            | Self::Mark { page, .. }
            | Self::WorkAdded { page, .. }
            | Self::WorkSettled { page, .. }
            | Self::WorkReplayed { page, .. }
            | Self::Claimed { page, .. } => Some(page),
            _ => self.contact().map(|contact| &contact.page),
        }
    }

    /// The customer whose conversation changes; `None` for changes of a Page, raw events,
    /// tombstones and added items of work.
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
            | Self::Tagged { contact, .. }
            | Self::Noted { contact, .. }
            | Self::Forgotten { contact, .. }
            | Self::Expired { contact, .. }
            | Self::Erase { contact, .. }
            | Self::Seen { contact, .. }
            | Self::MarkedUnread { contact, .. }
            | Self::Status { contact, .. }
            | Self::Woken { contact, .. }
            | Self::Assigned { contact, .. }
            | Self::Resent { contact, .. } => Some(contact),
            Self::RawEvent(_)
            | Self::Tombstone { .. }
            | Self::Paused { .. }
            | Self::Mark { .. }
            | Self::WorkAdded { .. }
            | Self::WorkSettled { .. }
            | Self::WorkReplayed { .. }
            | Self::Claimed { .. } => None,
        }
    }
}
