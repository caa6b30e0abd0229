//! POSTs to the example `webhook` over raw sockets.

use messenger_crm::webhook::MAX_BODY_BYTES;

use super::host::{CHALLENGE, Host, PAGE, TOKEN, command, padded, query};
use super::{BODY, SECRET, SHA1};
use crate::util::{SOON, exchange_raw, gives_up, message, notification, signature, signed};

/// `BODY`, compressed with gzip.
const GZIPPED: &[u8] = &[
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 171, 86, 202, 79, 202, 74, 77, 46, 81, 178, 82, 42, 72, 76,
    79, 85, 210, 81, 74, 205, 43, 41, 170, 84, 178, 138, 142, 173, 5, 0, 185, 239, 120, 182, 28, 0,
    0, 0,
];

// ---- Configuration --------------------------------------------------------

#[tokio::test]
async fn v23_without_its_variables_the_program_does_not_start() {
    for (secret, token, about) in [
        (None, Some(TOKEN), "APP_SECRET is not set"),
        (Some(SECRET), None, "VERIFY_TOKEN is not set"),
    ] {
        let ended = gives_up(&mut command(secret, token)).await;
        ended.is_one_clear_line(about);
    }
}

#[tokio::test]
async fn v20_v21_h3_with_a_blank_or_padded_secret_the_program_does_not_start() {
    for wrong in ["", "  ", "\n"] {
        let ended = gives_up(&mut command(Some(wrong), Some(TOKEN))).await;
        ended.is_one_clear_line("the App Secret is blank");
        let ended = gives_up(&mut command(Some(SECRET), Some(wrong))).await;
        ended.is_one_clear_line("the verify token is blank");
    }
    let padded = format!("{SECRET}\n");
    let ended = gives_up(&mut command(Some(&padded), Some(TOKEN))).await;
    ended.is_one_clear_line("the App Secret has white space at its start or end");
    assert!(!ended.stderr.contains(SECRET));
}

// ---- Signature ------------------------------------------------------------

#[tokio::test]
async fn v1_v5_v13_v14_only_a_valid_signature_header_is_200() {
    let host = Host::start().await;
    let right = signature(SECRET, BODY);
    let wrong = signature(SECRET, b"another body");
    let legacy = format!("x-hub-signature: sha1={SHA1}\r\n");
    host.post(&right, BODY).await.expect(200);
    host.post(&format!("{legacy}{right}"), BODY)
        .await
        .expect(200);
    for headers in [
        "",
        "x-hub-signature-256:\r\n",
        "x-hub-signature-256: sha256=\r\n",
        &format!("x-hub-signature-256: sha1={SHA1}\r\n"),
        &wrong,
        &legacy,
        &format!("{legacy}{wrong}"),
    ] {
        let answer = host.post(headers, BODY).await.expect(401);
        assert_eq!(answer.text(), "not signed by this app\n", "{headers}");
    }
}

/// HTTP strips white space from both ends of a value, so the signature is valid.
#[tokio::test]
async fn v9_white_space_around_the_header_value_is_ignored() {
    let host = Host::start().await;
    let value = signed(SECRET, BODY);
    let padded = format!("x-hub-signature-256: \t {value} \t \r\n");
    host.post(&padded, BODY).await.expect(200);
    for tail in [",", ";", " x", "\u{a0}"] {
        let headers = format!("x-hub-signature-256: {value}{tail}\r\n");
        host.post(&headers, BODY).await.expect(401);
    }
}

#[tokio::test]
async fn v18_two_signature_headers_are_401() {
    let host = Host::start().await;
    let right = signature(SECRET, BODY);
    let wrong = signature(SECRET, b"another body");
    let capitals = right.to_uppercase().replace("SHA256", "sha256");
    host.post(&capitals, BODY).await.expect(200);
    for headers in [
        [&right, &right],
        [&right, &wrong],
        [&wrong, &right],
        [&right, &capitals],
    ] {
        let headers = headers.map(String::as_str).concat();
        host.post(&headers, BODY).await.expect(401);
    }
}

#[tokio::test]
async fn v26_a_large_body_with_a_wrong_signature_is_401() {
    let host = Host::start().await;
    let body = padded(10_000_000);
    host.post(&signature("another", &body), &body)
        .await
        .expect(401);
    // An unsigned body is not read as JSON, so its syntax error is not reported.
    host.post(&signature("another", b"{"), b"{")
        .await
        .expect(401);
    let mut host = host;
    host.process.kill();
    host.process.ended(SOON).await.unwrap();
    assert_eq!(*host.process.stderr.lock().unwrap(), "");
}

