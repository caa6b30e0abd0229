//! Customers and conversations in one SQLite file.
//!
//! One thread writes and a few read, so the futures need no runtime. Callers that come while a
//! commit is under way share the next one: durability costs one sync for all of them.
//!
//! More than one process may have the file open. They wait for each other to write, for three
//! seconds at most; and what one has written, [`ContactStore::changed`] of another tells within a
//! second.

mod cache;
mod columns;
mod connection;
mod contacts;
mod entries;
mod export;
mod held;
mod lists;
mod messages;
mod migrate;
mod plans;
mod read;
mod readers;
mod rows;
mod search;
mod search_index;
mod sweep;
mod work;
mod writer;

use std::{
    fmt,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::channel,
    },
    thread,
    time::Duration,
};

use async_trait::async_trait;
use futures_channel::oneshot;
use rusqlite::{Connection, Transaction};

pub use export::ExportPosition;

use super::{
    Changed, ContactFilter, ContactQuery, ContactStore, Count, Hit, Listing, MessageQuery,
    PageState, Pending, PendingQuery, RawEventQuery, SearchQuery, StoreError, fold,
    watchers::{Asked, LOOK_AGAIN, Watchers},
};
use crate::model::{Contact, ContactKey, Message, Picture, RawEvent, Revision};
use crate::{
    change::{Applied, Change},
    id::PageId,
    time::Timestamp,
};
use connection::{connect, failed, gone, make_private, unavailable};
use read::take_steps;
use readers::{Read, Readers};
use writer::{Write, Writer, write};

/// A [`ContactStore`] in one SQLite file. A clone is a handle to the same data.
#[derive(Clone)]
pub struct SqliteStore {
    writer: Writer,
    has_search: bool,
    readers: Readers,
    watchers: Watchers,
    steps: Arc<AtomicU64>,
    commits: Arc<AtomicU64>,
}

impl SqliteStore {
    /// Opens the file, and makes it if it is not there, readable by its owner alone.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the file cannot be opened, [`StoreError::Damaged`] when it
    /// is no database, [`StoreError::TooNew`] when a newer program wrote it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_file(path.as_ref(), true)
    }

    /// Opens the file, and creates it without a search index if it is not there.
    ///
    /// The index takes more room than the messages. Without it [`search`](ContactStore::search)
    /// looks through the newest messages only. A file that has an index keeps it.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_without_search(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_file(path.as_ref(), false)
    }

    fn open_file(path: &Path, with_search: bool) -> Result<Self, StoreError> {
        make_private(path).map_err(unavailable)?;
        let mut writing = connect(path)?;
        let has_search = migrate::migrate(&mut writing, with_search)?;
        let (writer, jobs) = channel();
        let writer = Writer::new(writer);
        let readers = Readers::open(path)?;
        let poll = readers.clone();
        let watchers = Watchers::polling(LOOK_AGAIN, move |asked| {
            let job = Read::Job(Box::new(|connection| answer(connection, asked)));
            // Without threads the file is closed, and every read says so.
            let _ = poll.send(job);
        });
        let (ring, commits) = (watchers.clone(), Arc::new(AtomicU64::new(0)));
        let count = Arc::clone(&commits);
        let waiting = writer.waiting();
        spawn("store-writer", move || {
            write(writing, has_search, &jobs, &waiting, &ring, &count);
        })?;
        Ok(Self {
            writer,
            has_search,
            readers,
            watchers,
            steps: Arc::default(),
            commits,
        })
    }

    /// Applies changes in a transaction of the host's own on the same file, which
    /// [`open`](Self::open) has prepared: all of them or none, and committed with what the host
    /// writes itself. Begin it as an immediate one, or it may find that another writer was faster.
    ///
    /// # Errors
    ///
    /// As [`ContactStore::apply`]; the transaction is as it was before, and can go on.
    pub fn apply_in(
        transaction: &mut Transaction<'_>,
        changes: &[Change],
    ) -> Result<Vec<Applied>, StoreError> {
        writer::apply_in(transaction, changes)
    }

    /// The next part of everything as a log of changes, which makes the same again in an empty
    /// store: about a megabyte, and where to continue. Begin with `None`. Apply the changes of a part
    /// in order, in calls of one Page each.
    ///
    /// # Errors
    ///
    /// [`StoreError`], when the file cannot be read.
    pub async fn export(
        &self,
        after: Option<ExportPosition>,
    ) -> Result<(Vec<Change>, Option<ExportPosition>), StoreError> {
        self.read(move |connection| export::export(connection, after))
            .await
    }

    /// Everything that is stored of one customer, as a log of changes.
    ///
    /// # Errors
    ///
    /// [`StoreError`], when the file cannot be read.
    pub async fn export_contact(&self, key: &ContactKey) -> Result<Vec<Change>, StoreError> {
        let key = key.clone();
        self.read(move |connection| export::export_contact(connection, &key))
            .await
    }

    /// Copies the database into a new file, while it is in use.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the file exists or cannot be written.
    pub async fn backup(&self, path: impl AsRef<Path>) -> Result<(), StoreError> {
        let path = path.as_ref().to_string_lossy().into_owned();
        let (answer, answered) = oneshot::channel();
        let job = Read::Job(Box::new(move |connection| {
            let copied = connection.execute("VACUUM INTO ?1", [path]);
            let _ = answer.send(copied.map(drop).map_err(failed));
        }));
        self.readers.send(job)?;
        answered.await.map_err(|_| gone())?
    }

    /// How many steps SQLite has made for all reads so far: a measure of the rows it visited.
    pub fn steps(&self) -> u64 {
        self.steps.load(Ordering::Relaxed)
    }

    /// How many commits callers of [`apply`](ContactStore::apply) have shared so far.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Looks through the whole file for damage, and reads all of it for that.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] with the first that is wrong.
    pub async fn check(&self) -> Result<(), StoreError> {
        self.read(|connection| {
            let answer: String = connection
                .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
                .map_err(failed)?;
            if answer == "ok" {
                Ok(())
            } else {
                Err(StoreError::Damaged(answer.into()))
            }
        })
        .await
    }

    /// Removes facts that have waited since before a time for a message or a customer that never
    /// arrived, and raw events of before then; returns the number of rows. It works in slices, so
    /// that others can write in between.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: a part may have been removed; sweep again.
    pub async fn sweep(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut total = 0;
        loop {
            let (answer, answered) = oneshot::channel();
            self.writer.send(Write::Sweep(before, answer))?;
            match answered.await.map_err(|_| gone())?? {
                0 => return Ok(total),
                removed => total += removed,
            }
        }
    }

    /// Commits what is waiting, moves everything from the log into the file and lets go of it. All
    /// clones are closed with it.
    ///
    /// Dropping every clone does the same, but nobody learns when it is done.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when it was closed already or the disk fails. What was
    /// acknowledged is safe even then.
    pub async fn close(self) -> Result<(), StoreError> {
        self.readers.close().await?;
        let (answer, answered) = oneshot::channel();
        self.writer.send(Write::Close(answer))?;
        answered.await.map_err(|_| gone())?
    }

    async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let steps = Arc::clone(&self.steps);
        let job = Read::Job(Box::new(move |connection| {
            // Nothing is read for a caller who is gone.
            if answer.is_canceled() {
                return;
            }
            // One snapshot for all statements of a read. A caller that is gone needs no answer.
            let result = connection
                .transaction()
                .map_err(failed)
                .and_then(|snapshot| read(&snapshot));
            steps.fetch_add(take_steps(), Ordering::Relaxed);
            let _ = answer.send(result);
        }));
        self.readers.send(job)?;
        answered.await.map_err(|_| gone())?
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteStore(…)")
    }
}

