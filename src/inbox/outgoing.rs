//! The stored form of a message that waits to be sent.

use serde_json::{Map, Value, json};

use crate::{
    change::Change,
    event::Event,
    graph::{
        InvalidMessage,
        send::{OutgoingContent, OutgoingMessage},
    },
    id::Psid,
    model::{Button, Content, Outgoing, OutgoingKey},
    time::Timestamp,
};

/// Returns the stored form: the content to show, and the request without recipient and metadata.
pub(super) fn store(message: &OutgoingMessage) -> Outgoing {
    let mut request = json!(message);
    let outgoing = Outgoing::from(content(message, request["message"].clone()));
    if let Some(request) = request.as_object_mut() {
        request.remove("recipient");
        remove_metadata(request);
        // The quote shows in the conversation, also when the request must leave it out.
        if let Some(quoted) = message.reply_to() {
            request.insert("reply_to".to_owned(), json!({ "mid": quoted }));
        }
    }
    let text = outgoing.content.text.as_deref();
    // Nearly all replies: the text is stored once.
    let plain = json!({"messaging_type": "RESPONSE", "message": {"text": text}});
    if request == plain {
        return outgoing;
    }
    outgoing.with_request(request.to_string())
}

/// The message to send. The key comes back in its echo, which settles a reply whose outcome is
/// unknown.
pub(super) fn message(
    outgoing: &Outgoing,
    to: &Psid,
    key: &OutgoingKey,
) -> Result<OutgoingMessage, InvalidMessage> {
    let Some(request) = &outgoing.request else {
        let text = outgoing.content.text.clone().unwrap_or_default();
        return OutgoingMessage::text(to, text)?.with_metadata(key.as_str());
    };
    let unreadable = || InvalidMessage::Mismatch("the stored request is not one of this version");
    let mut request: Map<String, Value> =
        serde_json::from_str(request).map_err(|_| unreadable())?;
    request.insert("recipient".to_owned(), json!({ "id": to }));
    remove_metadata(&mut request);
    let message: OutgoingMessage =
        serde_json::from_value(Value::Object(request)).map_err(|_| unreadable())?;
    message.with_metadata(key.as_str())
}

fn remove_metadata(request: &mut Map<String, Value>) {
    if let Some(message) = request.get_mut("message").and_then(Value::as_object_mut) {
        message.remove("metadata");
    }
}

/// Content to show: that of the echo, so that both look alike. `said` is the message of the request.
fn content(message: &OutgoingMessage, mut said: Value) -> Content {
    let quick_replies = said["quick_replies"].take();
    if let Some(said) = said.as_object_mut() {
        if let Some(attachment) = said.remove("attachment") {
            said.insert("attachments".to_owned(), json!([attachment]));
        }
        said.insert("mid".to_owned(), json!("m_queued"));
        said.insert("is_echo".to_owned(), json!(true));
        if let Some(quoted) = message.reply_to() {
            said.insert("reply_to".to_owned(), json!({ "mid": quoted }));
        }
    }
    let echo = json!({"object": "page", "entry": [{"id": "1", "time": 1, "messaging": [{
        "sender": {"id": "1"}, "recipient": {"id": "2"}, "timestamp": 1, "message": said,
    }]}]});
    let echo = echo.to_string();
    let change = Event::from_unverified_json(&echo)
        .map(|event| Change::of(&event, Timestamp::from_millis(1)));
    let mut content = match change {
        Ok(Change::Echoed { entry, .. }) => entry.content,
        _ => Content::default(),
    };
    // The raw echo would be ours, not Meta's.
    content.raw = None;
    if let OutgoingContent::Utility(template) = message.content() {
        content.title = Some(template.name.clone());
    }
    let quick_replies = quick_replies.as_array().into_iter().flatten();
    content.buttons.extend(quick_replies.map(|reply| Button {
        kind: Some("quick_reply".to_owned()),
        title: reply["title"].as_str().map(str::to_owned),
        payload: reply["payload"].as_str().map(str::to_owned),
        ..Button::default()
    }));
    content
}
