//! Paths and secrets in the settings.

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
    let reset = crm.post("/api/connections/reset", &reset).await.expect(403);
    assert_eq!(reset.json()["error"]["code"], "read_only");
    assert_eq!(connections(&crm).await, before);
}
