//! One entry of a conversation.

use serde::{Deserialize, Serialize};

use super::{ContactRow, OutgoingRow, Position, Snippet};
use crate::{
    id::AppId,
    model::{Author, Content, Entry, EntryId, OutgoingKey, Reaction, Side, Source},
    store::{hash::hash63, search_text},
    time::Timestamp,
};

/// One entry of a conversation. Without a body it waits for its message.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EntryRow {
    /// Id within the conversation.
    pub id: EntryId,
    /// Content with its time and side; `None` while only facts about it have arrived.
    pub body: Option<Body>,
    /// Key of our reply that it is.
    pub key: Option<OutgoingKey>,
    /// Agent or program of the host that wrote it.
    pub author: Option<Author>,
    /// The last edit.
    pub edit: Option<Edit>,
    /// Time when its author unsent it.
    pub unsent_at: Option<Timestamp>,
    /// Reaction of the customer.
    pub customer_reaction: Option<Reacted>,
    /// Reaction of the Page.
    pub page_reaction: Option<Reacted>,
    /// Time when Meta reported the delivery of this message by its id.
    pub delivered_at: Option<Timestamp>,
    /// Whether its reply was sent more than once.
    pub sent_twice: bool,
}

/// What an entry says.
///
/// Of several copies of one entry the best [`Source`] counts, then the earliest time. The others
/// are kept as far as they would count after a cut.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Body {
    /// Time of the entry.
    pub at: Timestamp,
    /// Way in which it reached the store.
    pub source: Source,
    /// Side that wrote it.
    pub side: Side,
    /// Content.
    pub content: Content,
    /// Whether it opens the messaging window when the customer wrote it.
    #[serde(default)]
    pub opens_window: bool,
    /// Whether a live delivery brought it.
    #[serde(default)]
    pub live: bool,
    /// App that sent it.
    #[serde(default)]
    pub app: Option<AppId>,
    /// Copies that count when this one is cut, the better ones first.
    #[serde(default)]
    pub copies: Vec<BodyCopy>,
}

/// Another copy of a [`Body`].
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BodyCopy {
    /// Time of the copy.
    pub at: Timestamp,
    /// Way in which it reached the store.
    pub source: Source,
    /// Content; `None` when it is that of the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Box<Content>>,
    /// Whether it opens the messaging window.
    #[serde(default)]
    pub opens_window: bool,
    /// Whether a live delivery brought it.
    #[serde(default)]
    pub live: bool,
    /// App that sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppId>,
}

/// An edit of a message. The latest time counts, then the highest number.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct Edit {
    /// Time of the edit.
    pub at: Timestamp,
    /// Meta's count of edits.
    pub number: u32,
    /// Text from then on.
    pub text: String,
}

/// A reaction, or its removal.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct Reacted {
    /// Time of the reaction or removal.
    pub at: Timestamp,
    /// The reaction; `None` when it was removed.
    pub reaction: Option<Reaction>,
}

impl Body {
    /// More copies than Meta sends of one event. Of more the first ones and the last are kept.
    const MAX_COPIES: usize = 64;

    /// Creates a body that opens the messaging window and has no copies.
    pub fn new(at: Timestamp, source: Source, side: Side, content: Content) -> Self {
        Self {
            at,
            source,
            side,
            content,
            opens_window: true,
            live: false,
            app: None,
            copies: Vec::new(),
        }
    }

    /// Whether a live delivery brought it or one of its copies.
    pub(super) fn is_live(&self) -> bool {
        self.live || self.copies.iter().any(|copy| copy.live)
    }

    /// Whether it is our own copy of a reply, which comes and goes with the reply.
    pub(super) fn is_own(&self) -> bool {
        self.source == Source::Own && self.side == Side::Page
    }

    pub(super) fn of(entry: &Entry, side: Side) -> Self {
        let mut body = Self::new(entry.at, entry.source, side, entry.content.clone());
        (body.opens_window, body.live) = (entry.opens_window, entry.live);
        body.app.clone_from(&entry.app);
        body
    }

    /// The body and its copies, each as a body without copies.
    pub(super) fn all(&self) -> impl Iterator<Item = Self> {
        let mut first = self.clone();
        first.copies.clear();
        let copies = self.copies.iter().map(|copy| Self {
            at: copy.at,
            source: copy.source,
            side: self.side,
            content: match &copy.content {
                Some(content) => (**content).clone(),
                None => self.content.clone(),
            },
            opens_window: copy.opens_window,
            live: copy.live,
            app: copy.app.clone(),
            copies: Vec::new(),
        });
        std::iter::once(first).chain(copies.collect::<Vec<_>>())
    }

