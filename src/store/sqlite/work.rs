//! Work that is due, and customers that changed.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use super::{
    columns::{self, CONTACT, Next, WORK},
    connection::failed,
    read::{all, due, find_page, one},
};
use crate::{
    id::PageId,
    model::{ContactKey, Revision, WorkKind},
    store::{
        Changed, Pending, PendingQuery, StoreError,
        sql::{
            Columns, WorkColumns,
            changed::{MAX_CHANGED, Window, answer, window},
            psid, revision, revision_to_sql,
        },
    },
    time::Timestamp,
};

pub(super) fn pending(
    connection: &Connection,
    query: &PendingQuery,
) -> Result<Vec<Pending>, StoreError> {
    let mut chosen = Vec::new();
    for kind in &query.kinds {
        let limit = query.limit as usize;
        if *kind == WorkKind::WAKE || *kind == WorkKind::ERASE {
            chosen.extend(of_contacts(connection, kind, query)?);
            continue;
        }
        let queue = Queue::of(kind);
        // In turn from each Page: the first of all, then the second of all.
        let mut turns: Vec<(usize, Pending)> = Vec::new();
        for (page_no, _) in queue.pages(connection, query.now, false)? {
            let works = queue.due(connection, page_no, query)?;
            turns.extend(works.into_iter().enumerate());
        }
        turns.sort_by_key(|(turn, _)| *turn);
        chosen.extend(turns.into_iter().take(limit).map(|(_, work)| work));
    }
    Ok(chosen)
}

pub(super) fn next_due(
    connection: &Connection,
    query: &PendingQuery,
) -> Result<Option<Timestamp>, StoreError> {
    let mut next: Option<i64> = None;
    let mut add = |due: Option<i64>| next = next.into_iter().chain(due).min();
    let int = |row: &rusqlite::Row<'_>| row.get::<_, Option<i64>>(0).map_err(failed);
    for kind in &query.kinds {
        if *kind == WorkKind::WAKE {
            let sql = "SELECT min(wake_due) FROM contact WHERE wake_due IS NOT NULL";
            add(one(connection, sql, [], int)?.flatten());
        } else if *kind == WorkKind::ERASE {
            let sql = "SELECT 0 FROM contact WHERE erasing IS NOT NULL LIMIT 1";
            add(one(connection, sql, [], int)?.flatten());
        } else {
            let queue = Queue::of(kind);
            for (page_no, paused_until) in queue.pages(connection, query.now, true)? {
                let due = queue.next_due(connection, page_no)?;
                add(due.map(|due| due.max(paused_until)));
            }
        }
    }
    Ok(next.map(Timestamp::from_millis))
}

/// Work that a pause does not hold back.
fn of_contacts(
    connection: &Connection,
    kind: &WorkKind,
    query: &PendingQuery,
) -> Result<Vec<Pending>, StoreError> {
    let condition = if *kind == WorkKind::WAKE {
        "wake_due <= ?1 ORDER BY wake_due"
    } else {
        "erasing IS NOT NULL AND ?1 IS NOT NULL ORDER BY contact_no"
    };
    let sql = format!(
        "SELECT page, psid FROM contact CROSS JOIN page USING (page_no) WHERE {condition} LIMIT ?2"
    );
    let params = params![query.now.as_millis(), query.limit];
    all(connection, &sql, params, |row| {
        let mut next = Next::of(row);
        let contact = ContactKey::new(next.page_id()?, next.psid()?);
        Ok(if *kind == WorkKind::WAKE {
            Pending::Wake { contact }
        } else {
            Pending::Erase { contact }
        })
    })
}

/// Where work of a kind waits.
struct Queue {
    table: &'static str,
    column: &'static str,
    /// For added items.
    kind: Option<WorkKind>,
}

impl Queue {
    fn of(kind: &WorkKind) -> Self {
        let (table, column, kind) = match kind {
            kind if *kind == WorkKind::SEND => ("contact", "send_due", None),
            kind if *kind == WorkKind::PROFILE => ("contact", "profile_due", None),
            kind => ("work", "due", Some(kind.clone())),
        };
        Self {
            table,
            column,
            kind,
        }
    }

    fn condition(&self) -> String {
        let kind = match &self.kind {
            Some(_) => "kind = ?2 AND",
            None => "?2 IS NOT NULL AND",
        };
        format!("{kind} {} IS NOT NULL", self.column)
    }

    fn kind(&self) -> &str {
        self.kind.as_ref().map_or("", WorkKind::as_str)
    }

