//! Work that workers claim, and its outcomes.

use serde::{Deserialize, Serialize};

use crate::{
    id::Mid,
    model::{OutgoingKey, Picture, Profile, Reason, WorkKind},
    time::Timestamp,
};

/// A work item that a worker can claim.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Work {
    /// Send the reply with this key.
    Send(OutgoingKey),
    /// Fetch the customer's profile.
    Profile,
    /// Do an item that [`Change::WorkAdded`](super::Change::WorkAdded) added.
    #[non_exhaustive]
    Item {
        /// Kind of the item.
        kind: WorkKind,
        /// Id of the item within its kind.
        id: String,
    },
}

impl Work {
    /// Creates the reference to an added item.
    pub fn item(kind: WorkKind, id: impl Into<String>) -> Self {
        let id = id.into();
        Self::Item { kind, id }
    }
}

/// Outcome of an attempt at an added item of work.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum WorkOutcome {
    /// It is done; the item is removed.
    Done,
    /// It is to be tried again.
    Postponed {
        /// Time of the next attempt.
        due: Timestamp,
        /// Number of tries that failed so far.
        tries: u32,
    },
    /// It is given up: work behind it goes on, and it stays until a person
    /// [replays](super::Change::WorkReplayed) it.
    GivenUp,
}

/// Outcome of an attempt to send a reply.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub enum SendOutcome {
    /// The reply may have been sent; only its echo can prove it. It is not retried.
    Unknown,
    /// The reply was certainly not sent and is retried.
    NotSent {
        /// Time of the next attempt.
        due: Timestamp,
        /// Reason to wait; `None` when Meta was not asked or did not respond.
        #[serde(default)]
        reason: Option<Reason>,
        /// Number of tries that failed so far. An attempt that was not made does not count.
        #[serde(default)]
        tries: u32,
    },
    /// Meta rejected the reply. It is not retried.
    Failed {
        /// Reason of the rejection.
        reason: Reason,
    },
    /// An agent withdrew the reply: it is neither sent nor shown.
    Dismissed,
    /// Meta accepted the reply.
    Sent {
        /// Meta's id of the sent message.
        mid: Mid,
    },
}

/// Meta's response to a request for a profile.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub enum ProfileResponse {
    /// Meta returned the profile.
    Known {
        /// The profile.
        profile: Profile,
        /// The profile picture; `None` when there is none or it could not be fetched.
        picture: Option<Picture>,
    },
    /// There is no profile, or the app may not read it.
    Unavailable,
    /// The request failed: what is stored stays.
    Failed,
}
