//! Callers that wait for a commit, and what the commits under way have taken.

use std::{
    collections::{BTreeSet, HashSet, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
    io,
    time::{Duration, Instant},
};

use tokio::sync::oneshot;

use crate::{
    change::{Applied, Change, ProfileResponse},
    id::PageId,
    model::ContactKey,
    store::StoreError,
};

/// Number of commits under way at one time.
pub(super) const LANES: usize = 2;
/// Bounds of one commit: what waits beyond them goes with the next, so that nobody waits long.
const MAX_CALLERS: usize = 512;
const MAX_CHANGES: usize = 2_048;
const MAX_BYTES: usize = 4 << 20;
/// A caller with more than this is committed by itself, after the others that wait with it.
const HEAVY_CHANGES: usize = 256;
const HEAVY_BYTES: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Queue {
    waiting: VecDeque<Job>,
    lanes: usize,
    /// Number of callers whose commits are under way, and the conversations of those.
    under_way: usize,
    taken: HashSet<u64>,
    is_heavy: bool,
    /// Rows that another transaction has held for long, the next to be tried first. Their callers
    /// wait apart, so that nobody else waits with them.
    held: VecDeque<Lock>,
    is_watched: bool,
}

/// A row that one transaction at a time can change.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(super) enum Lock {
    /// Its counters, which every commit of the Page moves.
    Page(PageId),
    /// The conversation with this customer.
    Contact(ContactKey),
}

/// One caller: the changes, and where the caller waits.
pub(super) struct Job {
    pub(super) changes: Vec<Change>,
    pub(super) answer: oneshot::Sender<Result<Vec<Applied>, StoreError>>,
    since: Instant,
    conversations: Vec<u64>,
    pages: Vec<u64>,
    bytes: usize,
    is_heavy: bool,
    /// Others that came later have gone before.
    is_passed: bool,
}

/// Tasks that have to begin, so that nobody who waits is left behind.
#[derive(Debug, Default, Eq, PartialEq)]
#[must_use]
pub(super) struct Due {
    pub(super) lane: bool,
    pub(super) watch: bool,
}

/// What one commit has taken from the queue, to be given back.
#[derive(Default)]
pub(super) struct Taken {
    callers: usize,
    conversations: Vec<u64>,
    is_heavy: bool,
}

impl Queue {
    pub(super) fn push(&mut self, job: Job) -> Due {
        let is_held = self.is_held(&job);
        // The lane that has taken its conversation looks again afterwards.
        let is_due = self.lanes < LANES && !is_held && !job.meets(&self.taken);
        self.waiting.push_back(job);
        self.due(is_due)
    }

    fn due(&mut self, is_due: bool) -> Due {
        let lane = is_due && self.lanes < LANES;
        self.lanes += usize::from(lane);
        let watch = !self.held.is_empty() && !self.is_watched;
        self.is_watched |= watch;
        Due { lane, watch }
    }

    /// The next callers that go together: a fair share for each lane, without those that another
    /// commit or another transaction would hold up. None means that this lane ends.
    pub(super) fn next(&mut self) -> (Vec<Job>, Taken) {
        let share = (self.waiting.len() + self.under_way).div_ceil(LANES);
        let held = self.held_now();
        let is_free = |job: &Job| !job.is_in(&held);
        let mut shared = self.collect(share, is_free, |job| !job.is_heavy);
        if shared.is_empty() {
            shared = self.collect(1, is_free, |_| true);
        }
        if shared.is_empty() {
            self.lanes -= 1;
        }
        self.take(shared)
    }

