//! The workers of an inbox, on tokio.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::{sync::watch, task::JoinSet, time::timeout};

use super::{
    Inbox, InboxError, PageHealth,
    work::{CHORES, item_settled, kinds, longest_lease, perform},
};
use crate::{
    change::{Applied, Change, Work, WorkOutcome},
    id::PageId,
    model::{WorkKind, WorkerId},
    store::{MAX_LIMIT, Pending, PendingQuery, fold::WorkKey},
    time::Timestamp,
};

/// Longest time between two looks at the queue: work that another process has queued waits as long.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Longest time after which the workers look again when the store is away.
const STORE_AWAY: Duration = Duration::from_secs(10);
/// Times between two checks of a Page: from the first to the second, by chance.
const CHECK_EVERY: (Duration, Duration) = (Duration::from_secs(300), Duration::from_secs(600));
/// Largest number of Pages that are checked at a time.
const CHECKS_AT_ONCE: usize = 8;
/// Time between two looks for Pages to check.
const CHECK_TICK: Duration = Duration::from_secs(1);
/// Time between two looks at the list of Pages.
const LIST_EVERY: Duration = Duration::from_secs(60);
/// A Page whose events arrived within this time is checked so many times less often.
const QUIET: Duration = Duration::from_secs(1800);
const LESS_OFTEN: u32 = 6;

/// How the workers run.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use messenger_crm::inbox::RunOptions;
///
/// let mut options = RunOptions::default().single_process();
/// options.sends = 8;
/// options.stop_within = Duration::from_secs(5);
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RunOptions {
    /// Replies that are sent at a time.
    pub sends: usize,
    /// Profiles that are fetched at a time.
    pub profiles: usize,
    /// Messages that all handlers together handle at a time.
    pub handlers: usize,
    /// Time that work in hand has to end after the shutdown.
    pub stop_within: Duration,
    /// Whether no other process has workers on this store. Then the claims of an earlier run end at the
    /// start, and not with their leases: its sends are *unknown*, its messages are handled again. False
    /// by default.
    pub is_single_process: bool,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            sends: 32,
            profiles: 4,
            handlers: 16,
            stop_within: Duration::from_secs(20),
            is_single_process: false,
        }
    }
}

impl RunOptions {
    /// Says that no other process has workers on this store: see [`is_single_process`](Self::is_single_process).
    ///
    /// # Examples
    ///
    /// ```
    /// use messenger_crm::inbox::RunOptions;
    ///
    /// assert!(RunOptions::default().single_process().is_single_process);
    /// ```
    #[must_use]
    pub const fn single_process(self) -> Self {
        let is_single_process = true;
        Self {
            is_single_process,
            ..self
        }
    }
}

impl Inbox {
    /// Runs the workers until `shutdown` is ready: replies are sent, profiles fetched, messages
    /// handled, snoozed conversations opened, erased rows removed, and Pages
    /// [checked](Inbox::check_page). Each kind of work has separate workers, so that none waits for
    /// another.
    ///
    /// Any number of processes may run it on one database. Work that is in hand at the shutdown has
    /// [`stop_within`](RunOptions::stop_within) to end. Unfinished work is pending again when its
    /// lease ends; a reply that was on its way is then *unknown*.
    ///
    /// Failures go to the [hook](Inbox::with_error_hook), to `tracing` and to `metrics`; they never
    /// end the workers.
    ///
    /// # Cancel safety
    ///
    /// A dropped future stops at once, as at the end of `stop_within`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use messenger_crm::graph::{Access, AppAccess, ScriptedTransport};
    /// # use messenger_crm::inbox::{Inbox, RunOptions, SinglePage};
    /// # use messenger_crm::store::MemoryStore;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let app = AppAccess::new("271828182845904".parse()?, "60efff025951cddde78c8d03de52cc90".parse()?);
    /// # let access = Access::new(app, "1755847768034402".parse()?, "EAAtoken".parse()?);
    /// # let connections = SinglePage::new(access, "a-verify-token".parse()?);
    /// # let graph = ScriptedTransport::new().graph();
    /// let inbox = Inbox::new(Arc::new(MemoryStore::new()), graph, Arc::new(connections));
    /// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    /// let workers = tokio::spawn(async move {
    ///     inbox.run(RunOptions::default(), async { stopped.await.unwrap_or_default() }).await;
    /// });
    /// // … the program serves requests …
    /// stop.send(()).ok();
    /// workers.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn run(&self, options: RunOptions, shutdown: impl Future<Output = ()> + Send) {
        let (stop, stopped) = watch::channel(false);
        let random = self.graph.clock().random().to_bits();
        let worker = WorkerId::new(random ^ u64::from(std::process::id()).rotate_left(40));
        if options.is_single_process
            && let Err(error) = end_earlier_claims(self, worker).await
        {
            self.report(&error);
        }
        let mut lanes = JoinSet::new();
        let mut lane = |kinds: Vec<WorkKind>, at_once: usize| {
            let lane = Lane {
                inbox: self.clone(),
                kinds,
                at_once: at_once.max(1),
                stop_within: options.stop_within,
                worker,
            };
            lanes.spawn(lane.run(stopped.clone()));
        };
        lane(vec![WorkKind::SEND], options.sends);
        lane(vec![WorkKind::PROFILE], options.profiles);
        lane(CHORES.to_vec(), 1);
        let handled: Vec<WorkKind> = self.handlers.kinds().collect();
        if !handled.is_empty() {
            lane(handled, options.handlers);
        }
        lanes.spawn(check_pages(self.clone(), stopped));
        shutdown.await;
        stop.send_replace(true);
        while lanes.join_next().await.is_some() {}
    }
}

