//! Answers: queued, sent once, and what became of them.

use messenger_crm::graph::{Clock as _, ScriptedClock};
use messenger_crm::inbox::ReplyWindow;
use messenger_crm::model::Author;

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
async fn f15_what_never_left_waits_and_is_sent_later() {
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

/// Our clock jumps by a day in both directions: what is due, the order and the window follow Meta's
/// times, and nothing waits for our clock.
#[tokio::test]
async fn i20_n11_f21_a_wrong_clock_delays_nothing_and_orders_nothing() {
    const DAY: i64 = 24 * 3600;
    for now in [-DAY, DAY / 2] {
        let desk = Desk::new().await;
        let reply = text_to_ada(1, "hello");
        desk.inbox.reply(&ada().page, reply, at(now)).await.unwrap();
        assert_eq!(
            talk(&desk.store, &ada()).await[0].key,
            Some(key(1)),
            "below the question"
        );
        desk.script
            .json(200, json!({"message_id": "m2"}).to_string());
        assert_eq!(desk.step(now).await, Step::Worked, "due at once");
        assert_eq!(desk.newest().await.state, Some(MessageState::Sent));
    }
}

/// Our clock is wrong by thirty hours. Ahead, the policy is careful and a person may try; behind, it
/// is too hopeful. Meta decides in both cases.
#[tokio::test]
async fn f21_with_a_wrong_clock_the_policy_is_careful_and_meta_decides() {
    const AHEAD: i64 = 30 * 3600;
    let desk = Desk::new().await;
    let program = text_to_ada(1, "hello").with_author(Author::program("bot"));
    let refused = desk.inbox.reply(&ada().page, program, at(AHEAD)).await;
    assert!(
        matches!(refused, Err(ReplyError::WindowClosed { .. })),
        "{refused:?}"
    );
    let reply = || text_to_ada(1, "hello");
    let refused = desk.inbox.reply(&ada().page, reply(), at(AHEAD)).await;
    assert!(
        matches!(refused, Err(ReplyError::NeedsConfirmation { .. })),
        "{refused:?}"
    );
    let confirmed = reply().confirmed();
    let queued = desk.inbox.reply(&ada().page, confirmed, at(AHEAD)).await;
    queued.unwrap();
    desk.script.json(200, r#"{"message_id":"m2"}"#);
    desk.step(AHEAD).await;
    assert_eq!(desk.newest().await.state, Some(MessageState::Sent));

    let (desk, behind) = (Desk::empty(), -AHEAD);
    let body = delivery("1", &[message(&ada(), "m1", at(1), "Hello")]);
    let read = parse_unverified(&body).unwrap();
    let received = desk.inbox.receive(&read, |_| true, at(behind)).await;
    received.unwrap();
    desk.script.json(200, r#"{"name":"Ada","id":"ada"}"#);
    desk.step(behind).await;
    let known = person(&desk.store, &ada()).await;
    let window = desk.inbox.window(&known, at(behind));
    let latest = at(behind) + Change::MAX_AHEAD + Duration::from_secs(24 * 3600);
    assert!(
        matches!(window, ReplyWindow::Open { until } if until <= latest),
        "{window:?}"
    );
    let queued = desk.inbox.reply(&ada().page, reply(), at(behind)).await;
    queued.unwrap();
    refuse(&desk.script, 10, 2_018_278);
    desk.step(behind).await;
    let newest = desk.newest().await;
    assert_eq!(newest.state, Some(MessageState::Failed));
    assert_eq!(newest.reason.unwrap().advice, Advice::OutsideWindow);
}

/// Every way in which Meta asks for slower calls: the Page makes no call until then, nothing is
/// dropped, and each conversation keeps its order.
#[tokio::test]
async fn f13_throttled_replies_wait_as_long_as_meta_asks_and_keep_their_order() {
    let refusal = |code: i64| json!({"error": {"message": "slower", "code": code}}).to_string();
    let of_codes = [4, 17, 32, 613, 80_006].map(|code| (400, refusal(code), 60));
    let of_status = (429, "<html>slower</html>".to_owned(), 300);
    for (status, body, wait) in of_codes.into_iter().chain([of_status]) {
        let desk = Desk::new().await;
        let clock = ScriptedClock::new(at(10));
        let graph = Graph::from_parts(desk.script.clone(), clock.clone());
        let graph = graph.with_retry(RetryPolicy::never());
        let inbox = Inbox::new(Arc::new(desk.store.clone()), graph, page_1());
        let bob = contact("1", "bob");
        desk.receive(message(&bob, "b1", at(1), "Hello")).await;
        for (number, who, text) in [(1, ada(), "one"), (2, ada(), "two"), (3, bob, "three")] {
            let message = OutgoingMessage::text(who.psid, text).unwrap();
            let reply = Reply::new(key(number), message);
            inbox.reply(&who.page, reply, at(10)).await.unwrap();
        }
        let mut response = http::Response::builder().status(status);
        if status == 429 {
            response = response.header("retry-after", wait);
        }
        let response = response.body(body.into_bytes()).unwrap();
        desk.script.response(response);
        for number in 0..8 {
            // The profile of Bob is asked for, too.
            let sent = json!({"message_id": format!("sent {number}"), "name": "Bob"});
            desk.script.json(200, sent.to_string());
        }
        let sent = || -> Vec<String> {
            let posts = posts(&desk.script);
            let body = |post| serde_json::from_slice::<Value>(body_of(post)).unwrap();
            let text = |post| body(post)["message"]["text"].as_str().unwrap().to_owned();
            posts.iter().map(text).collect()
        };
        let mut first = None;
        loop {
            match inbox.step(clock.now(), WorkerId::new(7)).await.unwrap() {
                Step::Idle(None) => break,
                Step::Idle(Some(due)) => {
                    first.get_or_insert_with(|| (due, sent()));
                    clock.advance(due - clock.now());
                }
                _ => {}
            }
        }
        let (due, before) = first.unwrap();
        assert!(due >= at(10 + wait), "{status}: {due}");
        assert_eq!(before, ["one"], "{status}: before it is due");
        let mut of_ada = sent();
        of_ada.retain(|text| text != "three");
        assert_eq!(of_ada, ["one", "one", "two"], "{status}: {:?}", sent());
        assert_eq!(sent().len(), 4, "{status}: {:?}", sent());
        assert_eq!(desk.newest().await.state, Some(MessageState::Sent));
    }
}

#[tokio::test]
async fn f12_f16_an_answer_that_cannot_be_read_leaves_a_reply_unknown_and_is_not_tried_again() {
    for (status, body) in [
        (200, ""),
        (200, "<html>CANARY</html>"),
        (200, "{"),
        (200, "{}"),
        (200, "[]"),
        (200, "null"),
        (200, r#"{"message_id":""}"#),
        (500, "<html>CANARY</html>"),
        (503, ""),
    ] {
        let desk = Desk::new().await;
        desk.reply(1, "maybe").await;
        desk.script.json(status, body);
        assert_eq!(desk.step(3).await, Step::Worked);
        let newest = desk.newest().await;
        assert_eq!(newest.state, Some(MessageState::Unknown), "{status} {body}");
        assert!(!format!("{:?}", newest.reason).contains("CANARY"));
        assert_eq!(desk.step(100_000).await, Step::Idle(None));
        assert_eq!(posts(&desk.script).len(), 1, "{status} {body}");
    }
}
