//! Removal of rows that wait for nothing any more, in slices.

use rusqlite::{Connection, params};

use super::{
    columns::{self, CONTACT},
    connection::failed,
    read::all,
    search_index,
    writer::begin,
};
use crate::{store::StoreError, time::Timestamp};

/// Rows that are removed in one commit.
const SLICE: i64 = 500;

/// Removes one slice of rows that have waited since before a time, and returns how many.
pub(super) fn sweep(connection: &mut Connection, before: Timestamp) -> Result<u64, StoreError> {
    let transaction = begin(connection)?;
    let before = before.as_millis();
    let mut removed = 0;
    for sql in [
        "DELETE FROM raw_event WHERE raw_event_no IN (
             SELECT raw_event_no FROM page JOIN raw_event USING (page_no) WHERE at < ?1
             UNION ALL SELECT raw_event_no FROM raw_event WHERE page_no = 0 AND at < ?1 LIMIT ?2)",
        "DELETE FROM mark WHERE (contact_no, tie, id) IN (SELECT contact_no, tie, id FROM mark WHERE at < ?1 LIMIT ?2)",
    ] {
        removed += transaction
            .execute(sql, params![before, SLICE])
            .map_err(failed)?;
    }
    // A customer whose messages have expired keeps that cut, and what else is known.
    let none = |table: &str| {
        format!(
            "AND NOT EXISTS (SELECT 1 FROM {table} WHERE {table}.contact_no = contact.contact_no)"
        )
    };
    let none: String = ["mark", "message", "outgoing", "picture", "work"]
        .map(none)
        .concat();
    let sql = format!(
        "SELECT {}, contact.page_no FROM contact WHERE last_at IS NULL AND expired IS NULL AND erasing IS NULL
         AND labels IS NULL AND coalesce(opened_at, 0) < ?1 AND coalesce(delivered, 0) < ?1 AND coalesce(read, 0) < ?1
         AND coalesce(asked_at, 0) < ?1 {none} LIMIT ?2",
        *CONTACT
    );
    let hidden = all(&transaction, &sql, params![before, SLICE], |row| {
        let page_no: i64 = row.get("page_no").map_err(failed)?;
        let (number, _, contact) = columns::contact(row)?;
        Ok((page_no, number, contact.searchable()))
    })?;
    removed += hidden.len();
    for (page_no, number, names) in hidden {
        search_index::put_names(&transaction, page_no, number, &names, "")?;
        let sql = "DELETE FROM contact WHERE contact_no = ?1";
        transaction.execute(sql, [number]).map_err(failed)?;
    }
    transaction.commit().map_err(failed)?;
    Ok(removed as u64)
}