    /// Both bodies as one. What we stored ourselves gives way to what Meta says.
    pub(super) fn merge(self, other: Self) -> Self {
        if self.is_own() || other.is_own() {
            return if other.is_own() { self } else { other };
        }
        let all: Vec<Self> = self.all().chain(other.all()).collect();
        Self::of_all(all).unwrap_or(self)
    }

    /// The copies that are later than a cut; `None` when none is.
    pub(super) fn later_than(&self, cutoff: Timestamp) -> Option<Self> {
        if self.copies.is_empty() {
            return (self.at > cutoff).then(|| self.clone());
        }
        Self::of_all(self.all().filter(|body| body.at > cutoff).collect())
    }

    fn of_all(mut all: Vec<Self>) -> Option<Self> {
        let rest = |body: &Self| (body.app.clone(), body.opens_window, body.live);
        all.sort_by(|one, other| {
            let (worse, better) = (one.source, other.source);
            let order = better.cmp(&worse).then(one.at.cmp(&other.at));
            // The content comes last, because unsending erases it.
            let order = order.then_with(|| rest(one).cmp(&rest(other)));
            order.then_with(|| one.content.cmp(&other.content))
        });
        let mut kept: Vec<Self> = Vec::new();
        for body in all {
            // One that is cut whenever a better one is never counts.
            let is_covered = |better: &Self| better.at >= body.at && (better.live || !body.live);
            if !kept.iter().any(is_covered) {
                if kept.len() == Self::MAX_COPIES {
                    kept.pop();
                }
                kept.push(body);
            }
        }
        let mut kept = kept.into_iter();
        let mut first = kept.next()?;
        for copy in kept {
            let same = copy.content == first.content;
            first.copies.push(BodyCopy {
                at: copy.at,
                source: copy.source,
                content: (!same).then(|| Box::new(copy.content)),
                opens_window: copy.opens_window,
                live: copy.live,
                app: copy.app,
            });
        }
        Some(first)
    }

    /// Removes the content, and that of all copies.
    pub(super) fn erase(&mut self) {
        self.content = self.content.erased();
        for copy in &mut self.copies {
            copy.content = None;
        }
    }

    /// Whether the other one looks the same: only copies differ.
    pub(super) fn looks_like(&self, other: &Self) -> bool {
        let same = (self.at, self.source, self.side) == (other.at, other.source, other.side);
        same && self.content == other.content && self.app == other.app
    }
}

impl Edit {
    /// Creates an edit from its parts.
    pub const fn new(at: Timestamp, number: u32, text: String) -> Self {
        Self { at, number, text }
    }
}

impl Reacted {
    /// Creates a reaction from its parts.
    pub const fn new(at: Timestamp, reaction: Option<Reaction>) -> Self {
        Self { at, reaction }
    }
}

impl EntryRow {
    /// Creates a row of which only the id is known.
    pub const fn new(id: EntryId) -> Self {
        Self {
            id,
            body: None,
            key: None,
            author: None,
            edit: None,
            unsent_at: None,
            customer_reaction: None,
            page_reaction: None,
            delivered_at: None,
            sent_twice: false,
        }
    }

    /// Tie-breaker between entries of one time, which also finds the row of an id.
    pub fn tie(id: &EntryId) -> i64 {
        hash63(id.as_str())
    }

    /// Position in the conversation, if it has a body.
    pub fn position(&self) -> Option<Position> {
        let body = self.body.as_ref()?;
        Some(Position::new(body.at, Self::tie(&self.id)))
    }

    /// Whether a cut has erased it: its body is not later, or without a body nothing is later.
    pub fn is_old(&self, cutoff: Timestamp) -> bool {
        let at = self.body.as_ref().map(|body| body.at);
        at.or_else(|| self.latest_at()) <= Some(cutoff)
    }

    /// The latest time of any fact about it.
    pub fn latest_at(&self) -> Option<Timestamp> {
        let reactions = [&self.customer_reaction, &self.page_reaction];
        let reactions = reactions.map(|one| one.as_ref().map(|reacted| reacted.at));
        let bodies = self.body.iter();
        let bodies = bodies.flat_map(|body| {
            let copies = body.copies.iter().map(|copy| copy.at);
            copies.chain([body.at])
        });
        let others = [
            bodies.max(),
            self.key.as_ref().map(OutgoingKey::born),
            self.edit.as_ref().map(|edit| edit.at),
            self.unsent_at,
            self.delivered_at,
        ];
        others.into_iter().chain(reactions).max().flatten()
    }

