//! Search in the texts of messages.
//!
//! GIN finds what is rare, and reads all of what is frequent; the newest messages of a Page find
//! what is frequent, and are all read for what is rare. So a few of the newest are looked through
//! first.

use std::{cmp::Reverse, collections::HashSet};

use tokio_postgres::types::Type;

use super::{
    columns::{CONTACT, MESSAGE, Next, Param, ReadRow as _},
    connection::{Lease, Pool},
    error::failed,
    lists::{page_of, rows},
    options::Schema,
    pipeline::Trip,
    search_index,
};
use crate::{
    id::PageId,
    model::{ContactKey, Revision},
    store::{
        Hit, Listing, MAX_VISITED, SearchQuery, StoreError, cursor::SEARCH, fold::EntryRow,
        sql::Columns,
    },
};

/// Newest messages that are looked at before the index is asked.
const NEAR: i64 = 500;
/// Hits of the index up to which all of them are read.
const FEW: i64 = 2_000;
/// Newest messages of each customer that are looked through for a text that is too short for the
/// index.
const NEWEST: usize = 20;
/// Customers whose newest messages are read at once.
const CHUNK: i64 = 50;

/// Position of a message among all of its Page.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Place {
    at: i64,
    tie: i64,
    contact_no: i64,
}

impl Place {
    const START: Self = Self {
        at: i64::MAX,
        tie: i64::MAX,
        contact_no: i64::MAX,
    };

    fn parse(after: Option<&str>) -> Result<Self, StoreError> {
        let Some(after) = after else {
            return Ok(Self::START);
        };
        let parse = || {
            let mut parts = after.strip_prefix(SEARCH)?.split(':').map(str::parse);
            let mut part = || parts.next()?.ok();
            Some(Self {
                at: part()?,
                tie: part()?,
                contact_no: part()?,
            })
        };
        parse().ok_or_else(StoreError::cursor)
    }

    fn cursor(self) -> String {
        format!("{SEARCH}{}:{}:{}", self.at, self.tie, self.contact_no)
    }

    fn read(next: &mut Next<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            at: next.number()?,
            tie: next.number()?,
            contact_no: next.number()?,
        })
    }
}

type Found = (Place, Hit);
/// The hits of one Page, and where to go on unless those were all.
type Part = (Vec<Found>, Option<Place>);

pub(super) async fn search(
    pool: &Pool,
    schema: &Schema,
    query: &SearchQuery,
) -> Result<Listing<Hit>, StoreError> {
    let text = query.check()?;
    let after = Place::parse(query.after.as_deref())?;
    let limit = query.limit as usize;
    let mut parts: Vec<Part> = Vec::new();
    let mut revision = Revision::default();
    let client = Lease::read(pool).await?;
    for page in &query.pages {
        let Some((page_no, of_page)) = page_of(&client, schema, page).await? else {
            continue;
        };
        revision = of_page;
        let search = Search {
            client: &client,
            schema,
            page,
            page_no,
            grams: search_index::query(page_no, &text),
            text: &text,
            limit,
        };
        parts.push(if search.grams.is_empty() || !schema.has_search {
            search.by_looking(after).await?
        } else {
            search.by_index(after).await?
        });
    }
    client.release();
    // The latest place that a Page has not come beyond.
    let horizon = parts.iter().filter_map(|(_, end)| *end).max();
    let mut found: Vec<Found> = parts.into_iter().flat_map(|(rows, _)| rows).collect();
    found.sort_by_key(|(place, _)| Reverse(*place));
    if let Some(horizon) = horizon {
        found.retain(|(place, _)| *place >= horizon);
    }
    let is_cut = found.len() > limit;
    found.truncate(limit);
    let last = found.last().map(|(place, _)| *place);
    let mut listing = Listing::new(found.into_iter().map(|(_, hit)| hit).collect());
    listing.next = (if is_cut { last } else { horizon }).map(Place::cursor);
    if query.pages.len() == 1 {
        listing.revision = revision;
    }
    Ok(listing)
}

struct Search<'a> {
    client: &'a Lease,
    schema: &'a Schema,
    page: &'a PageId,
    page_no: i32,
    grams: Vec<i32>,
    text: &'a str,
    limit: usize,
}

