//! The search index: substrings of texts and names as numbers, in arrays under GIN.

use std::collections::BTreeSet;

use super::{columns::Many, options::Schema};
use crate::store::search_text;

/// The substrings of a folded text, each in one number with its Page, as SQL writes an array.
pub(super) fn array(page_no: i32, folded: &str) -> String {
    let numbers: BTreeSet<i32> = search_text::grams(folded)
        .map(|gram| search_text::gram_number(page_no, gram))
        .collect();
    let numbers: Vec<String> = numbers.iter().map(i32::to_string).collect();
    format!("{{{}}}", numbers.join(","))
}

/// Numbers in the array of every text that holds this folded text; empty when the text is too
/// short for the index.
pub(super) fn query(page_no: i32, folded: &str) -> Vec<i32> {
    let grams = search_text::grams_of_query(folded).into_iter();
    grams
        .map(|gram| search_text::gram_number(page_no, gram))
        .collect()
}

/// Arrays of arrays cannot be unnested, so each comes as its text.
pub(super) fn insert(schema: &Schema, table: &str, many: &Many) -> String {
    let names = many.names();
    format!(
        "INSERT INTO {schema}.{table} ({names}) SELECT {} FROM {} AS w({names})",
        names.replace("grams", "grams::integer[]"),
        many.unnested()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s11_a_gram_and_its_page_are_one_number() {
        let all = array(3, "小明 bob");
        for gram in query(3, "小明").iter().chain(&query(3, "bob")) {
            assert!(all.contains(&gram.to_string()), "{gram} in {all}");
        }
        assert_ne!(query(3, "bob"), query(4, "bob"));
        assert_ne!(query(3, "bob"), query(3, "bobb"));
        // What is stored is found by these numbers in every later version.
        assert_eq!(
            query(3, "oolong"),
            [-1_401_193_611, -997_509_405, 1_063_091_660, -504_687_898]
        );
    }
}
