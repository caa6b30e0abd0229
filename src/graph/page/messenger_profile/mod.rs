//! Messenger profile of the Page: what a customer sees beside the conversation.
//!
//! Greeting, *Get Started* button, ice breakers, persistent menu, commands. Each of the texts has a
//! locale; one must be for [`DEFAULT_LOCALE`].
//!
//! Meta allows 10 calls in 10 minutes per Page.
//!
//! ```
//! use messenger_crm::graph::page::messenger_profile::{
//!     self, DEFAULT_LOCALE, IceBreaker, Menu, MenuItem, MessengerProfile,
//! };
//! # use messenger_crm::graph::{Access, AppAccess, ScriptedTransport};
//! # use messenger_crm::id::{AppId, PageId};
//! # use messenger_crm::secret::{AppSecret, PageToken};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = ScriptedTransport::new();
//! # script.json(200, r#"{"result":"success"}"#);
//! # let app = AppAccess::new(AppId::new("27182818")?, AppSecret::new("60efff025951")?);
//! # let access = Access::new(app, PageId::new("1755847768034402")?, PageToken::new("EAAtoken")?);
//! # let page = script.graph().page(access);
//! let profile = MessengerProfile::new()
//!     .with_get_started("GET_STARTED")
//!     .with_greeting(DEFAULT_LOCALE, "Hello {{user_first_name}}!")
//!     .with_greeting("de_DE", "Hallo {{user_first_name}}!")
//!     .with_ice_breakers(DEFAULT_LOCALE, vec![IceBreaker::new("Are you open today?", "OPEN")])
//!     .with_menu(DEFAULT_LOCALE, Menu::new(vec![
//!         MenuItem::postback("Talk to a person", "PERSON"),
//!         MenuItem::web_url("Shop", "https://shop.example"),
//!     ]));
//! page.call(&messenger_profile::set(&profile)?).await?;
//! # Ok(())
//! # }
//! ```
//!
//! <https://developers.facebook.com/docs/messenger-platform/reference/messenger-profile-api>

mod check;
mod menu;
mod wire;

use std::collections::BTreeMap;

use serde_json::json;

pub use self::menu::{Command, IceBreaker, Menu, MenuItem};

use super::with_body;
use crate::graph::send::invalid::count;
use crate::graph::{Call, Error, Path, Response};

/// Locale of the texts for customers whose language has none.
pub const DEFAULT_LOCALE: &str = "default";

/// Most items of a menu, per locale: 20.
pub const MAX_MENU_ITEMS: usize = 20;

/// Most ice breakers, per locale: 4.
pub const MAX_ICE_BREAKERS: usize = 4;

/// Most commands, per locale: 100.
pub const MAX_COMMANDS: usize = 100;

/// Properties of the Page's Messenger profile. The keys of the maps are locales, such as `en_US`.
///
/// Empty maps and absent values are properties that are not set; [`set`] leaves them as they are
/// (inferred), [`delete`] removes them.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct MessengerProfile {
    /// Payload of the *Get Started* button, which comes back in a postback; at most 1000 UTF-16
    /// units. Without it there is no button.
    pub get_started: Option<String>,
    /// Greeting before the first message, at most 160 UTF-16 units. `{{user_first_name}}` stands for
    /// the customer's name.
    pub greeting: BTreeMap<String, String>,
    /// Questions that a customer asks with one tap: 1 to [`MAX_ICE_BREAKERS`].
    pub ice_breakers: BTreeMap<String, Vec<IceBreaker>>,
    /// Persistent menu. Meta refuses it without [`get_started`](Self::get_started).
    #[doc(alias = "persistent_menu")]
    pub menu: BTreeMap<String, Menu>,
    /// Commands that a customer types after a slash: 1 to [`MAX_COMMANDS`]. Customers see them
    /// instead of the menu.
    pub commands: BTreeMap<String, Vec<Command>>,
    /// Addresses, with `https`, of the web pages that may use the Messenger Extensions.
    #[doc(alias = "whitelisted_domains")]
    pub allowed_domains: Vec<String>,
    /// Address, with `https`, of the login page for account linking.
    pub account_linking_url: Option<String>,
}

/// Name of a property, for [`get`] and [`delete`].
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

/// Reads properties of the Messenger profile.
///
/// Permission: `pages_messaging`. Limit: 10 calls in 10 minutes per Page; Meta refuses more with
/// code 613.
///
/// # Errors
///
/// [`Error::Message`] when no property is named.
///
/// <https://developers.facebook.com/docs/messenger-platform/reference/messenger-profile-api>
#[doc(alias = "messenger_profile")]
pub fn get(properties: &[ProfileProperty]) -> Result<Call<MessengerProfile>, Error> {
    let call = Call::get(edge(), |response: &Response| Ok(wire::read(response)));
    Ok(call.with_query("fields", names(properties)?.join(",")))
}

/// Sets those properties that are in `profile`, in all their locales.
///
/// Permission: `pages_messaging`. Limit: 10 calls in 10 minutes per Page; Meta refuses more with
/// code 613. It refuses a menu without *Get Started* with code 100.
///
/// # Errors
///
/// [`Error::Message`] when nothing is set, or a part breaks one of Meta's limits.
///
/// <https://developers.facebook.com/docs/messenger-platform/reference/messenger-profile-api>
pub fn set(profile: &MessengerProfile) -> Result<Call<()>, Error> {
    check::check(profile)?;
    let body = wire::write(profile);
    count("properties", body.len(), 1, ProfileProperty::ALL.len())?;
    let call = Call::post(edge(), Response::success);
    Ok(with_body(call, &body.into()))
}

/// Deletes properties of the Messenger profile.
///
/// Permission: `pages_messaging`. Limit: 10 calls in 10 minutes per Page; Meta refuses more with
/// code 613. It refuses to delete *Get Started* while there is a menu.
///
/// # Errors
///
/// [`Error::Message`] when no property is named.
///
/// <https://developers.facebook.com/docs/messenger-platform/reference/messenger-profile-api>
pub fn delete(properties: &[ProfileProperty]) -> Result<Call<()>, Error> {
    let call = Call::delete(edge(), Response::success);
    Ok(with_body(call, &json!({ "fields": names(properties)? })))
}

fn edge() -> Path {
    Path::me().edge("messenger_profile")
}

fn names(properties: &[ProfileProperty]) -> Result<Vec<&'static str>, Error> {
    let limit = ProfileProperty::ALL.len();
    count("properties", properties.len(), 1, limit)?;
    Ok(properties.iter().map(|name| name.as_str()).collect())
}
