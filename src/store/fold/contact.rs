//! What is known about a customer.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::{
    model::{Act, Content, MessageState, OutgoingKey, Profile, Revision, Side, WorkerId},
    store::grams,
    time::Timestamp,
};

/// What is known about a customer. Without `last_at` there is nothing to show.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct ContactRow {
    /// The earliest bubble there is.
    pub first_at: Option<Timestamp>,
    /// The latest time of all bubbles and answers: it falls only when something is erased, or what
    /// has no time of its own turns out to be older.
    pub last_at: Option<Timestamp>,
    /// The newest bubble.
    pub preview: Option<Snippet>,
    pub inbound_at: Option<Timestamp>,
    pub unread: u32,
    /// The commit that last brought something that nobody has seen.
    pub inbound_revision: Revision,
    pub revision: Revision,
    pub delivered: Option<Timestamp>,
    pub read: Option<Timestamp>,
    pub profile_at: Option<Timestamp>,
    pub profile: Option<Profile>,
    pub picture_at: Option<Timestamp>,
    pub picture: Option<NonZeroU32>,
    /// When Meta was last asked for the profile, and when to ask again.
    pub asked_at: Option<Timestamp>,
    pub ask_again: Option<Timestamp>,
    pub profile_attempt: u32,
    pub profile_by: Option<WorkerId>,
    pub profile_lease: Option<Timestamp>,
    /// Everything up to here is forgotten.
    pub forgotten: Option<Timestamp>,
    /// All messages up to here have expired.
    pub expired: Option<Timestamp>,
    /// When the earliest answer that waits must be looked at.
    pub send_due: Option<Timestamp>,
}

impl ContactRow {
    /// Whether there is anything to show.
    pub fn is_shown(&self) -> bool {
        self.last_at.is_some()
    }

    /// When the profile is to be asked for.
    pub fn profile_due(&self) -> Option<Timestamp> {
        let due = match (self.profile_lease, self.asked_at) {
            (Some(lease), _) => Some(lease),
            (None, Some(_)) => self.ask_again,
            (None, None) => self.first_at,
        };
        due.filter(|_| self.is_shown())
    }

    /// Whether nothing is left but that everything was forgotten: such a row names nobody any
    /// more, and should be kept under a hash.
    pub fn is_tombstone(&self) -> bool {
        self.forgotten.is_some()
            && *self
                == Self {
                    forgotten: self.forgotten,
                    ..Self::default()
                }
    }

    /// Messages up to here are not taken in any more.
    pub(super) fn cutoff(&self) -> Option<Timestamp> {
        self.forgotten.max(self.expired)
    }

    /// What a search for names looks at.
    pub fn searchable(&self) -> String {
        let names = self
            .profile
            .iter()
            .flat_map(|profile| [&profile.name, &profile.first_name, &profile.last_name])
            .filter_map(Option::as_deref);
        grams::fold(names)
    }
}

/// Where a bubble stands in its conversation: by time, then by a fixed hash.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct Spot {
    /// When.
    pub at: Timestamp,
    /// Never negative, so that it sorts alike as a signed and an unsigned number.
    pub tie: i64,
}

impl Spot {
    /// A spot from its parts.
    pub const fn new(at: Timestamp, tie: i64) -> Self {
        Self { at, tie }
    }
}

/// The newest bubble, as much of it as the inbox shows.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct Snippet {
    pub spot: Spot,
    pub side: Side,
    pub act: Act,
    /// How the text or title begins.
    pub text: Option<String>,
    pub kinds: Vec<String>,
    pub unsent: bool,
    /// Of an answer that is not in the log: which, and where it stands.
    pub key: Option<OutgoingKey>,
    pub state: Option<MessageState>,
}

impl Snippet {
    /// More than an inbox shows of a text, in characters.
    const MAX_CHARS: usize = 60;

    pub(super) fn new(spot: Spot, side: Side, content: &Content, text: Option<&str>) -> Self {
        let text = text.or(content.title.as_deref());
        Self {
            spot,
            side,
            act: content.act.clone(),
            text: text.map(|text| text.chars().take(Self::MAX_CHARS).collect()),
            kinds: content
                .attachments
                .iter()
                .map(|one| one.kind.clone())
                .collect(),
            unsent: false,
            key: None,
            state: None,
        }
    }

    /// A snippet from its parts, for a store that keeps them apart.
    pub fn from_parts(spot: Spot, side: Side, act: Act, text: Option<String>) -> Self {
        Self {
            spot,
            side,
            act,
            text,
            kinds: Vec::new(),
            unsent: false,
            key: None,
            state: None,
        }
    }
}