/// Ends the claims of a program that does not run any more: sends are *unknown* then, and other work is
/// due at once.
async fn end_earlier_claims(inbox: &Inbox, worker: WorkerId) -> Result<(), InboxError> {
    let now = inbox.graph.clock().now();
    // By then the lease of every claim has ended.
    let end = now + longest_lease(&inbox.graph);
    let kinds = kinds(inbox)
        .into_iter()
        .filter(|kind| *kind != WorkKind::PROFILE);
    let query = PendingQuery::new(end, kinds).with_limit(MAX_LIMIT);
    loop {
        let mut freed = 0;
        for pending in inbox.store.pending(&query).await? {
            let is_free = match pending {
                Pending::Lapsed { .. } => perform(inbox, pending, now, worker).await?,
                Pending::Item {
                    key,
                    attempt,
                    tries,
                    is_claimed: true,
                    ..
                } => free(inbox, key, attempt, tries, now, worker).await?,
                _ => false,
            };
            freed += u32::from(is_free);
        }
        if freed == 0 {
            return Ok(());
        }
    }
}

/// Takes a claimed item over and gives it back, unless another worker is faster. The claim that was lost
/// counts as no try.
async fn free(
    inbox: &Inbox,
    key: WorkKey,
    attempt: u32,
    tries: u32,
    now: Timestamp,
    by: WorkerId,
) -> Result<bool, InboxError> {
    let claimed = Change::Claimed {
        page: key.page.clone(),
        psid: key.psid.clone(),
        work: Work::item(key.kind.clone(), key.id.clone()),
        attempt,
        until: now,
        by,
    };
    let settled = item_settled(key, attempt, WorkOutcome::Postponed { due: now, tries });
    let applied = inbox.store.apply(&[claimed, settled]).await?;
    Ok(applied.first() == Some(&Applied::Changed))
}

/// The workers of some kinds of work.
struct Lane {
    inbox: Inbox,
    kinds: Vec<WorkKind>,
    at_once: usize,
    stop_within: Duration,
    worker: WorkerId,
}

/// A piece of work, as long as somebody does it.
type Key = (PageId, String);

impl Lane {
    async fn run(self, mut stopped: watch::Receiver<bool>) {
        let mut bell = self.inbox.bell.subscribe();
        let mut in_hand: HashSet<Key> = HashSet::new();
        let mut tasks: JoinSet<(Key, bool)> = JoinSet::new();
        let mut away = Duration::ZERO;
        while !*stopped.borrow() {
            bell.mark_unchanged();
            let mut wait = LOOK_EVERY;
            if tasks.len() < self.at_once {
                match self.begin(&mut tasks, &mut in_hand).await {
                    Ok(()) => away = Duration::ZERO,
                    Err(error) => {
                        self.inbox.report(&error);
                        away = (away * 2).clamp(Duration::from_millis(250), STORE_AWAY);
                        wait = away;
                    }
                }
            }
            tokio::select! {
                _ = stopped.changed() => {}
                Some(done) = tasks.join_next(), if !tasks.is_empty() => {
                    // Somebody else had claimed it: look again, but not at once.
                    if let Ok((key, did)) = done {
                        in_hand.remove(&key);
                        if !did {
                            tokio::time::sleep(Duration::from_millis(20)).await;
                        }
                    } else {
                        // A task that panicked: nobody knows its key any more.
                        in_hand.clear();
                    }
                }
                rung = bell.changed(), if away.is_zero() && tasks.len() < self.at_once => {
                    if rung.is_err() {
                        return;
                    }
                }
                () = tokio::time::sleep(wait) => {}
            }
        }
        let all = async { while tasks.join_next().await.is_some() {} };
        // Unfinished work is dropped: its lease ends by itself.
        let _ = timeout(self.stop_within, all).await;
    }

