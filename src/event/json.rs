//! Cursor over JSON text. It fails on syntax, never on the type of a value.
//!
//! Each accessor names the type it expects. A value of another type is skipped and `None` returned,
//! so damage costs a member and not the event, in one pass. The cursor checks the whole grammar of
//! RFC 8259 at any depth. It accepts the texts that `serde_json` accepts; a fuzz target compares
//! the two.

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

    /// Returns the text read since `at`.
    pub(crate) fn since(&self, at: usize) -> &'a str {
        &self.text[at..self.at]
    }

    /// The next byte that is not white space; 0, which no JSON holds there, at the end.
    #[inline(always)]
    pub(crate) fn peek(&mut self) -> u8 {
        let byte = self.byte();
        if byte > b' ' {
            byte
        } else {
            self.peek_behind_space()
        }
    }

    #[cold]
    fn peek_behind_space(&mut self) -> u8 {
        while matches!(self.byte(), b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
        self.byte()
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

    /// Goes behind this text, if it comes next.
    #[inline(always)]
    pub(crate) fn take(&mut self, text: &str) -> bool {
        let is = self.text.as_bytes()[self.at..].starts_with(text.as_bytes());
        self.at += if is { text.len() } else { 0 };
        is
    }

    /// Goes to the next value of a list, or out of the list.
    #[inline]
    pub(crate) fn next_element(&mut self, first: &mut bool) -> Result<bool> {
        self.next(b']', first)
    }

    /// Goes to the value of the next member of an object, or out of the object.
    #[inline(always)]
    pub(crate) fn next_member(&mut self, first: &mut bool) -> Result<Option<Written<'a>>> {
        if !self.next(b'}', first)? {
            return Ok(None);
        }
        self.name().map(Some)
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
        let (mut first, mut decoded) = (true, String::new());
        while let Some(name) = self.next_member(&mut first)? {
            each(name.name(&mut decoded), self)?;
        }
        Ok(true)
    }

    /// A string decoded, or a number as it is written.
    #[inline]
    pub(crate) fn text(&mut self) -> Result<Option<Text<'a>>> {
        match self.peek() {
            b'"' => Ok(Some(self.string()?.decoded())),
            b'-' | b'0'..=b'9' => Ok(Some(self.number()?.into())),
            _ => self.skip().map(|_| None),
        }
    }

    /// A whole number, or a string of one; of other numbers and strings what `other` makes.
    #[inline]
    pub(crate) fn integer(&mut self, other: fn(&str) -> Option<i64>) -> Result<Option<i64>> {
        if matches!(self.peek(), b'1'..=b'9') {
            let (bytes, mut at, mut number) = (self.text.as_bytes(), self.at, 0);
            if let Some(eight) = bytes[at..].first_chunk().and_then(eight_digits) {
                (at, number) = (at + 8, eight);
            }
            // 18 digits fit into an `i64`, whatever they are.
            while let Some(digit @ b'0'..=b'9') = bytes.get(at)
                && at - self.at < 18
            {
                number = number * 10 + i64::from(digit - b'0');
                at += 1;
            }
            if !matches!(bytes.get(at), Some(b'0'..=b'9' | b'.' | b'e' | b'E')) {
                self.at = at;
                return Ok(Some(number));
            }
        }
        Ok(self
            .text()?
            .and_then(|text| text.parse().ok().or_else(|| other(&text))))
    }

    /// Passes over one value, however deep it nests, and returns it as it is written.
    #[inline]
    pub(crate) fn skip(&mut self) -> Result<&'a str> {
        let first = self.peek();
        let start = self.at;
        match first {
            b'{' | b'[' => self.skip_nested()?,
            first => self.skip_scalar(first)?,
        }
        Ok(self.since(start))
    }

    fn skip_scalar(&mut self, first: u8) -> Result<()> {
        match first {
            b'"' => self.string().map(|_| ()),
            b'-' | b'0'..=b'9' => self.number().map(|_| ()),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => Err(Syntax),
        }
    }

    fn skip_nested(&mut self) -> Result<()> {
        // Which of the open brackets are braces: a bit for each below a mark, what does not fit
        // into the word on the heap.
        let (mut nesting, mut outer) = (1_u64, Vec::new());
        loop {
            match self.peek() {
                open @ (b'{' | b'[') => {
                    self.at += 1;
                    // The closing bracket comes two characters behind the opening one.
                    if self.peek() != open + 2 {
                        if nesting >> 63 == 1 {
                            outer.push(std::mem::replace(&mut nesting, 1));
                        }
                        nesting = nesting << 1 | u64::from(open == b'{');
                        if open == b'{' {
                            self.name()?;
                        }
                        continue;
                    }
                    self.at += 1;
                }
                first => self.skip_scalar(first)?,
            }
            // A value ends here, and with it perhaps what it stands in.
            while nesting != 1 {
                match (self.peek(), nesting & 1) {
                    (b',', _) => break,
                    (b'}', 1) | (b']', 0) => nesting >>= 1,
                    _ => return Err(Syntax),
                }
                self.at += 1;
                if nesting == 1 {
                    nesting = outer.pop().unwrap_or(1);
                }
            }
            if nesting == 1 {
                return Ok(());
            }
            self.at += 1;
            if nesting & 1 == 1 {
                self.name()?;
            }
        }
    }

    #[inline(always)]
    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    #[inline(always)]
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
    #[inline(always)]
    fn name(&mut self) -> Result<Written<'a>> {
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

    /// Reads a string without decoding it.
    #[inline(always)]
    fn string(&mut self) -> Result<Written<'a>> {
        let start = self.at + 1;
        self.at = plain_end(self.text.as_bytes(), start);
        let is_escaped = self.byte() == b'\\';
        if is_escaped {
            self.skip_escaped()?;
        }
        if self.byte() != b'"' {
            return Err(Syntax);
        }
        let raw = &self.text[start..self.at];
        self.at += 1;
        Ok(Written { raw, is_escaped })
    }

    /// Checks the rest of a string from its first escape on; stops where a quotation mark belongs.
    #[inline(never)]
    fn skip_escaped(&mut self) -> Result<()> {
        let bytes = self.text.as_bytes();
        while self.byte() == b'\\' {
            self.at += match bytes[self.at + 1..] {
                [b'u', a, b, c, d, ..] if utf16_unit([a, b, c, d]).is_some() => 6,
                [b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => 2,
                _ => return Err(Syntax),
            };
            // Escapes mostly follow one another: Meta escapes each character that is not ASCII.
            if self.byte() != b'\\' {
                self.at = plain_end(bytes, self.at);
            }
        }
        Ok(())
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
        let digits = self.text.as_bytes()[self.at..].iter();
        self.at += digits.take_while(|byte| byte.is_ascii_digit()).count();
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<()> {
        if self.take(word) { Ok(()) } else { Err(Syntax) }
    }
}

/// A string as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written<'a> {
    raw: &'a str,
    is_escaped: bool,
}

