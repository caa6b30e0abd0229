//! Acts of a person on their phone.

use serde_json::{Value, json};
use thiserror::Error;

use crate::simulator::world::World;
use crate::simulator::world::file::File;
use crate::simulator::world::page::Page;
use crate::simulator::world::thread::{Attachment, Draft, Message, Opening, Thread};

use super::event::Event;
use super::notify::{content, notify, notify_change};
use super::{media, private_reply};

/// How long an account-linking token lives, in milliseconds.
const LINKING_LIFE: u64 = 5 * 60 * 1000;
/// How often a person can edit a message.
const MOST_EDITS: u32 = 5;

/// Error for an act that a phone cannot do.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PhoneError {
    /// Nobody has this PSID.
    #[error("nobody has this psid: use one of the people of the scene")]
    UnknownPerson,
    /// There is nothing to send in a blank text.
    #[error("text is blank: a message needs at least one visible character")]
    BlankText,
    /// There is nothing in the file.
    #[error("the file is empty: it needs at least one byte")]
    EmptyFile,
    /// The thread has no such message, or it is not of the side that the act needs.
    #[error("the thread has no message with this id that this can be done to")]
    UnknownMessage,
    /// The Page has sent no button, quick reply or menu item with this title.
    #[error("nothing with this title can be tapped: the Page has not sent it")]
    NothingToTap,
    /// The button opens a web address or a call, which sends nothing to the Page.
    #[error("the button opens something outside Messenger: it sends nothing to the Page")]
    OpensAddress,
    /// The message was edited five times, or unsent.
    #[error("the message cannot be edited any more")]
    NotEditable,
    /// The Page blocked this person, or the person blocked the Page.
    #[error("a block is in force: neither side can write")]
    Blocked,
    /// The attachment is of none of the known kinds.
    #[error("the kind of the attachment is not image, audio, video, file or sticker")]
    UnknownKind,
}

fn event<'a>(
    page: &'a str,
    psid: &'a str,
    timestamp: u64,
    name: &'static str,
    content: Value,
) -> Event<'a> {
    Event {
        page,
        psid: Some(psid),
        timestamp,
        name,
        content,
    }
}

fn page_of(world: &World, psid: &str) -> Result<String, PhoneError> {
    let page = world.page_of(psid).ok_or(PhoneError::UnknownPerson)?;
    Ok(page.id.clone())
}

/// Opens the standard window: the person did something that counts.
fn open_window(world: &mut World, psid: &str, at: u64, from_ad: bool) {
    if let Some(thread) = world.thread_mut(psid) {
        thread.opening = Some(Opening { at, from_ad });
    }
}

/// The person sends a message; returns its id. `extra` is merged into the event's content.
pub(crate) fn send(
    world: &mut World,
    psid: &str,
    draft: Draft,
    extra: Option<(&str, Value)>,
) -> Result<String, PhoneError> {
    let page = page_of(world, psid)?;
    let is_blank = draft
        .text
        .as_deref()
        .is_none_or(|text| text.trim().is_empty());
    if is_blank && draft.attachments.is_empty() {
        return Err(PhoneError::BlankText);
    }
    check_block(world, psid)?;
    if let Some(mid) = &draft.reply_to {
        let thread = world.thread(psid).ok_or(PhoneError::UnknownPerson)?;
        thread.message(mid).ok_or(PhoneError::UnknownMessage)?;
    }
    let message = world
        .keep(psid, None, draft)
        .ok_or(PhoneError::UnknownPerson)?;
    let mut content = content(&message);
    if let Some((name, value)) = extra {
        content[name] = value;
    }
    let referral = take_referral(world, psid);
    let from_ad = referral
        .as_ref()
        .is_some_and(|referral| referral["source"] == "ADS");
    if let Some(referral) = referral {
        content["referral"] = referral;
    }
    open_window(world, psid, message.timestamp, from_ad);
    let event = event(&page, psid, message.timestamp, "message", content);
    notify(world, "messages", &event, Some(&message.mid));
    Ok(message.mid)
}

fn check_block(world: &World, psid: &str) -> Result<(), PhoneError> {
    let thread = world.thread(psid).ok_or(PhoneError::UnknownPerson)?;
    if thread.is_blocked || thread.has_blocked_page {
        return Err(PhoneError::Blocked);
    }
    Ok(())
}

fn take_referral(world: &mut World, psid: &str) -> Option<Value> {
    world.thread_mut(psid)?.referral.take()
}

