//! For every clause of the contract one store that breaks it, and nothing else: the conformance kit
//! must find that clause, and no other.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, HashMap};
use std::future::{Future, poll_fn};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use messenger_crm::change::{Applied, Change};
use messenger_crm::id::PageId;
use messenger_crm::store::conformance::{self as clauses, POISON};
use messenger_crm::store::{
    Changed, Contact, ContactKey, ContactQuery, ContactStore, EntryId, Kept, KeptQuery, Listing,
    MemoryStore, Message, MessageQuery, Pending, Picture, Revision, StoreError,
};
use messenger_crm::time::Timestamp;

/// Which clause is broken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    None,
    Idempotent,
    Atomic,
    Monotonic,
    Ordered,
    Separate,
    Complete,
    Faithful,
    Forgetful,
    Concurrent,
    CancelSafe,
    Shared,
    Patient,
    Durable,
    Bounded,
    Isolated,
    Honest,
    Resumable,
    Fenced,
}

/// A store in memory with a log on a disk that is a map, and one fault.
#[derive(Debug)]
struct Broken {
    fault: Fault,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    inner: Mutex<MemoryStore>,
    log: Arc<Mutex<Vec<Change>>>,
    /// What is not in the log yet: only a store that is not durable has any.
    unwritten: Mutex<Vec<Change>>,
    /// The messages in the order of their arrival.
    arrived: Mutex<Vec<(ContactKey, EntryId, Timestamp)>>,
    visited: AtomicU64,
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
        })
    }
}

impl Broken {
    fn open(fault: Fault, folder: &Path) -> Self {
        static DISK: Mutex<BTreeMap<PathBuf, Arc<Mutex<Vec<Change>>>>> =
            Mutex::new(BTreeMap::new());
        let mut disk = DISK.lock().unwrap();
        let log = Arc::clone(disk.entry(folder.to_owned()).or_default());
        Self {
            fault,
            state: State::new(log),
        }
    }

    fn inner(&self) -> MemoryStore {
        self.state.inner.lock().unwrap().clone()
    }

