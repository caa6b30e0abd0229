//! Messenger profile of the Page: greeting, *Get Started* button, ice breakers, persistent menu,
//! commands.
//!
//! Each text has a locale. One of the texts must be for [`DEFAULT_LOCALE`].
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
mod profile;
mod wire;

use serde_json::json;

pub use self::menu::{
    Command, IceBreaker, MAX_COMMANDS, MAX_ICE_BREAKERS, MAX_MENU_ITEMS, Menu, MenuItem,
};
pub use self::profile::{DEFAULT_LOCALE, MessengerProfile, ProfileProperty};

use super::with_body;
use crate::graph::send::invalid::count;
use crate::graph::{Call, Error, Path, Response};

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
