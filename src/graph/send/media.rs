//! Source of an image, audio, video or file of a message.

use serde::{Deserialize, Serialize};

use super::invalid::address;
use super::{InvalidMessage, redacted_debug};
use crate::id::AttachmentId;

/// How an attached file is shown.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum MediaKind {
    /// A picture. At most 25 MB, and 8 MB when Meta downloads it from a URL.
    Image,
    /// A sound that can be played. At most 25 MB; an upload needs a media type that begins with
    /// `audio/`.
    Audio,
    /// A video that can be played. At most 25 MB.
    Video,
    /// A file to download. At most 25 MB.
    File,
}

impl MediaKind {
    /// Returns Meta's name of the kind.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::File => "file",
        }
    }
}

/// Source from which Meta gets a file. `Debug` shows neither URL nor id.
///
/// To send a file of your own without a URL, use [`OutgoingFile`](super::OutgoingFile), or save it
/// first with [`save_file`](super::save_file).
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages#sending_attachments>
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
#[non_exhaustive]
pub enum MediaSource {
    /// Meta downloads the file. It allows 75 seconds for a video and 10 seconds for any other file.
    Url {
        /// Address of the file.
        url: String,
        /// Whether Meta also saves the file. [`Sent::attachment_id`](super::Sent::attachment_id)
        /// then has its id.
        is_reusable: bool,
    },
    /// A file that the same Page saved at Meta at most [90 days](super::ATTACHMENT_LIFE) ago.
    #[doc(alias = "attachment_id")]
    Saved(AttachmentId),
}

redacted_debug!(MediaSource);

impl MediaSource {
    /// Creates a source from a URL. Meta does not save the file.
    pub fn url(url: impl Into<String>) -> Self {
        Self::Url {
            url: url.into(),
            is_reusable: false,
        }
    }

    /// Creates a source from a URL. Meta saves the file, and the response has its id.
    #[doc(alias = "is_reusable")]
    pub fn reusable_url(url: impl Into<String>) -> Self {
        Self::Url {
            url: url.into(),
            is_reusable: true,
        }
    }

    /// Creates a source from the id of a saved file.
    pub fn saved(id: AttachmentId) -> Self {
        Self::Saved(id)
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        match self {
            Self::Url { url, .. } => address("the URL of the attachment", url),
            Self::Saved(_) => Ok(()),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attachment_id: Option<AttachmentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    is_reusable: Option<bool>,
}

impl From<MediaSource> for Wire {
    fn from(source: MediaSource) -> Self {
        match source {
            MediaSource::Url { url, is_reusable } => Self {
                url: Some(url),
                attachment_id: None,
                is_reusable: is_reusable.then_some(true),
            },
            MediaSource::Saved(id) => Self {
                url: None,
                attachment_id: Some(id),
                is_reusable: None,
            },
        }
    }
}

impl TryFrom<Wire> for MediaSource {
    type Error = InvalidMessage;

    fn try_from(wire: Wire) -> Result<Self, InvalidMessage> {
        match (wire.url, wire.attachment_id) {
            (Some(url), None) => Ok(Self::Url {
                url,
                is_reusable: wire.is_reusable.unwrap_or_default(),
            }),
            (None, Some(id)) => Ok(Self::Saved(id)),
            _ => Err(InvalidMessage::Mismatch(
                "an attachment has either a URL or the id of a saved file",
            )),
        }
    }
}
