//! What a store is asked, and how it answers.

use super::{ContactKey, Content, OutgoingKey, Revision};
use crate::id::PageId;

/// Which customers to list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ContactQuery {
    /// Of which Page.
    pub page: PageId,
    /// Only whose name or last message holds this text, without regard to case.
    pub search: Option<String>,
    /// Continue behind this cursor.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

impl ContactQuery {
    /// The first fifty customers of a Page.
    pub fn new(page: PageId) -> Self {
        Self {
            page,
            search: None,
            after: None,
            limit: 50,
        }
    }
}

/// Which messages to list.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MessageQuery {
    /// Of which conversation.
    pub contact: ContactKey,
    /// Continue behind this cursor, towards the past.
    pub after: Option<String>,
    /// At most so many.
    pub limit: u32,
}

impl MessageQuery {
    /// The newest fifty messages of a conversation.
    pub fn new(contact: ContactKey) -> Self {
        Self {
            contact,
            after: None,
            limit: 50,
        }
    }
}

/// How many rows there are in all: exact up to 1,000, because counting further costs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Count {
    /// Exactly so many.
    Exactly(u32),
    /// More than so many.
    MoreThan(u32),
}

/// One page of results.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Listing<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next listing begins, if there is more.
    pub next: Option<String>,
    /// How many rows there are in all.
    pub total: Count,
    /// The state of the Page that was read, or an earlier one.
    pub revision: Revision,
}

/// A piece of work that is due.
#[derive(Clone, Debug)]
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
        content: Content,
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
