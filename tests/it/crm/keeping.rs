//! What is kept, and when it cannot keep what it is told.

use super::*;

#[tokio::test]
async fn p9_p17_g10_a_signed_but_unreadable_body_is_200_and_kept() {
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
        br#"{"unheard_of":"no object, no entry"}"#,
        br#"{"object":"page","without":"entry"}"#,
        br#"{"object":"page","entry":null,"null":"entry"}"#,
        br#"{"entry":[],"without":"object"}"#,
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
async fn i8_a_message_in_two_different_deliveries_is_there_once() {
    let office = Office::open().await;
    let page = &office.webhook.page;
    let item = |mid: &str| message(page, PSID, mid, mid);
    let (first, both) = (item("m_1"), item("m_both"));
    let bodies = [
        notification(page, &[first, both.clone()]),
        notification(page, &[both.clone(), item("m_2")]),
        notification(page, &[item("m_3"), both]),
    ];
    // At once, and then each once more.
    let deliver = |body| office.webhook.deliver(&office.crm, body);
    let answers = tokio::join!(
        deliver(&bodies[0]),
        deliver(&bodies[1]),
        deliver(&bodies[2])
    );
    for answer in [answers.0, answers.1, answers.2] {
        answer.expect(200);
    }
    for body in &bodies {
        office.webhook.deliver(&office.crm, body).await.expect(200);
    }
    let listed = format!("/api/customers?page={page}");
    let listed = office.crm.get(&listed).await.expect(200).json();
    assert_eq!(listed["total"], 1);
    assert_eq!(listed["customers"][0]["unread"], 4);
    let said = format!("/api/messages?page={page}&psid={PSID}");
    let said = office.crm.get(&said).await.expect(200).json();
    let said = said["messages"].as_array().unwrap();
    let mut ids: Vec<_> = said.iter().map(|one| one["id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["m_1", "m_2", "m_3", "m_both"]);
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
async fn n19_more_than_64_mib_of_large_bodies_at_once_is_503_and_then_all_is_well() {
    use tokio::io::AsyncWriteExt;

    let office = Office::open().await;
    let mut unfinished = Vec::new();
    for _ in 0..4 {
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
