//! Webhooks: content, repeats, and faults of the delivery.

use messenger_crm::simulator::Scene;
use messenger_crm::simulator::script::DeliveryOptions;

use super::*;

/// A simulator whose time only the test moves.
async fn standing(callback: &Callback) -> Simulator {
    let scene = Scene::default().with_seed(1).with_time(1_700_000_000_000);
    let simulator = Simulator::start_scene("127.0.0.1:0".parse().unwrap(), scene).await;
    let simulator = simulator.unwrap();
    simulator.subscribe(&callback.url, "right").await.unwrap();
    simulator
}

/// Waits until every webhook that is due was answered, and returns how many are left.
async fn settled(simulator: &Simulator) -> usize {
    let settled = timeout(SOON, simulator.settled()).await;
    settled.expect("webhooks are settled");
    simulator.pending()
}

#[tokio::test]
async fn a_message_is_signed_and_escaped_as_meta_does() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    let mid = simulator.write(AMELIE, "Grüße 你好 🙂 a/b").unwrap();
    let call = callback.next().await;
    let signature = hex_hmac(&simulator.app().app_secret, &call.body);
    assert_eq!(call.signature, format!("sha256={signature}"));
    let time = call
        .body
        .strip_prefix(r#"{"object":"page","entry":[{"time":"#)
        .unwrap();
    let rest = &time[13..];
    let timestamp = call.item()["timestamp"].as_u64().unwrap();
    assert_eq!(
        rest,
        format!(
            r#","id":"{PAGE}","messaging":[{{"sender":{{"id":"{AMELIE}"}},"recipient":{{"id":"{PAGE}"}},"timestamp":{timestamp},"message":{{"mid":"{mid}","text":"Gr\u00fc\u00dfe \u4f60\u597d \ud83d\ude42 a\/b"}}}}]}}]}}"#
        )
    );
    assert_eq!(call.item()["message"]["text"], "Grüße 你好 🙂 a/b");
}

#[tokio::test]
async fn pictures_and_get_started_are_told_in_metas_words() {
    let mut callback = Callback::start().await;
    let simulator = connected(&callback).await;
    customer(&simulator, YIJUN).sends_picture().unwrap();
    let item = callback.next().await.item();
    let attachment = &item["message"]["attachments"][0];
    assert_eq!(attachment["type"], "image");
    let url = attachment["payload"]["url"].as_str().unwrap();
    let path = url.strip_prefix(&simulator.url()).unwrap();
    let picture = download(&simulator, path).await;
    assert!(picture.body.starts_with(b"\x89PNG"));
    assert!(item["message"].get("text").is_none());

    let mid = customer(&simulator, YIJUN).taps_get_started().unwrap();
    assert_eq!(
        callback.next().await.item()["postback"],
        json!({"mid": mid, "title": "Get Started", "payload": "GET_STARTED"})
    );
}

#[tokio::test]
async fn l5_a_refused_webhook_is_repeated_as_slowly_as_meta_does_and_later_ones_overtake_it() {
    let mut callback =
        Callback::answering(|body: &str| if body.contains("stuck") { 503 } else { 200 }).await;
    let simulator = standing(&callback).await;
    let mid = simulator.write(YIJUN, "stuck").unwrap();
    let first = callback.next().await;
    assert_eq!(first.item()["message"]["mid"], *mid);
    // At once, and then after one minute, two, four.
    let again = callback.next().await;
    assert_eq!(
        (again.status, &again.body, &again.signature),
        (503, &first.body, &first.signature)
    );
    for (minutes, number) in [(1, "1"), (2, "2"), (4, "3")] {
        assert_eq!(settled(&simulator).await, 1);
        simulator.advance(Duration::from_millis(minutes * 60_000 - 100));
        let later = simulator.write(YIJUN, number).unwrap();
        assert_eq!(settled(&simulator).await, 1);
        assert_eq!(callback.next().await.item()["message"]["mid"], *later);
        assert!(callback.calls.try_recv().is_err());
        simulator.advance(Duration::from_millis(100));
        assert_eq!(callback.next().await.body, first.body);
    }
}