/// The person sends an attachment of a kind that this simulator has a sample of.
pub(crate) fn send_attachment(
    world: &mut World,
    psid: &str,
    attachment: Attachment,
    reply_to: Option<String>,
) -> Result<String, PhoneError> {
    if !matches!(
        attachment.kind.as_str(),
        "image" | "audio" | "video" | "file" | "sticker"
    ) {
        return Err(PhoneError::UnknownKind);
    }
    let draft = Draft {
        attachments: vec![attachment],
        reply_to,
        ..Draft::default()
    };
    send(world, psid, draft, None)
}

/// The person sends an uploaded file.
pub(crate) fn upload(
    world: &mut World,
    psid: &str,
    file: File,
    reply_to: Option<String>,
) -> Result<String, PhoneError> {
    if file.bytes.is_empty() {
        return Err(PhoneError::EmptyFile);
    }
    page_of(world, psid)?;
    check_block(world, psid)?;
    let kind = match file.media_type.split('/').next() {
        Some(kind @ ("image" | "audio" | "video")) => kind.to_owned(),
        _ => "file".to_owned(),
    };
    let attachment = media::keep(world, &kind, file);
    send_attachment(world, psid, attachment, reply_to)
}

/// The person comments on a post of the Page; returns the id of the comment.
pub(crate) fn comment(world: &mut World, psid: &str, text: &str) -> Result<String, PhoneError> {
    let page = page_of(world, psid)?;
    if text.trim().is_empty() {
        return Err(PhoneError::BlankText);
    }
    let at = world.clock.tick();
    let id = private_reply::comment(world, &page, psid, at).ok_or(PhoneError::UnknownPerson)?;
    let name = world.thread(psid).map(|thread| thread.person.name.clone());
    let post = format!("{page}_1");
    let value = json!({
        "item": "comment", "verb": "add", "comment_id": id, "post_id": post, "parent_id": post,
        "from": {"id": psid, "name": name}, "created_time": at / 1000, "message": text,
    });
    notify_change(world, &page, "feed", &value);
    Ok(id)
}

/// The person taps a button, a quick reply or a menu item of this title; returns the id of the
/// message or postback.
pub(crate) fn tap(world: &mut World, psid: &str, title: &str) -> Result<String, PhoneError> {
    let found = find_button(world, psid, title)?;
    check_block(world, psid)?;
    let text_of = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
    let (title, payload) = (text_of("title"), text_of("payload"));
    match found["type"].as_str().or(found["content_type"].as_str()) {
        Some("postback") => postback(world, psid, &title, &payload),
        Some("text") => {
            let draft = Draft {
                text: Some(title),
                ..Draft::default()
            };
            let extra = ("quick_reply", json!({"payload": payload}));
            send(world, psid, draft, Some(extra))
        }
        Some(kind @ ("user_email" | "user_phone_number")) => {
            let value = match kind {
                "user_email" => format!("{psid}@mail.example"),
                _ => "+15555550100".to_owned(),
            };
            let extra = ("quick_reply", json!({"payload": value}));
            let draft = Draft {
                text: Some(value),
                ..Draft::default()
            };
            send(world, psid, draft, Some(extra))
        }
        _ => Err(PhoneError::OpensAddress),
    }
}

/// Finds what can be tapped: the newest message first, then the persistent menu and ice breakers.
fn find_button(world: &World, psid: &str, title: &str) -> Result<Value, PhoneError> {
    let page = world.page_of(psid).ok_or(PhoneError::UnknownPerson)?;
    let thread = page.thread(psid).ok_or(PhoneError::UnknownPerson)?;
    // Quick replies go away with the next message.
    let quick = thread.messages.last().into_iter();
    let quick = quick.flat_map(|message| message.quick_replies.clone());
    let buttons = thread.messages.iter().rev().flat_map(buttons);
    let menu = menu(page, thread);
    let mut all = quick.chain(buttons).chain(menu);
    let found = all.find(|button| button_title(button) == title);
    found.ok_or(PhoneError::NothingToTap)
}

/// Title of a button, or its type when it has none.
pub(crate) fn button_title(button: &Value) -> &str {
    let title = button["title"].as_str().or(button["text"].as_str());
    let kind = button["type"].as_str().or(button["content_type"].as_str());
    title.or(kind).unwrap_or_default()
}

/// The buttons of a template, those of its elements included.
pub(crate) fn buttons(message: &Message) -> Vec<Value> {
    let Some(template) = &message.template else {
        return Vec::new();
    };
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let mut found = list(&template["buttons"]);
    for element in list(&template["elements"]) {
        found.extend(list(&element["buttons"]));
    }
    found
}

