//! The handshake: Meta sends the verify token and a challenge, the host returns the challenge.

use subtle::ConstantTimeEq;

use super::form::{self, FormError};
use crate::secret::VerifyToken;

const MAX_CHALLENGE_BYTES: usize = 256;

/// Error of a `GET` whose challenge must not be returned.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// A parameter is missing, repeated, too long or badly encoded. Respond with 400.
    #[error("the query is not a handshake: {0}")]
    Malformed(&'static str),
    /// The verify token is not the configured one. Respond with 403, and enter the same token here
    /// and in the App Dashboard.
    #[error("the verify token does not match the configured one")]
    WrongToken,
}

pub(super) fn challenge(query: &str, token: &VerifyToken) -> Result<String, HandshakeError> {
    let names = ["hub.mode", "hub.verify_token", "hub.challenge"];
    let [mode, given, challenge] = form::fields(query, names).map_err(|error| match error {
        FormError::Twice => HandshakeError::Malformed("a parameter is repeated"),
        FormError::Encoding => HandshakeError::Malformed("a value is not percent-encoded UTF-8"),
    })?;
    let (Some(mode), Some(given), Some(challenge)) = (mode, given, challenge) else {
        return Err(HandshakeError::Malformed(
            "hub.mode, hub.verify_token and hub.challenge are required",
        ));
    };
    if mode != "subscribe" {
        return Err(HandshakeError::Malformed("hub.mode must be subscribe"));
    }
    if challenge.is_empty() || challenge.len() > MAX_CHALLENGE_BYTES {
        return Err(HandshakeError::Malformed(
            "hub.challenge must have 1 to 256 bytes",
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

    const RIGHT: &str = "hub.mode=subscribe&hub.verify_token=T+%C3%BC&hub.challenge=1158201444";

    #[track_caller]
    fn ask(query: &str) -> Result<String, HandshakeError> {
        challenge(query, &VerifyToken::new("T ü").unwrap())
    }

    #[track_caller]
    fn malformed(query: &str, why: &str) {
        assert_eq!(
            ask(query).unwrap_err().to_string(),
            format!("the query is not a handshake: {why}"),
            "{query}"
        );
    }

    #[test]
    fn h1_the_challenge_comes_back_unchanged() {
        assert_eq!(ask(RIGHT).as_deref(), Ok("1158201444"));
        for challenge in ["0", "007", "not a number", "ü"] {
            let asked = ask(&RIGHT.replace("1158201444", challenge));
            assert_eq!(asked.as_deref(), Ok(challenge));
        }
        let other_order = "hub.challenge=1&x=%zz&hub.verify_token=T+%C3%BC&hub.mode=subscribe";
        assert_eq!(ask(other_order).as_deref(), Ok("1"));
    }

    #[test]
    fn h2_another_token_is_refused() {
        for token in ["T+%C3%BC.", "T+", "T", "t+%C3%BC", "T+%C3%9C", "+T+%C3%BC"] {
            let asked = ask(&RIGHT.replace("T+%C3%BC", token));
            assert_eq!(asked, Err(HandshakeError::WrongToken), "{token}");
        }
        assert_eq!(
            HandshakeError::WrongToken.to_string(),
            "the verify token does not match the configured one"
        );
    }

    #[test]
    fn h3_an_empty_token_is_never_right() {
        assert!(VerifyToken::new("").is_err());
        let asked = ask(&RIGHT.replace("T+%C3%BC", ""));
        assert_eq!(asked, Err(HandshakeError::WrongToken));
    }

    #[test]
    fn h4_h10_what_is_needed_is_named_as_meta_names_it() {
        const NEEDED: &str = "hub.mode, hub.verify_token and hub.challenge are required";
        for part in [
            "hub.mode=subscribe&",
            "hub.verify_token=T+%C3%BC&",
            "&hub.challenge=1158201444",
        ] {
            malformed(&RIGHT.replace(part, ""), NEEDED);
        }
        malformed("", NEEDED);
        malformed(&RIGHT.replace("hub.", "hub_"), NEEDED);
        malformed(
            "hub[mode]=subscribe&hub[verify_token]=T+%C3%BC&hub[challenge]=1",
            NEEDED,
        );
        malformed(
            &RIGHT.replace("hub.verify_token", "hub.verify_token[]"),
            NEEDED,
        );
        malformed(&RIGHT.replace("hub.mode", "HUB.MODE"), NEEDED);
    }

    #[test]
    fn h5_another_mode_is_no_handshake() {
        for mode in ["unsubscribe", "Subscribe", "", "subscribe+"] {
            malformed(
                &RIGHT.replace("=subscribe", &format!("={mode}")),
                "hub.mode must be subscribe",
            );
        }
    }

    #[test]
    fn h6_twice_is_refused_whichever_is_right() {
        for query in [
            format!("{RIGHT}&hub.verify_token=no"),
            format!("hub.verify_token=no&{RIGHT}"),
            format!("{RIGHT}&{RIGHT}"),
            format!("{RIGHT}&hub.challenge"),
            format!("hub.mode=unsubscribe&{RIGHT}"),
        ] {
            malformed(&query, "a parameter is repeated");
        }
    }

    #[test]
    fn h7_values_are_decoded_once() {
        for (challenge, decoded) in [("%2525", "%25"), ("%00", "\0"), ("a+b%2Bc", "a b+c")] {
            let asked = ask(&RIGHT.replace("1158201444", challenge));
            assert_eq!(asked.as_deref(), Ok(decoded));
        }
        for broken in ["%zz", "%f", "%", "%ff"] {
            malformed(
                &RIGHT.replace("T+%C3%BC", broken),
                "a value is not percent-encoded UTF-8",
            );
        }
        let nul = ask(&RIGHT.replace("T+%C3%BC", "T+%C3%BC%00"));
        assert_eq!(nul, Err(HandshakeError::WrongToken));
    }

    #[test]
    fn h9_a_challenge_has_1_to_256_bytes() {
        let of = |length| RIGHT.replace("1158201444", &"1".repeat(length));
        for length in [1, 256] {
            assert_eq!(
                ask(&of(length)).map(|challenge| challenge.len()),
                Ok(length)
            );
        }
        for length in [0, 257, 1 << 20] {
            malformed(&of(length), "hub.challenge must have 1 to 256 bytes");
        }
    }
}
