//! SQLite: the store, and the bare driver on the same tables.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use messenger_crm::model::EntryId;
use messenger_crm::store::{SqliteStore, fold::EntryRow, search_text};
use rusqlite::{Connection, params};

use crate::world::{Bare, Database, Event, Outcome, PAGE, contact};

/// SQLite, a file for each database.
pub(crate) struct Sqlite {
    folder: PathBuf,
}

impl Sqlite {
    pub(crate) fn new(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
        }
    }
}

impl Database for Sqlite {
    type Store = SqliteStore;
    type Bare = Driver;
    type Plain = Plain;

    fn store(&self, name: &str) -> Outcome<SqliteStore> {
        Ok(SqliteStore::open(self.folder.join(name))?)
    }

    fn commits(&self, store: &SqliteStore) -> u64 {
        store.commits()
    }

    fn bare(&self, name: &str) -> Outcome<Driver> {
        Driver::open(&self.folder.join(name))
    }

    fn plain(&self, name: &str) -> Outcome<Plain> {
        let connection = connection(&self.folder.join(name))?;
        connection.execute_batch(
            "CREATE TABLE contact (psid TEXT PRIMARY KEY, last_at INTEGER NOT NULL, unread INTEGER NOT NULL) WITHOUT ROWID;
             CREATE INDEX inbox ON contact (last_at);
             CREATE TABLE message (psid TEXT NOT NULL, at INTEGER NOT NULL, mid TEXT NOT NULL, text TEXT,
             PRIMARY KEY (psid, at, mid)) WITHOUT ROWID",
        )?;
        Ok(Plain(connection))
    }

    fn compare(&self, store: &str, bare: &str) -> Outcome {
        let connection = Connection::open(self.folder.join(store))?;
        let bare = self.folder.join(bare);
        connection.execute("ATTACH ?1 AS bare", [bare.to_string_lossy()])?;
        // The terms of the search index, each with the number of its documents.
        for side in ["main", "bare"] {
            connection.execute_batch(&format!(
                "CREATE VIRTUAL TABLE temp.terms_{side} USING fts5vocab ({side}, text_gram, row)"
            ))?;
        }
        // The order of commits numbers the customers, and gives them their revisions.
        let of_contact = columns(
            &connection,
            "contact",
            &["contact_no", "arrived", "revision"],
        )?;
        let of_message = columns(&connection, "message", &["contact_no"])?;
        for rows in [
            format!("{of_contact} FROM {{}}.contact"),
            format!("psid, {of_message} FROM {{}}.message JOIN {{}}.contact USING (contact_no)"),
            "psid, doc, tie, at FROM {}.document JOIN {}.contact USING (contact_no)".to_owned(),
            "* FROM temp.terms_{}".to_owned(),
            "* FROM {}.page".to_owned(),
            "* FROM {}.setting".to_owned(),
            "(SELECT count(*) FROM {}.label), (SELECT count(*) FROM {}.mark), (SELECT count(*) FROM {}.outgoing),
             (SELECT count(*) FROM {}.work), (SELECT count(*) FROM {}.tombstone), (SELECT count(*) FROM {}.raw_event)"
                .to_owned(),
        ] {
            let [ours, theirs] = ["main", "bare"].map(|side| rows.replace("{}", side));
            let differ: i64 = connection.query_row(
                &format!(
                    "SELECT count(*) FROM (SELECT * FROM (SELECT {ours} EXCEPT SELECT {theirs})
                     UNION ALL SELECT * FROM (SELECT {theirs} EXCEPT SELECT {ours}))"
                ),
                [],
                |row| row.get(0),
            )?;
            if differ > 0 {
                return Err(format!("{differ} rows differ: {rows}").into());
            }
        }
        Ok(())
    }
}

/// The names of a table's columns, but for some.
pub(crate) fn columns(connection: &Connection, table: &str, without: &[&str]) -> Outcome<String> {
    let mut sql = connection.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let names: Vec<String> = sql
        .query_map([table], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let names = names.iter().map(String::as_str);
    let left: Vec<&str> = names.filter(|name| !without.contains(name)).collect();
    Ok(left.join(", "))
}

/// The bucket of an open conversation that nobody is responsible for.
pub(crate) fn bucket(is_unread: bool, is_unanswered: bool) -> i64 {
    3 * i64::from(is_unread) + 6 * i64::from(is_unanswered)
}

/// The beginning of the hash of a customer's key.
pub(crate) fn key_hash(psid: &str) -> Outcome<i64> {
    let hash = contact(psid)?.hash();
    let (first, _) = hash.split_first_chunk().ok_or("a short hash")?;
    Ok(i64::from_be_bytes(*first))
}

/// `kind` of a live message of a customer, from a webhook, that opens the window.
pub(crate) const KIND: i64 = 3 << 2 | 1 << 5 | 1 << 6;

/// A connection with the pragmas of the store.
fn connection(path: &Path) -> Outcome<Connection> {
    let connection = Connection::open(path)?;
    connection.set_prepared_statement_cache_capacity(96);
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON; PRAGMA cache_size = -16384; PRAGMA busy_timeout = 3000;",
    )?;
    Ok(connection)
}

/// The driver on two plain tables.
pub(crate) struct Plain(Connection);

impl Bare for Plain {
    type Row = Event;

    fn row(&self, event: &Event) -> Outcome<Event> {
        Ok(event.clone())
    }

