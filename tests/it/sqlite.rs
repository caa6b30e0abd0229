//! What is particular to the SQLite store: the file, the schema, the disk, and other processes.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::{Duration, Instant};

use messenger_crm::change::{Applied, Change};
use messenger_crm::id::PageId;
use messenger_crm::store::{
    Contact, ContactQuery, ContactStore, MemoryStore, MessageQuery, MessageState, Revision,
    SqliteStore, StoreError, expire,
};
use rusqlite::{Connection, TransactionBehavior};

use crate::store::{ada, at, contact, key, known, person, queued, received, talk};
use crate::util::Folder;

const OLD_SCHEMA: &str = include_str!("../fixtures/store/schema-1.sql");
const OLD_ROWS: &str = include_str!("../fixtures/store/rows-1.sql");

fn page() -> PageId {
    PageId::new("1").unwrap()
}

fn driver(folder: &Folder) -> Connection {
    Connection::open(folder.database()).unwrap()
}

fn open(folder: &Folder) -> SqliteStore {
    SqliteStore::open(folder.database()).unwrap()
}

/// A file as the first released schema left it.
fn old(folder: &Folder) {
    let driver = driver(folder);
    driver.execute_batch(OLD_SCHEMA).unwrap();
    driver.execute_batch(OLD_ROWS).unwrap();
    driver.pragma_update(None, "user_version", 1).unwrap();
}

fn version(folder: &Folder) -> i64 {
    driver(folder)
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap()
}

#[cfg(unix)]
#[tokio::test]
async fn s26_the_file_and_its_companions_are_the_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::new();
    let store = open(&folder);
    store
        .apply(&[received(&ada(), "m1", 1, "Hello")])
        .await
        .unwrap();
    for end in ["", "-wal", "-shm"] {
        let path = format!("{}{end}", folder.database().display());
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path}");
    }
}

