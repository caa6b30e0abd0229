//! The Messenger profile as Meta's JSON, which has a list with locales for each property.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::menu::{IceBreaker, Menu, MenuItem};
use super::profile::{DEFAULT_LOCALE, MessengerProfile, ProfileProperty};
use crate::graph::{Object, Response};

/// Writes the properties that are set.
pub(super) fn write(profile: &MessengerProfile) -> Map<String, Value> {
    let mut body = Map::new();
    let mut set = |property: ProfileProperty, value: Value| {
        body.insert(property.as_str().to_owned(), value);
    };
    if let Some(payload) = &profile.get_started {
        set(ProfileProperty::GetStarted, json!({ "payload": payload }));
    }
    if !profile.greeting.is_empty() {
        let greeting = by_locale(&profile.greeting, |text| json!({ "text": text }));
        set(ProfileProperty::Greeting, greeting);
    }
    if !profile.ice_breakers.is_empty() {
        let list = by_locale(
            &profile.ice_breakers,
            |list| json!({ "call_to_actions": list }),
        );
        set(ProfileProperty::IceBreakers, list);
    }
    if !profile.menu.is_empty() {
        let menu = by_locale(&profile.menu, |menu| {
            json!({
                "composer_input_disabled": menu.is_composer_disabled,
                "call_to_actions": menu.items,
            })
        });
        set(ProfileProperty::Menu, menu);
    }
    if !profile.commands.is_empty() {
        let commands = by_locale(&profile.commands, |list| json!({ "commands": list }));
        set(ProfileProperty::Commands, commands);
    }
    if !profile.allowed_domains.is_empty() {
        let domains = json!(profile.allowed_domains);
        set(ProfileProperty::AllowedDomains, domains);
    }
    if let Some(url) = &profile.account_linking_url {
        set(ProfileProperty::AccountLinkingUrl, json!(url));
    }
    body
}

/// Writes a list of objects, each with its locale.
fn by_locale<T>(values: &BTreeMap<String, T>, write: impl Fn(&T) -> Value) -> Value {
    let list = values.iter().map(|(locale, value)| {
        let mut object = write(value);
        object["locale"] = json!(locale);
        object
    });
    list.collect()
}

/// Reads the properties that the response has.
pub(super) fn read(response: &Response) -> MessengerProfile {
    let mut found = MessengerProfile::default();
    // Meta shows one object, but nothing says that it is never two.
    for part in response.object().objects("data") {
        let get_started = part.object("get_started").text("payload");
        found.get_started = get_started.or(found.get_started);
        extend(&mut found.greeting, part, "greeting", |greeting| {
            greeting.text("text")
        });
        extend(&mut found.ice_breakers, part, "ice_breakers", |object| {
            object.parse::<Vec<IceBreaker>>("call_to_actions")
        });
        // The form before there were locales: questions without one.
        let flat = part.objects("ice_breakers").filter_map(|question| {
            let (question, payload) = (question.text("question")?, question.text("payload")?);
            Some(IceBreaker { question, payload })
        });
        let flat: Vec<_> = flat.collect();
        if !flat.is_empty() {
            found.ice_breakers.insert(DEFAULT_LOCALE.to_owned(), flat);
        }
        extend(&mut found.menu, part, "persistent_menu", |menu| {
            Some(Menu {
                items: menu
                    .parse::<Vec<MenuItem>>("call_to_actions")
                    .unwrap_or_default(),
                is_composer_disabled: menu.boolean("composer_input_disabled").unwrap_or(false),
            })
        });
        extend(&mut found.commands, part, "commands", |object| {
            object.parse("commands")
        });
        found
            .allowed_domains
            .extend(part.texts("whitelisted_domains"));
        let url = part.text("account_linking_url");
        found.account_linking_url = url.or(found.account_linking_url);
    }
    found
}

/// Reads a list of objects, each with its locale.
fn extend<T>(
    found: &mut BTreeMap<String, T>,
    part: Object<'_>,
    name: &str,
    read: impl Fn(Object<'_>) -> Option<T>,
) {
    for object in part.objects(name) {
        let locale = object.text("locale");
        if let Some(value) = read(object) {
            found.insert(locale.unwrap_or_else(|| DEFAULT_LOCALE.to_owned()), value);
        }
    }
}
