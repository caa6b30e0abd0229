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

#[tokio::test]
async fn l7_l10_a_person_uploads_files_whose_links_redirect_and_end() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    let yijun = customer(&simulator, YIJUN);
    yijun.uploads("a.png", "image/png", "").unwrap_err();
    for (name, media_type, kind, served) in [
        ("tea \u{8336}.png", "image/png", "image", "image/png"),
        ("note.ogg", "audio/ogg", "audio", "audio/ogg"),
        ("clip.webm", "video/webm", "video", "video/webm"),
        ("bill.pdf", "application/pdf", "file", "application/pdf"),
        ("page.html", "text/html", "file", "application/octet-stream"),
        (
            "draw.svg",
            "image/svg+xml",
            "image",
            "application/octet-stream",
        ),
    ] {
        let content = format!("content of {name}");
        let mid = yijun.uploads(name, media_type, content.as_str()).unwrap();
        let message = callback.next().await.item()["message"].clone();
        assert_eq!(message["mid"], *mid);
        let attachment = &message["attachments"][0];
        assert_eq!(attachment["type"], kind, "{name}");
        let url = attachment["payload"]["url"].as_str().unwrap();
        let path = url.strip_prefix(&simulator.url()).unwrap();
        let file = download(&simulator, path).await;
        assert_eq!((file.status, file.text()), (200, content.as_str()));
        let head = format!("content-type: {served}\r\n");
        assert!(file.head.contains(&head), "{name} {}", file.head);
        let forged = path.replace("hash=", "hash=0");
        let refused = ask(&simulator, &format!("GET {forged}"), "", "").await;
        assert_eq!(
            (refused.status, refused.text()),
            (403, "URL signature expired")
        );
        simulator.advance(Duration::from_secs(30 * 24 * 3600));
        let ended = ask(&simulator, &format!("GET {path}"), "", "").await;
        assert_eq!(ended.status, 403, "{name}");
        // The history has a new link to the same file.
        let past = graph(&simulator, "GET", &mid, "").await.json();
        let data = &past["attachments"]["data"][0];
        assert_eq!(
            (&data["name"], &data["size"]),
            (&json!(name), &json!(content.len()))
        );
        let urls = [
            &data["image_data"]["url"],
            &data["video_data"]["url"],
            &data["file_url"],
        ];
        let url = urls.iter().find_map(|url| url.as_str()).unwrap();
        let path = url.strip_prefix(&simulator.url()).unwrap();
        assert_eq!(download(&simulator, path).await.text(), content);
    }
}

#[tokio::test]
async fn the_page_uploads_a_file_and_shows_those_of_the_crm() {
    let simulator = start().await;
    let path = format!("POST /phone/uploads?psid={YIJUN}&name=tea.png&type=image/png");
    let bytes = "content-type: application/octet-stream\r\n";
    let uploaded = ask(&simulator, &path, bytes, "PNG of the person").await;
    assert_eq!(uploaded.status, 200, "{}", uploaded.text());
    // More than a mebibyte, as a photo has.
    let large = "x".repeat(2 << 20);
    assert_eq!(ask(&simulator, &path, bytes, &large).await.status, 200);
    for (headers, status) in [
        (format!("{bytes}origin: https://evil.example\r\n"), 403),
        ("content-type: application/json\r\n".to_owned(), 415),
        ("content-type: text/plain\r\n".to_owned(), 415),
    ] {
        assert_eq!(ask(&simulator, &path, &headers, "x").await.status, status);
    }
    assert_eq!(ask(&simulator, &path, bytes, "").await.status, 422);

    let part = |name: &str, more: &str, value: &str| {
        format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{value}\r\n")
    };
    let recipient = json!({"id": YIJUN}).to_string();
    let message = json!({"attachment": {"type": "audio", "payload": {}}}).to_string();
    let file = "; filename=\"hello.ogg\"\r\nContent-Type: audio/ogg";
    let form = [
        part("recipient", "", &recipient),
        part("message", "", &message),
        part("filedata", file, "OGG of the Page"),
        "--B--\r\n".to_owned(),
    ];
    let token = &simulator.app().page_token;
    let proof = proof(&simulator);
    let headers = format!(
        "authorization: Bearer {token}\r\ncontent-type: multipart/form-data; boundary=B\r\n"
    );
    let request = format!("POST /v27.0/me/messages?appsecret_proof={proof}");
    let sent = ask(&simulator, &request, &headers, &form.concat()).await;
    assert_eq!(sent.status, 200, "{}", sent.text());
    let state = format!("GET /phone/state?psid={YIJUN}");
    let state = ask(&simulator, &state, "", "").await.json();
    let messages = state["messages"].as_array().unwrap();
    assert_eq!(messages.len(), 3);
    for (message, kind, name, content) in [
        (&messages[0], "image", "tea.png", "PNG of the person"),
        (&messages[2], "audio", "hello.ogg", "OGG of the Page"),
    ] {
        let attachment = &message["attachments"][0];
        assert_eq!(attachment["kind"], kind);
        let path = attachment["url"].as_str().unwrap();
        assert!(
            path.starts_with("/attachments/") && path.contains(name),
            "{path}"
        );
        assert_eq!(download(&simulator, path).await.text(), content);
    }
}
