//! A store that cannot write.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::*;

/// A store whose disk can be full, or stuck: it reads, and writes nothing.
#[derive(Clone, Debug)]
pub(super) struct Full(
    Arc<dyn ContactStore>,
    Arc<[AtomicBool; 3]>,
    Arc<[AtomicU32; 2]>,
);

impl Full {
    /// Creates a store that writes.
    pub(super) fn new(store: impl ContactStore) -> Self {
        Self(Arc::new(store), Arc::default(), Arc::default())
    }

    /// Sets whether writing fails.
    pub(super) fn set_full(&self, is_full: bool) {
        self.1[0].store(is_full, Ordering::Relaxed);
    }

    /// Sets whether removing the rows of an erased conversation fails.
    pub(super) fn set_erasing_fails(&self, fails: bool) {
        self.1[2].store(fails, Ordering::Relaxed);
    }

    /// Sets how many times storing the outcome of a send fails.
    pub(super) fn fail_settling(&self, times: u32) {
        self.2[0].store(times, Ordering::Relaxed);
    }

    /// How many calls of `apply` there were.
    pub(super) fn applies(&self) -> u32 {
        self.2[1].load(Ordering::Relaxed)
    }

    /// How many failures are left.
    pub(super) fn failures_left(&self) -> u32 {
        self.2[0].load(Ordering::Relaxed)
    }

    /// Sets whether writing never ends.
    #[cfg(feature = "full")]
    pub(super) fn set_stuck(&self, is_stuck: bool) {
        self.1[1].store(is_stuck, Ordering::Relaxed);
    }
}

#[async_trait]
impl ContactStore for Full {
    async fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError> {
        self.2[1].fetch_add(1, Ordering::Relaxed);
        let erases = matches!(changes, [Change::Erase { .. }]);
        if self.1[0].load(Ordering::Relaxed) || (erases && self.1[2].load(Ordering::Relaxed)) {
            return Err(StoreError::Unavailable("the disk is full".into()));
        }
        let left = self.failures_left();
        if left > 0 && matches!(changes, [Change::Settled { .. }, ..]) {
            self.fail_settling(left - 1);
            return Err(StoreError::Unavailable("the database is away".into()));
        }
        if self.1[1].load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        self.0.apply(changes).await
    }
    async fn contact(&self, key: &ContactKey) -> Result<Option<Contact>, StoreError> {
        self.0.contact(key).await
    }
    async fn picture(&self, key: &ContactKey) -> Result<Option<Picture>, StoreError> {
        self.0.picture(key).await
    }
    async fn contacts(&self, query: &ContactQuery) -> Result<Listing<Contact>, StoreError> {
        self.0.contacts(query).await
    }
    async fn find(&self, field: &str, value: &str) -> Result<Vec<Contact>, StoreError> {
        self.0.find(field, value).await
    }
    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError> {
        self.0.messages(query).await
    }
    async fn raw_events(&self, query: &RawEventQuery) -> Result<Listing<RawEvent>, StoreError> {
        self.0.raw_events(query).await
    }
    async fn page(&self, page: &PageId) -> Result<PageState, StoreError> {
        self.0.page(page).await
    }
    async fn pending(&self, query: &PendingQuery) -> Result<Vec<Pending>, StoreError> {
        self.0.pending(query).await
    }
    async fn next_due(&self, query: &PendingQuery) -> Result<Option<Timestamp>, StoreError> {
        self.0.next_due(query).await
    }
    async fn changed_since(&self, page: &PageId, since: Revision) -> Result<Changed, StoreError> {
        self.0.changed_since(page, since).await
    }
}

#[tokio::test]
async fn a_store_that_cannot_write_fails_the_delivery_and_sends_nothing() {
    let desk = Desk::new().await;
    desk.store
        .apply(&[Change::Queued {
            contact: ada(),
            key: key(1),
            at: at(2),
            outgoing: Outgoing::text("hello"),
        }])
        .await
        .unwrap();
    let graph = graph(&desk.script);
    let store = Full::new(desk.store.clone());
    store.set_full(true);
    let full = Inbox::new(Arc::new(store), graph, page_1());
    let body = delivery("1", &[message(&ada(), "m9", at(9), "Hello")]);
    let delivery = parse_unverified(&body).unwrap();
    let error = full.receive(&delivery, |_| true, at(9)).await;
    assert!(
        matches!(error, Err(StoreError::Unavailable(_))),
        "{error:?}"
    );
    let error = full.quarantine(b"{", "no envelope", at(9)).await;
    assert!(
        matches!(error, Err(StoreError::Unavailable(_))),
        "{error:?}"
    );
    let error = full
        .reply(&ada().page, text_to_ada(2, "hello"), at(9))
        .await;
    assert!(
        matches!(error, Err(ReplyError::Store(StoreError::Unavailable(_)))),
        "{error:?}"
    );
    let error = full.step(at(9), WorkerId::new(7)).await;
    assert!(
        matches!(error, Err(InboxError::Store(StoreError::Unavailable(_)))),
        "{error:?}"
    );
    assert!(posts(&desk.script).is_empty());
    assert_eq!(talk(&desk.store, &ada()).await.len(), 2);
}
