//! Acts of people, and the webhooks that follow.

use messenger_crm::simulator::{PageSetup, PersonSetup, PhoneError, Scene};

use super::*;

#[tokio::test]
async fn l10_a_person_edits_reacts_quotes_and_unsends() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    let amelie = customer(&simulator, AMELIE);
    let mid = amelie.writes("Blue?").unwrap();
    amelie.edits(&mid, "Green?").unwrap();
    amelie.reacts(&mid, "❤️").unwrap();
    amelie.unreacts(&mid).unwrap();
    let reply = amelie.replies(&mid, "This one").unwrap();
    amelie.unsends(&reply).unwrap();
    amelie.likes().unwrap();
    assert_eq!(callback.next().await.item()["message"]["text"], "Blue?");
    assert_eq!(
        callback.next().await.item()["message_edit"],
        json!({"mid": mid, "text": "Green?", "num_edit": 1})
    );
    assert_eq!(
        callback.next().await.item()["reaction"],
        json!({"mid": mid, "action": "react", "reaction": "love", "emoji": "❤️"})
    );
    assert_eq!(
        callback.next().await.item()["reaction"],
        json!({"mid": mid, "action": "unreact"})
    );
    assert_eq!(
        callback.next().await.item()["message"]["reply_to"]["mid"],
        *mid
    );
    assert_eq!(
        callback.next().await.item()["message"],
        json!({"mid": reply, "is_deleted": true})
    );
    let like = callback.next().await.item();
    let like = &like["message"]["attachments"][0];
    assert_eq!(like["payload"]["sticker_id"], 369_239_263_222_822_u64);

    assert!(matches!(
        amelie.edits(&reply, "No"),
        Err(PhoneError::NotEditable)
    ));
    assert!(matches!(
        amelie.edits("m_none", "No"),
        Err(PhoneError::UnknownMessage)
    ));
    for text in ["2", "3", "4", "5"] {
        amelie.edits(&mid, text).unwrap();
    }
    assert!(matches!(
        amelie.edits(&mid, "6"),
        Err(PhoneError::NotEditable)
    ));
}

#[tokio::test]
async fn l10_a_person_taps_what_the_page_sent_and_nothing_else() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    let yijun = customer(&simulator, YIJUN);
    assert!(matches!(yijun.taps("Order"), Err(PhoneError::NothingToTap)));
    let buttons = json!([
        {"type": "postback", "title": "Order", "payload": "ORDER"},
        {"type": "web_url", "title": "Shop", "url": "https://shop.example/"},
    ]);
    let card =
        json!({"template_type": "generic", "elements": [{"title": "Tea", "buttons": buttons}]});
    let card = json!({"attachment": {"type": "template", "payload": card}});
    let sent = send(
        &simulator,
        json!({"recipient": {"id": YIJUN}, "message": card}),
    )
    .await;
    assert_eq!(sent.status, 200);
    // A numeric payload comes back as text.
    let replies = json!([{"content_type": "text", "title": "Red", "payload": 7}]);
    let message = json!({"text": "Which?", "quick_replies": replies});
    let sent = send(
        &simulator,
        json!({"recipient": {"id": YIJUN}, "message": message}),
    )
    .await;
    assert_eq!(sent.status, 200);
    for _ in 0..4 {
        callback.next().await;
    }
    yijun.taps("Red").unwrap();
    let item = callback.next().await.item();
    assert_eq!(item["message"]["text"], "Red");
    assert_eq!(item["message"]["quick_reply"], json!({"payload": "7"}));
    yijun.taps("Order").unwrap();
    let item = callback.next().await.item();
    assert_eq!(item["postback"]["payload"], "ORDER");
    assert!(matches!(yijun.taps("Shop"), Err(PhoneError::OpensAddress)));
    // Quick replies go away with the next message.
    assert!(matches!(yijun.taps("Red"), Err(PhoneError::NothingToTap)));

    let menu = json!({
        "get_started": {"payload": "START"},
        "persistent_menu": [{"locale": "default", "call_to_actions": [
            {"type": "postback", "title": "Help", "payload": "HELP"}]}],
    });
    let path = format!("{PAGE}/messenger_profile");
    let set = graph(&simulator, "POST", &path, &menu.to_string()).await;
    assert_eq!(set.json(), json!({"result": "success"}));
    yijun.taps("Help").unwrap();
    assert_eq!(callback.next().await.item()["postback"]["payload"], "HELP");
    yijun.taps_get_started().unwrap();
    assert_eq!(callback.next().await.item()["postback"]["payload"], "START");
}

