//! Customers and conversations in memory: for tests, and for hosts small enough to lose them.

mod list;
pub(crate) mod rows;

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;

use super::{
    Changed, ContactQuery, ContactStore, Hit, Listing, MAX_COUNT, MessageQuery, PageState, Pending,
    PendingQuery, RawEventQuery, SearchQuery, StoreError, fold, watchers::Watchers,
};
use crate::{
    change::{Applied, Change},
    id::PageId,
    model::{Contact, ContactKey, Message, Picture, RawEvent, Revision},
    time::Timestamp,
};
use rows::MemoryRows;

/// A [`ContactStore`] in memory. A clone is a handle to the same data.
///
/// It consists of the rules only, so other stores are compared with it.
///
/// **It has no bound and is not durable**: it holds everything that is stored, and all of it is gone
/// when the last handle is dropped. A list looks at every customer of the Page. Use it for tests and
/// for a few thousand customers.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    rows: Arc<Mutex<MemoryRows>>,
    watchers: Watchers,
}

impl MemoryStore {
    /// Creates an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything as a log of changes, which makes the same again in an empty store.
    pub fn export(&self) -> Vec<Change> {
        self.rows().export()
    }

    fn rows(&self) -> MutexGuard<'_, MemoryRows> {
        // A change is applied by code that does not panic; should it, the rows are no worse.
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed_now(&self, page: &PageId, since: Revision) -> Changed {
        let rows = self.rows();
        let (revision, removed) = rows.revision_of(page);
        if let Some(reset) = Changed::reset(since, revision, removed) {
            return reset;
        }
        let mut changed: Vec<(Revision, &ContactKey)> = rows
            .of_page(page)
            .filter(|(_, one)| one.contact.is_shown() && one.contact.revision > since)
            .map(|(key, one)| (one.contact.revision, key))
            .collect();
        changed.sort_unstable();
        Changed {
            contacts: changed.into_iter().map(|(_, key)| key.clone()).collect(),
            revision,
            ..Changed::default()
        }
    }
}

#[async_trait]
impl ContactStore for MemoryStore {
    async fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError> {
        fold::check(changes)?;
        let mut rows = self.rows();
        rows.begin();
        let applied = fold::apply(&mut *rows, changes);
        drop(rows);
        self.watchers.ring(changes.iter().filter_map(Change::page));
        let Ok(applied): Result<_, Infallible> = applied;
        Ok(applied)
    }

    async fn contact(&self, key: &ContactKey) -> Result<Option<Contact>, StoreError> {
        let rows = self.rows();
        Ok(rows.conversation(key).and_then(|one| one.show(key)))
    }

    async fn picture(&self, key: &ContactKey) -> Result<Option<Picture>, StoreError> {
        let rows = self.rows();
        Ok(rows.conversation(key).and_then(|one| one.picture.clone()))
    }

    async fn contacts(&self, query: &ContactQuery) -> Result<Listing<Contact>, StoreError> {
        list::contacts(&self.rows(), query)
    }

    async fn find(&self, field: &str, value: &str) -> Result<Vec<Contact>, StoreError> {
        let rows = self.rows();
        let found = rows.conversations().filter_map(|(key, one)| one.show(key));
        let found = found.filter(|one| one.fields.get(field).is_some_and(|is| is == value));
        Ok(found.take(MAX_COUNT as usize).collect())
    }

    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError> {
        list::messages(&self.rows(), query)
    }

    async fn search(&self, query: &SearchQuery) -> Result<Listing<Hit>, StoreError> {
        list::search(&self.rows(), query)
    }

    async fn raw_events(&self, query: &RawEventQuery) -> Result<Listing<RawEvent>, StoreError> {
        list::raw_events(&self.rows(), query)
    }

    async fn page(&self, page: &PageId) -> Result<PageState, StoreError> {
        let rows = self.rows();
        Ok(rows.page_row(page).show(rows.revision_of(page).0))
    }

    async fn pending(&self, query: &PendingQuery) -> Result<Vec<Pending>, StoreError> {
        Ok(self.rows().pending(query))
    }

    async fn next_due(&self, query: &PendingQuery) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.rows().next_due(query))
    }

    async fn changed_since(&self, page: &PageId, since: Revision) -> Result<Changed, StoreError> {
        Ok(self.changed_now(page, since))
    }

    async fn changed(
        &self,
        page: &PageId,
        since: Revision,
        wait: Duration,
    ) -> Result<Changed, StoreError> {
        let read = || async { Ok(self.changed_now(page, since)) };
        self.watchers.changed(page, since, wait, read).await
    }
}