#[test]
fn s18_what_cannot_be_opened_says_so_at_once() {
    let folder = Folder::new();
    let cases: [(&Path, &str); 2] = [
        (
            &folder.path().join("missing").join("crm.db"),
            "the store is unavailable: No such file or directory (os error 2)",
        ),
        (
            folder.path(),
            "the store is unavailable: Is a directory (os error 21)",
        ),
    ];
    for (path, expected) in cases {
        let error = SqliteStore::open(path).unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn s19_a_file_that_is_no_database_is_damaged_and_left_alone() {
    let folder = Folder::new();
    let letter = b"Dear Ada, ".repeat(500);
    std::fs::write(folder.database(), &letter).unwrap();
    let error = SqliteStore::open(folder.database()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the store is damaged: file is not a database"
    );
    assert_eq!(std::fs::read(folder.database()).unwrap(), letter);
}

#[tokio::test]
async fn s19_a_damaged_page_is_an_error_and_never_a_panic() {
    let folder = Folder::new();
    let store = open(&folder);
    for number in 0..200 {
        let text = "a text that fills pages ".repeat(20);
        let change = received(&ada(), &format!("m{number}"), number, &text);
        store.apply(&[change]).await.unwrap();
    }
    store.close().await.unwrap();
    let sound = std::fs::read(folder.database()).unwrap();
    let mut found = 0;
    for number in 1..sound.len() / 4096 {
        let mut damaged = sound.clone();
        for byte in &mut damaged[number * 4096..number * 4096 + 64] {
            *byte = 0xa5;
        }
        std::fs::write(folder.database(), &damaged).unwrap();
        let Ok(store) = SqliteStore::open(folder.database()) else {
            found += 1;
            continue;
        };
        // Whatever they answer, they answer.
        let _ = store.messages(&MessageQuery::new(ada())).await;
        let _ = store.contacts(&ContactQuery::new(page())).await;
        found += usize::from(matches!(store.check().await, Err(StoreError::Damaged(_))));
        store.close().await.ok();
    }
    assert!(
        found * 10 > sound.len() / 4096 * 9,
        "only {found} were noticed"
    );
    // A log that was cut off is what a crash leaves: what is whole in it counts.
    std::fs::write(folder.database(), &sound).unwrap();
    let store = open(&folder);
    store
        .apply(&[received(&ada(), "last", 999, "the last")])
        .await
        .unwrap();
    let log = format!("{}-wal", folder.database().display());
    let copy = Folder::new();
    std::fs::copy(folder.database(), copy.database()).unwrap();
    let whole = std::fs::read(&log).unwrap();
    let log = format!("{}-wal", copy.database().display());
    std::fs::write(log, &whole[..whole.len() - 100]).unwrap();
    let store = open(&copy);
    store.check().await.unwrap();
    assert_eq!(person(&store, &ada()).await.last_at, at(199));
}

#[tokio::test]
async fn s17_a_full_disk_costs_no_half_and_ends_when_there_is_room() {
    let folder = Folder::new();
    let store = open(&folder);
    store
        .apply(&[received(&ada(), "m0", 0, "Hello")])
        .await
        .unwrap();
    let mut driver = driver(&folder);
    let text = "a text that fills pages ".repeat(50);
    let mut failures = 0;
    for number in 0..40 {
        let changes = [
            received(&ada(), &format!("a{number}"), number, &text),
            received(&contact("1", &format!("c{number}")), "m", number, &text),
        ];
        // One page more each time, so that it fails at another write each time.
        let mut room: i64 = driver
            .pragma_query_value(None, "page_count", |row| row.get(0))
            .unwrap();
        loop {
            driver.pragma_update(None, "max_page_count", room).unwrap();
            let mut transaction = driver
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .unwrap();
            let applied = SqliteStore::apply_in(&mut transaction, &changes);
            match applied.and_then(|applied| {
                let full = |error: rusqlite::Error| StoreError::Unavailable(error.into());
                transaction.commit().map(|()| applied).map_err(full)
            }) {
                Ok(applied) => {
                    assert!(applied.iter().all(|one| matches!(one, Applied::New { .. })));
                    break;
                }
                Err(StoreError::Unavailable(error)) => {
                    assert_eq!(error.to_string(), "database or disk is full");
                    failures += 1;
                    room += 1;
                }
                Err(error) => panic!("{error}"),
            }
            assert_eq!(talk(&store, &ada()).await.len(), number as usize + 1);
            let other = contact("1", &format!("c{number}"));
            assert!(store.contact(&other).await.unwrap().is_none());
        }
    }
    assert!(failures > 40, "it was full {failures} times");
    store.check().await.unwrap();
}

#[tokio::test]
async fn s12_a_busy_writer_is_waited_for_and_then_named() {
    let folder = Folder::new();
    let store = open(&folder);
    let mut driver = driver(&folder);
    let hold = driver
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.apply(&[received(&ada(), "m1", 1, "Hello")]).await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished(), "it did not wait");
    hold.rollback().unwrap();
    assert!(waiting.await.unwrap().is_ok());

    let hold = driver
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let error = store.apply(&[received(&ada(), "m2", 2, "Hello")]).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "the store is unavailable: database is locked"
    );
    // Reading goes on.
    assert_eq!(talk(&store, &ada()).await.len(), 1);
    drop(hold);
    store
        .apply(&[received(&ada(), "m2", 2, "Hello")])
        .await
        .unwrap();
    assert_eq!(talk(&store, &ada()).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn i19_two_processes_on_one_file_lose_and_double_nothing_and_hear_of_each_other() {
    let folder = Folder::new();
    let stores = [open(&folder), open(&folder)];
    let heard = tokio::spawn({
        let store = stores[1].clone();
        async move {
            store
                .changed(&page(), Revision::default(), Duration::from_secs(20))
                .await
        }
    });
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8 {
        let store = stores[task % 2].clone();
        tasks.spawn(async move {
            let mut new = 0;
            // Each message comes to both of them.
            for number in 0..25 {
                let id = format!("m{}-{number}", task / 2);
                let applied = store
                    .apply(&[received(&ada(), &id, number, "Hello")])
                    .await
                    .unwrap();
                new += usize::from(matches!(applied[..], [Applied::New { .. }]));
            }
            new
        });
    }
    let new: usize = tasks.join_all().await.into_iter().sum();
    assert_eq!(new, 100);
    for store in &stores {
        let counted = store
            .messages(&MessageQuery::new(ada()))
            .await
            .unwrap()
            .total;
        assert_eq!(counted, messenger_crm::store::Count::Exactly(100));
        assert_eq!(person(store, &ada()).await.unread, 100);
    }
    assert_eq!(heard.await.unwrap().unwrap().contacts, [ada()]);
}

#[tokio::test]
async fn s13_a_file_of_the_first_schema_shows_the_same_afterwards() {
    let folder = Folder::new();
    old(&folder);
    let store = open(&folder);
    assert_eq!(version(&folder), 3);
    let who = person(&store, &ada()).await;
    let Contact {
        first_at,
        last_at,
        unread,
        profile,
        revision,
        ..
    } = who.clone();
    assert_eq!((first_at, last_at, unread), (at(1), at(6), 1));
    assert_eq!(profile.unwrap().name.as_deref(), Some("Ada Example"));
    assert!(
        revision > Revision::new(7),
        "whoever knows the old revision hears of it"
    );
    let said: Vec<(String, Option<String>, Option<MessageState>)> = talk(&store, &ada())
        .await
        .into_iter()
        .map(|one| (one.id, one.content.text, one.state))
        .collect();
    let said: Vec<_> = said
        .iter()
        .map(|(id, text, state)| (id.as_str(), text.as_deref(), *state))
        .collect();
    assert_eq!(
        said,
        [
            (
                key(2).as_str(),
                Some("on its way"),
                Some(MessageState::Unknown)
            ),
            ("m3", None, None),
            ("m2", Some("Yes, we do"), Some(MessageState::Read)),
            ("m1", Some("Do you have oolong?"), None),
        ]
    );
    assert_eq!(
        store.picture(&ada()).await.unwrap().unwrap().bytes,
        [1, 2, 3]
    );
    let search = MessageQuery::search(page(), "OOLONG");
    assert_eq!(store.messages(&search).await.unwrap().rows.len(), 1);
    let kept = store
        .kept(&messenger_crm::store::KeptQuery::new(None))
        .await
        .unwrap();
    assert_eq!(kept.rows[0].raw, b"{");
    // The echo of what was on its way still settles it, and a replay is known.
    let again = store
        .apply(&[received(&ada(), "m1", 1, "Do you have oolong?")])
        .await;
    assert_eq!(again.unwrap(), [Applied::Unchanged]);
    store.check().await.unwrap();
    drop(store);
    assert_eq!(person(&open(&folder), &ada()).await, who, "opened again");
}

#[tokio::test]
async fn s13_an_interrupted_migration_changes_nothing_and_resumes() {
    let folder = Folder::new();
    old(&folder);
    // It comes to the last of the customers, and fails there.
    let database = driver(&folder);
    let break_it = "INSERT INTO contact (page, psid, search, data) VALUES ('1', 'zoe', '', '{')";
    database.execute(break_it, []).unwrap();
    let error = SqliteStore::open(folder.database()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the store holds something unreadable: a row of the first schema"
    );
    assert_eq!(version(&folder), 1);
    let count: i64 = database
        .query_row(
            "SELECT count(*) FROM contact WHERE data <> '{'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(count, 1);
    database
        .execute("DELETE FROM contact WHERE psid = 'zoe'", [])
        .unwrap();
    drop(database);
    assert_eq!(talk(&open(&folder), &ada()).await.len(), 4);
}

#[test]
fn s13_a_newer_schema_is_refused_with_a_clear_text_and_left_alone() {
    let folder = Folder::new();
    let database = driver(&folder);
    database.execute_batch("CREATE TABLE future (x)").unwrap();
    database.pragma_update(None, "user_version", 9999).unwrap();
    drop(database);
    let before = std::fs::read(folder.database()).unwrap();
    let error = SqliteStore::open(folder.database()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the database has schema 9999, newer than the 3 of this program"
    );
    assert_eq!(std::fs::read(folder.database()).unwrap(), before);
}

#[test]
fn s14_many_who_migrate_at_once_wait_for_each_other() {
    let folder = Folder::new();
    old(&folder);
    let opened: Vec<_> = (0..8)
        .map(|_| {
            let file = folder.database();
            std::thread::spawn(move || SqliteStore::open(file).map(drop))
        })
        .collect();
    for opened in opened {
        opened.join().unwrap().unwrap();
    }
    let count: i64 = driver(&folder)
        .query_row("SELECT count(*) FROM message", [], |row| row.get(0))
        .unwrap();
    assert_eq!(count, 3);
}

#[tokio::test]
async fn s23_nothing_of_a_forgotten_customer_is_left_in_the_file() {
    let folder = Folder::new();
    let store = open(&folder);
    let (psid, words) = ("76543210987654321", "Zimtschnecken");
    let who = contact("1", psid);
    let changes = [
        received(&who, "m_secret", 1, words),
        known(&who, 2, "Quentin Quux", None),
        queued(&who, &key(1), 3),
        Change::Field {
            contact: who.clone(),
            name: "note".to_owned(),
            value: Some("Kardamom".to_owned()),
            at: at(3),
        },
        received(&ada(), "m1", 1, "Hello"),
    ];
    store.apply(&changes).await.unwrap();
    let forgotten = Change::Forgotten {
        contact: who,
        at: at(9),
    };
    store.apply(&[forgotten]).await.unwrap();
    store.close().await.unwrap();
    for needle in [psid, words, "m_secret", "Quentin", "Quux", "Kardamom"] {
        assert!(!folder.holds(needle.as_bytes()), "{needle} is still there");
    }
    // Nor in the search index, where words are grams.
    let database = driver(&folder);
    for (table, wanted) in [("text_gram", 12), ("name_gram", 0)] {
        let vocabulary =
            format!("CREATE VIRTUAL TABLE temp.v_{table} USING fts5vocab (main, {table}, row)");
        database.execute_batch(&vocabulary).unwrap();
        let count: i64 = database
            .query_row(&format!("SELECT count(*) FROM temp.v_{table}"), [], |row| {
                row.get(0)
            })
            .unwrap();
        assert!(count <= wanted, "{table} has {count} words");
    }
}

#[tokio::test]
async fn s23_what_comes_and_is_taken_back_in_one_commit_leaves_no_word_in_the_index() {
    let folder = Folder::new();
    let store = open(&folder);
    let taken_back = Change::Unsent {
        contact: ada(),
        mid: messenger_crm::id::Mid::new("m2").unwrap(),
        at: at(3),
    };
    // The later one comes first: the index is written in another order than they came in.
    let changes = [
        received(&ada(), "m2", 2, "zyx"),
        received(&ada(), "m1", 1, "kept"),
        taken_back,
    ];
    store.apply(&changes).await.unwrap();
    for (text, found) in [("kept", 1), ("zyx", 0)] {
        let search = MessageQuery::search(page(), text);
        let rows = store.messages(&search).await.unwrap().rows;
        assert_eq!(rows.len(), found, "{text}");
    }
    store.close().await.unwrap();
    let database = driver(&folder);
    database
        .execute_batch("CREATE VIRTUAL TABLE temp.words USING fts5vocab (main, text_gram, row)")
        .unwrap();
    let words: i64 = database
        .query_row("SELECT count(*) FROM temp.words", [], |row| row.get(0))
        .unwrap();
    // Four letters of "kept", three pairs and two triples.
    assert_eq!(words, 9);
}

#[tokio::test]
async fn s24_old_messages_expire_while_others_come_and_a_replay_does_not_bring_them_back() {
    let folder = Folder::new();
    let store = open(&folder);
    let first: Vec<Change> = (0..60)
        .map(|number| {
            received(
                &contact("1", &format!("c{}", number % 20)),
                &format!("m{number}"),
                number,
                "Hello",
            )
        })
        .collect();
    store.apply(&first).await.unwrap();
    let coming = tokio::spawn({
        let store = store.clone();
        async move {
            for number in 0..50 {
                let change = received(&ada(), &format!("n{number}"), 1000 + number, "Hello");
                store.apply(&[change]).await.unwrap();
            }
        }
    });
    // Everybody has one that is old, and one that is not.
    let cut = expire(&store, &page(), at(29)).await.unwrap();
    coming.await.unwrap();
    assert_eq!(cut, 20);
    for (number, change) in first.iter().enumerate() {
        let applied = store.apply(std::slice::from_ref(change)).await.unwrap();
        let expected = if number < 30 {
            Applied::Forgotten
        } else {
            Applied::Unchanged
        };
        assert_eq!(applied, [expected], "message {number}");
    }
    let last = contact("1", "c19");
    let left: Vec<String> = talk(&store, &last)
        .await
        .into_iter()
        .map(|one| one.id)
        .collect();
    assert_eq!(left, ["m59", "m39"]);
    assert_eq!(person(&store, &last).await.first_at, at(39));
    assert_eq!(talk(&store, &ada()).await.len(), 50);
    assert_eq!(
        expire(&store, &page(), at(29)).await.unwrap(),
        0,
        "twice is once"
    );
}

#[tokio::test]
async fn what_never_came_is_swept() {
    let folder = Folder::new();
    let store = open(&folder);
    let stranger = contact("1", "stranger");
    let changes = [
        Change::Read {
            contact: stranger.clone(),
            up_to: at(1),
        },
        Change::Unsent {
            contact: ada(),
            mid: messenger_crm::id::Mid::new("m9").unwrap(),
            at: at(2),
        },
        Change::Field {
            contact: contact("1", "noted"),
            name: "note".to_owned(),
            value: Some("keep".to_owned()),
            at: at(1),
        },
        received(&ada(), "m1", 1, "Hello"),
    ];
    store.apply(&changes).await.unwrap();
    assert_eq!(store.sweep(at(1)).await.unwrap(), 0);
    assert_eq!(
        store.sweep(at(10)).await.unwrap(),
        2,
        "the stranger, and the unsend"
    );
    assert_eq!(talk(&store, &ada()).await.len(), 1);
    let left: i64 = driver(&folder)
        .query_row("SELECT count(*) FROM contact", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 2);
}

#[tokio::test]
async fn i6_close_moves_everything_into_the_file_and_ends_all_clones() {
    let folder = Folder::new();
    let store = open(&folder);
    let clone = store.clone();
    store
        .apply(&[received(&ada(), "m1", 1, "Hello")])
        .await
        .unwrap();
    store.close().await.unwrap();
    let log = format!("{}-wal", folder.database().display());
    assert!(std::fs::metadata(log).map_or(0, |log| log.len()) == 0);
    let error = clone.apply(&[received(&ada(), "m2", 2, "Hello")]).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "the store is unavailable: it was closed"
    );
    let error = clone.contact(&ada()).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "the store is unavailable: it was closed"
    );
    assert_eq!(talk(&open(&folder), &ada()).await.len(), 1);
}

#[tokio::test]
async fn the_hosts_own_rows_are_committed_with_ours_or_not_at_all() {
    let folder = Folder::new();
    let store = open(&folder);
    let mut database = driver(&folder);
    database
        .execute_batch("CREATE TABLE ticket (number INTEGER, mid TEXT)")
        .unwrap();
    for (number, is_kept) in [(1, false), (2, true)] {
        let mut transaction = database
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .unwrap();
        let change = received(&ada(), "m1", 1, "Hello");
        let applied = SqliteStore::apply_in(&mut transaction, &[change]).unwrap();
        assert!(matches!(applied[..], [Applied::New { .. }]), "{applied:?}");
        transaction
            .execute(
                "INSERT INTO ticket (number, mid) VALUES (?1, 'm1')",
                [number],
            )
            .unwrap();
        if is_kept {
            transaction.commit().unwrap();
        }
    }
    let number: i64 = database
        .query_row("SELECT group_concat(number) FROM ticket", [], |row| {
            row.get::<_, String>(0)
        })
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(number, 2);
    assert_eq!(talk(&store, &ada()).await.len(), 1);
    let changed = store
        .changed(&page(), Revision::default(), Duration::from_secs(20))
        .await;
    assert_eq!(changed.unwrap().contacts, [ada()]);
}

#[tokio::test]
async fn i25_an_export_makes_the_same_in_another_store() {
    let folder = Folder::new();
    let store = open(&folder);
    for number in 0..30 {
        let who = contact("1", &format!("c{number}"));
        let changes = [
            received(&who, &format!("m{number}"), number, "Hello"),
            known(&who, 40, "Somebody", None),
            queued(&who, &key(1), 50),
        ];
        store.apply(&changes).await.unwrap();
    }
    let gone = Change::Forgotten {
        contact: contact("1", "c7"),
        at: at(100),
    };
    store.apply(&[gone]).await.unwrap();
    let copy = MemoryStore::new();
    let mut after = None;
    loop {
        let (changes, next) = store.export(after).await.unwrap();
        copy.apply(&changes).await.unwrap();
        after = next;
        if after.is_none() {
            break;
        }
    }
    for number in 0..30 {
        let who = contact("1", &format!("c{number}"));
        assert_eq!(talk(&copy, &who).await, talk(&store, &who).await);
        let without_revision = |contact: Option<Contact>| {
            contact.map(|mut contact| {
                contact.revision = Revision::default();
                contact
            })
        };
        let (one, other) = (
            copy.contact(&who).await.unwrap(),
            store.contact(&who).await.unwrap(),
        );
        assert_eq!(without_revision(one), without_revision(other));
    }
    let replay = received(&contact("1", "c7"), "m7", 7, "Hello");
    assert_eq!(copy.apply(&[replay]).await.unwrap(), [Applied::Forgotten]);
}

#[tokio::test]
async fn changed_waits_for_a_commit_or_for_the_end() {
    let folder = Folder::new();
    let store = open(&folder);
    let begun = Instant::now();
    let wait = Duration::from_millis(50);
    let quiet = store
        .changed(&page(), Revision::default(), wait)
        .await
        .unwrap();
    assert!(begun.elapsed() >= wait && quiet.contacts.is_empty());
    let heard = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .changed(&page(), Revision::default(), Duration::from_secs(60))
                .await
        }
    });
    tokio::task::yield_now().await;
    store
        .apply(&[received(&ada(), "m1", 1, "Hello")])
        .await
        .unwrap();
    assert_eq!(heard.await.unwrap().unwrap().contacts, [ada()]);
}