    /// Collects callers in their order until they are enough for one commit. Nobody overtakes a
    /// caller that waits for the same conversation.
    fn collect(
        &mut self,
        share: usize,
        is_free: impl Fn(&Job) -> bool,
        is_light: impl Fn(&Job) -> bool,
    ) -> Vec<Job> {
        let (mut shared, mut left) = (Vec::new(), Vec::new());
        let mut left_conversations = HashSet::new();
        let (mut changes, mut bytes) = (0, 0);
        while shared.len() < share.min(MAX_CALLERS)
            && let Some(mut job) = self.waiting.pop_front()
        {
            // A caller that has gone away will apply again.
            if job.answer.is_closed() {
                continue;
            }
            let has_to_wait = job.meets(&self.taken) || job.meets(&left_conversations);
            let is_one_too_many = job.is_heavy && self.is_heavy;
            let is_free = is_free(&job) && !has_to_wait && !is_one_too_many;
            let is_next = job.is_heavy && job.is_passed && shared.is_empty();
            if is_free && is_next {
                shared.push(job);
                break;
            }
            if !is_free || !is_light(&job) {
                job.is_passed |= job.is_heavy;
                left_conversations.extend(&job.conversations);
                left.push(job);
                continue;
            }
            changes += job.changes.len();
            bytes += job.bytes;
            if !shared.is_empty() && (changes > MAX_CHANGES || bytes > MAX_BYTES) {
                self.waiting.push_front(job);
                break;
            }
            shared.push(job);
        }
        for job in left.into_iter().rev() {
            self.waiting.push_front(job);
        }
        shared
    }

    fn take(&mut self, shared: Vec<Job>) -> (Vec<Job>, Taken) {
        let conversations = shared.iter().flat_map(|job| &job.conversations);
        let taken = Taken {
            callers: shared.len(),
            conversations: conversations.copied().collect(),
            is_heavy: shared.iter().any(|job| job.is_heavy),
        };
        self.under_way += taken.callers;
        self.taken.extend(&taken.conversations);
        self.is_heavy |= taken.is_heavy;
        (shared, taken)
    }

    /// A commit is over, however it ended.
    pub(super) fn give_back(&mut self, taken: Taken) {
        self.under_way -= taken.callers;
        self.is_heavy &= !taken.is_heavy;
        for conversation in taken.conversations {
            self.taken.remove(&conversation);
        }
    }

    /// A lane has ended before its time.
    pub(super) fn abandon(&mut self, taken: Taken) {
        self.give_back(taken);
        self.lanes -= 1;
    }

    /// These callers wait for locks that another transaction holds.
    pub(super) fn hold(&mut self, jobs: Vec<Job>, locks: Vec<Lock>) -> Due {
        for lock in locks {
            if !self.held.contains(&lock) {
                self.held.push_back(lock);
            }
        }
        for job in jobs.into_iter().rev() {
            self.waiting.push_front(job);
        }
        self.due(false)
    }

    pub(super) fn held(&self) -> Vec<Lock> {
        self.held.iter().cloned().collect()
    }

    /// These locks are held no longer, as far as is known.
    pub(super) fn let_go(&mut self, free: &[Lock]) -> Due {
        self.held.retain(|lock| !free.contains(lock));
        self.due(!self.waiting.is_empty())
    }

    /// Takes out the callers that have waited for a held lock for so long.
    pub(super) fn late(&mut self, patience: Duration) -> Vec<Job> {
        let held = self.held_now();
        let is_late = |job: &Job| job.is_in(&held) && job.waited() >= patience;
        let (late, left) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition::<VecDeque<Job>, _>(is_late);
        self.waiting = left;
        late.into()
    }

    /// The callers of the held lock whose turn it is to be waited for. `None` when nobody needs one
    /// that is not under way.
    pub(super) fn next_held(&mut self) -> Option<(Vec<Job>, Taken)> {
        for _ in 0..self.held.len() {
            let lock = self.held.pop_front()?;
            let (this, others) = (HashSet::from([lock.place()]), self.held_now());
            let is_free = |job: &Job| job.is_in(&this) && !job.is_in(&others);
            let mut jobs = self.collect(MAX_CALLERS, is_free, |job| !job.is_heavy);
            if jobs.is_empty() {
                jobs = self.collect(1, is_free, |_| true);
            }
            if self.waiting.iter().any(|job| job.is_in(&this)) || !jobs.is_empty() {
                self.held.push_back(lock);
            }
            if !jobs.is_empty() {
                return Some(self.take(jobs));
            }
        }
        None
    }

