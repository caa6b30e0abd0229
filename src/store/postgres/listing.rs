//! What the store shows. Every listing is one statement, or one snapshot, and one round trip.

use std::collections::BTreeMap;

use deadpool_postgres::Pool;
use tokio_postgres::{
    Row,
    types::{ToSql, Type},
};

use super::{
    columns::{CONTACT, Columns, MESSAGE, OUTGOING, Param, to_sql},
    connection::{Lease, Trip},
    error::failed,
    options::Schema,
    save::field_hash,
    search,
};
use crate::{
    id::PageId,
    store::{
        Contact, ContactFilter, ContactKey, ContactQuery, Count, EntryId, Kept, KeptQuery, Listing,
        MAX_COUNT, Message, MessageQuery, MessageScope, Picture, Revision, StoreError,
        cursor::Cursor, fold::ContactRow, grams,
    },
    time::Timestamp,
};

/// A filter that finds no more than so many looks at all of them; one that finds more looks
/// through the inbox instead, because then there is one among every few.
const FEW: i64 = 2_000;
/// So many customers are looked at for one listing, and then it is given with what was found.
const FAR: i64 = 10_000;

/// The number of a Page and its revision, if there is anything of it.
pub(super) async fn page_of(
    client: &Lease,
    schema: &Schema,
    page: &PageId,
) -> Result<Option<(i32, i64)>, StoreError> {
    let sql = format!("SELECT page_no, revision FROM {schema}.page WHERE page = $1");
    let page = to_sql(page.as_str());
    let rows = client.query_typed(&sql, &[(&page, Type::TEXT)]).await;
    let rows = rows.map_err(failed)?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let mut next = Columns::of(row);
    Ok(Some((next.get()?, next.get()?)))
}

pub(super) async fn contact(
    pool: &Pool,
    schema: &Schema,
    key: &ContactKey,
) -> Result<Option<Contact>, StoreError> {
    let sql = format!(
        "SELECT {} FROM {schema}.page p JOIN {schema}.contact c ON c.page_no = p.page_no
         WHERE p.page = $1 AND c.psid = $2",
        shown(schema)
    );
    let (page, psid) = (to_sql(key.page.as_str()), to_sql(key.psid.as_str()));
    let rows = ask(pool, &sql, &[(&page, Type::TEXT), (&psid, Type::TEXT)]).await?;
    match rows.first() {
        Some(row) => Ok(Found::of(row)?.show(&key.page)),
        None => Ok(None),
    }
}

