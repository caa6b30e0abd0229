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
        let mut first = true;
        while let Some(name) = self.next_member(&mut first)? {
            if name.is_escaped {
                each(&name.decoded(), self)?;
            } else {
                each(name.raw, self)?;
            }
        }
        Ok(true)
    }

    /// A string decoded, or a number as it is written.
    #[inline]
    pub(crate) fn text(&mut self) -> Result<Option<Text<'a>>> {
        match self.peek() {
            b'"' => self.decoded_string().map(Some),
            b'-' | b'0'..=b'9' => Ok(Some(self.number()?.into())),
            _ => self.skip().map(|_| None),
        }
    }

    /// A whole number, or a string of one; of other numbers and strings what `other` makes.
    #[inline]
    pub(crate) fn integer(&mut self, other: fn(&str) -> Option<i64>) -> Result<Option<i64>> {
        let mut digits = *self;
        // 18 digits fit, whatever they are.
        if digits.peek().is_ascii_digit() && digits.byte() != b'0' {
            let (start, mut number) = (digits.at, 0);
            while digits.byte().is_ascii_digit() && digits.at - start < 18 {
                number = number * 10 + i64::from(digits.byte() - b'0');
                digits.at += 1;
            }
            if !matches!(digits.byte(), b'0'..=b'9' | b'.' | b'e' | b'E') {
                *self = digits;
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

    /// Reads a string and decodes it in the same pass.
    #[inline(always)]
    fn decoded_string(&mut self) -> Result<Text<'a>> {
        let start = self.at + 1;
        self.at = plain_end(self.text.as_bytes(), start);
        if self.byte() == b'"' {
            self.at += 1;
            return Ok(self.text[start..self.at - 1].into());
        }
        self.escaped_string(start)
    }

    #[inline(never)]
    fn escaped_string(&mut self, start: usize) -> Result<Text<'a>> {
        // No escape is shorter than what it stands for, so the text is allocated once.
        let mut text = String::with_capacity(string_end(self.text.as_bytes(), self.at) - start);
        text.push_str(&self.text[start..self.at]);
        self.at = decode(self.text, self.at, &mut text)?;
        if self.byte() != b'"' {
            return Err(Syntax);
        }
        self.at += 1;
        Ok(text.into())
    }

    /// What stands between two quotation marks.
    #[inline(always)]
    fn string(&mut self) -> Result<Written<'a>> {
        self.at += 1;
        let start = self.at;
        let mut is_escaped = false;
        loop {
            self.at = plain_end(self.text.as_bytes(), self.at);
            match self.byte() {
                b'"' => {
                    self.at += 1;
                    let raw = &self.text[start..self.at - 1];
                    return Ok(Written { raw, is_escaped });
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
            let mut decoded = String::with_capacity(self.raw.len());
            // The escapes were checked when the string was read.
            let _ = decode(self.raw, 0, &mut decoded);
            decoded.into()
        } else {
            self.raw.into()
        }
    }
}

/// The place of the first byte from `at` on that a string cannot hold as it is: a quotation mark,
/// a backslash, a control character, or the end.
#[inline(always)]
fn plain_end(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*eight);
        // In each byte the highest bit tells whether it went below zero: it was the one looked for
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

/// Returns a position at or behind the end of a string: the first quotation mark from `at` on that
/// no backslash precedes, or the end of the text.
fn string_end(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = u64::MAX / 255;
    loop {
        while let Some(eight) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
            let other = u64::from_le_bytes(*eight) ^ (ONES * u64::from(b'"'));
            let found = other.wrapping_sub(ONES) & !other & (ONES << 7);
            if found != 0 {
                at += (found.trailing_zeros() / 8) as usize;
                break;
            }
            at += 8;
        }
        match bytes.get(at) {
            None => return bytes.len(),
            Some(b'"') if at == 0 || bytes[at - 1] != b'\\' => return at,
            Some(_) => at += 1,
        }
    }
}

/// Appends the decoded text from `at` on, up to the quotation mark that ends the string, a control
/// character or the end of the text. Returns that position. Half a surrogate pair becomes U+FFFD.
fn decode(text: &str, mut at: usize, decoded: &mut String) -> Result<usize> {
    let bytes = text.as_bytes();
    loop {
        match bytes[at..] {
            [b'\\', b'u', ..] => {
                let (character, end) = unicode_escape(bytes, at)?;
                decoded.push(character);
                at = end;
            }
            [b'\\', escape, ..] => {
                decoded.push(match escape {
                    b'"' | b'\\' | b'/' => char::from(escape),
                    b'b' => '\u{8}',
                    b'f' => '\u{c}',
                    b'n' => '\n',
                    b'r' => '\r',
                    b't' => '\t',
                    _ => return Err(Syntax),
                });
                at += 2;
            }
            _ => {
                let end = plain_end(bytes, at);
                if end == at {
                    return Ok(at);
                }
                decoded.push_str(&text[at..end]);
                at = end;
            }
        }
    }
}

/// Decodes the `\u` escape at `at`, and the one behind it if both are a surrogate pair. Returns the
/// character and the position behind.
#[inline(always)]
fn unicode_escape(bytes: &[u8], at: usize) -> Result<(char, usize)> {
    let unit = hex_unit(bytes, at).ok_or(Syntax)?;
    if let Some(character) = char::from_u32(unit) {
        return Ok((character, at + 6));
    }
    if unit < 0xdc00
        && let Some(low @ 0xdc00..0xe000) = hex_unit(bytes, at + 6)
        && let Some(pair) = char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
    {
        return Ok((pair, at + 12));
    }
    Ok((char::REPLACEMENT_CHARACTER, at + 6))
}

/// Reads `\uXXXX`.
#[inline(always)]
fn hex_unit(bytes: &[u8], at: usize) -> Option<u32> {
    let [b'\\', b'u', digits @ ..] = bytes.get(at..)?.first_chunk::<6>()? else {
        return None;
    };
    let [a, b, c, d] = digits.map(|digit| HEX[usize::from(digit)]);
    // A byte that is no digit has bits above the lowest four.
    let is_hex = (a | b | c | d) < 16;
    is_hex.then(|| u32::from(a) << 12 | u32::from(b) << 8 | u32::from(c) << 4 | u32::from(d))
}

/// Value of each hexadecimal digit; 255 for other bytes.
const HEX: [u8; 256] = {
    let mut table = [255; 256];
    let mut value = 0;
    while value < 16 {
        let digit = b"0123456789abcdef"[value as usize];
        table[digit as usize] = value;
        table[digit.to_ascii_uppercase() as usize] = value;
        value += 1;
    }
    table
};

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
