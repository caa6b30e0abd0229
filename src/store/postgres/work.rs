//! What is due, who changed, and everything as a log.

use tokio_postgres::{Row, types::Type};

use super::{
    asked::field,
    columns::{CONTACT, Columns, MARK, MESSAGE, OUTGOING, Param, to_sql},
    connection::{Lease, Pool, Trip},
    error::failed,
    listing::ask,
    options::Schema,
};
use crate::{
    change::Change,
    id::PageId,
    model::{ContactKey, EntryId, Picture, RawEvent, Revision},
    store::{
        Changed, Pending, StoreError,
        encoding::{psid, revision_to_sql},
        fold::{self, ContactRow, Conversation},
    },
    time::Timestamp,
};

/// So many customers are told of at once, but always all of a revision.
const MAX_CHANGED: usize = 1000;
/// So many customers are exported at once.
const MAX_EXPORTED: i64 = 1000;

pub(super) async fn pending(
    pool: &Pool,
    schema: &Schema,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Pending>, StoreError> {
    let (now, limit) = (now.as_millis(), i64::try_from(limit).unwrap_or(i64::MAX));
    let client = Lease::read(pool).await?;
    let mut trip = Trip::new(&client);
    let params = vec![(&now as _, Type::INT8), (&limit as _, Type::INT8)];
    // Of each conversation the earliest that waits, which may be due later than another.
    trip.add(
        format!(
            "SELECT p.page, c.psid, {OUTGOING} FROM (
                 SELECT page_no, contact_no, psid, send_due FROM {schema}.contact WHERE send_due <= $1 ORDER BY send_due LIMIT $2
             ) c JOIN {schema}.page p ON p.page_no = c.page_no CROSS JOIN LATERAL (
                 SELECT * FROM {schema}.outgoing o WHERE o.page_no = c.page_no AND o.contact_no = c.contact_no
                 AND o.due IS NOT NULL ORDER BY o.at, o.key LIMIT 1
             ) o ORDER BY c.send_due"
        ),
        params.clone(),
    );
    trip.add(
        format!(
            "SELECT p.page, c.psid, {CONTACT} FROM {schema}.contact c JOIN {schema}.page p ON p.page_no = c.page_no
             WHERE c.profile_due <= $1 ORDER BY c.profile_due LIMIT $2"
        ),
        params,
    );
    let answers = trip.go().await.map_err(failed)?;
    client.release();
    let mut work = Vec::new();
    for row in &answers[0] {
        let mut next = Columns::of(row);
        let key = ContactKey::new(next.page()?, next.psid()?);
        work.extend(next.outgoing()?.pending(&key));
    }
    for row in &answers[1] {
        let mut next = Columns::of(row);
        let key = ContactKey::new(next.page()?, next.psid()?);
        work.push(next.contact()?.pending(&key));
    }
    Ok(work)
}

pub(super) async fn next_due(
    pool: &Pool,
    schema: &Schema,
) -> Result<Option<Timestamp>, StoreError> {
    let sql = format!(
        "SELECT least((SELECT min(send_due) FROM {schema}.contact WHERE send_due IS NOT NULL),
                      (SELECT min(profile_due) FROM {schema}.contact WHERE profile_due IS NOT NULL))"
    );
    let rows = ask(pool, &sql, &[]).await?;
    let due: Option<i64> = match rows.first() {
        Some(row) => row.try_get(0).map_err(failed)?,
        None => None,
    };
    Ok(due.map(Timestamp::from_millis))
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
            "SELECT p.revision, p.gone, c.psid, c.revision FROM {schema}.page p LEFT JOIN LATERAL (
                 SELECT psid, revision, contact_no FROM {schema}.contact c WHERE c.page_no = p.page_no
                 AND c.last_at IS NOT NULL AND c.revision {condition} $2 ORDER BY c.revision, c.contact_no LIMIT {limit}
             ) c ON true WHERE p.page = $1 ORDER BY c.revision, c.contact_no"
        )
    };
    let (name, after) = (to_sql(page.as_str()), revision_to_sql(since));
    let params = |revision| -> [Param<'_>; 2] { [(&name, Type::TEXT), (revision, Type::INT8)] };
    let rows = ask(pool, &sql(">", MAX_CHANGED + 1), &params(&after)).await?;
    let Some(first) = rows.first() else {
        return Ok(Changed {
            reread: since > Revision::default(),
            ..Changed::default()
        });
    };
    let mut next = Columns::of(first);
    let revision: i64 = next.get()?;
    let gone: i64 = next.get()?;
    let mut until = Revision::new(revision.cast_unsigned());
    if since > until || since < Revision::new(gone.cast_unsigned()) {
        return Ok(Changed {
            revision: until,
            reread: true,
            ..Changed::default()
        });
    }
    let mut told = told(page, &rows)?;
    let more = told.len() > MAX_CHANGED;
    if more
        && let (Some(first), Some(last)) =
            (told.first().map(|one| one.1), told.last().map(|one| one.1))
    {
        if first == last {
            let rows = ask(pool, &sql("=", usize::MAX >> 1), &params(&first)).await?;
            told = self::told(page, &rows)?;
            until = Revision::new(first.cast_unsigned());
        } else {
            told.retain(|(_, revision)| *revision < last);
            let end = told.last().map_or(first, |(_, revision)| *revision);
            until = Revision::new(end.cast_unsigned());
        }
    }
    Ok(Changed {
        contacts: told.into_iter().map(|(key, _)| key).collect(),
        revision: until,
        more,
        reread: false,
    })
}

