//! Fetches rows besides those of the customers: the statements, and where their rows belong.

use super::{
    columns::{Fields, MARK, MESSAGE, Many, OUTGOING, ReadRow as _, WORK},
    load::Known,
    options::Schema,
    session::{Row, Statement},
};
use crate::{
    id::PageId,
    model::{ContactKey, WorkKind},
    store::{
        StoreError,
        fold::{EntryRow, OutgoingRow, PageRow, RowKeys, WorkKey, WorkRow},
        sql::{Columns, WorkColumns, optional},
    },
    time::Timestamp,
};

pub(super) fn by_contact<'k>(keys: impl Iterator<Item = &'k ContactKey> + Clone) -> Many {
    let pages = keys.clone().map(|key| Some(key.page.as_str()));
    Many::default()
        .texts("page", pages)
        .texts("psid", keys.map(|key| Some(key.psid.as_str())))
}

/// The rows of these arrays with the numbers of their Pages, which are found one by one: the
/// planner knows nothing of tables that nobody has analyzed yet, and should have nothing to choose.
/// `OFFSET 0` keeps it from asking again for each use.
pub(super) fn on_pages(schema: &Schema, many: &Many) -> String {
    format!(
        "(SELECT *, (SELECT p.page_no FROM {schema}.page p WHERE p.page = u.page) AS page_no
          FROM {} WITH ORDINALITY AS u({}, n) OFFSET 0)",
        many.unnested(),
        many.names()
    )
}

/// The rows of these arrays with the numbers of their Pages and customers: 0 without a customer.
pub(super) fn on_contacts(schema: &Schema, many: &Many) -> String {
    format!(
        "(SELECT *, CASE WHEN w.psid IS NULL THEN 0 ELSE
              (SELECT x.contact_no FROM {schema}.contact x WHERE x.page_no = w.page_no AND x.psid = w.psid)
          END AS contact_no FROM {} w OFFSET 0)",
        on_pages(schema, many)
    )
}

/// The rows of a customer in `c`, by all columns of an index: left to itself the planner looks
/// through a whole conversation for a few of its messages.
fn each(schema: &Schema, table: &str, condition: &str) -> String {
    format!(
        "c CROSS JOIN LATERAL (SELECT * FROM {schema}.{table} x
         WHERE x.page_no = c.page_no AND x.contact_no = c.contact_no {condition} OFFSET 0)"
    )
}

/// A kind of work in a conversation, and its first items.
type FirstWork<'k> = (&'k (ContactKey, WorkKind), Vec<(WorkKey, WorkRow)>);

/// Rows to be read, besides those of the customers themselves.
pub(super) struct RowFetch<'w> {
    keys: &'w RowKeys,
    statements: Vec<(Kind, String, Many)>,
}

#[derive(Clone, Copy)]
enum Kind {
    Entries,
    Outgoing,
    Due,
    Work,
    FirstWork,
    Pages,
    Kept,
    Tombstones,
}

impl<'w> RowFetch<'w> {
    pub(super) fn of(schema: &Schema, keys: &'w RowKeys) -> Self {
        let mut fetch = Self {
            keys,
            statements: Vec::new(),
        };
        fetch.conversations(schema);
        fetch.work(schema);
        fetch.pages(schema);
        fetch
    }

    fn conversations(&mut self, schema: &Schema) {
        let from = |many: &Many| on_contacts(schema, many);
        let each = |table, condition| each(schema, table, condition);
        let entries = &self.keys.entries;
        if !entries.is_empty() {
            let ties = entries.iter().map(|(_, id)| Some(EntryRow::tie(id)));
            let many = by_contact(entries.iter().map(|(key, _)| key))
                .numbers("tie", ties.collect())
                .texts("id", entries.iter().map(|(_, id)| Some(id.as_str())));
            let on = "AND x.tie = c.tie AND x.id = c.id";
            let sql = format!(
                "WITH c AS MATERIALIZED (SELECT * FROM {} c)
                 SELECT c.n, {MESSAGE} FROM {} m UNION ALL SELECT c.n, {MARK} FROM {} m",
                from(&many),
                each("message", on),
                each("mark", on)
            );
            self.statements.push((Kind::Entries, sql, many));
        }
        let outgoing = &self.keys.outgoing;
        if !outgoing.is_empty() {
            let keys = outgoing
                .iter()
                .map(|(_, key)| Some(key.to_bytes().to_vec()));
            let many = by_contact(outgoing.iter().map(|(key, _)| key)).bytes("key", keys.collect());
            let sql = format!(
                "SELECT c.n, {} FROM {} {} o",
                *OUTGOING,
                from(&many),
                each("outgoing", "AND x.key = c.key")
            );
            self.statements.push((Kind::Outgoing, sql, many));
        }
        if !self.keys.due.is_empty() {
            let many = by_contact(self.keys.due.iter());
            let sql = format!(
                "SELECT c.n, {} FROM {} {} o",
                *OUTGOING,
                from(&many),
                each("outgoing", "AND x.due IS NOT NULL")
            );
            self.statements.push((Kind::Due, sql, many));
        }
    }