impl<'a> Written<'a> {
    #[inline]
    pub(crate) fn decoded(self) -> Text<'a> {
        if self.is_escaped {
            unescaped(self.raw).into()
        } else {
            self.raw.into()
        }
    }

    /// The string as the name of a member; `decoded` holds it when it has escapes.
    #[inline(always)]
    pub(crate) fn name<'n>(self, decoded: &'n mut String) -> &'n str
    where
        'a: 'n,
    {
        if self.is_escaped {
            *decoded = unescaped(self.raw);
            decoded
        } else {
            self.raw
        }
    }
}

/// A word of eight bytes that are each 1.
const ONES: u64 = u64::MAX / 255;
/// The highest bit of each byte of a word.
const HIGH: u64 = ONES << 7;

/// The place of the first byte from `at` on that a string cannot hold as it is: a quotation mark,
/// a backslash, a control character, or the end.
#[inline(always)]
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*eight);
        // The highest bit of each byte shows a borrow: the byte was the one searched for
        // (or of the upper half, which the last line leaves out). A byte may borrow from those
        // above it, so the lowest one found is certain.
        let control = word.wrapping_sub(ONES * 0x20);
        let quote = (word ^ (ONES * u64::from(b'"'))).wrapping_sub(ONES);
        let backslash = (word ^ (ONES * u64::from(b'\\'))).wrapping_sub(ONES);
        let found = (control | quote | backslash) & !word & HIGH;
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

/// The number of eight digits; `None` if one of the bytes is no digit.
#[inline(always)]
fn eight_digits(bytes: &[u8; 8]) -> Option<i64> {
    // The first digit is the lowest byte. Each byte becomes the value of its digit.
    let digits = u64::from_le_bytes(*bytes) ^ (ONES * u64::from(b'0'));
    // Adding 118 to 10 or more sets the highest bit. A carry out of a byte comes only from one that
    // has this bit set already.
    if (digits.wrapping_add(ONES * 118) | digits) & HIGH != 0 {
        return None;
    }
    // Neighbors are joined: digits to numbers below 100, these below 10,000, these to the whole.
    let twos = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (twos * 100 + (twos >> 16)) & 0x0000_ffff_0000_ffff;
    let whole = fours * 10_000 + (fours >> 32);
    Some(i64::from(whole as u32))
}

