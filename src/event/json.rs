//! A cursor over JSON text that fails on syntax alone, never on shape.
//!
//! Whoever reads with it says what they hope for, and gets nothing, with the value skipped, where
//! there is something else. So damage costs a member and not the event, in one pass and without a
//! second way for hard cases. It checks the whole grammar of RFC 8259, at any depth: what it
//! accepts is what `serde_json` accepts, which a fuzz target holds it to.

use crate::text::Text;

/// The text is not JSON; [`Json::at`] says where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Syntax;

type Result<T> = std::result::Result<T, Syntax>;

/// A place in a text of JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Json<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Json<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// How many bytes have been read.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// What has been read since then.
    pub(crate) fn since(&self, at: usize) -> &'a str {
        &self.text[at..self.at]
    }

    /// The next byte that is not white space; 0, which no JSON holds there, at the end.
    #[inline]
    pub(crate) fn peek(&mut self) -> u8 {
        loop {
            match self.byte() {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return byte,
            }
        }
    }

    /// Whether nothing but white space is left.
    pub(crate) fn is_at_end(&mut self) -> bool {
        self.peek();
        self.at == self.text.len()
    }

    /// Goes into a list or an object, if the next value is one.
    #[inline]
    pub(crate) fn enter(&mut self, open: u8) -> bool {
        let is = self.peek() == open;
        self.at += usize::from(is);
        is
    }

    /// Goes to the next value of a list, or out of the list.
    #[inline]
    pub(crate) fn next_element(&mut self, first: &mut bool) -> Result<bool> {
        self.next(b']', first)
    }

    /// Goes to the value of the next member of an object, or out of the object.
    #[inline]
    pub(crate) fn next_member(&mut self, first: &mut bool) -> Result<Option<Text<'a>>> {
        if !self.next(b'}', first)? {
            return Ok(None);
        }
        let (name, is_escaped) = self.name()?;
        Ok(Some(decoded(name, is_escaped)))
    }

    /// Gives every member of an object to `each`, which reads or skips its value.
    ///
    /// `false`, and the value is skipped, if it is no object.
    #[inline]
    pub(crate) fn members(
        &mut self,
        mut each: impl FnMut(&str, &mut Self) -> Result<()>,
    ) -> Result<bool> {
        if !self.enter(b'{') {
            self.skip()?;
            return Ok(false);
        }
        let mut first = true;
        while let Some(name) = self.next_member(&mut first)? {
            each(&name, self)?;
        }
        Ok(true)
    }

    /// A string decoded, or a number as it is written.
    #[inline]
    pub(crate) fn text(&mut self) -> Result<Option<Text<'a>>> {
        match self.peek() {
            b'"' => {
                let (raw, is_escaped) = self.string()?;
                Ok(Some(decoded(raw, is_escaped)))
            }
            b'-' | b'0'..=b'9' => Ok(Some(self.number()?.into())),
            _ => self.skip().map(|_| None),
        }
    }

    /// Passes over one value, however deep it nests, and returns it as it is written.
    pub(crate) fn skip(&mut self) -> Result<&'a str> {
        self.peek();
        let start = self.at;
        let mut nesting = Nesting::default();
        loop {
            match self.peek() {
                b'"' => drop(self.string()?),
                b'-' | b'0'..=b'9' => drop(self.number()?),
                b'{' => {
                    self.at += 1;
                    if self.peek() != b'}' {
                        nesting.push(true);
                        self.name()?;
                        continue;
                    }
                    self.at += 1;
                }
                b'[' => {
                    self.at += 1;
                    if self.peek() != b']' {
                        nesting.push(false);
                        continue;
                    }
                    self.at += 1;
                }
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => return Err(Syntax),
            }
            // A value ends here, and with it perhaps what it stands in.
            loop {
                let Some(in_object) = nesting.top() else {
                    return Ok(self.since(start));
                };
                match (self.peek(), in_object) {
                    (b',', true) => {
                        self.at += 1;
                        self.name()?;
                        break;
                    }
                    (b',', false) => {
                        self.at += 1;
                        break;
                    }
                    (b'}', true) | (b']', false) => {
                        self.at += 1;
                        nesting.pop();
                    }
                    _ => return Err(Syntax),
                }
            }
        }
    }

    #[inline]
    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    #[inline]
    fn next(&mut self, close: u8, first: &mut bool) -> Result<bool> {
        let byte = self.peek();
        if byte == close {
            self.at += 1;
            return Ok(false);
        }
        if !std::mem::take(first) {
            if byte != b',' {
                return Err(Syntax);
            }
            self.at += 1;
        }
        Ok(true)
    }

    /// A name and the colon behind it.
    #[inline]
    fn name(&mut self) -> Result<(&'a str, bool)> {
        if self.peek() != b'"' {
            return Err(Syntax);
        }
        let name = self.string()?;
        if self.peek() != b':' {
            return Err(Syntax);
        }
        self.at += 1;
        Ok(name)
    }

    /// What stands between two quotation marks, and whether any of it is escaped.
    #[inline]
    fn string(&mut self) -> Result<(&'a str, bool)> {
        self.at += 1;
        let start = self.at;
        let mut is_escaped = false;
        loop {
            self.at = plain_end(self.text.as_bytes(), self.at);
            match self.byte() {
                b'"' => {
                    self.at += 1;
                    return Ok((&self.text[start..self.at - 1], is_escaped));
                }
                b'\\' => {
                    is_escaped = true;
                    self.at += match self.text.as_bytes()[self.at + 1..] {
                        [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
                        [b'u', a, b, c, d, ..]
                            if [a, b, c, d].iter().all(u8::is_ascii_hexdigit) =>
                        {
                            6
                        }
                        _ => return Err(Syntax),
                    };
                }
                _ => return Err(Syntax),
            }
        }
    }

    #[inline]
    fn number(&mut self) -> Result<&'a str> {
        let start = self.at;
        self.at += usize::from(self.byte() == b'-');
        if self.byte() == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.byte() == b'.' {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), b'e' | b'E') {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), b'+' | b'-'));
            self.digits()?;
        }
        Ok(self.since(start))
    }

    #[inline]
    fn digits(&mut self) -> Result<()> {
        if !self.byte().is_ascii_digit() {
            return Err(Syntax);
        }
        while self.byte().is_ascii_digit() {
            self.at += 1;
        }
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<()> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(Syntax);
        }
        self.at += word.len();
        Ok(())
    }
}

