//! The threads that read, each with a connection.

use std::{
    collections::VecDeque,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Sender, channel},
    },
};

use rusqlite::Connection;

use super::{
    connection::{connect, failed, gone},
    spawn,
    writer::Answer,
};
use crate::store::StoreError;

/// A caller must not wait for the long read of another.
const THREADS: usize = 4;

pub(super) enum Read {
    Job(Box<dyn FnOnce(&mut Connection) + Send>),
    Close(Answer<()>),
}

/// Threads that read. A read wakes the thread that rested last, whose caches are warm, and no other.
/// A clone is a handle to the same threads; they end when the last handle is dropped.
#[derive(Clone)]
pub(super) struct Readers(Arc<Handle>);

struct Handle(Arc<Threads>);

#[derive(Default)]
struct Threads(Mutex<State>);

#[derive(Default)]
struct State {
    /// Threads that rest, the last of them at the end.
    resting: Vec<Sender<Read>>,
    /// Reads that wait because no thread rests.
    waiting: VecDeque<Read>,
    /// Number of threads that have not ended.
    running: usize,
    /// Whether all handles are dropped.
    is_left: bool,
}

impl Readers {
    /// Opens a connection for each thread.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let readers = Self(Arc::new(Handle(Arc::default())));
        for _ in 0..THREADS {
            let (connection, threads) = (connect(path)?, Arc::clone(&readers.0.0));
            threads.lock().running += 1;
            spawn("store-reader", move || threads.run(connection))?;
        }
        Ok(readers)
    }

    /// Reads as soon as a thread is free.
    ///
    /// # Errors
    ///
    /// When the file is closed.
    pub(super) fn send(&self, read: Read) -> Result<(), StoreError> {
        let mut state = self.0.0.lock();
        if state.running == 0 {
            return Err(gone());
        }
        match state.resting.pop() {
            Some(thread) => thread.send(read).map_err(|_| gone()),
            None => {
                state.waiting.push_back(read);
                Ok(())
            }
        }
    }

    /// Closes the connection of each thread.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        for _ in 0..THREADS {
            let (answer, answered) = futures_channel::oneshot::channel();
            self.send(Read::Close(answer))?;
            answered.await.map_err(|_| gone())??;
        }
        Ok(())
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_left = true;
        // They wake, and end.
        state.resting.clear();
    }
}

impl Threads {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut connection: Connection) {
        let mut closed = None;
        while let Some(read) = self.next() {
            match read {
                // A panic drops the caller's channel, and leaves the thread to the next callers.
                Read::Job(job) => drop(catch_unwind(AssertUnwindSafe(|| job(&mut connection)))),
                Read::Close(answer) => {
                    closed = Some(answer);
                    break;
                }
            }
        }
        let result = connection.close().map_err(|(_, error)| failed(error));
        let mut state = self.lock();
        state.running -= 1;
        if state.running == 0 {
            // Nobody will read for them.
            state.waiting.clear();
        }
        drop(state);
        if let Some(answer) = closed {
            let _ = answer.send(result);
        }
    }

    /// The next read for a thread, which rests until there is one.
    fn next(&self) -> Option<Read> {
        let mut state = self.lock();
        if let Some(read) = state.waiting.pop_front() {
            return Some(read);
        }
        if state.is_left {
            return None;
        }
        let (wake, woken) = channel();
        state.resting.push(wake);
        drop(state);
        woken.recv().ok()
    }
}
