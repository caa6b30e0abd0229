//! What must never be printed: app secrets, access tokens, verify tokens.

use std::fmt;

/// A secret that is blank, or that has white space at an end.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSecret {
    /// Nothing, or white space only.
    #[error("the {0} is blank")]
    Blank(&'static str),
    /// White space at the start or the end: a line break from a file, most likely.
    #[error("the {0} has white space at its start or end")]
    Padded(&'static str),
    /// A control character, which no header can carry.
    #[error("the {0} holds a control character")]
    Control(&'static str),
}

macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident = $what:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Eq, PartialEq)]
        pub struct $name(Box<str>);

        impl $name {
            /// Takes a secret.
            ///
            /// # Errors
            ///
            /// [`InvalidSecret`] when it is blank, or has white space at an end or a control
            /// character anywhere.
            pub fn new(secret: impl Into<String>) -> Result<Self, InvalidSecret> {
                let secret: String = secret.into();
                match secret.trim() {
                    "" => Err(InvalidSecret::Blank($what)),
                    trimmed if trimmed.len() != secret.len() => Err(InvalidSecret::Padded($what)),
                    _ if secret.contains(char::is_control) => Err(InvalidSecret::Control($what)),
                    _ => Ok(Self(secret.into())),
                }
            }

            /// The secret itself: the one loud door.
            pub fn expose_secret(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}

secrets! {
    /// The App Secret of a Meta app: the key of every signature.
    AppSecret = "App Secret";
    /// The token that Meta repeats in the webhook handshake.
    VerifyToken = "verify token";
    /// A Page access token: the right to send as the Page.
    PageToken = "Page access token";
    /// A user access token, as the login hands it out: the way to the Page tokens.
    UserToken = "user access token";
    /// Any access token: of a Page, a person, a system user or an app.
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
    fn v27_a_secret_is_never_printed() {
        let token = VerifyToken::new("hush").unwrap();
        assert_eq!(format!("{token:?}"), "VerifyToken(…)");
    }
}