    /// The Pages with work that are not paused, found by looking for the next Page behind each; on
    /// request also those whose pause has an end, with it.
    fn pages(
        &self,
        connection: &Connection,
        now: Timestamp,
        with_paused: bool,
    ) -> Result<Vec<(i64, i64)>, StoreError> {
        let (table, condition) = (self.table, self.condition());
        let next = format!("SELECT min(page_no) FROM {table} WHERE {condition} AND page_no > ?1");
        let paused = "SELECT paused_until FROM page WHERE page_no = ?1 AND paused_until > ?2";
        let (mut pages, mut last) = (Vec::new(), i64::MIN);
        loop {
            let params = params![last, self.kind()];
            let found = one(connection, &next, params, |row| {
                row.get::<_, Option<i64>>(0).map_err(failed)
            })?;
            let Some(page_no) = found.flatten() else {
                return Ok(pages);
            };
            let params = params![page_no, now.as_millis()];
            let until = one(connection, paused, params, |row| {
                row.get::<_, i64>(0).map_err(failed)
            })?;
            match until {
                None => pages.push((page_no, i64::MIN)),
                Some(until) if with_paused && until < i64::MAX => pages.push((page_no, until)),
                Some(_) => {}
            }
            last = page_no;
        }
    }

    fn next_due(&self, connection: &Connection, page_no: i64) -> Result<Option<i64>, StoreError> {
        let Self { table, column, .. } = self;
        let condition = self.condition();
        let sql = format!("SELECT min({column}) FROM {table} WHERE {condition} AND page_no = ?1");
        let due = one(connection, &sql, params![page_no, self.kind()], |row| {
            row.get::<_, Option<i64>>(0).map_err(failed)
        })?;
        Ok(due.flatten())
    }

    fn due(
        &self,
        connection: &Connection,
        page_no: i64,
        query: &PendingQuery,
    ) -> Result<Vec<Pending>, StoreError> {
        let (now, limit) = (query.now.as_millis(), query.limit);
        if let Some(kind) = &self.kind {
            let sql = format!(
                "SELECT page, coalesce((SELECT psid FROM contact WHERE contact.contact_no = work.contact_no), ''), {}
                 FROM work CROSS JOIN page USING (page_no)
                 WHERE kind = ?2 AND page_no = ?1 AND due <= ?3 ORDER BY due LIMIT ?4",
                *WORK
            );
            let params = params![page_no, kind.as_str(), now, limit];
            return all(connection, &sql, params, |row| {
                let (key, row) = WorkColumns::read_with_key(&mut Next::of(row))?;
                Ok(row.pending(&key))
            });
        }
        let column = self.column;
        let sql = format!(
            "SELECT {}, page FROM contact CROSS JOIN page USING (page_no)
             WHERE contact.page_no = ?1 AND {column} <= ?2 ORDER BY {column} LIMIT ?3",
            *CONTACT
        );
        let found = all(connection, &sql, params![page_no, now, limit], |row| {
            let page: String = row.get("page").map_err(failed)?;
            let page = PageId::new(page).map_err(|_| StoreError::Unreadable("the id of a Page"))?;
            let (number, text, contact) = columns::contact(row)?;
            Ok((number, ContactKey::new(page, psid(text)?), contact))
        })?;
        let mut works = Vec::new();
        for (number, key, contact) in found {
            if column == "profile_due" {
                works.push(contact.pending_profile(&key));
                continue;
            }
            let mut replies = due(connection, number)?.into_iter();
            let head = replies.find(|reply| Some(reply.key.born()) > contact.cutoff());
            works.extend(head.and_then(|head| head.pending(&key)));
        }
        Ok(works)
    }
}

pub(super) fn changed(
    connection: &Connection,
    page: &PageId,
    since: Revision,
) -> Result<Changed, StoreError> {
    let found = find_page(connection, page)?;
    let (page_no, last) = found.unwrap_or_default();
    let sql = "SELECT removed FROM page WHERE page_no = ?1";
    let removed = one(connection, sql, [page_no], |row| {
        row.get::<_, i64>(0).map_err(failed)
    })?;
    if let Some(reset) = Changed::reset(since, last, revision(removed.unwrap_or(0))) {
        return Ok(reset);
    }
    let read = |condition: &str, than: i64, limit: usize| {
        let sql = format!(
            "SELECT psid, revision FROM contact WHERE page_no = ?1 AND last_at IS NOT NULL AND revision {condition} ?2
             ORDER BY revision, contact_no LIMIT ?3"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        all(connection, &sql, params![page_no, than, limit], |row| {
            let mut next = Next::of(row);
            Ok((next.psid()?, next.number()?))
        })
    };
    let rows = read(">", revision_to_sql(since), MAX_CHANGED + 1)?;
    Ok(match window(page, rows, last) {
        Window::Done(changed) => changed,
        Window::AllOf(one) => {
            let rows = read("=", one, usize::MAX)?;
            answer(page, rows, revision(one), true)
        }
    })
}

/// The revisions of these Pages, as far as they are there.
pub(super) fn revisions<'p>(
    connection: &Connection,
    pages: impl Iterator<Item = &'p PageId>,
) -> Result<HashMap<PageId, Revision>, StoreError> {
    let names: Vec<&PageId> = pages.collect();
    let names =
        serde_json::to_string(&names).map_err(|_| StoreError::Unreadable("the id of a Page"))?;
    let sql = "SELECT page, revision FROM page WHERE page IN (SELECT value FROM json_each(?1))";
    let rows = all(connection, sql, [names], |row| {
        let mut next = Next::of(row);
        Ok((next.page_id()?, revision(next.number()?)))
    })?;
    Ok(rows.into_iter().collect())
}
