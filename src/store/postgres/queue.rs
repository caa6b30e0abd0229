//! Who waits to be committed, and what is under way.

use std::{
    collections::{HashSet, VecDeque},
    hash::{DefaultHasher, Hash, Hasher},
};

use tokio::sync::oneshot;

use crate::{
    change::{Applied, Change},
    store::StoreError,
};

/// So many commits are under way at one time.
pub(super) const LANES: usize = 2;
/// Of one commit: what waits beyond it goes with the next, so that nobody waits long.
const MAX_SHARED: usize = 512;

#[derive(Default)]
pub(super) struct Queue {
    waiting: VecDeque<Job>,
    lanes: usize,
    /// How many callers' commits are under way, and which conversations those hold.
    under_way: usize,
    held: HashSet<u64>,
}

/// One caller: what they bring, and where they wait.
pub(super) struct Job {
    pub(super) changes: Vec<Change>,
    pub(super) answer: oneshot::Sender<Result<Vec<Applied>, StoreError>>,
    places: Vec<u64>,
}

/// What one commit has taken from the queue, to be given back.
#[derive(Default)]
pub(super) struct Taken {
    callers: usize,
    places: Vec<u64>,
}

impl Queue {
    /// Whether somebody has to begin committing, so that this caller is not forgotten.
    pub(super) fn push(&mut self, job: Job) -> bool {
        // Whoever holds its conversation looks again afterwards.
        let is_due = self.lanes < LANES && !job.is_held(&self.held);
        self.waiting.push_back(job);
        self.lanes += usize::from(is_due);
        is_due
    }

    /// The next who go together: a fair share for each lane, without those whose conversations
    /// another lane holds. Nobody means that this lane is over.
    pub(super) fn next(&mut self) -> (Vec<Job>, Taken) {
        let share = (self.waiting.len() + self.under_way).div_ceil(LANES);
        let (mut shared, mut left) = (Vec::new(), Vec::new());
        let mut left_places = HashSet::new();
        while shared.len() < share.min(MAX_SHARED)
            && let Some(job) = self.waiting.pop_front()
        {
            // Who has gone away will come again: nothing is done for nobody.
            if job.answer.is_closed() {
                continue;
            }
            // Nor does anybody overtake who waits for the same conversation.
            if job.is_held(&self.held) || job.is_held(&left_places) {
                left_places.extend(&job.places);
                left.push(job);
            } else {
                shared.push(job);
            }
        }
        for job in left.into_iter().rev() {
            self.waiting.push_front(job);
        }
        if shared.is_empty() {
            self.lanes -= 1;
        }
        let taken = Taken {
            callers: shared.len(),
            places: shared
                .iter()
                .flat_map(|job| job.places.iter().copied())
                .collect(),
        };
        self.under_way += taken.callers;
        self.held.extend(&taken.places);
        (shared, taken)
    }

    /// A commit is over, however it ended.
    pub(super) fn give_back(&mut self, taken: Taken) {
        self.under_way -= taken.callers;
        for place in taken.places {
            self.held.remove(&place);
        }
    }

    /// A lane has ended before its time.
    pub(super) fn abandon(&mut self, taken: Taken) {
        self.give_back(taken);
        self.lanes -= 1;
    }
}

impl Job {
    pub(super) fn new(
        changes: Vec<Change>,
        answer: oneshot::Sender<Result<Vec<Applied>, StoreError>>,
    ) -> Self {
        Self {
            places: changes.iter().map(place).collect(),
            changes,
            answer,
        }
    }

    fn is_held(&self, held: &HashSet<u64>) -> bool {
        self.places.iter().any(|place| held.contains(place))
    }
}

/// What no two commits may hold at one time. Should two hashes be alike, one waits for the other.
fn place(change: &Change) -> u64 {
    let mut hasher = DefaultHasher::new();
    match change {
        Change::RawEvent(event) => (&event.page, &event.id).hash(&mut hasher),
        Change::Tombstone { page, hash, .. } => (page, hash).hash(&mut hasher),
        _ => change.contact().hash(&mut hasher),
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::{PageId, Psid},
        model::{ContactKey, Revision},
    };

    /// A caller with a change of each of these customers, and the caller's end.
    fn job(customers: &str) -> (Job, oneshot::Receiver<Result<Vec<Applied>, StoreError>>) {
        let change = |psid: char| Change::Seen {
            contact: ContactKey::new(
                PageId::new("1").expect("an id"),
                Psid::new(psid.to_string()).expect("an id"),
            ),
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
        assert!(queue.push(first), "somebody has to begin");
        let (shared, taken) = queue.next();
        assert_eq!(names(&shared), ["a"]);
        // Whoever holds `a` will look again.
        let (again, _two) = job("a");
        assert!(!queue.push(again));
        let waiting = ["ab", "b", "c", "d", "e"].map(job);
        let (jobs, mut ends): (Vec<_>, Vec<_>) = waiting.into_iter().unzip();
        let begun: Vec<bool> = jobs.into_iter().map(|job| queue.push(job)).collect();
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
        assert!(queue.held.is_empty());
        assert_eq!((queue.under_way, queue.lanes), (0, 0));
    }

    #[test]
    fn a_lane_takes_half_and_no_more_than_one_commit_can_bear() {
        let mut queue = Queue::default();
        let customers = (0x4e00..).filter_map(char::from_u32);
        let waiting = customers.take(2000).map(|one| job(&one.to_string()));
        let (jobs, _ends): (Vec<_>, Vec<_>) = waiting.unzip();
        let begun = jobs.into_iter().map(|job| queue.push(job));
        assert_eq!(begun.filter(|begun| *begun).count(), LANES);
        assert_eq!(queue.next().0.len(), MAX_SHARED);
        queue.waiting.truncate(30);
        queue.under_way = 10;
        assert_eq!(queue.next().0.len(), 20);
        assert_eq!(queue.next().0.len(), 10);
    }
}
