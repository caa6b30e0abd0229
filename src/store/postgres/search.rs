//! Searching the messages of a Page.
//!
//! GIN finds what is rare, and walks all of what is common; the newest messages of a Page find
//! what is common, and walk all for what is rare. So the newest are looked through first.

use tokio_postgres::types::Type;

use super::{
    columns::{CONTACT, Columns, MESSAGE, Param},
    connection::{Lease, Pool},
    error::failed,
    indexed::query,
    listing::page_of,
    options::Schema,
};
use crate::{
    id::PageId,
    model::{ContactKey, Message, Revision},
    store::{
        Count, Listing, StoreError,
        fold::{ContactRow, EntryRow},
        grams,
    },
};

/// So many of the newest messages are looked at before the index is asked.
const NEAR: i64 = 500;
/// An index that finds no more than so many gives all of them.
const FEW: i64 = 2_000;
/// So many messages are looked at for one listing, and then it is given with what was found.
const FAR: i64 = 10_000;

/// Where a message stands among all of its Page.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
struct Spot {
    at: i64,
    tie: i64,
    contact_no: i64,
}

impl Spot {
    const START: Self = Self {
        at: i64::MAX,
        tie: i64::MAX,
        contact_no: i64::MAX,
    };

    fn parse(after: Option<&str>) -> Result<Self, StoreError> {
        let Some(after) = after else {
            return Ok(Self::START);
        };
        let mut parts = after.split(':').map(str::parse);
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(Ok(at)), Some(Ok(tie)), Some(Ok(contact_no)), None) => Ok(Self {
                at,
                tie,
                contact_no,
            }),
            _ => Err(StoreError::Unreadable("the cursor")),
        }
    }

    fn cursor(self) -> String {
        format!("{}:{}:{}", self.at, self.tie, self.contact_no)
    }
}

type Hit = (Spot, Option<Message>);

/// The messages of a Page that hold a text, the newest first.
pub(super) async fn search(
    pool: &Pool,
    schema: &Schema,
    (page, text): (&PageId, &str),
    after: Option<&str>,
    limit: usize,
) -> Result<Listing<Message>, StoreError> {
    let after = Spot::parse(after)?;
    let client = Lease::read(pool).await?;
    let Some((page_no, revision)) = page_of(&client, schema, page).await? else {
        client.release();
        return Ok(super::listing::nothing());
    };
    let looking = Looking {
        schema,
        page,
        page_no,
        text: grams::fold([text]),
        limit,
    };
    let (mut hits, end) = looking.walk(&client, after, NEAR).await?;
    let mut total = None;
    let mut next = end.map(Spot::cursor);
    if hits.len() <= limit && end.is_some() {
        match looking.ask(&client, after).await? {
            Some((found, end)) => {
                if end.is_none() && after == Spot::START {
                    total = Some(found.len());
                }
                (hits, next) = (found, end.map(Spot::cursor));
            }
            None => {
                let (more, end) = looking.walk(&client, after, FAR).await?;
                (hits, next) = (more, end.map(Spot::cursor));
            }
        }
    } else if end.is_none() && after == Spot::START {
        total = Some(hits.len());
    }
    client.release();
    if hits.len() > limit {
        hits.truncate(limit);
        next = hits.last().map(|(spot, _)| spot.cursor());
    }
    let total = total.map_or_else(
        || Count::MoreThan(u32::try_from(hits.len()).unwrap_or(u32::MAX)),
        |total| Count::of(u32::try_from(total).unwrap_or(u32::MAX)),
    );
    Ok(Listing {
        rows: hits
            .into_iter()
            .filter_map(|(_, message)| message)
            .collect(),
        next,
        total,
        revision: Revision::new(revision.cast_unsigned()),
    })
}

struct Looking<'s> {
    schema: &'s Schema,
    page: &'s PageId,
    page_no: i32,
    text: String,
    limit: usize,
}

