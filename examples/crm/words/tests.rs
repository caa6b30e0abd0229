use super::*;

const SCRIPTS: [&str; 7] = [
    include_str!("../web/api.js"),
    include_str!("../web/app.js"),
    include_str!("../web/conversation.js"),
    include_str!("../web/customer.js"),
    include_str!("../web/inbox.js"),
    include_str!("../web/parts.js"),
    include_str!("../web/settings.js"),
];

#[track_caller]
fn chosen(cookie: Option<&str>, accept_language: Option<&str>, code: &str) {
    assert_eq!(Language::choose(cookie, accept_language).code(), code);
}

#[test]
fn english_is_spoken_where_nothing_is_asked_for() {
    chosen(None, None, "en");
    chosen(Some(""), Some(""), "en");
    chosen(None, Some("de, fr;q=0.5"), "en");
}

#[test]
fn the_cookie_goes_before_the_header() {
    chosen(Some("lang=zh-TW"), Some("en"), "zh-TW");
    chosen(Some("a=b; lang=en; c=d"), Some("zh-TW"), "en");
}

#[test]
fn a_cookie_that_says_nothing_is_passed_over() {
    chosen(Some("lang=tlh"), Some("zh-TW"), "zh-TW");
    chosen(Some("slang=zh-TW"), None, "en");
}

#[test]
fn the_header_is_read_by_weight_then_by_order() {
    chosen(None, Some("zh-TW,zh;q=0.9,en-US;q=0.8,en;q=0.7"), "zh-TW");
    chosen(None, Some("en;q=0.5, zh-Hant-TW;q=0.8"), "zh-TW");
    chosen(None, Some("zh-TW;q=0, en;q=0.1"), "en");
    chosen(None, Some("de, EN-gb;q=0.9, zh;q=0.8"), "en");
    chosen(None, Some("zh;q=high, *"), "en");
}

#[test]
fn no_text_is_blank() {
    for (name, english, chinese) in TABLE {
        assert!(
            !english.trim().is_empty() && !chinese.trim().is_empty(),
            "{name}"
        );
    }
}

#[test]
fn both_languages_have_the_same_gaps_to_fill() {
    for (name, english, chinese) in TABLE {
        assert_eq!(gaps(english), gaps(chinese), "{name}");
    }
}

#[test]
fn the_scripts_use_all_words_and_no_others() {
    let mut used: Vec<&str> = SCRIPTS.iter().flat_map(|script| words_in(script)).collect();
    used.sort_unstable();
    used.dedup();
    let mut known: Vec<&str> = TABLE.iter().map(|(name, ..)| *name).collect();
    known.sort_unstable();
    assert_eq!(used, known);
}

/// The `{names}` in a text, sorted.
fn gaps(text: &str) -> Vec<&str> {
    let mut gaps: Vec<&str> = text
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .collect();
    gaps.sort_unstable();
    gaps
}

fn words_in(script: &str) -> impl Iterator<Item = &str> {
    script.split("words.").skip(1).filter_map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_')?;
        Some(&rest[..end]).filter(|name| !name.is_empty())
    })
}
