//! A conversation between a Page and one person.

use std::fmt;

use serde_json::Value;

use super::person::PersonSetup;

/// A message in a thread, as the phone shows it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Message {
    /// Meta's id of the message.
    pub mid: String,
    /// Whether the Page sent it, not the person.
    pub from_page: bool,
    /// Text, or title of the button that was tapped. Absent for an attachment or a template.
    pub text: Option<String>,
    /// First attachment. Absent when there is none.
    pub attachment: Option<Attachment>,
    /// Further attachments: the rest of a stack of images.
    pub more_attachments: Vec<Attachment>,
    /// Payload of a template, as it was sent.
    pub template: Option<Value>,
    /// Quick replies, as they were sent.
    pub quick_replies: Vec<Value>,
    /// Id of the message it quotes.
    pub reply_to: Option<String>,
    /// Reaction of the Page, an emoji.
    pub reaction: Option<String>,
    /// Reaction of the person, an emoji.
    pub person_reaction: Option<String>,
    /// The `metadata` that the Page sent along.
    pub metadata: Option<String>,
    /// Id of the persona that the Page sent it as.
    pub persona_id: Option<String>,
    /// Id of the app that sent it. Absent for a message of the person.
    pub app_id: Option<String>,
    /// Time of sending in milliseconds since 1970; later than every message before it.
    pub timestamp: u64,
    /// How many times the person edited it.
    pub edits: u32,
    /// Whether the person unsent it.
    pub is_unsent: bool,
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

/// A picture, sound, video, file or sticker.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attachment {
    /// `image`, `audio`, `video`, `file` or `sticker`.
    pub kind: String,
    /// Address of the content, as the webhook has it. One of the simulator redirects, and ends after 30
    /// days.
    pub url: String,
    /// Id of the sticker. Absent when it is none.
    pub sticker_id: Option<u64>,
    /// Id of the file, when it lies at the simulator.
    pub(crate) file: Option<String>,
}

impl Attachment {
    pub(crate) fn new(kind: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            url: url.into(),
            sticker_id: None,
            file: None,
        }
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attachment")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Content of a message that is about to be sent.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) text: Option<String>,
    pub(crate) attachments: Vec<Attachment>,
    pub(crate) template: Option<Value>,
    pub(crate) quick_replies: Vec<Value>,
    pub(crate) reply_to: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) persona_id: Option<String>,
    /// Id under which the attachment was saved.
    pub(crate) saved_as: Option<String>,
}

/// Last act of a person that opens the standard messaging window.
#[derive(Clone, Copy)]
pub(crate) struct Opening {
    /// Milliseconds since 1970.
    pub(crate) at: u64,
    /// Whether it was the first message after a click on an ad, which opens seven days.
    pub(crate) from_ad: bool,
}

/// A conversation between a Page and one person.
pub(crate) struct Thread {
    pub(crate) person: PersonSetup,
    pub(crate) messages: Vec<Message>,
    /// End of the Page's typing, in milliseconds since 1970.
    pub(crate) typing_until: u64,
    /// Time up to which the Page has marked the person's messages as seen.
    pub(crate) seen: u64,
    /// Time up to which the person has read the Page's messages.
    pub(crate) read: u64,
    /// Last act that opens the window. Absent when the person never wrote.
    pub(crate) opening: Option<Opening>,
    /// Referral that the next message or *Get Started* carries.
    pub(crate) referral: Option<Value>,
    /// App that holds the thread. Absent while it is idle.
    pub(crate) owner: Option<String>,
    /// End of the owner's control, in milliseconds since 1970.
    pub(crate) owned_until: u64,
    /// Account-linking token and the end of its life, in milliseconds since 1970.
    pub(crate) linking: Option<(String, u64)>,
    /// Persistent menu of this person. Absent when it is the one of the Page.
    pub(crate) menu: Option<Value>,
    /// Whether the person blocked the Page.
    pub(crate) has_blocked_page: bool,
    /// Whether the Page blocked the person.
    pub(crate) is_blocked: bool,
}

impl Thread {
    pub(crate) fn new(person: PersonSetup, now: u64) -> Self {
        let opening = (!person.is_stranger).then_some(Opening {
            at: now,
            from_ad: false,
        });
        Self {
            person,
            messages: Vec::new(),
            typing_until: 0,
            seen: 0,
            read: 0,
            opening,
            referral: None,
            owner: None,
            owned_until: 0,
            linking: None,
            menu: None,
            has_blocked_page: false,
            is_blocked: false,
        }
    }

    pub(crate) fn message(&self, mid: &str) -> Option<&Message> {
        self.messages.iter().find(|message| message.mid == mid)
    }

    pub(crate) fn message_mut(&mut self, mid: &str) -> Option<&mut Message> {
        self.messages.iter_mut().find(|message| message.mid == mid)
    }

    /// App that holds the thread now.
    pub(crate) fn owner(&self, now: u64) -> Option<&str> {
        let owner = self.owner.as_deref();
        owner.filter(|_| self.owned_until > now)
    }
}
