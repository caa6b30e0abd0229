//! Entries and messages of a conversation.

use serde::{Deserialize, Serialize};

use super::{ContactKey, Content, EntryId, OutgoingKey, Reaction, Reason};
use crate::{id::AppId, time::Timestamp};

/// One message of a conversation, as a store returns it: with edits, reactions and sending state.
#[derive(Clone, Debug, PartialEq)]
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
    /// Whether one reply of ours was sent more than once, and this is one of the copies.
    pub sent_twice: bool,
}

/// Sending state of a message of the Page.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum MessageState {
    /// Stored and waiting to be sent.
    Queued,
    /// An attempt to send it is running.
    Sending,
    /// An attempt ended without a response: it may have been sent, and only its echo can prove it.
    Unknown,
    /// Meta rejected it.
    Failed,
    /// Meta accepted it.
    Sent,
    /// It was delivered to the customer.
    Delivered,
    /// The customer has read it.
    Read,
}

/// Author of an entry.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub enum Side {
    /// The customer.
    Customer,
    /// The Page.
    Page,
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
    /// Time of the event.
    pub at: Timestamp,
    /// Whether `at` is the time of receipt, because Meta gave the event no timestamp.
    ///
    /// The earliest such time of an id counts, so that a repeated delivery moves nothing. Of one id
    /// either every entry is timeless or none.
    #[serde(default)]
    pub timeless: bool,
    /// Way in which it reached us.
    pub source: Source,
    /// Content.
    pub content: Content,
    /// Whether it opens the messaging window when the customer is its author.
    pub opens_window: bool,
    /// App that sent it; `None` for the customer's entries and when Meta names none.
    pub app: Option<AppId>,
}

impl Entry {
    /// Creates an entry that has a timestamp, opens the messaging window and names no app.
    pub fn new(id: EntryId, at: Timestamp, source: Source, content: Content) -> Self {
        Self {
            id,
            at,
            timeless: false,
            source,
            content,
            opens_window: true,
            app: None,
        }
    }
}
