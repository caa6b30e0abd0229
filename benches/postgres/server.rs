//! PostgreSQL: the store, and the driver alone on the same tables.

use std::{
    cell::RefCell,
    collections::{BTreeSet, HashMap},
};

use messenger_crm::{
    id::PageId,
    model::EntryId,
    store::{
        ContactQuery, ContactStore, PostgresStore, fold::EntryRow, postgres::PostgresOptions,
        search_text,
    },
};
use tokio::runtime::{Handle, Runtime};
use tokio_postgres::{
    Client, NoTls,
    types::{ToSql, Type},
};

use crate::world::{Bare, Database, Event, Outcome, PAGE};

/// PostgreSQL, a schema for each database. They are dropped at the end.
pub(crate) struct Server<'r> {
    pub(crate) runtime: &'r Runtime,
    address: String,
    schemas: RefCell<BTreeSet<String>>,
    /// Whether the stores give statements no names.
    pub(crate) is_unprepared: bool,
}

impl<'r> Server<'r> {
    pub(crate) fn new(runtime: &'r Runtime, address: &str, is_unprepared: bool) -> Self {
        Self {
            is_unprepared,
            runtime,
            address: address.to_owned(),
            schemas: RefCell::default(),
        }
    }

    /// Options for a store in a schema that is dropped at the end.
    pub(crate) fn options(&self, name: &str) -> Outcome<PostgresOptions> {
        self.schemas.borrow_mut().insert(name.to_owned());
        let options = PostgresOptions::new(&self.address)?.with_schema(&Self::schema(name))?;
        Ok(match self.is_unprepared {
            true => options.with_prepared_statements(false),
            false => options,
        })
    }

    /// The schema of this name.
    pub(crate) fn schema(name: &str) -> String {
        let name = name.replace([' ', '-', ','], "_");
        format!("bench_{}_{name}", std::process::id())
    }

    /// A connection that finds the tables by their bare names.
    pub(crate) fn client(&self, name: &str) -> Outcome<Client> {
        self.runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.address, NoTls).await?;
            tokio::spawn(connection);
            let path = format!("SET search_path TO {}", Self::schema(name));
            client.batch_execute(&path).await?;
            Ok(client)
        })
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        for name in self.schemas.take() {
            let dropped = self.client(&name).and_then(|client| {
                let sql = format!("DROP SCHEMA {} CASCADE", Self::schema(&name));
                Ok(self.runtime.block_on(client.batch_execute(&sql))?)
            });
            if let Err(error) = dropped {
                eprintln!("{name} is still there: {error}");
            }
        }
    }
}

impl Database for Server<'_> {
    type Store = PostgresStore;
    type Bare = Driver;
    type Plain = Plain;

    fn store(&self, name: &str) -> Outcome<PostgresStore> {
        let options = self.options(name)?;
        Ok(self
            .runtime
            .block_on(PostgresStore::connect_with(options))?)
    }

    fn plain(&self, name: &str) -> Outcome<Plain> {
        drop(self.store(name)?);
        let client = self.client(name)?;
        self.runtime.block_on(client.batch_execute(
            "CREATE TABLE plain_contact (psid text PRIMARY KEY, last_at bigint NOT NULL, unread integer NOT NULL);
             CREATE INDEX plain_inbox ON plain_contact (last_at);
             CREATE TABLE plain_message (psid text NOT NULL, at bigint NOT NULL, mid text NOT NULL, text text,
             PRIMARY KEY (psid, at, mid))",
        ))?;
        Ok(Plain {
            runtime: self.runtime.handle().clone(),
            client,
        })
    }

    fn commits(&self, store: &PostgresStore) -> u64 {
        // Each counts the Page's revision by one.
        let listing = PageId::new(PAGE).ok().and_then(|page| {
            let mut query = ContactQuery::new(page);
            query.limit = 1;
            self.runtime.block_on(store.contacts(&query)).ok()
        });
        listing.map_or(0, |listing| listing.revision.number())
    }

    fn bare(&self, name: &str) -> Outcome<Driver> {
        drop(self.store(name)?);
        let client = self.client(name)?;
        let page_no = self.runtime.block_on(async {
            // By its keys, as the store does it.
            let by_keys =
                "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";
            client.batch_execute(by_keys).await?;
            let sql = "INSERT INTO page (page) VALUES ($1) RETURNING page_no";
            client.query_one(sql, &[&PAGE]).await
        })?;
        Ok(Driver {
            runtime: self.runtime.handle().clone(),
            page_no: page_no.get(0),
            client,
            numbers: HashMap::new(),
        })
    }

    fn compare(&self, store: &str, bare: &str) -> Outcome {
        let client = self.client(store)?;
        for rows in [
            "psid, bucket, last_at, first_at, inbound_at, unanswered_since, unread, newest_at, newest_tie, newest_kind, newest_text, profile_due
             FROM {}.contact",
            "psid, at, tie, id, kind, text, more, marks FROM {}.message JOIN {}.contact USING (page_no, contact_no)",
            "at, tie, grams FROM {}.text_gram",
        ] {
            let [ours, theirs] = [store, bare].map(|name| rows.replace("{}", &Self::schema(name)));
            let sql = format!(
                "SELECT count(*) FROM ((SELECT {ours} EXCEPT ALL SELECT {theirs})
                 UNION ALL (SELECT {theirs} EXCEPT ALL SELECT {ours})) differ"
            );
            let differ: i64 = self.runtime.block_on(client.query_one(&sql, &[]))?.get(0);
            if differ > 0 {
                let one = |part: &str| format!("(SELECT to_jsonb(r)::text FROM ({part} LIMIT 1) r)");
                let sql = format!(
                    "SELECT {}, {}",
                    one(&format!("SELECT {ours} EXCEPT ALL SELECT {theirs}")),
                    one(&format!("SELECT {theirs} EXCEPT ALL SELECT {ours}"))
                );
                let row = self.runtime.block_on(client.query_one(&sql, &[]))?;
                let (ours, theirs): (Option<String>, Option<String>) = (row.get(0), row.get(1));
                return Err(format!("{differ} rows differ, such as {ours:?} and {theirs:?}").into());
            }
        }
        Ok(())
    }
}

