//! The JSON API of the pages.

// A refusal is a whole reply, made once a request.
#![allow(clippy::result_large_err)]

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use hyper::{
    StatusCode,
    header::{self, HeaderValue},
};
use messenger_crm::{
    change::Change,
    graph::{AccessError, ApiError, AppAccess, Error, InvalidMessage, send::OutgoingMessage},
    id::{AppId, PageId, Psid},
    inbox::{self, InboxError, ReplyError, ReplyWindow},
    model::{ContactKey, OutgoingKey, Revision},
    secret::{AppSecret, PageToken},
    store::{
        ContactFilter, ContactQuery, Count, Hit, MessageQuery, MessageStart, SearchQuery,
        StoreError,
    },
};
use serde_json::{Value, json};

use crate::{
    connections::Connection,
    crm::Crm,
    now,
    server::{Reply, bytes, plain},
    shapes::{connection, customer_json, message_json, passage_json, privacy_request_json},
};

type Answer = Result<Reply, Reply>;

pub(crate) async fn read(crm: &Crm, path: &str, query: &str) -> Reply {
    let query: HashMap<String, String> = url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let answer = match path {
        "/api/pages" => Ok(json_reply(
            StatusCode::OK,
            &json!({"pages": crm.connections.all().iter().map(|one| json!({"id": one.page, "name": one.name})).collect::<Vec<_>>()}),
        )),
        "/api/connections" => connections(crm).await,
        "/api/privacy" => privacy(crm).await,
        "/api/customers" => customers(crm, &query).await,
        "/api/customer" => customer(crm, &query).await,
        "/api/messages" => messages(crm, &query).await,
        "/picture" => picture(crm, &query).await,
        _ => Ok(plain(StatusCode::NOT_FOUND, "not found\n")),
    };
    answer.unwrap_or_else(|refusal| refusal)
}

pub(crate) async fn write(crm: &Crm, path: &str, body: &[u8]) -> Reply {
    let Ok(body) = serde_json::from_slice::<Value>(body) else {
        return error(StatusCode::BAD_REQUEST, "not_json");
    };
    let answer = match path {
        "/api/messages" => reply(crm, &body).await,
        "/api/seen" => seen(crm, &body).await,
        "/api/connections" | "/api/connections/reset" | "/api/connections/remove" if crm.demo => {
            Err(error(StatusCode::FORBIDDEN, "read_only"))
        }
        "/api/connections" => connect(crm, &body).await,
        "/api/connections/check" => check(crm, &body).await,
        "/api/connections/reset" => reset(crm, &body).await,
        "/api/connections/remove" => disconnect(crm, &body).await,
        "/api/customer/erase" => erase(crm, &body).await,
        "/api/privacy/settle" => settle(crm, &body).await,
        _ => Err(error(StatusCode::NOT_FOUND, "not_found")),
    };
    answer.unwrap_or_else(|refusal| refusal)
}

async fn customers(crm: &Crm, query: &HashMap<String, String>) -> Answer {
    let page = page(query.get("page"))?;
    let search = query.get("search").map_or("", |search| search.trim());
    let mut filter = ContactFilter::new(page.clone());
    if !search.is_empty() {
        filter = filter.with_name(search);
    }
    let mut asked = ContactQuery::from(filter);
    asked.after = given(query, "after").cloned();
    let store = crm.inbox.store();
    let mut listing = store.contacts(&asked).await.map_err(failed)?;
    let is_first = asked.after.is_none();
    let mut passages = HashMap::new();
    let total = if search.is_empty() || !is_first {
        store.count(&asked.filter).await.map_err(failed)?
    } else {
        // Behind the customers with such a name: those whose conversation holds the text.
        let mut said = SearchQuery::new(page, search);
        said.limit = asked.limit;
        let said = store.search(&said).await.map_err(failed)?;
        let is_all = listing.next.is_none() && said.next.is_none();
        for Hit {
            contact, message, ..
        } in said.rows
        {
            if listing.rows.iter().all(|row| row.key != contact.key) {
                listing.rows.push(contact.clone());
            }
            passages.insert(contact.key, message);
        }
        let found = u32::try_from(listing.rows.len()).unwrap_or(u32::MAX);
        if is_all {
            Count::Exactly(found)
        } else {
            Count::AtLeast(found)
        }
    };
    let (total, is_exact) = match total {
        Count::Exactly(total) => (total, true),
        Count::AtLeast(total) => (total, false),
        _ => (0, false),
    };
    let customers = listing.rows.iter().map(|contact| {
        let mut customer = customer_json(contact);
        customer["passage"] = json!(passages.get(&contact.key).map(passage_json));
        customer
    });
    Ok(json_reply(
        StatusCode::OK,
        &json!({
            "revision": listing.revision, "total": total, "total_is_exact": is_exact, "next": listing.next,
            "customers": customers.collect::<Vec<_>>(),
        }),
    ))
}

