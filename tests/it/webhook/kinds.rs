//! What a kind of event tells.

use super::*;

#[test]
fn a_text_tells_who_when_and_what() {
    only(r#""message":{"mid":"m1","text":"Hello~"}"#, |event| {
        assert_eq!(event.channel, Channel::Messaging);
        assert_eq!(event.page().unwrap().as_str(), "1");
        assert_eq!(event.customer().unwrap().as_str(), "2");
        assert_eq!(event.timestamp.unwrap().as_millis(), 1_700_000_000_000);
        let message = message(event);
        assert_eq!(message.mid.as_deref(), Some("m1"));
        assert_eq!(message.text.as_deref(), Some("Hello~"));
        assert!(message.text.as_ref().unwrap().is_borrowed());
    });
}

#[test]
fn a_quick_reply_has_a_payload() {
    let member = r#""message":{"mid":"m1","text":"Red","quick_reply":{"payload":"RED"}}"#;
    only(member, |event| {
        assert_eq!(
            message(event)
                .quick_reply
                .as_ref()
                .unwrap()
                .payload
                .as_deref(),
            Some("RED")
        );
        assert_eq!(message(event).text.as_deref(), Some("Red"));
    });
}

#[test]
fn an_image_has_its_address() {
    let member = r#""message":{"mid":"m1","attachments":[
        {"type":"image","payload":{"url":"https://cdn.example/1"}},
        {"type":"fallback","title":"A post","url":"https://cdn.example/2"}, 7]}"#;
    only(member, |event| {
        let attachments = &message(event).attachments;
        let kinds: Vec<&str> = attachments.iter().map(|one| one.kind_name()).collect();
        assert_eq!(kinds, ["image", "fallback"]);
        assert_eq!(attachments[0].any_url(), Some("https://cdn.example/1"));
        assert_eq!(attachments[1].any_url(), Some("https://cdn.example/2"));
        assert_eq!(attachments[1].any_title(), Some("A post"));
    });
}

#[test]
fn p25_a_postback_may_lack_its_mid() {
    for (member, mid) in [
        (
            r#""postback":{"mid":"m1","title":"Start","payload":"GO"}"#,
            Some("m1"),
        ),
        (r#""postback":{"title":"Start","payload":"GO"}"#, None),
    ] {
        only(member, |event| {
            let Kind::Postback(postback) = &event.kind else {
                panic!("{event:?}")
            };
            assert_eq!(postback.mid.as_deref(), mid);
            assert_eq!(postback.title.as_deref(), Some("Start"));
            assert_eq!(postback.payload.as_deref(), Some("GO"));
        });
    }
}

#[test]
fn p20_the_customer_of_an_echo_is_the_recipient() {
    let event = r#"{"sender":{"id":"1"},"recipient":{"id":"2"},"timestamp":1700000000000,
        "message":{"mid":"m1","is_echo":true,"app_id":9007199254740993,"metadata":"k","text":"Hi"}}"#;
    let body = pages(&[page("1", &[event])]);
    let delivery = read(&body);
    let event = &delivery.events[0];
    let Kind::Echo(echo) = &event.kind else {
        panic!("{event:?}")
    };
    assert_eq!(echo.metadata.as_deref(), Some("k"));
    assert_eq!(echo.app_id.as_deref(), Some("9007199254740993"));
    assert_eq!(event.customer().unwrap().as_str(), "2");
    assert_eq!(event.page().unwrap().as_str(), "1");
}

#[test]
fn p23_a_delivery_has_a_watermark_and_perhaps_mids() {
    let member = r#""delivery":{"mids":["m1","m2"],"watermark":1700000000001}"#;
    only(member, |event| {
        let Kind::Delivery(receipt) = &event.kind else {
            panic!("{event:?}")
        };
        assert_eq!(receipt.watermark.unwrap().as_millis(), 1_700_000_000_001);
        let mids: Vec<String> = receipt
            .mids
            .iter()
            .flat_map(|mids| mids.iter())
            .map(|mid| mid.to_string())
            .collect();
        assert_eq!(mids, ["m1", "m2"]);
    });
}

#[test]
fn p23_a_watermark_may_be_a_string_or_seconds() {
    for (watermark, millis) in [
        ("1700000000001", Some(1_700_000_000_001)),
        (r#""1700000000001""#, Some(1_700_000_000_001)),
        ("1700000000", Some(1_700_000_000_000)),
        (r#""1700000000""#, Some(1_700_000_000_000)),
        ("0", Some(0)),
        (r#""soon""#, None),
        ("99999999999999999999", None),
        ("null", None),
    ] {
        let member = format!(r#""read":{{"watermark":{watermark},"mid":"m1"}}"#);
        only(&member, |event| {
            let Kind::Read(receipt) = &event.kind else {
                panic!("{event:?}")
            };
            assert_eq!(receipt.watermark.map(|at| at.as_millis()), millis);
        });
    }
}

#[test]
fn p22_attachments_of_any_content_are_kept() {
    let thirty =
        vec![r#"{"type":"image","payload":{"url":"https://cdn.example/1"}}"#; 30].join(",");
    only(
        &format!(r#""message":{{"mid":"m1","attachments":[{thirty}]}}"#),
        |event| {
            assert_eq!(message(event).attachments.len(), 30);
        },
    );
    for (attachment, url) in [
        (r#"{"type":"file"}"#, None),
        (r#"{"type":"file","payload":{"url":null}}"#, None),
        (
            r#"{"type":"fallback","payload":"BLOB","URL":"/reel/1/"}"#,
            Some("/reel/1/"),
        ),
        (
            r#"{"type":"image","payload":{"url":"javascript:alert(1)"}}"#,
            Some("javascript:alert(1)"),
        ),
        (
            r#"{"type":"image","payload":{"url":"data:text/html,x"}}"#,
            Some("data:text/html,x"),
        ),
        (
            r#"{"type":"file","payload":{"url":"file:///etc/passwd"}}"#,
            Some("file:///etc/passwd"),
        ),
    ] {
        only(
            &format!(r#""message":{{"mid":"m1","attachments":[{attachment}]}}"#),
            |event| {
                assert_eq!(message(event).attachments.len(), 1);
                assert_eq!(message(event).attachments[0].any_url(), url);
            },
        );
    }
}

#[test]
fn p24_a_sticker_is_one_sticker_in_every_form() {
    let image = r#"{"type":"image","payload":{"url":"https://cdn.example/s","sticker_id":9}}"#;
    let sticker =
        r#"{"type":"sticker","payload":{"url":"https://cdn.example/s","sticker_id":"9"}}"#;
    let photo = r#"{"type":"image","payload":{"url":"https://cdn.example/i"}}"#;
    for (message_json, kinds) in [
        (format!(r#""attachments":[{image}]"#), vec!["sticker"]),
        (format!(r#""attachments":[{sticker}]"#), vec!["sticker"]),
        (
            format!(r#""attachments":[{sticker},{image}]"#),
            vec!["sticker"],
        ),
        (
            format!(r#""attachments":[{image},{sticker},{photo}]"#),
            vec!["sticker", "image"],
        ),
        (
            format!(r#""sticker_id":9,"attachments":[{photo}]"#),
            vec!["sticker"],
        ),
        (format!(r#""attachments":[{photo}]"#), vec!["image"]),
    ] {
        only(
            &format!(r#""message":{{"mid":"m1",{message_json}}}"#),
            |event| {
                let found: Vec<&str> = message(event)
                    .attachments
                    .iter()
                    .map(|one| one.kind_name())
                    .collect();
                assert_eq!(found, kinds, "{message_json}");
            },
        );
    }
}