/// The driver alone.
pub(crate) struct Driver {
    runtime: Handle,
    client: Client,
    page_no: i32,
    /// Of the customers, so that none has to be looked up.
    numbers: HashMap<String, i64>,
}

/// The rows of one message.
pub(crate) struct Row {
    pub(crate) psid: String,
    pub(crate) mid: String,
    pub(crate) at: i64,
    pub(crate) text: String,
    /// As much of the text as the inbox shows.
    pub(crate) snippet: String,
    pub(crate) tie: i64,
    pub(crate) grams: Vec<i32>,
}

impl Row {
    pub(crate) fn of(page_no: i32, event: &Event) -> Self {
        Self {
            psid: event.psid.clone(),
            mid: event.mid.clone(),
            at: event.at,
            text: event.text.clone(),
            snippet: event.text.chars().take(60).collect(),
            tie: EntryRow::tie(&EntryId::from_text(event.mid.as_str())),
            grams: packed(page_no, &[&event.text]),
        }
    }
}

/// The grams of these texts as the store numbers them.
pub(crate) fn packed(page_no: i32, texts: &[&str]) -> Vec<i32> {
    let folded = search_text::fold(texts.iter().copied());
    let numbers: BTreeSet<i32> = (search_text::grams(&folded))
        .map(|gram| search_text::gram_number(page_no, gram))
        .collect();
    numbers.into_iter().collect()
}

impl Bare for Driver {
    type Row = Row;

    fn row(&self, event: &Event) -> Outcome<Row> {
        Ok(Row::of(self.page_no, event))
    }

    fn insert(&mut self, rows: &[Row], in_one: usize) -> Outcome {
        for rows in rows.chunks(in_one) {
            let (mut numbers, mut new) = (Vec::new(), Vec::new());
            for row in rows {
                let next = self.numbers.len() as i64 + 1;
                let number = *self.numbers.entry(row.psid.clone()).or_insert_with(|| {
                    new.push(row);
                    next
                });
                numbers.push(number);
            }
            let known: Vec<(&Row, i64)> = (rows.iter().zip(numbers.iter().copied()))
                .filter(|(row, _)| new.iter().all(|new| new.mid != row.mid))
                .collect();
            let new = new.into_iter().map(|row| (row, self.numbers[&row.psid]));
            let new: Vec<(&Row, i64)> = new.collect();
            self.runtime
                .block_on(self.write(rows, &numbers, &new, &known))?;
        }
        Ok(())
    }
}

