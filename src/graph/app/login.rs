//! Logging in: from the dialog to a token that lasts.
//!
//! The way: send the person to [`LoginDialog::url`]; Meta sends them back with a code;
//! [`ExchangeCode`] makes a token of it, [`ExtendToken`] one for about 60 days, and
//! [`Accounts`](super::Accounts) lists their Pages with tokens that have no end.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use crate::graph::path::push_parameters;
use crate::graph::{Answer, Call, Endpoint, Error, GraphVersion};
use crate::id::AppId;
use crate::secret::{AppSecret, UserToken};

/// The page on which a person lets the app see their Pages.
///
/// Meta: [Manual login](https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow)
#[derive(Clone, Debug)]
pub struct LoginDialog {
    app: AppId,
    redirect_uri: String,
    asks: Asks,
    version: GraphVersion,
}

#[derive(Clone, Debug)]
enum Asks {
    Scopes(Vec<String>),
    Configuration(String),
}

/// What a CRM needs of a person.
const SCOPES: [&str; 5] = [
    "pages_show_list",
    "pages_messaging",
    "pages_manage_metadata",
    "pages_read_engagement",
    "business_management",
];

impl LoginDialog {
    /// A dialog for this app that ends at this address, which must be registered byte for byte; it
    /// asks for what a CRM needs.
    pub fn new(app: AppId, redirect_uri: impl Into<String>) -> Self {
        let scopes = SCOPES.map(str::to_owned).to_vec();
        Self {
            app,
            redirect_uri: redirect_uri.into(),
            asks: Asks::Scopes(scopes),
            version: GraphVersion::LATEST,
        }
    }

    /// The same, but it asks for these permissions.
    pub fn with_scopes(self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let scopes = scopes.into_iter().map(Into::into).collect();
        Self {
            asks: Asks::Scopes(scopes),
            ..self
        }
    }

    /// The same with a configuration of *Facebook Login for Business*, which says what to ask for.
    pub fn with_configuration(self, id: impl Into<String>) -> Self {
        Self {
            asks: Asks::Configuration(id.into()),
            ..self
        }
    }

    /// The same in another version.
    pub fn with_version(self, version: GraphVersion) -> Self {
        Self { version, ..self }
    }

    /// Where to send the person.
    ///
    /// `state` comes back with them: something that nobody can guess, tied to their session, so that
    /// nobody can log them in as somebody else.
    pub fn url(&self, state: &str) -> String {
        let mut url = format!("https://www.facebook.com/{}/dialog/oauth?", self.version);
        let scopes;
        let asks = match &self.asks {
            Asks::Scopes(names) => {
                scopes = names.join(",");
                ("scope", scopes.as_str())
            }
            Asks::Configuration(id) => ("config_id", id.as_str()),
        };
        let parameters = [
            ("client_id", self.app.as_str()),
            ("redirect_uri", &self.redirect_uri),
            ("state", state),
            ("response_type", "code"),
            asks,
        ];
        push_parameters(&mut url, parameters);
        url
    }
}

/// Makes a user token of the code that came back from the dialog.
///
/// It goes out as a POST form and without a token: all its parameters are secrets. The
/// [`Access`](crate::graph::Access) it is called with does not matter.
///
/// Meta: [Manual login](https://developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow)
#[derive(Clone)]
pub struct ExchangeCode {
    app: AppId,
    secret: AppSecret,
    redirect_uri: String,
    code: String,
}

impl ExchangeCode {
    /// The code, and the very address that the dialog was opened with.
    pub fn new(
        app: AppId,
        secret: AppSecret,
        redirect_uri: impl Into<String>,
        code: impl Into<String>,
    ) -> Self {
        Self {
            app,
            secret,
            redirect_uri: redirect_uri.into(),
            code: code.into(),
        }
    }
}

/// Makes a token that lasts about 60 days of one that lasts hours; an expired one cannot be
/// exchanged.
///
/// It goes out as a POST form and without a token, as [`ExchangeCode`].
///
/// Meta: [Long-lived tokens](https://developers.facebook.com/docs/facebook-login/guides/access-tokens/get-long-lived)
#[derive(Clone)]
pub struct ExtendToken {
    app: AppId,
    secret: AppSecret,
    token: UserToken,
}

impl ExtendToken {
    /// This token.
    pub fn new(app: AppId, secret: AppSecret, token: UserToken) -> Self {
        Self { app, secret, token }
    }
}

/// A token that Meta has made.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct IssuedToken {
    /// The token.
    pub token: UserToken,
    /// How long it lasts from now, when Meta says so.
    pub expires_in: Option<Duration>,
}

impl Endpoint for ExchangeCode {
    type Output = IssuedToken;

    fn call(&self) -> Result<Call, Error> {
        Ok(exchange(vec![
            ("client_id".into(), self.app.to_string()),
            (
                "client_secret".into(),
                self.secret.expose_secret().to_owned(),
            ),
            ("redirect_uri".into(), self.redirect_uri.clone()),
            ("code".into(), self.code.clone()),
        ]))
    }

    fn read(&self, answer: &Answer) -> Result<IssuedToken, Error> {
        issued(answer)
    }
}

impl Endpoint for ExtendToken {
    type Output = IssuedToken;

    fn call(&self) -> Result<Call, Error> {
        Ok(exchange(vec![
            ("grant_type".into(), "fb_exchange_token".to_owned()),
            ("client_id".into(), self.app.to_string()),
            (
                "client_secret".into(),
                self.secret.expose_secret().to_owned(),
            ),
            (
                "fb_exchange_token".into(),
                self.token.expose_secret().to_owned(),
            ),
        ]))
    }

    fn read(&self, answer: &Answer) -> Result<IssuedToken, Error> {
        issued(answer)
    }
}

fn exchange(fields: Vec<(Cow<'static, str>, String)>) -> Call {
    let mut call = Call::post("oauth/access_token").with_form(fields);
    call.is_authorised = false;
    call
}

fn issued(answer: &Answer) -> Result<IssuedToken, Error> {
    let token = answer.object().text("access_token");
    let seconds = answer.object().number("expires_in");
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    Ok(IssuedToken {
        token: token
            .and_then(|token| UserToken::new(token).ok())
            .ok_or_else(|| answer.unexpected())?,
        expires_in: seconds.map(Duration::from_secs),
    })
}

impl fmt::Debug for ExchangeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExchangeCode({})", self.app)
    }
}

impl fmt::Debug for ExtendToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ExtendToken({})", self.app)
    }
}
