//! Watchers of Pages: callers that wait for the next change of one.
//!
//! A commit of this process wakes the watchers of its Page. Commits of other processes are noticed
//! by one poll for all watched Pages, however many watchers there are. Watchers that are woken
//! together read together, once. It needs no runtime and no timer of the host.

use std::{
    collections::HashMap,
    fmt,
    future::{Future, poll_fn},
    mem,
    sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use super::{Changed, StoreError};
use crate::{id::PageId, model::Revision};

/// A Page is polled for so long after its last watcher has left: most of them come back.
const LINGER: Duration = Duration::from_secs(10);

/// How soon the commits of another process are noticed.
pub(super) const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// Customers of a Page that changed after `since`, as soon as `read` finds one, or after `wait`: in a
/// store that has no watchers.
pub(super) async fn changed<F>(
    page: &PageId,
    since: Revision,
    wait: Duration,
    read: impl Fn() -> F + Send + Sync,
) -> Result<Changed, StoreError>
where
    F: Future<Output = Result<Changed, StoreError>> + Send,
{
    /// Nothing wakes them: they only measure the time.
    static TIMER: LazyLock<Watchers> = LazyLock::new(Watchers::default);
    let now = Instant::now();
    let until = now.checked_add(wait).unwrap_or(now);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let part = left.min(LOOK_AGAIN);
        let changed = TIMER.changed(page, since, part, &read).await?;
        if changed.revision != since || left == part {
            return Ok(changed);
        }
    }
}

/// Watchers of the Pages of a store. A clone is a handle to the same watchers.
#[derive(Clone, Default)]
pub(super) struct Watchers(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Signals that a watcher waits for less time than all others.
    waits: Condvar,
    poll: Option<PollPages>,
}

/// How to find commits of other processes.
struct PollPages {
    every: Duration,
    /// Begins a poll.
    begin: Box<dyn Fn(Asked) + Send + Sync>,
}

#[derive(Default)]
struct State {
    pages: HashMap<PageId, Watched>,
    /// Number of the next watcher.
    next: u64,
    has_thread: bool,
    /// When the thread wakes by itself.
    wakes: Option<Instant>,
    is_polling: bool,
    /// Reads that watchers wait for, by the Page and the revision after which it has changed.
    reads: HashMap<(PageId, Revision), Reads>,
}

/// Reads of one answer. A watcher takes the answer of a read that began after it had asked: of all
/// that ask while one is under way, one begins the next, and the others share it.
#[derive(Default)]
struct Reads {
    readers: usize,
    /// Number of reads that have begun.
    begun: u64,
    is_reading: bool,
    /// The read that ended last: its number and its answer.
    last: Option<(u64, Result<Changed, StoreError>)>,
    /// Waiting watchers, by their number.
    waiting: HashMap<u64, Waker>,
}

/// A Page with watchers.
#[derive(Default)]
struct Watched {
    watchers: usize,
    /// When the last watcher left.
    left: Option<Instant>,
    /// Number of commits of this process.
    commits: u64,
    /// The revision that the last poll found, if there was no commit of this process since.
    revision: Option<Revision>,
    /// The error of the last poll, if it failed.
    failure: Option<StoreError>,
    /// Waiting watchers, by their number.
    waiting: HashMap<u64, Waiting>,
}

struct Waiting {
    since: Revision,
    until: Instant,
    waker: Waker,
}

impl Watched {
    /// Takes out the watchers to wake.
    fn take(&mut self, is_over: impl Fn(&Waiting) -> bool) -> impl Iterator<Item = Waker> {
        let taken = self.waiting.extract_if(move |_, waiting| is_over(waiting));
        taken.map(|(_, waiting)| waiting.waker)
    }
}

impl Watchers {
    /// Watchers of a store that other processes write to. Once per `every`, while somebody waits,
    /// `begin` is called with the Pages to ask for. It must not block.
    pub(super) fn polling(every: Duration, begin: impl Fn(Asked) + Send + Sync + 'static) -> Self {
        let begin = Box::new(begin);
        Self(Arc::new(Shared {
            poll: Some(PollPages { every, begin }),
            ..Shared::default()
        }))
    }

