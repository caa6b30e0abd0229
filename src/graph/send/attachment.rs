//! What hangs on a message: media, or a template.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{InvalidMessage, Template, invalid};
use crate::graph::RateClass;
use crate::id::AttachmentId;

/// The most images of one message. Two apps report 30, another 10: Meta decides.
pub const MAX_IMAGES: usize = 30;

/// The sticker of the raised thumb, the one that was free from the beginning.
pub const THUMBS_UP: u64 = 369_239_263_222_822;

/// What hangs on a message; its `Debug` shows the kind.
///
/// Meta takes 25 MB for each kind, and 8 MB for an image by address.
///
/// Meta: [Sending attachments](https://developers.facebook.com/docs/messenger-platform/send-messages)
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "payload", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Attachment {
    /// A picture.
    Image(Media),
    /// A sound.
    Audio(Media),
    /// A film.
    Video(Media),
    /// Any file.
    File(Media),
    /// A message with a form of its own.
    Template(Box<Template>),
}

impl Attachment {
    /// Meta's name of the kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Image(_) => "image",
            Self::Audio(_) => "audio",
            Self::Video(_) => "video",
            Self::File(_) => "file",
            Self::Template(_) => "template",
        }
    }

    pub(super) fn rate_class(&self) -> RateClass {
        match self {
            Self::Template(_) => RateClass::Text,
            _ => RateClass::Media,
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        match self {
            Self::Image(media) | Self::Audio(media) | Self::Video(media) | Self::File(media) => {
                media.check()
            }
            Self::Template(template) => template.check(),
        }
    }
}

impl fmt::Debug for Attachment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Template(template) => write!(f, "Attachment({})", template.kind()),
            _ => write!(f, "Attachment({})", self.kind()),
        }
    }
}

/// Where a medium comes from: an address, or what was saved at Meta before.
#[derive(Clone, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Media {
    /// Where Meta fetches it: within 75 seconds a film, within 10 anything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// What the Page saved before, at most 90 days ago.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attachment_id: Option<AttachmentId>,
    /// Whether Meta saves it: the answer then tells its [`AttachmentId`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_reusable: Option<bool>,
}

super::hush!(Media);

impl Media {
    /// From an address.
    pub fn url(url: impl Into<String>) -> Self {
        Self {
            url: Some(url.into()),
            ..Self::default()
        }
    }

    /// What was saved before.
    pub fn saved(id: AttachmentId) -> Self {
        Self {
            attachment_id: Some(id),
            ..Self::default()
        }
    }

    /// The same, and Meta saves it.
    pub fn reusable(self) -> Self {
        Self {
            is_reusable: Some(true),
            ..self
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        match (&self.url, &self.attachment_id) {
            (Some(url), None) => invalid::address("the address of the attachment", url),
            (None, Some(_)) => Ok(()),
            _ => Err(InvalidMessage::Mismatch(
                "an attachment has either an address or an id",
            )),
        }
    }
}
