//! The app and the person who runs it: login, tokens, subscriptions of the app.

use serde_json::{Value, json};

use crate::simulator::world::World;
use crate::simulator::world::app::PERMISSIONS;

use super::access::{Caller, Role};
use super::page_settings::page_fields;
use super::parameters::{Call, Parameters, fields, required, text, texts};
use super::portfolio;
use super::refusal::Refusal;
use super::reply::{Handshake, Reply};
use super::sticker;

/// How long a token of a login lives, in seconds.
const TOKEN_LIFE: u64 = 5_183_944;
/// Id of the person who runs the apps.
const PERSON: &str = "1";

/// A call of the app or of its person. `None` when the path is of neither.
pub(crate) fn route(
    world: &mut World,
    caller: &Caller,
    call: Call<'_>,
) -> Option<Result<Reply, Refusal>> {
    let is_get = call.method == "GET";
    let edge = call.path.strip_prefix(caller.app.as_str());
    let edge = edge.and_then(|rest| rest.strip_prefix('/'));
    let found = match (call.path, &caller.role) {
        ("debug_token", Role::App) if is_get => debug(world, &caller.app, call.parameters),
        ("debug_token", _) if is_get => Err(needs("An app access token")),
        ("me/accounts", Role::User) if is_get => portfolio::accounts(world, caller, call),
        ("me/businesses", Role::User) if is_get => portfolio::businesses(world, caller, call),
        (path, Role::User) if is_get && path.ends_with("_pages") => {
            portfolio::pages(world, caller, call)?
        }
        (path, Role::App) if sticker::is_catalog(path) => sticker::route(world, call)?,
        (path, _) if sticker::is_catalog(path) => Err(needs("An app access token")),
        ("me/permissions", Role::User) if is_get => {
            let all = PERMISSIONS.map(|name| json!({"permission": name, "status": "granted"}));
            Ok(json!({ "data": all }))
        }
        (path, Role::User) if path.starts_with("me/permissions") => Ok(json!({"success": true})),
        ("me", Role::User) if is_get => person(call.parameters),
        ("me", Role::App) => Err(Refusal::new(
            2500,
            "An active access token must be used to query information about the current user.",
        )),
        ("me/accounts" | "me/permissions" | "me/businesses", _) => {
            Err(needs("A user access token"))
        }
        _ => match (edge?, &caller.role) {
            ("subscriptions", Role::App) => return Some(subscriptions(world, caller, call)),
            _ => Err(needs("An app access token")),
        },
    };
    Some(found.map(Reply::Json))
}

fn needs(what: &str) -> Refusal {
    Refusal::new(190, format!("{what} is required to request this resource."))
}

/// The login's own call, whose parameters are the proof.
pub(crate) fn exchange(world: &World, parameters: &Parameters) -> Result<Value, Refusal> {
    let app = world.app(&required(parameters, "client_id")?);
    let secret = required(parameters, "client_secret")?;
    let app = app.filter(|app| app.secret == secret);
    let app = app.ok_or_else(|| Refusal::new(1, "Error validating client secret."))?;
    let token = world.token(&app.id, None).map(|token| token.text.clone());
    let is_right = match text(parameters.get("grant_type")).as_deref() {
        Some("fb_exchange_token") => Some(required(parameters, "fb_exchange_token")?) == token,
        Some("client_credentials") => {
            return Ok(json!({"access_token": app.token(), "token_type": "bearer"}));
        }
        _ => {
            required(parameters, "redirect_uri")?;
            required(parameters, "code")? == app.login_code
        }
    };
    if !is_right {
        let words = "This authorization code has been used.";
        return Err(Refusal::new(100, words));
    }
    Ok(json!({"access_token": token, "token_type": "bearer", "expires_in": TOKEN_LIFE}))
}

/// Describes a token to the app that it was issued to.
fn debug(world: &World, caller: &str, parameters: &Parameters) -> Result<Value, Refusal> {
    let asked = required(parameters, "input_token")?;
    let found = world.tokens.iter().find(|token| token.text == asked);
    let own = world.apps.iter().find(|app| app.token() == asked);
    let (kind, app, page, scopes) = match (found, own) {
        (Some(token), _) => {
            let kind = if token.page.is_some() { "PAGE" } else { "USER" };
            (kind, &token.app, token.page.as_ref(), token.scopes.clone())
        }
        (None, Some(app)) => ("APP", &app.id, None, Vec::new()),
        (None, None) => {
            let error = json!({"code": 190, "message": "The access token could not be decrypted"});
            return Ok(json!({"data": {"is_valid": false, "scopes": [], "error": error}}));
        }
    };
    if app != caller {
        let words = "(#100) The App_id in the input_token did not match the Viewing App";
        return Err(Refusal::new(100, words));
    }
    let granular = scopes.iter().map(|scope| match page {
        Some(page) => json!({"scope": scope, "target_ids": [page]}),
        None => json!({ "scope": scope }),
    });
    let now = world.now() / 1000;
    let mut data = json!({
        "app_id": app, "type": kind, "application": "Simulated app", "expires_at": 0,
        "data_access_expires_at": now + 90 * 24 * 3600, "is_valid": true,
        "issued_at": now, "user_id": PERSON, "scopes": scopes,
        "granular_scopes": granular.collect::<Vec<_>>(), "metadata": {},
    });
    if let Some(page) = page {
        data["profile_id"] = json!(page);
    }
    Ok(json!({ "data": data }))
}

/// The person who runs the app, as their token shows them.
fn person(parameters: &Parameters) -> Result<Value, Refusal> {
    let mut person = json!({"id": PERSON});
    for field in fields(parameters, "id,name") {
        match field.as_str() {
            "id" => {}
            "name" => person["name"] = json!("Robin Example"),
            _ => return Err(Refusal::nonexisting(&field, "User")),
        }
    }
    Ok(person)
}

fn subscriptions(world: &mut World, caller: &Caller, call: Call<'_>) -> Result<Reply, Refusal> {
    let missing = || Refusal::parameter("No such app");
    match call.method {
        "GET" => {
            let app = world.app(&caller.app).ok_or_else(missing)?;
            let fields: Vec<_> = app
                .fields
                .iter()
                .map(|name| json!({"name": name, "version": "v27.0"}))
                .collect();
            let data = app.callback.iter().map(
                |url| json!({"object": "page", "callback_url": url, "active": true, "fields": fields}),
            );
            Ok(Reply::Json(json!({"data": data.collect::<Vec<_>>()})))
        }
        "POST" => Ok(Reply::Handshake(Handshake {
            app: caller.app.clone(),
            callback_url: required(call.parameters, "callback_url")?,
            verify_token: required(call.parameters, "verify_token")?,
            fields: page_fields(call.parameters, "fields")?,
        })),
        _ => {
            let named = texts(call.parameters, "fields");
            let app = world.app_mut(&caller.app).ok_or_else(missing)?;
            app.fields
                .retain(|field| !named.is_empty() && !named.contains(field));
            if app.fields.is_empty() {
                app.callback = None;
            }
            Ok(Reply::Json(json!({"success": true})))
        }
    }
}
