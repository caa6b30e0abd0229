//! A customer's row.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
    time::Duration,
};

use serde::{Deserialize, Serialize};

use crate::{
    model::{
        Act, ContactReaction, Content, EntryId, MessageState, OutgoingKey, Profile, Reaction,
        Revision, Side, Status, WorkerId,
    },
    store::search_text,
    time::Timestamp,
};

/// A customer's row. Without `last_at` there is nothing to show.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ContactRow {
    /// Time of the earliest message or reply.
    pub first_at: Option<Timestamp>,
    /// Time of the latest message or reply.
    pub last_at: Option<Timestamp>,
    /// The newest message.
    pub preview: Option<Snippet>,
    /// Time of the last inbound event that opens the messaging window.
    pub inbound_at: Option<Timestamp>,
    /// The part of `inbound_at` that comes from no message: reactions and other events.
    pub opened_at: Option<Timestamp>,
    /// Time of the latest message of the Page, replies that wait included.
    pub replied_at: Option<Timestamp>,
    /// Time of the first inbound message after `replied_at`.
    pub unanswered_since: Option<Timestamp>,
    /// Number of live inbound messages that nobody has seen.
    pub unread: u32,
    /// Revision of the last commit that brought one of them.
    pub inbound_revision: Revision,
    /// Revision of the last commit that changed something visible.
    pub revision: Revision,
    /// Status of the conversation.
    pub status: Status,
    /// Revision of the commit that set the status.
    pub status_revision: Revision,
    /// Agent who is responsible.
    pub assignee: Option<String>,
    /// Revision of the commit that set the assignee.
    pub assignee_revision: Revision,
    /// Fields and tags, with their clocks.
    pub labels: Labels,
    /// The customer's last reaction, or removal of one.
    pub reaction: Option<ReactionRow>,
    /// Watermark of delivery.
    pub delivered: Option<Timestamp>,
    /// Watermark of reading.
    pub read: Option<Timestamp>,
    /// Time of the request that returned the profile.
    pub profile_at: Option<Timestamp>,
    /// The profile.
    pub profile: Option<Profile>,
    /// Time of the request that returned the picture.
    pub picture_at: Option<Timestamp>,
    /// Version of the picture.
    pub picture: Option<NonZeroU32>,
    /// Time of the last request for the profile.
    pub asked_at: Option<Timestamp>,
    /// Time of the next request for the profile.
    pub ask_again: Option<Timestamp>,
    /// Number of the last attempt to fetch the profile.
    pub profile_attempt: u32,
    /// Worker of the last attempt to fetch the profile.
    pub profile_by: Option<WorkerId>,
    /// End of the lease of the attempt that runs.
    pub profile_lease: Option<Timestamp>,
    /// Everything up to this time is erased.
    pub forgotten: Option<Timestamp>,
    /// All messages up to this time have expired.
    pub expired: Option<Timestamp>,
    /// When the earliest reply that waits must be looked at.
    pub send_due: Option<Timestamp>,
    /// Whether rows may be left that a cut has erased.
    pub erasing: bool,
}

/// A customer's last reaction, or its removal.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct ReactionRow {
    /// Time of the reaction or removal.
    pub at: Timestamp,
    /// The message reacted to.
    pub entry: EntryId,
    /// The reaction; `None` when it was removed.
    pub reaction: Option<Reaction>,
}

impl ReactionRow {
    pub(super) fn new(at: Timestamp, entry: EntryId, reaction: Option<Reaction>) -> Self {
        Self {
            at,
            entry,
            reaction,
        }
    }

    pub(super) fn show(self) -> Option<ContactReaction> {
        Some(ContactReaction::new(self.at, self.entry, self.reaction?))
    }
}

/// Fields and tags of a customer.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Labels {
    /// Fields by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, FieldRow>,
    /// Tags.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, TagRow>,
}

impl Labels {
    /// Number of fields and tags, those that were removed included.
    pub fn len(&self) -> usize {
        self.fields.len() + self.tags.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The fields and tags that are set: name, and the value of a field.
    pub fn set(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let fields = self.fields.iter();
        let fields = fields.filter_map(|(name, row)| Some((&**name, Some(row.value.as_deref()?))));
        let tags = self.tags.iter().filter(|(_, row)| row.on);
        fields.chain(tags.map(|(tag, _)| (&**tag, None)))
    }

    /// The fields and the tags that are set.
    pub(super) fn into_set(self) -> (BTreeMap<String, String>, BTreeSet<String>) {
        let fields = self.fields.into_iter();
        let tags = self.tags.into_iter().filter(|(_, row)| row.on);
        (
            fields
                .filter_map(|(name, row)| Some((name, row.value?)))
                .collect(),
            tags.map(|(tag, _)| tag).collect(),
        )
    }

    pub(super) fn retain_later(&mut self, cutoff: Timestamp) {
        self.fields.retain(|_, row| row.at > cutoff);
        self.tags.retain(|_, row| row.at > cutoff);
    }
}

/// A field, or its removal.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct FieldRow {
    /// Time of the change.
    pub at: Timestamp,
    /// The value; `None` when it was removed.
    pub value: Option<String>,
}

