//! Lists of customers, of tags and of raw events. Each is read in one snapshot.

use tokio_postgres::{Row, types::Type};

use super::{
    columns::{CONTACT, Next, Param, ReadRow as _, to_sql},
    connection::{Lease, Pool},
    error::failed,
    options::Schema,
    search_index,
};
use crate::{
    id::{PageId, Psid},
    model::{Contact, ContactKey, EntryId, Picture, RawEvent, Revision},
    store::{
        ContactFilter, ContactOrder, ContactQuery, Count, Listing, MAX_COUNT, MAX_PAGE_BYTES,
        MAX_VISITED, PageState, Place, RawEventQuery, StoreError,
        fold::{ContactRow, PageRow},
        sql::{
            Columns,
            list::{self, Driver, Found, Part},
            one_more, optional, psid, revision,
        },
    },
    time::Timestamp,
};

/// A name that no more customers than this have is looked up for each of them; a more frequent one
/// is found among the customers of the list.
const FEW: usize = 2_000;
/// Customers that are read at once where not all pass the filter.
const CHUNK: usize = 200;
/// The largest number of those.
const MAX_CHUNK: usize = 2_000;

/// Number and revision of a Page.
pub(super) async fn page_of(
    client: &Lease,
    schema: &Schema,
    page: &PageId,
) -> Result<Option<(i32, Revision)>, StoreError> {
    let sql = format!("SELECT page_no, revision FROM {schema}.page WHERE page = $1");
    let page = to_sql(page.as_str());
    let rows = rows(client, &sql, &[(&page, Type::TEXT)]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let mut next = Next::of(row);
    Ok(Some((next.get()?, revision(next.number()?))))
}

pub(super) async fn find_contact(
    client: &Lease,
    schema: &Schema,
    key: &ContactKey,
) -> Result<Option<(i32, i64, ContactRow)>, StoreError> {
    let sql = format!(
        "SELECT p.page_no, {} FROM {schema}.page p JOIN {schema}.contact c ON c.page_no = p.page_no
         WHERE p.page = $1 AND c.psid = $2",
        *CONTACT
    );
    let (page, psid) = (to_sql(key.page.as_str()), to_sql(key.psid.as_str()));
    let params: [Param<'_>; 2] = [(&page, Type::TEXT), (&psid, Type::TEXT)];
    let rows = rows(client, &sql, &params).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let mut next = Next::of(row);
    let page_no = next.get()?;
    let (number, _, row) = next.contact()?;
    Ok(Some((page_no, number, row)))
}

pub(super) async fn contact(
    pool: &Pool,
    schema: &Schema,
    key: &ContactKey,
) -> Result<Option<Contact>, StoreError> {
    let client = Lease::read(pool).await?;
    let found = find_contact(&client, schema, key).await?;
    client.release();
    Ok(found.and_then(|(_, _, row)| row.show(key.clone())))
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
    rows.first()
        .map(|row| picture_of(&mut Next::of(row)))
        .transpose()
}

pub(super) fn picture_of(next: &mut Next<'_>) -> Result<Picture, StoreError> {
    let media_type = next.text()?.unwrap_or_default();
    Ok(Picture::new(media_type, next.bytes()?.unwrap_or_default()))
}

pub(super) async fn page(
    pool: &Pool,
    schema: &Schema,
    page: &PageId,
) -> Result<PageState, StoreError> {
    let sql = format!("SELECT revision, state FROM {schema}.page WHERE page = $1");
    let page = to_sql(page.as_str());
    let rows = ask(pool, &sql, &[(&page, Type::TEXT)]).await?;
    let Some(row) = rows.first() else {
        return Ok(PageState::default());
    };
    let mut next = Next::of(row);
    let revision = revision(next.number()?);
    let row: PageRow = optional(next.text()?.as_deref())?;
    Ok(row.show(revision))
}

pub(super) async fn contacts(
    pool: &Pool,
    schema: &Schema,
    query: &ContactQuery,
) -> Result<Listing<Contact>, StoreError> {
    let name = query.check()?;
    let start = query.start()?;
    let pages = list::pages(&query.filter);
    let (mut parts, mut revision) = (Vec::new(), Revision::default());
    let client = Lease::read(pool).await?;
    for page in &pages {
        let Some((page_no, of_page)) = page_of(&client, schema, page).await? else {
            continue;
        };
        revision = of_page;
        let list = List {
            client: &client,
            schema,
            page,
            page_no,
            query,
            name: name.as_deref(),
            start,
        };
        parts.push(list.part().await?);
    }
    client.release();
    let mut listing = list::merge(parts, query);
    if pages.len() == 1 {
        listing.revision = revision;
    }
    Ok(listing)
}

pub(super) async fn count(
    pool: &Pool,
    schema: &Schema,
    filter: &ContactFilter,
) -> Result<Count, StoreError> {
    let name = filter.check()?;
    let mut total = 0;
    let client = Lease::read(pool).await?;
    for page in list::pages(filter) {
        let Some((page_no, _)) = page_of(&client, schema, &page).await? else {
            continue;
        };
        let mut query = ContactQuery::from(filter.clone());
        (query.order, query.limit) = (ContactOrder::LastActivity, MAX_COUNT);
        let list = List {
            client: &client,
            schema,
            page: &page,
            page_no,
            query: &query,
            name: name.as_deref(),
            start: Place::START,
        };
        total += list.count(filter.is_exact()).await?;
    }
    client.release();
    Ok(Count::of_filter(total, filter))
}

/// The list of one Page.
struct List<'a> {
    client: &'a Lease,
    schema: &'a Schema,
    page: &'a PageId,
    page_no: i32,
    query: &'a ContactQuery,
    name: Option<&'a str>,
    start: Place,
}

type Numbered = (i64, Psid, ContactRow);

impl List<'_> {
    async fn part(&self) -> Result<Part, StoreError> {
        if let Some(name) = self.name
            && let Some(part) = self.named(name).await?
        {
            return Ok(part);
        }
        let wanted = self.query.limit as usize + 1;
        let is_exact = self.query.filter.is_exact();
        let far = if is_exact { wanted } else { MAX_VISITED };
        let mut chunk = if is_exact { wanted } else { wanted.max(CHUNK) };
        let (mut part, mut visited, mut start) = (Part::default(), 0, self.start);
        loop {
            let size = chunk.min(far - visited);
            let rows = self.rows(start, size).await?;
            let is_end = rows.len() < size;
            for row in rows {
                visited += 1;
                let Some(found) = self.found(row) else {
                    continue;
                };
                start = found.place;
                if self.query.filter.matches(&found.contact, self.name) {
                    part.rows.push(found);
                }
                if part.rows.len() >= wanted || visited >= far {
                    part.end = Some(start);
                    return Ok(part);
                }
            }
            if is_end || visited >= far {
                return Ok(part);
            }
            chunk = (chunk * 4).min(MAX_CHUNK);
        }
    }

    /// The customers with a name, if they are few.
    async fn named(&self, name: &str) -> Result<Option<Part>, StoreError> {
        let grams = search_index::query(self.page_no, name);
        if grams.is_empty() {
            return Ok(None);
        }
        let schema = self.schema;
        let sql = format!(
            "SELECT contact_no FROM {schema}.name_gram WHERE page_no = $1 AND grams @> $2 LIMIT {}",
            FEW + 1
        );
        let params: [Param<'_>; 2] = [(&self.page_no, Type::INT4), (&grams, Type::INT4_ARRAY)];
        self.client.allow_bitmaps();
        let found = rows(self.client, &sql, &params).await?;
        if found.len() > FEW {
            return Ok(None);
        }
        let numbers = found.iter().map(|row| Next::of(row).number());
        let numbers: Vec<i64> = numbers.collect::<Result<_, _>>()?;
        let sql = format!(
            "SELECT {0} FROM {schema}.contact c WHERE c.page_no = $1 AND c.contact_no = ANY ($2)
             UNION SELECT {0} FROM {schema}.contact c WHERE c.page_no = $1 AND c.psid = $3",
            *CONTACT
        );
        let psid = to_sql(name);
        let params: [Param<'_>; 3] = [
            (&self.page_no, Type::INT4),
            (&numbers, Type::INT8_ARRAY),
            (&psid, Type::TEXT),
        ];
        let mut part = Part::default();
        for row in &rows(self.client, &sql, &params).await? {
            let found = self.found(Next::of(row).contact()?);
            part.rows.extend(found.filter(|found| {
                found.place > self.start && self.query.filter.matches(&found.contact, self.name)
            }));
        }
        Ok(Some(part))
    }

    fn found(&self, (number, psid, row): Numbered) -> Option<Found> {
        let key = ContactKey::new(self.page.clone(), psid);
        Found::new(key, number, row, self.query)
    }

    /// Customers of the list behind a place, in its order.
    async fn rows(&self, start: Place, limit: usize) -> Result<Vec<Numbered>, StoreError> {
        let Some((numbers, key)) = self.numbers() else {
            return Ok(Vec::new());
        };
        let direction = self.direction();
        let sql = format!(
            "SELECT {} FROM ({numbers}) l CROSS JOIN LATERAL (
                 SELECT * FROM {}.contact x WHERE x.page_no = $1 AND x.contact_no = l.contact_no OFFSET 0
             ) c ORDER BY l.at {direction}, l.contact_no {direction}",
            *CONTACT, self.schema
        );
        let found = self.ask(&sql, &key, start, limit).await?;
        found.iter().map(|row| Next::of(row).contact()).collect()
    }

    async fn count(&self, is_exact: bool) -> Result<u32, StoreError> {
        if !is_exact {
            let part = self.part().await?;
            return Ok(u32::try_from(part.rows.len()).unwrap_or(u32::MAX));
        }
        let Some((numbers, key)) = self.numbers() else {
            return Ok(0);
        };
        let sql = format!("SELECT count(*) FROM ({numbers}) few");
        let most = MAX_COUNT as usize + 1;
        let rows = self.ask(&sql, &key, Place::START, most).await?;
        let counted = rows.first().map(|row| Next::of(row).number()).transpose()?;
        Ok(u32::try_from(counted.unwrap_or(0)).unwrap_or(u32::MAX))
    }

    async fn ask(
        &self,
        sql: &str,
        key: &Key,
        start: Place,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let order = self.query.order;
        let (at, tie) = start.bounds(order.is_descending());
        let end = order.latest().as_millis();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut params: Vec<Param<'_>> = vec![
            (&self.page_no, Type::INT4),
            (&at, Type::INT8),
            (&tie, Type::INT8),
            (&end, Type::INT8),
            (&limit, Type::INT8),
        ];
        match key {
            Key::None => {}
            Key::Agent(agent) => params.push((agent, Type::TEXT)),
            Key::Label(hash) => params.push((hash, Type::INT8)),
        }
        rows(self.client, sql, &params).await
    }

    fn direction(&self) -> &'static str {
        if self.query.order.is_descending() {
            "DESC"
        } else {
            "ASC"
        }
    }

    /// The numbers of the customers of the list, in its order, merged from its buckets; `None` when
    /// it has none.
    fn numbers(&self) -> Option<(String, Key)> {
        let (schema, order) = (self.schema, self.query.order);
        let (table, condition, key, buckets) = match Driver::of(&self.query.filter, order) {
            Driver::All => ("contact", "page_no = $1", Key::None, None),
            Driver::Buckets(buckets) => ("contact", "page_no = $1", Key::None, Some(buckets)),
            Driver::Assignee(agent, buckets) => {
                let (condition, key) =
                    ("page_no = $1 AND assignee = $6", Key::Agent(to_sql(&agent)));
                ("contact", condition, key, Some(buckets))
            }
            Driver::Label(hash, buckets) => {
                let (condition, key) = ("page_no = $1 AND hash = $6", Key::Label(hash));
                ("label", condition, key, Some(buckets))
            }
        };
        let column = order.column();
        let direction = self.direction();
        let than = if order.is_descending() { "<" } else { ">" };
        let arm = |bucket: &str| {
            format!(
                "(SELECT {column} AS at, contact_no FROM {schema}.{table} WHERE {condition} {bucket}
                  AND {column} IS NOT NULL AND ({column}, contact_no) {than} ($2, $3) AND {column} <= $4
                  ORDER BY {column} {direction}, contact_no {direction} LIMIT $5)"
            )
        };
        let arms: Vec<String> = match &buckets {
            None => vec![arm("")],
            Some(buckets) => buckets
                .iter()
                .map(|bucket| arm(&format!("AND bucket = {bucket}")))
                .collect(),
        };
        if arms.is_empty() {
            return None;
        }
        let sql = format!(
            "SELECT at, contact_no FROM ({}) u ORDER BY at {direction}, contact_no {direction} LIMIT $5",
            arms.join(" UNION ALL ")
        );
        Some((sql, key))
    }
}

