//! What the SQLite store costs: ingest against the raw driver, listings at two sizes, bytes a row.
//!
//! ```sh
//! cargo bench --features full --bench store               # 10,000 and 100,000 customers
//! cargo bench --features full --bench store -- --million  # 10,000 and 1,000,000
//! cargo bench --features full --bench store -- --listings # nothing else
//! ```
//!
//! Other work on the same machine moves each figure, so all of them are minima or ratios of one run.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use messenger_crm::change::Change;
use messenger_crm::id::{Mid, PageId, Psid};
use messenger_crm::store::{
    ContactKey, ContactQuery, ContactStore, Content, Entry, EntryId, MessageQuery, Source,
    SqliteStore, grams,
};
use messenger_crm::time::Timestamp;
use rusqlite::{Connection, params};

const CUSTOMERS: usize = 1_000;
const EVENTS: usize = 20_000;
const WAITING: usize = 64;
const ROUNDS: usize = 5;

fn main() {
    let is_million = std::env::args().any(|argument| argument == "--million");
    let folder = Folder::new();
    if !std::env::args().any(|argument| argument == "--listings") {
        ingest(&folder.0);
        sizes(&folder.0);
    }
    listings(&folder.0, if is_million { 1_000_000 } else { 100_000 });
}

// ---- Ingest ----------------------------------------------------------------

/// The same events by the store, by the raw driver in transactions as large as the store's, and by
/// the store one at a time; in turns, so that a busy neighbour meets all of them.
fn ingest(folder: &Path) {
    println!("ingest: deliveries of one message, {CUSTOMERS} customers, synchronous=FULL");
    let (mut shared, mut raw, mut alone) = (f64::MAX, f64::MAX, f64::MAX);
    let mut ratios = Vec::new();
    for round in 0..ROUNDS {
        let file = |name: &str| folder.join(format!("{name}{round}.db"));
        let (took, size) = by_store(&file("shared"), WAITING, EVENTS);
        let raw_took = by_driver(&file("raw"), size, EVENTS);
        let (alone_took, _) = by_store(&file("alone"), 1, EVENTS / 10);
        println!(
            "  round {round}: {WAITING} waiting {:.0}/s in commits of {size}, the driver {:.0}/s, one by one {:.0}/s",
            1.0 / took,
            1.0 / raw_took,
            1.0 / alone_took
        );
        ratios.push(raw_took / took);
        (shared, raw, alone) = (shared.min(took), raw.min(raw_took), alone.min(alone_took));
    }
    ratios.sort_by(f64::total_cmp);
    println!(
        "  best of each: {:.2} x the driver, {:.1} x one by one",
        raw / shared,
        alone / shared
    );
    println!(
        "  median of the rounds: {:.2} x the driver",
        ratios[ROUNDS / 2]
    );
}

/// Seconds an event, and how many went into one commit.
fn by_store(file: &Path, waiting: usize, events: usize) -> (f64, usize) {
    let store = prepared(file);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let commits = store.commits();
    let begun = Instant::now();
    runtime.block_on(async {
        let mut tasks = tokio::task::JoinSet::new();
        for task in 0..waiting {
            let store = store.clone();
            tasks.spawn(async move {
                for number in (task..events).step_by(waiting) {
                    store.apply(&[message(number)]).await.unwrap();
                }
            });
        }
        tasks.join_all().await;
    });
    let took = begun.elapsed().as_secs_f64() / events as f64;
    let size = events / (store.commits() - commits) as usize;
    runtime.block_on(store.close()).unwrap();
    (took, size)
}

