//! Customers in their table, in the search index, and as tombstones.

use std::sync::LazyLock;

use rusqlite::{ToSql, params, params_from_iter};

use super::{
    columns::{self, COLD, CONTACT, HOT},
    connection::failed,
    rows::SqliteRows,
    search,
};
use crate::{
    model::ContactKey,
    store::{
        StoreError,
        encoding::{self, ContactValues},
        fold::ContactRow,
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
    pub(super) fn row(&self) -> &ContactRow {
        &self.row
    }
}

impl SqliteRows<'_> {
    pub(super) fn stored(&mut self, key: &ContactKey) -> Result<&mut Stored, StoreError> {
        if !self.remembered.has_at_hand(key) {
            let page_no = self.page(&key.page)?.number;
            let params = params![page_no, key.psid.as_str()];
            let found = self.one(&BY_PSID, params, columns::contact)?;
            let stored = match found {
                Some((number, _, row)) => Stored {
                    number: Some(number),
                    row,
                },
                None => {
                    let mut row = ContactRow::default();
                    row.forgotten = self.one(
                        "SELECT at FROM forgotten WHERE hash = ?1",
                        [key.hash()],
                        |row| Ok(Timestamp::from_millis(row.get(0).map_err(failed)?)),
                    )?;
                    Stored { number: None, row }
                }
            };
            self.remembered.put(key.clone(), stored);
        }
        self.remembered
            .at_hand()
            .ok_or(StoreError::Unreadable("a customer"))
    }

    /// The customer's number, if they have one.
    pub(super) fn find(&mut self, key: &ContactKey) -> Result<Option<i64>, StoreError> {
        Ok(self.stored(key)?.number)
    }

    /// The customer's number, made if they have none.
    pub(super) fn number(&mut self, key: &ContactKey) -> Result<i64, StoreError> {
        if let Some(number) = self.find(key)? {
            return Ok(number);
        }
        let page_no = self.page(&key.page)?.number;
        let forgotten = self.stored(key)?.row.forgotten;
        self.execute(
            "INSERT INTO contact (page_no, psid, forgotten) VALUES (?1, ?2, ?3)",
            params![page_no, key.psid.as_str(), encoding::time(forgotten)],
        )?;
        let number = self.connection.last_insert_rowid();
        self.stored(key)?.number = Some(number);
        Ok(number)
    }

    /// Whether no other row is of this customer.
    fn is_bare(&mut self, key: &ContactKey) -> Result<bool, StoreError> {
        let Some(number) = self.find(key)? else {
            return Ok(true);
        };
        let others = "SELECT 1 FROM message WHERE contact_no = ?1 UNION ALL SELECT 1 FROM mark WHERE contact_no = ?1
             UNION ALL SELECT 1 FROM outgoing WHERE contact_no = ?1 UNION ALL SELECT 1 FROM field WHERE contact_no = ?1
             UNION ALL SELECT 1 FROM picture WHERE contact_no = ?1";
        let found = self.one(others, [number], |_| Ok(()))?;
        Ok(found.is_none())
    }

    pub(super) fn write_contact(
        &mut self,
        key: &ContactKey,
        row: &ContactRow,
    ) -> Result<(), StoreError> {
        let page_no = self.page(&key.page)?.number;
        // Whoever fails from here on gives up the transaction, and what is remembered with it.
        let old = std::mem::take(&mut self.stored(key)?.row);
        if row.forgotten != old.forgotten {
            self.execute(
                "INSERT INTO forgotten (hash, page_no, at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (hash) DO UPDATE SET at = excluded.at",
                params![key.hash(), page_no, encoding::time(row.forgotten)],
            )?;
        }
        if old.is_shown() && !row.is_shown() {
            let page = self.page(&key.page)?;
            page.gone = Some(page.revision);
        }
        if row.is_tombstone() && self.is_bare(key)? {
            if let Some(number) = self.find(key)? {
                search::put_names(self.connection, page_no, number, &old.searchable(), "")?;
                self.execute("DELETE FROM contact WHERE contact_no = ?1", [number])?;
            }
            *self.stored(key)? = Stored {
                number: None,
                row: row.clone(),
            };
            return Ok(());
        }
        let number = self.number(key)?;
        let values = ContactValues::of(row)?;
        // Most changes leave the second half as it is, and its indexes with it.
        if cold(row) == cold(&old) && row.profile_due() == old.profile_due() {
            let values = columns::hot(&values).into_iter();
            let values = values.chain([&number as &dyn ToSql]);
            self.execute(&UPDATE_HOT, params_from_iter(values))?;
        } else {
            let all = columns::hot(&values).into_iter();
            let all = all.chain(columns::cold(&values));
            self.execute(
                &UPDATE_ALL,
                params_from_iter(all.chain([&number as &dyn ToSql])),
            )?;
        }
        if row.profile != old.profile {
            let (old, new) = (old.searchable(), row.searchable());
            search::put_names(self.connection, page_no, number, &old, &new)?;
        }
        self.stored(key)?.row = row.clone();
        Ok(())
    }
}

/// What a message does not change.
fn cold(row: &ContactRow) -> impl PartialEq {
    let ContactRow {
        // What it does.
        first_at: _,
        last_at: _,
        preview: _,
        inbound_at: _,
        unread: _,
        inbound_revision: _,
        revision: _,
        delivered,
        read,
        profile_at,
        profile,
        picture_at,
        picture,
        asked_at,
        ask_again,
        profile_attempt,
        profile_by,
        profile_lease,
        forgotten,
        expired,
        send_due,
    } = row;
    (
        (
            profile,
            [profile_at, picture_at, asked_at, ask_again, profile_lease],
        ),
        (picture, profile_attempt, profile_by),
        [delivered, read, forgotten, expired, send_due],
    )
}

static BY_PSID: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {CONTACT} FROM contact WHERE page_no = ?1 AND psid = ?2"));
static UPDATE_HOT: LazyLock<String> = LazyLock::new(|| update(HOT));
static UPDATE_ALL: LazyLock<String> = LazyLock::new(|| update(HOT.into_iter().chain(COLD)));

fn update(names: impl IntoIterator<Item = &'static str>) -> String {
    let set: Vec<String> = (1..)
        .zip(names)
        .map(|(at, name)| format!("{name} = ?{at}"))
        .collect();
    format!(
        "UPDATE contact SET {} WHERE contact_no = ?{}",
        set.join(", "),
        set.len() + 1
    )
}
