//! What a search goes by: grams of the library's own making, in arrays under GIN.

use std::collections::BTreeSet;

use super::{columns::Many, options::Schema};
use crate::store::grams;

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
