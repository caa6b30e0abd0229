//! The example CRM from outside: what it must refuse, keep, hide and say.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use messenger_crm::simulator::Simulator;
use serde_json::{Value, json};

use crate::util::{
    self, Answered, Crm, Folder, SOON, Webhook, credentials, message, notification, signature,
};

const PSID: &str = "7324561089432101";
const LIMIT: usize = 16 * 1024 * 1024;
const CHALLENGE: &str = "1158201444";

/// A CRM with the simulator's Page connected.
struct Office {
    // Dropped in this order: the program before its folder.
    crm: Crm,
    webhook: Webhook,
    simulator: Simulator,
    folder: Folder,
}

impl Office {
    async fn open() -> Self {
        let folder = Folder::new();
        let simulator = util::simulator().await;
        let crm = Crm::start(&folder, &simulator).await;
        let webhook = crm.connect(&simulator).await;
        Self {
            crm,
            webhook,
            simulator,
            folder,
        }
    }

    fn hello(&self, mid: &str) -> Vec<u8> {
        let page = &self.webhook.page;
        notification(page, &[message(page, PSID, mid, "Hello~")])
    }

    /// Posts to the webhook with these header lines.
    async fn post(&self, headers: &str, body: &[u8]) -> Answered {
        self.crm
            .ask("POST", &self.webhook.path, headers, body)
            .await
    }

    /// Delivers the same body, refused or not, until it is answered so.
    async fn settles_at(&self, status: u16, body: &[u8]) {
        let mut last = 0;
        for _ in 0..50 {
            let answer = self.webhook.deliver(&self.crm, body).await;
            last = answer.expect_one_of(&[200, 503]).status;
            if last == status {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(last, status);
    }

    async fn customers(&self) -> Value {
        let path = format!("/api/customers?page={}", self.webhook.page);
        self.crm.get(&path).await.expect(200).json()["total"].clone()
    }

    async fn connections(&self) -> Vec<Value> {
        connections(&self.crm).await
    }
}

async fn connections(crm: &Crm) -> Vec<Value> {
    let answer = crm.get("/api/connections").await.expect(200).json();
    answer["connections"].as_array().unwrap().clone()
}

// ---- Who may post --------------------------------------------------------

#[tokio::test]
async fn an_unsigned_post_is_401_and_leaves_nothing() {
    let office = Office::open().await;
    let body = office.hello("m_unsigned");
    office.post("", &body).await.expect(401);
    let empty = "x-hub-signature-256: \r\n";
    office.post(empty, &body).await.expect(401);
    assert_eq!(office.customers().await, 0);
    assert!(!office.folder.stores(b"m_unsigned"));

    office.webhook.deliver(&office.crm, &body).await.expect(200);
    assert_eq!(office.customers().await, 1);
    assert!(office.folder.stores(b"m_unsigned"));
}

#[tokio::test]
async fn a_wrong_signature_is_401_and_leaves_nothing() {
    let office = Office::open().await;
    let body = office.hello("m_wrong");
    let right = office.webhook.signature(&body);
    let cut = format!("{}\r\n", &right.trim_end()[..right.trim_end().len() - 2]);
    for headers in [
        office.webhook.signature(b"another body"),
        cut,
        right.replace("sha256=", "sha1="),
        right.replace("sha256=", ""),
        right.replace("-256:", ":"),
    ] {
        office.post(&headers, &body).await.expect(401);
    }
    assert_eq!(office.customers().await, 0);
    assert!(!office.folder.stores(b"m_wrong"));
}

#[tokio::test]
async fn another_apps_signature_is_401() {
    let office = Office::open().await;
    let other = util::simulator().await;
    let body = office.hello("m_other");
    let headers = signature(&other.app().app_secret, &body);
    office.post(&headers, &body).await.expect(401);
    assert_eq!(office.customers().await, 0);
}

#[tokio::test]
async fn two_signature_headers_are_401() {
    let office = Office::open().await;
    let body = office.hello("m_two");
    let right = office.webhook.signature(&body);
    let wrong = office.webhook.signature(b"another body");
    for headers in [[&right, &right], [&right, &wrong], [&wrong, &right]] {
        let headers = headers.map(String::as_str).concat();
        office.post(&headers, &body).await.expect(401);
    }
    assert_eq!(office.customers().await, 0);
}

// ---- How much ------------------------------------------------------------

/// A notification about nothing, with as many spaces as it takes.
fn padded(length: usize) -> Vec<u8> {
    let mut body = br#"{"object":"page","entry":[]}"#.to_vec();
    body.resize(length, b' ');
    body
}

#[tokio::test]
async fn a_body_of_16_mib_is_200_and_one_byte_more_is_413() {
    let office = Office::open().await;
    let (most, more) = (padded(LIMIT), padded(LIMIT + 1));
    office.webhook.deliver(&office.crm, &more).await.expect(413);
    office.webhook.deliver(&office.crm, &most).await.expect(200);
}

#[tokio::test]
async fn a_chunked_body_over_16_mib_is_413() {
    let office = Office::open().await;
    let body = padded(LIMIT + 1);
    let (path, host) = (&office.webhook.path, &office.crm.address);
    let signature = office.webhook.signature(&body);
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ntransfer-encoding: chunked\r\n{signature}\r\n"
    )
    .into_bytes();
    for chunk in body.chunks(64 * 1024) {
        request.extend(format!("{:x}\r\n", chunk.len()).bytes());
        request.extend(chunk);
        request.extend(b"\r\n");
    }
    request.extend(b"0\r\n\r\n");
    office.crm.exchange(&request).await.expect(413);
}

// ---- Where and how -------------------------------------------------------

#[tokio::test]
async fn other_methods_on_the_webhook_are_405_with_allow() {
    let office = Office::open().await;
    let body = office.hello("m_method");
    let headers = office.webhook.signature(&body);
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"] {
        let path = &office.webhook.path;
        let answer = office.crm.ask(method, path, &headers, &body).await;
        let answer = answer.expect(405);
        let allow = answer.header("allow").expect("an Allow header");
        let mut allowed: Vec<_> = allow.split(',').map(str::trim).collect();
        allowed.sort_unstable();
        assert_eq!(allowed, ["GET", "POST"], "{method}");
    }
    assert_eq!(office.customers().await, 0);
}

