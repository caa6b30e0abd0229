//! The content of a message that the Page sends, and what can be wrong with it.

use serde_json::Value;

use crate::simulator::world::World;
use crate::simulator::world::file;
use crate::simulator::world::page::Saved;
use crate::simulator::world::thread::{Attachment, Draft};

use super::media;
use super::parameters::{File, Parameters, flag, object, string, text};
use super::refusal::Refusal;
use super::template::template;

/// Id of the small thumbs-up sticker.
pub(crate) const LIKE: u64 = 369_239_263_222_822;
const LONGEST_TEXT: usize = 2000;
const LONGEST_METADATA: usize = 1000;
/// How long a saved attachment can be sent, in milliseconds.
const SAVED: u64 = 90 * 24 * 60 * 60 * 1000;
/// How many images a stack may have.
const MOST_IMAGES: usize = 30;
const MEMBERS: [&str; 7] = [
    "attachment",
    "attachments",
    "metadata",
    "quick_replies",
    "sticker_id",
    "template",
    "text",
];

/// A sample of an attachment kind, which lies at the simulator.
pub(crate) fn sample(world: &World, kind: &str) -> Attachment {
    let file = match kind {
        "audio" => "voice.wav",
        "file" => "order.pdf",
        "sticker" => "like.png",
        _ => "parcel.png",
    };
    Attachment {
        sticker_id: (kind == "sticker").then_some(144_884_852_352_448),
        ..media::attachment(world, kind, file)
    }
}

/// Reads the message of a send.
pub(crate) fn draft(
    world: &mut World,
    page: &str,
    message: &Parameters,
    file: Option<&File>,
) -> Result<Draft, Refusal> {
    // Better refused than silently shown without a part of it.
    if let Some(unknown) = message
        .keys()
        .find(|name| !MEMBERS.contains(&name.as_str()))
    {
        let words = format!("This simulator does not know message[{unknown}]");
        return Err(Refusal::parameter(&words));
    }
    let mut draft = Draft {
        text: string(message, "text")?,
        metadata: string(message, "metadata")?,
        quick_replies: quick_replies(message)?,
        ..Draft::default()
    };
    check_members(message, &draft)?;
    if let Some(described) = object(message, "attachment")? {
        if described.get("type").and_then(Value::as_str) == Some("template") {
            draft.template = Some(template(&described)?);
        } else {
            let found = attachment(world, page, &described, file)?;
            let payload = object(&described, "payload")?.unwrap_or_default();
            if flag(&payload, "is_reusable") == Some(true) {
                let (id, now) = (world.names.id(), world.now());
                if let Some(page) = world.page_mut(page) {
                    page.attachments.insert(id.clone(), saved(&found, now));
                }
                draft.saved_as = Some(id);
            }
            draft.attachments.push(found);
        }
    }
    if let Some(stack) = message.get("attachments") {
        draft.attachments = images(world, page, stack)?;
    }
    if let Some(id) = text(message.get("sticker_id")) {
        let id = id.parse();
        let id = id.map_err(|_| Refusal::parameter("Param message[sticker_id] is not a number"))?;
        draft.attachments.push(Attachment {
            sticker_id: Some(id),
            ..sample(world, "sticker")
        });
    }
    if let Some(utility) = object(message, "template")? {
        let name = string(&utility, "name")?.unwrap_or_default();
        let language = object(&utility, "language")?.unwrap_or_default();
        let code = string(&language, "code")?.unwrap_or_default();
        let found = world.page(page).and_then(|page| page.templates.get(&name));
        if found.is_none_or(|found| found["language"] != code) {
            let words = "No approved template has this name and language";
            return Err(Refusal::parameter(words));
        }
        draft.template = Some(Value::Object(utility));
    }
    Ok(draft)
}

/// A message has exactly one content, and nothing that is too long.
fn check_members(message: &Parameters, draft: &Draft) -> Result<(), Refusal> {
    let text = draft.text.as_deref().unwrap_or_default();
    let others = ["attachment", "attachments", "sticker_id", "template"];
    let others = others.iter().filter(|name| message.contains_key(**name));
    match (others.count(), draft.text.is_some()) {
        (0, _) if text.is_empty() => Err(Refusal::parameter(
            "Message cannot be empty, must provide valid attachment or text",
        )),
        (0, _) | (1, false) => Ok(()),
        _ => Err(Refusal::parameter(
            "A message has either text or an attachment, not both",
        )),
    }?;
    if text.chars().count() > LONGEST_TEXT {
        let words = "Length of param message[text] must be less than or equal to 2000";
        return Err(Refusal::parameter(words));
    }
    let metadata = draft.metadata.as_deref().unwrap_or_default();
    if metadata.chars().count() >= LONGEST_METADATA {
        return Err(Refusal::parameter(
            "Length of param message[metadata] must be less than 1000",
        ));
    }
    Ok(())
}

