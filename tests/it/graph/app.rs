//! Calls of the app and of people: exact requests, and responses typed by hand from platform.md.

use std::time::Duration;

use messenger_crm::graph::app::login::{self, LoginDialog};
use messenger_crm::graph::app::tokens::{self, Expiry, TokenInfo, TokenKind};
use messenger_crm::graph::app::{AllAccounts, accounts, subscriptions};
use messenger_crm::graph::page::get_page;
use messenger_crm::graph::page::subscriptions::WebhookField;
use messenger_crm::graph::{Call, Error, Request};
use messenger_crm::id::{AppId, PageId};
use messenger_crm::secret::{PageToken, UserToken, VerifyToken};
use messenger_crm::time::Timestamp;
use serde_json::json;

use super::{APP, DONE, PAGE, PROOF, SECRET, Script, access, app_access, form_of, response};

fn user_token() -> UserToken {
    UserToken::new("EAAuser").unwrap()
}

/// Sends a call of the app and returns its request, and what it makes of the response `body`.
async fn ask<T: 'static>(call: &Call<T>, body: &str) -> (Request, Result<T, Error>) {
    let script = Script::json(200, body);
    let output = script.graph().app(app_access()).call(call).await;
    (script.only(), output)
}

/// Sends a call of a person and returns its request, and what it makes of the response `body`.
async fn ask_user<T: 'static>(call: &Call<T>, body: &str) -> (Request, Result<T, Error>) {
    let script = Script::json(200, body);
    let user = script.graph().user(&app_access(), &user_token());
    let output = user.call(call).await;
    (script.only(), output)
}

/// The method and what follows the version, without the proof.
#[track_caller]
fn line(request: &Request) -> String {
    let url = request.http.uri().to_string();
    let rest = url.strip_prefix("https://graph.facebook.com/v27.0/");
    let (rest, _) = rest.unwrap().split_once("appsecret_proof=").unwrap();
    let rest = rest.trim_end_matches(['?', '&']);
    format!("{} {rest}", request.http.method())
}

fn pairs<const N: usize>(pairs: [(&str, &str); N]) -> Vec<(String, String)> {
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    pairs.map(owned).to_vec()
}

#[tokio::test]
async fn app_subscriptions_keep_the_verify_token_out_of_the_url() {
    let token = VerifyToken::new("verify-me").unwrap();
    let fields = [WebhookField::MESSAGES, WebhookField::MESSAGE_READS];
    let subscribe = subscriptions::subscribe("https://a.example/w", &token, &fields).unwrap();
    let (request, done) = ask(&subscribe, DONE).await;
    assert_eq!(line(&request), "POST 138483919580948/subscriptions");
    let bearer = format!("Bearer {APP}|{SECRET}");
    assert_eq!(request.http.headers()["authorization"], bearer.as_str());
    assert_eq!(
        form_of(&request),
        pairs([
            ("object", "page"),
            ("callback_url", "https://a.example/w"),
            ("verify_token", "verify-me"),
            ("fields", "messages,message_reads"),
            ("include_values", "true"),
        ])
    );
    done.unwrap();
    assert!(subscriptions::subscribe("ftp://a", &token, &fields).is_err());
    assert!(subscriptions::subscribe("https://a.example/w", &token, &[]).is_err());
}

#[tokio::test]
async fn app_subscriptions_are_read_and_ended() {
    let body = r#"{"data":[{"object":"page","callback_url":"https://a.example/w","active":true,"fields":[{"name":"messages","version":"v27.0"}]},
        {"object":"user","fields":["email"]}]}"#;
    let (request, found) = ask(&subscriptions::get(), body).await;
    assert_eq!(line(&request), "GET 138483919580948/subscriptions");
    let found = found.unwrap().items;
    assert!(found[0].is_active && !found[1].is_active);
    let version = Some("v27.0".to_owned());
    assert_eq!(found[0].fields, [(WebhookField::MESSAGES, version)]);
    assert_eq!(found[1].fields[0].0.as_str(), "email");
    let (request, _) = ask(&subscriptions::unsubscribe_all(), DONE).await;
    assert_eq!(
        line(&request),
        "DELETE 138483919580948/subscriptions?object=page"
    );
    let some = subscriptions::unsubscribe(&[WebhookField::MESSAGES]).unwrap();
    let (request, _) = ask(&some, DONE).await;
    assert_eq!(
        line(&request),
        "DELETE 138483919580948/subscriptions?object=page&fields=messages"
    );
    // To Meta, no fields are all of them.
    assert!(subscriptions::unsubscribe(&[]).is_err());
}

async fn inspect(body: &str) -> Result<TokenInfo, Error> {
    ask(&tokens::inspect(access().token), body).await.1
}