#[tokio::test]
async fn an_unknown_path_is_404() {
    let office = Office::open().await;
    let mut elsewhere = office.webhook.clone();
    elsewhere.path.push('x');
    let body = office.hello("m_elsewhere");
    elsewhere.deliver(&office.crm, &body).await.expect(404);
    let token = &office.webhook.verify_token;
    let answer = elsewhere.handshake(&office.crm, token, CHALLENGE).await;
    answer.expect(404);
    for path in ["/no-such-page", "/api/no-such-call", "/settings/x"] {
        office.crm.get(path).await.expect(404);
    }
    assert_eq!(office.customers().await, 0);
}

// ---- The handshake -------------------------------------------------------

#[tokio::test]
async fn the_right_verify_token_gets_the_challenge_as_plain_text() {
    let Office { crm, webhook, .. } = &Office::open().await;
    let token = &webhook.verify_token;
    let answer = webhook.handshake(crm, token, CHALLENGE).await.expect(200);
    assert_eq!(answer.text(), CHALLENGE);
    let kind = answer.header("content-type").expect("a content type");
    assert_eq!(kind.split(';').next(), Some("text/plain"));
}

#[tokio::test]
async fn a_wrong_verify_token_is_403_without_the_challenge() {
    let Office { crm, webhook, .. } = &Office::open().await;
    let right = &webhook.verify_token;
    for wrong in ["", "wrong", &right[1..], &format!("{right}x")] {
        let answer = webhook.handshake(crm, wrong, CHALLENGE).await.expect(403);
        assert!(!answer.mentions(CHALLENGE));
    }
}

// ---- What is kept --------------------------------------------------------

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

// ---- Reset ---------------------------------------------------------------

#[tokio::test]
async fn reset_ends_the_old_path_and_opens_a_new_one() {
    let office = Office::open().await;
    let (crm, old) = (&office.crm, &office.webhook);
    let answer = crm
        .post("/api/connections/reset", &json!({"page": old.page}))
        .await;
    answer.expect(200);
    let connections = office.connections().await;
    assert_eq!(connections.len(), 1);
    let new = Webhook::of(&connections[0], &office.simulator);
    assert_eq!(new.page, old.page);
    assert_ne!(new.path, old.path);
    assert_ne!(new.verify_token, old.verify_token);

    let body = office.hello("m_reset");
    old.deliver(crm, &body).await.expect(404);
    for token in [&old.verify_token, &new.verify_token] {
        old.handshake(crm, token, CHALLENGE).await.expect(404);
    }
    assert_eq!(office.customers().await, 0);

    let token = &old.verify_token;
    new.handshake(crm, token, CHALLENGE).await.expect(403);
    let token = &new.verify_token;
    new.handshake(crm, token, CHALLENGE).await.expect(200);
    new.deliver(crm, &body).await.expect(200);
    assert_eq!(office.customers().await, 1);
}

// ---- Secrets -------------------------------------------------------------

#[tokio::test]
async fn secrets_are_never_sent_back() {
    let folder = Folder::new();
    let simulator = util::simulator().await;
    let crm = Crm::start(&folder, &simulator).await;
    let app = simulator.app();
    let connected = crm
        .post("/api/connections", &credentials(&simulator))
        .await
        .expect(201);
    let listed = crm.get("/api/connections").await.expect(200);
    assert!(listed.mentions(&app.page_id));
    let mut answers = vec![connected, listed];
    for path in ["/", "/settings", "/api/pages"] {
        answers.push(crm.get(path).await.expect(200));
    }
    let reset = json!({"page": app.page_id});
    answers.push(crm.post("/api/connections/reset", &reset).await.expect(200));
    // A refusal must not repeat what it refuses.
    let mut wrong = credentials(&simulator);
    wrong["app_id"] = json!("no number");
    answers.push(crm.post("/api/connections", &wrong).await.expect(422));
    for answer in answers {
        assert!(!answer.mentions(&app.app_secret), "{}", answer.text());
        assert!(!answer.mentions(&app.page_token), "{}", answer.text());
    }
}

