//! What we know: customers and conversations.
//!
//! A store is a fold over [`Change`]s. The rules are one pure function,
//! [`fold::apply`]; a store gives rows and takes rows, so that all stores agree by construction.

mod content;
pub mod fold;
mod key;
mod model;
mod query;
#[cfg(feature = "sqlite")]
pub mod sqlite;

pub use crate::graph::Picture;
pub use content::{Act, Attachment, Content, OptIn, Reaction, Referral};
pub use key::{ContactKey, EntryId, InvalidKey, OutgoingKey, Revision, WorkerId};
pub use model::{
    Contact, Entry, Kept, Message, MessageState, Preview, Profile, Reason, Side, Source,
};
pub use query::{ContactQuery, Count, Listing, MessageQuery, Pending};
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

use std::{fmt::Debug, time::Duration};

use async_trait::async_trait;

use crate::{
    change::{Applied, Change},
    id::PageId,
    time::Timestamp,
};

/// Remembers customers and conversations.
///
/// State is the fold of the changes applied. What is acknowledged is durable; the same change
/// twice is once; all changes of one call are committed, or none.
#[async_trait]
pub trait ContactStore: Debug + Send + Sync + 'static {
    /// Commits all of these changes or none, and answers each.
    ///
    /// # Cancel safety
    ///
    /// A dropped future has done all or nothing; apply again to find out.
    async fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError>;

    /// One customer, if there is anything to show.
    async fn contact(&self, key: &ContactKey) -> Result<Option<Contact>, StoreError>;

    /// A customer's picture: kept apart from the customer, because of its size.
    async fn picture(&self, key: &ContactKey) -> Result<Option<Picture>, StoreError>;

    /// A Page's customers, latest activity first.
    async fn contacts(&self, query: &ContactQuery) -> Result<Listing<Contact>, StoreError>;

    /// A conversation, newest first, answers still queued included.
    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError>;

    /// At most `limit` pieces of work that are due at `now`, the longest due first.
    ///
    /// It takes nothing: claim work by applying `Change::Claimed`. Of each conversation it gives
    /// the earliest answer alone, so that answers leave in order.
    async fn pending(&self, now: Timestamp, limit: usize) -> Result<Vec<Pending>, StoreError>;

    /// When the next work is due, if there is any.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// A Page's revision, as soon as it is above `since`, or after `wait`.
    async fn changed(
        &self,
        page: &PageId,
        since: Revision,
        wait: Duration,
    ) -> Result<Revision, StoreError>;
}

/// Why a store could not answer. Nothing was half done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database is away, full or busy: try again later.
    #[error("the store is unavailable: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database was written by a newer program.
    #[error("the database has schema {found}, newer than the {known} of this program")]
    TooNew {
        /// The schema found.
        found: i64,
        /// The newest known.
        known: i64,
    },
    /// A row or a cursor that this program cannot read.
    #[error("the store holds something unreadable: {0}")]
    Unreadable(&'static str),
}
