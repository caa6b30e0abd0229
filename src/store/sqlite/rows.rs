//! The rows of the SQLite store, as the fold reads and writes them.

use rusqlite::{Connection, Params, params, params_from_iter};

use super::{
    cache::{Cache, Page},
    columns::{self, MARK, MESSAGE, Next, OUTGOING, WORK},
    connection::failed,
    entries::Place,
    held::Held,
    read::{all, due, each, find_page, one, page_row},
    search_index::Texts,
};
use crate::{
    id::PageId,
    model::{ContactKey, EntryId, OutgoingKey, Picture, RawEvent, Revision, WorkKind},
    store::{
        StoreError,
        fold::{ContactRow, Ends, EntryRow, OldRows, OutgoingRow, PageRow, Rows, WorkKey, WorkRow},
        sql::{
            OutgoingColumns, PRIMARY_LIVE, SIDE, Value, WorkColumns, millis, optional_json,
            revision_to_sql,
        },
    },
    time::Timestamp,
};

/// The rows inside one transaction.
pub(super) struct SqliteRows<'c> {
    pub(super) connection: &'c Connection,
    pub(super) held: Held<'c>,
    pub(super) cache: Cache,
    /// Number of the call of `apply` within the transaction.
    call: u32,
    /// Place of the entry that was looked up last: most are looked up to be written.
    pub(super) looked_up: Option<(ContactKey, EntryId, Place)>,
    pub(super) texts: Texts,
}

impl<'c> SqliteRows<'c> {
    pub(super) fn new(connection: &'c Connection, has_search: bool) -> Self {
        let mut texts = Texts::default();
        texts.is_off = !has_search;
        Self {
            connection,
            held: Held::default(),
            cache: Cache::default(),
            call: 0,
            looked_up: None,
            texts,
        }
    }

    /// Begins the next call of `apply`: each Page that it changes gets its next revision.
    pub(super) fn begin(&mut self) {
        self.call += 1;
    }

    /// Writes what waits for the end: the search index of texts, and the revisions of the Pages. The
    /// transaction must not be used afterwards. Only once it is committed the returned cache holds.
    pub(super) fn finish(mut self) -> Result<Cache, StoreError> {
        self.texts.write(self.connection)?;
        let mut cache = std::mem::take(&mut self.cache);
        for page in cache.pages.values_mut() {
            page.bumped_in = None;
            if std::mem::take(&mut page.is_changed) {
                let removed = page.removed.take().map(revision_to_sql);
                self.execute(
                    "UPDATE page SET revision = ?2, removed = coalesce(?3, removed) WHERE page_no = ?1",
                    params![page.number, revision_to_sql(page.revision), removed],
                )?;
            }
        }
        Ok(cache)
    }

    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map_err(failed)
    }

    /// Executes a statement that is run for each message, and keeps it for the transaction.
    pub(super) fn execute_held(
        &mut self,
        sql: &'static str,
        params: impl Params,
    ) -> Result<usize, StoreError> {
        let statement = self.held.get(self.connection, sql)?;
        statement.execute(params).map_err(failed)
    }

    pub(super) fn page_entry(&mut self, page: &PageId) -> Result<&mut Page, StoreError> {
        if !self.cache.pages.contains_key(page) {
            let (number, revision) = match find_page(self.connection, page)? {
                Some(found) => found,
                None => {
                    self.execute(
                        "INSERT INTO page (page, revision, removed) VALUES (?1, 0, 0)",
                        [page.as_str()],
                    )?;
                    (self.connection.last_insert_rowid(), Revision::default())
                }
            };
            let new = Page {
                number,
                revision,
                removed: None,
                bumped_in: None,
                is_changed: false,
            };
            self.cache.pages.insert(page.clone(), new);
        }
        let found = self.cache.pages.get_mut(page);
        found.ok_or(StoreError::Unreadable("a Page"))
    }

    /// Number of the Page and of the customer of an item of work, 0 for work of the Page; `None`
    /// when the customer has none.
    fn work_place(&mut self, key: &WorkKey) -> Result<Option<(i64, i64)>, StoreError> {
        let page_no = self.page_entry(&key.page)?.number;
        Ok(match key.contact() {
            None => Some((page_no, 0)),
            Some(contact) => self.find(&contact)?.map(|number| (page_no, number)),
        })
    }

    /// The first of these messages that the cut leaves visible.
    fn first_visible(
        &self,
        sql: &str,
        number: i64,
        cutoff: Option<Timestamp>,
    ) -> Result<Option<EntryRow>, StoreError> {
        let sql = format!("SELECT {MESSAGE} FROM message WHERE contact_no = ?1 AND at > ?2 {sql}");
        let after = millis(cutoff).unwrap_or(i64::MIN);
        let mut first = None;
        each(self.connection, &sql, params![number, after], |row| {
            let row = columns::entry(row)?;
            let is_visible = match cutoff {
                None => true,
                Some(_) => row.visible(cutoff).is_some_and(|row| row.body.is_some()),
            };
            first = is_visible.then_some(row);
            Ok(!is_visible)
        })?;
        Ok(first)
    }
}

