//! A message: to whom, why, what, and everything beside it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::invalid::{count, required};
use super::{
    Attachment, Content, HandOver, InvalidMessage, MAX_QUICK_REPLIES, Media, Purpose, Push,
    QuickReply, Recipient, Tag, Template, content,
};
use crate::graph::{Error, RateClass};
use crate::id::{Mid, PersonaId};

/// The longest text of a message, in UTF-16 units.
///
/// Meta says "2000 characters" and does not say which; UTF-16 units are the most cautious count.
pub const MAX_TEXT_UNITS: usize = 2000;

/// The longest metadata of a message, in UTF-16 units.
pub const MAX_METADATA_UNITS: usize = 999;

/// A message to a customer, within Meta's limits; its `Debug` shows neither texts nor people.
///
/// Its JSON, in and out, is the body of the request to Meta. Reading it back checks the limits
/// again.
///
/// Meta: [Send API](https://developers.facebook.com/docs/messenger-platform/reference/send-api/)
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
pub struct Message {
    to: Recipient,
    purpose: Purpose,
    content: Content,
    quick_replies: Vec<QuickReply>,
    metadata: Option<String>,
    push: Option<Push>,
    persona: Option<PersonaId>,
    reply_to: Option<Mid>,
    hand_over: Option<HandOver>,
}

impl Message {
    /// A message that says this; a utility template goes out as [`Purpose::Utility`], anything else
    /// as [`Purpose::Response`].
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when the content is beyond a limit, or the recipient is blank.
    pub fn new(to: impl Into<Recipient>, content: Content) -> Result<Self, InvalidMessage> {
        let purpose = match content {
            Content::Utility(_) => Purpose::Utility,
            _ => Purpose::Response,
        };
        let message = Self {
            to: to.into(),
            purpose,
            content,
            quick_replies: Vec::new(),
            metadata: None,
            push: None,
            persona: None,
            reply_to: None,
            hand_over: None,
        };
        message.checked()
    }

    /// A text.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when the text is blank or longer than [`MAX_TEXT_UNITS`].
    pub fn text(to: impl Into<Recipient>, text: impl Into<String>) -> Result<Self, InvalidMessage> {
        Self::new(to, Content::Text(text.into()))
    }

    /// A picture, sound, film, file or template.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when a part of it is beyond a limit.
    pub fn attachment(
        to: impl Into<Recipient>,
        attachment: Attachment,
    ) -> Result<Self, InvalidMessage> {
        Self::new(to, Content::Attachment(attachment))
    }

    /// A template.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when a part of it is beyond a limit.
    pub fn template(
        to: impl Into<Recipient>,
        template: impl Into<Template>,
    ) -> Result<Self, InvalidMessage> {
        Self::attachment(to, Attachment::Template(Box::new(template.into())))
    }

    /// A picture.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when the medium has no address or id.
    pub fn image(to: impl Into<Recipient>, image: Media) -> Result<Self, InvalidMessage> {
        Self::attachment(to, Attachment::Image(image))
    }

    /// The same for another purpose.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when purpose and content do not go together.
    pub fn with_purpose(self, purpose: Purpose) -> Result<Self, InvalidMessage> {
        Self { purpose, ..self }.checked()
    }

    /// The same outside the window, for the reason that the tag names.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when tag and content do not go together.
    pub fn with_tag(self, tag: Tag) -> Result<Self, InvalidMessage> {
        self.with_purpose(Purpose::Tagged(tag))
    }

    /// The same with answers to tap.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when there are more than [`MAX_QUICK_REPLIES`], one is beyond a limit, or
    /// the content is neither text nor attachment.
    pub fn with_quick_replies(self, replies: Vec<QuickReply>) -> Result<Self, InvalidMessage> {
        Self {
            quick_replies: replies,
            ..self
        }
        .checked()
    }

    /// The same with metadata, which Meta repeats in the message's echo: the way to recognise it.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when it is blank or longer than [`MAX_METADATA_UNITS`].
    pub fn with_metadata(self, metadata: impl Into<String>) -> Result<Self, InvalidMessage> {
        Self {
            metadata: Some(metadata.into()),
            ..self
        }
        .checked()
    }

    /// The same, told more quietly.
    pub fn with_push(self, push: Push) -> Self {
        Self {
            push: Some(push),
            ..self
        }
    }

    /// The same under a persona's name and picture.
    pub fn with_persona(self, persona: PersonaId) -> Self {
        Self {
            persona: Some(persona),
            ..self
        }
    }