#[tokio::test]
async fn l5_the_repeats_can_be_sped_up_and_end_after_36_hours() {
    let mut callback =
        Callback::answering(|body: &str| if body.contains("stuck") { 503 } else { 200 }).await;
    let simulator = standing(&callback).await;
    simulator.set_repeat_speed(60);
    simulator.write(YIJUN, "stuck").unwrap();
    for pause in [0, 1, 2] {
        simulator.advance(Duration::from_secs(pause));
        assert_eq!(settled(&simulator).await, 1);
        assert_eq!(callback.next().await.status, 503);
    }
    simulator.set_repeat_speed(1);
    let mut half_hours = 0;
    // What is accepted in between keeps the subscription alive.
    while simulator.pending() > 0 {
        half_hours += 1;
        assert!(half_hours < 100, "the repeats do not end");
        simulator.advance(Duration::from_secs(1800));
        settled(&simulator).await;
        simulator.write(AMELIE, "fine").unwrap();
        settled(&simulator).await;
    }
    assert!((72..90).contains(&half_hours), "{half_hours}");
    let path = format!("{PAGE}/subscribed_apps");
    let subscribed = graph(&simulator, "GET", &path, "").await.json();
    assert_eq!(subscribed["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn l3_a_running_simulator_delivers_late_twice_and_wrongly_signed() {
    let mut callback = Callback::start().await;
    let simulator = standing(&callback).await;
    let mut late = DeliveryOptions::default();
    late.delay = Duration::from_secs(30);
    simulator.set_delivery(late);
    simulator.write(YIJUN, "late").unwrap();
    let happened = simulator.now();
    simulator.advance(Duration::from_secs(29));
    assert_eq!(settled(&simulator).await, 1);
    assert!(callback.calls.try_recv().is_err());
    simulator.advance(Duration::from_secs(1));
    let call = callback.next().await;
    let entry: Value = serde_json::from_str(&call.body).unwrap();
    assert_eq!(entry["entry"][0]["time"], happened);

    let mut twice = DeliveryOptions::default();
    twice.copies = 2;
    simulator.set_delivery(twice);
    simulator.write(YIJUN, "twice").unwrap();
    assert_eq!(callback.next().await.body, callback.next().await.body);

    let mut wrong = DeliveryOptions::default();
    wrong.bad_signature = true;
    simulator.set_delivery(wrong);
    simulator.write(YIJUN, "wrong").unwrap();
    let call = callback.next().await;
    assert_eq!(call.signature, format!("sha256={}", "0".repeat(64)));
    simulator.set_delivery(DeliveryOptions::default());
    simulator.write(YIJUN, "right").unwrap();
    let call = callback.next().await;
    let right = hex_hmac(&simulator.app().app_secret, &call.body);
    assert_eq!(call.signature, format!("sha256={right}"));
}

#[tokio::test]
async fn l3_l12_a_running_simulator_joins_and_shuffles_webhooks_by_a_seed() {
    let texts = ["0", "1", "2", "3", "4", "5", "6"];
    let mut orders = Vec::new();
    for seed in [7, 7, 8] {
        let mut callback = Callback::start().await;
        let simulator = standing(&callback).await;
        let mut options = DeliveryOptions::default();
        (options.batch, options.shuffle, options.seed) = (3, true, seed);
        simulator.set_delivery(options);
        for (place, text) in texts.into_iter().enumerate() {
            let psid = if place % 2 == 0 { YIJUN } else { AMELIE };
            simulator.write(psid, text).unwrap();
        }
        assert_eq!(simulator.pending(), 7);
        simulator.advance(Duration::from_secs(1));
        let mut order = Vec::new();
        for count in [3, 3, 1] {
            let call = callback.next().await;
            let right = hex_hmac(&simulator.app().app_secret, &call.body);
            assert_eq!(call.signature, format!("sha256={right}"));
            let body: Value = serde_json::from_str(&call.body).unwrap();
            let entries = body["entry"].as_array().unwrap();
            assert_eq!(entries.len(), count);
            for entry in entries {
                let text = &entry["messaging"][0]["message"]["text"];
                order.push(text.as_str().unwrap().to_owned());
            }
        }
        assert_eq!(settled(&simulator).await, 0);
        let thread = simulator.thread(AMELIE).unwrap();
        assert!(thread.iter().all(|message| message.acknowledged));
        let mut sorted = order.clone();
        sorted.sort();
        assert_eq!(sorted, texts);
        orders.push(order);
    }
    assert_eq!(orders[0], orders[1]);
    assert_ne!(orders[0], orders[2]);
    assert_ne!(orders[0], texts);
}

#[tokio::test]
async fn a_callback_that_hangs_is_asked_again_after_five_seconds() {
    let mut answers = vec![HANG].into_iter();
    let mut callback = Callback::answering(move |_: &str| answers.next().unwrap_or(200)).await;
    let simulator = connected(&callback).await;
    simulator.write(YIJUN, "hello?").unwrap();
    let first = callback.next().await;
    let asked = Instant::now();
    let again = callback.next().await;
    assert_eq!((again.status, again.body), (200, first.body));
    assert!(asked.elapsed() > Duration::from_millis(4500));
}

#[tokio::test]
async fn one_persons_refused_notification_does_not_hold_up_another_persons() {
    let mut callback =
        Callback::answering(|body: &str| if body.contains(YIJUN) { 500 } else { 200 }).await;
    let simulator = connected(&callback).await;
    simulator.write(YIJUN, "stuck").unwrap();
    callback.next().await;
    simulator.write(AMELIE, "free").unwrap();
    while callback.next().await.status != 200 {}
    timeout(SOON, async {
        while simulator.pending() != 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await
    .unwrap();
    assert!(!simulator.thread(YIJUN).unwrap()[0].acknowledged);
    assert!(simulator.thread(AMELIE).unwrap()[0].acknowledged);
}

#[tokio::test]
async fn a_crm_that_was_down_hears_everything_once_it_is_up() {
    let callback = Callback::start().await;
    let simulator = connected(&callback).await;
    let address = callback.address;
    callback.stop().await;
    let mids = ["one", "two"].map(|text| simulator.write(YIJUN, text).unwrap());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(simulator.pending(), 2);
    let mut callback = Callback::at(address, |_: &str| 200).await;
    simulator.advance(Duration::from_secs(60));
    for mid in &mids {
        assert_eq!(callback.next().await.item()["message"]["mid"], **mid);
    }
}
