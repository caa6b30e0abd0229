//! The Send API through the outbox: rich replies, their latest moment, sending again, withdrawing.

use super::*;
use messenger_crm::graph::send::{
    GenericElement, GenericTemplate, MediaKind, MediaSource, OutgoingQuickReply, Template,
    TemplateButton,
};
use messenger_crm::id::{Mid, PersonaId};
use messenger_crm::inbox::{MetaPolicy, ReplyWindow};
use messenger_crm::model::Author;

const DAY: i64 = 24 * 3600;

fn to_ada(number: u8, message: OutgoingMessage) -> Reply {
    Reply::new(key(number), message)
}

fn sent(script: &ScriptedTransport, mid: &str) {
    script.json(
        200,
        json!({"recipient_id": "ada", "message_id": mid}).to_string(),
    );
}

async fn queue(desk: &Desk, reply: Reply, when: i64) -> Result<Applied, ReplyError> {
    desk.inbox.reply(&ada().page, reply, at(when)).await
}

/// Everything that can be addressed to a PSID: what is sent equals what a direct call sends, and what
/// is shown equals what the echo shows.
#[tokio::test]
async fn b11_every_kind_of_message_is_queued_and_sent_whole_and_looks_like_its_echo() {
    let psid = ada().psid;
    let text = || OutgoingMessage::text(&psid, "Is Tuesday all right?").unwrap();
    let element = GenericElement::new("Oolong").with_subtitle("From this spring");
    let buttons = vec![
        TemplateButton::web_url("Show", "https://tea.example/oolong"),
        TemplateButton::postback("Order", "ORDER 7"),
    ];
    let url = |url: &str| MediaSource::url(url);
    let messages = [
        text(),
        text()
            .with_quick_replies(vec![
                OutgoingQuickReply::text("Yes", "YES"),
                OutgoingQuickReply::text("No", "NO"),
            ])
            .unwrap(),
        text().with_reply_to(Mid::new("m1").unwrap()),
        text().with_persona(PersonaId::new("55").unwrap()),
        OutgoingMessage::media(
            &psid,
            MediaKind::Image,
            url("https://tea.example/oolong.jpg"),
        )
        .unwrap(),
        OutgoingMessage::template(&psid, Template::buttons("Your order", buttons)).unwrap(),
        OutgoingMessage::template(&psid, Template::from(GenericTemplate::new(vec![element])))
            .unwrap(),
    ];
    for (number, message) in messages.into_iter().enumerate() {
        let desk = Desk::new().await;
        let reply = to_ada(1, message.clone());
        queue(&desk, reply, 2).await.unwrap();
        let queued = desk.newest().await;
        sent(&desk.script, "m2");
        assert_eq!(desk.step(3).await, Step::Worked);
        let posts = posts(&desk.script);
        let body: Value = serde_json::from_slice(body_of(&posts[0])).unwrap();
        let direct = message.with_metadata(key(1).as_str()).unwrap();
        assert_eq!(body, json!(direct), "message {number}");

        // Meta's echo: the message of the request, as an attachment in a list.
        let mut said = body["message"].clone();
        let said_mut = said.as_object_mut().unwrap();
        if let Some(attachment) = said_mut.remove("attachment") {
            said_mut.insert("attachments".into(), json!([attachment]));
        }
        said_mut.remove("quick_replies");
        said_mut.insert("mid".into(), json!("m2"));
        said_mut.insert("is_echo".into(), json!(true));
        if body.get("reply_to").is_some() {
            said_mut.insert("reply_to".into(), body["reply_to"].clone());
        }
        let echo = json!({"sender": {"id": "1"}, "recipient": {"id": "ada"},
            "timestamp": at(3).as_millis(), "message": said});
        desk.receive(echo).await;
        let shown = desk.newest().await;
        assert_eq!(shown.id, "m2", "message {number}");
        let (mut one, other) = (queued.content.clone(), shown.content.clone());
        if !one.buttons.is_empty() && other.buttons.is_empty() {
            // Meta's echo does not repeat the quick replies.
            one.buttons.clear();
        }
        assert_eq!(
            serde_json::to_value(&one).unwrap(),
            serde_json::to_value(&other).unwrap(),
            "message {number}"
        );
        assert!(shown.content.text.is_some() || !shown.content.attachments.is_empty());
    }
}

#[tokio::test]
async fn n30_another_reply_with_the_same_key_is_a_conflict_and_nothing_of_it_is_kept() {
    let desk = Desk::new().await;
    desk.reply(1, "hello").await;
    let error = queue(&desk, text_to_ada(1, "other words"), 2).await;
    assert!(matches!(error, Err(ReplyError::Conflict)), "{error:?}");
    assert_eq!(desk.newest().await.content.text.as_deref(), Some("hello"));
}

#[tokio::test]
async fn n37_a_reply_is_tried_until_its_latest_moment_and_then_has_expired() {
    let desk = Desk::new().await;
    let program = text_to_ada(1, "hello").with_author(Author::program("bot"));
    queue(&desk, program, 2).await.unwrap();
    // Graph is away for an hour: the reply waits, however often it was tried.
    let mut now = at(2);
    let mut tries = 0;
    while now < at(2 + 3600) {
        desk.script.failure(TransportErrorKind::NotSent);
        match desk.inbox.step(now, WorkerId::new(7)).await.unwrap() {
            Step::Worked => tries += 1,
            Step::Idle(Some(due)) => now = due,
            step => panic!("{step:?}"),
        }
    }
    assert!(tries > 50, "{tries} tries");
    let calls = posts(&desk.script).len();
    desk.inbox
        .step(now + Duration::from_secs(60), WorkerId::new(7))
        .await
        .unwrap();
    assert_eq!(posts(&desk.script).len(), calls, "it was sent too late");
    let newest = desk.newest().await;
    assert_eq!(newest.state, Some(MessageState::Failed));
    assert_eq!(newest.reason.unwrap().advice, Advice::Expired);
}

