//! Requests of the Send API, and how their responses are read.

use super::super::{Script, TOKEN};
use super::*;
use messenger_crm::graph::Response;
use messenger_crm::graph::send::Sent;

const SENT: &str = r#"{"recipient_id":"1254477777772919","message_id":"m_AG5Hz2U"}"#;

#[tokio::test]
async fn c1_a_text_is_one_post_with_bearer_and_proof_and_no_token_in_its_url() {
    let script = Script::json(200, SENT);
    let message = OutgoingMessage::text(psid(), "Hello, \"world\"!").unwrap();
    let message = message.with_metadata("crm-7").unwrap();
    script.page().send(&message).await.unwrap();
    let request = script.only();
    assert_eq!(line(&request), "POST 1755847768034402/messages");
    let url = request.http.uri().to_string();
    assert!(!url.contains(TOKEN) && !url.contains("access_token"));
    assert_eq!(
        request.http.body().as_bytes().unwrap(),
        br#"{"recipient":{"id":"1254477777772919"},"messaging_type":"RESPONSE","message":{"text":"Hello, \"world\"!","metadata":"crm-7"}}"#
    );
}

#[tokio::test]
async fn c2_both_ids_are_returned() {
    let call = send::message(&text()).unwrap();
    let (_, sent) = ask(&call, SENT).await;
    assert_eq!(
        sent.unwrap(),
        Sent::new(psid(), Mid::new("m_AG5Hz2U").unwrap())
    );
    let body = r#"{"recipient":{"id":1},"message_id":"m_1","attachment_id":687799999980546}"#;
    let (_, sent) = ask(&call, body).await;
    let sent = sent.unwrap();
    assert_eq!(sent.recipient.as_ref().unwrap().as_str(), "1");
    assert_eq!(
        sent.attachment_id.as_ref().unwrap().as_str(),
        "687799999980546"
    );
    let printed = format!("{:?}", Sent::new(psid(), Mid::new("m_1").unwrap()));
    assert!(printed.contains("m_1"), "{printed}");
    assert!(!printed.contains(psid().as_str()), "{printed}");
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
        let (_, sent) = ask(&send::message(&text()).unwrap(), body).await;
        let error = sent.unwrap_err();
        assert!(
            matches!(&error, Error::UnexpectedResponse { status, .. } if status.as_u16() == 200),
            "{body}"
        );
        assert!(error.outcome_is_unknown(), "{body}");
    }
}

#[test]
fn a_response_can_be_built_for_tests() {
    let call = send::message(&text()).unwrap();
    let response = Response::from_json(&json!({"message_id": "m_1"}));
    let sent = call.read(Ok(&response)).unwrap();
    let mut expected = Sent::default();
    expected.mid = Some(Mid::new("m_1").unwrap());
    assert_eq!(sent, expected);
}

#[tokio::test]
async fn sender_actions_have_a_body_of_their_own_and_no_message_id() {
    // platform.md 4.5
    let mid = || Mid::new("m_1").unwrap();
    for (action, expected) in [
        (
            SenderAction::typing_on(psid()),
            json!({"sender_action": "typing_on"}),
        ),
        (
            SenderAction::typing_off(psid()),
            json!({"sender_action": "typing_off"}),
        ),
        (
            SenderAction::mark_seen(psid()),
            json!({"sender_action": "mark_seen"}),
        ),
        (
            SenderAction::react(psid(), mid(), "😊"),
            json!({"sender_action": "react", "payload": {"message_id": "m_1", "reaction": "😊"}}),
        ),
        (
            SenderAction::unreact(psid(), mid()),
            json!({"sender_action": "unreact", "payload": {"message_id": "m_1"}}),
        ),
    ] {
        let action = action.unwrap();
        let mut expected = expected;
        assert_eq!(action.kind(), expected["sender_action"].as_str().unwrap());
        let payload = &expected["payload"];
        assert_eq!(
            action.mid().map(Mid::as_str),
            payload["message_id"].as_str()
        );
        assert_eq!(action.reaction(), payload["reaction"].as_str());
        expected["recipient"] = json!({"id": "1254477777772919"});
        let read: SenderAction =
            serde_json::from_value(serde_json::to_value(&action).unwrap()).unwrap();
        assert_eq!(read, action);
        let call = send::action(&action).unwrap();
        let (request, sent) = ask(&call, r#"{"recipient_id":"1254477777772919"}"#).await;
        assert_eq!(line(&request), "POST 1755847768034402/messages");
        assert_eq!(json_of(&request), expected);
        assert_eq!(sent.unwrap().mid, None);
    }
    let action = SenderAction::typing_on(psid()).unwrap();
    let action = action.with_persona(PersonaId::new("7").unwrap());
    assert_eq!(serde_json::to_value(&action).unwrap()["persona_id"], "7");
}

#[test]
fn a_send_is_never_repeated_blindly_and_counts_by_its_kind() {
    let link = || MediaSource::url("https://a.example/a.png");
    let new = |content| OutgoingMessage::new(psid(), content).unwrap();
    let template = Template::buttons("a", vec![TemplateButton::postback("b", "c")]);
    for (message, rate_class, seconds) in [
        (text(), RateClass::Text, 15),
        (
            OutgoingMessage::template(psid(), template).unwrap(),
            RateClass::Text,
            15,
        ),
        (
            new(OutgoingContent::Sticker(THUMBS_UP)),
            RateClass::Text,
            15,
        ),
        (
            OutgoingMessage::media(psid(), MediaKind::Image, link()).unwrap(),
            RateClass::Media,
            90,
        ),
        (
            new(OutgoingContent::Images(vec![link()])),
            RateClass::Media,
            90,
        ),
    ] {
        let parts = send::message(&message).unwrap().parts;
        assert_eq!(parts.idempotency, Idempotency::Send, "{message:?}");
        assert_eq!(parts.rate_class, rate_class, "{message:?}");
        assert_eq!(parts.timeout.as_secs(), seconds, "{message:?}");
    }
    let typing = SenderAction::typing_on(psid()).unwrap();
    let parts = send::action(&typing).unwrap().parts;
    assert_eq!(parts.idempotency, Idempotency::Send);
}

#[tokio::test]
async fn b18_a_refused_attachment_asks_for_another_request() {
    for code in [352, 389, 546] {
        let script = Script::json(400, &json!({"error": {"code": code}}).to_string());
        let image = MediaSource::url("https://a.example/a.bmp");
        let message = OutgoingMessage::media(psid(), MediaKind::Image, image).unwrap();
        let error = script.page().send(&message).await.unwrap_err();
        assert_eq!(error.advice(), messenger_crm::graph::Advice::FixRequest);
        assert!(error.was_not_sent(), "{code}");
        assert_eq!(script.requests().len(), 1, "{code}");
    }
}
