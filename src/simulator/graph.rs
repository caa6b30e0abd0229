//! The Graph API: whose token it is, what is asked, and Meta's envelope round
//! every refusal.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tokio::time::sleep;

use super::app::{Person, hex, hmac};
use super::server::{Answer, Asked, Silence, content, pairs, text};
use super::world::ProfileAnswer;
use super::{Platform, event, send};

/// How far an `appsecret_time` may be from now, in seconds.
const PROOF_LIFE: u64 = 5 * 60;
/// How long a picture's address lives, in seconds.
const PICTURE_LIFE: u64 = 30 * 24 * 60 * 60;
const LATE: Duration = Duration::from_secs(10);

/// The parameters of a call: those of the query, then those of the body.
pub(super) type Parameters = Map<String, Value>;

/// What Meta says instead of an answer.
#[derive(Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    code: u32,
    subcode: Option<u32>,
    message: String,
    is_transient: bool,
}

impl Refusal {
    pub(super) fn new(code: u32, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "OAuthException",
            code,
            subcode: None,
            message: message.into(),
            is_transient: false,
        }
    }

    pub(super) fn with_subcode(self, subcode: u32) -> Self {
        Self {
            subcode: Some(subcode),
            ..self
        }
    }

    /// HTTP 503, and worth trying again.
    pub(super) fn transient(self) -> Self {
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            is_transient: true,
            ..self
        }
    }

    fn of_method(self) -> Self {
        Self {
            kind: "GraphMethodException",
            ..self
        }
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Described<'a>,
}

#[derive(Serialize)]
struct Described<'a> {
    message: &'a str,
    r#type: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_transient: bool,
    code: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_subcode: Option<u32>,
    fbtrace_id: &'a str,
}

pub(super) async fn answer(platform: &Platform, asked: &Asked) -> Result<Answer, Silence> {
    let path = asked.uri().path();
    if asked.method() == Method::GET && path.trim_end_matches('/') == "/platform/profilepic" {
        return Ok(picture(platform, asked));
    }
    let refusal = match call(platform, asked).await {
        Ok(Reply::Json(value)) => return Ok(reply(StatusCode::OK, event::json(&value))),
        Ok(Reply::Silence) => return Err(Silence),
        Err(refusal) => refusal,
    };
    let trace = platform.world().trace();
    let envelope = Envelope {
        error: Described {
            message: &refusal.message,
            r#type: refusal.kind,
            is_transient: refusal.is_transient,
            code: refusal.code,
            error_subcode: refusal.subcode,
            fbtrace_id: &trace,
        },
    };
    Ok(reply(refusal.status, event::json(&envelope)))
}

fn reply(status: StatusCode, body: Vec<u8>) -> Answer {
    content(status, "application/json; charset=UTF-8", body)
}

pub(super) enum Reply {
    Json(Value),
    Silence,
}

async fn call(platform: &Platform, asked: &Asked) -> Result<Reply, Refusal> {
    let parameters = parameters(asked)?;
    authorise(platform, asked, &parameters)?;
    let path = asked.uri().path();
    let unsupported = || unsupported(asked.method(), path);
    let rest = versionless(path).ok_or_else(unsupported)?;
    let (node, edge) = match rest.split_once('/') {
        None => (rest, None),
        Some((node, edge)) => (node, Some(edge)),
    };
    let is_page = node == "me" || node == platform.app.page_id;
    match (asked.method(), edge) {
        (&Method::GET, None) if is_page => page(platform, &parameters).map(Reply::Json),
        (&Method::POST, Some("messages")) if is_page => send::send(platform, &parameters),
        (&Method::GET, None) => {
            let person = platform.world().thread(node).map(|thread| thread.person);
            let person = person.ok_or_else(unsupported)?;
            profile(platform, person, &parameters)
                .await
                .map(Reply::Json)
        }
        _ => Err(unsupported()),
    }
}

/// What follows `/v7.0/`, or any later version.
fn versionless(path: &str) -> Option<&str> {
    let (version, rest) = path.strip_prefix("/v")?.split_once('/')?;
    let (major, minor) = version.split_once('.')?;
    let recent = major.parse::<u16>().ok()? >= 7 && minor.parse::<u16>().is_ok();
    recent.then(|| rest.trim_end_matches('/'))
}

fn unsupported(method: &Method, path: &str) -> Refusal {
    let method = method.as_str().to_ascii_lowercase();
    let node = versionless(path)
        .unwrap_or(path)
        .split('/')
        .find(|part| !part.is_empty());
    let node = node.unwrap_or_default();
    Refusal::new(
        100,
        format!(
            "Unsupported {method} request. Object with ID '{node}' does not exist, cannot be \
             loaded due to missing permissions, or does not support this operation. Please read \
             the Graph API documentation at https://developers.facebook.com/docs/graph-api"
        ),
    )
    .with_subcode(33)
    .of_method()
}

fn parameters(asked: &Asked) -> Result<Parameters, Refusal> {
    let query = asked.uri().query().unwrap_or_default();
    let mut parameters: Parameters = strings(query.as_bytes()).collect();
    let body = asked.body();
    if body.is_empty() {
        return Ok(parameters);
    }
    let kind = asked.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    if kind.is_some_and(|kind| kind.starts_with(b"application/x-www-form-urlencoded")) {
        parameters.extend(strings(body));
    } else {
        let members: Parameters = serde_json::from_slice(body)
            .map_err(|_| Refusal::new(100, "(#100) The body is not a JSON object"))?;
        parameters.extend(members);
    }
    Ok(parameters)
}

fn strings(encoded: &[u8]) -> impl Iterator<Item = (String, Value)> {
    pairs(encoded).map(|(name, value)| (name, Value::String(value)))
}

