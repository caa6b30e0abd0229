//! The Send API: what is wrong with a message, and what becomes of a right one.

use serde_json::{Value, json};

use super::Platform;
use super::choice::SendAnswer;
use super::draft::{attachment, draft};
use super::form::File;
use super::graph::{Refusal, Reply};
use super::page::Saved;
use super::parameters::Parameters;
use super::world::Draft;

/// Saves a medium; the answer has its id.
pub(super) fn save(
    platform: &Platform,
    parameters: &Parameters,
    file: Option<&File>,
) -> Result<Value, Refusal> {
    let message =
        object(parameters, "message")?.ok_or_else(|| wrong("The parameter message is required"))?;
    let described = object(&message, "attachment")?
        .ok_or_else(|| wrong("The parameter message[attachment] is required"))?;
    let mut world = platform.world();
    let found = attachment(platform, &mut world.kept, &described, file)?;
    let id = world.kept.draw_id();
    let (kind, url) = (found.kind, found.url);
    let kept = world.kept.attachments.values();
    let bytes = kept
        .filter(|saved| saved.url == url)
        .find_map(|saved| saved.file.clone());
    let saved = Saved {
        kind,
        url,
        file: bytes,
    };
    world.kept.attachments.insert(id.clone(), saved);
    Ok(json!({ "attachment_id": id }))
}

pub(super) fn send(
    platform: &Platform,
    parameters: &Parameters,
    file: Option<&File>,
) -> Result<Reply, Refusal> {
    let recipient = object(parameters, "recipient")?
        .ok_or_else(|| wrong("The parameter recipient is required"))?;
    let psid = recipient
        .get("id")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if psid.is_empty() {
        return Err(wrong("param recipient must be non-empty."));
    }
    let mut world = platform.world();
    if world.thread(psid).is_none() {
        return Err(wrong("No matching user found").with_subcode(2_018_001));
    }
    if world.kept.is_held_by_another(psid, &platform.app.app_id) {
        let words = "Another app is controlling this thread now.";
        return Err(wrong(words).with_subcode(2_018_300));
    }
    let persona = string(parameters, "persona_id")?;
    if persona.is_some_and(|persona| !world.kept.has_persona(&persona)) {
        return Err(wrong("No such persona"));
    }
    let message = object(parameters, "message")?;
    let action = parameters.get("sender_action");
    let intent = match (message, action) {
        (Some(_), Some(_)) => {
            let words = "A request has either message or sender_action, not both";
            return Err(wrong(words).with_subcode(2_018_014));
        }
        (None, None) => return Err(wrong("The parameter message is required")),
        (None, Some(action)) => Intent::Act(Action::read(action, parameters)?),
        (Some(message), None) => {
            let is_utility = message.contains_key("template");
            purpose(parameters, is_utility)?;
            let mut draft = draft(platform, &mut world.kept, &message, file)?;
            if let Some(quoted) = object(parameters, "reply_to")? {
                draft.reply_to = string(&quoted, "mid")?;
            }
            Intent::Say(draft)
        }
    };
    if world.kept.is_restricted() {
        let words = "(#10) The Page is temporarily restricted from sending messages.";
        return Err(Refusal::new(10, words).with_subcode(1_893_063));
    }
    let answer = world.sends;
    match answer {
        SendAnswer::Accepted | SendAnswer::NoAnswer => {}
        SendAnswer::OutsideWindow => {
            let words = "(#10) This message is sent outside of allowed window. Learn more about \
                         the new policy here: https://developers.facebook.com/docs/messenger-platform/policy-overview";
            return Err(Refusal::new(10, words).with_subcode(2_018_278));
        }
        SendAnswer::TokenExpired => {
            let words = "Error validating access token: Session has expired.";
            return Err(Refusal::new(190, words).with_subcode(463));
        }
        SendAnswer::Unavailable => {
            return Err(Refusal::new(2, "(#2) Service temporarily unavailable").transient());
        }
    }
    let mut reply = json!({"recipient_id": psid});
    match intent {
        Intent::Say(draft) => {
            if let Some(id) = &draft.saved_as {
                reply["attachment_id"] = json!(id);
            }
            reply["message_id"] = json!(world.page_sends(psid, draft));
        }
        Intent::Act(Action::React(mid, reaction)) => {
            if !world.page_reacts(psid, &mid, reaction) {
                return Err(wrong("No such message"));
            }
        }
        Intent::Act(Action::Type(on)) => world.page_types(psid, on),
        Intent::Act(Action::MarkSeen) => world.page_has_seen(psid),
    }
    Ok(match answer {
        SendAnswer::NoAnswer => Reply::Silence,
        _ => Reply::Json(reply),
    })
}

enum Intent {
    Say(Draft),
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
        match word.as_str() {
            "typing_on" => Ok(Self::Type(true)),
            "typing_off" => Ok(Self::Type(false)),
            "mark_seen" => Ok(Self::MarkSeen),
            "react" | "unreact" => {
                let payload = object(parameters, "payload")?.unwrap_or_default();
                let mid = string(&payload, "message_id")?;
                let mid =
                    mid.ok_or_else(|| wrong("The parameter payload[message_id] is required"))?;
                let reaction = string(&payload, "reaction")?;
                match (word.as_str(), reaction) {
                    ("react", None) => Err(wrong("The parameter payload[reaction] is required")),
                    ("react", reaction) => Ok(Self::React(mid, reaction)),
                    _ => Ok(Self::React(mid, None)),
                }
            }
            _ => Err(wrong(
                "Param sender_action must be one of {typing_on, typing_off, mark_seen, react, \
                 unreact} here",
            )),
        }
    }
}

/// `messaging_type` and `tag`, as far as they can be wrong.
fn purpose(parameters: &Parameters, is_utility: bool) -> Result<(), Refusal> {
    let tag = parameters.get("tag").and_then(Value::as_str);
    match parameters.get("messaging_type").map(Value::as_str) {
        Some(Some("UTILITY")) if is_utility => Ok(()),
        _ if is_utility => Err(wrong(
            "Param messaging_type must be UTILITY for a utility template",
        )),
        None | Some(Some("RESPONSE" | "UPDATE")) => Ok(()),
        Some(Some("MESSAGE_TAG")) => match tag {
            Some("HUMAN_AGENT" | "CUSTOMER_FEEDBACK") => Ok(()),
            _ => Err(wrong(
                "Param tag must be one of {HUMAN_AGENT, CUSTOMER_FEEDBACK}",
            )),
        },
        Some(_) => Err(wrong(
            "Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG} here",
        )),
    }
}

/// A member that is an object, or JSON text of one, as in a form.
pub(super) fn object(members: &Parameters, name: &str) -> Result<Option<Parameters>, Refusal> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(object)) => Ok(Some(object.clone())),
        Some(Value::String(text)) => match serde_json::from_str(text) {
            Ok(object) => Ok(Some(object)),
            Err(_) => Err(wrong(&format!("Param {name} must be a JSON object"))),
        },
        Some(_) => Err(wrong(&format!("Param {name} must be a JSON object"))),
    }
}

pub(super) fn string(members: &Parameters, name: &str) -> Result<Option<String>, Refusal> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong(&format!("Param {name} must be a string"))),
    }
}

pub(super) fn wrong(words: &str) -> Refusal {
    Refusal::new(100, format!("(#100) {words}"))
}
