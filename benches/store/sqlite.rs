//! SQLite: the store, and the driver alone on the same tables.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use messenger_crm::model::EntryId;
use messenger_crm::store::{SqliteStore, fold::EntryRow, grams};
use rusqlite::{Connection, params};

use crate::world::{Bare, Database, Event, Outcome, PAGE};

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

    fn store(&self, name: &str) -> Outcome<SqliteStore> {
        Ok(SqliteStore::open(self.folder.join(name))?)
    }

    fn commits(&self, store: &SqliteStore) -> u64 {
        store.commits()
    }

    fn bare(&self, name: &str) -> Outcome<Driver> {
        Driver::open(&self.folder.join(name))
    }

    fn compare(&self, store: &str, bare: &str) -> Outcome {
        let connection = Connection::open(self.folder.join(store))?;
        let bare = self.folder.join(bare);
        connection.execute("ATTACH ?1 AS bare", [bare.to_string_lossy()])?;
        for rows in [
            "psid, last_at, first_at, inbound_at, unread, newest_at, newest_tie, newest_kind, newest_text, profile_due
             FROM {}.contact",
            "psid, at, tie, id, kind, text, more, marks FROM {}.message JOIN {}.contact USING (contact_no)",
            "doc, tie, at FROM {}.found",
            "revision FROM {}.page",
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

/// The driver alone.
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
}

impl Driver {
    /// A file with the tables and pragmas of the store.
    pub(crate) fn open(path: &Path) -> Outcome<Self> {
        drop(SqliteStore::open(path)?);
        let connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(96);
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;
             PRAGMA cache_size = -16384; PRAGMA busy_timeout = 3000;",
        )?;
        connection.execute(
            "INSERT INTO page (page, revision, gone) VALUES (?1, 0, 0)",
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

    fn row(&self, event: &Event) -> Row {
        let tie = EntryRow::tie(&EntryId::from_text(event.mid.as_str()));
        Row {
            psid: event.psid.clone(),
            mid: event.mid.clone(),
            at: event.at,
            text: event.text.clone(),
            snippet: event.text.chars().take(60).collect(),
            tie,
            doc: event.at << 20 | tie & 0xf_ffff,
            grams: tokens(self.page_no, &[&event.text], grams::OF_TEXT),
        }
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
                            "INSERT INTO contact (page_no, psid, last_at, first_at, inbound_at, unread, arrived, revision,
                             newest_tie, newest_kind, newest_text, profile_due)
                             VALUES (?1, ?2, ?3, ?3, ?3, 1, ?4, ?4, ?5, 0, ?6, ?3)",
                        )?
                        .execute(params![
                            self.page_no,
                            row.psid,
                            row.at,
                            revision,
                            row.tie,
                            row.snippet
                        ])?;
                    let contact_no = transaction.last_insert_rowid();
                    self.numbers.insert(row.psid.clone(), contact_no);
                    contact_no
                };
                transaction
                    .prepare_cached(
                        "INSERT INTO message (contact_no, at, tie, id, kind, text) VALUES (?1, ?2, ?3, ?4, 6, ?5)",
                    )?
                    .execute(params![contact_no, row.at, row.tie, row.mid, row.text])?;
                transaction
                    .prepare_cached(
                        "INSERT INTO found (doc, contact_no, tie, at) VALUES (?1, ?2, ?3, ?4)",
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
pub(crate) fn tokens(page_no: i64, texts: &[&str], longest: usize) -> String {
    let mut tokens = String::new();
    for gram in grams::grams(&grams::fold(texts.iter().copied()), longest) {
        tokens.push_str(&format!("{page_no}p{gram} "));
    }
    tokens
}
