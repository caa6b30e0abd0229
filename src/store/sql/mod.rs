//! Parts that the SQL databases share: columns, and how lists of customers are put together.

pub(super) mod changed;
mod contact;
pub(super) mod list;
mod message;
mod outgoing;
mod work;

pub(super) use contact::ContactColumns;
pub(super) use message::{EntryColumns, PRIMARY_LIVE, SIDE};
pub(super) use outgoing::OutgoingColumns;
pub(super) use work::WorkColumns;

use serde::{Serialize, de::DeserializeOwned};

use super::StoreError;
use crate::{
    id::{PageId, Psid},
    model::{OutgoingKey, Revision, WorkerId},
    time::Timestamp,
};

/// A value of a column.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value<'v> {
    Int(Option<i64>),
    Text(Option<&'v str>),
    Bytes(Option<&'v [u8]>),
}

#[cfg(feature = "postgres")]
impl Value<'_> {
    pub(super) const fn is_null(&self) -> bool {
        matches!(self, Self::Int(None) | Self::Text(None) | Self::Bytes(None))
    }
}

/// Type of a column.
#[cfg(feature = "postgres")]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Int,
    Text,
    Bytes,
}

/// A row as the driver returns it, one column after the other.
pub(super) trait Columns {
    fn int(&mut self) -> Result<Option<i64>, StoreError>;
    fn text(&mut self) -> Result<Option<String>, StoreError>;
    fn bytes(&mut self) -> Result<Option<Vec<u8>>, StoreError>;

    fn page_id(&mut self) -> Result<PageId, StoreError> {
        let text = self.text()?.unwrap_or_default();
        PageId::new(text).map_err(|_| StoreError::Unreadable("the id of a Page"))
    }

    fn psid(&mut self) -> Result<Psid, StoreError> {
        psid(self.text()?.unwrap_or_default())
    }

    /// An integer that is not NULL.
    fn number(&mut self) -> Result<i64, StoreError> {
        self.int()?.ok_or(StoreError::Unreadable("a number"))
    }
}

/// Declares the columns of a table once: their names, their types, and how they are read and
/// written.
macro_rules! columns {
    (
        $(#[$meta:meta])*
        struct $name:ident {$(
            $(#[$doc:meta])*
            $field:ident: $kind:ident,
        )*}
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub(in crate::store) struct $name {$(
            $(#[$doc])*
            pub(in crate::store) $field: $crate::store::sql::columns!(@type $kind),
        )*}

        impl $name {
            /// Names of the columns.
            #[allow(dead_code)] // SQLite writes some tables by single columns.
            pub(in crate::store) const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];
            /// Types of the columns.
            #[cfg(feature = "postgres")]
            pub(in crate::store) const KINDS: &'static [$crate::store::sql::Kind] =
                &[$($crate::store::sql::columns!(@kind $kind)),*];

            /// Reads the columns in their order.
            pub(in crate::store) fn read(
                row: &mut impl $crate::store::sql::Columns,
            ) -> Result<Self, $crate::store::StoreError> {
                Ok(Self { $($field: row.$kind()?,)* })
            }

            /// Values of the columns in their order.
            #[allow(dead_code)] // SQLite writes some tables by single columns.
            pub(in crate::store) fn values(&self) -> Vec<$crate::store::sql::Value<'_>> {
                vec![$($crate::store::sql::columns!(@value self $field $kind)),*]
            }
        }
    };
    (@type int) => { Option<i64> };
    (@type text) => { Option<String> };
    (@type bytes) => { Option<Vec<u8>> };
    (@kind int) => { $crate::store::sql::Kind::Int };
    (@kind text) => { $crate::store::sql::Kind::Text };
    (@kind bytes) => { $crate::store::sql::Kind::Bytes };
    (@value $self:ident $field:ident int) => { $crate::store::sql::Value::Int($self.$field) };
    (@value $self:ident $field:ident text) => {
        $crate::store::sql::Value::Text($self.$field.as_deref())
    };
    (@value $self:ident $field:ident bytes) => {
        $crate::store::sql::Value::Bytes($self.$field.as_deref())
    };
}
pub(in crate::store) use columns;

pub(super) fn psid(text: String) -> Result<Psid, StoreError> {
    Psid::new(text).map_err(|_| StoreError::Unreadable("the id of a customer"))
}

/// The beginning of the hash of a customer's key.
pub(super) fn key_hash(hash: &[u8; 16]) -> i64 {
    let bytes = hash.iter().take(8);
    let number = bytes.fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    number.cast_signed()
}

/// Pages do not see 2⁶³ commits.
pub(super) fn revision_to_sql(revision: Revision) -> i64 {
    i64::try_from(revision.number()).unwrap_or(i64::MAX)
}

pub(super) const fn revision(number: i64) -> Revision {
    Revision::new(number.cast_unsigned())
}

pub(super) fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millis)
}

pub(super) fn time(at: Option<i64>) -> Option<Timestamp> {
    at.map(Timestamp::from_millis)
}

/// One row more than asked for shows whether there is more.
pub(super) fn one_more(limit: u32) -> i64 {
    i64::from(limit) + 1
}

fn worker_to_sql(by: Option<WorkerId>) -> Option<i64> {
    by.map(|by| by.number().cast_signed())
}

fn worker(by: Option<i64>) -> Option<WorkerId> {
    by.map(|by| WorkerId::new(by.cast_unsigned()))
}

fn count(number: Option<i64>) -> Result<u32, StoreError> {
    u32::try_from(number.unwrap_or(0)).map_err(|_| StoreError::Unreadable("a number"))
}

pub(super) fn outgoing_key(bytes: &[u8]) -> Result<OutgoingKey, StoreError> {
    let bytes = <[u8; 16]>::try_from(bytes).ok();
    let key = bytes.and_then(|bytes| OutgoingKey::from_bytes(bytes).ok());
    key.ok_or(StoreError::Unreadable("a key"))
}

pub(super) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Refused(error.into()))
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable("a part of a row"))
}

/// NULL for a default value.
pub(super) fn optional_json<T: Default + PartialEq + Serialize>(
    value: &T,
) -> Result<Option<String>, StoreError> {
    if *value == T::default() {
        return Ok(None);
    }
    to_json(value).map(Some)
}

pub(super) fn optional<T: Default + DeserializeOwned>(text: Option<&str>) -> Result<T, StoreError> {
    text.map_or_else(|| Ok(T::default()), from_json)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
