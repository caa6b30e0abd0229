//! The Page's Messenger profile: what a customer sees before they write.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::edge;
use super::menu::{
    Commands, Greeting, IceBreakers, Menu, check_commands, check_greetings, check_ice_breakers,
    check_menus,
};
use crate::graph::send::invalid::required;
use crate::graph::send::{InvalidMessage, MAX_PAYLOAD_UNITS};
use crate::graph::{Answer, Call, Endpoint, Error};
use crate::id::PageId;

/// The Page's Messenger profile: what a customer sees before they write.
///
/// What is `None` is not set, and is left as it is when written.
///
/// Meta: [Messenger Profile](https://developers.facebook.com/docs/messenger-platform/reference/messenger-profile-api)
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Settings {
    /// The button that starts a conversation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub get_started: Option<GetStarted>,
    /// The greeting, in each language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub greeting: Option<Vec<Greeting>>,
    /// The questions to begin with, in each language.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ice_breakers: Option<Vec<IceBreakers>>,
    /// The menu, in each language; it needs `get_started`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub persistent_menu: Option<Vec<Menu>>,
    /// The commands, in each language; they take the menu's place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commands: Option<Vec<Commands>>,
    /// The pages that may use the Messenger Extensions, such as `https://shop.example`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub whitelisted_domains: Option<Vec<String>>,
    /// The page for logging in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_linking_url: Option<String>,
}

/// The button that starts a conversation.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GetStarted {
    /// What the Page is told in the postback.
    pub payload: String,
}

/// One of the settings, for reading and deleting.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Setting {
    /// [`Settings::get_started`]; Meta keeps it while there is a menu.
    GetStarted,
    /// [`Settings::greeting`].
    Greeting,
    /// [`Settings::ice_breakers`].
    IceBreakers,
    /// [`Settings::persistent_menu`].
    PersistentMenu,
    /// [`Settings::commands`].
    Commands,
    /// [`Settings::whitelisted_domains`].
    WhitelistedDomains,
    /// [`Settings::account_linking_url`].
    AccountLinkingUrl,
}

impl Setting {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::GetStarted,
        Self::Greeting,
        Self::IceBreakers,
        Self::PersistentMenu,
        Self::Commands,
        Self::WhitelistedDomains,
        Self::AccountLinkingUrl,
    ];

    /// Meta's name of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GetStarted => "get_started",
            Self::Greeting => "greeting",
            Self::IceBreakers => "ice_breakers",
            Self::PersistentMenu => "persistent_menu",
            Self::Commands => "commands",
            Self::WhitelistedDomains => "whitelisted_domains",
            Self::AccountLinkingUrl => "account_linking_url",
        }
    }
}

impl Settings {
    /// Nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with a button that starts a conversation.
    pub fn with_get_started(self, payload: impl Into<String>) -> Self {
        Self {
            get_started: Some(GetStarted {
                payload: payload.into(),
            }),
            ..self
        }
    }

    /// The same with a greeting in each language.
    pub fn with_greeting(self, greeting: Vec<Greeting>) -> Self {
        Self {
            greeting: Some(greeting),
            ..self
        }
    }

    /// The same with questions to begin with, in each language.
    pub fn with_ice_breakers(self, ice_breakers: Vec<IceBreakers>) -> Self {
        Self {
            ice_breakers: Some(ice_breakers),
            ..self
        }
    }

    /// The same with a menu in each language.
    pub fn with_menu(self, menu: Vec<Menu>) -> Self {
        Self {
            persistent_menu: Some(menu),
            ..self
        }
    }

    /// The same with commands in each language.
    pub fn with_commands(self, commands: Vec<Commands>) -> Self {
        Self {
            commands: Some(commands),
            ..self
        }
    }

    /// The same with pages that may use the Messenger Extensions.
    pub fn with_domains(self, domains: Vec<String>) -> Self {
        Self {
            whitelisted_domains: Some(domains),
            ..self
        }
    }

    /// The same with a page for logging in.
    pub fn with_account_linking(self, url: impl Into<String>) -> Self {
        Self {
            account_linking_url: Some(url.into()),
            ..self
        }
    }