#[async_trait]
impl ContactStore for SqliteStore {
    async fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError> {
        fold::check(changes)?;
        let (answer, answered) = oneshot::channel();
        self.writer.apply(changes.to_vec(), answer)?;
        answered.await.map_err(|_| gone())?
    }

    async fn contact(&self, key: &ContactKey) -> Result<Option<Contact>, StoreError> {
        let key = key.clone();
        self.read(move |connection| lists::contact(connection, &key))
            .await
    }

    async fn picture(&self, key: &ContactKey) -> Result<Option<Picture>, StoreError> {
        let key = key.clone();
        self.read(move |connection| lists::picture(connection, &key))
            .await
    }

    async fn contacts(&self, query: &ContactQuery) -> Result<Listing<Contact>, StoreError> {
        let query = query.clone();
        self.read(move |connection| lists::contacts(connection, &query))
            .await
    }

    async fn count(&self, filter: &ContactFilter) -> Result<Count, StoreError> {
        let filter = filter.clone();
        self.read(move |connection| lists::count(connection, &filter))
            .await
    }

    async fn tags(&self, page: &PageId) -> Result<Vec<(String, Count)>, StoreError> {
        let page = page.clone();
        self.read(move |connection| lists::tags(connection, &page))
            .await
    }

    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError> {
        let query = query.clone();
        self.read(move |connection| messages::messages(connection, &query))
            .await
    }

    async fn search(&self, query: &SearchQuery) -> Result<Listing<Hit>, StoreError> {
        let query = query.clone();
        let has_search = self.has_search;
        self.read(move |connection| search::search(connection, has_search, &query))
            .await
    }

    async fn raw_events(&self, query: &RawEventQuery) -> Result<Listing<RawEvent>, StoreError> {
        let query = query.clone();
        self.read(move |connection| lists::raw_events(connection, &query))
            .await
    }

    async fn page(&self, page: &PageId) -> Result<PageState, StoreError> {
        let page = page.clone();
        self.read(move |connection| lists::page(connection, &page))
            .await
    }

    async fn pending(&self, query: &PendingQuery) -> Result<Vec<Pending>, StoreError> {
        let query = query.clone();
        self.read(move |connection| work::pending(connection, &query))
            .await
    }

    async fn next_due(&self, query: &PendingQuery) -> Result<Option<Timestamp>, StoreError> {
        let query = query.clone();
        self.read(move |connection| work::next_due(connection, &query))
            .await
    }

    async fn find(&self, field: &str, value: &str) -> Result<Vec<Contact>, StoreError> {
        let (field, value) = (field.to_owned(), value.to_owned());
        self.read(move |connection| lists::find(connection, &field, &value))
            .await
    }

    async fn changed_since(&self, page: &PageId, since: Revision) -> Result<Changed, StoreError> {
        let page = page.clone();
        self.read(move |connection| work::changed(connection, &page, since))
            .await
    }

    async fn changed(
        &self,
        page: &PageId,
        since: Revision,
        wait: Duration,
    ) -> Result<Changed, StoreError> {
        let read = || self.changed_since(page, since);
        self.watchers.changed(page, since, wait, read).await
    }
}

/// Answers a poll of the watched Pages.
fn answer(connection: &Connection, asked: Asked) {
    let revisions = work::revisions(connection, asked.pages());
    asked.answer(revisions);
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
    let thread = thread::Builder::new().name(name.into());
    thread.spawn(run).map(drop).map_err(unavailable)
}