pub(super) async fn picture(
    pool: &Pool,
    schema: &Schema,
    key: &ContactKey,
) -> Result<Option<Picture>, StoreError> {
    let sql = format!(
        "SELECT i.media_type, i.bytes FROM {schema}.page p JOIN {schema}.contact c ON c.page_no = p.page_no
         JOIN {schema}.picture i ON i.page_no = c.page_no AND i.contact_no = c.contact_no
         WHERE p.page = $1 AND c.psid = $2"
    );
    let (page, psid) = (to_sql(key.page.as_str()), to_sql(key.psid.as_str()));
    let rows = ask(pool, &sql, &[(&page, Type::TEXT), (&psid, Type::TEXT)]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let mut next = Columns::of(row);
    Ok(Some(Picture {
        media_type: next.text()?.unwrap_or_default(),
        bytes: next.get()?,
    }))
}

pub(super) async fn contacts(
    pool: &Pool,
    schema: &Schema,
    query: &ContactQuery,
) -> Result<Listing<Contact>, StoreError> {
    let after = Cursor::parse(query.after.as_deref())?;
    let client = Lease::take(pool).await?;
    let Some((page_no, revision)) = page_of(&client, schema, &query.page).await? else {
        client.release();
        return Ok(nothing());
    };
    let asked = Asked {
        client: &client,
        schema,
        page_no,
        after,
        limit: query.limit as usize,
    };
    let name = match &query.filter {
        ContactFilter::Name(text) => grams::fold([text.as_str()]),
        _ => String::new(),
    };
    let (rows, next, total) = match &query.filter {
        ContactFilter::Unread => asked.inbox("c.unread > 0").await?,
        ContactFilter::Field { name, value } => {
            let (hash, name, value) = (field_hash(name, value), to_sql(name), to_sql(value));
            let few = format!(
                "SELECT contact_no FROM {schema}.field WHERE page_no = $1 AND hash = $2 AND name = $3 AND value = $4"
            );
            let is_one = format!(
                "EXISTS (SELECT 1 FROM {schema}.field f WHERE f.page_no = c.page_no AND f.contact_no = c.contact_no
                 AND f.hash = $2 AND f.name = $3 AND f.value = $4)"
            );
            let params: [Param<'_>; 3] = [
                (&hash, Type::INT8),
                (&name, Type::TEXT),
                (&value, Type::TEXT),
            ];
            asked.filtered(&few, &is_one, &params, |_| true).await?
        }
        ContactFilter::Name(_) if !name.is_empty() => {
            let grams = search::query(page_no, &name, grams::OF_NAME);
            let few = format!(
                "SELECT contact_no FROM {schema}.name_gram WHERE page_no = $1 AND grams @> $2"
            );
            let is_one = format!(
                "EXISTS (SELECT 1 FROM {schema}.name_gram g WHERE g.page_no = c.page_no AND g.contact_no = c.contact_no
                 AND g.grams @> $2)"
            );
            let holds = |row: &ContactRow| row.searchable().contains(&name);
            let params: [Param<'_>; 1] = [(&grams, Type::INT8_ARRAY)];
            asked.filtered(&few, &is_one, &params, holds).await?
        }
        _ => asked.inbox("c.last_at IS NOT NULL").await?,
    };
    client.release();
    Ok(Listing {
        rows: (rows.into_iter())
            .filter_map(|found| found.show(&query.page))
            .collect(),
        next,
        total,
        revision: Revision::new(revision.cast_unsigned()),
    })
}

/// A customer as they are shown, with what the host wrote down.
fn shown(schema: &Schema) -> String {
    let fields = |column: &str| {
        format!(
            "ARRAY(SELECT f.{column} FROM {schema}.field f
             WHERE f.page_no = c.page_no AND f.contact_no = c.contact_no AND f.value IS NOT NULL ORDER BY f.name)"
        )
    };
    let (names, values) = (fields("name"), fields("value"));
    format!("c.contact_no, c.psid, {CONTACT}, {names}, {values}")
}

struct Found {
    contact_no: i64,
    psid: crate::id::Psid,
    row: ContactRow,
    fields: BTreeMap<String, String>,
}

impl Found {
    fn of(row: &Row) -> Result<Self, StoreError> {
        let mut next = Columns::of(row);
        let (contact_no, psid, row) = (next.get()?, next.psid()?, next.contact()?);
        let (names, values) = (next.texts()?, next.texts()?);
        let fields = names.into_iter().zip(values).collect();
        Ok(Self {
            contact_no,
            psid,
            row,
            fields,
        })
    }

    fn cursor(&self) -> Cursor {
        Cursor::new(self.row.last_at.unwrap_or_default(), self.contact_no)
    }

    fn show(self, page: &PageId) -> Option<Contact> {
        let key = ContactKey::new(page.clone(), self.psid);
        self.row.show(&key, self.fields)
    }
}

type Part = (Vec<Found>, Option<String>, Count);

struct Asked<'a> {
    client: &'a Lease,
    schema: &'a Schema,
    page_no: i32,
    after: Cursor,
    limit: usize,
}

