//! What a message says.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::attachment::MAX_IMAGES;
use super::invalid::{count, required};
use super::message::MAX_TEXT_UNITS;
use super::{Attachment, InvalidMessage, Media, UtilityTemplate};
use crate::graph::RateClass;

/// What a message says: one thing of five; its `Debug` shows which.
///
/// Meta: [Send API](https://developers.facebook.com/docs/messenger-platform/reference/send-api/)
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// A text.
    Text(String),
    /// A medium or a template.
    Attachment(Attachment),
    /// Up to [`MAX_IMAGES`] pictures in a stack.
    Images(Vec<Media>),
    /// A free sticker of Meta's catalogue, such as [`THUMBS_UP`](super::THUMBS_UP); within the
    /// window only.
    Sticker(u64),
    /// A template that Meta approved beforehand.
    Utility(UtilityTemplate),
}

impl Content {
    /// What it is, as Meta names the member.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Attachment(attachment) => attachment.kind(),
            Self::Images(_) => "images",
            Self::Sticker(_) => "sticker",
            Self::Utility(_) => "utility template",
        }
    }

    pub(super) fn rate_class(&self) -> RateClass {
        match self {
            Self::Attachment(attachment) => attachment.rate_class(),
            Self::Images(_) => RateClass::Media,
            Self::Text(_) | Self::Sticker(_) | Self::Utility(_) => RateClass::Text,
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        match self {
            Self::Text(text) => required("the text", text, MAX_TEXT_UNITS),
            Self::Attachment(attachment) => attachment.check(),
            Self::Images(images) => {
                count("images", images.len(), 1, MAX_IMAGES)?;
                images.iter().try_for_each(Media::check)
            }
            Self::Sticker(_) => Ok(()),
            Self::Utility(template) => template.check(),
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "text of {} bytes", text.len()),
            Self::Attachment(attachment) => attachment.fmt(f),
            Self::Images(images) => write!(f, "{} images", images.len()),
            Self::Sticker(_) | Self::Utility(_) => f.write_str(self.kind()),
        }
    }
}

/// What Meta reads: exactly one member.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Wire {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachment: Option<Attachment>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: Option<Vec<Attachment>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sticker_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    template: Option<UtilityTemplate>,
}

impl From<Content> for Wire {
    fn from(content: Content) -> Self {
        let mut wire = Self::default();
        match content {
            Content::Text(text) => wire.text = Some(text),
            Content::Attachment(attachment) => wire.attachment = Some(attachment),
            Content::Images(images) => {
                wire.attachments = Some(images.into_iter().map(Attachment::Image).collect());
            }
            Content::Sticker(id) => wire.sticker_id = Some(id),
            Content::Utility(template) => wire.template = Some(template),
        }
        wire
    }
}

impl TryFrom<Wire> for Content {
    type Error = InvalidMessage;

    fn try_from(wire: Wire) -> Result<Self, InvalidMessage> {
        let images = |attachments: Vec<Attachment>| {
            let images = attachments.into_iter().map(|attachment| match attachment {
                Attachment::Image(media) => Ok(media),
                _ => Err(InvalidMessage::Mismatch("a stack holds images alone")),
            });
            images.collect::<Result<_, _>>().map(Self::Images)
        };
        let contents = [
            wire.text.map(|text| Ok(Self::Text(text))),
            wire.attachment
                .map(|attachment| Ok(Self::Attachment(attachment))),
            wire.attachments.map(images),
            wire.sticker_id.map(|id| Ok(Self::Sticker(id))),
            wire.template.map(|template| Ok(Self::Utility(template))),
        ];
        let mut contents = contents.into_iter().flatten();
        match (contents.next(), contents.next()) {
            (Some(content), None) => content,
            _ => Err(InvalidMessage::Mismatch("a message says exactly one thing")),
        }
    }
}
