//! What does it mean? From events to what changes for a CRM.

mod meaning;

use serde::{Deserialize, Serialize};

use crate::{
    id::{Mid, PageId},
    store::{
        ContactKey, Content, Entry, EntryId, OutgoingKey, Picture, Profile, Reason, Revision,
        WorkerId,
    },
    time::Timestamp,
};

/// One fact to remember, or one act to try. What a store holds is the fold of its changes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)] // The members of a variant are told in its own text.
pub enum Change {
    /// The customer wrote, or tapped a button.
    Received { contact: ContactKey, entry: Entry },
    /// The Page wrote; with our key if it was us.
    Echoed {
        contact: ContactKey,
        entry: Entry,
        key: Option<OutgoingKey>,
    },
    /// Everything sent up to then has reached the customer.
    Delivered {
        contact: ContactKey,
        up_to: Timestamp,
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
    /// Something that means nothing here, kept byte for byte with the reason.
    Kept {
        page: Option<PageId>,
        id: EntryId,
        at: Timestamp,
        reason: String,
        raw: Vec<u8>,
    },
    /// An agent answered: to be sent.
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
    /// Known already. Nothing was written.
    Unchanged,
    /// Kept for a customer who has not written yet.
    Parked,
    /// Somebody else holds this attempt, or more has arrived than was seen.
    Refused,
}

impl Change {
    /// The Page that it belongs to, when there is one.
    pub fn page(&self) -> Option<&PageId> {
        match self {
            Self::Received { contact, .. }
            | Self::Echoed { contact, .. }
            | Self::Delivered { contact, .. }
            | Self::Read { contact, .. }
            | Self::Profile { contact, .. }
            | Self::Queued { contact, .. }
            | Self::Settled { contact, .. }
            | Self::Claimed { contact, .. }
            | Self::Seen { contact, .. } => Some(&contact.page),
            Self::Kept { page, .. } => page.as_ref(),
        }
    }
}