/// First column of an index of a list, besides the Page.
enum Key {
    None,
    Agent(String),
    Label(i64),
}

/// Tags of a Page, found by looking for the next name behind each.
pub(super) async fn tags(
    pool: &Pool,
    schema: &Schema,
    page: &PageId,
) -> Result<Vec<(String, Count)>, StoreError> {
    let client = Lease::read(pool).await?;
    let mut tags = Vec::new();
    if let Some((page_no, _)) = page_of(&client, schema, page).await? {
        let of = format!("{schema}.label WHERE page_no = $1 AND value IS NULL");
        let sql = format!(
            "WITH RECURSIVE tag (name) AS (
                 (SELECT name FROM {of} ORDER BY name LIMIT 1)
                 UNION ALL SELECT (SELECT name FROM {of} AND name > tag.name ORDER BY name LIMIT 1)
                 FROM tag WHERE tag.name IS NOT NULL
             )
             SELECT name, (SELECT count(*) FROM (SELECT 1 FROM {of} AND name = tag.name LIMIT {}) few)
             FROM tag WHERE name IS NOT NULL",
            MAX_COUNT + 1
        );
        for row in &rows(&client, &sql, &[(&page_no, Type::INT4)]).await? {
            let mut next = Next::of(row);
            let name = next.text()?.unwrap_or_default();
            let counted = u32::try_from(next.number()?).unwrap_or(u32::MAX);
            tags.push((name, Count::of(counted)));
        }
    }
    client.release();
    Ok(tags)
}

