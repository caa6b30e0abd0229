use std::path::PathBuf;

use super::*;
use crate::vault::tests::Folder;

fn page(id: &str) -> PageId {
    PageId::new(id).unwrap()
}

#[track_caller]
fn put(connections: &Connections, id: &str, name: &str, secret: &str) -> Arc<Connection> {
    connections
        .put(
            page(id),
            name.to_owned(),
            AppId::new("42").unwrap(),
            AppSecret::new(secret).unwrap(),
            PageToken::new(format!("token-{secret}")).unwrap(),
        )
        .unwrap()
}

#[track_caller]
fn same(a: &Connection, b: &Connection) {
    let parts = |c: &Connection| {
        let verify_token = c.verify_token.clone();
        let secrets = (c.secret.clone(), c.token.clone(), verify_token);
        (
            c.page.clone(),
            c.name.clone(),
            c.app_id.clone(),
            c.path.clone(),
            secrets,
        )
    };
    assert!(parts(a) == parts(b));
}

fn raw(folder: &Folder) -> rusqlite::Connection {
    rusqlite::Connection::open(folder.database()).unwrap()
}

#[test]
fn a_connection_is_found_by_page_and_by_path() {
    let connections = Connections::in_memory();
    let made = put(&connections, "1", "Tea", "hush-1");
    assert_eq!(made.path.len(), 22);
    assert!(
        made.path
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    );
    same(&connections.by_page(&page("1")).unwrap(), &made);
    same(&connections.by_path(&made.path).unwrap(), &made);
    assert!(connections.by_page(&page("2")).is_none());
    assert!(connections.by_path("").is_none());
    let other = put(&connections, "2", "Coffee", "hush-2");
    assert_ne!(other.path, made.path);
    assert!(other.verify_token != made.verify_token);
}

#[test]
fn the_same_page_again_keeps_its_webhook() {
    let connections = Connections::in_memory();
    let old = put(&connections, "1", "Tea", "hush-1");
    let new = put(&connections, "1", "Tea House", "hush-2");
    assert_eq!(new.path, old.path);
    assert!(new.verify_token == old.verify_token);
    assert_eq!(new.name, "Tea House");
    assert_eq!(new.secret.expose_secret(), "hush-2");
    assert_eq!(new.token.expose_secret(), "token-hush-2");
    same(&connections.by_path(&old.path).unwrap(), &new);
    assert_eq!(connections.all().len(), 1);
}

#[test]
fn a_reset_moves_the_webhook() {
    let folder = Folder::new();
    let connections = Connections::open(&folder.database(), None).unwrap();
    let old = put(&connections, "1", "Tea", "hush-1");
    let new = connections.reset(&page("1")).unwrap().unwrap();
    assert_ne!(new.path, old.path);
    assert!(new.verify_token != old.verify_token);
    assert!(connections.by_path(&old.path).is_none());
    same(&connections.by_path(&new.path).unwrap(), &new);
    assert!(connections.reset(&page("2")).unwrap().is_none());
    drop(connections);
    let again = Connections::open(&folder.database(), None).unwrap();
    assert!(again.by_path(&old.path).is_none());
    same(&again.by_path(&new.path).unwrap(), &new);
}

#[test]
fn all_are_in_the_order_of_their_names() {
    let connections = Connections::in_memory();
    for (id, name) in [("3", "Tea"), ("1", "Coffee"), ("2", "Tea")] {
        put(&connections, id, name, "hush");
    }
    let all = connections.all();
    assert_eq!(
        all.iter().map(|c| c.page.as_str()).collect::<Vec<_>>(),
        ["1", "2", "3"]
    );
}

#[test]
fn what_was_put_is_there_after_opening_again() {
    let folder = Folder::new();
    let connections = Connections::open(&folder.database(), None).unwrap();
    put(&connections, "1", "Tea", "hush-1");
    let renewed = put(&connections, "1", "Tea House", "hush-2");
    let other = put(&connections, "2", "Coffee", "hush-3");
    drop(connections);
    let again = Connections::open(&folder.database(), None).unwrap();
    let all = again.all();
    assert_eq!(all.len(), 2);
    same(&all[0], &other);
    same(&all[1], &renewed);
}