#[tokio::test]
async fn a_token_is_inspected() {
    // platform.md 6.10
    let body = r#"{ "data": { "app_id":"138483919580948", "type":"PAGE", "application":"My app", "expires_at":0, "data_access_expires_at":1760000000,
            "issued_at":1347235328, "is_valid":true, "profile_id":"1755847768034402", "user_id":"1",
            "scopes":["pages_messaging","pages_show_list","email"], "granular_scopes":[{"scope":"pages_messaging","target_ids":["1755847768034402"]},{"scope":"pages_show_list"}],
            "metadata":{} } }"#;
    let (request, info) = ask(&tokens::inspect(access().token), body).await;
    assert_eq!(line(&request), "GET debug_token?input_token=EAAtoken");
    assert!(!format!("{request:?}").contains("EAAtoken"));
    let info = info.unwrap();
    assert!(info.is_valid && info.error.is_none());
    assert_eq!(info.kind, Some(TokenKind::Page));
    assert_eq!(info.page, Some(PageId::new(PAGE).unwrap()));
    assert_eq!(info.app, Some(AppId::new(APP).unwrap()));
    let until = Timestamp::from_millis(1_760_000_000_000);
    assert_eq!(info.data_access_expires, Some(Expiry::At(until)));
    let (page, other) = (PageId::new(PAGE).unwrap(), PageId::new("1").unwrap());
    assert!(info.permits("pages_messaging", &page) && !info.permits("pages_messaging", &other));
    assert!(info.permits("pages_show_list", &other) && info.permits("email", &other));
    assert!(!info.permits("business_management", &page));
    let kind = inspect(r#"{"data":{"is_valid":true,"type":"ROBOT"}}"#).await;
    let robot = TokenKind::Other("ROBOT".to_owned());
    assert_eq!(kind.unwrap().kind, Some(robot));
    let nothing = inspect("{}").await;
    assert!(matches!(nothing, Err(Error::UnexpectedResponse { .. })));
}

#[tokio::test]
async fn an_invalid_token_has_metas_code_and_prints_no_message() {
    let body = r#"{"data":{"is_valid":false,"error":{"code":190,"message":"EAAtoken has expired","subcode":463}}}"#;
    let info = inspect(body).await.unwrap();
    assert!(!format!("{info:?}").contains("EAAtoken"));
    let error = info.error.unwrap();
    assert_eq!((error.code, error.subcode), (Some(190), Some(463)));
}

