//! Creation of the schema: whole or not at all.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{connection::failed, read::one};
use crate::store::{StoreError, search_text};

/// The schema of this program.
pub(super) const SCHEMA: i64 = 1;

/// Creates the tables in a new file. Two processes that do so wait for each other.
///
/// Whether there is a search index is decided then; it is returned.
pub(super) fn migrate(connection: &mut Connection, with_search: bool) -> Result<bool, StoreError> {
    // A file that is in order is not written to, so that it can be opened while another writes.
    if version(connection)? == SCHEMA {
        return has_search(connection);
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(failed)?;
    match version(&transaction)? {
        0 => create(&transaction, with_search)?,
        // Another process was faster.
        SCHEMA => {
            drop(transaction);
            return has_search(connection);
        }
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
    transaction.commit().map_err(failed)?;
    has_search(connection)
}

/// Whether the file has a search index. Another version of it would find other things.
pub(super) fn has_search(connection: &Connection) -> Result<bool, StoreError> {
    let sql = "SELECT value FROM setting WHERE name = 'search'";
    let found: Option<i64> = one(connection, sql, [], |row| row.get(0).map_err(failed))?;
    let (found, known) = (found.unwrap_or(0), search_text::VERSION);
    if found > known {
        return Err(StoreError::TooNew { found, known });
    }
    Ok(found == known)
}

fn version(connection: &Connection) -> Result<i64, StoreError> {
    connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed)
}

fn create(transaction: &Transaction<'_>, with_search: bool) -> Result<(), StoreError> {
    transaction
        .execute_batch(include_str!("schema.sql"))
        .map_err(failed)?;
    let version = if with_search { search_text::VERSION } else { 0 };
    let sql = "INSERT INTO setting (name, value) VALUES ('search', ?1)";
    transaction.execute(sql, [version]).map_err(failed)?;
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
