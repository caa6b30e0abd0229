//! What the PostgreSQL store does in a second, and what a listing costs when there is much.
//!
//! `MESSENGER_TEST_POSTGRES=postgres://… cargo bench --features postgres --bench postgres` prints
//! all of it; `-- ingest` or `-- pages` one part. `-- pages --million` fills a million customers
//! and ten million messages by SQL: that takes long, and 15 GB on the server, which are given back.

use std::{error::Error, sync::Arc, time::Instant};

use messenger_crm::{
    change::Change,
    id::{Mid, PageId, Psid},
    store::{
        ContactKey, ContactQuery, ContactStore, Content, Entry, EntryId, MessageQuery,
        PostgresStore, Source, grams, postgres::PostgresOptions,
    },
    time::Timestamp,
};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

#[path = "util/deliver.rs"]
mod deliver;
use deliver::deliver;

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

const START: i64 = 1_700_000_000_000;
const CUSTOMERS: u64 = 10_000;
const ROUNDS: u64 = 9;
/// How many deliveries wait at one time, and how many of them make a round.
const WAITING: [(usize, u64); 4] = [(1, 200), (8, 1000), (64, 3000), (256, 6000)];
/// The one that is compared with the driver.
const COMPARED: usize = 2;

fn main() -> Outcome {
    let Ok(address) = std::env::var("MESSENGER_TEST_POSTGRES") else {
        println!("nothing was measured: MESSENGER_TEST_POSTGRES names no server");
        return Ok(());
    };
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |wanted: &str| arguments.iter().any(|one| one == wanted);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    if let Some(at) = arguments.iter().position(|one| one == "child") {
        return child(&runtime, &address, &arguments[at + 1..]);
    }
    let is_whole = !has("ingest") && !has("pages");
    if is_whole || has("ingest") {
        ingest(&runtime, &address)?;
        processes(&runtime, &address)?;
    }
    if is_whole || has("pages") {
        let large = if has("--million") {
            (1_000_000, 10_000_000)
        } else {
            (100_000, 200_000)
        };
        pages(&runtime, &address, [(10_000, 100_000), large])?;
    }
    Ok(())
}

/// A schema that is dropped at the end.
struct Place<'r> {
    runtime: &'r Runtime,
    address: String,
    name: String,
}

impl<'r> Place<'r> {
    fn new(runtime: &'r Runtime, address: &str, name: &str) -> Self {
        let name = format!("bench_{}_{name}", std::process::id());
        let address = address.to_owned();
        Self {
            runtime,
            address,
            name,
        }
    }

    fn store(&self) -> Outcome<PostgresStore> {
        let options = PostgresOptions::new(&self.address)?.with_schema(&self.name)?;
        Ok(self
            .runtime
            .block_on(PostgresStore::connect_with(options))?)
    }

    fn client(&self) -> Outcome<Client> {
        self.runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&self.address, NoTls).await?;
            tokio::spawn(connection);
            let path = format!("SET search_path TO {}", self.name);
            client.batch_execute(&path).await?;
            Ok(client)
        })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let dropped = self.client().and_then(|client| {
            let sql = format!("DROP SCHEMA {} CASCADE", self.name);
            Ok(self.runtime.block_on(client.batch_execute(&sql))?)
        });
        if let Err(error) = dropped {
            eprintln!("{} is still there: {error}", self.name);
        }
    }
}

fn page() -> Outcome<PageId> {
    Ok(PageId::new("100000000000001")?)
}

fn mid(number: u64) -> String {
    format!("m_{number:086}")
}

fn text(number: u64) -> String {
    format!("Do you have oolong number {number}?")
}

fn change(number: u64) -> Outcome<Change> {
    // A few thousand customers write in no order.
    let customer = 20_000_000_000_000_000 + number.wrapping_mul(7919) % CUSTOMERS;
    let contact = ContactKey::new(page()?, Psid::new(customer.to_string())?);
    let id = EntryId::of_message(&Mid::new(mid(number))?);
    let at = Timestamp::from_millis(START + number.cast_signed());
    let entry = Entry::new(id, at, Source::Webhook, Content::text(text(number)));
    Ok(Change::Received { contact, entry })
}

