//! The rows that a store keeps.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::{
    id::Mid,
    store::{Content, Entry, OutgoingKey, Preview, Profile, Reason, Revision, Side, WorkerId},
    time::Timestamp,
};

/// What is known about a customer. Without `last_at` there is nothing to show yet.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct ContactRow {
    pub first_at: Option<Timestamp>,
    pub last_at: Option<Timestamp>,
    pub inbound_at: Option<Timestamp>,
    pub unread: u32,
    pub inbound_revision: Revision,
    pub revision: Revision,
    pub delivered: Option<Timestamp>,
    pub read: Option<Timestamp>,
    pub preview: Option<Preview>,
    pub profile: Option<Profile>,
    pub profile_at: Option<Timestamp>,
    pub profile_due: Option<Timestamp>,
    pub profile_attempt: u32,
    pub profile_by: Option<WorkerId>,
    pub picture: Option<NonZeroU32>,
    pub send_due: Option<Timestamp>,
}

/// One line of a conversation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct EntryRow {
    pub entry: Entry,
    pub side: Side,
    pub key: Option<OutgoingKey>,
}

/// An answer of ours.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct OutgoingRow {
    pub key: OutgoingKey,
    pub at: Timestamp,
    /// Absent when the outcome came before the answer itself.
    pub content: Option<Content>,
    pub attempt: u32,
    pub state: OutgoingState,
    pub by: Option<WorkerId>,
    /// More than one is the alarm: it was sent twice.
    pub mids: Vec<Mid>,
}

/// Where an answer stands; of two outcomes of one attempt the later in this list counts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum OutgoingState {
    Queued,
    Sending { until: Timestamp },
    Unknown,
    NotSent { due: Timestamp },
    Failed { reason: Reason },
    Dismissed,
    Sent,
}

impl OutgoingState {
    /// When somebody must look at it again.
    pub fn due(&self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Queued => Some(at),
            Self::Sending { until } => Some(*until),
            Self::NotSent { due } => Some(*due),
            Self::Unknown | Self::Failed { .. } | Self::Dismissed | Self::Sent => None,
        }
    }

    pub(super) fn rank(&self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Sending { .. } => 1,
            Self::Unknown => 2,
            Self::NotSent { .. } => 3,
            Self::Failed { .. } => 4,
            Self::Dismissed => 5,
            Self::Sent => 6,
        }
    }
}
