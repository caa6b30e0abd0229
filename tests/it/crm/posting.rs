//! Who may post to the webhook, how much, and the handshake.

use super::*;

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
