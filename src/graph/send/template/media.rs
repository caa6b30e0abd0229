//! A picture or film with buttons.

use serde::{Deserialize, Serialize};

use super::{Button, InvalidMessage, check_buttons, count, optional_address};
use crate::id::AttachmentId;

/// A picture or film with buttons.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MediaTemplate {
    /// Exactly one.
    pub elements: Vec<MediaElement>,
    /// Whether the customer may pass it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharable: Option<bool>,
}

/// The picture or film of a media template.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MediaElement {
    /// `image` or `video`.
    pub media_type: String,
    /// What the Page saved before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment_id: Option<AttachmentId>,
    /// Or where it is on Facebook.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Up to [`MAX_BUTTONS`](super::MAX_BUTTONS) buttons.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
}

impl MediaTemplate {
    /// What the Page saved before, with buttons; `media_type` is `image` or `video`.
    pub fn saved(media_type: impl Into<String>, id: AttachmentId, buttons: Vec<Button>) -> Self {
        Self::of(media_type.into(), Some(id), None, buttons)
    }

    /// What is on Facebook, with buttons; `media_type` is `image` or `video`.
    pub fn facebook_url(
        media_type: impl Into<String>,
        url: impl Into<String>,
        buttons: Vec<Button>,
    ) -> Self {
        Self::of(media_type.into(), None, Some(url.into()), buttons)
    }

    fn of(
        media_type: String,
        attachment_id: Option<AttachmentId>,
        url: Option<String>,
        buttons: Vec<Button>,
    ) -> Self {
        Self {
            elements: vec![MediaElement {
                media_type,
                attachment_id,
                url,
                buttons,
            }],
            sharable: None,
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        count("elements of the media template", self.elements.len(), 1, 1)?;
        for element in &self.elements {
            if !matches!(element.media_type.as_str(), "image" | "video") {
                let (what, form) = ("the medium of the template", "image or video");
                return Err(InvalidMessage::Malformed { what, form });
            }
            if element.attachment_id.is_some() == element.url.is_some() {
                return Err(InvalidMessage::Mismatch(
                    "a media template has either an address or an id",
                ));
            }
            optional_address("the address of the template", element.url.as_ref())?;
            check_buttons(&element.buttons, 0)?;
        }
        Ok(())
    }
}

super::super::hush!(MediaTemplate, MediaElement);
