//! Faults on purpose, and the record of requests.

use messenger_crm::simulator::{Fault, FaultRule};

use super::*;

#[tokio::test]
async fn l5_each_fault_of_the_graph_api_is_what_it_says() {
    let simulator = start().await;
    let send_raw = async || {
        let (body, proof) = (text(YIJUN, "hi").to_string(), proof(&simulator));
        let (host, length) = (simulator.url().replace("http://", ""), body.len());
        let head = bearer(&simulator);
        let request = format!(
            "POST /v27.0/me/messages?appsecret_proof={proof} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n{head}\r\n{body}"
        );
        exchange(&simulator, request).await
    };
    for (fault, status, arrives) in [
        (Fault::ServerError, Some(500), false),
        (Fault::Throttled, Some(400), false),
        (Fault::AppThrottled, Some(400), false),
        (Fault::ResetBeforeReading, None, false),
        (Fault::ResetAfterReading, None, false),
        (Fault::Garbage, Some(200), true),
        (Fault::LostAnswer, None, true),
    ] {
        let before = simulator.thread(YIJUN).unwrap().len();
        simulator.add_fault(FaultRule::new(fault).on("/messages").times(1));
        let answered = send_raw().await;
        assert_eq!(
            answered.as_ref().map(|answered| answered.status),
            status,
            "{fault:?}"
        );
        let after = simulator.thread(YIJUN).unwrap().len();
        assert_eq!(after - before, usize::from(arrives), "{fault:?}");
        if let Some(answered) = answered {
            let is_json = serde_json::from_slice::<Value>(&answered.body).is_ok();
            assert_eq!(is_json, answered.status == 400, "{fault:?}");
            let at_limit = answered.head.contains(r#""call_count":100"#);
            let throttles = matches!(fault, Fault::Throttled | Fault::AppThrottled);
            assert_eq!(at_limit, throttles, "{fault:?} {}", answered.head);
        }
        // One call only.
        assert_eq!(
            send(&simulator, text(YIJUN, "hi")).await.status,
            200,
            "{fault:?}"
        );
    }
    simulator.add_fault(FaultRule::new(Fault::Slow));
    assert!(
        timeout(Duration::from_millis(400), send_raw())
            .await
            .is_err()
    );
    simulator.clear_faults();
    assert!(send_raw().await.is_some());
}

#[tokio::test]
async fn l5_an_hour_of_failures_ends_the_subscription_of_the_page() {
    let mut callback = Callback::answering(|_: &str| 500).await;
    let simulator = connected(&callback).await;
    let path = format!("{PAGE}/subscribed_apps");
    simulator.write(YIJUN, "hello?").unwrap();
    callback.next().await;
    callback.next().await;
    let subscribed = graph(&simulator, "GET", &path, "").await.json();
    assert_eq!(subscribed["data"].as_array().unwrap().len(), 1);
    simulator.advance(Duration::from_secs(3600));
    timeout(SOON, simulator.delivered()).await.unwrap();
    assert_eq!(
        graph(&simulator, "GET", &path, "").await.json(),
        json!({"data": []})
    );
    while callback.calls.try_recv().is_ok() {}
    simulator.write(YIJUN, "anybody?").unwrap();
    callback.silence().await;
    // Subscribing again brings what happens from then on.
    let fields = json!({"subscribed_fields": ["messages"]}).to_string();
    graph(&simulator, "POST", &path, &fields).await;
    simulator.write(YIJUN, "again").unwrap();
    assert_eq!(callback.next().await.item()["message"]["text"], "again");
}

#[tokio::test]
async fn what_was_asked_of_the_graph_api_can_be_asserted() {
    let simulator = start().await;
    send(&simulator, text(YIJUN, "Yes, until six.")).await;
    send(&simulator, text("1", "nobody")).await;
    let sent = timeout(SOON, simulator.wait_for_requests("/messages", 2)).await;
    let sent = sent.unwrap();
    assert_eq!(sent[0].parameters["message"]["text"], "Yes, until six.");
    assert_eq!((sent[0].status, sent[0].code), (200, None));
    assert_eq!(
        (sent[1].code, sent[1].subcode),
        (Some(100), Some(2_018_001))
    );
    let all = format!("{:?} {}", sent, json!(sent));
    let app = simulator.app();
    for secret in [&app.page_token, &app.app_secret, &proof(&simulator)] {
        assert!(!all.contains(secret.as_str()));
    }
    assert!(!format!("{sent:?}").contains("until six"));
}

#[tokio::test]
async fn l5_a_running_simulator_is_changed_over_its_control_api() {
    let simulator = start().await;
    let control = async |request: &str, body: Value| {
        let headers = "content-type: application/json\r\n";
        let request = request.replace(' ', " /control/");
        ask(&simulator, &request, headers, &body.to_string()).await
    };
    let rule = json!({"fault": "throttled", "path": "/messages", "times": 1});
    assert_eq!(control("POST faults", rule.clone()).await.status, 200);
    let rules = ask(&simulator, "GET /control/faults", "", "").await.json();
    assert_eq!(rules, json!([rule]));
    assert_eq!(
        send(&simulator, text(YIJUN, "hi")).await.refusal()["code"],
        80006
    );
    let news = ask(&simulator, "GET /control/requests?after=0", "", "")
        .await
        .json();
    assert_eq!(news["requests"][0]["code"], 80006);
    let before = simulator.now();
    control("POST time", json!({"advance_ms": 86_400_000})).await;
    assert!(simulator.now() >= before + 86_400_000);
    assert_eq!(
        control("POST faults", json!({"fault": "no_such"}))
            .await
            .status,
        400
    );
    let foreign = "content-type: application/json\r\norigin: https://evil.example\r\n";
    let refused = ask(
        &simulator,
        "POST /control/time",
        foreign,
        "{\"advance_ms\":1}",
    )
    .await;
    assert_eq!(refused.status, 403);
}
