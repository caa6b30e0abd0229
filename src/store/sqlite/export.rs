//! Everything as a log of changes, in parts that are bounded in bytes.

use rusqlite::{Connection, params};

use super::{
    columns::{self, CONTACT, MARK, MESSAGE, Next, OUTGOING, WORK},
    connection::failed,
    lists::picture_of,
    read::{all, each, find_contact},
};
use crate::{
    change::Change,
    id::PageId,
    model::{ContactKey, EntryId, RawEvent},
    store::{
        StoreError,
        fold::{self, ContactRow, PageRow},
        sql::{Columns, WorkColumns, optional, psid},
    },
    time::Timestamp,
};

/// A part ends when it has more than this, in bytes of texts and pictures.
const MAX_BYTES: usize = 1 << 20;
/// A part ends when it has more changes than this.
const MAX_CHANGES: usize = 2_000;

/// How far an export has come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExportPosition(Step);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Step {
    Tombstones(Vec<u8>),
    RawEvents(i64),
    Contact(i64),
    /// The messages of a customer, from this place on.
    Messages(i64, i64, i64),
    Work,
}

pub(super) fn export(
    connection: &Connection,
    after: Option<ExportPosition>,
) -> Result<(Vec<Change>, Option<ExportPosition>), StoreError> {
    let mut part = Part::default();
    let mut step = match after {
        Some(ExportPosition(step)) => Some(step),
        None => {
            part.pages(connection)?;
            Some(Step::Tombstones(Vec::new()))
        }
    };
    while let Some(now) = step.take_if(|_| !part.is_full()) {
        step = part.step(connection, now)?;
    }
    Ok((part.changes, step.map(ExportPosition)))
}

/// One customer, as for a request for access.
pub(super) fn export_contact(
    connection: &Connection,
    key: &ContactKey,
) -> Result<Vec<Change>, StoreError> {
    let mut part = Part::default();
    let Some((number, row)) = find_contact(connection, key)? else {
        return Ok(Vec::new());
    };
    part.head(connection, number, key, &row)?;
    let mut place = Some((i64::MIN, i64::MIN));
    while let Some((at, tie)) = place {
        place = part.messages(connection, number, key, &row, (at, tie), usize::MAX)?;
    }
    part.tail(connection, number, key, &row)?;
    Ok(part.changes)
}

#[derive(Default)]
struct Part {
    changes: Vec<Change>,
    bytes: usize,
}

impl Part {
    fn is_full(&self) -> bool {
        self.bytes > MAX_BYTES || self.changes.len() > MAX_CHANGES
    }

    fn step(&mut self, connection: &Connection, step: Step) -> Result<Option<Step>, StoreError> {
        Ok(Some(match step {
            Step::Tombstones(after) => match self.tombstones(connection, &after)? {
                Some(last) => Step::Tombstones(last),
                None => Step::Contact(i64::MIN),
            },
            Step::Contact(after) => {
                let Some((number, key, row)) = next_contact(connection, after)? else {
                    return Ok(Some(Step::Work));
                };
                self.head(connection, number, &key, &row)?;
                Step::Messages(number, i64::MIN, i64::MIN)
            }
            Step::Messages(number, at, tie) => {
                let Some((number, key, row)) =
                    next_contact(connection, number - 1)?.filter(|(found, ..)| *found == number)
                else {
                    return Ok(Some(Step::Contact(number)));
                };
                let place = (at, tie);
                match self.messages(connection, number, &key, &row, place, MAX_BYTES)? {
                    Some((at, tie)) => Step::Messages(number, at, tie),
                    None => {
                        self.tail(connection, number, &key, &row)?;
                        Step::Contact(number)
                    }
                }
            }
            Step::Work => {
                self.work_of_pages(connection)?;
                Step::RawEvents(i64::MIN)
            }
            Step::RawEvents(after) => match self.raw_events(connection, after)? {
                Some(last) => Step::RawEvents(last),
                None => return Ok(None),
            },
        }))
    }

    fn pages(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let sql = "SELECT page, state FROM page WHERE state IS NOT NULL";
        let pages = all(connection, sql, [], |row| {
            let mut next = Next::of(row);
            let page = next.page_id()?;
            Ok((page, optional::<PageRow>(next.text()?.as_deref())?))
        })?;
        let pages = pages.iter();
        self.changes
            .extend(pages.flat_map(|(page, row)| fold::export_page(page, row)));
        Ok(())
    }

    fn tombstones(
        &mut self,
        connection: &Connection,
        after: &[u8],
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let sql = "SELECT hash, page, at FROM tombstone CROSS JOIN page USING (page_no)
             WHERE hash > ?1 ORDER BY hash LIMIT ?2";
        let mut last = None;
        each(connection, sql, params![after, MAX_CHANGES as i64], |row| {
            let hash: [u8; 16] = row.get(0).map_err(failed)?;
            let page: String = row.get(1).map_err(failed)?;
            self.changes.push(Change::Tombstone {
                page: PageId::new(page).map_err(|_| StoreError::Unreadable("the id of a Page"))?,
                hash,
                at: Timestamp::from_millis(row.get(2).map_err(failed)?),
            });
            last = Some(hash.to_vec());
            Ok(true)
        })?;
        Ok(last)
    }

