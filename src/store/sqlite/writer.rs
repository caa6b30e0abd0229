//! The one thread that writes: who comes while a commit runs goes with the next.

use std::sync::{
    atomic::{AtomicU64, Ordering},
    mpsc::{Receiver, Sender},
};

use futures_channel::oneshot;
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{
    connection::{failed, unavailable},
    remembered::Remembered,
    rows::SqliteRows,
};
use crate::{
    change::{Applied, Change},
    store::{StoreError, bell::Bell, fold},
    time::Timestamp,
};

/// Of one commit: what waits beyond it goes with the next, so that nobody waits long.
const MAX_SHARED: usize = 512;

pub(super) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;

pub(super) enum Write {
    Apply(Vec<Change>, Answer<Vec<Applied>>),
    Sweep(Timestamp, Answer<u64>),
    Close(Answer<()>),
}

pub(super) type Writer = Sender<Write>;

/// One caller: what they bring, and where they wait.
type Job = (Vec<Change>, Answer<Vec<Applied>>);

/// Collects who is waiting, commits them together, answers.
pub(super) fn write(
    mut connection: Connection,
    jobs: &Receiver<Write>,
    bell: &Bell,
    commits: &AtomicU64,
) {
    let mut remembered = Remembered::default();
    while let Ok(first) = jobs.recv() {
        let mut shared: Vec<Job> = Vec::new();
        let (mut sweeping, mut closing) = (None, None);
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Write::Apply(changes, answer) => shared.push((changes, answer)),
                Write::Sweep(before, answer) => sweeping = Some((before, answer)),
                Write::Close(answer) => closing = Some(answer),
            }
            let has_room = shared.len() < MAX_SHARED && sweeping.is_none() && closing.is_none();
            next = if has_room { jobs.try_recv().ok() } else { None };
        }
        if !shared.is_empty() {
            commit(&mut connection, &mut remembered, shared);
            commits.fetch_add(1, Ordering::Relaxed);
            bell.ring();
        }
        if let Some((before, answer)) = sweeping {
            remembered = Remembered::default();
            let _ = answer.send(sweep(&mut connection, before));
        }
        if let Some(answer) = closing {
            // An answer nobody waits for any more is no failure: the file is closed all the same.
            let _ = answer.send(close(connection));
            return;
        }
    }
}

/// Commits all callers at once. Should one of them fail, each gets a savepoint, so that it fails
/// alone; not from the start, because each savepoint makes FTS5 write what it has gathered.
fn commit(connection: &mut Connection, remembered: &mut Remembered, shared: Vec<Job>) {
    let results = together(connection, remembered, &shared).or_else(|error| match error {
        StoreError::Refused(_) if shared.len() > 1 => one_by_one(connection, &shared),
        error => Err(error),
    });
    // A caller who is gone has dropped the other end: what was committed stays committed.
    match results {
        Ok(results) => {
            for ((_, answer), result) in shared.into_iter().zip(results) {
                let _ = answer.send(result);
            }
        }
        Err(error) => {
            let text = error.to_string();
            let mut error = Some(error);
            for (_, answer) in shared {
                let error = error.take().unwrap_or_else(|| unavailable(text.clone()));
                let _ = answer.send(Err(error));
            }
        }
    }
}

type Results = Result<Vec<Result<Vec<Applied>, StoreError>>, StoreError>;

fn together(connection: &mut Connection, remembered: &mut Remembered, shared: &[Job]) -> Results {
    // Whoever fails has nothing to remember.
    let before = std::mem::take(remembered);
    let transaction = begin(connection)?;
    let mut rows = SqliteRows::new(&transaction);
    rows.remembered = before.refreshed(&transaction)?;
    let mut results = Vec::with_capacity(shared.len());
    for (changes, _) in shared {
        rows.begin();
        results.push(Ok(fold::apply(&mut rows, changes)?));
    }
    let known = rows.finish()?;
    transaction.commit().map_err(failed)?;
    *remembered = known;
    Ok(results)
}

fn one_by_one(connection: &mut Connection, shared: &[Job]) -> Results {
    let mut transaction = begin(connection)?;
    let mut results = Vec::with_capacity(shared.len());
    for (changes, _) in shared {
        match apply_in(&mut transaction, changes) {
            Err(StoreError::Refused(error)) => results.push(Err(StoreError::Refused(error))),
            result => results.push(Ok(result?)),
        }
    }
    transaction.commit().map_err(failed)?;
    Ok(results)
}

/// Applies all changes in a transaction that somebody else has begun, or none of them.
pub(super) fn apply_in(
    transaction: &mut Transaction<'_>,
    changes: &[Change],
) -> Result<Vec<Applied>, StoreError> {
    // It is rolled back when it is dropped before its commit.
    let savepoint = transaction.savepoint().map_err(failed)?;
    let mut rows = SqliteRows::new(&savepoint);
    let applied = fold::apply(&mut rows, changes)?;
    rows.finish()?;
    savepoint.commit().map_err(failed)?;
    Ok(applied)
}

/// At once the only writer, or what was read could be old when it is written.
fn begin(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
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

/// Removes what has waited since before then for something that never came, and what was kept raw.
fn sweep(connection: &mut Connection, before: Timestamp) -> Result<u64, StoreError> {
    let transaction = begin(connection)?;
    let mut removed = 0_u64;
    for sql in [
        "DELETE FROM kept WHERE at < ?1",
        "DELETE FROM mark WHERE at < ?1",
        // A customer whose messages have expired keeps that cut, and what else is known.
        "DELETE FROM contact WHERE last_at IS NULL AND expired IS NULL AND coalesce(inbound_at, 0) < ?1
         AND coalesce(delivered, 0) < ?1 AND coalesce(read, 0) < ?1 AND coalesce(asked_at, 0) < ?1
         AND NOT EXISTS (SELECT 1 FROM mark WHERE mark.contact_no = contact.contact_no)
         AND NOT EXISTS (SELECT 1 FROM outgoing WHERE outgoing.contact_no = contact.contact_no)
         AND NOT EXISTS (SELECT 1 FROM field WHERE field.contact_no = contact.contact_no)
         AND NOT EXISTS (SELECT 1 FROM picture WHERE picture.contact_no = contact.contact_no)",
    ] {
        let count = transaction.execute(sql, [before.as_millis()]).map_err(failed)?;
        removed = removed.saturating_add(count as u64);
    }
    transaction.commit().map_err(failed)?;
    Ok(removed)
}
