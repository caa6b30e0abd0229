//! Generic template: cards side by side.

use serde::{Deserialize, Serialize};

use super::{
    InvalidMessage, MAX_TITLE_UNITS, TemplateButton, check_buttons, count, optional,
    optional_address, redacted_debug, required,
};
use crate::graph::send::WebUrl;

/// Most cards of a generic template: 10.
pub const MAX_ELEMENTS: usize = 10;

/// Cards side by side. `Debug` shows no text.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/template/generic>
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct GenericTemplate {
    /// 1 to [`MAX_ELEMENTS`] cards.
    pub elements: Vec<GenericElement>,
    /// Whether the customer can share the cards. When absent, they cannot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharable: Option<bool>,
    /// Form of the images: `horizontal` or `square`. When absent, `horizontal`. Meta's current page
    /// does not name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_aspect_ratio: Option<String>,
}

/// Card of a generic template: a title and at least one of the other members. `Debug` shows no
/// text.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct GenericElement {
    /// Title, at most [`MAX_TITLE_UNITS`].
    pub title: String,
    /// Text below the title, at most [`MAX_TITLE_UNITS`]. Optional.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subtitle: Option<String>,
    /// Address of an image. Optional.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub image_url: Option<String>,
    /// Page that a tap on the card opens, without a title. Optional.
    #[serde(with = "default_action", skip_serializing_if = "Option::is_none")]
    pub default_action: Option<WebUrl>,
    /// At most [`MAX_BUTTONS`](super::MAX_BUTTONS) buttons.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub buttons: Vec<TemplateButton>,
}

redacted_debug!(GenericTemplate, GenericElement);

impl GenericTemplate {
    /// Creates a template that cannot be shared.
    pub fn new(elements: Vec<GenericElement>) -> Self {
        Self {
            elements,
            sharable: None,
            image_aspect_ratio: None,
        }
    }

    /// Makes the images square. Horizontal by default.
    #[doc(alias = "image_aspect_ratio")]
    pub fn with_square_images(self) -> Self {
        Self {
            image_aspect_ratio: Some("square".to_owned()),
            ..self
        }
    }

    /// Lets the customer share the cards. Off by default.
    #[doc(alias = "sharable")]
    pub fn with_sharing(self) -> Self {
        Self {
            sharable: Some(true),
            ..self
        }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        count("elements", self.elements.len(), 1, MAX_ELEMENTS)?;
        self.elements.iter().try_for_each(GenericElement::check)
    }
}

impl GenericElement {
    /// Creates a card with a title. Meta requires at least one more field, so set one.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            ..Self::default()
        }
    }

    /// Sets the text below the title. None by default.
    pub fn with_subtitle(self, subtitle: impl Into<String>) -> Self {
        Self {
            subtitle: Some(subtitle.into()),
            ..self
        }
    }

    /// Sets the address of the image. None by default.
    #[doc(alias = "image_url")]
    pub fn with_image(self, url: impl Into<String>) -> Self {
        Self {
            image_url: Some(url.into()),
            ..self
        }
    }

    /// Sets the page that a tap on the card opens. None by default.
    pub fn with_default_action(self, link: WebUrl) -> Self {
        Self {
            default_action: Some(link),
            ..self
        }
    }

    /// Sets the buttons, at most [`MAX_BUTTONS`](super::MAX_BUTTONS). None by default.
    pub fn with_buttons(self, buttons: Vec<TemplateButton>) -> Self {
        Self { buttons, ..self }
    }

    fn check(&self) -> Result<(), InvalidMessage> {
        required("the title of an element", &self.title, MAX_TITLE_UNITS)?;
        let subtitle = self.subtitle.as_ref();
        optional("the subtitle of an element", subtitle, MAX_TITLE_UNITS)?;
        optional_address("the image URL of an element", self.image_url.as_ref())?;
        if let Some(link) = &self.default_action {
            link.check_action()?;
        }
        check_buttons(&self.buttons, 0)?;
        let is_title_only = self.subtitle.is_none()
            && self.image_url.is_none()
            && self.default_action.is_none()
            && self.buttons.is_empty();
        if is_title_only {
            return Err(InvalidMessage::Mismatch(
                "an element needs a subtitle, image, default action or button beside its title",
            ));
        }
        Ok(())
    }
}

/// Meta writes the default action as a button of the type `web_url`.
mod default_action {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::graph::send::WebUrl;

    #[derive(Serialize, Deserialize)]
    #[serde(tag = "type", rename_all = "snake_case")]
    enum Action {
        WebUrl(WebUrl),
    }

    pub(super) fn serialize<S: Serializer>(
        link: &Option<WebUrl>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        link.clone().map(Action::WebUrl).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<WebUrl>, D::Error> {
        let action = Option::deserialize(deserializer)?;
        Ok(action.map(|Action::WebUrl(link)| link))
    }
}