/// The rows that the store writes, by the driver alone: statements prepared, numbers known, grams
/// made beforehand.
fn by_driver(file: &Path, size: usize, events: usize) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(prepared(file).close()).unwrap();
    let mut driver = Connection::open(file).unwrap();
    driver
        .execute_batch(
            "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA cache_size = -16384",
        )
        .unwrap();
    let rows: Vec<_> = (0..events).map(row).collect();
    let begun = Instant::now();
    for (commit, rows) in rows.chunks(size.max(1)).enumerate() {
        let transaction = driver
            .transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)
            .unwrap();
        {
            let prepare = |sql| transaction.prepare_cached(sql).unwrap();
            let mut messages = prepare(
                "INSERT INTO message (contact_no, at, tie, id, kind, text) VALUES (?1, ?2, ?3, ?4, 6, ?5)",
            );
            let mut found =
                prepare("INSERT INTO found (doc, contact_no, tie, at) VALUES (?1, ?2, ?3, ?4)");
            let mut text = prepare("INSERT INTO text_gram (rowid, grams) VALUES (?1, ?2)");
            let mut contacts = prepare(
                "UPDATE contact SET last_at = ?2, inbound_at = ?2, unread = unread + 1, arrived = ?3, revision = ?3,
                 newest_tie = ?4, newest_kind = 0, newest_text = ?5 WHERE contact_no = ?1",
            );
            for row in rows {
                let revision = commit as i64 + 2;
                messages
                    .execute(params![row.contact_no, row.at, row.tie, row.mid, row.text])
                    .unwrap();
                found
                    .execute(params![row.doc, row.contact_no, row.tie, row.at])
                    .unwrap();
                text.execute(params![row.doc, row.tokens]).unwrap();
                contacts
                    .execute(params![row.contact_no, row.at, revision, row.tie, row.text])
                    .unwrap();
            }
            prepare("UPDATE page SET revision = ?1")
                .execute([commit as i64 + 2])
                .unwrap();
        }
        transaction.commit().unwrap();
    }
    begun.elapsed().as_secs_f64() / events as f64
}

/// A store that knows the customers.
fn prepared(file: &Path) -> SqliteStore {
    let store = SqliteStore::open(file).unwrap();
    let changes: Vec<Change> = (0..CUSTOMERS)
        .map(|number| received(number, &format!("first{number}"), number as i64, "Hello"))
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(store.apply(&changes)).unwrap();
    store
}

fn message(number: usize) -> Change {
    let at = (CUSTOMERS + number) as i64;
    received(customer(number), &mid(number), at, &words(number))
}

/// Which customer: in no order.
fn customer(number: usize) -> usize {
    number.wrapping_mul(7919) % CUSTOMERS
}

struct RawRow {
    contact_no: i64,
    at: i64,
    tie: i64,
    mid: String,
    text: String,
    doc: i64,
    tokens: String,
}

fn row(number: usize) -> RawRow {
    let at = 1_700_000_000_000 + (CUSTOMERS + number) as i64;
    let tie = (number as i64).wrapping_mul(0x5851_f42d_4c95_7f2d) & i64::MAX;
    let text = words(number);
    let tokens = tokens(&text);
    RawRow {
        contact_no: customer(number) as i64 + 1,
        at,
        tie,
        mid: mid(number),
        text,
        doc: at << 20 | tie & 0xf_ffff,
        tokens,
    }
}

fn received(customer: usize, mid: &str, at: i64, text: &str) -> Change {
    let psid = format!("{:017}", 20_000_000_000_000_000 + customer);
    let contact = ContactKey::new(
        PageId::new("10000000000000001").unwrap(),
        Psid::new(psid).unwrap(),
    );
    let id = EntryId::of_message(&Mid::new(mid).unwrap());
    let at = Timestamp::from_millis(1_700_000_000_000 + at);
    let entry = Entry::new(id, at, Source::Webhook, Content::text(text));
    Change::Received { contact, entry }
}

/// Eighty-eight bytes, as Meta makes them.
fn mid(number: usize) -> String {
    format!("m_{number:086x}")
}

fn words(number: usize) -> String {
    format!("Do you have oolong number {number} in stock?")
}

// ---- Bytes -----------------------------------------------------------------

