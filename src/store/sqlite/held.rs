//! Statements that a transaction runs again and again.

use rusqlite::{CachedStatement, Connection};

use super::{connection::failed, read::prepare};
use crate::store::StoreError;

/// Statements that are kept for a transaction. To find one by its text, as the driver does, takes
/// as long as to run a short one.
#[derive(Default)]
pub(super) struct Held<'c> {
    by_text: Vec<(&'static str, CachedStatement<'c>)>,
    by_columns: Vec<(u64, CachedStatement<'c>)>,
}

impl<'c> Held<'c> {
    /// Sets of columns for which a statement is kept.
    const MAX_SETS: usize = 16;

    /// The statement of this text.
    pub(super) fn get(
        &mut self,
        connection: &'c Connection,
        sql: &'static str,
    ) -> Result<&mut CachedStatement<'c>, StoreError> {
        // What lies at the same place is the same text.
        let known = self.by_text.iter();
        let mut place = known.take_while(|one| !std::ptr::eq(one.0, sql)).count();
        if place == self.by_text.len() {
            self.by_text.push((sql, prepare(connection, sql)?));
            place = self.by_text.len() - 1;
        }
        Ok(&mut self.by_text[place].1)
    }

    /// The statement for a set of columns, which has one bit for each of them.
    pub(super) fn of_columns(
        &mut self,
        connection: &'c Connection,
        columns: u64,
        sql: impl FnOnce() -> String,
    ) -> Result<&mut CachedStatement<'c>, StoreError> {
        let known = self.by_columns.iter();
        let mut place = known.take_while(|one| one.0 != columns).count();
        if place == self.by_columns.len() {
            if place == Self::MAX_SETS {
                self.by_columns.clear();
            }
            let statement = connection.prepare_cached(&sql()).map_err(failed)?;
            self.by_columns.push((columns, statement));
            place = self.by_columns.len() - 1;
        }
        Ok(&mut self.by_columns[place].1)
    }
}
