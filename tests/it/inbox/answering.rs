//! Answers: queued, sent once, and what became of them.

use super::*;

#[tokio::test]
async fn c2_a_reply_is_sent_once_with_its_key_and_its_mid_is_stored() {
    let desk = Desk::new().await;
    desk.reply(1, "Hello, Ada").await;
    assert_eq!(desk.newest().await.state, Some(MessageState::Queued));
    desk.script.json(
        200,
        json!({"recipient_id": "ada", "message_id": "m2"}).to_string(),
    );
    assert_eq!(desk.step(3).await, Step::Worked);
    assert_eq!(desk.step(4).await, Step::Idle(None));
    let posts = posts(&desk.script);
    assert_eq!(posts.len(), 1);
    let head = &posts[0].http;
    let url = head.uri().to_string();
    assert!(
        url.starts_with("https://graph.facebook.com/v27.0/1/messages?appsecret_proof="),
        "{url}"
    );
    assert_eq!(head.headers()["authorization"], "Bearer EAAtoken");
    let body: Value = serde_json::from_slice(body_of(&posts[0])).unwrap();
    assert_eq!(
        body,
        json!({"recipient": {"id": "ada"}, "messaging_type": "RESPONSE",
            "message": {"text": "Hello, Ada", "metadata": key(1).as_str()}})
    );
    let newest = desk.newest().await;
    assert_eq!(
        (newest.id.as_str(), newest.state),
        ("m2", Some(MessageState::Sent))
    );
}

#[tokio::test]
async fn a_refusal_outside_the_window_is_failed_with_that_reason() {
    let desk = Desk::new().await;
    desk.reply(1, "too late").await;
    refuse(&desk.script, 10, 2_018_278);
    desk.step(3).await;
    let newest = desk.newest().await;
    assert_eq!(newest.state, Some(MessageState::Failed));
    let reason = newest.reason.unwrap();
    assert_eq!(reason.advice, Advice::OutsideWindow);
    assert_eq!(reason.advice.as_str(), "outside_window");
    assert_eq!((reason.code, reason.subcode), (Some(10), Some(2_018_278)));
    let preview = person(&desk.store, &ada()).await.preview.unwrap();
    assert_eq!(
        preview.state,
        Some(MessageState::Failed),
        "the inbox marks it too"
    );
    assert_eq!(desk.step(100_000).await, Step::Idle(None));
}

#[tokio::test]
async fn an_unknown_outcome_is_never_sent_again() {
    let desk = Desk::new().await;
    desk.reply(1, "maybe").await;
    desk.script.failure(TransportErrorKind::Unknown);
    assert_eq!(desk.step(3).await, Step::Worked);
    assert_eq!(desk.newest().await.state, Some(MessageState::Unknown));
    for when in [4, 100, 1_000_000] {
        assert_eq!(desk.step(when).await, Step::Idle(None));
    }
    assert_eq!(posts(&desk.script).len(), 1);
}

#[tokio::test]
async fn what_never_left_waits_and_is_sent_later() {
    let desk = Desk::new().await;
    desk.reply(1, "hello").await;
    desk.script.failure(TransportErrorKind::NotSent);
    assert_eq!(desk.step(3).await, Step::Worked);
    assert_eq!(desk.newest().await.state, Some(MessageState::Queued));
    let Step::Idle(Some(due)) = desk.step(3).await else {
        panic!("it was not put off")
    };
    assert!(due > at(3), "{due:?}");
    desk.script
        .json(200, json!({"message_id": "m2"}).to_string());
    let step = desk.inbox.step(due, WorkerId::new(8)).await.unwrap();
    assert_eq!(step, Step::Worked);
    assert_eq!(desk.newest().await.state, Some(MessageState::Sent));
    let posts = posts(&desk.script);
    assert_eq!(posts.len(), 2);
    assert_eq!(body_of(&posts[0]), body_of(&posts[1]));
}

#[tokio::test]
async fn the_same_key_twice_is_one_answer() {
    let desk = Desk::new().await;
    let first = desk.reply(1, "hello").await;
    assert!(matches!(first, Applied::New { .. }), "{first:?}");
    assert_eq!(desk.reply(1, "hello").await, Applied::Unchanged);
    assert_eq!(talk(&desk.store, &ada()).await.len(), 2);
    desk.script
        .json(200, json!({"message_id": "m2"}).to_string());
    desk.step(3).await;
    assert_eq!(desk.reply(1, "hello").await, Applied::Unchanged);
    assert_eq!(desk.step(4).await, Step::Idle(None));
    assert_eq!(posts(&desk.script).len(), 1);
}

#[tokio::test]
async fn nobody_is_answered_who_never_wrote() {
    let desk = Desk::empty();
    let reply = text_to_ada(1, "hello");
    let error = desk.inbox.reply(&ada().page, reply, at(1)).await;
    assert!(
        matches!(error, Err(ReplyError::NoSuchCustomer)),
        "{error:?}"
    );
    assert_eq!(desk.step(9).await, Step::Idle(None));
}
