//! A Page's customers, the latest activity first.

use tokio_postgres::types::Type;

use super::{
    columns::{Param, to_sql},
    connection::{Lease, Pool, Trip},
    error::failed,
    indexed,
    listing::{Found, count, more_than, nothing, page_of, shown},
    options::Schema,
    save::field_hash,
};
use crate::model::{Contact, Revision};
use crate::store::{
    ContactFilter, ContactQuery, Count, Listing, MAX_COUNT, StoreError,
    cursor::{Cursor, cut},
    fold::ContactRow,
    grams,
};

/// So many of the latest customers are looked at before an index is asked: whom many are like is
/// among them.
const NEAR: i64 = 500;
/// A filter that finds no more than so many looks at all of them; one that finds more looks
/// further through the inbox.
const FEW: i64 = 2_000;
/// So many customers are looked at for one listing, and then it is given with what was found.
const FAR: i64 = 10_000;

pub(super) async fn contacts(
    pool: &Pool,
    schema: &Schema,
    query: &ContactQuery,
) -> Result<Listing<Contact>, StoreError> {
    let after = Cursor::parse(query.after.as_deref())?;
    let client = Lease::read(pool).await?;
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
            let grams = indexed::query(page_no, &name, grams::OF_NAME);
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
        holds: impl Fn(&ContactRow) -> bool + Send + Sync,
    ) -> Result<Part, StoreError> {
        let schema = self.schema;
        let page: Param<'_> = (&self.page_no, Type::INT4);
        let params: Vec<Param<'_>> = [page].into_iter().chain(params.iter().cloned()).collect();
        let near = self.walk(is_one, &params, &holds, NEAR).await?;
        // They are enough, or there are no more.
        if near.0.len() == self.limit || near.1.is_none() {
            return Ok(near);
        }
        let sql = format!(
            "WITH few AS MATERIALIZED ({few} LIMIT {})
             SELECT {}, counted.many FROM (SELECT count(*) > {FEW} AS many FROM few) counted
             LEFT JOIN few ON NOT counted.many
             LEFT JOIN {schema}.contact c ON c.page_no = $1 AND c.contact_no = few.contact_no
             WHERE counted.many OR c.contact_no IS NOT NULL",
            FEW + 1,
            shown(schema)
        );
        let rows = self.client.query_typed(&sql, &params).await;
        let rows = rows.map_err(failed)?;
        if let Some(first) = rows.first()
            && first.try_get(first.len() - 1).map_err(failed)?
        {
            return self.walk(is_one, &params, &holds, FAR).await;
        }
        let mut found: Vec<Found> = rows.iter().map(Found::of).collect::<Result<_, _>>()?;
        found.retain(|found| found.row.is_shown() && holds(&found.row));
        let total = Count::of(u32::try_from(found.len()).unwrap_or(u32::MAX));
        found.retain(|found| found.cursor() < self.after);
        found.sort_by_key(|found| std::cmp::Reverse(found.cursor()));
        let (rows, next) = self.cut(found);
        Ok((rows, next, total))
    }

    /// Looks through the inbox, and stops when it has enough or has come so far.
    async fn walk(
        &self,
        is_one: &str,
        params: &[Param<'_>],
        holds: &(impl Fn(&ContactRow) -> bool + Sync),
        far: i64,
    ) -> Result<Part, StoreError> {
        let schema = self.schema;
        let first = params.len() + 1;
        // One after the other, and no further than there are enough.
        let sql = format!(
            "SELECT {}, c.n, c.is_one FROM (
                 SELECT c.*, {is_one} AS is_one, row_number() OVER () AS n FROM (
                     SELECT * FROM {schema}.contact c WHERE c.page_no = $1 AND c.last_at IS NOT NULL
                     AND (c.last_at, c.contact_no) < (${first}, ${})
                     ORDER BY c.last_at DESC, c.contact_no DESC LIMIT {far}
                 ) c
             ) c WHERE c.is_one OR c.n = {far} LIMIT ${}",
            shown(schema),
            first + 1,
            first + 2
        );
        // More than asked for, because what has the grams need not hold the name.
        let enough = more_than(self.limit.saturating_mul(2));
        let mut params = params.to_vec();
        params.extend([
            (&self.after.at as _, Type::INT8),
            (&self.after.tie as _, Type::INT8),
            (&enough as _, Type::INT8),
        ]);
        let rows = self.client.query_typed(&sql, &params).await;
        let rows = rows.map_err(failed)?;
        let (mut found, mut end) = (Vec::new(), None);
        for (row, seen) in rows.iter().zip(1..) {
            let one = Found::of(row)?;
            let last = row.len() - 1;
            let n: i64 = row.try_get(last - 1).map_err(failed)?;
            if n == far || seen == enough {
                end = Some(one.cursor().to_string());
            }
            if row.try_get(last).map_err(failed)? && holds(&one.row) {
                found.push(one);
            }
        }
        // Only who has looked at all of them knows how many there are.
        let counted = u32::try_from(found.len()).unwrap_or(u32::MAX);
        let total = if end.is_none() && self.after == Cursor::START {
            Count::of(counted)
        } else {
            Count::MoreThan(counted)
        };
        let (rows, next) = self.cut(found);
        Ok((rows, next.or(end), total))
    }

    fn cut(&self, mut rows: Vec<Found>) -> (Vec<Found>, Option<String>) {
        let next = cut(&mut rows, self.limit, |found| found.cursor().to_string());
        (rows, next)
    }
}
