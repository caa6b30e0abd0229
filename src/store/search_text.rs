//! Text as searches look at it: the same in every store, so that all find the same.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use crate::model::Profile;

/// Version of [`fold`] and [`grams`]. A store keeps it, because an index of another version finds
/// other things.
pub const VERSION: i64 = 1;

/// Characters of a text beyond this many are not searched.
const MAX_CHARS: usize = 10_000;

/// Texts as they are searched: lower case, without accents, with single spaces, one line for each.
///
/// # Examples
///
/// ```
/// use messenger_crm::store::search_text::fold;
///
/// assert_eq!(fold(["Zoë  GARCÍA", "王小明"]), "zoe garcia\n王小明");
/// ```
pub fn fold<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let mut folded = String::new();
    for text in texts {
        if !folded.is_empty() {
            folded.push('\n');
        }
        let start = folded.len();
        let end = text.char_indices().nth(MAX_CHARS);
        let text = &text[..end.map_or(text.len(), |(end, _)| end)];
        for word in text.split_whitespace() {
            if folded.len() > start {
                folded.push(' ');
            }
            if word.is_ascii() {
                folded.extend(word.chars().map(|letter| letter.to_ascii_lowercase()));
            } else {
                let letters = word.chars().flat_map(char::to_lowercase).nfd();
                folded.extend(letters.filter(|letter| !is_accent(*letter)).nfc());
            }
        }
    }
    folded
}

/// The names of a customer, folded.
pub(super) fn fold_names(profile: Option<&Profile>) -> String {
    let names = profile
        .into_iter()
        .flat_map(|profile| [&profile.name, &profile.first_name, &profile.last_name]);
    fold(names.filter_map(Option::as_deref))
}

/// Whether a character only changes the letter before it. The vowel signs of Indic scripts are
/// separate letters.
const fn is_accent(letter: char) -> bool {
    matches!(letter,
        '\u{300}'..='\u{36f}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// The longest gram of an alphabet, in characters.
pub const LONGEST: usize = 3;

/// Substrings of a folded text by which an index finds it, as often as they occur.
///
/// Of scripts without spaces between words, such as Chinese, each character and each pair is one.
/// Of an alphabet each three characters are, because shorter ones are in nearly every text.
pub fn grams(folded: &str) -> impl Iterator<Item = &str> {
    folded.split_whitespace().flat_map(|word| {
        word.char_indices().flat_map(move |(begin, letter)| {
            let rest = &word[begin..];
            let ends = rest.char_indices().map(|(at, one)| at + one.len_utf8());
            let (shortest, longest) = if is_ideograph(letter) {
                (1, 2)
            } else {
                (LONGEST, LONGEST)
            };
            ends.take(longest)
                .skip(shortest - 1)
                .map(move |end| &rest[..end])
        })
    })
}

/// Substrings that a text must have to hold this folded query; whether it does, only the text can
/// tell. Empty when the query is too short for the index: then the newest texts are looked through.
pub fn grams_of_query(folded: &str) -> BTreeSet<&str> {
    let mut found: BTreeSet<&str> = grams(folded).collect();
    // A single character is in whatever holds the pair.
    let pairs: Vec<&str> = found.iter().copied().collect();
    found.retain(|gram| {
        let is_single = gram.chars().nth(1).is_none();
        !is_single
            || !pairs
                .iter()
                .any(|pair| pair != gram && pair.contains(*gram))
    });
    found
}

/// Number of a gram on the Page with this number, for an index of integers.
///
/// It is a hash: two grams may have one number, so only the text itself decides. Numbers are the same
/// in every program with this [`VERSION`].
pub fn gram_number(page_no: i32, gram: &str) -> i32 {
    const FACTOR: u64 = 0xbf58_476d_1ce4_e5b9;
    let letters = gram.chars().map(|letter| u64::from(u32::from(letter)));
    let begin = FACTOR ^ u64::from(page_no.cast_unsigned()).wrapping_mul(FACTOR);
    let mixed = letters.fold(begin, |mixed, letter| {
        let mixed = (mixed ^ letter).wrapping_mul(FACTOR);
        mixed ^ mixed >> 31
    });
    ((mixed >> 32) as u32).cast_signed()
}

/// Whether a character is of a script whose words have one or two characters.
const fn is_ideograph(letter: char) -> bool {
    matches!(letter,
        '\u{2e80}'..='\u{9fff}' | '\u{a960}'..='\u{a97f}' | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}' | '\u{1f000}'..='\u{1faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set<'g>(grams: &[&'g str]) -> BTreeSet<&'g str> {
        grams.iter().copied().collect()
    }

    #[test]
    fn r11_texts_are_folded_to_lower_case_without_accents_and_with_single_spaces() {
        assert_eq!(fold([" Ada \t LOVELACE\n"]), "ada lovelace");
        assert_eq!(fold(["王 小明", "Élodie"]), "王 小明\nelodie");
        assert_eq!(fold(["Zoë", "GARCÍA"]), "zoe\ngarcia");
        assert_eq!(fold(["İstanbul ß"]), "istanbul ß");
        assert_eq!(fold(["e\u{301}"]), "e");
        assert_eq!(fold(["한국"]), "한국");
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
    fn r11_an_alphabet_has_grams_of_three_and_an_ideograph_of_one_and_two() {
        let all = |text| grams(text).collect::<Vec<_>>();
        assert_eq!(all("小明 b"), ["小", "小明", "明"]);
        assert_eq!(all("oolong"), ["ool", "olo", "lon", "ong"]);
        assert_eq!(all("👍"), ["👍"]);
        assert_eq!(all("  "), [""; 0]);
    }

    #[test]
    fn r11_a_query_asks_for_the_longest_grams() {
        assert_eq!(grams_of_query("小明"), set(&["小明"]));
        assert_eq!(grams_of_query("王"), set(&["王"]));
        assert_eq!(grams_of_query("abcd e"), set(&["abc", "bcd"]));
        assert_eq!(grams_of_query("ab"), set(&[]));
        assert_eq!(grams_of_query(""), set(&[]));
    }

    #[test]
    fn s11_what_holds_a_query_has_all_its_grams() {
        let texts = [
            "王小明 100% snake_case \\ 'x'",
            "🇹🇼 İstanbul ß",
            "a  b 明c明",
        ];
        for text in texts {
            let text = fold([text]);
            let letters: Vec<char> = text.chars().collect();
            let all: BTreeSet<&str> = grams(&text).collect();
            for from in 0..letters.len() {
                for to in from + 1..=letters.len() {
                    let query = fold([String::from_iter(&letters[from..to]).as_str()]);
                    let asked = grams_of_query(&query);
                    assert!(asked.is_subset(&all), "{query:?} in {text:?}");
                }
            }
        }
    }
}
