//! A conversation, the newest first.

use tokio_postgres::types::Type;

use super::{
    columns::{CONTACT, Columns, MESSAGE, OUTGOING, Param, to_sql},
    connection::{Lease, Pool, Trip},
    error::failed,
    listing::{count, more_than, nothing},
    options::Schema,
};
use crate::model::{ContactKey, Message, Revision};
use crate::store::{
    Listing, MAX_COUNT, StoreError,
    cursor::{Cursor, cut},
};

/// A conversation: the log and the queue, in one order and of one moment.
pub(super) async fn talk(
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
    let client = Lease::read(pool).await?;
    let mut trip = Trip::new(&client);
    // What goes out moves from the queue to the log, and must be seen in one of them.
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
    let answers = trip.go().await.map_err(failed)?;
    client.release();
    let Some(row) = answers[0].first() else {
        return Ok(nothing());
    };
    let mut next = Columns::of(row);
    let revision: i64 = next.get()?;
    let is_there = next.text()?.is_some();
    let mut rows = Vec::new();
    if is_there {
        let contact = next.contact()?;
        for row in &answers[1] {
            let mut next = Columns::of(row);
            let tie: i64 = next.get()?;
            let message = next.entry()?.show(key, &contact);
            rows.extend(message.map(|message| (Cursor::new(message.at, tie), message)));
        }
        for row in &answers[2] {
            let mut next = Columns::of(row);
            let tie: i64 = next.get()?;
            let message = next.outgoing()?.show(key);
            rows.extend(message.map(|message| (Cursor::new(message.at, tie), message)));
        }
    }
    rows.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
    let next = cut(&mut rows, limit, |(place, _)| place.to_string());
    Ok(Listing {
        next,
        rows: rows.into_iter().map(|(_, message)| message).collect(),
        total: count(&answers[3])?,
        revision: Revision::new(revision.cast_unsigned()),
    })
}
