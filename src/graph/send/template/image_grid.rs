//! Image grid template.

use serde::{Deserialize, Serialize};

use super::{
    InvalidMessage, MAX_TITLE_UNITS, TemplateButton, address, check_buttons, count, optional,
    redacted_debug, required,
};
use crate::graph::send::MAX_PAYLOAD_UNITS;

/// Longest title of an image grid, in UTF-16 units.
const MAX_GRID_TITLE_UNITS: usize = 45;

/// 2 to 6 images in a grid. `Debug` shows no text. Meta added it on 2026-06-30.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/templates>
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Wire", into = "Wire")]
#[non_exhaustive]
pub struct ImageGridTemplate {
    /// 2 to 6 images.
    pub images: Vec<GridImage>,
    /// Title, at most 45 UTF-16 units. Optional.
    pub title: Option<String>,
    /// Text below the title, at most [`MAX_TITLE_UNITS`]. Optional.
    pub subtitle: Option<String>,
    /// At most [`MAX_BUTTONS`](super::MAX_BUTTONS) buttons, which open a web page or send a
    /// postback.
    pub buttons: Vec<TemplateButton>,
}

/// Image of a grid. `Debug` shows no text.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct GridImage {
    /// Address of the image.
    pub url: String,
    /// Whether this is the large image; at most one is.
    #[doc(alias = "is_hero_image")]
    #[serde(
        rename = "is_hero_image",
        default,
        skip_serializing_if = "std::ops::Not::not"
    )]
    pub is_hero: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    action: Option<GridAction>,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum GridAction {
    WebUrl { url: String },
    Postback { payload: String, text: String },
}

redacted_debug!(ImageGridTemplate, GridImage);

impl ImageGridTemplate {
    /// Creates a grid without title and buttons.
    pub fn new(images: Vec<GridImage>) -> Self {
        Self {
            images,
            title: None,
            subtitle: None,
            buttons: Vec::new(),
        }
    }

    /// Sets the title. None by default.
    pub fn with_title(self, title: impl Into<String>) -> Self {
        Self {
            title: Some(title.into()),
            ..self
        }
    }

    /// Sets the text below the title. None by default.
    pub fn with_subtitle(self, subtitle: impl Into<String>) -> Self {
        Self {
            subtitle: Some(subtitle.into()),
            ..self
        }
    }

    /// Sets the buttons. None by default.
    pub fn with_buttons(self, buttons: Vec<TemplateButton>) -> Self {
        Self { buttons, ..self }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        count("images of the grid", self.images.len(), 2, 6)?;
        let large = self.images.iter().filter(|image| image.is_hero).count();
        count("large images of the grid", large, 0, 1)?;
        self.images.iter().try_for_each(GridImage::check)?;
        let (title, subtitle) = (self.title.as_ref(), self.subtitle.as_ref());
        optional("the title of the grid", title, MAX_GRID_TITLE_UNITS)?;
        optional("the subtitle of the grid", subtitle, MAX_TITLE_UNITS)?;
        check_buttons(&self.buttons, 0)?;
        let is_allowed = |button: &TemplateButton| {
            matches!(
                button,
                TemplateButton::WebUrl(_) | TemplateButton::Postback { .. }
            )
        };
        if !self.buttons.iter().all(is_allowed) {
            return Err(InvalidMessage::Mismatch(
                "a button of an image grid can only open a web page or send a postback",
            ));
        }
        Ok(())
    }
}

impl GridImage {
    /// Creates an image of the ordinary size, without an action.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            is_hero: false,
            action: None,
        }
    }

    /// Creates the large image of the grid, without an action.
    pub fn hero(url: impl Into<String>) -> Self {
        Self {
            is_hero: true,
            ..Self::new(url)
        }
    }

    /// Makes a tap on the image open a web page. A tap does nothing by default.
    #[doc(alias = "action")]
    pub fn with_link(self, url: impl Into<String>) -> Self {
        Self {
            action: Some(GridAction::WebUrl { url: url.into() }),
            ..self
        }
    }

    /// Makes a tap on the image send a postback. A tap does nothing by default.
    ///
    /// `payload` is developer-defined and returned in the postback, at most [`MAX_PAYLOAD_UNITS`].
    /// `text` is shown in the conversation as the customer's message.
    #[doc(alias = "action")]
    pub fn with_postback(self, payload: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            action: Some(GridAction::Postback {
                payload: payload.into(),
                text: text.into(),
            }),
            ..self
        }
    }

    fn check(&self) -> Result<(), InvalidMessage> {
        address("the URL of an image", &self.url)?;
        match &self.action {
            None => Ok(()),
            Some(GridAction::WebUrl { url }) => address("the URL of an action", url),
            Some(GridAction::Postback { payload, .. }) => {
                required("the payload of an action", payload, MAX_PAYLOAD_UNITS)
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    elements: Vec<Element>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Element {
    images: Vec<GridImage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subtitle: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    buttons: Vec<TemplateButton>,
}

impl From<ImageGridTemplate> for Wire {
    fn from(grid: ImageGridTemplate) -> Self {
        Self {
            elements: vec![Element {
                images: grid.images,
                title: grid.title,
                subtitle: grid.subtitle,
                buttons: grid.buttons,
            }],
        }
    }
}

impl TryFrom<Wire> for ImageGridTemplate {
    type Error = InvalidMessage;

    fn try_from(mut wire: Wire) -> Result<Self, InvalidMessage> {
        count("elements of the image grid", wire.elements.len(), 1, 1)?;
        let element = wire.elements.remove(0);
        Ok(Self {
            images: element.images,
            title: element.title,
            subtitle: element.subtitle,
            buttons: element.buttons,
        })
    }
}
