//! What the Page sends.

use super::*;

#[tokio::test]
async fn a_sent_message_is_shown_echoed_delivered_and_read() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    let mut body = text(AMELIE, "Bonjour ☕");
    body["message"]["metadata"] = json!("key-1");
    let sent = send(&simulator, body).await;
    let mid = sent.json()["message_id"].as_str().unwrap().to_owned();
    assert_eq!(sent.status, 200);
    assert_eq!(
        sent.json(),
        json!({"recipient_id": AMELIE, "message_id": mid})
    );
    let shown = &simulator.thread(AMELIE).unwrap()[0];
    assert_eq!(
        (shown.text.as_deref(), shown.from_page),
        (Some("Bonjour ☕"), true)
    );

    let app_id: u64 = simulator.app().app_id.parse().unwrap();
    assert_eq!(
        callback.next().await.item(),
        json!({
            "sender": {"id": PAGE}, "recipient": {"id": AMELIE}, "timestamp": shown.timestamp,
            "message": {"is_echo": true, "app_id": app_id, "metadata": "key-1", "mid": mid, "text": "Bonjour ☕"},
        })
    );
    let delivered = callback.next().await.item();
    assert_eq!(delivered["sender"], json!({"id": AMELIE}));
    assert_eq!(
        delivered["delivery"],
        json!({"mids": [mid], "watermark": shown.timestamp})
    );

    callback.silence().await;
    assert!(customer(&simulator, AMELIE).reads().unwrap());
    let read = callback.next().await.item();
    assert_eq!(read["sender"], json!({"id": AMELIE}));
    assert_eq!(read["read"], json!({"watermark": shown.timestamp}));
    assert!(
        !customer(&simulator, AMELIE).reads().unwrap(),
        "read once only"
    );
    callback.silence().await;
}

#[tokio::test]
async fn what_the_page_has_not_sent_cannot_be_read() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    simulator.write(YIJUN, "mine").unwrap();
    callback.next().await;
    assert!(!customer(&simulator, YIJUN).reads().unwrap());
    callback.silence().await;
}

#[tokio::test]
async fn an_attachment_by_address_is_delivered_as_such() {
    let simulator = start().await;
    let attachment = json!({"type": "image", "payload": {"url": "https://shop.example/shirt.png"}});
    let body = json!({"recipient": {"id": YIJUN}, "message": {"attachment": attachment}});
    assert_eq!(send(&simulator, body).await.status, 200);
    let shown = simulator
        .thread(YIJUN)
        .unwrap()
        .remove(0)
        .attachment
        .unwrap();
    assert_eq!(
        (&*shown.kind, &*shown.url),
        ("image", "https://shop.example/shirt.png")
    );
}

#[tokio::test]
async fn a_form_is_as_good_as_json() {
    let simulator = start().await;
    let app = simulator.app();
    let body = format!(
        "access_token={}&appsecret_proof={}&recipient=%7B%22id%22%3A%22{YIJUN}%22%7D&message=%7B%22text%22%3A%22hi%22%7D",
        app.page_token,
        proof(&simulator)
    );
    let headers = "content-type: application/x-www-form-urlencoded\r\n";
    let sent = ask(&simulator, "POST /v7.0/me/messages", headers, &body).await;
    assert_eq!(sent.json()["recipient_id"], YIJUN);
}

#[tokio::test]
async fn sender_actions_answer_without_a_message_id() {
    let simulator = start().await;
    for action in ["typing_on", "typing_off", "mark_seen", "TYPING_ON"] {
        let body = json!({"recipient": {"id": YIJUN}, "sender_action": action});
        assert_eq!(
            send(&simulator, body).await.json(),
            json!({"recipient_id": YIJUN})
        );
    }
    let state = ask(
        &simulator,
        &format!("GET /phone/state?psid={YIJUN}"),
        "",
        "",
    )
    .await;
    assert_eq!(state.json()["typing"], true);
    assert!(simulator.thread(YIJUN).unwrap().is_empty());
}

