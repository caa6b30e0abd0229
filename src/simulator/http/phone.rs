//! The page in the browser (the phone, and the dashboard beside it) and its routes.
//!
//! A program may use the routes as well: `POST /phone/ACT` with a JSON body that names the `psid`, and
//! `POST /phone/uploads?psid=…&name=…&type=…` with the bytes of a file.

use std::collections::BTreeMap;

use hyper::header::HeaderValue;
use hyper::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::simulator::platform::customer::{self, PhoneError, button_title, buttons, menu};
use crate::simulator::platform::draft::{LIKE, sample};
use crate::simulator::platform::media::address;
use crate::simulator::world::World;
use crate::simulator::world::fault::{ProfileAnswer, SendAnswer};
use crate::simulator::world::file::File;
use crate::simulator::world::page::Page;
use crate::simulator::world::thread::{Attachment, Draft, Message, Thread};

use super::page_access::{Refused, admit, admit_file, ok, read};
use super::response::{Answer, Asked, content, pairs, text};
use super::shared::Shared;
use super::webhook::subscribe_to_all;

/// Where the page uploads a file: `POST /phone/uploads?psid=…&name=…&type=…`, the file as the body.
pub(crate) const UPLOADS: &str = "/phone/uploads";
/// How many messages of a thread the phone shows.
const SHOWN: usize = 200;
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
                      media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// Answers a request of the page. `None` when the path is none of it.
pub(crate) async fn answer(shared: &Shared, asked: &Asked) -> Option<Answer> {
    let path = asked.uri().path();
    let route = path.strip_prefix("/phone/");
    if asked.method() == Method::POST {
        let route = route?;
        if path == UPLOADS {
            let done = admit_file(asked.headers()).and_then(|()| upload(shared, asked));
            return Some(done.map_or_else(Refused::into_answer, |value| ok(&value)));
        }
        let done = match admit(asked.headers()) {
            Ok(()) => post(shared, route, asked.body()).await,
            Err(refused) => Err(refused),
        };
        return Some(done.map_or_else(Refused::into_answer, |value| ok(&value)));
    }
    if asked.method() != Method::GET {
        return None;
    }
    match (path, route) {
        ("/", _) => Some(page(include_str!("page/phone.html"))),
        (_, Some("phone.js")) => Some(script(include_str!("page/phone.js"))),
        (_, Some("dashboard.js")) => Some(script(include_str!("page/dashboard.js"))),
        (_, Some("words.js")) => Some(script(include_str!("page/words.js"))),
        (_, Some("phone.css")) => Some(content(
            StatusCode::OK,
            "text/css; charset=utf-8",
            include_str!("page/phone.css"),
        )),
        (_, Some("page.png")) => Some(png(include_bytes!("../world/people/page.png"))),
        (_, Some("app")) => Some(ok(&shared.look(app))),
        (_, Some("state")) => {
            let query = asked.uri().query().unwrap_or_default();
            let psid = pairs(query.as_bytes()).find(|(name, _)| name == "psid");
            let psid = psid.map(|(_, psid)| psid).unwrap_or_default();
            let state = shared.look(|world| state(world, &psid));
            Some(state.map_or_else(
                || Refused::from(PhoneError::UnknownPerson).into_answer(),
                |state| ok(&state),
            ))
        }
        (_, Some(route)) => Some(portrait(shared, route)),
        _ => None,
    }
}

