//! Every call beside sending: exact request, and answers typed by hand from platform.md.

use std::time::Duration;

use messenger_crm::graph::app::{
    Accounts, ExchangeCode, ExtendToken, InspectToken, LoginDialog, Permissions, RevokePermission,
    SubscribeWebhook, UnsubscribeWebhook, WebhookSubscriptions,
};
use messenger_crm::graph::history::{Conversations, MessagesOf, ReadMessage};
use messenger_crm::graph::page::{
    AddLabel, Command, Commands, CreateLabel, CreatePersona, CreateTemplate, DeleteLabel,
    DeletePersona, DeleteSettings, DeleteTemplate, ExtendThread, Greeting, IceBreakers, Labels,
    LabelsOf, LinkedPerson, Menu, MenuItem, Moderate, Moderation, PAGE_INBOX_APP, PassThread,
    Personas, Question, ReadLabel, ReadPersona, ReadRouting, ReadSettings, ReleaseThread,
    RemoveLabel, RequestThread, Setting, Settings, SubscribeApp, SubscribedApps, TakeThread,
    Templates, ThreadOwnerOf, UnlinkPerson, UnsubscribeApp, WriteSettings,
};
use messenger_crm::graph::{
    Batch, Cursor, Endpoint, Error, NoProfile, Paging, ProfileOf, ProfileOutcome, TokioClock,
};
use messenger_crm::id::{AppId, ConversationId, LabelId, Mid, PageId, PersonaId, Psid};
use messenger_crm::secret::{AppSecret, UserToken, VerifyToken};
use messenger_crm::time::Timestamp;
use serde_json::{Value, json};

use super::{PROOF, SECRET, Script, access, answer, ask, form_of, json_of, line, page, psid};

const DONE: &str = r#"{"success":true}"#;

/// Asserts a call that has no body.
#[track_caller]
fn assert_line(found: &(messenger_crm::graph::Request, impl Sized), expected: &str) {
    assert_eq!(line(&found.0), expected);
    assert!(found.0.body.is_none());
}

