//! The Graph API over HTTP: parameters in, Meta's envelope and headers out.

use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::http::request::Parts;
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::simulator::platform::access::{Caller, Role, authorize};
use crate::simulator::platform::parameters::{
    Call, File, Parameters, array, flag, remove_nulls, text,
};
use crate::simulator::platform::refusal::Refusal;
use crate::simulator::platform::reply::Reply;
use crate::simulator::platform::routes::route;
use crate::simulator::platform::{event, rate_limit, version};
use crate::simulator::world::clock::machine_time;
use crate::simulator::world::fault::Fault;
use crate::simulator::world::rate_limit::Usage;
use crate::simulator::world::request::GraphRequest;

use super::form;
use super::response::{Answer, Asked, Silence, content, pairs};
use super::shared::Shared;
use super::webhook::{explained, subscribe};

/// How late a slow response is.
const LATE: Duration = Duration::from_secs(10);
/// How many calls a batch may have.
const LONGEST_BATCH: usize = 50;
/// Pause of a call that a fault throttles, in milliseconds.
const THROTTLED: u64 = 5 * 60 * 1000;
/// Parameters that are secret, or too long to be remembered.
const SECRETS: [&str; 7] = [
    "access_token",
    "appsecret_proof",
    "appsecret_time",
    "client_secret",
    "code",
    "fb_exchange_token",
    "input_token",
];

/// Outcome of a call.
enum Outcome {
    Json(Value),
    Refused(Refusal),
    Silence,
}

/// Answers a Graph call.
pub(crate) async fn answer(
    shared: &Shared,
    asked: &Asked,
    fault: Option<Fault>,
) -> Result<Answer, Silence> {
    let path = asked.uri().path();
    let Some((version, rest)) = version::split(path) else {
        let words = format!("Unknown path components: {path}");
        let refused = Outcome::Refused(Refusal::new(2500, words));
        let newest = format!("v{}.0", version::NEWEST);
        return respond(shared, &newest, None, refused, fault);
    };
    let (mut parameters, file) = match read(asked) {
        Ok(read) => read,
        Err(refusal) => {
            return respond(shared, &version, None, Outcome::Refused(refusal), fault);
        }
    };
    remove_nulls(&mut parameters);
    let call = Call {
        method: asked.method().as_str(),
        path: rest,
        version: &version,
        parameters: &parameters,
        file: file.as_ref(),
    };
    if fault == Some(Fault::Slow) {
        sleep(LATE).await;
    }
    let (caller, outcome) = match authenticate(shared, asked, call) {
        Err(refusal) => (None, Outcome::Refused(refusal)),
        Ok(caller) => {
            let outcome = match before(fault) {
                Some(outcome) => outcome,
                None if rest.is_empty() && parameters.contains_key("batch") => {
                    batch(shared, caller.as_ref(), call).await
                }
                None => carry_out(shared, caller.as_ref(), call).await,
            };
            (caller, outcome)
        }
    };
    let outcome = match fault {
        Some(Fault::LostAnswer) => Outcome::Silence,
        _ => outcome,
    };
    log(shared, call, &outcome, fault);
    respond(shared, &version, caller.as_ref(), outcome, fault)
}

/// Outcome of a call that a fault keeps from being carried out. `None` when it is carried out.
fn before(fault: Option<Fault>) -> Option<Outcome> {
    Some(match fault? {
        Fault::ResetAfterReading => Outcome::Silence,
        Fault::Throttled => Outcome::Refused(rate_limit::page_refusal()),
        Fault::AppThrottled => Outcome::Refused(rate_limit::app_refusal()),
        Fault::ServerError => Outcome::Json(Value::Null),
        _ => return None,
    })
}

fn authenticate(shared: &Shared, asked: &Asked, call: Call<'_>) -> Result<Option<Caller>, Refusal> {
    // The login's own call: its parameters are the proof.
    if call.path == "oauth/access_token" {
        return Ok(None);
    }
    let header = asked.headers().get(AUTHORIZATION);
    let header = header.and_then(|value| value.to_str().ok());
    let header = header.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        let is_bearer = scheme.eq_ignore_ascii_case("bearer") || scheme == "OAuth";
        is_bearer.then(|| token.trim().to_owned())
    });
    let token = header.or_else(|| text(call.parameters.get("access_token")));
    let now = machine_time() / 1000;
    let caller = shared.with(|world| authorize(world, token.as_deref(), call.parameters, now))?;
    Ok(Some(caller))
}