/// Saves an attachment.
pub(crate) fn saved(found: &Attachment, at: u64) -> Saved {
    Saved {
        kind: found.kind.clone(),
        url: found.url.clone(),
        file: found.file.clone(),
        at,
    }
}

/// A stack of images.
fn images(world: &mut World, page: &str, stack: &Value) -> Result<Vec<Attachment>, Refusal> {
    let stack = stack.as_array().filter(|stack| !stack.is_empty());
    let Some(stack) = stack.filter(|stack| stack.len() <= MOST_IMAGES) else {
        let words = format!("Param message[attachments] must have 1 to {MOST_IMAGES} images");
        return Err(Refusal::parameter(&words));
    };
    let mut found = Vec::new();
    for image in stack {
        let described = image.as_object().cloned().unwrap_or_default();
        if described.get("type").and_then(Value::as_str) != Some("image") {
            return Err(Refusal::parameter(
                "Param message[attachments] must have images only",
            ));
        }
        found.push(attachment(world, page, &described, None)?);
    }
    Ok(found)
}

/// A medium: by its address, by its id, or in the same request.
pub(crate) fn attachment(
    world: &mut World,
    page: &str,
    described: &Parameters,
    file: Option<&File>,
) -> Result<Attachment, Refusal> {
    let kind = string(described, "type")?.unwrap_or_default();
    if !matches!(kind.as_str(), "image" | "audio" | "video" | "file") {
        return Err(Refusal::parameter(
            "Param message[attachment][type] must be one of {image, audio, video, file, template}",
        ));
    }
    let payload = object(described, "payload")?.unwrap_or_default();
    if let Some(id) = text(payload.get("attachment_id")) {
        let saved = world.page(page).and_then(|page| page.attachments.get(&id));
        let now = world.now();
        let is_usable = |saved: &&Saved| saved.kind == kind && now < saved.at + SAVED;
        let saved = saved.filter(is_usable);
        let invalid = || Refusal::parameter("Invalid attachment id").with_subcode(2_018_074);
        let saved = saved.ok_or_else(invalid)?;
        return Ok(match &saved.file {
            Some(file) => media::attachment(world, &kind, file),
            None => Attachment::new(kind, saved.url.clone()),
        });
    }
    if let Some(file) = file {
        return upload(world, &kind, file);
    }
    let url = string(&payload, "url")?.unwrap_or_default();
    if !(url.starts_with("https://") || url.starts_with("http://")) {
        let words = "Failed to fetch the file from the url";
        return Err(Refusal::parameter(words).with_subcode(2_018_008));
    }
    Ok(Attachment::new(kind, url))
}

fn upload(world: &mut World, kind: &str, file: &File) -> Result<Attachment, Refusal> {
    let is_fitting = match (kind, file.media_type.as_deref()) {
        ("file", _) | (_, None) => true,
        (kind, Some(media_type)) => media_type.starts_with(&format!("{kind}/")),
    };
    if file.bytes.is_empty() || !is_fitting {
        let words = "Upload attachment failure.";
        return Err(Refusal::parameter(words).with_subcode(2_018_047));
    }
    let kept = file::File {
        name: file.name.clone(),
        media_type: file.media_type.clone().unwrap_or_default(),
        bytes: file.bytes.clone(),
    };
    Ok(media::keep(world, kind, kept))
}

fn quick_replies(message: &Parameters) -> Result<Vec<Value>, Refusal> {
    let replies = match message.get("quick_replies") {
        None => return Ok(Vec::new()),
        Some(Value::Array(replies)) => replies,
        Some(_) => {
            return Err(Refusal::parameter(
                "Param message[quick_replies] must be an array",
            ));
        }
    };
    if !(1..=13).contains(&replies.len()) {
        return Err(Refusal::parameter(
            "Param message[quick_replies] must have 1 to 13 elements",
        ));
    }
    let mut kept = replies.clone();
    for reply in &mut kept {
        let kind = reply["content_type"].as_str().unwrap_or_default();
        // A number is as good as a text, and comes back as text.
        let payload = text(reply.get("payload"));
        let has_title = reply["title"].is_string() && payload.is_some();
        let is_known = match kind {
            "text" => has_title,
            kind => matches!(kind, "user_email" | "user_phone_number"),
        };
        if !is_known {
            return Err(Refusal::parameter(
                "A quick reply of type text needs a title and a payload",
            ));
        }
        if let Some(payload) = payload {
            reply["payload"] = Value::String(payload);
        }
    }
    Ok(kept)
}
