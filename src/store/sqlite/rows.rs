//! The rows of the SQLite store, as the fold reads and writes them.

use std::{cell::Cell, collections::HashMap, sync::LazyLock};

use rusqlite::{
    CachedStatement, Connection, Params, Row, Statement, StatementStatus, params, params_from_iter,
};

use super::{
    columns::{
        self, BodyValues, COLD, CONTACT, ContactValues, EntryValues, HOT, MESSAGE, OUTGOING,
    },
    connection::failed,
    search::{self, Indexed, Texts},
};
use crate::{
    id::PageId,
    store::{
        ContactKey, EntryId, Kept, OutgoingKey, Picture, Revision, StoreError,
        fold::{ContactRow, Conversation, Ends, EntryRow, FieldRow, OutgoingRow, Rows},
    },
    time::Timestamp,
};

/// The rows inside one transaction.
pub(super) struct SqliteRows<'c> {
    connection: &'c Connection,
    pages: HashMap<PageId, Page>,
    contacts: HashMap<ContactKey, Stored>,
    /// Where the entry is that was looked up last: most are looked up to be written.
    looked_up: Option<(ContactKey, EntryId, Place)>,
    texts: Texts,
}

struct Page {
    number: i64,
    revision: Revision,
    /// The revision that took a customer away, if this transaction did.
    gone: Option<Revision>,
    is_bumped: bool,
    is_changed: bool,
}

/// A customer's row as it lies in the table; without a number it does not.
#[derive(Clone, Default)]
struct Stored {
    number: Option<i64>,
    row: ContactRow,
}

