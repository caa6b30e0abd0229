//! Rows as values of columns, the same in every SQL database: what every row has is a column, what
//! few have is JSON.

mod contact;
mod message;

pub(super) use contact::ContactValues;
pub(super) use message::{BodyValues, EntryValues, OutgoingValues};

use serde::{Serialize, de::DeserializeOwned};

use super::StoreError;
use crate::model::{OutgoingKey, Revision, Side, WorkerId};
use crate::{id::Psid, time::Timestamp};

pub(super) fn psid(text: String) -> Result<Psid, StoreError> {
    Psid::new(text).map_err(|_| StoreError::Unreadable("the id of a customer"))
}

/// Pages do not see 2⁶³ commits.
pub(super) fn revision_to_sql(revision: Revision) -> i64 {
    i64::try_from(revision.number()).unwrap_or(i64::MAX)
}

pub(super) fn time(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millis)
}

fn worker(by: Option<WorkerId>) -> Option<i64> {
    by.map(|by| by.number().cast_signed())
}

fn side(kind: i16) -> Side {
    if kind & 1 == 0 {
        Side::Customer
    } else {
        Side::Page
    }
}

fn key(bytes: [u8; 16]) -> Result<OutgoingKey, StoreError> {
    OutgoingKey::from_bytes(bytes).map_err(|_| StoreError::Unreadable("a key"))
}

fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Refused(error.into()))
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable("a part of a row"))
}

/// Nothing for what says nothing.
fn optional_json<T: Default + PartialEq + Serialize>(
    value: &T,
) -> Result<Option<String>, StoreError> {
    if *value == T::default() {
        return Ok(None);
    }
    to_json(value).map(Some)
}

fn optional<T: Default + DeserializeOwned>(text: Option<&str>) -> Result<T, StoreError> {
    text.map_or_else(|| Ok(T::default()), from_json)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
