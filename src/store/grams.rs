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

/// The longest gram of a text, in characters. Longer ones are rarer, but each makes every message
/// dearer; and among texts the newest are looked through first.
pub const OF_TEXT: usize = 3;
/// The longest gram of a name. Names are written once and looked for as a whole.
pub const OF_NAME: usize = 8;

/// What a folded text is found by: every one, two and more characters that stand together, up to
/// the longest, as often as they do.
///
/// Two characters are a word in Chinese, and half of one is often all that is typed; more of them
/// tell one word of an alphabet from the many that share its letters. White space is no part of
/// any gram.
pub fn grams(folded: &str, longest: usize) -> impl Iterator<Item = &str> {
    folded.split_whitespace().flat_map(move |word| {
        word.char_indices().flat_map(move |(begin, _)| {
            let rest = &word[begin..];
            let ends = rest.char_indices().map(|(at, one)| at + one.len_utf8());
            ends.take(longest).map(move |end| &rest[..end])
        })
    })
}

/// What a text must have to hold these folded words; whether it does, only the text can tell.
///
/// The longest grams are the rarest, and each character is asked for once or little more.
pub fn grams_of_query(folded: &str, longest: usize) -> BTreeSet<&str> {
    let mut grams = BTreeSet::new();
    for word in folded.split_whitespace() {
        let begins: Vec<usize> = word.char_indices().map(|(begin, _)| begin).collect();
        let last = begins.len().saturating_sub(longest);
        for at in (0..last).step_by(longest.max(1)).chain([last]) {
            let end = begins.get(at + longest).copied().unwrap_or(word.len());
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
        let all = |text| grams(text, 3).collect::<Vec<_>>();
        assert_eq!(all("小明 b"), ["小", "小明", "明", "b"]);
        assert_eq!(
            all("a%_?"),
            ["a", "a%", "a%_", "%", "%_", "%_?", "_", "_?", "?"]
        );
        assert_eq!(all("  "), [""; 0]);
        assert_eq!(grams("abcd", 4).max_by_key(|gram| gram.len()), Some("abcd"));
    }

    #[test]
    fn s11_a_query_asks_for_the_longest_grams_that_cover_it() {
        let asked = |text| grams_of_query(text, 3);
        assert_eq!(asked("小明"), set(&["小明"]));
        assert_eq!(asked("王"), set(&["王"]));
        assert_eq!(asked("abc d"), set(&["abc", "d"]));
        assert_eq!(asked("abcdefg"), set(&["abc", "def", "efg"]));
        assert_eq!(asked("abcdef"), set(&["abc", "def"]));
        assert_eq!(asked(""), set(&[]));
        assert_eq!(grams_of_query("abcdefg", 6), set(&["abcdef", "bcdefg"]));
    }

    #[test]
    fn s11_what_holds_a_query_has_all_its_grams() {
        let texts = ["王小明 100% snake_case \\ 'x'", "🇹🇼 İstanbul ß", "a  b"];
        for text in texts {
            let text = fold([text]);
            let found: Vec<char> = text.chars().collect();
            let sets = [OF_TEXT, OF_NAME]
                .map(|longest| (longest, grams(&text, longest).collect::<BTreeSet<_>>()));
            for from in 0..found.len() {
                for to in from + 1..=found.len() {
                    let query = fold([String::from_iter(&found[from..to]).as_str()]);
                    for (longest, all) in &sets {
                        let asked = grams_of_query(&query, *longest);
                        assert!(asked.is_subset(all), "{query:?} in {text:?}");
                    }
                }
            }
        }
    }
}