    fn write(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError> {
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
    fn spoilt(&self, change: &Change) -> Result<Change, Applied> {
        let mut change = change.clone();
        let arrived = self.state.arrived.lock().unwrap();
        match (self.fault, &mut change) {
            (Fault::Separate, Change::Received { contact, entry })
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
            (Fault::Honest, Change::Seen { revision, .. }) => *revision = Revision::new(u64::MAX),
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

    /// Forgets by telling everything else anew, and remembers nothing of having forgotten.
    fn forget(&self, contact: &ContactKey) -> Vec<Applied> {
        let mut log = self.state.log.lock().unwrap();
        log.retain(|change| match change {
            Change::Kept { psid, .. } => psid.as_ref() != Some(&contact.psid),
            change => change.contact() != Some(contact),
        });
        let others = MemoryStore::new();
        now(others.apply(&log)).unwrap();
        *self.state.inner.lock().unwrap() = others;
        vec![Applied::Changed]
    }

    /// Looks whether a message is there, and writes it some time later.
    async fn write_after_looking(&self, change: &Change) -> Result<Vec<Applied>, StoreError> {
        let mut change = change.clone();
        let is_there = |contact: &ContactKey, id: &EntryId| {
            let listing = now(self.inner().messages(&MessageQuery::new(contact.clone())));
            let mut rows = listing.unwrap().rows.into_iter();
            rows.any(|row| row.id == id.as_str())
        };
        if let Change::Received { contact, entry } = &mut change {
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

/// An attempt that does half of the work when it is dropped.
struct Half<'a> {
    store: &'a Broken,
    changes: Option<&'a [Change]>,
}

impl Drop for Half<'_> {
    fn drop(&mut self) {
        if let Some(changes) = self.changes {
            self.store.write(&changes[..1]).unwrap();
        }
    }
}

#[async_trait]
impl ContactStore for Broken {
    async fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError> {
        match (self.fault, changes) {
            (Fault::Atomic, [_, _, ..]) => {
                let answers = changes
                    .iter()
                    .map(|change| self.write(std::slice::from_ref(change)));
                let answers: Result<Vec<Vec<Applied>>, StoreError> = answers.collect();
                Ok(answers?.concat())
            }
            (Fault::CancelSafe, [_, _, ..]) => {
                let mut half = Half {
                    store: self,
                    changes: Some(changes),
                };
                pause().await;
                half.changes = None;
                self.write(changes)
            }
            (Fault::Concurrent, [change]) => self.write_after_looking(change).await,
            (Fault::Forgetful, [Change::Forgotten { contact, .. }]) => Ok(self.forget(contact)),
            (_, [change]) => match self.spoilt(change) {
                Ok(change) => self.write(&[change]),
                Err(answer) => Ok(vec![answer]),
            },
            _ => {
                let changes: Vec<Change> = changes
                    .iter()
                    .filter_map(|change| self.spoilt(change).ok())
                    .collect();
                self.write(&changes)
            }
        }
    }

    async fn contact(&self, key: &ContactKey) -> Result<Option<Contact>, StoreError> {
        let mut contact = self.inner().contact(key).await?;
        let arrived = self.state.arrived.lock().unwrap();
        let last = arrived.iter().rfind(|(who, ..)| who == key);
        if let (Fault::Monotonic, Some(contact), Some((_, _, at))) =
            (self.fault, &mut contact, last)
        {
            contact.last_at = *at;
        }
        Ok(contact)
    }

    async fn picture(&self, key: &ContactKey) -> Result<Option<Picture>, StoreError> {
        self.inner().picture(key).await
    }

    async fn contacts(&self, query: &ContactQuery) -> Result<Listing<Contact>, StoreError> {
        let mut all = query.clone();
        if self.fault == Fault::Complete {
            (all.after, all.limit) = (None, u32::MAX);
        }
        let mut listing = self.inner().contacts(&all).await?;
        if self.fault == Fault::Complete {
            by_number(&mut listing, query.after.as_deref(), query.limit);
        }
        let visited = match self.fault {
            Fault::Bounded => self.state.arrived.lock().unwrap().len(),
            _ => listing.rows.len(),
        };
        self.state
            .visited
            .fetch_add(visited as u64, Ordering::Relaxed);
        Ok(listing)
    }

    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError> {
        let mut all = query.clone();
        if self.fault == Fault::Complete {
            (all.after, all.limit) = (None, u32::MAX);
        }
        let mut listing = self.inner().messages(&all).await?;
        if self.fault == Fault::Complete {
            by_number(&mut listing, query.after.as_deref(), query.limit);
        }
        if self.fault == Fault::Ordered {
            let arrived = self.state.arrived.lock().unwrap();
            let places: HashMap<&str, usize> = arrived
                .iter()
                .enumerate()
                .map(|(place, (_, id, _))| (id.as_str(), place))
                .collect();
            let place = |row: &Message| (row.at, places.get(row.id.as_str()).copied());
            listing
                .rows
                .sort_by_key(|row| std::cmp::Reverse(place(row)));
        }
        Ok(listing)
    }

    async fn kept(&self, query: &KeptQuery) -> Result<Listing<Kept>, StoreError> {
        self.inner().kept(query).await
    }

    async fn pending(&self, now: Timestamp, limit: usize) -> Result<Vec<Pending>, StoreError> {
        self.inner().pending(now, limit).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        self.inner().next_due().await
    }

    async fn changed(
        &self,
        page: &PageId,
        since: Revision,
        wait: Duration,
    ) -> Result<Changed, StoreError> {
        let mut changed = self.inner().changed(page, since, wait).await?;
        if self.fault == Fault::Resumable && changed.contacts.len() > 1 {
            changed.contacts.pop();
        }
        Ok(changed)
    }
}

/// Pages by counting rows, which move when others write.
fn by_number<T>(listing: &mut Listing<T>, after: Option<&str>, limit: u32) {
    let from = after.map_or(0, |after| after.parse().unwrap());
    let to = from + limit as usize;
    listing.next = (to < listing.rows.len()).then(|| to.to_string());
    let rows = std::mem::take(&mut listing.rows).into_iter();
    listing.rows = rows.skip(from).take(limit as usize).collect();
}

fn message(change: &Change) -> Option<(&ContactKey, &messenger_crm::store::Entry)> {
    match change {
        Change::Received { contact, entry } | Change::Echoed { contact, entry, .. } => {
            Some((contact, entry))
        }
        _ => None,
    }
}

fn is_poison(change: &Change) -> bool {
    let text = message(change).and_then(|(_, entry)| entry.content.text.as_deref());
    text == Some(POISON)
}

/// Lets others go first.
async fn pause() {
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

/// The clauses that a store with this fault fails.
fn failing(fault: Fault) -> Vec<&'static str> {
    macro_rules! run {
        ($($clause:ident)*) => {[
            $((stringify!($clause), std::thread::spawn(move || {
                let open = async |folder: &Path| Broken::open(fault, folder);
                block_on(clauses::$clause(open));
            })),)*
            ("bounded", std::thread::spawn(move || {
                let open = async |folder: &Path| Broken::open(fault, folder);
                let visited = |store: &Broken| store.state.visited.load(Ordering::Relaxed);
                block_on(clauses::bounded(open, visited));
            })),
        ]};
    }
    let runs = run! {
        idempotent atomic monotonic ordered separate complete faithful forgetful concurrent cancel_safe
        shared patient durable isolated honest resumable fenced
    };
    let failed = runs
        .into_iter()
        .filter_map(|(clause, run)| run.join().is_err().then_some(clause));
    failed.collect()
}

fn block_on(future: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.build().unwrap().block_on(future);
}

macro_rules! each_breaks_one {
    ($($clause:ident $fault:ident;)*) => {$(
        #[test]
        fn $clause() {
            assert_eq!(failing(Fault::$fault), [stringify!($clause)]);
        }
    )*};
}

each_breaks_one! {
    idempotent Idempotent;
    atomic Atomic;
    monotonic Monotonic;
    ordered Ordered;
    separate Separate;
    complete Complete;
    faithful Faithful;
    forgetful Forgetful;
    concurrent Concurrent;
    cancel_safe CancelSafe;
    shared Shared;
    patient Patient;
    durable Durable;
    bounded Bounded;
    isolated Isolated;
    honest Honest;
    resumable Resumable;
    fenced Fenced;
}

#[test]
fn without_a_fault_nothing_fails() {
    assert_eq!(failing(Fault::None), [""; 0]);
}
