//! Health of a Page: problems, their pauses, and how they end.

use super::*;
use messenger_crm::graph::page::subscriptions::RECOMMENDED;
use messenger_crm::inbox::{ConnectionTable, Connections, PageProblem};

const DAY: i64 = 24 * 3600;

fn page() -> PageId {
    ada().page
}

fn subscribed(script: &ScriptedTransport) {
    let fields: Vec<&str> = RECOMMENDED.iter().map(|field| field.as_str()).collect();
    let list = json!({"data": [{"id": "271828182845904", "subscribed_fields": fields}]});
    script.json(200, list.to_string());
}

fn healthy(script: &ScriptedTransport) {
    subscribed(script);
    script.json(200, r#"{"id":"1"}"#);
}

#[tokio::test]
async fn i24_f22_a_dead_token_pauses_the_page_and_nothing_is_lost() {
    let desk = Desk::new().await;
    desk.reply(1, "hello").await;
    refuse(&desk.script, 190, 463);
    assert_eq!(desk.step(3).await, Step::Worked);
    let health = desk.inbox.page_health(&page(), at(3)).await.unwrap();
    assert!(health.has(PageProblem::TokenRefused), "{health:?}");
    assert_eq!(health.problems[0].code, Some(190));
    assert!(health.pause.is_some());
    assert!(!health.problems[0].problem.cure().is_empty());
    // A paused Page costs nothing.
    let calls = desk.script.requests().len();
    assert!(matches!(desk.step(4).await, Step::Idle(_)));
    assert_eq!(desk.script.requests().len(), calls);
    let waiting = desk.newest().await;
    assert_eq!(waiting.state, Some(MessageState::Queued));
    assert_eq!(waiting.reason.unwrap().code, Some(190));

    // The host has a new token.
    healthy(&desk.script);
    let health = desk.inbox.check_page(&page(), at(5)).await.unwrap();
    assert_eq!((health.problems.len(), health.pause), (0, None));
    desk.script
        .json(200, json!({"message_id": "m2"}).to_string());
    assert_eq!(desk.step(6).await, Step::Worked);
    assert_eq!(desk.newest().await.state, Some(MessageState::Sent));
}

#[tokio::test]
async fn n9_a_page_without_a_token_is_paused_and_goes_on_by_itself() {
    let desk = Desk::new().await;
    let table = ConnectionTable::new();
    let inbox = Inbox::new(
        Arc::new(desk.store.clone()),
        graph(&desk.script),
        Arc::new(table.clone()),
    );
    desk.reply(1, "hello").await;
    let step = |when| {
        let inbox = inbox.clone();
        async move { inbox.step(at(when), WorkerId::new(7)).await.unwrap() }
    };
    assert_eq!(step(3).await, Step::Worked);
    assert!(matches!(step(4).await, Step::Idle(_)));
    assert!(matches!(step(500).await, Step::Idle(_)));
    let health = inbox.page_health(&page(), at(5)).await.unwrap();
    assert!(health.has(PageProblem::NotConnected));

    // The host connects it without a word: the pause ends after ten minutes.
    let app = page_1().access(&page()).await.unwrap().unwrap().app;
    table.put_page(&page(), app.id.clone(), "EAAnew".parse().unwrap());
    table.put_app("", app, "hush".parse().unwrap());
    desk.script
        .json(200, json!({"message_id": "m2"}).to_string());
    assert_eq!(step(700).await, Step::Worked);
    assert_eq!(desk.newest().await.state, Some(MessageState::Sent));
    let health = inbox.page_health(&page(), at(700)).await.unwrap();
    assert_eq!(health.problems.len(), 0, "a call that succeeds ends it");
}

#[tokio::test]
async fn i22_f24_a_page_that_meta_unsubscribed_is_subscribed_again() {
    let desk = Desk::new().await;
    desk.script.json(200, r#"{"data":[]}"#);
    desk.script.json(200, r#"{"success":true}"#);
    desk.script.json(200, r#"{"id":"1"}"#);
    let health = desk.inbox.check_page(&page(), at(3)).await.unwrap();
    assert_eq!(health.problems.len(), 0);
    let posts = posts(&desk.script);
    assert_eq!(posts.len(), 1);
    let target = posts[0].http.uri().path();
    assert!(target.ends_with("/1/subscribed_apps"), "{target}");
}

#[tokio::test]
async fn f25_a_missing_permission_or_a_held_conversation_fails_the_reply_and_shows_at_the_page() {
    for (code, subcode, problem) in [
        (200, 0, PageProblem::PermissionMissing),
        (10, 2_018_300, PageProblem::HeldByAnother),
    ] {
        let desk = Desk::new().await;
        desk.reply(1, "hello").await;
        refuse(&desk.script, code, subcode);
        desk.step(3).await;
        let health = desk.inbox.page_health(&page(), at(3)).await.unwrap();
        assert!(health.has(problem), "{code}/{subcode}: {health:?}");
        assert_eq!(health.pause, None, "other conversations go on");
        assert_eq!(desk.newest().await.state, Some(MessageState::Failed));
    }
}

#[tokio::test]
async fn n12_f13_throttling_of_the_page_pauses_it_and_of_one_conversation_only_that() {
    let desk = Desk::new().await;
    desk.reply(1, "hello").await;
    refuse(&desk.script, 613, 0);
    desk.step(3).await;
    let health = desk.inbox.page_health(&page(), at(3)).await.unwrap();
    assert!(health.has(PageProblem::Throttled));
    assert!(health.pause.unwrap().until.unwrap() >= at(63));
    let waiting = desk.newest().await;
    assert_eq!(waiting.state, Some(MessageState::Queued));
    assert!(waiting.next_attempt.is_some());
    assert_eq!(waiting.reason.unwrap().advice, Advice::RateLimited);

    let desk = Desk::new().await;
    desk.reply(1, "hello").await;
    refuse(&desk.script, 613, 1996);
    desk.step(3).await;
    let health = desk.inbox.page_health(&page(), at(3)).await.unwrap();
    assert_eq!((health.problems.len(), health.pause), (0, None));
}

#[tokio::test]
async fn g13_i23_n38_events_of_a_page_are_kept_until_it_is_connected_and_are_then_history() {
    let desk = Desk::empty();
    let received = desk
        .inbox
        .clone()
        .on_message("bot", async |_| panic!("history reaches no handler"));
    let body = delivery("1", &[message(&ada(), "m1", at(1), "Hello")]);
    let delivery = parse_unverified(&body).unwrap();
    let kept = received.receive(&delivery, |_| false, at(1)).await.unwrap();
    assert_eq!(kept[0].applied, Applied::Kept, "N32: nobody is notified");
    assert_eq!(kept[0].page, Some(page()));
    assert!(talk(&desk.store, &ada()).await.is_empty());

    healthy(&desk.script);
    received.page_connected(&page(), at(DAY)).await.unwrap();
    let talk = talk(&desk.store, &ada()).await;
    assert_eq!(talk[0].content.text.as_deref(), Some("Hello"));
    assert_eq!(person(&desk.store, &ada()).await.unread, 0);
    desk.script.json(200, r#"{"name":"Ada"}"#);
    while received.step(at(DAY), WorkerId::new(7)).await.unwrap() == Step::Worked {}
    assert_eq!(posts(&desk.script).len(), 0);
}

/// Somebody else's Page sends to our app: what is kept of it has a limit in number, in bytes and by
/// age, its operator sees how much it is, and connecting the Page applies it.
#[tokio::test]
async fn n17_events_of_a_page_nobody_connected_are_bounded_counted_shown_and_replayed() {
    let desk = Desk::empty();
    let receive = async |events: &[Value], when: i64| {
        let body = delivery("1", events);
        let read = parse_unverified(&body).unwrap();
        let received = desk
            .inbox
            .receive(&read, |_| false, at(when))
            .await
            .unwrap();
        let kept = received.iter().filter(|one| one.applied == Applied::Kept);
        kept.count() as u64
    };
    let shown = async || {
        let health = desk.inbox.page_health(&page(), at(0)).await.unwrap();
        health.unconnected
    };
    let small = |number: i64| message(&ada(), &format!("m{number}"), at(number), "Hello");
    assert_eq!(shown().await, None);
    let hundred: Vec<Value> = (0..100).map(small).collect();
    assert_eq!(receive(&hundred, 1000).await, 100);
    assert_eq!(receive(&hundred, 1001).await, 0, "Meta sent it again");
    let counted = shown().await.unwrap();
    assert_eq!((counted.kept, counted.dropped), (100, 0));
    assert_eq!(counted.since, at(1000));
    assert_eq!(desk.raw_events("1").await.len(), 50, "a page of them");

    // In bytes: of twenty events of a mebibyte fifteen have room.
    let text = "a".repeat(1 << 20);
    for number in 200..220 {
        let large = message(&ada(), &format!("m{number}"), at(number), &text);
        let has_room = number < 215;
        assert_eq!(receive(&[large], 1002).await, u64::from(has_room));
    }
    let counted = shown().await.unwrap();
    assert_eq!((counted.kept, counted.dropped), (115, 5));
    assert!(counted.bytes <= 16 << 20, "{counted:?}");

    // In number, in the next week.
    let week = 7 * DAY + 1000;
    let mut kept = 0;
    for thousand in 1..12 {
        let events: Vec<Value> = (thousand * 1000..(thousand + 1) * 1000)
            .map(small)
            .collect();
        kept += receive(&events, week).await;
    }
    assert_eq!(kept, 10_000);
    let counted = shown().await.unwrap();
    assert_eq!((counted.kept, counted.dropped), (10_000, 1_000));
    assert_eq!(counted.since, at(week));

    // By age.
    assert_eq!(desk.store.sweep(at(10_900)).await.unwrap(), 115 + 9_900);
    healthy(&desk.script);
    let health = desk.inbox.page_connected(&page(), at(week)).await.unwrap();
    assert_eq!(health.unconnected, None);
    assert_eq!(shown().await, None);
    let filter = MessageQuery::new(ada()).with_limit(1000);
    let talk = desk.store.messages(&filter).await.unwrap().rows;
    assert_eq!(talk.len(), 100);
    assert_eq!(talk[0].content.text.as_deref(), Some("Hello"));
    assert_eq!(person(&desk.store, &ada()).await.unread, 0);
}

#[tokio::test]
async fn b21_a_page_is_unsubscribed_when_it_goes() {
    let desk = Desk::new().await;
    desk.script.json(200, r#"{"success":true}"#);
    desk.inbox.disconnect_page(&page()).await.unwrap();
    let last = desk.script.requests().pop().unwrap();
    assert_eq!(last.http.method(), "DELETE");
    assert!(last.http.uri().path().ends_with("/1/subscribed_apps"));
}

#[tokio::test]
async fn a_subscription_that_meta_refuses_is_a_problem_of_the_page_and_only_wanted_fields_are_asked()
 {
    use messenger_crm::graph::page::subscriptions::WebhookField;
    let desk = Desk::new().await;
    let inbox = desk
        .inbox
        .clone()
        .with_webhook_fields(&[WebhookField::MESSAGES]);
    desk.script.json(200, r#"{"data":[]}"#);
    refuse(&desk.script, 100, 0);
    let health = inbox.check_page(&page(), at(3)).await.unwrap();
    assert!(health.has(PageProblem::Unsubscribed), "{health:?}");
    assert_eq!(health.problems[0].code, Some(100));

    let list = json!({"data": [{"id": "271828182845904", "subscribed_fields": ["messages"]}]});
    desk.script.json(200, list.to_string());
    desk.script.json(200, r#"{"id":"1"}"#);
    let health = inbox.check_page(&page(), at(4)).await.unwrap();
    assert_eq!(health.problems.len(), 0);
    assert_eq!(posts(&desk.script).len(), 1, "subscribed already");
}

/// The reply was too late to be sent, so Meta has not said that the token is accepted.
#[tokio::test]
async fn an_attempt_that_was_not_made_ends_no_problem() {
    let desk = Desk::new().await;
    let reply = text_to_ada(1, "hello").with_latest(at(100));
    desk.inbox.reply(&page(), reply, at(2)).await.unwrap();
    refuse(&desk.script, 190, 463);
    desk.step(3).await;
    // The pause has ended by itself.
    assert_eq!(desk.step(700).await, Step::Worked);
    assert_eq!(desk.newest().await.reason.unwrap().advice, Advice::Expired);
    let health = desk.inbox.page_health(&page(), at(700)).await.unwrap();
    assert!(health.has(PageProblem::TokenRefused), "{health:?}");
}