    /// The customer's row and replies.
    fn head(
        &mut self,
        connection: &Connection,
        number: i64,
        key: &ContactKey,
        row: &ContactRow,
    ) -> Result<(), StoreError> {
        let picture = picture_of(connection, number)?;
        self.bytes += picture.as_ref().map_or(0, |picture| picture.bytes.len());
        self.changes
            .extend(fold::export_contact(key, row, picture.as_ref()));
        let sql = format!("SELECT {} FROM outgoing WHERE contact_no = ?1", *OUTGOING);
        each(connection, &sql, [number], |row_of| {
            let reply = columns::outgoing(row_of)?;
            if Some(reply.key.born()) > row.cutoff() {
                self.changes.extend(fold::export_reply(key, &reply));
            }
            Ok(true)
        })
    }

    /// Messages from a place on; where to go on, unless those were all.
    fn messages(
        &mut self,
        connection: &Connection,
        number: i64,
        key: &ContactKey,
        contact: &ContactRow,
        (at, tie): (i64, i64),
        most: usize,
    ) -> Result<Option<(i64, i64)>, StoreError> {
        let sql = format!(
            "SELECT {MESSAGE}, tie FROM message WHERE contact_no = ?1 AND (at, tie) > (?2, ?3) ORDER BY at, tie"
        );
        let (mut next, begin) = (None, self.changes.len());
        each(connection, &sql, params![number, at, tie], |row| {
            let tie: i64 = row.get("tie").map_err(failed)?;
            let entry = columns::entry(row)?;
            let body = entry.body.as_ref();
            let at = body.map_or(0, |body| body.at.as_millis());
            self.bytes += body.map_or(0, |body| {
                body.content.text.as_ref().map_or(0, String::len) + 100
            });
            if let Some(entry) = entry.visible(contact.cutoff()) {
                self.changes.extend(fold::export_entry(key, &entry));
            }
            let is_full = self.bytes > most || self.changes.len() - begin > MAX_CHANGES;
            next = is_full.then_some((at, tie));
            Ok(!is_full)
        })?;
        Ok(next)
    }

    /// Marks, work and acts, which come last.
    fn tail(
        &mut self,
        connection: &Connection,
        number: i64,
        key: &ContactKey,
        contact: &ContactRow,
    ) -> Result<(), StoreError> {
        let sql = format!("SELECT {MARK} FROM mark WHERE contact_no = ?1");
        each(connection, &sql, [number], |row| {
            if let Some(entry) = columns::entry(row)?.visible(contact.cutoff()) {
                self.changes.extend(fold::export_entry(key, &entry));
            }
            Ok(true)
        })?;
        let sql = format!(
            "SELECT {} FROM work INDEXED BY work_order WHERE contact_no = ?1 AND given_up IS NULL",
            *WORK
        );
        each(connection, &sql, [number], |row| {
            let (key, row) = WorkColumns::read_of(key, &mut Next::of(row))?;
            self.changes.extend(fold::export_work(&key, &row));
            Ok(true)
        })?;
        self.changes.extend(fold::export_acts(key, contact));
        Ok(())
    }

    fn work_of_pages(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let sql = format!(
            "SELECT page, '', {} FROM work CROSS JOIN page USING (page_no)
             WHERE contact_no = 0 AND given_up IS NULL",
            *WORK
        );
        each(connection, &sql, [], |row| {
            let (key, row) = WorkColumns::read_with_key(&mut Next::of(row))?;
            self.changes.extend(fold::export_work(&key, &row));
            Ok(true)
        })
    }

    fn raw_events(
        &mut self,
        connection: &Connection,
        after: i64,
    ) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT raw_event_no, page, psid, id, at, reason, raw FROM raw_event LEFT JOIN page USING (page_no)
             WHERE raw_event_no > ?1 ORDER BY raw_event_no";
        let mut last = None;
        each(connection, sql, [after], |row| {
            let mut next = Next::of(row);
            let number = next.number()?;
            let page = next.text()?.map(PageId::new).transpose();
            let of = next.text()?.map(psid).transpose()?;
            let id = EntryId::from_text(next.text()?.unwrap_or_default());
            let at = Timestamp::from_millis(next.number()?);
            let reason = next.text()?.unwrap_or_default();
            let mut event = RawEvent::new(id, at, reason, next.bytes()?.unwrap_or_default());
            event.page = page.map_err(|_| StoreError::Unreadable("the id of a Page"))?;
            event.psid = of;
            self.bytes += event.raw.len();
            self.changes.push(Change::RawEvent(event));
            last = Some(number);
            Ok(!self.is_full())
        })?;
        Ok(last)
    }
}

fn next_contact(
    connection: &Connection,
    after: i64,
) -> Result<Option<(i64, ContactKey, ContactRow)>, StoreError> {
    let sql = format!(
        "SELECT {}, page FROM contact CROSS JOIN page USING (page_no)
         WHERE contact_no > ?1 ORDER BY contact_no LIMIT 1",
        *CONTACT
    );
    let found = all(connection, &sql, [after], |row| {
        let page: String = row.get("page").map_err(failed)?;
        let page = PageId::new(page).map_err(|_| StoreError::Unreadable("the id of a Page"))?;
        let (number, text, contact) = columns::contact(row)?;
        Ok((number, ContactKey::new(page, psid(text)?), contact))
    })?;
    Ok(found.into_iter().next())
}
