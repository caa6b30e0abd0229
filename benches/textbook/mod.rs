//! How such events are mostly read: owned structs, `flatten`, `untagged`, the rest as a `Value`.

#![allow(dead_code)] // The fields are there to be filled.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::Value;

pub(crate) fn parse(body: &[u8]) -> Option<Body> {
    serde_json::from_slice(body).ok()
}

#[derive(Deserialize)]
pub(crate) struct Body {
    object: String,
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    id: String,
    time: Option<i64>,
    #[serde(default)]
    messaging: Vec<Item>,
    #[serde(default)]
    standby: Vec<Item>,
}

#[derive(Deserialize)]
struct Item {
    sender: Option<Party>,
    recipient: Option<Party>,
    timestamp: Option<i64>,
    #[serde(flatten)]
    kind: Kind,
}

#[derive(Deserialize)]
struct Party {
    id: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Kind {
    Message { message: Message },
    Postback { postback: Postback },
    Delivery { delivery: Receipt },
    Read { read: Receipt },
    Other(HashMap<String, Value>),
}

#[derive(Deserialize)]
struct Message {
    mid: String,
    text: Option<String>,
    quick_reply: Option<QuickReply>,
    reply_to: Option<ReplyTo>,
    #[serde(default)]
    attachments: Vec<Attachment>,
    #[serde(default)]
    is_echo: bool,
    app_id: Option<i64>,
    metadata: Option<String>,
}

#[derive(Deserialize)]
struct QuickReply {
    payload: String,
}

#[derive(Deserialize)]
struct ReplyTo {
    mid: String,
}

#[derive(Deserialize)]
struct Attachment {
    #[serde(rename = "type")]
    kind: String,
    payload: Option<Payload>,
}

#[derive(Deserialize)]
struct Payload {
    url: Option<String>,
    title: Option<String>,
    sticker_id: Option<i64>,
}

#[derive(Deserialize)]
struct Postback {
    mid: Option<String>,
    title: Option<String>,
    payload: Option<String>,
}

#[derive(Deserialize)]
struct Receipt {
    watermark: i64,
    #[serde(default)]
    mids: Vec<String>,
}
