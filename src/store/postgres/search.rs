//! Searching: grams of the library's own making, in arrays under GIN.
//!
//! GIN finds what is rare, and walks all of what is common; the newest messages of a Page find
//! what is common, and walk all for what is rare. So the newest are looked through first.

use std::collections::BTreeSet;

use deadpool_postgres::Pool;
use tokio_postgres::types::Type;

use super::{
    columns::{CONTACT, Columns, MESSAGE, Many, Param},
    connection::Lease,
    error::failed,
    listing::page_of,
    options::Schema,
};
use crate::{
    id::PageId,
    store::{
        ContactKey, Count, Listing, Message, Revision, StoreError,
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

/// The grams of a folded text, each in one number with its Page, as SQL writes an array.
pub(super) fn array(page_no: i32, folded: &str, longest: usize) -> String {
    let numbers: BTreeSet<i64> = grams::grams(folded, longest)
        .map(|gram| number(page_no, gram))
        .collect();
    let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
    format!("{{{}}}", numbers.join(","))
}

/// What must be in the array of all that hold this folded text.
pub(super) fn query(page_no: i32, folded: &str, longest: usize) -> Vec<i64> {
    let grams = grams::grams_of_query(folded, longest);
    grams.iter().map(|gram| number(page_no, gram)).collect()
}

/// The Page, and below it 42 bits in which the characters are mixed. Two grams may have one
/// number: whether a text was meant, only the text can tell.
fn number(page_no: i32, gram: &str) -> i64 {
    const BITS: u32 = 42;
    const FACTOR: u64 = 0xbf58_476d_1ce4_e5b9;
    let letters = gram.chars().map(|letter| u64::from(u32::from(letter)));
    let mixed = letters.fold(FACTOR, |mixed, letter| {
        let mixed = (mixed ^ letter).wrapping_mul(FACTOR);
        mixed ^ mixed >> 31
    });
    i64::from(page_no) << BITS | (mixed >> (u64::BITS - BITS)).cast_signed()
}

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
    let client = Lease::take(pool).await?;
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

/// So many rows are indexed anew at one time.
const AT_ONCE: usize = 2_000;

/// Makes the index anew from what it finds, inside a transaction.
pub(super) async fn reindex(client: &Lease, schema: &Schema) -> Result<(), StoreError> {
    let cleared = format!("TRUNCATE {schema}.text_gram, {schema}.name_gram");
    client.batch_execute(&cleared).await.map_err(failed)?;
    let messages = format!(
        "SELECT m.page_no, m.contact_no, m.at, m.tie, {MESSAGE} FROM {schema}.message m
         WHERE (m.page_no, m.contact_no, m.at, m.tie) > ($1, $2, $3, $4)
         ORDER BY m.page_no, m.contact_no, m.at, m.tie LIMIT {AT_ONCE}"
    );
    refill(
        client,
        schema,
        ("text_gram", grams::OF_TEXT),
        &messages,
        |next| Ok(next.entry()?.searchable()),
    )
    .await?;
    let contacts = format!(
        "SELECT c.page_no, c.contact_no, 0::bigint, 0::bigint, {CONTACT} FROM {schema}.contact c
         WHERE (c.page_no, c.contact_no, 0, 0) > ($1, $2, $3, $4) ORDER BY c.page_no, c.contact_no LIMIT {AT_ONCE}"
    );
    refill(
        client,
        schema,
        ("name_gram", grams::OF_NAME),
        &contacts,
        |next| Ok(next.contact()?.searchable()),
    )
    .await
}

async fn refill(
    client: &Lease,
    schema: &Schema,
    (table, longest): (&str, usize),
    sql: &str,
    text: impl Fn(&mut Columns<'_>) -> Result<String, StoreError>,
) -> Result<(), StoreError> {
    let mut last = (i32::MIN, i64::MIN, i64::MIN, i64::MIN);
    loop {
        let params: [Param<'_>; 4] = [
            (&last.0, Type::INT4),
            (&last.1, Type::INT8),
            (&last.2, Type::INT8),
            (&last.3, Type::INT8),
        ];
        let rows = client.query_typed(sql, &params).await.map_err(failed)?;
        let mut found = Vec::new();
        for row in &rows {
            let mut next = Columns::of(row);
            last = (next.get()?, next.get()?, next.get()?, next.get()?);
            let text = text(&mut next)?;
            if !text.is_empty() {
                found.push((last, array(last.0, &text, longest)));
            }
        }
        let number = |of: fn(&(i32, i64, i64, i64)) -> i64| {
            found.iter().map(|(key, _)| Some(of(key))).collect()
        };
        let mut many = Many::default()
            .pages(found.iter().map(|(key, _)| key.0).collect())
            .numbers("contact_no", number(|key| key.1));
        if table == "text_gram" {
            many = many
                .numbers("at", number(|key| key.2))
                .numbers("tie", number(|key| key.3));
        }
        let many = many.texts("grams", found.iter().map(|(_, grams)| Some(grams.as_str())));
        client
            .query_typed(&insert(schema, table, &many), &many.params())
            .await
            .map_err(failed)?;
        if rows.len() < AT_ONCE {
            return Ok(());
        }
    }
}

/// Arrays of arrays cannot be unnested, so each comes as its text.
pub(super) fn insert(schema: &Schema, table: &str, many: &Many) -> String {
    let names = many.names();
    format!(
        "INSERT INTO {schema}.{table} ({names}) SELECT {} FROM {} AS w({names})",
        names.replace("grams", "grams::bigint[]"),
        many.unnested()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s11_a_gram_and_its_page_are_one_number() {
        let query = |page_no, text| query(page_no, text, 3);
        let all = array(3, "小明 b", 3);
        for gram in query(3, "小明").iter().chain(&query(3, "b")) {
            assert!(all.contains(&gram.to_string()), "{gram} in {all}");
        }
        assert_ne!(query(3, "b"), query(4, "b"));
        assert_ne!(query(3, "b"), query(3, "bb"));
        assert!(query(i32::MAX >> 10, "\u{10ffff}\u{10ffff}")[0] > 0);
        // What is stored is found by it for ever.
        assert_eq!(query(3, "oolong"), [14_283_753_156_959, 13_571_079_994_655]);
    }
}
