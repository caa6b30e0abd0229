//! Properties of the Messenger profile.

use std::collections::BTreeMap;

use super::menu::{Command, IceBreaker, Menu};

/// Locale of the texts for customers whose language has no text.
pub const DEFAULT_LOCALE: &str = "default";

/// Properties of the Page's Messenger profile. The keys of the maps are locales, such as `en_US`.
///
/// Empty maps and absent values are properties that are not set; [`set`](super::set) leaves them as
/// they are (not documented), [`delete`](super::delete) removes them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct MessengerProfile {
    /// Payload of the *Get Started* button, returned in the postback; at most 1000 UTF-16 units.
    /// Absent for no button.
    pub get_started: Option<String>,
    /// Greeting before the first message, at most 160 UTF-16 units. Meta replaces
    /// `{{user_first_name}}` by the customer's first name.
    pub greeting: BTreeMap<String, String>,
    /// Questions that a customer asks with one tap: 1 to
    /// [`MAX_ICE_BREAKERS`](super::MAX_ICE_BREAKERS).
    pub ice_breakers: BTreeMap<String, Vec<IceBreaker>>,
    /// Persistent menu. Meta refuses it without [`get_started`](Self::get_started).
    #[doc(alias = "persistent_menu")]
    pub menu: BTreeMap<String, Menu>,
    /// Commands that a customer types after a slash: 1 to [`MAX_COMMANDS`](super::MAX_COMMANDS).
    /// Customers see them instead of the menu.
    pub commands: BTreeMap<String, Vec<Command>>,
    /// Addresses, with `https`, of the web pages that may use the Messenger Extensions.
    #[doc(alias = "whitelisted_domains")]
    pub allowed_domains: Vec<String>,
    /// Address, with `https`, of the login page for account linking.
    pub account_linking_url: Option<String>,
}

/// Name of a property, for [`get`](super::get) and [`delete`](super::delete).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ProfileProperty {
    /// [`MessengerProfile::get_started`]. Meta keeps it while there is a menu.
    GetStarted,
    /// [`MessengerProfile::greeting`].
    Greeting,
    /// [`MessengerProfile::ice_breakers`].
    IceBreakers,
    /// [`MessengerProfile::menu`].
    #[doc(alias = "persistent_menu")]
    Menu,
    /// [`MessengerProfile::commands`].
    Commands,
    /// [`MessengerProfile::allowed_domains`].
    #[doc(alias = "whitelisted_domains")]
    AllowedDomains,
    /// [`MessengerProfile::account_linking_url`].
    AccountLinkingUrl,
}

impl ProfileProperty {
    /// All properties.
    pub const ALL: [Self; 7] = [
        Self::GetStarted,
        Self::Greeting,
        Self::IceBreakers,
        Self::Menu,
        Self::Commands,
        Self::AllowedDomains,
        Self::AccountLinkingUrl,
    ];

    /// Returns Meta's name of the property.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GetStarted => "get_started",
            Self::Greeting => "greeting",
            Self::IceBreakers => "ice_breakers",
            Self::Menu => "persistent_menu",
            Self::Commands => "commands",
            Self::AllowedDomains => "whitelisted_domains",
            Self::AccountLinkingUrl => "account_linking_url",
        }
    }
}

impl MessengerProfile {
    /// Creates a profile in which nothing is set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the payload of the *Get Started* button. Not set by default.
    pub fn with_get_started(mut self, payload: impl Into<String>) -> Self {
        self.get_started = Some(payload.into());
        self
    }

    /// Sets the greeting of a locale. Not set by default.
    pub fn with_greeting(mut self, locale: impl Into<String>, text: impl Into<String>) -> Self {
        self.greeting.insert(locale.into(), text.into());
        self
    }

    /// Sets the ice breakers of a locale. Not set by default.
    pub fn with_ice_breakers(
        mut self,
        locale: impl Into<String>,
        ice_breakers: Vec<IceBreaker>,
    ) -> Self {
        self.ice_breakers.insert(locale.into(), ice_breakers);
        self
    }

    /// Sets the menu of a locale. Not set by default.
    pub fn with_menu(mut self, locale: impl Into<String>, menu: Menu) -> Self {
        self.menu.insert(locale.into(), menu);
        self
    }

    /// Sets the commands of a locale. Not set by default.
    pub fn with_commands(mut self, locale: impl Into<String>, commands: Vec<Command>) -> Self {
        self.commands.insert(locale.into(), commands);
        self
    }

    /// Sets the addresses of the web pages that may use the Messenger Extensions. Not set by
    /// default.
    pub fn with_allowed_domains(mut self, domains: Vec<String>) -> Self {
        self.allowed_domains = domains;
        self
    }

    /// Sets the address of the login page for account linking. Not set by default.
    pub fn with_account_linking_url(mut self, url: impl Into<String>) -> Self {
        self.account_linking_url = Some(url.into());
        self
    }
}