#[tokio::test]
async fn wrong_sends_are_refused_and_reach_nobody() {
    let simulator = start().await;
    let refused = |code: u32, subcode: Option<u32>, message: &str| {
        let mut error = json!({"message": message, "type": "OAuthException", "code": code});
        if let Some(subcode) = subcode {
            error["error_subcode"] = json!(subcode);
        }
        error
    };
    let both = json!({
        "recipient": {"id": YIJUN}, "message": {"text": "hi"}, "sender_action": "typing_on",
    });
    let mut tagged = text(YIJUN, "hi");
    tagged["messaging_type"] = json!("MESSAGE_TAG");
    tagged["tag"] = json!("ACCOUNT_UPDATE");
    let mut template = text(YIJUN, "hi");
    template["message"]["dynamic_text"] = json!({});
    let empty = "(#100) Message cannot be empty, must provide valid attachment or text";
    for (body, error) in [
        (
            text("1", "hi"),
            refused(100, Some(2_018_001), "(#100) No matching user found"),
        ),
        (
            both,
            refused(
                100,
                Some(2_018_014),
                "(#100) A request has either message or sender_action, not both",
            ),
        ),
        (text(YIJUN, ""), refused(100, None, empty)),
        (
            text(YIJUN, &"字".repeat(2001)),
            refused(
                100,
                None,
                "(#100) Length of param message[text] must be less than or equal to 2000",
            ),
        ),
        (
            json!({"message": {"text": "hi"}}),
            refused(100, None, "(#100) The parameter recipient is required"),
        ),
        (
            tagged,
            refused(
                100,
                None,
                "(#100) Param tag must be one of {HUMAN_AGENT, CUSTOMER_FEEDBACK}",
            ),
        ),
        (
            template,
            refused(
                100,
                None,
                "(#100) This simulator does not know message[dynamic_text]",
            ),
        ),
    ] {
        let answer = send(&simulator, body).await;
        assert_eq!((answer.status, answer.refusal()), (400, error));
    }
    assert!(simulator.thread(YIJUN).unwrap().is_empty());
    assert_eq!(
        send(&simulator, text(YIJUN, &"字".repeat(2000)))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn chosen_refusals_reach_nobody_and_end_with_the_choice() {
    let simulator = start().await;
    for (answer, status, code, subcode, transient) in [
        (
            SendAnswer::OutsideWindow,
            400,
            10,
            json!(2_018_278),
            Value::Null,
        ),
        (SendAnswer::TokenExpired, 400, 190, json!(463), Value::Null),
        (SendAnswer::Unavailable, 503, 2, Value::Null, json!(true)),
    ] {
        simulator.answer_sends(answer);
        let refused = send(&simulator, text(YIJUN, "hi")).await;
        let error = refused.refusal();
        assert_eq!((refused.status, &error["code"]), (status, &json!(code)));
        assert_eq!(
            (&error["error_subcode"], &error["is_transient"]),
            (&subcode, &transient)
        );
    }
    assert!(simulator.thread(YIJUN).unwrap().is_empty());
    simulator.answer_sends(SendAnswer::Accepted);
    assert_eq!(send(&simulator, text(YIJUN, "hi")).await.status, 200);
}

#[tokio::test]
async fn a_send_without_an_answer_is_delivered_all_the_same() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    simulator.answer_sends(SendAnswer::NoAnswer);
    let (body, proof) = (text(YIJUN, "hello?").to_string(), proof(&simulator));
    let request = format!(
        "POST /v25.0/me/messages?appsecret_proof={proof} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n{}\r\n{body}",
        body.len(),
        bearer(&simulator)
    );
    assert!(exchange(&simulator, request).await.is_none());
    assert_eq!(callback.next().await.item()["message"]["text"], "hello?");
    assert_eq!(simulator.thread(YIJUN).unwrap().len(), 1);
}

#[tokio::test]
async fn a_saved_attachment_can_be_sent_for_ninety_days() {
    let simulator = start().await;
    let payload = json!({"url": "https://shop.example/tea.png", "is_reusable": true});
    let save = json!({"message": {"attachment": {"type": "image", "payload": payload}}});
    let saved = graph(
        &simulator,
        "POST",
        "me/message_attachments",
        &save.to_string(),
    )
    .await;
    let id = saved.json()["attachment_id"].clone();
    let attachment = json!({"type": "image", "payload": {"attachment_id": id}});
    let message = json!({"recipient": {"id": YIJUN}, "message": {"attachment": attachment}});
    simulator.advance(Duration::from_secs(90 * 24 * 3600 - 60));
    simulator.write(YIJUN, "A picture?").unwrap();
    assert_eq!(send(&simulator, message.clone()).await.status, 200);
    simulator.advance(Duration::from_secs(60));
    let refused = send(&simulator, message).await.refusal();
    assert_eq!(
        (&refused["code"], &refused["error_subcode"]),
        (&json!(100), &json!(2_018_074))
    );
}
