//! Cards side by side.

use serde::{Deserialize, Serialize};

use super::super::WebUrl;
use super::{
    Button, InvalidMessage, MAX_TITLE_UNITS, check_buttons, count, optional, optional_address,
    required,
};

/// The most cards of a generic template.
pub const MAX_ELEMENTS: usize = 10;

/// Cards side by side.
///
/// Meta: [Generic template](https://developers.facebook.com/docs/messenger-platform/send-messages/template/generic)
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Generic {
    /// Up to [`MAX_ELEMENTS`] cards.
    pub elements: Vec<Element>,
    /// Whether the customer may pass it on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharable: Option<bool>,
    /// `horizontal`, or `square`. Not on Meta's current page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_aspect_ratio: Option<String>,
}

/// A card: a title, and at least one thing beside it.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Element {
    /// The title, at most [`MAX_TITLE_UNITS`].
    pub title: String,
    /// The line below, at most [`MAX_TITLE_UNITS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// A picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// The page that a tap on the card opens.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_action: Option<DefaultAction>,
    /// Up to [`MAX_BUTTONS`](super::MAX_BUTTONS) buttons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<Button>,
}

/// The page that a tap on a card opens: a link without a title.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DefaultAction {
    /// A web page.
    WebUrl(WebUrl),
}

super::super::hush!(Generic, Element, DefaultAction);

impl Generic {
    /// These cards.
    pub fn new(elements: Vec<Element>) -> Self {
        Self {
            elements,
            sharable: None,
            image_aspect_ratio: None,
        }
    }

    /// The same with square pictures.
    pub fn with_square_images(self) -> Self {
        Self {
            image_aspect_ratio: Some("square".to_owned()),
            ..self
        }
    }

    /// The same, and the customer may pass it on.
    pub fn sharable(self) -> Self {
        Self {
            sharable: Some(true),
            ..self
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        count("elements", self.elements.len(), 1, MAX_ELEMENTS)?;
        self.elements.iter().try_for_each(Element::check)
    }
}

impl Element {
    /// A card with this title; it needs one thing more.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    /// The same with a line below the title.
    pub fn with_subtitle(self, subtitle: impl Into<String>) -> Self {
        Self {
            subtitle: Some(subtitle.into()),
            ..self
        }
    }

    /// The same with a picture.
    pub fn with_image(self, url: impl Into<String>) -> Self {
        Self {
            image_url: Some(url.into()),
            ..self
        }
    }

    /// The same with a page that a tap opens.
    pub fn with_default_action(self, link: WebUrl) -> Self {
        Self {
            default_action: Some(DefaultAction::WebUrl(link)),
            ..self
        }
    }

    /// The same with these buttons.
    pub fn with_buttons(self, buttons: Vec<Button>) -> Self {
        Self { buttons, ..self }
    }

    fn check(&self) -> Result<(), InvalidMessage> {
        required("the title of an element", &self.title, MAX_TITLE_UNITS)?;
        let subtitle = self.subtitle.as_ref();
        optional("the subtitle of an element", subtitle, MAX_TITLE_UNITS)?;
        optional_address("the picture of an element", self.image_url.as_ref())?;
        if let Some(DefaultAction::WebUrl(link)) = &self.default_action {
            link.check_action()?;
        }
        check_buttons(&self.buttons, 0)?;
        let is_bare = self.subtitle.is_none()
            && self.image_url.is_none()
            && self.default_action.is_none()
            && self.buttons.is_empty();
        if is_bare {
            return Err(InvalidMessage::Mismatch(
                "an element needs something beside its title",
            ));
        }
        Ok(())
    }
}
