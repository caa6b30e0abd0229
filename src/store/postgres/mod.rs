//! Customers and conversations in PostgreSQL, for any number of processes.
//!
//! Callers that come while commits are under way share the next one, which takes two round trips
//! however many they are. Two are under way at one time, never with the same conversation. What one
//! process has written, [`ContactStore::changed`] of another tells within a quarter of a second,
//! and in the order in which it was committed.
//!
//! Its futures need a tokio runtime. It works behind a pooler in transaction mode, and needs no
//! extension. It is tested with PostgreSQL 15 and PgBouncer 1.18.
//!
//! # What is promised, and by which settings
//!
//! `Ok` from [`ContactStore::apply`] means that the server has acknowledged the COMMIT. What that
//! survives is for the server to say:
//!
//! | settings of the server | what was acknowledged survives |
//! | ---------------------- | ------------------------------ |
//! | `fsync = off` or `synchronous_commit = off` | nothing is promised; [`connect`](PostgresStore::connect) refuses them |
//! | `synchronous_commit = on`, no `synchronous_standby_names` | a crash of the server, not the loss of its disk: a standby may lack the last commits |
//! | `synchronous_standby_names = 'ANY 1 (a, b)'`, `synchronous_commit = on` | the loss of the primary, if a standby that has acknowledged is promoted |
//! | … and `synchronous_commit = remote_write` | as before, unless the standby's system crashes at the same time |
//! | … and `synchronous_commit = local` | as without a synchronous standby |
//! | … and `synchronous_commit = remote_apply` | the loss of the primary, and reads on that standby see it at once |
//!
//! With a quorum such as `ANY 1 (a, b)` promote the standby that has received most
//! (`pg_last_wal_receive_lsn`). With only one synchronous standby, commits wait while it is away:
//! [`StoreError::Unavailable`], and nothing is acknowledged. Such a change may be committed after
//! all; it is idempotent, so apply it again.
//!
//! **Failover.** Name all servers in the address, as [`PostgresOptions`] says. Connections to a
//! primary that has died, vanished or become read-only are given up, and each process finds the new
//! primary within seconds after its promotion. The promotion itself is for your cluster manager. It
//! must keep the old primary from being used as one again (fencing): one that nobody replicates from
//! any more still acknowledges commits, unless `synchronous_standby_names` makes them wait. Bring
//! it back with `pg_rewind` or `pg_basebackup`. Reads that may be a little old can go to a standby:
//! [`PostgresStore::with_standby`].
//!
//! **Poolers.** Every setting is that of one transaction and nothing is listened to, so that
//! transaction mode is enough; statement mode is not. Statements that write stay prepared only on
//! connections to the server itself: each connection is asked before its first statement, and a
//! pooler announces another server process than the one that answers.
//! [`PostgresOptions::with_prepared_statements`] overrides it. A session that somebody else resets
//! (`DISCARD ALL`) costs one attempt; from then on nothing is prepared. The pooler must not end a
//! transaction earlier than the store does, four seconds, and must follow the failover itself: the
//! store gives up a connection only once its server turns out to be read-only.
//!
//! **Transactions of a host.** [`PostgresStore::apply_in`] writes in a transaction of yours, so that
//! your rows and ours are committed together. It takes transactions of tokio-postgres and, with the
//! feature `sqlx`, of sqlx 0.8; for another driver or version implement [`Session`].
//!
//! ```no_run
//! # #[cfg(feature = "sqlx")]
//! # mod host {
//! use messenger_crm::change::Change;
//! use messenger_crm::store::PostgresStore;
//! use messenger_crm::store::postgres::sqlx::{self, PgPool};
//!
//! async fn receive(
//!     store: &PostgresStore,
//!     host: &PgPool,
//!     changes: &[Change],
//! ) -> Result<(), Box<dyn std::error::Error>> {
//!     let mut transaction = host.begin().await?;
//!     sqlx::query("UPDATE import SET done = true").execute(&mut *transaction).await?;
//!     store.apply_in(&mut transaction, changes).await?;
//!     transaction.commit().await?;
//!     Ok(())
//! }
//! # }
//! ```
//!
//! **Foreign keys of a host.** These columns keep their names and meaning: `page.page_no`, `page.page`
//! (the id of the Page), `contact.contact_no` (unique over all Pages), `contact.page_no` and
//! `contact.psid`. A table of yours may refer to `contact (contact_no)`:
//!
//! ```sql
//! CREATE TABLE lead (
//!     contact_no bigint REFERENCES messenger.contact (contact_no) ON DELETE SET NULL
//! );
//! INSERT INTO lead SELECT contact_no FROM messenger.contact JOIN messenger.page USING (page_no)
//!     WHERE page = '1234567890' AND psid = '9876543210';
//! ```
//!
//! Erasing a customer deletes the row, so the foreign key must be ON DELETE CASCADE or SET NULL. Any
//! other makes it impossible: [`check`](PostgresStore::check) reports it as
//! [`PostgresFault::ForeignKey`], [`connect`](PostgresStore::connect) refuses it, and the deletion
//! fails with [`StoreError::Misconfigured`], which names it. Refer to no other column: rows of other
//! tables are replaced.
//!
//! **Locks.** A caller whose conversation or Page another transaction holds waits at most four
//! seconds, and nobody waits with it. A process that vanishes in the middle of a transaction loses
//! its locks after as long.

