//! The handshake: Meta proves that it knows the verify token, we answer its challenge.

use subtle::ConstantTimeEq;

use super::form::{self, FormError};
use crate::secret::VerifyToken;

const MAX_CHALLENGE_BYTES: usize = 256;

/// Why a `GET` is not answered with its challenge.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// A parameter is missing, doubled, too long or badly encoded: answer 400.
    #[error("the query is not a handshake: {0}")]
    Malformed(&'static str),
    /// Another verify token: answer 403.
    #[error("the verify token is another one")]
    WrongToken,
}

pub(super) fn challenge(query: &str, token: &VerifyToken) -> Result<String, HandshakeError> {
    let names = ["hub.mode", "hub.verify_token", "hub.challenge"];
    let [mode, given, challenge] = form::fields(query, names).map_err(|error| match error {
        FormError::Twice => HandshakeError::Malformed("a parameter is there twice"),
        FormError::Encoding => HandshakeError::Malformed("a value is not percent-encoded UTF-8"),
    })?;
    let (Some(mode), Some(given), Some(challenge)) = (mode, given, challenge) else {
        return Err(HandshakeError::Malformed(
            "hub.mode, hub.verify_token and hub.challenge are needed",
        ));
    };
    if mode != "subscribe" {
        return Err(HandshakeError::Malformed("hub.mode is not subscribe"));
    }
    if challenge.is_empty() || challenge.len() > MAX_CHALLENGE_BYTES {
        return Err(HandshakeError::Malformed(
            "hub.challenge has not 1 to 256 bytes",
        ));
    }
    if bool::from(given.as_bytes().ct_eq(token.expose_secret().as_bytes())) {
        Ok(challenge)
    } else {
        Err(HandshakeError::WrongToken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn ask(query: &str) -> Result<String, HandshakeError> {
        challenge(query, &VerifyToken::new("T ü").unwrap())
    }

    #[test]
    fn h1_h7_the_challenge_comes_back_unchanged() {
        let asked = ask("hub.mode=subscribe&hub.verify_token=T+%C3%BC&hub.challenge=1158201444");
        assert_eq!(asked.as_deref(), Ok("1158201444"));
        let other_order =
            ask("hub.challenge=%3Cb%3E&x=%zz&hub.verify_token=T%20%c3%bc&hub.mode=subscribe");
        assert_eq!(other_order.as_deref(), Ok("<b>"));
    }

    #[test]
    fn h2_another_token_is_refused() {
        for token in ["", "T", "T+%C3%BC.", "t+%C3%BC"] {
            let asked = ask(&format!(
                "hub.mode=subscribe&hub.verify_token={token}&hub.challenge=1"
            ));
            assert_eq!(asked, Err(HandshakeError::WrongToken), "{token}");
        }
    }

    #[test]
    fn h4_to_h10_what_is_not_a_handshake() {
        let token = "hub.verify_token=T+%C3%BC";
        for query in [
            String::new(),
            format!("{token}&hub.challenge=1"),
            "hub.mode=subscribe&hub.challenge=1".into(),
            format!("hub.mode=subscribe&{token}"),
            format!("hub.mode=unsubscribe&{token}&hub.challenge=1"),
            format!("hub.mode=Subscribe&{token}&hub.challenge=1"),
            format!("hub.mode=subscribe&{token}&hub.verify_token=no&hub.challenge=1"),
            format!("hub.mode=subscribe&hub.verify_token=no&{token}&hub.challenge=1"),
            "hub.mode=subscribe&hub.verify_token=%zz&hub.challenge=1".into(),
            "hub.mode=subscribe&hub.verify_token=%f&hub.challenge=1".into(),
            "hub.mode=subscribe&hub.verify_token=%ff&hub.challenge=1".into(),
            format!(
                "hub.mode=subscribe&{token}&hub.challenge={}",
                "1".repeat(257)
            ),
            "hub_mode=subscribe&hub_verify_token=T&hub_challenge=1".into(),
            "hub[mode]=subscribe&hub[verify_token]=T&hub[challenge]=1".into(),
        ] {
            assert!(
                matches!(ask(&query), Err(HandshakeError::Malformed(_))),
                "{query}"
            );
        }
    }
}
