//! One line of a conversation.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{Snippet, Spot};
use crate::{
    id::AppId,
    model::{Content, EntryId, OutgoingKey, Reaction, Side, Source},
    store::{grams, hash::hash63},
    time::Timestamp,
};

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

/// What an entry says. Of two bodies the one that is not our own counts, then the one told later.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct Body {
    pub at: Timestamp,
    /// Of what has no time of its own: when it was told again after `at`, in order. The first time
    /// alone would not do: it may be cut, and then the next one counts.
    #[serde(default)]
    pub later: Vec<Timestamp>,
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
    /// More often than Meta sends one event. Of more times the first ones and the last are kept.
    const MAX_TIMES: usize = 64;

    /// A body from its parts.
    pub fn new(at: Timestamp, source: Source, side: Side, content: Content) -> Self {
        Self {
            at,
            later: Vec::new(),
            source,
            side,
            content,
            app: None,
        }
    }

    /// All times it was told, in order: one, but of what has no time of its own.
    pub fn times(&self) -> impl Iterator<Item = Timestamp> {
        std::iter::once(self.at).chain(self.later.iter().copied())
    }

    /// When it was last told: that is when it said what it says.
    pub(super) fn last_told(&self) -> Timestamp {
        self.later.last().map_or(self.at, |last| *last)
    }

    /// The same body, told at these times; none is left when there are none.
    pub(super) fn with_times(mut self, mut times: BTreeSet<Timestamp>) -> Option<Self> {
        let last = times.pop_last()?;
        let first_ones = times.into_iter().take(Self::MAX_TIMES - 1);
        let mut times = first_ones.chain([last]);
        self.at = times.next()?;
        self.later = times.collect();
        Some(self)
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
            self.body.as_ref().map(Body::last_told),
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

    /// Whether this looks the same: nothing is different but how often it was told.
    pub(super) fn looks_like(&self, other: &Self) -> bool {
        let shown = |row: &Self| {
            let mut row = row.clone();
            if let Some(body) = &mut row.body {
                body.later.clear();
            }
            row
        };
        shown(self) == shown(other)
    }

    /// Whether nothing is left of it.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::new(self.id.clone())
    }
}
