//! Everything as a log of changes, in parts that are bounded in bytes. Each part is read in one
//! snapshot.

use tokio_postgres::types::Type;

use super::{
    columns::{CONTACT, MARK, MESSAGE, Next, OUTGOING, Param, ReadRow as _, WORK},
    connection::{Lease, Pool},
    error::failed,
    lists::{find_contact, picture_of, raw_event, rows},
    options::Schema,
    pipeline::Trip,
};
use crate::{
    change::Change,
    id::PageId,
    model::ContactKey,
    store::{
        StoreError,
        fold::{self, ContactRow, PageRow},
        sql::{Columns, WorkColumns, optional},
    },
    time::Timestamp,
};

/// A part ends when it has more than this, in bytes of texts and pictures.
const MAX_BYTES: usize = 1 << 20;
/// A part ends when it has more changes than this.
const MAX_CHANGES: usize = 2_000;
/// Rows that are read at once.
const CHUNK: i64 = 500;
/// Raw events and customers with their pictures are large.
const FEW: i64 = 50;

/// How far an export has come.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExportPosition(Step);

#[derive(Clone, Debug, Eq, PartialEq)]
enum Step {
    Tombstones(i32, Vec<u8>),
    Contact(i32, i64),
    /// The messages of a customer, from this place on.
    Messages(i32, i64, (i64, i64)),
    Work,
    RawEvents(i64),
}

pub(super) async fn export(
    pool: &Pool,
    schema: &Schema,
    after: Option<ExportPosition>,
) -> Result<(Vec<Change>, Option<ExportPosition>), StoreError> {
    let client = Lease::read(pool).await?;
    let mut part = Part::new(&client, schema);
    let mut step = match after {
        Some(ExportPosition(step)) => Some(step),
        None => {
            part.pages().await?;
            Some(Step::Tombstones(i32::MIN, Vec::new()))
        }
    };
    while let Some(now) = step.take_if(|_| !part.is_full()) {
        step = part.step(now).await?;
    }
    let changes = part.changes;
    client.release();
    Ok((changes, step.map(ExportPosition)))
}

/// One customer, as for a request for access.
pub(super) async fn export_contact(
    pool: &Pool,
    schema: &Schema,
    key: &ContactKey,
) -> Result<Vec<Change>, StoreError> {
    let client = Lease::read(pool).await?;
    let mut part = Part::new(&client, schema);
    if let Some((page_no, number, row)) = find_contact(&client, schema, key).await? {
        let one = Customer {
            page_no,
            number,
            key: key.clone(),
            row,
        };
        part.head(&one).await?;
        let mut place = Some((i64::MIN, i64::MIN));
        while let Some(after) = place {
            place = part.messages(&one, after, usize::MAX).await?;
        }
        part.tail(&one).await?;
    }
    let changes = part.changes;
    client.release();
    Ok(changes)
}

struct Customer {
    page_no: i32,
    number: i64,
    key: ContactKey,
    row: ContactRow,
}

impl Customer {
    /// The condition for their rows.
    fn rows(&self) -> String {
        format!(
            "page_no = {} AND contact_no = {}",
            self.page_no, self.number
        )
    }
}

struct Part<'a> {
    client: &'a Lease,
    schema: &'a Schema,
    changes: Vec<Change>,
    bytes: usize,
}