    /// The same, quoting a message of the conversation; within the window only.
    pub fn with_reply_to(self, mid: Mid) -> Self {
        Self {
            reply_to: Some(mid),
            ..self
        }
    }

    /// The same, and the conversation is handed over in the same call.
    pub fn with_hand_over(self, hand_over: HandOver) -> Self {
        Self {
            hand_over: Some(hand_over),
            ..self
        }
    }

    /// To whom it goes.
    pub fn to(&self) -> &Recipient {
        &self.to
    }

    /// Why it may be sent.
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// What it says.
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The metadata, if there are any.
    pub fn metadata(&self) -> Option<&str> {
        self.metadata.as_deref()
    }

    pub(super) fn rate_class(&self) -> RateClass {
        self.content.rate_class()
    }

    /// Whether Meta fetches something before it answers.
    pub(super) fn has_links(&self) -> bool {
        match &self.content {
            Content::Attachment(attachment) => !matches!(attachment, Attachment::Template(_)),
            Content::Images(_) => true,
            _ => false,
        }
    }

    fn checked(self) -> Result<Self, InvalidMessage> {
        self.to.check()?;
        self.content.check()?;
        count(
            "quick replies",
            self.quick_replies.len(),
            0,
            MAX_QUICK_REPLIES,
        )?;
        self.quick_replies.iter().try_for_each(QuickReply::check)?;
        if let Some(metadata) = &self.metadata {
            required("the metadata", metadata, MAX_METADATA_UNITS)?;
        }
        let is_utility = matches!(self.content, Content::Utility(_));
        if is_utility != (self.purpose == Purpose::Utility) {
            return Err(InvalidMessage::Mismatch(
                "a utility template and the messaging type UTILITY go together",
            ));
        }
        let is_feedback = matches!(&self.content, Content::Attachment(Attachment::Template(template))
            if matches!(**template, Template::CustomerFeedback(_)));
        if self.purpose.tag() == Some(&Tag::CUSTOMER_FEEDBACK) && !is_feedback {
            return Err(InvalidMessage::Mismatch(
                "the tag CUSTOMER_FEEDBACK goes with a customer feedback template alone",
            ));
        }
        let takes_replies = matches!(self.content, Content::Text(_) | Content::Attachment(_));
        if !self.quick_replies.is_empty() && !takes_replies {
            return Err(InvalidMessage::Mismatch(
                "quick replies go with a text or an attachment alone",
            ));
        }
        Ok(self)
    }

    pub(super) fn to_json(&self) -> Result<Vec<u8>, Error> {
        serde_json::to_vec(self).map_err(|_| Error::NotJson)
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("to", &self.to)
            .field("purpose", &self.purpose)
            .field("content", &self.content)
            .field("quick_replies", &self.quick_replies.len())
            .field("has_metadata", &self.metadata.is_some())
            .finish_non_exhaustive()
    }
}

/// What Meta reads.
#[derive(Serialize, Deserialize)]
struct Wire {
    recipient: Recipient,
    #[serde(default)]
    messaging_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tag: Option<Tag>,
    message: Said,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notification_type: Option<Push>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    persona_id: Option<PersonaId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply_to: Option<Quoted>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thread_control: Option<HandOver>,
}

#[derive(Serialize, Deserialize)]
struct Said {
    #[serde(flatten)]
    content: content::Wire,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    quick_replies: Vec<QuickReply>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    metadata: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Quoted {
    mid: Mid,
}

impl From<Message> for Wire {
    fn from(message: Message) -> Self {
        Self {
            recipient: message.to,
            messaging_type: Some(message.purpose.as_str().to_owned()),
            tag: message.purpose.tag().cloned(),
            message: Said {
                content: message.content.into(),
                quick_replies: message.quick_replies,
                metadata: message.metadata,
            },
            notification_type: message.push,
            persona_id: message.persona,
            reply_to: message.reply_to.map(|mid| Quoted { mid }),
            thread_control: message.hand_over,
        }
    }
}

impl TryFrom<Wire> for Message {
    type Error = InvalidMessage;

    fn try_from(wire: Wire) -> Result<Self, InvalidMessage> {
        let message = Self {
            to: wire.recipient,
            purpose: Purpose::read(wire.messaging_type.as_deref(), wire.tag)?,
            content: wire.message.content.try_into()?,
            quick_replies: wire.message.quick_replies,
            metadata: wire.message.metadata,
            push: wire.notification_type,
            persona: wire.persona_id,
            reply_to: wire.reply_to.map(|quoted| quoted.mid),
            hand_over: wire.thread_control,
        };
        message.checked()
    }
}
