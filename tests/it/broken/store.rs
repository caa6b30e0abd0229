//! A store in memory with one fault.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use messenger_crm::change::{Applied, Change, ProfileResponse};
use messenger_crm::model::{ContactKey, EntryId, Picture, Revision};
use messenger_crm::store::conformance::POISON;
use messenger_crm::store::{ContactStore, MemoryStore, MessageQuery, StoreError};
use messenger_crm::time::Timestamp;

use super::Fault;

/// A store in memory with a log on a disk that is a map, and one fault.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) fault: Fault,
    pub(super) state: Arc<State>,
}

#[derive(Debug)]
pub(super) struct State {
    inner: Mutex<MemoryStore>,
    log: Arc<Mutex<Vec<Change>>>,
    /// What is not in the log yet: only a store that is not durable has any.
    unwritten: Mutex<Vec<Change>>,
    /// The messages in the order of their arrival.
    pub(super) arrived: Mutex<Vec<(ContactKey, EntryId, Timestamp)>>,
    pub(super) visited: AtomicU64,
    /// Pictures that are kept when their customer is forgotten.
    pub(super) pictures: Mutex<BTreeMap<ContactKey, Picture>>,
}

impl Drop for State {
    fn drop(&mut self) {
        let unwritten = std::mem::take(self.unwritten.get_mut().unwrap());
        self.log.lock().unwrap().extend(unwritten);
    }
}

impl Clone for Broken {
    fn clone(&self) -> Self {
        let mut clone = Self {
            fault: self.fault,
            state: Arc::clone(&self.state),
        };
        if self.fault == Fault::Shared {
            clone.state = State::new(Arc::default());
        }
        clone
    }
}

impl State {
    fn new(log: Arc<Mutex<Vec<Change>>>) -> Arc<Self> {
        let inner = MemoryStore::new();
        let told = log.lock().unwrap().clone();
        for change in told {
            now(inner.apply(&[change])).unwrap();
        }
        Arc::new(Self {
            inner: Mutex::new(inner),
            log,
            unwritten: Mutex::default(),
            arrived: Mutex::default(),
            visited: AtomicU64::new(0),
            pictures: Mutex::default(),
        })
    }
}

impl Broken {
    pub(super) fn open(fault: Fault, folder: &Path) -> Self {
        static DISK: Mutex<BTreeMap<PathBuf, Arc<Mutex<Vec<Change>>>>> =
            Mutex::new(BTreeMap::new());
        let mut disk = DISK.lock().unwrap();
        let log = Arc::clone(disk.entry(folder.to_owned()).or_default());
        Self {
            fault,
            state: State::new(log),
        }
    }

    pub(super) fn inner(&self) -> MemoryStore {
        self.state.inner.lock().unwrap().clone()
    }

    pub(super) fn write(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError> {
        if changes.iter().any(is_poison) {
            let reason = "it is poison";
            return Err(match self.fault {
                Fault::Isolated => StoreError::Unavailable(reason.into()),
                _ => StoreError::Refused(reason.into()),
            });
        }
        let log = match self.fault {
            Fault::Durable => &self.state.unwritten,
            _ => &*self.state.log,
        };
        log.lock().unwrap().extend_from_slice(changes);
        let pictures = changes.iter().filter_map(picture);
        self.state.pictures.lock().unwrap().extend(pictures);
        let mut applied = now(self.inner().apply(changes))?;
        for (answer, change) in applied.iter_mut().zip(changes) {
            if let (Applied::New { .. }, Some((contact, entry))) = (&answer, message(change)) {
                let arrived = (contact.clone(), entry.id.clone(), entry.at);
                self.state.arrived.lock().unwrap().push(arrived);
            }
            *answer = match (self.fault, change, *answer) {
                (Fault::Idempotent, Change::Received { .. }, Applied::Unchanged)
                | (Fault::Fenced, Change::Claimed { .. }, Applied::Refused) => Applied::Changed,
                (_, _, answer) => answer,
            };
        }
        Ok(applied)
    }

    /// Tells it in other words, or not at all.
    pub(super) fn spoilt(&self, change: &Change) -> Result<Change, Applied> {
        let mut change = change.clone();
        let arrived = self.state.arrived.lock().unwrap();
        match (self.fault, &mut change) {
            (Fault::Separate, Change::Received { contact, entry, .. })
                if arrived
                    .iter()
                    .any(|(who, id, _)| *id == entry.id && who != contact) =>
            {
                return Err(Applied::Unchanged);
            }
            (Fault::Faithful, Change::Received { entry, .. }) => {
                if let Some(text) = &mut entry.content.text {
                    *text = text.trim().to_owned();
                }
            }
            (Fault::Honest, Change::Seen { revision, .. })
            | (Fault::Exclusive, Change::Assigned { revision, .. }) => {
                *revision = Revision::new(u64::MAX);
            }
            (
                Fault::Patient,
                Change::Edited { contact, mid, .. }
                | Change::Unsent { contact, mid, .. }
                | Change::Reacted { contact, mid, .. },
            ) => {
                let id = EntryId::of_message(mid);
                if !arrived
                    .iter()
                    .any(|(who, known, _)| *known == id && who == contact)
                {
                    return Err(Applied::Parked);
                }
            }
            _ => {}
        }
        Ok(change)
    }

    /// Forgets by removing everything in the same call.
    pub(super) fn erase_at_once(&self, change: &Change) -> Result<Vec<Applied>, StoreError> {
        let applied = self.write(std::slice::from_ref(change))?;
        if let Some(contact) = change.contact() {
            let contact = contact.clone();
            let limit = u32::MAX;
            let erase = [Change::Erase { contact, limit }];
            while self.write(&erase)? == [Applied::Changed] {}
        }
        Ok(applied)
    }

    /// Looks whether a message is there, and writes it some time later.
    pub(super) async fn write_after_looking(
        &self,
        change: &Change,
    ) -> Result<Vec<Applied>, StoreError> {
        let mut change = change.clone();
        let is_there = |contact: &ContactKey, id: &EntryId| {
            let listing = now(self.inner().messages(&MessageQuery::new(contact.clone())));
            let mut rows = listing.unwrap().rows.into_iter();
            rows.any(|row| row.id == id.as_str())
        };
        if let Change::Received { contact, entry, .. } = &mut change {
            let was_there = is_there(contact, &entry.id);
            pause().await;
            if !was_there && is_there(contact, &entry.id) {
                let count = self.state.arrived.lock().unwrap().len();
                entry.id = EntryId::of_parts(&[entry.id.as_str().as_bytes(), &count.to_be_bytes()]);
            }
        }
        self.write(&[change])
    }
}

fn message(change: &Change) -> Option<(&ContactKey, &messenger_crm::model::Entry)> {
    match change {
        Change::Received { contact, entry, .. } | Change::Echoed { contact, entry, .. } => {
            Some((contact, entry))
        }
        _ => None,
    }
}

fn picture(change: &Change) -> Option<(ContactKey, Picture)> {
    let Change::Profile {
        contact, response, ..
    } = change
    else {
        return None;
    };
    match response {
        ProfileResponse::Known { picture, .. } => Some((contact.clone(), picture.clone()?)),
        _ => None,
    }
}

fn is_poison(change: &Change) -> bool {
    let text = message(change).and_then(|(_, entry)| entry.content.text.as_deref());
    text == Some(POISON)
}

/// Lets others go first.
pub(super) async fn pause() {
    let mut is_over = false;
    poll_fn(|context| {
        if std::mem::replace(&mut is_over, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The store in memory waits for nothing.
fn now<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}
