//! Conversations as the Graph API shows them: what was said before.

use serde_json::{Value, json};

use crate::simulator::world::World;
use crate::simulator::world::page::Page;
use crate::simulator::world::thread::{Message, Thread};

use super::access::Caller;
use super::parameters::{Call, text};
use super::refusal::Refusal;
use super::window;
use super::{list, media};

/// How many messages of a thread are shown in detail.
const IN_DETAIL: usize = 20;
/// Fields of a conversation that are shown when none is named.
const FIELDS: &str = "id,link,updated_time";

/// The conversations of the Page, last active first.
pub(crate) fn conversations(
    world: &World,
    caller: &Caller,
    page: &str,
    call: Call<'_>,
) -> Result<Value, Refusal> {
    let page = world.page(page).ok_or_else(Refusal::no_such_person)?;
    let with = text(call.parameters.get("user_id"));
    let mut threads: Vec<&Thread> = page
        .threads
        .iter()
        .filter(|thread| with.as_ref().is_none_or(|psid| *psid == thread.person.psid))
        .filter(|thread| !thread.messages.is_empty())
        .collect();
    threads.sort_by_key(|thread| std::cmp::Reverse(last(thread)));
    let wanted = wanted(call, FIELDS);
    let shown = threads
        .into_iter()
        .map(|thread| conversation(world, page, thread, &wanted));
    list::page(&world.url, caller, call, shown)
}

/// One conversation. `None` when there is none.
pub(crate) fn one_conversation(
    world: &World,
    page: &str,
    id: &str,
    call: Call<'_>,
) -> Option<Result<Value, Refusal>> {
    let (page, thread) = find(world, page, id)?;
    let wanted = wanted(call, FIELDS);
    Some(Ok(conversation(world, page, thread, &wanted)))
}

/// The messages of a conversation, newest first. `None` when there is no such conversation.
///
/// All are listed; those older than the 20 newest have an id and a time only.
pub(crate) fn messages(
    world: &World,
    caller: &Caller,
    page: &str,
    id: &str,
    call: Call<'_>,
) -> Option<Result<Value, Refusal>> {
    let (page, thread) = find(world, page, id)?;
    let shown = newest(world, page, thread, thread.messages.len());
    Some(list::page(&world.url, caller, call, shown.into_iter()))
}

/// One message. `None` when there is none.
pub(crate) fn message(world: &World, page: &str, mid: &str) -> Option<Result<Value, Refusal>> {
    let page = world.page(page)?;
    let (thread, place) = page.threads.iter().find_map(|thread| {
        let mut messages = thread.messages.iter();
        let place = messages.position(|message| message.mid == mid)?;
        Some((thread, place))
    })?;
    let message = &thread.messages[place];
    if thread.messages.len() - place > IN_DETAIL || message.is_unsent {
        let words = "(#9000001) The message has been deleted.";
        return Some(Err(Refusal::new(9_000_001, words)));
    }
    Some(Ok(show(world, page, thread, message)))
}

/// The conversation with this id. `None` when the Page has none.
fn find<'a>(world: &'a World, page: &str, id: &str) -> Option<(&'a Page, &'a Thread)> {
    let page = world.page(page)?;
    let thread = page.thread(id.strip_prefix("t_")?)?;
    Some((page, thread))
}

fn wanted(call: Call<'_>, default: &str) -> String {
    let named = text(call.parameters.get("fields"));
    named.unwrap_or_else(|| default.to_owned())
}

fn last(thread: &Thread) -> u64 {
    thread
        .messages
        .last()
        .map_or(0, |message| message.timestamp)
}

/// Splits a list of fields at the commas that are outside braces and parentheses.
fn split_fields(fields: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0_usize, 0, Vec::new());
    for (place, sign) in fields.char_indices() {
        match sign {
            '{' | '(' => depth += 1,
            '}' | ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(fields[start..place].trim());
                start = place + 1;
            }
            _ => {}
        }
    }
    found.push(fields[start..].trim());
    found
}

