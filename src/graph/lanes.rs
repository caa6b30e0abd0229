//! One after the other: calls of one conversation go out in the order in which they were made.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// Who waits in which lane. A clone is a handle to the same lanes.
#[derive(Clone, Debug, Default)]
pub(super) struct Lanes(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    drawn: u64,
    /// A lane is there as long as somebody is in it; its first has the turn.
    lanes: HashMap<String, VecDeque<Ticket>>,
}

#[derive(Debug)]
struct Ticket {
    number: u64,
    waker: Option<Waker>,
}

/// A place in a lane, from the first wait until it is dropped.
#[derive(Debug)]
pub(super) struct Turn {
    lanes: Lanes,
    lane: String,
    number: u64,
}

impl Lanes {
    /// Waits until all who came before have dropped their turn.
    pub(super) async fn turn(&self, lane: String) -> Turn {
        let turn = self.enter(lane);
        poll_fn(|context| {
            let mut waiting = turn.lanes.lock();
            let queue = waiting.lanes.get_mut(&turn.lane);
            let Some(queue) = queue else {
                return Poll::Ready(());
            };
            if queue
                .front()
                .is_some_and(|first| first.number == turn.number)
            {
                return Poll::Ready(());
            }
            for ticket in queue {
                if ticket.number == turn.number {
                    ticket.waker = Some(context.waker().clone());
                }
            }
            Poll::Pending
        })
        .await;
        turn
    }

    fn enter(&self, lane: String) -> Turn {
        let mut waiting = self.lock();
        waiting.drawn += 1;
        let number = waiting.drawn;
        let ticket = Ticket {
            number,
            waker: None,
        };
        waiting
            .lanes
            .entry(lane.clone())
            .or_default()
            .push_back(ticket);
        Turn {
            lanes: self.clone(),
            lane,
            number,
        }
    }

    /// Never held across an await.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut waiting = self.lanes.lock();
        let Some(queue) = waiting.lanes.get_mut(&self.lane) else {
            return;
        };
        queue.retain(|ticket| ticket.number != self.number);
        let next = queue.front_mut().map(|first| first.waker.take());
        if next.is_none() {
            waiting.lanes.remove(&self.lane);
        }
        drop(waiting);
        if let Some(Some(waker)) = next {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::Context;

    use super::*;

    fn is_ready<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    #[test]
    fn c22_one_lane_is_walked_in_order_and_lanes_do_not_wait_for_each_other() {
        let lanes = Lanes::default();
        let mut first = pin!(lanes.turn("a".to_owned()));
        let mut second = pin!(lanes.turn("a".to_owned()));
        let mut third = pin!(lanes.turn("a".to_owned()));
        let first = is_ready(first.as_mut()).unwrap();
        assert!(is_ready(second.as_mut()).is_none());
        assert!(is_ready(third.as_mut()).is_none());
        assert!(is_ready(pin!(lanes.turn("b".to_owned())).as_mut()).is_some());
        drop(first);
        assert!(is_ready(third.as_mut()).is_none());
        let second = is_ready(second.as_mut()).unwrap();
        drop(second);
        assert!(is_ready(third.as_mut()).is_some());
    }

    #[test]
    fn c21_who_leaves_while_waiting_blocks_nobody() {
        let lanes = Lanes::default();
        let first = is_ready(pin!(lanes.turn("a".to_owned())).as_mut()).unwrap();
        let mut second = Box::pin(lanes.turn("a".to_owned()));
        assert!(is_ready(second.as_mut()).is_none());
        let mut third = pin!(lanes.turn("a".to_owned()));
        assert!(is_ready(third.as_mut()).is_none());
        drop(second);
        assert!(is_ready(third.as_mut()).is_none());
        drop(first);
        drop(is_ready(third.as_mut()).unwrap());
        assert!(lanes.lock().lanes.is_empty());
    }
}
