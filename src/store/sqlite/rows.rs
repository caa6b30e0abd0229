//! The rows of the SQLite store, as the fold reads and writes them.

use rusqlite::{Connection, Params, Row, params};

use super::{
    columns::{self, MESSAGE, OUTGOING},
    connection::failed,
    entries::Place,
    read::{all, conversation, field, find_page, head, prepare},
    remembered::{Page, Remembered},
    search::Texts,
};
use crate::{
    id::PageId,
    model::{ContactKey, EntryId, OutgoingKey, Picture, RawEvent, Revision},
    store::{
        StoreError,
        encoding::{self, OutgoingValues},
        fold::{ContactRow, Conversation, Ends, EntryRow, FieldRow, OutgoingRow, Rows},
    },
    time::Timestamp,
};

/// The rows inside one transaction.
pub(super) struct SqliteRows<'c> {
    pub(super) connection: &'c Connection,
    pub(super) remembered: Remembered,
    /// Where the entry is that was looked up last: most are looked up to be written.
    pub(super) looked_up: Option<(ContactKey, EntryId, Place)>,
    pub(super) texts: Texts,
}

impl<'c> SqliteRows<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            remembered: Remembered::default(),
            looked_up: None,
            texts: Texts::default(),
        }
    }

    /// The next call of `apply` begins: each Page that it changes gets its next revision.
    pub(super) fn begin(&mut self) {
        let pages = self.remembered.pages.values_mut();
        pages.for_each(|page| page.is_bumped = false);
    }

    /// Writes what waits for the end: the search index of texts, and the revisions that the Pages
    /// have now. The transaction must not be used afterwards. Once it is committed, and only then,
    /// what is given back is worth remembering.
    pub(super) fn finish(mut self) -> Result<Remembered, StoreError> {
        self.texts.write(self.connection)?;
        let mut remembered = std::mem::take(&mut self.remembered);
        for page in remembered.pages.values_mut() {
            if std::mem::take(&mut page.is_changed) {
                let revision = encoding::revision_to_sql(page.revision);
                let gone = page.gone.take().map(encoding::revision_to_sql);
                self.execute(
                    "UPDATE page SET revision = ?2, gone = coalesce(?3, gone) WHERE page_no = ?1",
                    params![page.number, revision, gone],
                )?;
            }
        }
        Ok(remembered)
    }

    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<usize, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map_err(failed)
    }

    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = prepare(self.connection, sql)?;
        let mut rows = statement.query(params).map_err(failed)?;
        rows.next().map_err(failed)?.map(read).transpose()
    }

    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        all(self.connection, sql, params, read)
    }

    pub(super) fn page(&mut self, page: &PageId) -> Result<&mut Page, StoreError> {
        if !self.remembered.pages.contains_key(page) {
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
            self.remembered.pages.insert(page.clone(), new);
        }
        // Put there above, if it was not there already.
        let pages = &mut self.remembered.pages;
        pages.get_mut(page).ok_or(StoreError::Unreadable("a Page"))
    }
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
        Ok(Some(self.stored(key)?.row().clone()))
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
        let values = OutgoingValues::of(row)?;
        self.execute(
            "INSERT OR REPLACE INTO outgoing (contact_no, key, at, tie, due, has_content, text, more, attempt, state,
             state_due, reason, by, mids) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            params![
                number,
                answer.to_bytes(),
                values.at,
                values.tie,
                values.due,
                values.has_content,
                values.text,
                values.more,
                values.attempt,
                values.state,
                values.state_due,
                values.reason,
                values.by,
                values.mids,
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
            if let Some(row) = self.one(&sql, [number], columns::entry)? {
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

    fn keep(&mut self, kept: &RawEvent) -> Result<bool, StoreError> {
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

    fn remove_kept(&mut self, key: &ContactKey, up_to: Timestamp) -> Result<(), StoreError> {
        let page_no = self.page(&key.page)?.number;
        self.execute(
            "DELETE FROM kept WHERE page_no = ?1 AND psid = ?2 AND at <= ?3",
            params![page_no, key.psid.as_str(), up_to.as_millis()],
        )
        .map(drop)
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
