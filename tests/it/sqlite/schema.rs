//! Creation of the schema.

use super::*;

#[test]
fn s13_f30_a_newer_schema_is_refused_with_a_clear_text_and_left_alone() {
    let folder = Folder::new();
    let database = driver(&folder);
    database.execute_batch("CREATE TABLE future (x)").unwrap();
    database.pragma_update(None, "user_version", 9999).unwrap();
    drop(database);
    let before = std::fs::read(folder.database()).unwrap();
    let error = SqliteStore::open(folder.database()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the database has schema 9999, newer than the 1 of this program"
    );
    assert_eq!(std::fs::read(folder.database()).unwrap(), before);
}

#[test]
fn s14_many_who_create_one_file_wait_for_each_other() {
    let folder = Folder::new();
    let opened: Vec<_> = (0..8)
        .map(|_| {
            let file = folder.database();
            std::thread::spawn(move || SqliteStore::open(file).map(drop))
        })
        .collect();
    for opened in opened {
        opened.join().unwrap().unwrap();
    }
    let version: i64 = driver(&folder)
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, 1);
}
