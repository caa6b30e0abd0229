//! Pages, business portfolios and permissions of a person who logged in.
//!
//! [`UserClient::all_accounts`](crate::graph::UserClient::all_accounts) finds all Pages of a person.
//! [`list`] (`me/accounts`) can be empty although the person granted access to Pages, when those
//! belong to a business portfolio.
//!
//! ```
//! use messenger_crm::graph::app::accounts;
//! # use messenger_crm::graph::{AppAccess, ScriptedTransport};
//! # use messenger_crm::id::AppId;
//! # use messenger_crm::secret::{AppSecret, UserToken};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = ScriptedTransport::new();
//! # script.json(200, r#"{"data":[]}"#);
//! # script.json(200, r#"{"data":[{"id":"77"}]}"#);
//! # script.json(200, r#"{"data":[{"id":"1755847768034402","access_token":"EAApage"}]}"#);
//! # script.json(200, r#"{"data":[]}"#);
//! # script.json(200, r#"{"data":[{"permission":"pages_messaging","status":"granted"}]}"#);
//! # let app = AppAccess::new(AppId::new("27182818")?, AppSecret::new("60efff025951")?);
//! # let graph = script.graph();
//! # let user_token = UserToken::new("EAAuser")?;
//! let user = graph.user(&app, &user_token);
//! let found = user.all_accounts(1000).await?;
//! assert!(found.is_complete());
//! assert_eq!(found.accounts[0].page.as_str(), "1755847768034402");
//!
//! let permissions = user.call(&accounts::list_permissions()).await?.items;
//! assert!(permissions.iter().all(|permission| permission.is_granted()));
//! # Ok(())
//! # }
//! ```
//!
//! <https://developers.facebook.com/docs/graph-api/reference/user/accounts/>

use crate::graph::{Call, Error, ListPage, Object, Path, Response};
use crate::id::PageId;
use crate::secret::PageToken;

/// A Page of a person, with its token.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Account {
    /// Id of the Page.
    #[doc(alias = "id")]
    pub page: PageId,
    /// Name of the Page. Absent when Meta leaves it out.
    pub name: Option<String>,
    /// Kind of business. Absent when Meta leaves it out.
    pub category: Option<String>,
    /// Page token. Absent when the person's role on the Page does not allow one.
    #[doc(alias = "access_token")]
    pub token: Option<PageToken>,
    /// Tasks of the person on the Page, such as `MESSAGING`, which sending needs. Empty for Pages
    /// that only a business portfolio lists.
    pub tasks: Vec<String>,
}

impl Account {
    /// Creates a Page with its token, for tests.
    pub fn new(page: PageId, token: Option<PageToken>) -> Self {
        Self {
            page,
            name: None,
            category: None,
            token,
            tasks: Vec::new(),
        }
    }

    fn read(page: Object<'_>) -> Option<Self> {
        let token = page.text("access_token");
        Some(Self {
            page: PageId::new(page.id("id")?).ok()?,
            name: page.text("name"),
            category: page.text("category"),
            token: token.and_then(|token| PageToken::new(token).ok()),
            tasks: page.texts("tasks"),
        })
    }

    /// Adds what another list says about the same Page.
    pub(super) fn merge(&mut self, other: Self) {
        self.name = self.name.take().or(other.name);
        self.category = self.category.take().or(other.category);
        self.token = self.token.take().or(other.token);
        if self.tasks.is_empty() {
            self.tasks = other.tasks;
        }
    }
}

/// A business portfolio, as `Business Manager` has been called since 2023.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Business {
    /// Id of the portfolio.
    pub id: String,
    /// Name of the portfolio. Absent when Meta leaves it out.
    pub name: Option<String>,
}

impl Business {
    /// Creates a portfolio without a name, for tests.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: None,
        }
    }
}

/// A permission that the app requested from a person.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Permission {
    /// Name, such as `pages_messaging`.
    pub name: String,
    /// `granted`, `declined` or `expired`; Meta may add values.
    pub status: String,
}

impl Permission {
    /// Creates a granted permission, for tests.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            status: "granted".to_owned(),
        }
    }

    /// Returns whether the person granted the permission.
    pub fn is_granted(&self) -> bool {
        self.status == "granted"
    }
}