/// Bytes a message and a customer, as they lie in the file after they came in the order of time.
fn sizes(folder: &Path) {
    let file = folder.join("sizes.db");
    by_store(&file, WAITING, 100_000);
    let driver = Connection::open(&file).unwrap();
    let one = |sql: &str| {
        driver
            .query_row(sql, [], |row| row.get::<_, f64>(0))
            .unwrap()
    };
    let bytes = |names: &str| {
        one(&format!(
            "SELECT cast(coalesce(sum(pgsize), 0) AS REAL) FROM dbstat WHERE name IN ({names})"
        ))
    };
    let messages = one("SELECT cast(count(*) AS REAL) FROM message");
    let known =
        one("SELECT avg(length(CAST(id AS BLOB)) + length(CAST(text AS BLOB))) FROM message");
    let all = bytes("'message', 'message_id'");
    println!("bytes: {messages} messages, written in the order of time");
    println!(
        "  a message beyond text and mid: {:.0} (with both: {:.0})",
        all / messages - known,
        all / messages
    );
    let index = bytes(
        "'found', 'text_gram_data', 'text_gram_idx', 'text_gram_docsize', 'text_gram_config'",
    );
    println!("  its search index: {:.0}", index / messages);
    drop(driver);

    let file = folder.join("customers.db");
    let store = SqliteStore::open(&file).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let count = 50_000_usize;
    for part in 0..count / 500 {
        let changes: Vec<Change> = (0..500)
            .map(|number| {
                let number = (part * 500 + number).wrapping_mul(7919) % count;
                received(number, &mid(number), number as i64, &words(number))
            })
            .collect();
        runtime.block_on(store.apply(&changes)).unwrap();
    }
    runtime.block_on(store.close()).unwrap();
    let driver = Connection::open(&file).unwrap();
    let all: f64 = driver
        .query_row(
            "SELECT cast(sum(pgsize) AS REAL) FROM dbstat WHERE name LIKE 'contact%' OR name LIKE 'sqlite_autoindex_contact%'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    println!("  a customer without a profile: {:.0}", all / count as f64);
}

// ---- Listings --------------------------------------------------------------

/// The same listings at ten thousand customers and at many more, ten messages each, warm.
fn listings(folder: &Path, many: usize) {
    println!("listings: warm, best of many, microseconds");
    let small = listed(&folder.join("small.db"), 10_000);
    let large = listed(&folder.join("large.db"), many);
    for ((name, small), (_, large)) in small.iter().zip(&large) {
        let (small, large) = (small.as_secs_f64() * 1e6, large.as_secs_f64() * 1e6);
        println!(
            "  {name}: {small:.0} at 10000, {large:.0} at {many}: {:.2} x",
            large / small
        );
    }
}

fn listed(file: &Path, customers: usize) -> Vec<(&'static str, Duration)> {
    let begun = Instant::now();
    fill(file, customers);
    println!(
        "  {customers} customers filled in {:.0} s",
        begun.elapsed().as_secs_f64()
    );
    let store = SqliteStore::open(file).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let page = PageId::new("10000000000000001").unwrap();
    let key = |number: usize| {
        let psid = format!("{:017}", 20_000_000_000_000_000 + number);
        ContactKey::new(page.clone(), Psid::new(psid).unwrap())
    };
    let inbox = ContactQuery::new(page.clone());
    // A cursor is where the middle of the inbox lies: a page before it tells its form.
    let first = runtime.block_on(store.contacts(&inbox)).unwrap();
    let mut middle = inbox.clone();
    let half = customers as i64 / 2;
    middle.after = Some(format!("{}:{half}", 1_700_000_000_000 + half * 1000));
    assert_eq!(first.rows.len(), 50);
    let unread = inbox.clone().unread();
    let conversation = MessageQuery::new(key(customers / 2));
    let somebody = runtime
        .block_on(store.contact(&key(7777)))
        .unwrap()
        .unwrap();
    let name = somebody.profile.unwrap().name.unwrap();
    let named = inbox.clone().with_name(&name[..5]);
    let rare = MessageQuery::search(page.clone(), "needle");
    let often = MessageQuery::search(page.clone(), "oolong");
    let best = |run: &dyn Fn()| {
        (0..200)
            .map(|_| {
                let begun = Instant::now();
                run();
                begun.elapsed()
            })
            .min()
            .unwrap()
    };
    let contacts = |query: &ContactQuery| {
        best(&|| {
            assert!(
                !runtime
                    .block_on(store.contacts(query))
                    .unwrap()
                    .rows
                    .is_empty()
            )
        })
    };
    let messages = |query: &MessageQuery| {
        best(&|| {
            assert!(
                !runtime
                    .block_on(store.messages(query))
                    .unwrap()
                    .rows
                    .is_empty()
            )
        })
    };
    vec![
        ("inbox, first page", contacts(&inbox)),
        ("inbox, in the middle", contacts(&middle)),
        ("unread", contacts(&unread)),
        ("conversation", messages(&conversation)),
        ("name, few hits", contacts(&named)),
        ("text, one hit in ten thousand", messages(&rare)),
        ("text, every message", messages(&often)),
    ]
}

/// By SQL, because a million customers one by one would take an hour.
fn fill(file: &Path, customers: usize) {
    drop(SqliteStore::open(file).unwrap());
    let driver = Connection::open(file).unwrap();
    // Five letters that look like chance.
    let letters: Vec<String> = (0..5)
        .map(|place| {
            format!(
                "char(97 + (n * 7919 * 104729 / {}) % 26)",
                26_i64.pow(place)
            )
        })
        .collect();
    let letters = letters.join(" || ");
    driver
        .execute_batch(&format!(
            "PRAGMA synchronous = OFF; PRAGMA cache_size = -262144; PRAGMA temp_store = MEMORY;
             BEGIN;
             INSERT INTO page (page, revision, gone) VALUES ('10000000000000001', {customers}, 0);
             CREATE TEMP TABLE number (n INTEGER PRIMARY KEY);
             WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {customers}) INSERT INTO number SELECT n FROM c;
             INSERT INTO contact (contact_no, page_no, psid, last_at, first_at, inbound_at, unread, arrived, revision,
                 newest_tie, newest_kind, newest_text, asked_at, name)
             SELECT n, 1, printf('%017d', 20000000000000000 + n), 1700000000000 + n * 1000, 1700000000000, 1700000000000 + n * 1000,
                 n % 20 = 0, n, n, abs(random()), 0, 'Do you have oolong in stock?', 1700000000000, {letters} || ' ' || n FROM number;
             INSERT INTO message (contact_no, at, tie, id, kind, text)
             SELECT n, 1700000000000 + n * 1000 + m.value, abs(random()), printf('m_%086x', n * 10 + m.value), 6,
                 'Do you have oolong in stock?' || CASE WHEN (n * 10 + m.value) % 10000 = 7 THEN ' needle' ELSE '' END
             FROM number, json_each('[0,1,2,3,4,5,6,7,8,9]') AS m;
             INSERT INTO found (doc, contact_no, tie, at) SELECT (at << 20) | (tie & 1048575), contact_no, tie, at FROM message ORDER BY 1;
             COMMIT;"
        ))
        .unwrap();
    index(
        &driver,
        "text_gram",
        "SELECT doc, text FROM found JOIN message USING (contact_no, at, tie) ORDER BY doc",
    );
    index(
        &driver,
        "name_gram",
        "SELECT contact_no, name FROM contact ORDER BY contact_no",
    );
    driver
        .execute_batch("ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)")
        .unwrap();
}