fn told(page: &PageId, rows: &[Row]) -> Result<Vec<(ContactKey, i64)>, StoreError> {
    let mut told = Vec::new();
    for row in rows {
        let mut next = Columns::of(row);
        let (_, _): (i64, i64) = (next.get()?, next.get()?);
        // A Page where nobody has changed has a row of its own.
        if let Some(name) = next.text()? {
            told.push((ContactKey::new(page.clone(), psid(name)?), next.get()?));
        }
    }
    Ok(told)
}

/// How far an export has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Exported {
    page_no: i32,
    contact_no: i64,
}

pub(super) async fn export(
    pool: &Pool,
    schema: &Schema,
    after: Option<Exported>,
) -> Result<(Vec<Change>, Option<Exported>), StoreError> {
    let mut changes = match after {
        None => nameless(pool, schema).await?,
        Some(_) => Vec::new(),
    };
    let after = after.unwrap_or(Exported {
        page_no: i32::MIN,
        contact_no: i64::MIN,
    });
    let some = format!(
        "SELECT * FROM {schema}.contact WHERE (page_no, contact_no) > ($1, $2) ORDER BY page_no, contact_no LIMIT $3"
    );
    let params: Vec<Param<'_>> = vec![
        (&after.page_no, Type::INT4),
        (&after.contact_no, Type::INT8),
        (&MAX_EXPORTED, Type::INT8),
    ];
    let client = Lease::take(pool).await?;
    let mut trip = Trip::new(&client);
    trip.control(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 60000",
    );
    let from = |table: &str, name: &str| {
        format!(
            "FROM ({some}) c JOIN {schema}.{table} {name} ON {name}.page_no = c.page_no AND {name}.contact_no = c.contact_no"
        )
    };
    for sql in [
        format!(
            "SELECT c.page_no, c.contact_no, p.page, c.psid, {CONTACT} FROM ({some}) c
             JOIN {schema}.page p ON p.page_no = c.page_no ORDER BY c.page_no, c.contact_no"
        ),
        format!(
            "SELECT c.contact_no, {MESSAGE} {} UNION ALL SELECT c.contact_no, {MARK} {}",
            from("message", "m"),
            from("mark", "m")
        ),
        format!("SELECT c.contact_no, {OUTGOING} {}", from("outgoing", "o")),
        format!(
            "SELECT c.contact_no, f.name, f.at, f.value {}",
            from("field", "f")
        ),
        format!(
            "SELECT c.contact_no, i.media_type, i.bytes {}",
            from("picture", "i")
        ),
    ] {
        trip.add(sql, params.clone());
    }
    trip.control("COMMIT");
    let answers = trip.go().await.map_err(failed)?;
    client.release();

    let mut talks: std::collections::HashMap<i64, (Conversation, Option<Picture>)> =
        Default::default();
    for row in &answers[2] {
        let mut next = Columns::of(row);
        let (talk, _) = talks.entry(next.get()?).or_default();
        talk.entries.push(next.entry()?);
    }
    for row in &answers[3] {
        let mut next = Columns::of(row);
        let (talk, _) = talks.entry(next.get()?).or_default();
        talk.outgoing.push(next.outgoing()?);
    }
    for row in &answers[4] {
        let mut next = Columns::of(row);
        let (talk, _) = talks.entry(next.get()?).or_default();
        talk.fields.push(field(&mut next)?);
    }
    for row in &answers[5] {
        let mut next = Columns::of(row);
        let (_, picture) = talks.entry(next.get()?).or_default();
        *picture = Some(Picture {
            media_type: next.text()?.unwrap_or_default(),
            bytes: next.get()?,
        });
    }
    let mut last = None;
    for row in &answers[1] {
        let mut next = Columns::of(row);
        let (page_no, contact_no) = (next.get()?, next.get()?);
        let key = ContactKey::new(next.page()?, next.psid()?);
        let row: ContactRow = next.contact()?;
        let (talk, picture) = talks.remove(&contact_no).unwrap_or_default();
        changes.extend(fold::export(&key, &row, &talk, picture.as_ref()));
        last = Some(Exported {
            page_no,
            contact_no,
        });
    }
    Ok((changes, last))
}

