//! Login: from the dialog to a token for 60 days.
//!
//! 1. Redirect the person to [`LoginDialog::url`].
//! 2. Meta redirects them to your `redirect_uri` with a `code`, or with an `error`.
//! 3. [`exchange_code`] exchanges the code for a user token that is valid for some hours.
//! 4. [`extend_token`] exchanges this token for one that is valid for about 60 days. Page tokens
//!    that are fetched with it ([`accounts::list`](super::accounts::list)) never expire.
//!
//! The module [`app`](super) has an example of all steps.
//!
//! ```
//! use messenger_crm::graph::app::login::LoginDialog;
//! use messenger_crm::id::AppId;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let dialog = LoginDialog::new(&AppId::new("271828182845904")?, "https://crm.example/back");
//! let url = dialog.url("random text of this session");
//! assert!(url.starts_with("https://www.facebook.com/v27.0/dialog/oauth?client_id=271828182845904"));
//! # Ok(())
//! # }
//! ```
//!
//! <https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow>

use std::borrow::Cow;
use std::time::Duration;

use crate::graph::path::push_parameters;
use crate::graph::{Call, GraphVersion, Response};
use crate::id::AppId;
use crate::secret::UserToken;

/// Permissions that a CRM needs, which [`LoginDialog`] requests by default.
pub const PERMISSIONS: [&str; 5] = [
    "pages_show_list",
    "pages_messaging",
    "pages_manage_metadata",
    "pages_read_engagement",
    "business_management",
];

/// Meta's web page on which a person grants permissions to the app.
///
/// <https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow>
#[derive(Clone, Debug)]
pub struct LoginDialog {
    app: AppId,
    redirect_uri: String,
    /// Name and value of the parameter with the permissions or the configuration.
    request: (&'static str, String),
    version: GraphVersion,
}

impl LoginDialog {
    /// Creates a dialog that requests [`PERMISSIONS`]. Afterward Meta redirects the person to
    /// `redirect_uri`. Enter the same text in the App Dashboard; it must be equal byte for byte.
    pub fn new(app: &AppId, redirect_uri: impl Into<String>) -> Self {
        Self {
            app: app.clone(),
            redirect_uri: redirect_uri.into(),
            request: ("scope", PERMISSIONS.join(",")),
            version: GraphVersion::LATEST,
        }
    }

    /// Sets the permissions to request. [`PERMISSIONS`] by default.
    #[doc(alias = "scope")]
    pub fn with_permissions(self, permissions: &[&str]) -> Self {
        Self {
            request: ("scope", permissions.join(",")),
            ..self
        }
    }

    /// Sets a configuration of *Facebook Login for Business*, which replaces the permissions. None
    /// by default.
    #[doc(alias = "config_id")]
    pub fn with_configuration(self, id: impl Into<String>) -> Self {
        Self {
            request: ("config_id", id.into()),
            ..self
        }
    }

    /// Sets the version of the API. [`GraphVersion::LATEST`] by default.
    pub fn with_version(self, version: GraphVersion) -> Self {
        Self { version, ..self }
    }

    /// Returns the address of the dialog.
    ///
    /// Meta returns `state` to `redirect_uri`. Use a random value, store it in the person's session
    /// and compare it when it returns, so that nobody can complete a login in another person's
    /// session.
    pub fn url(&self, state: &str) -> String {
        let mut url = format!("https://www.facebook.com/{}/dialog/oauth?", self.version);
        let (name, value) = &self.request;
        let parameters = [
            ("client_id", self.app.as_str()),
            ("redirect_uri", &self.redirect_uri),
            ("state", state),
            ("response_type", "code"),
            (*name, value.as_str()),
        ];
        push_parameters(&mut url, parameters);
        url
    }
}

/// A user token that Meta has issued.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct IssuedToken {
    /// The token.
    #[doc(alias = "access_token")]
    pub token: UserToken,
    /// Time until the token expires, counted from the response. Absent when Meta leaves it out.
    pub expires_in: Option<Duration>,
}

impl IssuedToken {
    /// Creates an issued token, for tests.
    pub fn new(token: UserToken, expires_in: Option<Duration>) -> Self {
        Self { token, expires_in }
    }
}

/// Exchanges the code that Meta sent to `redirect_uri` for a user token. `redirect_uri` must equal
/// that of the dialog byte for byte.
///
/// Send it with [`AppClient::call`](crate::graph::AppClient::call), which adds App ID and App
/// Secret. All parameters are secrets, so they are in the request body.
///
/// Permission: none. Meta refuses with code 100 a code that was used, has expired, or was issued for
/// another `redirect_uri`. A code works once: when the exchange fails, the person must log in again.
///
/// <https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow>
#[doc(alias = "oauth/access_token")]
pub fn exchange_code(redirect_uri: &str, code: &str) -> Call<IssuedToken> {
    exchange(vec![
        ("redirect_uri".into(), redirect_uri.to_owned()),
        ("code".into(), code.to_owned()),
    ])
}

/// Exchanges a user token for one that is valid for about 60 days.
///
/// Permission: none. Meta refuses an expired token with code 190.
///
/// Send it with [`AppClient::call`](crate::graph::AppClient::call), which adds App ID and App
/// Secret. All parameters are secrets, so they are in the request body.
///
/// <https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived>
#[doc(alias = "fb_exchange_token")]
pub fn extend_token(token: &UserToken) -> Call<IssuedToken> {
    let token = token.expose_secret().to_owned();
    exchange(vec![
        ("grant_type".into(), "fb_exchange_token".to_owned()),
        ("fb_exchange_token".into(), token),
    ])
}

fn exchange(fields: Vec<(Cow<'static, str>, String)>) -> Call<IssuedToken> {
    Call::post("oauth/access_token", read)
        .with_form(fields)
        .for_login()
}

fn read(response: &Response) -> Result<IssuedToken, crate::graph::Error> {
    let object = response.object();
    let token = object.text("access_token");
    let token = token.and_then(|token| UserToken::new(token).ok());
    let seconds = object.number("expires_in");
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    Ok(IssuedToken {
        token: token.ok_or_else(|| response.unexpected())?,
        expires_in: seconds.map(Duration::from_secs),
    })
}