#[tokio::test]
async fn s27_a_listing_visits_as_many_rows_at_100_000_customers_as_at_10_000() {
    let mut counts = Vec::new();
    for customers in [10_000, 100_000] {
        let folder = Folder::new();
        let store = open(&folder);
        fill(&driver(&folder), customers);
        let newest = contact("1", &format!("c{customers}"));
        let half = customers / 2;
        let mut middle = ContactQuery::new(page());
        middle.after = Some(format!("{}:{half}", half * 1000));
        let mut counted = Vec::new();
        let mut last = store.steps();
        let mut count = |name: &'static str, rows: usize| {
            counted.push((name, rows, store.steps() - last));
            last = store.steps();
        };
        let rows = store
            .contacts(&ContactQuery::new(page()))
            .await
            .unwrap()
            .rows
            .len();
        count("inbox", rows);
        count(
            "inbox in the middle",
            store.contacts(&middle).await.unwrap().rows.len(),
        );
        let unread = ContactQuery::new(page()).unread();
        count("unread", store.contacts(&unread).await.unwrap().rows.len());
        let label = ContactQuery::new(page()).with_field("label", "few");
        count("field", store.contacts(&label).await.unwrap().rows.len());
        let often = ContactQuery::new(page()).with_field("label", "often");
        count(
            "field of many",
            store.contacts(&often).await.unwrap().rows.len(),
        );
        count("conversation", talk(&store, &newest).await.len());
        let since = Revision::new(customers.cast_unsigned() - 30);
        let changed = store.changed(&page(), since, Duration::ZERO).await.unwrap();
        count("changed", changed.contacts.len());
        count("pending", store.pending(at(0), 9).await.unwrap().len());
        store.next_due().await.unwrap();
        count("next due", 1);
        counts.push(counted);
    }
    assert_eq!(counts[0], counts[1]);
    for (name, rows, steps) in &counts[0] {
        assert!(
            *rows > 0 && *steps > 0,
            "{name}: {rows} rows in {steps} steps"
        );
    }
}

fn fill(driver: &Connection, customers: i64) {
    driver
        .execute_batch(&format!(
            "PRAGMA synchronous = OFF; BEGIN;
             INSERT INTO page (page, revision, gone) VALUES ('1', {customers}, 0);
             WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {customers})
             INSERT INTO contact (contact_no, page_no, psid, last_at, first_at, unread, arrived, revision, newest_tie,
                 newest_kind, newest_text, asked_at, profile_due)
             SELECT n, 1, 'c' || n, n * 1000, n * 1000, n % 2, n, n, n, 0, 'Hello', 0, n FROM c;
             INSERT INTO message (contact_no, at, tie, id, kind, text)
             SELECT contact_no, last_at, newest_tie, 'm' || contact_no, 6, 'Hello' FROM contact;
             INSERT INTO field (contact_no, name, page_no, value, at)
             SELECT contact_no, 'label', 1, CASE WHEN contact_no % ({customers} / 10) = 1 THEN 'few' ELSE 'often' END, 1 FROM contact;
             COMMIT;"
        ))
        .unwrap();
}
