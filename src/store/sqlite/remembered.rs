//! What the writer need not look up again.

use std::collections::HashMap;

use rusqlite::Connection;

use super::{connection::failed, contacts::Stored, read::prepare};
use crate::{
    id::PageId,
    model::{ContactKey, Revision},
    store::StoreError,
};

/// What is known of the file from one commit to the next: who writes once soon writes again.
#[derive(Default)]
pub(super) struct Remembered {
    pub(super) pages: HashMap<PageId, Page>,
    contacts: HashMap<ContactKey, Stored>,
    /// The customer who was asked for last: mostly it is the same again.
    at_hand: Option<(ContactKey, Stored)>,
    /// What SQLite calls the file as it was left; the commits of others change it.
    version: Option<i64>,
}

impl Remembered {
    /// About 10 MB.
    const MAX_CONTACTS: usize = 16_384;

    /// Inside a transaction that nobody else can write beside: what of it still holds.
    pub(super) fn refreshed(mut self, connection: &Connection) -> Result<Self, StoreError> {
        let version = prepare(connection, "PRAGMA data_version")
            .and_then(|mut sql| sql.query_row([], |row| row.get(0)).map_err(failed))?;
        if self.version != Some(version) || self.contacts.len() > Self::MAX_CONTACTS {
            self = Self::default();
            self.version = Some(version);
        }
        Ok(self)
    }

    /// Takes this customer into the hand, if they are known.
    pub(super) fn has_at_hand(&mut self, key: &ContactKey) -> bool {
        if self.at_hand.as_ref().is_none_or(|(last, _)| last != key) {
            let Some(found) = self.contacts.remove_entry(key) else {
                return false;
            };
            self.contacts.extend(self.at_hand.replace(found));
        }
        true
    }

    /// Takes a customer into the hand who was not known.
    pub(super) fn put(&mut self, key: ContactKey, stored: Stored) {
        self.contacts.extend(self.at_hand.replace((key, stored)));
    }

    pub(super) fn at_hand(&mut self) -> Option<&mut Stored> {
        self.at_hand.as_mut().map(|(_, stored)| stored)
    }
}

pub(super) struct Page {
    pub(super) number: i64,
    pub(super) revision: Revision,
    /// The revision that took a customer away, if this transaction did.
    pub(super) gone: Option<Revision>,
    pub(super) is_bumped: bool,
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
        Change::Received {
            contact: ada(),
            entry,
        }
    }

    async fn person(store: &SqliteStore) -> Contact {
        store.contact(&ada()).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn i19_what_others_commit_is_not_overlooked() {
        let name = format!("messenger-crm-remembered-{}.db", std::process::id());
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
    async fn s2_what_was_rolled_back_is_not_remembered() {
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
