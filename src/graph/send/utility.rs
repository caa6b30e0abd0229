//! Templates that Meta approved beforehand: the way outside the window.

use serde::{Deserialize, Serialize};

use super::InvalidMessage;
use super::invalid::required;

/// A template that Meta approved beforehand, with its parameters filled in.
///
/// Needs `page_utility_messaging`. Templates are made with
/// [`CreateTemplate`](crate::graph::page::CreateTemplate).
///
/// Meta: [Utility messages](https://developers.facebook.com/docs/messenger-platform/send-messages/utility-messages)
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UtilityTemplate {
    /// Its name.
    pub name: String,
    /// Its language.
    pub language: Language,
    /// What is filled in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<UtilityComponent>,
}

/// The language of a template.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Language {
    /// Such as `en` or `zh_TW`.
    pub code: String,
}

/// What is filled into a part of a template.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "parameters", rename_all = "snake_case")]
#[non_exhaustive]
pub enum UtilityComponent {
    /// Into its head.
    Header(Vec<UtilityParameter>),
    /// Into its text.
    Body(Vec<UtilityParameter>),
    /// Into its buttons.
    Buttons(Vec<UtilityButton>),
}

/// A text that is filled in.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum UtilityParameter {
    /// A text.
    Text {
        /// The name of the place, in a template whose places have names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parameter_name: Option<String>,
        /// The text.
        text: String,
    },
}

/// What is filled into a button.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE")]
#[non_exhaustive]
pub enum UtilityButton {
    /// What the Page is told.
    Postback {
        /// The payload.
        payload: String,
    },
    /// The end of an address.
    Url {
        /// The end.
        url: String,
    },
}

super::hush!(
    UtilityTemplate,
    Language,
    UtilityComponent,
    UtilityParameter,
    UtilityButton
);

impl UtilityTemplate {
    /// The template of this name, in this language.
    pub fn new(name: impl Into<String>, language: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            language: Language {
                code: language.into(),
            },
            components: Vec::new(),
        }
    }

    /// The same with one more part filled in.
    pub fn with_component(mut self, component: UtilityComponent) -> Self {
        self.components.push(component);
        self
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        required("the name of the template", &self.name, usize::MAX)?;
        required(
            "the language of the template",
            &self.language.code,
            usize::MAX,
        )
    }
}

impl UtilityParameter {
    /// A text for the next place.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text {
            parameter_name: None,
            text: text.into(),
        }
    }

    /// A text for the place of this name.
    pub fn named(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::Text {
            parameter_name: Some(name.into()),
            text: text.into(),
        }
    }
}
