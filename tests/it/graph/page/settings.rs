//! What stands around the conversation: greeting, menu, and their limits.

use super::*;

#[tokio::test]
async fn messenger_profile() {
    let settings = Settings::new()
        .with_get_started("GET_STARTED")
        .with_greeting(vec![
            Greeting::new("Hi {{user_first_name}}!"),
            Greeting::new("Hallo!").with_locale("de_DE"),
        ])
        .with_ice_breakers(vec![IceBreakers::new(vec![Question::new("Open?", "OPEN")])])
        .with_menu(vec![Menu::new(vec![
            MenuItem::web_url("Shop", "https://a.example"),
            MenuItem::postback("Help", "HELP"),
        ])])
        .with_commands(vec![Commands::new(vec![Command::new(
            "flights",
            "Find flights",
        )])])
        .with_domains(vec!["https://a.example".to_owned()])
        .with_account_linking("https://a.example/login");
    let json = json!({
        "get_started": {"payload": "GET_STARTED"},
        "greeting": [{"locale": "default", "text": "Hi {{user_first_name}}!"}, {"locale": "de_DE", "text": "Hallo!"}],
        "ice_breakers": [{"locale": "default", "call_to_actions": [{"question": "Open?", "payload": "OPEN"}]}],
        "persistent_menu": [{"locale": "default", "composer_input_disabled": false, "call_to_actions": [
            {"type": "web_url", "title": "Shop", "url": "https://a.example"},
            {"type": "postback", "title": "Help", "payload": "HELP"}]}],
        "commands": [{"locale": "default", "commands": [{"name": "flights", "description": "Find flights"}]}],
        "whitelisted_domains": ["https://a.example"],
        "account_linking_url": "https://a.example/login",
    });
    let write = WriteSettings::new(page(), settings.clone()).unwrap();
    let (asked, done) = ask(&write, r#"{"result":"success"}"#).await;
    assert_eq!(line(&asked), "POST 1755847768034402/messenger_profile");
    assert_eq!(json_of(&asked), json);
    done.unwrap();

    let found = ask(
        &ReadSettings::new(page()),
        &json!({ "data": [json] }).to_string(),
    )
    .await;
    assert_line(
        &found,
        "GET 1755847768034402/messenger_profile?fields=get_started,greeting,ice_breakers,persistent_menu,commands,whitelisted_domains,account_linking_url",
    );
    assert_eq!(found.1.unwrap(), settings);
    for empty in [r#"{"data":[]}"#, r#"{"data":[{}]}"#] {
        let greeting = ReadSettings::new(page()).only([Setting::Greeting]);
        let found = ask(&greeting, empty).await;
        assert_line(
            &found,
            "GET 1755847768034402/messenger_profile?fields=greeting",
        );
        assert_eq!(found.1.unwrap(), Settings::new());
    }
    let delete = DeleteSettings::new(page(), [Setting::PersistentMenu, Setting::GetStarted]);
    let (asked, done) = ask(&delete, r#"{"result":"success"}"#).await;
    assert_eq!(line(&asked), "DELETE 1755847768034402/messenger_profile");
    assert_eq!(
        json_of(&asked),
        json!({"fields": ["persistent_menu", "get_started"]})
    );
    done.unwrap();
}

#[test]
fn settings_have_limits() {
    let help = || MenuItem::postback("Help", "HELP");
    let question = || Question::new("Open?", "OPEN");
    for (settings, words) in [
        (
            Settings::new().with_get_started(""),
            "the payload of the start button is blank",
        ),
        (
            Settings::new().with_greeting(vec![Greeting::new("a".repeat(161))]),
            "the greeting has 161 UTF-16 units, at most 160 can be sent",
        ),
        (
            Settings::new().with_greeting(vec![Greeting::new("a").with_locale("de_DE")]),
            "one of the languages must be default",
        ),
        (
            Settings::new().with_ice_breakers(vec![IceBreakers::new(vec![question(); 5])]),
            "there are 5 ice breakers, at most 4 can be sent",
        ),
        (
            Settings::new().with_menu(vec![Menu::new(vec![help(); 21])]),
            "there are 21 menu items, at most 20 can be sent",
        ),
        (
            Settings::new().with_menu(vec![Menu::new(vec![MenuItem::postback(
                "a".repeat(31),
                "A",
            )])]),
            "the title of a menu item has 31 UTF-16 units, at most 30 can be sent",
        ),
        (
            Settings::new().with_commands(vec![Commands::new(vec![Command::new("/a", "b")])]),
            "the name of a command must be a word without the slash",
        ),
        (
            Settings::new()
                .with_commands(vec![Commands::new(vec![Command::new("a", "b".repeat(65))])]),
            "the description of a command has 65 UTF-16 units, at most 64 can be sent",
        ),
        (
            Settings::new().with_domains(vec!["http://a.example".to_owned()]),
            "a domain or page of the settings must be an address with https",
        ),
    ] {
        assert_eq!(
            WriteSettings::new(page(), settings)
                .unwrap_err()
                .to_string(),
            words
        );
    }
}