fn ingest(runtime: &Runtime, address: &str) -> Outcome {
    let place = Place::new(runtime, address, "store");
    let bare = Place::new(runtime, address, "bare");
    let (store, _) = (place.store()?, bare.store()?);
    let (client, bare_client) = (place.client()?, bare.client()?);
    let known: Vec<Change> = (0..CUSTOMERS).map(change).collect::<Result<_, _>>()?;
    for some in known.chunks(500) {
        runtime.block_on(store.apply(some))?;
    }
    runtime.block_on(async {
        for table in ["page", "contact", "message", "text_gram"] {
            let all = if table == "page" {
                "OVERRIDING SYSTEM VALUE"
            } else {
                ""
            };
            let sql = format!(
                "INSERT INTO {table} {all} SELECT * FROM {}.{table}",
                place.name
            );
            bare_client.batch_execute(&sql).await?;
        }
        client.batch_execute("VACUUM ANALYZE").await
    })?;
    let commits = || -> Outcome<i64> {
        Ok(runtime
            .block_on(client.query_one("SELECT revision FROM page", &[]))?
            .get(0))
    };
    let mut next = CUSTOMERS;
    let mut lanes: Vec<(Vec<f64>, Vec<f64>)> = vec![Default::default(); WAITING.len()];
    let (mut rates, mut ratios) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (lane, (waiting, count)) in WAITING.into_iter().enumerate() {
            let numbers = next..next + count;
            next += count;
            let changes: Arc<[Change]> = numbers.clone().map(change).collect::<Result<_, _>>()?;
            let before = commits()?;
            let rate = runtime.block_on(deliver(&store, changes, waiting))?;
            let in_one = count as f64 / (commits()? - before) as f64;
            lanes[lane].0.push(rate);
            lanes[lane].1.push(in_one);
            if lane == COMPARED {
                let rows: Vec<Row> = runtime.block_on(rows(&bare_client, numbers))?;
                let begun = Instant::now();
                for some in rows.chunks(in_one.round().max(1.0) as usize) {
                    runtime.block_on(insert(&bare_client, some))?;
                }
                let bare = count as f64 / begun.elapsed().as_secs_f64();
                rates.push(bare);
                ratios.push(rate / bare);
            }
        }
    }
    println!("durable ingest into PostgreSQL, events a second, median of {ROUNDS} rounds");
    for ((waiting, _), (rates, sizes)) in WAITING.into_iter().zip(&lanes) {
        let (rate, size) = (median(rates.clone()), median(sizes.clone()));
        println!(
            "  store, {waiting:>3} waiting           {rate:>8.0}   {size:>5.1} in a transaction"
        );
    }
    let (rate, size) = (median(rates), median(lanes[COMPARED].1.clone()));
    println!("  unnest alone, the same rows   {rate:>8.0}   {size:>5.1} in a transaction");
    println!(
        "  64 waiting: {:.2} x unnest in transactions of the same size",
        median(ratios)
    );
    // Both lanes must hold the same, or they did not do the same.
    let sql = "SELECT count(*), sum(tie)::text FROM message WHERE id IN (SELECT id FROM text_gram JOIN message USING (page_no, at, tie, contact_no))";
    let whole = runtime
        .block_on(bare_client.query_one(sql, &[]))?
        .get::<_, i64>(0);
    let expected = CUSTOMERS + ROUNDS * WAITING[COMPARED].1;
    assert_eq!(whole.cast_unsigned(), expected, "rows of the driver alone");
    Ok(())
}

/// What the store writes of a message, ready made.
struct Row {
    page_no: i32,
    contact_no: i64,
    at: i64,
    tie: i64,
    id: String,
    text: String,
    grams: String,
}

/// A gram as the store numbers it.
fn packed(page_no: i32, gram: &str) -> i64 {
    const FACTOR: u64 = 0xbf58_476d_1ce4_e5b9;
    let letters = gram.chars().map(|letter| u64::from(u32::from(letter)));
    let mixed = letters.fold(FACTOR, |mixed, letter| {
        let mixed = (mixed ^ letter).wrapping_mul(FACTOR);
        mixed ^ mixed >> 31
    });
    i64::from(page_no) << 42 | (mixed >> 22).cast_signed()
}

