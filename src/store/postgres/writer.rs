//! Who comes while commits run goes with the next: nobody waits for a timer.
//!
//! Two commits are under way at one time, so that one reads and folds while the other waits for
//! the disk. They never hold the same conversation: neither waits for the other's locks, and of
//! the changes of one conversation none overtakes another.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::oneshot,
    task::yield_now,
    time::{Instant, sleep, timeout, timeout_at},
};

use super::{
    connection::{Lease, Pool, within_tokio},
    error::{Cause, Failure, unavailable},
    in_time,
    load::{load, load_more},
    locks::locked,
    options::{Schema, WAIT},
    queue::{Due, Job, Lock, Queue, Taken},
    save::save,
    session::Session,
    work::revisions,
};
use crate::{
    change::{Applied, Change},
    store::{
        StoreError,
        watchers::{self, Watchers},
    },
};

/// Nobody waits longer for an answer: a webhook must be answered within five seconds.
const DEADLINE: Duration = Duration::from_millis(3_800);
/// Callers whose row another transaction holds for so long are refused, before their time is over.
const PATIENCE: Duration = Duration::from_millis(3_300);
/// Pause before held rows are looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Time limit for a statement of a commit of many, so that there is time to part the slow ones.
const TOGETHER: Duration = Duration::from_millis(1_000);
/// A caller that is alone has at least this time, more than the server waits for a lock.
const AT_LEAST: Duration = Duration::from_millis(300);
/// The server gives up soon when another transaction holds a lock, so that all others go on without
/// the callers that need it. It also ends a transaction that waits longer than our deadline for its
/// second round trip: its process has vanished, and its locks hold others up. Every row is fetched
/// by its key, so a sequential scan is never better, whatever the planner believes about a table
/// that was never analyzed.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = 200;
    SET LOCAL idle_in_transaction_session_timeout = 3500;
    SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off;
    SET LOCAL statement_timeout = ";

pub(super) struct Writer {
    pool: Pool,
    schema: Schema,
    queue: Mutex<Queue>,
    watchers: Watchers,
    /// Where the polls of the watchers run.
    polls: Arc<Mutex<Option<Handle>>>,
}

impl Writer {
    pub(super) fn new(pool: Pool, schema: Schema) -> Self {
        let polls = Arc::new(Mutex::new(None::<Handle>));
        let (runtime, place) = (Arc::clone(&polls), (pool.clone(), schema.clone()));
        let watchers = Watchers::polling(watchers::LOOK_AGAIN, move |asked| {
            let runtime = runtime.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(runtime) = &*runtime {
                let (pool, schema) = place.clone();
                runtime.spawn(async move {
                    let found = in_time(|| revisions(&pool, &schema, asked.pages())).await;
                    asked.answer(found);
                });
            }
        });
        Self {
            pool,
            schema,
            queue: Mutex::default(),
            watchers,
            polls,
        }
    }

    pub(super) fn pool(&self) -> &Pool {
        &self.pool
    }

    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Watchers whose polls run in this runtime from now on.
    pub(super) fn watchers(&self, runtime: Handle) -> &Watchers {
        *self.polls.lock().unwrap_or_else(PoisonError::into_inner) = Some(runtime);
        &self.watchers
    }

