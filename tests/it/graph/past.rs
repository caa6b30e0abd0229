//! Conversations of the past: exact requests, and responses typed by hand from platform.md.

use messenger_crm::graph::history::{
    find_conversation, get_conversation, get_message, list_conversations, list_messages,
};
use messenger_crm::graph::{Error, RateClass};
use messenger_crm::id::{ConversationId, Mid, PageId};
use messenger_crm::time::Timestamp;
use serde_json::{Value, json};

use super::{PAGE, ask, assert_line, psid};

const FIELDS: &str = "id,updated_time,participants,can_reply,message_count,unread_count,messages.limit%2820%29\
     %7Bid,created_time,from,to,message,attachments,sticker,reply_to%7D";

// platform.md 6.6
fn message() -> Value {
    json!({"id": "m_1", "created_time": "2022-07-12T19:11:07+0000", "message": "hush",
        "from": {"name": "Ada", "email": "1254477777772919@facebook.com", "id": "1254477777772919"},
        "reply_to": {"mid": "m_0"},
        "attachments": {"data": [{"id": "5", "mime_type": "image/jpeg", "size": 42, "image_data": {"url": "https://a.example/a.jpg"}}]}})
}

fn conversation() -> Value {
    json!({
        "id": "t_10224", "updated_time": "2022-07-12T19:11:07+0000", "can_reply": true, "message_count": 7, "unread_count": 1,
        "participants": {"data": [{"name": "Ada", "id": "1254477777772919"}, {"name": "My Page", "id": PAGE}]},
        "messages": {"data": [message()], "paging": {"cursors": {"after": "M"}, "next": "https://x"}},
    })
}

#[tokio::test]
async fn conversations_are_listed_with_their_newest_messages() {
    let list = list_conversations(20).with_limit(50);
    assert_eq!(list.parts.rate_class, RateClass::Conversations);
    let body = json!({"data": [conversation()], "paging": {"cursors": {"after": "C"}, "next": "https://x"}});
    let found = ask(&list, &body.to_string()).await;
    assert_line(
        &found,
        &format!("GET {PAGE}/conversations?platform=messenger&fields={FIELDS}&limit=50"),
    );
    let page = found.1.unwrap();
    assert_eq!(page.next, Some("after=C".parse().unwrap()));
    let conversation = &page.items[0];
    let page_id = PageId::new(PAGE).unwrap();
    assert_eq!(conversation.customer(&page_id), Some(psid()));
    assert_eq!(conversation.can_reply, Some(true));
    assert_eq!(conversation.message_count, Some(7));
    assert_eq!(conversation.messages.next, Some("after=M".parse().unwrap()));
    let first = &conversation.messages.items[0];
    assert_eq!(first.at, Some(Timestamp::from_millis(1_657_653_067_000)));
    assert_eq!(first.is_from(&page_id), Some(false));
    assert_eq!(first.reply_to, Some(Mid::new("m_0").unwrap()));
    let url = first.attachments[0].url.as_deref();
    assert_eq!(url, Some("https://a.example/a.jpg"));
    let printed = format!("{page:?}");
    for secret in ["hush", "Ada", "1254477777772919"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[tokio::test]
async fn one_conversation_is_found_by_customer_or_read_by_id() {
    let found = ask(&find_conversation(&psid(), 0), r#"{"data":[]}"#).await;
    assert_line(
        &found,
        &format!(
            "GET {PAGE}/conversations?platform=messenger&fields=id,updated_time,participants,\
             can_reply,message_count,unread_count&user_id=1254477777772919"
        ),
    );
    assert!(found.1.unwrap().items.is_empty());
    let id = ConversationId::new("t_10224").unwrap();
    let get = get_conversation(&id, 20).unwrap();
    assert_eq!(get.parts.rate_class, RateClass::Conversations);
    let found = ask(&get, &conversation().to_string()).await;
    assert_line(&found, &format!("GET t_10224?fields={FIELDS}"));
    assert_eq!(found.1.unwrap().id, id);
    let nothing = ask(&get, "{}").await.1;
    assert!(matches!(nothing, Err(Error::UnexpectedResponse { .. })));
}

#[tokio::test]
async fn messages_are_listed_and_read() {
    let id = ConversationId::new("t_10224").unwrap();
    let more = list_messages(&id)
        .unwrap()
        .after(&"after=M".parse().unwrap());
    assert_eq!(more.parts.rate_class, RateClass::Conversations);
    let found = ask(&more, &json!({ "data": [message()] }).to_string()).await;
    let fields = "fields=id,created_time,from,to,message,attachments,sticker,reply_to";
    assert_line(&found, &format!("GET t_10224/messages?{fields}&after=M"));
    assert_eq!(found.1.unwrap().next, None);
    let get = get_message(&Mid::new("m_1").unwrap()).unwrap();
    assert_eq!(get.parts.rate_class, RateClass::Conversations);
    let found = ask(&get, &message().to_string()).await;
    assert_line(&found, &format!("GET m_1?{fields}"));
    assert_eq!(found.1.unwrap().text.as_deref(), Some("hush"));
    let climbing = ConversationId::new("..").unwrap();
    assert!(list_messages(&climbing).is_err() && get_conversation(&climbing, 0).is_err());
    assert!(get_message(&Mid::new("a/b").unwrap()).is_err());
}

#[tokio::test]
async fn g16_a_nested_list_without_a_place_is_an_error() {
    let mut broken = conversation();
    broken["messages"]["paging"] = json!({"next": "https://graph.facebook.com/x?limit=20"});
    let list = json!({"data": [conversation(), broken]});
    let refused = ask(&list_conversations(20), &list.to_string()).await.1;
    assert!(matches!(refused, Err(Error::UnexpectedResponse { .. })));
    let get = get_conversation(&ConversationId::new("t_10224").unwrap(), 20).unwrap();
    let refused = ask(&get, &broken.to_string()).await.1;
    assert!(matches!(refused, Err(Error::UnexpectedResponse { .. })));

    // An element without id is skipped, as in every list.
    let list = json!({"data": [{"updated_time": "2022-07-12T19:11:07+0000"}, conversation()]});
    let found = ask(&list_conversations(20), &list.to_string()).await.1;
    assert_eq!(found.unwrap().items.len(), 1);
}

#[tokio::test]
async fn b19_a_nested_list_without_cursors_is_followed() {
    let mut odd = conversation();
    let next = "https://graph.facebook.com/v27.0/t_10224/messages?access_token=EAAtoken&until=1700000000&__paging_token=enc";
    odd["messages"]["paging"] = json!({ "next": next });
    let list = json!({ "data": [odd] });
    let found = ask(&list_conversations(20), &list.to_string()).await.1;
    let next = found.unwrap().items[0].messages.next.clone().unwrap();
    assert_eq!(next.to_string(), "until=1700000000&__paging_token=enc");
}