impl Asked<'_> {
    /// The customers behind a partial index of the inbox.
    async fn inbox(&self, filter: &str) -> Result<Part, StoreError> {
        let schema = self.schema;
        let sql = format!(
            "SELECT {} FROM {schema}.contact c WHERE c.page_no = $1 AND {filter} AND (c.last_at, c.contact_no) < ($2, $3)
             ORDER BY c.last_at DESC, c.contact_no DESC LIMIT $4",
            shown(schema)
        );
        // In the order of the index, so that it is not looked for among the customers of others.
        let counted = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {schema}.contact c WHERE c.page_no = $1 AND {filter}
             ORDER BY c.last_at DESC, c.contact_no DESC LIMIT {}) few",
            MAX_COUNT + 1
        );
        let more = more_than(self.limit);
        let mut trip = Trip::new(self.client);
        trip.add(
            sql,
            vec![
                (&self.page_no, Type::INT4),
                (&self.after.at, Type::INT8),
                (&self.after.tie, Type::INT8),
                (&more, Type::INT8),
            ],
        );
        trip.add(counted, vec![(&self.page_no, Type::INT4)]);
        let answers = trip.go().await.map_err(failed)?;
        let rows: Vec<Found> = (answers[0].iter())
            .map(Found::of)
            .collect::<Result<_, _>>()?;
        let (rows, next) = self.cut(rows);
        Ok((rows, next, count(&answers[1])?))
    }

    /// The customers that a filter finds which no index has in the order of the inbox.
    async fn filtered(
        &self,
        few: &str,
        is_one: &str,
        params: &[Param<'_>],
        holds: impl Fn(&ContactRow) -> bool,
    ) -> Result<Part, StoreError> {
        let schema = self.schema;
        let sql = format!(
            "WITH few AS MATERIALIZED ({few} LIMIT {})
             SELECT {} FROM few JOIN {schema}.contact c ON c.page_no = $1 AND c.contact_no = few.contact_no",
            FEW + 1,
            shown(schema)
        );
        let page: Param<'_> = (&self.page_no, Type::INT4);
        let with_page: Vec<Param<'_>> = [page].into_iter().chain(params.iter().cloned()).collect();
        let rows = self.client.query_typed(&sql, &with_page).await;
        let rows = rows.map_err(failed)?;
        if rows.len() > FEW as usize {
            return self.walk(is_one, with_page, holds).await;
        }
        let mut found: Vec<Found> = rows.iter().map(Found::of).collect::<Result<_, _>>()?;
        found.retain(|found| found.row.is_shown() && holds(&found.row));
        let total = Count::of(u32::try_from(found.len()).unwrap_or(u32::MAX));
        found.retain(|found| found.cursor() < self.after);
        found.sort_by_key(|found| std::cmp::Reverse(found.cursor()));
        let (rows, next) = self.cut(found);
        Ok((rows, next, total))
    }

    /// Looks through the inbox, and stops when it has come far.
    async fn walk(
        &self,
        is_one: &str,
        mut params: Vec<Param<'_>>,
        holds: impl Fn(&ContactRow) -> bool,
    ) -> Result<Part, StoreError> {
        let schema = self.schema;
        let first = params.len() + 1;
        let sql = format!(
            "WITH seen AS MATERIALIZED (
                 SELECT c.*, {is_one} AS is_one, row_number() OVER () AS n FROM (
                     SELECT * FROM {schema}.contact c WHERE c.page_no = $1 AND c.last_at IS NOT NULL
                     AND (c.last_at, c.contact_no) < (${first}, ${})
                     ORDER BY c.last_at DESC, c.contact_no DESC LIMIT {FAR}
                 ) c
             ) SELECT {}, c.n, c.is_one FROM seen c WHERE c.is_one OR c.n = {FAR} ORDER BY c.n",
            first + 1,
            shown(schema)
        );
        params.push((&self.after.at, Type::INT8));
        params.push((&self.after.tie, Type::INT8));
        let rows = self.client.query_typed(&sql, &params).await;
        let (mut found, mut end) = (Vec::new(), None);
        for row in &rows.map_err(failed)? {
            let one = Found::of(row)?;
            let last = row.len() - 1;
            let n: i64 = row.try_get(last - 1).map_err(failed)?;
            if n == FAR {
                end = Some(one.cursor().to_string());
            }
            if row.try_get(last).map_err(failed)? && holds(&one.row) {
                found.push(one);
            }
        }
        let (rows, next) = self.cut(found);
        Ok((rows, next.or(end), Count::MoreThan(FEW as u32)))
    }

    fn cut(&self, mut rows: Vec<Found>) -> (Vec<Found>, Option<String>) {
        let has_more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let next = rows.last().filter(|_| has_more);
        let next = next.map(|found| found.cursor().to_string());
        (rows, next)
    }
}

