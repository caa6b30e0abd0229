//! What a customer sees before they write: greeting, menu, ice breakers, commands.

use serde::{Deserialize, Serialize};

use crate::graph::send::invalid::{address, count, required};
use crate::graph::send::{InvalidMessage, MAX_PAYLOAD_UNITS};

/// The most items of a menu in one language.
pub const MAX_MENU_ACTIONS: usize = 20;

/// The most ice breakers in one language.
pub const MAX_QUESTIONS: usize = 4;

/// The longest title of a menu's item, in UTF-16 units.
const MAX_MENU_TITLE_UNITS: usize = 30;
/// The most commands in one language.
const MAX_COMMANDS: usize = 100;

/// A text that greets whoever opens the conversation for the first time.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Greeting {
    /// The language, such as `en_US`; one greeting must be for `default`.
    pub locale: String,
    /// The text, which may hold `{{user_first_name}}`.
    pub text: String,
}

/// Questions to begin with, one tap each.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IceBreakers {
    /// The language; one must be `default`.
    pub locale: String,
    /// Up to [`MAX_QUESTIONS`].
    pub call_to_actions: Vec<Question>,
}

/// A question to begin with.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Question {
    /// What the customer asks by tapping.
    pub question: String,
    /// What the Page is told.
    pub payload: String,
}

/// The menu beside the place where the customer writes.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Menu {
    /// The language; one must be `default`.
    pub locale: String,
    /// Whether the customer can use the menu alone, and not write.
    #[serde(default)]
    pub composer_input_disabled: bool,
    /// Up to [`MAX_MENU_ACTIONS`].
    pub call_to_actions: Vec<MenuItem>,
}

/// An item of a menu.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum MenuItem {
    /// Opens a web page.
    WebUrl {
        /// What the customer sees, at most 30 UTF-16 units.
        title: String,
        /// The page.
        url: String,
        /// How much of the screen it takes: `compact`, `tall` or `full`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        webview_height_ratio: Option<String>,
    },
    /// Tells the Page.
    Postback {
        /// What the customer sees, at most 30 UTF-16 units.
        title: String,
        /// What the Page is told.
        payload: String,
    },
}

/// What can be typed after a slash.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Commands {
    /// The language; one must be `default`.
    pub locale: String,
    /// Up to 100.
    pub commands: Vec<Command>,
}

/// Something that can be typed after a slash.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Command {
    /// The word, without the slash, 1 to 32 UTF-16 units.
    pub name: String,
    /// What it does, 1 to 64 UTF-16 units.
    pub description: String,
}

/// The language that stands in for all others.
const DEFAULT: &str = "default";

impl Greeting {
    /// A greeting for everybody.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            locale: DEFAULT.to_owned(),
            text: text.into(),
        }
    }

    /// The same for one language.
    pub fn with_locale(self, locale: impl Into<String>) -> Self {
        Self {
            locale: locale.into(),
            ..self
        }
    }
}

impl IceBreakers {
    /// Questions for everybody.
    pub fn new(questions: Vec<Question>) -> Self {
        Self {
            locale: DEFAULT.to_owned(),
            call_to_actions: questions,
        }
    }

    /// The same for one language.
    pub fn with_locale(self, locale: impl Into<String>) -> Self {
        Self {
            locale: locale.into(),
            ..self
        }
    }
}

impl Question {
    /// A question and its payload.
    pub fn new(question: impl Into<String>, payload: impl Into<String>) -> Self {
        Self {
            question: question.into(),
            payload: payload.into(),
        }
    }
}

impl Menu {
    /// A menu for everybody.
    pub fn new(items: Vec<MenuItem>) -> Self {
        Self {
            locale: DEFAULT.to_owned(),
            composer_input_disabled: false,
            call_to_actions: items,
        }
    }

    /// The same for one language.
    pub fn with_locale(self, locale: impl Into<String>) -> Self {
        Self {
            locale: locale.into(),
            ..self
        }
    }

    /// The same, and nothing can be written beside it.
    pub fn without_composer(self) -> Self {
        Self {
            composer_input_disabled: true,
            ..self
        }
    }
}

impl MenuItem {
    /// Opens a web page.
    pub fn web_url(title: impl Into<String>, url: impl Into<String>) -> Self {
        Self::WebUrl {
            title: title.into(),
            url: url.into(),
            webview_height_ratio: None,
        }
    }

    /// Tells the Page.
    pub fn postback(title: impl Into<String>, payload: impl Into<String>) -> Self {
        Self::Postback {
            title: title.into(),
            payload: payload.into(),
        }
    }
}

impl Commands {
    /// Commands for everybody.
    pub fn new(commands: Vec<Command>) -> Self {
        Self {
            locale: DEFAULT.to_owned(),
            commands,
        }
    }
}

impl Command {
    /// A word and what it does.
    pub fn new(name: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
        }
    }
}

pub(super) fn check_greetings(greetings: &[Greeting]) -> Result<(), InvalidMessage> {
    check_default(greetings.iter().map(|greeting| &greeting.locale))?;
    let text = |greeting: &Greeting| required("the greeting", &greeting.text, 160);
    greetings.iter().try_for_each(text)
}

pub(super) fn check_ice_breakers(ice_breakers: &[IceBreakers]) -> Result<(), InvalidMessage> {
    check_default(ice_breakers.iter().map(|breakers| &breakers.locale))?;
    for breakers in ice_breakers {
        count(
            "ice breakers",
            breakers.call_to_actions.len(),
            1,
            MAX_QUESTIONS,
        )?;
        for question in &breakers.call_to_actions {
            required("the question", &question.question, usize::MAX)?;
            required(
                "the payload of a question",
                &question.payload,
                MAX_PAYLOAD_UNITS,
            )?;
        }
    }
    Ok(())
}

pub(super) fn check_menus(menus: &[Menu]) -> Result<(), InvalidMessage> {
    check_default(menus.iter().map(|menu| &menu.locale))?;
    for menu in menus {
        count(
            "menu items",
            menu.call_to_actions.len(),
            0,
            MAX_MENU_ACTIONS,
        )?;
        for item in &menu.call_to_actions {
            let title = match item {
                MenuItem::WebUrl { title, url, .. } => {
                    address("the address of a menu item", url)?;
                    title
                }
                MenuItem::Postback { title, payload } => {
                    required("the payload of a menu item", payload, MAX_PAYLOAD_UNITS)?;
                    title
                }
            };
            required("the title of a menu item", title, MAX_MENU_TITLE_UNITS)?;
        }
    }
    Ok(())
}

pub(super) fn check_commands(commands: &[Commands]) -> Result<(), InvalidMessage> {
    check_default(commands.iter().map(|commands| &commands.locale))?;
    for commands in commands {
        count("commands", commands.commands.len(), 1, MAX_COMMANDS)?;
        for command in &commands.commands {
            required("the name of a command", &command.name, 32)?;
            required("the description of a command", &command.description, 64)?;
            if command.name.starts_with('/') {
                return Err(InvalidMessage::Malformed {
                    what: "the name of a command",
                    form: "a word without the slash",
                });
            }
        }
    }
    Ok(())
}

/// One must be there for whoever speaks none of the other languages.
fn check_default<'a>(mut locales: impl Iterator<Item = &'a String>) -> Result<(), InvalidMessage> {
    if locales.any(|locale| locale == DEFAULT) {
        return Ok(());
    }
    Err(InvalidMessage::Mismatch(
        "one of the languages must be default",
    ))
}
