//! Reading rows, inside a transaction that writes or one that does not.

use std::cell::Cell;

use rusqlite::{CachedStatement, Connection, Params, Row, Statement, StatementStatus};

use super::{
    columns::{self, CONTACT, OUTGOING},
    connection::failed,
};
use crate::{
    id::PageId,
    model::{ContactKey, Revision},
    store::{
        StoreError,
        fold::{ContactRow, OutgoingRow, PageRow},
        sql::{optional, revision},
    },
};

/// Number and revision of a Page.
pub(super) fn find_page(
    connection: &Connection,
    page: &PageId,
) -> Result<Option<(i64, Revision)>, StoreError> {
    let sql = "SELECT page_no, revision FROM page WHERE page = ?1";
    one(connection, sql, [page.as_str()], |row| {
        let number = row.get(1).map_err(failed)?;
        Ok((row.get(0).map_err(failed)?, revision(number)))
    })
}

/// Pause and marks of a Page.
pub(super) fn page_row(connection: &Connection, page: &PageId) -> Result<PageRow, StoreError> {
    let sql = "SELECT state FROM page WHERE page = ?1";
    let state: Option<Option<String>> = one(connection, sql, [page.as_str()], |row| {
        row.get(0).map_err(failed)
    })?;
    optional(state.flatten().as_deref())
}

pub(super) fn find_contact(
    connection: &Connection,
    key: &ContactKey,
) -> Result<Option<(i64, ContactRow)>, StoreError> {
    let sql = format!(
        "SELECT {} FROM page JOIN contact USING (page_no) WHERE page = ?1 AND psid = ?2",
        *CONTACT
    );
    let params = [key.page.as_str(), key.psid.as_str()];
    let found = one(connection, &sql, params, columns::contact)?;
    Ok(found.map(|(number, _, row)| (number, row)))
}

/// All replies of a customer that wait or are being sent, in their order.
pub(super) fn due(connection: &Connection, number: i64) -> Result<Vec<OutgoingRow>, StoreError> {
    let sql = format!(
        "SELECT {} FROM outgoing WHERE contact_no = ?1 AND due IS NOT NULL ORDER BY at, key",
        *OUTGOING
    );
    all(connection, &sql, [number], columns::outgoing)
}

/// The first row of a statement.
pub(super) fn one<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = prepare(connection, sql)?;
    let mut rows = statement.query(params).map_err(failed)?;
    let row = rows.next().map_err(failed)?.map(read).transpose();
    drop(rows);
    count_steps(&statement);
    row
}

/// All rows of a statement.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = prepare(connection, sql)?;
    rows_of(&mut statement, params, read)
}

/// All rows of a statement that is prepared.
pub(super) fn rows_of<T>(
    statement: &mut Statement<'_>,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut all = Vec::new();
    read_each(statement, params, |row| {
        all.push(read(row)?);
        Ok(true)
    })?;
    Ok(all)
}

/// Rows of a statement, one by one, as long as `read` wants more.
pub(super) fn each(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let mut statement = prepare(connection, sql)?;
    read_each(&mut statement, params, read)
}

fn read_each(
    statement: &mut Statement<'_>,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<bool, StoreError>,
) -> Result<(), StoreError> {
    let mut rows = statement.query(params).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        if !read(row)? {
            break;
        }
    }
    drop(rows);
    count_steps(statement);
    Ok(())
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
    /// Steps of the statements of this thread since the count was last taken.
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Adds the steps of a statement since it was last counted.
fn count_steps(statement: &Statement<'_>) {
    let steps = statement.reset_status(StatementStatus::VmStep);
    STEPS.set(STEPS.get() + u64::from(steps.unsigned_abs()));
}

/// Steps of the statements of this thread since the last call.
pub(super) fn take_steps() -> u64 {
    STEPS.take()
}
