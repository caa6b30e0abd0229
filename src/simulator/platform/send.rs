//! The Send API: what is wrong with a message, and what becomes of a right one.

use serde_json::{Value, json};

use crate::simulator::world::World;
use crate::simulator::world::fault::SendAnswer;
use crate::simulator::world::scene::INBOX_APP;
use crate::simulator::world::thread::{Draft, Message};

use super::draft::{attachment, draft, saved};
use super::event::Event;
use super::notify::{content, notify};
use super::parameters::{Call, Parameters, object, string, text};
use super::private_reply;
use super::refusal::Refusal;
use super::reply::Reply;
use super::window::{self, Purpose};
use super::{page_status, thread_control};

/// How long the three dots show after `typing_on`, in milliseconds.
const TYPING: u64 = 20_000;
/// Ways to address somebody that this simulator does not know.
const OTHER_RECIPIENTS: [&str; 9] = [
    "follow_id",
    "login_id",
    "notification_messages_token",
    "one_time_notif_token",
    "phone_number",
    "player_id",
    "poll_response_id",
    "story_id",
    "user_ref",
];

/// Saves a medium; the response has its id.
pub(crate) fn save(world: &mut World, page: &str, call: Call<'_>) -> Result<Value, Refusal> {
    let missing = |name: &str| Refusal::parameter(&format!("The parameter {name} is required"));
    let message = object(call.parameters, "message")?.ok_or_else(|| missing("message"))?;
    let described = object(&message, "attachment")?;
    let described = described.ok_or_else(|| missing("message[attachment]"))?;
    let found = attachment(world, page, &described, call.file)?;
    let (id, now) = (world.names.id(), world.now());
    let page = world.page_mut(page).ok_or_else(Refusal::no_such_person)?;
    page.attachments.insert(id.clone(), saved(&found, now));
    Ok(json!({ "attachment_id": id }))
}

/// Carries out `POST {page}/messages`.
pub(crate) fn send(
    world: &mut World,
    app: &str,
    page: &str,
    call: Call<'_>,
) -> Result<Reply, Refusal> {
    let parameters = call.parameters;
    let to = recipient(parameters)?;
    let psid = match &to {
        Recipient::Person(psid) => psid.clone(),
        Recipient::Comment(id) => private_reply::author(world, page, id)?,
    };
    let thread = world.page(page).and_then(|page| page.thread(&psid));
    thread.ok_or_else(Refusal::no_such_person)?;
    thread_control::check(world, app, &psid)?;
    let persona = text(parameters.get("persona_id"));
    let personas = world.page(page).map(|page| &page.personas);
    if let (Some(persona), Some(personas)) = (&persona, personas)
        && !personas.contains_key(persona)
    {
        return Err(Refusal::parameter("No such persona"));
    }
    notification_type(parameters)?;
    let message = object(parameters, "message")?;
    let intent = match (message, parameters.get("sender_action")) {
        (Some(_), Some(_)) => {
            let words = "A request has either message or sender_action, not both";
            return Err(Refusal::parameter(words).with_subcode(2_018_014));
        }
        (None, None) => return Err(Refusal::parameter("The parameter message is required")),
        (None, Some(_)) if matches!(to, Recipient::Comment(_)) => {
            let words = "A private reply has a message";
            return Err(Refusal::parameter(words));
        }
        (None, Some(action)) => Intent::Act(Action::read(action, parameters)?),
        (Some(message), None) => {
            let purpose = match &to {
                Recipient::Person(_) => purpose(parameters, message.contains_key("template"))?,
                Recipient::Comment(_) => Purpose::PrivateReply,
            };
            let mut draft = draft(world, page, &message, call.file)?;
            draft.persona_id = persona;
            if let Some(quoted) = object(parameters, "reply_to")? {
                draft.reply_to = string(&quoted, "mid")?;
            }
            Intent::Say(Box::new(draft), purpose)
        }
    };
    if page_status::is_restricted(world, page) {
        let words = "(#10) The Page is temporarily restricted from sending messages.";
        return Err(Refusal::new(10, words).with_subcode(1_893_063));
    }
    let answer = world.faults.sends;
    match answer {
        SendAnswer::Accepted | SendAnswer::NoAnswer => {}
        SendAnswer::OutsideWindow => return Err(window::outside()),
        SendAnswer::TokenExpired => {
            let words = "Error validating access token: Session has expired.";
            return Err(Refusal::new(190, words).with_subcode(463));
        }
        SendAnswer::Unavailable => {
            return Err(Refusal::new(2, "(#2) Service temporarily unavailable").transient());
        }
    }
    let reply = match intent {
        Intent::Say(draft, purpose) => {
            let said = say(world, app, page, &psid, *draft, purpose)?;
            if let Recipient::Comment(id) = &to {
                private_reply::answered(world, page, id);
            }
            said
        }
        Intent::Act(action) => act(world, &psid, action)?,
    };
    Ok(match answer {
        SendAnswer::NoAnswer => Reply::Silence,
        _ => Reply::Json(reply),
    })
}