#[test]
fn s25_no_secret_is_in_the_bytes_of_the_files() {
    let folder = Folder::new();
    let connections = Connections::open(&folder.database(), None).unwrap();
    let made = put(&connections, "1", "Tea House", "hush-1");
    let check = |files: &[PathBuf]| {
        let bytes: Vec<u8> = files
            .iter()
            .flat_map(|file| std::fs::read(file).unwrap())
            .collect();
        let holds = |text: &str| {
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        };
        // What is no secret is there: these are the right files.
        assert!(holds("Tea House"));
        assert!(holds(&made.path));
        assert!(!holds("hush-1"));
        assert!(!holds(made.verify_token.expose_secret()));
    };
    let mut wal = folder.database().into_os_string();
    wal.push("-wal");
    check(&[folder.database(), wal.into()]);
    drop(connections);
    check(&[folder.database()]);
}

#[test]
fn another_key_is_a_clear_error() {
    let folder = Folder::new();
    let key = |digit: &str| Some(digit.repeat(64));
    put(
        &Connections::open(&folder.database(), key("a")).unwrap(),
        "1",
        "Tea",
        "hush",
    );
    let error = Connections::open(&folder.database(), key("b")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the connection of Page 1: a sealed secret does not open: \
         the key is another one, or the database was changed"
    );
    assert!(Connections::open(&folder.database(), key("a")).is_ok());
}

#[test]
fn a_lost_key_file_is_not_replaced() {
    let folder = Folder::new();
    drop(Connections::open(&folder.database(), None).unwrap());
    std::fs::remove_file(folder.key()).unwrap();
    // Nothing is sealed yet, so a new key does no harm.
    put(
        &Connections::open(&folder.database(), None).unwrap(),
        "1",
        "Tea",
        "hush",
    );
    std::fs::remove_file(folder.key()).unwrap();
    let error = Connections::open(&folder.database(), None).unwrap_err();
    assert!(
        matches!(error, ConnectionsError::Vault(VaultError::Missing(_))),
        "{error}"
    );
    assert!(!folder.key().exists());
}

#[test]
fn a_secret_of_another_page_is_refused() {
    let folder = Folder::new();
    let connections = Connections::open(&folder.database(), None).unwrap();
    put(&connections, "1", "Tea", "hush-1");
    put(&connections, "2", "Coffee", "hush-2");
    drop(connections);
    raw(&folder)
        .execute_batch(
            "UPDATE crm_connection SET token =
                (SELECT token FROM crm_connection WHERE page = '2') WHERE page = '1'",
        )
        .unwrap();
    let error = Connections::open(&folder.database(), None).unwrap_err();
    assert!(
        matches!(&error, ConnectionsError::Unseal { page, .. } if page == "1"),
        "{error}"
    );
}

#[test]
fn what_the_file_refuses_is_not_shown() {
    let folder = Folder::new();
    let connections = Connections::open(&folder.database(), None).unwrap();
    let old = put(&connections, "1", "Tea", "hush");
    raw(&folder)
        .execute_batch("DROP TABLE crm_connection")
        .unwrap();
    assert!(connections.reset(&page("1")).is_err());
    same(&connections.by_path(&old.path).unwrap(), &old);
}

#[test]
fn a_connection_is_never_printed() {
    let made = put(&Connections::in_memory(), "1", "Tea", "hush");
    assert_eq!(
        format!("{made:?}"),
        "Connection { page: PageId(\"1\"), .. }"
    );
}

/// Two processes on one file.
#[test]
fn n28_a_change_of_another_process_is_seen() {
    let folder = Folder::new();
    let one = Connections::open(&folder.database(), None).unwrap();
    let other = Connections::open(&folder.database(), None).unwrap();
    let made = put(&one, "1", "Tea", "hush-1");
    assert!(other.by_path(&made.path).is_none());
    assert!(other.refresh().unwrap());
    same(&other.by_path(&made.path).unwrap(), &made);
    assert!(!other.refresh().unwrap());

    let moved = other.reset(&page("1")).unwrap().unwrap();
    assert!(one.refresh().unwrap());
    assert!(one.by_path(&made.path).is_none());
    same(&one.by_page(&page("1")).unwrap(), &moved);

    // A new secret is read too, though the address is the same.
    let renewed = put(&one, "1", "Tea", "hush-2");
    assert!(!other.refresh().unwrap());
    same(&other.by_page(&page("1")).unwrap(), &renewed);
}