impl Driver {
    /// All that the store writes for these messages, in one round trip.
    async fn write(
        &self,
        rows: &[Row],
        numbers: &[i64],
        new: &[(&Row, i64)],
        known: &[(&Row, i64)],
    ) -> Outcome {
        let page: &(dyn ToSql + Sync) = &self.page_no;
        let at: Vec<i64> = rows.iter().map(|row| row.at).collect();
        let ties: Vec<i64> = rows.iter().map(|row| row.tie).collect();
        let ids: Vec<&str> = rows.iter().map(|row| row.mid.as_str()).collect();
        let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
        // Arrays of arrays cannot be unnested.
        let grams: Vec<String> = rows.iter().map(|row| as_sql(&row.grams)).collect();
        let message = async {
            self.client.query_typed(
                "INSERT INTO message (page_no, contact_no, at, tie, id, text, kind)
                 SELECT $1, *, 108 FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[])",
                &[
                    (page, Type::INT4),
                    (&numbers, Type::INT8_ARRAY),
                    (&at, Type::INT8_ARRAY),
                    (&ties, Type::INT8_ARRAY),
                    (&ids, Type::TEXT_ARRAY),
                    (&texts, Type::TEXT_ARRAY),
                ],
            ).await
        };
        let indexed = async {
            self.client.query_typed(
                "INSERT INTO text_gram (page_no, contact_no, at, tie, grams)
                 SELECT $1, c, a, t, g::integer[] FROM unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) AS w(c, a, t, g)",
                &[
                    (page, Type::INT4),
                    (&numbers, Type::INT8_ARRAY),
                    (&at, Type::INT8_ARRAY),
                    (&ties, Type::INT8_ARRAY),
                    (&grams, Type::TEXT_ARRAY),
                ],
            ).await
        };
        let counted = async {
            let sql = "UPDATE page SET revision = revision + 1 WHERE page_no = $1";
            self.client.query_typed(sql, &[(page, Type::INT4)]).await
        };
        let updated = self.contacts(
            known,
            // Joined by the whole key, or the planner would look at all customers of the Page.
            "UPDATE contact t SET last_at = a, inbound_at = a, unread = t.unread + 1, arrived = r, revision = r,
             newest_tie = w.t, newest_kind = 0, newest_text = s FROM (
                 SELECT *, $1 AS p, (SELECT revision FROM page WHERE page_no = $1) AS r
                 FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::text[]) AS w(c, u, a, t, s) OFFSET 0
             ) w WHERE t.page_no = w.p AND t.contact_no = w.c",
        );
        let inserted = self.contacts(
            new,
            "INSERT INTO contact (page_no, contact_no, key_hash, bucket, psid, last_at, first_at, inbound_at, unanswered_since,
             unread, arrived, revision, newest_tie, newest_kind, newest_text, profile_due)
             SELECT $1, c, w.t, 9, u, a, a, a, a, 1, p.revision, p.revision, w.t, 0, s, 0
             FROM unnest($2::bigint[], $3::text[], $4::bigint[], $5::bigint[], $6::text[]) AS w(c, u, a, t, s), page p
             WHERE p.page_no = $1",
        );
        let (begun, message, indexed, counted, inserted, updated, done) = tokio::join!(
            self.client.batch_execute("BEGIN"),
            message,
            indexed,
            counted,
            inserted,
            updated,
            self.client.batch_execute("COMMIT")
        );
        begun?;
        message?;
        indexed?;
        counted?;
        updated?;
        inserted?;
        Ok(done?)
    }

    async fn contacts(&self, rows: &[(&Row, i64)], sql: &str) -> Outcome {
        if rows.is_empty() {
            return Ok(());
        }
        let numbers: Vec<i64> = rows.iter().map(|row| row.1).collect();
        let psids: Vec<&str> = rows.iter().map(|row| row.0.psid.as_str()).collect();
        let at: Vec<i64> = rows.iter().map(|row| row.0.at).collect();
        let ties: Vec<i64> = rows.iter().map(|row| row.0.tie).collect();
        let snippets: Vec<&str> = rows.iter().map(|row| row.0.snippet.as_str()).collect();
        self.client
            .query_typed(
                sql,
                &[
                    (&self.page_no, Type::INT4),
                    (&numbers, Type::INT8_ARRAY),
                    (&psids, Type::TEXT_ARRAY),
                    (&at, Type::INT8_ARRAY),
                    (&ties, Type::INT8_ARRAY),
                    (&snippets, Type::TEXT_ARRAY),
                ],
            )
            .await?;
        Ok(())
    }
}

/// The driver on two plain tables.
pub(crate) struct Plain {
    runtime: Handle,
    client: Client,
}

impl Bare for Plain {
    type Row = Event;

    fn row(&self, event: &Event) -> Outcome<Event> {
        Ok(event.clone())
    }

    fn insert(&mut self, rows: &[Event], in_one: usize) -> Outcome {
        for rows in rows.chunks(in_one) {
            let psids: Vec<&str> = rows.iter().map(|row| row.psid.as_str()).collect();
            let at: Vec<i64> = rows.iter().map(|row| row.at).collect();
            let ids: Vec<&str> = rows.iter().map(|row| row.mid.as_str()).collect();
            let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
            let sent = async {
                let client = &self.client;
                let messages: [(&(dyn ToSql + Sync), Type); 4] = [
                    (&psids, Type::TEXT_ARRAY),
                    (&at, Type::INT8_ARRAY),
                    (&ids, Type::TEXT_ARRAY),
                    (&texts, Type::TEXT_ARRAY),
                ];
                let contacts: [(&(dyn ToSql + Sync), Type); 2] =
                    [(&psids, Type::TEXT_ARRAY), (&at, Type::INT8_ARRAY)];
                let (begun, messages, contacts, done) = tokio::join!(
                    client.batch_execute("BEGIN"),
                    client.query_typed(
                        "INSERT INTO plain_message SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[])
                         ON CONFLICT DO NOTHING",
                        &messages,
                    ),
                    client.query_typed(
                        "INSERT INTO plain_contact SELECT p, max(a), count(*) FROM unnest($1::text[], $2::bigint[]) AS w(p, a)
                         GROUP BY p ON CONFLICT (psid) DO UPDATE SET last_at = excluded.last_at,
                         unread = plain_contact.unread + excluded.unread",
                        &contacts,
                    ),
                    client.batch_execute("COMMIT")
                );
                begun?;
                messages?;
                contacts?;
                done
            };
            self.runtime.block_on(sent)?;
        }
        Ok(())
    }
}

fn as_sql(numbers: &[i32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(i32::to_string).collect();
    format!("{{{}}}", numbers.join(","))
}