mod columns;
mod connection;
mod contacts;
mod entries;
mod error;
mod export;
mod lists;
mod load;
mod locks;
mod messages;
mod migrate;
mod options;
mod pipeline;
mod pooler;
mod queue;
mod row_fetch;
mod save;
mod search;
mod search_index;
mod servers;
mod session;
#[cfg(feature = "sqlx")]
mod sqlx_session;
mod sweep;
mod tls;
mod work;
mod writer;

pub use deadpool_postgres;
pub use error::SessionError;
pub use export::ExportPosition;
pub use migrate::PostgresFault;
pub use options::PostgresOptions;
pub use rustls;
pub use session::{Parameter, Row, Session, Statement, Value};
#[cfg(feature = "sqlx")]
pub use sqlx;
pub use tokio_postgres;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use deadpool_postgres::Pool;

use super::{
    Changed, ContactFilter, ContactQuery, ContactStore, Count, Hit, Listing, MessageQuery,
    PageState, Pending, PendingQuery, RawEventQuery, SearchQuery, StoreError, fold,
};
use crate::model::{Contact, ContactKey, Message, Picture, RawEvent, Revision};
use crate::{
    change::{Applied, Change},
    id::PageId,
    time::Timestamp,
};
use options::Schema;
use writer::{Commands, Writer};

/// Longest time of a read, with the wait for a connection.
const READ: Duration = Duration::from_secs(8);
/// Somebody else may be faster so often in a host's transaction, or so many connections be lost.
const ATTEMPTS: u32 = 8;

/// A [`ContactStore`] in PostgreSQL. A clone is a handle to the same connections.
#[derive(Clone)]
pub struct PostgresStore(Arc<Writer>, Option<connection::Pool>);

