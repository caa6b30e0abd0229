//! The lists of `pages` by bare SQL: the same columns, through the same indexes.

use std::path::Path;

use messenger_crm::store::{AssigneeFilter, ContactFilter, ContactOrder, SqliteStore};
use rusqlite::{Connection, Params, params, params_from_iter, types::Value};

use crate::{
    pages::{BareReads, List, ListSql},
    sqlite::columns,
    world::{FIELD, Outcome, PAGE, PLANS, TAG},
};

/// One row more than a list has.
const ROWS: i64 = 51;

/// A connection to the file of a store, beside those of the store.
pub(crate) struct Reads<'s> {
    store: &'s SqliteStore,
    connection: Connection,
    page_no: i64,
    of_contact: String,
    of_message: String,
    /// Hash of [`TAG`], and of [`FIELD`] with the first of [`PLANS`].
    of_tag: i64,
    of_field: i64,
}

impl<'s> Reads<'s> {
    pub(crate) fn new(store: &'s SqliteStore, path: &Path) -> Outcome<Self> {
        let connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(96);
        connection.execute_batch("PRAGMA cache_size = -16384")?;
        let sql = "SELECT page_no FROM page WHERE page = ?1";
        let page_no = connection.query_row(sql, [PAGE], |row| row.get(0))?;
        let sql = "SELECT hash FROM label WHERE name = ?1 AND value IS ?2 LIMIT 1";
        let hash = |name: &str, value: Option<&str>| {
            connection.query_row(sql, params![name, value], |row| row.get(0))
        };
        let (of_tag, of_field) = (hash(TAG, None)?, hash(FIELD, Some(PLANS[0]))?);
        Ok(Self {
            store,
            page_no,
            of_contact: prefixed(
                "contact",
                &columns(&connection, "contact", &["page_no", "key_hash"])?,
            ),
            of_message: prefixed(
                "message",
                &columns(&connection, "message", &["contact_no"])?,
            ),
            of_tag,
            of_field,
            connection,
        })
    }

    /// Reads all columns of all rows, and returns the number of rows.
    fn rows(&self, sql: &str, params: impl Params) -> Outcome<usize> {
        let mut statement = self.connection.prepare_cached(sql)?;
        let width = statement.column_count();
        let mut rows = statement.query(params)?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            for column in 0..width {
                std::hint::black_box(row.get::<_, Value>(column)?);
            }
            count += 1;
        }
        Ok(count)
    }

    fn customers(
        &self,
        filter: &ContactFilter,
        order: ContactOrder,
        before: i64,
    ) -> Outcome<usize> {
        let list = ListSql::new(filter, order, before)?;
        let ListSql {
            column,
            than,
            bound,
            direction,
            ..
        } = list;
        let mut params: Vec<Value> = [self.page_no, bound, ROWS].map(Value::from).into();
        let label = filter.tags.first().map(|_| self.of_tag);
        let label = label.or_else(|| filter.fields.first().map(|_| self.of_field));
        let (table, key) = match (&filter.assignee, label) {
            (Some(AssigneeFilter::Agent(agent)), _) => {
                params.push(agent.clone().into());
                ("contact", "AND assignee = ?4")
            }
            (_, Some(hash)) => {
                params.push(hash.into());
                ("label", "AND hash = ?4")
            }
            _ => ("contact", ""),
        };
        let arm = |bucket: &str| {
            format!(
                "SELECT {column} AS at, contact_no FROM {table}
                 WHERE page_no = ?1 {key} {bucket} AND {column} IS NOT NULL AND {column} {than} ?2"
            )
        };
        let arms: Vec<String> = list.buckets.iter().map(|one| arm(one)).collect();
        let sql = format!(
            "SELECT {} FROM ({} ORDER BY at {direction}, contact_no {direction} LIMIT ?3) listed
             CROSS JOIN contact ON contact.contact_no = listed.contact_no",
            self.of_contact,
            arms.join(" UNION ALL ")
        );
        self.rows(&sql, params_from_iter(params))
    }
}

impl BareReads for Reads<'_> {
    fn read(&self, list: &List) -> Outcome<usize> {
        let (contact, message) = (&self.of_contact, &self.of_message);
        match list {
            List::Customers {
                filter,
                order,
                after,
            } => {
                let before = after
                    .as_ref()
                    .map_or(i64::MAX, |cursor| cursor.at.as_millis());
                self.customers(filter, *order, before)
            }
            List::Conversation(key) => {
                let sql = format!(
                    "SELECT {message} FROM contact CROSS JOIN message USING (contact_no)
                     WHERE page_no = ?1 AND psid = ?2 ORDER BY at DESC, tie DESC LIMIT ?3"
                );
                self.rows(&sql, params![self.page_no, key.psid.as_str(), ROWS])
            }
            // All hits in the order of time; the store returns each customer once.
            List::Search(word) => {
                let sql = format!(
                    "SELECT {contact}, {message} FROM text_gram CROSS JOIN document ON doc = text_gram.rowid
                     CROSS JOIN message USING (contact_no, at, tie) CROSS JOIN contact USING (contact_no)
                     WHERE text_gram MATCH ?1 ORDER BY text_gram.rowid DESC LIMIT ?2"
                );
                self.rows(&sql, params![self.grams(word), ROWS])
            }
            List::Named {
                text,
                is_frequent: false,
            } => {
                let sql = format!(
                    "SELECT {contact} FROM name_gram CROSS JOIN contact ON contact_no = name_gram.rowid
                     WHERE name_gram MATCH ?1 LIMIT ?2"
                );
                self.rows(&sql, params![self.grams(text), ROWS])
            }
            // The first of them are soon found in the inbox.
            List::Named { text, .. } => {
                let sql = format!(
                    "SELECT {contact} FROM contact WHERE page_no = ?1 AND last_at IS NOT NULL AND instr(name, ?2)
                     ORDER BY last_at DESC LIMIT ?3"
                );
                self.rows(&sql, params![self.page_no, text, ROWS])
            }
        }
    }

    fn steps(&self) -> Option<u64> {
        Some(self.store.steps())
    }
}

impl Reads<'_> {
    /// The query of the search index for a word of small letters.
    fn grams(&self, word: &str) -> String {
        let grams = messenger_crm::store::search_text::grams_of_query(word);
        let words: Vec<String> = grams
            .into_iter()
            .map(|gram| format!("{}p{gram}", self.page_no))
            .collect();
        words.join(" AND ")
    }
}

/// The names of columns, each with its table.
fn prefixed(table: &str, names: &str) -> String {
    let names = names.split(", ").map(|name| format!("{table}.{name}"));
    names.collect::<Vec<_>>().join(", ")
}
