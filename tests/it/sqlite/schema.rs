//! From one schema to the next.

use super::*;

const OLD_SCHEMA: &str = include_str!("../../fixtures/store/schema-1.sql");
const OLD_ROWS: &str = include_str!("../../fixtures/store/rows-1.sql");

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
        .raw_events(&messenger_crm::store::RawEventQuery::new(None))
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
