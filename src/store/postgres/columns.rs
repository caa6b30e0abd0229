//! Values as the driver gives and takes them, one row or many at once.

use tokio_postgres::{
    Row,
    types::{FromSql, ToSql, Type},
};

use super::error::failed;
use crate::model::EntryId;
use crate::store::{
    StoreError,
    encoding::{BodyValues, ContactValues, EntryValues, OutgoingValues},
    fold::{ContactRow, EntryRow, OutgoingRow},
};

/// The columns of a customer, in the order that [`Columns::contact`] reads them.
pub(super) const CONTACT: &str = "c.last_at, c.first_at, c.inbound_at, c.unread, c.arrived, c.revision, c.newest_at, \
     c.newest_tie, c.newest_kind, c.newest_text, c.newest_more, c.delivered, c.read, c.expired, c.asked_at, c.ask_again, \
     c.attempt, c.by, c.lease, c.profile_at, c.name, c.first_name, c.last_name, c.picture_at, c.picture, c.send_due";

/// The columns of an entry, in the order that [`Columns::entry`] reads them.
pub(super) const MESSAGE: &str = "m.id, m.key, m.marks, m.at, m.kind, m.text, m.more";

/// The same of an entry that waits for its message.
pub(super) const MARK: &str = "m.id, m.key, m.marks, NULL::bigint, NULL::smallint, NULL, NULL";

/// The columns of an answer, in the order that [`Columns::outgoing`] reads them.
pub(super) const OUTGOING: &str = "o.key, o.at, o.has_content, o.text, o.more, o.attempt, o.state, o.state_due, o.reason, o.by, o.mids";

/// The columns of a row, one after the other.
pub(super) struct Columns<'r> {
    row: &'r Row,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(super) fn of(row: &'r Row) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn get<T: FromSql<'r>>(&mut self) -> Result<T, StoreError> {
        let value = self.row.try_get(self.next).map_err(failed)?;
        self.next += 1;
        Ok(value)
    }

    pub(super) fn text(&mut self) -> Result<Option<String>, StoreError> {
        Ok(self.get::<Option<&str>>()?.map(from_sql))
    }

    pub(super) fn texts(&mut self) -> Result<Vec<String>, StoreError> {
        Ok(self.get::<Vec<&str>>()?.into_iter().map(from_sql).collect())
    }

    /// Where a key stands in the array that was asked with.
    pub(super) fn place(&mut self) -> Result<usize, StoreError> {
        let ordinal: i64 = self.get()?;
        usize::try_from(ordinal - 1).map_err(|_| StoreError::Unreadable("an ordinal"))
    }

    pub(super) fn psid(&mut self) -> Result<crate::id::Psid, StoreError> {
        crate::store::encoding::psid(self.text()?.unwrap_or_default())
    }

    pub(super) fn page(&mut self) -> Result<crate::id::PageId, StoreError> {
        crate::id::PageId::new(self.text()?.unwrap_or_default())
            .map_err(|_| StoreError::Unreadable("the id of a Page"))
    }

    pub(super) fn contact(&mut self) -> Result<ContactRow, StoreError> {
        ContactValues {
            last_at: self.get()?,
            first_at: self.get()?,
            inbound_at: self.get()?,
            unread: self.number()?.unwrap_or(0),
            arrived: self.get()?,
            revision: self.get()?,
            newest_at: self.get()?,
            newest_tie: self.get()?,
            newest_kind: self.get()?,
            newest_text: self.text()?,
            newest_more: self.text()?,
            delivered: self.get()?,
            read: self.get()?,
            forgotten: None,
            expired: self.get()?,
            asked_at: self.get()?,
            ask_again: self.get()?,
            attempt: self.number()?,
            by: self.get()?,
            lease: self.get()?,
            profile_at: self.get()?,
            name: self.text()?,
            first_name: self.text()?,
            last_name: self.text()?,
            picture_at: self.get()?,
            picture: self.number()?,
            send_due: self.get()?,
            profile_due: None,
        }
        .into_row()
    }

    pub(super) fn entry(&mut self) -> Result<EntryRow, StoreError> {
        let id = EntryId::from_text(self.text()?.unwrap_or_default());
        let key = self.key()?;
        let marks = self.text()?;
        let (at, kind): (Option<i64>, Option<i16>) = (self.get()?, self.get()?);
        let (text, more) = (self.text()?, self.text()?);
        let body = at.zip(kind).map(|(at, kind)| BodyValues {
            at,
            kind,
            text,
            more,
        });
        EntryValues { key, marks, body }.into_row(id)
    }

    pub(super) fn outgoing(&mut self) -> Result<OutgoingRow, StoreError> {
        let key = self.key()?.ok_or(StoreError::Unreadable("a key"))?;
        OutgoingValues {
            at: self.get()?,
            tie: None,
            due: None,
            has_content: self.get()?,
            text: self.text()?,
            more: self.text()?,
            attempt: self.number()?.unwrap_or(0),
            state: self.get()?,
            state_due: self.get()?,
            reason: self.text()?,
            by: self.get()?,
            mids: self.text()?,
        }
        .into_row(key)
    }

    pub(super) fn hash(&mut self) -> Result<[u8; 16], StoreError> {
        self.key()?.ok_or(StoreError::Unreadable("a hash"))
    }

    fn key(&mut self) -> Result<Option<[u8; 16]>, StoreError> {
        let bytes: Option<&[u8]> = self.get()?;
        bytes
            .map(|bytes| <[u8; 16]>::try_from(bytes).map_err(|_| StoreError::Unreadable("a key")))
            .transpose()
    }

    fn number(&mut self) -> Result<Option<u32>, StoreError> {
        let number: Option<i64> = self.get()?;
        number
            .map(|number| u32::try_from(number).map_err(|_| StoreError::Unreadable("a number")))
            .transpose()
    }
}