fn script(text: &'static str) -> Answer {
    content(StatusCode::OK, "text/javascript; charset=utf-8", text)
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

#[derive(Deserialize)]
struct Act {
    psid: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    mid: Option<String>,
    #[serde(default)]
    emoji: Option<String>,
    #[serde(default)]
    until: Option<u64>,
    #[serde(default)]
    reply_to: Option<String>,
    #[serde(default)]
    blocked: Option<bool>,
    #[serde(default, rename = "ref")]
    reference: Option<String>,
    #[serde(default)]
    ad_id: Option<String>,
}

impl Act {
    fn needs(value: Option<&String>, name: &str) -> Result<String, Refused> {
        let missing = || {
            let words = format!("the member {name} is missing");
            Refused::new(StatusCode::BAD_REQUEST, words)
        };
        value.cloned().ok_or_else(missing)
    }
}

#[derive(Deserialize)]
struct Subscription {
    callback_url: String,
    verify_token: String,
    #[serde(default)]
    app_id: Option<String>,
}

#[derive(Deserialize)]
struct Answers {
    sends: Option<SendAnswer>,
    profiles: Option<ProfileAnswer>,
}

async fn post(shared: &Shared, route: &str, body: &[u8]) -> Result<Value, Refused> {
    match route {
        "subscription" => {
            let asked: Subscription = read(body)?;
            let app = asked.app_id.or_else(|| first_app(shared));
            let (url, token) = (&asked.callback_url, &asked.verify_token);
            subscribe_to_all(shared, &app.unwrap_or_default(), url, token).await?;
            Ok(json!({}))
        }
        "answers" => {
            let answers: Answers = read(body)?;
            shared.with(|world| {
                let faults = &mut world.faults;
                faults.sends = answers.sends.unwrap_or(faults.sends);
                faults.profiles = answers.profiles.unwrap_or(faults.profiles);
            });
            Ok(json!({}))
        }
        route => {
            let act: Act = read(body)?;
            shared.with(|world| carry_out(world, route, act))
        }
    }
}

/// Sends a file as the person.
fn upload(shared: &Shared, asked: &Asked) -> Result<Value, Refused> {
    let query = asked.uri().query().unwrap_or_default();
    let mut query: BTreeMap<_, _> = pairs(query.as_bytes()).collect();
    let psid = query.remove("psid").unwrap_or_default();
    let file = File {
        name: query.remove("name").unwrap_or_default(),
        media_type: query.remove("type").unwrap_or_default(),
        bytes: asked.body().clone(),
    };
    let reply_to = query.remove("reply_to");
    let mid = shared.with(|world| customer::upload(world, &psid, file, reply_to))?;
    Ok(json!({ "mid": mid }))
}

fn first_app(shared: &Shared) -> Option<String> {
    shared.look(|world| world.apps.first().map(|app| app.id.clone()))
}

/// Carries out an act of a person.
fn carry_out(world: &mut World, route: &str, act: Act) -> Result<Value, Refused> {
    let psid = act.psid.as_str();
    let mid = |mid: String| json!({"mid": mid});
    Ok(match route {
        "messages" => {
            let draft = Draft {
                text: Some(Act::needs(act.text.as_ref(), "text")?),
                reply_to: act.reply_to,
                ..Draft::default()
            };
            mid(customer::send(world, psid, draft, None)?)
        }
        "pictures" | "attachments" => {
            let kind = act.kind.as_deref().unwrap_or("image");
            let attachment = match kind {
                "like" => Attachment {
                    sticker_id: Some(LIKE),
                    ..sample(world, "sticker")
                },
                kind => sample(world, kind),
            };
            mid(customer::send_attachment(
                world,
                psid,
                attachment,
                act.reply_to,
            )?)
        }
        "taps" => {
            let title = Act::needs(act.title.as_ref(), "title")?;
            mid(customer::tap(world, psid, &title)?)
        }
        "get-started" => mid(customer::get_started(world, psid)?),
        "read" => {
            let until = act.until.unwrap_or(u64::MAX);
            json!({"news": customer::read(world, psid, until)?})
        }
        "edits" => {
            let text = Act::needs(act.text.as_ref(), "text")?;
            let mid = Act::needs(act.mid.as_ref(), "mid")?;
            customer::edit(world, psid, &mid, &text)?;
            json!({})
        }
        "unsends" => {
            let mid = Act::needs(act.mid.as_ref(), "mid")?;
            customer::unsend(world, psid, &mid)?;
            json!({})
        }
        "reactions" => {
            let mid = Act::needs(act.mid.as_ref(), "mid")?;
            customer::react(world, psid, &mid, act.emoji.as_deref())?;
            json!({})
        }
        "blocks" => {
            customer::block(world, psid, act.blocked.unwrap_or(true))?;
            json!({})
        }
        "links" => {
            let reference = Act::needs(act.reference.as_ref(), "ref")?;
            customer::follow_link(world, psid, &reference)?;
            json!({})
        }
        "comments" => {
            let text = Act::needs(act.text.as_ref(), "text")?;
            json!({"comment_id": customer::comment(world, psid, &text)?})
        }
        "ads" => {
            let ad = Act::needs(act.ad_id.as_ref(), "ad_id")?;
            let title = act.title.unwrap_or_else(|| "Spring sale".to_owned());
            customer::click_ad(world, psid, &ad, &title, act.reference.as_deref())?;
            json!({})
        }
        _ => return Err(Refused::new(StatusCode::NOT_FOUND, "nothing here")),
    })
}

/// A person's portrait, for the phone itself.
fn portrait(shared: &Shared, route: &str) -> Answer {
    let psid = route
        .strip_prefix("people/")
        .and_then(|file| file.strip_suffix(".png"));
    let found = shared.look(|world| Some(world.thread(psid?)?.person.portrait));
    match found {
        Some(portrait) => png(portrait),
        None => text(StatusCode::NOT_FOUND, "nothing here"),
    }
}

/// The part of the state that stays the same while the simulator runs.
fn app(world: &World) -> Value {
    let shop = world.pages.iter().find(|page| !page.threads.is_empty());
    let shop = shop.or(world.pages.first());
    let credentials = shop.zip(world.apps.first());
    let credentials = credentials.and_then(|(page, app)| world.credentials(&app.id, &page.id));
    let people = world.pages.iter().flat_map(|page| {
        page.threads.iter().map(|thread| {
            let person = &thread.person;
            json!({
                "psid": person.psid, "name": person.name, "has_profile": person.has_profile,
                "page_name": page.name,
            })
        })
    });
    let people: Vec<Value> = people.collect();
    let Some(app) = credentials else {
        return json!({"graph_url": world.url, "people": people});
    };
    json!({
        "app_id": app.app_id,
        "app_secret": app.app_secret,
        "page_id": app.page_id,
        "page_token": app.page_token,
        "page_name": app.page_name,
        "graph_url": world.url,
        "people": people,
    })
}

/// The part of the state that changes. `None` when nobody has this PSID.
fn state(world: &World, psid: &str) -> Option<Value> {
    let page = world.page_of(psid)?;
    let thread = page.thread(psid)?;
    let messages = thread.messages.iter().rev().take(SHOWN).rev();
    let messages = messages.map(|message| bubble(world, page, thread, message));
    let failure = world.deliveries.last_failure.as_ref();
    let failure = failure.map(|(at, reason)| json!({"at": at, "reason": reason}));
    let callback = world.apps.first().and_then(|app| app.callback.as_ref());
    let titles = |list: &[Value]| -> Vec<Value> {
        let titles = list
            .iter()
            .map(|button| json!({"title": button_title(button), "opens": button["url"]}));
        titles.collect()
    };
    let quick = thread.messages.last();
    let quick = quick.map(|newest| titles(&newest.quick_replies));
    Some(json!({
        "messages": messages.collect::<Vec<_>>(),
        "typing": thread.typing_until > world.now(),
        "read": thread.read,
        "quick_replies": quick.unwrap_or_default(),
        "menu": titles(&menu(page, thread)),
        "greeting": page.profile.get("greeting").map(|greeting| &greeting[0]["text"]),
        "page_name": page.name,
        "blocked": thread.has_blocked_page,
        "callback": callback,
        "pending": world.deliveries.pending,
        "last_failure": failure,
        "sends": world.faults.sends,
        "profiles": world.faults.profiles,
        "faults": world.faults.rules,
        "requests": world.requests.count(),
    }))
}

fn bubble(world: &World, page: &Page, thread: &Thread, message: &Message) -> Value {
    // Our own files by path, without the host: the page may be open under another name of this machine,
    // and shows files of the same origin only.
    let own = |url: String| {
        url.strip_prefix(&world.url)
            .map_or(url.clone(), str::to_owned)
    };
    let attachments = message.attachment.iter().chain(&message.more_attachments);
    let attachments = attachments
        .map(|attachment| json!({"kind": attachment.kind, "url": own(address(world, attachment))}));
    let persona = message.persona_id.as_ref();
    let persona = persona.and_then(|id| page.personas.get(id));
    let quoted = message
        .reply_to
        .as_deref()
        .and_then(|mid| thread.message(mid));
    let taps = buttons(message);
    let taps = taps
        .iter()
        .map(|button| json!({"title": button_title(button), "opens": button["url"]}));
    json!({
        "mid": message.mid,
        "from_page": message.from_page,
        "text": message.text.clone().or_else(|| message.template.as_ref().map(words)),
        "attachments": attachments.collect::<Vec<_>>(),
        "cards": message.template.as_ref().map(cards),
        "buttons": taps.collect::<Vec<_>>(),
        "quoted": quoted.map(|quoted| quoted.text.clone().unwrap_or_else(|| "📎".to_owned())),
        "persona": persona.map(|persona| &persona["name"]),
        "reaction": message.reaction,
        "person_reaction": message.person_reaction,
        "edits": message.edits,
        "unsent": message.is_unsent,
        "at": message.timestamp,
        "acknowledged": message.acknowledged,
        "seen": message.timestamp <= thread.seen,
    })
}

/// The elements of a template, as the phone shows them.
fn cards(template: &Value) -> Vec<Value> {
    let elements = template["elements"].as_array().into_iter().flatten();
    let cards =
        elements.map(|element| json!({"title": element["title"], "subtitle": element["subtitle"]}));
    cards.collect()
}

/// The texts of a template.
fn words(template: &Value) -> String {
    let own = ["text", "title", "name", "order_number"].map(|name| template[name].as_str());
    let words: Vec<&str> = own.into_iter().flatten().collect();
    match words.as_slice() {
        [] if template["elements"].is_array() => String::new(),
        [] => template["template_type"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        words => words.join("\n"),
    }
}
