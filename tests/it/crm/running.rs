//! Starting and stopping.

use std::time::Duration;

use super::*;
use crate::crash::half::Half;

#[tokio::test]
async fn a_port_in_use_is_one_clear_line() {
    let folder = Folder::new();
    let simulator = util::simulator().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ended = util::refused(&folder.database(), &address, &simulator.url()).await;
    ended.is_one_clear_line(&address);
}

#[tokio::test]
async fn a_database_newer_than_the_program_is_one_clear_line_and_untouched() {
    let Office {
        mut crm,
        simulator,
        folder,
        ..
    } = Office::open().await;
    crm.kill();
    let version = |database: &rusqlite::Connection| -> i64 {
        let query = database.query_row("PRAGMA user_version", [], |row| row.get(0));
        query.unwrap()
    };
    {
        let database = rusqlite::Connection::open(folder.database()).unwrap();
        assert_ne!(version(&database), 9999);
        database.pragma_update(None, "user_version", 9999).unwrap();
    }
    let ended = util::refused(&folder.database(), "127.0.0.1:0", &simulator.url()).await;
    ended.is_one_clear_line("crm.db");
    let database = rusqlite::Connection::open(folder.database()).unwrap();
    assert_eq!(version(&database), 9999);
}

#[tokio::test]
async fn a_folder_as_the_database_is_one_clear_line() {
    let folder = Folder::new();
    let simulator = util::simulator().await;
    fs::create_dir(folder.database()).unwrap();
    let ended = util::refused(&folder.database(), "127.0.0.1:0", &simulator.url()).await;
    ended.is_one_clear_line("crm.db");
}

#[cfg(unix)]
#[tokio::test]
async fn sigterm_ends_it_in_5_seconds_even_with_an_open_stream() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let mut office = Office::open().await;
    let address = office.crm.address.clone();
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let request = format!("GET /api/events HTTP/1.1\r\nhost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !util::contains(&head, b"\r\n\r\n") {
        let read = tokio::time::timeout(SOON, stream.read_buf(&mut head)).await;
        assert_ne!(read.expect("a stream in time").unwrap(), 0);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    assert!(head.starts_with("http/1.1 200 "), "{head}");
    assert!(head.contains("content-type: text/event-stream"), "{head}");

    office.crm.terminate();
    let status = office.crm.ended(Duration::from_secs(5)).await;
    assert_eq!(status.expect("an end in 5 seconds").code(), Some(0));
    drop(stream);
}

#[cfg(unix)]
#[tokio::test]
async fn i16_a_second_sigterm_ends_it_at_once() {
    let folder = Folder::new();
    let simulator = util::simulator().await;
    let mut crm = Crm::start(&folder, &simulator).await;
    let webhook = crm.connect(&simulator).await;
    let half = Half::begin(&crm.address, &webhook.path, &webhook.page, &webhook.secret).await;
    crm.terminate();
    // It waits for the rest of that body.
    let status = crm.ended(Duration::from_millis(500)).await;
    assert_eq!(status, None);
    crm.terminate();
    let status = crm.ended(Duration::from_secs(1)).await;
    assert_eq!(status.expect("an end at once").code(), Some(130));
    drop(half);
}
