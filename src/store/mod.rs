//! What we know: customers and conversations.
//!
//! A store is a fold over [`Change`]s. The rules are one pure function,
//! [`fold::apply`]; a store gives rows and takes rows, so that all stores agree by construction.

mod bell;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod cursor;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod encoding;
pub mod fold;
pub mod grams;
mod hash;
pub mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
mod query;
mod retention;
#[cfg(feature = "sqlite")]
pub mod sqlite;

pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use query::{
    Changed, ContactFilter, ContactQuery, Count, Listing, MAX_COUNT, MessageQuery, MessageScope,
    Pending, RawEventQuery,
};
pub use retention::expire;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteStore;

use std::{fmt::Debug, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    change::{Applied, Change},
    id::PageId,
    model::{Contact, ContactKey, Message, Picture, RawEvent, Revision},
    time::Timestamp,
};

/// Remembers customers and conversations.
///
/// State is the [`fold`] of the changes applied. There is one door to write, and the reads are few.
///
/// # Contract
///
/// Each clause is a test of the same name in the conformance kit (feature `conformance`), which
/// any store can run.
///
/// 1. **Idempotent**: the same change twice is once, and the answer says so. What has no time of
///    its own stays where it was first told.
/// 2. **Atomic**: the changes of one call appear whole or not at all.
/// 3. **Monotonic**: last activity, delivered and read marks never move back, unless what has no
///    time of its own turns out to be older.
/// 4. **Ordered**: by time, then by a fixed hash of the message's id, not by arrival.
/// 5. **Separate**: the same person on two Pages is two customers, the same message id under two
///    customers two messages.
/// 6. **Complete**: walking by cursor visits each row that was there exactly once, though others
///    write. A row may move once, from its queue time to Meta's.
/// 7. **Faithful**: any text comes back as it went in.
/// 8. **Forgetful**: after [`Change::Forgotten`] nothing of that customer up to that time is
///    readable, nothing of others is missing, and a replay does not bring it back. A later message
///    starts afresh.
/// 9. **Concurrent**: a hundred tasks recording one message make one.
/// 10. **Cancel-safe**: a dropped future has done all or nothing.
/// 11. **Shared**: a clone is a handle to the same data.
/// 12. **Patient**: a reaction, edit or unsend that arrives before its message is applied when the
///     message comes.
/// 13. **Durable**: what was acknowledged is there when the store is opened again.
/// 14. **Bounded**: the rows visited for a page of the inbox do not depend on how many customers
///     there are.
/// 15. **Isolated**: what a store can never accept costs that call alone, and says so with
///     [`StoreError::Refused`].
/// 16. **Honest**: unread never hides what arrived after it was seen.
/// 17. **Resumable**: no revision is skipped, whatever commits first.
/// 18. **Fenced**: of all that claim an attempt, one wins.
#[async_trait]
pub trait ContactStore: Debug + Send + Sync + 'static {
    /// Commits all of these changes or none, and answers each: what one Page's part of a delivery
    /// means goes in one call.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]: nothing is committed as far as can be told; apply again.
    /// [`StoreError::Refused`]: nothing is committed, and applying again does not help.
    ///
    /// # Cancel safety
    ///
    /// A dropped future has done all or nothing; apply again to find out.
    async fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError>;

    /// One customer, if there is anything to show.
    async fn contact(&self, key: &ContactKey) -> Result<Option<Contact>, StoreError>;

    /// A customer's picture: kept apart from the customer, because of its size.
    async fn picture(&self, key: &ContactKey) -> Result<Option<Picture>, StoreError>;

    /// A Page's customers, latest activity first: all, unread, by field, by name.
    async fn contacts(&self, query: &ContactQuery) -> Result<Listing<Contact>, StoreError>;

    /// A conversation, newest first, answers still queued included; or what a search finds.
    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError>;

    /// What was kept raw, newest first.
    async fn raw_events(&self, query: &RawEventQuery) -> Result<Listing<RawEvent>, StoreError>;

    /// At most `limit` answers to send and `limit` profiles to fetch that are due at `now`, the
    /// longest due first.
    ///
    /// It takes nothing: claim work by applying `Change::Claimed`. Of each conversation it gives
    /// the earliest answer alone, so that answers leave in order.
    async fn pending(&self, now: Timestamp, limit: usize) -> Result<Vec<Pending>, StoreError>;

    /// When the next work is due, if there is any.
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Who changed on a Page after `since`, as soon as there is anybody, or after `wait`.
    ///
    /// It tells a state, not a history: each customer once, to be read again. Begin with the
    /// revision of a [`Listing`].
    async fn changed(
        &self,
        page: &PageId,
        since: Revision,
        wait: Duration,
    ) -> Result<Changed, StoreError>;
}

#[async_trait]
impl<S: ContactStore + ?Sized> ContactStore for Arc<S> {
    async fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError> {
        (**self).apply(changes).await
    }

    async fn contact(&self, key: &ContactKey) -> Result<Option<Contact>, StoreError> {
        (**self).contact(key).await
    }

    async fn picture(&self, key: &ContactKey) -> Result<Option<Picture>, StoreError> {
        (**self).picture(key).await
    }

    async fn contacts(&self, query: &ContactQuery) -> Result<Listing<Contact>, StoreError> {
        (**self).contacts(query).await
    }

    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError> {
        (**self).messages(query).await
    }

    async fn raw_events(&self, query: &RawEventQuery) -> Result<Listing<RawEvent>, StoreError> {
        (**self).raw_events(query).await
    }

    async fn pending(&self, now: Timestamp, limit: usize) -> Result<Vec<Pending>, StoreError> {
        (**self).pending(now, limit).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        (**self).next_due().await
    }

    async fn changed(
        &self,
        page: &PageId,
        since: Revision,
        wait: Duration,
    ) -> Result<Changed, StoreError> {
        (**self).changed(page, since, wait).await
    }
}

/// Why a store could not answer. Nothing was half done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database is away, full or busy: try again later.
    #[error("the store is unavailable: {0}")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An address, a name, a right or a password is wrong: it is the same again until somebody
    /// corrects it.
    #[error("the store is misconfigured: {0}")]
    Misconfigured(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// These changes can never be stored, however often they are applied.
    #[error("the store refuses this change: {0}")]
    Refused(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database is damaged: it must be replaced by a copy. Nothing in it was changed.
    #[error("the store is damaged: {0}")]
    Damaged(#[source] Box<dyn std::error::Error + Send + Sync>),
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
