//! The thread that writes: callers that arrive while a commit runs share the next one.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{Receiver, Sender},
    },
    time::{Duration, Instant},
};

use futures_channel::oneshot;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{
    cache::Cache,
    connection::{failed, unavailable},
    migrate,
    rows::SqliteRows,
    sweep::sweep,
};
use crate::{
    change::{Applied, Change},
    id::PageId,
    store::{StoreError, fold, watchers::Watchers},
    time::Timestamp,
};

/// Callers of one commit: those beyond it go with the next, so that nobody waits long.
const MAX_SHARED: usize = 512;
/// Bytes of the changes of one commit, beyond its first caller.
const MAX_SHARED_BYTES: usize = 4 << 20;
/// Bytes of changes that may wait.
const MAX_WAITING_BYTES: usize = 64 << 20;
/// A caller who has waited for longer is refused: a webhook must be answered within five seconds.
const DEADLINE: Duration = Duration::from_secs(4);

pub(super) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

pub(super) enum Write {
    Apply(Job),
    Sweep(Timestamp, Answer<u64>),
    Close(Answer<()>),
}

/// One caller: the changes, and where the caller waits.
pub(super) struct Job {
    changes: Vec<Change>,
    size: usize,
    since: Instant,
    answer: Answer<Vec<Applied>>,
}

/// Where callers hand over what is to be written.
#[derive(Clone)]
pub(super) struct Writer {
    jobs: Sender<Write>,
    waiting: Arc<AtomicUsize>,
}

impl Writer {
    pub(super) fn new(jobs: Sender<Write>) -> Self {
        Self {
            jobs,
            waiting: Arc::default(),
        }
    }

    pub(super) fn waiting(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.waiting)
    }

    /// Hands over changes, unless too much is waiting already.
    pub(super) fn apply(
        &self,
        changes: Vec<Change>,
        answer: Answer<Vec<Applied>>,
    ) -> Result<(), StoreError> {
        let size = fold::size(&changes);
        let waiting = self.waiting.fetch_add(size, Ordering::Relaxed);
        if waiting > 0 && waiting + size > MAX_WAITING_BYTES {
            self.waiting.fetch_sub(size, Ordering::Relaxed);
            return Err(unavailable("too many changes are waiting to be written"));
        }
        let since = Instant::now();
        let job = Job {
            changes,
            size,
            since,
            answer,
        };
        self.send(Write::Apply(job))
    }

    pub(super) fn send(&self, job: Write) -> Result<(), StoreError> {
        self.jobs.send(job).map_err(|_| super::connection::gone())
    }
}

/// Collects callers, commits their changes together, and answers.
pub(super) fn write(
    mut connection: Connection,
    has_search: bool,
    jobs: &Receiver<Write>,
    waiting: &AtomicUsize,
    watchers: &Watchers,
    commits: &AtomicU64,
) {
    let mut cache = Cache::default();
    while let Ok(first) = jobs.recv() {
        let (mut shared, mut bytes): (Vec<Job>, usize) = (Vec::new(), 0);
        let (mut sweeping, mut closing) = (None, None);
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Write::Apply(job) => {
                    waiting.fetch_sub(job.size, Ordering::Relaxed);
                    // Nothing is done for a caller who is gone, or who has given up.
                    if job.since.elapsed() > DEADLINE {
                        let late = "the changes waited too long to be written";
                        let _ = job.answer.send(Err(unavailable(late)));
                    } else if !job.answer.is_canceled() {
                        bytes += job.size;
                        shared.push(job);
                    }
                }
                Write::Sweep(before, answer) => sweeping = Some((before, answer)),
                Write::Close(answer) => closing = Some(answer),
            }
            let has_room = shared.len() < MAX_SHARED && bytes < MAX_SHARED_BYTES;
            let goes_on = has_room && sweeping.is_none() && closing.is_none();
            next = if goes_on { jobs.try_recv().ok() } else { None };
        }
        if !shared.is_empty() {
            let mut pages: Vec<PageId> = Vec::new();
            for page in shared
                .iter()
                .flat_map(|job| &job.changes)
                .filter_map(Change::page)
            {
                if !pages.contains(page) {
                    pages.push(page.clone());
                }
            }
            commit(&mut connection, has_search, &mut cache, shared);
            commits.fetch_add(1, Ordering::Relaxed);
            watchers.ring(&pages);
        }
        if let Some((before, answer)) = sweeping {
            cache = Cache::default();
            let _ = answer.send(sweep(&mut connection, before));
        }
        if let Some(answer) = closing {
            // A caller who is gone is no failure: the file is closed all the same.
            let _ = answer.send(close(connection));
            return;
        }
    }
}

