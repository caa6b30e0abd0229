//! The lists of `pages` by bare SQL: the same columns, through the same indexes, in one statement.

use messenger_crm::store::{AssigneeFilter, ContactFilter, ContactOrder, search_text};
use tokio::runtime::Handle;
use tokio_postgres::{
    Client,
    types::{ToSql, Type},
};

use crate::{
    pages::{BareReads, List, ListSql},
    server::Server,
    world::{FIELD, Outcome, PAGE, PLANS, TAG},
};

/// One row more than a list has.
const ROWS: i64 = 51;

/// A connection to the tables of a store, beside those of the store.
pub(crate) struct Reads {
    runtime: Handle,
    client: Client,
    page_no: i32,
    of_contact: String,
    of_message: String,
    /// Hash of [`TAG`], and of [`FIELD`] with the first of [`PLANS`].
    of_tag: i64,
    of_field: i64,
}

type Param<'p> = (&'p (dyn ToSql + Sync), Type);

impl Reads {
    pub(crate) fn new(server: &Server<'_>, schema: &str) -> Outcome<Self> {
        let client = server.client(schema)?;
        let runtime = server.runtime.handle().clone();
        let columns = "SELECT string_agg('x.' || quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
            WHERE attrelid = $1::text::regclass AND attnum > 0 AND attname <> 'page_no'";
        let hash =
            "SELECT hash FROM label WHERE name = $1 AND value IS NOT DISTINCT FROM $2 LIMIT 1";
        runtime.clone().block_on(async {
            let page = client.query_one("SELECT page_no FROM page WHERE page = $1", &[&PAGE]);
            let page_no = page.await?.get(0);
            let of = async |table: &str| {
                Outcome::Ok(
                    client
                        .query_one(columns, &[&table])
                        .await?
                        .get::<_, String>(0),
                )
            };
            let hash = async |name: &str, value: Option<&str>| {
                Outcome::Ok(client.query_one(hash, &[&name, &value]).await?.get(0))
            };
            let (contact, message) = (of("contact").await?, of("message").await?);
            Ok(Self {
                page_no,
                of_contact: contact.replace("x.", "c."),
                of_message: message.replace("x.", "m."),
                of_tag: hash(TAG, None).await?,
                of_field: hash(FIELD, Some(PLANS[0])).await?,
                runtime,
                client,
            })
        })
    }

    /// Reads all columns of all rows, and returns the number of rows. As the store, without a name
    /// for the statement.
    fn rows(&self, sql: &str, params: &[Param<'_>]) -> Outcome<usize> {
        let rows = self
            .runtime
            .block_on(self.client.query_typed(sql, params))?;
        for row in &rows {
            for (at, column) in row.columns().iter().enumerate() {
                match *column.type_() {
                    Type::TEXT => drop(std::hint::black_box(row.try_get::<_, Option<String>>(at)?)),
                    Type::BYTEA => {
                        drop(std::hint::black_box(row.try_get::<_, Option<Vec<u8>>>(at)?))
                    }
                    Type::INT2 => drop(std::hint::black_box(row.try_get::<_, Option<i16>>(at)?)),
                    Type::INT4 => drop(std::hint::black_box(row.try_get::<_, Option<i32>>(at)?)),
                    _ => drop(std::hint::black_box(row.try_get::<_, Option<i64>>(at)?)),
                }
            }
        }
        Ok(rows.len())
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
        let page = (&self.page_no as &(dyn ToSql + Sync), Type::INT4);
        let mut params: Vec<Param<'_>> = vec![page, (&bound, Type::INT8)];
        let label = filter.tags.first().map(|_| self.of_tag);
        let label = label.or_else(|| filter.fields.first().map(|_| self.of_field));
        let (table, key) = match (&filter.assignee, &label) {
            (Some(AssigneeFilter::Agent(agent)), _) => {
                params.push((agent, Type::TEXT));
                ("contact", "AND assignee = $3")
            }
            (_, Some(hash)) => {
                params.push((hash, Type::INT8));
                ("label", "AND hash = $3")
            }
            _ => ("contact", ""),
        };
        let arm = |bucket: &str| {
            format!(
                "(SELECT {column} AS at, contact_no FROM {table}
                  WHERE page_no = $1 {key} {bucket} AND {column} IS NOT NULL AND {column} {than} $2
                  ORDER BY {column} {direction}, contact_no {direction} LIMIT {ROWS})"
            )
        };
        let arms: Vec<String> = list.buckets.iter().map(|one| arm(one)).collect();
        let sql = format!(
            "SELECT {} FROM (
                 SELECT * FROM ({}) either ORDER BY at {direction}, contact_no {direction} LIMIT {ROWS}
             ) listed
             CROSS JOIN LATERAL (SELECT * FROM contact x WHERE x.page_no = $1 AND x.contact_no = listed.contact_no) c
             ORDER BY listed.at {direction}, listed.contact_no {direction}",
            self.of_contact,
            arms.join(" UNION ALL ")
        );
        self.rows(&sql, &params)
    }

    /// The query of the search index for a word of small letters.
    fn grams(&self, word: &str) -> Vec<i32> {
        let grams = search_text::grams_of_query(word);
        grams
            .iter()
            .map(|gram| search_text::gram_number(self.page_no, gram))
            .collect()
    }
}

impl BareReads for Reads {
    fn read(&self, list: &List) -> Outcome<usize> {
        let (contact, message) = (&self.of_contact, &self.of_message);
        let page = (&self.page_no as &(dyn ToSql + Sync), Type::INT4);
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
                    "SELECT {message} FROM contact c CROSS JOIN LATERAL (
                         SELECT * FROM message x WHERE x.page_no = c.page_no AND x.contact_no = c.contact_no
                         ORDER BY x.at DESC, x.tie DESC LIMIT {ROWS}
                     ) m WHERE c.page_no = $1 AND c.psid = $2"
                );
                self.rows(&sql, &[page, (&key.psid.as_str(), Type::TEXT)])
            }
            // All hits in the order of time; the store returns each customer once.
            List::Search(word) => {
                let sql = format!(
                    "SELECT {contact}, {message} FROM (
                         SELECT * FROM text_gram WHERE grams @> $2 AND page_no = $1 ORDER BY at DESC, tie DESC LIMIT {ROWS}
                     ) g JOIN message m USING (page_no, contact_no, at, tie) JOIN contact c USING (page_no, contact_no)"
                );
                self.rows(&sql, &[page, (&self.grams(word), Type::INT4_ARRAY)])
            }
            List::Named {
                text,
                is_frequent: false,
            } => {
                let sql = format!(
                    "SELECT {contact} FROM (SELECT * FROM name_gram WHERE grams @> $2 AND page_no = $1 LIMIT {ROWS}) g
                     JOIN contact c USING (page_no, contact_no)"
                );
                self.rows(&sql, &[page, (&self.grams(text), Type::INT4_ARRAY)])
            }
            // The first of them are soon found in the inbox.
            List::Named { text, .. } => {
                let sql = format!(
                    "SELECT {contact} FROM contact c WHERE page_no = $1 AND last_at IS NOT NULL AND strpos(name, $2) > 0
                     ORDER BY last_at DESC, contact_no DESC LIMIT {ROWS}"
                );
                self.rows(&sql, &[page, (text, Type::TEXT)])
            }
        }
    }

    fn steps(&self) -> Option<u64> {
        None
    }
}
