//! Messages in their table and in the search index, and facts that wait for a message.

use std::sync::LazyLock;

use rusqlite::params;

use super::{
    columns::{self, MARK, MESSAGE},
    read::rows_of,
    rows::SqliteRows,
    search_index::Indexed,
};
use crate::model::{ContactKey, EntryId};
use crate::store::{
    StoreError,
    fold::EntryRow,
    sql::{EntryColumns, millis},
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
    /// The entry, and the `tie` that it has or would have.
    pub(super) fn place(&mut self, number: i64, id: &EntryId) -> Result<Place, StoreError> {
        let own = EntryRow::tie(id);
        let mut tie = own;
        loop {
            let params = params![number, tie, own, id.as_str()];
            let statement = self.held.get(self.connection, &BY_ID)?;
            let found = rows_of(statement, params, columns::entry)?;
            // A hash finds fast, but decides nothing: another id may have the same.
            let is_taken = found.iter().any(|row| row.body.is_some());
            let row = found.into_iter().find(|row| row.id == *id);
            if row.is_some() || !is_taken {
                return Ok(Place { tie, row });
            }
            tie = tie.wrapping_add(1) & i64::MAX;
        }
    }

    fn remove_entry(&mut self, number: i64, place: &Place) -> Result<(), StoreError> {
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
        let params = params![number, body.at.as_millis(), place.tie];
        let sql = "DELETE FROM message WHERE contact_no = ?1 AND at = ?2 AND tie = ?3";
        self.execute(sql, params).map(drop)
    }

    /// Keeps the search index in step with a message.
    fn index(
        &mut self,
        page_no: i64,
        number: i64,
        place: &Place,
        row: Option<&EntryRow>,
    ) -> Result<(), StoreError> {
        let indexed = |row: &EntryRow| {
            let at = row.body.as_ref()?.at.as_millis();
            let indexed = Indexed {
                contact_no: number,
                tie: place.tie,
                at,
            };
            Some((indexed, row.searchable()))
        };
        let (old, new) = (place.row.as_ref().and_then(indexed), row.and_then(indexed));
        if old == new {
            return Ok(());
        }
        if let Some((indexed, text)) = old {
            self.texts
                .remove(self.connection, page_no, indexed, &text)?;
        }
        match new {
            Some((indexed, text)) => {
                let (held, connection) = (&mut self.held, self.connection);
                self.texts.put(held, connection, page_no, indexed, &text)
            }
            None => Ok(()),
        }
    }

    pub(super) fn write_entry(
        &mut self,
        key: &ContactKey,
        id: &EntryId,
        row: Option<&EntryRow>,
    ) -> Result<(), StoreError> {
        let page_no = self.page_entry(&key.page)?.number;
        let number = self.number(key)?;
        let place = match self.looked_up.take() {
            Some((contact, entry, place)) if contact == *key && entry == *id => place,
            _ => self.place(number, id)?,
        };
        self.remove_entry(number, &place)?;
        self.index(page_no, number, &place, row)?;
        let Some(row) = row else {
            return Ok(());
        };
        let EntryColumns {
            key,
            marks,
            at,
            kind,
            text,
            more,
            ..
        } = EntryColumns::of(row)?;
        let Some(at) = at else {
            return self
                .execute(
                    "INSERT INTO mark (contact_no, tie, id, key, marks, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    params![
                        number,
                        EntryRow::tie(id),
                        id.as_str(),
                        key,
                        marks,
                        millis(row.latest_at()).unwrap_or(0)
                    ],
                )
                .map(drop);
        };
        self.execute_held(
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
        )
        .map(drop)
    }
}