/// Which of the open brackets are braces: 64 in a word, further ones on the heap.
#[derive(Default)]
struct Nesting {
    depth: u32,
    top: u64,
    below: Vec<u64>,
}

impl Nesting {
    fn push(&mut self, is_object: bool) {
        if self.depth == 64 {
            self.below.push(self.top);
            self.depth = 0;
        }
        self.top = self.top << 1 | u64::from(is_object);
        self.depth += 1;
    }

    fn top(&self) -> Option<bool> {
        (self.depth > 0).then_some(self.top & 1 == 1)
    }

    fn pop(&mut self) {
        self.top >>= 1;
        self.depth -= 1;
        if self.depth == 0
            && let Some(top) = self.below.pop()
        {
            (self.top, self.depth) = (top, 64);
        }
    }
}

/// The place of the first byte from `at` on that a string cannot hold as it is: a quotation mark,
/// a backslash, a control character, or the end. Eight bytes at a time.
#[inline]
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    // The highest bit of each byte that is zero; of bytes above the first, perhaps of others too.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*eight);
        let control = word.wrapping_sub(ONES * 0x20) & !word;
        let quote = zero(word ^ (ONES * u64::from(b'"')));
        let backslash = zero(word ^ (ONES * u64::from(b'\\')));
        let found = (control | quote | backslash) & HIGH;
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(byte) = bytes.get(at)
        && !matches!(byte, 0..0x20 | b'"' | b'\\')
    {
        at += 1;
    }
    at
}

#[inline]
fn decoded(raw: &str, is_escaped: bool) -> Text<'_> {
    if is_escaped {
        unescaped(raw).into()
    } else {
        raw.into()
    }
}

/// Decodes a string whose escapes have been checked. Half a surrogate pair becomes U+FFFD.
fn unescaped(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(&rest[..at]);
        let escape = rest.as_bytes()[at + 1];
        rest = &rest[at + 2..];
        text.push(match escape {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let high = unit(&mut rest);
                match (high, rest.as_bytes()) {
                    (0xd800..0xdc00, [b'\\', b'u', ..]) => {
                        let mut after = &rest[2..];
                        let low = unit(&mut after);
                        if (0xdc00..0xe000).contains(&low) {
                            rest = after;
                            char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
                        } else {
                            None
                        }
                    }
                    _ => char::from_u32(high),
                }
                .unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            itself => char::from(itself),
        });
    }
    text.push_str(rest);
    text
}