#[tokio::test]
async fn l10_links_and_ads_lead_to_a_known_thread_and_to_a_new_one() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    let yijun = customer(&simulator, YIJUN);
    yijun.follows_link("flyer").unwrap();
    callback.silence().await;
    yijun.taps_get_started().unwrap();
    let item = callback.next().await.item();
    assert_eq!(
        item["postback"]["referral"],
        json!({"ref": "flyer", "source": "SHORTLINK", "type": "OPEN_THREAD"})
    );
    yijun.follows_link("poster").unwrap();
    let item = callback.next().await.item();
    assert_eq!(item["referral"]["ref"], "poster");

    let amelie = customer(&simulator, AMELIE);
    amelie.clicks_ad("77", "Spring sale").unwrap();
    amelie.writes("Hello").unwrap();
    let item = callback.next().await.item();
    assert_eq!(item["message"]["referral"]["ad_id"], "77");
    // An ad opens the window for seven days.
    simulator.advance(Duration::from_secs(6 * 24 * 3600));
    assert_eq!(send(&simulator, text(AMELIE, "Hi")).await.status, 200);
    let refused = send(&simulator, text(YIJUN, "Hi")).await.refusal();
    assert_eq!(refused["error_subcode"], 2_018_278);
}

#[tokio::test]
async fn l10_a_block_stops_both_sides() {
    let simulator = start().await;
    let yijun = customer(&simulator, YIJUN);
    yijun.blocks().unwrap();
    let refused = send(&simulator, text(YIJUN, "Hi")).await.refusal();
    assert_eq!(refused["code"], 551);
    assert!(matches!(yijun.writes("Hi"), Err(PhoneError::Blocked)));
    yijun.unblocks().unwrap();
    yijun.writes("Hi").unwrap();
    let block = json!({"user_ids": [{"id": YIJUN}], "actions": ["block_user"]});
    let path = format!("{PAGE}/moderate_conversations");
    graph(&simulator, "POST", &path, &block.to_string()).await;
    assert!(matches!(yijun.writes("Hi"), Err(PhoneError::Blocked)));
}

#[tokio::test]
async fn l6_the_window_closes_after_a_day_and_opens_again() {
    let simulator = start().await;
    let day = Duration::from_secs(24 * 3600);
    let tagged = || {
        let mut body = text(YIJUN, "Hi");
        body["messaging_type"] = json!("MESSAGE_TAG");
        body["tag"] = json!("HUMAN_AGENT");
        body
    };
    assert_eq!(send(&simulator, text(YIJUN, "Hi")).await.status, 200);
    simulator.advance(day);
    let refused = send(&simulator, text(YIJUN, "Hi")).await;
    let error = refused.refusal();
    assert_eq!(
        (refused.status, &error["code"], &error["error_subcode"]),
        (400, &json!(10), &json!(2_018_278))
    );
    assert_eq!(send(&simulator, tagged()).await.status, 200);
    let mut quoting = tagged();
    quoting["reply_to"] = json!({"mid": simulator.thread(YIJUN).unwrap()[0].mid});
    assert_eq!(send(&simulator, quoting).await.refusal()["code"], 10);
    simulator.advance(6 * day);
    assert_eq!(send(&simulator, tagged()).await.refusal()["code"], 10);
    let mid = simulator.thread(YIJUN).unwrap()[0].mid.clone();
    customer(&simulator, YIJUN).reacts(&mid, "👍").unwrap();
    assert_eq!(send(&simulator, text(YIJUN, "Hi")).await.status, 200);

    let page =
        PageSetup::new("21", "Bakery").with_person(PersonSetup::new("31", "Ada").as_stranger());
    let scene = Scene::default().with_page(page);
    let simulator = Simulator::start_scene("127.0.0.1:0".parse().unwrap(), scene)
        .await
        .unwrap();
    let app = simulator.app().app_id.clone();
    let bakery = simulator.credentials(&app, "21").unwrap();
    let proof = hex_hmac(&bakery.app_secret, &bakery.page_token);
    let headers = format!("authorization: Bearer {}\r\n", bakery.page_token);
    let request = format!("POST /v27.0/me/messages?appsecret_proof={proof}");
    let refused = ask(
        &simulator,
        &request,
        &headers,
        &text("31", "Hi").to_string(),
    )
    .await;
    assert_eq!(refused.refusal()["error_subcode"], 2_018_278);
}

