//! Meta's limits of the Messenger profile.

use std::collections::BTreeMap;

use super::menu::{
    Command, IceBreaker, MAX_COMMANDS, MAX_ICE_BREAKERS, MAX_MENU_ITEMS, Menu, MenuItem,
};
use super::profile::{DEFAULT_LOCALE, MessengerProfile};
use crate::graph::send::invalid::{address, count, required};
use crate::graph::send::{InvalidMessage, MAX_PAYLOAD_UNITS};

const MAX_GREETING_UNITS: usize = 160;
const MAX_MENU_TITLE_UNITS: usize = 30;
const MAX_COMMAND_UNITS: usize = 32;
const MAX_DESCRIPTION_UNITS: usize = 64;

pub(super) fn check(profile: &MessengerProfile) -> Result<(), InvalidMessage> {
    if let Some(payload) = &profile.get_started {
        let what = "the payload of the Get Started button";
        required(what, payload, MAX_PAYLOAD_UNITS)?;
    }
    check_locales(&profile.greeting)?;
    for text in profile.greeting.values() {
        required("the greeting", text, MAX_GREETING_UNITS)?;
    }
    check_locales(&profile.ice_breakers)?;
    let ice_breakers = profile.ice_breakers.values();
    ice_breakers
        .into_iter()
        .try_for_each(|list| check_ice_breakers(list))?;
    check_locales(&profile.menu)?;
    profile.menu.values().try_for_each(check_menu)?;
    check_locales(&profile.commands)?;
    let commands = profile.commands.values();
    commands
        .into_iter()
        .try_for_each(|list| check_commands(list))?;
    let urls = profile.allowed_domains.iter();
    let urls = urls.chain(&profile.account_linking_url);
    urls.into_iter().try_for_each(|url| check_url(url))
}

/// One text must be there for customers whose language has none.
fn check_locales<T>(by_locale: &BTreeMap<String, T>) -> Result<(), InvalidMessage> {
    if by_locale.is_empty() || by_locale.contains_key(DEFAULT_LOCALE) {
        return Ok(());
    }
    let words = "one of the locales must be default";
    Err(InvalidMessage::Mismatch(words))
}

fn check_ice_breakers(ice_breakers: &[IceBreaker]) -> Result<(), InvalidMessage> {
    count("ice breakers", ice_breakers.len(), 1, MAX_ICE_BREAKERS)?;
    for ice_breaker in ice_breakers {
        let payload = &ice_breaker.payload;
        required("an ice breaker", &ice_breaker.question, usize::MAX)?;
        required("the payload of an ice breaker", payload, MAX_PAYLOAD_UNITS)?;
    }
    Ok(())
}

fn check_menu(menu: &Menu) -> Result<(), InvalidMessage> {
    count("menu items", menu.items.len(), 0, MAX_MENU_ITEMS)?;
    for item in &menu.items {
        let title = match item {
            MenuItem::WebUrl { title, url, .. } => {
                address("the address of a menu item", url)?;
                title
            }
            MenuItem::Postback { title, payload } => {
                required("the payload of a menu item", payload, MAX_PAYLOAD_UNITS)?;
                title
            }
            MenuItem::Other(_) => continue,
        };
        required("the title of a menu item", title, MAX_MENU_TITLE_UNITS)?;
    }
    Ok(())
}

fn check_commands(commands: &[Command]) -> Result<(), InvalidMessage> {
    count("commands", commands.len(), 1, MAX_COMMANDS)?;
    for command in commands {
        let (name, description) = (&command.name, &command.description);
        required("the name of a command", name, MAX_COMMAND_UNITS)?;
        required(
            "the description of a command",
            description,
            MAX_DESCRIPTION_UNITS,
        )?;
        if name.starts_with('/') {
            let words = "the name of a command must not begin with a slash";
            return Err(InvalidMessage::Mismatch(words));
        }
    }
    Ok(())
}

fn check_url(url: &str) -> Result<(), InvalidMessage> {
    address("a domain or the login page of the profile", url)?;
    if url.starts_with("https://") {
        return Ok(());
    }
    let words = "the domains and the login page of the profile must have https addresses";
    Err(InvalidMessage::Mismatch(words))
}
