//! What a store shows: customers and messages.

use std::{fmt, num::NonZeroU32};

use serde::{Deserialize, Serialize};

use super::{ContactKey, EntryId, OutgoingKey, Revision};
use crate::{graph::Advice, time::Timestamp};

/// Who wrote.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Side {
    /// The customer.
    Customer,
    /// The Page.
    Page,
}

/// How an entry came to us; of two bodies of one message the later in this list counts.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub enum Source {
    /// We sent it, and no echo has come.
    Own,
    /// By webhook, while another app owned the thread.
    Standby,
    /// By webhook.
    Webhook,
}

/// What an entry says.
#[derive(Clone, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Content {
    /// The text.
    pub text: Option<String>,
    /// The label of the button that was tapped.
    pub title: Option<String>,
    /// What stands behind the button or quick reply.
    pub payload: Option<String>,
    /// What came with it.
    pub attachments: Vec<Attachment>,
}

impl Content {
    /// A text and nothing else.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            ..Self::default()
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Content({} bytes of text, {} attachments)",
            self.text.as_ref().map_or(0, String::len),
            self.attachments.len()
        )
    }
}

/// Something that came with a message.
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Attachment {
    /// `image`, `audio`, … An open set.
    pub kind: String,
    /// Where Meta keeps it, for a while. Untrusted.
    pub url: Option<String>,
    /// Its title.
    pub title: Option<String>,
}

impl Attachment {
    pub(crate) fn of(attachment: &crate::event::Attachment<'_>) -> Self {
        let storable = |text: &str| text.replace('\0', "\u{fffd}");
        Self {
            kind: storable(attachment.kind()),
            url: attachment.url().map(storable),
            title: attachment.title().map(storable),
        }
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Attachment({})", self.kind)
    }
}

/// One line of a conversation, as it happened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// What identifies it within the conversation.
    pub id: EntryId,
    /// When it happened.
    pub at: Timestamp,
    /// How it came to us.
    pub source: Source,
    /// What it says.
    pub content: Content,
}

/// Who a customer is, as far as Meta tells.
#[derive(Clone, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Profile {
    /// The full name.
    pub name: Option<String>,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Profile(…)")
    }
}

/// Why an answer was refused, or is waiting: what Meta said, without its words.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Reason {
    /// What to do about it.
    pub advice: Advice,
    /// Meta's code.
    pub code: Option<i64>,
    /// Meta's subcode.
    pub subcode: Option<i64>,
    /// Meta's trace id, for its support.
    pub trace: Option<String>,
}

impl Reason {
    /// The reason behind a Graph error.
    pub fn of(error: &crate::graph::Error) -> Self {
        let api = match error {
            crate::graph::Error::Api(api) => Some(api),
            _ => None,
        };
        Self {
            advice: error.advice(),
            code: api.and_then(|api| api.code),
            subcode: api.and_then(|api| api.subcode),
            trace: api.and_then(|api| api.trace.clone()),
        }
    }
}

/// Where an answer of ours stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum MessageState {
    /// Stored, waiting to be sent.
    Queued,
    /// On its way.
    Sending,
    /// It may have been sent, or not: the echo will tell.
    Unknown,
    /// Meta refused it.
    Failed,
    /// Meta has it.
    Sent,
    /// It reached the customer.
    Delivered,
    /// The customer has read it.
    Read,
}

/// The last message of a conversation, for the inbox.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Preview {
    /// When.
    pub at: Timestamp,
    /// Who wrote it.
    pub side: Side,
    /// What it says.
    pub content: Content,
    /// The answer of ours that it is, if it still waits in the queue or failed there.
    pub key: Option<OutgoingKey>,
    /// Where it stands, when the Page wrote it: told when reading, never stored.
    #[serde(skip)]
    pub state: Option<MessageState>,
}

/// A customer, as the inbox shows them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Contact {
    /// Who.
    pub key: ContactKey,
    /// When they first wrote or were written to.
    pub first_at: Timestamp,
    /// The last activity.
    pub last_at: Timestamp,
    /// When the customer last wrote: what opens the messaging window.
    pub inbound_at: Option<Timestamp>,
    /// How many messages of theirs nobody has seen.
    pub unread: u32,
    /// Their profile, when Meta gave one.
    pub profile: Option<Profile>,
    /// Whether the profile is still to be asked for.
    pub profile_due: Option<Timestamp>,
    /// Whether there is a picture, and which one: it changes when the picture does.
    pub picture: Option<NonZeroU32>,
    /// The last message.
    pub preview: Option<Preview>,
    /// The commit that last changed something here.
    pub revision: Revision,
}

/// One bubble of a conversation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Message {
    /// Meta's id, a hash, or our key while there is neither.
    pub id: String,
    /// Our key, when it is an answer of ours.
    pub key: Option<OutgoingKey>,
    /// When.
    pub at: Timestamp,
    /// Who wrote it.
    pub side: Side,
    /// How it came to us.
    pub source: Source,
    /// What it says.
    pub content: Content,
    /// Where it stands, when the Page wrote it.
    pub state: Option<MessageState>,
    /// Why it failed or waits.
    pub reason: Option<Reason>,
}