/// Items of the persistent menu (of the person, or else of the Page) and the ice breakers, as postback
/// or URL buttons.
pub(crate) fn menu(page: &Page, thread: &Thread) -> Vec<Value> {
    let actions = |name: &str| {
        let own = thread.menu.as_ref().filter(|_| name == "persistent_menu");
        let set = own.or(page.profile.get(name)).and_then(Value::as_array);
        let first = set.and_then(|set| set.first()).cloned().unwrap_or_default();
        let actions = first["call_to_actions"].as_array().cloned();
        actions.unwrap_or_default()
    };
    let questions = actions("ice_breakers").into_iter().map(|question| {
        json!({"type": "postback", "title": question["question"], "payload": question["payload"]})
    });
    let mut found = actions("persistent_menu");
    found.extend(questions);
    found
}

/// The person taps *Get Started*; returns the id of the postback.
///
/// The payload is the one of the Messenger profile, and `GET_STARTED` when none is set.
pub(crate) fn get_started(world: &mut World, psid: &str) -> Result<String, PhoneError> {
    let page = world.page_of(psid).ok_or(PhoneError::UnknownPerson)?;
    let set = page.profile.get("get_started");
    let payload = set.and_then(|set| set["payload"].as_str());
    let payload = payload.unwrap_or("GET_STARTED").to_owned();
    check_block(world, psid)?;
    postback(world, psid, "Get Started", &payload)
}

fn postback(
    world: &mut World,
    psid: &str,
    title: &str,
    payload: &str,
) -> Result<String, PhoneError> {
    let page = page_of(world, psid)?;
    let draft = Draft {
        text: Some(title.to_owned()),
        ..Draft::default()
    };
    let message = world
        .keep(psid, None, draft)
        .ok_or(PhoneError::UnknownPerson)?;
    let mut content = json!({"mid": message.mid, "title": title, "payload": payload});
    if let Some(referral) = take_referral(world, psid) {
        content["referral"] = referral;
    }
    open_window(world, psid, message.timestamp, false);
    let event = event(&page, psid, message.timestamp, "postback", content);
    notify(world, "messaging_postbacks", &event, Some(&message.mid));
    Ok(message.mid)
}

/// The person comes through an m.me link or an ad.
///
/// In a thread with messages that is an event; otherwise the next message or *Get Started* carries
/// it.
fn arrive(world: &mut World, psid: &str, referral: Value) -> Result<(), PhoneError> {
    let page = page_of(world, psid)?;
    let thread = world.thread_mut(psid).ok_or(PhoneError::UnknownPerson)?;
    if thread.messages.is_empty() {
        thread.referral = Some(referral);
        return Ok(());
    }
    let timestamp = world.clock.tick();
    open_window(world, psid, timestamp, false);
    let event = event(&page, psid, timestamp, "referral", referral);
    notify(world, "messaging_referrals", &event, None);
    Ok(())
}

/// The person follows an m.me link.
pub(crate) fn follow_link(
    world: &mut World,
    psid: &str,
    reference: &str,
) -> Result<(), PhoneError> {
    let referral = json!({"ref": reference, "source": "SHORTLINK", "type": "OPEN_THREAD"});
    arrive(world, psid, referral)
}

/// The person clicks an ad that opens Messenger.
pub(crate) fn click_ad(
    world: &mut World,
    psid: &str,
    ad_id: &str,
    title: &str,
    reference: Option<&str>,
) -> Result<(), PhoneError> {
    let mut referral = json!({
        "ad_id": ad_id, "source": "ADS", "type": "OPEN_THREAD",
        "ads_context_data": {"ad_title": title, "post_id": "559217392549680"},
    });
    if let Some(reference) = reference {
        referral["ref"] = json!(reference);
    }
    arrive(world, psid, referral)
}

/// The person edits one of their messages.
pub(crate) fn edit(world: &mut World, psid: &str, mid: &str, text: &str) -> Result<(), PhoneError> {
    let page = page_of(world, psid)?;
    if text.trim().is_empty() {
        return Err(PhoneError::BlankText);
    }
    let message = own_message(world, psid, mid)?;
    if message.edits == MOST_EDITS || message.is_unsent || message.text.is_none() {
        return Err(PhoneError::NotEditable);
    }
    message.edits += 1;
    message.text = Some(text.to_owned());
    let content = json!({"mid": mid, "text": text, "num_edit": message.edits});
    let timestamp = world.clock.tick();
    let event = event(&page, psid, timestamp, "message_edit", content);
    notify(world, "message_edits", &event, None);
    Ok(())
}

