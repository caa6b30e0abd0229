//! The page in the browser (the phone, and the dashboard beside it) and its routes.

use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::app::PEOPLE;
use super::choice::{ProfileAnswer, SendAnswer};
use super::server::{Answer, Asked, content, pairs, text};
use super::webhook::{SubscribeError, explained, subscribe};
use super::world::{Message, Thread};
use super::{PhoneError, Platform};

/// Where the picture is that people send.
pub(super) const PICTURE: &str = "/media/parcel.png";
/// How many messages of a thread the phone shows.
const SHOWN: usize = 200;
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// `None` when the path is none of the page's.
pub(super) async fn answer(platform: &Platform, asked: &Asked) -> Option<Answer> {
    let path = asked.uri().path();
    let route = path.strip_prefix("/phone/");
    if asked.method() == Method::POST {
        let route = route?;
        let done = match admit(asked.headers()) {
            Ok(()) => post(platform, route, asked.body()).await,
            Err(refused) => Err(refused),
        };
        return Some(done.map_or_else(Refused::into_answer, |value| ok(&value)));
    }
    if asked.method() != Method::GET {
        return None;
    }
    match (path, route) {
        ("/", _) => Some(page(include_str!("phone.html"))),
        (PICTURE, _) => Some(png(include_bytes!("people/parcel.png"))),
        (_, Some("phone.js")) => Some(content(
            StatusCode::OK,
            "text/javascript; charset=utf-8",
            include_str!("phone.js"),
        )),
        (_, Some("phone.css")) => Some(content(
            StatusCode::OK,
            "text/css; charset=utf-8",
            include_str!("phone.css"),
        )),
        (_, Some("page.png")) => Some(png(include_bytes!("people/page.png"))),
        (_, Some("app")) => Some(ok(&app(platform))),
        (_, Some("state")) => Some(state(platform, asked.uri().query().unwrap_or_default())),
        (_, Some(route)) => Some(portrait(route)),
        _ => None,
    }
}

fn page(html: &'static str) -> Answer {
    let mut answer = content(StatusCode::OK, "text/html; charset=utf-8", html);
    let policy = HeaderValue::from_static(POLICY);
    answer
        .headers_mut()
        .insert("content-security-policy", policy);
    let referrer = HeaderValue::from_static("no-referrer");
    answer.headers_mut().insert("referrer-policy", referrer);
    answer
}

fn png(bytes: &'static [u8]) -> Answer {
    content(StatusCode::OK, "image/png", bytes)
}

fn ok(value: &Value) -> Answer {
    content(StatusCode::OK, "application/json", value.to_string())
}

struct Refused {
    status: StatusCode,
    reason: String,
}

impl Refused {
    fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        Self { status, reason }
    }

    fn into_answer(self) -> Answer {
        let body = json!({"error": self.reason}).to_string();
        content(self.status, "application/json", body)
    }
}

impl From<PhoneError> for Refused {
    fn from(error: PhoneError) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
    }
}

impl From<SubscribeError> for Refused {
    fn from(error: SubscribeError) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, explained(&error))
    }
}

/// Other sites' pages must not use the phone: JSON cannot come from their forms,
/// and browsers tell where a request comes from.
fn admit(headers: &HeaderMap) -> Result<(), Refused> {
    let header = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = header(CONTENT_TYPE).unwrap_or_default();
    if kind.split(';').next().map(str::trim) != Some("application/json") {
        let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(Refused::new(status, "content type is not application/json"));
    }
    let here = header(HOST).map(|host| format!("http://{host}"));
    let site = header(HeaderName::from_static("sec-fetch-site"));
    let foreign = site.is_some_and(|site| site != "same-origin")
        || (headers.contains_key(ORIGIN) && header(ORIGIN) != here.as_deref());
    if foreign {
        return Err(Refused::new(
            StatusCode::FORBIDDEN,
            "request comes from another site",
        ));
    }
    Ok(())
}

#[derive(Deserialize)]
struct Who {
    psid: String,
}

#[derive(Deserialize)]
struct Written {
    psid: String,
    text: String,
}

#[derive(Deserialize)]
struct Read {
    psid: String,
    until: u64,
}

#[derive(Deserialize)]
struct Subscription {
    callback_url: String,
    verify_token: String,
}

#[derive(Deserialize)]
struct Answers {
    sends: Option<SendAnswer>,
    profiles: Option<ProfileAnswer>,
}

