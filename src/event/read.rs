//! From the JSON of one event to its type. A bad field costs the field, a bad event its typing.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Attachment, Channel, Event, Kind, Message, Postback};
use crate::{text::Text, time::Timestamp};

impl<'a> Event<'a> {
    pub(crate) fn unrecognized(
        channel: Channel,
        page: Option<Text<'a>>,
        raw: &'a RawValue,
        reason: &'static str,
    ) -> Self {
        let kind = Kind::Unrecognized { name: None, reason };
        Self {
            channel,
            page,
            sender: None,
            recipient: None,
            timestamp: None,
            kind,
            raw,
        }
    }

    pub(crate) fn read(channel: Channel, page: Option<Text<'a>>, raw: &'a RawValue) -> Self {
        let Ok(item) = serde_json::from_str::<Item<'_>>(raw.get()) else {
            return Self::unrecognized(channel, page, raw, "the event is unreadable");
        };
        let kind = match channel {
            Channel::Messaging | Channel::Standby => item.kind(),
            _ => Kind::Unrecognized {
                name: item.field.clone(),
                reason: "this kind has no type yet",
            },
        };
        Self {
            channel,
            page,
            sender: item.sender.and_then(|party| party.id),
            recipient: item.recipient.and_then(|party| party.id),
            timestamp: item.timestamp,
            kind,
            raw,
        }
    }
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default, deserialize_with = "lenient")]
    sender: Option<Party<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    recipient: Option<Party<'a>>,
    #[serde(default, deserialize_with = "moment")]
    timestamp: Option<Timestamp>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    field: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    message: Option<MessageJson<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    postback: Option<PostbackJson<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    delivery: Option<Receipt<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    read: Option<Receipt<'a>>,
}

impl<'a> Item<'a> {
    fn kind(&self) -> Kind<'a> {
        if let Some(message) = &self.message {
            let typed = message.typed();
            if message.is_echo {
                Kind::Echo(typed)
            } else {
                Kind::Message(typed)
            }
        } else if let Some(postback) = &self.postback {
            Kind::Postback(Postback {
                mid: postback.mid.clone(),
                title: postback.title.clone(),
                payload: postback.payload.clone(),
            })
        } else if let Some(delivery) = &self.delivery {
            Kind::Delivery {
                watermark: delivery.watermark,
                mids: delivery.mids.clone().unwrap_or_default(),
            }
        } else if let Some(read) = &self.read {
            Kind::Read {
                watermark: read.watermark,
            }
        } else {
            Kind::Unrecognized {
                name: self.field.clone(),
                reason: "this kind has no type yet",
            }
        }
    }
}

#[derive(Deserialize)]
struct Party<'a> {
    #[serde(borrow, default, deserialize_with = "lenient")]
    id: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct MessageJson<'a> {
    #[serde(borrow, default, deserialize_with = "lenient")]
    mid: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    text: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    quick_reply: Option<QuickReply<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    attachments: Option<Vec<&'a RawValue>>,
    #[serde(default, deserialize_with = "truth")]
    is_echo: bool,
    #[serde(borrow, default, deserialize_with = "lenient")]
    app_id: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    metadata: Option<Text<'a>>,
}

impl<'a> MessageJson<'a> {
    fn typed(&self) -> Message<'a> {
        Message {
            mid: self.mid.clone(),
            text: self.text.clone(),
            quick_reply: self
                .quick_reply
                .as_ref()
                .and_then(|reply| reply.payload.clone()),
            attachments: attachments(self.attachments.as_deref().unwrap_or_default()),
            app_id: self.app_id.clone(),
            metadata: self.metadata.clone(),
        }
    }
}

/// Until 2026-08-30 a sticker came with a twin of type `image`: the twin is dropped.
fn attachments<'a>(raw: &[&'a RawValue]) -> Vec<Attachment<'a>> {
    let mut read: Vec<Attachment<'a>> = raw.iter().map(|raw| attachment(raw)).collect();
    let stickers: Vec<Option<Text<'a>>> = read
        .iter()
        .filter(|one| one.kind.as_str() == "sticker")
        .map(|one| one.url.clone())
        .collect();
    read.retain(|one| one.kind.as_str() != "image" || !stickers.contains(&one.url));
    read
}

fn attachment(raw: &RawValue) -> Attachment<'_> {
    let Ok(json) = serde_json::from_str::<AttachmentJson<'_>>(raw.get()) else {
        return Attachment {
            kind: "unknown".into(),
            url: None,
            title: None,
        };
    };
    let payload = json.payload.unwrap_or(PayloadJson {
        url: None,
        title: None,
    });
    Attachment {
        kind: json.r#type.unwrap_or_else(|| "unknown".into()),
        url: payload.url.or(json.url),
        title: payload.title.or(json.title),
    }
}

#[derive(Deserialize)]
struct QuickReply<'a> {
    #[serde(borrow, default, deserialize_with = "lenient")]
    payload: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct AttachmentJson<'a> {
    #[serde(borrow, default, deserialize_with = "lenient")]
    r#type: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    payload: Option<PayloadJson<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    title: Option<Text<'a>>,
    #[serde(borrow, default, alias = "URL", deserialize_with = "lenient")]
    url: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct PayloadJson<'a> {
    #[serde(borrow, default, deserialize_with = "lenient")]
    url: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    title: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct PostbackJson<'a> {
    #[serde(borrow, default, deserialize_with = "lenient")]
    mid: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    title: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    payload: Option<Text<'a>>,
}

#[derive(Deserialize)]
struct Receipt<'a> {
    #[serde(default, deserialize_with = "moment")]
    watermark: Option<Timestamp>,
    #[serde(borrow, default, deserialize_with = "lenient")]
    mids: Option<Vec<Text<'a>>>,
}

/// A member of another type than expected, or `null`, is an absent one.
fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let raw = <&'de RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}

/// Milliseconds or seconds, as a number or as a string of digits.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text: Option<Text<'de>> = lenient(deserializer)?;
    Ok(text
        .and_then(|text| text.parse().ok())
        .map(Timestamp::from_meta))
}

fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    let raw = <&'de RawValue>::deserialize(deserializer)?;
    Ok(matches!(raw.get(), "true" | "\"true\""))
}
