//! The Send API: what is wrong with a message, and what becomes of a right one.

use serde_json::{Value, json};

use super::Platform;
use super::graph::{Parameters, Refusal, Reply};
use super::world::{Attachment, Draft, SendAnswer};

const LONGEST_TEXT: usize = 2000;
const LONGEST_METADATA: usize = 1000;

pub(super) fn send(platform: &Platform, parameters: &Parameters) -> Result<Reply, Refusal> {
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
    let message = object(parameters, "message")?;
    let action = parameters.get("sender_action");
    let intent = match (message, action) {
        (Some(_), Some(_)) => {
            let words = "A request has either message or sender_action, not both";
            return Err(wrong(words).with_subcode(2_018_014));
        }
        (None, None) => return Err(wrong("The parameter message is required")),
        (None, Some(action)) => Intent::Act(Action::read(action)?),
        (Some(message), None) => {
            purpose(parameters)?;
            Intent::Say(draft(&message)?)
        }
    };
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
        Intent::Say(draft) => reply["message_id"] = json!(world.page_sends(psid, draft)),
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
}

impl Action {
    fn read(value: &Value) -> Result<Self, Refusal> {
        // The guide writes them small, Meta's SDK in capitals; both work.
        let word = value.as_str().unwrap_or_default().to_ascii_lowercase();
        match word.as_str() {
            "typing_on" => Ok(Self::Type(true)),
            "typing_off" => Ok(Self::Type(false)),
            "mark_seen" => Ok(Self::MarkSeen),
            _ => Err(wrong(
                "Param sender_action must be one of {typing_on, typing_off, mark_seen} here",
            )),
        }
    }
}

/// `messaging_type` and `tag`, as far as they can be wrong.
fn purpose(parameters: &Parameters) -> Result<(), Refusal> {
    let tag = parameters.get("tag").and_then(Value::as_str);
    match parameters.get("messaging_type").map(Value::as_str) {
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

fn draft(message: &Parameters) -> Result<Draft, Refusal> {
    // Better refused than silently shown without its buttons.
    for member in message.keys() {
        if !matches!(member.as_str(), "text" | "attachment" | "metadata") {
            return Err(wrong(&format!(
                "This simulator does not know message[{member}]"
            )));
        }
    }
    let text = string(message, "text")?;
    let attachment = object(message, "attachment")?;
    let metadata = string(message, "metadata")?;
    if text.as_deref().unwrap_or_default().is_empty() && attachment.is_none() {
        let words = "Message cannot be empty, must provide valid attachment or text";
        return Err(wrong(words));
    }
    if text.is_some() && attachment.is_some() {
        return Err(wrong(
            "A message has either text or an attachment, not both",
        ));
    }
    if text
        .as_ref()
        .is_some_and(|text| text.chars().count() > LONGEST_TEXT)
    {
        let words = "Length of param message[text] must be less than or equal to 2000";
        return Err(wrong(words));
    }
    if metadata
        .as_ref()
        .is_some_and(|metadata| metadata.chars().count() >= LONGEST_METADATA)
    {
        return Err(wrong(
            "Length of param message[metadata] must be less than 1000",
        ));
    }
    Ok(Draft {
        text,
        attachment: attachment.as_ref().map(media).transpose()?,
        metadata,
    })
}

fn media(attachment: &Parameters) -> Result<Attachment, Refusal> {
    let kind = string(attachment, "type")?.unwrap_or_default();
    let url = object(attachment, "payload")?.map(|payload| string(&payload, "url"));
    let url = url.transpose()?.flatten().unwrap_or_default();
    if !matches!(kind.as_str(), "image" | "audio" | "video" | "file") {
        return Err(wrong(
            "This simulator knows attachments of type image, audio, video and file",
        ));
    }
    if !(url.starts_with("https://") || url.starts_with("http://")) {
        return Err(wrong(
            "This simulator knows attachments by payload[url] only",
        ));
    }
    Ok(Attachment { kind, url })
}

/// A member that is an object, or JSON text of one, as in a form.
fn object(members: &Parameters, name: &str) -> Result<Option<Parameters>, Refusal> {
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

fn string(members: &Parameters, name: &str) -> Result<Option<String>, Refusal> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(wrong(&format!("Param {name} must be a string"))),
    }
}

fn wrong(words: &str) -> Refusal {
    Refusal::new(100, format!("(#100) {words}"))
}