#[tokio::test]
async fn l9_a_restriction_is_notified_refused_and_lifted() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    simulator.restrict_page(Some(Duration::from_secs(3600)));
    let item = callback.next().await.item();
    let restriction = &item["business_integrity"]["restrictions"][0];
    assert_eq!(restriction["feature"], "page_messaging_api");
    assert!(item.get("sender").is_none());
    let refused = send(&simulator, text(YIJUN, "Hi")).await.refusal();
    assert_eq!(refused["error_subcode"], 1_893_063);
    let status = graph(&simulator, "GET", &format!("{PAGE}/page_status"), "").await;
    assert_eq!(status.json()["status"], "restricted");
    simulator.advance(Duration::from_secs(3600));
    assert_eq!(send(&simulator, text(YIJUN, "Hi")).await.status, 200);
    for _ in 0..2 {
        callback.next().await;
    }
    simulator.lift_restriction();
    let item = callback.next().await.item();
    let restriction = &item["business_integrity"]["restrictions"][0];
    assert_eq!(restriction["status"], "UNRESTRICTED");
}

#[tokio::test]
async fn an_app_that_does_not_hold_the_thread_is_notified_in_standby() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    let pass = json!({"recipient": {"id": YIJUN}, "metadata": "late shift"}).to_string();
    let path = |act: &str| format!("{PAGE}/{act}_thread_control");
    graph(&simulator, "POST", &path("pass"), &pass).await;
    customer(&simulator, YIJUN).writes("Hello?").unwrap();
    let body: Value = serde_json::from_str(&callback.next().await.body).unwrap();
    assert_eq!(body["entry"][0]["standby"][0]["message"]["text"], "Hello?");
    assert!(body["entry"][0].get("messaging").is_none());
    let refused = send(&simulator, text(YIJUN, "Hi")).await.refusal();
    assert_eq!(refused["error_subcode"], 2_018_300);
    // Control ends after a day.
    simulator.advance(Duration::from_secs(24 * 3600));
    customer(&simulator, YIJUN).writes("Still there?").unwrap();
    let item = callback.next().await.item();
    assert_eq!(item["message"]["text"], "Still there?");
}

#[tokio::test]
async fn a_reply_from_metas_inbox_is_an_echo_and_takes_the_thread() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    let mid = simulator.write_from_inbox(YIJUN, "I take this").unwrap();
    let item = callback.next().await.item();
    assert_eq!(item["message"]["app_id"], 263_902_037_430_900_u64);
    assert_eq!(item["message"]["mid"], *mid);
    callback.next().await;
    let refused = send(&simulator, text(YIJUN, "Hi")).await.refusal();
    assert_eq!(refused["error_subcode"], 2_018_300);
}

#[tokio::test]
async fn l10_an_account_is_linked_and_unlinked() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    let yijun = customer(&simulator, YIJUN);
    let token = yijun.opens_account_link().unwrap();
    let path = format!("me?fields=recipient&account_linking_token={token}");
    let found = graph(&simulator, "GET", &path, "").await.json();
    assert_eq!(found, json!({"id": PAGE, "recipient": YIJUN}));
    yijun.links_account("code-1").unwrap();
    assert_eq!(
        callback.next().await.item()["account_linking"],
        json!({"status": "linked", "authorization_code": "code-1"})
    );
    let body = json!({"psid": YIJUN}).to_string();
    let answer = graph(&simulator, "POST", "me/unlink_accounts", &body).await;
    assert_eq!(answer.json(), json!({"result": "unlink account success"}));
    let item = callback.next().await.item();
    assert_eq!(item["account_linking"], json!({"status": "unlinked"}));
    simulator.advance(Duration::from_secs(300));
    let refused = graph(&simulator, "GET", &path, "").await.refusal();
    assert_eq!(refused["code"], 10303);
}