/// To whom a message goes.
enum Recipient {
    Person(String),
    /// The author of a comment: a private reply.
    Comment(String),
}

fn recipient(parameters: &Parameters) -> Result<Recipient, Refusal> {
    let recipient = object(parameters, "recipient")?;
    let recipient =
        recipient.ok_or_else(|| Refusal::parameter("The parameter recipient is required"))?;
    if let Some(other) = OTHER_RECIPIENTS
        .iter()
        .find(|name| recipient.contains_key(**name))
    {
        let words = format!("This simulator does not simulate recipient[{other}]");
        return Err(Refusal::parameter(&words));
    }
    let named = |name| text(recipient.get(name)).filter(|id| !id.is_empty());
    let person = named("id").map(Recipient::Person);
    let comment = || named("comment_id").or_else(|| named("post_id"));
    let found = person.or_else(|| comment().map(Recipient::Comment));
    found.ok_or_else(|| Refusal::parameter("param recipient must be non-empty."))
}

fn notification_type(parameters: &Parameters) -> Result<(), Refusal> {
    match parameters.get("notification_type") {
        None => Ok(()),
        Some(Value::String(name))
            if matches!(name.as_str(), "REGULAR" | "SILENT_PUSH" | "NO_PUSH") =>
        {
            Ok(())
        }
        Some(_) => Err(Refusal::parameter(
            "Param notification_type must be one of {REGULAR, SILENT_PUSH, NO_PUSH}",
        )),
    }
}

/// Delivers a message: the phone has it at once, an echo and a delivery mark go out.
fn say(
    world: &mut World,
    app: &str,
    page: &str,
    psid: &str,
    draft: Draft,
    purpose: Purpose,
) -> Result<Value, Refusal> {
    let now = world.now();
    let thread = world.thread(psid).ok_or_else(Refusal::no_such_person)?;
    window::check(thread, purpose, now)?;
    window::check_available(thread)?;
    if let Some(mid) = &draft.reply_to {
        if thread.message(mid).is_none() {
            return Err(
                Refusal::parameter("Invalid reply_to: no such message").with_subcode(2_018_001)
            );
        }
        if !window::is_open(thread, now) {
            return Err(window::outside());
        }
    }
    let is_sticker = draft
        .attachments
        .iter()
        .any(|attachment| attachment.kind == "sticker");
    if is_sticker && !window::is_open(thread, now) {
        return Err(window::outside());
    }
    let saved_as = draft.saved_as.clone();
    let message = world.keep(psid, Some(app), draft);
    let message = message.ok_or_else(Refusal::no_such_person)?;
    if let Some(thread) = world.thread_mut(psid) {
        thread.typing_until = 0;
    }
    echo(world, page, psid, &message);
    let mut reply = json!({"recipient_id": psid, "message_id": message.mid});
    if let Some(id) = saved_as {
        reply["attachment_id"] = json!(id);
    }
    Ok(reply)
}

/// A person of the Page writes in Meta's inbox, which takes control of the thread.
pub(crate) fn send_from_inbox(world: &mut World, psid: &str, text: &str) -> Option<String> {
    let page = world.page_of(psid)?.id.clone();
    let draft = Draft {
        text: Some(text.to_owned()),
        ..Draft::default()
    };
    let message = world.keep(psid, Some(INBOX_APP), draft)?;
    echo(world, &page, psid, &message);
    thread_control::take(world, &page, psid, INBOX_APP);
    Some(message.mid)
}