pub(super) async fn messages(
    pool: &Pool,
    schema: &Schema,
    query: &MessageQuery,
) -> Result<Listing<Message>, StoreError> {
    let (limit, after) = (query.limit as usize, query.after.as_deref());
    match &query.scope {
        MessageScope::Conversation(key) => talk(pool, schema, key, after, limit).await,
        MessageScope::Search { page, text } => {
            search::search(pool, schema, (page, text), after, limit).await
        }
    }
}

/// A conversation: the log and the queue, in one order and of one moment.
async fn talk(
    pool: &Pool,
    schema: &Schema,
    key: &ContactKey,
    after: Option<&str>,
    limit: usize,
) -> Result<Listing<Message>, StoreError> {
    let after = Cursor::parse(after)?;
    let more = more_than(limit);
    let (page, psid) = (to_sql(key.page.as_str()), to_sql(key.psid.as_str()));
    let whose: [Param<'_>; 2] = [(&page, Type::TEXT), (&psid, Type::TEXT)];
    let mut params = whose.to_vec();
    params.push((&after.at, Type::INT8));
    params.push((&after.tie, Type::INT8));
    params.push((&more, Type::INT8));
    let of = |table: &str| {
        format!(
            "{table}.page_no = (SELECT page_no FROM {schema}.page WHERE page = $1) AND {table}.contact_no =
             (SELECT contact_no FROM {schema}.contact WHERE psid = $2
              AND page_no = (SELECT page_no FROM {schema}.page WHERE page = $1))"
        )
    };
    let part = |table: &str| {
        format!(
            "{} AND ({table}.at, {table}.tie) < ($3, $4)
             ORDER BY {table}.at DESC, {table}.tie DESC LIMIT $5",
            of(table)
        )
    };
    let client = Lease::take(pool).await?;
    let mut trip = Trip::new(&client);
    // What goes out moves from the queue to the log, and must be seen in one of them.
    trip.control("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    let contact = format!(
        "SELECT p.revision, c.psid, {CONTACT} FROM {schema}.page p
         LEFT JOIN {schema}.contact c ON c.page_no = p.page_no AND c.psid = $2 WHERE p.page = $1"
    );
    trip.add(contact, whose.to_vec());
    let logged = format!(
        "SELECT m.tie, {MESSAGE} FROM {schema}.message m WHERE {}",
        part("m")
    );
    trip.add(logged, params.clone());
    let queued = format!(
        "SELECT o.tie, {OUTGOING} FROM {schema}.outgoing o WHERE o.tie IS NOT NULL AND {}",
        part("o")
    );
    trip.add(queued, params);
    let few = MAX_COUNT + 1;
    let counted = format!(
        "SELECT least(count(*), {few}) FROM (
             (SELECT 1 FROM {schema}.message m WHERE {} ORDER BY m.at DESC, m.tie DESC LIMIT {few}) UNION ALL
             (SELECT 1 FROM {schema}.outgoing o WHERE o.tie IS NOT NULL AND {} ORDER BY o.at DESC, o.tie DESC LIMIT {few})
         ) few",
        of("m"),
        of("o")
    );
    trip.add(counted, whose.to_vec());
    trip.control("COMMIT");
    let answers = trip.go().await.map_err(failed)?;
    client.release();
    let Some(row) = answers[1].first() else {
        return Ok(nothing());
    };
    let mut next = Columns::of(row);
    let revision: i64 = next.get()?;
    let is_there = next.text()?.is_some();
    let mut rows = Vec::new();
    if is_there {
        let contact = next.contact()?;
        for row in &answers[2] {
            let mut next = Columns::of(row);
            let tie: i64 = next.get()?;
            let message = next.entry()?.show(key, &contact);
            rows.extend(message.map(|message| (Cursor::new(message.at, tie), message)));
        }
        for row in &answers[3] {
            let mut next = Columns::of(row);
            let tie: i64 = next.get()?;
            let message = next.outgoing()?.show(key);
            rows.extend(message.map(|message| (Cursor::new(message.at, tie), message)));
        }
    }
    rows.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more);
    Ok(Listing {
        next: next.map(|(place, _)| place.to_string()),
        rows: rows.into_iter().map(|(_, message)| message).collect(),
        total: count(&answers[4])?,
        revision: Revision::new(revision.cast_unsigned()),
    })
}

