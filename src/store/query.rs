//! What a store is asked, and how it answers.

use crate::id::PageId;
use crate::model::{ContactKey, Content, OutgoingKey, Revision};

/// Which customers to list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ContactQuery {
    /// Of which Page.
    pub page: PageId,
    /// Which of them.
    pub filter: ContactFilter,
    /// Continue behind this cursor.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// Which of a Page's customers to list.
#[derive(Clone, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum ContactFilter {
    /// All of them.
    #[default]
    All,
    /// Those who wrote something that nobody has seen.
    Unread,
    /// Those of whom the host wrote down exactly this.
    #[non_exhaustive]
    Field {
        /// The name of the field.
        name: String,
        /// Its value.
        value: String,
    },
    /// Those whose name holds this text, without regard to case.
    Name(String),
}

impl std::fmt::Debug for ContactFilter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => f.write_str("All"),
            Self::Unread => f.write_str("Unread"),
            Self::Field { name, .. } => write!(f, "Field({name:?})"),
            Self::Name(text) => write!(f, "Name({} bytes)", text.len()),
        }
    }
}

impl ContactQuery {
    /// The first fifty customers of a Page.
    pub fn new(page: PageId) -> Self {
        Self {
            page,
            filter: ContactFilter::All,
            after: None,
            limit: 50,
        }
    }

    /// Only those who wrote something that nobody has seen.
    #[must_use]
    pub fn unread(self) -> Self {
        let filter = ContactFilter::Unread;
        Self { filter, ..self }
    }

    /// Only those of whom the host wrote down exactly this.
    #[must_use]
    pub fn with_field(self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        let filter = ContactFilter::Field { name, value };
        Self { filter, ..self }
    }

    /// Only those whose name holds this text.
    #[must_use]
    pub fn with_name(self, text: impl Into<String>) -> Self {
        let filter = ContactFilter::Name(text.into());
        Self { filter, ..self }
    }
}

/// Which messages to list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MessageQuery {
    /// Where to look.
    pub scope: MessageScope,
    /// Continue behind this cursor, towards the past.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

/// Where to look for messages.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub enum MessageScope {
    /// In one conversation: all of it, answers still queued included.
    Conversation(ContactKey),
    /// In all conversations of a Page: what holds this text, without regard to case.
    #[non_exhaustive]
    Search {
        /// The Page.
        page: PageId,
        /// The text.
        text: String,
    },
}

impl std::fmt::Debug for MessageScope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Conversation(contact) => write!(f, "Conversation(page {})", contact.page),
            Self::Search { page, text } => write!(f, "Search({page}, {} bytes)", text.len()),
        }
    }
}

impl MessageQuery {
    /// The newest fifty messages of a conversation.
    pub fn new(contact: ContactKey) -> Self {
        Self {
            scope: MessageScope::Conversation(contact),
            after: None,
            limit: 50,
        }
    }

    /// The newest fifty messages of a Page that hold this text.
    pub fn search(page: PageId, text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            scope: MessageScope::Search { page, text },
            after: None,
            limit: 50,
        }
    }

    /// Of which Page.
    pub fn page(&self) -> &PageId {
        match &self.scope {
            MessageScope::Conversation(contact) => &contact.page,
            MessageScope::Search { page, .. } => page,
        }
    }
}

/// Which of what was kept raw to list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RawEventQuery {
    /// What names this Page, or what names none.
    pub page: Option<PageId>,
    /// Continue behind this cursor, towards the past.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

impl RawEventQuery {
    /// The newest fifty.
    pub fn new(page: Option<PageId>) -> Self {
        Self {
            page,
            after: None,
            limit: 50,
        }
    }
}

/// What changed on a Page.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Changed {
    /// Whose conversations, each customer once, in the order of their last change.
    pub contacts: Vec<ContactKey>,
    /// Where to continue.
    pub revision: Revision,
    /// Whether more has changed than is told here: ask again at once.
    pub more: bool,
    /// Whether all that is shown must be read again: a customer was forgotten, or the revision
    /// asked for lies ahead of this store, which is then another one, or an older copy.
    pub reread: bool,
}

/// How many rows there are in all: exact up to [`MAX_COUNT`], because counting further costs; of a
/// search only when all of it was looked at.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Count {
    /// Exactly so many.
    Exactly(u32),
    /// More than so many.
    MoreThan(u32),
}

/// Counting further than this costs more than anybody wants to know.
pub const MAX_COUNT: u32 = 1000;

impl Count {
    /// The count of rows that were counted up to one more than [`MAX_COUNT`].
    pub const fn of(counted: u32) -> Self {
        if counted > MAX_COUNT {
            Self::MoreThan(MAX_COUNT)
        } else {
            Self::Exactly(counted)
        }
    }
}

/// One page of results.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listing<T> {
    /// The rows. A search that would have to look far may give fewer than asked for, and a cursor.
    pub rows: Vec<T>,
    /// Where the next listing begins, if there is or may be more.
    pub next: Option<String>,
    /// How many rows there are in all.
    pub total: Count,
    /// The state of the Page that was read, or an earlier one.
    pub revision: Revision,
}

/// A piece of work that is due.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Pending {
    /// A profile to fetch.
    #[non_exhaustive]
    FetchProfile {
        /// Whose.
        contact: ContactKey,
        /// The attempt to claim.
        attempt: u32,
    },
    /// An answer to send.
    #[non_exhaustive]
    Send {
        /// To whom.
        contact: ContactKey,
        /// Which answer.
        key: OutgoingKey,
        /// The attempt to claim.
        attempt: u32,
        /// What it says.
        content: Box<Content>,
    },
    /// A claim to send that ran out: nobody knows whether the message left.
    #[non_exhaustive]
    Lapsed {
        /// To whom.
        contact: ContactKey,
        /// Which answer.
        key: OutgoingKey,
        /// The attempt that was claimed.
        attempt: u32,
    },
}
