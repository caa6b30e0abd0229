//! The way to Meta and back.

use super::*;

#[tokio::test]
async fn c1_a_text_is_one_post_with_bearer_and_proof_and_no_token_in_its_url() {
    let script = Script::json(200, SENT);
    let message = Message::text(psid(), "Hello, \"world\"!").unwrap();
    let message = message.with_metadata("crm-7").unwrap();
    script
        .graph()
        .send(&access(), &page(), &message)
        .await
        .unwrap();
    let asked = script.only();
    assert_eq!(line(&asked), "POST 1755847768034402/messages");
    assert!(!asked.url.contains("EAA") && !asked.url.contains("access_token"));
    assert_eq!(
        asked.body.unwrap().as_bytes().unwrap(),
        br#"{"recipient":{"id":"1254477777772919"},"messaging_type":"RESPONSE","message":{"text":"Hello, \"world\"!","metadata":"crm-7"}}"#
    );
}

#[tokio::test]
async fn c2_both_ids_are_returned() {
    let (message, page) = (text(), page());
    let (_, sent) = ask(&SendMessage::new(&page, &message), SENT).await;
    let sent = sent.unwrap();
    assert_eq!(sent.recipient, Some(psid()));
    assert_eq!(sent.mid, Some(Mid::new("m_AG5Hz2U").unwrap()));
    let body = r#"{"recipient":{"id":1},"message_id":"m_1","attachment_id":687799999980546}"#;
    let (_, sent) = ask(&SendMessage::new(&page, &message), body).await;
    let sent = sent.unwrap();
    assert_eq!(sent.recipient.unwrap().as_str(), "1");
    assert_eq!(sent.attachment.unwrap().as_str(), "687799999980546");
}

#[tokio::test]
async fn c3_a_success_that_cannot_be_read_leaves_the_outcome_unknown() {
    for body in [
        "",
        "<html>",
        r#"{"recipient_id":"12"#,
        "{}",
        "[]",
        r#"{"message_id":""}"#,
    ] {
        let (message, page) = (text(), page());
        let (_, sent) = ask(&SendMessage::new(&page, &message), body).await;
        let error = sent.unwrap_err();
        assert!(
            matches!(error, Error::Unexpected { status: 200, .. }),
            "{body}"
        );
        assert!(error.outcome_is_unknown(), "{body}");
    }
}

#[test]
fn what_comes_back_from_an_outbox_is_checked_again() {
    for (json, words) in [
        (
            json!({"recipient": {"id": "1"}, "messaging_type": "RESPONSE", "message": {"text": ""}}),
            "the text is blank",
        ),
        (
            json!({"recipient": {"id": "1"}, "message": {"text": "a".repeat(2001)}}),
            "the text has 2001 UTF-16 units, at most 2000 can be sent",
        ),
        (
            json!({"recipient": {}, "message": {"text": "a"}}),
            "a message has exactly one recipient",
        ),
        (
            json!({"recipient": {"id": "1", "user_ref": "2"}, "message": {"text": "a"}}),
            "a message has exactly one recipient",
        ),
        (
            json!({"recipient": {"id": "1"}, "message": {}}),
            "a message says exactly one thing",
        ),
        (
            json!({"recipient": {"id": "1"}, "message": {"text": "a", "sticker_id": 1}}),
            "a message says exactly one thing",
        ),
        (
            json!({"recipient": {"id": "1"}, "messaging_type": "MESSAGE_TAG", "message": {"text": "a"}}),
            "a tag goes with the messaging type MESSAGE_TAG alone",
        ),
        (
            json!({"recipient": {"id": "1"}, "messaging_type": "RESPONSE", "tag": "HUMAN_AGENT", "message": {"text": "a"}}),
            "a tag goes with the messaging type MESSAGE_TAG alone",
        ),
        (
            json!({"recipient": {"id": "1"}, "messaging_type": "SHOUT", "message": {"text": "a"}}),
            "the messaging type must be RESPONSE, UPDATE, MESSAGE_TAG or UTILITY",
        ),
        (
            json!({"recipient": {"id": "1"}, "message": {"attachment": {"type": "image", "payload": {}}}}),
            "an attachment has either an address or an id",
        ),
        (
            json!({"recipient": {"id": "1"}, "message": {"attachments": [{"type": "video", "payload": {"url": "https://a.example"}}]}}),
            "a stack holds images alone",
        ),
        (
            json!({"recipient": {"id": "1"}, "message": {"attachments": []}}),
            "there are 0 images, at least 1 are needed",
        ),
    ] {
        let error = serde_json::from_value::<Message>(json).unwrap_err();
        assert_eq!(error.to_string(), words);
    }
    let action = json!({"recipient": {"id": "1"}, "sender_action": "react", "payload": {"message_id": "m_1"}});
    let error = serde_json::from_value::<SenderAction>(action).unwrap_err();
    assert_eq!(error.to_string(), "the reaction is blank");
    let action = json!({"recipient": {"id": "1"}, "sender_action": "dance"});
    assert!(serde_json::from_value::<SenderAction>(action).is_err());
}

#[tokio::test]
async fn sender_actions() {
    // platform.md 4.5
    let mid = || Mid::new("m_1").unwrap();
    for (action, expected) in [
        (
            Action::TypingOn,
            json!({"recipient": {"id": "1254477777772919"}, "sender_action": "typing_on"}),
        ),
        (
            Action::TypingOff,
            json!({"recipient": {"id": "1254477777772919"}, "sender_action": "typing_off"}),
        ),
        (
            Action::MarkSeen,
            json!({"recipient": {"id": "1254477777772919"}, "sender_action": "mark_seen"}),
        ),
        (
            Action::React {
                mid: mid(),
                reaction: "😊".to_owned(),
            },
            json!({"recipient": {"id": "1254477777772919"}, "sender_action": "react",
                "payload": {"message_id": "m_1", "reaction": "😊"}}),
        ),
        (
            Action::Unreact { mid: mid() },
            json!({"recipient": {"id": "1254477777772919"}, "sender_action": "unreact",
                "payload": {"message_id": "m_1"}}),
        ),
    ] {
        let action = SenderAction::new(psid(), action).unwrap();
        let read: SenderAction =
            serde_json::from_value(serde_json::to_value(&action).unwrap()).unwrap();
        assert_eq!(read, action);
        let (asked, sent) = ask(
            &action.by(&page()),
            r#"{"recipient_id":"1254477777772919"}"#,
        )
        .await;
        assert_eq!(line(&asked), "POST 1755847768034402/messages");
        assert_eq!(json_of(&asked), expected);
        assert_eq!(sent.unwrap().mid, None);
    }
    let call = SenderAction::new(psid(), Action::TypingOn)
        .unwrap()
        .with_persona(PersonaId::new("7").unwrap());
    assert_eq!(serde_json::to_value(&call).unwrap()["persona_id"], "7");
}

#[test]
fn a_send_is_in_line_with_its_conversation_and_counted_by_its_kind() {
    let page = page();
    let image = Message::image(psid(), Media::url("https://a.example/a.png")).unwrap();
    for (message, traffic, seconds) in [(text(), Traffic::Text, 15), (image, Traffic::Media, 90)] {
        let call = SendMessage::new(&page, &message).call().unwrap();
        assert_eq!((call.class, call.traffic), (Class::Send, traffic));
        assert_eq!(
            call.conversation.as_deref(),
            Some("1755847768034402/1254477777772919")
        );
        assert_eq!(call.timeout.as_secs(), seconds);
        assert_eq!(call.page, Some(page.clone()));
    }
}
