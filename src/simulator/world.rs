//! What has happened so far: the threads, and who has been told about it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hyper::body::Bytes;
use serde_json::Value;
use tokio::sync::mpsc;

use super::app::{APP_NUMBER, App, Names, PEOPLE, Person};
use super::choice::{ProfileAnswer, SendAnswer};
use super::event::{Content, Media, Payload, What, notification};
use super::page::Kept;

/// How long the three dots show after `typing_on`, in milliseconds.
const TYPING: u64 = 20_000;

/// A message in a thread, as the phone shows it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Message {
    /// Meta's id of the message.
    pub mid: String,
    /// Whether the Page sent it, not the person.
    pub from_page: bool,
    /// The text, or the title of the button that was tapped.
    pub text: Option<String>,
    /// What is attached.
    pub attachment: Option<Attachment>,
    /// The payload of a template, as it was sent.
    pub template: Option<Value>,
    /// The quick replies, as they were sent.
    pub quick_replies: Vec<Value>,
    /// The message it quotes.
    pub reply_to: Option<String>,
    /// The Page's reaction to it.
    pub reaction: Option<String>,
    /// The `metadata` that the Page sent along.
    pub metadata: Option<String>,
    /// When it was sent, in milliseconds since 1970; later than every message
    /// before it.
    pub timestamp: u64,
    /// Whether the callback has answered 200 for this message (or its echo).
    pub acknowledged: bool,
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("mid", &self.mid)
            .field("from_page", &self.from_page)
            .field("timestamp", &self.timestamp)
            .field("acknowledged", &self.acknowledged)
            .finish_non_exhaustive()
    }
}

/// A picture or file, by its address.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attachment {
    /// `image`, `audio`, `video` or `file`.
    pub kind: String,
    /// Where it is.
    pub url: String,
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// A notification that waits for its 200, and the message it tells of.
pub(super) struct Notice {
    pub(super) body: Bytes,
    pub(super) mid: Option<String>,
}

/// What one side puts into a thread.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) text: Option<String>,
    pub(super) attachment: Option<Attachment>,
    pub(super) template: Option<Value>,
    pub(super) quick_replies: Vec<Value>,
    pub(super) reply_to: Option<String>,
    pub(super) metadata: Option<String>,
    /// The id under which what is attached was saved.
    pub(super) saved_as: Option<String>,
}

pub(super) struct Thread {
    pub(super) person: &'static Person,
    pub(super) messages: Vec<Message>,
    /// Until when the Page types.
    pub(super) typing_until: u64,
    /// Up to when the Page has marked what the person wrote as seen.
    pub(super) seen: u64,
    /// Up to when the person has read what the Page wrote.
    pub(super) read: u64,
    outgoing: mpsc::UnboundedSender<Notice>,
}

pub(super) struct World {
    page_id: String,
    names: Names,
    clock: u64,
    pub(super) threads: Vec<Thread>,
    /// What the Page keeps at Meta.
    pub(super) kept: Kept,
    /// Whether there is a callback; without one Meta tells nobody, ever.
    pub(super) subscribed: bool,
    /// The fields the app asked for with its callback.
    pub(super) webhook_fields: Vec<String>,
    pub(super) pending: usize,
    pub(super) last_failure: Option<(u64, String)>,
    pub(super) sends: SendAnswer,
    pub(super) profiles: ProfileAnswer,
    /// Whether the app is set to *native or desktop*, so that its own token is refused.
    pub(super) is_native: bool,
}

impl World {
    /// Also the far ends of the queues, one per person.
    pub(super) fn new(app: &App, names: Names) -> (Self, Vec<mpsc::UnboundedReceiver<Notice>>) {
        let (threads, queues) = PEOPLE
            .iter()
            .map(|person| {
                let (outgoing, queue) = mpsc::unbounded_channel();
                let thread = Thread {
                    person,
                    messages: Vec::new(),
                    typing_until: 0,
                    seen: 0,
                    read: 0,
                    outgoing,
                };
                (thread, queue)
            })
            .unzip();
        let world = Self {
            page_id: app.page_id.clone(),
            names,
            clock: 0,
            threads,
            kept: Kept::default(),
            subscribed: false,
            webhook_fields: Vec::new(),
            pending: 0,
            last_failure: None,
            sends: SendAnswer::default(),
            profiles: ProfileAnswer::default(),
            is_native: false,
        };
        (world, queues)
    }

    pub(super) fn thread(&self, psid: &str) -> Option<&Thread> {
        self.threads
            .iter()
            .find(|thread| thread.person.psid == psid)
    }

    fn place(&self, psid: &str) -> Option<usize> {
        self.threads
            .iter()
            .position(|thread| thread.person.psid == psid)
    }

    /// A challenge for the handshake, digits only.
    pub(super) fn challenge(&mut self) -> String {
        let [a, b, c, d, ..] = self.names.draw();
        u32::from_be_bytes([a, b, c, d]).to_string()
    }

    pub(super) fn trace(&mut self) -> String {
        format!("A{}", URL_SAFE_NO_PAD.encode(&self.names.draw()[..16]))
    }

    /// The person writes or sends a picture; `None` when nobody has that PSID.
    pub(super) fn person_sends(&mut self, psid: &str, draft: Draft) -> Option<String> {
        let place = self.place(psid)?;
        let message = self.keep(place, false, draft);
        let what = What::Message(content(&message));
        self.tell(place, message.timestamp, what, Some(&message.mid));
        Some(message.mid)
    }