async fn rows(client: &Client, numbers: std::ops::Range<u64>) -> Outcome<Vec<Row>> {
    let found = client
        .query("SELECT psid, contact_no, page_no FROM contact", &[])
        .await?;
    let known: std::collections::HashMap<String, (i64, i32)> = found
        .iter()
        .map(|row| (row.get(0), (row.get(1), row.get(2))))
        .collect();
    let mut rows = Vec::new();
    for number in numbers {
        let customer = 20_000_000_000_000_000 + number.wrapping_mul(7919) % CUSTOMERS;
        let (contact_no, page_no) = known[&customer.to_string()];
        let (id, text) = (mid(number), text(number));
        let folded = grams::fold([text.as_str()]);
        let numbers = grams::grams(&folded, grams::OF_TEXT).map(|gram| packed(page_no, gram));
        let numbers: std::collections::BTreeSet<i64> = numbers.collect();
        let packed: Vec<String> = numbers.iter().map(i64::to_string).collect();
        rows.push(Row {
            page_no,
            contact_no,
            at: START + number.cast_signed(),
            tie: messenger_crm::store::fold::EntryRow::tie(&EntryId::from_text(id.clone())),
            id,
            text,
            grams: format!("{{{}}}", packed.join(",")),
        });
    }
    Ok(rows)
}

/// All that the store writes for these messages, in one round trip.
async fn insert(client: &Client, rows: &[Row]) -> Outcome {
    let contacts: Vec<i64> = rows.iter().map(|row| row.contact_no).collect();
    let pages: Vec<i32> = rows.iter().map(|row| row.page_no).collect();
    let at: Vec<i64> = rows.iter().map(|row| row.at).collect();
    let ties: Vec<i64> = rows.iter().map(|row| row.tie).collect();
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
    let grams: Vec<&str> = rows.iter().map(|row| row.grams.as_str()).collect();
    use tokio_postgres::types::Type;
    let message = async {
        client.query_typed(
        "INSERT INTO message (page_no, contact_no, at, tie, id, text, kind)
         SELECT *, 6 FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[])",
        &[
            (&pages, Type::INT4_ARRAY),
            (&contacts, Type::INT8_ARRAY),
            (&at, Type::INT8_ARRAY),
            (&ties, Type::INT8_ARRAY),
            (&ids, Type::TEXT_ARRAY),
            (&texts, Type::TEXT_ARRAY),
        ],
    ).await
    };
    let indexed = async {
        client.query_typed(
        "INSERT INTO text_gram (page_no, contact_no, at, tie, grams)
         SELECT p, c, a, t, g::bigint[] FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) AS w(p, c, a, t, g)",
        &[
            (&pages, Type::INT4_ARRAY),
            (&contacts, Type::INT8_ARRAY),
            (&at, Type::INT8_ARRAY),
            (&ties, Type::INT8_ARRAY),
            (&grams, Type::TEXT_ARRAY),
        ],
    ).await
    };
    let counted = async {
        client
            .query_typed("UPDATE page SET revision = revision + 1", &[])
            .await
    };
    let contact = async {
        client.query_typed(
        "UPDATE contact t SET last_at = a, inbound_at = a, unread = t.unread + 1, arrived = p.revision, revision = p.revision,
         newest_tie = w.t, newest_kind = 0, newest_text = left(x, 60)
         FROM unnest($1::integer[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[]) AS w(p, c, a, t, x)
         JOIN page p ON p.page_no = w.p WHERE t.page_no = w.p AND t.contact_no = w.c",
        &[
            (&pages, Type::INT4_ARRAY),
            (&contacts, Type::INT8_ARRAY),
            (&at, Type::INT8_ARRAY),
            (&ties, Type::INT8_ARRAY),
            (&texts, Type::TEXT_ARRAY),
        ],
    ).await
    };
    let (begun, message, indexed, counted, contact, done) = tokio::join!(
        client.batch_execute("BEGIN"),
        message,
        indexed,
        counted,
        contact,
        client.batch_execute("COMMIT")
    );
    begun?;
    message?;
    indexed?;
    counted?;
    contact?;
    Ok(done?)
}

