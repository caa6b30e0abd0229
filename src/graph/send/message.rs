//! Message to a customer: recipient, purpose, content and options.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::body::Body;
use super::invalid::{count, required};
use super::thread_control::ThreadControl;
use super::{
    InvalidMessage, MAX_QUICK_REPLIES, MediaKind, MediaSource, MessageTag, NotificationType,
    OutgoingContent, OutgoingQuickReply, Purpose, Recipient, Template, UtilityTemplate,
};
use crate::id::{AppId, Mid, PersonaId};

/// Longest text of a message: 2000 UTF-16 units.
///
/// Meta's limit is "2000 characters" without a unit; UTF-16 units are the most cautious count.
pub const MAX_TEXT_UNITS: usize = 2000;

/// Longest metadata of a message: 999 UTF-16 units.
pub const MAX_METADATA_UNITS: usize = 999;

/// Message to a customer, within Meta's limits. `Debug` shows neither texts nor people.
///
/// `Serialize` writes the body of the request to Meta, and `Deserialize` reads it back.
/// `Deserialize` checks all limits again. It refuses unknown members, because the message would be
/// sent without them.
///
/// <https://developers.facebook.com/docs/messenger-platform/reference/send-api/>
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Body", into = "Body")]
pub struct OutgoingMessage {
    pub(super) to: Recipient,
    pub(super) purpose: Purpose,
    pub(super) content: OutgoingContent,
    pub(super) quick_replies: Vec<OutgoingQuickReply>,
    pub(super) metadata: Option<String>,
    pub(super) notification_type: Option<NotificationType>,
    pub(super) persona: Option<PersonaId>,
    pub(super) reply_to: Option<Mid>,
    pub(super) thread_control: Option<ThreadControl>,
}

impl OutgoingMessage {
    /// Creates a message. Its purpose is [`Purpose::Utility`] for a utility template, otherwise
    /// [`Purpose::Response`].
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when the recipient is blank, or the content breaks a limit.
    pub fn new(to: impl Into<Recipient>, content: OutgoingContent) -> Result<Self, InvalidMessage> {
        let purpose = match content {
            OutgoingContent::Utility(_) => Purpose::Utility,
            _ => Purpose::Response,
        };
        let message = Self {
            to: to.into(),
            purpose,
            content,
            quick_replies: Vec::new(),
            metadata: None,
            notification_type: None,
            persona: None,
            reply_to: None,
            thread_control: None,
        };
        message.checked()
    }

    /// Creates a message with a text.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when the text is blank or longer than [`MAX_TEXT_UNITS`].
    pub fn text(to: impl Into<Recipient>, text: impl Into<String>) -> Result<Self, InvalidMessage> {
        Self::new(to, OutgoingContent::Text(text.into()))
    }

    /// Creates a message with an image, audio, video or file.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when the URL is not a web address.
    #[doc(alias = "attachment")]
    pub fn media(
        to: impl Into<Recipient>,
        kind: MediaKind,
        source: MediaSource,
    ) -> Result<Self, InvalidMessage> {
        Self::new(to, OutgoingContent::Media { kind, source })
    }

    /// Creates a message with a template.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when a part of the template breaks a limit.
    pub fn template(
        to: impl Into<Recipient>,
        template: impl Into<Template>,
    ) -> Result<Self, InvalidMessage> {
        Self::new(to, OutgoingContent::Template(Box::new(template.into())))
    }

    /// Creates a message with a utility template, which can be sent at any time.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when the name or language of the template is blank.
    pub fn utility(
        to: impl Into<Recipient>,
        template: UtilityTemplate,
    ) -> Result<Self, InvalidMessage> {
        Self::new(to, OutgoingContent::Utility(template))
    }

    /// Sets the purpose. By default it follows from the content, see [`new`](Self::new).
    ///
    /// # Errors
    ///
    /// [`InvalidMessage::Mismatch`] when Meta does not allow the content for the purpose.
    #[doc(alias = "messaging_type")]
    pub fn with_purpose(self, purpose: Purpose) -> Result<Self, InvalidMessage> {
        Self { purpose, ..self }.checked()
    }

    /// Sets the purpose to [`Purpose::Tagged`], for a message outside the window.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage::Mismatch`] when Meta does not allow the content with a tag, or with this
    /// tag.
    pub fn with_tag(self, tag: MessageTag) -> Result<Self, InvalidMessage> {
        self.with_purpose(Purpose::Tagged(tag))
    }

    /// Sets the quick replies, at most [`MAX_QUICK_REPLIES`]. None by default.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when there are too many, one breaks a limit, or the content is a stack of
    /// images, a sticker or a utility template.
    pub fn with_quick_replies(
        self,
        quick_replies: Vec<OutgoingQuickReply>,
    ) -> Result<Self, InvalidMessage> {
        Self {
            quick_replies,
            ..self
        }
        .checked()
    }

    /// Sets the metadata, which Meta returns in the message's echo: a way to recognize the message.
    /// None by default.
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

    /// Sets how the customer's device announces the message. Unset by default, which Meta takes as
    /// [`NotificationType::Regular`].
    pub fn with_notification_type(self, notification_type: NotificationType) -> Self {
        Self {
            notification_type: Some(notification_type),
            ..self
        }
    }

    /// Sets the persona whose name and picture the message has. The Page's own by default.
    #[doc(alias = "persona_id")]
    pub fn with_persona(self, persona: PersonaId) -> Self {
        Self {
            persona: Some(persona),
            ..self
        }
    }