impl<'c> SqliteRows<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            pages: HashMap::new(),
            contacts: HashMap::new(),
            looked_up: None,
            texts: Texts::default(),
        }
    }

    /// The next call of `apply` begins: each Page that it changes gets its next revision.
    pub(super) fn begin(&mut self) {
        self.pages
            .values_mut()
            .for_each(|page| page.is_bumped = false);
    }

    /// Writes what waits for the end: the search index of texts, and the revisions that the Pages
    /// have now. The transaction must not be used afterwards.
    pub(super) fn finish(mut self) -> Result<(), StoreError> {
        self.texts.write(self.connection)?;
        for page in self.pages.values().filter(|page| page.is_changed) {
            let revision = columns::revision_to_sql(page.revision);
            let gone = page.gone.map(columns::revision_to_sql);
            self.execute(
                "UPDATE page SET revision = ?2, gone = coalesce(?3, gone) WHERE page_no = ?1",
                params![page.number, revision, gone],
            )?;
        }
        Ok(())
    }

    fn execute(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map_err(failed)
    }

    fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = prepare(self.connection, sql)?;
        let mut rows = statement.query(params).map_err(failed)?;
        rows.next().map_err(failed)?.map(read).transpose()
    }

    fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        all(self.connection, sql, params, read)
    }

    fn page(&mut self, page: &PageId) -> Result<&mut Page, StoreError> {
        if !self.pages.contains_key(page) {
            let found = find_page(self.connection, page)?;
            let found = match found {
                Some(found) => found,
                None => {
                    self.execute(
                        "INSERT INTO page (page, revision, gone) VALUES (?1, 0, 0)",
                        [page.as_str()],
                    )?;
                    (self.connection.last_insert_rowid(), Revision::default())
                }
            };
            let new = Page {
                number: found.0,
                revision: found.1,
                gone: None,
                is_bumped: false,
                is_changed: false,
            };
            self.pages.insert(page.clone(), new);
        }
        // Put there above, if it was not there already.
        self.pages
            .get_mut(page)
            .ok_or(StoreError::Unreadable("a Page"))
    }

    fn stored(&mut self, key: &ContactKey) -> Result<&mut Stored, StoreError> {
        if !self.contacts.contains_key(key) {
            let page_no = self.page(&key.page)?.number;
            let sql = format!("SELECT {CONTACT} FROM contact WHERE page_no = ?1 AND psid = ?2");
            let found = self.one(&sql, params![page_no, key.psid.as_str()], columns::contact)?;
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
            self.contacts.insert(key.clone(), stored);
        }
        self.contacts
            .get_mut(key)
            .ok_or(StoreError::Unreadable("a customer"))
    }

    /// The customer's number, if they have one.
    fn find(&mut self, key: &ContactKey) -> Result<Option<i64>, StoreError> {
        Ok(self.stored(key)?.number)
    }

    /// The customer's number, made if they have none.
    fn number(&mut self, key: &ContactKey) -> Result<i64, StoreError> {
        if let Some(number) = self.find(key)? {
            return Ok(number);
        }
        let page_no = self.page(&key.page)?.number;
        let forgotten = self.stored(key)?.row.forgotten;
        self.execute(
            "INSERT INTO contact (page_no, psid, forgotten) VALUES (?1, ?2, ?3)",
            params![page_no, key.psid.as_str(), columns::time(forgotten)],
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

    /// The entry, the `tie` that it has or would have, and its time if it has a body.
    fn place(&self, number: i64, id: &EntryId) -> Result<Place, StoreError> {
        let mut tie = EntryRow::tie(id);
        loop {
            // Left to itself SQLite takes the key, and reads the whole conversation.
            let sql = format!(
                "SELECT {MESSAGE} FROM message INDEXED BY message_id WHERE contact_no = ?1 AND tie = ?2"
            );
            let found = self.all(&sql, params![number, tie], |row| columns::entry(row, true))?;
            let is_taken = !found.is_empty();
            if let Some(row) = found.into_iter().find(|row| row.id == *id) {
                return Ok(Place {
                    tie,
                    row: Some(row),
                });
            }
            // A hash finds fast, but decides nothing: another id may have the same.
            if is_taken {
                tie = tie.wrapping_add(1) & i64::MAX;
                continue;
            }
            let row = self.one(
                "SELECT id, key, marks FROM mark WHERE contact_no = ?1 AND tie = ?2 AND id = ?3",
                params![number, EntryRow::tie(id), id.as_str()],
                |row| columns::entry(row, false),
            )?;
            return Ok(Place { tie, row });
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
}

struct Place {
    tie: i64,
    row: Option<EntryRow>,
}

impl Rows for SqliteRows<'_> {
    type Error = StoreError;

    fn revision(&mut self, page: &PageId) -> Result<Revision, StoreError> {
        let page = self.page(page)?;
        if !page.is_bumped {
            page.revision = page.revision.next();
            (page.is_bumped, page.is_changed) = (true, true);
        }
        Ok(page.revision)
    }

    fn contact(&mut self, key: &ContactKey) -> Result<Option<ContactRow>, StoreError> {
        Ok(Some(self.stored(key)?.row.clone()))
    }

    fn put_contact(&mut self, key: &ContactKey, row: &ContactRow) -> Result<(), StoreError> {
        let page_no = self.page(&key.page)?.number;
        let old = self.stored(key)?.row.clone();
        if row.forgotten != old.forgotten {
            self.execute(
                "INSERT INTO forgotten (hash, page_no, at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (hash) DO UPDATE SET at = excluded.at",
                params![key.hash(), page_no, columns::time(row.forgotten)],
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
        let is_cold = |row: &ContactRow| -> Result<_, StoreError> {
            let mut row = row.clone();
            (row.last_at, row.preview, row.unread) = Default::default();
            (row.inbound_at, row.inbound_revision, row.revision) = Default::default();
            Ok(row)
        };
        // Most changes leave the second half as it is, and its indexes with it.
        if is_cold(row)? == is_cold(&old)? && row.profile_due() == old.profile_due() {
            let values = values.hot.iter().map(AsRef::as_ref);
            let number: &dyn rusqlite::ToSql = &number;
            self.execute(&UPDATE_HOT, params_from_iter(values.chain([number])))?;
        } else {
            let all = values.hot.iter().chain(&values.cold).map(AsRef::as_ref);
            let number: &dyn rusqlite::ToSql = &number;
            self.execute(&UPDATE_ALL, params_from_iter(all.chain([number])))?;
        }
        let (old, new) = (old.searchable(), row.searchable());
        search::put_names(self.connection, page_no, number, &old, &new)?;
        self.stored(key)?.row = row.clone();
        Ok(())
    }

    fn put_picture(
        &mut self,
        key: &ContactKey,
        picture: Option<&Picture>,
    ) -> Result<(), StoreError> {
        let number = self.number(key)?;
        match picture {
            Some(picture) => self.execute(
                "INSERT INTO picture (contact_no, media_type, bytes) VALUES (?1, ?2, ?3)
                 ON CONFLICT (contact_no) DO UPDATE SET media_type = ?2, bytes = ?3",
                params![number, picture.media_type, picture.bytes],
            ),
            None => self.execute("DELETE FROM picture WHERE contact_no = ?1", [number]),
        }
        .map(drop)
    }

    fn entry(&mut self, key: &ContactKey, id: &EntryId) -> Result<Option<EntryRow>, StoreError> {
        let place = match self.find(key)? {
            Some(number) => self.place(number, id)?,
            None => Place {
                tie: EntryRow::tie(id),
                row: None,
            },
        };
        let row = place.row.clone();
        self.looked_up = Some((key.clone(), id.clone(), place));
        Ok(row)
    }

    fn put_entry(
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
                    params![number, EntryRow::tie(id), id.as_str(), key, marks, columns::time(row.told_at())],
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

    fn outgoing(
        &mut self,
        key: &ContactKey,
        answer: &OutgoingKey,
    ) -> Result<Option<OutgoingRow>, StoreError> {
        let Some(number) = self.find(key)? else {
            return Ok(None);
        };
        let sql = format!("SELECT {OUTGOING} FROM outgoing WHERE contact_no = ?1 AND key = ?2");
        self.one(&sql, params![number, answer.to_bytes()], columns::outgoing)
    }

    fn put_outgoing(
        &mut self,
        key: &ContactKey,
        answer: &OutgoingKey,
        row: Option<&OutgoingRow>,
    ) -> Result<(), StoreError> {
        let number = self.number(key)?;
        let Some(row) = row else {
            let sql = "DELETE FROM outgoing WHERE contact_no = ?1 AND key = ?2";
            return self
                .execute(sql, params![number, answer.to_bytes()])
                .map(drop);
        };
        let (text, more) = match &row.content {
            Some(content) => columns::content_values(content, None)?,
            None => (None, None),
        };
        let (state, state_due, reason) = columns::state_values(&row.state)?;
        let mids: Vec<&str> = row.mids.iter().map(|mid| mid.as_str()).collect();
        let mids = Some(mids.join("\n")).filter(|mids| !mids.is_empty());
        self.execute(
            "INSERT OR REPLACE INTO outgoing (contact_no, key, at, tie, due, has_content, text, more, attempt, state,
             state_due, reason, by, mids) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            params![
                number,
                answer.to_bytes(),
                row.at.as_millis(),
                row.spot().map(|spot| spot.tie),
                columns::time(row.due()),
                row.content.is_some(),
                text,
                more,
                row.attempt,
                state,
                state_due,
                reason,
                columns::worker(row.by),
                mids
            ],
        )
        .map(drop)
    }

    fn field(&mut self, key: &ContactKey, name: &str) -> Result<Option<FieldRow>, StoreError> {
        let Some(number) = self.find(key)? else {
            return Ok(None);
        };
        self.one(
            "SELECT name, at, value FROM field WHERE contact_no = ?1 AND name = ?2",
            params![number, name],
            |row| Ok(field(row)?.1),
        )
    }

    fn put_field(
        &mut self,
        key: &ContactKey,
        name: &str,
        row: Option<&FieldRow>,
    ) -> Result<(), StoreError> {
        let page_no = self.page(&key.page)?.number;
        let number = self.number(key)?;
        match row {
            Some(row) => self.execute(
                "INSERT OR REPLACE INTO field (contact_no, name, page_no, value, at) VALUES (?1, ?2, ?3, ?4, ?5)",
                params![number, name, page_no, row.value, row.at.as_millis()],
            ),
            None => self.execute(
                "DELETE FROM field WHERE contact_no = ?1 AND name = ?2",
                params![number, name],
            ),
        }
        .map(drop)
    }

    fn head(&mut self, key: &ContactKey) -> Result<Option<OutgoingRow>, StoreError> {
        match self.find(key)? {
            Some(number) => head(self.connection, number),
            None => Ok(None),
        }
    }

    fn ends(&mut self, key: &ContactKey) -> Result<Ends, StoreError> {
        let mut ends = Ends::default();
        let Some(number) = self.find(key)? else {
            return Ok(ends);
        };
        for order in ["ASC", "DESC"] {
            let sql = format!(
                "SELECT {MESSAGE} FROM message WHERE contact_no = ?1 ORDER BY at {order}, tie {order} LIMIT 1"
            );
            if let Some(row) = self.one(&sql, [number], |row| columns::entry(row, true))? {
                ends.include(row.body.as_ref().map(|body| body.at), row.snippet());
            }
        }
        let shown = format!(
            "SELECT {OUTGOING} FROM outgoing WHERE contact_no = ?1 AND tie IS NOT NULL ORDER BY at DESC, tie DESC LIMIT 1"
        );
        if let Some(row) = self.one(&shown, [number], columns::outgoing)? {
            ends.include(None, row.snippet());
        }
        let first: Option<i64> = self
            .one(
                "SELECT min(at) FROM outgoing WHERE contact_no = ?1 AND has_content",
                [number],
                |row| row.get(0).map_err(failed),
            )?
            .flatten();
        ends.include(first.map(Timestamp::from_millis), None);
        Ok(ends)
    }

    fn conversation(&mut self, key: &ContactKey) -> Result<Conversation, StoreError> {
        match self.find(key)? {
            Some(number) => conversation(self.connection, number),
            None => Ok(Conversation::default()),
        }
    }

    fn keep(&mut self, kept: &Kept) -> Result<bool, StoreError> {
        let page_no = match &kept.page {
            Some(page) => self.page(page)?.number,
            None => 0,
        };
        let rows = self.execute(
            "INSERT INTO kept (page_no, id, psid, at, reason, raw) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (page_no, id) DO NOTHING",
            params![
                page_no,
                kept.id.as_str(),
                kept.psid.as_ref().map(|psid| psid.as_str()),
                kept.at.as_millis(),
                kept.reason,
                kept.raw
            ],
        )?;
        Ok(rows > 0)
    }

    fn remove_kept(&mut self, key: &ContactKey, up_to: Timestamp) -> Result<bool, StoreError> {
        let page_no = self.page(&key.page)?.number;
        let rows = self.execute(
            "DELETE FROM kept WHERE page_no = ?1 AND psid = ?2 AND at <= ?3",
            params![page_no, key.psid.as_str(), up_to.as_millis()],
        )?;
        Ok(rows > 0)
    }

    fn bury(&mut self, page: &PageId, hash: &[u8; 16], at: Timestamp) -> Result<bool, StoreError> {
        let page_no = self.page(page)?.number;
        let rows = self.execute(
            "INSERT INTO forgotten (hash, page_no, at) VALUES (?1, ?2, ?3)
             ON CONFLICT (hash) DO UPDATE SET at = excluded.at WHERE at < excluded.at",
            params![hash, page_no, at.as_millis()],
        )?;
        Ok(rows > 0)
    }
}

/// The number of a Page, and its revision.
pub(super) fn find_page(
    connection: &Connection,
    page: &PageId,
) -> Result<Option<(i64, Revision)>, StoreError> {
    let sql = "SELECT page_no, revision FROM page WHERE page = ?1";
    let found = all(connection, sql, [page.as_str()], |row| {
        let revision: i64 = row.get(1).map_err(failed)?;
        let revision = Revision::new(revision.cast_unsigned());
        Ok((row.get(0).map_err(failed)?, revision))
    })?;
    Ok(found.into_iter().next())
}

/// The earliest answer that is due at all.
pub(super) fn head(
    connection: &Connection,
    number: i64,
) -> Result<Option<OutgoingRow>, StoreError> {
    let sql = format!(
        "SELECT {OUTGOING} FROM outgoing WHERE contact_no = ?1 AND due IS NOT NULL ORDER BY at, key LIMIT 1"
    );
    Ok(all(connection, &sql, [number], columns::outgoing)?.pop())
}

/// Everything of a conversation.
pub(super) fn conversation(
    connection: &Connection,
    number: i64,
) -> Result<Conversation, StoreError> {
    let mut conversation = Conversation::default();
    let messages = format!("SELECT {MESSAGE} FROM message WHERE contact_no = ?1");
    conversation.entries = all(connection, &messages, [number], |row| {
        columns::entry(row, true)
    })?;
    let marks = "SELECT id, key, marks FROM mark WHERE contact_no = ?1";
    let marks = all(connection, marks, [number], |row| {
        columns::entry(row, false)
    })?;
    conversation.entries.extend(marks);
    let answers = format!("SELECT {OUTGOING} FROM outgoing WHERE contact_no = ?1");
    conversation.outgoing = all(connection, &answers, [number], columns::outgoing)?;
    let fields = "SELECT name, at, value FROM field WHERE contact_no = ?1";
    conversation.fields = all(connection, fields, [number], field)?;
    Ok(conversation)
}

pub(super) fn field(row: &Row<'_>) -> Result<(String, FieldRow), StoreError> {
    let name = row.get(0).map_err(failed)?;
    let at = Timestamp::from_millis(row.get(1).map_err(failed)?);
    Ok((name, FieldRow::new(at, row.get(2).map_err(failed)?)))
}

/// All rows that a statement gives.
pub(super) fn all<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = prepare(connection, sql)?;
    let mut rows = statement.query(params).map_err(failed)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        all.push(read(row)?);
    }
    drop(rows);
    count_steps(&statement);
    Ok(all)
}

/// Every read goes through here, so that a test can ask for the plan of each.
pub(super) fn prepare<'c>(
    connection: &'c Connection,
    sql: &str,
) -> Result<CachedStatement<'c>, StoreError> {
    #[cfg(test)]
    super::plans::ASKED.with_borrow_mut(|asked| asked.push(sql.to_owned()));
    connection.prepare_cached(sql).map_err(failed)
}

thread_local! {
    /// What the statements of this thread have cost since somebody last took the count.
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Adds what a statement has cost since it was last counted.
pub(super) fn count_steps(statement: &Statement<'_>) {
    let steps = statement.reset_status(StatementStatus::VmStep);
    STEPS.set(STEPS.get() + u64::from(steps.unsigned_abs()));
}

/// What the statements of this thread have cost since the last call.
pub(super) fn take_steps() -> u64 {
    STEPS.take()
}

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
