//! Calls of the Page: exact requests, and responses typed by hand from platform.md.

mod messenger_profile;
mod status;

use std::time::Duration;

use messenger_crm::graph::page::moderation::{ModerationAction, moderate};
use messenger_crm::graph::page::subscriptions::{RECOMMENDED, WebhookField};
use messenger_crm::graph::page::{
    account_links, labels, personas, subscriptions, templates, thread,
};
use messenger_crm::graph::{Cursor, Error};
use messenger_crm::id::{AppId, LabelId, PersonaId, Psid};
use messenger_crm::time::Timestamp;
use serde_json::json;

use super::{APP, DONE, ask, assert_done, assert_line, json_of, line, psid};

#[tokio::test]
async fn a_page_is_subscribed_to_webhook_fields() {
    let fields = [WebhookField::MESSAGES, WebhookField::MESSAGING_POSTBACKS];
    let subscribe = subscriptions::subscribe(&fields).unwrap();
    let found = ask(&subscribe, r#"{"success":"true"}"#).await;
    assert_line(
        &found,
        "POST 1755847768034402/subscribed_apps?subscribed_fields=messages,messaging_postbacks",
    );
    found.1.unwrap();
    let subscribe = subscriptions::subscribe(&RECOMMENDED).unwrap();
    let (request, _) = ask(&subscribe, DONE).await;
    assert!(line(&request).ends_with("messaging_policy_enforcement,messaging_feedback"));
    assert!(subscriptions::subscribe(&[]).is_err());

    // platform.md 6.8
    let body = r#"{"data":[{"category":"Business","link":"https://a.example","name":"My app","id":"138483919580948","subscribed_fields":["messages","a_new_one"]}, {"name":"no id"}]}"#;
    let found = ask(&subscriptions::get(), body).await;
    assert_line(&found, "GET 1755847768034402/subscribed_apps");
    let apps = found.1.unwrap().items;
    assert_eq!((apps.len(), apps[0].id.as_str()), (1, APP));
    let new = WebhookField::new("a_new_one").unwrap();
    assert_eq!(apps[0].fields, [WebhookField::MESSAGES, new]);
    let found = ask(&subscriptions::unsubscribe(), DONE).await;
    assert_line(&found, "DELETE 1755847768034402/subscribed_apps");
    found.1.unwrap();
}

#[tokio::test]
async fn personas_are_created_listed_read_and_deleted() {
    let create = personas::create("Ada", "https://a.example/ada.png").unwrap();
    let (request, id) = ask(&create, r#"{"id":"7"}"#).await;
    assert_eq!(line(&request), "POST 1755847768034402/personas");
    assert_eq!(
        json_of(&request),
        json!({"name": "Ada", "profile_picture_url": "https://a.example/ada.png"})
    );
    let id: PersonaId = id.unwrap();
    let body = r#"{"data":[{"name":"Ada","profile_picture_url":"https://a.example/ada.png","id":"7"}],"paging":{"cursors":{"before":"B","after":"A"},"next":"https://graph.facebook.com/x?access_token=EAAtoken"}}"#;
    let cursor: Cursor = "after=A%3D".parse().unwrap();
    let list = personas::list().with_limit(1).after(&cursor);
    let found = ask(&list, body).await;
    assert_line(&found, "GET 1755847768034402/personas?limit=1&after=A%3D");
    let page = found.1.unwrap();
    assert_eq!(page.items[0].name.as_deref(), Some("Ada"));
    assert!(!format!("{page:?}").contains("Ada"));
    assert_eq!(page.next, Some("after=A".parse().unwrap()));
    let get = personas::get(&id).unwrap();
    let found = ask(&get, r#"{"id":"7","name":"Ada"}"#).await;
    assert_line(&found, "GET 7?fields=id,name,profile_picture_url");
    assert_eq!(found.1.unwrap().id, id);
    let found = ask(&personas::delete(&id).unwrap(), DONE).await;
    assert_line(&found, "DELETE 7");
    let long = personas::create(&"a".repeat(51), "https://a.example").unwrap_err();
    assert_eq!(
        long.to_string(),
        "the name of the persona has 51 UTF-16 units, at most 50 can be sent"
    );
}

#[tokio::test]
async fn labels_are_created_added_listed_removed_and_deleted() {
    let create = labels::create("VIP").unwrap();
    let (request, id) = ask(&create, r#"{"id":1712444532121303}"#).await;
    assert_eq!(line(&request), "POST 1755847768034402/custom_labels");
    assert_eq!(json_of(&request), json!({"page_label_name": "VIP"}));
    let id: LabelId = id.unwrap();
    assert_eq!(id.as_str(), "1712444532121303");
    assert!(labels::create(" ").is_err());
    let body = r#"{"data":[{"page_label_name":"VIP","id":"1712444532121303"}]}"#;
    let found = ask(&labels::list(), body).await;
    assert_line(
        &found,
        "GET 1755847768034402/custom_labels?fields=page_label_name",
    );
    assert_eq!(found.1.unwrap().items[0].name.as_deref(), Some("VIP"));
    let found = ask(&labels::list_of(&psid()).unwrap(), body).await;
    assert_line(
        &found,
        "GET 1254477777772919/custom_labels?fields=page_label_name",
    );
    assert_eq!(found.1.unwrap().items[0].id, id);
    let get = labels::get(&id).unwrap();
    let found = ask(&get, r#"{"id":"1712444532121303","page_label_name":"VIP"}"#).await;
    assert_line(&found, "GET 1712444532121303?fields=page_label_name");
    let user = json!({"user": "1254477777772919"});
    let add = labels::add(&id, &psid()).unwrap();
    assert_done(&add, "POST 1712444532121303/label", &user).await;
    let found = ask(&labels::remove(&id, &psid()).unwrap(), DONE).await;
    assert_line(
        &found,
        "DELETE 1712444532121303/label?user=1254477777772919",
    );
    let found = ask(&labels::delete(&id).unwrap(), DONE).await;
    assert_line(&found, "DELETE 1712444532121303");
}

#[test]
fn c15_an_id_that_could_lead_elsewhere_is_refused_before_the_request() {
    let climbing = LabelId::new("../me").unwrap();
    let stranger = Psid::new("1/2").unwrap();
    let errors = [
        labels::get(&climbing).err(),
        labels::delete(&climbing).err(),
        labels::add(&climbing, &psid()).err(),
        labels::list_of(&stranger).err(),
        personas::get(&PersonaId::new("..").unwrap()).err(),
        personas::delete(&PersonaId::new("a?b").unwrap()).err(),
    ];
    for error in errors {
        assert!(matches!(error, Some(Error::InvalidId { .. })), "{error:?}");
    }
}

#[tokio::test]
async fn control_of_a_conversation_is_passed_taken_requested_released_and_extended() {
    let who = json!({"id": "1254477777772919"});
    let path = |name: &str| format!("POST 1755847768034402/{name}_thread_control");
    let inbox = AppId::new(thread::PAGE_INBOX_APP).unwrap();
    let pass = thread::pass(&psid(), Some(&inbox), Some("please"));
    let body = json!({"recipient": who, "target_app_id": "263902037430900", "metadata": "please"});
    assert_done(&pass, &path("pass"), &body).await;
    let body = json!({ "recipient": who });
    assert_done(&thread::pass(&psid(), None, None), &path("pass"), &body).await;
    assert_done(&thread::release(&psid()), &path("release"), &body).await;
    assert_done(&thread::take(&psid(), None), &path("take"), &body).await;
    let body = json!({"recipient": who, "metadata": "mine"});
    let request = thread::request(&psid(), Some("mine"));
    assert_done(&request, &path("request"), &body).await;
    for (duration, seconds) in [(Duration::from_secs(3600), 3600), (Duration::MAX, 604_800)] {
        let body = json!({"recipient": who, "duration": seconds});
        assert_done(&thread::extend(&psid(), duration), &path("extend"), &body).await;
    }
}

#[tokio::test]
async fn the_owner_of_a_conversation_is_read() {
    let owner = thread::get_owner(&psid());
    let body = r#"{"data":[{"thread_owner":{"app_id":138483919580948,"expiration":1760000000}}]}"#;
    let found = ask(&owner, body).await;
    assert_line(
        &found,
        "GET 1755847768034402/thread_owner?recipient=1254477777772919",
    );
    let held = found.1.unwrap().unwrap();
    assert_eq!(held.app, Some(AppId::new(APP).unwrap()));
    assert_eq!(held.until, Some(Timestamp::from_millis(1_760_000_000_000)));
    for idle in [r#"{"data":[]}"#, "{}"] {
        assert_eq!(ask(&owner, idle).await.1.unwrap(), None);
    }
    let status = r#"{"messaging_feature_status":{"hop_v2":true,"msgr_multi_app":false,"ig_multi_app":false},"id":"1"}"#;
    let found = ask(&thread::get_features(), status).await;
    assert_line(
        &found,
        "GET 1755847768034402?fields=messaging_feature_status",
    );
    let features = found.1.unwrap();
    assert!(features.is_routed && !features.has_several_apps);
}

#[tokio::test]
async fn customers_are_moderated_within_limits() {
    let actions = [ModerationAction::Block, ModerationAction::MoveToSpam];
    let body = json!({"user_ids": [{"id": "1254477777772919"}], "actions": ["block_user", "move_to_spam"]});
    assert_done(
        &moderate(&[psid()], &actions).unwrap(),
        "POST 1755847768034402/moderate_conversations",
        &body,
    )
    .await;
    for (customers, actions, words) in [
        (
            11,
            vec![ModerationAction::Ban],
            "11 customers given, Meta accepts at most 10 in one call",
        ),
        (
            1,
            vec![ModerationAction::Ban; 3],
            "3 actions given, Meta accepts at most 2 in one call",
        ),
        (
            0,
            vec![ModerationAction::Ban],
            "there are 0 customers, at least 1 are needed",
        ),
        (1, vec![], "there are 0 actions, at least 1 are needed"),
        (
            1,
            vec![ModerationAction::Unblock, ModerationAction::Block],
            "an action and the one that undoes it cannot be in one call",
        ),
    ] {
        let error = moderate(&vec![psid(); customers], &actions).unwrap_err();
        assert_eq!(error.to_string(), words);
    }
}

#[tokio::test]
async fn templates_are_created_listed_and_deleted() {
    let components = json!([{"type": "BODY", "text": "Hello {{name}}"}]);
    let create = templates::create_named("order_update", "en", &components).unwrap();
    let made = r#"{"id":"9","status":"APPROVED","category":"UTILITY"}"#;
    let (request, template) = ask(&create, made).await;
    assert_eq!(line(&request), "POST 1755847768034402/message_templates");
    assert_eq!(
        json_of(&request),
        json!({"name": "order_update", "language": "en", "category": "UTILITY", "components": components, "parameter_format": "NAMED"})
    );
    assert_eq!(template.unwrap().status.as_deref(), Some("APPROVED"));
    let numbered = templates::create("order_update", "en", &components).unwrap();
    let (request, _) = ask(&numbered, made).await;
    assert_eq!(json_of(&request).get("parameter_format"), None);
    let library = templates::create_from_library("a", "en", "order_1").unwrap();
    let (request, _) = ask(&library, "{}").await;
    assert_eq!(json_of(&request)["library_template_name"], "order_1");
    assert!(templates::create(" ", "en", &components).is_err());
    assert!(templates::create_from_library("a", "en", "").is_err());

    let list = r#"{"data":[{"id":"9","name":"order_update"}]}"#;
    let found = ask(&templates::list(), list).await;
    assert_line(
        &found,
        "GET 1755847768034402/message_templates?fields=id,name,language,status,category",
    );
    assert_eq!(found.1.unwrap().items.len(), 1);
    let found = ask(&templates::delete("order_update").unwrap(), DONE).await;
    assert_line(
        &found,
        "DELETE 1755847768034402/message_templates?name=order_update",
    );
    assert!(templates::delete("").is_err());
}

#[tokio::test]
async fn an_account_is_linked_and_unlinked() {
    let body = r#"{"id":"1755847768034402","recipient":"1254477777772919"}"#;
    let found = ask(&account_links::get_customer("a b"), body).await;
    assert_line(
        &found,
        "GET me?fields=recipient&account_linking_token=a%20b",
    );
    assert_eq!(found.1.unwrap(), psid());
    let unlink = account_links::unlink(&psid());
    let (request, done) = ask(&unlink, r#"{"result":"unlink account success"}"#).await;
    assert_eq!(line(&request), "POST me/unlink_accounts");
    assert_eq!(json_of(&request), json!({"psid": "1254477777772919"}));
    done.unwrap();
}
