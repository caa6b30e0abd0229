//! A large SQLite file, filled without the store: one by one it would take hours.

use std::{fs::File, path::Path};

use messenger_crm::store::SqliteStore;
use rusqlite::params;
use tokio::runtime::Runtime;

use crate::{
    sqlite::{Driver, KIND, bucket, key_hash, tokens},
    world::{Bare, Outcome, World, at, decide, is_unanswered, is_unread, name},
};

/// A store with a whole world in it. It was not asked to put the messages there; what the team
/// decided it was.
pub(crate) fn filled(runtime: &Runtime, path: &Path, world: World) -> Outcome<SqliteStore> {
    let driver = Driver::open(path)?;
    driver.connection.execute_batch(
        "PRAGMA synchronous = OFF; PRAGMA cache_size = -262144;
         INSERT INTO text_gram (text_gram, rank) VALUES ('hashsize', 67108864);
         INSERT INTO name_gram (name_gram, rank) VALUES ('hashsize', 67108864);",
    )?;
    let turns = world.messages / world.customers;
    for part in parts(world.customers) {
        driver.connection.execute_batch("BEGIN")?;
        for customer in part {
            driver.customer(&world, customer, turns)?;
        }
        driver.connection.execute_batch("COMMIT")?;
    }
    driver.connection.execute(
        "UPDATE page SET revision = ?2 WHERE page_no = ?1",
        params![driver.page_no, world.messages as i64],
    )?;
    // In the order of time, as they come: FTS5 is slow in any other.
    for part in parts(world.messages) {
        driver.connection.execute_batch("BEGIN")?;
        for number in part {
            let row = driver.row(&world.event(number))?;
            driver
                .connection
                .prepare_cached(
                    "INSERT INTO document (doc, contact_no, tie, at) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![
                    row.doc,
                    world.writer(number) as i64 + 1,
                    row.tie,
                    row.at
                ])?;
            driver
                .connection
                .prepare_cached("INSERT INTO text_gram (rowid, grams) VALUES (?1, ?2)")?
                .execute(params![row.doc, row.grams])?;
        }
        driver.connection.execute_batch("COMMIT")?;
    }
    driver.connection.execute_batch(
        "INSERT INTO text_gram (text_gram, rank) VALUES ('hashsize', 1048576);
             INSERT INTO name_gram (name_gram, rank) VALUES ('hashsize', 1048576);",
    )?;
    drop(driver);
    // On the disk before anything is measured, or it would be written meanwhile.
    File::open(path)?.sync_all()?;
    let store = SqliteStore::open(path)?;
    decide(runtime, &store, world)?;
    Ok(store)
}

impl Driver {
    /// A customer and all that they wrote.
    fn customer(&self, world: &World, customer: u64, turns: u64) -> Outcome {
        let contact_no = customer as i64 + 1;
        for turn in 0..turns {
            let row = self.row(&world.event(world.number(customer, turn)))?;
            self.connection
                .prepare_cached(
                    "INSERT INTO message (contact_no, at, tie, id, kind, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![contact_no, row.at, row.tie, row.mid, KIND, row.text])?;
        }
        let last = world.number(customer, turns - 1);
        let row = self.row(&world.event(last))?;
        let first_at = at(world.number(customer, 0));
        let (unread, unanswered) = (is_unread(customer), is_unanswered(customer));
        // A customer who does not wait was answered at once.
        let (since, replied) = if unanswered {
            (Some(row.at), None)
        } else {
            (None, Some(row.at))
        };
        let (first, family) = name(customer);
        let full = format!("{first} {family}");
        let grams = tokens(self.page_no, &[&full, first, &family]);
        self.connection
            .prepare_cached("INSERT INTO name_gram (rowid, grams) VALUES (?1, ?2)")?
            .execute(params![contact_no, grams])?;
        self.connection
            .prepare_cached(
                "INSERT INTO contact (contact_no, page_no, psid, key_hash, last_at, first_at, inbound_at, unanswered_since,
                 replied_at, unread, bucket, arrived, revision, newest_tie, newest_kind, newest_text, asked_at, name,
                 first_name, last_name)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?5, ?7, ?8, ?9, ?10, ?11, ?11, ?12, 0, ?13, ?6, ?14, ?15, ?16)",
            )?
            .execute(params![
                contact_no,
                self.page_no,
                row.psid,
                key_hash(&row.psid)?,
                row.at,
                first_at,
                since,
                replied,
                i64::from(unread),
                bucket(unread, unanswered),
                last as i64 + 1,
                row.tie,
                row.snippet,
                full,
                first,
                family
            ])?;
        Ok(())
    }
}

/// In transactions that are worth their commit.
fn parts(end: u64) -> impl Iterator<Item = std::ops::Range<u64>> {
    const PART: u64 = 100_000;
    (0..end.div_ceil(PART)).map(move |part| part * PART..end.min((part + 1) * PART))
}