/// Takes the four hexadecimal digits of an escape.
fn unit(rest: &mut &str) -> u32 {
    let (digits, after) = rest.split_at(4);
    *rest = after;
    digits.bytes().fold(0, |unit, digit| {
        (unit << 4) | (u32::from(digit & 0xf) + 9 * u32::from(digit >> 6))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of the only value; `None` if it is no text.
    #[track_caller]
    fn text(json: &str) -> Option<Text<'_>> {
        let mut cursor = Json::new(json);
        let text = cursor.text().unwrap();
        assert!(cursor.is_at_end());
        text
    }

    fn is_json(text: &str) -> bool {
        let mut json = Json::new(text);
        json.skip().is_ok() && json.is_at_end()
    }

    #[test]
    fn plain_text_is_borrowed_and_escaped_text_is_not() {
        assert!(text(r#" "Hello~" "#).unwrap().is_borrowed());
        let escaped = text(r#""\u4f60\u597d \ud83d\ude00 \"\\\/\b\f\n\r\t""#).unwrap();
        assert_eq!(escaped.as_str(), "你好 😀 \"\\/\u{8}\u{c}\n\r\t");
    }

    #[test]
    fn p8_half_an_emoji_costs_one_character() {
        for (json, expected) in [
            (r#""a\ud83d""#, "a\u{fffd}"),
            (r#""\ude00b\ud83dc""#, "\u{fffd}b\u{fffd}c"),
            (r#""\ud83d\ud83d\ude00""#, "\u{fffd}😀"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
        ] {
            assert_eq!(text(json).as_deref(), Some(expected), "{json}");
        }
    }

    #[test]
    fn p15_a_number_is_a_text_as_it_is_written() {
        for number in [
            "9007199254740993",
            "-0",
            "1e400",
            "29.620",
            "123456789012345678901234567890",
        ] {
            assert_eq!(text(number).as_deref(), Some(number));
        }
        for other in ["null", "true", "[1]", r#"{"a":"b"}"#] {
            assert_eq!(text(other), None, "{other}");
        }
    }

    #[test]
    fn the_grammar_is_json_and_nothing_more() {
        for good in [
            "0",
            "-1.5E+3",
            "[]",
            "[ ]",
            "{ }",
            "[[],{}]",
            r#"{"a":{"b":[1,{"c":null}]},"d":false}"#,
            r#""\u00e4 é \"""#,
            "\n[\t1 ,\r2 ] ",
        ] {
            assert!(is_json(good), "{good}");
        }
        for bad in [
            "",
            "01",
            "1.",
            ".5",
            "+1",
            "1e",
            "-",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            "{a:1}",
            "{1:1}",
            "[}",
            "{]",
            "tru",
            "nul",
            "True",
            "'a'",
            r#""\x""#,
            r#""\u12g4""#,
            r#""\u123"#,
            "\"a\nb\"",
            "\"a",
            "1 2",
            "[1]]",
            "\u{feff}1",
            "\0",
        ] {
            assert!(!is_json(bad), "{bad:?}");
        }
    }

    #[test]
    fn p12_depth_costs_no_stack() {
        let depth = 100_000;
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[{"a":"#, "}]")] {
            let good = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            std::thread::Builder::new()
                .stack_size(64 * 1024)
                .spawn(move || assert!(is_json(&good)))
                .unwrap()
                .join()
                .unwrap();
            assert!(!is_json(&format!(
                "{}1{}",
                open.repeat(depth),
                close.repeat(depth - 1)
            )));
        }
        let crossed = format!("{}{{\"a\":1{}{}", "[".repeat(64), "]", "]".repeat(64));
        assert!(!is_json(&crossed));
    }

    #[test]
    fn the_end_of_a_string_is_found_at_every_offset() {
        for length in 0..40 {
            let plain = "é~".repeat(length);
            for end in ["\"", "\\", "\u{1f}", ""] {
                let text = format!("{plain}{end}\"");
                assert_eq!(plain_end(text.as_bytes(), 0), plain.len(), "{text:?}");
            }
        }
    }
}