/// One process with 64 waiting, and two with 32 each.
fn processes(runtime: &Runtime, address: &str) -> Outcome {
    let place = Place::new(runtime, address, "processes");
    place.store()?;
    let client = place.client()?;
    const COUNT: u64 = 8000;
    let mut first = 0;
    let mut rates = Vec::new();
    for parts in [1, 2] {
        let begun = Instant::now();
        let mut children = Vec::new();
        for part in 0..parts {
            let (count, waiting) = (COUNT / parts, 64 / parts);
            let from = first + part * count;
            let arguments = [
                place.name.clone(),
                from.to_string(),
                count.to_string(),
                waiting.to_string(),
            ];
            let mut child = std::process::Command::new(std::env::current_exe()?);
            children.push(child.arg("child").args(arguments).spawn()?);
        }
        for mut child in children {
            assert!(child.wait()?.success());
        }
        rates.push(COUNT as f64 / begun.elapsed().as_secs_f64());
        first += COUNT;
        let found = runtime
            .block_on(client.query_one("SELECT count(*), count(DISTINCT id) FROM message", &[]))?;
        let found: (i64, i64) = (found.get(0), found.get(1));
        assert_eq!(
            found,
            (first.cast_signed(), first.cast_signed()),
            "lost or doubled"
        );
    }
    println!(
        "one process, 64 waiting: {:.0} a second; two of 32 on one Page: {:.0}, nothing lost or doubled",
        rates[0], rates[1]
    );
    Ok(())
}

fn child(runtime: &Runtime, address: &str, arguments: &[String]) -> Outcome {
    let [name, from, count, waiting] = arguments else {
        return Err("a child needs four words".into());
    };
    let (from, count): (u64, u64) = (from.parse()?, count.parse()?);
    let changes: Arc<[Change]> = (from..from + count).map(change).collect::<Result<_, _>>()?;
    let options = PostgresOptions::new(address)?.with_schema(name)?;
    let store = runtime.block_on(PostgresStore::connect_with(options))?;
    runtime.block_on(deliver(&store, changes, waiting.parse()?))?;
    Ok(())
}

fn pages(runtime: &Runtime, address: &str, sizes: [(i64, i64); 2]) -> Outcome {
    let mut places = Vec::new();
    for (customers, messages) in sizes {
        let place = Place::new(runtime, address, &format!("pages{customers}"));
        let store = place.store()?;
        let client = place.client()?;
        runtime.block_on(store.apply(&[change(0)?]))?;
        let begun = Instant::now();
        runtime.block_on(fill(&client, customers, messages))?;
        eprintln!(
            "{customers} customers and {messages} messages in {:.0} s",
            begun.elapsed().as_secs_f64()
        );
        places.push((place, store));
    }
    let page = page()?;
    println!(
        "listings of 50, warm, microseconds, median of 200: {:?} and {:?} customers and messages",
        sizes[0], sizes[1]
    );
    let kinds = [
        "inbox, first",
        "inbox, middle",
        "unread",
        "conversation",
        "search, a hit",
        "search, common",
    ];
    for kind in kinds {
        let mut times = [Vec::new(), Vec::new()];
        for round in 0..220 {
            for (one, (_, store)) in places.iter().enumerate() {
                let customers = sizes[one].0;
                let all = ContactQuery::new(page.clone());
                let begun = Instant::now();
                let found = runtime.block_on(async {
                    Ok::<_, messenger_crm::store::StoreError>(match kind {
                        "inbox, first" => store.contacts(&all).await?.rows.len(),
                        "inbox, middle" => {
                            let mut query = all;
                            query.after = Some(format!("{}:0", START + customers / 2));
                            store.contacts(&query).await?.rows.len()
                        }
                        "unread" => store.contacts(&all.unread()).await?.rows.len(),
                        "conversation" => {
                            let psid = (20_000_000_000_000_001 + customers / 2).to_string();
                            let psid = Psid::new(psid).map_err(|_| {
                                messenger_crm::store::StoreError::Unreadable("a psid")
                            })?;
                            store
                                .messages(&MessageQuery::new(ContactKey::new(page.clone(), psid)))
                                .await?
                                .rows
                                .len()
                        }
                        "search, a hit" => store
                            .messages(&MessageQuery::search(page.clone(), "needle"))
                            .await?
                            .rows
                            .len(),
                        _ => store
                            .messages(&MessageQuery::search(page.clone(), "oolong"))
                            .await?
                            .rows
                            .len(),
                    })
                })?;
                let time = begun.elapsed().as_secs_f64() * 1e6;
                assert!(found > 0, "{kind} found nothing");
                if round >= 20 {
                    times[one].push(time);
                }
            }
        }
        let [small, large] = times.map(median);
        println!(
            "  {kind:<16} {small:>8.0} {large:>8.0}   {:.2} x",
            large / small
        );
    }
    Ok(())
}