impl Looking<'_> {
    /// What so many messages hold, and where to go on unless those were all.
    async fn walk(
        &self,
        client: &Lease,
        after: Spot,
        far: i64,
    ) -> Result<(Vec<Hit>, Option<Spot>), StoreError> {
        let schema = self.schema;
        let grams = query(self.page_no, &self.text, grams::OF_TEXT);
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
            (&grams, Type::INT8_ARRAY),
            (&enough, Type::INT8),
        ];
        let rows = client.query_typed(&sql, &params).await.map_err(failed)?;
        let (mut hits, mut end) = (Vec::new(), None);
        for row in &rows {
            let mut next = Columns::of(row);
            let n: i64 = next.get()?;
            let is_hit: bool = next.get()?;
            let (spot, message) = self.hit(&mut next)?;
            if n == far || rows.len() as i64 == enough {
                end = Some(spot);
            }
            if is_hit && message.is_some() {
                hits.push((spot, message));
            }
        }
        Ok((hits, end))
    }

    /// What the index finds, and where to go on unless that was all; `None` if it finds more than
    /// a few.
    async fn ask(
        &self,
        client: &Lease,
        after: Spot,
    ) -> Result<Option<(Vec<Hit>, Option<Spot>)>, StoreError> {
        let schema = self.schema;
        let grams = query(self.page_no, &self.text, grams::OF_TEXT);
        if grams.is_empty() {
            return Ok(None);
        }
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
        let params: Vec<Param<'_>> = vec![
            (&self.page_no, Type::INT4),
            (&grams, Type::INT8_ARRAY),
            (&more_than_few, Type::INT8),
            (&after.at, Type::INT8),
            (&after.tie, Type::INT8),
            (&after.contact_no, Type::INT8),
            (&enough, Type::INT8),
        ];
        let rows = client.query_typed(&sql, &params).await.map_err(failed)?;
        if rows.is_empty() && after != Spot::START {
            return Ok(None);
        }
        let (mut hits, mut end) = (Vec::new(), None);
        for row in &rows {
            let mut next = Columns::of(row);
            if next.get::<i64>()? > FEW {
                return Ok(None);
            }
            let (spot, message) = self.hit(&mut next)?;
            if rows.len() as i64 == enough {
                end = Some(spot);
            }
            if message.is_some() {
                hits.push((spot, message));
            }
        }
        Ok(Some((hits, end)))
    }

    /// More than asked for, because what has the grams need not hold the text.
    fn enough(&self) -> i64 {
        let enough = self.limit.saturating_mul(2).saturating_add(16);
        i64::try_from(enough).unwrap_or(i64::MAX)
    }

    /// The columns and tables of a message and its customer.
    fn joined(&self) -> String {
        let Self {
            schema, page_no, ..
        } = self;
        format!(
            "c.psid, {MESSAGE}, {CONTACT} FROM found g CROSS JOIN LATERAL (
                 SELECT * FROM {schema}.message x WHERE x.page_no = {page_no} AND x.contact_no = g.contact_no
                 AND x.at = g.at AND x.tie = g.tie OFFSET 0) m
             CROSS JOIN LATERAL (
                 SELECT * FROM {schema}.contact x WHERE x.page_no = {page_no} AND x.contact_no = g.contact_no OFFSET 0) c"
        )
    }

    /// A message, if it holds the text: having its grams is not enough.
    fn hit(&self, next: &mut Columns<'_>) -> Result<Hit, StoreError> {
        let spot = Spot {
            at: next.get()?,
            tie: next.get()?,
            contact_no: next.get()?,
        };
        let psid = next.psid()?;
        let (entry, contact): (EntryRow, ContactRow) = (next.entry()?, next.contact()?);
        let key = ContactKey::new(self.page.clone(), psid);
        let holds = entry.searchable().contains(&self.text);
        let message = entry.show(&key, &contact).filter(|_| holds);
        Ok((spot, message))
    }
}