pub(super) async fn kept(
    pool: &Pool,
    schema: &Schema,
    query: &KeptQuery,
) -> Result<Listing<Kept>, StoreError> {
    let (at, id) = match query.after.as_deref() {
        None => (i64::MAX, "\u{10ffff}".to_owned()),
        Some(after) => after
            .split_once(':')
            .and_then(|(at, id)| Some((at.parse().ok()?, to_sql(id))))
            .ok_or(StoreError::Unreadable("the cursor"))?,
    };
    let client = Lease::take(pool).await?;
    let (page_no, revision) = match &query.page {
        None => (0, 0),
        Some(page) => match page_of(&client, schema, page).await? {
            Some(found) => found,
            None => {
                client.release();
                return Ok(nothing());
            }
        },
    };
    let limit = query.limit as usize;
    let more = more_than(limit);
    let mut trip = Trip::new(&client);
    trip.add(
        format!(
            "SELECT id, psid, at, reason, raw FROM {schema}.kept WHERE page_no = $1 AND (at, id COLLATE \"C\") < ($2, $3)
             ORDER BY at DESC, id COLLATE \"C\" DESC LIMIT $4"
        ),
        vec![
            (&page_no, Type::INT4),
            (&at, Type::INT8),
            (&id, Type::TEXT),
            (&more, Type::INT8),
        ],
    );
    trip.add(
        format!(
            "SELECT count(*) FROM (SELECT 1 FROM {schema}.kept WHERE page_no = $1 ORDER BY at DESC LIMIT {}) few",
            MAX_COUNT + 1
        ),
        vec![(&page_no, Type::INT4)],
    );
    let answers = trip.go().await.map_err(failed)?;
    client.release();
    let kept = answers[0].iter().map(|row| {
        let mut next = Columns::of(row);
        Ok(Kept {
            id: EntryId::from_text(next.text()?.unwrap_or_default()),
            page: query.page.clone(),
            psid: next.text()?.map(crate::store::encoding::psid).transpose()?,
            at: Timestamp::from_millis(next.get()?),
            reason: next.text()?.unwrap_or_default(),
            raw: next.get()?,
        })
    });
    let mut rows: Vec<Kept> = kept.collect::<Result<_, StoreError>>()?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more);
    Ok(Listing {
        next: next.map(|kept| format!("{}:{}", kept.at.as_millis(), kept.id.as_str())),
        rows,
        total: count(&answers[1])?,
        revision: Revision::new(revision.cast_unsigned()),
    })
}

pub(super) fn nothing<T>() -> Listing<T> {
    Listing {
        rows: Vec::new(),
        next: None,
        total: Count::Exactly(0),
        revision: Revision::default(),
    }
}

/// One statement on a connection of its own.
pub(super) async fn ask(
    pool: &Pool,
    sql: &str,
    params: &[(&(dyn ToSql + Sync), Type)],
) -> Result<Vec<Row>, StoreError> {
    let client = Lease::take(pool).await?;
    let rows = client.query_typed(sql, params).await.map_err(failed)?;
    client.release();
    Ok(rows)
}

/// One more than asked for tells whether there is more.
fn more_than(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

fn count(rows: &[Row]) -> Result<Count, StoreError> {
    let counted: i64 = match rows.first() {
        Some(row) => row.try_get(0).map_err(failed)?,
        None => 0,
    };
    Ok(Count::of(u32::try_from(counted).unwrap_or(u32::MAX)))
}
