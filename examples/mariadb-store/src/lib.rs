//! A [`ContactStore`] over MariaDB: how to write a store over a database that the library does not
//! ship.
//!
//! Rows are kept as JSON, with the columns that find them beside it: see `schema.sql`. [`fold`]
//! has the rules: this package only reads and writes rows.
//!
//! **Writing** is one transaction. It locks the row of the Page, loads the rows that the changes
//! touch, applies the changes in memory, writes the rows that are different, and commits. Other writers of the same
//! Page wait at the lock, so that revisions are committed in their order and no
//! update is lost. The isolation is READ COMMITTED: behind the lock every statement must see what the
//! writer before has committed, and InnoDB then locks no gaps between rows. After a deadlock or a
//! lock wait that takes too long, the transaction begins again.
//!
//! **Reading** is one transaction too, REPEATABLE READ with a consistent snapshot, so that a
//! conversation and its customer are read in the same state.
//!
//! Any number of processes may use one database. A process sees the commits of others within a
//! quarter of a second: [`ContactStore::changed`] has a default that asks again.
//!
//! The store has no index for searches: it uses the default of [`ContactStore::search`], which reads
//! the newest messages of each conversation.

mod connection;
mod load;
mod read;
mod save;
mod work;

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use messenger_crm::change::{Applied, Change};
use messenger_crm::id::PageId;
use messenger_crm::model::{Contact, ContactKey, Message, Picture, RawEvent, Revision};
use messenger_crm::store::{
    Changed, ContactQuery, ContactStore, Count, Listing, MessageQuery, PageState, Pending,
    PendingQuery, RawEventQuery, StoreError, fold,
};
use messenger_crm::time::Timestamp;
use mysql_async::IsolationLevel::ReadCommitted;
use mysql_async::{Pool, TxOpts};

use connection::{Error, begin, in_time, open};

/// A write that loses against another one begins again so often.
const ATTEMPTS: u32 = 8;

/// A [`ContactStore`] in a MariaDB database. A clone is a handle to the same connections.
#[derive(Clone)]
pub struct MariaDbStore(Pool);

impl MariaDbStore {
    /// Connects to a database by its address, `mysql://user:password@host/database`, and creates the
    /// tables that are missing. The connection has no TLS: use a private network.
    ///
    /// # Errors
    ///
    /// [`StoreError::Misconfigured`] when the address, user, password or database is wrong,
    /// [`StoreError::Unavailable`] when the server cannot be reached.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        in_time(open(url)).await.map(Self)
    }

    async fn write(&self, changes: &[Change]) -> Result<Vec<Applied>, Error> {
        let page = changes.iter().find_map(Change::page).cloned();
        let mut tx = begin(&self.0, TxOpts::new().with_isolation_level(ReadCommitted)).await?;
        let mut rows = fold::Fetched::default();
        load::lock(&mut tx, page.as_ref()).await?;
        for missing in fold::row_keys(changes).into_rows() {
            load::load(&mut tx, &mut rows, missing).await?;
        }
        let applied = loop {
            match rows.apply(&[changes]) {
                Ok(applied) => break applied.into_iter().flatten().collect(),
                Err(missing) => load::load(&mut tx, &mut rows, missing).await?,
            }
        };
        save::save(&mut tx, &rows).await?;
        tx.commit().await?;
        Ok(applied)
    }
}

impl fmt::Debug for MariaDbStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MariaDbStore(…)")
    }
}

/// Answers from one snapshot, with the function that reads it.
macro_rules! read {
    ($store:ident, $read:path $(, $argument:expr)*) => {
        in_time(async {
            let mut tx = begin(&$store.0, TxOpts::new().with_consistent_snapshot(true)).await?;
            let found = $read(&mut tx $(, $argument)*).await?;
            tx.commit().await?;
            Ok(found)
        })
        .await
    };
}

#[async_trait]
impl ContactStore for MariaDbStore {
    async fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError> {
        fold::check(changes)?;
        in_time(async {
            let mut attempt = 1;
            loop {
                match self.write(changes).await {
                    Err(error) if error.is_conflict() && attempt < ATTEMPTS => {}
                    result => return result,
                }
                tokio::time::sleep(Duration::from_millis(5) * attempt).await;
                attempt += 1;
            }
        })
        .await
    }

    async fn contact(&self, key: &ContactKey) -> Result<Option<Contact>, StoreError> {
        read!(self, read::contact, key)
    }

    async fn picture(&self, key: &ContactKey) -> Result<Option<Picture>, StoreError> {
        read!(self, read::picture, key)
    }

    async fn contacts(&self, query: &ContactQuery) -> Result<Listing<Contact>, StoreError> {
        read!(self, read::contacts, query)
    }

    async fn tags(&self, page: &PageId) -> Result<Vec<(String, Count)>, StoreError> {
        read!(self, read::tags, page)
    }

    async fn find(&self, field: &str, value: &str) -> Result<Vec<Contact>, StoreError> {
        read!(self, read::find, field, value)
    }

    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError> {
        read!(self, read::messages, query)
    }

    async fn raw_events(&self, query: &RawEventQuery) -> Result<Listing<RawEvent>, StoreError> {
        read!(self, read::raw_events, query)
    }

    async fn page(&self, page: &PageId) -> Result<PageState, StoreError> {
        read!(self, read::page, page)
    }

    async fn pending(&self, query: &PendingQuery) -> Result<Vec<Pending>, StoreError> {
        read!(self, work::pending, query)
    }

    async fn next_due(&self, query: &PendingQuery) -> Result<Option<Timestamp>, StoreError> {
        read!(self, work::next_due, query)
    }

    async fn changed_since(&self, page: &PageId, since: Revision) -> Result<Changed, StoreError> {
        read!(self, read::changed_since, page, since)
    }
}
