//! Entries and messages of a conversation.

use serde::{Deserialize, Serialize};

use super::{Author, ContactKey, Content, EntryId, OutgoingKey, Reaction, Reason};
use crate::{id::AppId, time::Timestamp};

/// One message of a conversation, as a store returns it: with edits, reactions and sending state.
///
/// Notes and acts of the team are messages too: those of [`Side::Team`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Message {
    /// Customer of the conversation.
    pub contact: ContactKey,
    /// Meta's message id; else the hash of an event without one; else the key of our reply.
    pub id: String,
    /// Key of our reply; `None` when this program did not send it.
    pub key: Option<OutgoingKey>,
    /// Time of the message: Meta's, or of queueing until Meta's is known.
    pub at: Timestamp,
    /// Side that wrote it.
    pub side: Side,
    /// Way in which it reached the store.
    pub source: Source,
    /// App that sent it; `None` for the customer's messages and when Meta names none.
    pub app: Option<AppId>,
    /// Agent or program that wrote it; `None` for the customer's messages, for those of other apps
    /// and when the host did not say.
    pub author: Option<Author>,
    /// Content after the last edit; empty once unsent.
    pub content: Content,
    /// Time of the last edit; `None` when never edited.
    pub edited_at: Option<Timestamp>,
    /// Time when its author unsent it and the content was erased; `None` when it was not.
    pub unsent_at: Option<Timestamp>,
    /// Reactions, at most one of each side.
    pub reactions: Vec<(Side, Reaction)>,
    /// Sending state; `None` when the customer wrote it.
    pub state: Option<MessageState>,
    /// Reason why sending failed or was postponed; `None` otherwise.
    pub reason: Option<Reason>,
    /// Time of the next attempt to send it; `None` unless it waits for one.
    pub next_attempt: Option<Timestamp>,
    /// Key of the reply that sent it again; `None` when it was not.
    pub resent_as: Option<OutgoingKey>,
    /// Whether one reply of ours was sent more than once, and this is one of the copies.
    pub sent_twice: bool,
}

impl Message {
    /// Creates a received message without edits, reactions and sending state.
    pub fn new(
        contact: ContactKey,
        id: impl Into<String>,
        at: Timestamp,
        side: Side,
        content: Content,
    ) -> Self {
        Self {
            contact,
            id: id.into(),
            key: None,
            at,
            side,
            source: Source::Webhook,
            app: None,
            author: None,
            content,
            edited_at: None,
            unsent_at: None,
            reactions: Vec::new(),
            state: None,
            reason: None,
            next_attempt: None,
            resent_as: None,
            sent_twice: false,
        }
    }
}

/// Sending state of a message of the Page. A state of a newer version is read as
/// [`Unknown`](Self::Unknown).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum MessageState {
    /// Stored and waiting to be sent.
    Queued,
    /// An attempt to send it is running.
    Sending,
    /// Meta rejected it.
    Failed,
    /// Meta accepted it.
    Sent,
    /// It was delivered to the customer.
    Delivered,
    /// The customer has read it.
    Read,
    /// An attempt ended without a response: it may have been sent, and only its echo can prove it.
    #[serde(other)]
    Unknown,
}

/// Author of an entry.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub enum Side {
    /// The customer.
    Customer,
    /// The Page.
    Page,
    /// The team: notes and acts, which are never sent. A side of a newer version is read as this.
    #[serde(other)]
    Team,
}

/// Way in which an entry reached the store, in ascending order of precedence.
///
/// When one message is stored from several sources, the body of the greatest source counts.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub enum Source {
    /// Sent by this program; its echo has not arrived.
    Own,
    /// Imported from the Conversations API: times in whole seconds, no payloads.
    Backfill,
    /// Webhook of the standby channel, while another app controlled the thread.
    Standby,
    /// Webhook.
    Webhook,
}

/// One entry of a conversation, as a change brings it to the store.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// Id within the conversation.
    pub id: EntryId,
    /// Time of the event; of receipt when Meta gave the event no timestamp. Of one id the earliest
    /// time counts, so that a repeated delivery moves nothing.
    pub at: Timestamp,
    /// Whether it is delivered now. An entry that is not live, such as imported history, makes
    /// nothing unread and opens no conversation that is done.
    #[serde(default)]
    pub live: bool,
    /// Way in which it reached us.
    pub source: Source,
    /// Content.
    pub content: Content,
    /// Whether it opens the messaging window when the customer is its author.
    pub opens_window: bool,
    /// App that sent it; `None` for the customer's entries and when Meta names none.
    #[serde(default)]
    pub app: Option<AppId>,
    /// Agent or program of the host that wrote it; `None` when unknown.
    #[serde(default)]
    pub author: Option<Author>,
}

impl Entry {
    /// Creates an entry that opens the messaging window and names no app and no author. It is live
    /// unless it is imported.
    pub fn new(id: EntryId, at: Timestamp, source: Source, content: Content) -> Self {
        Self {
            id,
            at,
            live: source != Source::Backfill,
            source,
            content,
            opens_window: true,
            app: None,
            author: None,
        }
    }
}
