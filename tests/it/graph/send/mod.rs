//! What is sent: exact JSON, limits, and the way through an outbox and back.

mod limits;
mod way;

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
