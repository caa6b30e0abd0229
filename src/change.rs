//! What does it mean? From events to what changes for a CRM.

use serde::{Deserialize, Serialize};

use crate::{
    event::{Channel, Event, Kind, Message},
    id::{Mid, PageId},
    store::{
        Attachment, ContactKey, Content, Entry, EntryId, OutgoingKey, Picture, Profile, Reason,
        Revision, Source, WorkerId,
    },
    text::Text,
    time::Timestamp,
};

/// One fact to remember, or one act to try. What a store holds is the fold of its changes.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)] // The members of a variant are told in its own text.
pub enum Change {
    /// The customer wrote, or tapped a button.
    Received { contact: ContactKey, entry: Entry },
    /// The Page wrote; with our key if it was us.
    Echoed {
        contact: ContactKey,
        entry: Entry,
        key: Option<OutgoingKey>,
    },
    /// Everything sent up to then has reached the customer.
    Delivered {
        contact: ContactKey,
        up_to: Timestamp,
    },
    /// Everything sent up to then has been read.
    Read {
        contact: ContactKey,
        up_to: Timestamp,
    },
    /// What Meta answered when it was asked who the customer is, and when to ask again.
    Profile {
        contact: ContactKey,
        fetched_at: Timestamp,
        answer: ProfileAnswer,
        due: Option<Timestamp>,
    },
    /// Something that means nothing here, kept byte for byte with the reason.
    Kept {
        page: Option<PageId>,
        id: EntryId,
        at: Timestamp,
        reason: String,
        raw: Vec<u8>,
    },
    /// An agent answered: to be sent.
    Queued {
        contact: ContactKey,
        key: OutgoingKey,
        at: Timestamp,
        content: Content,
    },
    /// How an attempt to send ended.
    Settled {
        contact: ContactKey,
        key: OutgoingKey,
        attempt: u32,
        outcome: SendOutcome,
    },
    /// A worker takes a piece of work until its lease ends. Of all that try, one wins.
    Claimed {
        contact: ContactKey,
        work: Work,
        attempt: u32,
        until: Timestamp,
        by: WorkerId,
    },
    /// An agent has seen everything up to this revision.
    Seen {
        contact: ContactKey,
        revision: Revision,
    },
}

/// What Meta answered about a person.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum ProfileAnswer {
    /// Who they are.
    Known {
        profile: Profile,
        picture: Option<Picture>,
    },
    /// There is no profile of them, or none for us.
    Nobody,
    /// No answer: nothing is known that was not known before.
    Failed,
}

/// How an attempt to send ended.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum SendOutcome {
    /// It may have been sent: only the echo can tell.
    Unknown,
    /// It surely did not leave: try again then.
    NotSent { due: Timestamp },
    /// Meta refused it.
    Failed { reason: Reason },
    /// Meta took it.
    Sent { mid: Mid },
}

/// A piece of work that can be claimed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub enum Work {
    /// Sending this answer.
    Send(OutgoingKey),
    /// Fetching the profile.
    Profile,
}

/// What a change did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Applied {
    /// First told now: worth a notification if the customer wrote it.
    #[non_exhaustive]
    New {
        /// It is also the first of this customer.
        customer: bool,
    },
    /// Something that can be seen is different.
    Changed,
    /// Known already. Nothing was written.
    Unchanged,
    /// Kept for a customer who has not written yet.
    Parked,
    /// Somebody else holds this attempt, or more has arrived than was seen.
    Refused,
}

impl Change {
    /// The Page that it belongs to, when there is one.
    pub fn page(&self) -> Option<&PageId> {
        match self {
            Self::Received { contact, .. }
            | Self::Echoed { contact, .. }
            | Self::Delivered { contact, .. }
            | Self::Read { contact, .. }
            | Self::Profile { contact, .. }
            | Self::Queued { contact, .. }
            | Self::Settled { contact, .. }
            | Self::Claimed { contact, .. }
            | Self::Seen { contact, .. } => Some(&contact.page),
            Self::Kept { page, .. } => page.as_ref(),
        }
    }

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
            Kind::Delivery {
                watermark: Some(watermark),
                ..
            } => Self::Delivered {
                contact,
                up_to: (*watermark).min(latest),
            },
            Kind::Read {
                watermark: Some(watermark),
            } => Self::Read {
                contact,
                up_to: (*watermark).min(latest),
            },
            Kind::Delivery { .. } | Kind::Read { .. } => {
                Self::keep(event, now, "a receipt without a watermark")
            }
            Kind::Unrecognized { reason, .. } => Self::keep(event, now, reason),
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
        payload: message.quick_reply.as_ref().map(Text::to_storable),
        attachments: message.attachments.iter().map(Attachment::of).collect(),
    }
}
