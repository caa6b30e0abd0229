//! What a Page has at Meta: exact requests, and answers typed by hand from platform.md.

mod settings;

use std::time::Duration;

use messenger_crm::graph::page::{
    AddLabel, Command, Commands, CreateLabel, CreatePersona, CreateTemplate, DeleteLabel,
    DeletePersona, DeleteSettings, DeleteTemplate, ExtendThread, Greeting, IceBreakers, Labels,
    LabelsOf, LinkedPerson, Menu, MenuItem, Moderate, Moderation, PAGE_INBOX_APP, PassThread,
    Personas, Question, ReadLabel, ReadPersona, ReadRouting, ReadSettings, ReleaseThread,
    RemoveLabel, RequestThread, Setting, Settings, SubscribeApp, SubscribedApps, TakeThread,
    Templates, ThreadOwnerOf, UnlinkPerson, UnsubscribeApp, WriteSettings,
};
use messenger_crm::graph::{Cursor, Paging};
use messenger_crm::id::{AppId, LabelId, PersonaId};
use messenger_crm::time::Timestamp;
use serde_json::json;

use super::{DONE, app, ask, assert_done, assert_line, json_of, line, page, psid};

#[tokio::test]
async fn subscribed_apps() {
    let subscribe = SubscribeApp::new(page(), ["messages", "messaging_postbacks"]);
    let found = ask(&subscribe, r#"{"success":"true"}"#).await;
    assert_line(
        &found,
        "POST 1755847768034402/subscribed_apps?subscribed_fields=messages,messaging_postbacks",
    );
    found.1.unwrap();
    // platform.md 6.8
    let body = r#"{"data":[{"category":"Business","link":"https://a.example","name":"My app","id":"138483919580948","subscribed_fields":["messages"]}, {"name":"no id"}]}"#;
    let found = ask(&SubscribedApps::new(page()), body).await;
    assert_line(&found, "GET 1755847768034402/subscribed_apps");
    let apps = found.1.unwrap().items;
    assert_eq!((apps.len(), &apps[0].id), (1, &app()));
    assert_eq!(apps[0].fields, ["messages"]);
    let found = ask(&UnsubscribeApp::new(page()), DONE).await;
    assert_line(&found, "DELETE 1755847768034402/subscribed_apps");
    found.1.unwrap();
}

#[tokio::test]
async fn personas() {
    let create = CreatePersona::new(page(), "Ada", "https://a.example/ada.png").unwrap();
    let (asked, id) = ask(&create, r#"{"id":"7"}"#).await;
    assert_eq!(line(&asked), "POST 1755847768034402/personas");
    assert_eq!(
        json_of(&asked),
        json!({"name": "Ada", "profile_picture_url": "https://a.example/ada.png"})
    );
    let id: PersonaId = id.unwrap();
    let body = r#"{"data":[{"name":"Ada","profile_picture_url":"https://a.example/ada.png","id":"7"}],"paging":{"cursors":{"before":"B","after":"A"},"next":"https://graph.facebook.com/x?access_token=EAAtoken"}}"#;
    let list = Personas::new(page(), Paging::first(1).after(Cursor::new("A=")));
    let found = ask(&list, body).await;
    assert_line(&found, "GET 1755847768034402/personas?limit=1&after=A%3D");
    let listing = found.1.unwrap();
    assert_eq!(listing.items[0].name.as_deref(), Some("Ada"));
    assert_eq!(listing.next, Some(Cursor::new("A")));
    let found = ask(&ReadPersona::new(id.clone()), r#"{"id":"7","name":"Ada"}"#).await;
    assert_line(&found, "GET 7?fields=id,name,profile_picture_url");
    assert_eq!(found.1.unwrap().id, id);
    let found = ask(&DeletePersona::new(id), DONE).await;
    assert_line(&found, "DELETE 7");
    let long = CreatePersona::new(page(), "a".repeat(51), "https://a.example").unwrap_err();
    assert_eq!(
        long.to_string(),
        "the name of the persona has 51 UTF-16 units, at most 50 can be sent"
    );
}

#[tokio::test]
async fn custom_labels() {
    let (asked, id) = ask(
        &CreateLabel::new(page(), "VIP").unwrap(),
        r#"{"id":1712444532121303}"#,
    )
    .await;
    assert_eq!(line(&asked), "POST 1755847768034402/custom_labels");
    assert_eq!(json_of(&asked), json!({"page_label_name": "VIP"}));
    let id: LabelId = id.unwrap();
    assert_eq!(id.as_str(), "1712444532121303");
    let body = r#"{"data":[{"page_label_name":"VIP","id":"1712444532121303"}]}"#;
    let found = ask(&Labels::new(page(), Paging::default()), body).await;
    assert_line(
        &found,
        "GET 1755847768034402/custom_labels?fields=page_label_name",
    );
    assert_eq!(found.1.unwrap().items[0].name.as_deref(), Some("VIP"));
    let found = ask(&LabelsOf::new(psid(), Paging::default()), body).await;
    assert_line(
        &found,
        "GET 1254477777772919/custom_labels?fields=page_label_name",
    );
    assert_eq!(found.1.unwrap().items[0].id, id);
    let found = ask(
        &ReadLabel::new(id.clone()),
        r#"{"id":"1712444532121303","page_label_name":"VIP"}"#,
    )
    .await;
    assert_line(&found, "GET 1712444532121303?fields=page_label_name");
    let user = json!({"user": "1254477777772919"});
    assert_done(
        &AddLabel::new(id.clone(), psid()),
        "POST 1712444532121303/label",
        &user,
    )
    .await;
    let found = ask(&RemoveLabel::new(id.clone(), psid()), DONE).await;
    assert_line(
        &found,
        "DELETE 1712444532121303/label?user=1254477777772919",
    );
    let found = ask(&DeleteLabel::new(id), DONE).await;
    assert_line(&found, "DELETE 1712444532121303");
}

#[tokio::test]
async fn conversation_routing() {
    let who = json!({"id": "1254477777772919"});
    let path = |name: &str| format!("POST 1755847768034402/{name}_thread_control");
    let pass = PassThread::new(page(), psid())
        .to(&AppId::new(PAGE_INBOX_APP).unwrap())
        .with_metadata("please");
    let body = json!({"recipient": who, "target_app_id": "263902037430900", "metadata": "please"});
    assert_done(&pass, &path("pass"), &body).await;
    let body = json!({ "recipient": who });
    assert_done(&ReleaseThread::new(page(), psid()), &path("release"), &body).await;
    assert_done(&TakeThread::new(page(), psid()), &path("take"), &body).await;
    assert_done(&RequestThread::new(page(), psid()), &path("request"), &body).await;
    let extend = ExtendThread::new(page(), psid()).lasting(Duration::from_secs(3600));
    assert_done(
        &extend,
        &path("extend"),
        &json!({"recipient": who, "duration": 3600}),
    )
    .await;
    let long = ExtendThread::new(page(), psid()).lasting(Duration::MAX);
    assert_done(
        &long,
        &path("extend"),
        &json!({"recipient": who, "duration": 604_800}),
    )
    .await;

    let owner = ThreadOwnerOf::new(page(), psid());
    let body = r#"{"data":[{"thread_owner":{"app_id":138483919580948,"expiration":1760000000}}]}"#;
    let found = ask(&owner, body).await;
    assert_line(
        &found,
        "GET 1755847768034402/thread_owner?recipient=1254477777772919",
    );
    let held = found.1.unwrap().unwrap();
    assert_eq!(held.app, Some(app()));
    assert_eq!(held.until, Some(Timestamp::from_millis(1_760_000_000_000)));
    for idle in [r#"{"data":[]}"#, "{}"] {
        assert_eq!(ask(&owner, idle).await.1.unwrap(), None);
    }
    let status = r#"{"messaging_feature_status":{"hop_v2":true,"msgr_multi_app":false,"ig_multi_app":false},"id":"1"}"#;
    let found = ask(&ReadRouting::new(page()), status).await;
    assert_line(
        &found,
        "GET 1755847768034402?fields=messaging_feature_status",
    );
    let routing = found.1.unwrap();
    assert!(routing.is_on && !routing.has_several_apps);
}

#[tokio::test]
async fn moderation_templates_and_account_links() {
    let block = Moderate::new(
        page(),
        vec![psid()],
        vec![Moderation::Block, Moderation::MoveToSpam],
    )
    .unwrap();
    let body = json!({"user_ids": [{"id": "1254477777772919"}], "actions": ["block_user", "move_to_spam"]});
    assert_done(
        &block,
        "POST 1755847768034402/moderate_conversations",
        &body,
    )
    .await;
    let many = Moderate::new(page(), vec![psid(); 11], vec![Moderation::Ban]).unwrap_err();
    assert_eq!(
        many.to_string(),
        "there are 11 people, at most 10 can be asked for at once"
    );

    let components = json!([{"type": "BODY", "text": "Hello"}]);
    let create = CreateTemplate::new(page(), "order_update", "en", components.clone())
        .unwrap()
        .with_named_parameters();
    let (asked, made) = ask(
        &create,
        r#"{"id":"9","status":"APPROVED","category":"UTILITY"}"#,
    )
    .await;
    assert_eq!(line(&asked), "POST 1755847768034402/message_templates");
    assert_eq!(
        json_of(&asked),
        json!({"name": "order_update", "language": "en", "category": "UTILITY", "components": components, "parameter_format": "NAMED"})
    );
    assert_eq!(made.unwrap().status.as_deref(), Some("APPROVED"));
    let library = CreateTemplate::from_library(page(), "a", "en", "order_1").unwrap();
    let (asked, _) = ask(&library, "{}").await;
    assert_eq!(json_of(&asked)["library_template_name"], "order_1");
    let found = ask(
        &Templates::new(page(), Paging::default()),
        r#"{"data":[{"id":"9","name":"order_update"}]}"#,
    )
    .await;
    assert_line(
        &found,
        "GET 1755847768034402/message_templates?fields=id,name,language,status,category",
    );
    assert_eq!(found.1.unwrap().items.len(), 1);
    let found = ask(&DeleteTemplate::new(page(), "order_update"), DONE).await;
    assert_line(
        &found,
        "DELETE 1755847768034402/message_templates?name=order_update",
    );

    let found = ask(
        &LinkedPerson::new("a b"),
        r#"{"id":"1755847768034402","recipient":"1254477777772919"}"#,
    )
    .await;
    assert_line(
        &found,
        "GET me?fields=recipient&account_linking_token=a%20b",
    );
    assert_eq!(found.1.unwrap(), psid());
    let (asked, done) = ask(
        &UnlinkPerson::new(psid()),
        r#"{"result":"unlink account success"}"#,
    )
    .await;
    assert_eq!(line(&asked), "POST me/unlink_accounts");
    assert_eq!(json_of(&asked), json!({"psid": "1254477777772919"}));
    done.unwrap();
}
