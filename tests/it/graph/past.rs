//! Conversations of the past, and batches: exact requests, and answers typed by hand from platform.md.

use messenger_crm::graph::history::{Conversations, MessagesOf, ReadMessage};
use messenger_crm::graph::page::UnlinkPerson;
use messenger_crm::graph::{
    Batch, Cursor, Endpoint, Error, NoProfile, Paging, ProfileOf, ProfileOutcome,
};
use messenger_crm::id::{ConversationId, Mid, Psid};
use messenger_crm::time::Timestamp;
use serde_json::{Value, json};

use super::{Script, access, answer, ask, assert_line, form_of, line, page, psid};

#[tokio::test]
async fn conversations_and_messages() {
    // platform.md 6.6
    let message = json!({"id": "m_1", "created_time": "2022-07-12T19:11:07+0000", "message": "hush",
        "from": {"name": "Ada", "email": "1254477777772919@facebook.com", "id": "1254477777772919"},
        "attachments": {"data": [{"id": "5", "mime_type": "image/jpeg", "size": 42, "image_data": {"url": "https://a.example/a.jpg"}}]}});
    let body = json!({"data": [{
        "id": "t_10224", "updated_time": "2022-07-12T19:11:07+0000", "can_reply": true, "message_count": 7, "unread_count": 1,
        "participants": {"data": [{"name": "Ada", "id": "1254477777772919"}, {"name": "My Page", "id": "1755847768034402"}]},
        "messages": {"data": [message], "paging": {"cursors": {"after": "M"}, "next": "https://x"}},
    }], "paging": {"cursors": {"after": "C"}, "next": "https://x"}});
    let list = Conversations::new(page(), Paging::first(50))
        .with_messages(20)
        .with(psid());
    let found = ask(&list, &body.to_string()).await;
    assert_line(
        &found,
        "GET 1755847768034402/conversations?platform=messenger\
         &fields=id,updated_time,participants,can_reply,message_count,unread_count,\
         messages.limit%2820%29%7Bid,created_time,from,to,message,attachments,sticker,reply_to%7D\
         &user_id=1254477777772919&limit=50",
    );
    let listing = found.1.unwrap();
    assert_eq!(listing.next, Some(Cursor::new("C")));
    let conversation = &listing.items[0];
    assert_eq!(conversation.customer(&page()), Some(psid()));
    assert_eq!(
        (conversation.can_reply, conversation.message_count),
        (Some(true), Some(7))
    );
    assert_eq!(conversation.messages.next, Some(Cursor::new("M")));
    let first = &conversation.messages.items[0];
    assert_eq!(first.at, Some(Timestamp::from_millis(1_657_653_067_000)));
    assert_eq!(first.is_from(&page()), Some(false));
    assert_eq!(
        first.attachments[0].url.as_deref(),
        Some("https://a.example/a.jpg")
    );
    let printed = format!("{listing:?}");
    assert!(
        !printed.contains("hush") && !printed.contains("Ada"),
        "{printed}"
    );

    let thread = ConversationId::new("t_10224").unwrap();
    let more = MessagesOf::new(page(), thread, Paging::default().after(Cursor::new("M")));
    let found = ask(&more, &json!({ "data": [message] }).to_string()).await;
    assert_line(
        &found,
        "GET t_10224/messages?fields=id,created_time,from,to,message,attachments,sticker,reply_to&after=M",
    );
    assert_eq!(found.1.unwrap().next, None);
    let read = ReadMessage::new(page(), Mid::new("m_1").unwrap());
    let found = ask(&read, &message.to_string()).await;
    assert_line(
        &found,
        "GET m_1?fields=id,created_time,from,to,message,attachments,sticker,reply_to",
    );
    assert_eq!(found.1.unwrap().text.as_deref(), Some("hush"));
}

// ---- Batches -------------------------------------------------------------

#[tokio::test]
async fn fifty_profiles_are_one_call_and_each_has_its_own_outcome() {
    let people = ["1", "2", "3", "4"].map(|id| ProfileOf::new(Psid::new(id).unwrap()));
    let body = json!([
        {"code": 200, "body": r#"{"id":"1","name":"Ada"}"#},
        null,
        {"code": 400, "body": r#"{"error":{"code":100,"error_subcode":2018218}}"#},
        {"code": 400, "body": r#"{"error":{"code":190}}"#},
    ]);
    let batch = Batch::new(people).unwrap();
    let (asked, answers) = ask(&batch, &body.to_string()).await;
    assert_eq!(line(&asked), "POST ");
    let form = form_of(&asked);
    let parts: Value = serde_json::from_str(&form[0].1).unwrap();
    assert_eq!(
        parts[0],
        json!({"method": "GET", "relative_url": "1?fields=id,name,first_name,last_name,profile_pic"})
    );
    assert_eq!(form[1], ("include_headers".to_owned(), "false".to_owned()));
    let answers = answers.unwrap();
    assert!(
        matches!(&answers[0], Ok(ProfileOutcome::Known(profile)) if profile.name.as_deref() == Some("Ada"))
    );
    assert!(matches!(answers[1], Err(Error::Unexpected { .. })));
    assert!(matches!(
        answers[2],
        Ok(ProfileOutcome::Nobody(NoProfile::Unavailable))
    ));
    assert!(matches!(&answers[3], Err(Error::Api(api)) if api.code == Some(190)));
    let (_, short) = ask(&batch, "[]").await;
    assert!(matches!(short, Err(Error::Unexpected { .. })));

    let many = Batch::new(vec![ProfileOf::new(psid()); 51]).unwrap_err();
    assert_eq!(
        many.to_string(),
        "there are 51 calls in the batch, at most 50 can be asked for at once"
    );
    let body = Batch::new([UnlinkPerson::new(psid())]).unwrap().call();
    assert!(matches!(body, Err(Error::NotBatchable)));
    let refused = Script::new([answer(400, r#"{"error":{"code":4}}"#)]);
    let refused = refused.graph().call(&access(), &batch).await;
    assert!(matches!(refused, Err(Error::Api(_))));
}
