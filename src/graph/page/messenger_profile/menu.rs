//! Parts of the Messenger profile: menu, ice breakers, commands.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most items of a menu, per locale: 20.
pub const MAX_MENU_ITEMS: usize = 20;

/// Most ice breakers, per locale: 4.
pub const MAX_ICE_BREAKERS: usize = 4;

/// Most commands, per locale: 100.
pub const MAX_COMMANDS: usize = 100;

/// Persistent menu, next to the field where the customer writes.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Menu {
    /// Items, at most [`MAX_MENU_ITEMS`].
    #[doc(alias = "call_to_actions")]
    pub items: Vec<MenuItem>,
    /// Whether customers can only use the menu, and not write.
    #[doc(alias = "composer_input_disabled")]
    pub is_composer_disabled: bool,
}

impl Menu {
    /// Creates a menu. Customers can also write.
    pub fn new(items: Vec<MenuItem>) -> Self {
        Self {
            items,
            is_composer_disabled: false,
        }
    }

    /// Disables writing, so that customers can only use the menu. Enabled by default.
    pub fn without_composer(self) -> Self {
        Self {
            is_composer_disabled: true,
            ..self
        }
    }
}

/// Item of a menu.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum MenuItem {
    /// Opens a web page.
    WebUrl {
        /// Title, 1 to 30 UTF-16 units.
        title: String,
        /// Address of the web page.
        url: String,
        /// Height of the window: `compact`, `tall` or `full`. When absent, `full`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        webview_height_ratio: Option<String>,
    },
    /// Sends a postback to the Page.
    Postback {
        /// Title, 1 to 30 UTF-16 units.
        title: String,
        /// Developer-defined payload, returned in the postback; 1 to 1000 UTF-16 units.
        payload: String,
    },
    /// Item of a type that is not known here, as JSON.
    #[serde(untagged)]
    Other(Value),
}

impl MenuItem {
    /// Creates an item that opens a web page.
    pub fn web_url(title: impl Into<String>, url: impl Into<String>) -> Self {
        Self::WebUrl {
            title: title.into(),
            url: url.into(),
            webview_height_ratio: None,
        }
    }

    /// Creates an item that sends a postback to the Page.
    pub fn postback(title: impl Into<String>, payload: impl Into<String>) -> Self {
        Self::Postback {
            title: title.into(),
            payload: payload.into(),
        }
    }
}

/// Question that a customer asks with one tap, before the first message.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct IceBreaker {
    /// Question that the customer sees.
    pub question: String,
    /// Developer-defined payload, returned in the postback; 1 to 1000 UTF-16 units.
    pub payload: String,
}

impl IceBreaker {
    /// Creates a question with its payload.
    pub fn new(question: impl Into<String>, payload: impl Into<String>) -> Self {
        Self {
            question: question.into(),
            payload: payload.into(),
        }
    }
}

/// Command that a customer types after a slash.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Command {
    /// Word without the slash, 1 to 32 UTF-16 units.
    pub name: String,
    /// Description of the command, 1 to 64 UTF-16 units.
    pub description: String,
}

impl Command {
    /// Creates a command.
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
        }
    }
}
