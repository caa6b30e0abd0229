//! The app and the person who runs it: subscriptions, tokens, the list of Pages.

use hyper::Method;
use serde_json::{Value, json};

use super::graph::{Refusal, Token};
use super::parameters::{Parameters, fields, listing, required};
use super::profile::nonexisting;
use super::{Platform, SubscribeError, portfolio, webhook};

/// What the person lets the app do.
const PERMISSIONS: [&str; 5] = [
    "pages_show_list",
    "pages_messaging",
    "pages_manage_metadata",
    "pages_read_engagement",
    "business_management",
];

/// How long a token of a login lives, in seconds.
const TOKEN_LIFE: u64 = 5_183_944;

/// What belongs to the app or its person; nothing when the path is of neither.
pub(super) async fn answer(
    platform: &Platform,
    token: Option<Token>,
    method: &Method,
    path: &str,
    parameters: &Parameters,
) -> Option<Result<Value, Refusal>> {
    let is_get = method == Method::GET;
    let app_edge = path
        .strip_prefix(platform.app.app_id.as_str())
        .and_then(|rest| rest.strip_prefix('/'));
    Some(match (path, token) {
        ("oauth/access_token", None) => exchange(platform, parameters),
        ("debug_token", Some(Token::App)) if is_get => debug(platform, parameters),
        ("debug_token", _) if is_get => Err(needs("An app access token")),
        ("me/accounts", Some(Token::User)) if is_get => accounts(platform, parameters),
        ("me/businesses", Some(Token::User)) if is_get => portfolio::businesses(parameters),
        (path, Some(Token::User)) if is_get && path.ends_with("_pages") => {
            portfolio::pages(&platform.app, path, parameters)?
        }
        ("me/permissions", Some(Token::User)) if is_get => {
            let all = PERMISSIONS.map(|name| json!({"permission": name, "status": "granted"}));
            Ok(json!({ "data": all }))
        }
        (path, Some(Token::User)) if path.starts_with("me/permissions") => {
            Ok(json!({"success": true}))
        }
        ("me", Some(Token::User)) if is_get => person(parameters),
        ("me", Some(Token::App)) => {
            let words = "An active access token must be used to query information about the \
                         current user.";
            Err(Refusal::new(2500, words))
        }
        ("me", Some(Token::Branch)) if is_get => Ok(branch(platform, parameters)),
        (_, Some(Token::Branch)) => {
            let words = "(#10) The token of the second Page is for GET me only";
            Err(Refusal::new(10, words))
        }
        ("me/accounts" | "me/permissions" | "me/businesses", _) => {
            Err(needs("A user access token"))
        }
        _ => match (app_edge?, token) {
            ("subscriptions", Some(Token::App)) => {
                subscriptions(platform, method, parameters).await
            }
            _ => Err(needs("An app access token")),
        },
    })
}

fn needs(what: &str) -> Refusal {
    Refusal::new(190, format!("{what} is required to request this resource."))
}

fn exchange(platform: &Platform, parameters: &Parameters) -> Result<Value, Refusal> {
    let app = &platform.app;
    let is_app = required(parameters, "client_id")? == app.app_id;
    if !is_app || required(parameters, "client_secret")? != app.app_secret {
        return Err(Refusal::new(1, "Error validating client secret."));
    }
    let is_right = match parameters.get("grant_type").and_then(Value::as_str) {
        Some("fb_exchange_token") => required(parameters, "fb_exchange_token")? == app.user_token,
        _ => {
            required(parameters, "redirect_uri")?;
            required(parameters, "code")? == app.login_code
        }
    };
    if !is_right {
        return Err(Refusal::new(100, "This authorization code has been used."));
    }
    Ok(json!({"access_token": app.user_token, "token_type": "bearer", "expires_in": TOKEN_LIFE}))
}