/// Customers of all Pages with a field.
pub(super) async fn find(
    pool: &Pool,
    schema: &Schema,
    field: &str,
    value: &str,
) -> Result<Vec<Contact>, StoreError> {
    let sql = format!(
        "SELECT p.page, {} FROM (
             SELECT page_no, contact_no FROM {schema}.label WHERE hash = $1 AND name = $2 AND value = $3 LIMIT {MAX_COUNT}
         ) l JOIN {schema}.contact c ON c.page_no = l.page_no AND c.contact_no = l.contact_no
         JOIN {schema}.page p ON p.page_no = c.page_no",
        *CONTACT
    );
    let hash = list::label_hash(field, Some(value));
    let (field, value) = (to_sql(field), to_sql(value));
    let params: [Param<'_>; 3] = [
        (&hash, Type::INT8),
        (&field, Type::TEXT),
        (&value, Type::TEXT),
    ];
    let mut found = Vec::new();
    for row in &ask(pool, &sql, &params).await? {
        let mut next = Next::of(row);
        let page = next.page_id()?;
        let (_, psid, row) = next.contact()?;
        found.extend(row.show(ContactKey::new(page, psid)));
    }
    found.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(found)
}

pub(super) async fn raw_events(
    pool: &Pool,
    schema: &Schema,
    query: &RawEventQuery,
) -> Result<Listing<RawEvent>, StoreError> {
    query.check()?;
    let (at, id) = query.start()?;
    let id = to_sql(id);
    let client = Lease::read(pool).await?;
    let place = match &query.page {
        None => Some((0, Revision::default())),
        Some(page) => page_of(&client, schema, page).await?,
    };
    let Some((page_no, revision)) = place else {
        client.release();
        return Ok(Listing::default());
    };
    // Rows after the size of a page of results is reached are not sent.
    let sql = format!(
        "SELECT id, psid, at, reason, raw FROM (
             SELECT *, sum(length(raw)) OVER newest - length(raw) AS bytes FROM (
                 SELECT * FROM {schema}.raw_event WHERE page_no = $1 AND (at, id) < ($2, $3)
                 ORDER BY at DESC, id DESC LIMIT $4
             ) few WINDOW newest AS (ORDER BY at DESC, id DESC)
         ) sized WHERE bytes <= 2 * {MAX_PAGE_BYTES} ORDER BY at DESC, id DESC"
    );
    let more = one_more(query.limit);
    let params: [Param<'_>; 4] = [
        (&page_no, Type::INT4),
        (&at, Type::INT8),
        (&id, Type::TEXT),
        (&more, Type::INT8),
    ];
    let found = rows(&client, &sql, &params).await?;
    client.release();
    let mut events = Vec::new();
    for row in &found {
        let mut event = raw_event(&mut Next::of(row))?;
        event.page.clone_from(&query.page);
        events.push(event);
    }
    Ok(query.listing(events).with_revision(revision))
}

/// A raw event from its columns `id`, `psid`, `at`, `reason` and `raw`.
pub(super) fn raw_event(next: &mut Next<'_>) -> Result<RawEvent, StoreError> {
    let id = EntryId::from_text(next.text()?.unwrap_or_default());
    let of = next.text()?.map(psid).transpose()?;
    let at = Timestamp::from_millis(next.number()?);
    let reason = next.text()?.unwrap_or_default();
    let mut event = RawEvent::new(id, at, reason, next.bytes()?.unwrap_or_default());
    event.psid = of;
    Ok(event)
}

/// The rows of a statement.
pub(super) async fn rows(
    client: &Lease,
    sql: &str,
    params: &[Param<'_>],
) -> Result<Vec<Row>, StoreError> {
    client.query_typed(sql, params).await.map_err(failed)
}

/// The rows of one statement on a new connection.
pub(super) async fn ask(
    pool: &Pool,
    sql: &str,
    params: &[Param<'_>],
) -> Result<Vec<Row>, StoreError> {
    let client = Lease::read(pool).await?;
    let found = rows(&client, sql, params).await?;
    client.release();
    Ok(found)
}