impl PostgresStore {
    /// Connects with the options that [`PostgresOptions::new`] takes from this address, and makes
    /// the tables where they are missing.
    ///
    /// # Errors
    ///
    /// As [`connect_with`](Self::connect_with).
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::connect_with(PostgresOptions::new(url)?).await
    }

    /// The same with options of your own.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the server cannot be reached or is read-only,
    /// [`StoreError::Misconfigured`] when the database, role, password, schema or certificate is
    /// wrong or [`check`](Self::check) finds another fault, [`StoreError::TooNew`] when a newer
    /// program made the tables.
    pub async fn connect_with(options: PostgresOptions) -> Result<Self, StoreError> {
        let (pool, schema) = options.open()?;
        Self::open(pool, schema).await
    }

    /// The same over connections of the host's, with the tables in this schema.
    ///
    /// # Errors
    ///
    /// As [`connect_with`](Self::connect_with), and when the schema's name is not one that
    /// [`PostgresOptions::with_schema`] takes.
    pub async fn with_pool(pool: Pool, schema: &str) -> Result<Self, StoreError> {
        Self::open(connection::Pool::new(pool, None), Schema::new(schema)?).await
    }

    async fn open(pool: connection::Pool, schema: Schema) -> Result<Self, StoreError> {
        migrate::require(&pool, &schema).await?;
        let schema = migrate::migrate(&pool, schema).await?;
        Ok(Self(Arc::new(Writer::new(pool, schema)), None))
    }

    /// A handle to the same store that reads contacts, pictures, messages and raw events from a
    /// standby: what they return may be older than what was applied. Writes, work and
    /// [`changed`](ContactStore::changed) stay with the primary, so that a list which is too old is
    /// reported as changed.
    ///
    /// Keep the other handle for reads that must be current. The schema is that of this store. For
    /// several standbys the address needs `target_session_attrs=read-only`. There is no way back to
    /// the primary while the standby is away: its reads are [`StoreError::Unavailable`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Misconfigured`] when TLS cannot be used. The first read connects.
    pub fn with_standby(&self, standby: PostgresOptions) -> Result<Self, StoreError> {
        let (pool, _) = standby.open()?;
        Ok(Self(Arc::clone(&self.0), Some(pool)))
    }

    fn reads(&self) -> &connection::Pool {
        self.1.as_ref().unwrap_or(self.0.pool())
    }

    /// Applies changes in a transaction of the host's own: all of them or none, and committed
    /// together with the host's own writes. The transaction is one of tokio-postgres, of sqlx (feature
    /// `sqlx`), or of any other driver for which you implement [`Session`].
    ///
    /// Call it once, as the last thing before COMMIT: until then all other changes of these Pages
    /// wait. Other Pages do not. [`changed`](ContactStore::changed) reports the changes within a
    /// quarter of a second after the commit.
    ///
    /// It takes three round trips with tokio-postgres. sqlx cannot pipeline and prepares each
    /// statement: two round trips for each of about ten statements.
    ///
    /// # Errors
    ///
    /// [`StoreError::Misconfigured`] unless the transaction is READ COMMITTED, and as
    /// [`ContactStore::apply`]. The transaction is as it was before, and can go on unless its
    /// connection is lost.
    pub async fn apply_in<S: Session>(
        &self,
        transaction: &mut S,
        changes: &[Change],
    ) -> Result<Vec<Applied>, StoreError> {
        const SAVEPOINT: Commands<'_> = Commands {
            begin: "SAVEPOINT messenger",
            end: "RELEASE SAVEPOINT messenger",
            end_unchanged: "RELEASE SAVEPOINT messenger",
        };
        const ROLLBACK: [Statement<'_>; 2] = [
            Statement::command("ROLLBACK TO SAVEPOINT messenger"),
            Statement::command("RELEASE SAVEPOINT messenger"),
        ];
        fold::check(changes)?;
        session::require_read_committed(transaction).await?;
        let mut attempt = 0;
        loop {
            let schema = self.0.schema();
            let applied = writer::apply(transaction, schema, &SAVEPOINT, &[changes]).await;
            attempt += 1;
            match applied {
                Ok(answers) => return Ok(answers.into_iter().flatten().collect()),
                Err(failure) => {
                    session::run(transaction, &ROLLBACK).await?;
                    if failure.cause != error::Cause::Overtaken || attempt == ATTEMPTS {
                        return Err(failure.error);
                    }
                }
            }
        }
    }

    /// The SQL that makes the tables in this schema, for a migration tool of your own. It is plain
    /// statements that name the schema everywhere, to be run once, in one transaction.
    ///
    /// [`connect`](Self::connect) makes the tables itself where they are missing. Where your tool
    /// made them, the role that connects may do without the right to create anything. It needs
    /// USAGE on the schema, SELECT, INSERT, UPDATE and DELETE on its tables, and USAGE on its
    /// sequences.
    ///
    /// # Errors
    ///
    /// [`StoreError::Misconfigured`] when the schema's name is not one that
    /// [`PostgresOptions::with_schema`] takes.
    ///
    /// # Examples
    ///
    /// ```
    /// use messenger_crm::store::PostgresStore;
    ///
    /// let sql = PostgresStore::schema_sql("messenger")?;
    /// assert!(sql.starts_with("CREATE SCHEMA IF NOT EXISTS \"messenger\";"));
    /// # Ok::<(), messenger_crm::store::StoreError>(())
    /// ```
    pub fn schema_sql(schema: &str) -> Result<String, StoreError> {
        Ok(migrate::schema_sql(&Schema::new(schema)?))
    }

    /// Finds what is wrong with the server: it is read-only or not durable, the role may not write, or
    /// a foreign key forbids erasing customers.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when it cannot be asked.
    pub async fn check(&self) -> Result<Vec<PostgresFault>, StoreError> {
        in_time(|| migrate::check(self.0.pool(), self.0.schema())).await
    }

    /// The next part of everything as a log of changes, which makes the same again in an empty
    /// store: about a megabyte, and where to continue. Begin with `None`. Apply the changes of a part
    /// in order, in calls of one Page each.
    ///
    /// # Errors
    ///
    /// [`StoreError`], when the database cannot be read.
    pub async fn export(
        &self,
        after: Option<ExportPosition>,
    ) -> Result<(Vec<Change>, Option<ExportPosition>), StoreError> {
        export::export(self.reads(), self.0.schema(), after).await
    }

    /// Everything that is stored of one customer, as a log of changes.
    ///
    /// # Errors
    ///
    /// [`StoreError`], when the database cannot be read.
    pub async fn export_contact(&self, key: &ContactKey) -> Result<Vec<Change>, StoreError> {
        export::export_contact(self.reads(), self.0.schema(), key).await
    }

    /// Removes facts that have waited since before a time for a message or a customer that never
    /// arrived, and raw events of before then; returns the number of rows. It works in slices, so
    /// that others can write in between.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: a part may have been removed; sweep again.
    pub async fn sweep(&self, before: Timestamp) -> Result<u64, StoreError> {
        sweep::sweep(self.0.pool(), self.0.schema(), before).await
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PostgresStore(schema {}, …)", self.0.schema().name())
    }
}