    /// Wakes the watchers of these Pages after a commit of this process.
    pub(super) fn ring<'p>(&self, pages: impl IntoIterator<Item = &'p PageId>) {
        let mut state = self.0.lock();
        let mut woken = Vec::new();
        for page in pages {
            if let Some(watched) = state.pages.get_mut(page) {
                watched.commits = watched.commits.wrapping_add(1);
                (watched.revision, watched.failure) = (None, None);
                woken.extend(watched.take(|_| true));
            }
        }
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }

    /// Customers of a Page that changed after `since`, as soon as `read` finds one, or after
    /// `wait`. A watcher of a Page where nothing happens reads nothing.
    pub(super) async fn changed<F>(
        &self,
        page: &PageId,
        since: Revision,
        wait: Duration,
        read: impl Fn() -> F + Send + Sync,
    ) -> Result<Changed, StoreError>
    where
        F: Future<Output = Result<Changed, StoreError>> + Send,
    {
        if wait.is_zero() {
            return read().await;
        }
        let now = Instant::now();
        let until = now.checked_add(wait).unwrap_or(now);
        let watcher = Watcher::new(self, page);
        loop {
            // Counted before reading, or a commit in between would be missed.
            let before = watcher.state();
            if before.1 != Some(since) {
                let changed = Reader::new(&watcher, since).read(&read).await?;
                if changed.revision != since {
                    return Ok(changed);
                }
            }
            if !watcher.changes(before, since, until).await? {
                return Ok(Changed {
                    revision: since,
                    ..Changed::default()
                });
            }
        }
    }
}

impl fmt::Debug for Watchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watchers(…)")
    }
}

/// One that watches a Page.
struct Watcher<'w> {
    watchers: &'w Watchers,
    page: &'w PageId,
    number: u64,
}

impl<'w> Watcher<'w> {
    fn new(watchers: &'w Watchers, page: &'w PageId) -> Self {
        let mut state = watchers.0.lock();
        let number = state.next;
        state.next += 1;
        let watched = state.pages.entry(page.clone()).or_default();
        watched.watchers += 1;
        watched.left = None;
        Self {
            watchers,
            page,
            number,
        }
    }

    /// The number of commits of this process, and the revision that the last poll found.
    fn state(&self) -> (u64, Option<Revision>) {
        let state = self.watchers.0.lock();
        let watched = state.pages.get(self.page);
        watched.map_or((0, None), |watched| (watched.commits, watched.revision))
    }

    /// Waits until there is another commit than `before`, here or elsewhere; `false` when the time
    /// is over first.
    async fn changes(
        &self,
        before: (u64, Option<Revision>),
        since: Revision,
        until: Instant,
    ) -> Result<bool, StoreError> {
        let mut has_waited = false;
        poll_fn(|context| {
            let shared = &self.watchers.0;
            let mut state = shared.lock();
            let watched = state.pages.entry(self.page.clone()).or_default();
            if Instant::now() >= until {
                return Poll::Ready(Ok(false));
            }
            let is_woken = has_waited && !watched.waiting.contains_key(&self.number);
            if is_woken && let Some(failure) = &watched.failure {
                return Poll::Ready(Err(failure.copy()));
            }
            let is_news =
                (watched.commits, watched.revision) != before && watched.revision != Some(since);
            if is_woken || is_news {
                return Poll::Ready(Ok(true));
            }
            let waker = context.waker().clone();
            let waiting = Waiting {
                since,
                until,
                waker,
            };
            watched.waiting.insert(self.number, waiting);
            has_waited = true;
            if !state.has_thread {
                let shared = Arc::clone(shared);
                let thread = thread::Builder::new().name("store-watch".into());
                if let Err(error) = thread.spawn(move || shared.run()) {
                    return Poll::Ready(Err(StoreError::Unavailable(error.into())));
                }
                state.has_thread = true;
            }
            if state.wakes.is_none_or(|wakes| until < wakes) {
                shared.waits.notify_one();
            }
            Poll::Pending
        })
        .await
    }
}

impl Drop for Watcher<'_> {
    fn drop(&mut self) {
        let shared = &self.watchers.0;
        let mut state = shared.lock();
        let Some(watched) = state.pages.get_mut(self.page) else {
            return;
        };
        watched.waiting.remove(&self.number);
        watched.watchers -= 1;
        if watched.watchers == 0 {
            watched.left = Some(Instant::now());
            if shared.poll.is_none() {
                state.pages.remove(self.page);
            }
        }
    }
}

