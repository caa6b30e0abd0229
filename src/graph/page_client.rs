//! Clients of a Page, of an app and of a person.

use super::access::Credentials;
use super::client::{Client, Graph};
use super::rate_limit::Scopes;
use super::send::{self, OutgoingMessage, Sent};
use super::{Access, AppAccess, Call, Error, ListPage};
use crate::secret::UserToken;

/// Client of one Page: it sends calls with the Page's token, within the Page's rate limits.
///
/// A clone is cheap.
#[derive(Clone, Debug)]
pub struct PageClient {
    pub(super) client: Client,
    access: Access,
}

/// Client of an app, with the app's own token.
///
/// Meta refuses it (code 104) when the app is set to *native or desktop*. A clone is cheap.
#[derive(Clone, Debug)]
pub struct AppClient {
    pub(super) client: Client,
}

/// Client of a person who logged in, with their user token. A clone is cheap.
#[derive(Clone, Debug)]
pub struct UserClient {
    pub(super) client: Client,
}

impl Graph {
    /// Returns the client of a Page.
    pub fn page(&self, access: Access) -> PageClient {
        let credentials = Credentials::page(&access);
        let scopes = Scopes::page(&credentials, &access.page);
        let me = access.page.as_str().to_owned();
        PageClient::new(self.client(credentials, scopes, me), access)
    }

    /// Returns the client of an app, for its settings, the login and the inspection of tokens.
    pub fn app(&self, access: AppAccess) -> AppClient {
        let credentials = Credentials::app(&access);
        let scopes = Scopes::app(&credentials);
        let me = access.id.as_str().to_owned();
        AppClient::new(self.client(credentials, scopes, me))
    }

    /// Returns the client of a person who logged in, for the list of their Pages.
    pub fn user(&self, app: &AppAccess, token: &UserToken) -> UserClient {
        let credentials = Credentials::user(app, token);
        let scopes = Scopes::user(&credentials);
        UserClient::new(self.client(credentials, scopes, "me".to_owned()))
    }
}

impl PageClient {
    pub(super) fn new(client: Client, access: Access) -> Self {
        Self { client, access }
    }

    /// Returns the credentials of this client.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Sends a message to a customer, once.
    ///
    /// Permission, limits and codes are those of [`send::message`](super::send::message()).
    ///
    /// # Errors
    ///
    /// [`Error`] when Meta refuses or cannot be reached. Meta has no idempotency key, so when
    /// [`Error::outcome_is_unknown`] is true, the message may have been sent: wait for its echo
    /// before you send it again.
    ///
    /// # Cancel safety
    ///
    /// When the future is dropped, the outcome is unknown.
    ///
    /// <https://developers.facebook.com/docs/messenger-platform/reference/send-api/>
    pub async fn send(&self, message: &OutgoingMessage) -> Result<Sent, Error> {
        self.call(&send::message(message)?).await
    }
}

impl AppClient {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }
}

impl UserClient {
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }
}

macro_rules! calls {
    ($($client:ident),*) => {$(
        impl $client {
            /// Sends a call and reads its response.
            ///
            /// # Errors
            ///
            /// [`Error`] when the call is invalid, when Meta refuses or cannot be reached, or when
            /// the response is not what the call expects.
            ///
            /// # Cancel safety
            ///
            /// The request may have reached Meta when the future is dropped.
            pub async fn call<T: 'static>(&self, call: &Call<T>) -> Result<T, Error> {
                self.client.call(call).await
            }

            /// Reads a list page by page, until it ends or until `max_items` or more items are read.
            /// [`ListPage::next`] of the result is the position of the next page, or `None` at the
            /// end of the list.
            ///
            /// # Errors
            ///
            /// The errors of [`call`](Self::call), and [`Error::EndlessList`] when a page names
            /// itself as the next page.
            pub async fn walk<T: 'static>(
                &self,
                call: &Call<ListPage<T>>,
                max_items: usize,
            ) -> Result<ListPage<T>, Error> {
                self.client.walk(call, max_items).await
            }
        }
    )*};
}

calls!(PageClient, AppClient, UserClient);
