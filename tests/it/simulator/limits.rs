//! Rate limits: what counts, the usage headers, and the refusals.

use messenger_crm::simulator::{Limits, Scene};

use super::*;

/// A simulator with these limits, whose time only the test moves.
async fn limited(change: impl FnOnce(&mut Limits)) -> Simulator {
    let mut limits = Limits::none();
    change(&mut limits);
    let scene = Scene::default().with_time(1_700_000_000_000);
    let scene = scene.with_limits(limits);
    let simulator = Simulator::start_scene("127.0.0.1:0".parse().unwrap(), scene).await;
    simulator.unwrap()
}

/// The JSON of a header.
fn header(answered: &Answered, name: &str) -> Value {
    let mut lines = answered.head.lines();
    let line = lines.find_map(|line| line.strip_prefix(&format!("{name}: ")));
    serde_json::from_str(line.unwrap()).unwrap()
}

fn page_usage(answered: &Answered) -> (u64, u64) {
    let usage = &header(answered, "x-business-use-case-usage")[PAGE][0];
    let number = |name: &str| usage[name].as_u64().unwrap();
    assert_eq!(usage["type"], "messenger");
    let wait = number("estimated_time_to_regain_access");
    (number("call_count"), wait)
}

#[tokio::test]
async fn l6_calls_for_a_page_are_counted_until_80006() {
    let simulator = limited(|limits| limits.page_calls = 4).await;
    for percent in [25, 50, 75] {
        let answered = send(&simulator, text(YIJUN, "hi")).await;
        assert_eq!(
            (answered.status, page_usage(&answered)),
            (200, (percent, 0))
        );
        assert_eq!(header(&answered, "x-app-usage")["call_count"], 0);
    }
    simulator.advance(Duration::from_secs(3600));
    let last = send(&simulator, text(YIJUN, "hi")).await;
    assert_eq!((last.status, page_usage(&last)), (200, (100, 23 * 60)));
    for _ in 0..2 {
        let refused = send(&simulator, text(YIJUN, "hi")).await;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.refusal()["code"], 80006);
        assert_eq!(page_usage(&refused), (100, 23 * 60));
    }
    assert_eq!(simulator.thread(YIJUN).unwrap().len(), 4);
    // A send moves the time by a millisecond or two.
    simulator.advance(Duration::from_secs(23 * 3600 + 1));
    let again = graph(&simulator, "GET", "me", "").await;
    assert_eq!((again.status, page_usage(&again)), (200, (50, 0)));
}

#[tokio::test]
async fn l6_the_limits_of_seconds_and_minutes_answer_with_613() {
    let simulator = limited(|limits| {
        limits.texts = 2;
        limits.media = 1;
        limits.conversations = 1;
        limits.messenger_profile = 1;
        limits.user_settings = 1;
    })
    .await;
    let picture =
        json!({"attachment": {"type": "image", "payload": {"url": "https://a.example/"}}});
    let picture = json!({"recipient": {"id": YIJUN}, "message": picture});
    let typing = json!({"recipient": {"id": YIJUN}, "sender_action": "typing_on"});
    let messages = format!("{PAGE}/messages");
    let setting = format!("me/custom_user_settings?psid={YIJUN}");
    // Each call, and the seconds after which it is allowed again.
    let calls = [
        ("POST", messages.as_str(), text(YIJUN, "hi").to_string(), 1),
        ("POST", &messages, picture.to_string(), 1),
        ("GET", "me/conversations", String::new(), 1),
        (
            "GET",
            "me/messenger_profile?fields=greeting",
            String::new(),
            600,
        ),
        ("GET", &setting, String::new(), 600),
    ];
    assert_eq!(
        graph(&simulator, "POST", &messages, &typing.to_string())
            .await
            .status,
        200
    );
    for (method, path, body, _) in &calls {
        let answered = graph(&simulator, method, path, body).await;
        assert_eq!(answered.status, 200, "{path} {body} {}", answered.text());
    }
    for seconds in [1, 600] {
        for (method, path, body, _) in &calls {
            let refused = graph(&simulator, method, path, body).await;
            assert_eq!(refused.refusal()["code"], 613, "{path} {body}");
        }
        simulator.advance(Duration::from_secs(seconds));
        for (method, path, body, allowed) in &calls {
            let again = graph(&simulator, method, path, body).await;
            let status = if *allowed <= seconds { 200 } else { 400 };
            assert_eq!(again.status, status, "{path} {body}");
        }
        // One more text uses the limit of two up.
        graph(&simulator, "POST", &messages, &typing.to_string()).await;
    }
    let thread = simulator.thread(YIJUN).unwrap();
    assert_eq!(thread.len(), 6);
}

#[tokio::test]
async fn l6_calls_with_the_token_of_a_person_count_for_the_app() {
    let simulator = limited(|limits| limits.app_calls = 2).await;
    let app = simulator.app();
    let proof = hex_hmac(&app.app_secret, &app.user_token);
    let headers = format!("authorization: Bearer {}\r\n", app.user_token);
    let request = format!("GET /v27.0/me/permissions?appsecret_proof={proof}");
    for percent in [50, 100] {
        let answered = ask(&simulator, &request, &headers, "").await;
        let usage = header(&answered, "x-app-usage");
        assert_eq!(
            (answered.status, &usage["call_count"]),
            (200, &json!(percent))
        );
        assert!(!answered.head.contains("x-business-use-case-usage"));
    }
    let refused = ask(&simulator, &request, &headers, "").await;
    assert_eq!(refused.refusal()["code"], 4);
    // Page tokens have another limit.
    assert_eq!(send(&simulator, text(YIJUN, "hi")).await.status, 200);
    simulator.set_limits(Limits::none());
    assert_eq!(ask(&simulator, &request, &headers, "").await.status, 200);
}

#[tokio::test]
async fn l6_each_call_of_a_batch_counts() {
    let simulator = limited(|limits| limits.page_calls = 3).await;
    let call = json!({"method": "GET", "relative_url": "me"});
    let calls = vec![call; 4];
    let answered = graph(&simulator, "POST", "", &json!({"batch": calls}).to_string()).await;
    let answers = answered.json();
    let codes: Vec<_> = (0..4).map(|place| answers[place]["code"].clone()).collect();
    assert_eq!(codes, [200, 200, 200, 400]);
    assert!(answers[3]["body"].as_str().unwrap().contains("80006"));
    assert_eq!(page_usage(&answered).0, 100);
}

#[tokio::test]
async fn l6_metas_limits_are_the_default_and_change_over_the_control_api() {
    let simulator = start().await;
    let limits = ask(&simulator, "GET /control/limits", "", "").await.json();
    assert_eq!(limits, json!(Limits::default()));
    assert_eq!(
        (&limits["texts"], &limits["media"]),
        (&json!(300), &json!(10))
    );
    let change = async |body: &str| {
        let headers = "content-type: application/json\r\n";
        ask(&simulator, "POST /control/limits", headers, body)
            .await
            .status
    };
    assert_eq!(change("{\"nonsense\":1}").await, 400);
    assert_eq!(change("{\"page_calls\":1}").await, 200);
    assert_eq!(send(&simulator, text(YIJUN, "hi")).await.status, 200);
    let refused = send(&simulator, text(YIJUN, "hi")).await;
    assert_eq!(refused.refusal()["code"], 80006);
}