/// The person unsends one of their messages.
pub(crate) fn unsend(world: &mut World, psid: &str, mid: &str) -> Result<(), PhoneError> {
    let page = page_of(world, psid)?;
    let message = own_message(world, psid, mid)?;
    if message.is_unsent {
        return Err(PhoneError::NotEditable);
    }
    message.is_unsent = true;
    message.text = None;
    message.attachment = None;
    message.more_attachments.clear();
    let content = json!({"mid": mid, "is_deleted": true});
    let timestamp = world.clock.tick();
    let event = event(&page, psid, timestamp, "message", content);
    notify(world, "messages", &event, None);
    Ok(())
}

fn own_message<'a>(
    world: &'a mut World,
    psid: &str,
    mid: &str,
) -> Result<&'a mut Message, PhoneError> {
    let thread = world.thread_mut(psid).ok_or(PhoneError::UnknownPerson)?;
    let message = thread.message_mut(mid);
    let message = message.filter(|message| !message.from_page);
    message.ok_or(PhoneError::UnknownMessage)
}

/// The person reacts to a message with an emoji, or takes the reaction back.
pub(crate) fn react(
    world: &mut World,
    psid: &str,
    mid: &str,
    emoji: Option<&str>,
) -> Result<(), PhoneError> {
    let page = page_of(world, psid)?;
    let thread = world.thread_mut(psid).ok_or(PhoneError::UnknownPerson)?;
    let message = thread.message_mut(mid).ok_or(PhoneError::UnknownMessage)?;
    message.person_reaction = emoji.map(str::to_owned);
    let content = match emoji {
        Some(emoji) => json!({
            "mid": mid, "action": "react", "emoji": emoji, "reaction": reaction_name(emoji),
        }),
        None => json!({"mid": mid, "action": "unreact"}),
    };
    let timestamp = world.clock.tick();
    open_window(world, psid, timestamp, false);
    let event = event(&page, psid, timestamp, "reaction", content);
    notify(world, "message_reactions", &event, None);
    Ok(())
}

fn reaction_name(emoji: &str) -> &'static str {
    match emoji.trim_end_matches('\u{fe0f}') {
        "😊" | "😆" | "😀" => "smile",
        "😠" | "😡" => "angry",
        "😢" => "sad",
        "😮" => "wow",
        "❤" | "😍" => "love",
        "👍" => "like",
        "👎" => "dislike",
        _ => "other",
    }
}

/// The person has seen what the Page sent up to this time; returns whether any of it was new.
pub(crate) fn read(world: &mut World, psid: &str, until: u64) -> Result<bool, PhoneError> {
    let page = page_of(world, psid)?;
    let thread = world.thread_mut(psid).ok_or(PhoneError::UnknownPerson)?;
    let mut messages = thread.messages.iter().rev();
    let newest = messages.find(|message| message.from_page && message.timestamp <= until);
    let watermark = newest.map_or(0, |message| message.timestamp);
    if watermark <= thread.read {
        return Ok(false);
    }
    thread.read = watermark;
    let timestamp = world.clock.tick();
    let event = event(
        &page,
        psid,
        timestamp,
        "read",
        json!({"watermark": watermark}),
    );
    notify(world, "message_reads", &event, None);
    Ok(true)
}

/// The person opens the address of an *account link* button; returns the token that Meta adds to it.
pub(crate) fn open_account_link(world: &mut World, psid: &str) -> Result<String, PhoneError> {
    let token = world.names.token();
    let end = world.now() + LINKING_LIFE;
    let thread = world.thread_mut(psid).ok_or(PhoneError::UnknownPerson)?;
    thread.linking = Some((token.clone(), end));
    Ok(token)
}

/// The person has logged in, or their account is unlinked when there is no code.
pub(crate) fn link_account(
    world: &mut World,
    psid: &str,
    code: Option<&str>,
) -> Result<(), PhoneError> {
    let page = page_of(world, psid)?;
    let content = match code {
        Some(code) => json!({"status": "linked", "authorization_code": code}),
        None => json!({"status": "unlinked"}),
    };
    let timestamp = world.clock.tick();
    let event = event(&page, psid, timestamp, "account_linking", content);
    notify(world, "messaging_account_linking", &event, None);
    Ok(())
}

/// The person blocks the Page, or lifts the block.
pub(crate) fn block(world: &mut World, psid: &str, is_blocked: bool) -> Result<(), PhoneError> {
    let thread = world.thread_mut(psid).ok_or(PhoneError::UnknownPerson)?;
    thread.has_blocked_page = is_blocked;
    Ok(())
}
