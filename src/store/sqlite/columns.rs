//! The columns of a row, as the driver gives and takes them.

use rusqlite::{Row, types::ToSql};

use super::connection::failed;
use crate::model::EntryId;
use crate::store::{
    StoreError,
    encoding::{BodyValues, ContactValues, EntryValues, OutgoingValues},
    fold::{ContactRow, EntryRow, OutgoingRow},
};

/// The columns of a customer, in the order that [`contact`] reads them.
pub(super) const CONTACT: &str = "contact.contact_no, psid, last_at, first_at, inbound_at, unread, arrived, contact.revision, \
     newest_at, newest_tie, newest_kind, newest_text, newest_more, delivered, read, forgotten, expired, \
     asked_at, ask_again, attempt, by, lease, profile_at, name, first_name, last_name, picture_at, picture, send_due";

/// The columns of a message, in the order that [`entry`] reads them.
pub(super) const MESSAGE: &str = "id, key, marks, at, kind, text, more";

/// The columns of what waits for a message, in the same order.
pub(super) const MARK: &str = "id, key, marks, NULL, NULL, NULL, NULL";

/// The columns of an answer, in the order that [`outgoing`] reads them.
pub(super) const OUTGOING: &str =
    "key, at, has_content, text, more, attempt, state, state_due, reason, by, mids";

pub(super) fn contact(row: &Row<'_>) -> Result<(i64, String, ContactRow), StoreError> {
    let mut next = Columns::new(row);
    let number = next.get()?;
    let psid = next.get()?;
    let values = ContactValues {
        last_at: next.get()?,
        first_at: next.get()?,
        inbound_at: next.get()?,
        unread: next.get()?,
        arrived: next.get()?,
        revision: next.get()?,
        newest_at: next.get()?,
        newest_tie: next.get()?,
        newest_kind: next.get()?,
        newest_text: next.get()?,
        newest_more: next.get()?,
        delivered: next.get()?,
        read: next.get()?,
        forgotten: next.get()?,
        expired: next.get()?,
        asked_at: next.get()?,
        ask_again: next.get()?,
        attempt: next.get()?,
        by: next.get()?,
        lease: next.get()?,
        profile_at: next.get()?,
        name: next.get()?,
        first_name: next.get()?,
        last_name: next.get()?,
        picture_at: next.get()?,
        picture: next.get()?,
        send_due: next.get()?,
        profile_due: None,
    };
    Ok((number, psid, values.into_row()?))
}

/// The columns that a message changes, in the order of [`hot`].
pub(super) const HOT: [&str; 11] = [
    "last_at",
    "first_at",
    "inbound_at",
    "unread",
    "arrived",
    "revision",
    "newest_at",
    "newest_tie",
    "newest_kind",
    "newest_text",
    "newest_more",
];
/// The columns that it does not, in the order of [`cold`].
pub(super) const COLD: [&str; 17] = [
    "delivered",
    "read",
    "forgotten",
    "expired",
    "asked_at",
    "ask_again",
    "attempt",
    "by",
    "lease",
    "profile_at",
    "name",
    "first_name",
    "last_name",
    "picture_at",
    "picture",
    "send_due",
    "profile_due",
];

pub(super) fn hot(values: &ContactValues) -> [&dyn ToSql; 11] {
    [
        &values.last_at,
        &values.first_at,
        &values.inbound_at,
        &values.unread,
        &values.arrived,
        &values.revision,
        &values.newest_at,
        &values.newest_tie,
        &values.newest_kind,
        &values.newest_text,
        &values.newest_more,
    ]
}

pub(super) fn cold(values: &ContactValues) -> [&dyn ToSql; 17] {
    [
        &values.delivered,
        &values.read,
        &values.forgotten,
        &values.expired,
        &values.asked_at,
        &values.ask_again,
        &values.attempt,
        &values.by,
        &values.lease,
        &values.profile_at,
        &values.name,
        &values.first_name,
        &values.last_name,
        &values.picture_at,
        &values.picture,
        &values.send_due,
        &values.profile_due,
    ]
}

/// A message, or what waits for one: it has no time.
pub(super) fn entry(row: &Row<'_>) -> Result<EntryRow, StoreError> {
    let mut next = Columns::new(row);
    let id = EntryId::from_text(next.get::<String>()?);
    let (key, marks) = (next.get()?, next.get()?);
    let body = match next.get()? {
        Some(at) => Some(BodyValues {
            at,
            kind: next.get()?,
            text: next.get()?,
            more: next.get()?,
        }),
        None => None,
    };
    EntryValues { key, marks, body }.into_row(id)
}

pub(super) fn outgoing(row: &Row<'_>) -> Result<OutgoingRow, StoreError> {
    let mut next = Columns::new(row);
    let key = next.get()?;
    let values = OutgoingValues {
        at: next.get()?,
        tie: None,
        due: None,
        has_content: next.get()?,
        text: next.get()?,
        more: next.get()?,
        attempt: next.get()?,
        state: next.get()?,
        state_due: next.get()?,
        reason: next.get()?,
        by: next.get()?,
        mids: next.get()?,
    };
    values.into_row(key)
}

/// The columns of a row, one after the other.
struct Columns<'r, 's> {
    row: &'r Row<'s>,
    next: usize,
}

impl<'r, 's> Columns<'r, 's> {
    fn new(row: &'r Row<'s>) -> Self {
        Self { row, next: 0 }
    }

    fn get<T: rusqlite::types::FromSql>(&mut self) -> Result<T, StoreError> {
        let value = self.row.get(self.next).map_err(failed)?;
        self.next += 1;
        Ok(value)
    }
}
