//! Inspection of tokens: kind, owner, permissions and expiry.
//!
//! To check whether App ID, App Secret, Page and token belong together, use
//! [`PageClient::check`](crate::graph::PageClient::check). Meta asks apps to inspect their tokens at
//! least once a day.
//!
//! ```
//! use messenger_crm::graph::app::tokens::{self, Expiry, TokenKind};
//! # use messenger_crm::graph::{AppAccess, ScriptedTransport};
//! # use messenger_crm::id::{AppId, PageId};
//! # use messenger_crm::secret::{AppSecret, PageToken};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = ScriptedTransport::new();
//! # script.json(200, r#"{"data":{"is_valid":true,"type":"PAGE","expires_at":0,
//! #     "scopes":["pages_messaging"]}}"#);
//! # let app = AppAccess::new(AppId::new("27182818")?, AppSecret::new("60efff025951")?);
//! # let app = script.graph().app(app);
//! # let page = PageId::new("1755847768034402")?;
//! let info = app.call(&tokens::inspect(PageToken::new("EAAtoken")?)).await?;
//! assert_eq!(info.kind, Some(TokenKind::Page));
//! assert_eq!(info.expires, Some(Expiry::Never));
//! assert!(info.permits("pages_messaging", &page));
//! # Ok(())
//! # }
//! ```
//!
//! <https://developers.facebook.com/docs/graph-api/reference/debug_token>

use std::collections::BTreeMap;

use crate::graph::{ApiError, Call, Error, Object, Response};
use crate::id::{AppId, PageId};
use crate::secret::AccessToken;
use crate::time::Timestamp;

/// Information about a token.
///
/// <https://developers.facebook.com/docs/graph-api/reference/debug_token>
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TokenInfo {
    /// Whether the token is valid.
    pub is_valid: bool,
    /// Reason why the token is not valid. Absent when it is valid, or when Meta leaves it out.
    pub error: Option<ApiError>,
    /// Kind of the token. Absent when Meta leaves it out.
    #[doc(alias = "type")]
    pub kind: Option<TokenKind>,
    /// App that the token was issued to. Absent when Meta leaves it out.
    #[doc(alias = "app_id")]
    pub app: Option<AppId>,
    /// Page that the token acts for. Absent for other kinds of tokens.
    #[doc(alias = "profile_id")]
    pub page: Option<PageId>,
    /// When the token expires. Absent when Meta leaves it out.
    #[doc(alias = "expires_at")]
    pub expires: Option<Expiry>,
    /// When the app loses access to the person's data: 90 days after the person's last activity
    /// with the app. Calls fail then although the token is valid. Absent when Meta leaves it out.
    #[doc(alias = "data_access_expires_at")]
    pub data_access_expires: Option<Expiry>,
    /// When the token was issued. Absent when Meta leaves it out.
    pub issued_at: Option<Timestamp>,
    /// Permissions of the token, each with the ids of the Pages and business portfolios that it is
    /// limited to. `None` for a permission without such a limit.
    #[doc(alias = "granular_scopes")]
    pub scopes: BTreeMap<String, Option<Vec<String>>>,
}

/// Kind of a token: Page, person or app for which it acts. Meta may add values.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum TokenKind {
    /// A Page.
    Page,
    /// A person.
    User,
    /// An app.
    App,
    /// A system user of a business portfolio.
    SystemUser,
    /// Another kind, by Meta's name.
    Other(String),
}

/// When a token, or the access to a person's data, expires.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Expiry {
    /// At this time.
    At(Timestamp),
    /// Never.
    Never,
}

impl Expiry {
    /// Returns the time, or `None` for never.
    pub fn time(self) -> Option<Timestamp> {
        match self {
            Self::At(time) => Some(time),
            Self::Never => None,
        }
    }
}

impl TokenInfo {
    /// Creates the information on a valid token of this kind, for tests.
    pub fn new(kind: TokenKind) -> Self {
        Self {
            is_valid: true,
            kind: Some(kind),
            ..Self::default()
        }
    }

    /// Returns whether the token has a permission for a Page.
    pub fn permits(&self, permission: &str, page: &PageId) -> bool {
        match self.scopes.get(permission) {
            Some(Some(targets)) => targets.iter().any(|target| target == page.as_str()),
            Some(None) => true,
            None => false,
        }
    }

    fn read(info: Object<'_>) -> Option<Self> {
        let scopes = info.texts("scopes").into_iter();
        let mut scopes: BTreeMap<_, _> = scopes.map(|scope| (scope, None)).collect();
        for granular in info.objects("granular_scopes") {
            let Some(scope) = granular.text("scope") else {
                continue;
            };
            let is_limited = granular.raw("target_ids").is_some();
            scopes.insert(scope, is_limited.then(|| granular.texts("target_ids")));
        }
        Some(Self {
            is_valid: info.boolean("is_valid")?,
            error: error(info.object("error")),
            kind: info.text("type").map(TokenKind::from_meta),
            app: info.id("app_id").and_then(|id| AppId::new(id).ok()),
            page: info.id("profile_id").and_then(|id| PageId::new(id).ok()),
            expires: expiry(info, "expires_at"),
            data_access_expires: expiry(info, "data_access_expires_at"),
            issued_at: info.time("issued_at"),
            scopes,
        })
    }
}

impl TokenKind {
    fn from_meta(name: String) -> Self {
        match name.as_str() {
            "PAGE" => Self::Page,
            "USER" => Self::User,
            "APP" => Self::App,
            "SYSTEM_USER" => Self::SystemUser,
            _ => Self::Other(name),
        }
    }
}

/// Inspects a token, with the token of the app that it was issued to.
///
/// Meta accepts the inspected token only in the URL, so do not log the URL. This crate does not.
///
/// Send it with [`AppClient::call`](crate::graph::AppClient::call). Permission: none. Meta refuses
/// with code 100 a token of another app, and with code 104 an app that is set to *native or
/// desktop*.
///
/// <https://developers.facebook.com/docs/graph-api/reference/debug_token>
#[doc(alias = "debug_token")]
pub fn inspect(token: impl Into<AccessToken>) -> Call<TokenInfo> {
    let call = Call::get("debug_token", |response: &Response| -> Result<_, Error> {
        let info = response.object().object("data");
        TokenInfo::read(info).ok_or_else(|| response.unexpected())
    });
    call.with_query("input_token", token.into().expose_secret())
}

/// Reads the error inside of a response with status 200.
fn error(error: Object<'_>) -> Option<ApiError> {
    if error.is_empty() {
        return None;
    }
    let mut found = ApiError::from_code(error.number("code").unwrap_or_default());
    found.status = http::StatusCode::OK;
    found.code = error.number("code");
    found.subcode = error.number("subcode").filter(|subcode| *subcode != 0);
    found.message = error.text("message");
    Some(found)
}

fn expiry(info: Object<'_>, name: &str) -> Option<Expiry> {
    match info.number(name)? {
        0 => Some(Expiry::Never),
        seconds if seconds < 0 => None,
        seconds => Some(Expiry::At(Timestamp::from_meta(seconds))),
    }
}