async fn post(platform: &Platform, route: &str, body: &[u8]) -> Result<Value, Refused> {
    Ok(match route {
        "messages" => {
            let written: Written = read(body)?;
            json!({"mid": platform.write(&written.psid, &written.text)?})
        }
        "pictures" => json!({"mid": platform.send_picture(&read::<Who>(body)?.psid)?}),
        "get-started" => json!({"mid": platform.tap_get_started(&read::<Who>(body)?.psid)?}),
        "read" => {
            let read: Read = read(body)?;
            json!({"news": platform.read(&read.psid, read.until)?})
        }
        "subscription" => {
            let asked: Subscription = read(body)?;
            subscribe(platform, &asked.callback_url, &asked.verify_token).await?;
            json!({})
        }
        "answers" => {
            let answers: Answers = read(body)?;
            let mut world = platform.world();
            world.sends = answers.sends.unwrap_or(world.sends);
            world.profiles = answers.profiles.unwrap_or(world.profiles);
            json!({})
        }
        _ => return Err(Refused::new(StatusCode::NOT_FOUND, "nothing here")),
    })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body).map_err(|_| {
        Refused::new(
            StatusCode::BAD_REQUEST,
            "body is not the JSON expected here",
        )
    })
}

/// A person's portrait, for the phone itself.
fn portrait(route: &str) -> Answer {
    let psid = route
        .strip_prefix("people/")
        .and_then(|file| file.strip_suffix(".png"));
    let person = PEOPLE.iter().find(|person| Some(person.psid) == psid);
    match person {
        Some(person) => png(person.portrait),
        None => text(StatusCode::NOT_FOUND, "nothing here"),
    }
}

/// What stays the same while the simulator runs.
fn app(platform: &Platform) -> Value {
    let app = &platform.app;
    let people = PEOPLE.iter().map(|person| {
        json!({"psid": person.psid, "name": person.name, "has_profile": person.has_profile})
    });
    json!({
        "app_id": app.app_id,
        "app_secret": app.app_secret,
        "page_token": app.page_token,
        "page_name": app.page_name,
        "graph_url": platform.url,
        "people": people.collect::<Vec<_>>(),
    })
}

fn state(platform: &Platform, query: &str) -> Answer {
    let psid = pairs(query.as_bytes()).find(|(name, _)| name == "psid");
    let psid = psid.map(|(_, psid)| psid).unwrap_or_default();
    let callback = platform.callback.borrow().as_ref().map(ToString::to_string);
    let world = platform.world();
    let Some(thread) = world.thread(&psid) else {
        return Refused::from(PhoneError::UnknownPerson).into_answer();
    };
    let messages = thread.messages.iter().rev().take(SHOWN).rev();
    let messages = messages.map(|message| bubble(platform, thread, message));
    let failure = world.last_failure.as_ref();
    let failure = failure.map(|(at, reason)| json!({"at": at, "reason": reason}));
    ok(&json!({
        "messages": messages.collect::<Vec<_>>(),
        "typing": thread.typing_until > super::now(),
        "read": thread.read,
        "callback": callback,
        "pending": world.pending,
        "last_failure": failure,
        "sends": world.sends,
        "profiles": world.profiles,
    }))
}

fn bubble(platform: &Platform, thread: &Thread, message: &Message) -> Value {
    let attachment = message.attachment.as_ref().map(|attachment| {
        // Our own picture by its path alone: the page may be open under another
        // name of this machine, and shows pictures of its own origin only.
        let url = attachment.url.strip_prefix(&platform.url);
        let url = url.unwrap_or(&attachment.url);
        json!({"kind": attachment.kind, "url": url})
    });
    json!({
        "mid": message.mid,
        "from_page": message.from_page,
        "text": message.text.clone().or_else(|| message.template.as_ref().map(words)),
        "attachment": attachment,
        "buttons": buttons(message),
        "reaction": message.reaction,
        "at": message.timestamp,
        "acknowledged": message.acknowledged,
        "seen": message.timestamp <= thread.seen,
    })
}

/// What a template says, in words.
fn words(template: &Value) -> String {
    let elements = template["elements"].as_array().into_iter().flatten();
    let titles = elements.filter_map(|element| element["title"].as_str());
    let own = ["text", "title", "name", "order_number"].map(|name| template[name].as_str());
    let words: Vec<&str> = own.into_iter().flatten().chain(titles).collect();
    match words.as_slice() {
        [] => template["template_type"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        words => words.join("\n"),
    }
}

/// What could be tapped: the buttons of a template and the quick replies.
fn buttons(message: &Message) -> Vec<&str> {
    let template = message.template.as_ref();
    let own = template.and_then(|template| template["buttons"].as_array());
    let elements = template.and_then(|template| template["elements"].as_array());
    let inner = elements.into_iter().flatten();
    let inner = inner
        .filter_map(|element| element["buttons"].as_array())
        .flatten();
    let replies = message.quick_replies.iter();
    own.into_iter()
        .flatten()
        .chain(inner)
        .chain(replies)
        .map(|button| {
            let title = button["title"].as_str().or_else(|| button["type"].as_str());
            title
                .or_else(|| button["content_type"].as_str())
                .unwrap_or_default()
        })
        .collect()
}
