//! Body of a request to the Send API, written from a message and read back.

use serde::{Deserialize, Serialize};

use super::thread_control::ThreadControl;
use super::{
    InvalidMessage, MediaKind, MediaSource, MessageTag, NotificationType, OutgoingContent,
    OutgoingMessage, OutgoingQuickReply, Purpose, Recipient, Template, UtilityTemplate,
};
use crate::id::{Mid, PersonaId};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    recipient: Recipient,
    #[serde(default)]
    messaging_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tag: Option<MessageTag>,
    message: MessageBody,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    notification_type: Option<NotificationType>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    persona_id: Option<PersonaId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reply_to: Option<ReplyTo>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    thread_control: Option<ThreadControl>,
}

/// Message of a request: exactly one of the first five members, and options.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct MessageBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment: Option<AttachmentBody>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: Option<Vec<AttachmentBody>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sticker_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<UtilityTemplate>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    quick_replies: Vec<OutgoingQuickReply>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(
    tag = "type",
    content = "payload",
    rename_all = "snake_case",
    deny_unknown_fields
)]
enum AttachmentBody {
    Image(MediaSource),
    Audio(MediaSource),
    Video(MediaSource),
    File(MediaSource),
    Template(Box<Template>),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ReplyTo {
    mid: Mid,
}

impl From<OutgoingMessage> for Body {
    fn from(message: OutgoingMessage) -> Self {
        let sends_quote = message.sends_quote();
        Self {
            recipient: message.to,
            messaging_type: Some(message.purpose.as_str().to_owned()),
            tag: message.purpose.tag().cloned(),
            message: MessageBody {
                quick_replies: message.quick_replies,
                metadata: message.metadata,
                ..message.content.into()
            },
            notification_type: message.notification_type,
            persona_id: message.persona,
            reply_to: message
                .reply_to
                .filter(|_| sends_quote)
                .map(|mid| ReplyTo { mid }),
            thread_control: message.thread_control,
        }
    }
}

impl From<OutgoingContent> for MessageBody {
    fn from(content: OutgoingContent) -> Self {
        let mut body = Self::default();
        match content {
            OutgoingContent::Text(text) => body.text = Some(text),
            OutgoingContent::Media { kind, source } => {
                body.attachment = Some(AttachmentBody::media(kind, source));
            }
            OutgoingContent::Images(images) => {
                body.attachments = Some(images.into_iter().map(AttachmentBody::Image).collect());
            }
            OutgoingContent::Sticker(id) => body.sticker_id = Some(id),
            OutgoingContent::Template(template) => {
                body.attachment = Some(AttachmentBody::Template(template));
            }
            OutgoingContent::Utility(template) => body.template = Some(template),
        }
        body
    }
}

impl AttachmentBody {
    fn media(kind: MediaKind, source: MediaSource) -> Self {
        match kind {
            MediaKind::Image => Self::Image(source),
            MediaKind::Audio => Self::Audio(source),
            MediaKind::Video => Self::Video(source),
            MediaKind::File => Self::File(source),
        }
    }

    fn into_content(self) -> OutgoingContent {
        let (kind, source) = match self {
            Self::Image(source) => (MediaKind::Image, source),
            Self::Audio(source) => (MediaKind::Audio, source),
            Self::Video(source) => (MediaKind::Video, source),
            Self::File(source) => (MediaKind::File, source),
            Self::Template(template) => return OutgoingContent::Template(template),
        };
        OutgoingContent::Media { kind, source }
    }

    fn into_image(self) -> Result<MediaSource, InvalidMessage> {
        match self {
            Self::Image(source) => Ok(source),
            _ => Err(InvalidMessage::Mismatch(
                "several attachments in one message must all be images",
            )),
        }
    }
}

impl TryFrom<Body> for OutgoingMessage {
    type Error = InvalidMessage;

    fn try_from(body: Body) -> Result<Self, InvalidMessage> {
        let message = body.message;
        let images = |attachments: Vec<AttachmentBody>| {
            let images = attachments.into_iter().map(AttachmentBody::into_image);
            images
                .collect::<Result<_, _>>()
                .map(OutgoingContent::Images)
        };
        let contents = [
            message.text.map(|text| Ok(OutgoingContent::Text(text))),
            message
                .attachment
                .map(|attachment| Ok(attachment.into_content())),
            message.attachments.map(images),
            message
                .sticker_id
                .map(|id| Ok(OutgoingContent::Sticker(id))),
            message
                .template
                .map(|template| Ok(OutgoingContent::Utility(template))),
        ];
        let mut contents = contents.into_iter().flatten();
        let content = match (contents.next(), contents.next()) {
            (Some(content), None) => content?,
            _ => {
                return Err(InvalidMessage::Mismatch(
                    "a message has exactly one of text, attachment, attachments, sticker_id and \
                     template",
                ));
            }
        };
        let message = Self {
            to: body.recipient,
            purpose: Purpose::read(body.messaging_type.as_deref(), body.tag)?,
            content,
            quick_replies: message.quick_replies,
            metadata: message.metadata,
            notification_type: body.notification_type,
            persona: body.persona_id,
            reply_to: body.reply_to.map(|reply_to| reply_to.mid),
            thread_control: body.thread_control,
        };
        message.checked()
    }
}
