//! What it tells the CRM, and again.

use super::*;

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
    let picture = ask(&simulator, &format!("GET {path}"), "", "").await;
    assert!(picture.body.starts_with(b"\x89PNG"));
    assert!(item["message"].get("text").is_none());

    let mid = customer(&simulator, YIJUN).taps_get_started().unwrap();
    assert_eq!(
        callback.next().await.item()["postback"],
        json!({"mid": mid, "title": "Get Started", "payload": "GET_STARTED"})
    );
}

#[tokio::test]
async fn a_refused_notification_comes_again_and_later_ones_wait_for_it() {
    let mut refusals = vec![503, 302, 202, 500].into_iter();
    let mut callback = Callback::answering(move |_: &str| refusals.next().unwrap_or(200)).await;
    let simulator = connected(&callback).await;
    let mids = ["one", "two", "three"].map(|text| simulator.write(YIJUN, text).unwrap());
    assert_eq!(simulator.pending(), 3);
    let first = callback.next().await;
    assert_eq!(
        (first.item()["message"]["mid"].as_str(), first.status),
        (Some(&*mids[0]), 503)
    );
    for status in [302, 202, 500, 200] {
        let again = callback.next().await;
        assert_eq!(
            (again.status, &again.body, &again.signature),
            (status, &first.body, &first.signature)
        );
    }
    for mid in &mids[1..] {
        assert_eq!(callback.next().await.item()["message"]["mid"], **mid);
    }
    callback.silence().await;
    assert_eq!(simulator.pending(), 0);
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
    for mid in &mids {
        assert_eq!(callback.next().await.item()["message"]["mid"], **mid);
    }
}
