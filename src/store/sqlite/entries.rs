//! Messages in their table and in the search index, and what waits for a message.

use std::sync::LazyLock;

use rusqlite::params;

use super::{
    columns::{self, MARK, MESSAGE},
    rows::SqliteRows,
    search::Indexed,
};
use crate::model::{ContactKey, EntryId};
use crate::store::{
    StoreError,
    encoding::{self, BodyValues, EntryValues},
    fold::EntryRow,
};

/// Left to itself SQLite takes the key of `message`, and reads the whole conversation.
static BY_ID: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {MESSAGE} FROM message INDEXED BY message_id WHERE contact_no = ?1 AND tie = ?2
         UNION ALL SELECT {MARK} FROM mark WHERE contact_no = ?1 AND tie = ?3 AND id = ?4"
    )
});

pub(super) struct Place {
    tie: i64,
    pub(super) row: Option<EntryRow>,
}

impl Place {
    /// Of an entry of a customer who has none.
    pub(super) fn of_nothing(id: &EntryId) -> Self {
        Self {
            tie: EntryRow::tie(id),
            row: None,
        }
    }
}

impl SqliteRows<'_> {
    /// The entry, the `tie` that it has or would have, and its time if it has a body.
    pub(super) fn place(&self, number: i64, id: &EntryId) -> Result<Place, StoreError> {
        let mut tie = EntryRow::tie(id);
        loop {
            let params = params![number, tie, EntryRow::tie(id), id.as_str()];
            let found = self.all(&BY_ID, params, columns::entry)?;
            // A hash finds fast, but decides nothing: another id may have the same.
            let is_taken = found.iter().any(|row| row.body.is_some());
            let row = found.into_iter().find(|row| row.id == *id);
            if row.is_some() || !is_taken {
                return Ok(Place { tie, row });
            }
            tie = tie.wrapping_add(1) & i64::MAX;
        }
    }

    fn remove_entry(&mut self, page_no: i64, number: i64, place: &Place) -> Result<(), StoreError> {
        let Some(row) = &place.row else {
            return Ok(());
        };
        let Some(body) = &row.body else {
            return self
                .execute(
                    "DELETE FROM mark WHERE contact_no = ?1 AND tie = ?2 AND id = ?3",
                    params![number, EntryRow::tie(&row.id), row.id.as_str()],
                )
                .map(drop);
        };
        let at = body.at.as_millis();
        self.execute(
            "DELETE FROM message WHERE contact_no = ?1 AND at = ?2 AND tie = ?3",
            params![number, at, place.tie],
        )?;
        let indexed = Indexed {
            contact_no: number,
            tie: place.tie,
            at,
        };
        self.texts
            .remove(self.connection, page_no, indexed, &row.searchable())
    }

    pub(super) fn write_entry(
        &mut self,
        key: &ContactKey,
        id: &EntryId,
        row: Option<&EntryRow>,
    ) -> Result<(), StoreError> {
        let page_no = self.page(&key.page)?.number;
        let number = self.number(key)?;
        let place = match self.looked_up.take() {
            Some((contact, entry, place)) if contact == *key && entry == *id => place,
            _ => self.place(number, id)?,
        };
        self.remove_entry(page_no, number, &place)?;
        let Some(row) = row else {
            return Ok(());
        };
        let EntryValues { key, marks, body } = EntryValues::of(row)?;
        let Some(BodyValues {
            at,
            kind,
            text,
            more,
        }) = body
        else {
            return self
                .execute(
                    "INSERT INTO mark (contact_no, tie, id, key, marks, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![number, EntryRow::tie(id), id.as_str(), key, marks, encoding::time(row.told_at())],
                )
                .map(drop);
        };
        self.execute(
            "INSERT INTO message (contact_no, at, tie, id, key, kind, text, more, marks)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            params![
                number,
                at,
                place.tie,
                id.as_str(),
                key,
                kind,
                text,
                more,
                marks
            ],
        )?;
        let indexed = Indexed {
            contact_no: number,
            tie: place.tie,
            at,
        };
        self.texts
            .put(self.connection, page_no, indexed, &row.searchable())
    }
}
