//! Two to six pictures in a grid.

use serde::{Deserialize, Serialize};

use super::{Button, InvalidMessage, MAX_TITLE_UNITS, check_buttons, count, optional};
use crate::graph::send::MAX_PAYLOAD_UNITS;
use crate::graph::send::invalid::{address, required};

/// The longest title of a grid, in UTF-16 units.
const MAX_GRID_TITLE_UNITS: usize = 45;

/// Two to six pictures in a grid, since 2026-06-30.
///
/// Meta: [Templates](https://developers.facebook.com/docs/messenger-platform/send-messages/templates)
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ImageGrid {
    /// Exactly one.
    pub elements: Vec<GridElement>,
}

/// The grid of an image grid template.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GridElement {
    /// Two to six pictures.
    pub images: Vec<GridImage>,
    /// The title, at most 45 UTF-16 units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The line below, at most 80 UTF-16 units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// Links and postbacks, up to [`MAX_BUTTONS`](super::MAX_BUTTONS).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
}

/// A picture of a grid.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GridImage {
    /// Where it is.
    pub url: String,
    /// Whether it is the large one; at most one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_hero_image: Option<bool>,
    /// What a tap does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<GridAction>,
}

/// What a tap on a picture does.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum GridAction {
    /// Opens a web page.
    WebUrl {
        /// The page.
        url: String,
    },
    /// Tells the Page.
    Postback {
        /// What the Page is told.
        payload: String,
        /// What the customer says by it.
        text: String,
    },
}

super::super::hush!(ImageGrid, GridElement, GridImage, GridAction);

impl ImageGrid {
    /// These pictures.
    pub fn new(images: Vec<GridImage>) -> Self {
        let element = GridElement {
            images,
            title: None,
            subtitle: None,
            buttons: Vec::new(),
        };
        Self {
            elements: vec![element],
        }
    }

    /// The same with a title.
    pub fn with_title(self, title: impl Into<String>) -> Self {
        let title = Some(title.into());
        self.map(|element| GridElement { title, ..element })
    }

    /// The same with a line below the title.
    pub fn with_subtitle(self, subtitle: impl Into<String>) -> Self {
        let subtitle = Some(subtitle.into());
        self.map(|element| GridElement {
            subtitle,
            ..element
        })
    }

    /// The same with buttons.
    pub fn with_buttons(self, buttons: Vec<Button>) -> Self {
        self.map(|element| GridElement { buttons, ..element })
    }

    fn map(mut self, change: impl FnOnce(GridElement) -> GridElement) -> Self {
        let element = self.elements.pop();
        self.elements.extend(element.map(change));
        self
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        count("elements of the image grid", self.elements.len(), 1, 1)?;
        for element in &self.elements {
            count("images of the grid", element.images.len(), 2, 6)?;
            let heroes = element.images.iter();
            let heroes = heroes.filter(|image| image.is_hero_image == Some(true));
            count("hero images", heroes.count(), 0, 1)?;
            element.images.iter().try_for_each(GridImage::check)?;
            let (title, subtitle) = (element.title.as_ref(), element.subtitle.as_ref());
            optional("the title of the grid", title, MAX_GRID_TITLE_UNITS)?;
            optional("the subtitle of the grid", subtitle, MAX_TITLE_UNITS)?;
            check_buttons(&element.buttons, 0)?;
            let is_allowed =
                |button: &Button| matches!(button, Button::WebUrl(_) | Button::Postback { .. });
            if !element.buttons.iter().all(is_allowed) {
                return Err(InvalidMessage::Mismatch(
                    "the buttons of an image grid are links and postbacks alone",
                ));
            }
        }
        Ok(())
    }
}

impl GridImage {
    /// A picture.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            is_hero_image: None,
            action: None,
        }
    }

    /// The same as the large one.
    pub fn hero(self) -> Self {
        Self {
            is_hero_image: Some(true),
            ..self
        }
    }

    /// The same with something that a tap does.
    pub fn with_action(self, action: GridAction) -> Self {
        Self {
            action: Some(action),
            ..self
        }
    }

    fn check(&self) -> Result<(), InvalidMessage> {
        address("the address of an image", &self.url)?;
        match &self.action {
            None => Ok(()),
            Some(GridAction::WebUrl { url }) => address("the address of an action", url),
            Some(GridAction::Postback { payload, .. }) => {
                required("the payload of an action", payload, MAX_PAYLOAD_UNITS)
            }
        }
    }
}
