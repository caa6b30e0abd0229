//! Content of a message: text, files, sticker or template.

use std::fmt;

use super::invalid::{count, required};
use super::{InvalidMessage, MAX_TEXT_UNITS, MediaKind, MediaSource, Template, UtilityTemplate};
use crate::graph::RateClass;

/// Most images in one message: 30. Two apps report that Meta accepts 30, another reports 10.
pub const MAX_IMAGES: usize = 30;

/// Id of the small thumbs-up sticker.
pub const THUMBS_UP: u64 = 369_239_263_222_822;

/// Content of an outgoing message. `Debug` shows the kind only.
///
/// <https://developers.facebook.com/docs/messenger-platform/reference/send-api/>
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum OutgoingContent {
    /// Text of 1 to [`MAX_TEXT_UNITS`] UTF-16 units.
    Text(String),
    /// One image, audio, video or file.
    #[doc(alias = "attachment")]
    Media {
        /// How the file is shown.
        #[doc(alias = "type")]
        kind: MediaKind,
        /// Where Meta gets the file from.
        source: MediaSource,
    },
    /// 1 to [`MAX_IMAGES`] images, shown as one stack.
    #[doc(alias = "attachments")]
    Images(Vec<MediaSource>),
    /// Free sticker of Meta's catalog by its id, such as [`THUMBS_UP`]. Meta accepts it only inside
    /// the standard messaging window.
    #[doc(alias = "sticker_id")]
    Sticker(u64),
    /// Structured message: text with buttons, cards, receipt and others.
    Template(Box<Template>),
    /// Template that Meta approved beforehand, with its parameters.
    Utility(UtilityTemplate),
}

impl OutgoingContent {
    /// Returns the kind: `text`, `image`, `audio`, `video`, `file`, `images`, `sticker`, `utility`,
    /// or Meta's `template_type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Media { kind, .. } => kind.as_str(),
            Self::Images(_) => "images",
            Self::Sticker(_) => "sticker",
            Self::Template(template) => template.kind(),
            Self::Utility(_) => "utility",
        }
    }

    pub(super) fn rate_class(&self) -> RateClass {
        match self {
            Self::Media { .. } | Self::Images(_) => RateClass::Media,
            Self::Text(_) | Self::Sticker(_) | Self::Template(_) | Self::Utility(_) => {
                RateClass::Text
            }
        }
    }

    pub(super) fn takes_quick_replies(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Media { .. } | Self::Template(_))
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        match self {
            Self::Text(text) => required("the text", text, MAX_TEXT_UNITS),
            Self::Media { source, .. } => source.check(),
            Self::Images(images) => {
                count("images", images.len(), 1, MAX_IMAGES)?;
                images.iter().try_for_each(MediaSource::check)
            }
            Self::Sticker(_) => Ok(()),
            Self::Template(template) => template.check(),
            Self::Utility(template) => template.check(),
        }
    }
}

impl fmt::Debug for OutgoingContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutgoingContent({})", self.kind())
    }
}