/// Lists the Pages of the person, each with its token.
///
/// Page tokens that are fetched with a user token for 60 days
/// ([`extend_token`](super::login::extend_token)) never expire. Send it with
/// [`UserClient::call`](crate::graph::UserClient::call).
///
/// Permission: `pages_show_list`. Pages of a business portfolio can be missing;
/// [`UserClient::all_accounts`](crate::graph::UserClient::all_accounts) finds them. When Meta
/// refuses with code 1, "reduce the amount of data", read the list again from its first page with a
/// smaller [`with_limit`](Call::with_limit).
///
/// <https://developers.facebook.com/docs/graph-api/reference/user/accounts/>
#[doc(alias = "me/accounts")]
pub fn list() -> Call<ListPage<Account>> {
    list_pages(Path::me().edge("accounts"), ",tasks")
}

/// Lists the business portfolios of the person. Send it with
/// [`UserClient::call`](crate::graph::UserClient::call).
///
/// Permission: `business_management`; Meta refuses with code 200 without it.
///
/// <https://developers.facebook.com/docs/graph-api/reference/user/businesses/>
#[doc(alias = "me/businesses")]
pub fn list_businesses() -> Call<ListPage<Business>> {
    let call = Call::get(Path::me().edge("businesses"), |response: &Response| {
        ListPage::read(response, |business| {
            Some(Business {
                id: business.id("id")?,
                name: business.text("name"),
            })
        })
    });
    call.with_query("fields", "id,name")
}

/// Lists the Pages that a business portfolio owns, each with its token. Send it with
/// [`UserClient::call`](crate::graph::UserClient::call). A page of this list can be empty and still
/// have a next page.
///
/// Permission: `business_management`; Meta refuses with code 200 without it, or for a portfolio in
/// which the person has no role.
///
/// # Errors
///
/// [`Error::InvalidId`] when the id cannot be part of a URL.
///
/// <https://developers.facebook.com/docs/marketing-api/reference/business/owned_pages/>
pub fn list_owned_pages(business: &str) -> Result<Call<ListPage<Account>>, Error> {
    Ok(list_pages(Path::node(business)?.edge("owned_pages"), ""))
}

/// Lists the Pages that a business portfolio manages for clients, each with its token. For
/// [`UserClient::call`](crate::graph::UserClient::call). A page of this list can be empty and still
/// have a next page.
///
/// Permission: `business_management`; Meta refuses with code 200 without it, or for a portfolio in
/// which the person has no role.
///
/// # Errors
///
/// [`Error::InvalidId`] when the id cannot be part of a URL.
///
/// <https://developers.facebook.com/docs/marketing-api/reference/business/client_pages/>
pub fn list_client_pages(business: &str) -> Result<Call<ListPage<Account>>, Error> {
    Ok(list_pages(Path::node(business)?.edge("client_pages"), ""))
}

/// Lists the permissions that the person granted or declined. Send it with
/// [`UserClient::call`](crate::graph::UserClient::call).
///
/// Permission: none.
///
/// <https://developers.facebook.com/docs/graph-api/reference/user/permissions/>
#[doc(alias = "me/permissions")]
pub fn list_permissions() -> Call<ListPage<Permission>> {
    Call::get(Path::me().edge("permissions"), |response: &Response| {
        ListPage::read(response, |permission| {
            Some(Permission {
                name: permission.text("permission")?,
                status: permission.text("status")?,
            })
        })
    })
}

/// Revokes one permission of the app, such as `pages_messaging`. Send it with
/// [`UserClient::call`](crate::graph::UserClient::call).
///
/// Permission: none.
///
/// # Errors
///
/// [`Error::InvalidId`] when the name cannot be part of a URL.
///
/// <https://developers.facebook.com/docs/graph-api/reference/user/permissions/>
pub fn revoke_permission(permission: &str) -> Result<Call<()>, Error> {
    let path = Path::me().edge("permissions").then(permission)?;
    Ok(Call::delete(path, Response::success))
}

/// Revokes all permissions of the app, which logs the person out and makes all their tokens invalid.
/// Send it with [`UserClient::call`](crate::graph::UserClient::call).
///
/// Permission: none.
///
/// <https://developers.facebook.com/docs/graph-api/reference/user/permissions/>
pub fn revoke_all_permissions() -> Call<()> {
    Call::delete(Path::me().edge("permissions"), Response::success)
}

/// One field that a list does not have makes Meta refuse the call, so each names its own.
fn list_pages(path: Path, more: &str) -> Call<ListPage<Account>> {
    let call = Call::get(path, |response: &Response| {
        ListPage::read(response, Account::read)
    });
    call.with_query("fields", format!("id,name,access_token,category{more}"))
}
