//! Rows that the writer keeps from one commit to the next.

use std::collections::{BTreeMap, HashMap};

use rusqlite::Connection;

use super::{connection::failed, contacts::Stored, read::prepare};
use crate::{
    id::PageId,
    model::{ContactKey, Revision},
    store::StoreError,
};

/// Rows of the file as they are: who writes once soon writes again.
#[derive(Default)]
pub(super) struct Cache {
    pub(super) pages: BTreeMap<PageId, Page>,
    contacts: HashMap<ContactKey, Stored>,
    /// The customer who was used last: mostly it is the same again.
    current: Option<(ContactKey, Stored)>,
    /// SQLite's version of the file; the commits of others change it.
    version: Option<i64>,
}

impl Cache {
    /// About 20 MB.
    const MAX_CONTACTS: usize = 16_384;

    /// The cache as far as it still holds, inside a transaction beside which nobody else can write.
    pub(super) fn refreshed(mut self, connection: &Connection) -> Result<Self, StoreError> {
        let version = prepare(connection, "PRAGMA data_version")
            .and_then(|mut sql| sql.query_row([], |row| row.get(0)).map_err(failed))?;
        if self.version != Some(version) || self.contacts.len() > Self::MAX_CONTACTS {
            self = Self::default();
            self.version = Some(version);
        }
        Ok(self)
    }

    /// Makes a customer the current one, if they are cached.
    pub(super) fn make_current(&mut self, key: &ContactKey) -> bool {
        if self.current.as_ref().is_none_or(|(last, _)| last != key) {
            let Some(found) = self.contacts.remove_entry(key) else {
                return false;
            };
            self.contacts.extend(self.current.replace(found));
        }
        true
    }

    /// Caches a customer, and makes them the current one.
    pub(super) fn put(&mut self, key: ContactKey, stored: Stored) {
        self.contacts.extend(self.current.replace((key, stored)));
    }

    /// Drops customers who have no row.
    pub(super) fn forget_strangers(&mut self) {
        self.contacts.retain(|_, stored| !stored.is_stranger());
        self.current.take_if(|(_, stored)| stored.is_stranger());
    }

    pub(super) fn current(&mut self) -> Option<&mut Stored> {
        self.current.as_mut().map(|(_, stored)| stored)
    }
}

pub(super) struct Page {
    pub(super) number: i64,
    pub(super) revision: Revision,
    /// The revision that removed a customer, if this transaction did.
    pub(super) removed: Option<Revision>,
    /// The call of this transaction that has given it a revision, if one did.
    pub(super) bumped_in: Option<u32>,
    pub(super) is_changed: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        change::Change,
        id::Psid,
        model::{Contact, Content, Entry, EntryId, Source},
        store::{ContactStore, SqliteStore},
        time::Timestamp,
    };

    fn ada() -> ContactKey {
        ContactKey::new(PageId::new("1").unwrap(), Psid::new("ada").unwrap())
    }

    fn received(id: &str) -> Change {
        let at = Timestamp::from_millis(1_700_000_000_000);
        let (id, content) = (EntryId::from_text(id.to_owned()), Content::text("hello"));
        let entry = Entry::new(id, at, Source::Webhook, content);
        Change::received(ada(), entry)
    }

    async fn person(store: &SqliteStore) -> Contact {
        store.contact(&ada()).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn i19_commits_of_others_are_seen() {
        let name = format!("messenger-crm-cached-{}.db", std::process::id());
        let file = std::env::temp_dir().join(name);
        let store = SqliteStore::open(&file).unwrap();
        store.apply(&[received("m1")]).await.unwrap();
        let other = SqliteStore::open(&file).unwrap();
        other.apply(&[received("m2")]).await.unwrap();
        store.apply(&[received("m3")]).await.unwrap();
        let mut host = Connection::open(&file).unwrap();
        let mut transaction = host.transaction().unwrap();
        SqliteStore::apply_in(&mut transaction, &[received("m4")]).unwrap();
        transaction.commit().unwrap();
        store.apply(&[received("m5")]).await.unwrap();
        other.apply(&[received("m6")]).await.unwrap();
        let found = person(&store).await;
        assert_eq!((found.unread, found.revision), (6, Revision::new(6)));
        drop(host);
        other.close().await.unwrap();
        store.close().await.unwrap();
        std::fs::remove_file(&file).unwrap();
    }

    #[tokio::test]
    async fn s2_what_was_rolled_back_is_not_cached() {
        let name = format!("messenger-crm-forgotten-{}.db", std::process::id());
        let file = std::env::temp_dir().join(name);
        let store = SqliteStore::open(&file).unwrap();
        let trigger = "CREATE TRIGGER no_poison BEFORE INSERT ON message WHEN new.id = 'poison'
                       BEGIN SELECT raise(ABORT, 'poison'); END";
        Connection::open(&file)
            .unwrap()
            .execute_batch(trigger)
            .unwrap();
        store.apply(&[received("m1")]).await.unwrap();
        let refused = store.apply(&[received("m2"), received("poison")]).await;
        assert!(
            matches!(refused, Err(StoreError::Refused(_))),
            "{refused:?}"
        );
        store.apply(&[received("m3")]).await.unwrap();
        let found = person(&store).await;
        assert_eq!((found.unread, found.revision), (2, Revision::new(2)));
        store.close().await.unwrap();
        std::fs::remove_file(&file).unwrap();
    }
}
