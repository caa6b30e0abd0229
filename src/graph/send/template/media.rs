//! Media template: one image or video with buttons.

use serde::{Deserialize, Serialize};

use super::{InvalidMessage, TemplateButton, check_buttons, count, redacted_debug};
use crate::graph::send::{MediaKind, MediaSource};

/// One image or video with buttons. `Debug` shows no text.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/template/media>
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
#[non_exhaustive]
pub struct MediaTemplate {
    /// [`MediaKind::Image`] or [`MediaKind::Video`].
    #[doc(alias = "media_type")]
    pub kind: MediaKind,
    /// A saved file, or the URL of a photo or video on Facebook. Meta downloads no other URL for
    /// this template, and cannot save the file.
    pub source: MediaSource,
    /// At most [`MAX_BUTTONS`](super::MAX_BUTTONS) buttons.
    pub buttons: Vec<TemplateButton>,
    /// Whether the customer can share the message. Meta decides when absent.
    pub sharable: Option<bool>,
}

redacted_debug!(MediaTemplate);

impl MediaTemplate {
    /// Creates a template without buttons.
    pub fn new(kind: MediaKind, source: MediaSource) -> Self {
        Self {
            kind,
            source,
            buttons: Vec::new(),
            sharable: None,
        }
    }

    /// Sets the buttons, at most [`MAX_BUTTONS`](super::MAX_BUTTONS). None by default.
    pub fn with_buttons(self, buttons: Vec<TemplateButton>) -> Self {
        Self { buttons, ..self }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        if !matches!(self.kind, MediaKind::Image | MediaKind::Video) {
            return Err(InvalidMessage::Mismatch(
                "a media template shows an image or a video, not an audio or a file",
            ));
        }
        if let MediaSource::Url {
            is_reusable: true, ..
        } = self.source
        {
            return Err(InvalidMessage::Mismatch(
                "the file of a media template cannot be saved at Meta in the same call",
            ));
        }
        self.source.check()?;
        check_buttons(&self.buttons, 0)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    elements: Vec<Element>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sharable: Option<bool>,
}

/// Members of a [`MediaSource`], the kind and the buttons in one object.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Element {
    media_type: MediaKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    attachment_id: Option<crate::id::AttachmentId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    buttons: Vec<TemplateButton>,
}

impl From<MediaTemplate> for Wire {
    fn from(template: MediaTemplate) -> Self {
        let (attachment_id, url) = match template.source {
            MediaSource::Saved(id) => (Some(id), None),
            MediaSource::Url { url, .. } => (None, Some(url)),
        };
        Self {
            elements: vec![Element {
                media_type: template.kind,
                attachment_id,
                url,
                buttons: template.buttons,
            }],
            sharable: template.sharable,
        }
    }
}

impl TryFrom<Wire> for MediaTemplate {
    type Error = InvalidMessage;

    fn try_from(mut wire: Wire) -> Result<Self, InvalidMessage> {
        count("elements of the media template", wire.elements.len(), 1, 1)?;
        let element = wire.elements.remove(0);
        let source = match (element.attachment_id, element.url) {
            (Some(id), None) => MediaSource::Saved(id),
            (None, Some(url)) => MediaSource::url(url),
            _ => {
                return Err(InvalidMessage::Mismatch(
                    "a media template has either a URL or the id of a saved file",
                ));
            }
        };
        Ok(Self {
            kind: element.media_type,
            source,
            buttons: element.buttons,
            sharable: wire.sharable,
        })
    }
}
