//! Customers and conversations in one SQLite file.
//!
//! One thread writes and one reads, so the futures need no runtime. Callers that come while a
//! commit is under way share the next one: durability costs one sync for all of them.

mod listing;
mod rows;

use std::{
    fmt,
    path::Path,
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use futures_channel::oneshot;
use rusqlite::{Connection, OpenFlags, OptionalExtension, TransactionBehavior, params};

use super::{
    Contact, ContactKey, ContactQuery, ContactStore, Listing, Message, MessageQuery, Pending,
    Picture, Revision, StoreError, fold,
};
use crate::{
    change::{Applied, Change},
    id::PageId,
    time::Timestamp,
};
use rows::SqliteRows;

const SCHEMA: i64 = 1;
/// Of one commit: what waits beyond it goes with the next, so that nobody waits long.
const MAX_SHARED: usize = 512;

/// A [`ContactStore`] in one SQLite file. A clone is a handle to the same data.
#[derive(Clone)]
pub struct SqliteStore {
    writer: Sender<Write>,
    reader: Sender<Read>,
}

type Answer<T> = oneshot::Sender<Result<T, StoreError>>;
type Read = Box<dyn FnOnce(&mut Connection) + Send>;

enum Write {
    Apply(Vec<Change>, Answer<Vec<Applied>>),
    Watch(Watch),
}

struct Watch {
    page: PageId,
    since: Revision,
    until: Instant,
    answer: Answer<Revision>,
}

impl SqliteStore {
    /// Opens the file, and makes it if it is not there, readable by its owner alone.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`] when the file cannot be opened or is no database,
    /// [`StoreError::TooNew`] when a newer program wrote it.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        make_private(path).map_err(unavailable)?;
        let mut connection = connect(path)?;
        migrate(&mut connection)?;
        let mut reading = connect(path)?;
        let (writer, jobs) = channel();
        thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || write(connection, &jobs))
            .map_err(unavailable)?;
        let (reader, reads) = channel::<Read>();
        thread::Builder::new()
            .name("store-reader".into())
            .spawn(move || reads.iter().for_each(|read| read(&mut reading)))
            .map_err(unavailable)?;
        Ok(Self { writer, reader })
    }

    async fn read<T, F>(&self, read: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Read = Box::new(move |connection| {
            // One snapshot for all statements of a read. A caller that is gone needs no answer.
            let result = connection
                .transaction()
                .map_err(unavailable)
                .and_then(|snapshot| read(&snapshot));
            let _ = answer.send(result);
        });
        self.reader.send(job).map_err(|_| gone())?;
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
        let (answer, answered) = oneshot::channel();
        self.writer
            .send(Write::Apply(changes.to_vec(), answer))
            .map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    async fn contact(&self, key: &ContactKey) -> Result<Option<Contact>, StoreError> {
        let key = key.clone();
        self.read(move |connection| listing::contact(connection, key))
            .await
    }

    async fn picture(&self, key: &ContactKey) -> Result<Option<Picture>, StoreError> {
        let key = key.clone();
        self.read(move |connection| {
            connection
                .prepare_cached(
                    "SELECT media_type, bytes FROM picture WHERE page = ?1 AND psid = ?2",
                )
                .and_then(|mut statement| {
                    statement
                        .query_row(params![key.page.as_str(), key.psid.as_str()], |row| {
                            Ok(Picture {
                                media_type: row.get(0)?,
                                bytes: row.get(1)?,
                            })
                        })
                        .optional()
                })
                .map_err(unavailable)
        })
        .await
    }

    async fn contacts(&self, query: &ContactQuery) -> Result<Listing<Contact>, StoreError> {
        let query = query.clone();
        self.read(move |connection| listing::contacts(connection, &query))
            .await
    }

    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError> {
        let query = query.clone();
        self.read(move |connection| listing::messages(connection, &query))
            .await
    }

    async fn pending(&self, now: Timestamp, limit: usize) -> Result<Vec<Pending>, StoreError> {
        self.read(move |connection| listing::pending(connection, now, limit))
            .await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.read(listing::next_due).await
    }

    async fn changed(
        &self,
        page: &PageId,
        since: Revision,
        wait: Duration,
    ) -> Result<Revision, StoreError> {
        let (answer, answered) = oneshot::channel();
        let now = Instant::now();
        let until = now.checked_add(wait).unwrap_or(now);
        self.writer
            .send(Write::Watch(Watch {
                page: page.clone(),
                since,
                until,
                answer,
            }))
            .map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// The writer: collects who is waiting, commits them together, answers, wakes who watches.
fn write(mut connection: Connection, jobs: &Receiver<Write>) {
    let mut watches: Vec<Watch> = Vec::new();
    loop {
        let next = match watches.iter().map(|watch| watch.until).min() {
            None => jobs.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(until) => jobs.recv_timeout(until.saturating_duration_since(Instant::now())),
        };
        let mut shared = Vec::new();
        let mut job = match next {
            Ok(job) => Some(job),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        while let Some(next) = job {
            match next {
                Write::Apply(changes, answer) => shared.push((changes, answer)),
                Write::Watch(watch) => watches.push(watch),
            }
            job = if shared.len() < MAX_SHARED {
                jobs.try_recv().ok()
            } else {
                None
            };
        }
        if !shared.is_empty() {
            commit(&mut connection, shared);
        }
        watches.retain(|watch| !watch.answer.is_canceled());
        for at in (0..watches.len()).rev() {
            let revision = rows::revision(&connection, &watches[at].page);
            let is_over = watches[at].until <= Instant::now();
            if is_over
                || !revision
                    .as_ref()
                    .is_ok_and(|revision| *revision <= watches[at].since)
            {
                let _ = watches.swap_remove(at).answer.send(revision);
            }
        }
    }
}

/// Commits all callers at once, each under a savepoint, so that one that fails fails alone.
fn commit(connection: &mut Connection, shared: Vec<(Vec<Change>, Answer<Vec<Applied>>)>) {
    let mut results = Vec::with_capacity(shared.len());
    let committed = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .and_then(|mut transaction| {
            for (changes, _) in &shared {
                let savepoint = transaction.savepoint()?;
                let result = fold::apply(&mut SqliteRows::new(&savepoint), changes);
                match result {
                    Ok(applied) => {
                        savepoint.commit()?;
                        results.push(Ok(applied));
                    }
                    Err(error) => {
                        savepoint.finish()?;
                        results.push(Err(error));
                    }
                }
            }
            transaction.commit()
        });
    if let Err(error) = committed {
        let text = error.to_string();
        for (_, answer) in shared {
            let _ = answer.send(Err(unavailable(text.clone())));
        }
        return;
    }
    for ((_, answer), result) in shared.into_iter().zip(results) {
        let _ = answer.send(result);
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(unavailable)?;
    // FULL: in WAL mode anything less loses acknowledged commits when the power goes.
    connection
        .busy_timeout(Duration::from_secs(3))
        .map_err(unavailable)?;
    let found: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(unavailable)?;
    if found > SCHEMA {
        return Err(StoreError::TooNew {
            found,
            known: SCHEMA,
        });
    }
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;")
        .map_err(unavailable)?;
    Ok(connection)
}

fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(unavailable)?;
    let found: i64 = transaction
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(unavailable)?;
    if found < SCHEMA {
        transaction
            .execute_batch(include_str!("schema.sql"))
            .map_err(unavailable)?;
        transaction
            .pragma_update(None, "user_version", SCHEMA)
            .map_err(unavailable)?;
    }
    transaction.commit().map_err(unavailable)
}

fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable(error.into())
}

fn gone() -> StoreError {
    unavailable("its thread has ended")
}
