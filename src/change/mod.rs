//! What does it mean? From events to what changes for a CRM.

mod act;
mod content;
mod meaning;

use serde::{Deserialize, Serialize};

use crate::{
    id::{Mid, PageId},
    model::{
        ContactKey, Content, Entry, OutgoingKey, Picture, Profile, RawEvent, Reaction, Reason,
        Revision, Side, WorkerId,
    },
    time::Timestamp,
};

/// One fact to remember, or one act to try. What a store holds is the fold of its changes.
///
/// A log of changes is a store, a backup and a replay: they are written with serde.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)] // The members of a variant are told in its own text.
pub enum Change {
    // What Meta says: in any order, any number of times.
    /// The customer wrote, tapped a button, came through a link or subscribed.
    Received { contact: ContactKey, entry: Entry },
    /// The Page wrote; with our key if it was us.
    Echoed {
        contact: ContactKey,
        entry: Entry,
        key: Option<OutgoingKey>,
    },
    /// A message says something else from then on. Of two edits the later counts, then the higher
    /// number.
    Edited {
        contact: ContactKey,
        mid: Mid,
        at: Timestamp,
        number: u32,
        text: String,
    },
    /// A message was taken back: what it said is erased, now and if it comes again.
    Unsent {
        contact: ContactKey,
        mid: Mid,
        at: Timestamp,
    },
    /// Somebody reacted to a message, or took the reaction back.
    Reacted {
        contact: ContactKey,
        mid: Mid,
        at: Timestamp,
        by: Side,
        reaction: Option<Reaction>,
    },
    /// The customer did something that lets the Page answer and is no line of the conversation.
    Opened { contact: ContactKey, at: Timestamp },
    /// Everything sent up to then has reached the customer; these messages alone when Meta gives
    /// no such moment.
    Delivered {
        contact: ContactKey,
        at: Timestamp,
        up_to: Option<Timestamp>,
        mids: Vec<Mid>,
    },
    /// Everything sent up to then has been read.
    Read {
        contact: ContactKey,
        up_to: Timestamp,
    },
    /// What Meta answered when it was asked who the customer is, and when to ask again.
    Profile {
        contact: ContactKey,
        fetched_at: Timestamp,
        answer: ProfileAnswer,
        due: Option<Timestamp>,
    },
    /// An event that could not be interpreted, stored raw.
    RawEvent(RawEvent),

    // What the CRM does.
    /// An agent answered: to be sent. Of one key the first told counts.
    Queued {
        contact: ContactKey,
        key: OutgoingKey,
        at: Timestamp,
        content: Content,
    },
    /// How an attempt to send ended.
    Settled {
        contact: ContactKey,
        key: OutgoingKey,
        attempt: u32,
        outcome: SendOutcome,
    },
    /// The host writes something down about a customer, or strikes it out.
    Field {
        contact: ContactKey,
        name: String,
        value: Option<String>,
        at: Timestamp,
    },
    /// Everything of this customer up to then is erased, and a replay does not bring it back.
    ///
    /// The time should lie behind everything the customer is known by, though Meta's clock may be
    /// ahead: see [`Contact::forget_at`](crate::model::Contact::forget_at).
    Forgotten { contact: ContactKey, at: Timestamp },
    /// The messages of this customer up to then are erased, and a replay does not bring them back.
    Expired { contact: ContactKey, at: Timestamp },
    /// Somebody who is not named any more was forgotten: what an export tells of them, so that a
    /// replay does not bring them back there either. See [`ContactKey::hash`].
    Tombstone {
        page: PageId,
        hash: [u8; 16],
        at: Timestamp,
    },

    // Compare and set.
    /// A worker takes a piece of work until its lease ends. Of all that try, one wins.
    Claimed {
        contact: ContactKey,
        work: Work,
        attempt: u32,
        until: Timestamp,
        by: WorkerId,
    },
    /// An agent has seen everything up to this revision.
    Seen {
        contact: ContactKey,
        revision: Revision,
    },
}

/// What Meta answered about a person.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum ProfileAnswer {
    /// Who they are.
    Known {
        profile: Profile,
        picture: Option<Picture>,
    },
    /// There is no profile of them, or none for us.
    Nobody,
    /// No answer: nothing is known that was not known before.
    Failed,
}

/// How an attempt to send ended.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum SendOutcome {
    /// It may have been sent: only the echo can tell.
    Unknown,
    /// It surely did not leave: try again then.
    NotSent { due: Timestamp },
    /// Meta refused it.
    Failed { reason: Reason },
    /// A person took it off the list: it is not sent, nor shown.
    Dismissed,
    /// Meta took it.
    Sent { mid: Mid },
}

/// A piece of work that can be claimed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Work {
    /// Sending this answer.
    Send(OutgoingKey),
    /// Fetching the profile.
    Profile,
}

/// What a change did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Applied {
    /// First told now: worth a notification if the customer wrote it.
    #[non_exhaustive]
    New {
        /// It is also the first of this customer.
        customer: bool,
    },
    /// Something that can be seen is different.
    Changed,
    /// Known already: nothing looks different, and the revision stands.
    ///
    /// A claim that is answered so was won before by the same worker: by another call of theirs, or
    /// by this one, if its first answer was lost on the way. Who cannot tell the two apart leaves
    /// the work alone until it lapses, because it may be done already.
    Unchanged,
    /// Kept for a message that has not come yet, or a customer who has not written yet.
    Parked,
    /// Dropped: it happened before what was forgotten or has expired.
    Forgotten,
    /// Somebody else holds this attempt, or more has arrived than was seen.
    Refused,
}

impl Change {
    /// The Page that it belongs to, when there is one.
    pub fn page(&self) -> Option<&PageId> {
        match self {
            Self::RawEvent(event) => event.page.as_ref(),
            Self::Tombstone { page, .. } => Some(page),
            _ => self.contact().map(|contact| &contact.page),
        }
    }

    /// The customer whose conversation it belongs to; `None` for what names nobody.
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
