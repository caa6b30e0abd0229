//! The Graph API as a client of somebody else's expects it.

use messenger_crm::simulator::{AppSetup, Limits, PageSetup, PersonSetup, Scene};

use super::*;

#[tokio::test]
async fn l13_a_walk_by_the_address_of_the_next_page_ends() {
    let simulator = start().await;
    let proof = proof(&simulator);
    for number in 0..5 {
        let body = json!({"page_label_name": number.to_string()}).to_string();
        graph(&simulator, "POST", "me/custom_labels", &body).await;
    }
    let first = format!("me/custom_labels?fields=page_label_name&limit=2&appsecret_proof={proof}");
    let mut request = format!("GET /v27.0/{first}");
    let mut names = Vec::new();
    let mut headers = bearer(&simulator);
    for _ in 0..10 {
        let page = ask(&simulator, &request, &headers, "").await.json();
        for label in page["data"].as_array().unwrap() {
            names.push(label["page_label_name"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["paging"]["next"].as_str() else {
            break;
        };
        // The address is enough: the token is in it.
        headers = String::new();
        request = format!("GET {}", next.strip_prefix(&simulator.url()).unwrap());
    }
    assert_eq!(names, ["0", "1", "2", "3", "4"]);
    let empty = graph(&simulator, "GET", "me/personas", "").await.json();
    assert_eq!(empty, json!({"data": []}));
}

#[tokio::test]
async fn l14_null_is_absent() {
    let simulator = start().await;
    let mut body = text(YIJUN, "hi");
    for name in [
        "sender_action",
        "tag",
        "persona_id",
        "reply_to",
        "notification_type",
    ] {
        body[name] = Value::Null;
    }
    body["message"]["quick_replies"] = Value::Null;
    body["message"]["attachment"] = Value::Null;
    assert_eq!(send(&simulator, body).await.status, 200);
}

#[tokio::test]
async fn l15_lists_come_as_json_as_json_in_a_form_and_with_commas() {
    let simulator = start().await;
    let form = "content-type: application/x-www-form-urlencoded\r\n";
    let headers = format!(
        "authorization: Bearer {}\r\n{form}",
        simulator.app().page_token
    );
    let proof = proof(&simulator);
    let post = async |path: &str, body: &str| {
        let request = format!("POST /v27.0/me/{path}?appsecret_proof={proof}");
        ask(&simulator, &request, &headers, body).await
    };
    for body in [
        "subscribed_fields=messages,message_echoes",
        "subscribed_fields=%5B%22messages%22%2C%22message_echoes%22%5D",
    ] {
        assert_eq!(post("subscribed_apps", body).await.status, 200);
        let apps = graph(&simulator, "GET", "me/subscribed_apps", "")
            .await
            .json();
        let fields = &apps["data"][0]["subscribed_fields"];
        assert_eq!(*fields, json!(["messages", "message_echoes"]));
    }
    let unknown = post("subscribed_apps", "subscribed_fields=nonsense").await;
    assert_eq!(unknown.refusal()["code"], 100);
    let set = post(
        "messenger_profile",
        "get_started=%7B%22payload%22%3A%22GO%22%7D",
    )
    .await;
    assert_eq!(set.status, 200);
    let path = "me/messenger_profile?fields=get_started";
    let profile = graph(&simulator, "GET", path, "").await.json();
    assert_eq!(profile["data"][0]["get_started"], json!({"payload": "GO"}));
}

#[tokio::test]
async fn l16_a_batch_is_answered_in_order() {
    let simulator = start().await;
    let recipient = format!("%7B%22id%22%3A%22{YIJUN}%22%7D");
    let calls = json!([
        {"method": "GET", "relative_url": format!("{YIJUN}?fields=first_name")},
        {"method": "POST", "relative_url": "v27.0/me/messages",
         "body": format!("recipient={recipient}&message=%7B%22text%22%3A%22hi%22%7D")},
        {"method": "GET", "relative_url": "nonsense"},
    ]);
    let as_text = json!({"batch": calls.to_string(), "include_headers": false}).to_string();
    for body in [json!({ "batch": calls }).to_string(), as_text] {
        let answers = graph(&simulator, "POST", "", &body).await.json();
        let codes: Vec<_> = answers
            .as_array()
            .unwrap()
            .iter()
            .map(|answer| &answer["code"])
            .collect();
        assert_eq!(codes, [200, 200, 400]);
        let profile: Value = serde_json::from_str(answers[0]["body"].as_str().unwrap()).unwrap();
        assert_eq!(profile["first_name"], "怡君");
        assert_eq!(
            answers[0]["headers"].is_array(),
            body.starts_with("{\"batch\":[")
        );
    }
    assert_eq!(simulator.thread(YIJUN).unwrap().len(), 2);
    let many = json!({"batch": vec![json!({"relative_url": "me"}); 51]}).to_string();
    assert_eq!(graph(&simulator, "POST", "", &many).await.status, 400);
}

#[tokio::test]
async fn l17_old_versions_are_served_and_future_ones_refused() {
    let simulator = start().await;
    for (path, version) in [("v6.0/me", "v21.0"), ("me", "v21.0"), ("v26.0/me", "v26.0")] {
        let answer = graph_at(&simulator, "GET", path, "").await;
        assert_eq!(answer.json()["id"], PAGE, "{path}");
        let header = format!("facebook-api-version: {version}");
        assert!(answer.head.contains(&header), "{path}: {}", answer.head);
    }
    let future = graph_at(&simulator, "GET", "v99.0/me", "").await;
    assert_eq!(future.refusal()["code"], 2500);
}

#[tokio::test]
async fn l18_the_proof_is_required_as_the_app_says_and_a_wrong_one_never_works() {
    let scene = Scene::new()
        .with_app(AppSetup::new("11").without_proof())
        .with_page(
            PageSetup::new("21", "Bakery")
                .with_token("11", "EAAbakery")
                .with_person(PersonSetup::new("31", "Ada")),
        );
    let simulator = Simulator::start_scene("127.0.0.1:0".parse().unwrap(), scene)
        .await
        .unwrap();
    let me = |query: &str| format!("GET /v27.0/me?access_token=EAAbakery{query}");
    assert_eq!(ask(&simulator, &me(""), "", "").await.status, 200);
    let wrong = ask(&simulator, &me("&appsecret_proof=00"), "", "").await;
    assert_eq!(wrong.refusal()["type"], "GraphMethodException");
}

#[tokio::test]
async fn l19_other_recipients_are_refused_as_not_simulated() {
    let simulator = start().await;
    for recipient in [
        json!({"user_ref": "a"}),
        json!({"phone_number": "+1"}),
        json!({"one_time_notif_token": "1"}),
        json!({"notification_messages_token": "1"}),
    ] {
        let body = json!({"recipient": recipient, "message": {"text": "hi"}});
        let refused = send(&simulator, body).await.refusal();
        let words = refused["message"].as_str().unwrap();
        assert!(words.contains("does not simulate recipient["), "{words}");
    }
}

#[tokio::test]
async fn l19_a_comment_has_one_private_reply_within_seven_days() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    let comment = customer(&simulator, YIJUN).comments("price?").unwrap();
    let call = callback.next().await;
    let body: Value = serde_json::from_str(&call.body).unwrap();
    let change = &body["entry"][0]["changes"][0];
    assert_eq!(
        (&change["field"], &body["entry"][0]["id"]),
        (&json!("feed"), &json!(PAGE))
    );
    assert_eq!(change["value"]["comment_id"], *comment);
    assert_eq!(change["value"]["message"], "price?");
    assert_eq!(change["value"]["from"]["id"], YIJUN);
    // It does not depend on the window.
    simulator.advance(Duration::from_secs(2 * 24 * 3600));
    let reply = |id: &str| {
        let message = json!({"text": "Ten."});
        json!({"recipient": {"comment_id": id}, "message": message})
    };
    assert_eq!(
        send(&simulator, text(YIJUN, "hi")).await.refusal()["code"],
        10
    );
    let sent = send(&simulator, reply(&comment)).await.json();
    assert_eq!(sent["recipient_id"], YIJUN);
    assert_eq!(simulator.thread(YIJUN).unwrap()[0].mid, sent["message_id"]);
    assert_eq!(
        send(&simulator, reply(&comment)).await.refusal()["code"],
        10900
    );
    assert_eq!(send(&simulator, reply("1_2")).await.refusal()["code"], 100);
    let old = customer(&simulator, AMELIE).comments("size?").unwrap();
    simulator.advance(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(send(&simulator, reply(&old)).await.refusal()["code"], 10903);
    let mut limits = Limits::none();
    // One was refused a moment ago, and counts.
    limits.private_replies = 2;
    simulator.set_limits(limits);
    let body = json!({"psid": AMELIE, "text": "color?"}).to_string();
    let new = phone(&simulator, "comments", "", &body).await.json();
    let new = new["comment_id"].as_str().unwrap();
    assert_eq!(send(&simulator, reply(new)).await.status, 200);
    assert_eq!(send(&simulator, reply(new)).await.refusal()["code"], 613);
}

#[tokio::test]
async fn a_person_can_have_another_persistent_menu_than_the_page() {
    let simulator = start().await;
    let menu = |title: &str| {
        let action = json!({"type": "postback", "title": title, "payload": "HELP"});
        json!([{"locale": "default", "composer_input_disabled": false, "call_to_actions": [action]}])
    };
    let path = format!("me/custom_user_settings?psid={YIJUN}");
    let own = json!({"psid": YIJUN, "persistent_menu": menu("Own")}).to_string();
    let refused = graph(&simulator, "POST", "me/custom_user_settings", &own).await;
    assert_eq!(refused.refusal()["error_subcode"], 2_018_145);
    let page = json!({"get_started": {"payload": "GO"}, "persistent_menu": menu("All")});
    graph(
        &simulator,
        "POST",
        "me/messenger_profile",
        &page.to_string(),
    )
    .await;
    let set = graph(&simulator, "POST", "me/custom_user_settings", &own).await;
    assert_eq!(set.json(), json!({"result": "success"}));
    let shown = graph(&simulator, "GET", &path, "").await.json();
    assert_eq!(shown["data"][0]["user_level_persistent_menu"], menu("Own"));
    assert_eq!(shown["data"][0]["page_level_persistent_menu"], menu("All"));
    customer(&simulator, YIJUN).taps("Own").unwrap();
    customer(&simulator, YIJUN).taps("All").unwrap_err();
    customer(&simulator, AMELIE).taps("All").unwrap();
    let delete = format!("{path}&params=[%22persistent_menu%22]");
    assert_eq!(graph(&simulator, "DELETE", &delete, "").await.status, 200);
    customer(&simulator, YIJUN).taps("All").unwrap();
}

#[tokio::test]
async fn the_sticker_catalog_is_read_with_the_token_of_the_app() {
    let simulator = start().await;
    let app = simulator.app();
    let token = format!("{}|{}", app.app_id, app.app_secret);
    let proof = hex_hmac(&app.app_secret, &token);
    let get = async |path: &str| {
        let mark = if path.contains('?') { '&' } else { '?' };
        let request = format!("GET /v27.0/{path}{mark}appsecret_proof={proof}");
        let headers = format!("authorization: Bearer {token}\r\n");
        ask(&simulator, &request, &headers, "").await
    };
    let packs = get("sticker_packs").await.json();
    let pack = packs["data"][0]["id"].as_str().unwrap().to_owned();
    let stickers = get(&format!("{pack}/stickers")).await.json();
    let sticker = &stickers["data"][0];
    assert_eq!(sticker["id"], "369239263222822");
    assert_eq!(sticker["is_animated"], false);
    let found = get("sticker_search?q=large").await.json();
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(get("sticker_search?q=l").await.refusal()["code"], 100);
    assert_eq!(get("1/stickers").await.refusal()["error_subcode"], 33);
    let refused = graph(&simulator, "GET", "sticker_packs", "").await;
    assert_eq!(refused.refusal()["code"], 190);
    let id: u64 = sticker["id"].as_str().unwrap().parse().unwrap();
    let body = json!({"recipient": {"id": YIJUN}, "message": {"sticker_id": id}});
    assert_eq!(send(&simulator, body).await.status, 200);
}

#[tokio::test]
async fn l20_messages_that_meta_refuses_are_refused() {
    let simulator = start().await;
    let template = |payload: Value| {
        let message = json!({"attachment": {"type": "template", "payload": payload}});
        json!({"recipient": {"id": YIJUN}, "message": message})
    };
    let with = |name: &str, value: Value| {
        let mut body = text(YIJUN, "hi");
        body[name] = value;
        body
    };
    let button = json!({"type": "postback", "title": "Go", "payload": "GO"});
    for body in [
        template(json!({"template_type": "generic", "elements": [{"subtitle": "no title"}]})),
        template(json!({"template_type": "button", "buttons": [button]})),
        template(
            json!({"template_type": "button", "text": "Go?", "buttons": [
            {"type": "postback", "title": "a title of 21 letter", "payload": ""}]}),
        ),
        with("notification_type", json!("LOUD")),
        with("tag", json!("HUMAN_AGENT")),
        with("reply_to", json!({"mid": "m_unknown"})),
    ] {
        let answer = send(&simulator, body.clone()).await;
        assert_eq!(
            (answer.status, &answer.refusal()["code"]),
            (400, &json!(100)),
            "{body}"
        );
    }
    assert!(simulator.thread(YIJUN).unwrap().is_empty());
}

#[tokio::test]
async fn l21_numbers_for_ids_and_parts_without_a_type_are_accepted() {
    let simulator = start().await;
    let id: u64 = YIJUN.parse().unwrap();
    let body = json!({"recipient": {"id": id}, "message": {"text": "hi"}});
    assert_eq!(send(&simulator, body).await.status, 200);
    let form = format!(
        "--B\r\nContent-Disposition: form-data; name=\"recipient\"\r\n\r\n{{\"id\":\"{YIJUN}\"}}\r\n\
         --B\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n\
         {{\"attachment\":{{\"type\":\"image\",\"payload\":{{}}}}}}\r\n\
         --B\r\nContent-Disposition: form-data; name=\"filedata\"; filename=\"a.png\"\r\n\r\nPNG\r\n--B--\r\n"
    );
    let token = &simulator.app().page_token;
    let kind = "content-type: multipart/form-data; boundary=B";
    let headers = format!("authorization: Bearer {token}\r\n{kind}\r\n");
    let request = format!(
        "POST /v27.0/me/messages?appsecret_proof={}",
        proof(&simulator)
    );
    assert_eq!(ask(&simulator, &request, &headers, &form).await.status, 200);
}

#[tokio::test]
async fn l22_only_subscribed_fields_are_delivered_and_usage_is_reported() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    let path = format!("{PAGE}/subscribed_apps");
    let answer = graph(&simulator, "DELETE", &path, "").await;
    for header in [
        "x-app-usage: {",
        "x-business-use-case-usage: {",
        "x-fb-trace-id: A",
    ] {
        assert!(answer.head.contains(header), "{header}: {}", answer.head);
    }
    simulator.write(YIJUN, "anybody?").unwrap();
    callback.silence().await;
    let fields = json!({"subscribed_fields": ["message_reactions"]}).to_string();
    graph(&simulator, "POST", &path, &fields).await;
    let mid = simulator.write(YIJUN, "still?").unwrap();
    customer(&simulator, YIJUN).reacts(&mid, "👍").unwrap();
    assert_eq!(callback.next().await.item()["reaction"]["mid"], *mid);
}

#[tokio::test]
async fn l6_token_types_and_scopes_have_metas_errors() {
    let simulator = start().await;
    let app = simulator.app();
    let call = async |token: &str, path: &str| {
        let proof = hex_hmac(&app.app_secret, token);
        let headers = format!("authorization: Bearer {token}\r\n");
        let mark = if path.contains('?') { '&' } else { '?' };
        let request = format!("GET /v27.0/{path}{mark}appsecret_proof={proof}");
        ask(&simulator, &request, &headers, "").await.refusal()["code"].clone()
    };
    let own = format!("{}|{}", app.app_id, app.app_secret);
    assert_eq!(call(&app.user_token, "me/conversations").await, 210);
    assert_eq!(call(&app.page_token, "me/accounts").await, 190);
    assert_eq!(
        call(&app.page_token, "debug_token?input_token=a").await,
        190
    );
    assert_eq!(call(&own, "me").await, 2500);
    assert_eq!(call("EAAnone", "me").await, 190);
    assert_eq!(call(&app.branch_page_token, "me/conversations").await, 200);
}

#[tokio::test]
async fn l8_the_history_has_the_twenty_newest_messages_in_detail() {
    let simulator = start().await;
    simulator.set_limits(Limits::none());
    let mids: Vec<String> = (0..22)
        .map(|number| simulator.write(YIJUN, &number.to_string()).unwrap())
        .collect();
    let list = graph(
        &simulator,
        "GET",
        "me/conversations?fields=id,messages.limit(3){message},can_reply",
        "",
    )
    .await;
    let thread = &list.json()["data"][0];
    assert_eq!(thread["messages"]["data"][0]["message"], "21");
    assert_eq!(thread["can_reply"], true);
    let path = format!("{}/messages?limit=25", thread["id"].as_str().unwrap());
    let messages = graph(&simulator, "GET", &path, "").await.json();
    let messages = messages["data"].as_array().unwrap();
    assert_eq!(messages.len(), 22);
    assert_eq!(messages[19]["message"], "2");
    assert!(messages[20].get("message").is_none());
    assert_eq!(graph(&simulator, "GET", &mids[2], "").await.status, 200);
    let old = graph(&simulator, "GET", &mids[1], "").await.refusal();
    assert_eq!(old["code"], 9_000_001);
}