/// Tombstones, and what was kept raw.
async fn nameless(pool: &Pool, schema: &Schema) -> Result<Vec<Change>, StoreError> {
    let sql = format!(
        "SELECT p.page, f.hash, f.at FROM {schema}.forgotten f JOIN {schema}.page p ON p.page_no = f.page_no"
    );
    let mut changes = Vec::new();
    for row in &ask(pool, &sql, &[]).await? {
        let mut next = Columns::of(row);
        changes.push(Change::Tombstone {
            page: next.page()?,
            hash: next.hash()?,
            at: Timestamp::from_millis(next.get()?),
        });
    }
    let sql = format!(
        "SELECT p.page, k.psid, k.id, k.at, k.reason, k.raw FROM {schema}.kept k LEFT JOIN {schema}.page p ON p.page_no = k.page_no"
    );
    for row in &ask(pool, &sql, &[]).await? {
        let mut next = Columns::of(row);
        let named = next.text()?.map(PageId::new).transpose();
        changes.push(Change::RawEvent(RawEvent {
            page: named.map_err(|_| StoreError::Unreadable("the id of a Page"))?,
            psid: next.text()?.map(psid).transpose()?,
            id: EntryId::from_text(next.text()?.unwrap_or_default()),
            at: Timestamp::from_millis(next.get()?),
            reason: next.text()?.unwrap_or_default(),
            raw: next.get()?,
        }));
    }
    Ok(changes)
}

pub(super) async fn sweep(
    pool: &Pool,
    schema: &Schema,
    before: Timestamp,
) -> Result<u64, StoreError> {
    let none = |table: &str| {
        format!(
            "AND NOT EXISTS (SELECT 1 FROM {schema}.{table} x WHERE x.page_no = c.page_no AND x.contact_no = c.contact_no)"
        )
    };
    let none: String = ["mark", "outgoing", "field", "picture"].map(none).concat();
    let before = before.as_millis();
    let client = Lease::take(pool).await?;
    let mut removed = 0_u64;
    for sql in [
        format!("DELETE FROM {schema}.kept WHERE at < $1"),
        format!("DELETE FROM {schema}.mark WHERE at < $1"),
        // A customer whose messages have expired keeps that cut, and what else is known. Who is
        // being written to at this moment is met again when they are swept the next time.
        format!(
            "DELETE FROM {schema}.contact WHERE (page_no, contact_no) IN (
                 SELECT page_no, contact_no FROM {schema}.contact c WHERE last_at IS NULL AND expired IS NULL
                 AND greatest(inbound_at, delivered, read, asked_at, 0) < $1 {none} FOR UPDATE SKIP LOCKED)"
        ),
    ] {
        let count = client.execute_typed(&sql, &[(&before, Type::INT8)]).await;
        removed = removed.saturating_add(count.map_err(failed)?);
    }
    client.release();
    Ok(removed)
}
