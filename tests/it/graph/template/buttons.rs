//! Buttons and their limits.

use super::*;

#[test]
fn every_live_button_and_its_limits() {
    let game = Button::GamePlay {
        title: "Play".to_owned(),
        payload: Some("{}".to_owned()),
        game_metadata: Some(GameMetadata::player("1")),
    };
    let call = Button::AudioCall {
        title: "Call".to_owned(),
        payload: "CALL".to_owned(),
        expires_in_days: Some(7),
    };
    let link = WebUrl::new("https://a.example/v")
        .with_title("See")
        .with_height("tall")
        .with_extensions(Some("https://a.example/f".to_owned()))
        .without_sharing();
    for (button, expected) in [
        (
            Button::WebUrl(link),
            json!({"type": "web_url", "title": "See", "url": "https://a.example/v", "webview_height_ratio": "tall",
                "messenger_extensions": true, "fallback_url": "https://a.example/f", "webview_share_button": "hide"}),
        ),
        (
            Button::web_url("See", "https://a.example"),
            json!({"type": "web_url", "title": "See", "url": "https://a.example"}),
        ),
        (
            Button::postback("Go", "GO"),
            json!({"type": "postback", "title": "Go", "payload": "GO"}),
        ),
        (
            Button::phone_number("Call", "+15105551234"),
            json!({"type": "phone_number", "title": "Call", "payload": "+15105551234"}),
        ),
        (
            Button::account_link("https://a.example/login"),
            json!({"type": "account_link", "url": "https://a.example/login"}),
        ),
        (Button::AccountUnlink, json!({"type": "account_unlink"})),
        (
            game,
            json!({"type": "game_play", "title": "Play", "payload": "{}", "game_metadata": {"player_id": "1"}}),
        ),
        (
            Button::game_play("Play"),
            json!({"type": "game_play", "title": "Play"}),
        ),
        (
            call,
            json!({"type": "audio_call", "title": "Call", "payload": "CALL", "expires_in_days": 7}),
        ),
    ] {
        let payload =
            json!({"template_type": "button", "text": "What now?", "buttons": [expected]});
        assert_template(Template::buttons("What now?", vec![button]), &payload);
    }
    let call = Button::AudioCall {
        title: "Call".to_owned(),
        payload: "CALL".to_owned(),
        expires_in_days: Some(8),
    };
    let mut fallback = WebUrl::new("https://a.example").with_title("See");
    fallback.fallback_url = Some("https://a.example".to_owned());
    for (button, words) in [
        (
            Button::postback("a".repeat(21), "A"),
            "the title of a button has 21 UTF-16 units, at most 20 can be sent",
        ),
        (
            Button::postback("a", "a".repeat(1001)),
            "the payload of a button has 1001 UTF-16 units, at most 1000 can be sent",
        ),
        (
            Button::postback("a", ""),
            "the payload of a button is blank",
        ),
        (
            Button::WebUrl(WebUrl::new("https://a.example")),
            "the title of a button is blank",
        ),
        (
            Button::web_url("See", "javascript:alert(1)"),
            "the address of a button must be a web address without white space",
        ),
        (
            Button::phone_number("Call", "0800"),
            "the number of a button must be a plus sign and digits",
        ),
        (
            Button::phone_number("Call", "+1 5"),
            "the number of a button must be a plus sign and digits",
        ),
        (
            call,
            "the days of a call button is 8, it must be from 1 to 7",
        ),
        (
            Button::WebUrl(fallback),
            "a fallback address goes with the messenger extensions alone",
        ),
    ] {
        assert_refused(Template::buttons("What now?", vec![button]), words);
    }
}
