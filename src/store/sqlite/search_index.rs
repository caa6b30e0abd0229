//! The search index: grams of the library's own making in FTS5.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Statement, params};

use super::{connection::failed, held::Held};
use crate::store::{StoreError, search_text};

/// So many bits of a document's number are its time, in milliseconds: until the year 2109.
const TIME_BITS: u32 = 42;
/// The others tell messages of one millisecond apart.
const TIE_BITS: u32 = 20;

/// One of the two indexes.
pub(super) struct Index {
    table: &'static str,
}

pub(super) const TEXTS: Index = Index { table: "text_gram" };
pub(super) const NAMES: Index = Index { table: "name_gram" };

/// Texts that a transaction adds to the index. They are written in the order of their numbers: as
/// soon as one is lower than the last, FTS5 writes out all that it has gathered.
#[derive(Default)]
pub(super) struct Texts {
    waiting: BTreeMap<i64, String>,
    /// Whether the file has no index.
    pub(super) is_off: bool,
}

impl Texts {
    /// More than come at once, so that a long transaction does not hold all of its texts.
    const MAX_WAITING: usize = 4096;

    /// Puts what a message is found by into the index.
    pub(super) fn put<'c>(
        &mut self,
        held: &mut Held<'c>,
        connection: &'c Connection,
        page_no: i64,
        message: Indexed,
        text: &str,
    ) -> Result<(), StoreError> {
        if text.is_empty() || self.is_off {
            return Ok(());
        }
        let mut doc = message.first_doc();
        // Another message of this millisecond may have the number.
        while !take(held.get(connection, TAKE)?, doc, message)? {
            doc += 1;
        }
        self.waiting.insert(doc, Index::tokens(page_no, text));
        if self.waiting.len() > Self::MAX_WAITING {
            self.write(connection)?;
        }
        Ok(())
    }

    /// Takes what a message was found by out of the index.
    pub(super) fn remove(
        &mut self,
        connection: &Connection,
        page_no: i64,
        message: Indexed,
        text: &str,
    ) -> Result<(), StoreError> {
        if text.is_empty() {
            return Ok(());
        }
        // It has the first number that was free when it came: one of the next few.
        let first = message.first_doc();
        let doc: Option<i64> = connection
            .prepare_cached(
                "SELECT doc FROM document
                 WHERE doc BETWEEN ?1 AND ?2 AND contact_no = ?3 AND tie = ?4 AND at = ?5 LIMIT 1",
            )
            .and_then(|mut sql| {
                let last = first.saturating_add(1 << TIE_BITS);
                let place = params![first, last, message.contact_no, message.tie, message.at];
                sql.query_row(place, |row| row.get(0)).optional()
            })
            .map_err(failed)?;
        let Some(doc) = doc else {
            return Ok(());
        };
        connection
            .prepare_cached("DELETE FROM document WHERE doc = ?1")
            .and_then(|mut sql| sql.execute([doc]))
            .map_err(failed)?;
        if self.waiting.remove(&doc).is_some() {
            return Ok(());
        }
        TEXTS.remove(connection, doc, page_no, text)
    }

    /// Writes what is still waiting: before the end of the transaction.
    pub(super) fn write(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let waiting = std::mem::take(&mut self.waiting);
        TEXTS.write(connection, &waiting)
    }
}

/// Puts a customer's names into the index, in place of what was there.
pub(super) fn put_names(
    connection: &Connection,
    page_no: i64,
    contact_no: i64,
    old: &str,
    new: &str,
) -> Result<(), StoreError> {
    if old == new {
        return Ok(());
    }
    if !old.is_empty() {
        NAMES.remove(connection, contact_no, page_no, old)?;
    }
    if !new.is_empty() {
        NAMES.insert(connection, contact_no, page_no, new)?;
    }
    Ok(())
}