    fn insert(&mut self, rows: &[Event], in_one: usize) -> Outcome {
        for rows in rows.chunks(in_one) {
            let transaction = self.0.transaction()?;
            for row in rows {
                transaction
                    .prepare_cached("INSERT OR IGNORE INTO message VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![row.psid, row.at, row.mid, row.text])?;
                transaction
                    .prepare_cached(
                        "INSERT INTO contact VALUES (?1, ?2, 1)
                         ON CONFLICT (psid) DO UPDATE SET last_at = excluded.last_at, unread = unread + 1",
                    )?
                    .execute(params![row.psid, row.at])?;
            }
            transaction.commit()?;
        }
        Ok(())
    }
}

/// The bare driver.
pub(crate) struct Driver {
    pub(crate) connection: Connection,
    pub(crate) page_no: i64,
    /// Of the customers, so that none has to be looked up.
    numbers: HashMap<String, i64>,
}

/// The rows of one message.
pub(crate) struct Row {
    pub(crate) psid: String,
    pub(crate) mid: String,
    pub(crate) at: i64,
    pub(crate) text: String,
    /// As much of the text as the inbox shows.
    pub(crate) snippet: String,
    pub(crate) tie: i64,
    pub(crate) doc: i64,
    pub(crate) grams: String,
    /// Only where the customer is new.
    key_hash: i64,
}

impl Driver {
    /// A file with the tables and pragmas of the store.
    pub(crate) fn open(path: &Path) -> Outcome<Self> {
        drop(SqliteStore::open(path)?);
        let connection = connection(path)?;
        connection.execute(
            "INSERT INTO page (page, revision, removed) VALUES (?1, 0, 0)",
            [PAGE],
        )?;
        let page_no = connection.last_insert_rowid();
        Ok(Self {
            connection,
            page_no,
            numbers: HashMap::new(),
        })
    }
}

impl Bare for Driver {
    type Row = Row;

    fn row(&self, event: &Event) -> Outcome<Row> {
        let tie = EntryRow::tie(&EntryId::from_text(event.mid.as_str()));
        Ok(Row {
            psid: event.psid.clone(),
            mid: event.mid.clone(),
            at: event.at,
            text: event.text.clone(),
            snippet: event.text.chars().take(60).collect(),
            tie,
            doc: event.at << 20 | tie >> 43,
            grams: tokens(self.page_no, &[&event.text]),
            key_hash: key_hash(&event.psid)?,
        })
    }

    fn insert(&mut self, rows: &[Row], in_one: usize) -> Outcome {
        for rows in rows.chunks(in_one) {
            let transaction = self.connection.transaction()?;
            let revision: i64 = transaction
                .prepare_cached("SELECT revision FROM page WHERE page_no = ?1")?
                .query_row([self.page_no], |row| row.get(0))?;
            for (row, revision) in rows.iter().zip(revision + 1..) {
                let known = self.numbers.get(&row.psid).copied();
                let contact_no = if let Some(contact_no) = known {
                    transaction
                        .prepare_cached(
                            "UPDATE contact SET last_at = ?2, inbound_at = ?2, unread = unread + 1, arrived = ?3,
                             revision = ?3, newest_tie = ?4, newest_text = ?5 WHERE contact_no = ?1",
                        )?
                        .execute(params![contact_no, row.at, revision, row.tie, row.snippet])?;
                    contact_no
                } else {
                    transaction
                        .prepare_cached(
                            "INSERT INTO contact (page_no, psid, key_hash, last_at, first_at, inbound_at, unanswered_since,
                             unread, arrived, revision, bucket, newest_tie, newest_kind, newest_text, profile_due)
                             VALUES (?1, ?2, ?3, ?4, ?4, ?4, ?4, 1, ?5, ?5, ?6, ?7, 0, ?8, 0)",
                        )?
                        .execute(params![
                            self.page_no,
                            row.psid,
                            row.key_hash,
                            row.at,
                            revision,
                            bucket(true, true),
                            row.tie,
                            row.snippet
                        ])?;
                    let contact_no = transaction.last_insert_rowid();
                    self.numbers.insert(row.psid.clone(), contact_no);
                    contact_no
                };
                transaction
                    .prepare_cached(
                        "INSERT INTO message (contact_no, at, tie, id, kind, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    )?
                    .execute(params![contact_no, row.at, row.tie, row.mid, KIND, row.text])?;
                transaction
                    .prepare_cached(
                        "INSERT INTO document (doc, contact_no, tie, at) VALUES (?1, ?2, ?3, ?4)",
                    )?
                    .execute(params![row.doc, contact_no, row.tie, row.at])?;
                transaction
                    .prepare_cached("INSERT INTO text_gram (rowid, grams) VALUES (?1, ?2)")?
                    .execute(params![row.doc, row.grams])?;
            }
            transaction
                .prepare_cached("UPDATE page SET revision = revision + ?2 WHERE page_no = ?1")?
                .execute(params![self.page_no, rows.len() as i64])?;
            transaction.commit()?;
        }
        Ok(())
    }
}

/// The words of the search index, as the store makes them.
pub(crate) fn tokens(page_no: i64, texts: &[&str]) -> String {
    let mut tokens = String::new();
    for gram in search_text::grams(&search_text::fold(texts.iter().copied())) {
        tokens.push_str(&format!("{page_no}p{gram} "));
    }
    tokens
}