/// A watcher that reads, or waits for the answer of another.
struct Reader<'w> {
    watchers: &'w Watchers,
    number: u64,
    key: (PageId, Revision),
    /// Number of the first read that begins after this watcher has asked.
    wants: u64,
    /// Whether its own read is under way.
    is_reading: bool,
}

impl<'w> Reader<'w> {
    fn new(watcher: &Watcher<'w>, since: Revision) -> Self {
        let key = (watcher.page.clone(), since);
        let mut state = watcher.watchers.0.lock();
        let reads = state.reads.entry(key.clone()).or_default();
        reads.readers += 1;
        Self {
            watchers: watcher.watchers,
            number: watcher.number,
            key,
            wants: reads.begun + 1,
            is_reading: false,
        }
    }

    async fn read<F>(mut self, read: impl Fn() -> F + Send + Sync) -> Result<Changed, StoreError>
    where
        F: Future<Output = Result<Changed, StoreError>> + Send,
    {
        if let Some(answer) = poll_fn(|context| self.answer(context)).await {
            return answer;
        }
        let answer = read().await;
        let mut state = self.watchers.0.lock();
        if let Some(reads) = state.reads.get_mut(&self.key) {
            reads.last = Some((reads.begun, copy(&answer)));
        }
        drop(state);
        answer
    }

    /// The answer that this watcher waits for; `None` when it must read itself.
    fn answer(&mut self, context: &Context<'_>) -> Poll<Option<Result<Changed, StoreError>>> {
        let mut state = self.watchers.0.lock();
        let Some(reads) = state.reads.get_mut(&self.key) else {
            return Poll::Ready(None);
        };
        match &reads.last {
            Some((number, answer)) if *number >= self.wants => Poll::Ready(Some(copy(answer))),
            _ if reads.is_reading => {
                reads.waiting.insert(self.number, context.waker().clone());
                Poll::Pending
            }
            _ => {
                reads.begun += 1;
                (reads.is_reading, self.is_reading) = (true, true);
                Poll::Ready(None)
            }
        }
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        let mut state = self.watchers.0.lock();
        let Some(reads) = state.reads.get_mut(&self.key) else {
            return;
        };
        reads.readers -= 1;
        reads.waiting.remove(&self.number);
        let mut woken = HashMap::new();
        if self.is_reading {
            // It has read, or was dropped: then another must read.
            reads.is_reading = false;
            woken = mem::take(&mut reads.waiting);
        }
        if reads.readers == 0 {
            state.reads.remove(&self.key);
        }
        drop(state);
        woken.into_values().for_each(Waker::wake);
    }
}

