//! Removal of rows that wait for nothing any more, in slices.

use tokio_postgres::types::Type;

use super::{
    columns::Param,
    connection::{Lease, Pool},
    error::failed,
    options::Schema,
};
use crate::{store::StoreError, time::Timestamp};

/// Rows that are removed in one commit.
const SLICE: u32 = 500;

/// Removes rows that have waited since before a time, and returns how many.
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
    let none: String = ["mark", "message", "outgoing", "picture", "work"]
        .map(none)
        .concat();
    let before = before.as_millis();
    let params: [Param<'_>; 1] = [(&before, Type::INT8)];
    let client = Lease::take(pool).await?;
    let mut removed = 0_u64;
    for sql in [
        format!(
            "DELETE FROM {schema}.raw_event WHERE raw_event_no IN (
                 SELECT raw_event_no FROM {schema}.raw_event WHERE at < $1 LIMIT {SLICE} FOR UPDATE SKIP LOCKED)"
        ),
        format!(
            "DELETE FROM {schema}.mark WHERE ctid = ANY (ARRAY (
                 SELECT ctid FROM {schema}.mark WHERE at < $1 LIMIT {SLICE} FOR UPDATE SKIP LOCKED))"
        ),
        // A customer whose messages have expired keeps that cut, and what else is known. A customer
        // who is being changed at this moment is left to the next sweep.
        format!(
            "WITH hidden AS (
                 SELECT page_no, contact_no FROM {schema}.contact c WHERE last_at IS NULL AND expired IS NULL
                 AND erasing IS NULL AND labels IS NULL
                 AND greatest(opened_at, delivered, read, asked_at, 0) < $1 {none}
                 LIMIT {SLICE} FOR UPDATE SKIP LOCKED
             ), names AS (
                 DELETE FROM {schema}.name_gram g USING hidden h
                 WHERE g.page_no = h.page_no AND g.contact_no = h.contact_no
             )
             DELETE FROM {schema}.contact t USING hidden h
             WHERE t.page_no = h.page_no AND t.contact_no = h.contact_no"
        ),
    ] {
        loop {
            let slice = client.execute_typed(&sql, &params).await.map_err(failed)?;
            removed = removed.saturating_add(slice);
            if slice < u64::from(SLICE) {
                break;
            }
        }
    }
    client.release();
    Ok(removed)
}