/// So many customers, and their messages in turn; three of them hold a needle.
async fn fill(client: &Client, customers: i64, messages: i64) -> Outcome {
    // Rows first and indexes afterwards is many times faster.
    let indexes =
        "SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = current_schema()
        AND tablename IN ('contact', 'message', 'text_gram') AND indexname NOT LIKE '%pkey'";
    let indexes = client.query(indexes, &[]).await?;
    for index in &indexes {
        client
            .batch_execute(&format!("DROP INDEX {}", index.get::<_, String>(0)))
            .await?;
    }
    let contacts = format!(
        "INSERT INTO contact (contact_no, page_no, psid, last_at, first_at, inbound_at, unread, arrived, revision,
             newest_tie, newest_kind, newest_text, asked_at, name)
         SELECT n + 1000000, p.page_no, (20000000000000001 + n)::text, {START} + n, {START} + n, {START} + n,
             CASE WHEN n % 10 = 0 THEN 1 ELSE 0 END, n, n, n, 0, 'how much is the oolong', {START} + n, 'Ada Lovelace'
         FROM page p, generate_series(1, {customers}) n"
    );
    client.batch_execute(&contacts).await?;
    let logged = format!(
        "INSERT INTO message (contact_no, at, tie, page_no, kind, id, text)
         SELECT n % {customers} + 1000001, {START} + n, n * 7919, p.page_no, 6, 'm_' || lpad(n::text, 86, '0'),
             CASE WHEN n % ({messages} / 3) = 7 THEN 'needle' ELSE 'how much is the oolong' END
         FROM page p, generate_series(1, {messages}) n"
    );
    client.batch_execute(&logged).await?;
    let grams = |text: &str| {
        format!(
            "ARRAY(SELECT DISTINCT (p.page_no::bigint << 42) + (ascii(substr(t, i, 1))::bigint << 21)
                 + CASE WHEN two THEN ascii(substr(t, i + 1, 1)) ELSE 0 END
             FROM (VALUES ('{text}')) AS t(t), generate_series(1, length(t)) i, (VALUES (true), (false)) AS w(two))"
        )
    };
    let searched = format!(
        "INSERT INTO text_gram (contact_no, at, tie, page_no, grams)
         SELECT contact_no, at, tie, m.page_no, CASE WHEN text = 'needle' THEN g.needle ELSE g.common END
         FROM message m, (SELECT {} AS needle, {} AS common FROM page p) g WHERE contact_no > 1000000",
        grams("needle"),
        grams("how much is the oolong")
    );
    client.batch_execute(&searched).await?;
    for index in &indexes {
        client.batch_execute(&index.get::<_, String>(1)).await?;
    }
    client
        .batch_execute(&format!("UPDATE page SET revision = {customers}"))
        .await?;
    for table in ["page", "contact", "message", "text_gram"] {
        client
            .batch_execute(&format!("VACUUM ANALYZE {table}"))
            .await?;
    }
    Ok(())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
