//! The right to call: a token and the secret of its app.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    id::AppId,
    secret::{AccessToken, AppSecret, InvalidSecret},
    text::hex,
    time::Timestamp,
};

/// What a call needs: a token, and the secret of the app it was made for.
///
/// Most calls want the token of a Page. The login and the list of a person's Pages want a user's,
/// the settings of the app want the app's own.
#[derive(Clone)]
#[non_exhaustive]
pub struct Access {
    /// The token.
    pub token: AccessToken,
    /// The secret of the same app that the token was made for.
    pub secret: AppSecret,
}

impl Access {
    /// Puts a token and its app's secret together.
    pub fn new(token: impl Into<AccessToken>, secret: AppSecret) -> Self {
        Self {
            token: token.into(),
            secret,
        }
    }

    /// The app itself, for its own settings and for looking into tokens.
    ///
    /// Meta refuses it (code 104) when the app is set to *native or desktop*.
    ///
    /// # Errors
    ///
    /// [`InvalidSecret`] when the App ID holds what no header can carry.
    ///
    /// <https://developers.facebook.com/docs/facebook-login/guides/access-tokens>
    pub fn app(app: &AppId, secret: AppSecret) -> Result<Self, InvalidSecret> {
        let token = AccessToken::new(format!("{app}|{}", secret.expose_secret()))?;
        Ok(Self { token, secret })
    }

    /// The `appsecret_proof`, in lower-case hex: it tells Meta that whoever holds the token also
    /// knows the app's secret.
    ///
    /// <https://developers.facebook.com/docs/graph-api/guides/secure-requests>
    pub fn proof(&self) -> String {
        hex(&self.hmac(&[self.token.expose_secret()]))
    }

    /// The `appsecret_proof` that is good for five minutes, and the `appsecret_time` that goes with
    /// it, in seconds.
    ///
    /// <https://developers.facebook.com/docs/graph-api/guides/secure-requests>
    pub fn proof_at(&self, now: Timestamp) -> (String, i64) {
        let seconds = now.as_millis().div_euclid(1000);
        let proof = self.hmac(&[self.token.expose_secret(), "|", &seconds.to_string()]);
        (hex(&proof), seconds)
    }

    /// What parts a form from its file: nobody without the secret can write it into a file.
    pub(super) fn boundary(&self) -> String {
        hex(&self.hmac(&["multipart boundary of ", self.token.expose_secret()])[..16])
    }

    /// A name for this app among others, which tells nothing of its secret.
    pub(super) fn app_key(&self) -> [u8; 32] {
        self.hmac(&["name of the app"])
    }

    /// A name for this token among others, which tells nothing of it.
    pub(super) fn token_key(&self) -> [u8; 32] {
        self.hmac(&["name of ", self.token.expose_secret()])
    }

    fn hmac(&self, parts: &[&str]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.expose_secret().as_bytes())
            .expect("HMAC takes a key of any length");
        for part in parts {
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::{PROOF, access};
    use super::*;

    #[test]
    fn the_proof_is_the_hmac_of_the_token() {
        assert_eq!(access().proof(), PROOF);
    }

    #[test]
    fn the_timed_proof_holds_the_second() {
        // platform.md 7.2
        let proof = "6eed703d47d05f85795f8c15ca53cf3cb0d500e3104d2267d0860069f67ff1e9";
        for millis in [1_700_000_000_000, 1_700_000_000_999] {
            assert_eq!(
                access().proof_at(Timestamp::from_millis(millis)),
                (proof.to_owned(), 1_700_000_000)
            );
        }
    }

    #[test]
    fn an_app_is_its_id_and_its_secret() {
        let app = Access::app(&AppId::new("42").unwrap(), access().secret).unwrap();
        assert_eq!(
            app.token.expose_secret(),
            "42|60efff025951cddde78c8d03de52cc90"
        );
        let broken = AppId::new("4\n2").unwrap();
        assert_eq!(
            Access::app(&broken, access().secret)
                .unwrap_err()
                .to_string(),
            "the access token contains a control character"
        );
    }

    #[test]
    fn access_is_never_printed() {
        assert_eq!(format!("{:?}", access()), "Access { .. }");
    }

    #[test]
    fn what_is_derived_from_secrets_is_not_the_proof() {
        let access = access();
        let derived = [
            access.boundary(),
            hex(&access.app_key()),
            hex(&access.token_key()),
        ];
        assert!(derived.iter().all(|name| !PROOF.starts_with(name.as_str())));
    }
}