#[tokio::test]
async fn w39_after_the_window_a_person_confirms_a_program_may_not_and_human_agent_is_tagged() {
    let desk = Desk::new().await;
    let late = 2 * DAY;
    let program = || text_to_ada(1, "hello").with_author(Author::program("bot"));
    let error = queue(&desk, program(), late).await;
    assert!(
        matches!(error, Err(ReplyError::WindowClosed { .. })),
        "{error:?}"
    );
    let error = queue(&desk, text_to_ada(1, "hello"), late).await;
    assert!(
        matches!(error, Err(ReplyError::NeedsConfirmation { window: ReplyWindow::Maybe { until } }) if until == at(1 + 7 * DAY)),
        "{error:?}"
    );
    queue(&desk, text_to_ada(1, "hello").confirmed(), late)
        .await
        .unwrap();
    sent(&desk.script, "m2");
    assert_eq!(desk.step(late).await, Step::Worked);
    let body = |number: usize| -> Value {
        serde_json::from_slice(body_of(&posts(&desk.script)[number])).unwrap()
    };
    assert_eq!(body(0)["messaging_type"], "RESPONSE");

    let inbox = desk
        .inbox
        .clone()
        .with_policy(MetaPolicy::default().with_human_agent());
    let reply = text_to_ada(2, "hello again");
    inbox.reply(&ada().page, reply, at(late)).await.unwrap();
    sent(&desk.script, "m3");
    inbox.step(at(late), WorkerId::new(7)).await.unwrap();
    assert_eq!(body(1)["messaging_type"], "MESSAGE_TAG");
    assert_eq!(body(1)["tag"], "HUMAN_AGENT");

    let closed = queue(&desk, text_to_ada(3, "hello").confirmed(), 9 * DAY).await;
    assert!(
        matches!(closed, Err(ReplyError::WindowClosed { .. })),
        "{closed:?}"
    );
}

#[tokio::test]
async fn w33_a_failed_reply_is_sent_again_by_exactly_one() {
    let desk = Desk::new().await;
    desk.reply(1, "hello").await;
    refuse(&desk.script, 100, 0);
    desk.step(3).await;
    assert_eq!(desk.newest().await.state, Some(MessageState::Failed));
    let again = |new: u8| {
        let (inbox, author) = (desk.inbox.clone(), Some(Author::agent("ada")));
        async move {
            inbox
                .send_again(&ada(), &key(1), key(new), author, at(4))
                .await
        }
    };
    let (one, other) = tokio::join!(again(2), again(3));
    assert_eq!(
        [&one, &other].iter().filter(|one| one.is_ok()).count(),
        1,
        "{one:?} {other:?}"
    );
    let lost = if one.is_err() { one } else { other };
    assert!(matches!(lost, Err(ReplyError::NoSuchReply)), "{lost:?}");
    sent(&desk.script, "m2");
    assert_eq!(desk.step(5).await, Step::Worked);
    assert_eq!(desk.step(5).await, Step::Idle(None));
    assert_eq!(posts(&desk.script).len(), 2);
}

#[tokio::test]
async fn a_reply_that_waits_can_be_withdrawn() {
    let desk = Desk::new().await;
    desk.reply(1, "hello").await;
    desk.script.failure(TransportErrorKind::NotSent);
    desk.step(3).await;
    desk.inbox.dismiss(&ada(), &key(1)).await.unwrap();
    assert_eq!(desk.step(100).await, Step::Idle(None));
    assert_eq!(desk.newest().await.id, "m1");
    assert_eq!(posts(&desk.script).len(), 1);
}

#[tokio::test]
async fn only_a_psid_can_be_queued() {
    let desk = Desk::new().await;
    let comment = messenger_crm::graph::send::Recipient::Comment("7".into());
    let message = OutgoingMessage::text(comment, "hello").unwrap();
    let error = queue(&desk, to_ada(1, message), 2).await;
    assert!(matches!(error, Err(ReplyError::NotAPsid)), "{error:?}");
}

/// The store is away when Meta's answer arrives: the id of the sent message is not lost.
#[tokio::test]
async fn n14_the_outcome_of_a_send_is_settled_again_within_the_lease() {
    let desk = Desk::new().await;
    let full = full::Full::new(desk.store.clone());
    let inbox = Inbox::new(Arc::new(full.clone()), graph(&desk.script), page_1());
    desk.reply(1, "hello").await;
    sent(&desk.script, "m2");
    full.fail_settling(3);
    assert_eq!(
        inbox.step(at(3), WorkerId::new(7)).await.unwrap(),
        Step::Worked
    );
    assert_eq!(full.failures_left(), 0);
    let newest = desk.newest().await;
    assert_eq!(
        (newest.id.as_str(), newest.state),
        ("m2", Some(MessageState::Sent))
    );
    assert_eq!(posts(&desk.script).len(), 1);
}
