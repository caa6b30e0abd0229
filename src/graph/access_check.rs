//! Check whether App ID, App Secret, Page and token belong together.

use super::app::tokens::{self, TokenInfo, TokenKind};
use super::page::{self, Page};
use super::{ApiError, AppClient, Error, PageClient};
use crate::id::{AppId, PageId};
use crate::secret::PageToken;

/// Meta's codes for an app token whose id and secret do not belong together.
const WRONG_APP_TOKEN: [i64; 2] = [101, 190];

/// Meta's code for an app token of an app that is set to *native or desktop*.
const NATIVE_APP: i64 = 104;

/// Meta's codes for a token that is not valid.
const INVALID_TOKEN: [i64; 2] = [102, 190];

/// Error for credentials that do not belong together, from [`PageClient::check`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccessError {
    /// The token acts for a person or a system user. Use a Page token.
    #[error(
        "the token belongs to a person, not to a Page; use the Page token that Meta lists for the \
         Page in me/accounts"
    )]
    UserToken,
    /// The token acts for an app. Use a Page token.
    #[error("the token belongs to an app, not to a Page; use a Page token")]
    AppToken,
    /// The token acts for another Page.
    #[error("the token belongs to the Page {page}, not to the Page of this connection")]
    OtherPage {
        /// Page that the token acts for.
        page: PageId,
    },
    /// The token was issued to another app.
    #[error(
        "the token was issued to {}, not to the app of this connection",
        app.as_ref().map_or_else(|| "another app".to_owned(), |app| format!("the app {app}"))
    )]
    OtherApp {
        /// App that the token was issued to. Absent when Meta does not say.
        app: Option<AppId>,
    },
    /// The App Secret does not belong to the App ID. Copy both from the App Dashboard again.
    #[error("the App ID and the App Secret do not belong together")]
    AppMismatch,
    /// The token is not valid, or no longer. Get a new one.
    #[error("the token is not valid: {}", reason(.0))]
    InvalidToken(
        /// Meta's code and subcode.
        Box<ApiError>,
    ),
    /// The check could not be completed. The credentials may be right: check again later.
    #[error("the check could not be completed: {0}")]
    Graph(#[from] Error),
}

impl PageClient {
    /// Checks that App ID, App Secret, Page and Page token belong together, and returns the Page.
    ///
    /// It inspects the Page token with the app token, then reads the Page with the Page token. Meta
    /// refuses the app token of an app that is set to *native or desktop*. In that case the Page is
    /// read, but the App ID is not checked.
    ///
    /// Permission: any Page token.
    ///
    /// # Errors
    ///
    /// [`AccessError`], with a variant for each mistake; its text is for the person who entered the
    /// credentials. [`AccessError::Graph`] when Meta throttles or cannot be reached.
    ///
    /// # Examples
    ///
    /// ```
    /// use messenger_crm::graph::{Access, AccessError, AppAccess};
    /// # use messenger_crm::graph::ScriptedTransport;
    /// # use messenger_crm::id::{AppId, PageId};
    /// # use messenger_crm::secret::{AppSecret, PageToken};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let script = ScriptedTransport::new();
    /// # script.json(200, r#"{"data":{"is_valid":true,"type":"USER","app_id":"27182818"}}"#);
    /// # let graph = script.graph();
    /// # let app = AppAccess::new(AppId::new("27182818")?, AppSecret::new("60efff025951")?);
    /// # let (page, token) = (PageId::new("1755847768034402")?, PageToken::new("EAAuser")?);
    /// let page = graph.page(Access::new(app, page, token));
    /// match page.check().await {
    ///     Ok(page) => println!("connected to {:?}", page.name),
    ///     Err(AccessError::Graph(error)) => println!("try again later: {error}"),
    ///     Err(mistake) => println!("{mistake}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// <https://developers.facebook.com/docs/graph-api/reference/debug_token>
    pub async fn check(&self) -> Result<Page, AccessError> {
        let access = self.access();
        let app = self.client.graph.app(access.app.clone());
        let page = app.find_page(&access.token).await?;
        if page.id != access.page {
            return Err(AccessError::OtherPage { page: page.id });
        }
        Ok(page)
    }
}

impl AppClient {
    /// Returns the Page that a token acts for, after the checks of [`PageClient::check`]. Use it
    /// when a person enters a token without the id of the Page.
    ///
    /// Permission: any Page token.
    ///
    /// # Errors
    ///
    /// The errors of [`PageClient::check`], except [`AccessError::OtherPage`].
    ///
    /// <https://developers.facebook.com/docs/graph-api/reference/debug_token>
    pub async fn find_page(&self, token: &PageToken) -> Result<Page, AccessError> {
        match self.call(&tokens::inspect(token.clone())).await {
            Ok(info) => compare(&info, self.client.app_id())?,
            Err(Error::Api(refusal)) => of_inspection(*refusal)?,
            Err(error) => return Err(error.into()),
        }
        match self.client.with_token(token).call(&page::get_page()).await {
            Ok(page) => Ok(page),
            Err(Error::Api(refusal)) => Err(of_page(*refusal)),
            Err(error) => Err(error.into()),
        }
    }
}

