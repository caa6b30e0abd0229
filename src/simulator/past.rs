//! Conversations as the Graph API shows them: what was said before.

use serde_json::{Value, json};

use super::Platform;
use super::graph::Refusal;
use super::parameters::{Parameters, listing};
use super::world::{Message, Thread, World};

/// How many messages are shown in detail.
const IN_DETAIL: usize = 20;

/// The conversations of the Page, last active first.
pub(super) fn conversations(
    platform: &Platform,
    parameters: &Parameters,
) -> Result<Value, Refusal> {
    let world = platform.world();
    let with = parameters.get("user_id").and_then(Value::as_str);
    let mut threads: Vec<&Thread> = world
        .threads
        .iter()
        .filter(|thread| with.is_none_or(|psid| psid == thread.person.psid))
        .filter(|thread| !thread.messages.is_empty())
        .collect();
    threads.sort_by_key(|thread| std::cmp::Reverse(last(thread)));
    let wanted = parameters.get("fields").and_then(Value::as_str);
    let wanted = wanted.unwrap_or("id,link,updated_time");
    let shown: Vec<Value> = threads
        .into_iter()
        .map(|thread| conversation(platform, thread, wanted))
        .collect();
    listing(shown.into_iter(), parameters)
}

/// One conversation; nothing when there is none.
pub(super) fn one_conversation(
    platform: &Platform,
    id: &str,
    parameters: &Parameters,
) -> Option<Result<Value, Refusal>> {
    let world = platform.world();
    let thread = world.thread(id.strip_prefix("t_")?)?;
    let wanted = parameters.get("fields").and_then(Value::as_str);
    let wanted = wanted.unwrap_or("id,link,updated_time");
    Some(Ok(conversation(platform, thread, wanted)))
}

/// The messages of a conversation, newest first; nothing when there is no such conversation.
pub(super) fn messages(
    platform: &Platform,
    id: &str,
    parameters: &Parameters,
) -> Option<Result<Value, Refusal>> {
    let world = platform.world();
    let thread = world.thread(id.strip_prefix("t_")?)?;
    let shown: Vec<Value> = newest(platform, thread).collect();
    Some(listing(shown.into_iter(), parameters))
}

/// One message; nothing when there is none.
pub(super) fn message(platform: &Platform, mid: &str) -> Option<Result<Value, Refusal>> {
    let world = platform.world();
    let (thread, place) = find(&world, mid)?;
    let newer = thread.messages.len() - place;
    if newer > IN_DETAIL {
        let words = "(#9000001) The message has been deleted.";
        return Some(Err(Refusal::new(9_000_001, words)));
    }
    Some(Ok(show(platform, thread, &thread.messages[place])))
}

fn find<'a>(world: &'a World, mid: &str) -> Option<(&'a Thread, usize)> {
    world.threads.iter().find_map(|thread| {
        let mut messages = thread.messages.iter();
        let place = messages.position(|message| message.mid == mid)?;
        Some((thread, place))
    })
}

fn last(thread: &Thread) -> u64 {
    thread
        .messages
        .last()
        .map_or(0, |message| message.timestamp)
}

fn conversation(platform: &Platform, thread: &Thread, wanted: &str) -> Value {
    let app = &platform.app;
    let person = thread.person;
    let mut shown = json!({"id": format!("t_{}", person.psid)});
    // Braces hold the fields of what is nested.
    let (outer, nested) = match wanted.split_once('{') {
        Some((outer, _)) => (outer, true),
        None => (wanted, false),
    };
    for field in outer.split(',').map(str::trim) {
        match field {
            "updated_time" => shown[field] = json!(time(last(thread))),
            "participants" => {
                shown[field] = json!({"data": [
                    {"name": person.name, "email": format!("{}@facebook.com", person.psid), "id": person.psid},
                    {"name": app.page_name, "email": format!("{}@facebook.com", app.page_id), "id": app.page_id},
                ]});
            }
            "can_reply" => shown[field] = json!(true),
            "message_count" => shown[field] = json!(thread.messages.len()),
            "unread_count" => {
                let unread = thread.messages.iter();
                let unread =
                    unread.filter(|message| !message.from_page && message.timestamp > thread.seen);
                shown[field] = json!(unread.count());
            }
            _ => {}
        }
    }
    let limit = outer
        .split("messages.limit(")
        .nth(1)
        .and_then(|rest| rest.trim_end_matches(')').parse::<usize>().ok());
    if let Some(limit) = limit.filter(|_| nested) {
        let messages: Vec<Value> = newest(platform, thread).take(limit).collect();
        shown["messages"] = json!({ "data": messages });
    }
    shown
}

fn newest<'a>(platform: &'a Platform, thread: &'a Thread) -> impl Iterator<Item = Value> + 'a {
    let messages = thread.messages.iter().rev().take(IN_DETAIL);
    messages.map(move |message| show(platform, thread, message))
}

fn show(platform: &Platform, thread: &Thread, message: &Message) -> Value {
    let app = &platform.app;
    let person = json!({"name": thread.person.name, "email": format!("{}@facebook.com", thread.person.psid), "id": thread.person.psid});
    let page = json!({"name": app.page_name, "email": format!("{}@facebook.com", app.page_id), "id": app.page_id});
    let (from, to) = if message.from_page {
        (page, person)
    } else {
        (person, page)
    };
    let mut shown = json!({
        "id": message.mid, "created_time": time(message.timestamp), "from": from, "to": {"data": [to]},
        "message": message.text.as_deref().unwrap_or_default(),
    });
    if let Some(attachment) = &message.attachment {
        let mut data = json!({"id": "1", "mime_type": format!("{}/*", attachment.kind), "size": 1});
        match attachment.kind.as_str() {
            "image" => data["image_data"] = json!({"url": attachment.url}),
            "video" => data["video_data"] = json!({"url": attachment.url}),
            _ => data["file_url"] = json!(attachment.url),
        }
        shown["attachments"] = json!({ "data": [data] });
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