async fn customer(crm: &Crm, query: &HashMap<String, String>) -> Answer {
    let key = contact_key(query.get("page"), query.get("psid"))?;
    let contact = crm.inbox.store().contact(&key).await.map_err(failed)?;
    contact
        .map(|contact| json_reply(StatusCode::OK, &customer_json(&contact)))
        .ok_or_else(not_found)
}

async fn messages(crm: &Crm, query: &HashMap<String, String>) -> Answer {
    let key = contact_key(query.get("page"), query.get("psid"))?;
    let contact = crm
        .inbox
        .store()
        .contact(&key)
        .await
        .map_err(failed)?
        .ok_or_else(not_found)?;
    let mut asked = MessageQuery::new(key);
    if let Some(before) = given(query, "before") {
        asked.start = MessageStart::OlderThan(before.clone());
    }
    let listing = crm.inbox.store().messages(&asked).await.map_err(failed)?;
    let window = match crm.inbox.window(&contact, now()) {
        ReplyWindow::Open { until } => json!({"open": true, "until": until}),
        _ => json!({"open": false}),
    };
    Ok(json_reply(
        StatusCode::OK,
        &json!({
            "revision": listing.revision, "key": crm.new_key(), "window": window, "earlier": listing.next,
            "messages": listing.rows.iter().rev().map(message_json).collect::<Vec<_>>(),
        }),
    ))
}

async fn picture(crm: &Crm, query: &HashMap<String, String>) -> Answer {
    let key = contact_key(query.get("page"), query.get("psid"))?;
    let picture = crm
        .inbox
        .store()
        .picture(&key)
        .await
        .map_err(failed)?
        .ok_or_else(not_found)?;
    let mut reply = bytes(StatusCode::OK, &picture.media_type, picture.bytes);
    // Its address changes when it does.
    reply.headers_mut().insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=604800, immutable"),
    );
    Ok(reply)
}

async fn reply(crm: &Crm, body: &Value) -> Answer {
    let contact = contact_key(text(body, "page"), text(body, "psid"))?;
    let key = text(body, "key")
        .and_then(|key| OutgoingKey::parse(key).ok())
        .ok_or_else(|| error(StatusCode::BAD_REQUEST, "bad_key"))?;
    let words = text(body, "text").map_or("", String::as_str);
    let message = OutgoingMessage::text(&contact.psid, words).map_err(ReplyError::Invalid);
    // The page says when the window may be closed: who sends then has confirmed it.
    let queued = async {
        let reply = inbox::Reply::new(key, message?).confirmed();
        crm.inbox.reply(&contact.page, reply, now()).await
    };
    queued.await.map_err(|refusal| match refusal {
        ReplyError::NoSuchCustomer => not_found(),
        ReplyError::WindowClosed { .. } => error(StatusCode::UNPROCESSABLE_ENTITY, "window_closed"),
        ReplyError::Conflict => error(StatusCode::CONFLICT, "key_in_use"),
        ReplyError::Invalid(InvalidMessage::TooLong { .. }) => {
            error(StatusCode::UNPROCESSABLE_ENTITY, "too_long")
        }
        ReplyError::Invalid(_) => error(StatusCode::UNPROCESSABLE_ENTITY, "empty"),
        ReplyError::Store(cause) => failed(cause),
        _ => error(StatusCode::INTERNAL_SERVER_ERROR, "failed"),
    })?;
    Ok(json_reply(
        StatusCode::ACCEPTED,
        &json!({"key": crm.new_key()}),
    ))
}

async fn seen(crm: &Crm, body: &Value) -> Answer {
    let contact = contact_key(text(body, "page"), text(body, "psid"))?;
    let revision = body
        .get("revision")
        .and_then(Value::as_u64)
        .map(Revision::new)
        .ok_or_else(|| error(StatusCode::BAD_REQUEST, "bad_revision"))?;
    crm.inbox
        .store()
        .apply(&[Change::Seen { contact, revision }])
        .await
        .map_err(failed)?;
    Ok(json_reply(StatusCode::OK, &json!({})))
}

