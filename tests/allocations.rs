//! What an event costs of the heap: counted, so that it cannot grow unseen.
//!
//! A program of its own, because whatever allocates in it is counted.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::{fs, hint::black_box};

use messenger_crm::secret::{AppSecret, VerifyToken};
use messenger_crm::webhook::{Webhook, sign};

#[test]
fn p29_the_common_events_cost_nothing() {
    for item in [
        r#""message":{"mid":"m1","text":"Do you have oolong?"}"#,
        r#""message":{"is_echo":true,"app_id":15,"metadata":"k","mid":"m1","text":"Yes"}"#,
        r#""message":{"mid":"m1","text":"Green","quick_reply":{"payload":"GREEN"}}"#,
        r#""postback":{"mid":"m1","title":"Start","payload":"GO"}"#,
        r#""delivery":{"mids":["m1","m2","m3"],"watermark":1700000000000}"#,
        r#""read":{"watermark":1700000000000}"#,
        r#""reaction":{"mid":"m1","action":"react","reaction":"love","emoji":"x"}"#,
        r#""telepathy":{"deep":[[{"deeper":[1,2,{"a":null}]}]],"emoji":"\u2764"}"#,
        r#""message":7"#,
    ] {
        assert_eq!(allocations(&delivery(item)), 0, "{item}");
    }
}

#[test]
fn p29_a_list_is_allocated_once() {
    let image = r#"{"type":"image","payload":{"url":"https://cdn.example/1"}}"#;
    for count in [1, 2, 3, 10, 30] {
        let images = vec![image; count].join(",");
        let item = format!(r#""message":{{"mid":"m1","attachments":[{images}]}}"#);
        assert_eq!(allocations(&delivery(&item)), 1, "{count}");
    }
}

#[test]
fn g17_p29_a_text_with_escapes_is_allocated_once() {
    let item = r#""message":{"mid":"m1","text":"\u4f60\u597d \ud83d\ude00 https:\/\/a.b\/"}"#;
    assert_eq!(allocations(&delivery(item)), 1);
}

#[test]
fn p29_no_fixture_costs_more_than_it_did() {
    // Lists in lists, boxed members beside a list, and copies of an entry without its lists.
    const DEARER: &[(&str, u64)] = &[
        ("app_roles", 4),
        ("business_integrity", 3),
        ("call_settings", 2),
        ("calls.media_update", 2),
        ("dashboard.message_context", 2),
        ("dashboard.messaging_customer_information", 2),
        ("echo.button_template", 2),
        ("echo.generic_template", 3),
        ("echo.media_template", 3),
        ("echo.product", 3),
        ("envelope.members_beside", 18),
        ("game_play", 2),
        ("message.hop_context", 3),
        ("message.hop_context.entry", 2),
        ("message.hop_context.list", 2),
        ("message.product", 3),
        ("message.sticker.legacy", 2),
        ("message.sticker.transition", 3),
        ("message_context", 2),
        ("messaging_customer_information", 2),
        ("messaging_feedback", 3),
        ("other.user", 3),
        ("other.whatsapp", 2),
        ("referral.lead", 3),
        ("unknown.object", 2),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/webhook");
    let mut dearer = Vec::new();
    for file in fs::read_dir(folder).unwrap() {
        let file = file.unwrap().path();
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        // The slashes would be decoded, each text into one of its own.
        let body = fs::read_to_string(&file).unwrap().replace("\\/", "/");
        let count = allocations(&body);
        if count > 1 {
            dearer.push((name, count));
        }
    }
    dearer.sort();
    let dearer: Vec<(&str, u64)> = dearer
        .iter()
        .map(|(name, count)| (&**name, *count))
        .collect();
    assert_eq!(dearer, DEARER);
}

fn delivery(item: &str) -> String {
    let parties = r#""sender":{"id":"2"},"recipient":{"id":"1"},"timestamp":1700000000000"#;
    format!(r#"{{"object":"page","entry":[{{"id":"1","messaging":[{{{parties},{item}}}]}}]}}"#)
}

/// How often checking the signature and reading all events allocates.
fn allocations(body: &str) -> u64 {
    let secret = AppSecret::new("60efff025951cddde78c8d03de52cc90").unwrap();
    let webhook = Webhook::new(&secret, VerifyToken::new("t").unwrap());
    let signature = sign(&secret, body.as_bytes());
    let counted = allocation_counter::measure(|| {
        let signature = Some(signature.as_bytes());
        for event in webhook.events(signature, body.as_bytes()).unwrap() {
            black_box(event.unwrap());
        }
    });
    counted.count_total
}
