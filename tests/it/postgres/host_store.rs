//! The contract, run against a host that writes in its own transactions of sqlx.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use messenger_crm::change::{Applied, Change};
use messenger_crm::id::PageId;
use messenger_crm::model::{Contact, ContactKey, Message, Picture, RawEvent, Revision};
use messenger_crm::store::conformance;
use messenger_crm::store::{
    Changed, ContactFilter, ContactQuery, ContactStore, Count, Hit, Listing, MessageQuery,
    PageState, Pending, PendingQuery, PostgresStore, RawEventQuery, SearchQuery, StoreError,
};
use messenger_crm::time::Timestamp;
use sqlx::PgPool;

use super::contract;
use super::server::{Schema, address};

/// One clause at a time: the other stores are tested on the same machine.
static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

macro_rules! clauses {
    ($($clause:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $clause() {
            let Some(address) = address(concat!("postgres::host_store::", stringify!($clause))) else {
                return;
            };
            let _turn = TURN.lock().await;
            let schemas = Mutex::new(Vec::new());
            conformance::$clause(async |folder| open(&address, folder, &schemas).await).await;
        }
    )*};
}

clauses! {
    idempotent atomic monotonic ordered separate complete faithful forgetful concurrent cancel_safe
    shared patient durable isolated honest resumable fenced gentle exclusive like_the_model
}

/// Writes with sqlx, and reads as usual.
#[derive(Clone, Debug)]
struct HostStore {
    host: PgPool,
    store: PostgresStore,
}

async fn open(address: &str, folder: &Path, schemas: &Mutex<Vec<Schema>>) -> HostStore {
    HostStore {
        host: PgPool::connect(address).await.unwrap(),
        store: contract::open(address, folder, schemas).await,
    }
}

#[async_trait]
impl ContactStore for HostStore {
    async fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError> {
        let unavailable = |error| StoreError::Unavailable(Box::new(error));
        let mut transaction = self.host.begin().await.map_err(unavailable)?;
        let applied = self.store.apply_in(&mut transaction, changes).await?;
        transaction.commit().await.map_err(unavailable)?;
        Ok(applied)
    }

    async fn contact(&self, key: &ContactKey) -> Result<Option<Contact>, StoreError> {
        self.store.contact(key).await
    }

    async fn picture(&self, key: &ContactKey) -> Result<Option<Picture>, StoreError> {
        self.store.picture(key).await
    }

    async fn contacts(&self, query: &ContactQuery) -> Result<Listing<Contact>, StoreError> {
        self.store.contacts(query).await
    }

    async fn count(&self, filter: &ContactFilter) -> Result<Count, StoreError> {
        self.store.count(filter).await
    }

    async fn tags(&self, page: &PageId) -> Result<Vec<(String, Count)>, StoreError> {
        self.store.tags(page).await
    }

    async fn find(&self, field: &str, value: &str) -> Result<Vec<Contact>, StoreError> {
        self.store.find(field, value).await
    }

    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError> {
        self.store.messages(query).await
    }

    async fn search(&self, query: &SearchQuery) -> Result<Listing<Hit>, StoreError> {
        self.store.search(query).await
    }

    async fn raw_events(&self, query: &RawEventQuery) -> Result<Listing<RawEvent>, StoreError> {
        self.store.raw_events(query).await
    }

    async fn page(&self, page: &PageId) -> Result<PageState, StoreError> {
        self.store.page(page).await
    }

    async fn pending(&self, query: &PendingQuery) -> Result<Vec<Pending>, StoreError> {
        self.store.pending(query).await
    }

    async fn next_due(&self, query: &PendingQuery) -> Result<Option<Timestamp>, StoreError> {
        self.store.next_due(query).await
    }

    async fn changed_since(&self, page: &PageId, since: Revision) -> Result<Changed, StoreError> {
        self.store.changed_since(page, since).await
    }

    async fn changed(
        &self,
        page: &PageId,
        since: Revision,
        wait: Duration,
    ) -> Result<Changed, StoreError> {
        self.store.changed(page, since, wait).await
    }
}