async fn connect(crm: &Crm, body: &Value) -> Answer {
    let refuse = |code| error(StatusCode::UNPROCESSABLE_ENTITY, code);
    let given = |name| text(body, name).map_or("", |text| text.trim()).to_owned();
    let (app_id, secret, token) = (given("app_id"), given("app_secret"), given("page_token"));
    if app_id.is_empty() {
        return Err(refuse("blank_app_id"));
    }
    if !app_id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refuse("bad_app_id"));
    }
    let app_id = AppId::new(app_id).map_err(|_| refuse("bad_app_id"))?;
    let secret = AppSecret::new(secret).map_err(|_| refuse("blank_app_secret"))?;
    let token = PageToken::new(token).map_err(|_| refuse("blank_page_token"))?;
    let app = AppAccess::new(app_id.clone(), secret.clone());
    let page = crm
        .graph
        .app(app)
        .find_page(&token)
        .await
        .map_err(|cause| {
            let refused = |code, api: &ApiError| {
                json_reply(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    &json!({"error": {
                        "code": code, "meta_code": api.code, "meta_subcode": api.subcode,
                        "trace": api.trace, "user_message": api.user_message,
                    }}),
                )
            };
            match cause {
                AccessError::UserToken => refuse("user_token"),
                AccessError::AppToken => refuse("app_token"),
                AccessError::OtherApp { .. } => refuse("token_of_other_app"),
                AccessError::AppMismatch => refuse("app_mismatch"),
                AccessError::InvalidToken(api) => refused("token_refused", &api),
                AccessError::Graph(Error::Api(api)) => refused("token_refused", &api),
                AccessError::Graph(Error::Transport(_)) => refuse("graph_unreachable"),
                _ => refuse("not_a_page"),
            }
        })?;
    let name = page.name.unwrap_or_else(|| page.id.to_string());
    let connections = Arc::clone(&crm.connections);
    let put =
        tokio::task::spawn_blocking(move || connections.put(page.id, name, app_id, secret, token))
            .await;
    let made = put.map_err(|_| broken())?.map_err(|cause| {
        eprintln!("crm: a connection was not stored: {cause}");
        broken()
    })?;
    crm.connected.send_replace(());
    // What arrived before it was connected is read now. It may take as long as Meta does.
    let (inbox, connected) = (crm.inbox.clone(), made.page.clone());
    tokio::spawn(async move {
        if let Err(error) = inbox.page_connected(&connected, now()).await {
            eprintln!("crm: the connected page could not be checked: {error}");
        }
    });
    connection_reply(crm, StatusCode::CREATED, &made).await
}

async fn connections(crm: &Crm) -> Answer {
    let mut all = Vec::new();
    for one in crm.connections.all() {
        all.push(connection(crm, &one).await.map_err(failed)?);
    }
    Ok(json_reply(
        StatusCode::OK,
        &json!({"connections": all, "read_only": crm.demo}),
    ))
}

async fn connection_reply(crm: &Crm, status: StatusCode, made: &Connection) -> Answer {
    let made = connection(crm, made).await.map_err(failed)?;
    Ok(json_reply(status, &json!({"connection": made})))
}

/// Asks Meta whether the Page works.
async fn check(crm: &Crm, body: &Value) -> Answer {
    let known = known(crm, body)?;
    let checked = crm.inbox.check_page(&known.page, now()).await;
    checked.map_err(inbox_failed)?;
    connection_reply(crm, StatusCode::OK, &known).await
}

/// Ends the subscription to the Page, and forgets its secrets. A Page whose token Meta refuses can be
/// disconnected too: then the answer says that the subscription may go on.
async fn disconnect(crm: &Crm, body: &Value) -> Answer {
    let known = known(crm, body)?;
    let is_unsubscribed = match crm.inbox.disconnect_page(&known.page).await {
        Ok(()) => true,
        Err(InboxError::Graph(Error::Api(_))) => false,
        Err(cause) => return Err(inbox_failed(cause)),
    };
    let connections = Arc::clone(&crm.connections);
    let removed = tokio::task::spawn_blocking(move || connections.remove(&known.page)).await;
    removed.map_err(|_| broken())?.map_err(|cause| {
        eprintln!("crm: a connection was not removed: {cause}");
        broken()
    })?;
    crm.connected.send_replace(());
    Ok(json_reply(
        StatusCode::OK,
        &json!({"unsubscribed": is_unsubscribed}),
    ))
}