fn index(driver: &Connection, table: &str, sql: &str) {
    driver.execute_batch("BEGIN").unwrap();
    let mut insert = driver
        .prepare(&format!(
            "INSERT INTO {table} (rowid, grams) VALUES (?1, ?2)"
        ))
        .unwrap();
    let mut select = driver.prepare(sql).unwrap();
    let mut rows = select.query([]).unwrap();
    let mut known = std::collections::HashMap::new();
    while let Some(row) = rows.next().unwrap() {
        let (doc, text): (i64, String) = (row.get(0).unwrap(), row.get(1).unwrap());
        let tokens = if table == "text_gram" {
            known
                .entry(text.clone())
                .or_insert_with(|| tokens(&text))
                .clone()
        } else {
            tokens(&text)
        };
        insert.execute(params![doc, tokens]).unwrap();
    }
    drop(rows);
    driver.execute_batch("COMMIT").unwrap();
}

fn tokens(text: &str) -> String {
    let grams = grams::grams(&grams::fold([text]));
    let words = grams.iter().map(|gram| {
        gram.chars().fold(" g".to_owned(), |token, letter| {
            format!("{token}{:x}x", letter as u32)
        })
    });
    format!("p1{}", words.collect::<String>())
}

/// A folder for the files, on the disk that builds lie on: a folder in memory would sync for free.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("bench-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