impl FieldRow {
    /// Creates a field from its parts.
    pub const fn new(at: Timestamp, value: Option<String>) -> Self {
        Self { at, value }
    }
}

/// A tag, or its removal.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct TagRow {
    /// Time of the change.
    pub at: Timestamp,
    /// Whether the customer has the tag.
    pub on: bool,
}

impl TagRow {
    /// Creates a tag from its parts.
    pub const fn new(at: Timestamp, on: bool) -> Self {
        Self { at, on }
    }
}

impl ContactRow {
    /// Whether there is anything to show.
    pub fn is_shown(&self) -> bool {
        self.last_at.is_some()
    }

    /// Time of the next request for the profile. A new message of the customer makes it due again when
    /// Meta gave none, because Meta may give it now, and when the stored one is old.
    pub fn profile_due(&self) -> Option<Timestamp> {
        let due = match (self.profile_lease, self.asked_at) {
            (Some(lease), _) => Some(lease),
            (None, Some(asked_at)) => {
                let (since, soon) = match self.profile {
                    None => (asked_at, asked_at + Self::PROFILE_COOL_DOWN),
                    Some(_) => {
                        let old = asked_at + Self::PROFILE_MAX_AGE;
                        (old, old)
                    }
                };
                let wrote = self.inbound_at > Some(since);
                let again = self.ask_again.unwrap_or(soon).min(soon);
                if wrote { Some(again) } else { self.ask_again }
            }
            // At once, whatever any clock says.
            (None, None) => Some(Timestamp::default()),
        };
        due.filter(|_| self.is_shown())
    }

    /// Shortest time between two requests for a profile that Meta did not give.
    pub const PROFILE_COOL_DOWN: Duration = Duration::from_secs(60);

    /// Age from which a profile is requested again when the customer writes.
    pub const PROFILE_MAX_AGE: Duration = Duration::from_secs(30 * 24 * 3600);

    /// When the conversation is to be opened because its snooze ends.
    pub fn wake_due(&self) -> Option<Timestamp> {
        self.status.until().filter(|_| self.is_shown())
    }

    /// Whether nothing is left but the tombstone: such a row names nobody any more, and should be
    /// kept under a hash.
    pub fn is_tombstone(&self) -> bool {
        self.forgotten.is_some()
            && *self
                == Self {
                    forgotten: self.forgotten,
                    ..Self::default()
                }
    }

    /// Messages up to this time are erased.
    pub fn cutoff(&self) -> Option<Timestamp> {
        self.forgotten.max(self.expired)
    }

    /// Text that a search by name looks at.
    pub fn searchable(&self) -> String {
        search_text::fold_names(self.profile.as_ref())
    }
}

/// Position of a message in its conversation: by time, then by a fixed hash.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct Position {
    /// Time of the message.
    pub at: Timestamp,
    /// Tie-breaker between messages of one time; never negative.
    pub tie: i64,
}

impl Position {
    /// Creates a position from its parts.
    pub const fn new(at: Timestamp, tie: i64) -> Self {
        Self { at, tie }
    }
}

/// The newest message, as much of it as the inbox shows.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Snippet {
    /// Position in the conversation.
    pub position: Position,
    /// Side that wrote it.
    pub side: Side,
    /// Kind of entry.
    pub act: Act,
    /// Beginning of the text or title.
    pub text: Option<String>,
    /// Kinds of its attachments.
    pub kinds: Vec<String>,
    /// Whether its author has unsent it.
    pub unsent: bool,
    /// Key of a reply that is not in the log.
    pub key: Option<OutgoingKey>,
    /// Sending state of that reply.
    pub state: Option<MessageState>,
}

impl Snippet {
    /// More characters than an inbox shows of a text.
    const MAX_CHARS: usize = 60;

    pub(super) fn new(
        position: Position,
        side: Side,
        content: &Content,
        text: Option<&str>,
    ) -> Self {
        let text = text.or(content.title.as_deref());
        let kinds = content.attachments.iter().map(|one| one.kind.clone());
        let mut snippet = Self::from_parts(position, side, content.act.clone(), None);
        snippet.text = text.map(|text| text.chars().take(Self::MAX_CHARS).collect());
        snippet.kinds = kinds.collect();
        snippet
    }

    /// Creates a snippet from its parts, for a store that keeps them apart.
    pub fn from_parts(position: Position, side: Side, act: Act, text: Option<String>) -> Self {
        Self {
            position,
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
