//! Clients: of a Page, of an app, of a person.

use super::client::Client;
use super::send::{self, OutgoingMessage, Sent};
use super::{Access, Call, Error, ListPage};

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
    /// # Errors
    ///
    /// [`Error`] when Meta refuses or cannot be reached. Meta has no idempotency key: when
    /// [`Error::outcome_is_unknown`], the message may have been sent, and only its echo can tell.
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

            /// Reads a list page by page until it ends, or until it has `max_items` or more.
            /// [`ListPage::next`] of the result is where the walk stopped, or `None` at the end.
            ///
            /// # Errors
            ///
            /// As [`call`](Self::call); [`Error::EndlessList`] when a page leads to itself.
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
