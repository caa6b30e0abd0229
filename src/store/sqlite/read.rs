//! Reading rows, inside a transaction that writes or one that does not.

use std::cell::Cell;

use rusqlite::{CachedStatement, Connection, Params, Row, Statement, StatementStatus};

use super::{
    columns::{self, MARK, MESSAGE, OUTGOING},
    connection::failed,
};
use crate::{
    id::PageId,
    model::Revision,
    store::{
        StoreError,
        fold::{Conversation, FieldRow, OutgoingRow},
    },
    time::Timestamp,
};

/// The number of a Page, and its revision.
pub(super) fn find_page(
    connection: &Connection,
    page: &PageId,
) -> Result<Option<(i64, Revision)>, StoreError> {
    let sql = "SELECT page_no, revision FROM page WHERE page = ?1";
    let found = all(connection, sql, [page.as_str()], |row| {
        let revision: i64 = row.get(1).map_err(failed)?;
        let revision = Revision::new(revision.cast_unsigned());
        Ok((row.get(0).map_err(failed)?, revision))
    })?;
    Ok(found.into_iter().next())
}

/// The earliest answer that is due at all.
pub(super) fn head(
    connection: &Connection,
    number: i64,
) -> Result<Option<OutgoingRow>, StoreError> {
    let sql = format!(
        "SELECT {OUTGOING} FROM outgoing WHERE contact_no = ?1 AND due IS NOT NULL ORDER BY at, key LIMIT 1"
    );
    Ok(all(connection, &sql, [number], columns::outgoing)?.pop())
}

/// Everything of a conversation.
pub(super) fn conversation(
    connection: &Connection,
    number: i64,
) -> Result<Conversation, StoreError> {
    let mut conversation = Conversation::default();
    let messages = format!("SELECT {MESSAGE} FROM message WHERE contact_no = ?1");
    conversation.entries = all(connection, &messages, [number], columns::entry)?;
    let marks = format!("SELECT {MARK} FROM mark WHERE contact_no = ?1");
    let marks = all(connection, &marks, [number], columns::entry)?;
    conversation.entries.extend(marks);
    let answers = format!("SELECT {OUTGOING} FROM outgoing WHERE contact_no = ?1");
    conversation.outgoing = all(connection, &answers, [number], columns::outgoing)?;
    let fields = "SELECT name, at, value FROM field WHERE contact_no = ?1";
    conversation.fields = all(connection, fields, [number], field)?;
    Ok(conversation)
}

pub(super) fn field(row: &Row<'_>) -> Result<(String, FieldRow), StoreError> {
    let name = row.get(0).map_err(failed)?;
    let at = Timestamp::from_millis(row.get(1).map_err(failed)?);
    Ok((name, FieldRow::new(at, row.get(2).map_err(failed)?)))
}

/// All rows that a statement gives.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = prepare(connection, sql)?;
    let mut rows = statement.query(params).map_err(failed)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        all.push(read(row)?);
    }
    drop(rows);
    count_steps(&statement);
    Ok(all)
}

/// Every read goes through here, so that a test can ask for the plan of each.
pub(super) fn prepare<'c>(
    connection: &'c Connection,
    sql: &str,
) -> Result<CachedStatement<'c>, StoreError> {
    #[cfg(test)]
    super::plans::ASKED.with_borrow_mut(|asked| asked.push(sql.to_owned()));
    connection.prepare_cached(sql).map_err(failed)
}

thread_local! {
    /// What the statements of this thread have cost since somebody last took the count.
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Adds what a statement has cost since it was last counted.
pub(super) fn count_steps(statement: &Statement<'_>) {
    let steps = statement.reset_status(StatementStatus::VmStep);
    STEPS.set(STEPS.get() + u64::from(steps.unsigned_abs()));
}

/// What the statements of this thread have cost since the last call.
pub(super) fn take_steps() -> u64 {
    STEPS.take()
}
