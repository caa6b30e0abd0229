//! Who may ask, and who people are.

use super::*;

#[tokio::test]
async fn a_call_needs_the_right_token_and_the_right_proof() {
    let simulator = start().await;
    let (app, right) = (simulator.app(), proof(&simulator));
    let now = SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let timed = |time: u64| {
        let message = format!("{}|{time}", app.page_token);
        let proof = hex_hmac(&app.app_secret, &message);
        format!("?appsecret_proof={proof}&appsecret_time={time}")
    };
    let missing = "API calls from the server require an appsecret_proof argument";
    let invalid = "Invalid appsecret_proof provided in the API argument";
    for (query, message) in [
        (format!("?appsecret_proof={right}"), None),
        (timed(now), None),
        (timed(now - 200), None),
        (String::new(), Some(missing)),
        (
            format!("?appsecret_proof={}", right.to_uppercase()),
            Some(invalid),
        ),
        (
            format!("?appsecret_proof={right}&appsecret_time={now}"),
            Some(invalid),
        ),
        (timed(now - 400), Some(invalid)),
        (timed(now + 400), Some(invalid)),
    ] {
        let request = format!("GET /v25.0/me{query}");
        let answer = ask(&simulator, &request, &bearer(&simulator), "").await;
        match message {
            None => assert_eq!(answer.json(), json!({"id": PAGE, "name": "Corner Shop"})),
            Some(message) => {
                let error =
                    json!({"message": message, "type": "GraphMethodException", "code": 100});
                assert_eq!((answer.status, answer.refusal()), (400, error), "{query}");
            }
        }
    }
    let request = format!("GET /v25.0/me?appsecret_proof={right}");
    let wrong = ask(
        &simulator,
        &request,
        "authorization: Bearer EAAother\r\n",
        "",
    )
    .await;
    assert_eq!(wrong.refusal()["code"], 190);
    assert_eq!(
        ask(&simulator, &request, "", "").await.refusal()["code"],
        104
    );
    let parameter = format!("{request}&access_token={}", app.page_token);
    assert_eq!(ask(&simulator, &parameter, "", "").await.status, 200);
}

#[tokio::test]
async fn what_does_not_exist_is_refused_like_meta() {
    let simulator = start().await;
    for (method, path, node) in [
        ("GET", "999", "999"),
        ("GET", "me/unknown", "me"),
        ("POST", "7324561089432101/messages", YIJUN),
    ] {
        let error = graph(&simulator, method, path, "").await.refusal();
        let method = method.to_lowercase();
        assert_eq!(
            error,
            json!({
                "message": format!("Unsupported {method} request. Object with ID '{node}' does not exist, cannot be loaded due to missing permissions, or does not support this operation. Please read the Graph API documentation at https://developers.facebook.com/docs/graph-api"),
                "type": "GraphMethodException", "code": 100, "error_subcode": 33,
            })
        );
    }
    for path in ["v25/me", "25.0/me"] {
        let error = graph_at(&simulator, "GET", path, "").await.refusal();
        assert_eq!(error["error_subcode"], 33, "{path}");
    }
}

#[tokio::test]
async fn a_profile_holds_what_was_asked_for() {
    let simulator = start().await;
    let profile = graph(
        &simulator,
        "GET",
        &format!("{YIJUN}?fields=first_name,name"),
        "",
    )
    .await;
    assert_eq!(
        profile.json(),
        json!({"id": YIJUN, "first_name": "怡君", "name": "林怡君"})
    );
    let refused = graph(
        &simulator,
        "GET",
        &format!("{YIJUN}?fields=name,locale"),
        "",
    )
    .await;
    assert_eq!(
        refused.refusal()["message"],
        "(#100) Tried accessing nonexisting field (locale) on node type (User)"
    );
    let none = json!({
        "message": "(#100) No profile available for this user.",
        "type": "OAuthException", "code": 100, "error_subcode": 2_018_218,
    });
    assert_eq!(graph(&simulator, "GET", JONAS, "").await.refusal(), none);
    simulator.answer_profiles(ProfileAnswer::Refused);
    assert_eq!(graph(&simulator, "GET", YIJUN, "").await.refusal(), none);
    simulator.answer_profiles(ProfileAnswer::Empty);
    assert_eq!(graph(&simulator, "GET", YIJUN, "").await.json(), json!({}));
    simulator.answer_profiles(ProfileAnswer::WithoutPicture);
    let profile = graph(&simulator, "GET", AMELIE, "").await.json();
    assert_eq!(
        profile,
        json!({"id": AMELIE, "first_name": "Amélie", "last_name": "Laurent"})
    );
    simulator.answer_profiles(ProfileAnswer::Slow);
    let slow = graph(&simulator, "GET", YIJUN, "");
    assert!(timeout(Duration::from_millis(400), slow).await.is_err());
}

#[tokio::test]
async fn a_picture_needs_the_signature_of_its_address() {
    let simulator = start().await;
    let profile = graph(
        &simulator,
        "GET",
        &format!("{YIJUN}?fields=profile_pic"),
        "",
    )
    .await
    .json();
    let url = profile["profile_pic"].as_str().unwrap();
    let path = url.strip_prefix(&simulator.url()).unwrap();
    let picture = ask(&simulator, &format!("GET {path}"), "", "").await;
    assert_eq!(picture.status, 200);
    assert!(
        picture
            .head
            .to_lowercase()
            .contains("content-type: image/png")
    );
    assert!(picture.body.starts_with(b"\x89PNG"));
    for (from, to) in [
        (YIJUN, AMELIE),
        ("ext=", "ext=9"),
        ("hash=", "hash=0"),
        ("1024", "1025"),
    ] {
        let forged = ask(
            &simulator,
            &format!("GET {}", path.replace(from, to)),
            "",
            "",
        )
        .await;
        assert_eq!(
            (forged.status, forged.text()),
            (403, "URL signature expired"),
            "{to}"
        );
    }
}

#[tokio::test]
async fn l7_a_picture_expires_after_thirty_days() {
    let simulator = start().await;
    let path = format!("{YIJUN}?fields=profile_pic");
    let profile = graph(&simulator, "GET", &path, "").await.json();
    let url = profile["profile_pic"].as_str().unwrap();
    let request = format!("GET {}", url.strip_prefix(&simulator.url()).unwrap());
    let day = Duration::from_secs(24 * 3600);
    simulator.advance(29 * day);
    assert_eq!(ask(&simulator, &request, "", "").await.status, 200);
    simulator.advance(day);
    assert_eq!(ask(&simulator, &request, "", "").await.status, 403);
}
