//! Credentials of clients: App ID and App Secret, Page, token.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    id::{AppId, PageId},
    secret::{AccessToken, AppSecret, PageToken, UserToken},
    text::hex,
    time::Timestamp,
};

/// A Meta app: its id and its App Secret.
///
/// Every client needs them, because each call has an `appsecret_proof` made with the App Secret.
#[derive(Clone)]
#[non_exhaustive]
pub struct AppAccess {
    /// Id of the app.
    pub id: AppId,
    /// App Secret, from the App Dashboard.
    pub secret: AppSecret,
}

impl AppAccess {
    /// Creates the credentials of an app.
    pub fn new(id: AppId, secret: AppSecret) -> Self {
        Self { id, secret }
    }
}

/// Credentials of a Page: the app, the Page, and the Page token issued to that app.
///
/// ```
/// use messenger_crm::graph::{Access, AppAccess};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = AppAccess::new("271828182845904".parse()?, "60efff025951cddde78c8d03de52cc90".parse()?);
/// let access = Access::new(app, "1755847768034402".parse()?, "EAAtoken".parse()?);
/// assert_eq!(access.page.as_str(), "1755847768034402");
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Access {
    /// The app that the token was issued to.
    pub app: AppAccess,
    /// The Page that the token acts for.
    pub page: PageId,
    /// Page access token.
    pub token: PageToken,
}

impl Access {
    /// Creates the credentials of a Page. [`PageClient::check`] asks Meta whether they belong
    /// together.
    ///
    /// [`PageClient::check`]: super::PageClient::check
    pub fn new(app: AppAccess, page: PageId, token: PageToken) -> Self {
        Self { app, page, token }
    }
}

super::redacted::redacted_debug!(AppAccess, Access);

/// Token and app of a client, with which it signs every call.
#[derive(Clone)]
pub(super) struct Credentials {
    pub(super) app: AppAccess,
    pub(super) token: AccessToken,
}

impl Credentials {
    pub(super) fn page(access: &Access) -> Self {
        Self {
            app: access.app.clone(),
            token: access.token.clone().into(),
        }
    }

    pub(super) fn user(app: &AppAccess, token: &UserToken) -> Self {
        Self {
            app: app.clone(),
            token: token.clone().into(),
        }
    }

    /// The app access token: the app's id and secret, joined by a bar.
    ///
    /// <https://developers.facebook.com/docs/facebook-login/guides/access-tokens>
    pub(super) fn app(app: &AppAccess) -> Self {
        Self {
            app: app.clone(),
            token: AccessToken::of_app(&app.id, &app.secret),
        }
    }

    /// Returns the `appsecret_proof`: lowercase hex of HMAC-SHA256 over the token.
    ///
    /// <https://developers.facebook.com/docs/graph-api/guides/secure-requests>
    pub(super) fn proof(&self) -> String {
        hex(&self.hmac(&[self.token.expose_secret()]))
    }

    /// Returns the `appsecret_proof` that is valid for five minutes from `now`, and its
    /// `appsecret_time` in seconds.
    ///
    /// <https://developers.facebook.com/docs/graph-api/guides/secure-requests>
    pub(super) fn proof_at(&self, now: Timestamp) -> (String, i64) {
        let seconds = now.as_millis().div_euclid(1000);
        let proof = self.hmac(&[self.token.expose_secret(), "|", &seconds.to_string()]);
        (hex(&proof), seconds)
    }

    /// Returns a multipart boundary that cannot occur in a file by design: it depends on the
    /// App Secret.
    pub(super) fn boundary(&self) -> String {
        hex(&self.hmac(&["multipart boundary of ", self.token.expose_secret()])[..16])
    }

    /// Returns a key for the token that reveals nothing about it.
    pub(super) fn token_key(&self) -> [u8; 32] {
        self.hmac(&["rate limit key of ", self.token.expose_secret()])
    }

    fn hmac(&self, parts: &[&str]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.app.secret.expose_secret().as_bytes())
            .expect("HMAC takes a key of any length");
        for part in parts {
            mac.update(part.as_bytes());
        }
        mac.finalize().into_bytes().into()
    }
}

super::redacted::redacted_debug!(Credentials);

#[cfg(test)]
mod tests {
    use super::super::script::test_access;
    use super::*;

    /// platform.md 7.2
    const PROOF: &str = "ac7e2fa3edd0a67e0d5f4d7b159bcdebf80cae8e250c89709af79fc82b9f746a";

    #[test]
    fn v34_the_proof_is_the_hmac_of_the_token() {
        assert_eq!(Credentials::page(&test_access()).proof(), PROOF);
        let other = UserToken::new("EAAother").unwrap();
        assert_eq!(
            Credentials::user(&test_access().app, &other).proof(),
            "f1dd0228892585a4d2512cf910d9c9e2f43a4b516a6f4534671f04a0885fa6c6"
        );
    }

    #[test]
    fn the_timed_proof_covers_the_second() {
        // platform.md 7.2
        let proof = "6eed703d47d05f85795f8c15ca53cf3cb0d500e3104d2267d0860069f67ff1e9";
        for millis in [1_700_000_000_000, 1_700_000_000_999] {
            assert_eq!(
                Credentials::page(&test_access()).proof_at(Timestamp::from_millis(millis)),
                (proof.to_owned(), 1_700_000_000)
            );
        }
    }

    #[test]
    fn an_app_token_is_id_and_secret() {
        let credentials = Credentials::app(&test_access().app);
        assert_eq!(
            credentials.token.expose_secret(),
            "271828182845904|60efff025951cddde78c8d03de52cc90"
        );
    }

    #[test]
    fn credentials_are_never_printed() {
        let access = test_access();
        let printed = format!(
            "{access:?} {:?} {:?}",
            access.app,
            Credentials::page(&access)
        );
        assert_eq!(printed, "Access(…) AppAccess(…) Credentials(…)");
    }

    #[test]
    fn values_derived_from_secrets_are_not_the_proof() {
        let credentials = Credentials::page(&test_access());
        let derived = [credentials.boundary(), hex(&credentials.token_key())];
        assert!(derived.iter().all(|name| !PROOF.starts_with(name.as_str())));
    }
}
