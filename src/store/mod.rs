//! Storage of customers and conversations.
//!
//! A store is a fold over [`Change`]s. The rules are one pure function,
//! [`fold::apply`]; a store reads and writes rows, so that all stores agree by construction.
//!
//! | Store | For |
//! |---|---|
//! | [`MemoryStore`] | tests, and a few thousand customers that may be lost |
//! | `SqliteStore` (feature `sqlite`) | one machine |
//! | `PostgresStore` (feature `postgres`) | any number of processes |
//! | your own | any other database: see [Writing a store](#writing-a-store) |
//!
//! # Writing a store
//!
//! A store reads and writes rows. The rules are in [`fold`], and every store runs them. Keep each row
//! as JSON, with a few columns beside it by which the database finds it: [`Fetched::json_rows`]
//! names the tables and columns. Most rows implement [`serde::Serialize`] and
//! [`serde::Deserialize`].
//!
//! 1. **Lock.** Begin a transaction and lock the row of the Page ([`fold::check`]: one call concerns
//!    one Page). The lock orders the revisions, so that [`ContactStore::changed`] skips none, and
//!    makes claims exclusive. Locks of customers are finer: see `PostgresStore`.
//! 2. **Load** the rows that [`fold::row_keys`] names into a [`Fetched`]. [`fold::JsonLoad`] says
//!    what to read for each. A database that answers row by row without a network between
//!    implements [`fold::Rows`] instead and calls [`fold::apply`].
//! 3. **Apply.** [`Fetched::apply`] returns the results, or a row that is [`fold::Missing`]: load it
//!    and apply again.
//! 4. **Write** the rows of [`Fetched::json_rows`], and commit. Begin again after a deadlock.
//! 5. **Show.** Read rows, and show them with [`ContactRow::show`](fold::ContactRow::show),
//!    [`EntryRow::show`](fold::EntryRow::show) and [`OutgoingRow::show`](fold::OutgoingRow::show).
//!    Queries know where a list begins and put the page of results together:
//!    [`ContactQuery::start`] and [`listing`](ContactQuery::listing), [`MessageQuery::reads`] and
//!    [`listing`](MessageQuery::listing), [`RawEventQuery::start`] and
//!    [`listing`](RawEventQuery::listing). [`Place`] is the position of a row in a list.
//! 6. **Test.** The feature `conformance` makes a test of each clause of the
//!    [contract](ContactStore#contract). Only the clauses *bounded*, *gentle* and *searchable* may be
//!    declared off, and their tests say so.
//!
//! `count`, `tags`, `search` and `changed` have defaults. The package `examples/mariadb-store` in the
//! repository is a whole store that is written in this way.
//!
//! ```
//! use messenger_crm::change::{Applied, Change};
//! use messenger_crm::store::{StoreError, fold};
//!
//! /// A transaction of your database that holds the lock of a Page.
//! trait Transaction {
//!     fn read(&mut self, read: fold::JsonRead) -> Result<Vec<Vec<fold::Value>>, StoreError>;
//!     fn write(&mut self, row: fold::JsonRow) -> Result<(), StoreError>;
//! }
//!
//! /// Applies changes; the caller commits.
//! fn apply(
//!     tx: &mut impl Transaction,
//!     changes: &[Change],
//! ) -> Result<Vec<Applied>, StoreError> {
//!     let mut rows = fold::Fetched::default();
//!     for row in fold::row_keys(changes).into_rows() {
//!         load(tx, &mut rows, row)?;
//!     }
//!     let applied = loop {
//!         match rows.apply(&[changes]) {
//!             Ok(applied) => break applied.concat(),
//!             Err(missing) => load(tx, &mut rows, missing)?,
//!         }
//!     };
//!     for row in rows.json_rows()? {
//!         tx.write(row)?;
//!     }
//!     Ok(applied)
//! }
//!
//! fn load(
//!     tx: &mut impl Transaction,
//!     rows: &mut fold::Fetched,
//!     missing: fold::Missing,
//! ) -> Result<(), StoreError> {
//!     let mut load = fold::JsonLoad::new(missing);
//!     while let Some(read) = load.next_read()? {
//!         load.add(tx.read(read)?);
//!     }
//!     load.finish(rows)
//! }
//! ```
//!
//! [`Fetched`]: fold::Fetched
//! [`Fetched::apply`]: fold::Fetched::apply
//! [`Fetched::json_rows`]: fold::Fetched::json_rows
//!
//! # Examples
//!
//! ```
//! use messenger_crm::change::Change;
//! use messenger_crm::model::{ContactKey, Content, Entry, EntryId, Source};
//! use messenger_crm::store::{ContactQuery, ContactStore, MemoryStore};
//! use messenger_crm::{id::Mid, time::Timestamp};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = MemoryStore::new();
//! let contact = ContactKey::new("1".parse()?, "2".parse()?);
//! let id = EntryId::of_message(&Mid::new("m_1")?);
//! let at = Timestamp::from_millis(1_700_000_000_000);
//! let entry = Entry::new(id, at, Source::Webhook, Content::text("Do you have oolong?"));
//! store.apply(&[Change::received(contact, entry)]).await?;
//!
//! let inbox = store.contacts(&ContactQuery::new("1".parse()?)).await?;
//! assert_eq!(inbox.rows[0].unread, 1);
//! # Ok(())
//! # }
//! ```

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod cursor;
pub mod fold;
mod hash;
mod listing;
pub mod memory;
#[cfg(feature = "postgres")]
pub mod postgres;
mod query;
mod retention;
mod scan;
pub mod search_text;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod sql;
#[cfg(feature = "sqlite")]
pub mod sqlite;
// Only databases are polled.
#[cfg_attr(not(any(feature = "postgres", feature = "sqlite")), allow(dead_code))]
mod watchers;

