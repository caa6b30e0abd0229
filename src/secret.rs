//! App Secrets, access tokens and verify tokens.
//!
//! `Debug` does not print the secret, and there is no `Display` and no `Serialize`. Comparing two
//! secrets takes a time that depends only on their lengths. `expose_secret` returns the text.
//!
//! | Type | Where to get it | Used for |
//! |---|---|---|
//! | [`AppSecret`] | App Dashboard | signatures of webhooks, `appsecret_proof` of Graph API calls |
//! | [`VerifyToken`] | choose a random text and enter it in the App Dashboard | handshake of the webhook |
//! | [`UserToken`] | [`graph::app::login`](crate::graph::app::login) | fetching the Page tokens of a person |
//! | [`PageToken`] | [`graph::app::accounts`](crate::graph::app::accounts), or the App Dashboard | Graph API calls of a Page |
//! | [`AccessToken`] | any token; converts from [`PageToken`] and [`UserToken`] | [`graph::app::tokens::inspect`](crate::graph::app::tokens::inspect) |
//!
//! # Examples
//!
//! ```
//! use messenger_crm::secret::{AppSecret, InvalidSecret};
//!
//! #[derive(Debug, serde::Deserialize)]
//! struct Config {
//!     app_secret: AppSecret,
//! }
//!
//! let config: Config = serde_json::from_str(r#"{"app_secret": "60efff025951cddd"}"#).unwrap();
//! assert_eq!(format!("{config:?}"), "Config { app_secret: AppSecret(…) }");
//! assert_eq!(config.app_secret, "60efff025951cddd".parse()?);
//!
//! let error = "60efff025951cddd\n".parse::<AppSecret>().unwrap_err();
//! assert_eq!(error.to_string(), "the App Secret has white space at its start or end");
//! # Ok::<(), InvalidSecret>(())
//! ```
//!
//! ```compile_fail
//! fn print<T: serde::Serialize>() {}
//! print::<messenger_crm::secret::AppSecret>(); // secrets are not serialized
//! ```

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, de};
use subtle::ConstantTimeEq;

use crate::text::string;

/// Error returned when a text cannot be a secret. It names the kind of secret and never the text.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSecret {
    /// The text is empty or only white space.
    #[error("the {0} is blank")]
    Blank(&'static str),
    /// The text has white space at its start or end, such as the line break at the end of a file.
    /// Remove it.
    #[error("the {0} has white space at its start or end")]
    Padded(&'static str),
    /// The text contains a control character, which no HTTP header can contain.
    #[error("the {0} contains a control character")]
    Control(&'static str),
}

macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident = $what:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(Box<str>);

        impl $name {
            /// Creates a secret from its text, unchanged.
            ///
            /// # Errors
            ///
            /// [`InvalidSecret`] when the text is blank, has white space at its start or end, or
            /// contains a control character.
            pub fn new(secret: impl Into<String>) -> Result<Self, InvalidSecret> {
                let secret: String = secret.into();
                match secret.trim() {
                    "" => Err(InvalidSecret::Blank($what)),
                    trimmed if trimmed.len() != secret.len() => Err(InvalidSecret::Padded($what)),
                    _ if secret.contains(char::is_control) => Err(InvalidSecret::Control($what)),
                    _ => Ok(Self(secret.into())),
                }
            }

            /// Returns the text of the secret. Never print or log it.
            pub fn expose_secret(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }

        impl ConstantTimeEq for $name {
            fn ct_eq(&self, other: &Self) -> subtle::Choice {
                self.0.as_bytes().ct_eq(other.0.as_bytes())
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.ct_eq(other).into()
            }
        }

        impl Eq for $name {}

        impl FromStr for $name {
            type Err = InvalidSecret;

            fn from_str(secret: &str) -> Result<Self, InvalidSecret> {
                Self::new(secret)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidSecret;

            fn try_from(secret: String) -> Result<Self, InvalidSecret> {
                Self::new(secret)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = InvalidSecret;

            fn try_from(secret: &str) -> Result<Self, InvalidSecret> {
                Self::new(secret)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let secret = string(from, concat!("the ", $what, " as a string"))?;
                Self::new(secret).map_err(de::Error::custom)
            }
        }
    )*};
}

secrets! {
    /// App Secret of a Meta app: the key of webhook signatures and of the `appsecret_proof`.
    AppSecret = "App Secret";
    /// Token that the host chooses and Meta sends back in the webhook handshake.
    #[doc(alias = "hub.verify_token")]
    VerifyToken = "verify token";
    /// Page access token, which permits sending as the Page.
    PageToken = "Page access token";
    /// User access token from the login. It is used to fetch Page access tokens.
    UserToken = "user access token";
    /// Access token of a Page, a person, a system user or an app.
    AccessToken = "access token";
}

impl AccessToken {
    /// Makes the app access token: the app's id and secret, joined by a bar.
    pub(crate) fn of_app(id: &crate::id::AppId, secret: &AppSecret) -> Self {
        Self(format!("{id}|{}", secret.expose_secret()).into())
    }
}

impl From<PageToken> for AccessToken {
    fn from(token: PageToken) -> Self {
        Self(token.0)
    }
}

impl From<UserToken> for AccessToken {
    fn from(token: UserToken) -> Self {
        Self(token.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn v20_a_blank_secret_is_refused() {
        for blank in ["", "   ", "\n"] {
            assert_eq!(
                AppSecret::new(blank).unwrap_err().to_string(),
                "the App Secret is blank"
            );
        }
    }

    #[test]
    fn v21_surrounding_white_space_is_refused_not_trimmed() {
        for padded in [" s", "s\n", "\ts"] {
            assert_eq!(
                PageToken::new(padded).unwrap_err().to_string(),
                "the Page access token has white space at its start or end"
            );
        }
    }

    #[test]
    fn v21_a_control_character_is_refused() {
        let error = AccessToken::new("a\nb").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the access token contains a control character"
        );
    }

    #[test]
    fn v27_a_secret_is_never_printed() {
        let token = VerifyToken::new("hush").unwrap();
        assert_eq!(format!("{token:?}"), "VerifyToken(…)");
    }

    #[test]
    fn v27_an_error_of_serde_prints_no_secret() {
        for json in [
            "60123",
            "-60123",
            "60123.5",
            "[60123]",
            r#"{"60123":1}"#,
            r#"" 60123""#,
            r#""60123\n""#,
        ] {
            let error = serde_json::from_str::<AppSecret>(json).unwrap_err();
            assert!(error.to_string().contains("the App Secret"), "{error}");
            assert!(!error.to_string().contains("60123"), "{error}");
        }
        // Other formats have wider integers.
        let wide = de::value::I128Deserializer::<de::value::Error>::new(60_123);
        let error = AppSecret::deserialize(wide).unwrap_err();
        assert_eq!(error.to_string(), "expected the App Secret as a string");
    }

    #[test]
    fn every_conversion_checks_the_secret() {
        assert!("".parse::<PageToken>().is_err());
        assert!(PageToken::try_from(" a").is_err());
        assert!(PageToken::try_from("a ".to_owned()).is_err());
        assert!(serde_json::from_str::<PageToken>("\"\"").is_err());
        let read: PageToken = serde_json::from_str("\"a\"").unwrap();
        assert_eq!(read.expose_secret(), "a");
    }

    #[test]
    fn secrets_are_equal_when_their_texts_are() {
        let secret = |text: &str| AppSecret::new(text).unwrap();
        assert_eq!(secret("hush"), secret("hush"));
        for other in ["Hush", "hus", "hushh"] {
            assert_ne!(secret("hush"), secret(other));
        }
    }
}
