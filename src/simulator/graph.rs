//! The Graph API: whose token it is, what is asked, and Meta's envelope round
//! every refusal.

use hyper::header::AUTHORIZATION;
use hyper::{Method, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};

use super::form::File;
use super::parameters::{Parameters, fields, parameters};
use super::profile::{PICTURE, REDIRECT, nonexisting, picture, profile, redirect};
use super::server::{Answer, Asked, Silence, content, text};
use super::{Platform, account, event, page, past, send};

/// How far an `appsecret_time` may be from now, in seconds.
const PROOF_LIFE: u64 = 5 * 60;

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
    if asked.method() == Method::GET {
        if path == PICTURE {
            return Ok(picture(platform, asked));
        }
        if path == REDIRECT {
            return Ok(redirect(asked));
        }
        if let Some(id) = path.strip_prefix("/attachments/") {
            return Ok(attachment(platform, id));
        }
    }
    match call(platform, asked).await {
        Ok(Reply::Json(value)) => Ok(reply(StatusCode::OK, event::json(&value))),
        Ok(Reply::Silence) => Err(Silence),
        Err(refusal) => Ok(reply(refusal.status, refused(platform, &refusal))),
    }
}

/// Meta's envelope round a refusal.
fn refused(platform: &Platform, refusal: &Refusal) -> Vec<u8> {
    let trace = platform.world().trace();
    event::json(&Envelope {
        error: Described {
            message: &refusal.message,
            r#type: refusal.kind,
            is_transient: refusal.is_transient,
            code: refusal.code,
            error_subcode: refusal.subcode,
            fbtrace_id: &trace,
        },
    })
}

fn reply(status: StatusCode, body: Vec<u8>) -> Answer {
    content(status, "application/json; charset=UTF-8", body)
}

pub(super) enum Reply {
    Json(Value),
    Silence,
}

/// Whose token a call comes with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Token {
    Page,
    /// The second Page.
    Branch,
    User,
    App,
}

async fn call(platform: &Platform, asked: &Asked) -> Result<Reply, Refusal> {
    let (parameters, file) = parameters(asked)?;
    let path = asked.uri().path();
    let unsupported = || unsupported(asked.method(), path);
    let rest = versionless(path).ok_or_else(unsupported)?;
    // The login's own call: its parameters are the proof.
    let token = match rest {
        "oauth/access_token" => None,
        _ => Some(authorise(platform, asked, &parameters)?),
    };
    let method = asked.method();
    route(platform, token, method, rest, &parameters, file.as_ref()).await
}

async fn route(
    platform: &Platform,
    token: Option<Token>,
    method: &Method,
    path: &str,
    parameters: &Parameters,
    file: Option<&File>,
) -> Result<Reply, Refusal> {
    let found = account::answer(platform, token, method, path, parameters).await;
    if let Some(found) = found {
        return found.map(Reply::Json);
    }
    let (node, edge) = match path.split_once('/') {
        None => (path, None),
        Some((node, edge)) => (node, Some(edge)),
    };
    let app = &platform.app;
    if node == "me" || node == app.page_id {
        if token != Some(Token::Page) {
            let words = "(#210) A page access token is required to request this resource.";
            return Err(Refusal::new(210, words));
        }
        match (method.as_str(), edge) {
            ("GET", None) => return page(platform, parameters).map(Reply::Json),
            ("POST", Some("messages")) => return send::send(platform, parameters, file),
            ("POST", Some("message_attachments")) => {
                return send::save(platform, parameters, file).map(Reply::Json);
            }
            ("GET", Some("conversations")) => {
                return past::conversations(platform, parameters).map(Reply::Json);
            }
            (_, Some(edge)) => {
                let mut world = platform.world();
                let ids = (app.app_id.as_str(), app.page_id.as_str());
                let found = page::edge(&mut world, ids, method, edge, parameters);
                if let Some(found) = found {
                    return found.map(Reply::Json);
                }
            }
            _ => {}
        }
    }
    let person = platform.world().thread(node).map(|thread| thread.person);
    let found = match (person, method.as_str(), edge) {
        (Some(person), "GET", None) => Some(profile(platform, person, parameters).await),
        (Some(person), "GET", Some("custom_labels")) => {
            let world = platform.world();
            Some(page::labels(&world.kept, Some(person.psid), parameters))
        }
        (None, "GET", Some("messages")) => past::messages(platform, node, parameters),
        (None, "GET", None) if node.starts_with("t_") => {
            past::one_conversation(platform, node, parameters)
        }
        (None, "GET", None) if node.starts_with("m_") => past::message(platform, node),
        (None, _, _) => {
            let mut world = platform.world();
            page::node(&mut world, method, node, edge, parameters)
        }
        _ => None,
    };
    found
        .unwrap_or_else(|| Err(unsupported(method, &format!("/v7.0/{path}"))))
        .map(Reply::Json)
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

fn authorise(
    platform: &Platform,
    asked: &Asked,
    parameters: &Parameters,
) -> Result<Token, Refusal> {
    let header = asked
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let token = header
        .and_then(|value| value.strip_prefix("Bearer "))
        .or_else(|| parameters.get("access_token")?.as_str());
    let Some(token) = token else {
        let message = "An access token is required to request this resource.";
        return Err(Refusal::new(104, message));
    };
    let app = &platform.app;
    let kind = if token == app.page_token {
        Token::Page
    } else if token == app.branch_page_token {
        Token::Branch
    } else if token == app.user_token {
        Token::User
    } else if token == app.app_token() {
        if platform.world().is_native {
            let words = "This method must be called with a token that is not the app's own.";
            return Err(Refusal::new(104, words));
        }
        Token::App
    } else if token == app.foreign_token {
        // Its proof would need the other app's secret.
        let message = "Invalid appsecret_proof provided in the API argument";
        return Err(Refusal::new(100, message).of_method());
    } else if let Some((id, _)) = token.split_once('|') {
        return Err(if id == app.app_id {
            Refusal::new(190, "Invalid OAuth access token signature.")
        } else {
            let words = "Error validating application. Cannot get application info due to a system \
                         error.";
            Refusal::new(101, words)
        });
    } else {
        let message = "Invalid OAuth access token - Cannot parse access token";
        return Err(Refusal::new(190, message));
    };
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
    if fresh && proof.as_str() == Some(&app.proof(token, time.as_deref())) {
        return Ok(kind);
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
            "category" => answer["category"] = json!("Shopping & retail"),
            "messaging_feature_status" => {
                answer[field] =
                    json!({"hop_v2": true, "msgr_multi_app": true, "ig_multi_app": false});
            }
            _ => return Err(nonexisting(field, "Page")),
        }
    }
    Ok(answer)
}

/// What was uploaded.
fn attachment(platform: &Platform, id: &str) -> Answer {
    let world = platform.world();
    let saved = world.kept.attachments.get(&format!("upload {id}"));
    let file = saved.and_then(|saved| saved.file.clone());
    let Some((media_type, bytes)) = file else {
        return text(StatusCode::NOT_FOUND, "nothing here");
    };
    // Whoever uploaded it chose the type: nothing of it may run here.
    let kind = match media_type.as_str() {
        "image/png" => "image/png",
        "image/jpeg" => "image/jpeg",
        "image/gif" => "image/gif",
        _ => "application/octet-stream",
    };
    content(StatusCode::OK, kind, bytes)
}