pub use cursor::Place;
pub use listing::{Listing, MessageReads};
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use query::{
    AssigneeFilter, Changed, ContactFilter, ContactOrder, ContactQuery, Count, Hit, MAX_COUNT,
    MAX_LIMIT, MAX_PAGE_BYTES, MAX_VISITED, MessageQuery, MessageStart, PageState, Pending,
    PendingQuery, RawEventQuery, SearchQuery,
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

/// Storage of customers and conversations.
///
/// State is the [`fold`] of the changes applied. There is one method to write, and the reads are
/// few.
///
/// # Contract
///
/// Each clause is a test of the same name in the conformance kit (feature `conformance`), which
/// any store can run.
///
/// 1. **Idempotent**: the same change twice has the effect of one, and the result says so. Of
///    several copies of one message the earliest time counts.
/// 2. **Atomic**: one call concerns one Page, and its changes appear whole or not at all.
/// 3. **Monotonic**: delivered and read marks never move back, and last activity does only when a
///    copy with an earlier time of the last message arrives.
/// 4. **Ordered**: messages are ordered by time, then by a fixed hash of their id, not by arrival.
/// 5. **Separate**: the same person on two Pages is two customers, the same message id under two
///    customers two messages.
/// 6. **Complete**: walking by cursor visits each row that was there exactly once, while others
///    write. A row may move once, from its queue time to Meta's.
/// 7. **Faithful**: any text comes back as it was stored.
/// 8. **Forgetful**: after [`Change::Forgotten`] nothing of that customer up to that time is
///    readable, nothing of others is missing, and a replay does not bring it back. A later message
///    makes a new customer.
/// 9. **Concurrent**: a hundred tasks that store one message make one.
/// 10. **Cancel-safe**: a dropped future has done all or nothing.
/// 11. **Shared**: a clone is a handle to the same data.
/// 12. **Patient**: a reaction, edit or unsend that arrives before its message is applied when the
///     message arrives.
/// 13. **Durable**: what was acknowledged is there when the store is opened again.
/// 14. **Bounded**: the rows visited for a page of the inbox do not depend on the number of
///     customers, for every filter that [is exact](ContactFilter::is_exact) and each order.
/// 15. **Isolated**: what a store can never accept fails only that call, with
///     [`StoreError::Refused`].
/// 16. **Honest**: neither `unread` nor `done` ever hides a message that arrived after the
///     revision that was seen.
/// 17. **Resumable**: no revision is skipped, whatever commits first.
/// 18. **Fenced**: of all that claim an attempt, one wins.
/// 19. **Gentle**: erasing hides at once, and removes rows in slices that resume after a crash.
/// 20. **Exclusive**: of two agents who assign or finish a conversation from the same state, one
///     wins.
/// 21. **Searchable**: a search finds the newest message of each customer that holds the text, and
///     nothing that is erased.
///
/// # Required and provided methods
///
/// [`count`](Self::count), [`tags`](Self::tags), [`search`](Self::search) and
/// [`changed`](Self::changed) have a default that reads with the other methods. A store whose
/// database has a faster way replaces it. [Writing a store](self#writing-a-store) shows the steps.
#[async_trait]
pub trait ContactStore: Debug + Send + Sync + 'static {
    /// Commits all of these changes or none, and returns the result of each. They belong to one
    /// Page: see [`fold::check`].
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

    /// A customer's picture, which is kept apart from the customer because of its size.
    async fn picture(&self, key: &ContactKey) -> Result<Option<Picture>, StoreError>;

    /// Customers of one Page or several, filtered and ordered.
    async fn contacts(&self, query: &ContactQuery) -> Result<Listing<Contact>, StoreError>;

    /// Number of customers that pass a filter: exact up to [`MAX_COUNT`] when the filter
    /// [is exact](ContactFilter::is_exact), at least so many otherwise.
    ///
    /// The default reads the rows of [`contacts`](Self::contacts) up to that number.
    async fn count(&self, filter: &ContactFilter) -> Result<Count, StoreError> {
        scan::count(self, filter).await
    }

    /// Tags of a Page with the number of customers that have each, by name.
    ///
    /// The default reads every customer of the Page: good for a few thousand.
    async fn tags(&self, page: &PageId) -> Result<Vec<(String, Count)>, StoreError> {
        scan::tags(self, page).await
    }

    /// Customers of all Pages whose field has exactly this value, such as the key of the host's own
    /// customer; at most [`MAX_COUNT`], by Page and PSID.
    async fn find(&self, field: &str, value: &str) -> Result<Vec<Contact>, StoreError>;

    /// Part of a conversation, newest first, with queued replies, notes and acts of the team.
    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError>;

    /// Customers with a text in their conversation, by the newest message that holds it.
    ///
    /// Texts that are too short for the index are searched for among the newest messages only;
    /// then rows may be missing while [`Listing::next`] is set.
    ///
    /// The default has no index. It reads the newest messages of each conversation, at most
    /// [`MAX_LIMIT`], in the order of the inbox. After [`MAX_VISITED`] messages it returns what it
    /// has found, with a cursor.
    async fn search(&self, query: &SearchQuery) -> Result<Listing<Hit>, StoreError> {
        scan::search(self, query).await
    }

    /// Raw events, newest first.
    async fn raw_events(&self, query: &RawEventQuery) -> Result<Listing<RawEvent>, StoreError>;

    /// State of a Page: revision, pause, marks.
    async fn page(&self, page: &PageId) -> Result<PageState, StoreError>;

    /// Work that is due, in turn from each Page that is not paused.
    ///
    /// It takes nothing: claim work by applying [`Change::Claimed`]. Of each conversation it returns
    /// the earliest reply only, so that replies are sent in order. A pause does not hold back
    /// [`WAKE`](crate::model::WorkKind::WAKE) and [`ERASE`](crate::model::WorkKind::ERASE).
    async fn pending(&self, query: &PendingQuery) -> Result<Vec<Pending>, StoreError>;

    /// When the next work of these kinds is due; `None` when there is none. Work of a paused Page is due
    /// when the pause ends, and never when that has no end.
    async fn next_due(&self, query: &PendingQuery) -> Result<Option<Timestamp>, StoreError>;

    /// Customers of a Page that have changed after `since`, without waiting.
    ///
    /// It returns a state, not a history: each customer once, to be read again. All customers of one
    /// revision are returned together.
    async fn changed_since(&self, page: &PageId, since: Revision) -> Result<Changed, StoreError>;

    /// Customers of a Page that changed after `since`, as soon as there is one, or after `wait`.
    ///
    /// Begin with the revision of a [`Listing`].
    ///
    /// The default calls [`changed_since`](Self::changed_since) four times a second, so that it also
    /// sees what other processes commit. It needs no async runtime.
    async fn changed(
        &self,
        page: &PageId,
        since: Revision,
        wait: Duration,
    ) -> Result<Changed, StoreError> {
        watchers::changed(page, since, wait, || self.changed_since(page, since)).await
    }
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

    async fn count(&self, filter: &ContactFilter) -> Result<Count, StoreError> {
        (**self).count(filter).await
    }

    async fn tags(&self, page: &PageId) -> Result<Vec<(String, Count)>, StoreError> {
        (**self).tags(page).await
    }

    async fn find(&self, field: &str, value: &str) -> Result<Vec<Contact>, StoreError> {
        (**self).find(field, value).await
    }

    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError> {
        (**self).messages(query).await
    }

    async fn search(&self, query: &SearchQuery) -> Result<Listing<Hit>, StoreError> {
        (**self).search(query).await
    }

    async fn raw_events(&self, query: &RawEventQuery) -> Result<Listing<RawEvent>, StoreError> {
        (**self).raw_events(query).await
    }

    async fn page(&self, page: &PageId) -> Result<PageState, StoreError> {
        (**self).page(page).await
    }

    async fn pending(&self, query: &PendingQuery) -> Result<Vec<Pending>, StoreError> {
        (**self).pending(query).await
    }

    async fn next_due(&self, query: &PendingQuery) -> Result<Option<Timestamp>, StoreError> {
        (**self).next_due(query).await
    }

    async fn changed_since(&self, page: &PageId, since: Revision) -> Result<Changed, StoreError> {
        (**self).changed_since(page, since).await
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

/// Error of a store. Nothing was half done.
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
    /// The query can never be answered: correct it.
    #[error("the query is invalid: {0}")]
    InvalidQuery(String),
    /// The database is damaged: replace it with a copy. Nothing in it was changed.
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
    /// A row that this program cannot read.
    #[error("the store holds something unreadable: {0}")]
    Unreadable(&'static str),
}

impl StoreError {
    /// The same for another caller of what has failed; of the cause only the words.
    pub(crate) fn copy(&self) -> Self {
        let words = |cause: &dyn std::error::Error| cause.to_string().into();
        match self {
            Self::Unavailable(cause) => Self::Unavailable(words(&**cause)),
            Self::Misconfigured(cause) => Self::Misconfigured(words(&**cause)),
            Self::Refused(cause) => Self::Refused(words(&**cause)),
            Self::InvalidQuery(words) => Self::InvalidQuery(words.clone()),
            Self::Damaged(cause) => Self::Damaged(words(&**cause)),
            Self::TooNew { found, known } => Self::TooNew {
                found: *found,
                known: *known,
            },
            Self::Unreadable(what) => Self::Unreadable(what),
        }
    }

    /// A cursor that is none of this store.
    pub(crate) fn cursor() -> Self {
        Self::InvalidQuery("the cursor is not one of this store".into())
    }
}
