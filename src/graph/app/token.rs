//! What a token is good for.

use crate::graph::{Answer, Call, Endpoint, Error};
use crate::id::{AppId, PageId};
use crate::secret::AccessToken;
use crate::time::Timestamp;

/// Asks what a token is good for; Meta wants it asked at least daily.
///
/// Wants [`Access::app`](crate::graph::Access::app). Meta answers this to a GET alone, so its URL
/// holds the token that is looked into: keep it out of logs. [`Batch`](crate::graph::Batch) moves
/// it into a body.
///
/// Meta: [Debug token](https://developers.facebook.com/docs/graph-api/reference/debug_token)
#[derive(Clone, Debug)]
pub struct InspectToken(AccessToken);

/// What a token is good for.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TokenFacts {
    /// Whether it is good for anything.
    pub is_valid: bool,
    /// Why not.
    pub flaw: Option<TokenFlaw>,
    /// `PAGE`, `USER`, `APP` or `SYSTEM_USER`; an open set.
    pub kind: Option<String>,
    /// The app it was made for.
    pub app: Option<AppId>,
    /// The Page it is for.
    pub page: Option<PageId>,
    /// When it expires; nothing for never.
    pub expires_at: Option<Timestamp>,
    /// When the app may no longer see the person's data; nothing for never.
    pub data_access_expires_at: Option<Timestamp>,
    /// When it was made.
    pub issued_at: Option<Timestamp>,
    /// The permissions it has.
    pub scopes: Vec<String>,
    /// The permissions it has for some Pages alone.
    pub granular_scopes: Vec<GranularScope>,
}

/// Why a token is not valid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TokenFlaw {
    /// Meta's code, 190 as a rule.
    pub code: Option<i64>,
    /// Meta's subcode, such as 463 for an expired one.
    pub subcode: Option<i64>,
}

/// A permission and for what it is given.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GranularScope {
    /// The permission.
    pub scope: String,
    /// The ids of the Pages it is given for; nothing means for all.
    pub targets: Option<Vec<String>>,
}

impl InspectToken {
    /// This token.
    pub fn new(token: impl Into<AccessToken>) -> Self {
        Self(token.into())
    }
}

impl TokenFacts {
    /// Whether it has this permission for this Page.
    pub fn permits(&self, scope: &str, page: &PageId) -> bool {
        let granular = self
            .granular_scopes
            .iter()
            .find(|found| found.scope == scope);
        let targets = granular.map(|found| found.targets.as_deref());
        match targets {
            Some(Some(targets)) => targets.iter().any(|target| target == page.as_str()),
            Some(None) => true,
            None => self.scopes.iter().any(|found| found == scope),
        }
    }
}

impl Endpoint for InspectToken {
    type Output = TokenFacts;

    fn call(&self) -> Result<Call, Error> {
        Ok(Call::get("debug_token").with_query("input_token", self.0.expose_secret()))
    }

    fn read(&self, answer: &Answer) -> Result<TokenFacts, Error> {
        let facts = answer.object().object("data");
        let is_valid = facts.is("is_valid").ok_or_else(|| answer.unexpected())?;
        let flaw = facts.object("error");
        let expiry = |name| match facts.number(name) {
            Some(0) | None => None,
            Some(seconds) => Some(Timestamp::from_meta(seconds)),
        };
        Ok(TokenFacts {
            is_valid,
            flaw: (!flaw.is_empty()).then(|| TokenFlaw {
                code: flaw.number("code"),
                subcode: flaw.number("subcode"),
            }),
            kind: facts.text("type"),
            app: facts.id("app_id").and_then(|id| AppId::new(id).ok()),
            page: facts.id("profile_id").and_then(|id| PageId::new(id).ok()),
            expires_at: expiry("expires_at"),
            data_access_expires_at: expiry("data_access_expires_at"),
            issued_at: expiry("issued_at"),
            scopes: facts.texts("scopes"),
            granular_scopes: facts
                .objects("granular_scopes")
                .filter_map(|scope| {
                    let has_targets = scope.raw("target_ids").is_some();
                    Some(GranularScope {
                        scope: scope.text("scope")?,
                        targets: has_targets.then(|| scope.texts("target_ids")),
                    })
                })
                .collect(),
        })
    }
}