#[async_trait]
impl ContactStore for PostgresStore {
    async fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError> {
        fold::check(changes)?;
        self.0.apply(changes.to_vec()).await
    }

    async fn contact(&self, key: &ContactKey) -> Result<Option<Contact>, StoreError> {
        in_time(|| lists::contact(self.reads(), self.0.schema(), key)).await
    }

    async fn picture(&self, key: &ContactKey) -> Result<Option<Picture>, StoreError> {
        in_time(|| lists::picture(self.reads(), self.0.schema(), key)).await
    }

    async fn contacts(&self, query: &ContactQuery) -> Result<Listing<Contact>, StoreError> {
        in_time(|| lists::contacts(self.reads(), self.0.schema(), query)).await
    }

    async fn count(&self, filter: &ContactFilter) -> Result<Count, StoreError> {
        in_time(|| lists::count(self.reads(), self.0.schema(), filter)).await
    }

    async fn tags(&self, page: &PageId) -> Result<Vec<(String, Count)>, StoreError> {
        in_time(|| lists::tags(self.reads(), self.0.schema(), page)).await
    }

    async fn find(&self, field: &str, value: &str) -> Result<Vec<Contact>, StoreError> {
        in_time(|| lists::find(self.reads(), self.0.schema(), field, value)).await
    }

    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError> {
        in_time(|| messages::messages(self.reads(), self.0.schema(), query)).await
    }

    async fn search(&self, query: &SearchQuery) -> Result<Listing<Hit>, StoreError> {
        in_time(|| search::search(self.reads(), self.0.schema(), query)).await
    }

    async fn raw_events(&self, query: &RawEventQuery) -> Result<Listing<RawEvent>, StoreError> {
        in_time(|| lists::raw_events(self.reads(), self.0.schema(), query)).await
    }

    async fn page(&self, page: &PageId) -> Result<PageState, StoreError> {
        in_time(|| lists::page(self.reads(), self.0.schema(), page)).await
    }

    async fn pending(&self, query: &PendingQuery) -> Result<Vec<Pending>, StoreError> {
        in_time(|| work::pending(self.0.pool(), self.0.schema(), query)).await
    }

    async fn next_due(&self, query: &PendingQuery) -> Result<Option<Timestamp>, StoreError> {
        in_time(|| work::next_due(self.0.pool(), self.0.schema(), query)).await
    }

    async fn changed_since(&self, page: &PageId, since: Revision) -> Result<Changed, StoreError> {
        in_time(|| work::changed(self.0.pool(), self.0.schema(), page, since)).await
    }

    async fn changed(
        &self,
        page: &PageId,
        since: Revision,
        wait: Duration,
    ) -> Result<Changed, StoreError> {
        let watchers = self.0.watchers(connection::within_tokio()?);
        let read = || self.changed_since(page, since);
        watchers.changed(page, since, wait, read).await
    }
}

/// Reads, and again on another connection when one turns out to be lost: the server may have ended
/// it while nobody used it. A read that takes too long is dropped, which cancels it at the server.
async fn in_time<T, F: Future<Output = Result<T, StoreError>> + Send>(
    read: impl Fn() -> F + Send + Sync,
) -> Result<T, StoreError> {
    connection::within_tokio()?;
    let reading = async {
        let mut attempt = 1;
        loop {
            match read().await {
                Err(error) if attempt < ATTEMPTS && error::may_read_again(&error) => attempt += 1,
                result => return result,
            }
        }
    };
    let read = tokio::time::timeout(READ, reading).await;
    read.unwrap_or_else(|_| Err(error::unavailable("the database did not answer in time")))
}
