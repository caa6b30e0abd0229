//! An answer of ours, and what the host wrote down.

use serde::{Deserialize, Serialize};

use super::{Snippet, Spot};
use crate::{
    id::Mid,
    model::{Content, MessageState, OutgoingKey, Reason, Side, WorkerId},
    store::hash::hash63,
    time::Timestamp,
};

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
    /// What Meta calls it, in order. More than one is the alarm: it was sent twice.
    pub mids: Vec<Mid>,
}

impl OutgoingRow {
    /// A row of which nothing is known but its key.
    pub fn new(key: OutgoingKey) -> Self {
        Self {
            key,
            at: Timestamp::default(),
            content: None,
            attempt: 0,
            state: OutgoingState::Queued,
            by: None,
            mids: Vec::new(),
        }
    }

    /// When somebody must look at it, if it waits or is on its way.
    pub fn due(&self) -> Option<Timestamp> {
        let waits = self.content.is_some() && self.mids.is_empty();
        self.state.due(self.at).filter(|_| waits)
    }

    /// Where its bubble stands, unless the log shows it, or nobody wants to see it.
    pub fn spot(&self) -> Option<Spot> {
        let shown = self.content.is_some()
            && self.mids.is_empty()
            && !matches!(self.state, OutgoingState::Dismissed);
        // Below the message that it becomes, so that going out does not change who is last.
        shown.then(|| Spot::new(self.at, hash63(self.key.as_str()) >> 32))
    }

    /// What the inbox shows of it.
    pub fn snippet(&self) -> Option<Snippet> {
        let content = self.content.as_ref()?;
        let mut snippet = Snippet::new(self.spot()?, Side::Page, content, content.text.as_deref());
        snippet.key = Some(self.key.clone());
        snippet.state = Some(self.state.shown());
        Some(snippet)
    }
}

/// Where an answer stands; of two outcomes of one attempt the later in this list counts.
///
/// Whether Meta has it is told by its mids, whatever stands here.
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
}

impl OutgoingState {
    /// When somebody must look at it again.
    pub fn due(&self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Queued => Some(at),
            Self::Sending { until } => Some(*until),
            Self::NotSent { due } => Some(*due),
            Self::Unknown | Self::Failed { .. } | Self::Dismissed => None,
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
        }
    }

    pub(crate) fn shown(&self) -> MessageState {
        match self {
            Self::Queued | Self::NotSent { .. } => MessageState::Queued,
            Self::Sending { .. } => MessageState::Sending,
            Self::Unknown => MessageState::Unknown,
            Self::Failed { .. } | Self::Dismissed => MessageState::Failed,
        }
    }
}

/// What the host wrote down, or struck out.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct FieldRow {
    pub at: Timestamp,
    pub value: Option<String>,
}

impl FieldRow {
    /// A field from its parts.
    pub fn new(at: Timestamp, value: Option<String>) -> Self {
        Self { at, value }
    }
}
