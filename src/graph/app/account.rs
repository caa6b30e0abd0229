//! A person's Pages, and what they let the app do.

use crate::graph::{Answer, Call, Endpoint, Error, Listing, Paging, Path};
use crate::id::PageId;
use crate::secret::PageToken;

/// Lists a person's Pages with a token for each. Wants the person's token, needs
/// `pages_show_list`.
///
/// With a long-lived token ([`ExtendToken`](super::ExtendToken)) the Page tokens have no date on
/// which they end. Pages of a business portfolio are missing without `business_management`. When
/// Meta refuses with code 1, "reduce the amount of data", ask for fewer at once from the beginning.
///
/// Meta: [Accounts](https://developers.facebook.com/docs/graph-api/reference/user/accounts/)
#[derive(Clone, Debug)]
pub struct Accounts(Paging);

/// A Page of a person.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Account {
    /// The Page.
    pub page: PageId,
    /// Its name.
    pub name: Option<String>,
    /// Its kind of business.
    pub category: Option<String>,
    /// The token to send with, if the person may hand one out.
    pub token: Option<PageToken>,
    /// What the person may do there; `MESSAGING` is needed for sending.
    pub tasks: Vec<String>,
}

impl Accounts {
    /// This portion of them.
    pub fn new(paging: Paging) -> Self {
        Self(paging)
    }
}

impl Endpoint for Accounts {
    type Output = Listing<Account>;

    fn call(&self) -> Result<Call, Error> {
        let call = Call::get("me/accounts");
        let fields = "id,name,access_token,tasks,category";
        Ok(self.0.apply(call.with_query("fields", fields)))
    }

    fn read(&self, answer: &Answer) -> Result<Self::Output, Error> {
        Ok(Listing::read(answer, |page| {
            Some(Account {
                page: PageId::new(page.id("id")?).ok()?,
                name: page.text("name"),
                category: page.text("category"),
                token: page
                    .text("access_token")
                    .and_then(|token| PageToken::new(token).ok()),
                tasks: page.texts("tasks"),
            })
        }))
    }
}

/// Lists what a person lets the app do. Wants the person's token.
///
/// Meta: [Permissions](https://developers.facebook.com/docs/graph-api/reference/user/permissions/)
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Permissions {}

/// What a person lets the app do, or not.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Permission {
    /// Such as `pages_messaging`.
    pub name: String,
    /// `granted`, `declined` or `expired`; an open set.
    pub status: String,
}

impl Permission {
    /// Whether the person lets the app do it.
    pub fn is_granted(&self) -> bool {
        self.status == "granted"
    }
}

impl Permissions {
    /// All of them.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Endpoint for Permissions {
    type Output = Listing<Permission>;

    fn call(&self) -> Result<Call, Error> {
        Ok(Call::get("me/permissions"))
    }

    fn read(&self, answer: &Answer) -> Result<Self::Output, Error> {
        Ok(Listing::read(answer, |permission| {
            Some(Permission {
                name: permission.text("permission")?,
                status: permission.text("status")?,
            })
        }))
    }
}

/// Gives back what a person lets the app do. Wants the person's token.
///
/// Meta: [Permissions](https://developers.facebook.com/docs/graph-api/reference/user/permissions/)
#[derive(Clone, Debug, Default)]
pub struct RevokePermission(Option<String>);

impl RevokePermission {
    /// All of it: the app is then no longer logged in.
    pub fn all() -> Self {
        Self(None)
    }

    /// One permission, such as `pages_messaging`.
    pub fn one(permission: impl Into<String>) -> Self {
        Self(Some(permission.into()))
    }
}

impl Endpoint for RevokePermission {
    type Output = ();

    fn call(&self) -> Result<Call, Error> {
        let all = Path::from("me/permissions");
        Ok(Call::delete(match &self.0 {
            Some(permission) => all.then(permission)?,
            None => all,
        }))
    }

    fn read(&self, answer: &Answer) -> Result<(), Error> {
        answer.done()
    }
}
