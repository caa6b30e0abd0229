//! The contract, run against the library's own stores and against one broken store for each clause.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;

use messenger_crm::store::conformance::POISON;
use messenger_crm::store::{ContactStore, MemoryStore, SqliteStore, StoreError};

use crate::store::{ada, received, talk};
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

mod behind_dyn {
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

mod sqlite_behind_dyn {
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

mod journal {
    use super::*;

    messenger_crm::contact_store_conformance! {
        #[tokio::test]
        async |folder: &Path| JournalStore::open(&folder.join("journal")).await.unwrap(),
        without: [bounded],
    }
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
