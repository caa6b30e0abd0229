//! The schema, and how older files come to it: forward only, each step whole or not at all.

use rusqlite::{Connection, Row, Transaction, TransactionBehavior};

use super::{
    columns::{self, CONTACT, MESSAGE},
    connection::failed,
    first,
    search::{self, TEXTS},
};
use crate::store::StoreError;

/// The schema of this program.
pub(super) const SCHEMA: i64 = 3;

/// Brings the file to the schema of this program. Two processes that do so wait for each other.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    // A file that is in order is not written to, so that it can be opened while another writes.
    if version(connection)? == SCHEMA {
        return Ok(());
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    match version(&transaction)? {
        0 => create(&transaction)?,
        1 => first::migrate(&transaction)?,
        2 => reindex(&transaction)?,
        // Another process was faster.
        SCHEMA => return Ok(()),
        found => {
            return Err(StoreError::TooNew {
                found,
                known: SCHEMA,
            });
        }
    }
    transaction
        .pragma_update(None, "user_version", SCHEMA)
        .map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn version(connection: &Connection) -> Result<i64, StoreError> {
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed)
}

pub(super) fn create(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction
        .execute_batch(include_str!("schema.sql"))
        .map_err(failed)?;
    create_grams(transaction)
}

fn create_grams(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction
        .execute_batch(include_str!("grams.sql"))
        .map_err(failed)?;
    // Or what was erased would lie in the index until FTS5 comes to merge it. SQLite knows it
    // since 3.42; an older one says so, and merges when something is erased.
    for table in ["text_gram", "name_gram"] {
        let sql = format!("INSERT INTO {table} ({table}, rank) VALUES ('secure-delete', 1)");
        if rusqlite::version_number() >= 3_042_000 {
            transaction.execute(&sql, []).map_err(failed)?;
        }
    }
    Ok(())
}

/// The second schema went by other grams.
fn reindex(transaction: &Transaction<'_>) -> Result<(), StoreError> {
    transaction
        .execute_batch("DROP TABLE text_gram; DROP TABLE name_gram;")
        .map_err(failed)?;
    create_grams(transaction)?;
    let messages = format!(
        "SELECT {MESSAGE}, doc, page_no FROM found CROSS JOIN message USING (contact_no, at, tie)
         CROSS JOIN contact USING (contact_no) ORDER BY doc"
    );
    each(transaction, &messages, |row| {
        let text = columns::entry(row)?.searchable();
        let [doc, page_no] = ["doc", "page_no"].map(|name| row.get(name).map_err(failed));
        TEXTS.insert(transaction, doc?, page_no?, &text)
    })?;
    let contacts = format!("SELECT {CONTACT}, page_no FROM contact ORDER BY contact_no");
    each(transaction, &contacts, |row| {
        let (number, _, contact) = columns::contact(row)?;
        let page_no = row.get("page_no").map_err(failed)?;
        search::put_names(transaction, page_no, number, "", &contact.searchable())
    })
}

/// One row after the other, however many there are.
fn each(
    transaction: &Transaction<'_>,
    sql: &str,
    mut then: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut statement = transaction.prepare(sql).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        then(row)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        change::{Change, ProfileResponse},
        id::{PageId, Psid},
        model::{ContactKey, Content, Entry, EntryId, Profile, Source},
        store::{ContactQuery, ContactStore, MessageQuery, SqliteStore},
        time::Timestamp,
    };

    #[tokio::test]
    async fn s17_the_index_of_the_second_schema_is_made_anew() {
        let name = format!("messenger-crm-second-{}.db", std::process::id());
        let file = std::env::temp_dir().join(name);
        let page = PageId::new("1").unwrap();
        let contact = ContactKey::new(page.clone(), Psid::new("ada").unwrap());
        let at = Timestamp::from_millis(1_700_000_000_000);
        let entry = |id: &str, text| {
            let id = EntryId::from_text(id.to_owned());
            let entry = Entry::new(id, at, Source::Webhook, Content::text(text));
            Change::Received {
                contact: contact.clone(),
                entry,
            }
        };
        let profile = Profile {
            name: Some("王小明".into()),
            ..Profile::default()
        };
        let named = Change::Profile {
            contact: contact.clone(),
            fetched_at: at,
            response: ProfileResponse::Known {
                profile,
                picture: None,
            },
            due: None,
        };
        let store = SqliteStore::open(&file).unwrap();
        let told = [
            entry("m1", "Oolong?"),
            entry("m2", ""),
            entry("m3", "50 %"),
            named,
        ];
        store.apply(&told).await.unwrap();
        store.close().await.unwrap();
        let older = Connection::open(&file).unwrap();
        older
            .execute_batch(
                "DROP TABLE text_gram; DROP TABLE name_gram; PRAGMA user_version = 2;
                 CREATE VIRTUAL TABLE text_gram USING fts5 (grams, content = '', detail = none, tokenize = 'ascii');
                 CREATE VIRTUAL TABLE name_gram USING fts5 (grams, content = '', detail = none, tokenize = 'ascii');
                 INSERT INTO text_gram (rowid, grams) SELECT doc, 'p1 g6fx6fx' FROM found;",
            )
            .unwrap();
        drop(older);

        let store = SqliteStore::open(&file).unwrap();
        for (text, expected) in [("OOLONG", 1), ("ng", 1), ("%", 1), ("o", 1), ("x", 0)] {
            let query = MessageQuery::search(page.clone(), text);
            let found = store.messages(&query).await.unwrap().rows.len();
            assert_eq!(found, expected, "{text}");
        }
        for (text, expected) in [("小明", 1), ("王小明", 1), ("王明", 0)] {
            let query = ContactQuery::new(page.clone()).with_name(text);
            let found = store.contacts(&query).await.unwrap().rows.len();
            assert_eq!(found, expected, "{text}");
        }
        store.check().await.unwrap();
        store.close().await.unwrap();
        std::fs::remove_file(&file).unwrap();
    }
}
