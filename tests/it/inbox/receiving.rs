//! What comes in, and what is not for us.

use super::*;

/// A feedback has no time of its own, and each delivery of it another entry time.
#[tokio::test]
async fn s4_a_feedback_that_meta_sends_again_moves_neither_message_nor_inbox() {
    let desk = Desk::empty();
    let body: Value = serde_json::from_str(&events::body("messaging_feedback")).unwrap();
    let receive = async |when| {
        let mut body = body.clone();
        body["entry"][0]["time"] = at(when).as_millis().into();
        let body = body.to_string();
        let delivery = parse_unverified(body.as_bytes()).unwrap();
        let received = desk.inbox.receive(&delivery, |_| true, at(when)).await;
        let received = received.unwrap().into_iter();
        received.map(|one| one.applied).collect::<Vec<_>>()
    };
    let who = contact("106540001112223", "7104000555666777");
    let other = contact("106540001112223", "bob");
    let first = receive(10).await;
    assert!(
        matches!(first[..], [Applied::New { .. }]),
        "{first:?}, and nothing else"
    );
    let hello = received(&other, "m1", 20, "Hello");
    desk.store.apply(&[hello]).await.unwrap();
    let (before, said) = (
        person(&desk.store, &who).await,
        talk(&desk.store, &who).await,
    );
    assert_eq!((before.last_at, before.unread), (at(10), 1));
    for when in [30, 40] {
        assert_eq!(receive(when).await, [Applied::Unchanged]);
        assert_eq!(person(&desk.store, &who).await, before);
        assert_eq!(talk(&desk.store, &who).await, said);
        let listed = ContactQuery::new(who.page.clone());
        let listed = desk.store.contacts(&listed).await.unwrap().rows;
        let listed: Vec<_> = listed.into_iter().map(|contact| contact.key).collect();
        assert_eq!(listed, [other.clone(), who.clone()]);
    }
}

#[tokio::test]
async fn an_event_of_a_page_that_is_not_ours_is_kept_and_makes_no_customer() {
    let desk = Desk::empty();
    let stranger = contact("2", "ada");
    let event = message(&stranger, "m1", at(1), "Hello");
    let body = delivery("2", std::slice::from_ref(&event));
    let delivery = parse_unverified(&body).unwrap();
    let ours = |page: &PageId| page.as_str() == "1";
    desk.inbox.receive(&delivery, ours, at(1)).await.unwrap();
    assert!(desk.store.contact(&stranger).await.unwrap().is_none());
    let raw = &desk.raw_events("2").await[0];
    assert_eq!(as_json(raw), as_json(&body));
    assert_eq!(desk.step(9).await, Step::Idle(None));
}

/// The delivery that brings only this event: what the store keeps of it.
fn delivery_of(event: &Value) -> Value {
    as_json(&delivery("1", std::slice::from_ref(event)))
}

fn as_json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

#[tokio::test]
async fn i5_f26_an_event_the_store_can_never_accept_is_kept_and_its_delivery_acknowledged() {
    let folder = Folder::new();
    let store = conformance::sqlite(folder.path());
    let graph = graph(&ScriptedTransport::new());
    let inbox = Inbox::new(Arc::new(store.clone()), graph, page_1());
    let poison = message(&ada(), "m2", at(2), POISON);
    let events = [
        message(&ada(), "m1", at(1), "before"),
        poison.clone(),
        message(&ada(), "m3", at(3), "behind"),
    ];
    let body = delivery("1", &events);
    let delivery = parse_unverified(&body).unwrap();
    for _ in 0..2 {
        let applied = inbox.receive(&delivery, |_| true, at(9)).await.unwrap();
        assert_eq!(applied.len(), 3);
        let said = talk(&store, &ada()).await;
        let ids: Vec<&str> = said.iter().map(|message| message.id.as_str()).collect();
        assert_eq!(ids, ["m3", "m1"]);
        let kept = RawEventQuery::new(Some(PageId::new("1").unwrap()));
        let kept = store.raw_events(&kept).await.unwrap().rows;
        assert_eq!(kept.len(), 1);
        assert_eq!(as_json(&kept[0].raw), delivery_of(&poison));
        assert_eq!(kept[0].reason, "the store refuses it");
        assert_eq!(kept[0].psid.as_ref(), Some(&ada().psid));
    }
}

#[tokio::test]
async fn s23_a_customer_is_forgotten_though_metas_clock_is_ahead_of_ours() {
    let desk = Desk::new().await;
    desk.receive(message(&ada(), "m2", at(500), "from the future"))
        .await;
    let forgotten = desk.inbox.forget(&ada(), at(3)).await.unwrap();
    assert_eq!(forgotten, Applied::Changed);
    assert!(desk.store.contact(&ada()).await.unwrap().is_none());
    let again = desk
        .receive(message(&ada(), "m2", at(500), "from the future"))
        .await;
    assert_eq!(again, [Applied::Forgotten]);
    assert!(talk(&desk.store, &ada()).await.is_empty());
}

#[tokio::test]
async fn n32_unknown_kinds_are_kept_once_and_are_no_news() {
    let desk = Desk::empty();
    let event = json!({"sender": {"id": "ada"}, "recipient": {"id": "1"}, "timestamp": 1,
        "reaction": {"emoji": "❤"}});
    assert_eq!(desk.receive(event.clone()).await, [Applied::Kept]);
    assert_eq!(desk.receive(event.clone()).await, [Applied::Unchanged]);
    let raw = desk.raw_events("1").await;
    assert_eq!((raw.len(), as_json(&raw[0])), (1, delivery_of(&event)));
    assert!(desk.store.contact(&ada()).await.unwrap().is_none());
}

/// Counts the commits: one refused event among a thousand costs some twenty, not a thousand.
#[tokio::test]
async fn n27_one_refused_event_among_many_is_found_by_halves() {
    let folder = Folder::new();
    let store = conformance::sqlite(folder.path());
    let counting = full::Full::new(store.clone());
    let graph = graph(&ScriptedTransport::new());
    let inbox = Inbox::new(Arc::new(counting.clone()), graph, page_1());
    let mut events: Vec<Value> = (0..1000)
        .map(|number| message(&ada(), &format!("m{number}"), at(number), "hello"))
        .collect();
    events[617] = message(&ada(), "m617", at(617), POISON);
    let body = delivery("1", &events);
    let delivery = parse_unverified(&body).unwrap();
    let received = inbox.receive(&delivery, |_| true, at(2000)).await.unwrap();
    assert_eq!(received.len(), 1000);
    for (number, one) in received.iter().enumerate() {
        assert_eq!(
            one.event.raw(),
            delivery.events[number].raw(),
            "in the order of the delivery"
        );
        assert_eq!(one.applied == Applied::Kept, number == 617, "{number}");
    }
    assert!(
        counting.applies() <= 2 * 10 + 2,
        "{} commits",
        counting.applies()
    );
}
