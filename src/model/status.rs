//! Status of a conversation.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Status of a conversation.
///
/// A new message of the customer opens a conversation that is snoozed or done; an imported one does
/// not. A status of a newer version is read as [`Open`](Self::Open).
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Status {
    /// The team works on it.
    #[default]
    Open,
    /// It is put aside.
    #[non_exhaustive]
    Snoozed {
        /// When it opens again; `None`: only when the customer writes.
        until: Option<Timestamp>,
    },
    /// The team has finished it.
    Done,
}

impl Status {
    /// Creates the status of a conversation that is put aside; see [`Snoozed`](Self::Snoozed).
    pub const fn snoozed(until: Option<Timestamp>) -> Self {
        Self::Snoozed { until }
    }

    /// When the conversation opens by itself; `None` when it does not.
    pub const fn until(self) -> Option<Timestamp> {
        match self {
            Self::Snoozed { until } => until,
            Self::Open | Self::Done => None,
        }
    }

    /// The status without its time.
    pub const fn kind(self) -> StatusKind {
        match self {
            Self::Open => StatusKind::Open,
            Self::Snoozed { .. } => StatusKind::Snoozed,
            Self::Done => StatusKind::Done,
        }
    }
}

/// [`Status`] without its time, to filter by.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StatusKind {
    /// The team works on it.
    #[default]
    Open,
    /// It is put aside.
    Snoozed,
    /// The team has finished it.
    Done,
}

impl StatusKind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Open, Self::Snoozed, Self::Done];

    /// Name of the status: `open`, `snoozed` or `done`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Snoozed => "snoozed",
            Self::Done => "done",
        }
    }
}