    /// The person taps a button of the Page's.
    pub(super) fn person_taps(&mut self, psid: &str, title: &str, payload: &str) -> Option<String> {
        let place = self.place(psid)?;
        let draft = Draft {
            text: Some(title.to_owned()),
            ..Draft::default()
        };
        let message = self.keep(place, false, draft);
        let mid = &message.mid;
        let what = What::Postback {
            mid,
            title,
            payload,
        };
        self.tell(place, message.timestamp, what, Some(mid));
        Some(message.mid)
    }

    /// The person has seen all that the Page sent up to this moment; whether
    /// anything of it was news.
    pub(super) fn person_reads(&mut self, psid: &str, until: u64) -> Option<bool> {
        let place = self.place(psid)?;
        let thread = &mut self.threads[place];
        let watermark = thread
            .messages
            .iter()
            .rev()
            .find(|message| message.from_page && message.timestamp <= until);
        let watermark = watermark.map_or(0, |message| message.timestamp);
        if watermark <= thread.read {
            return Some(false);
        }
        thread.read = watermark;
        let timestamp = self.tick();
        self.tell(place, timestamp, What::Read { watermark }, None);
        Some(true)
    }

    /// The Page sends; the phone has it at once, and an echo goes out.
    pub(super) fn page_sends(&mut self, psid: &str, draft: Draft) -> Option<String> {
        let place = self.place(psid)?;
        let message = self.keep(place, true, draft);
        self.threads[place].typing_until = 0;
        let what = What::Message(Content {
            is_echo: Some(true),
            app_id: Some(APP_NUMBER),
            metadata: message.metadata.as_deref(),
            ..content(&message)
        });
        self.tell(place, message.timestamp, what, Some(&message.mid));
        Some(message.mid)
    }

    pub(super) fn page_types(&mut self, psid: &str, on: bool) {
        if let Some(place) = self.place(psid) {
            self.threads[place].typing_until = if on { super::now() + TYPING } else { 0 };
        }
    }

    pub(super) fn page_has_seen(&mut self, psid: &str) {
        let seen = self.tick();
        if let Some(place) = self.place(psid) {
            self.threads[place].seen = seen;
        }
    }

    /// The Page reacts to a message, or takes its reaction back; whether there is such a message.
    pub(super) fn page_reacts(&mut self, psid: &str, mid: &str, reaction: Option<String>) -> bool {
        let Some(place) = self.place(psid) else {
            return false;
        };
        let mut messages = self.threads[place].messages.iter_mut();
        let message = messages.find(|message| message.mid == mid);
        let is_there = message.is_some();
        if let Some(message) = message {
            message.reaction = reaction;
        }
        is_there
    }

    /// The callback has taken this notice. What is returned goes out next: the
    /// mark that a message of the Page's has been delivered.
    pub(super) fn acknowledged(&mut self, psid: &str, notice: &Notice) -> Option<Notice> {
        self.pending = self.pending.saturating_sub(1);
        let (mid, place) = (notice.mid.as_deref()?, self.place(psid)?);
        let messages = &mut self.threads[place].messages;
        let message = messages.iter_mut().rfind(|message| message.mid == mid)?;
        message.acknowledged = true;
        if !message.from_page {
            return None;
        }
        let watermark = message.timestamp;
        let timestamp = self.tick();
        self.pending += 1;
        let what = What::Delivery {
            mids: [mid],
            watermark,
        };
        Some(Notice {
            body: notification(&self.page_id, psid, timestamp, what).into(),
            mid: None,
        })
    }

    fn keep(&mut self, place: usize, from_page: bool, draft: Draft) -> Message {
        let message = Message {
            mid: format!("m_{}", URL_SAFE_NO_PAD.encode(self.names.draw())),
            from_page,
            text: draft.text,
            attachment: draft.attachment,
            template: draft.template,
            quick_replies: draft.quick_replies,
            reply_to: draft.reply_to,
            reaction: None,
            metadata: draft.metadata,
            timestamp: self.tick(),
            acknowledged: false,
        };
        self.threads[place].messages.push(message.clone());
        message
    }

    fn tell(&mut self, place: usize, timestamp: u64, what: What<'_>, mid: Option<&str>) {
        if !self.subscribed {
            return;
        }
        let thread = &self.threads[place];
        let notice = Notice {
            body: notification(&self.page_id, thread.person.psid, timestamp, what).into(),
            mid: mid.map(str::to_owned),
        };
        // The far end is gone only while the simulator stops.
        if thread.outgoing.send(notice).is_ok() {
            self.pending += 1;
        }
    }

    /// Now, but never twice the same: watermarks must tell neighbours apart.
    fn tick(&mut self) -> u64 {
        self.clock = super::now().max(self.clock + 1);
        self.clock
    }
}

fn content(message: &Message) -> Content<'_> {
    let attachment = message.attachment.as_ref().map(|attachment| Media {
        r#type: &attachment.kind,
        payload: Payload::Link {
            url: &attachment.url,
        },
    });
    let template = message.template.as_ref().map(|template| Media {
        r#type: "template",
        payload: Payload::Template(template),
    });
    Content {
        mid: &message.mid,
        text: message.text.as_deref(),
        attachments: attachment.or(template).map(|media| [media]),
        reply_to: message.reply_to.as_deref().map(Into::into),
        ..Content::default()
    }
}