/// Erases all that is stored of a customer.
async fn erase(crm: &Crm, body: &Value) -> Answer {
    let contact = contact_key(text(body, "page"), text(body, "psid"))?;
    let store = crm.inbox.store();
    if store.contact(&contact).await.map_err(failed)?.is_none() {
        return Err(not_found());
    }
    crm.inbox.forget(&contact, now()).await.map_err(failed)?;
    Ok(json_reply(StatusCode::OK, &json!({})))
}

/// Requests of people to delete their data, of all apps.
async fn privacy(crm: &Crm) -> Answer {
    let all = crm.connections.all();
    let apps: BTreeSet<&AppId> = all.iter().map(|one| &one.app_id).collect();
    let mut requests = Vec::new();
    for app in apps {
        let found = crm.inbox.privacy_requests(app).await;
        let found = found.map_err(inbox_failed)?;
        requests.extend(
            found
                .iter()
                .map(|request| privacy_request_json(app, request)),
        );
    }
    Ok(json_reply(StatusCode::OK, &json!({"requests": requests})))
}

/// Closes a request, after a person has erased the customer.
async fn settle(crm: &Crm, body: &Value) -> Answer {
    let app = text(body, "app_id").map_or("", String::as_str);
    let app = AppId::new(app).map_err(|_| not_found())?;
    let code = text(body, "code").map_or("", String::as_str);
    let settled = crm.inbox.settle_privacy_request(&app, code, now()).await;
    match settled.map_err(inbox_failed)? {
        true => Ok(json_reply(StatusCode::OK, &json!({}))),
        false => Err(not_found()),
    }
}

fn known(crm: &Crm, body: &Value) -> Result<Arc<Connection>, Reply> {
    let page = page(text(body, "page"))?;
    crm.connections.by_page(&page).ok_or_else(not_found)
}

async fn reset(crm: &Crm, body: &Value) -> Answer {
    let page = page(text(body, "page"))?;
    let connections = Arc::clone(&crm.connections);
    let reset = tokio::task::spawn_blocking(move || connections.reset(&page)).await;
    let made = reset.map_err(|_| broken())?.map_err(|cause| {
        eprintln!("crm: a connection was not reset: {cause}");
        broken()
    })?;
    let made = made.ok_or_else(not_found)?;
    connection_reply(crm, StatusCode::OK, &made).await
}

/// A parameter that is not blank.
fn given<'q>(query: &'q HashMap<String, String>, name: &str) -> Option<&'q String> {
    query.get(name).filter(|value| !value.is_empty())
}

fn text<'a>(body: &'a Value, name: &str) -> Option<&'a String> {
    match body.get(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn page(text: Option<&String>) -> Result<PageId, Reply> {
    PageId::new(text.map_or("", String::as_str)).map_err(|_| not_found())
}

fn contact_key(page_text: Option<&String>, psid: Option<&String>) -> Result<ContactKey, Reply> {
    let psid = Psid::new(psid.map_or("", String::as_str)).map_err(|_| not_found())?;
    Ok(ContactKey::new(page(page_text)?, psid))
}

fn failed(cause: StoreError) -> Reply {
    match cause {
        StoreError::InvalidQuery(_) => error(StatusCode::BAD_REQUEST, "bad_query"),
        cause => {
            eprintln!("crm: {cause}");
            broken()
        }
    }
}

fn inbox_failed(cause: InboxError) -> Reply {
    match cause {
        InboxError::Store(cause) => failed(cause),
        InboxError::Graph(Error::Transport(_)) => {
            error(StatusCode::BAD_GATEWAY, "graph_unreachable")
        }
        cause => {
            eprintln!("crm: {cause}");
            broken()
        }
    }
}

fn not_found() -> Reply {
    error(StatusCode::NOT_FOUND, "not_found")
}

fn broken() -> Reply {
    error(StatusCode::SERVICE_UNAVAILABLE, "unavailable")
}

pub(crate) fn error(status: StatusCode, code: &str) -> Reply {
    json_reply(status, &json!({"error": {"code": code}}))
}

fn json_reply(status: StatusCode, body: &Value) -> Reply {
    bytes(status, "application/json", body.to_string())
}