/// The document that a message with this time would have at the earliest.
pub(super) fn doc_of(at: i64, tie: i64) -> i64 {
    let latest = (1 << TIME_BITS) - 1;
    // The highest bits of the tie, so that documents of one time have the order of the conversation.
    at.clamp(0, latest) << TIE_BITS | tie >> (63 - TIE_BITS)
}

/// A message as the index knows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Indexed {
    pub(super) contact_no: i64,
    pub(super) tie: i64,
    pub(super) at: i64,
}

impl Indexed {
    fn first_doc(self) -> i64 {
        doc_of(self.at, self.tie)
    }
}

const TAKE: &str = "INSERT INTO document (doc, contact_no, tie, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (doc) DO NOTHING";

/// Says which message a number is, unless it is taken.
fn take(take: &mut Statement<'_>, doc: i64, message: Indexed) -> Result<bool, StoreError> {
    take.execute(params![doc, message.contact_no, message.tie, message.at])
        .map(|rows| rows > 0)
        .map_err(failed)
}

impl Index {
    /// The query for documents of a Page that may hold a folded text; `None` when the text is too
    /// short for the index.
    pub(super) fn query(page_no: i64, folded: &str) -> Option<String> {
        let folded = without_signs(folded);
        let grams = search_text::grams_of_query(&folded).into_iter();
        let words: Vec<String> = grams.map(|gram| format!("{page_no}p{gram}")).collect();
        (!words.is_empty()).then(|| words.join(" AND "))
    }

    /// Puts in a document that is found by this text on a Page.
    pub(super) fn insert(
        &self,
        connection: &Connection,
        doc: i64,
        page_no: i64,
        text: &str,
    ) -> Result<(), StoreError> {
        self.write(connection, [(&doc, &Self::tokens(page_no, text))])
    }

    /// Puts in documents with the words that find them.
    fn write<'t>(
        &self,
        connection: &Connection,
        documents: impl IntoIterator<Item = (&'t i64, &'t String)>,
    ) -> Result<(), StoreError> {
        let table = self.table;
        let sql = format!("INSERT INTO {table} (rowid, grams) VALUES (?1, ?2)");
        let mut insert = connection.prepare_cached(&sql).map_err(failed)?;
        for (doc, tokens) in documents {
            insert.execute(params![doc, tokens]).map_err(failed)?;
        }
        Ok(())
    }

    /// FTS5 keeps no text here, so that it needs the text again to remove it.
    fn remove(
        &self,
        connection: &Connection,
        doc: i64,
        page_no: i64,
        text: &str,
    ) -> Result<(), StoreError> {
        let table = self.table;
        let sql = format!("INSERT INTO {table} ({table}, rowid, grams) VALUES ('delete', ?1, ?2)");
        connection
            .prepare_cached(&sql)
            .and_then(|mut sql| sql.execute(params![doc, Self::tokens(page_no, text)]))
            .map(drop)
            .map_err(failed)
    }

    /// A word for each gram. A search looks at one Page, and so each word begins with its number.
    fn tokens(page_no: i64, text: &str) -> String {
        let (page, text) = (format!("{page_no}p"), without_signs(text));
        let word = page.len() + search_text::LONGEST + 1;
        let mut tokens = String::with_capacity(text.len() * word);
        for gram in search_text::grams(&text) {
            tokens.push_str(&page);
            tokens.push_str(gram);
            tokens.push(' ');
        }
        tokens
    }
}

/// A folded text of letters that no tokenizer takes for the end of a word. What stands for a sign
/// is at worst found in its place.
fn without_signs(folded: &str) -> String {
    let is_safe = |letter: char| letter.is_ascii_alphanumeric() || letter.is_whitespace();
    let letters = folded.chars().map(|letter| match letter {
        '\0'..='\x7f' if !is_safe(letter) => {
            char::from_u32(0xE000 + u32::from(letter)).unwrap_or(letter)
        }
        letter => letter,
    });
    letters.collect()
}
