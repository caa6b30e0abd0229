//! The app, the login and tokens: exact requests, and answers typed by hand from platform.md.

use std::time::Duration;

use messenger_crm::graph::app::{
    Accounts, ExchangeCode, ExtendToken, InspectToken, LoginDialog, Permissions, RevokePermission,
    SubscribeWebhook, UnsubscribeWebhook, WebhookSubscriptions,
};
use messenger_crm::graph::{Endpoint, Error, Paging, TokioClock};
use messenger_crm::id::PageId;
use messenger_crm::secret::{AppSecret, UserToken, VerifyToken};
use messenger_crm::time::Timestamp;

use super::{DONE, PROOF, SECRET, Script, access, app, ask, assert_line, form_of, line, page};

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
