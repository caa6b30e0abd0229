//! Values as the driver and a session give and take them, one row or many at once.

use std::{borrow::Cow, sync::LazyLock};

use tokio_postgres::{
    Row,
    types::{FromSql, ToSql, Type},
};

use super::{
    error::failed,
    session::{self, Parameter},
};
use crate::{
    id::Psid,
    store::{
        StoreError,
        fold::{ContactRow, EntryRow, OutgoingRow},
        sql::{Columns, ContactColumns, EntryColumns, Kind, OutgoingColumns, Value, WorkColumns},
    },
};

/// The columns of a customer `c`, in the order that [`ReadRow::contact`] reads them.
pub(super) static CONTACT: LazyLock<String> = LazyLock::new(|| {
    let columns = ContactColumns::NAMES.join(", c.");
    format!("c.contact_no, c.psid, c.{columns}")
});
/// The columns of a message `m`, in the order that [`ReadRow::entry`] reads them.
pub(super) const MESSAGE: &str = "m.id, m.key, m.marks, m.at, m.kind, m.text, m.more";
/// The same of what waits for a message.
pub(super) const MARK: &str = "m.id, m.key, m.marks, NULL::bigint, NULL::smallint, NULL, NULL";
/// The columns of a reply `o`, in the order that [`ReadRow::outgoing`] reads them.
pub(super) static OUTGOING: LazyLock<String> =
    LazyLock::new(|| format!("o.{}", OutgoingColumns::NAMES.join(", o.")));
/// The columns of an item of work `k`.
pub(super) static WORK: LazyLock<String> =
    LazyLock::new(|| format!("k.{}", WorkColumns::NAMES.join(", k.")));

/// The columns of a row, one after the other.
pub(super) struct Next<'r> {
    row: &'r Row,
    at: usize,
}

impl<'r> Next<'r> {
    pub(super) fn of(row: &'r Row) -> Self {
        Self { row, at: 0 }
    }

    pub(super) fn get<T: FromSql<'r>>(&mut self) -> Result<T, StoreError> {
        let value = self.row.try_get(self.at).map_err(failed)?;
        self.at += 1;
        Ok(value)
    }
}

impl Columns for Next<'_> {
    fn int(&mut self) -> Result<Option<i64>, StoreError> {
        let column = self.row.columns().get(self.at);
        match column.map(tokio_postgres::Column::type_) {
            Some(&Type::INT2) => Ok(self.get::<Option<i16>>()?.map(i64::from)),
            Some(&Type::INT4) => Ok(self.get::<Option<i32>>()?.map(i64::from)),
            _ => self.get(),
        }
    }

    fn text(&mut self) -> Result<Option<String>, StoreError> {
        Ok(self.get::<Option<&str>>()?.map(from_sql))
    }

    fn bytes(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        self.get()
    }
}

/// Reads the rows of a table from columns in their order.
pub(super) trait ReadRow: Columns + Sized {
    /// Where a key stands in the array that was asked with.
    fn place(&mut self) -> Result<usize, StoreError> {
        usize::try_from(self.number()? - 1).map_err(|_| StoreError::Unreadable("an ordinal"))
    }

    fn contact(&mut self) -> Result<(i64, Psid, ContactRow), StoreError> {
        let (number, psid) = (self.number()?, self.psid()?);
        Ok((number, psid, ContactColumns::read(self)?.into_row()?))
    }

    /// A message, or what waits for one: it has no time.
    fn entry(&mut self) -> Result<EntryRow, StoreError> {
        EntryColumns::read(self)?.into_row()
    }

    fn outgoing(&mut self) -> Result<OutgoingRow, StoreError> {
        OutgoingColumns::read(self)?.into_row()
    }

    /// The number of a Page.
    fn page_no(&mut self) -> Result<Option<i32>, StoreError> {
        let number = self.int()?.map(i32::try_from).transpose();
        number.map_err(|_| StoreError::Unreadable("the number of a Page"))
    }
}

impl<C: Columns> ReadRow for C {}

/// The values of a session's row, one after the other.
pub(super) struct Fields(std::vec::IntoIter<session::Value>);

impl Fields {
    pub(super) fn of(row: session::Row) -> Self {
        Self(row.into_iter())
    }
}

impl Columns for Fields {
    fn int(&mut self) -> Result<Option<i64>, StoreError> {
        match self.0.next() {
            Some(session::Value::Int(number)) => Ok(Some(number)),
            Some(session::Value::Null) => Ok(None),
            _ => Err(StoreError::Unreadable("a number")),
        }
    }

    fn text(&mut self) -> Result<Option<String>, StoreError> {
        match self.0.next() {
            Some(session::Value::Text(text)) => Ok(Some(from_sql(text))),
            Some(session::Value::Null) => Ok(None),
            _ => Err(StoreError::Unreadable("a text")),
        }
    }

    fn bytes(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        match self.0.next() {
            Some(session::Value::Bytes(bytes)) => Ok(Some(bytes)),
            Some(session::Value::Null) => Ok(None),
            _ => Err(StoreError::Unreadable("bytes")),
        }
    }
}

