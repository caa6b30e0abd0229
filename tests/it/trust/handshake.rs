//! Handshakes with the example `webhook` over raw sockets.

use super::host::{CHALLENGE, Host, query};
use super::{BODY, SECRET};
use crate::util::signature;

#[tokio::test]
async fn h1_h8_the_challenge_comes_back_as_plain_text() {
    let host = Host::start().await;
    for (sent, challenge) in [
        (CHALLENGE, CHALLENGE),
        (
            "%3Cscript%3Ealert(1)%3C/script%3E",
            "<script>alert(1)</script>",
        ),
        ("a+b%2Bc", "a b+c"),
    ] {
        let answer = host.handshake(&query("T%2B%C3%BC", sent)).await.expect(200);
        assert_eq!(answer.text(), challenge);
        assert_eq!(
            answer.header("content-type"),
            Some("text/plain; charset=utf-8")
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}

#[tokio::test]
async fn h2_h3_another_token_is_403() {
    let host = Host::start().await;
    for token in [
        "",
        "T",
        "T%2B%C3%BCx",
        "t%2B%C3%BC",
        "T%2B%C3%9C",
        "T+%C3%BC",
    ] {
        let answer = host.handshake(&query(token, CHALLENGE)).await.expect(403);
        assert!(!answer.mentions(CHALLENGE), "{token}");
    }
}

#[tokio::test]
async fn h3_h4_h5_h6_h7_h10_a_malformed_handshake_is_400() {
    let host = Host::start().await;
    let right = query("T%2B%C3%BC", CHALLENGE);
    let twice = |part: &str| format!("{right}&{part}");
    for query in [
        String::new(),
        format!("hub.mode=subscribe&hub.challenge={CHALLENGE}"),
        "hub.mode=subscribe&hub.verify_token=T%2B%C3%BC".into(),
        right.replace("hub.mode=subscribe&", ""),
        right.replace("subscribe", "unsubscribe"),
        right.replace("subscribe", "Subscribe"),
        twice("hub.verify_token=T%2B%C3%BC"),
        twice("hub.verify_token=wrong"),
        format!("hub.verify_token=wrong&{right}"),
        twice("hub.challenge=1"),
        twice("hub.mode=subscribe"),
        query("%zz", CHALLENGE),
        query("T%2B%C3", CHALLENGE),
        right.replace("hub.", "hub_"),
        right.replace("hub.verify_token", "hub[verify_token]"),
        right.replace("hub.verify_token", "hub.verify_token[]"),
    ] {
        let answer = host.handshake(&query).await.expect(400);
        assert!(!answer.mentions(CHALLENGE), "{query}");
    }
    let nul = host.handshake(&query("T%2B%C3%BC%00", CHALLENGE)).await;
    nul.expect(403);
}

#[tokio::test]
async fn h9_a_challenge_has_at_most_256_bytes() {
    let host = Host::start().await;
    let ask = async |length| {
        host.handshake(&query("T%2B%C3%BC", &"1".repeat(length)))
            .await
    };
    ask(256).await.expect(200);
    ask(257).await.expect(400);
    // Longer than a request head may be.
    ask(1 << 20).await.expect_one_of(&[400, 414, 431]);
}

#[tokio::test]
async fn h11_other_methods_are_405_with_allow() {
    let host = Host::start().await;
    let headers = signature(SECRET, BODY);
    for method in [
        "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "TRACE", "PURGE", "get",
    ] {
        let answer = host.ask(method, "/webhook", &headers, BODY).await;
        assert_eq!(answer.expect(405).header("allow"), Some("GET, POST"));
    }
}
