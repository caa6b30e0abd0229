//! A handshake is answered with its challenge, and only who knows the token gets it.

use messenger_crm::{
    secret::VerifyToken,
    webhook::{HandshakeError, Webhook},
};
use url::form_urlencoded::{Serializer, parse};

use super::{SECRET, WEBHOOK};

/// A query, and once more as a token or a challenge.
pub(crate) fn run(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    if let Ok(challenge) = WEBHOOK.handshake(text) {
        for (name, value) in [
            ("hub.mode", "subscribe"),
            ("hub.verify_token", "T ü"),
            ("hub.challenge", &challenge),
        ] {
            assert!(parse(input).any(|pair| pair == (name.into(), value.into())));
        }
    }
    let answer = WEBHOOK.handshake(&query("T ü", text));
    match text.len() {
        1..=256 => assert_eq!(answer.as_deref(), Ok(text)),
        _ => assert!(matches!(answer, Err(HandshakeError::Malformed(_)))),
    }
    if let Ok(token) = VerifyToken::new(text) {
        let webhook = Webhook::new(&SECRET, token);
        assert_eq!(webhook.handshake(&query(text, "1")).as_deref(), Ok("1"));
        let longer = webhook.handshake(&query(&format!("{text}x"), "1"));
        assert_eq!(longer, Err(HandshakeError::WrongToken));
    }
}

fn query(token: &str, challenge: &str) -> String {
    Serializer::new(String::new())
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.verify_token", token)
        .append_pair("hub.challenge", challenge)
        .finish()
}
