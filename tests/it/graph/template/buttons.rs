//! Buttons and their limits.

use super::*;

fn call(days: u8) -> TemplateButton {
    TemplateButton::AudioCall {
        title: "Call".to_owned(),
        payload: "CALL".to_owned(),
        expires_in_days: Some(days),
    }
}

#[test]
fn every_live_button_can_be_sent() {
    let game = |metadata: Value| TemplateButton::GamePlay {
        title: "Play".to_owned(),
        payload: Some("{}".to_owned()),
        game_metadata: json!(metadata).as_object().cloned(),
    };
    let link = WebUrl::new("https://a.example/v")
        .with_title("See")
        .with_height("tall")
        .with_extensions(Some("https://a.example/f".to_owned()))
        .without_sharing();
    for (button, expected) in [
        (
            TemplateButton::WebUrl(link),
            json!({"type": "web_url", "title": "See", "url": "https://a.example/v", "webview_height_ratio": "tall",
                "messenger_extensions": true, "fallback_url": "https://a.example/f", "webview_share_button": "hide"}),
        ),
        (
            TemplateButton::web_url("See", "https://a.example"),
            json!({"type": "web_url", "title": "See", "url": "https://a.example"}),
        ),
        (
            TemplateButton::postback("Go", "GO"),
            json!({"type": "postback", "title": "Go", "payload": "GO"}),
        ),
        (
            TemplateButton::phone_number("Call", "+15105551234"),
            json!({"type": "phone_number", "title": "Call", "payload": "+15105551234"}),
        ),
        (
            TemplateButton::account_link("https://a.example/login"),
            json!({"type": "account_link", "url": "https://a.example/login"}),
        ),
        (
            TemplateButton::AccountUnlink,
            json!({"type": "account_unlink"}),
        ),
        (
            game(json!({"player_id": "1"})),
            json!({"type": "game_play", "title": "Play", "payload": "{}", "game_metadata": {"player_id": "1"}}),
        ),
        (
            game(json!({"context_id": "2"})),
            json!({"type": "game_play", "title": "Play", "payload": "{}", "game_metadata": {"context_id": "2"}}),
        ),
        (
            TemplateButton::game_play("Play"),
            json!({"type": "game_play", "title": "Play"}),
        ),
        (
            TemplateButton::audio_call("Call", "CALL"),
            json!({"type": "audio_call", "title": "Call", "payload": "CALL"}),
        ),
        (
            call(7),
            json!({"type": "audio_call", "title": "Call", "payload": "CALL", "expires_in_days": 7}),
        ),
    ] {
        let payload =
            json!({"template_type": "button", "text": "What now?", "buttons": [expected]});
        assert_template(Template::buttons("What now?", vec![button]), &payload);
    }
}

#[test]
fn c17_buttons_have_limits() {
    let mut fallback = WebUrl::new("https://a.example").with_title("See");
    fallback.fallback_url = Some("https://a.example".to_owned());
    let longest = TemplateButton::postback("a".repeat(20), "a".repeat(1000));
    assert!(OutgoingMessage::template(psid(), Template::buttons("a", vec![longest])).is_ok());
    for (button, words) in [
        (
            TemplateButton::postback("a".repeat(21), "A"),
            "the title of a button has 21 UTF-16 units, at most 20 can be sent",
        ),
        (
            TemplateButton::postback("a", "a".repeat(1001)),
            "the payload of a button has 1001 UTF-16 units, at most 1000 can be sent",
        ),
        (
            TemplateButton::postback("a", ""),
            "the payload of a button is blank",
        ),
        (
            TemplateButton::WebUrl(WebUrl::new("https://a.example")),
            "the title of a button is blank",
        ),
        (
            TemplateButton::web_url("See", "javascript:alert(1)"),
            "the URL of a button (19 UTF-16 units) must be a URL that begins with https:// or \
             http:// and has no white space",
        ),
        (
            TemplateButton::phone_number("Call", "0800"),
            "the number of a button (4 UTF-16 units) must be a plus sign and digits",
        ),
        (
            TemplateButton::phone_number("Call", "+1 5"),
            "the number of a button (4 UTF-16 units) must be a plus sign and digits",
        ),
        (
            call(8),
            "the days of a call button must be from 1 to 7, not 8",
        ),
        (
            call(0),
            "the days of a call button must be from 1 to 7, not 0",
        ),
        (
            TemplateButton::WebUrl(fallback),
            "a fallback URL needs the Messenger Extensions",
        ),
    ] {
        assert_refused(Template::buttons("What now?", vec![button]), words);
    }
}
