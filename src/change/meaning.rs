//! From an event to the change that it means.

use super::Change;
use crate::{
    event::{Channel, Event, Kind, Message, Object},
    id::{Mid, PageId},
    store::{Attachment, ContactKey, Content, Entry, EntryId, OutgoingKey, Source},
    text::Text,
    time::Timestamp,
};

impl Change {
    /// What an event means: pure, and the same whenever Meta sends the event again.
    ///
    /// `now` stands in where an event bears no time, and caps times that lie far ahead, which would
    /// pin a customer to the top of the inbox for ever.
    pub fn of(event: &Event<'_>, now: Timestamp) -> Self {
        let latest = now.plus(std::time::Duration::from_secs(24 * 3600));
        let at = event.timestamp.map(|at| at.min(latest));
        let (Some(page), Some(psid)) = (event.page(), event.customer()) else {
            return Self::keep(event, now, "no page or no customer");
        };
        if event.object != Object::Page {
            return Self::keep(event, now, "the object is not a page");
        }
        if event.is_test() {
            return Self::keep(event, now, "a test of the dashboard");
        }
        let contact = ContactKey::new(page, psid);
        let source = if event.channel == Channel::Standby {
            Source::Standby
        } else {
            Source::Webhook
        };
        let entry = |id, content| Entry {
            id,
            at: at.unwrap_or(now),
            source,
            content,
        };
        match &event.kind {
            Kind::Message(message) => match mid(message.mid.as_ref()) {
                Some(mid) => Self::Received {
                    contact,
                    entry: entry(EntryId::of_message(&mid), content(message)),
                },
                None => Self::keep(event, now, "a message without an id"),
            },
            Kind::Echo(message) => match mid(message.mid.as_ref()) {
                Some(mid) => {
                    let key = message
                        .metadata
                        .as_ref()
                        .and_then(|metadata| OutgoingKey::parse(metadata).ok());
                    Self::Echoed {
                        contact,
                        entry: entry(EntryId::of_message(&mid), content(message)),
                        key,
                    }
                }
                None => Self::keep(event, now, "an echo without an id"),
            },
            Kind::Postback(postback) => {
                let id = mid(postback.mid.as_ref()).as_ref().map(EntryId::of_message);
                let time = event
                    .timestamp
                    .unwrap_or_default()
                    .as_millis()
                    .to_be_bytes();
                let title = postback.title.as_deref().unwrap_or_default();
                // Without the payload, which the standby copy lacks: a copy and a retry are one.
                let id = id
                    .unwrap_or_else(|| EntryId::of_parts(&[b"postback", &time, title.as_bytes()]));
                let content = Content {
                    title: postback.title.as_ref().map(Text::to_storable),
                    payload: postback.payload.as_ref().map(Text::to_storable),
                    ..Content::default()
                };
                Self::Received {
                    contact,
                    entry: entry(id, content),
                }
            }
            Kind::Delivery(receipt) => match receipt.watermark {
                Some(watermark) => Self::Delivered {
                    contact,
                    up_to: watermark.min(latest),
                },
                None => Self::keep(event, now, "a receipt without a watermark"),
            },
            Kind::Read(receipt) => match receipt.watermark {
                Some(watermark) => Self::Read {
                    contact,
                    up_to: watermark.min(latest),
                },
                None => Self::keep(event, now, "a receipt without a watermark"),
            },
            Kind::Unrecognized { reason, .. } => Self::keep(event, now, reason),
            _ => Self::keep(event, now, "it changes nothing here"),
        }
    }

    pub(crate) fn keep(event: &Event<'_>, now: Timestamp, reason: &str) -> Self {
        let raw = event.raw().as_bytes();
        let page = event.page();
        let id = EntryId::of_parts(&[
            b"raw",
            page.as_ref().map_or("", PageId::as_str).as_bytes(),
            raw,
        ]);
        Self::Kept {
            page,
            id,
            at: now,
            reason: reason.to_owned(),
            raw: raw.to_vec(),
        }
    }

    /// A signed body that is no envelope, kept whole.
    pub fn quarantine(body: &[u8], now: Timestamp, reason: impl Into<String>) -> Self {
        Self::Kept {
            page: None,
            id: EntryId::of_parts(&[b"body", body]),
            at: now,
            reason: reason.into(),
            raw: body.to_vec(),
        }
    }
}

fn mid(text: Option<&Text<'_>>) -> Option<Mid> {
    Mid::new(text?.to_storable()).ok()
}

fn content(message: &Message<'_>) -> Content {
    Content {
        text: message.text.as_ref().map(Text::to_storable),
        title: None,
        payload: message
            .quick_reply
            .as_ref()
            .and_then(|reply| reply.payload.as_ref())
            .map(Text::to_storable),
        attachments: message.attachments.iter().map(Attachment::of).collect(),
    }
}