    /// The row without what a cut has erased, as far as the row itself shows.
    ///
    /// A body that we stored ourselves goes with its reply; one that the reply would restore is
    /// missing until [`Change::Erase`](crate::change::Change::Erase) has come to it.
    pub fn visible(&self, cutoff: Option<Timestamp>) -> Option<Self> {
        let Some(cutoff) = cutoff else {
            return Some(self.clone());
        };
        let is_later = |at: &Timestamp| *at > cutoff;
        let mut row = self.clone();
        row.key = row.key.filter(|key| is_later(&key.born()));
        row.body = row.body.and_then(|body| match body.is_own() {
            true => row.key.is_some().then_some(body),
            false => body.later_than(cutoff),
        });
        row.edit = row.edit.filter(|edit| is_later(&edit.at));
        row.unsent_at = row.unsent_at.filter(is_later);
        row.customer_reaction = row.customer_reaction.filter(|one| is_later(&one.at));
        row.page_reaction = row.page_reaction.filter(|one| is_later(&one.at));
        row.delivered_at = row.delivered_at.filter(is_later);
        row.sent_twice &= row.key.is_some();
        if row.body.is_none() && row.key.is_none() {
            row.author = None;
        }
        (!row.is_empty()).then_some(row)
    }

    /// The preview that the inbox shows of it.
    pub fn snippet(&self) -> Option<Snippet> {
        let body = self.body.as_ref()?;
        let mut snippet = Snippet::new(self.position()?, body.side, &body.content, self.text());
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

    /// Text that a search looks at: that of messages, and not that of notes.
    pub fn searchable(&self) -> String {
        let Some(body) = self.body.as_ref() else {
            return String::new();
        };
        if body.side == Side::Team {
            return String::new();
        }
        let title = body.content.title.as_deref();
        search_text::fold(self.text().into_iter().chain(title))
    }

    /// Whether a search for a folded text finds it in the conversation of a customer. The index knows
    /// the whole row; what a cut has hidden is no hit.
    pub fn is_hit(&self, text: &str, contact: &ContactRow) -> bool {
        let cutoff = contact.cutoff();
        let is_later = self.body.as_ref().map(|body| body.at) > cutoff;
        let holds = |row: &Self| row.searchable().contains(text);
        is_later
            && holds(self)
            && (cutoff.is_none() || self.visible(cutoff).is_some_and(|row| holds(&row)))
    }

    /// Whether it looks like another one.
    pub(super) fn looks_like(&self, other: &Self) -> bool {
        let bodies = match (&self.body, &other.body) {
            (Some(one), Some(other)) => one.looks_like(other),
            (one, other) => one.is_none() && other.is_none(),
        };
        let mut same = self.clone();
        same.body.clone_from(&other.body);
        bodies && same == *other
    }

    /// Whether nothing is left of it.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::new(self.id.clone())
    }
}

/// What a message contributes to the ends of its conversation.
pub(super) struct Bubble {
    pub(super) at: Timestamp,
    pub(super) side: Side,
    pub(super) opens_window: bool,
    /// Whether it answers the customer.
    pub(super) is_reply: bool,
    /// Preview in the inbox; `None` for a reply that the log shows, or that is dismissed.
    pub(super) shown: Option<Snippet>,
}

impl Bubble {
    pub(super) fn of_entry(row: &EntryRow) -> Option<Self> {
        let body = row.body.as_ref().filter(|body| body.side != Side::Team)?;
        Some(Self {
            at: body.at,
            side: body.side,
            opens_window: body.opens_window,
            is_reply: body.side == Side::Page,
            shown: row.snippet(),
        })
    }

    pub(super) fn of_reply(row: &OutgoingRow) -> Option<Self> {
        row.outgoing.as_ref()?;
        Some(Self {
            at: row.at,
            side: Side::Page,
            opens_window: false,
            is_reply: row.is_answer(),
            shown: row.snippet(),
        })
    }

    pub(super) fn inbound_at(&self) -> Option<Timestamp> {
        (self.side == Side::Customer && self.opens_window).then_some(self.at)
    }

    pub(super) fn replied_at(&self) -> Option<Timestamp> {
        self.is_reply.then_some(self.at)
    }
}

impl Content {
    /// Content of an entry that was unsent: its kind only.
    pub(super) fn erased(&self) -> Self {
        Self::new(self.act.clone())
    }
}
