//! Columns as the driver returns and takes them.

use std::sync::LazyLock;

use rusqlite::{
    Row, ToSql,
    types::{ToSqlOutput, ValueRef},
};

use super::connection::failed;
use crate::store::{
    StoreError,
    fold::{ContactRow, EntryRow, OutgoingRow},
    sql::{Columns, ContactColumns, EntryColumns, OutgoingColumns, Value, WorkColumns},
};

/// The columns of a customer, in the order that [`contact`] reads them.
pub(super) static CONTACT: LazyLock<String> = LazyLock::new(|| {
    let columns = ContactColumns::NAMES.join(", contact.");
    format!("contact.contact_no, contact.psid, contact.{columns}")
});
/// The columns of a message, in the order that [`entry`] reads them.
pub(super) const MESSAGE: &str = "id, key, marks, at, kind, text, more";
/// The columns of what waits for a message, in the same order.
pub(super) const MARK: &str = "id, key, marks, NULL, NULL, NULL, NULL";
/// The columns of a reply, in the order that [`outgoing`] reads them.
pub(super) static OUTGOING: LazyLock<String> = LazyLock::new(|| OutgoingColumns::NAMES.join(", "));
/// The columns of an item of work.
pub(super) static WORK: LazyLock<String> =
    LazyLock::new(|| format!("work.{}", WorkColumns::NAMES.join(", work.")));

pub(super) fn contact(row: &Row<'_>) -> Result<(i64, String, ContactRow), StoreError> {
    let mut next = Next::of(row);
    let number = next.number()?;
    let psid = next.text()?.unwrap_or_default();
    Ok((number, psid, ContactColumns::read(&mut next)?.into_row()?))
}

/// A message, or what waits for one: it has no time.
pub(super) fn entry(row: &Row<'_>) -> Result<EntryRow, StoreError> {
    EntryColumns::read(&mut Next::of(row))?.into_row()
}

pub(super) fn outgoing(row: &Row<'_>) -> Result<OutgoingRow, StoreError> {
    OutgoingColumns::read(&mut Next::of(row))?.into_row()
}

/// The columns of a row, one after the other.
pub(super) struct Next<'r, 's> {
    row: &'r Row<'s>,
    at: usize,
}

impl<'r, 's> Next<'r, 's> {
    pub(super) fn of(row: &'r Row<'s>) -> Self {
        Self { row, at: 0 }
    }

    fn get<T: rusqlite::types::FromSql>(&mut self) -> Result<Option<T>, StoreError> {
        let value = self.row.get(self.at).map_err(failed)?;
        self.at += 1;
        Ok(value)
    }
}

impl Columns for Next<'_, '_> {
    fn int(&mut self) -> Result<Option<i64>, StoreError> {
        self.get()
    }

    fn text(&mut self) -> Result<Option<String>, StoreError> {
        self.get()
    }

    fn bytes(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        self.get()
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        let value = match self {
            Self::Int(value) => value.map(ValueRef::Integer),
            Self::Text(value) => value.map(|text| ValueRef::Text(text.as_bytes())),
            Self::Bytes(value) => value.map(ValueRef::Blob),
        };
        Ok(ToSqlOutput::Borrowed(value.unwrap_or(ValueRef::Null)))
    }
}
