//! What is sent: exact JSON, limits, and the way through an outbox and back.

use messenger_crm::graph::send::{
    Action, Attachment, Button, Content, HandOver, InvalidMessage, Media, Message, PersonName,
    Purpose, Push, QuickReply, Recipient, SendMessage, SenderAction, THUMBS_UP, Tag, Template,
    UtilityButton, UtilityComponent, UtilityParameter, UtilityTemplate,
};
use messenger_crm::graph::{Class, Endpoint as _};
use messenger_crm::graph::{Error, Traffic};
use messenger_crm::id::{AppId, AttachmentId, Mid, PersonaId};
use serde_json::{Value, json};

use super::template::assert_refused;
use super::{Script, access, ask, json_of, line, page, psid};

const SENT: &str = r#"{"recipient_id":"1254477777772919","message_id":"m_AG5Hz2U"}"#;

/// Asserts the request of a message, and that it comes back from an outbox unchanged.
#[track_caller]
pub(super) fn assert_json(message: Result<Message, InvalidMessage>, expected: &Value) {
    let message = message.unwrap();
    let written = serde_json::to_value(&message).unwrap();
    assert_eq!(&written, expected);
    let read: Message = serde_json::from_value(written).unwrap();
    assert_eq!(read, message);
}

fn text() -> Message {
    Message::text(psid(), "Hello").unwrap()
}

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
fn everything_beside_a_text() {
    let all = text()
        .with_quick_replies(vec![
            QuickReply::text("Great", "GREAT"),
            QuickReply::picture("https://a.example/red.png", "", ""),
            QuickReply::UserPhoneNumber,
            QuickReply::UserEmail,
        ])
        .unwrap()
        .with_purpose(Purpose::Update)
        .unwrap()
        .with_push(Push::SilentPush)
        .with_persona(PersonaId::new("7").unwrap())
        .with_reply_to(Mid::new("m_1").unwrap())
        .with_hand_over(HandOver::Pass {
            app_id: Some(AppId::new("42").unwrap()),
        })
        .with_metadata("crm-7");
    assert_json(
        all,
        &json!({
            "recipient": {"id": "1254477777772919"}, "messaging_type": "UPDATE",
            "message": {
                "text": "Hello", "metadata": "crm-7",
                "quick_replies": [
                    {"content_type": "text", "title": "Great", "payload": "GREAT"},
                    {"content_type": "text", "title": "", "payload": "", "image_url": "https://a.example/red.png"},
                    {"content_type": "user_phone_number"}, {"content_type": "user_email"},
                ],
            },
            "notification_type": "SILENT_PUSH", "persona_id": "7", "reply_to": {"mid": "m_1"},
            "thread_control": {"control_type": "pass", "app_id": "42"},
        }),
    );
    let released = serde_json::to_value(text().with_hand_over(HandOver::Release)).unwrap();
    assert_eq!(
        released["thread_control"],
        json!({"control_type": "release"})
    );
    for (push, word) in [(Push::Regular, "REGULAR"), (Push::NoPush, "NO_PUSH")] {
        let message = serde_json::to_value(text().with_push(push)).unwrap();
        assert_eq!(message["notification_type"], word);
    }
}

#[test]
fn all_forms_of_a_recipient() {
    // platform.md 4.2
    let name = PersonName::new("Jenny", "Doe");
    for (recipient, expected) in [
        (
            Recipient::Comment("1_2".to_owned()),
            json!({"comment_id": "1_2"}),
        ),
        (Recipient::Post("1_3".to_owned()), json!({"post_id": "1_3"})),
        (
            Recipient::UserRef("ref".to_owned()),
            json!({"user_ref": "ref"}),
        ),
        (
            Recipient::NotificationToken("n".to_owned()),
            json!({"notification_messages_token": "n"}),
        ),
        (
            Recipient::OneTimeToken("o".to_owned()),
            json!({"one_time_notif_token": "o"}),
        ),
        (
            Recipient::PhoneNumber {
                number: "+1".to_owned(),
                name: Some(name),
            },
            json!({"phone_number": "+1", "name": {"first_name": "Jenny", "last_name": "Doe"}}),
        ),
        (
            Recipient::PhoneNumber {
                number: "+1".to_owned(),
                name: None,
            },
            json!({"phone_number": "+1"}),
        ),
    ] {
        assert!(!recipient.as_str().is_empty());
        let message = Message::text(recipient, "Hello");
        assert_json(
            message,
            &json!({"recipient": expected, "messaging_type": "RESPONSE", "message": {"text": "Hello"}}),
        );
    }
    let blank = Message::text(Recipient::Comment(" ".to_owned()), "Hello").unwrap_err();
    assert_eq!(blank.to_string(), "the recipient is blank");
}

#[test]
fn media_stickers_and_stacks() {
    let saved = || Media::saved(AttachmentId::new("1745504518999123").unwrap());
    let link = |name: &str| Media::url(format!("https://a.example/{name}"));
    let said = |message: Message| serde_json::to_value(message).unwrap()["message"].clone();
    let image = Message::image(psid(), link("a.png").reusable()).unwrap();
    assert_eq!(
        said(image),
        json!({"attachment": {"type": "image", "payload": {"url": "https://a.example/a.png", "is_reusable": true}}})
    );
    let audio = Message::attachment(psid(), Attachment::Audio(saved())).unwrap();
    assert_eq!(
        said(audio),
        json!({"attachment": {"type": "audio", "payload": {"attachment_id": "1745504518999123"}}})
    );
    for (attachment, kind) in [
        (Attachment::Video(link("a.mp4")), "video"),
        (Attachment::File(link("a.pdf")), "file"),
    ] {
        let message = said(Message::attachment(psid(), attachment).unwrap());
        assert_eq!(message["attachment"]["type"], kind);
    }
    let stack = Content::Images(vec![link("a.png"), saved()]);
    assert_eq!(
        said(Message::new(psid(), stack).unwrap()),
        json!({"attachments": [
            {"type": "image", "payload": {"url": "https://a.example/a.png"}},
            {"type": "image", "payload": {"attachment_id": "1745504518999123"}},
        ]})
    );
    let thumb = Message::new(psid(), Content::Sticker(THUMBS_UP)).unwrap();
    assert_eq!(said(thumb), json!({"sticker_id": 369_239_263_222_822_u64}));
}