/// Many rows as one array for each column, to be unnested on the server.
#[derive(Default)]
pub(super) struct Many {
    columns: Vec<Column>,
}

struct Column {
    name: &'static str,
    values: Values,
}

enum Values {
    Flags(Vec<bool>),
    Pages(Vec<i32>),
    Numbers(Vec<Option<i64>>),
    Texts(Vec<Option<String>>),
    Bytes(Vec<Option<Vec<u8>>>),
}

impl Values {
    fn parameter(&self) -> Parameter<'_> {
        match self {
            Self::Flags(values) => Parameter::BoolArray(values),
            Self::Pages(values) => Parameter::Int4Array(values),
            Self::Numbers(values) => Parameter::Int8Array(values),
            Self::Texts(values) => Parameter::TextArray(values),
            Self::Bytes(values) => Parameter::ByteaArray(values),
        }
    }

    /// The name of the type in SQL.
    fn ty(&self) -> &'static str {
        match self {
            Self::Flags(_) => "boolean[]",
            Self::Pages(_) => "integer[]",
            Self::Numbers(_) => "bigint[]",
            Self::Texts(_) => "text[]",
            Self::Bytes(_) => "bytea[]",
        }
    }
}

impl Many {
    #[must_use]
    pub(super) fn numbers(self, name: &'static str, values: Vec<Option<i64>>) -> Self {
        self.with(name, Values::Numbers(values))
    }

    #[must_use]
    pub(super) fn pages(self, values: Vec<i32>) -> Self {
        self.with("page_no", Values::Pages(values))
    }

    /// The first columns of a table with these types, of many rows.
    pub(super) fn rows(
        self,
        names: &[&'static str],
        kinds: &[Kind],
        rows: &[Vec<Value<'_>>],
    ) -> Self {
        let all: Vec<usize> = (0..names.len()).collect();
        self.columns(&all, names, kinds, rows)
    }

    /// The columns at these places of a table with these types, of many rows.
    pub(super) fn columns(
        mut self,
        places: &[usize],
        names: &[&'static str],
        kinds: &[Kind],
        rows: &[Vec<Value<'_>>],
    ) -> Self {
        for &at in places {
            let (Some(name), Some(kind)) = (names.get(at), kinds.get(at)) else {
                continue;
            };
            let values = rows.iter().map(|row| row.get(at));
            self = match kind {
                Kind::Int => self.numbers(
                    name,
                    values
                        .map(|value| match value {
                            Some(Value::Int(number)) => *number,
                            _ => None,
                        })
                        .collect(),
                ),
                Kind::Text => self.texts(
                    name,
                    values.map(|value| match value {
                        Some(Value::Text(text)) => *text,
                        _ => None,
                    }),
                ),
                Kind::Bytes => self.bytes(
                    name,
                    values
                        .map(|value| match value {
                            Some(Value::Bytes(bytes)) => bytes.map(<[u8]>::to_vec),
                            _ => None,
                        })
                        .collect(),
                ),
            };
        }
        self
    }

    #[must_use]
    pub(super) fn flags(self, name: &'static str, values: Vec<bool>) -> Self {
        self.with(name, Values::Flags(values))
    }

    #[must_use]
    pub(super) fn bytes(self, name: &'static str, values: Vec<Option<Vec<u8>>>) -> Self {
        self.with(name, Values::Bytes(values))
    }

    #[must_use]
    pub(super) fn texts<'t>(
        self,
        name: &'static str,
        values: impl IntoIterator<Item = Option<&'t str>>,
    ) -> Self {
        let values: Vec<Option<String>> = values.into_iter().map(|text| text.map(to_sql)).collect();
        self.with(name, Values::Texts(values))
    }

    fn with(mut self, name: &'static str, values: Values) -> Self {
        self.columns.push(Column { name, values });
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
            .map(|(at, column)| format!("${}::{}", at + 1, column.values.ty()))
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

    /// The arrays as parameters, in the order of the columns.
    pub(super) fn parameters(&self) -> Vec<Parameter<'_>> {
        let columns = self.columns.iter();
        columns.map(|column| column.values.parameter()).collect()
    }
}

/// A parameter and its type, so that no statement has to be prepared.
pub(super) type Param<'p> = (&'p (dyn ToSql + Sync), Type);

/// PostgreSQL's texts hold any character but U+0000: it is written as U+0001 and a digit, and so
/// is U+0001 itself.
pub(super) fn to_sql(text: &str) -> String {
    if text.contains(['\0', '\u{1}']) {
        text.replace('\u{1}', "\u{1}1").replace('\0', "\u{1}0")
    } else {
        text.to_owned()
    }
}

fn from_sql<'t>(text: impl Into<Cow<'t, str>>) -> String {
    let text = text.into();
    if text.contains('\u{1}') {
        text.replace("\u{1}0", "\0").replace("\u{1}1", "\u{1}")
    } else {
        text.into_owned()
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