    /// Begins as much work as there is room for.
    async fn begin(
        &self,
        tasks: &mut JoinSet<(Key, bool)>,
        in_hand: &mut HashSet<Key>,
    ) -> Result<(), InboxError> {
        let now = self.inbox.graph.clock().now();
        let limit = u32::try_from(self.at_once + tasks.len()).unwrap_or(u32::MAX);
        let query = PendingQuery::new(now, self.kinds.clone()).with_limit(limit);
        for pending in self.inbox.store.pending(&query).await? {
            if tasks.len() >= self.at_once {
                break;
            }
            let key = key_of(&pending);
            if !in_hand.insert(key.clone()) {
                continue;
            }
            let (inbox, worker) = (self.inbox.clone(), self.worker);
            tasks.spawn(async move {
                let did = perform(&inbox, pending, now, worker).await;
                if let Err(error) = &did {
                    inbox.report(error);
                }
                (key, did.unwrap_or(false))
            });
        }
        Ok(())
    }
}

fn key_of(pending: &Pending) -> Key {
    let psid = pending.psid().map_or("", |psid| psid.as_str());
    let what = match pending {
        Pending::Send { key, .. } | Pending::Lapsed { key, .. } => key.as_str().to_owned(),
        Pending::Item { key, .. } => format!("{} {}", key.kind.as_str(), key.id),
        Pending::FetchProfile { .. } => "profile".to_owned(),
        Pending::Wake { .. } => "wake".to_owned(),
        Pending::Erase { .. } => "erase".to_owned(),
    };
    (pending.page().clone(), format!("{psid} {what}"))
}

/// Checks each Page every five to ten minutes, and less often while its events arrive.
async fn check_pages(inbox: Inbox, mut stopped: watch::Receiver<bool>) {
    let mut due: HashMap<PageId, Duration> = HashMap::new();
    let mut list_at = Duration::ZERO;
    let mut checks: JoinSet<Result<PageHealth, InboxError>> = JoinSet::new();
    while !*stopped.borrow() {
        let clock = inbox.graph.clock();
        let now = clock.elapsed();
        if list_at <= now {
            list_at = now + LIST_EVERY;
            match inbox.connections.pages().await {
                Ok(pages) => {
                    let pages = pages.into_iter().map(|page| {
                        // At the start they are spread over the first interval.
                        let first = || now + CHECK_EVERY.0.mul_f64(clock.random());
                        let at = due.get(&page).copied().unwrap_or_else(first);
                        (page, at)
                    });
                    due = pages.collect();
                }
                Err(error) => inbox.report(&error.into()),
            }
        }
        for (page, at) in due.iter_mut().filter(|(_, at)| **at <= now) {
            if checks.len() >= CHECKS_AT_ONCE {
                break;
            }
            *at = now + until_check(&inbox, page);
            let (inbox, page, time) = (inbox.clone(), page.clone(), clock.now());
            checks.spawn(async move { inbox.check_page(&page, time).await });
        }
        tokio::select! {
            _ = stopped.changed() => {}
            Some(Ok(Err(error))) = checks.join_next(), if !checks.is_empty() => inbox.report(&error),
            () = tokio::time::sleep(CHECK_TICK) => {}
        }
    }
}

/// Time until the next check of a Page.
fn until_check(inbox: &Inbox, page: &PageId) -> Duration {
    let clock = inbox.graph.clock();
    let spread = (CHECK_EVERY.1 - CHECK_EVERY.0).mul_f64(clock.random());
    let heard = inbox.health.last_heard(page);
    let is_heard = heard.is_some_and(|at| clock.elapsed().saturating_sub(at) < QUIET);
    let factor = if is_heard { LESS_OFTEN } else { 1 };
    (CHECK_EVERY.0 + spread) * factor
}

/// The bell that wakes the workers of this process.
#[derive(Clone, Debug)]
pub(super) struct Bell(Arc<watch::Sender<()>>);

impl Default for Bell {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(())))
    }
}

impl Bell {
    pub(super) fn ring(&self) {
        self.0.send_replace(());
    }

    fn subscribe(&self) -> watch::Receiver<()> {
        self.0.subscribe()
    }
}
