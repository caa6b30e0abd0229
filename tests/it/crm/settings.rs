//! Paths and secrets in the settings.

use messenger_crm::{secret::AppSecret, simulator::GraphRequest, webhook::sign_request};

use super::*;

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
async fn s25_secrets_are_not_readable_in_the_database_files() {
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
    for path in ["/api/connections/reset", "/api/connections/remove"] {
        let refused = crm.post(path, &reset).await.expect(403);
        assert_eq!(refused.json()["error"]["code"], "read_only");
    }
    assert_eq!(connections(&crm).await, before);
}

#[tokio::test]
async fn the_settings_show_what_keeps_a_page_from_working() {
    let office = Office::open().await;
    let check = async || {
        let page = json!({"page": office.webhook.page});
        let answer = office.crm.post("/api/connections/check", &page).await;
        answer.expect(200).json()["connection"]["problems"].clone()
    };
    assert_eq!(check().await, json!([]));
    office
        .simulator
        .restrict_page(Some(Duration::from_secs(3600)));
    let problems = check().await;
    assert_eq!(problems[0]["problem"], "restricted", "{problems}");
    assert_eq!(office.connections().await[0]["problems"], problems);
    office.simulator.lift_restriction();
    assert_eq!(check().await, json!([]));

    let nobody = json!({"page": "1"});
    let answer = office.crm.post("/api/connections/check", &nobody).await;
    answer.expect(404);
}

#[tokio::test]
async fn a_disconnected_page_sends_nothing_and_leaves_no_secret() {
    let office = Office::open().await;
    let (crm, webhook) = (&office.crm, &office.webhook);
    let body = office.hello("m_before");
    webhook.deliver(crm, &body).await.expect(200);
    let page = json!({"page": webhook.page});
    let answer = crm.post("/api/connections/remove", &page).await.expect(200);
    assert_eq!(answer.json()["unsubscribed"], true);
    assert_eq!(office.connections().await, Vec::<Value>::new());
    webhook.deliver(crm, &body).await.expect(404);
    crm.post("/api/connections/remove", &page).await.expect(404);
    let asked = office.simulator.requests();
    let is_end =
        |one: &GraphRequest| one.method == "DELETE" && one.path.contains("subscribed_apps");
    assert_eq!(asked.iter().filter(|one| is_end(one)).count(), 1);

    // Connected again, it shows what was stored.
    crm.connect(&office.simulator).await;
    assert_eq!(office.customers().await, 1);
}

#[tokio::test]
async fn a_person_settles_a_deletion_request_after_erasing_the_customer() {
    let office = Office::open().await;
    let (crm, webhook) = (&office.crm, &office.webhook);
    webhook
        .deliver(crm, &office.hello("m_erased"))
        .await
        .expect(200);
    assert_eq!(
        crm.get("/api/privacy").await.expect(200).json(),
        json!({"requests": []})
    );

    let secret = AppSecret::new(&*office.simulator.app().app_secret).unwrap();
    let request = json!({"algorithm": "HMAC-SHA256", "user_id": "218471", "issued_at": 1});
    let form = format!(
        "signed_request={}",
        sign_request(&secret, &request.to_string())
    );
    let path = format!("{}/deletion", webhook.path);
    let head = "Content-Type: application/x-www-form-urlencoded\r\n";
    let answer = crm
        .ask("POST", &path, head, form.as_bytes())
        .await
        .expect(200);
    let code = answer.json()["confirmation_code"].clone();

    let requests = async || crm.get("/api/privacy").await.expect(200).json()["requests"].clone();
    let open = requests().await;
    assert_eq!(
        (&open[0]["code"], &open[0]["state"]),
        (&code, &json!("open"))
    );
    assert_eq!(open[0]["user"], "218471");

    let customer = json!({"page": webhook.page, "psid": PSID});
    crm.post("/api/customer/erase", &customer).await.expect(200);
    crm.post("/api/customer/erase", &customer).await.expect(404);
    assert_eq!(office.customers().await, 0);
    let settle = json!({"app_id": open[0]["app_id"], "code": code});
    crm.post("/api/privacy/settle", &settle).await.expect(200);
    crm.post("/api/privacy/settle", &settle).await.expect(404);
    let settled = requests().await;
    assert_eq!(settled[0]["state"], "settled");
    assert_eq!(settled[0]["user"], Value::Null);
}
