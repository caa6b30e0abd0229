//! The contract, run against the library's own stores and against one broken store for each clause.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use messenger_crm::change::Applied;
use messenger_crm::store::conformance::{self, POISON};
use messenger_crm::store::{
    ContactQuery, ContactStore, MemoryStore, MessageQuery, MessageStart, SqliteStore, StoreError,
};

use crate::store::{ada, contact, received, talk};
use crate::util::Folder;
use custom_store::JournalStore;

mod memory {
    use super::*;

    messenger_crm::contact_store_conformance! {
        #[tokio::test]
        async |_: &Path| MemoryStore::new(),
        without: [bounded, durable],
    }
}

mod s28_behind_dyn {
    use super::*;

    messenger_crm::contact_store_conformance! {
        #[tokio::test]
        async |_: &Path| Arc::new(MemoryStore::new()) as Arc<dyn ContactStore>,
        without: [bounded, durable],
    }
}

mod sqlite {
    use super::*;

    messenger_crm::contact_store_conformance! {
        #[tokio::test]
        async |folder: &Path| sqlite(folder),
        visited: |store: &SqliteStore| store.steps(),
    }
}

mod s28_sqlite_behind_dyn {
    use super::*;

    messenger_crm::contact_store_conformance! {
        #[tokio::test]
        async |folder: &Path| Arc::new(sqlite(folder)) as Arc<dyn ContactStore>,
        without: [bounded],
    }
}

#[allow(dead_code)]
#[path = "../../examples/custom_store.rs"]
mod custom_store;

/// What a host wrote who knows the trait and nothing else.
mod s28_journal {
    use super::*;

    messenger_crm::contact_store_conformance! {
        #[tokio::test]
        async |folder: &Path| JournalStore::open(&folder.join("journal")).await.unwrap(),
        without: [bounded],
    }
}

#[tokio::test]
async fn s10_sql_in_every_text_is_stored_literally_and_a_cursor_of_it_is_no_cursor() {
    conformance::faithful(async |_: &Path| MemoryStore::new()).await;
    conformance::faithful(async |folder: &Path| sqlite(folder)).await;

    let folder = Folder::new();
    let store = sqlite(folder.path());
    store
        .apply(&[received(&ada(), "m1", 1, "Hello")])
        .await
        .unwrap();
    let sql = || "0 OR 1); DROP TABLE message; --".to_owned();
    let messages = MessageQuery::new(ada()).with_start(MessageStart::OlderThan(sql()));
    let error = store.messages(&messages).await.unwrap_err();
    assert!(matches!(error, StoreError::InvalidQuery(_)), "{error}");
    let mut contacts = ContactQuery::new(ada().page);
    contacts.after = Some(sql());
    let error = store.contacts(&contacts).await.unwrap_err();
    assert!(matches!(error, StoreError::InvalidQuery(_)), "{error}");
    assert_eq!(talk(&store, &ada()).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s28_any_store_is_shared_by_many_tasks_behind_dyn() {
    let folder = Folder::new();
    let journal = JournalStore::open(&folder.path().join("journal")).await;
    let stores: [Arc<dyn ContactStore>; 3] = [
        Arc::new(MemoryStore::new()),
        Arc::new(sqlite(folder.path())),
        Arc::new(journal.unwrap()),
    ];
    for store in stores {
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let store = store.clone();
            let change = received(&ada(), "m1", 1, "Hello");
            tasks.spawn(async move { store.apply(&[change]).await.unwrap() });
        }
        let answers = tasks.join_all().await;
        let new = answers
            .iter()
            .filter(|answer| matches!(answer[..], [Applied::New { .. }]));
        assert_eq!(new.count(), 1, "{store:?}");
        assert_eq!(talk(&store, &ada()).await.len(), 1);
    }
}

#[tokio::test]
async fn s30_random_changes_show_the_same_in_every_store_as_in_the_model() {
    conformance::like_the_model(async |folder: &Path| sqlite(folder)).await;
    conformance::like_the_model(async |folder: &Path| {
        JournalStore::open(&folder.join("journal")).await.unwrap()
    })
    .await;
}

#[tokio::test]
async fn a_torn_tail_of_the_journal_is_cut_at_open_and_damage_is_not() {
    let folder = Folder::new();
    let path = folder.path().join("journal");
    let change = |mid: &str| received(&ada(), mid, 1, "Hello");
    let store = JournalStore::open(&path).await.unwrap();
    store.apply(&[change("m1")]).await.unwrap();
    store.apply(&[change("m2")]).await.unwrap();
    drop(store);
    let whole = std::fs::read(&path).unwrap();
    let first = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for torn in first..whole.len() {
        std::fs::write(&path, &whole[..torn]).unwrap();
        let store = JournalStore::open(&path).await.unwrap();
        assert_eq!(talk(&store, &ada()).await.len(), 1, "torn at {torn}");
        assert_eq!(std::fs::read(&path).unwrap(), whole[..first]);
        store.apply(&[change("m2")]).await.unwrap();
        drop(store);
        let store = JournalStore::open(&path).await.unwrap();
        assert_eq!(talk(&store, &ada()).await.len(), 2, "torn at {torn}");
    }
    let mut damaged = whole.clone();
    damaged[0] = b'?';
    std::fs::write(&path, &damaged).unwrap();
    let error = JournalStore::open(&path).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), damaged);
}

#[tokio::test]
async fn r18_a_call_that_is_refused_is_not_in_the_journal() {
    let folder = Folder::new();
    let path = folder.path().join("journal");
    let store = JournalStore::open(&path).await.unwrap();
    let good = received(&ada(), "m1", 1, "Hello");
    store.apply(std::slice::from_ref(&good)).await.unwrap();
    let both = [good, received(&contact("2", "ada"), "m2", 1, "Hello")];
    let error = store.apply(&both).await;
    assert!(matches!(error, Err(StoreError::Refused(_))), "{error:?}");
    drop(store);
    let store = JournalStore::open(&path).await.unwrap();
    assert_eq!(talk(&store, &ada()).await.len(), 1);
}

/// A store whose database refuses the poison.
pub(crate) fn sqlite(folder: &Path) -> SqliteStore {
    let file = folder.join("store.db");
    let store = SqliteStore::open(&file).unwrap();
    let database = rusqlite::Connection::open(&file).unwrap();
    let trigger = format!(
        "CREATE TRIGGER IF NOT EXISTS poison BEFORE INSERT ON message WHEN NEW.text = '{POISON}'
         BEGIN SELECT RAISE(ABORT, 'it is poison'); END"
    );
    database.execute_batch(&trigger).unwrap();
    store
}