#[test]
fn c16_a_text_has_1_to_2000_utf_16_units() {
    let text = |text: String| Message::text(psid(), text);
    assert!(text("a".repeat(2000)).is_ok());
    assert!(text("\u{1f600}".repeat(1000)).is_ok());
    for (long, units) in [("a".repeat(2001), 2001), ("\u{1f600}".repeat(2000), 4000)] {
        assert_eq!(
            text(long).unwrap_err().to_string(),
            format!("the text has {units} UTF-16 units, at most 2000 can be sent")
        );
    }
    for blank in ["", " ", "\n\t\u{a0}"] {
        assert_eq!(
            text(blank.to_owned()).unwrap_err().to_string(),
            "the text is blank"
        );
    }
}

#[test]
fn c17_quick_replies_titles_buttons_and_metadata_have_limits() {
    let replies = |count| vec![QuickReply::text("Yes", "YES"); count];
    let with = |replies| text().with_quick_replies(replies);
    assert!(with(replies(13)).is_ok());
    let title = |count: usize| vec![QuickReply::text("a".repeat(count), "A")];
    let payload = |count: usize| vec![QuickReply::text("a", "a".repeat(count))];
    assert!(with(title(20)).is_ok() && with(payload(1000)).is_ok());
    for (replies, words) in [
        (
            replies(14),
            "there are 14 quick replies, at most 13 can be sent",
        ),
        (
            title(21),
            "the title of a quick reply has 21 UTF-16 units, at most 20 can be sent",
        ),
        (
            payload(1001),
            "the payload of a quick reply has 1001 UTF-16 units, at most 1000 can be sent",
        ),
        (title(0), "the title of a quick reply is blank"),
        (
            vec![QuickReply::picture("red.png", "", "")],
            "the picture of a quick reply must be a web address without white space",
        ),
    ] {
        assert_eq!(with(replies).unwrap_err().to_string(), words);
    }
    let metadata = |count: usize| text().with_metadata("a".repeat(count));
    assert!(metadata(999).is_ok());
    assert_eq!(
        metadata(1000).unwrap_err().to_string(),
        "the metadata has 1000 UTF-16 units, at most 999 can be sent"
    );
    let buttons = |count| Template::buttons("What now?", vec![Button::postback("Go", "GO"); count]);
    assert!(Message::template(psid(), buttons(3)).is_ok());
    assert_refused(buttons(4), "there are 4 buttons, at most 3 can be sent");
    assert_refused(buttons(0), "there are 0 buttons, at least 1 are needed");
    let long = Template::buttons("a".repeat(641), vec![Button::postback("Go", "GO")]);
    assert_refused(
        long,
        "the text of the template has 641 UTF-16 units, at most 640 can be sent",
    );
}

#[test]
fn a_utility_template_is_inside_the_message() {
    // platform.md 4.8
    let template = UtilityTemplate::new("order_update", "en")
        .with_component(UtilityComponent::Header(vec![UtilityParameter::text(
            "Order",
        )]))
        .with_component(UtilityComponent::Body(vec![UtilityParameter::named(
            "order_id", "566701",
        )]))
        .with_component(UtilityComponent::Buttons(vec![
            UtilityButton::Postback {
                payload: "12345".to_owned(),
            },
            UtilityButton::Url {
                url: "1234".to_owned(),
            },
        ]));
    assert_json(
        Message::new(psid(), Content::Utility(template)),
        &json!({ "recipient": {"id": "1254477777772919"}, "messaging_type": "UTILITY",
          "message": { "template": { "name": "order_update", "language": {"code": "en"},
            "components": [ {"type": "header", "parameters": [{"type": "text", "text": "Order"}]},
                            {"type": "body", "parameters": [{"type": "text", "parameter_name": "order_id", "text": "566701"}]},
                            {"type": "buttons", "parameters": [{"type": "POSTBACK", "payload": "12345"}, {"type": "URL", "url": "1234"}]} ] } } }),
    );
    let refused = text().with_purpose(Purpose::Utility).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "a utility template and the messaging type UTILITY go together"
    );
}

#[test]
fn live_tags_are_sent_and_dead_ones_say_since_when() {
    let tagged = serde_json::to_value(text().with_tag(Tag::HUMAN_AGENT).unwrap()).unwrap();
    assert_eq!(
        (&tagged["messaging_type"], &tagged["tag"]),
        (&json!("MESSAGE_TAG"), &json!("HUMAN_AGENT"))
    );
    let refused = text().with_tag(Tag::CUSTOMER_FEEDBACK).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the tag CUSTOMER_FEEDBACK goes with a customer feedback template alone"
    );
    // Meta may add tags, and the library lets them through.
    assert!(text().with_tag(Tag::new("NEXT_YEARS_TAG")).is_ok());
    #[expect(deprecated, reason = "that is what is tested")]
    let dead = Tag::ACCOUNT_UPDATE;
    assert_eq!(dead.as_str(), "ACCOUNT_UPDATE");
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