    /// Whether the watch over held locks ends.
    pub(super) fn ends_watch(&mut self) -> bool {
        self.is_watched = !self.held.is_empty();
        !self.is_watched
    }

    /// The watch has ended before its time.
    pub(super) fn abandon_watch(&mut self, taken: Taken) {
        self.give_back(taken);
        self.is_watched = false;
    }

    fn is_held(&self, job: &Job) -> bool {
        job.is_in(&self.held_now())
    }

    fn held_now(&self) -> HashSet<u64> {
        self.held.iter().map(Lock::place).collect()
    }
}

impl Job {
    pub(super) fn new(
        changes: Vec<Change>,
        answer: oneshot::Sender<Result<Vec<Applied>, StoreError>>,
    ) -> Self {
        let bytes = changes.iter().map(size).sum();
        let pages: BTreeSet<u64> = changes
            .iter()
            .filter_map(Change::page)
            .map(of_page)
            .collect();
        Self {
            conversations: changes.iter().map(conversation).collect(),
            pages: pages.into_iter().collect(),
            bytes,
            is_heavy: changes.len() > HEAVY_CHANGES
                || bytes > HEAVY_BYTES
                || changes.iter().any(reads_all),
            is_passed: false,
            since: Instant::now(),
            changes,
            answer,
        }
    }

    pub(super) fn waited(&self) -> Duration {
        self.since.elapsed()
    }

    /// The rows that its commit locks.
    pub(super) fn locks(&self) -> impl Iterator<Item = Lock> {
        self.changes.iter().flat_map(|change| {
            let page = change.page().cloned().map(Lock::Page);
            let contact = customer(change).map(Lock::Contact);
            page.into_iter().chain(contact)
        })
    }

    /// Whether it changes the same Pages.
    pub(super) fn is_of(&self, pages: &[u64]) -> bool {
        self.pages == pages
    }

    pub(super) fn pages(&self) -> Vec<u64> {
        self.pages.clone()
    }

    /// Whether it needs one of these locks.
    pub(super) fn is_in(&self, held: &HashSet<u64>) -> bool {
        let mut places = self.pages.iter().chain(&self.conversations);
        !held.is_empty() && places.any(|place| held.contains(place))
    }

    fn meets(&self, taken: &HashSet<u64>) -> bool {
        self.conversations.iter().any(|place| taken.contains(place))
    }
}

impl Lock {
    pub(super) fn place(&self) -> u64 {
        match self {
            Self::Page(page) => of_page(page),
            Self::Contact(key) => hashed(("contact", Some(key))),
        }
    }
}

/// The customer whose row a change locks.
fn customer(change: &Change) -> Option<ContactKey> {
    match change {
        Change::WorkAdded { page, psid, .. }
        | Change::WorkSettled { page, psid, .. }
        | Change::WorkReplayed { page, psid, .. }
        | Change::Claimed { page, psid, .. } => Some(ContactKey::new(page.clone(), psid.clone()?)),
        Change::RawEvent(event) => event.contact(),
        _ => change.contact().cloned(),
    }
}

/// What no two commits may change at one time. Should two hashes be alike, one waits for the other.
fn conversation(change: &Change) -> u64 {
    match (customer(change), change) {
        (Some(contact), _) => hashed(("contact", Some(contact))),
        (None, Change::RawEvent(event)) => hashed(("raw", &event.page, &event.id)),
        (None, Change::Tombstone { page, hash, .. }) => hashed(("tombstone", page, hash)),
        _ => hashed(("of the page", change.page())),
    }
}

