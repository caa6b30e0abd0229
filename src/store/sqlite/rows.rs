//! The rows of the SQLite store, as the fold reads and writes them.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Serialize, de::DeserializeOwned};

use super::unavailable;
use crate::{
    id::PageId,
    store::{
        ContactKey, EntryId, OutgoingKey, Picture, Revision, StoreError,
        fold::{ContactRow, EntryRow, OutgoingRow, Rows},
    },
    time::Timestamp,
};

pub(super) struct SqliteRows<'c> {
    connection: &'c Connection,
    revisions: HashMap<PageId, Revision>,
}

impl<'c> SqliteRows<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            revisions: HashMap::new(),
        }
    }

    fn execute(&self, sql: &str, params: impl rusqlite::Params) -> Result<usize, StoreError> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map_err(unavailable)
    }

    fn json<T: DeserializeOwned>(
        &self,
        sql: &str,
        params: impl rusqlite::Params,
    ) -> Result<Option<T>, StoreError> {
        let text: Option<String> = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, |row| row.get(0)).optional())
            .map_err(unavailable)?;
        text.map(|text| from_json(&text)).transpose()
    }
}

impl Rows for SqliteRows<'_> {
    type Error = StoreError;

    fn revision(&mut self, page: &PageId) -> Result<Revision, StoreError> {
        if let Some(revision) = self.revisions.get(page) {
            return Ok(*revision);
        }
        let next = Revision(revision(self.connection, page)?.0.saturating_add(1));
        self.execute(
            "INSERT INTO page (page, revision) VALUES (?1, ?2) ON CONFLICT (page) DO UPDATE SET revision = ?2",
            params![page.as_str(), to_sql(next.0)],
        )?;
        self.revisions.insert(page.clone(), next);
        Ok(next)
    }

    fn contact(&mut self, key: &ContactKey) -> Result<Option<ContactRow>, StoreError> {
        self.json(
            "SELECT data FROM contact WHERE page = ?1 AND psid = ?2",
            params![key.page.as_str(), key.psid.as_str()],
        )
    }

    fn put_contact(&mut self, key: &ContactKey, row: &ContactRow) -> Result<(), StoreError> {
        let time = |at: Option<Timestamp>| at.map(Timestamp::as_millis);
        self.execute(
            "INSERT INTO contact (page, psid, last_at, send_due, profile_due, search, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (page, psid) DO UPDATE SET last_at = ?3, send_due = ?4, profile_due = ?5, search = ?6, data = ?7",
            params![
                key.page.as_str(),
                key.psid.as_str(),
                time(row.last_at),
                time(row.send_due),
                time(row.profile_due),
                searchable(row),
                to_json(row)?
            ],
        )
        .map(drop)
    }

    fn put_picture(&mut self, key: &ContactKey, picture: &Picture) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO picture (page, psid, media_type, bytes) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (page, psid) DO UPDATE SET media_type = ?3, bytes = ?4",
            params![
                key.page.as_str(),
                key.psid.as_str(),
                picture.media_type,
                picture.bytes
            ],
        )
        .map(drop)
    }

    fn entry(&mut self, key: &ContactKey, id: &EntryId) -> Result<Option<EntryRow>, StoreError> {
        self.json(
            "SELECT data FROM message WHERE page = ?1 AND psid = ?2 AND id = ?3",
            params![key.page.as_str(), key.psid.as_str(), id.as_str()],
        )
    }

    fn put_entry(&mut self, key: &ContactKey, row: &EntryRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO message (page, psid, id, at, data) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (page, psid, id) DO UPDATE SET at = ?4, data = ?5",
            params![
                key.page.as_str(),
                key.psid.as_str(),
                row.entry.id.as_str(),
                row.entry.at.as_millis(),
                to_json(row)?
            ],
        )
        .map(drop)
    }

    fn outgoing(
        &mut self,
        key: &ContactKey,
        answer: &OutgoingKey,
    ) -> Result<Option<OutgoingRow>, StoreError> {
        self.json(
            "SELECT data FROM outgoing WHERE page = ?1 AND psid = ?2 AND key = ?3",
            params![key.page.as_str(), key.psid.as_str(), answer.as_str()],
        )
    }

    fn put_outgoing(&mut self, key: &ContactKey, row: &OutgoingRow) -> Result<(), StoreError> {
        let waiting = row.content.is_some() && row.state.due(row.at).is_some();
        let shown = row.content.is_some() && row.mids.is_empty();
        self.execute(
            "INSERT INTO outgoing (page, psid, key, at, waiting, shown, data) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (page, psid, key) DO UPDATE SET at = ?4, waiting = ?5, shown = ?6, data = ?7",
            params![key.page.as_str(), key.psid.as_str(), row.key.as_str(), row.at.as_millis(), waiting, shown, to_json(row)?],
        )
        .map(drop)
    }

    fn head(&mut self, key: &ContactKey) -> Result<Option<OutgoingRow>, StoreError> {
        self.json(
            "SELECT data FROM outgoing WHERE page = ?1 AND psid = ?2 AND waiting ORDER BY at, key LIMIT 1",
            params![key.page.as_str(), key.psid.as_str()],
        )
    }

    fn keep(
        &mut self,
        page: Option<&PageId>,
        id: &EntryId,
        at: Timestamp,
        reason: &str,
        raw: &[u8],
    ) -> Result<bool, StoreError> {
        let rows = self.execute(
            "INSERT OR IGNORE INTO kept (id, page, at, reason, raw) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                id.as_str(),
                page.map(PageId::as_str),
                at.as_millis(),
                reason,
                raw
            ],
        )?;
        Ok(rows > 0)
    }
}

pub(super) fn revision(connection: &Connection, page: &PageId) -> Result<Revision, StoreError> {
    let found: Option<i64> = connection
        .prepare_cached("SELECT revision FROM page WHERE page = ?1")
        .and_then(|mut statement| {
            statement
                .query_row([page.as_str()], |row| row.get(0))
                .optional()
        })
        .map_err(unavailable)?;
    Ok(Revision(found.unwrap_or(0).unsigned_abs()))
}

fn searchable(row: &ContactRow) -> String {
    let profile = row
        .profile
        .iter()
        .flat_map(|profile| [&profile.name, &profile.first_name, &profile.last_name]);
    let preview = row.preview.iter().map(|preview| &preview.content.text);
    let texts: Vec<&str> = profile
        .chain(preview)
        .filter_map(Option::as_deref)
        .collect();
    texts.join("\n").to_lowercase()
}

fn to_json(row: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(row).map_err(|_| StoreError::Unreadable("a row"))
}

pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable("a row"))
}

fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
