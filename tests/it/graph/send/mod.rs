//! Send API: request bodies, limits, calls, and bodies read back.

mod calls;
mod limits;
mod quote;
mod read_back;

use messenger_crm::graph::send::{
    self, InvalidMessage, MediaKind, MediaSource, MessageTag, NotificationType, OutgoingContent,
    OutgoingMessage, OutgoingQuickReply, Purpose, Recipient, SenderAction, THUMBS_UP, Template,
    TemplateButton, UtilityButton, UtilityParameter, UtilityTemplate,
};
use messenger_crm::graph::{Error, Idempotency, RateClass};
use messenger_crm::id::{AppId, AttachmentId, Mid, PersonaId};
use serde_json::{Value, json};

use super::template::assert_refused;
use super::{ask, json_of, line, psid};

/// Asserts the request body of a message, and that the body reads back as the same message.
#[track_caller]
pub(super) fn assert_body(message: Result<OutgoingMessage, InvalidMessage>, expected: &Value) {
    let message = message.unwrap();
    let body = serde_json::to_value(&message).unwrap();
    assert_eq!(&body, expected);
    let read: OutgoingMessage = serde_json::from_value(body).unwrap();
    assert_eq!(read, message);
}

fn text() -> OutgoingMessage {
    OutgoingMessage::text(psid(), "Hello").unwrap()
}

fn body(message: &OutgoingMessage) -> Value {
    serde_json::to_value(message).unwrap()
}

#[test]
fn a_text_can_have_every_option() {
    let message = text()
        .with_quick_replies(vec![
            OutgoingQuickReply::text("Great", "GREAT"),
            OutgoingQuickReply::image("https://a.example/red.png", "", ""),
            OutgoingQuickReply::UserPhoneNumber,
            OutgoingQuickReply::UserEmail,
        ])
        .unwrap()
        .with_purpose(Purpose::Update)
        .unwrap()
        .with_notification_type(NotificationType::SilentPush)
        .with_persona(PersonaId::new("7").unwrap())
        .with_reply_to(Mid::new("m_1").unwrap())
        .with_thread_passed(Some(AppId::new("42").unwrap()))
        .with_metadata("crm-7");
    assert_body(
        message,
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
}

#[test]
fn a_message_can_change_thread_control_and_the_notification() {
    for (message, control_type) in [
        (text().with_thread_released(), "release"),
        (text().with_thread_passed(None), "pass"),
    ] {
        let expected = json!({"control_type": control_type});
        assert_eq!(body(&message)["thread_control"], expected);
    }
    for kind in [
        NotificationType::Regular,
        NotificationType::SilentPush,
        NotificationType::NoPush,
    ] {
        let message = text().with_notification_type(kind);
        assert_eq!(body(&message)["notification_type"], kind.as_str());
        assert_eq!(message.notification_type(), Some(kind));
    }
}

#[test]
fn a_recipient_is_a_psid_or_the_author_of_a_comment_or_post() {
    // platform.md 4.2
    let other = json!({"recipient_kind_of_next_year": "r"});
    let Value::Object(members) = other.clone() else {
        panic!("an object")
    };
    for (recipient, kind, expected) in [
        (
            Recipient::from(&psid()),
            "id",
            json!({"id": "1254477777772919"}),
        ),
        (
            Recipient::Comment("1_2".to_owned()),
            "comment_id",
            json!({"comment_id": "1_2"}),
        ),
        (
            Recipient::Post("1_3".to_owned()),
            "post_id",
            json!({"post_id": "1_3"}),
        ),
        (Recipient::Other(members), "other", other),
    ] {
        assert_eq!(recipient.kind(), kind);
        assert_eq!(recipient.psid().is_some(), kind == "id");
        let message = OutgoingMessage::text(recipient, "Hello");
        assert_body(
            message,
            &json!({"recipient": expected, "messaging_type": "RESPONSE", "message": {"text": "Hello"}}),
        );
    }
    let blank = OutgoingMessage::text(Recipient::Comment(" ".to_owned()), "Hello").unwrap_err();
    assert_eq!(blank.to_string(), "the recipient is blank");
}

#[test]
fn media_stickers_and_stacks_of_images() {
    let saved = || MediaSource::saved(AttachmentId::new("1745504518999123").unwrap());
    let link = |name: &str| MediaSource::url(format!("https://a.example/{name}"));
    let written = |message: Result<OutgoingMessage, InvalidMessage>| {
        let message = message.unwrap();
        let json = body(&message);
        let read: OutgoingMessage = serde_json::from_value(json.clone()).unwrap();
        assert_eq!(read, message);
        json["message"].clone()
    };
    let media = |kind, source| written(OutgoingMessage::media(psid(), kind, source));
    assert_eq!(
        media(
            MediaKind::Image,
            MediaSource::reusable_url("https://a.example/a.png")
        ),
        json!({"attachment": {"type": "image", "payload": {"url": "https://a.example/a.png", "is_reusable": true}}})
    );
    assert_eq!(
        media(MediaKind::Audio, saved()),
        json!({"attachment": {"type": "audio", "payload": {"attachment_id": "1745504518999123"}}})
    );
    for kind in [MediaKind::Video, MediaKind::File] {
        assert_eq!(
            media(kind, link("a")),
            json!({"attachment": {"type": kind.as_str(), "payload": {"url": "https://a.example/a"}}})
        );
    }
    let stack = OutgoingContent::Images(vec![link("a.png"), saved()]);
    assert_eq!(
        written(OutgoingMessage::new(psid(), stack)),
        json!({"attachments": [
            {"type": "image", "payload": {"url": "https://a.example/a.png"}},
            {"type": "image", "payload": {"attachment_id": "1745504518999123"}},
        ]})
    );
    let sticker = OutgoingContent::Sticker(THUMBS_UP);
    assert_eq!(
        written(OutgoingMessage::new(psid(), sticker)),
        json!({"sticker_id": 369_239_263_222_822_u64})
    );
}

#[test]
fn a_utility_template_is_inside_the_message() {
    // platform.md 4.8
    let template = UtilityTemplate::new("order_update", "en")
        .with_header(vec![UtilityParameter::text("Order")])
        .with_body(vec![UtilityParameter::named("order_id", "566701")])
        .with_buttons(vec![
            UtilityButton::Postback {
                payload: "12345".to_owned(),
            },
            UtilityButton::Url {
                url: "1234".to_owned(),
            },
        ]);
    assert_body(
        OutgoingMessage::utility(psid(), template),
        &json!({ "recipient": {"id": "1254477777772919"}, "messaging_type": "UTILITY",
          "message": { "template": { "name": "order_update", "language": {"code": "en"},
            "components": [ {"type": "header", "parameters": [{"type": "text", "text": "Order"}]},
                            {"type": "body", "parameters": [{"type": "text", "parameter_name": "order_id", "text": "566701"}]},
                            {"type": "buttons", "parameters": [{"type": "POSTBACK", "payload": "12345"}, {"type": "URL", "url": "1234"}]} ] } } }),
    );
    assert_body(
        OutgoingMessage::utility(psid(), UtilityTemplate::new("hello", "zh_TW")),
        &json!({"recipient": {"id": "1254477777772919"}, "messaging_type": "UTILITY",
            "message": {"template": {"name": "hello", "language": {"code": "zh_TW"}}}}),
    );
}