/// Commits all callers at once. When one of them fails, each gets a savepoint, so that it fails
/// without the others; not from the start, because each savepoint makes FTS5 write what it has
/// gathered.
fn commit(connection: &mut Connection, has_search: bool, cache: &mut Cache, mut shared: Vec<Job>) {
    // A panic rolls the transaction back, and leaves the thread to the next callers.
    let caught = catch_unwind(AssertUnwindSafe(|| {
        let together = together(connection, has_search, cache, &shared);
        together.or_else(|error| match error {
            StoreError::Refused(_) | StoreError::Unreadable(_) if shared.len() > 1 => {
                one_by_one(connection, &shared)
            }
            error => Err(error),
        })
    }));
    let results = caught.unwrap_or_else(|_| {
        *cache = Cache::default();
        Err(unavailable("writing has failed unexpectedly"))
    });
    // A caller who is gone has dropped the other end: what was committed stays committed.
    match results {
        Ok(results) => {
            for (job, result) in shared.into_iter().zip(results) {
                let _ = job.answer.send(result);
            }
        }
        Err(error) => {
            let last = shared.pop();
            for job in shared {
                let _ = job.answer.send(Err(error.copy()));
            }
            if let Some(job) = last {
                let _ = job.answer.send(Err(error));
            }
        }
    }
}

type Results = Result<Vec<Result<Vec<Applied>, StoreError>>, StoreError>;

fn together(
    connection: &mut Connection,
    has_search: bool,
    cache: &mut Cache,
    shared: &[Job],
) -> Results {
    // After an error there is nothing to cache.
    let before = std::mem::take(cache);
    let transaction = begin(connection)?;
    let mut rows = SqliteRows::new(&transaction, has_search);
    rows.cache = before.refreshed(&transaction)?;
    let mut results = Vec::with_capacity(shared.len());
    for job in shared {
        rows.begin();
        results.push(Ok(fold::apply(&mut rows, &job.changes)?));
    }
    let known = rows.finish()?;
    transaction.commit().map_err(failed)?;
    *cache = known;
    Ok(results)
}

fn one_by_one(connection: &mut Connection, shared: &[Job]) -> Results {
    let mut transaction = begin(connection)?;
    let mut results = Vec::with_capacity(shared.len());
    for job in shared {
        match apply_in(&mut transaction, &job.changes) {
            Err(error @ (StoreError::Refused(_) | StoreError::Unreadable(_))) => {
                results.push(Err(error));
            }
            result => results.push(Ok(result?)),
        }
    }
    transaction.commit().map_err(failed)?;
    Ok(results)
}

/// Applies all changes in a transaction of the caller, or none of them.
pub(super) fn apply_in(
    transaction: &mut Transaction<'_>,
    changes: &[Change],
) -> Result<Vec<Applied>, StoreError> {
    fold::check(changes)?;
    let has_search = migrate::has_search(transaction)?;
    // It is rolled back when it is dropped before its commit.
    let savepoint = transaction.savepoint().map_err(failed)?;
    let mut rows = SqliteRows::new(&savepoint, has_search);
    let applied = fold::apply(&mut rows, changes)?;
    rows.finish()?;
    savepoint.commit().map_err(failed)?;
    Ok(applied)
}

/// At once the only writer, or what was read could be old when it is written.
pub(super) fn begin(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)
}

/// Moves everything from the log into the file, as far as no other process is reading.
fn close(connection: Connection) -> Result<(), StoreError> {
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))
}