impl Search<'_> {
    async fn by_index(&self, after: Place) -> Result<Part, StoreError> {
        let (mut hits, mut end) = self.walk(after, NEAR).await?;
        if hits.len() <= self.limit && end.is_some() {
            (hits, end) = match self.ask(after).await? {
                Some(found) => found,
                None => self.walk(after, MAX_VISITED as i64).await?,
            };
        }
        // Of each customer the newest, which may be on an earlier page of results.
        let mut seen = HashSet::new();
        hits.retain(|(place, _)| seen.insert(place.contact_no));
        if after != Place::START {
            hits = self.without_newer(hits).await?;
        }
        Ok((hits, end))
    }

    /// Hits among so many messages, and where to go on unless those were all.
    async fn walk(&self, after: Place, far: i64) -> Result<Part, StoreError> {
        let schema = self.schema;
        let enough = self.enough();
        let sql = format!(
            // One after the other, and no further than there are enough: to sort them would be to
            // look at all first.
            "WITH found AS MATERIALIZED (
                 SELECT * FROM (
                     SELECT at, tie, contact_no, grams @> $6 AS is_hit, row_number() OVER () AS n FROM (
                         SELECT at, tie, contact_no, grams FROM {schema}.text_gram
                         WHERE page_no = $1 AND (at, tie, contact_no) < ($2, $3, $4)
                         ORDER BY at DESC, tie DESC, contact_no DESC LIMIT $5
                     ) seen
                 ) numbered WHERE is_hit OR n = $5 LIMIT $7
             )
             SELECT g.n, g.is_hit, g.at, g.tie, g.contact_no, {} ORDER BY g.n",
            self.joined()
        );
        let params: Vec<Param<'_>> = vec![
            (&self.page_no, Type::INT4),
            (&after.at, Type::INT8),
            (&after.tie, Type::INT8),
            (&after.contact_no, Type::INT8),
            (&far, Type::INT8),
            (&self.grams, Type::INT4_ARRAY),
            (&enough, Type::INT8),
        ];
        let rows = rows(self.client, &sql, &params).await?;
        let (mut hits, mut end) = (Vec::new(), None);
        for row in &rows {
            let mut next = Next::of(row);
            let n = next.number()?;
            let is_hit: bool = next.get()?;
            let place = Place::read(&mut next)?;
            if n == far || rows.len() as i64 == enough {
                end = Some(place);
            }
            if is_hit && let Some(hit) = self.hit(&mut next)? {
                hits.push((place, hit));
            }
        }
        Ok((hits, end))
    }

    /// What the index finds, and where to go on unless that was all; `None` if it finds more than
    /// a few.
    async fn ask(&self, after: Place) -> Result<Option<Part>, StoreError> {
        let schema = self.schema;
        // Only of those that are listed the texts are read.
        let sql = format!(
            "WITH few AS MATERIALIZED (
                 SELECT at, tie, contact_no FROM {schema}.text_gram WHERE page_no = $1 AND grams @> $2 LIMIT $3
             ), found AS MATERIALIZED (
                 SELECT *, (SELECT count(*) FROM few) AS total FROM few WHERE (at, tie, contact_no) < ($4, $5, $6)
                 ORDER BY at DESC, tie DESC, contact_no DESC LIMIT $7
             ) SELECT g.total, g.at, g.tie, g.contact_no, {} ORDER BY g.at DESC, g.tie DESC, g.contact_no DESC",
            self.joined()
        );
        let (enough, more_than_few) = (self.enough(), FEW + 1);
        self.client.allow_bitmaps();
        let params: Vec<Param<'_>> = vec![
            (&self.page_no, Type::INT4),
            (&self.grams, Type::INT4_ARRAY),
            (&more_than_few, Type::INT8),
            (&after.at, Type::INT8),
            (&after.tie, Type::INT8),
            (&after.contact_no, Type::INT8),
            (&enough, Type::INT8),
        ];
        let rows = rows(self.client, &sql, &params).await?;
        if rows.is_empty() && after != Place::START {
            return Ok(None);
        }
        let (mut hits, mut end) = (Vec::new(), None);
        for row in &rows {
            let mut next = Next::of(row);
            if next.number()? > FEW {
                return Ok(None);
            }
            let place = Place::read(&mut next)?;
            if rows.len() as i64 == enough {
                end = Some(place);
            }
            hits.extend(self.hit(&mut next)?.map(|hit| (place, hit)));
        }
        Ok(Some((hits, end)))
    }

    /// More than asked for, because one customer may have many, and what has the grams need not
    /// hold the text.
    fn enough(&self) -> i64 {
        let enough = self.limit.saturating_mul(4).saturating_add(16);
        i64::try_from(enough).unwrap_or(i64::MAX)
    }

    /// The columns and tables of a message and its customer.
    fn joined(&self) -> String {
        let Self {
            schema, page_no, ..
        } = self;
        format!(
            "{}, {MESSAGE} FROM found g CROSS JOIN LATERAL (
                 SELECT * FROM {schema}.message x WHERE x.page_no = {page_no} AND x.contact_no = g.contact_no
                 AND x.at = g.at AND x.tie = g.tie OFFSET 0) m
             CROSS JOIN LATERAL (
                 SELECT * FROM {schema}.contact x WHERE x.page_no = {page_no} AND x.contact_no = g.contact_no OFFSET 0) c",
            *CONTACT
        )
    }

    /// A message, if it holds the text: having its grams is not enough.
    fn hit(&self, next: &mut Next<'_>) -> Result<Option<Hit>, StoreError> {
        let (_, psid, contact) = next.contact()?;
        let entry = next.entry()?;
        if !entry.is_hit(self.text, &contact) {
            return Ok(None);
        }
        let key = ContactKey::new(self.page.clone(), psid);
        let message = entry.show(&key, &contact);
        let hit = contact.show(key).zip(message);
        Ok(hit.map(|(contact, message)| Hit::new(contact, message)))
    }

    /// The hits without those of customers with a newer message that holds the text.
    async fn without_newer(&self, hits: Vec<Found>) -> Result<Vec<Found>, StoreError> {
        let Self {
            schema, page_no, ..
        } = self;
        let mut trip = Trip::new(self.client);
        for (place, _) in &hits {
            // What holds the text has the grams.
            trip.add(
                format!(
                    "SELECT {MESSAGE} FROM {schema}.message m JOIN {schema}.text_gram g USING (page_no, at, tie, contact_no)
                     WHERE m.page_no = {page_no} AND m.contact_no = $1 AND (m.at, m.tie) > ($2, $3) AND g.grams @> $4
                     ORDER BY m.at, m.tie LIMIT 100"
                ),
                vec![
                    (&place.contact_no, Type::INT8),
                    (&place.at, Type::INT8),
                    (&place.tie, Type::INT8),
                    (&self.grams, Type::INT4_ARRAY),
                ],
            );
        }
        let answers = trip.go().await.map_err(failed)?;
        let mut left = Vec::new();
        for (rows, (place, hit)) in answers.iter().zip(hits.iter()) {
            let entries = rows.iter().map(|row| Next::of(row).entry());
            let entries: Vec<EntryRow> = entries.collect::<Result<_, _>>()?;
            let holds = |entry: &EntryRow| entry.searchable().contains(self.text);
            if !entries.iter().any(holds) {
                left.push((*place, hit.clone()));
            }
        }
        Ok(left)
    }

    /// The newest messages of the customers who were active last, one customer after the other.
    async fn by_looking(&self, after: Place) -> Result<Part, StoreError> {
        let Self {
            schema, page_no, ..
        } = self;
        let sql = format!(
            "SELECT m.n, {}, {MESSAGE} FROM (
                 SELECT * FROM {schema}.contact WHERE page_no = {page_no} AND last_at IS NOT NULL
                 AND (last_at, contact_no) < ($1, $2) ORDER BY last_at DESC, contact_no DESC LIMIT {CHUNK}
             ) c LEFT JOIN LATERAL (
                 SELECT *, row_number() OVER () AS n FROM (
                     SELECT * FROM {schema}.message x WHERE x.page_no = {page_no} AND x.contact_no = c.contact_no
                     ORDER BY at DESC, tie DESC LIMIT {NEWEST}
                 ) newest
             ) m ON true ORDER BY c.last_at DESC, c.contact_no DESC, m.n",
            *CONTACT
        );
        let (mut hits, mut visited, mut after): (Vec<Found>, _, _) = (Vec::new(), 0, after);
        loop {
            let params: [Param<'_>; 2] = [(&after.at, Type::INT8), (&after.contact_no, Type::INT8)];
            let rows = rows(self.client, &sql, &params).await?;
            let (mut customers, mut found) = (0_i64, None);
            for row in &rows {
                let mut next = Next::of(row);
                let n = next.int()?;
                let (number, psid, contact) = next.contact()?;
                let at = contact.last_at.unwrap_or_default().as_millis();
                let place = Place {
                    at,
                    tie: number,
                    contact_no: number,
                };
                if place != after {
                    // The first row of another customer.
                    if hits.len() > self.limit {
                        return Ok((hits, Some(after)));
                    }
                    (customers, after) = (customers + 1, place);
                }
                if n.is_none() || found == Some(number) {
                    continue;
                }
                let entry = next.entry()?;
                if !entry.is_hit(self.text, &contact) {
                    continue;
                }
                let key = ContactKey::new(self.page.clone(), psid);
                let message = entry.show(&key, &contact);
                if let Some((contact, message)) = contact.show(key).zip(message) {
                    found = Some(number);
                    hits.push((place, Hit::new(contact, message)));
                }
            }
            visited += customers;
            if customers < CHUNK {
                return Ok((hits, None));
            }
            if hits.len() > self.limit || visited >= (MAX_VISITED / NEWEST) as i64 {
                return Ok((hits, Some(after)));
            }
        }
    }
}