    fn check(&self) -> Result<(), InvalidMessage> {
        if let Some(GetStarted { payload }) = &self.get_started {
            required(
                "the payload of the start button",
                payload,
                MAX_PAYLOAD_UNITS,
            )?;
        }
        self.greeting.as_deref().map_or(Ok(()), check_greetings)?;
        let ice_breakers = self.ice_breakers.as_deref();
        ice_breakers.map_or(Ok(()), check_ice_breakers)?;
        self.persistent_menu
            .as_deref()
            .map_or(Ok(()), check_menus)?;
        self.commands.as_deref().map_or(Ok(()), check_commands)?;
        let domains = self.whitelisted_domains.iter().flatten();
        if !domains
            .chain(&self.account_linking_url)
            .all(|url| url.starts_with("https://"))
        {
            return Err(InvalidMessage::Malformed {
                what: "a domain or page of the settings",
                form: "an address with https",
            });
        }
        Ok(())
    }
}

/// Reads a Page's settings. Meta answers 10 calls in 10 minutes for each Page.
///
/// Meta: [Messenger Profile](https://developers.facebook.com/docs/messenger-platform/reference/messenger-profile-api)
#[derive(Clone, Debug)]
pub struct ReadSettings {
    page: PageId,
    settings: Vec<Setting>,
}

impl ReadSettings {
    /// All settings of this Page.
    pub fn new(page: PageId) -> Self {
        let settings = Setting::ALL.to_vec();
        Self { page, settings }
    }

    /// These alone.
    pub fn only(self, settings: impl IntoIterator<Item = Setting>) -> Self {
        Self {
            settings: settings.into_iter().collect(),
            ..self
        }
    }
}

impl Endpoint for ReadSettings {
    type Output = Settings;

    fn call(&self) -> Result<Call, Error> {
        let names: Vec<_> = self.settings.iter().map(|name| name.as_str()).collect();
        Ok(Call::get(edge(&self.page, "messenger_profile")?)
            .for_page(&self.page)
            .with_query("fields", names.join(",")))
    }

    fn read(&self, answer: &Answer) -> Result<Settings, Error> {
        let mut found = Settings::default();
        // Meta shows one object, but nothing says that it is never two.
        for part in answer.object().objects("data") {
            found.get_started = part.parse("get_started").or(found.get_started);
            found.greeting = part.parse("greeting").or(found.greeting);
            found.ice_breakers = part.parse("ice_breakers").or(found.ice_breakers);
            found.persistent_menu = part.parse("persistent_menu").or(found.persistent_menu);
            found.commands = part.parse("commands").or(found.commands);
            let domains = part.parse("whitelisted_domains");
            found.whitelisted_domains = domains.or(found.whitelisted_domains);
            let url = part.text("account_linking_url");
            found.account_linking_url = url.or(found.account_linking_url);
        }
        Ok(found)
    }
}

/// Writes a Page's settings, those that are set. Meta answers 10 calls in 10 minutes for each Page.
///
/// Meta: [Messenger Profile](https://developers.facebook.com/docs/messenger-platform/reference/messenger-profile-api)
#[derive(Clone, Debug)]
pub struct WriteSettings {
    page: PageId,
    settings: Settings,
}

impl WriteSettings {
    /// These settings for this Page.
    ///
    /// # Errors
    ///
    /// [`InvalidMessage`] when a part of them is beyond a limit.
    pub fn new(page: PageId, settings: Settings) -> Result<Self, InvalidMessage> {
        settings.check()?;
        Ok(Self { page, settings })
    }
}

impl Endpoint for WriteSettings {
    type Output = ();

    fn call(&self) -> Result<Call, Error> {
        Call::post(edge(&self.page, "messenger_profile")?)
            .for_page(&self.page)
            .with_json(&self.settings)
    }

    fn read(&self, answer: &Answer) -> Result<(), Error> {
        answer.done()
    }
}

/// Deletes some of a Page's settings. Meta answers 10 calls in 10 minutes for each Page.
///
/// Meta: [Messenger Profile](https://developers.facebook.com/docs/messenger-platform/reference/messenger-profile-api)
#[derive(Clone, Debug)]
pub struct DeleteSettings {
    page: PageId,
    settings: Vec<Setting>,
}

impl DeleteSettings {
    /// These of this Page.
    pub fn new(page: PageId, settings: impl IntoIterator<Item = Setting>) -> Self {
        Self {
            page,
            settings: settings.into_iter().collect(),
        }
    }
}

impl Endpoint for DeleteSettings {
    type Output = ();

    fn call(&self) -> Result<Call, Error> {
        let names: Vec<_> = self.settings.iter().map(|name| name.as_str()).collect();
        Call::delete(edge(&self.page, "messenger_profile")?)
            .for_page(&self.page)
            .with_json(&json!({ "fields": names }))
    }

    fn read(&self, answer: &Answer) -> Result<(), Error> {
        answer.done()
    }
}