/// Compares what Meta knows about the token with the credentials.
fn compare(info: &TokenInfo, app: &AppId) -> Result<(), AccessError> {
    if let Some(error) = &info.error
        && is_of_other_app(error)
    {
        let app = info.app.clone();
        return Err(AccessError::OtherApp { app });
    }
    if let Some(other) = info.app.as_ref().filter(|other| *other != app) {
        let app = Some(other.clone());
        return Err(AccessError::OtherApp { app });
    }
    match &info.kind {
        Some(TokenKind::User | TokenKind::SystemUser) => return Err(AccessError::UserToken),
        Some(TokenKind::App) => return Err(AccessError::AppToken),
        Some(TokenKind::Page | TokenKind::Other(_)) | None => {}
    }
    if !info.is_valid {
        let error = info.error.clone();
        let error = error.unwrap_or_else(|| ApiError::from_code(190));
        return Err(AccessError::InvalidToken(Box::new(error)));
    }
    Ok(())
}

/// Reads the refusal to inspect the token. `Ok` when Meta gives the app no token.
fn of_inspection(refusal: ApiError) -> Result<(), AccessError> {
    match refusal.code {
        Some(NATIVE_APP) => Ok(()),
        _ if is_of_other_app(&refusal) => Err(AccessError::OtherApp { app: None }),
        Some(code) if WRONG_APP_TOKEN.contains(&code) => Err(AccessError::AppMismatch),
        _ if is_of_proof(&refusal) => Err(AccessError::AppMismatch),
        _ => Err(Error::from(refusal).into()),
    }
}

/// Reads the refusal to read the Page with the token.
fn of_page(refusal: ApiError) -> AccessError {
    let message = refusal.message.as_deref().unwrap_or_default();
    match refusal.code {
        // Only Pages have a category.
        Some(100) if message.contains("nonexisting field") => AccessError::UserToken,
        Some(2500) => AccessError::AppToken,
        Some(code) if INVALID_TOKEN.contains(&code) => AccessError::InvalidToken(Box::new(refusal)),
        _ if is_of_proof(&refusal) => AccessError::AppMismatch,
        _ => Error::from(refusal).into(),
    }
}

fn is_of_other_app(refusal: &ApiError) -> bool {
    let message = refusal.message.as_deref().unwrap_or_default();
    refusal.code == Some(100) && message.contains("did not match the Viewing App")
}

fn is_of_proof(refusal: &ApiError) -> bool {
    let message = refusal.message.as_deref().unwrap_or_default();
    refusal.code == Some(100) && message.contains("appsecret_proof")
}