    fn work(&mut self, schema: &Schema) {
        let work = &self.keys.work;
        if !work.is_empty() {
            let psids = work
                .iter()
                .map(|key| key.psid.as_ref().map(|psid| psid.as_str()));
            let many = Many::default()
                .texts("page", work.iter().map(|key| Some(key.page.as_str())))
                .texts("psid", psids)
                .texts("kind", work.iter().map(|key| Some(key.kind.as_str())))
                .texts("id", work.iter().map(|key| Some(key.id.as_str())));
            // Work of a Page has no customer whose lock would be its own.
            let sql = format!(
                "SELECT c.n, {} FROM {} c CROSS JOIN LATERAL (
                     SELECT * FROM {schema}.work x WHERE x.page_no = c.page_no AND x.contact_no = c.contact_no
                     AND x.kind = c.kind AND x.id = c.id FOR NO KEY UPDATE
                 ) k",
                *WORK,
                on_contacts(schema, &many)
            );
            self.statements.push((Kind::Work, sql, many));
        }
        let first = &self.keys.first_work;
        if !first.is_empty() {
            let many = by_contact(first.iter().map(|(key, _)| key))
                .texts("kind", first.iter().map(|(_, kind)| Some(kind.as_str())));
            let sql = format!(
                "SELECT c.n, {} FROM {} {} k",
                *WORK,
                on_contacts(schema, &many),
                each(
                    schema,
                    "work",
                    "AND x.kind = c.kind AND x.given_up IS NULL ORDER BY x.at, x.id LIMIT 2"
                )
            );
            self.statements.push((Kind::FirstWork, sql, many));
        }
    }

    fn pages(&mut self, schema: &Schema) {
        let pages = &self.keys.pages;
        if !pages.is_empty() {
            let many = Many::default().texts("page", pages.iter().map(|page| Some(page.as_str())));
            // What is written back is all of it, so it is locked, after the customers.
            let sql = format!(
                "SELECT w.n, p.state FROM {} w CROSS JOIN LATERAL (
                     SELECT state FROM {schema}.page x WHERE x.page_no = w.page_no FOR NO KEY UPDATE
                 ) p",
                on_pages(schema, &many)
            );
            self.statements.push((Kind::Pages, sql, many));
        }
        let kept = &self.keys.kept;
        if !kept.is_empty() {
            let pages = kept
                .iter()
                .map(|(page, _)| page.as_ref().map(PageId::as_str));
            let many = Many::default()
                .texts("page", pages)
                .texts("id", kept.iter().map(|(_, id)| Some(id.as_str())));
            let sql = format!(
                "SELECT w.n FROM {} w CROSS JOIN LATERAL (SELECT FROM {schema}.raw_event x
                 WHERE x.page_no = CASE WHEN w.page IS NULL THEN 0 ELSE w.page_no END AND x.id = w.id OFFSET 0) k",
                on_pages(schema, &many)
            );
            self.statements.push((Kind::Kept, sql, many));
        }
        let tombstones = &self.keys.tombstones;
        if !tombstones.is_empty() {
            let hashes = tombstones.iter().map(|(_, hash)| Some(hash.to_vec()));
            let many = Many::default()
                .texts(
                    "page",
                    tombstones.iter().map(|(page, _)| Some(page.as_str())),
                )
                .bytes("hash", hashes.collect());
            let sql = format!(
                "SELECT w.n, t.at FROM {} w CROSS JOIN LATERAL (SELECT x.at FROM {schema}.tombstone x
                 WHERE x.page_no = w.page_no AND x.hash = w.hash OFFSET 0) t",
                on_pages(schema, &many)
            );
            self.statements.push((Kind::Tombstones, sql, many));
        }
    }

    pub(super) fn statements(&self) -> impl Iterator<Item = Statement<'_>> {
        let statements = self.statements.iter();
        statements.map(|(_, sql, many)| Statement::new(sql, many.parameters()))
    }

    /// Puts what was found in its place, and beside it what is not there.
    pub(super) fn read(
        &self,
        results: impl Iterator<Item = Vec<Row>>,
        known: &mut Known,
    ) -> Result<(), StoreError> {
        self.add_nothing(known);
        let keys = self.keys;
        let (entries, outgoing) = (
            Vec::from_iter(&keys.entries),
            Vec::from_iter(&keys.outgoing),
        );
        let (work, kept) = (Vec::from_iter(&keys.work), Vec::from_iter(&keys.kept));
        let pages = Vec::from_iter(&keys.pages);
        let tombstones = Vec::from_iter(&keys.tombstones);
        let mut due: Vec<(&ContactKey, Vec<OutgoingRow>)> =
            keys.due.iter().map(|key| (key, Vec::new())).collect();
        let mut first: Vec<FirstWork<'_>> = (keys.first_work.iter())
            .map(|key| (key, Vec::new()))
            .collect();
        let nowhere = || StoreError::Unreadable("an ordinal");
        for ((kind, ..), rows) in self.statements.iter().zip(results) {
            for row in rows {
                let mut next = Fields::of(row);
                let place = next.place()?;
                match kind {
                    Kind::Entries => {
                        let (key, _) = entries.get(place).ok_or_else(nowhere)?;
                        known.found(key, next.entry()?);
                    }
                    Kind::Outgoing => {
                        let (key, reply) = outgoing.get(place).ok_or_else(nowhere)?;
                        let row = Some(next.outgoing()?);
                        known.rows.add_outgoing(key.clone(), reply.clone(), row);
                    }
                    Kind::Due => {
                        let (_, rows) = due.get_mut(place).ok_or_else(nowhere)?;
                        rows.push(next.outgoing()?);
                    }
                    Kind::Work => {
                        let key = work.get(place).ok_or_else(nowhere)?;
                        let row = WorkColumns::read(&mut next)?.into_row()?;
                        known.found_work((*key).clone(), row);
                    }
                    Kind::FirstWork => {
                        let ((contact, _), rows) = first.get_mut(place).ok_or_else(nowhere)?;
                        rows.push(WorkColumns::read_of(contact, &mut next)?);
                    }
                    Kind::Pages => {
                        let page = pages.get(place).ok_or_else(nowhere)?;
                        let row: PageRow = optional(next.text()?.as_deref())?;
                        known.rows.add_page((*page).clone(), row);
                    }
                    Kind::Kept => {
                        let (page, id) = kept.get(place).ok_or_else(nowhere)?;
                        known.rows.add_kept(page.clone(), id.clone(), true);
                    }
                    Kind::Tombstones => {
                        let (page, hash) = tombstones.get(place).ok_or_else(nowhere)?;
                        let at = Timestamp::from_millis(next.number()?);
                        known.rows.add_tombstone(page.clone(), *hash, Some(at));
                    }
                }
            }
        }
        for (key, rows) in due {
            known.rows.add_due(key.clone(), rows);
        }
        for ((contact, kind), rows) in first {
            for (key, _) in &rows {
                known.work.insert(key.clone());
            }
            let (contact, kind) = (contact.clone(), kind.clone());
            known.rows.add_first_work(contact, kind, rows);
        }
        Ok(())
    }

    fn add_nothing(&self, known: &mut Known) {
        let keys = self.keys;
        for (key, id) in &keys.entries {
            known.rows.add_entry(key.clone(), id.clone(), None);
        }
        for (key, reply) in &keys.outgoing {
            known.rows.add_outgoing(key.clone(), reply.clone(), None);
        }
        for key in &keys.work {
            known.rows.add_work(key.clone(), None);
        }
        for page in &keys.pages {
            known.rows.add_page(page.clone(), PageRow::default());
        }
        for (page, id) in &keys.kept {
            known.rows.add_kept(page.clone(), id.clone(), false);
        }
        for (page, hash) in &keys.tombstones {
            known.rows.add_tombstone(page.clone(), *hash, None);
        }
    }
}
