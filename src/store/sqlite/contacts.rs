//! Customers in their table, in the search index, in the lists of labels, and as tombstones.

use std::sync::LazyLock;

use rusqlite::{params, params_from_iter};

use super::{
    columns::{self, CONTACT},
    connection::failed,
    read::{all, one},
    rows::SqliteRows,
    search_index,
};
use crate::{
    id::PageId,
    model::ContactKey,
    store::{
        StoreError,
        fold::ContactRow,
        sql::{ContactColumns, Value, key_hash, list, millis, psid},
    },
    time::Timestamp,
};

/// A customer's row as it lies in the table; without a number it does not.
#[derive(Clone, Default)]
pub(super) struct Stored {
    number: Option<i64>,
    row: ContactRow,
}

impl Stored {
    pub(super) const fn is_stranger(&self) -> bool {
        self.number.is_none()
    }

    pub(super) fn row(&self) -> Option<&ContactRow> {
        let is_there = self.number.is_some() || self.row.forgotten.is_some();
        is_there.then_some(&self.row)
    }
}

impl SqliteRows<'_> {
    pub(super) fn stored(&mut self, key: &ContactKey) -> Result<&mut Stored, StoreError> {
        if !self.cache.make_current(key) {
            let page_no = self.page_entry(&key.page)?.number;
            let params = params![page_no, key.psid.as_str()];
            let found = one(self.connection, &BY_PSID, params, columns::contact)?;
            let stored = match found {
                Some((number, _, row)) => Stored {
                    number: Some(number),
                    row,
                },
                None => {
                    let mut row = ContactRow::default();
                    let sql = "SELECT at FROM tombstone WHERE hash = ?1";
                    row.forgotten = one(self.connection, sql, [key.hash()], |row| {
                        Ok(Timestamp::from_millis(row.get(0).map_err(failed)?))
                    })?;
                    Stored {
                        row,
                        ..Stored::default()
                    }
                }
            };
            self.cache.put(key.clone(), stored);
        }
        let current = self.cache.current();
        current.ok_or(StoreError::Unreadable("a customer"))
    }

    /// The customer's number, if they have one.
    pub(super) fn find(&mut self, key: &ContactKey) -> Result<Option<i64>, StoreError> {
        Ok(self.stored(key)?.number)
    }

    /// The customer's number, created if they have none.
    pub(super) fn number(&mut self, key: &ContactKey) -> Result<i64, StoreError> {
        if let Some(number) = self.find(key)? {
            return Ok(number);
        }
        let page_no = self.page_entry(&key.page)?.number;
        let forgotten = self.stored(key)?.row.forgotten;
        self.execute_held(
            "INSERT INTO contact (page_no, psid, key_hash, forgotten) VALUES (?1, ?2, ?3, ?4)",
            params![
                page_no,
                key.psid.as_str(),
                key_hash(&key.hash()),
                millis(forgotten)
            ],
        )?;
        let number = self.connection.last_insert_rowid();
        self.stored(key)?.number = Some(number);
        Ok(number)
    }

    /// The customer of a Page with a row or a raw event whose key has this hash.
    pub(super) fn contact_by_hash(
        &self,
        page: &PageId,
        hash: &[u8; 16],
    ) -> Result<Option<ContactKey>, StoreError> {
        let sql = "SELECT psid FROM contact JOIN page USING (page_no) WHERE key_hash = ?1 AND page = ?2
             UNION SELECT psid FROM raw_event JOIN page USING (page_no) WHERE page = ?2 AND psid IS NOT NULL";
        let params = params![key_hash(hash), page.as_str()];
        let psids = all(self.connection, sql, params, |row| {
            psid(row.get(0).map_err(failed)?)
        })?;
        let mut keys = psids
            .into_iter()
            .map(|psid| ContactKey::new(page.clone(), psid));
        Ok(keys.find(|key| key.hash() == *hash))
    }

    /// Whether the customer has no other row.
    fn is_bare(&mut self, key: &ContactKey) -> Result<bool, StoreError> {
        let Some(number) = self.find(key)? else {
            return Ok(true);
        };
        let others = "SELECT 1 FROM message WHERE contact_no = ?1 UNION ALL SELECT 1 FROM mark WHERE contact_no = ?1
             UNION ALL SELECT 1 FROM outgoing WHERE contact_no = ?1 UNION ALL SELECT 1 FROM picture WHERE contact_no = ?1
             UNION ALL SELECT 1 FROM work INDEXED BY work_order WHERE contact_no = ?1 AND given_up IS NULL";
        Ok(one(self.connection, others, [number], |_| Ok(()))?.is_none())
    }

    pub(super) fn write_contact(
        &mut self,
        key: &ContactKey,
        row: &ContactRow,
    ) -> Result<(), StoreError> {
        let page_no = self.page_entry(&key.page)?.number;
        // An error from here on ends the transaction, and the cache with it.
        let stored = self.stored(key)?;
        let old = std::mem::take(&mut stored.row);
        if row.forgotten != old.forgotten {
            self.execute(
                "INSERT INTO tombstone (hash, page_no, at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (hash) DO UPDATE SET at = max(at, excluded.at)",
                params![key.hash(), page_no, millis(row.forgotten)],
            )?;
        }
        if old.is_shown() && !row.is_shown() {
            let page = self.page_entry(&key.page)?;
            page.removed = Some(page.revision);
        }
        if row.is_tombstone() && self.is_bare(key)? {
            if let Some(number) = self.find(key)? {
                let names = old.searchable();
                search_index::put_names(self.connection, page_no, number, &names, "")?;
                self.execute("DELETE FROM label WHERE contact_no = ?1", [number])?;
                self.execute("DELETE FROM contact WHERE contact_no = ?1", [number])?;
            }
            *self.stored(key)? = Stored {
                row: row.clone(),
                ..Stored::default()
            };
            return Ok(());
        }
        let number = self.number(key)?;
        let (before, after) = (ContactColumns::of(&old)?, ContactColumns::of(row)?);
        // A column that is set rewrites all indexes that have it, also where it stays the same.
        let (was, is) = (before.values(), after.values());
        let differ: Vec<usize> = (0..is.len()).filter(|at| was[*at] != is[*at]).collect();
        if !differ.is_empty() {
            let set = differ.iter().fold(0, |set, at| set | 1 << at);
            let statement = self.held.of_columns(self.connection, set, || {
                let names = differ.iter().map(|at| ContactColumns::NAMES[*at]);
                let set: Vec<String> = names.map(|name| format!("{name} = ?")).collect();
                format!("UPDATE contact SET {} WHERE contact_no = ?", set.join(", "))
            })?;
            let last = Value::Int(Some(number));
            let values = differ.iter().map(|at| &is[*at]).chain([&last]);
            statement
                .execute(params_from_iter(values))
                .map_err(failed)?;
        }
        self.write_labels(page_no, number, &old, row)?;
        if row.profile != old.profile {
            let (old, new) = (old.searchable(), row.searchable());
            search_index::put_names(self.connection, page_no, number, &old, &new)?;
        }
        self.stored(key)?.row = row.clone();
        Ok(())
    }

    /// Keeps the lists of fields and tags in step with the customer.
    fn write_labels(
        &self,
        page_no: i64,
        number: i64,
        old: &ContactRow,
        row: &ContactRow,
    ) -> Result<(), StoreError> {
        let has = |row: &ContactRow| row.is_shown() && row.labels.set().next().is_some();
        let (had, has) = (has(old), has(row));
        if !had && !has {
            return Ok(());
        }
        let order = |row: &ContactRow| {
            let times = [row.last_at, row.unanswered_since, row.inbound_at];
            (list::bucket(row), times)
        };
        if had && has && row.labels == old.labels {
            if order(old) != order(row) {
                self.execute(
                    "UPDATE label SET bucket = ?2, last_at = ?3, unanswered_since = ?4, inbound_at = ?5 WHERE contact_no = ?1",
                    params![
                        number,
                        list::bucket(row),
                        millis(row.last_at),
                        millis(row.unanswered_since),
                        millis(row.inbound_at)
                    ],
                )?;
            }
            return Ok(());
        }
        self.execute("DELETE FROM label WHERE contact_no = ?1", [number])?;
        let labels = row.labels.set().filter(|_| has);
        for (no, (name, value)) in (0_i64..).zip(labels) {
            self.execute(
                "INSERT INTO label (contact_no, no, page_no, hash, name, value, bucket, last_at, unanswered_since, inbound_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
                params![
                    number,
                    no,
                    page_no,
                    list::label_hash(name, value),
                    name,
                    value,
                    list::bucket(row),
                    millis(row.last_at),
                    millis(row.unanswered_since),
                    millis(row.inbound_at)
                ],
            )?;
        }
        Ok(())
    }
}

static BY_PSID: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {} FROM contact WHERE page_no = ?1 AND psid = ?2",
        *CONTACT
    )
});
