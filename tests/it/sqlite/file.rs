//! The file: whose it is, damage, and closing it.

use super::*;
use crate::util::skipped;

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

/// What `s18` runs as a user who may not write there; root may everywhere.
#[cfg(unix)]
#[test]
fn s18_child() {
    let Ok(folder) = std::env::var("S18_FOLDER") else {
        return;
    };
    let folder = Path::new(&folder);
    for name in ["read-only.db", "new.db"] {
        let error = SqliteStore::open(folder.join(name)).unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        let expected = "the store is unavailable: Permission denied (os error 13)";
        assert_eq!(error.to_string(), expected, "{name}");
    }
    println!("both were refused");
}

#[cfg(unix)]
#[tokio::test]
async fn s18_a_read_only_file_or_folder_says_so_at_once() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let folder = Folder::new();
    let file = folder.path().join("read-only.db");
    let store = SqliteStore::open(&file).unwrap();
    store.close().await.unwrap();
    let allow = |path: &Path, mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, permissions).unwrap();
    };
    allow(&file, 0o444);
    allow(folder.path(), 0o555);
    let program = std::env::current_exe().unwrap();
    let is_root = std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0);
    let mut command = if is_root {
        let mut command = std::process::Command::new("setpriv");
        command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]);
        command.arg(program);
        command
    } else {
        std::process::Command::new(program)
    };
    let child = command
        .args(["--exact", "sqlite::file::s18_child", "--nocapture"])
        .env("S18_FOLDER", folder.path())
        .output();
    allow(folder.path(), 0o755);
    match child {
        Ok(child) => {
            let said = String::from_utf8_lossy(&child.stdout);
            assert!(said.contains("both were refused"), "{child:?}");
        }
        Err(error) => {
            // Nobody but root may write everywhere, and only root needs it.
            assert!(is_root, "{error}");
            skipped("s18, read-only files", &format!("setpriv: {error}"));
        }
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
async fn s17_f6_a_full_disk_costs_no_half_and_ends_when_there_is_room() {
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