async fn carry_out(shared: &Shared, caller: Option<&Caller>, call: Call<'_>) -> Outcome {
    let outcome = shared.with(|world| {
        rate_limit::count(world, caller, call)?;
        route(world, caller, call)
    });
    match outcome {
        Ok(Reply::Json(value)) => Outcome::Json(value),
        Ok(Reply::Late(value)) => {
            sleep(LATE).await;
            Outcome::Json(value)
        }
        Ok(Reply::Silence) => Outcome::Silence,
        Ok(Reply::Handshake(wanted)) => {
            let (app, url) = (&wanted.app, &wanted.callback_url);
            let done = subscribe(shared, app, url, &wanted.verify_token, wanted.fields).await;
            match done {
                Ok(()) => Outcome::Json(json!({"success": true})),
                Err(error) => Outcome::Refused(Refusal::new(
                    2200,
                    format!(
                        "(#2200) Callback verification failed: {}",
                        explained(&error)
                    ),
                )),
            }
        }
        Err(refusal) => Outcome::Refused(refusal),
    }
}

/// Several calls in one, answered in their order.
async fn batch(shared: &Shared, caller: Option<&Caller>, call: Call<'_>) -> Outcome {
    let Some(calls) = array(call.parameters, "batch").filter(|_| call.method == "POST") else {
        let words = "Param batch must be an array of calls, by POST";
        return Outcome::Refused(Refusal::parameter(words));
    };
    if calls.len() > LONGEST_BATCH {
        let words = "Too many requests in batch message. Maximum batch size is 50";
        return Outcome::Refused(Refusal::parameter(words));
    }
    let with_headers = flag(call.parameters, "include_headers") != Some(false);
    let mut answers = Vec::new();
    for inner in &calls {
        answers.push(inner_call(shared, caller, call, inner, with_headers).await);
    }
    Outcome::Json(Value::Array(answers))
}

async fn inner_call(
    shared: &Shared,
    outer: Option<&Caller>,
    call: Call<'_>,
    inner: &Value,
    with_headers: bool,
) -> Value {
    let relative = inner["relative_url"].as_str().unwrap_or_default();
    let (path, query) = relative.split_once('?').unwrap_or((relative, ""));
    let body = inner["body"].as_str().unwrap_or_default();
    let mut parameters: Parameters = strings(query.as_bytes()).collect();
    parameters.extend(strings(body.as_bytes()));
    remove_nulls(&mut parameters);
    let path = path.trim_matches('/');
    let (version, path) = match path.starts_with('v').then(|| version::split(path)) {
        Some(Some((version, rest))) if rest != path => (version, rest),
        _ => (call.version.to_owned(), path),
    };
    let call = Call {
        method: inner["method"].as_str().unwrap_or("GET"),
        path,
        version: &version,
        parameters: &parameters,
        file: None,
    };
    let own = text(parameters.get("access_token")).map(|token| {
        let now = machine_time() / 1000;
        shared.with(|world| authorize(world, Some(&token), &parameters, now))
    });
    let outcome = match own {
        Some(Err(refusal)) => Outcome::Refused(refusal),
        Some(Ok(own)) => Box::pin(carry_out(shared, Some(&own), call)).await,
        None => Box::pin(carry_out(shared, outer, call)).await,
    };
    log(shared, call, &outcome, None);
    let (status, body) = match outcome {
        Outcome::Json(value) => (200, event::json(&value)),
        Outcome::Refused(refusal) => (refusal.status, refused(shared, &refusal)),
        Outcome::Silence => return Value::Null,
    };
    let mut answer = json!({"code": status, "body": String::from_utf8_lossy(&body)});
    if with_headers {
        answer["headers"] =
            json!([{"name": "Content-Type", "value": "application/json; charset=UTF-8"}]);
    }
    answer
}

/// Parameters of query and body, and the file of a form.
fn read(asked: &Asked) -> Result<(Parameters, Option<File>), Refusal> {
    let query = asked.uri().query().unwrap_or_default();
    let mut parameters: Parameters = strings(query.as_bytes()).collect();
    let body = asked.body();
    if body.is_empty() {
        return Ok((parameters, None));
    }
    let kind = asked.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.starts_with("application/x-www-form-urlencoded") {
        parameters.extend(strings(body));
        return Ok((parameters, None));
    }
    if kind.starts_with("multipart/form-data") {
        let (fields, file) = form::read(kind, body)?;
        parameters.extend(fields);
        return Ok((parameters, file));
    }
    let members: Parameters = serde_json::from_slice(body)
        .map_err(|_| Refusal::parameter("The body is not a JSON object"))?;
    parameters.extend(members);
    Ok((parameters, None))
}

