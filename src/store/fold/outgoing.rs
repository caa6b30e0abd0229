//! A reply of ours.

use serde::{Deserialize, Serialize};

use super::{Position, Snippet};
use crate::{
    id::Mid,
    model::{MessageState, Outgoing, OutgoingKey, Reason, Side, WorkerId},
    store::hash::hash63,
    time::Timestamp,
};

/// A reply of ours.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct OutgoingRow {
    /// Key of the reply.
    pub key: OutgoingKey,
    /// Time that orders it in the conversation.
    pub at: Timestamp,
    /// The reply; `None` when its outcome arrived before it.
    pub outgoing: Option<Outgoing>,
    /// Number of the last attempt.
    pub attempt: u32,
    /// State of the reply.
    pub state: OutgoingState,
    /// Worker of the last attempt.
    pub by: Option<WorkerId>,
    /// Meta's ids of the sent message, in order. More than one means that it was sent twice.
    pub mids: Vec<Mid>,
    /// Key of the reply that sends it again.
    #[serde(default)]
    pub resent_as: Option<OutgoingKey>,
}

impl OutgoingRow {
    /// Creates a row of which only the key is known.
    pub fn new(key: OutgoingKey) -> Self {
        Self {
            key,
            at: Timestamp::default(),
            outgoing: None,
            attempt: 0,
            state: OutgoingState::Queued,
            by: None,
            mids: Vec::new(),
            resent_as: None,
        }
    }

    /// When a worker must look at it, if it waits or is being sent. A queued reply is due at once.
    pub fn due(&self) -> Option<Timestamp> {
        let waits = self.outgoing.is_some() && self.mids.is_empty();
        self.state.due().filter(|_| waits)
    }

    /// Whether it counts as an answer to the customer while it is not in the log.
    pub(super) fn is_answer(&self) -> bool {
        let is_given_up = matches!(
            self.state,
            OutgoingState::Failed { .. } | OutgoingState::Dismissed
        );
        self.outgoing.is_some() && self.mids.is_empty() && !is_given_up
    }

    /// Position in the conversation, unless the log shows it, or it is not shown at all.
    pub fn position(&self) -> Option<Position> {
        let shown = self.outgoing.is_some()
            && self.mids.is_empty()
            && !matches!(self.state, OutgoingState::Dismissed);
        // Below the message that it becomes, so that sending it does not change the order.
        shown.then(|| Position::new(self.at, hash63(self.key.as_str()) >> 32))
    }

    /// The preview that the inbox shows of it.
    pub fn snippet(&self) -> Option<Snippet> {
        let content = &self.outgoing.as_ref()?.content;
        let text = content.text.as_deref();
        let mut snippet = Snippet::new(self.position()?, Side::Page, content, text);
        snippet.key = Some(self.key.clone());
        snippet.state = Some(self.state.shown());
        Some(snippet)
    }
}

/// State of a reply; of two outcomes of one attempt the later in this list counts.
///
/// A reply with Meta's ids is sent, whatever its state.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub enum OutgoingState {
    /// Waiting for the first attempt.
    Queued,
    /// An attempt runs.
    Sending {
        /// End of its lease.
        until: Timestamp,
        /// Number of tries that failed before.
        #[serde(default)]
        tries: u32,
    },
    /// An attempt ended without a response.
    Unknown,
    /// Waiting for the next attempt.
    NotSent {
        /// Time of the next attempt.
        due: Timestamp,
        /// Reason to wait.
        #[serde(default)]
        reason: Option<Reason>,
        /// Number of tries that failed.
        #[serde(default)]
        tries: u32,
    },
    /// Meta rejected it.
    Failed {
        /// Reason of the rejection.
        reason: Reason,
    },
    /// A person withdrew it.
    Dismissed,
}

impl OutgoingState {
    fn due(&self) -> Option<Timestamp> {
        match self {
            // At once, whatever any clock says.
            Self::Queued => Some(Timestamp::default()),
            Self::Sending { until, .. } => Some(*until),
            Self::NotSent { due, .. } => Some(*due),
            Self::Unknown | Self::Failed { .. } | Self::Dismissed => None,
        }
    }

    /// Number of tries that failed.
    pub const fn tries(&self) -> u32 {
        match self {
            Self::Sending { tries, .. } | Self::NotSent { tries, .. } => *tries,
            _ => 0,
        }
    }

    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Sending { .. } => 1,
            Self::Unknown => 2,
            Self::NotSent { .. } => 3,
            Self::Failed { .. } => 4,
            Self::Dismissed => 5,
        }
    }

    pub(crate) const fn shown(&self) -> MessageState {
        match self {
            Self::Queued | Self::NotSent { .. } => MessageState::Queued,
            Self::Sending { .. } => MessageState::Sending,
            Self::Unknown => MessageState::Unknown,
            Self::Failed { .. } | Self::Dismissed => MessageState::Failed,
        }
    }
}
