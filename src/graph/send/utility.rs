//! Utility templates: approved by Meta beforehand, sent at any time.

use serde::{Deserialize, Serialize};

use super::invalid::required;
use super::{InvalidMessage, redacted_debug};

/// Utility template with its parameters, which can also be sent outside the standard messaging
/// window. `Debug` shows no text.
///
/// Permission: `page_utility_messaging`. The template must be approved by Meta.
///
/// <https://developers.facebook.com/docs/messenger-platform/send-messages/utility-messages>
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(from = "Wire", into = "Wire")]
#[non_exhaustive]
pub struct UtilityTemplate {
    /// Name of the template.
    pub name: String,
    /// Language of the template, such as `en` or `zh_TW`.
    pub language: String,
    /// Parameters of the header, in the order of the template. Empty when it has none.
    pub header: Vec<UtilityParameter>,
    /// Parameters of the body, in the order of the template. Empty when it has none.
    pub body: Vec<UtilityParameter>,
    /// Parameters of the buttons, in the order of the template. Empty when they have none.
    pub buttons: Vec<UtilityButton>,
}

/// Text for one placeholder of a utility template. `Debug` shows no text.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(from = "Parameter", into = "Parameter")]
#[non_exhaustive]
pub struct UtilityParameter {
    /// Name of the placeholder, for a template with the parameter format `NAMED`. Absent for
    /// `POSITIONAL`, where the order counts.
    #[doc(alias = "parameter_name")]
    pub name: Option<String>,
    /// Text.
    pub text: String,
}

/// Parameter of a button of a utility template. `Debug` shows no text.
#[derive(Clone, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "SCREAMING_SNAKE_CASE", deny_unknown_fields)]
#[non_exhaustive]
pub enum UtilityButton {
    /// Parameter of a postback button.
    Postback {
        /// Developer-defined payload, returned in the postback.
        payload: String,
    },
    /// Parameter of a URL button.
    Url {
        /// Variable end of the URL.
        url: String,
    },
}

redacted_debug!(UtilityTemplate, UtilityParameter, UtilityButton);

impl UtilityTemplate {
    /// Creates a template without parameters.
    pub fn new(name: impl Into<String>, language: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            language: language.into(),
            header: Vec::new(),
            body: Vec::new(),
            buttons: Vec::new(),
        }
    }

    /// Sets the parameters of the header. None by default.
    pub fn with_header(self, header: Vec<UtilityParameter>) -> Self {
        Self { header, ..self }
    }

    /// Sets the parameters of the body. None by default.
    pub fn with_body(self, body: Vec<UtilityParameter>) -> Self {
        Self { body, ..self }
    }

    /// Sets the parameters of the buttons. None by default.
    pub fn with_buttons(self, buttons: Vec<UtilityButton>) -> Self {
        Self { buttons, ..self }
    }

    pub(super) fn check(&self) -> Result<(), InvalidMessage> {
        required("the name of the template", &self.name, usize::MAX)?;
        required("the language of the template", &self.language, usize::MAX)
    }
}

impl UtilityParameter {
    /// Creates a parameter for the next placeholder of a template with the parameter format
    /// `POSITIONAL`.
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            name: None,
            text: text.into(),
        }
    }

    /// Creates a parameter for the placeholder with this name, for the parameter format `NAMED`.
    pub fn named(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            text: text.into(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    name: String,
    language: Language,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    components: Vec<Component>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Language {
    code: String,
}

#[derive(Serialize, Deserialize)]
#[serde(
    tag = "type",
    content = "parameters",
    rename_all = "snake_case",
    deny_unknown_fields
)]
enum Component {
    Header(Vec<UtilityParameter>),
    Body(Vec<UtilityParameter>),
    Buttons(Vec<UtilityButton>),
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum Parameter {
    Text {
        #[serde(default, skip_serializing_if = "Option::is_none")]
        parameter_name: Option<String>,
        text: String,
    },
}

impl From<UtilityParameter> for Parameter {
    fn from(parameter: UtilityParameter) -> Self {
        Self::Text {
            parameter_name: parameter.name,
            text: parameter.text,
        }
    }
}

impl From<Parameter> for UtilityParameter {
    fn from(parameter: Parameter) -> Self {
        let Parameter::Text {
            parameter_name: name,
            text,
        } = parameter;
        Self { name, text }
    }
}

impl From<UtilityTemplate> for Wire {
    fn from(template: UtilityTemplate) -> Self {
        let header = (!template.header.is_empty()).then_some(Component::Header(template.header));
        let body = (!template.body.is_empty()).then_some(Component::Body(template.body));
        let buttons =
            (!template.buttons.is_empty()).then_some(Component::Buttons(template.buttons));
        Self {
            name: template.name,
            language: Language {
                code: template.language,
            },
            components: [header, body, buttons].into_iter().flatten().collect(),
        }
    }
}

impl From<Wire> for UtilityTemplate {
    fn from(wire: Wire) -> Self {
        let mut template = Self::new(wire.name, wire.language.code);
        for component in wire.components {
            match component {
                Component::Header(parameters) => template.header.extend(parameters),
                Component::Body(parameters) => template.body.extend(parameters),
                Component::Buttons(parameters) => template.buttons.extend(parameters),
            }
        }
        template
    }
}
