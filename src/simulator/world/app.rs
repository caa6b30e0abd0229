//! Apps and access tokens.

use std::fmt;

use super::names::{Names, hex, hmac_sha1, hmac_sha256};

/// Permissions that the person granted.
pub(crate) const PERMISSIONS: [&str; 5] = [
    "pages_show_list",
    "pages_messaging",
    "pages_manage_metadata",
    "pages_read_engagement",
    "business_management",
];

/// An app at Meta.
pub(crate) struct MetaApp {
    pub(crate) id: String,
    pub(crate) secret: String,
    /// Code that a finished login dialog brings back.
    pub(crate) login_code: String,
    /// Whether the app is set to *native or desktop*, so that its own token is refused.
    pub(crate) is_native: bool,
    /// Whether *Require App Secret* is on.
    pub(crate) requires_proof: bool,
    /// Whether webhooks also carry the legacy `X-Hub-Signature` header.
    pub(crate) signs_with_sha1: bool,
    pub(crate) callback: Option<String>,
    /// Webhook fields of the app's subscription.
    pub(crate) fields: Vec<String>,
}

impl MetaApp {
    pub(crate) fn new(id: String, secret: String, names: &mut Names) -> Self {
        Self {
            id,
            secret,
            login_code: hex(&names.bytes("code")[..24]),
            is_native: false,
            requires_proof: true,
            signs_with_sha1: false,
            callback: None,
            fields: Vec::new(),
        }
    }

    /// The app access token.
    pub(crate) fn token(&self) -> String {
        format!("{}|{}", self.id, self.secret)
    }

    /// The `appsecret_proof` of a token, plain or made at `time`.
    pub(crate) fn proof(&self, token: &str, time: Option<&str>) -> String {
        let message = match time {
            None => token.to_owned(),
            Some(time) => format!("{token}|{time}"),
        };
        hex(&hmac_sha256(self.secret.as_bytes(), message.as_bytes()))
    }
}

/// The value of `X-Hub-Signature-256` for these bytes.
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    format!("sha256={}", hex(&hmac_sha256(secret.as_bytes(), body)))
}

/// The value of the legacy `X-Hub-Signature` for these bytes.
pub(crate) fn legacy_signature(secret: &str, body: &[u8]) -> String {
    format!("sha1={}", hex(&hmac_sha1(secret.as_bytes(), body)))
}

/// An access token of a person or of a Page.
#[derive(Clone)]
pub(crate) struct AccessToken {
    pub(crate) text: String,
    pub(crate) app: String,
    /// The Page it belongs to; `None` for the token of the person who runs the app.
    pub(crate) page: Option<String>,
    pub(crate) scopes: Vec<String>,
}

/// Credentials of an app and of one Page that it is installed on: what a CRM must be given.
///
/// The ids of the default scene never change, so that a database kept between two starts stays
/// meaningful. Secrets and tokens are drawn afresh at each start, unless the scene has a seed.
#[derive(Clone)]
#[non_exhaustive]
pub struct App {
    /// App ID, decimal digits.
    pub app_id: String,
    /// App Secret, 32 hexadecimal digits.
    pub app_secret: String,
    /// Id of the Page, decimal digits.
    pub page_id: String,
    /// Name of the Page.
    pub page_name: String,
    /// Page access token, `EAA…`.
    pub page_token: String,
    /// Token of the person who runs the app, `EAA…`, as a login returns it.
    pub user_token: String,
    /// Code that a finished login dialog brings back.
    pub login_code: String,
    /// Id of a second Page, which a business portfolio owns, so that `me/accounts` does not list it.
    /// Empty when the scene has no such Page.
    pub branch_page_id: String,
    /// Page access token of the second Page, `EAA…`. It has the scopes `pages_show_list` and
    /// `business_management` only. Empty when the scene has no such Page.
    pub branch_page_token: String,
    /// Token of the Page that was issued to another app, `EAA…`. Empty when the scene has one app.
    pub foreign_token: String,
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App")
            .field("app_id", &self.app_id)
            .field("page_id", &self.page_id)
            .field("page_name", &self.page_name)
            .finish_non_exhaustive()
    }
}
