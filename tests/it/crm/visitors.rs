//! Who may look, and who may write.

use super::*;

#[tokio::test]
async fn pages_refuse_a_host_name_that_is_not_local() {
    let office = Office::open().await;
    let crm = &office.crm;
    let port = crm.address.rsplit(':').next().unwrap();
    for path in ["/", "/settings", "/api/connections", "/api/events"] {
        for host in [
            "evil.example".to_owned(),
            format!("evil.example:{port}"),
            format!("localhost.evil.example:{port}"),
            format!("127.0.0.1.evil.example:{port}"),
        ] {
            let headers = format!("host: {host}\r\n");
            let answer = crm.ask_as("GET", path, &headers, b"").await;
            let answer = answer.expect_one_of(&[403, 421]);
            assert!(!answer.mentions(&office.webhook.verify_token));
        }
    }
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        for headers in [
            format!("host: {host}\r\n"),
            format!("host: {host}:{port}\r\n"),
        ] {
            for path in ["/", "/api/connections"] {
                crm.ask_as("GET", path, &headers, b"").await.expect(200);
            }
        }
    }
}

#[tokio::test]
async fn the_webhook_works_under_any_host_name() {
    let office = Office::open().await;
    let body = office.hello("m_host");
    let signature = office.webhook.signature(&body);
    let headers = format!("host: crm.example\r\n{signature}");
    let path = &office.webhook.path;
    let answer = office.crm.ask_as("POST", path, &headers, &body).await;
    answer.expect(200);
    assert_eq!(office.customers().await, 1);
}

#[tokio::test]
async fn other_sites_cannot_post_to_the_api() {
    let folder = Folder::new();
    let simulator = util::simulator().await;
    let crm = Crm::start(&folder, &simulator).await;
    let body = credentials(&simulator).to_string();
    for headers in [
        "",
        "content-type: text/plain\r\n",
        "content-type: application/x-www-form-urlencoded\r\n",
        "content-type: text/plain; application/json\r\n",
        "content-type: application/json\r\nsec-fetch-site: cross-site\r\n",
    ] {
        let answer = crm
            .ask("POST", "/api/connections", headers, body.as_bytes())
            .await;
        answer.expect_one_of(&[403, 415]);
    }
    assert_eq!(connections(&crm).await, [] as [Value; 0]);

    let headers = "content-type: application/json\r\nsec-fetch-site: same-origin\r\n";
    let answer = crm
        .ask("POST", "/api/connections", headers, body.as_bytes())
        .await;
    answer.expect(201);
}
