//! Work that is due, and customers that changed.

use std::collections::HashMap;

use tokio_postgres::{Row, types::Type};

use super::{
    columns::{CONTACT, Next, OUTGOING, Param, ReadRow as _, WORK, to_sql},
    connection::{Lease, Pool},
    error::failed,
    lists::ask,
    options::Schema,
    pipeline::Trip,
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

pub(super) async fn pending(
    pool: &Pool,
    schema: &Schema,
    query: &PendingQuery,
) -> Result<Vec<Pending>, StoreError> {
    let (now, limit) = (query.now.as_millis(), i64::from(query.limit));
    let kinds: Vec<String> = query
        .kinds
        .iter()
        .map(|kind| to_sql(kind.as_str()))
        .collect();
    let client = Lease::read(pool).await?;
    let mut trip = Trip::new(&client);
    for (kind, name) in query.kinds.iter().zip(&kinds) {
        let params = vec![
            (&now as _, Type::INT8),
            (name as _, Type::TEXT),
            (&limit as _, Type::INT8),
        ];
        trip.add(all_pending(schema, kind), params);
    }
    let answers = trip.go().await.map_err(failed)?;
    client.release();
    let mut work = Vec::new();
    for (kind, rows) in query.kinds.iter().zip(&answers) {
        for row in rows {
            work.extend(one_pending(kind, row)?);
        }
    }
    Ok(work)
}

/// Work of a kind that is due at `$1`, `$3` items of it, in turn from each Page: the first of all,
/// then the second of all. Of each conversation the earliest reply, which may be due later than
/// another.
fn all_pending(schema: &Schema, kind: &WorkKind) -> String {
    if *kind == WorkKind::WAKE || *kind == WorkKind::ERASE {
        let condition = if *kind == WorkKind::WAKE {
            "wake_due <= $1 ORDER BY wake_due"
        } else {
            "erasing IS NOT NULL ORDER BY contact_no"
        };
        return format!(
            "SELECT p.page, c.psid FROM (SELECT * FROM {schema}.contact WHERE {condition} LIMIT $3) c
             JOIN {schema}.page p ON p.page_no = c.page_no"
        );
    }
    let queue = Queue::of(kind);
    let (pages, Queue { table, column, .. }) = (queue.pages(schema, "$1"), &queue);
    let condition = queue.condition();
    let (columns, replies) = match kind {
        kind if *kind == WorkKind::SEND => (
            format!("c.psid, {}", *OUTGOING),
            format!(
                "CROSS JOIN LATERAL (
                     SELECT * FROM {schema}.outgoing x WHERE x.page_no = c.page_no AND x.contact_no = c.contact_no
                     AND x.due IS NOT NULL ORDER BY x.at, x.key LIMIT 1
                 ) o"
            ),
        ),
        kind if *kind == WorkKind::PROFILE => (format!("c.psid, {}", *CONTACT), String::new()),
        _ => {
            let psid = format!(
                "(SELECT x.psid FROM {schema}.contact x WHERE x.page_no = c.page_no AND x.contact_no = c.contact_no)"
            );
            let columns = WORK.replace("k.", "c.");
            (format!("{psid}, {columns}"), String::new())
        }
    };
    format!(
        "{pages} SELECT free.page, {columns} FROM free CROSS JOIN LATERAL (
             SELECT *, row_number() OVER (ORDER BY {column}) AS turn FROM (
                 SELECT * FROM {schema}.{table} x WHERE {condition} AND x.page_no = free.page_no AND x.{column} <= $1
                 ORDER BY {column} LIMIT $3
             ) few
         ) c {replies} ORDER BY c.turn, c.{column} LIMIT $3"
    )
}

fn one_pending(kind: &WorkKind, row: &Row) -> Result<Option<Pending>, StoreError> {
    let mut next = Next::of(row);
    if kind.is_item() {
        let (key, row) = WorkColumns::read_with_key(&mut next)?;
        return Ok(Some(row.pending(&key)));
    }
    let contact = ContactKey::new(next.page_id()?, next.psid()?);
    Ok(match kind {
        kind if *kind == WorkKind::SEND => next.outgoing()?.pending(&contact),
        kind if *kind == WorkKind::PROFILE => {
            let (_, _, row) = next.contact()?;
            Some(row.pending_profile(&contact))
        }
        kind if *kind == WorkKind::WAKE => Some(Pending::Wake { contact }),
        _ => Some(Pending::Erase { contact }),
    })
}

pub(super) async fn next_due(
    pool: &Pool,
    schema: &Schema,
    query: &PendingQuery,
) -> Result<Option<Timestamp>, StoreError> {
    let now = query.now.as_millis();
    let kinds: Vec<String> = query
        .kinds
        .iter()
        .map(|kind| to_sql(kind.as_str()))
        .collect();
    let client = Lease::read(pool).await?;
    let mut trip = Trip::new(&client);
    for (kind, name) in query.kinds.iter().zip(&kinds) {
        let params = vec![(&now as _, Type::INT8), (name as _, Type::TEXT)];
        trip.add(first_due(schema, kind), params);
    }
    let answers = trip.go().await.map_err(failed)?;
    client.release();
    let mut due = Vec::new();
    for row in answers.iter().flatten() {
        due.extend(Next::of(row).int()?);
    }
    Ok(due.into_iter().min().map(Timestamp::from_millis))
}