fn debug(platform: &Platform, parameters: &Parameters) -> Result<Value, Refusal> {
    let app = &platform.app;
    let token = required(parameters, "input_token")?;
    let (kind, profile) = if token == app.page_token {
        ("PAGE", Some(&app.page_id))
    } else if token == app.branch_page_token {
        ("PAGE", Some(&app.branch_page_id))
    } else if token == app.user_token {
        ("USER", None)
    } else if token == app.app_token() {
        ("APP", None)
    } else if token == app.foreign_token {
        let words = "(#100) The App_id in the input_token did not match the Viewing App";
        return Err(Refusal::new(100, words));
    } else {
        let error = json!({"code": 190, "message": "The access token could not be decrypted"});
        return Ok(json!({"data": {"is_valid": false, "scopes": [], "error": error}}));
    };
    let granular = PERMISSIONS.map(|scope| match profile {
        Some(page) => json!({"scope": scope, "target_ids": [page]}),
        None => json!({ "scope": scope }),
    });
    let mut data = json!({
        "app_id": app.app_id, "type": kind, "application": "Simulated app", "expires_at": 0,
        "data_access_expires_at": super::now() / 1000 + 90 * 24 * 3600, "is_valid": true,
        "issued_at": super::now() / 1000, "user_id": "1", "scopes": PERMISSIONS,
        "granular_scopes": granular, "metadata": {},
    });
    if let Some(page) = profile {
        data["profile_id"] = json!(page);
    }
    Ok(json!({ "data": data }))
}

fn accounts(platform: &Platform, parameters: &Parameters) -> Result<Value, Refusal> {
    let app = &platform.app;
    let mut page = portfolio::show(&app.page_id, &app.page_name, &app.page_token, parameters);
    if fields(parameters, "tasks").any(|field| field == "tasks") {
        page["tasks"] = json!(["MESSAGING", "MODERATE", "MANAGE"]);
    }
    listing([page].into_iter(), parameters)
}

/// The person who runs the app, as their token shows them.
fn person(parameters: &Parameters) -> Result<Value, Refusal> {
    let mut person = json!({"id": "1"});
    for field in fields(parameters, "id,name") {
        match field {
            "id" => {}
            "name" => person[field] = json!("Robin Example"),
            _ => return Err(nonexisting(field, "User")),
        }
    }
    Ok(person)
}

/// The second Page, as its token shows it.
fn branch(platform: &Platform, parameters: &Parameters) -> Value {
    let mut page = portfolio::show(&platform.app.branch_page_id, "Branch Shop", "", parameters);
    if let Some(members) = page.as_object_mut() {
        members.remove("access_token");
    }
    page
}

async fn subscriptions(
    platform: &Platform,
    method: &Method,
    parameters: &Parameters,
) -> Result<Value, Refusal> {
    match method.as_str() {
        "GET" => {
            let callback = platform.callback.borrow().as_ref().map(ToString::to_string);
            let fields: Vec<_> = platform
                .world()
                .webhook_fields
                .iter()
                .map(|name| json!({"name": name, "version": "v27.0"}))
                .collect();
            let data = callback.map(|url| {
                json!({"object": "page", "callback_url": url, "active": true, "fields": fields})
            });
            Ok(json!({"data": data.into_iter().collect::<Vec<_>>()}))
        }
        "POST" => {
            let url = required(parameters, "callback_url")?;
            let verify_token = required(parameters, "verify_token")?;
            let fields = required(parameters, "fields")?;
            webhook::subscribe(platform, &url, &verify_token)
                .await
                .map_err(|error| failed(&error))?;
            platform.world().webhook_fields = fields.split(',').map(str::to_owned).collect();
            Ok(json!({"success": true}))
        }
        _ => {
            platform.world().subscribed = false;
            platform.world().webhook_fields.clear();
            platform.callback.send_replace(None);
            Ok(json!({"success": true}))
        }
    }
}

fn failed(error: &SubscribeError) -> Refusal {
    Refusal::new(
        2200,
        format!("(#2200) Callback verification failed: {error}"),
    )
}