fn strings(encoded: &[u8]) -> impl Iterator<Item = (String, Value)> {
    pairs(encoded).map(|(name, value)| (name, Value::String(value)))
}

/// Remembers what was asked, without tokens and secrets.
fn log(shared: &Shared, call: Call<'_>, outcome: &Outcome, fault: Option<Fault>) {
    let mut parameters = call.parameters.clone();
    parameters.retain(|name, _| !SECRETS.contains(&name.as_str()) && name != "batch");
    for value in parameters.values_mut() {
        *value = crate::simulator::platform::parameters::json(value);
    }
    let (status, code, subcode) = match (outcome, fault) {
        (Outcome::Json(_), Some(Fault::ServerError)) => (500, None, None),
        (Outcome::Json(_), _) => (200, None, None),
        (Outcome::Refused(refusal), _) => (refusal.status, Some(refusal.code), refusal.subcode),
        (Outcome::Silence, _) => (0, None, None),
    };
    let request = GraphRequest {
        number: 0,
        method: call.method.to_owned(),
        path: call.path.to_owned(),
        parameters: Value::Object(parameters),
        status,
        code,
        subcode,
    };
    shared.with(|world| world.requests.add(request));
}

/// Remembers a request whose body was not read.
pub(crate) fn log_silence(shared: &Shared, parts: &Parts) {
    let path = parts.uri.path();
    let rest = version::split(path).map_or(path, |(_, rest)| rest);
    let parameters = Parameters::new();
    let call = Call {
        method: parts.method.as_str(),
        path: rest,
        version: "",
        parameters: &parameters,
        file: None,
    };
    log(shared, call, &Outcome::Silence, None);
}

/// Meta's envelope round a refusal.
fn refused(shared: &Shared, refusal: &Refusal) -> Vec<u8> {
    let trace = shared.with(|world| world.names.trace());
    event::json(&refusal.envelope(&trace))
}

fn respond(
    shared: &Shared,
    version: &str,
    caller: Option<&Caller>,
    outcome: Outcome,
    fault: Option<Fault>,
) -> Result<Answer, Silence> {
    let kind = "application/json; charset=UTF-8";
    let (mut answer, is_token) = match (outcome, fault) {
        (Outcome::Silence, _) => return Err(Silence),
        (_, Some(Fault::Garbage)) => (content(StatusCode::OK, kind, "{\"data\":["), false),
        (_, Some(Fault::ServerError)) => {
            let html = "<html><body><h1>Sorry, something went wrong.</h1></body></html>";
            let status = StatusCode::INTERNAL_SERVER_ERROR;
            (content(status, "text/html; charset=utf-8", html), false)
        }
        (Outcome::Json(value), _) => (content(StatusCode::OK, kind, event::json(&value)), false),
        (Outcome::Refused(refusal), _) => {
            let status = StatusCode::from_u16(refusal.status);
            let status = status.unwrap_or(StatusCode::BAD_REQUEST);
            let body = refused(shared, &refusal);
            (content(status, kind, body), refusal.code == 190)
        }
    };
    let headers = answer.headers_mut();
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    let trace = shared.with(|world| world.names.trace());
    set("facebook-api-version", version.to_owned());
    set("x-fb-trace-id", trace);
    if let Some(caller) = caller {
        let (app, page) = shared.with(|world| rate_limit::usage(world, caller));
        let faulty = |is: bool, usage: Usage| match is {
            true => Usage {
                percent: 100,
                wait: THROTTLED,
            },
            false => usage,
        };
        let Usage { percent, .. } = faulty(fault == Some(Fault::AppThrottled), app);
        let usage = json!({"call_count": percent, "total_time": percent, "total_cputime": percent});
        set("x-app-usage", usage.to_string());
        if let (Some(usage), Role::Page(page)) = (page, &caller.role) {
            let Usage { percent, wait } = faulty(fault == Some(Fault::Throttled), usage);
            let usage = json!({page.as_str(): [{
                "type": "messenger", "call_count": percent, "total_cputime": percent,
                "total_time": percent, "estimated_time_to_regain_access": wait.div_ceil(60_000),
            }]});
            set("x-business-use-case-usage", usage.to_string());
        }
    }
    if is_token {
        let challenge = "OAuth \"Facebook Platform\" \"invalid_token\"";
        set("www-authenticate", challenge.to_owned());
    }
    Ok(answer)
}
