//! What a search looks at: the same in every store, so that all find the same.

use std::collections::BTreeSet;

/// Nobody searches further than this into a text, in characters.
const MAX_CHARS: usize = 10_000;

/// Texts as they are searched: lower case, one space for any number of them, one line each.
pub fn fold<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut folded = String::new();
    for text in texts {
        if !folded.is_empty() {
            folded.push('\n');
        }
        let mut words = text.split_whitespace();
        let mut room = MAX_CHARS;
        while let Some(word) = words.next().filter(|_| room > 0) {
            if room < MAX_CHARS && !folded.ends_with('\n') {
                folded.push(' ');
            }
            folded.extend(word.chars().take(room).flat_map(char::to_lowercase));
            room = room.saturating_sub(word.chars().count().saturating_add(1));
        }
    }
    folded
}

/// What a folded text is found by: every character, and every two that stand together.
///
/// Two characters are a word in Chinese, and half of one is often all that is typed. White space
/// is no part of any gram.
pub fn grams(folded: &str) -> BTreeSet<&str> {
    let mut grams = BTreeSet::new();
    for word in folded.split_whitespace() {
        grams.extend(word.split("").filter(|one| !one.is_empty()));
        grams.extend(pairs(word));
    }
    grams
}

/// What a text must have to hold these folded words; whether it does, only the text can tell.
pub fn grams_of_query(folded: &str) -> BTreeSet<&str> {
    let mut grams = BTreeSet::new();
    for word in folded.split_whitespace() {
        grams.extend(pairs(word));
        if word.chars().nth(1).is_none() {
            grams.insert(word);
        }
    }
    grams
}

fn pairs(word: &str) -> impl Iterator<Item = &str> {
    let begins = word.char_indices().map(|(begin, _)| begin);
    let ends = word
        .char_indices()
        .map(|(begin, one)| begin + one.len_utf8());
    begins
        .zip(ends.skip(1))
        .map(|(begin, end)| &word[begin..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set<'g>(grams: &[&'g str]) -> BTreeSet<&'g str> {
        grams.iter().copied().collect()
    }

    #[test]
    fn s11_texts_are_folded_to_lower_case_and_single_spaces() {
        assert_eq!(fold([" Ada \t LOVELACE\n"]), "ada lovelace");
        assert_eq!(fold(["王 小明", "Élodie"]), "王 小明\nélodie");
        assert_eq!(fold(["", "x"]), "x");
        assert_eq!(fold([]), "");
    }

    #[test]
    fn s9_a_very_long_text_is_searched_to_its_10_000th_character() {
        let long = format!("{}b", "a".repeat(10_000));
        assert_eq!(fold([long.as_str()]), "a".repeat(10_000));
        let words = "ab ".repeat(10_000);
        assert!(fold([words.as_str()]).chars().count() <= 10_001);
    }

    #[test]
    fn s11_every_character_and_every_pair_is_a_gram() {
        assert_eq!(grams("小明 b"), set(&["小", "明", "小明", "b"]));
        assert_eq!(grams("a%_"), set(&["a", "%", "_", "a%", "%_"]));
        assert_eq!(grams("  "), set(&[]));
    }

    #[test]
    fn s11_a_query_asks_for_pairs_and_for_characters_that_stand_alone() {
        assert_eq!(grams_of_query("小明"), set(&["小明"]));
        assert_eq!(grams_of_query("王"), set(&["王"]));
        assert_eq!(grams_of_query("abc d"), set(&["ab", "bc", "d"]));
    }

    #[test]
    fn s11_what_holds_a_query_has_all_its_grams() {
        let texts = ["王小明 100% snake_case \\ 'x'", "🇹🇼 İstanbul ß", "a  b"];
        for text in texts {
            let text = fold([text]);
            let found: Vec<char> = text.chars().collect();
            let all = grams(&text);
            for from in 0..found.len() {
                for to in from + 1..=found.len() {
                    let query = fold([String::from_iter(&found[from..to]).as_str()]);
                    assert!(
                        grams_of_query(&query).is_subset(&all),
                        "{query:?} in {text:?}"
                    );
                }
            }
        }
    }
}