#[tokio::test]
async fn secrets_are_not_readable_in_the_database_files() {
    let mut office = Office::open().await;
    let body = office.hello("m_in_the_files");
    office.webhook.deliver(&office.crm, &body).await.expect(200);
    office.crm.kill();
    let app = office.simulator.app();
    assert!(office.folder.holds(b"m_in_the_files"));
    assert!(!office.folder.holds(app.app_secret.as_bytes()));
    assert!(!office.folder.holds(app.page_token.as_bytes()));
    // Nor in other clothes.
    assert!(!office.folder.holds(&bytes(&app.app_secret)));
    assert!(!office.folder.holds(&app.page_token.as_bytes()[40..80]));
}

/// What the hexadecimal digits stand for.
fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().map(|digit| digit.to_digit(16)).collect();
    let byte = |pair: &[Option<u32>]| u8::try_from(pair[0].unwrap() * 16 + pair[1].unwrap());
    digits.chunks(2).map(|pair| byte(pair).unwrap()).collect()
}

#[tokio::test]
async fn settings_of_the_demo_are_read_only() {
    let folder = Folder::new();
    let crm = Crm::demo(&folder).await;
    let answer = crm.get("/api/connections").await.expect(200).json();
    assert_eq!(answer["read_only"], true);
    let before = connections(&crm).await;
    assert_eq!(before.len(), 1);

    let simulator = util::simulator().await;
    let connect = crm.post("/api/connections", &credentials(&simulator)).await;
    let connect = connect.expect(403);
    assert_eq!(connect.json()["error"]["code"], "read_only");
    let page = before[0]["page"]["id"].clone();
    let reset = json!({"page": page});
    let reset = crm.post("/api/connections/reset", &reset).await.expect(403);
    assert_eq!(reset.json()["error"]["code"], "read_only");
    assert_eq!(connections(&crm).await, before);
}

// ---- Who may look --------------------------------------------------------

#[tokio::test]
async fn pages_refuse_a_host_name_that_is_not_local() {
    let office = Office::open().await;
    let crm = &office.crm;
    let port = crm.address.rsplit(':').next().unwrap();
    for path in ["/", "/settings", "/api/connections", "/api/events"] {
        for host in [
            "evil.example".to_owned(),
            format!("evil.example:{port}"),
            format!("localhost.evil.example:{port}"),
            format!("127.0.0.1.evil.example:{port}"),
        ] {
            let headers = format!("host: {host}\r\n");
            let answer = crm.ask_as("GET", path, &headers, b"").await;
            let answer = answer.expect_one_of(&[403, 421]);
            assert!(!answer.mentions(&office.webhook.verify_token));
        }
    }
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        for headers in [
            format!("host: {host}\r\n"),
            format!("host: {host}:{port}\r\n"),
        ] {
            for path in ["/", "/api/connections"] {
                crm.ask_as("GET", path, &headers, b"").await.expect(200);
            }
        }
    }
}

#[tokio::test]
async fn the_webhook_works_under_any_host_name() {
    let office = Office::open().await;
    let body = office.hello("m_host");
    let signature = office.webhook.signature(&body);
    let headers = format!("host: crm.example\r\n{signature}");
    let path = &office.webhook.path;
    let answer = office.crm.ask_as("POST", path, &headers, &body).await;
    answer.expect(200);
    assert_eq!(office.customers().await, 1);
}

#[tokio::test]
async fn other_sites_cannot_post_to_the_api() {
    let folder = Folder::new();
    let simulator = util::simulator().await;
    let crm = Crm::start(&folder, &simulator).await;
    let body = credentials(&simulator).to_string();
    for headers in [
        "",
        "content-type: text/plain\r\n",
        "content-type: application/x-www-form-urlencoded\r\n",
        "content-type: text/plain; application/json\r\n",
        "content-type: application/json\r\nsec-fetch-site: cross-site\r\n",
    ] {
        let answer = crm
            .ask("POST", "/api/connections", headers, body.as_bytes())
            .await;
        answer.expect_one_of(&[403, 415]);
    }
    assert_eq!(connections(&crm).await, [] as [Value; 0]);

    let headers = "content-type: application/json\r\nsec-fetch-site: same-origin\r\n";
    let answer = crm
        .ask("POST", "/api/connections", headers, body.as_bytes())
        .await;
    answer.expect(201);
}

// ---- Starting and stopping -----------------------------------------------

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

    let id = office.crm.id().to_string();
    let told = std::process::Command::new("kill")
        .args(["-TERM", &id])
        .status();
    assert!(told.unwrap().success());
    let status = office.crm.ended(Duration::from_secs(5)).await;
    assert_eq!(status.expect("an end in 5 seconds").code(), Some(0));
    drop(stream);
}

// ---- When it cannot keep what it is told -----------------------------------

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