#[tokio::test]
async fn g12_never_expires_and_meta_did_not_say_are_two_values() {
    for (body, expected) in [
        (
            r#"{"data":{"is_valid":true,"expires_at":0}}"#,
            Some(Expiry::Never),
        ),
        (
            r#"{"data":{"is_valid":true,"expires_at":1760000000}}"#,
            Some(Expiry::At(Timestamp::from_millis(1_760_000_000_000))),
        ),
        (r#"{"data":{"is_valid":true}}"#, None),
        (r#"{"data":{"is_valid":true,"expires_at":null}}"#, None),
        (r#"{"data":{"is_valid":true,"expires_at":"soon"}}"#, None),
        (r#"{"data":{"is_valid":true,"expires_at":-1}}"#, None),
    ] {
        assert_eq!(inspect(body).await.unwrap().expires, expected, "{body}");
        let data_access = body.replace("expires_at", "data_access_expires_at");
        let found = inspect(&data_access).await.unwrap();
        assert_eq!((found.expires, found.data_access_expires), (None, expected));
    }
}

#[test]
fn the_login_dialog_requests_permissions_or_a_configuration() {
    let dialog = LoginDialog::new(&AppId::new(APP).unwrap(), "https://a.example/back?x=1");
    assert_eq!(
        dialog.url("a&b"),
        "https://www.facebook.com/v27.0/dialog/oauth?client_id=138483919580948\
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
    let one = dialog.with_permissions(&["pages_messaging"]);
    assert!(one.url("s").ends_with("&scope=pages_messaging"));
}

#[tokio::test]
async fn a_login_keeps_secrets_out_of_urls() {
    let exchange = login::exchange_code("https://a.example/back", "the-code");
    let body = r#"{"access_token":"EAAuser","token_type":"bearer","expires_in":5183944}"#;
    let (request, issued) = ask(&exchange, body).await;
    let issued = issued.unwrap();
    assert_eq!(issued.expires_in, Some(Duration::from_secs(5_183_944)));
    assert_eq!(
        request.http.uri(),
        "https://graph.facebook.com/v27.0/oauth/access_token"
    );
    assert_eq!(request.http.headers().get("authorization"), None);
    assert_eq!(
        form_of(&request),
        pairs([
            ("client_id", APP),
            ("client_secret", SECRET),
            ("redirect_uri", "https://a.example/back"),
            ("code", "the-code"),
        ])
    );

    let extend = login::extend_token(&issued.token);
    let (request, issued) = ask(&extend, r#"{"access_token":"EAAlong"}"#).await;
    let issued = issued.unwrap();
    assert_eq!(issued.token.expose_secret(), "EAAlong");
    assert_eq!(issued.expires_in, None);
    assert_eq!(
        form_of(&request),
        pairs([
            ("client_id", APP),
            ("client_secret", SECRET),
            ("grant_type", "fb_exchange_token"),
            ("fb_exchange_token", "EAAuser"),
        ])
    );
    let (_, nothing) = ask(&extend, r#"{"token_type":"bearer"}"#).await;
    assert!(matches!(nothing, Err(Error::UnexpectedResponse { .. })));
}

#[tokio::test]
async fn the_pages_and_permissions_of_a_person_are_listed() {
    let body = r#"{"data":[{"access_token":"EAApage","category":"Shop","name":"My Page","id":"1755847768034402","tasks":["MESSAGING","MANAGE"]},{"id":"2"}],
        "paging":{"cursors":{"before":"B","after":"A"},"next":"https://graph.facebook.com/v27.0/me/accounts?access_token=EAAuser&after=A"}}"#;
    let (request, found) = ask_user(&accounts::list().with_limit(2), body).await;
    assert_eq!(
        line(&request),
        "GET me/accounts?fields=id,name,access_token,category,tasks&limit=2"
    );
    assert_eq!(request.http.headers()["authorization"], "Bearer EAAuser");
    let found = found.unwrap();
    assert!(!format!("{found:?}").contains("EAA"));
    let token = found.items[0].token.as_ref().map(PageToken::expose_secret);
    assert_eq!(token, Some("EAApage"));
    assert_eq!(found.items[0].tasks, ["MESSAGING", "MANAGE"]);
    assert_eq!(found.items[1].token, None);

    let body = r#"{"data":[{"permission":"pages_messaging","status":"granted"},{"permission":"email","status":"declined"}]}"#;
    let (request, found) = ask_user(&accounts::list_permissions(), body).await;
    assert_eq!(line(&request), "GET me/permissions");
    let found = found.unwrap().items;
    assert!(found[0].is_granted() && !found[1].is_granted());
    let (request, _) = ask_user(&accounts::revoke_all_permissions(), DONE).await;
    assert_eq!(line(&request), "DELETE me/permissions");
    let one = accounts::revoke_permission("pages_messaging").unwrap();
    let (request, _) = ask_user(&one, DONE).await;
    assert_eq!(line(&request), "DELETE me/permissions/pages_messaging");
    for climbing in ["..", "", "me", "a/b"] {
        let error = accounts::revoke_permission(climbing).unwrap_err();
        assert!(matches!(error, Error::InvalidId { .. }), "{climbing}");
        assert!(accounts::list_owned_pages(climbing).is_err(), "{climbing}");
        assert!(accounts::list_client_pages(climbing).is_err(), "{climbing}");
    }
}

/// A page of a list of Pages, with a next one if `next` is not empty.
fn pages(ids: &[&str], next: &str) -> String {
    let data: Vec<_> = ids
        .iter()
        .map(|id| json!({"id": id, "access_token": format!("EAA{id}")}))
        .collect();
    let mut list = json!({ "data": data });
    if !next.is_empty() {
        let url = format!("https://graph.facebook.com/v27.0/x?access_token=EAAuser&after={next}");
        list["paging"] = json!({"next": url});
    }
    list.to_string()
}

async fn all_accounts(
    responses: &[(u16, String)],
    max: usize,
) -> (Vec<String>, Result<AllAccounts, Error>) {
    let responses = responses.iter();
    let script = Script::new(responses.map(|(status, body)| response(*status, body)));
    let user = script.graph().user(&app_access(), &user_token());
    let found = user.all_accounts(max).await;
    let requests = script.requests();
    (requests.iter().map(line).collect(), found)
}

fn ids(found: &AllAccounts) -> Vec<&str> {
    let accounts = found.accounts.iter();
    accounts.map(|account| account.page.as_str()).collect()
}

#[tokio::test]
async fn b24_pages_of_business_portfolios_are_found_when_me_accounts_is_empty() {
    let businesses = r#"{"data":[{"id":"77","name":"Shops"},{"id":"78"}]}"#.to_owned();
    let (lines, found) = all_accounts(
        &[
            (200, pages(&[], "")),
            (200, businesses),
            // An empty page of a list that goes on.
            (200, pages(&[], "A")),
            (200, pages(&["3", "1"], "")),
            (200, pages(&["2"], "")),
            (200, pages(&["1"], "")),
            (200, pages(&[], "")),
        ],
        100,
    )
    .await;
    let fields = "fields=id,name,access_token,category";
    assert_eq!(
        lines,
        [
            format!("GET me/accounts?{fields},tasks"),
            "GET me/businesses?fields=id,name".to_owned(),
            format!("GET 77/owned_pages?{fields}"),
            format!("GET 77/owned_pages?{fields}&after=A"),
            format!("GET 77/client_pages?{fields}"),
            format!("GET 78/owned_pages?{fields}"),
            format!("GET 78/client_pages?{fields}"),
        ]
    );
    let found = found.unwrap();
    assert_eq!(ids(&found), ["1", "2", "3"]);
    assert!(found.is_complete());
}

#[tokio::test]
async fn b24_a_page_in_two_lists_is_one_page_with_what_both_know() {
    let mine = r#"{"data":[{"id":"1","name":"One","tasks":["MESSAGING"]}]}"#.to_owned();
    let owned = r#"{"data":[{"id":"1","name":"Uno","access_token":"EAA1"}]}"#.to_owned();
    let businesses = r#"{"data":[{"id":"77"}]}"#.to_owned();
    let responses = [
        (200, mine),
        (200, businesses),
        (200, owned),
        (200, pages(&[], "")),
    ];
    let found = all_accounts(&responses, 100).await.1.unwrap();
    assert_eq!(found.accounts.len(), 1);
    let one = &found.accounts[0];
    assert_eq!(one.name.as_deref(), Some("One"));
    assert_eq!(one.tasks, ["MESSAGING"]);
    let token = one.token.as_ref().map(PageToken::expose_secret);
    assert_eq!(token, Some("EAA1"));
}

#[tokio::test]
async fn b24_a_portfolio_that_cannot_be_listed_costs_its_pages_only() {
    let refused = |code| (400, json!({"error": {"code": code}}).to_string());
    let responses = [(200, pages(&["1"], "")), refused(200)];
    let found = all_accounts(&responses, 100).await.1.unwrap();
    assert_eq!(ids(&found), ["1"]);
    assert!(!found.is_complete() && !found.is_truncated);
    assert_eq!(found.refusals[0].code, Some(200));

    let businesses = r#"{"data":[{"id":"77"}]}"#.to_owned();
    let responses = [
        (200, pages(&["1"], "")),
        (200, businesses.clone()),
        refused(100),
        (200, pages(&["2"], "")),
    ];
    let found = all_accounts(&responses, 100).await.1.unwrap();
    assert_eq!((ids(&found), found.refusals.len()), (vec!["1", "2"], 1));

    // A token that died meanwhile is no reason to show half of the Pages.
    let responses = [(200, pages(&["1"], "")), (200, businesses), refused(190)];
    let error = all_accounts(&responses, 100).await.1.unwrap_err();
    assert!(matches!(error, Error::Api(refusal) if refusal.code == Some(190)));
    assert!(all_accounts(&[refused(200)], 100).await.1.is_err());
}

#[tokio::test]
async fn b24_the_search_stops_at_its_limit() {
    let businesses = r#"{"data":[{"id":"77"}]}"#.to_owned();
    let (lines, found) = all_accounts(&[(200, pages(&["1", "2"], "A"))], 2).await;
    let found = found.unwrap();
    assert_eq!((ids(&found), lines.len()), (vec!["1", "2"], 1));
    assert!(found.is_truncated);
    let responses = [
        (200, pages(&["1"], "")),
        (200, businesses),
        (200, pages(&["2", "3"], "")),
    ];
    let found = all_accounts(&responses, 2).await.1.unwrap();
    assert_eq!(ids(&found), ["1", "2"]);
    assert!(found.is_truncated && !found.is_complete());
}

#[tokio::test]
async fn the_proof_may_be_timed() {
    let script = Script::json(200, r#"{"id":"1"}"#);
    let page = script.graph().with_timed_proof().page(access());
    let before = Timestamp::from(std::time::SystemTime::now()).as_millis() / 1000;
    page.call(&get_page()).await.unwrap();
    let url = script.only().http.uri().to_string();
    let (rest, time) = url.rsplit_once("&appsecret_time=").unwrap();
    let seconds: i64 = time.parse().unwrap();
    assert!(seconds.abs_diff(before) < 60);
    let (_, proof) = rest.rsplit_once("appsecret_proof=").unwrap();
    assert!(proof.len() == 64 && proof != PROOF);
}
