//! The rows that a store keeps.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::{
    id::{AppId, Mid},
    store::{
        Act, Content, EntryId, MessageState, OutgoingKey, Profile, Reaction, Reason, Revision,
        Side, Source, WorkerId, grams, key::hash63,
    },
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
    /// The latest time of all bubbles and answers: it falls only when something is erased.
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

    fn new(spot: Spot, side: Side, content: &Content, text: Option<&str>) -> Self {
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

/// One line of a conversation. Without a body it waits for its message.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct EntryRow {
    pub id: EntryId,
    pub body: Option<Body>,
    /// The answer of ours that it is.
    pub key: Option<OutgoingKey>,
    pub edit: Option<Edit>,
    pub unsent_at: Option<Timestamp>,
    pub customer_reaction: Option<Reacted>,
    pub page_reaction: Option<Reacted>,
    /// When Meta said so of this message alone.
    pub delivered_at: Option<Timestamp>,
    /// Whether its answer has gone out more than once.
    pub sent_twice: bool,
}

/// What an entry says. Of two bodies the one that is not our own counts, then the later.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct Body {
    pub at: Timestamp,
    pub source: Source,
    pub side: Side,
    pub content: Content,
    pub app: Option<AppId>,
}

/// What a message says from then on.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct Edit {
    pub at: Timestamp,
    pub number: u32,
    pub text: String,
}

/// A reaction, or that it was taken back.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct Reacted {
    pub at: Timestamp,
    pub reaction: Option<Reaction>,
}

impl Body {
    /// A body from its parts.
    pub fn new(at: Timestamp, source: Source, side: Side, content: Content) -> Self {
        Self {
            at,
            source,
            side,
            content,
            app: None,
        }
    }
}

impl Edit {
    /// An edit from its parts.
    pub fn new(at: Timestamp, number: u32, text: String) -> Self {
        Self { at, number, text }
    }
}

impl Reacted {
    /// A reaction from its parts.
    pub fn new(at: Timestamp, reaction: Option<Reaction>) -> Self {
        Self { at, reaction }
    }
}

impl EntryRow {
    /// A row of which nothing is known but its id.
    pub fn new(id: EntryId) -> Self {
        Self {
            id,
            body: None,
            key: None,
            edit: None,
            unsent_at: None,
            customer_reaction: None,
            page_reaction: None,
            delivered_at: None,
            sent_twice: false,
        }
    }

    /// What breaks ties of time, and finds the row of an id fast; it decides nothing.
    pub fn tie(id: &EntryId) -> i64 {
        hash63(id.as_str())
    }

    /// Where its bubble stands, if it has one.
    pub fn spot(&self) -> Option<Spot> {
        let body = self.body.as_ref()?;
        Some(Spot::new(body.at, Self::tie(&self.id)))
    }

    /// The last time that is told of it.
    pub fn told_at(&self) -> Option<Timestamp> {
        let reactions = [&self.customer_reaction, &self.page_reaction];
        let reactions = reactions.map(|one| one.as_ref().map(|reacted| reacted.at));
        let others = [
            self.body.as_ref().map(|body| body.at),
            self.key.as_ref().map(OutgoingKey::born),
            self.edit.as_ref().map(|edit| edit.at),
            self.unsent_at,
            self.delivered_at,
        ];
        others.into_iter().chain(reactions).max().flatten()
    }

    /// What the inbox shows of it.
    pub fn snippet(&self) -> Option<Snippet> {
        let body = self.body.as_ref()?;
        let mut snippet = Snippet::new(self.spot()?, body.side, &body.content, self.text());
        snippet.unsent = self.unsent_at.is_some();
        Some(snippet)
    }

    /// The text, after the last edit.
    pub fn text(&self) -> Option<&str> {
        let body = self.body.as_ref()?;
        match &self.edit {
            Some(_) if self.unsent_at.is_some() => None,
            Some(edit) => Some(&edit.text),
            None => body.content.text.as_deref(),
        }
    }

    /// What a search for texts looks at.
    pub fn searchable(&self) -> String {
        let title = self
            .body
            .as_ref()
            .and_then(|body| body.content.title.as_deref());
        grams::fold(self.text().into_iter().chain(title))
    }

    /// Whether nothing is left of it.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::new(self.id.clone())
    }
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
