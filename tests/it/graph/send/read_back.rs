//! A stored request body is checked again when it is read.

use super::*;

/// Asserts how a body is refused.
#[track_caller]
fn assert_unreadable(body: &Value, words: &str) {
    let error = serde_json::from_value::<OutgoingMessage>(body.clone()).unwrap_err();
    assert_eq!(error.to_string(), words, "{body}");
}

fn saying(message: &Value) -> Value {
    json!({"recipient": {"id": "1"}, "messaging_type": "RESPONSE", "message": message})
}

#[test]
fn b11_limits_are_checked_when_a_body_is_read() {
    for (message, words) in [
        (json!({"text": ""}), "the text is blank"),
        (
            json!({"text": "a".repeat(2001)}),
            "the text has 2001 UTF-16 units, at most 2000 can be sent",
        ),
        (
            json!({"attachment": {"type": "image", "payload": {}}}),
            "an attachment has either a URL or the id of a saved file",
        ),
        (
            json!({"attachment": {"type": "image", "payload": {"url": "https://a.example", "attachment_id": "1"}}}),
            "an attachment has either a URL or the id of a saved file",
        ),
        (
            json!({"attachments": [{"type": "video", "payload": {"url": "https://a.example"}}]}),
            "several attachments in one message must all be images",
        ),
        (
            json!({"attachments": []}),
            "there are 0 images, at least 1 are needed",
        ),
    ] {
        assert_unreadable(&saying(&message), words);
    }
}

#[test]
fn b11_a_body_has_one_recipient_and_one_content() {
    let recipient = "a message has exactly one recipient";
    for (to, words) in [
        (json!({}), recipient),
        (json!({"id": "1", "user_ref": "2"}), recipient),
        (json!({"id": "1", "comment_id": "2"}), recipient),
        (json!({"id": 1}), recipient),
        (json!({"id": " "}), "the recipient is blank"),
        (json!({"post_id": ""}), "the recipient is blank"),
        (
            json!({"id": "a".repeat(513)}),
            "the recipient has 513 UTF-16 units, at most 512 can be sent",
        ),
    ] {
        let body = json!({"recipient": to, "message": {"text": "a"}});
        assert_unreadable(&body, words);
    }
    let content = "a message has exactly one of text, attachment, attachments, sticker_id and \
                   template";
    for message in [json!({}), json!({"text": "a", "sticker_id": 1})] {
        assert_unreadable(&saying(&message), content);
    }
}

#[test]
fn b11_messaging_type_and_tag_must_go_together() {
    let tag = "a tag and the messaging type MESSAGE_TAG need each other";
    for (messaging_type, tagged, words) in [
        (json!("MESSAGE_TAG"), Value::Null, tag),
        (json!("RESPONSE"), json!("HUMAN_AGENT"), tag),
        (Value::Null, json!("HUMAN_AGENT"), tag),
        (
            json!("SHOUT"),
            Value::Null,
            "the messaging type (5 UTF-16 units) must be RESPONSE, UPDATE, MESSAGE_TAG or UTILITY",
        ),
    ] {
        let body = json!({"recipient": {"id": "1"}, "messaging_type": messaging_type,
            "tag": tagged, "message": {"text": "a"}});
        assert_unreadable(&body, words);
    }
    let body = json!({"recipient": {"id": "1"}, "message": {"text": "a"}});
    let message: OutgoingMessage = serde_json::from_value(body).unwrap();
    assert_eq!(message.purpose(), &Purpose::Response);
}

#[test]
fn b11_a_body_that_would_not_be_sent_whole_is_refused() {
    let attachment =
        |payload: Value| json!({"attachment": {"type": "template", "payload": payload}});
    let button = |button: Value| {
        attachment(json!({"template_type": "button", "text": "a", "buttons": [button]}))
    };
    let mut beside = saying(&json!({"text": "a"}));
    beside["folder"] = json!("PARTNERSHIP");
    for body in [
        beside,
        saying(&json!({"text": "a", "dynamic_text": {"text": "b"}})),
        saying(&json!({"text": "a", "quick_replies": [
            {"content_type": "text", "title": "a", "payload": "b", "news": 1}]})),
        saying(&json!({"text": "a", "quick_replies": [{"content_type": "location"}]})),
        saying(
            &json!({"attachment": {"type": "image", "payload": {"url": "https://a.example", "news": 1}}}),
        ),
        saying(
            &json!({"attachment": {"type": "image", "payload": {"url": "https://a.example"}, "news": 1}}),
        ),
        saying(&button(
            json!({"type": "postback", "title": "a", "payload": "b", "news": 1}),
        )),
        saying(&button(
            json!({"type": "web_url", "title": "a", "url": "https://a.example", "news": 1}),
        )),
        saying(&button(json!({"type": "element_share"}))),
        saying(&attachment(
            json!({"template_type": "generic", "news": 1, "elements": [{"title": "a", "subtitle": "b"}]}),
        )),
        saying(&attachment(
            json!({"template_type": "generic", "elements": [{"title": "a", "subtitle": "b", "news": 1}]}),
        )),
        saying(&attachment(
            json!({"template_type": "product", "elements": [{"id": "1", "news": 1}]}),
        )),
        saying(&attachment(
            json!({"template_type": "calling_optin", "news": 1}),
        )),
        saying(&attachment(
            json!({"template_type": "notification_messages", "payload": "a"}),
        )),
        saying(&attachment(
            json!({"template_type": "one_time_notif_req", "title": "a", "payload": "a"}),
        )),
    ] {
        let read = serde_json::from_value::<OutgoingMessage>(body.clone());
        assert!(read.is_err(), "{body}");
    }
}

#[test]
fn sender_actions_are_checked_when_they_are_read() {
    let read = |mut body: Value| {
        body["recipient"] = json!({"id": "1"});
        serde_json::from_value::<SenderAction>(body)
    };
    let form = "must be typing_on, typing_off or mark_seen without a payload, or react or unreact \
                with a message id";
    for (body, words) in [
        (
            json!({"sender_action": "react", "payload": {"message_id": "m_1"}}),
            "the reaction is blank".to_owned(),
        ),
        (
            json!({"sender_action": "react", "payload": {"message_id": "m_1", "reaction": "a".repeat(65)}}),
            "the reaction has 65 UTF-16 units, at most 64 can be sent".to_owned(),
        ),
        (
            json!({"sender_action": "dance"}),
            format!("the sender action (5 UTF-16 units) {form}"),
        ),
        (
            json!({"sender_action": "react"}),
            format!("the sender action (5 UTF-16 units) {form}"),
        ),
        (
            json!({"sender_action": "typing_on", "payload": {"message_id": "m_1"}}),
            format!("the sender action (9 UTF-16 units) {form}"),
        ),
    ] {
        assert_eq!(read(body).unwrap_err().to_string(), words);
    }
    assert!(read(json!({"sender_action": "mark_seen", "news": 1})).is_err());
}
