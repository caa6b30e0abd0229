//! What a message says, as far as it can be wrong.

use serde_json::Value;

use super::Platform;
use super::form::File;
use super::graph::Refusal;
use super::page::{Kept, Saved};
use super::parameters::Parameters;
use super::send::{object, string, wrong};
use super::world::{Attachment, Draft};

const LONGEST_TEXT: usize = 2000;
const LONGEST_METADATA: usize = 1000;
const MEMBERS: [&str; 6] = [
    "attachment",
    "metadata",
    "quick_replies",
    "sticker_id",
    "template",
    "text",
];
const TEMPLATES: [&str; 13] = [
    "button",
    "call_prompt",
    "calling_optin",
    "coupon",
    "customer_feedback",
    "customer_information",
    "generic",
    "image_grid",
    "instant_form",
    "media",
    "notification_messages",
    "product",
    "receipt",
];

pub(super) fn draft(
    platform: &Platform,
    kept: &mut Kept,
    message: &Parameters,
    file: Option<&File>,
) -> Result<Draft, Refusal> {
    // Better refused than silently shown without a part of it.
    if let Some(unknown) = message
        .keys()
        .find(|name| !MEMBERS.contains(&name.as_str()))
    {
        let words = format!("This simulator does not know message[{unknown}]");
        return Err(wrong(&words));
    }
    let mut draft = Draft {
        text: string(message, "text")?,
        metadata: string(message, "metadata")?,
        quick_replies: quick_replies(message)?,
        ..Draft::default()
    };
    let described = object(message, "attachment")?;
    let sticker = message.get("sticker_id");
    let utility = object(message, "template")?;
    let text = draft.text.as_deref().unwrap_or_default();
    if text.is_empty() && described.is_none() && sticker.is_none() && utility.is_none() {
        let words = "Message cannot be empty, must provide valid attachment or text";
        return Err(wrong(words));
    }
    if draft.text.is_some() && described.is_some() {
        return Err(wrong(
            "A message has either text or an attachment, not both",
        ));
    }
    if text.chars().count() > LONGEST_TEXT {
        let words = "Length of param message[text] must be less than or equal to 2000";
        return Err(wrong(words));
    }
    let metadata = draft.metadata.as_deref().unwrap_or_default();
    if metadata.chars().count() >= LONGEST_METADATA {
        return Err(wrong(
            "Length of param message[metadata] must be less than 1000",
        ));
    }
    if let Some(described) = described {
        if described.get("type").and_then(Value::as_str) == Some("template") {
            draft.template = Some(template(&described)?);
        } else {
            let found = attachment(platform, kept, &described, file)?;
            let payload = object(&described, "payload")?.unwrap_or_default();
            if payload.get("is_reusable") == Some(&Value::Bool(true)) {
                let id = kept.draw_id();
                kept.attachments.insert(id.clone(), saved(kept, &found));
                draft.saved_as = Some(id);
            }
            draft.attachment = Some(found);
        }
    }
    if sticker.is_some() {
        draft.attachment = Some(Attachment {
            kind: "sticker".to_owned(),
            url: format!("{}{}", platform.url, super::phone::PICTURE),
        });
    }
    if let Some(utility) = utility {
        let name = string(&utility, "name")?.unwrap_or_default();
        let language = object(&utility, "language")?.unwrap_or_default();
        let code = string(&language, "code")?.unwrap_or_default();
        if !kept.has_template(&name, &code) {
            return Err(wrong("No approved template has this name and language"));
        }
        draft.template = Some(Value::Object(utility));
    }
    Ok(draft)
}

/// What lies at this attachment's address, when it was uploaded.
fn saved(kept: &Kept, found: &Attachment) -> Saved {
    let mut same = kept.attachments.values();
    let same = same.find(|saved| saved.url == found.url);
    Saved {
        kind: found.kind.clone(),
        url: found.url.clone(),
        file: same.and_then(|saved| saved.file.clone()),
    }
}