    pub(super) async fn apply(
        self: &Arc<Self>,
        changes: Vec<Change>,
    ) -> Result<Vec<Applied>, StoreError> {
        let runtime = within_tokio()?;
        let (answer, answered) = oneshot::channel();
        let due = self.queue().push(Job::new(changes, answer));
        self.begin(due, &runtime);
        match timeout(DEADLINE, answered).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(unavailable("the runtime was shut down")),
            Err(_) => Err(unavailable("the database did not answer in time")),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(self: &Arc<Self>, due: Due, runtime: &Handle) {
        let turn = |is_watch| Turn {
            writer: Arc::clone(self),
            taken: Taken::default(),
            is_watch,
            is_over: false,
        };
        if due.lane {
            runtime.spawn(turn(false).run());
        }
        if due.watch {
            runtime.spawn(turn(true).watch());
        }
    }

    /// Commits all of them at once. Should one be refused or take too long, they are parted by
    /// Page and then by halves, so that it fails alone. Callers that need a row which another
    /// transaction holds go back to the queue, and the others are committed.
    async fn commit(self: &Arc<Self>, shared: Vec<Job>) {
        let mut parts = VecDeque::from([shared]);
        while let Some(mut part) = parts.pop_front() {
            part.retain(|job| !job.answer.is_closed());
            if part.is_empty() {
                continue;
            }
            let changes: Vec<&[Change]> = part.iter().map(|job| &*job.changes).collect();
            match self.commit_all(&changes, limit(&part)).await {
                Ok(answers) => {
                    (self.watchers).ring(
                        changes
                            .iter()
                            .flat_map(|changes| *changes)
                            .filter_map(Change::page),
                    );
                    for (job, applied) in part.into_iter().zip(answers) {
                        // A caller who is gone has dropped the other end.
                        let _ = job.answer.send(Ok(applied));
                    }
                }
                Err(failure) if failure.cause == Cause::Locked => match self.hold(part).await {
                    // Or the lock was given back by now.
                    Ok(free) => parts.push_front(free),
                    Err((part, error)) => fail(part, error),
                },
                Err(failure) if failure.is_of_one() && part.len() > 1 => {
                    // What is slow is tried again after all others.
                    parts.extend(parted(part, failure.cause));
                }
                Err(failure) => fail(part, failure.error),
            }
        }
    }

    /// Puts those back into the queue that need a row which another transaction holds, and returns
    /// the others.
    async fn hold(self: &Arc<Self>, part: Vec<Job>) -> Result<Vec<Job>, (Vec<Job>, StoreError)> {
        let (late, part) = (part.into_iter()).partition(|job: &Job| job.waited() >= PATIENCE);
        fail(late, is_locked());
        let asked = part.iter().flat_map(Job::locks);
        let locked = match locked(&self.pool, &self.schema, asked).await {
            Ok(locked) => locked,
            Err(failure) => return Err((part, failure.error)),
        };
        let places = locked.iter().map(Lock::place).collect();
        let (held, free) = part.into_iter().partition(|job: &Job| job.is_in(&places));
        let due = self.queue().hold(held, locked);
        self.begin(due, &Handle::current());
        Ok(free)
    }

    /// The fold is idempotent, so that an attempt of which nobody knows how it ended can be made
    /// again.
    async fn commit_all(
        &self,
        changes: &[&[Change]],
        limit: Duration,
    ) -> Result<Vec<Vec<Applied>>, Failure> {
        let deadline = Instant::now() + WAIT;
        let mut attempt = 0;
        loop {
            let Ok(result) = timeout_at(deadline, self.attempt(changes, limit)).await else {
                self.pool.renew();
                return Err(unavailable("the database did not answer in time").into());
            };
            attempt += 1;
            match result {
                Ok(answers) => return Ok(answers),
                Err(failure) if attempt < failure.attempts() => {
                    sleep(Duration::from_millis(5) * (attempt - 1)).await;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    async fn attempt(
        &self,
        changes: &[&[Change]],
        limit: Duration,
    ) -> Result<Vec<Vec<Applied>>, Failure> {
        let mut client = Lease::take(&self.pool).await?;
        let commands = Commands {
            begin: &format!("{BEGIN}{}", limit.as_millis()),
            end: "COMMIT",
            end_unchanged: "ROLLBACK",
        };
        let applied = apply(&mut client, &self.schema, &commands, changes).await;
        if matches!(&applied, Err(failure) if failure.cause == Cause::ReadOnly) {
            self.pool.renew();
            return applied;
        }
        // What the server has refused leaves the connection good.
        if applied.is_ok() || client.batch_execute("ROLLBACK").await.is_ok() {
            client.release();
        }
        applied
    }
}

/// Commands that begin and end a transaction, or a savepoint in one.
pub(super) struct Commands<'c> {
    pub(super) begin: &'c str,
    pub(super) end: &'c str,
    /// Ends one in which nothing was changed, so that nothing is written at all.
    pub(super) end_unchanged: &'c str,
}

/// Applies each delivery's changes in a transaction or savepoint that begins and ends here.
pub(super) async fn apply<S: Session>(
    session: &mut S,
    schema: &Schema,
    commands: &Commands<'_>,
    changes: &[&[Change]],
) -> Result<Vec<Vec<Applied>>, Failure> {
    let mut known = load(session, schema, commands.begin, changes).await?;
    // Each time there is at least one row more in hand, and a change touches few.
    let mut rounds = 16 + 8 * changes.iter().map(|changes| changes.len()).sum::<usize>();
    let answers = loop {
        match known.rows.apply(changes) {
            Ok(answers) => break answers,
            Err(missing) if rounds > 0 => load_more(session, schema, &mut known, missing).await?,
            Err(_) => return Err(StoreError::Unreadable("a conversation without an end").into()),
        }
        rounds -= 1;
    };
    save(session, schema, commands, &known).await?;
    Ok(answers)
}

fn fail(mut part: Vec<Job>, error: StoreError) {
    let last = part.pop();
    for job in part {
        let _ = job.answer.send(Err(error.copy()));
    }
    if let Some(job) = last {
        let _ = job.answer.send(Err(error));
    }
}

/// The server's time limit for a statement. One that is alone has the rest of its time: then others
/// of a slow commit have their turn.
fn limit(part: &[Job]) -> Duration {
    match part {
        [job] => PATIENCE.saturating_sub(job.waited()).max(AT_LEAST),
        _ => TOGETHER,
    }
}

/// Parts of a commit that one caller made fail: the callers of one Page and the others, or two
/// halves when all are of one Page. A slow caller costs time in each part: then there are eight
/// parts.
fn parted(mut part: Vec<Job>, cause: Cause) -> Vec<Vec<Job>> {
    if cause != Cause::Slow {
        let pages = part[0].pages();
        let others: Vec<Job> = part.extract_if(1.., |job| !job.is_of(&pages)).collect();
        if !others.is_empty() {
            return vec![part, others];
        }
    }
    let length = part
        .len()
        .div_ceil(if cause == Cause::Slow { 8 } else { 2 });
    let mut parts = Vec::new();
    while !part.is_empty() {
        let rest = part.split_off(length.min(part.len()));
        parts.push(std::mem::replace(&mut part, rest));
    }
    parts
}

fn is_locked() -> StoreError {
    unavailable("another transaction holds a lock on this conversation or its Page")
}

/// A task that commits as long as anybody waits, or that watches over rows which other transactions
/// hold.
struct Turn {
    writer: Arc<Writer>,
    taken: Taken,
    is_watch: bool,
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
            self.commit(shared).await;
        }
    }

    /// Asks for all held rows at once, and waits for one after the other in the server's own queue.
    async fn watch(mut self) {
        loop {
            let late = self.writer.queue().late(PATIENCE);
            fail(late, is_locked());
            let held = self.writer.queue().held();
            let (pool, schema) = (&self.writer.pool, &self.writer.schema);
            // Without an answer all of them count as held; the attempt below gives the callers the reason.
            if let Ok(locked) = locked(pool, schema, held.iter().cloned()).await {
                let free = held.into_iter().filter(|lock| !locked.contains(lock));
                let due = self.writer.queue().let_go(&free.collect::<Vec<_>>());
                self.writer.begin(due, &Handle::current());
            }
            let next = self.writer.queue().next_held();
            let Some((jobs, taken)) = next else {
                self.is_over = self.writer.queue().ends_watch();
                if self.is_over {
                    return;
                }
                sleep(LOOK_AGAIN).await;
                continue;
            };
            self.taken = taken;
            self.commit(jobs).await;
        }
    }

    async fn commit(&mut self, shared: Vec<Job>) {
        self.writer.commit(shared).await;
        let taken = std::mem::take(&mut self.taken);
        self.writer.queue().give_back(taken);
        // Callers that were just answered may have more, and go with the next.
        yield_now().await;
    }
}

impl Drop for Turn {
    /// Its runtime may end before it does: the next caller begins a turn of their own.
    fn drop(&mut self) {
        if !self.is_over {
            let taken = std::mem::take(&mut self.taken);
            let mut queue = self.writer.queue();
            if self.is_watch {
                queue.abandon_watch(taken);
            } else {
                queue.abandon(taken);
            }
        }
    }
}