#[tokio::test]
async fn g9_v31_the_signature_is_checked_before_the_content_encoding() {
    let host = Host::start().await;
    for (encoding, unsigned) in [
        ("gzip", 415),
        ("br", 415),
        ("made up", 415),
        ("identity", 401),
    ] {
        // The signature covers the received bytes: signed gzip is from Meta and unreadable.
        for (signed, sent, status) in [
            (BODY, BODY, 200),
            (GZIPPED, GZIPPED, 200),
            (BODY, GZIPPED, unsigned),
            (GZIPPED, BODY, unsigned),
        ] {
            let signature = signature(SECRET, signed);
            let headers = format!("content-encoding: {encoding}\r\n{signature}");
            host.post(&headers, sent).await.expect(status);
        }
    }
    host.deliver(GZIPPED).await.expect(200);
    host.post(&signature(SECRET, BODY), GZIPPED)
        .await
        .expect(401);
}

#[tokio::test]
async fn h13_the_content_type_does_not_matter() {
    let host = Host::start().await;
    for kind in [
        "",
        "content-type: application/json\r\n",
        "content-type: application/json; charset=utf-8\r\n",
        "content-type: text/plain\r\n",
        "content-type: application/x-www-form-urlencoded\r\n",
        "content-type: nonsense\r\n",
        "content-type: text/plain\r\ncontent-type: text/html\r\n",
    ] {
        let headers = format!("{kind}{}", signature(SECRET, BODY));
        host.post(&headers, BODY).await.expect(200);
        host.post(kind, BODY).await.expect(401);
    }
}

// ---- Limits ---------------------------------------------------------------

#[tokio::test]
async fn v25_a_body_up_to_the_limit_is_200_and_one_byte_more_is_413() {
    let host = Host::start().await;
    for length in [1 << 20, MAX_BODY_BYTES] {
        host.deliver(&padded(length)).await.expect(200);
    }
    // One byte: signed and unreadable.
    host.deliver(b"{").await.expect(200);
    host.deliver(&padded(MAX_BODY_BYTES + 1)).await.expect(413);
}

/// The server refuses the length without waiting for the body.
#[tokio::test]
async fn v25_a_body_that_is_too_long_is_refused_before_it_arrives() {
    let host = Host::start().await;
    let announced = format!("content-length: {}\r\n", MAX_BODY_BYTES + 1);
    host.send("POST", "/webhook", &announced, b"")
        .await
        .expect(413);

    let size = MAX_BODY_BYTES + 1;
    let mut chunk = format!("{size:x}\r\n").into_bytes();
    chunk.resize(chunk.len() + size, b' ');
    let chunked = "transfer-encoding: chunked\r\n";
    host.send("POST", "/webhook", chunked, &chunk)
        .await
        .expect(413);
}

#[tokio::test]
async fn i14_f18_a_slow_client_is_cut_off_and_others_are_served() {
    let host = Host::start().await;
    let head = host.head("POST", "/webhook", "content-length: 9\r\n");
    let half_a_head = exchange_raw(&host.address, &head.as_bytes()[..head.len() - 9]);
    let half_a_body = host.send("POST", "/webhook", "content-length: 9\r\n", b"slow");
    let another = async { host.deliver(BODY).await.expect(200) };
    let (head, body, _) = tokio::join!(half_a_head, half_a_body, another);
    assert!(!head.starts_with(b"HTTP/1.1 2"));
    body.expect(408);
}

// ---- Request smuggling ----------------------------------------------------

