//! The page with the phone.

use super::*;

#[tokio::test]
async fn the_page_runs_its_own_script_only() {
    let simulator = start().await;
    let page = ask(&simulator, "GET /", "", "").await;
    assert!(
        page.head.contains("default-src 'none'; script-src 'self'"),
        "{}",
        page.head
    );
    let html = page.text();
    for inline in ["style=", "onclick", "<style", "<script>"] {
        assert!(!html.contains(inline), "{inline}");
    }
    for file in [
        "phone.js",
        "phone.css",
        "page.png",
        &format!("people/{JONAS}.png"),
    ] {
        let answer = ask(&simulator, &format!("GET /phone/{file}"), "", "").await;
        assert_eq!(answer.status, 200, "{file}");
    }
}

#[tokio::test]
async fn the_page_writes_and_subscribes() {
    let mut callback = Callback::start().await;
    let simulator = start().await;
    let subscription =
        |token| json!({"callback_url": callback.url, "verify_token": token}).to_string();
    let refused = phone(&simulator, "subscription", "", &subscription("other")).await;
    assert_eq!(
        (refused.status, refused.json()),
        (
            422,
            json!({"error": "callback answered the handshake with HTTP status 403, not 200"})
        )
    );
    let saved = phone(&simulator, "subscription", "", &subscription("right")).await;
    assert_eq!(saved.status, 200);
    let body = json!({"psid": YIJUN, "text": "hi"}).to_string();
    let written = phone(
        &simulator,
        "messages",
        "sec-fetch-site: same-origin\r\n",
        &body,
    )
    .await;
    let item = callback.next().await.item();
    assert_eq!(item["message"]["mid"], written.json()["mid"]);
    phone(
        &simulator,
        "answers",
        "",
        r#"{"sends":"token_expired","profiles":"empty"}"#,
    )
    .await;
    assert_eq!(
        send(&simulator, text(YIJUN, "hi")).await.refusal()["code"],
        190
    );
    assert_eq!(graph(&simulator, "GET", YIJUN, "").await.json(), json!({}));
}

#[tokio::test]
async fn other_sites_cannot_use_the_phone() {
    let simulator = start().await;
    let body = json!({"psid": YIJUN, "text": "hi"}).to_string();
    let origin = "origin: https://evil.example\r\n";
    let neighbour = "origin: http://127.0.0.1:1\r\n";
    for header in [
        "sec-fetch-site: cross-site\r\n",
        "sec-fetch-site: same-site\r\n",
        origin,
        neighbour,
    ] {
        assert_eq!(
            phone(&simulator, "messages", header, &body).await.status,
            403,
            "{header}"
        );
    }
    let form = "content-type: text/plain\r\n";
    assert_eq!(
        ask(&simulator, "POST /phone/messages", form, &body)
            .await
            .status,
        415
    );
    let rebound = "GET /phone/app HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n";
    assert_eq!(
        exchange(&simulator, rebound.to_owned())
            .await
            .unwrap()
            .status,
        403
    );
    assert!(simulator.thread(YIJUN).unwrap().is_empty());
}

#[tokio::test]
async fn a_body_over_a_mebibyte_is_refused() {
    let simulator = start().await;
    let body = " ".repeat((1 << 20) + 1);
    assert_eq!(phone(&simulator, "messages", "", &body).await.status, 413);
}