fn first_due(schema: &Schema, kind: &WorkKind) -> String {
    if *kind == WorkKind::WAKE {
        return format!("SELECT min(wake_due) FROM {schema}.contact WHERE wake_due IS NOT NULL");
    }
    if *kind == WorkKind::ERASE {
        return format!("SELECT 0::bigint FROM {schema}.contact WHERE erasing IS NOT NULL LIMIT 1");
    }
    let queue = Queue::of(kind);
    // A pause that ends puts its work off until then.
    let (pages, Queue { table, column, .. }) = (queue.pages(schema, "9223372036854775806"), &queue);
    let condition = queue.condition();
    format!(
        "{pages} SELECT min(CASE WHEN free.paused_until > $1 THEN greatest(first.due, free.paused_until) ELSE first.due END) FROM free CROSS JOIN LATERAL (
             SELECT x.{column} AS due FROM {schema}.{table} x WHERE {condition} AND x.page_no = free.page_no
             ORDER BY {column} LIMIT 1
         ) first"
    )
}

/// Where work of a kind waits.
struct Queue {
    table: &'static str,
    column: &'static str,
}

impl Queue {
    fn of(kind: &WorkKind) -> Self {
        let (table, column) = match kind {
            kind if *kind == WorkKind::SEND => ("contact", "send_due"),
            kind if *kind == WorkKind::PROFILE => ("contact", "profile_due"),
            _ => ("work", "due"),
        };
        Self { table, column }
    }

    /// For rows `x`; an added item has the kind `$2`.
    fn condition(&self) -> String {
        let kind = if self.table == "work" {
            "x.kind = $2 AND"
        } else {
            ""
        };
        format!("{kind} x.{} IS NOT NULL", self.column)
    }

    /// The Pages with work whose pause has ended by `latest`, as `free`, found by looking for the next
    /// Page behind each.
    fn pages(&self, schema: &Schema, latest: &str) -> String {
        let (table, condition) = (self.table, self.condition());
        let of = format!("{schema}.{table} x WHERE {condition}");
        format!(
            "WITH RECURSIVE waiting (page_no) AS (
                 (SELECT x.page_no FROM {of} ORDER BY x.page_no LIMIT 1)
                 UNION ALL SELECT (SELECT x.page_no FROM {of} AND x.page_no > waiting.page_no ORDER BY x.page_no LIMIT 1)
                 FROM waiting WHERE waiting.page_no IS NOT NULL
             ), free AS (
                 SELECT p.page_no, p.page, p.paused_until FROM waiting JOIN {schema}.page p ON p.page_no = waiting.page_no
                 WHERE p.paused_until IS NULL OR p.paused_until <= {latest}
             )"
        )
    }
}

pub(super) async fn changed(
    pool: &Pool,
    schema: &Schema,
    page: &PageId,
    since: Revision,
) -> Result<Changed, StoreError> {
    // One statement, and so one moment: a revision is seen with all that bears it.
    let sql = |condition: &str, limit: usize| {
        format!(
            "SELECT p.revision, p.removed, c.psid, c.revision FROM {schema}.page p LEFT JOIN LATERAL (
                 SELECT psid, revision, contact_no FROM {schema}.contact c WHERE c.page_no = p.page_no
                 AND c.last_at IS NOT NULL AND c.revision {condition} $2 ORDER BY c.revision, c.contact_no LIMIT {limit}
             ) c ON true WHERE p.page = $1 ORDER BY c.revision, c.contact_no"
        )
    };
    let (name, after) = (to_sql(page.as_str()), revision_to_sql(since));
    let params = |revision| -> [Param<'_>; 2] { [(&name, Type::TEXT), (revision, Type::INT8)] };
    let rows = ask(pool, &sql(">", MAX_CHANGED + 1), &params(&after)).await?;
    let (mut last, mut removed) = Default::default();
    if let Some(row) = rows.first() {
        let mut next = Next::of(row);
        (last, removed) = (revision(next.number()?), revision(next.number()?));
    }
    if let Some(reset) = Changed::reset(since, last, removed) {
        return Ok(reset);
    }
    Ok(match window(page, contacts(&rows)?, last) {
        Window::Done(changed) => changed,
        Window::AllOf(one) => {
            let rows = ask(pool, &sql("=", usize::MAX >> 1), &params(&one)).await?;
            answer(page, contacts(&rows)?, revision(one), true)
        }
    })
}

fn contacts(rows: &[Row]) -> Result<Vec<(crate::id::Psid, i64)>, StoreError> {
    let mut found = Vec::new();
    for row in rows {
        let mut next = Next::of(row);
        let (_, _) = (next.int()?, next.int()?);
        // A Page where nobody has changed has a row of its own.
        if let Some(text) = next.text()? {
            found.push((psid(text)?, next.number()?));
        }
    }
    Ok(found)
}

/// The revisions of these Pages, as far as they are there.
pub(super) async fn revisions<'p>(
    pool: &Pool,
    schema: &Schema,
    pages: impl Iterator<Item = &'p PageId> + Send,
) -> Result<HashMap<PageId, Revision>, StoreError> {
    let names: Vec<String> = pages.map(|page| to_sql(page.as_str())).collect();
    let sql = format!("SELECT page, revision FROM {schema}.page WHERE page = ANY ($1)");
    // One statement needs no transaction, and this one runs again and again.
    let client = Lease::take(pool).await?;
    let params: [Param<'_>; 1] = [(&names, Type::TEXT_ARRAY)];
    let rows = client.query_typed(&sql, &params).await.map_err(failed)?;
    client.release();
    let mut found = HashMap::new();
    for row in &rows {
        let mut next = Next::of(row);
        found.insert(next.page_id()?, revision(next.number()?));
    }
    Ok(found)
}