fn copy(answer: &Result<Changed, StoreError>) -> Result<Changed, StoreError> {
    match answer {
        Ok(changed) => Ok(changed.clone()),
        Err(error) => Err(error.copy()),
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes those whose time is over and begins polls, until nobody watches.
    fn run(self: &Arc<Self>) {
        let mut next_poll = Instant::now();
        let mut state = self.lock();
        loop {
            let now = Instant::now();
            let is_left = |watched: &Watched| {
                watched
                    .left
                    .is_some_and(|left| now.saturating_duration_since(left) >= LINGER)
            };
            state.pages.retain(|_, watched| !is_left(watched));
            let mut over = Vec::new();
            let mut next: Option<Instant> = None;
            for watched in state.pages.values_mut() {
                over.extend(watched.take(|waiting| waiting.until <= now));
                let times = watched.waiting.values().map(|waiting| waiting.until);
                next = times.chain(next).min();
            }
            if state.pages.is_empty() {
                (state.has_thread, state.wakes) = (false, None);
                return;
            }
            let asked = match &self.poll {
                Some(poll) if next_poll <= now => {
                    next_poll = now + poll.every;
                    self.ask(&mut state).map(|asked| (poll, asked))
                }
                _ => None,
            };
            if !over.is_empty() || asked.is_some() {
                drop(state);
                over.into_iter().for_each(Waker::wake);
                if let Some((poll, asked)) = asked {
                    (poll.begin)(asked);
                }
                state = self.lock();
                continue;
            }
            let next = next
                .into_iter()
                .chain(self.poll.as_ref().map(|_| next_poll))
                .min();
            state.wakes = next;
            let pause = next.map_or(LINGER, |next| next.saturating_duration_since(now));
            let waited = self.waits.wait_timeout(state, pause);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The Pages to ask for, unless a poll is under way.
    fn ask(self: &Arc<Self>, state: &mut State) -> Option<Asked> {
        if mem::replace(&mut state.is_polling, true) {
            return None;
        }
        let pages = state.pages.iter();
        Some(Asked {
            pages: pages
                .map(|(page, watched)| (page.clone(), watched.commits))
                .collect(),
            shared: Arc::clone(self),
        })
    }
}

/// The Pages that a poll asks for. When it is dropped without an answer, the next poll asks again.
pub(super) struct Asked {
    shared: Arc<Shared>,
    /// With the number of commits of this process before.
    pages: HashMap<PageId, u64>,
}

impl Asked {
    /// The watched Pages.
    pub(super) fn pages(&self) -> impl Iterator<Item = &PageId> {
        self.pages.keys()
    }

    /// Wakes the watchers of the Pages whose revision has changed, or all of them with the error.
    pub(super) fn answer(mut self, found: Result<HashMap<PageId, Revision>, StoreError>) {
        let mut state = self.shared.lock();
        let mut woken = Vec::new();
        for (page, commits) in mem::take(&mut self.pages) {
            let watched = state.pages.get_mut(&page);
            let Some(watched) = watched.filter(|watched| watched.commits == commits) else {
                // This process has committed meanwhile, and the answer may be older.
                continue;
            };
            match &found {
                Ok(found) => {
                    let revision = found.get(&page).copied().unwrap_or_default();
                    (watched.revision, watched.failure) = (Some(revision), None);
                    woken.extend(watched.take(|waiting| waiting.since != revision));
                }
                Err(error) => {
                    (watched.revision, watched.failure) = (None, Some(error.copy()));
                    woken.extend(watched.take(|_| true));
                }
            }
        }
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.shared.lock().is_polling = false;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use tokio::task::JoinSet;

    use super::*;

    const WATCHERS: u64 = 2_000;
    const LONG: Duration = Duration::from_secs(60);

    fn page(number: u64) -> PageId {
        PageId::new(number.to_string()).unwrap()
    }

    /// A store of Pages that all have one revision, which counts what is asked of it.
    #[derive(Clone, Default)]
    struct Counted {
        revision: Arc<AtomicU64>,
        is_away: Arc<AtomicU64>,
        reads: Arc<AtomicU64>,
        polls: Arc<AtomicU64>,
    }

    impl Counted {
        fn now(&self) -> Revision {
            Revision::new(self.revision.load(Ordering::SeqCst))
        }

        fn watchers(&self) -> Watchers {
            let store = self.clone();
            Watchers::polling(Duration::from_millis(5), move |asked| {
                store.polls.fetch_add(1, Ordering::SeqCst);
                if store.is_away.load(Ordering::SeqCst) > 0 {
                    return asked.answer(Err(StoreError::Unavailable("away".into())));
                }
                let found = asked.pages().map(|page| (page.clone(), store.now()));
                let found = found.collect();
                asked.answer(Ok(found));
            })
        }

        async fn watch(
            self,
            watchers: Watchers,
            page: PageId,
            wait: Duration,
        ) -> Result<Changed, StoreError> {
            let since = Revision::new(1);
            let read = || async {
                self.reads.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Ok(Changed {
                    revision: self.now(),
                    ..Changed::default()
                })
            };
            watchers.changed(&page, since, wait, read).await
        }

        async fn polled(&self, times: u64) {
            let until = self.polls.load(Ordering::SeqCst) + times;
            while self.polls.load(Ordering::SeqCst) < until {
                tokio::task::yield_now().await;
            }
        }

        fn reads(&self) -> u64 {
            self.reads.load(Ordering::SeqCst)
        }
    }

    type Watching = JoinSet<Result<Changed, StoreError>>;

    /// Polls a watcher, which has no answer yet.
    async fn waits<F: Future<Output: fmt::Debug> + Unpin>(watcher: &mut F) {
        let polled = tokio::time::timeout(Duration::ZERO, watcher).await;
        polled.unwrap_err();
    }

    fn waiting(watchers: &Watchers) -> usize {
        let state = watchers.0.lock();
        state.pages.values().map(|page| page.waiting.len()).sum()
    }

    /// Watchers, half of them of Page 0, all of whom wait.
    async fn resting(store: &Counted, watchers: &Watchers) -> Watching {
        store.revision.store(1, Ordering::SeqCst);
        let mut all = JoinSet::new();
        for number in 0..WATCHERS {
            let page = page(number % 2 * number);
            all.spawn(store.clone().watch(watchers.clone(), page, LONG));
        }
        while waiting(watchers) < WATCHERS as usize {
            tokio::task::yield_now().await;
        }
        all
    }

    #[tokio::test]
    async fn n8_watchers_at_rest_read_nothing_more() {
        let store = Counted::default();
        let watchers = store.watchers();
        let mut all = resting(&store, &watchers).await;
        store.polled(2).await;
        let reads = store.reads();
        // Half of the watchers have a Page each, and the others read together.
        assert!((1..=WATCHERS / 2 + 2).contains(&reads), "{reads}");
        // A caller that comes back to a polled Page does not read either.
        let back = store.clone();
        let back = back.watch(watchers.clone(), page(0), Duration::from_millis(1));
        assert_eq!(back.await.unwrap().revision, Revision::new(1));
        store.polled(20).await;
        assert_eq!(store.reads(), reads);
        assert!(all.try_join_next().is_none());
    }

    #[tokio::test]
    async fn n8_a_commit_wakes_the_watchers_of_its_page_only() {
        let store = Counted::default();
        let watchers = store.watchers();
        let mut all = resting(&store, &watchers).await;
        store.polled(2).await;
        let reads = store.reads();
        watchers.ring([&page(0)]);
        assert_eq!(waiting(&watchers), WATCHERS as usize / 2);
        store.polled(5).await;
        // A poll that comes first spares them the read.
        let read = store.reads() - reads;
        assert!(read <= 2, "{read}");
        assert!(all.try_join_next().is_none());
    }

    #[tokio::test]
    async fn n8_a_watcher_that_is_dropped_while_it_reads_leaves_the_reading_to_another() {
        let watchers = Watchers::default();
        let (reads, answer) = (AtomicU64::new(0), tokio::sync::Notify::new());
        let (page, since) = (page(0), Revision::new(1));
        let read = || async {
            let number = reads.fetch_add(1, Ordering::SeqCst) + 1;
            answer.notified().await;
            Ok(Changed {
                revision: Revision::new(number + 1),
                ..Changed::default()
            })
        };
        let watch = || Box::pin(watchers.changed(&page, since, LONG, read));
        let (mut first, mut second, mut third) = (watch(), watch(), watch());
        for watching in [&mut first, &mut second, &mut third] {
            waits(watching).await;
        }
        assert_eq!(reads.load(Ordering::SeqCst), 1);
        drop(first);
        waits(&mut second).await;
        waits(&mut third).await;
        assert_eq!(reads.load(Ordering::SeqCst), 2);
        answer.notify_one();
        // The answer of a read that began after both had asked.
        for watching in [second, third] {
            assert_eq!(watching.await.unwrap().revision, Revision::new(3));
        }
        assert!(watchers.0.lock().reads.is_empty());
    }

    #[tokio::test]
    async fn n8_a_commit_of_another_process_wakes_and_an_error_reaches_all() {
        let store = Counted::default();
        let watchers = store.watchers();
        let mut all = resting(&store, &watchers).await;
        store.revision.store(2, Ordering::SeqCst);
        while let Some(changed) = all.join_next().await {
            assert_eq!(changed.unwrap().unwrap().revision, Revision::new(2));
        }
        let mut all = resting(&store, &watchers).await;
        store.is_away.store(1, Ordering::SeqCst);
        while let Some(changed) = all.join_next().await {
            let error = changed.unwrap().unwrap_err();
            assert_eq!(error.to_string(), "the store is unavailable: away");
        }
    }

    #[tokio::test]
    async fn n8_nothing_is_left_of_a_watcher_that_is_gone() {
        let store = Counted::default();
        for watchers in [store.watchers(), Watchers::default()] {
            let mut all = resting(&store, &watchers).await;
            all.shutdown().await;
            assert_eq!(waiting(&watchers), 0);
            let state = watchers.0.lock();
            assert!(state.reads.is_empty());
            assert_eq!(state.pages.is_empty(), watchers.0.poll.is_none());
        }
    }
}