fn of_page(page: &PageId) -> u64 {
    hashed(("page", page))
}

fn hashed(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Whether it reads many rows of a conversation.
fn reads_all(change: &Change) -> bool {
    matches!(change, Change::Erase { .. })
}

/// About the number of bytes that travel to the server.
fn size(change: &Change) -> usize {
    match change {
        // As JSON these are several times as long.
        Change::RawEvent(event) => event.raw.len(),
        Change::Profile {
            response: ProfileResponse::Known { picture, .. },
            ..
        } => picture.as_ref().map_or(0, |picture| picture.bytes.len()),
        _ => {
            let mut length = Length(0);
            match serde_json::to_writer(&mut length, change) {
                Ok(()) => length.0,
                // The store will refuse it: nobody should share its commit.
                Err(_) => usize::MAX / 2,
            }
        }
    }
}

struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{id::Psid, model::Revision, time::Timestamp};

    fn key(psid: &str) -> ContactKey {
        let page = PageId::new("1").expect("an id");
        ContactKey::new(page, Psid::new(psid).expect("an id"))
    }

    /// A caller with a change of each of these customers, and the caller's end.
    fn job(customers: &str) -> (Job, oneshot::Receiver<Result<Vec<Applied>, StoreError>>) {
        let change = |psid: char| Change::Seen {
            contact: key(&psid.to_string()),
            revision: Revision::default(),
        };
        let (answer, answered) = oneshot::channel();
        (
            Job::new(customers.chars().map(change).collect(), answer),
            answered,
        )
    }

    fn names(shared: &[Job]) -> Vec<String> {
        let psid = |change: &Change| change.contact().map(|key| key.psid.to_string());
        let name = |job: &Job| job.changes.iter().filter_map(psid).collect();
        shared.iter().map(name).collect()
    }

    #[test]
    fn two_lanes_share_what_waits_and_never_a_conversation() {
        let mut queue = Queue::default();
        let (first, _one) = job("a");
        assert!(queue.push(first).lane, "somebody has to begin");
        let (shared, taken) = queue.next();
        assert_eq!(names(&shared), ["a"]);
        // Whoever holds `a` will look again.
        let (again, _two) = job("a");
        assert_eq!(queue.push(again), Due::default());
        let waiting = ["ab", "b", "c", "d", "e"].map(job);
        let (jobs, mut ends): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
        let begun: Vec<bool> = jobs.into_iter().map(|job| queue.push(job).lane).collect();
        assert_eq!(begun, [false, true, false, false, false]);
        // Who has gone away is not committed.
        ends.remove(3).close();
        let (others, others_taken) = queue.next();
        assert_eq!(names(&others), ["c", "e"], "`b` waits behind `ab`");
        assert!(
            queue.next().0.is_empty(),
            "nothing is left but what is held"
        );
        queue.give_back(taken);
        let (rest, taken) = queue.next();
        assert_eq!(names(&rest), ["a", "ab", "b"]);
        queue.give_back(taken);
        queue.abandon(others_taken);
        assert!(queue.taken.is_empty());
        assert_eq!((queue.under_way, queue.lanes), (0, 0));
    }

    #[test]
    fn a_lane_takes_half_and_no_more_than_one_commit_can_bear() {
        let mut queue = Queue::default();
        let customers = (0x4e00..).filter_map(char::from_u32);
        let waiting = customers.take(2000).map(|one| job(&one.to_string()));
        let (jobs, _ends): (Vec<_>, Vec<_>) = waiting.unzip();
        let begun = jobs.into_iter().map(|job| queue.push(job));
        assert_eq!(begun.filter(|due| due.lane).count(), LANES);
        assert_eq!(queue.next().0.len(), MAX_CALLERS);
        queue.waiting.truncate(30);
        queue.under_way = 10;
        assert_eq!(queue.next().0.len(), 20);
        assert_eq!(queue.next().0.len(), 10);
    }

    #[test]
    fn n3_a_commit_is_bounded_and_heavy_callers_go_last_and_by_themselves() {
        let text = |psid: &str, length: usize| {
            let (answer, end) = oneshot::channel();
            let change = Change::Field {
                contact: key(psid),
                name: "name".to_owned(),
                value: Some("x".repeat(length)),
                at: Timestamp::from_millis(1),
            };
            (Job::new(vec![change], answer), end)
        };
        let fields = |shared: &[Job]| -> Vec<String> {
            let psid = |job: &Job| job.changes[0].contact().map(|key| key.psid.to_string());
            shared.iter().filter_map(psid).collect()
        };
        let mut queue = Queue::default();
        let waiting = [
            text("heavy", HEAVY_BYTES + 1),
            text("a", 1),
            text("other", HEAVY_BYTES + 1),
            text("b", 1),
            text("heavy", 1),
        ];
        let (jobs, mut ends): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
        for job in jobs {
            let _ = queue.push(job);
        }
        let (first, first_taken) = queue.next();
        assert_eq!(
            fields(&first),
            ["a", "b"],
            "nobody overtakes in a conversation"
        );
        let (second, second_taken) = queue.next();
        assert_eq!(fields(&second), ["heavy"]);
        queue.give_back(first_taken);
        // One at a time; a caller that comes now does not wait for the other.
        let (light, end) = text("c", 1);
        ends.push(end);
        let _ = queue.push(light);
        let (third, third_taken) = queue.next();
        assert_eq!(fields(&third), ["c"]);
        queue.give_back(second_taken);
        assert_eq!(fields(&queue.next().0), ["other"]);
        queue.give_back(third_taken);
        assert_eq!(fields(&queue.next().0), ["heavy"]);

        let mut queue = Queue::default();
        let waiting = (0..12).map(|number| text(&number.to_string(), HEAVY_BYTES / 2));
        let (jobs, _ends): (Vec<_>, Vec<_>) = waiting.unzip();
        for job in jobs {
            let _ = queue.push(job);
        }
        queue.under_way = 12;
        assert_eq!(queue.next().0.len(), MAX_BYTES / (HEAVY_BYTES / 2) - 1);
    }

    #[test]
    fn n6_callers_of_a_held_page_wait_apart() {
        let mut queue = Queue::default();
        let waiting = ["a", "b", "c"].map(job);
        let (jobs, _ends): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
        for job in jobs {
            let _ = queue.push(job);
        }
        let (shared, taken) = queue.next();
        assert_eq!(names(&shared), ["a", "b"]);
        let due = queue.hold(
            shared,
            vec![Lock::Contact(key("a")), Lock::Contact(key("b"))],
        );
        assert!(due.watch, "somebody has to look after them");
        queue.give_back(taken);
        let (again, _end) = job("a");
        assert_eq!(queue.push(again), Due::default());
        let (shared, taken) = queue.next();
        assert_eq!(names(&shared), ["c"]);
        queue.give_back(taken);
        let (waited, taken) = queue.next_held().expect("callers");
        assert_eq!(names(&waited), ["a", "a"]);
        queue.give_back(taken);
        let (waited, taken) = queue.next_held().expect("callers");
        assert_eq!(names(&waited), ["b"], "one after the other");
        let page = Lock::Page(PageId::new("1").expect("an id"));
        let _ = queue.hold(waited, vec![page.clone()]);
        queue.give_back(taken);
        let _ = queue.let_go(&[Lock::Contact(key("a")), Lock::Contact(key("b"))]);
        assert!(queue.next().0.is_empty(), "the whole Page is held");
        assert!(queue.late(Duration::from_secs(9)).is_empty());
        assert_eq!(names(&queue.late(Duration::ZERO)), ["b"]);
        assert!(queue.next_held().is_none());
        assert!(queue.ends_watch(), "nobody waits for it any more");
    }
}