/// Says what Meta's subcode of an invalid token means.
fn reason(error: &ApiError) -> String {
    let meaning = match error.subcode {
        Some(458) => "the person removed the app",
        Some(459) => "Meta wants the person to log in to Facebook",
        Some(460) => "the person changed their password, or Meta ended the session",
        Some(463) => "it has expired",
        Some(464) => "the person's account is not confirmed",
        Some(492) => "the person no longer has a role on the Page",
        _ => "it is malformed, revoked, or not a token",
    };
    let code = |number: i64| number.to_string();
    let code = error.code.map_or_else(|| "none".to_owned(), code);
    match error.subcode {
        Some(subcode) => format!("{meaning} (code {code}, subcode {subcode})"),
        None => format!("{meaning} (code {code})"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::{block_on, test_access};
    use super::super::{ScriptedTransport, TransportErrorKind};
    use super::*;

    const RIGHT: &str = r#"{"data":{"app_id":"271828182845904","type":"PAGE","is_valid":true,
        "profile_id":"1755847768034402","expires_at":0}}"#;
    const PAGE: &str = r#"{"id":"1755847768034402","name":"My Page","category":"Shop"}"#;

    fn check(responses: &[(u16, &str)]) -> Result<Page, AccessError> {
        let script = ScriptedTransport::new();
        for (status, body) in responses {
            script.json(*status, body);
        }
        let checked = block_on(script.graph().page(test_access()).check());
        assert_eq!(script.requests().len(), responses.len());
        checked
    }

    fn words(responses: &[(u16, &str)]) -> String {
        check(responses).unwrap_err().to_string()
    }

    #[test]
    fn g14_credentials_that_belong_together_return_the_page() {
        let page = check(&[(200, RIGHT), (200, PAGE)]).unwrap();
        assert_eq!(page.name.as_deref(), Some("My Page"));
    }

    #[test]
    fn g14_each_mistake_is_named() {
        for (info, expected) in [
            (
                r#"{"data":{"app_id":"271828182845904","type":"USER","is_valid":true}}"#,
                "the token belongs to a person, not to a Page; use the Page token that Meta lists \
                 for the Page in me/accounts",
            ),
            (
                r#"{"data":{"type":"SYSTEM_USER","is_valid":true}}"#,
                "the token belongs to a person, not to a Page; use the Page token that Meta lists \
                 for the Page in me/accounts",
            ),
            (
                r#"{"data":{"app_id":"271828182845904","type":"APP","is_valid":true}}"#,
                "the token belongs to an app, not to a Page; use a Page token",
            ),
            (
                r#"{"data":{"app_id":"999","type":"PAGE","profile_id":"1755847768034402","is_valid":true}}"#,
                "the token was issued to the app 999, not to the app of this connection",
            ),
            (
                r#"{"data":{"is_valid":false,"error":{"code":100,
                    "message":"(#100) The App_id in the input_token did not match the Viewing App"}}}"#,
                "the token was issued to another app, not to the app of this connection",
            ),
            (
                r#"{"data":{"is_valid":false,"type":"PAGE","error":{"code":190,"subcode":463}}}"#,
                "the token is not valid: it has expired (code 190, subcode 463)",
            ),
            (
                r#"{"data":{"is_valid":false}}"#,
                "the token is not valid: it is malformed, revoked, or not a token (code 190)",
            ),
        ] {
            assert_eq!(words(&[(200, info)]), expected);
        }
        assert_eq!(
            words(&[(200, RIGHT), (200, r#"{"id":"2"}"#)]),
            "the token belongs to the Page 2, not to the Page of this connection"
        );
        for (refusal, expected) in [
            (
                r#"{"error":{"code":190,"message":"Invalid OAuth access token signature."}}"#,
                "the App ID and the App Secret do not belong together",
            ),
            (
                r#"{"error":{"code":101,"message":"Error validating application."}}"#,
                "the App ID and the App Secret do not belong together",
            ),
            (
                r#"{"error":{"code":100,"message":"Invalid appsecret_proof provided in the API argument"}}"#,
                "the App ID and the App Secret do not belong together",
            ),
            (
                r#"{"error":{"code":100,
                    "message":"(#100) The App_id in the input_token did not match the Viewing App"}}"#,
                "the token was issued to another app, not to the app of this connection",
            ),
        ] {
            assert_eq!(words(&[(400, refusal)]), expected);
        }
    }

    #[test]
    fn g14_without_an_app_token_a_field_of_pages_identifies_a_person() {
        let native = (400, r#"{"error":{"code":104}}"#);
        assert!(check(&[native, (200, PAGE)]).is_ok());
        for (refusal, expected) in [
            (
                r#"{"error":{"code":100,"message":"(#100) Tried accessing nonexisting field (category) on node type (User)"}}"#,
                "the token belongs to a person, not to a Page; use the Page token that Meta lists \
                 for the Page in me/accounts",
            ),
            (
                r#"{"error":{"code":2500,"message":"An active access token must be used"}}"#,
                "the token belongs to an app, not to a Page; use a Page token",
            ),
            (
                r#"{"error":{"code":190,"error_subcode":460}}"#,
                "the token is not valid: the person changed their password, or Meta ended the \
                 session (code 190, subcode 460)",
            ),
            (
                r#"{"error":{"code":100,"message":"Invalid appsecret_proof provided in the API argument"}}"#,
                "the App ID and the App Secret do not belong together",
            ),
        ] {
            assert_eq!(words(&[native, (400, refusal)]), expected);
        }
        let other = r#"{"id":"2","name":"Other"}"#;
        assert!(matches!(
            check(&[native, (200, other)]),
            Err(AccessError::OtherPage { page }) if page.as_str() == "2"
        ));
    }

    #[test]
    fn g14_what_meta_leaves_out_is_checked_by_the_page() {
        let bare = r#"{"data":{"is_valid":true}}"#;
        assert!(check(&[(200, bare), (200, PAGE)]).is_ok());
        let other = r#"{"id":"2"}"#;
        let error = check(&[(200, bare), (200, other)]).unwrap_err();
        assert!(matches!(error, AccessError::OtherPage { .. }));
    }

    #[test]
    fn g14_a_failure_is_not_a_mistake() {
        let script = ScriptedTransport::new();
        for _ in 0..4 {
            script.failure(TransportErrorKind::NotSent);
        }
        let error = block_on(script.graph().page(test_access()).check()).unwrap_err();
        assert!(matches!(error, AccessError::Graph(Error::Transport(_))));
        let limited = (400, r#"{"error":{"code":10}}"#);
        assert!(matches!(check(&[limited]), Err(AccessError::Graph(_))));
    }

    #[test]
    fn a_mistake_prints_no_token() {
        let refusal = r#"{"error":{"code":190,"message":"EAAtoken is not a token"}}"#;
        let error = check(&[(400, r#"{"error":{"code":104}}"#), (400, refusal)]).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("EAA"));
    }
}
