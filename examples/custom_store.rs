//! A durable store of your own: a journal of changes over the store in memory.
//!
//! State is the fold of the changes, so a log of them is a store. Each call of `apply` is one line,
//! synced before it is acknowledged; whatever a crash tore off the last line is cut at open. It
//! passes the conformance kit, but for the clause `bounded`: its listings look at every customer.
//!
//! ```sh
//! cargo run --example custom_store -- journal
//! ```

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use messenger_crm::change::{Applied, Change};
use messenger_crm::id::{Mid, PageId, Psid};
use messenger_crm::model::{
    Contact, ContactKey, Content, Entry, EntryId, Message, Picture, RawEvent, Revision, Source,
};
use messenger_crm::store::{
    Changed, ContactQuery, ContactStore, Listing, MemoryStore, MessageQuery, PageState, Pending,
    PendingQuery, RawEventQuery, StoreError, fold,
};
use messenger_crm::time::Timestamp;
use tokio::sync::Mutex;

/// A clone is a handle to the same journal.
#[derive(Clone, Debug)]
pub(crate) struct JournalStore {
    memory: MemoryStore,
    journal: Arc<Mutex<Option<File>>>,
}

impl JournalStore {
    /// Opens a journal, makes it if it is not there, and tells the memory all of it.
    pub(crate) async fn open(path: &Path) -> Result<Self, StoreError> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).create(true).truncate(false);
        let mut journal = options.open(path).map_err(unavailable)?;
        let mut bytes = Vec::new();
        journal.read_to_end(&mut bytes).map_err(unavailable)?;
        // What has no end was never acknowledged.
        let whole = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |last| last + 1);
        journal.set_len(whole as u64).map_err(unavailable)?;
        journal.seek(SeekFrom::End(0)).map_err(unavailable)?;
        let memory = MemoryStore::new();
        for line in bytes[..whole].split_inclusive(|byte| *byte == b'\n') {
            let changes: Vec<Change> =
                serde_json::from_slice(line).map_err(|error| StoreError::Damaged(error.into()))?;
            memory.apply(&changes).await?;
        }
        Ok(Self {
            memory,
            journal: Arc::new(Mutex::new(Some(journal))),
        })
    }
}

#[async_trait]
impl ContactStore for JournalStore {
    /// It blocks while the disk writes: good enough for one small Page.
    async fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError> {
        // What is refused must not be in the journal, or it could not be opened again.
        fold::check(changes)?;
        let line =
            serde_json::to_vec(changes).map_err(|error| StoreError::Refused(error.into()))?;
        // Held to the end: in the journal and in memory, claims must come in one order.
        let mut slot = self.journal.lock().await;
        // Nothing may follow half a line, so whoever fails leaves the slot empty.
        let mut journal = slot
            .take()
            .ok_or_else(|| unavailable("a write has failed"))?;
        journal
            .write_all(&[&line[..], b"\n"].concat())
            .map_err(unavailable)?;
        journal.sync_data().map_err(unavailable)?;
        *slot = Some(journal);
        self.memory.apply(changes).await
    }

    async fn contact(&self, key: &ContactKey) -> Result<Option<Contact>, StoreError> {
        self.memory.contact(key).await
    }

    async fn picture(&self, key: &ContactKey) -> Result<Option<Picture>, StoreError> {
        self.memory.picture(key).await
    }

    async fn contacts(&self, query: &ContactQuery) -> Result<Listing<Contact>, StoreError> {
        self.memory.contacts(query).await
    }

    async fn find(&self, field: &str, value: &str) -> Result<Vec<Contact>, StoreError> {
        self.memory.find(field, value).await
    }

    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError> {
        self.memory.messages(query).await
    }

    async fn raw_events(&self, query: &RawEventQuery) -> Result<Listing<RawEvent>, StoreError> {
        self.memory.raw_events(query).await
    }

    async fn page(&self, page: &PageId) -> Result<PageState, StoreError> {
        self.memory.page(page).await
    }

    async fn pending(&self, query: &PendingQuery) -> Result<Vec<Pending>, StoreError> {
        self.memory.pending(query).await
    }

    async fn next_due(&self, query: &PendingQuery) -> Result<Option<Timestamp>, StoreError> {
        self.memory.next_due(query).await
    }

    async fn changed_since(&self, page: &PageId, since: Revision) -> Result<Changed, StoreError> {
        self.memory.changed_since(page, since).await
    }

    async fn changed(
        &self,
        page: &PageId,
        since: Revision,
        wait: Duration,
    ) -> Result<Changed, StoreError> {
        self.memory.changed(page, since, wait).await
    }
}

fn unavailable(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> StoreError {
    StoreError::Unavailable(error.into())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os()
        .nth(1)
        .ok_or("say where the journal is to lie")?;
    let store = JournalStore::open(path.as_ref()).await?;
    let contact = ContactKey::new(PageId::new("1")?, Psid::new("ada")?);
    let query = MessageQuery::new(contact.clone());
    let count = store.messages(&query).await?.rows.len();
    let id = EntryId::of_message(&Mid::new(format!("m_{count}"))?);
    let (at, text) = (
        std::time::SystemTime::now().into(),
        format!("hello for time {count}"),
    );
    let entry = Entry::new(id, at, Source::Webhook, Content::text(text));
    store.apply(&[Change::received(contact, entry)]).await?;
    for message in store.messages(&query).await?.rows {
        println!(
            "{} {}",
            message.at.as_millis(),
            message.content.text.unwrap_or_default()
        );
    }
    Ok(())
}
