//! What a store shows: customers and messages.

use std::{collections::BTreeMap, fmt, num::NonZeroU32};

use serde::{Deserialize, Serialize};

use super::{Act, ContactKey, Content, EntryId, OutgoingKey, Reaction, Revision};
use crate::{
    change::Change,
    graph::Advice,
    id::{AppId, PageId, Psid},
    time::Timestamp,
};

/// Who wrote.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub enum Side {
    /// The customer.
    Customer,
    /// The Page.
    Page,
}

/// How an entry came to us; of two bodies of one message and time the later in this list counts.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub enum Source {
    /// We sent it, and no echo has come.
    Own,
    /// Asked for later, from the Conversations API: whole seconds and no payload.
    Backfill,
    /// By webhook, while another app owned the thread.
    Standby,
    /// By webhook.
    Webhook,
}

/// One line of a conversation, as it happened.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Entry {
    /// What identifies it within the conversation.
    pub id: EntryId,
    /// When it happened.
    pub at: Timestamp,
    /// Whether `at` is only when it came, because Meta gives it no time: then the first time told of
    /// its id counts, so that Meta's sending it again moves nothing. Of one id all are, or none;
    /// whoever says the same twice is heard once.
    #[serde(default)]
    pub timeless: bool,
    /// How it came to us.
    pub source: Source,
    /// What it says.
    pub content: Content,
    /// Whether it lets the Page answer freely for a while, when the customer did it.
    pub opens_window: bool,
    /// The app that sent it, when the Page did and Meta says which.
    pub app: Option<AppId>,
}

impl Entry {
    /// An entry with a time of its own that opens the window, from no app.
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
/// Who a customer is, as far as Meta tells.
#[derive(Clone, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
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
#[derive(Clone, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Preview {
    /// When.
    pub at: Timestamp,
    /// Who wrote it.
    pub side: Side,
    /// What was done.
    pub act: Act,
    /// How its text or title begins.
    pub text: Option<String>,
    /// The kinds of what came with it.
    pub kinds: Vec<String>,
    /// Whether its writer has taken it back.
    pub unsent: bool,
    /// Where it stands, when the Page wrote it.
    pub state: Option<MessageState>,
}

impl fmt::Debug for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { at, side, act, .. } = self;
        write!(f, "Preview({at:?}, {side:?}, {act:?}, {:?})", self.state)
    }
}

/// A customer, as the inbox shows them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Contact {
    /// Who.
    pub key: ContactKey,
    /// When they first wrote or were written to.
    pub first_at: Timestamp,
    /// The last activity.
    pub last_at: Timestamp,
    /// When the customer last did what opens the messaging window.
    pub inbound_at: Option<Timestamp>,
    /// Everything up to here has reached the customer.
    pub delivered: Option<Timestamp>,
    /// Everything up to here has been read by the customer.
    pub read: Option<Timestamp>,
    /// How many messages of theirs nobody has seen.
    pub unread: u32,
    /// Their profile, when Meta gave one.
    pub profile: Option<Profile>,
    /// When the profile is to be asked for, if at all.
    pub profile_due: Option<Timestamp>,
    /// Whether there is a picture, and which one: it changes when the picture does.
    pub picture: Option<NonZeroU32>,
    /// The last message.
    pub preview: Option<Preview>,
    /// What the host wrote down: labels, notes, a key of its own.
    pub fields: BTreeMap<String, String>,
    /// The commit that last changed something here.
    pub revision: Revision,
}

impl Contact {
    /// The time to apply `Change::Forgotten` with: `now`, or later when something is known of the
    /// customer that is later, because Meta's clock is ahead of ours.
    pub fn forget_at(&self, now: Timestamp) -> Timestamp {
        let marks = [self.inbound_at, self.delivered, self.read];
        marks
            .into_iter()
            .flatten()
            .fold(now.max(self.last_at), Timestamp::max)
    }
}

/// One bubble of a conversation.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// Whose conversation it belongs to.
    pub contact: ContactKey,
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
    /// The app that sent it, when the Page did and Meta says which.
    pub app: Option<AppId>,
    /// What it says, after the last edit; nothing when it was unsent.
    pub content: Content,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
    /// When its writer took it back: what it said is erased.
    pub unsent_at: Option<Timestamp>,
    /// Who reacted, and how.
    pub reactions: Vec<(Side, Reaction)>,
    /// Where it stands, when the Page wrote it.
    pub state: Option<MessageState>,
    /// Why it failed or waits.
    pub reason: Option<Reason>,
    /// Whether the answer went out more than once: this bubble is one of several.
    pub sent_twice: bool,
}

/// Something that means nothing here, kept byte for byte.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Kept {
    /// A hash of what it is.
    pub id: EntryId,
    /// The Page it names, if any.
    pub page: Option<PageId>,
    /// The customer it names, if any.
    pub psid: Option<Psid>,
    /// When it happened, or came.
    pub at: Timestamp,
    /// Why it means nothing.
    pub reason: String,
    /// The bytes.
    pub raw: Vec<u8>,
}

impl Kept {
    /// The change that keeps it.
    pub fn to_change(&self) -> Change {
        let Self {
            id,
            page,
            psid,
            at,
            reason,
            raw,
        } = self.clone();
        Change::Kept {
            page,
            psid,
            id,
            at,
            reason,
            raw,
        }
    }

    pub(crate) fn is_of(&self, contact: &ContactKey, up_to: Timestamp) -> bool {
        self.page.as_ref() == Some(&contact.page)
            && self.psid.as_ref() == Some(&contact.psid)
            && self.at <= up_to
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept({:?}, {} bytes)", self.id, self.raw.len())
    }
}