/// The first key that is younger than a time.
fn keys_after(cutoff: Timestamp) -> [u8; 16] {
    OutgoingKey::new(cutoff + std::time::Duration::from_millis(1), [0; 10]).to_bytes()
}

impl Rows for SqliteRows<'_> {
    type Error = StoreError;

    fn revision(&mut self, page: &PageId) -> Result<Revision, StoreError> {
        let call = Some(self.call);
        let page = self.page_entry(page)?;
        if page.bumped_in != call {
            page.revision = page.revision.next();
            (page.bumped_in, page.is_changed) = (call, true);
        }
        Ok(page.revision)
    }

    fn page(&mut self, page: &PageId) -> Result<PageRow, StoreError> {
        page_row(self.connection, page)
    }

    fn put_page(&mut self, page: &PageId, row: &PageRow) -> Result<(), StoreError> {
        let page_no = self.page_entry(page)?.number;
        let until = row.pause.as_ref().map(|pause| pause.until);
        let until = until.map(|until| until.map_or(i64::MAX, Timestamp::as_millis));
        let sql = "UPDATE page SET state = ?2, paused_until = ?3 WHERE page_no = ?1";
        self.execute(sql, params![page_no, optional_json(row)?, until])
            .map(drop)
    }

    fn contact(&mut self, key: &ContactKey) -> Result<Option<ContactRow>, StoreError> {
        Ok(self.stored(key)?.row().cloned())
    }

    fn put_contact(&mut self, key: &ContactKey, row: &ContactRow) -> Result<(), StoreError> {
        self.write_contact(key, row)
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
            None => Place::of_nothing(id),
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
        self.write_entry(key, id, row)
    }

    fn outgoing(
        &mut self,
        key: &ContactKey,
        reply: &OutgoingKey,
    ) -> Result<Option<OutgoingRow>, StoreError> {
        let Some(number) = self.find(key)? else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT {} FROM outgoing WHERE contact_no = ?1 AND key = ?2",
            *OUTGOING
        );
        let params = params![number, reply.to_bytes()];
        one(self.connection, &sql, params, columns::outgoing)
    }

    fn put_outgoing(
        &mut self,
        key: &ContactKey,
        reply: &OutgoingKey,
        row: Option<&OutgoingRow>,
    ) -> Result<(), StoreError> {
        let number = self.number(key)?;
        let Some(row) = row else {
            let sql = "DELETE FROM outgoing WHERE contact_no = ?1 AND key = ?2";
            return self
                .execute(sql, params![number, reply.to_bytes()])
                .map(drop);
        };
        let columns = OutgoingColumns::of(row)?;
        self.put(
            "outgoing",
            &["contact_no"],
            &[number],
            OutgoingColumns::NAMES,
            &columns.values(),
        )
    }

    fn due(&mut self, key: &ContactKey) -> Result<Vec<OutgoingRow>, StoreError> {
        match self.find(key)? {
            Some(number) => due(self.connection, number),
            None => Ok(Vec::new()),
        }
    }

    fn ends(&mut self, key: &ContactKey, cutoff: Option<Timestamp>) -> Result<Ends, StoreError> {
        let mut ends = Ends::default();
        let Some(number) = self.find(key)? else {
            return Ok(ends);
        };
        let sql = format!("SELECT {} FROM outgoing WHERE contact_no = ?1", *OUTGOING);
        each(self.connection, &sql, [number], |row| {
            ends.include_reply(&columns::outgoing(row)?, cutoff);
            Ok(true)
        })?;
        let (customer, page) = (
            format!("AND kind & {SIDE} = 0 AND kind & 32"),
            format!("AND kind & {SIDE} = 1"),
        );
        for sql in [
            format!("AND kind & {SIDE} < 2 ORDER BY at ASC, tie ASC"),
            format!("AND kind & {SIDE} < 2 ORDER BY at DESC, tie DESC"),
            format!("{customer} ORDER BY at DESC, tie DESC"),
            format!("{page} ORDER BY at DESC, tie DESC"),
        ] {
            if let Some(row) = self.first_visible(&sql, number, cutoff)? {
                ends.include(&row, cutoff);
            }
        }
        let since = ends.replied_at.max(cutoff);
        let sql = format!("{customer} ORDER BY at ASC, tie ASC LIMIT 1");
        if let Some(row) = self.first_visible(&sql, number, since)? {
            ends.include_unanswered(&row, cutoff);
        }
        Ok(ends)
    }

    fn count_inbound(
        &mut self,
        key: &ContactKey,
        cutoff: Timestamp,
        limit: u32,
    ) -> Result<u32, StoreError> {
        let Some(number) = self.find(key)? else {
            return Ok(0);
        };
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM message WHERE contact_no = ?1 AND at > ?2
             AND kind & {SIDE} = 0 AND kind & {PRIMARY_LIVE} LIMIT ?3)"
        );
        let params = params![number, cutoff.as_millis(), limit];
        let count = one(self.connection, &sql, params, |row| {
            row.get(0).map_err(failed)
        })?;
        Ok(count.unwrap_or(0))
    }

    fn old(
        &mut self,
        key: &ContactKey,
        cutoff: Timestamp,
        limit: u32,
    ) -> Result<OldRows, StoreError> {
        let mut old = OldRows::default();
        let page_no = self.page_entry(&key.page)?.number;
        let Some(number) = self.find(key)? else {
            return Ok(old);
        };
        let (limit, cutoff, connection) = (limit as usize, cutoff, self.connection);
        let outgoing = format!(
            "SELECT {} FROM outgoing WHERE contact_no = ?1 AND key < ?2 LIMIT ?3",
            *OUTGOING
        );
        let params = params![number, keys_after(cutoff), limit as i64];
        old.outgoing = all(connection, &outgoing, params, columns::outgoing)?;
        let messages =
            format!("SELECT {MESSAGE} FROM message WHERE contact_no = ?1 AND at <= ?2 LIMIT ?3");
        let marks = format!("SELECT {MARK} FROM mark WHERE contact_no = ?1 AND at <= ?2 LIMIT ?3");
        for sql in [messages, marks] {
            let room = limit - old.outgoing.len() - old.entries.len();
            let params = params![number, cutoff.as_millis(), room as i64];
            old.entries
                .extend(all(connection, &sql, params, columns::entry)?);
        }
        let room = limit - old.outgoing.len() - old.entries.len();
        let work = format!(
            "SELECT {} FROM work WHERE page_no = ?1 AND contact_no = ?2 AND at <= ?3 LIMIT ?4",
            *WORK
        );
        let params = params![page_no, number, cutoff.as_millis(), room as i64];
        old.work = all(connection, &work, params, |row| {
            Ok(WorkColumns::read_of(key, &mut Next::of(row))?.0)
        })?;
        Ok(old)
    }

    fn work(&mut self, key: &WorkKey) -> Result<Option<WorkRow>, StoreError> {
        let Some((page_no, number)) = self.work_place(key)? else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT {} FROM work WHERE page_no = ?1 AND contact_no = ?2 AND kind = ?3 AND id = ?4",
            *WORK
        );
        let params = params![page_no, number, key.kind.as_str(), key.id];
        one(self.connection, &sql, params, |row| {
            WorkColumns::read(&mut Next::of(row))?.into_row()
        })
    }

    fn put_work(&mut self, key: &WorkKey, row: Option<&WorkRow>) -> Result<(), StoreError> {
        let page_no = self.page_entry(&key.page)?.number;
        let number = match key.contact() {
            Some(contact) => self.number(&contact)?,
            None => 0,
        };
        match row {
            Some(row) => {
                let columns = WorkColumns::of(key, row);
                let (keys, numbers) = (["page_no", "contact_no"], [page_no, number]);
                self.put("work", &keys, &numbers, WorkColumns::NAMES, &columns.values())
            }
            None => self
                .execute(
                    "DELETE FROM work WHERE page_no = ?1 AND contact_no = ?2 AND kind = ?3 AND id = ?4",
                    params![page_no, number, key.kind.as_str(), key.id],
                )
                .map(drop),
        }
    }

    fn first_work(
        &mut self,
        contact: &ContactKey,
        kind: &WorkKind,
    ) -> Result<Option<(WorkKey, WorkRow)>, StoreError> {
        let Some(number) = self.find(contact)? else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT {} FROM work INDEXED BY work_order WHERE contact_no = ?1 AND kind = ?2 AND given_up IS NULL
             ORDER BY at, id LIMIT 1",
            *WORK
        );
        one(
            self.connection,
            &sql,
            params![number, kind.as_str()],
            |row| WorkColumns::read_of(contact, &mut Next::of(row)),
        )
    }

    fn keep(&mut self, event: &RawEvent) -> Result<bool, StoreError> {
        let page_no = match &event.page {
            Some(page) => self.page_entry(page)?.number,
            None => 0,
        };
        let rows = self.execute(
            "INSERT INTO raw_event (page_no, id, psid, at, reason, raw) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (page_no, id) DO NOTHING",
            params![
                page_no,
                event.id.as_str(),
                event.psid.as_ref().map(|psid| psid.as_str()),
                event.at.as_millis(),
                event.reason,
                event.raw
            ],
        )?;
        Ok(rows > 0)
    }

    fn remove_kept(&mut self, key: &ContactKey, up_to: Timestamp) -> Result<(), StoreError> {
        let page_no = self.page_entry(&key.page)?.number;
        self.execute(
            "DELETE FROM raw_event WHERE page_no = ?1 AND psid = ?2 AND at <= ?3",
            params![page_no, key.psid.as_str(), up_to.as_millis()],
        )
        .map(drop)
    }

    fn contact_of(
        &mut self,
        page: &PageId,
        hash: &[u8; 16],
    ) -> Result<Option<ContactKey>, StoreError> {
        self.contact_by_hash(page, hash)
    }

    fn put_tombstone(
        &mut self,
        page: &PageId,
        hash: &[u8; 16],
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let page_no = self.page_entry(page)?.number;
        let rows = self.execute(
            "INSERT INTO tombstone (hash, page_no, at) VALUES (?1, ?2, ?3)
             ON CONFLICT (hash) DO UPDATE SET at = excluded.at WHERE at < excluded.at",
            params![hash, page_no, at.as_millis()],
        )?;
        // A customer may be cached who has no row but the tombstone.
        self.cache.forget_strangers();
        Ok(rows > 0)
    }
}

impl SqliteRows<'_> {
    /// Writes a row over the one with its key.
    fn put(
        &self,
        table: &str,
        keys: &[&str],
        numbers: &[i64],
        names: &[&str],
        values: &[Value<'_>],
    ) -> Result<(), StoreError> {
        let places: Vec<String> = (1..=keys.len() + names.len())
            .map(|at| format!("?{at}"))
            .collect();
        let sql = format!(
            "INSERT OR REPLACE INTO {table} ({}, {}) VALUES ({})",
            keys.join(", "),
            names.join(", "),
            places.join(", ")
        );
        let numbers = numbers.iter().map(|number| Value::Int(Some(*number)));
        let values = numbers.chain(values.iter().copied());
        self.execute(&sql, params_from_iter(values)).map(drop)
    }
}