/// An unsigned POST follows each request. A proxy may have read it as part of the body.
#[tokio::test]
async fn w16_an_ambiguous_request_ends_the_connection() {
    let host = Host::start().await;
    let right = signature(SECRET, BODY);
    let body = String::from_utf8_lossy(BODY);
    let length = format!("content-length: {}\r\n", BODY.len());
    let chunked = "transfer-encoding: chunked\r\n";
    let chunk = format!("{:x}\r\n{body}\r\n0\r\n\r\n", BODY.len());
    let large = format!("{length}x: {}\r\n", "a".repeat(1 << 20));
    for (headers, body, statuses) in [
        // Unambiguous: both requests are answered.
        (length.as_str(), &*body, &["200", "401"][..]),
        (&format!("{length}{length}"), &body, &["200", "401"]),
        (chunked, &chunk, &["200", "401"]),
        ("transfer-encoding:\tchunked\r\n", &chunk, &["200", "401"]),
        // The chunks count, and the connection is closed after them.
        (&format!("content-length: 4\r\n{chunked}"), &chunk, &["200"]),
        (&format!("{chunked}content-length: 4\r\n"), &chunk, &["200"]),
        // Invalid or ambiguous.
        (&format!("{length}content-length: 0\r\n"), &body, &["400"]),
        ("content-length: 28, 28\r\n", &body, &["400"]),
        ("content-length: +28\r\n", &body, &["400"]),
        ("content-length: -1\r\n", &body, &["400"]),
        ("transfer-encoding : chunked\r\n", &chunk, &["400"]),
        (
            &format!("transfer-encoding: xchunked\r\n{length}"),
            &body,
            &["400"],
        ),
        ("transfer-encoding: chunked, identity\r\n", &chunk, &["400"]),
        (
            &format!("{chunked}transfer-encoding: identity\r\n"),
            &chunk,
            &["400"],
        ),
        (chunked, "fffffffffffffffff\r\n{}", &["400"]),
        (&format!("x: a\r\n b\r\n{length}"), &body, &["400"]),
        (&format!("x: a\rb\r\n{length}"), &body, &["400"]),
        (&format!("x: a\0b\r\n{length}"), &body, &["400"]),
        (&large, &body, &["431"]),
    ] {
        let request = format!(
            "POST /webhook HTTP/1.1\r\nhost: x\r\n{right}{headers}\r\n{body}\
             POST /webhook HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let answers = exchange_raw(&host.address, request.as_bytes()).await;
        let answers = String::from_utf8(answers).unwrap();
        let found: Vec<_> = answers
            .match_indices("HTTP/1.1 ")
            .map(|(at, name)| &answers[at + name.len()..][..3])
            .collect();
        assert_eq!(found, statuses, "{headers:.60}");
    }
}

// ---- Logs and path --------------------------------------------------------

#[tokio::test]
async fn h12_v27_nothing_private_is_logged() {
    let mut host = Host::start().await;
    let (psid, text) = ("7324561089432101", "a private word");
    let body = notification(PAGE, &[message(PAGE, psid, "m_private", text)]);
    host.deliver(&body).await.expect(200);
    let spoilt = &body[..body.len() - 9];
    host.deliver(spoilt).await.expect(200);
    host.post(&signature("another", &body), &body)
        .await
        .expect(401);
    host.handshake(&query("T%2B%C3%BC", CHALLENGE))
        .await
        .expect(200);
    host.handshake(&query("wrong-token", CHALLENGE))
        .await
        .expect(403);
    host.process.kill();
    host.process.ended(SOON).await.unwrap();
    let stdout = host.process.stdout.lock().unwrap().clone();
    let stderr = host.process.stderr.lock().unwrap().clone();
    assert!(stdout.contains("1 events committed"), "{stdout}");
    assert!(stderr.contains("unreadable"), "{stderr}");
    let right = signed(SECRET, &body);
    for private in [
        SECRET,
        TOKEN,
        "%2B",
        "wrong-token",
        CHALLENGE,
        psid,
        text,
        &right[7..],
    ] {
        assert!(!stdout.contains(private), "{private}: {stdout}");
        assert!(!stderr.contains(private), "{private}: {stderr}");
    }
}

#[tokio::test]
async fn h14_only_the_exact_path_is_served() {
    let host = Host::start().await;
    let headers = signature(SECRET, BODY);
    for path in [
        "/",
        "/webhook/",
        "//webhook",
        "/Webhook",
        "/WEBHOOK",
        "/webhook/x",
        "/x/../webhook",
        "/./webhook",
        "/%77ebhook",
        "/webhook%00",
        "/webhook;x",
    ] {
        let posted = host.ask("POST", path, &headers, BODY).await;
        posted.expect(404);
        let path = format!("{path}?{}", query("T%2B%C3%BC", CHALLENGE));
        host.ask("GET", &path, "", b"").await.expect(404);
    }
    // A query is not part of the path, and a proxy may send an absolute URL.
    let whole = format!("http://{}/webhook", host.address);
    for path in ["/webhook?", "/webhook?x=1", &whole] {
        host.ask("POST", path, &headers, BODY).await.expect(200);
    }
}