    /// Sets the message of the conversation that this one quotes. None by default.
    ///
    /// Not every message can have a quote: see [`sends_quote`](Self::sends_quote).
    pub fn with_reply_to(self, mid: Mid) -> Self {
        Self {
            reply_to: Some(mid),
            ..self
        }
    }

    /// Passes the conversation to another app once the message is sent, or to the Page's default
    /// app. The app that sends keeps it by default.
    ///
    /// Needs conversation routing to be enabled for the Page.
    ///
    /// <https://developers.facebook.com/docs/messenger-platform/conversation-routing>
    #[doc(alias = "thread_control")]
    pub fn with_thread_passed(self, app_id: Option<AppId>) -> Self {
        Self {
            thread_control: Some(ThreadControl::Pass { app_id }),
            ..self
        }
    }

    /// Releases the conversation once the message is sent, so that no app controls it. The app that
    /// sends keeps it by default.
    ///
    /// Needs conversation routing to be enabled for the Page.
    ///
    /// <https://developers.facebook.com/docs/messenger-platform/conversation-routing>
    #[doc(alias = "thread_control")]
    pub fn with_thread_released(self) -> Self {
        Self {
            thread_control: Some(ThreadControl::Release),
            ..self
        }
    }

    /// Returns the recipient.
    pub fn to(&self) -> &Recipient {
        &self.to
    }

    /// Returns the purpose.
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// Returns the content.
    pub fn content(&self) -> &OutgoingContent {
        &self.content
    }

    /// Returns the quick replies.
    pub fn quick_replies(&self) -> &[OutgoingQuickReply] {
        &self.quick_replies
    }

    /// Returns the metadata, or `None` when it is not set.
    pub fn metadata(&self) -> Option<&str> {
        self.metadata.as_deref()
    }

    /// Returns how the customer's device announces the message, or `None` when it is not set.
    pub fn notification_type(&self) -> Option<NotificationType> {
        self.notification_type
    }

    /// Returns the quoted message, or `None` when it is not set. It can be set and yet not be sent:
    /// see [`sends_quote`](Self::sends_quote).
    pub fn reply_to(&self) -> Option<&Mid> {
        self.reply_to.as_ref()
    }

    /// Returns whether the request quotes a message.
    ///
    /// Outside the standard messaging window Meta refuses a message with a quote, also with
    /// [`MessageTag::HUMAN_AGENT`]. Therefore the request contains the quote only when the purpose
    /// is [`Purpose::Response`] or [`Purpose::Update`] and the recipient is a PSID. Otherwise the
    /// message is sent without the quote.
    ///
    /// ```
    /// use messenger_crm::graph::send::{MessageTag, OutgoingMessage};
    /// use messenger_crm::id::{Mid, Psid};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let customer = Psid::new("7324561089432101")?;
    /// let reply = OutgoingMessage::text(customer, "Yes, on Tuesday.")?
    ///     .with_reply_to(Mid::new("m_1")?);
    /// assert!(reply.sends_quote());
    ///
    /// let late = reply.with_tag(MessageTag::HUMAN_AGENT)?;
    /// assert!(!late.sends_quote());
    /// # Ok(())
    /// # }
    /// ```
    pub fn sends_quote(&self) -> bool {
        self.reply_to.is_some()
            && self.purpose.needs_standard_window()
            && matches!(self.to, Recipient::Psid(_))
    }

    pub(super) fn checked(self) -> Result<Self, InvalidMessage> {
        self.to.check()?;
        self.content.check()?;
        count(
            "quick replies",
            self.quick_replies.len(),
            0,
            MAX_QUICK_REPLIES,
        )?;
        self.quick_replies
            .iter()
            .try_for_each(OutgoingQuickReply::check)?;
        if let Some(metadata) = &self.metadata {
            required("the metadata", metadata, MAX_METADATA_UNITS)?;
        }
        match self.mismatch() {
            Some(reason) => Err(InvalidMessage::Mismatch(reason)),
            None => Ok(self),
        }
    }

    /// Returns which parts Meta does not accept together.
    fn mismatch(&self) -> Option<&'static str> {
        let content = &self.content;
        let is_utility = matches!(content, OutgoingContent::Utility(_));
        let is_sticker = matches!(content, OutgoingContent::Sticker(_));
        let is_feedback = matches!(content, OutgoingContent::Template(template)
            if matches!(**template, Template::CustomerFeedback(_)));
        if is_utility != (self.purpose == Purpose::Utility) {
            Some("a utility template and the messaging type UTILITY need each other")
        } else if is_sticker && !self.purpose.needs_standard_window() {
            Some(
                "a sticker needs the messaging type RESPONSE or UPDATE: Meta accepts it only inside \
                 the standard messaging window",
            )
        } else if self.purpose.tag() == Some(&MessageTag::CUSTOMER_FEEDBACK) && !is_feedback {
            Some("the tag CUSTOMER_FEEDBACK is only for a customer feedback template")
        } else if !self.quick_replies.is_empty() && !content.takes_quick_replies() {
            Some("quick replies need a text, one file or a template")
        } else {
            None
        }
    }
}

impl fmt::Debug for OutgoingMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutgoingMessage")
            .field("to", &self.to)
            .field("purpose", &self.purpose)
            .field("content", &self.content)
            .field("quick_replies", &self.quick_replies.len())
            .field("has_metadata", &self.metadata.is_some())
            .field("sends_quote", &self.sends_quote())
            .finish_non_exhaustive()
    }
}