/// Many rows as one array for each column, to be unnested on the server.
#[derive(Default)]
pub(super) struct Many {
    columns: Vec<Column>,
}

struct Column {
    name: &'static str,
    ty: Type,
    values: Box<dyn ToSql + Send + Sync>,
}

impl Many {
    #[must_use]
    pub(super) fn numbers(self, name: &'static str, values: Vec<Option<i64>>) -> Self {
        self.with(name, Type::INT8_ARRAY, values)
    }

    #[must_use]
    pub(super) fn pages(self, values: Vec<i32>) -> Self {
        self.with("page_no", Type::INT4_ARRAY, values)
    }

    #[must_use]
    pub(super) fn small(self, name: &'static str, values: Vec<Option<i16>>) -> Self {
        self.with(name, Type::INT2_ARRAY, values)
    }

    #[must_use]
    pub(super) fn flags(self, name: &'static str, values: Vec<bool>) -> Self {
        self.with(name, Type::BOOL_ARRAY, values)
    }

    #[must_use]
    pub(super) fn bytes(self, name: &'static str, values: Vec<Option<Vec<u8>>>) -> Self {
        self.with(name, Type::BYTEA_ARRAY, values)
    }

    #[must_use]
    pub(super) fn texts<'t>(
        self,
        name: &'static str,
        values: impl IntoIterator<Item = Option<&'t str>>,
    ) -> Self {
        let values: Vec<Option<String>> = values.into_iter().map(|text| text.map(to_sql)).collect();
        self.with(name, Type::TEXT_ARRAY, values)
    }

    fn with<T: ToSql + Send + Sync + 'static>(
        mut self,
        name: &'static str,
        ty: Type,
        values: Vec<T>,
    ) -> Self {
        let values = Box::new(values);
        self.columns.push(Column { name, ty, values });
        self
    }

    /// The names of the columns.
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.name).collect();
        names.join(", ")
    }

    /// The rows, as a part of a `FROM` clause.
    pub(super) fn unnested(&self) -> String {
        let arrays: Vec<String> = (self.columns.iter().enumerate())
            .map(|(at, column)| format!("${}::{}", at + 1, sql_name(&column.ty)))
            .collect();
        format!("unnest({})", arrays.join(", "))
    }

    /// `SET` of all columns but those that name the row.
    pub(super) fn assignments(&self, keys: &[&str], from: &str) -> String {
        let names = self.columns.iter().map(|column| column.name);
        let set: Vec<String> = names
            .filter(|name| !keys.contains(name))
            .map(|name| format!("{name} = {from}.{name}"))
            .collect();
        set.join(", ")
    }

    pub(super) fn params(&self) -> Vec<Param<'_>> {
        let columns = self.columns.iter();
        columns
            .map(|column| {
                let values: &(dyn ToSql + Sync) = column.values.as_ref();
                (values, column.ty.clone())
            })
            .collect()
    }
}

/// A parameter and its type, so that no statement has to be prepared.
pub(super) type Param<'p> = (&'p (dyn ToSql + Sync), Type);

fn sql_name(ty: &Type) -> &'static str {
    match *ty {
        Type::INT8_ARRAY => "bigint[]",
        Type::INT4_ARRAY => "integer[]",
        Type::INT2_ARRAY => "smallint[]",
        Type::BOOL_ARRAY => "boolean[]",
        Type::BYTEA_ARRAY => "bytea[]",
        _ => "text[]",
    }
}

/// PostgreSQL's texts hold any character but U+0000: it is written as U+0001 and a digit, and so
/// is U+0001 itself.
pub(super) fn to_sql(text: &str) -> String {
    if text.contains(['\0', '\u{1}']) {
        text.replace('\u{1}', "\u{1}1").replace('\0', "\u{1}0")
    } else {
        text.to_owned()
    }
}

fn from_sql(text: &str) -> String {
    if text.contains('\u{1}') {
        text.replace("\u{1}0", "\0").replace("\u{1}1", "\u{1}")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s9_texts_with_u_0000_come_back_as_they_were() {
        for text in [
            "",
            "a",
            "\0",
            "\u{1}",
            "\u{1}0",
            "\0\u{1}1\0",
            "0\u{1}\u{1}1\u{1}0",
            "小\0明",
        ] {
            let sql = to_sql(text);
            assert!(!sql.contains('\0'), "{text:?}");
            assert_eq!(from_sql(&sql), text);
        }
    }
}