fn conversation(world: &World, page: &Page, thread: &Thread, wanted: &str) -> Value {
    let mut shown = json!({"id": format!("t_{}", thread.person.psid)});
    let participants = || json!({"data": [of_person(thread), of_page(page)]});
    for field in split_fields(wanted) {
        let name = field.split(['{', '.', '(']).next().unwrap_or_default();
        match name {
            "link" => shown[name] = json!(format!("/{}/inbox/{}/", page.id, thread.person.psid)),
            "updated_time" => shown[name] = json!(time(last(thread))),
            "participants" | "senders" => shown[name] = participants(),
            "can_reply" => shown[name] = json!(window::is_open(thread, world.now())),
            "message_count" => shown[name] = json!(thread.messages.len()),
            "snippet" => {
                let newest = thread.messages.last();
                shown[name] = json!(newest.and_then(|newest| newest.text.as_deref()));
            }
            "unread_count" => {
                let unread = thread.messages.iter();
                let unread =
                    unread.filter(|message| !message.from_page && message.timestamp > thread.seen);
                shown[name] = json!(unread.count());
            }
            "messages" => {
                let limit = field.split("limit(").nth(1);
                let limit = limit.and_then(|rest| rest.split(')').next()?.parse().ok());
                let messages = newest(world, page, thread, limit.unwrap_or(25));
                // The inner list of an empty page is left out.
                if !messages.is_empty() {
                    shown[name] = json!({ "data": messages });
                }
            }
            _ => {}
        }
    }
    shown
}

fn newest(world: &World, page: &Page, thread: &Thread, limit: usize) -> Vec<Value> {
    let messages = thread.messages.iter().rev().take(limit).enumerate();
    let messages = messages.map(|(place, message)| {
        if place < IN_DETAIL {
            show(world, page, thread, message)
        } else {
            json!({"id": message.mid, "created_time": time(message.timestamp)})
        }
    });
    messages.collect()
}

fn of_person(thread: &Thread) -> Value {
    let (id, name) = (&thread.person.psid, &thread.person.name);
    json!({"name": name, "email": format!("{id}@facebook.com"), "id": id})
}

fn of_page(page: &Page) -> Value {
    let (id, name) = (&page.id, &page.name);
    json!({"name": name, "email": format!("{id}@facebook.com"), "id": id})
}

fn show(world: &World, page: &Page, thread: &Thread, message: &Message) -> Value {
    let (from, to) = match message.from_page {
        true => (of_page(page), of_person(thread)),
        false => (of_person(thread), of_page(page)),
    };
    let mut shown = json!({
        "id": message.mid, "created_time": time(message.timestamp), "from": from, "to": {"data": [to]},
        "message": message.text.as_deref().unwrap_or_default(),
    });
    let attachments = message.attachment.iter().chain(&message.more_attachments);
    let attachments: Vec<Value> = attachments
        .map(|attachment| {
            let url = media::address(world, attachment);
            let mut data =
                json!({"id": "1", "mime_type": format!("{}/*", attachment.kind), "size": 1});
            let file = attachment.file.as_ref();
            if let Some(file) = file.and_then(|id| world.files.get(id)) {
                data["name"] = json!(file.name);
                data["mime_type"] = json!(file.media_type);
                data["size"] = json!(file.bytes.len());
            }
            match attachment.kind.as_str() {
                "image" => data["image_data"] = json!({ "url": url }),
                "sticker" => {
                    data["image_data"] = json!({"url": url, "render_as_sticker": true});
                }
                "video" => data["video_data"] = json!({ "url": url }),
                _ => data["file_url"] = json!(url),
            }
            data
        })
        .collect();
    if !attachments.is_empty() {
        shown["attachments"] = json!({ "data": attachments });
    }
    if let Some(mid) = &message.reply_to {
        shown["reply_to"] = json!({"mid": mid});
    }
    let reactions = [
        (&message.reaction, of_page(page)),
        (&message.person_reaction, of_person(thread)),
    ];
    let reactions: Vec<Value> = reactions
        .into_iter()
        .filter_map(|(reaction, who)| {
            let reaction = reaction.as_ref()?;
            Some(json!({"reaction": reaction, "users": [who]}))
        })
        .collect();
    if !reactions.is_empty() {
        shown["reactions"] = json!({ "data": reactions });
    }
    shown
}

/// A time as the Graph API writes it: `2022-07-12T19:11:07+0000`.
fn time(millis: u64) -> String {
    let seconds = millis / 1000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let mut year = 1970;
    let mut day = days;
    let is_leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    while day >= if is_leap(year) { 366 } else { 365 } {
        day -= if is_leap(year) { 366 } else { 365 };
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    let day = day + 1;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}+0000")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_meta_does() {
        assert_eq!(time(1_657_653_067_999), "2022-07-12T19:11:07+0000");
        assert_eq!(time(0), "1970-01-01T00:00:00+0000");
        assert_eq!(time(1_709_251_199_000), "2024-02-29T23:59:59+0000");
        assert_eq!(time(1_735_689_599_000), "2024-12-31T23:59:59+0000");
    }
}
