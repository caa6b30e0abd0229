//! Account linking: customers who linked their account at the business.
//!
//! ```
//! use messenger_crm::graph::page::account_links;
//! # use messenger_crm::graph::{Access, AppAccess, ScriptedTransport};
//! # use messenger_crm::id::{AppId, PageId};
//! # use messenger_crm::secret::{AppSecret, PageToken};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = ScriptedTransport::new();
//! # script.json(200, r#"{"id":"1755847768034402","recipient":"7324561089432101"}"#);
//! # let app = AppAccess::new(AppId::new("27182818")?, AppSecret::new("60efff025951")?);
//! # let access = Access::new(app, PageId::new("1755847768034402")?, PageToken::new("EAAtoken")?);
//! # let page = script.graph().page(access);
//! # let token_from_the_login_page = "ARQtoken";
//! let customer = page.call(&account_links::get_customer(token_from_the_login_page)).await?;
//! assert_eq!(customer.as_str(), "7324561089432101");
//! # Ok(())
//! # }
//! ```
//!
//! <https://developers.facebook.com/docs/messenger-platform/identity/account-linking>

use serde_json::json;

use super::with_body;
use crate::graph::{Call, Response};
use crate::id::Psid;

/// Reads which customer opened the login page, from the `account_linking_token` that Meta passed to
/// the page. The token is valid for five minutes.
///
/// Meta accepts the token only in the URL, so do not log the URL.
///
/// Permission: `pages_messaging`. Meta refuses a wrong or expired token with code 10303.
///
/// <https://developers.facebook.com/docs/messenger-platform/identity/account-linking>
#[doc(alias = "account_linking_token")]
pub fn get_customer(account_linking_token: &str) -> Call<Psid> {
    let call = Call::get("me", |response: &Response| {
        let psid = response.object().id("recipient");
        psid.and_then(|psid| Psid::new(psid).ok())
            .ok_or_else(|| response.unexpected())
    });
    call.with_query("fields", "recipient")
        .with_query("account_linking_token", account_linking_token)
}

/// Unlinks a customer's account.
///
/// Permission: `pages_messaging`.
///
/// <https://developers.facebook.com/docs/messenger-platform/identity/account-linking>
#[doc(alias = "unlink_accounts")]
pub fn unlink(psid: &Psid) -> Call<()> {
    let call = Call::post("me/unlink_accounts", Response::success);
    with_body(call, &json!({ "psid": psid }))
}