/// Decodes a string whose escapes have been checked. Half a surrogate pair becomes U+FFFD.
#[inline(never)]
fn unescaped(raw: &str) -> String {
    // No escape is shorter than the character that it stands for.
    let mut text = String::with_capacity(raw.len());
    let (bytes, mut at) = (raw.as_bytes(), 0);
    while at < bytes.len() {
        let (character, length) = match bytes[at..] {
            [b'\\', b'u', a, b, c, d, ref after @ ..] => utf16_character([a, b, c, d], after),
            [b'\\', escape, ..] => match escape {
                b'b' => ('\u{8}', 2),
                b'f' => ('\u{c}', 2),
                b'n' => ('\n', 2),
                b'r' => ('\r', 2),
                b't' => ('\t', 2),
                itself => (char::from(itself), 2),
            },
            _ => {
                let start = at;
                at = plain_end(bytes, at);
                text.push_str(&raw[start..at]);
                continue;
            }
        };
        text.push(character);
        at += length;
    }
    text
}

/// The character of a `\u` escape, or of two if they are a surrogate pair, and their length.
///
/// `after` is what follows the digits of the first one.
#[inline(always)]
fn utf16_character(digits: [u8; 4], after: &[u8]) -> (char, usize) {
    let first = utf16_unit(digits).unwrap_or(0);
    if let Some(character) = char::from_u32(first) {
        return (character, 6);
    }
    if let [b'\\', b'u', a, b, c, d, ..] = *after
        && first < 0xdc00
        && let Some(second @ 0xdc00..0xe000) = utf16_unit([a, b, c, d])
        && let Some(character) =
            char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))
    {
        return (character, 12);
    }
    (char::REPLACEMENT_CHARACTER, 6)
}

/// The UTF-16 code unit of four hexadecimal digits.
#[inline(always)]
fn utf16_unit(digits: [u8; 4]) -> Option<u32> {
    /// The value of each digit; of every other byte one that is too large wherever it stands.
    static VALUES: [u32; 256] = {
        let (mut values, mut byte) = ([1 << 16; 256], 0);
        while byte < 256 {
            if let Some(value) = (byte as u8 as char).to_digit(16) {
                values[byte] = value;
            }
            byte += 1;
        }
        values
    };
    let [a, b, c, d] = digits.map(|digit| VALUES[usize::from(digit)]);
    let unit = a << 12 | b << 8 | c << 4 | d;
    (unit < 1 << 16).then_some(unit)
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
    fn a_whole_number_of_any_length_is_read_exactly() {
        let mut digits = String::new();
        for digit in "9081726354908172635".chars() {
            digits.push(digit);
            let expected = digits.parse().ok();
            let list = format!("[{digits},-{digits}]");
            let mut json = Json::new(&list);
            assert!(json.enter(b'['));
            assert_eq!(json.integer(|_| None).unwrap(), expected, "{digits}");
            assert!(json.next_element(&mut false).unwrap());
            let negative = expected.map(|number: i64| -number);
            assert_eq!(json.integer(|_| None).unwrap(), negative, "{digits}");
        }
    }

    #[test]
    fn eight_digits_are_read_together_unless_one_is_no_digit() {
        assert_eq!(eight_digits(b"17000986"), Some(17_000_986));
        assert_eq!(eight_digits(b"99999999"), Some(99_999_999));
        for at in 0..8 {
            for byte in (0..=u8::MAX).filter(|byte| !byte.is_ascii_digit()) {
                let mut bytes = *b"90909090";
                bytes[at] = byte;
                assert_eq!(eight_digits(&bytes), None, "{bytes:?}");
            }
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
        // Around the depths at which a word of them is full, with braces and brackets in turn.
        for depth in 1..200 {
            let open = (0..depth).map(|level| ["[", r#"{"a":"#][level % 2]);
            let open: String = open.collect();
            let close: String = (0..depth)
                .rev()
                .map(|level| ["]", "}"][level % 2])
                .collect();
            assert!(is_json(&format!("{open}1{close}")), "{depth}");
            assert!(
                is_json(&format!("[{open}1{close},{open}1{close}]")),
                "{depth}"
            );
            let swapped = close.replace(']', "?").replace('}', "]").replace('?', "}");
            assert!(!is_json(&format!("{open}1{swapped}")), "{depth}");
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