/// A medium: by its address, by its id, or in the same request.
pub(super) fn attachment(
    platform: &Platform,
    kept: &mut Kept,
    described: &Parameters,
    file: Option<&File>,
) -> Result<Attachment, Refusal> {
    let kind = string(described, "type")?.unwrap_or_default();
    if !matches!(kind.as_str(), "image" | "audio" | "video" | "file") {
        return Err(wrong(
            "Param message[attachment][type] must be one of {image, audio, video, file, template}",
        ));
    }
    let payload = object(described, "payload")?.unwrap_or_default();
    if let Some(id) = string(&payload, "attachment_id")? {
        let saved = kept.attachments.get(&id);
        let saved = saved.filter(|saved| saved.kind == kind);
        let url = saved.map(|saved| saved.url.clone());
        let url = url.ok_or_else(|| wrong("Invalid attachment id").with_subcode(2_018_074))?;
        return Ok(Attachment { kind, url });
    }
    if let Some(file) = file {
        let is_fitting = match kind.as_str() {
            "file" => true,
            kind => file.media_type.starts_with(&format!("{kind}/")),
        };
        if file.bytes.is_empty() || !is_fitting {
            let words = "Upload attachment failure.";
            return Err(wrong(words).with_subcode(2_018_047));
        }
        let id = kept.draw_id();
        let url = format!("{}/attachments/{id}", platform.url);
        let bytes = Some((file.media_type.clone(), file.bytes.clone()));
        let (saved_kind, saved_url) = (kind.clone(), url.clone());
        kept.attachments.insert(
            format!("upload {id}"),
            Saved {
                kind: saved_kind,
                url: saved_url,
                file: bytes,
            },
        );
        return Ok(Attachment { kind, url });
    }
    let url = string(&payload, "url")?.unwrap_or_default();
    if !(url.starts_with("https://") || url.starts_with("http://")) {
        let words = "Failed to fetch the file from the url";
        return Err(wrong(words).with_subcode(2_018_008));
    }
    Ok(Attachment { kind, url })
}

fn template(described: &Parameters) -> Result<Value, Refusal> {
    let payload = object(described, "payload")?.unwrap_or_default();
    let kind = string(&payload, "template_type")?.unwrap_or_default();
    if !TEMPLATES.contains(&kind.as_str()) {
        let words = format!(
            "Param template_type must be one of {{{}}}",
            TEMPLATES.join(", ")
        );
        return Err(wrong(&words));
    }
    let length = |name: &str| payload.get(name).and_then(Value::as_array).map(Vec::len);
    let needed = match kind.as_str() {
        "generic" | "product" => Some(("elements", 1, 10)),
        "media" | "image_grid" => Some(("elements", 1, 1)),
        "button" => Some(("buttons", 1, 3)),
        _ => None,
    };
    if let Some((name, least, most)) = needed
        && !length(name).is_some_and(|count| (least..=most).contains(&count))
    {
        let words = format!("Param payload[{name}] must have {least} to {most} elements");
        return Err(wrong(&words));
    }
    Ok(Value::Object(payload))
}

fn quick_replies(message: &Parameters) -> Result<Vec<Value>, Refusal> {
    let replies = match message.get("quick_replies") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(replies)) => replies,
        Some(_) => return Err(wrong("Param message[quick_replies] must be an array")),
    };
    if !(1..=13).contains(&replies.len()) {
        return Err(wrong(
            "Param message[quick_replies] must have 1 to 13 elements",
        ));
    }
    for reply in replies {
        let kind = reply["content_type"].as_str().unwrap_or_default();
        let has_title = reply["title"].is_string() && reply["payload"].is_string();
        let is_known = match kind {
            "text" => has_title,
            kind => matches!(kind, "user_email" | "user_phone_number"),
        };
        if !is_known {
            return Err(wrong(
                "A quick reply of type text needs a title and a payload",
            ));
        }
    }
    Ok(replies.clone())
}
