//! Messenger profile: exact requests, and Meta's limits.

use messenger_crm::graph::page::messenger_profile::{
    self, Command, DEFAULT_LOCALE, IceBreaker, Menu, MenuItem, MessengerProfile, ProfileProperty,
};

use super::*;

fn profile() -> MessengerProfile {
    MessengerProfile::new()
        .with_get_started("GET_STARTED")
        .with_greeting(DEFAULT_LOCALE, "Hi {{user_first_name}}!")
        .with_greeting("de_DE", "Hallo!")
        .with_ice_breakers(DEFAULT_LOCALE, vec![IceBreaker::new("Open?", "OPEN")])
        .with_menu(
            DEFAULT_LOCALE,
            Menu::new(vec![
                MenuItem::web_url("Shop", "https://a.example"),
                MenuItem::postback("Help", "HELP"),
            ]),
        )
        .with_commands(
            DEFAULT_LOCALE,
            vec![Command::new("flights", "Find flights")],
        )
        .with_allowed_domains(vec!["https://a.example".to_owned()])
        .with_account_linking_url("https://a.example/login")
}

fn body() -> serde_json::Value {
    json!({
        "get_started": {"payload": "GET_STARTED"},
        "greeting": [{"locale": "de_DE", "text": "Hallo!"}, {"locale": "default", "text": "Hi {{user_first_name}}!"}],
        "ice_breakers": [{"locale": "default", "call_to_actions": [{"question": "Open?", "payload": "OPEN"}]}],
        "persistent_menu": [{"locale": "default", "composer_input_disabled": false, "call_to_actions": [
            {"type": "web_url", "title": "Shop", "url": "https://a.example"},
            {"type": "postback", "title": "Help", "payload": "HELP"}]}],
        "commands": [{"locale": "default", "commands": [{"name": "flights", "description": "Find flights"}]}],
        "whitelisted_domains": ["https://a.example"],
        "account_linking_url": "https://a.example/login",
    })
}

#[tokio::test]
async fn the_messenger_profile_is_set_read_and_deleted() {
    let set = messenger_profile::set(&profile()).unwrap();
    let (request, done) = ask(&set, r#"{"result":"success"}"#).await;
    assert_eq!(line(&request), "POST 1755847768034402/messenger_profile");
    assert_eq!(json_of(&request), body());
    done.unwrap();

    let get = messenger_profile::get(&ProfileProperty::ALL).unwrap();
    let found = ask(&get, &json!({ "data": [body()] }).to_string()).await;
    assert_line(
        &found,
        "GET 1755847768034402/messenger_profile?fields=get_started,greeting,ice_breakers,persistent_menu,commands,whitelisted_domains,account_linking_url",
    );
    assert_eq!(found.1.unwrap(), profile());
    for empty in [r#"{"data":[]}"#, r#"{"data":[{}]}"#] {
        let get = messenger_profile::get(&[ProfileProperty::Greeting]).unwrap();
        let found = ask(&get, empty).await;
        assert_line(
            &found,
            "GET 1755847768034402/messenger_profile?fields=greeting",
        );
        assert_eq!(found.1.unwrap(), MessengerProfile::new());
    }
    let properties = [ProfileProperty::Menu, ProfileProperty::GetStarted];
    let delete = messenger_profile::delete(&properties).unwrap();
    let (request, done) = ask(&delete, r#"{"result":"success"}"#).await;
    assert_eq!(line(&request), "DELETE 1755847768034402/messenger_profile");
    assert_eq!(
        json_of(&request),
        json!({"fields": ["persistent_menu", "get_started"]})
    );
    done.unwrap();
}

#[tokio::test]
async fn unknown_parts_of_a_profile_cost_nothing_else() {
    let body = json!({"data": [{
        "persistent_menu": [{"locale": "default", "composer_input_disabled": true, "call_to_actions": [
            {"type": "nested", "title": "More", "call_to_actions": []},
            {"type": "postback", "title": "Help", "payload": "HELP"}]}],
        // The form before there were locales.
        "ice_breakers": [{"question": "Open?", "payload": "OPEN"}],
    }, {"greeting": [{"locale": "default", "text": "Hi!"}]}]});
    let get = messenger_profile::get(&ProfileProperty::ALL).unwrap();
    let found = ask(&get, &body.to_string()).await.1.unwrap();
    let menu = &found.menu[DEFAULT_LOCALE];
    assert!(menu.is_composer_disabled);
    assert!(matches!(&menu.items[0], MenuItem::Other(item) if item["title"] == "More"));
    assert_eq!(menu.items[1], MenuItem::postback("Help", "HELP"));
    let ice_breakers = &found.ice_breakers[DEFAULT_LOCALE];
    assert_eq!(ice_breakers, &[IceBreaker::new("Open?", "OPEN")]);
    assert_eq!(found.greeting[DEFAULT_LOCALE], "Hi!");
    // What was read can be written again.
    let set = messenger_profile::set(&found).unwrap();
    let (request, _) = ask(&set, r#"{"result":"success"}"#).await;
    let menu = &json_of(&request)["persistent_menu"][0];
    assert_eq!(menu["call_to_actions"][0]["type"], "nested");
}

#[test]
fn a_profile_has_limits() {
    let new = MessengerProfile::new;
    let menu = |items| new().with_menu(DEFAULT_LOCALE, Menu::new(items));
    let commands = |commands| new().with_commands(DEFAULT_LOCALE, commands);
    let question = || IceBreaker::new("Open?", "OPEN");
    for (profile, words) in [
        (new(), "there are 0 properties, at least 1 are needed"),
        (
            new().with_get_started(""),
            "the payload of the Get Started button is blank",
        ),
        (
            new().with_greeting(DEFAULT_LOCALE, "a".repeat(161)),
            "the greeting has 161 UTF-16 units, at most 160 can be sent",
        ),
        (
            new().with_greeting("de_DE", "a"),
            "one of the locales must be default",
        ),
        (
            new().with_ice_breakers(DEFAULT_LOCALE, vec![question(); 5]),
            "there are 5 ice breakers, at most 4 can be sent",
        ),
        (
            new().with_ice_breakers(DEFAULT_LOCALE, vec![]),
            "there are 0 ice breakers, at least 1 are needed",
        ),
        (
            menu(vec![MenuItem::postback("Help", "HELP"); 21]),
            "there are 21 menu items, at most 20 can be sent",
        ),
        (
            menu(vec![MenuItem::postback("a".repeat(31), "A")]),
            "the title of a menu item has 31 UTF-16 units, at most 30 can be sent",
        ),
        (
            commands(vec![Command::new("/a", "b")]),
            "the name of a command must not begin with a slash",
        ),
        (
            commands(vec![Command::new("a", "b".repeat(65))]),
            "the description of a command has 65 UTF-16 units, at most 64 can be sent",
        ),
        (
            commands(vec![Command::new("a", "b"); 101]),
            "there are 101 commands, at most 100 can be sent",
        ),
        (
            new().with_allowed_domains(vec!["http://a.example".to_owned()]),
            "the domains and the login page of the profile must have https addresses",
        ),
    ] {
        let error = messenger_profile::set(&profile).unwrap_err();
        assert_eq!(error.to_string(), words);
    }
    assert!(messenger_profile::get(&[]).is_err());
    assert!(messenger_profile::delete(&[]).is_err());
}