impl<'a> Part<'a> {
    const fn new(client: &'a Lease, schema: &'a Schema) -> Self {
        Self {
            client,
            schema,
            changes: Vec::new(),
            bytes: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.bytes > MAX_BYTES || self.changes.len() > MAX_CHANGES
    }

    async fn step(&mut self, step: Step) -> Result<Option<Step>, StoreError> {
        Ok(Some(match step {
            Step::Tombstones(page_no, after) => match self.tombstones(page_no, after).await? {
                Some((page_no, last)) => Step::Tombstones(page_no, last),
                None => Step::Contact(i32::MIN, i64::MIN),
            },
            Step::Contact(page_no, after) => match self.next_contact(page_no, after).await? {
                None => Step::Work,
                Some(one) => {
                    self.head(&one).await?;
                    Step::Messages(one.page_no, one.number, (i64::MIN, i64::MIN))
                }
            },
            Step::Messages(page_no, number, after) => {
                let found = self.next_contact(page_no, number - 1).await?;
                let is_it = |one: &Customer| (one.page_no, one.number) == (page_no, number);
                let Some(one) = found.filter(is_it) else {
                    return Ok(Some(Step::Contact(page_no, number)));
                };
                match self.messages(&one, after, MAX_BYTES).await? {
                    Some(place) => Step::Messages(page_no, number, place),
                    None => {
                        self.tail(&one).await?;
                        Step::Contact(page_no, number)
                    }
                }
            }
            Step::Work => {
                self.work_of_pages().await?;
                Step::RawEvents(i64::MIN)
            }
            Step::RawEvents(after) => match self.raw_events(after).await? {
                Some(last) => Step::RawEvents(last),
                None => return Ok(None),
            },
        }))
    }

    async fn pages(&mut self) -> Result<(), StoreError> {
        let schema = self.schema;
        let sql = format!("SELECT page, state FROM {schema}.page WHERE state IS NOT NULL");
        for row in &rows(self.client, &sql, &[]).await? {
            let mut next = Next::of(row);
            let page = next.page_id()?;
            let row: PageRow = optional(next.text()?.as_deref())?;
            self.changes.extend(fold::export_page(&page, &row));
        }
        Ok(())
    }

    async fn tombstones(
        &mut self,
        page_no: i32,
        after: Vec<u8>,
    ) -> Result<Option<(i32, Vec<u8>)>, StoreError> {
        let schema = self.schema;
        let sql = format!(
            "SELECT t.page_no, t.hash, p.page, t.at FROM (
                 SELECT * FROM {schema}.tombstone WHERE (page_no, hash) > ($1, $2) ORDER BY page_no, hash LIMIT {CHUNK}
             ) t JOIN {schema}.page p ON p.page_no = t.page_no ORDER BY t.page_no, t.hash"
        );
        let params: [Param<'_>; 2] = [(&page_no, Type::INT4), (&after, Type::BYTEA)];
        let mut last = None;
        for row in &rows(self.client, &sql, &params).await? {
            let mut next = Next::of(row);
            let page_no = next.get()?;
            let bytes = next.bytes()?.unwrap_or_default();
            let hash = <[u8; 16]>::try_from(bytes.as_slice());
            self.changes.push(Change::Tombstone {
                page: next.page_id()?,
                hash: hash.map_err(|_| StoreError::Unreadable("a hash"))?,
                at: Timestamp::from_millis(next.number()?),
            });
            last = Some((page_no, bytes));
        }
        Ok(last)
    }

    async fn next_contact(&self, page_no: i32, after: i64) -> Result<Option<Customer>, StoreError> {
        let schema = self.schema;
        let sql = format!(
            "SELECT p.page, c.page_no, {} FROM (
                 SELECT * FROM {schema}.contact WHERE (page_no, contact_no) > ($1, $2)
                 ORDER BY page_no, contact_no LIMIT 1
             ) c JOIN {schema}.page p ON p.page_no = c.page_no",
            *CONTACT
        );
        let params: [Param<'_>; 2] = [(&page_no, Type::INT4), (&after, Type::INT8)];
        let found = rows(self.client, &sql, &params).await?;
        let read = |row| {
            let mut next = Next::of(row);
            let (page, page_no): (PageId, i32) = (next.page_id()?, next.get()?);
            let (number, psid, row) = next.contact()?;
            Ok(Customer {
                page_no,
                number,
                key: ContactKey::new(page, psid),
                row,
            })
        };
        found.first().map(read).transpose()
    }

    /// The customer's row and replies.
    async fn head(&mut self, one: &Customer) -> Result<(), StoreError> {
        let (schema, of) = (self.schema, one.rows());
        let mut trip = Trip::new(self.client);
        trip.add(
            format!("SELECT media_type, bytes FROM {schema}.picture WHERE {of}"),
            Vec::new(),
        );
        trip.add(
            format!("SELECT {} FROM {schema}.outgoing o WHERE {of}", *OUTGOING),
            Vec::new(),
        );
        let answers = trip.go().await.map_err(failed)?;
        let picture = answers[0].first().map(|row| picture_of(&mut Next::of(row)));
        let picture = picture.transpose()?;
        self.bytes += picture.as_ref().map_or(0, |picture| picture.bytes.len());
        self.changes
            .extend(fold::export_contact(&one.key, &one.row, picture.as_ref()));
        for row in &answers[1] {
            let reply = Next::of(row).outgoing()?;
            if Some(reply.key.born()) > one.row.cutoff() {
                self.changes.extend(fold::export_reply(&one.key, &reply));
            }
        }
        Ok(())
    }

    /// Messages from a place on; where to go on, unless those were all.
    async fn messages(
        &mut self,
        one: &Customer,
        (at, tie): (i64, i64),
        most: usize,
    ) -> Result<Option<(i64, i64)>, StoreError> {
        let sql = format!(
            "SELECT tie, {MESSAGE} FROM {}.message m WHERE {} AND (at, tie) > ($1, $2) ORDER BY at, tie LIMIT {CHUNK}",
            self.schema,
            one.rows()
        );
        let params: [Param<'_>; 2] = [(&at, Type::INT8), (&tie, Type::INT8)];
        let found = rows(self.client, &sql, &params).await?;
        let mut last = None;
        for row in &found {
            let mut next = Next::of(row);
            let tie = next.number()?;
            let entry = next.entry()?;
            let body = entry.body.as_ref();
            let at = body.map_or(0, |body| body.at.as_millis());
            self.bytes += body.map_or(0, |body| {
                body.content.text.as_ref().map_or(0, String::len) + 100
            });
            if let Some(entry) = entry.visible(one.row.cutoff()) {
                self.changes.extend(fold::export_entry(&one.key, &entry));
            }
            last = Some((at, tie));
            if self.bytes > most {
                return Ok(last);
            }
        }
        Ok(last.filter(|_| found.len() as i64 == CHUNK))
    }

    /// Marks, work and acts, which come last.
    async fn tail(&mut self, one: &Customer) -> Result<(), StoreError> {
        let (schema, of) = (self.schema, one.rows());
        let mut trip = Trip::new(self.client);
        trip.add(
            format!("SELECT {MARK} FROM {schema}.mark m WHERE {of}"),
            Vec::new(),
        );
        trip.add(
            format!(
                "SELECT {} FROM {schema}.work k WHERE {of} AND given_up IS NULL",
                *WORK
            ),
            Vec::new(),
        );
        let answers = trip.go().await.map_err(failed)?;
        for row in &answers[0] {
            if let Some(entry) = Next::of(row).entry()?.visible(one.row.cutoff()) {
                self.changes.extend(fold::export_entry(&one.key, &entry));
            }
        }
        for row in &answers[1] {
            let (key, row) = WorkColumns::read_of(&one.key, &mut Next::of(row))?;
            self.changes.extend(fold::export_work(&key, &row));
        }
        self.changes.extend(fold::export_acts(&one.key, &one.row));
        Ok(())
    }

    async fn work_of_pages(&mut self) -> Result<(), StoreError> {
        let schema = self.schema;
        let sql = format!(
            "SELECT p.page, NULL, {} FROM {schema}.page p JOIN {schema}.work k ON k.page_no = p.page_no
             WHERE k.contact_no = 0 AND k.given_up IS NULL",
            *WORK
        );
        for row in &rows(self.client, &sql, &[]).await? {
            let (key, row) = WorkColumns::read_with_key(&mut Next::of(row))?;
            self.changes.extend(fold::export_work(&key, &row));
        }
        Ok(())
    }

    async fn raw_events(&mut self, after: i64) -> Result<Option<i64>, StoreError> {
        let schema = self.schema;
        let sql = format!(
            "SELECT r.raw_event_no, p.page, r.id, r.psid, r.at, r.reason, r.raw FROM (
                 SELECT * FROM {schema}.raw_event WHERE raw_event_no > $1 ORDER BY raw_event_no LIMIT {FEW}
             ) r LEFT JOIN {schema}.page p ON p.page_no = r.page_no ORDER BY r.raw_event_no"
        );
        let mut last = None;
        for row in &rows(self.client, &sql, &[(&after, Type::INT8)]).await? {
            let mut next = Next::of(row);
            let number = next.number()?;
            let page = next.text()?.map(PageId::new).transpose();
            let mut event = raw_event(&mut next)?;
            event.page = page.map_err(|_| StoreError::Unreadable("the id of a Page"))?;
            self.bytes += event.raw.len();
            self.changes.push(Change::RawEvent(event));
            last = Some(number);
            if self.is_full() {
                break;
            }
        }
        Ok(last)
    }
}
