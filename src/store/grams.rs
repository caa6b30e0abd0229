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

/// The longest gram, in characters.
const LONGEST: usize = 3;

/// What a folded text is found by: every one, two and three characters that stand together, as
/// often as they do.
///
/// Two characters are a word in Chinese, and half of one is often all that is typed; three are
/// what tells one word of an alphabet from the many that share its letters. White space is no part
/// of any gram.
pub fn grams(folded: &str) -> impl Iterator<Item = &str> {
    folded.split_whitespace().flat_map(|word| {
        word.char_indices().flat_map(|(begin, _)| {
            let rest = &word[begin..];
            let ends = rest.char_indices().map(|(at, one)| at + one.len_utf8());
            ends.take(LONGEST).map(|end| &rest[..end])
        })
    })
}

/// What a text must have to hold these folded words; whether it does, only the text can tell.
///
/// The longest grams are the rarest, and each character is asked for once or little more.
pub fn grams_of_query(folded: &str) -> BTreeSet<&str> {
    let mut grams = BTreeSet::new();
    for word in folded.split_whitespace() {
        let begins: Vec<usize> = word.char_indices().map(|(begin, _)| begin).collect();
        let last = begins.len().saturating_sub(LONGEST);
        for at in (0..last).step_by(LONGEST).chain([last]) {
            let end = begins.get(at + LONGEST).copied().unwrap_or(word.len());
            grams.insert(&word[begins[at]..end]);
        }
    }
    grams
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
    fn s11_every_one_two_and_three_characters_are_a_gram() {
        let all = |text| grams(text).collect::<Vec<_>>();
        assert_eq!(all("小明 b"), ["小", "小明", "明", "b"]);
        assert_eq!(
            all("a%_?"),
            ["a", "a%", "a%_", "%", "%_", "%_?", "_", "_?", "?"]
        );
        assert_eq!(all("  "), [""; 0]);
    }

    #[test]
    fn s11_a_query_asks_for_the_longest_grams_that_cover_it() {
        assert_eq!(grams_of_query("小明"), set(&["小明"]));
        assert_eq!(grams_of_query("王"), set(&["王"]));
        assert_eq!(grams_of_query("abc d"), set(&["abc", "d"]));
        assert_eq!(grams_of_query("abcdefg"), set(&["abc", "def", "efg"]));
        assert_eq!(grams_of_query("abcdef"), set(&["abc", "def"]));
        assert_eq!(grams_of_query(""), set(&[]));
    }

    #[test]
    fn s11_what_holds_a_query_has_all_its_grams() {
        let texts = ["王小明 100% snake_case \\ 'x'", "🇹🇼 İstanbul ß", "a  b"];
        for text in texts {
            let text = fold([text]);
            let found: Vec<char> = text.chars().collect();
            let all: BTreeSet<&str> = grams(&text).collect();
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