fn authorise(platform: &Platform, asked: &Asked, parameters: &Parameters) -> Result<(), Refusal> {
    let header = asked
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = header
        .and_then(|value| value.strip_prefix("Bearer "))
        .or_else(|| parameters.get("access_token")?.as_str());
    match token {
        None => {
            let message = "An access token is required to request this resource.";
            return Err(Refusal::new(104, message));
        }
        Some(token) if token != platform.app.page_token => {
            let message = "Invalid OAuth access token - Cannot parse access token";
            return Err(Refusal::new(190, message));
        }
        Some(_) => {}
    }
    let Some(proof) = parameters.get("appsecret_proof") else {
        let message = "API calls from the server require an appsecret_proof argument";
        return Err(Refusal::new(100, message).of_method());
    };
    let time = parameters.get("appsecret_time").map(|time| match time {
        Value::String(time) => time.clone(),
        time => time.to_string(),
    });
    let fresh = time.as_ref().is_none_or(|time| {
        let time = time.parse::<u64>();
        time.is_ok_and(|time| time.abs_diff(super::now() / 1000) <= PROOF_LIFE)
    });
    if fresh && proof.as_str() == Some(&platform.app.proof(time.as_deref())) {
        return Ok(());
    }
    let message = "Invalid appsecret_proof provided in the API argument";
    Err(Refusal::new(100, message).of_method())
}

fn page(platform: &Platform, parameters: &Parameters) -> Result<Value, Refusal> {
    let mut answer = json!({"id": platform.app.page_id});
    for field in fields(parameters, "id,name") {
        match field {
            "id" => {}
            "name" => answer["name"] = json!(platform.app.page_name),
            _ => return Err(nonexisting(field, "Page")),
        }
    }
    Ok(answer)
}

async fn profile(
    platform: &Platform,
    person: &Person,
    parameters: &Parameters,
) -> Result<Value, Refusal> {
    let chosen = platform.world().profiles;
    match chosen {
        ProfileAnswer::Empty => return Ok(json!({})),
        ProfileAnswer::Slow => sleep(LATE).await,
        _ => {}
    }
    if chosen == ProfileAnswer::Refused || !person.has_profile {
        let message = "(#100) No profile available for this user.";
        return Err(Refusal::new(100, message).with_subcode(2_018_218));
    }
    let mut answer = json!({"id": person.psid});
    for field in fields(parameters, "first_name,last_name,profile_pic") {
        match field {
            "id" => {}
            "name" => answer["name"] = json!(person.name),
            "first_name" => answer["first_name"] = json!(person.first_name),
            "last_name" => answer["last_name"] = json!(person.last_name),
            "profile_pic" if chosen == ProfileAnswer::WithoutPicture => {}
            "profile_pic" => answer["profile_pic"] = json!(address(platform, person)),
            // One field too many costs the whole answer.
            _ => return Err(nonexisting(field, "User")),
        }
    }
    Ok(answer)
}

fn fields<'a>(parameters: &'a Parameters, default: &'a str) -> impl Iterator<Item = &'a str> {
    let named = parameters.get("fields").and_then(Value::as_str);
    let named = named.filter(|named| !named.trim().is_empty());
    named.unwrap_or(default).split(',').map(str::trim)
}

fn nonexisting(field: &str, node: &str) -> Refusal {
    let message =
        format!("(#100) Tried accessing nonexisting field ({field}) on node type ({node})");
    Refusal::new(100, message)
}

fn address(platform: &Platform, person: &Person) -> String {
    let (psid, url) = (person.psid, &platform.url);
    let ext = (super::now() / 1000 + PICTURE_LIFE).to_string();
    let hash = hash(platform, psid, "1024", &ext);
    format!("{url}/platform/profilepic/?psid={psid}&width=1024&ext={ext}&hash={hash}")
}

fn hash(platform: &Platform, psid: &str, width: &str, ext: &str) -> String {
    let signed = format!("{psid}|{width}|{ext}");
    hex(&hmac(&platform.picture_key, signed.as_bytes())[..16])
}

fn picture(platform: &Platform, asked: &Asked) -> Answer {
    let query = asked.uri().query().unwrap_or_default();
    let query: BTreeMap<_, _> = pairs(query.as_bytes()).collect();
    let value = |name| query.get(name).map_or("", String::as_str);
    let (psid, ext) = (value("psid"), value("ext"));
    let genuine = value("hash") == hash(platform, psid, value("width"), ext);
    let fresh = ext
        .parse::<u64>()
        .is_ok_and(|ext| ext > super::now() / 1000);
    let portrait = platform
        .world()
        .thread(psid)
        .map(|thread| thread.person.portrait);
    match portrait {
        Some(portrait) if genuine && fresh => content(StatusCode::OK, "image/png", portrait),
        _ => text(StatusCode::FORBIDDEN, "URL signature expired"),
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;
    use hyper::body::Bytes;

    use super::super::{Simulator, now};
    use super::*;

    // Only here, where the key is: nobody outside can sign an address of the past.
    #[tokio::test]
    async fn a_picture_expires() {
        let simulator = Simulator::start("127.0.0.1:0".parse().unwrap())
            .await
            .unwrap();
        let platform = &simulator.platform;
        let psid = Simulator::people()[0].psid;
        for (ext, status) in [(now() / 1000 - 1, 403), (now() / 1000 + 60, 200)] {
            let ext = ext.to_string();
            let hash = hash(platform, psid, "1024", &ext);
            let path =
                format!("/platform/profilepic/?psid={psid}&width=1024&ext={ext}&hash={hash}");
            let asked = Request::get(path).body(Bytes::new()).unwrap();
            assert_eq!(picture(platform, &asked).status(), status);
        }
    }
}
