//! Who the customers are.

use super::*;

#[tokio::test]
async fn i21_a_refused_profile_leaves_the_message_visible() {
    let desk = Desk::empty();
    desk.receive(message(&ada(), "m1", at(1), "Hello")).await;
    refuse(&desk.script, 200, 0);
    assert_eq!(desk.step(1).await, Step::Worked);
    let person = person(&desk.store, &ada()).await;
    assert!(person.profile.is_none());
    assert!(person.profile_due.unwrap() > at(1));
    assert_eq!(desk.newest().await.content.text.as_deref(), Some("Hello"));
}

/// Meta or the line to it fails: the customer has no name yet, and it is asked for again.
#[tokio::test]
async fn f12_f14_f15_f16_a_profile_that_cannot_be_read_is_requested_again_later() {
    type Failure = fn(&ScriptedTransport);
    let failures: [Failure; 8] = [
        |script| _ = script.json(500, "<html>"),
        |script| _ = script.json(503, ""),
        |script| refuse(script, 2, 0),
        |script| _ = script.failure(TransportErrorKind::NotSent),
        |script| _ = script.failure(TransportErrorKind::Unknown),
        |script| _ = script.json(200, ""),
        |script| _ = script.json(200, "<html>"),
        |script| _ = script.json(200, "{"),
    ];
    for (number, fail) in failures.into_iter().enumerate() {
        let desk = Desk::empty();
        desk.receive(message(&ada(), "m1", at(1), "Hello")).await;
        fail(&desk.script);
        assert_eq!(desk.step(1).await, Step::Worked);
        let known = person(&desk.store, &ada()).await;
        assert!(known.profile.is_none(), "failure {number}");
        let due = known.profile_due.unwrap();
        assert!(due > at(1) && due < at(60), "failure {number}: {due}");
        desk.script.json(200, r#"{"name":"Ada","id":"ada"}"#);
        let step = desk.inbox.step(due, WorkerId::new(7)).await.unwrap();
        assert_eq!(step, Step::Worked);
        let profile = person(&desk.store, &ada()).await.profile.unwrap();
        assert_eq!(profile.name.as_deref(), Some("Ada"), "failure {number}");
    }
}

#[tokio::test]
async fn c19_f16_a_person_without_a_profile_is_not_looked_up_again_soon() {
    for (status, body) in [
        (200, "{}"),
        (400, r#"{"error":{"code":100,"error_subcode":2018218}}"#),
        (400, r#"{"error":{"code":230}}"#),
    ] {
        let desk = Desk::empty();
        desk.receive(message(&ada(), "m1", at(1), "Hello")).await;
        desk.script.json(status, body);
        assert_eq!(desk.step(1).await, Step::Worked);
        let due = person(&desk.store, &ada()).await.profile_due.unwrap();
        assert!(due > at(1) + Duration::from_secs(24 * 3600), "{due}");
        assert_eq!(desk.step(2).await, Step::Idle(Some(due)));
        assert_eq!(desk.script.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_picture_that_cannot_be_fetched_is_asked_for_more_and_more_slowly() {
    let desk = Desk::empty();
    desk.receive(message(&ada(), "m1", at(1), "Hello")).await;
    let profile = json!({"name": "Ada", "profile_pic": "https://scontent.fbcdn.net/p.jpg"});
    let mut now = at(1);
    let mut waits = Vec::new();
    for _ in 0..4 {
        desk.script.json(200, profile.to_string());
        desk.script.failure(TransportErrorKind::Unknown);
        let step = desk.inbox.step(now, WorkerId::new(7)).await.unwrap();
        assert_eq!(step, Step::Worked);
        let person = person(&desk.store, &ada()).await;
        assert!(person.profile.is_some());
        let due = person.profile_due.unwrap();
        waits.push(due - now);
        now = due;
    }
    assert!(
        waits.is_sorted_by(|one, next| one < next),
        "it does not slow down: {waits:?}"
    );
}

#[tokio::test]
async fn b1_f28_a_refused_picture_is_downloaded_again_later() {
    for status in [302, 403, 404, 500] {
        let desk = Desk::empty();
        desk.receive(message(&ada(), "m1", at(1), "Hello")).await;
        let profile = r#"{"name":"Ada","profile_pic":"https://scontent.fbcdn.net/p.jpg"}"#;
        desk.script.json(200, profile);
        desk.script.json(status, "");
        assert_eq!(desk.step(1).await, Step::Worked);
        let due = person(&desk.store, &ada()).await.profile_due.unwrap();

        desk.script.json(200, profile);
        let picture = http::Response::builder().header("content-type", "image/jpeg");
        desk.script
            .response(picture.body(b"\xff\xd8".to_vec()).unwrap());
        desk.inbox.step(due, WorkerId::new(7)).await.unwrap();
        let picture = desk.store.picture(&ada()).await.unwrap();
        assert_eq!(picture.unwrap().bytes, b"\xff\xd8", "{status}");
    }
}

#[tokio::test]
async fn b3_an_old_profile_is_requested_again_when_the_customer_writes() {
    let desk = Desk::new().await;
    const DAY: i64 = 24 * 3600;
    assert_eq!(
        desk.step(40 * DAY).await,
        Step::Idle(None),
        "only when the customer writes"
    );
    let body = delivery("1", &[message(&ada(), "m2", at(40 * DAY), "Hello again")]);
    let read = parse_unverified(&body).unwrap();
    desk.inbox
        .receive(&read, |_| true, at(40 * DAY))
        .await
        .unwrap();
    desk.script.json(200, r#"{"name":"Ada King","id":"ada"}"#);
    assert_eq!(desk.step(40 * DAY).await, Step::Worked);
    let profile = person(&desk.store, &ada()).await.profile.unwrap();
    assert_eq!(profile.name.as_deref(), Some("Ada King"));
    assert_eq!(desk.step(41 * DAY).await, Step::Idle(None));

    desk.inbox
        .refresh_profile(&ada(), at(41 * DAY))
        .await
        .unwrap();
    desk.script
        .json(200, r#"{"name":"Ada Lovelace","id":"ada"}"#);
    assert_eq!(desk.step(41 * DAY).await, Step::Worked);
    let profile = person(&desk.store, &ada()).await.profile.unwrap();
    assert_eq!(profile.name.as_deref(), Some("Ada Lovelace"));
}
