//! What is kept, and when it cannot keep what it is told.

use super::*;

#[tokio::test]
async fn a_signed_but_unreadable_body_is_200_and_kept() {
    let Office {
        crm,
        webhook,
        folder,
        ..
    } = &Office::open().await;
    for body in [
        b"{\"object\":".as_slice(),
        b"{\"object\":\"page\",\"entry\":[{\"id\":\"\xff\xfe\xc3\x28 not UTF-8",
        b"not JSON at all, yet signed",
    ] {
        webhook.deliver(crm, body).await.expect(200);
        let text = String::from_utf8_lossy(body);
        assert!(folder.stores(body), "not kept: {text}");
    }
}

#[tokio::test]
async fn a_signed_event_for_an_unknown_page_is_200_and_kept() {
    let office = Office::open().await;
    let stranger = "999000111222333";
    let item = message(stranger, PSID, "m_stranger", "for somebody else");
    let body = notification(stranger, &[item]);
    office.webhook.deliver(&office.crm, &body).await.expect(200);
    assert!(office.folder.stores(b"for somebody else"));
    assert_eq!(office.customers().await, 0);
    let connections = office.connections().await;
    assert_eq!(connections.len(), 1);
}

#[tokio::test]
async fn a_store_that_is_locked_is_503_in_time_and_keeps_nothing_half() {
    let office = Office::open().await;
    let other = rusqlite::Connection::open(office.folder.database()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let body = office.hello("m_locked");
    let asked = std::time::Instant::now();
    office.webhook.deliver(&office.crm, &body).await.expect(503);
    assert!(asked.elapsed() < Duration::from_secs(5), "Meta waits 5 s");
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(office.customers().await, 0);
    office.webhook.deliver(&office.crm, &body).await.expect(200);
    assert_eq!(office.customers().await, 1);
}

#[tokio::test]
async fn more_than_128_mib_of_bodies_at_once_is_503_and_then_all_is_well() {
    use tokio::io::AsyncWriteExt;

    let office = Office::open().await;
    let mut unfinished = Vec::new();
    for _ in 0..8 {
        let mut stream = tokio::net::TcpStream::connect(&office.crm.address)
            .await
            .unwrap();
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LIMIT}\r\n\r\n",
            office.webhook.path
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; LIMIT - 1]).await.unwrap();
        unfinished.push(stream);
    }
    // What was written may still be on its way through the sockets.
    let mut body = office.hello("m_crowd");
    body.resize(LIMIT, b' ');
    office.settles_at(503, &body).await;
    drop(unfinished);
    office.settles_at(200, &body).await;
}