/// Notifies of a message of the Page, and of its delivery to the phone.
fn echo(world: &mut World, page: &str, psid: &str, message: &Message) {
    let mut content = content(message);
    content["is_echo"] = json!(true);
    if let Some(app) = &message.app_id {
        content["app_id"] = app.parse().map_or(json!(app), |id: u64| json!(id));
    }
    if let Some(metadata) = &message.metadata {
        content["metadata"] = json!(metadata);
    }
    let mut event = Event {
        page,
        psid: Some(psid),
        timestamp: message.timestamp,
        name: "message",
        content,
    };
    notify(world, "message_echoes", &event, Some(&message.mid));
    event.timestamp = world.clock.tick();
    event.name = "delivery";
    event.content = json!({"mids": [message.mid], "watermark": message.timestamp});
    notify(world, "message_deliveries", &event, None);
}

enum Intent {
    Say(Box<Draft>, Purpose),
    Act(Action),
}

enum Action {
    Type(bool),
    MarkSeen,
    React(String, Option<String>),
}

impl Action {
    fn read(value: &Value, parameters: &Parameters) -> Result<Self, Refusal> {
        // The guide writes them small, Meta's SDK in capitals; both work.
        let word = value.as_str().unwrap_or_default().to_ascii_lowercase();
        let missing =
            |name: &str| Refusal::parameter(&format!("The parameter payload[{name}] is required"));
        match word.as_str() {
            "typing_on" => Ok(Self::Type(true)),
            "typing_off" => Ok(Self::Type(false)),
            "mark_seen" => Ok(Self::MarkSeen),
            "react" | "unreact" => {
                let payload = object(parameters, "payload")?.unwrap_or_default();
                let mid = string(&payload, "message_id")?.ok_or_else(|| missing("message_id"))?;
                match (word.as_str(), string(&payload, "reaction")?) {
                    ("react", None) => Err(missing("reaction")),
                    ("react", reaction) => Ok(Self::React(mid, reaction)),
                    _ => Ok(Self::React(mid, None)),
                }
            }
            _ => Err(Refusal::parameter(
                "Param sender_action must be one of {typing_on, typing_off, mark_seen, react, \
                 unreact} here",
            )),
        }
    }
}

fn act(world: &mut World, psid: &str, action: Action) -> Result<Value, Refusal> {
    let (now, seen) = (world.now(), world.clock.tick());
    let thread = world.thread_mut(psid).ok_or_else(Refusal::no_such_person)?;
    match action {
        Action::Type(on) => thread.typing_until = if on { now + TYPING } else { 0 },
        Action::MarkSeen => thread.seen = seen,
        Action::React(mid, reaction) => {
            let message = thread.message_mut(&mid);
            let message = message.ok_or_else(|| Refusal::parameter("No such message"))?;
            message.reaction = reaction;
        }
    }
    Ok(json!({"recipient_id": psid}))
}

/// `messaging_type` and `tag`.
fn purpose(parameters: &Parameters, is_utility: bool) -> Result<Purpose, Refusal> {
    let tag = parameters.get("tag").and_then(Value::as_str);
    let kind = parameters.get("messaging_type").map(Value::as_str);
    if tag.is_some() && kind != Some(Some("MESSAGE_TAG")) {
        return Err(Refusal::parameter(
            "Param messaging_type must be MESSAGE_TAG when a tag is given",
        ));
    }
    match kind {
        Some(Some("UTILITY")) if is_utility => Ok(Purpose::Utility),
        _ if is_utility => Err(Refusal::parameter(
            "Param messaging_type must be UTILITY for a utility template",
        )),
        None | Some(Some("RESPONSE" | "UPDATE")) => Ok(Purpose::Standard),
        Some(Some("MESSAGE_TAG")) => match tag {
            Some("HUMAN_AGENT" | "CUSTOMER_FEEDBACK") => Ok(Purpose::Tagged),
            _ => Err(Refusal::parameter(
                "Param tag must be one of {HUMAN_AGENT, CUSTOMER_FEEDBACK}",
            )),
        },
        Some(_) => Err(Refusal::parameter(
            "Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG} here",
        )),
    }
}
