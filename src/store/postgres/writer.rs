//! Who comes while commits run goes with the next: nobody waits for a timer.
//!
//! Two commits are under way at one time, so that one reads and folds while the other waits for
//! the disk. They never hold the same conversation: neither waits for the other's locks, and of
//! the changes of one conversation none overtakes another.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, oneshot},
    task::yield_now,
    time::{Instant, sleep, timeout, timeout_at},
};
use tokio_postgres::Client;

use super::{
    connection::{Lease, Pool, within_tokio},
    error::{Failure, unavailable},
    load::{load, load_more},
    options::{Schema, WAIT},
    queue::{Job, Queue, Taken},
    save::save,
};
use crate::{
    change::{Applied, Change},
    store::StoreError,
};

/// Nobody waits longer to be told: a webhook must be answered within five seconds.
const DEADLINE: Duration = Duration::from_millis(3_800);
/// A commit that others were faster than, or that lost its connection, is tried so often.
const ATTEMPTS: u32 = 8;
/// The server also stops a statement or a lock wait that takes long, and a transaction that waits
/// longer than our deadline for its second round trip: its process has vanished, and its locks hold
/// others up. Every row is fetched by its key, so a sequential scan is never better, whatever the
/// planner believes about a table that was never analyzed.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 3000;
    SET LOCAL idle_in_transaction_session_timeout = 3500;
    SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
    SET LOCAL lock_timeout = ";
/// Who is alone waits so long for a row that somebody else holds, in milliseconds.
const ALONE: u32 = 3_000;
/// Many who share a commit wait longer than the server takes to find a deadlock.
const TOGETHER: u32 = 1_200;
/// Once they have waited in vain, each part of them waits only briefly.
const IN_PARTS: u32 = 150;

pub(super) struct Writer {
    pool: Pool,
    schema: Schema,
    queue: Mutex<Queue>,
    /// Rings when something was committed.
    bell: Notify,
}

impl Writer {
    pub(super) fn new(pool: Pool, schema: Schema) -> Self {
        Self {
            pool,
            schema,
            queue: Mutex::default(),
            bell: Notify::new(),
        }
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    pub(super) fn bell(&self) -> &Notify {
        &self.bell
    }

    pub(super) async fn apply(
        self: &Arc<Self>,
        changes: Vec<Change>,
    ) -> Result<Vec<Applied>, StoreError> {
        let runtime = within_tokio()?;
        let (answer, answered) = oneshot::channel();
        if self.queue().push(Job::new(changes, answer)) {
            let turn = Turn {
                writer: Arc::clone(self),
                taken: Taken::default(),
                is_over: false,
            };
            runtime.spawn(turn.run());
        }
        match timeout(DEADLINE, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(unavailable("the runtime was shut down")),
            Err(_) => Err(unavailable("the database did not answer in time")),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits all of them at once. Should one be refused, or have to wait for long, the others are
    /// committed by halves, so that it fails alone, after no more commits than there are callers.
    async fn commit(&self, shared: Vec<Job>) {
        let is_shared = shared.len() > 1;
        let mut patience = if is_shared { TOGETHER } else { ALONE };
        let mut parts = vec![shared];
        while let Some(mut part) = parts.pop() {
            part.retain(|job| !job.answer.is_closed());
            if part.is_empty() {
                continue;
            }
            let changes: Vec<&[Change]> = part.iter().map(|job| &*job.changes).collect();
            match self.commit_all(&changes, patience).await {
                Ok(answers) => {
                    self.bell.notify_waiters();
                    for (job, applied) in part.into_iter().zip(answers) {
                        // A caller who is gone has dropped the other end.
                        let _ = job.answer.send(Ok(applied));
                    }
                }
                Err(failure) if failure.is_of_one() && part.len() > 1 => {
                    if failure.is_locked {
                        patience = IN_PARTS;
                    }
                    let half = part.split_off(part.len() / 2);
                    parts.extend([half, part]);
                }
                Err(failure) => fail(part, failure.error),
            }
        }
    }

    /// The fold is idempotent, so that an attempt of which nobody knows how it ended can be made
    /// again.
    async fn commit_all(
        &self,
        changes: &[&[Change]],
        patience: u32,
    ) -> Result<Vec<Vec<Applied>>, Failure> {
        let deadline = Instant::now() + WAIT;
        let mut attempt = 0;
        loop {
            let Ok(result) = timeout_at(deadline, self.attempt(changes, patience)).await else {
                return Err(unavailable("the database did not answer in time").into());
            };
            attempt += 1;
            match result {
                Ok(answers) => return Ok(answers),
                Err(failure) if failure.is_passing && attempt < ATTEMPTS => {
                    sleep(Duration::from_millis(5) * (attempt - 1)).await;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn attempt(
        &self,
        changes: &[&[Change]],
        patience: u32,
    ) -> Result<Vec<Vec<Applied>>, Failure> {
        let client = Lease::take(&self.pool).await?;
        let begin = format!("{BEGIN}{patience}");
        let applied = apply(&client, &self.schema, Some(&begin), changes).await;
        // What the server has refused leaves the connection good.
        if applied.is_ok() || client.batch_execute("ROLLBACK").await.is_ok() {
            client.release();
        }
        applied
    }
}

/// Applies each delivery's changes in a transaction: that of the caller, or one that begins and
/// ends here.
pub(super) async fn apply(
    client: &Client,
    schema: &Schema,
    begin: Option<&str>,
    changes: &[&[Change]],
) -> Result<Vec<Vec<Applied>>, Failure> {
    let mut known = load(client, schema, begin, changes).await?;
    // Each time there is at least one row more in hand, and a change touches few.
    let mut rounds = 16 + 8 * changes.iter().map(|changes| changes.len()).sum::<usize>();
    let answers = loop {
        match known.rows.apply(changes) {
            Ok(answers) => break answers,
            Err(missing) if rounds > 0 => load_more(client, schema, &mut known, missing).await?,
            Err(_) => return Err(StoreError::Unreadable("a conversation without an end").into()),
        }
        rounds -= 1;
    };
    save(client, schema, &known, begin.is_some()).await?;
    Ok(answers)
}

fn fail(part: Vec<Job>, error: StoreError) {
    let text = match &error {
        StoreError::Unavailable(inner) | StoreError::Refused(inner) => inner.to_string(),
        other => other.to_string(),
    };
    let mut error = Some(error);
    for job in part {
        let error = error.take().unwrap_or_else(|| unavailable(text.clone()));
        let _ = job.answer.send(Err(error));
    }
}

/// The task that commits, as long as anybody waits.
struct Turn {
    writer: Arc<Writer>,
    taken: Taken,
    is_over: bool,
}

impl Turn {
    async fn run(mut self) {
        loop {
            let (shared, taken) = self.writer.queue().next();
            self.taken = taken;
            self.is_over = shared.is_empty();
            if self.is_over {
                return;
            }
            self.writer.commit(shared).await;
            let taken = std::mem::take(&mut self.taken);
            self.writer.queue().give_back(taken);
            // Who was just told may have something more to tell, and goes with the next.
            yield_now().await;
        }
    }
}

impl Drop for Turn {
    /// Its runtime may end before it does: the next caller begins a turn of their own.
    fn drop(&mut self) {
        if !self.is_over {
            let taken = std::mem::take(&mut self.taken);
            self.writer.queue().abandon(taken);
        }
    }
}
