//! What a search goes by: grams of the library's own making, in arrays under GIN.

use std::collections::BTreeSet;

use tokio_postgres::types::Type;

use super::{
    columns::{CONTACT, Columns, MESSAGE, Many, Param},
    connection::Lease,
    error::failed,
    options::Schema,
};
use crate::store::{StoreError, grams};

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