/// Asserts a call that posts JSON and brings nothing but a yes.
async fn assert_done(endpoint: &(impl Endpoint<Output = ()> + Sync), expected: &str, body: &Value) {
    let (asked, done) = ask(endpoint, DONE).await;
    assert_eq!(line(&asked), expected);
    assert_eq!(&json_of(&asked), body);
    done.unwrap();
    let (_, refused) = ask(endpoint, r#"{"success":"false"}"#).await;
    assert!(
        matches!(refused, Err(Error::NotDone { status: 200 })),
        "{expected}"
    );
}

fn app() -> AppId {
    AppId::new("138483919580948").unwrap()
}

// ---- The Page ------------------------------------------------------------

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
async fn messenger_profile() {
    let settings = Settings::new()
        .with_get_started("GET_STARTED")
        .with_greeting(vec![
            Greeting::new("Hi {{user_first_name}}!"),
            Greeting::new("Hallo!").with_locale("de_DE"),
        ])
        .with_ice_breakers(vec![IceBreakers::new(vec![Question::new("Open?", "OPEN")])])
        .with_menu(vec![Menu::new(vec![
            MenuItem::web_url("Shop", "https://a.example"),
            MenuItem::postback("Help", "HELP"),
        ])])
        .with_commands(vec![Commands::new(vec![Command::new(
            "flights",
            "Find flights",
        )])])
        .with_domains(vec!["https://a.example".to_owned()])
        .with_account_linking("https://a.example/login");
    let json = json!({
        "get_started": {"payload": "GET_STARTED"},
        "greeting": [{"locale": "default", "text": "Hi {{user_first_name}}!"}, {"locale": "de_DE", "text": "Hallo!"}],
        "ice_breakers": [{"locale": "default", "call_to_actions": [{"question": "Open?", "payload": "OPEN"}]}],
        "persistent_menu": [{"locale": "default", "composer_input_disabled": false, "call_to_actions": [
            {"type": "web_url", "title": "Shop", "url": "https://a.example"},
            {"type": "postback", "title": "Help", "payload": "HELP"}]}],
        "commands": [{"locale": "default", "commands": [{"name": "flights", "description": "Find flights"}]}],
        "whitelisted_domains": ["https://a.example"],
        "account_linking_url": "https://a.example/login",
    });
    let write = WriteSettings::new(page(), settings.clone()).unwrap();
    let (asked, done) = ask(&write, r#"{"result":"success"}"#).await;
    assert_eq!(line(&asked), "POST 1755847768034402/messenger_profile");
    assert_eq!(json_of(&asked), json);
    done.unwrap();

    let found = ask(
        &ReadSettings::new(page()),
        &json!({ "data": [json] }).to_string(),
    )
    .await;
    assert_line(
        &found,
        "GET 1755847768034402/messenger_profile?fields=get_started,greeting,ice_breakers,persistent_menu,commands,whitelisted_domains,account_linking_url",
    );
    assert_eq!(found.1.unwrap(), settings);
    for empty in [r#"{"data":[]}"#, r#"{"data":[{}]}"#] {
        let greeting = ReadSettings::new(page()).only([Setting::Greeting]);
        let found = ask(&greeting, empty).await;
        assert_line(
            &found,
            "GET 1755847768034402/messenger_profile?fields=greeting",
        );
        assert_eq!(found.1.unwrap(), Settings::new());
    }
    let delete = DeleteSettings::new(page(), [Setting::PersistentMenu, Setting::GetStarted]);
    let (asked, done) = ask(&delete, r#"{"result":"success"}"#).await;
    assert_eq!(line(&asked), "DELETE 1755847768034402/messenger_profile");
    assert_eq!(
        json_of(&asked),
        json!({"fields": ["persistent_menu", "get_started"]})
    );
    done.unwrap();
}

#[test]
fn settings_have_limits() {
    let help = || MenuItem::postback("Help", "HELP");
    let question = || Question::new("Open?", "OPEN");
    for (settings, words) in [
        (
            Settings::new().with_get_started(""),
            "the payload of the start button is blank",
        ),
        (
            Settings::new().with_greeting(vec![Greeting::new("a".repeat(161))]),
            "the greeting has 161 UTF-16 units, at most 160 can be sent",
        ),
        (
            Settings::new().with_greeting(vec![Greeting::new("a").with_locale("de_DE")]),
            "one of the languages must be default",
        ),
        (
            Settings::new().with_ice_breakers(vec![IceBreakers::new(vec![question(); 5])]),
            "there are 5 ice breakers, at most 4 can be sent",
        ),
        (
            Settings::new().with_menu(vec![Menu::new(vec![help(); 21])]),
            "there are 21 menu items, at most 20 can be sent",
        ),
        (
            Settings::new().with_menu(vec![Menu::new(vec![MenuItem::postback(
                "a".repeat(31),
                "A",
            )])]),
            "the title of a menu item has 31 UTF-16 units, at most 30 can be sent",
        ),
        (
            Settings::new().with_commands(vec![Commands::new(vec![Command::new("/a", "b")])]),
            "the name of a command must be a word without the slash",
        ),
        (
            Settings::new()
                .with_commands(vec![Commands::new(vec![Command::new("a", "b".repeat(65))])]),
            "the description of a command has 65 UTF-16 units, at most 64 can be sent",
        ),
        (
            Settings::new().with_domains(vec!["http://a.example".to_owned()]),
            "a domain or page of the settings must be an address with https",
        ),
    ] {
        assert_eq!(
            WriteSettings::new(page(), settings)
                .unwrap_err()
                .to_string(),
            words
        );
    }
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

// ---- The app -------------------------------------------------------------

#[tokio::test]
async fn app_subscriptions_keep_the_verify_token_out_of_the_url() {
    let token = VerifyToken::new("verify-me").unwrap();
    let subscribe = SubscribeWebhook::new(
        app(),
        "https://a.example/w",
        token,
        ["messages", "message_reads"],
    );
    let (asked, done) = ask(&subscribe, DONE).await;
    assert_eq!(line(&asked), "POST 138483919580948/subscriptions");
    assert_eq!(
        form_of(&asked),
        [
            ("object", "page"),
            ("callback_url", "https://a.example/w"),
            ("verify_token", "verify-me"),
            ("fields", "messages,message_reads"),
            ("include_values", "true"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
    );
    done.unwrap();
    let body = r#"{"data":[{"object":"page","callback_url":"https://a.example/w","active":true,"fields":[{"name":"messages","version":"v26.0"}]}]}"#;
    let found = ask(&WebhookSubscriptions::new(app()), body).await;
    assert_line(&found, "GET 138483919580948/subscriptions");
    let first = found.1.unwrap().items.remove(0);
    assert!(first.is_active);
    assert_eq!(
        first.fields,
        [("messages".to_owned(), Some("v26.0".to_owned()))]
    );
    let found = ask(&UnsubscribeWebhook::new(app()), DONE).await;
    assert_line(&found, "DELETE 138483919580948/subscriptions?object=page");
    let found = ask(&UnsubscribeWebhook::new(app()).only(["messages"]), DONE).await;
    assert_line(
        &found,
        "DELETE 138483919580948/subscriptions?object=page&fields=messages",
    );
}

#[tokio::test]
async fn a_token_is_looked_into() {
    // platform.md 6.10
    let body = r#"{ "data": { "app_id":"138483919580948", "type":"PAGE", "application":"My app", "expires_at":0, "data_access_expires_at":1760000000,
            "issued_at":1347235328, "is_valid":true, "profile_id":"1755847768034402", "user_id":"1",
            "scopes":["pages_messaging","pages_show_list"], "granular_scopes":[{"scope":"pages_messaging","target_ids":["1755847768034402"]},{"scope":"pages_show_list"}],
            "metadata":{} } }"#;
    let (asked, facts) = ask(&InspectToken::new(access().token), body).await;
    assert_eq!(line(&asked), "GET debug_token?input_token=EAAtoken");
    assert!(!format!("{asked:?}").contains("EAAtoken"));
    let facts = facts.unwrap();
    assert!(facts.is_valid && facts.flaw.is_none());
    assert_eq!(facts.page, Some(page()));
    assert_eq!(facts.app, Some(app()));
    assert_eq!(facts.expires_at, None);
    assert_eq!(
        facts.data_access_expires_at,
        Some(Timestamp::from_millis(1_760_000_000_000))
    );
    let other = PageId::new("1").unwrap();
    assert!(facts.permits("pages_messaging", &page()) && !facts.permits("pages_messaging", &other));
    assert!(facts.permits("pages_show_list", &other));
    assert!(!facts.permits("business_management", &page()));
    let flaw = r#"{"data":{"is_valid":false,"error":{"code":190,"message":"Session has expired","subcode":463}}}"#;
    let (_, facts) = ask(&InspectToken::new(access().token), flaw).await;
    let flaw = facts.unwrap().flaw.unwrap();
    assert_eq!((flaw.code, flaw.subcode), (Some(190), Some(463)));
    let (_, nothing) = ask(&InspectToken::new(access().token), "{}").await;
    assert!(matches!(nothing, Err(Error::Unexpected { .. })));
}

#[tokio::test]
async fn a_login_hands_out_tokens_and_keeps_secrets_out_of_urls() {
    let dialog = LoginDialog::new(app(), "https://a.example/back?x=1");
    assert_eq!(
        dialog.url("a&b"),
        "https://www.facebook.com/v26.0/dialog/oauth?client_id=138483919580948\
         &redirect_uri=https%3A%2F%2Fa.example%2Fback%3Fx%3D1&state=a%26b&response_type=code\
         &scope=pages_show_list,pages_messaging,pages_manage_metadata,pages_read_engagement,business_management"
    );
    let business = dialog
        .clone()
        .with_configuration("77")
        .with_version("v25.0".parse().unwrap());
    assert!(
        business
            .url("s")
            .ends_with("&response_type=code&config_id=77")
    );
    assert!(
        dialog
            .with_scopes(["pages_messaging"])
            .url("s")
            .ends_with("&scope=pages_messaging")
    );

    let secret = || AppSecret::new(SECRET).unwrap();
    let exchange = ExchangeCode::new(app(), secret(), "https://a.example/back", "the-code");
    let script = Script::json(
        200,
        r#"{"access_token":"EAAuser","token_type":"bearer","expires_in":5183944}"#,
    );
    let issued = script.graph().call(&access(), &exchange).await.unwrap();
    assert_eq!(issued.expires_in, Some(Duration::from_secs(5_183_944)));
    let asked = script.only();
    assert_eq!(
        asked.url,
        "https://graph.facebook.com/v26.0/oauth/access_token"
    );
    assert!(asked.bearer.is_none());
    let expected = [
        ("client_id", "138483919580948"),
        ("client_secret", SECRET),
        ("redirect_uri", "https://a.example/back"),
        ("code", "the-code"),
    ];
    assert_eq!(
        form_of(&asked),
        expected.map(|(name, value)| (name.to_owned(), value.to_owned()))
    );

    let extend = ExtendToken::new(app(), secret(), issued.token);
    let script = Script::json(200, r#"{"access_token":"EAAlong"}"#);
    let issued = script.graph().call(&access(), &extend).await.unwrap();
    assert_eq!(
        (issued.token, issued.expires_in),
        (UserToken::new("EAAlong").unwrap(), None)
    );
    let form = form_of(&script.only());
    assert_eq!(
        form[0],
        ("grant_type".to_owned(), "fb_exchange_token".to_owned())
    );
    assert_eq!(
        form[3],
        ("fb_exchange_token".to_owned(), "EAAuser".to_owned())
    );
}

#[tokio::test]
async fn a_persons_pages_and_permissions() {
    let body = r#"{"data":[{"access_token":"EAApage","category":"Shop","name":"My Page","id":"1755847768034402","tasks":["MESSAGING","MANAGE"]},{"id":"2"}],
        "paging":{"cursors":{"before":"B","after":"A"},"next":"https://graph.facebook.com/v26.0/me/accounts?access_token=EAAuser&after=A"}}"#;
    let found = ask(&Accounts::new(Paging::first(2)), body).await;
    assert_line(
        &found,
        "GET me/accounts?fields=id,name,access_token,tasks,category&limit=2",
    );
    let accounts = found.1.unwrap();
    assert_eq!(
        accounts.items[0].token.as_ref().unwrap().expose_secret(),
        "EAApage"
    );
    assert_eq!(accounts.items[0].tasks, ["MESSAGING", "MANAGE"]);
    assert_eq!(accounts.items[1].token, None);
    assert!(!format!("{accounts:?}").contains("EAA"));
    let found = ask(&Permissions::new(), r#"{"data":[{"permission":"pages_messaging","status":"granted"},{"permission":"email","status":"declined"}]}"#).await;
    assert_line(&found, "GET me/permissions");
    let permissions = found.1.unwrap().items;
    assert!(permissions[0].is_granted() && !permissions[1].is_granted());
    let found = ask(&RevokePermission::all(), DONE).await;
    assert_line(&found, "DELETE me/permissions");
    let found = ask(&RevokePermission::one("pages_messaging"), DONE).await;
    assert_line(&found, "DELETE me/permissions/pages_messaging");
    let climbing = RevokePermission::one("..").call();
    assert!(matches!(climbing, Err(Error::Id)));
}

#[tokio::test]
async fn the_proof_may_be_timed() {
    let script = Script::json(200, r#"{"id":"1"}"#);
    let graph = script
        .graph()
        .with_clock(TokioClock::new())
        .with_timed_proof();
    let before = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    graph.page(&access()).await.unwrap();
    let url = script.only().url;
    let (rest, time) = url.rsplit_once("&appsecret_time=").unwrap();
    let seconds: i64 = time.parse().unwrap();
    assert!(seconds.unsigned_abs().abs_diff(before.as_secs()) < 60);
    let (proof, _) = access().proof_at(Timestamp::from_millis(seconds * 1000));
    assert!(rest.ends_with(&format!("appsecret_proof={proof}")) && proof != PROOF);
}

// ---- The past ------------------------------------------------------------

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
