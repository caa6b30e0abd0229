//! Which events of a Page come to the app.

use super::edge;
use crate::graph::{Answer, Call, Endpoint, Error, Listing};
use crate::id::{AppId, PageId};

/// Sends a Page's events of these fields to the app the token is for.
///
/// Name all fields you want: it replaces the list, as far as is known. Only those come that the
/// app's own subscription ([`SubscribeWebhook`](crate::graph::app::SubscribeWebhook)) has too. One
/// field that the app may not have makes Meta refuse them all with code 100.
///
/// Meta: [Subscribed apps](https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps/)
#[derive(Clone, Debug)]
pub struct SubscribeApp {
    page: PageId,
    fields: Vec<String>,
}

impl SubscribeApp {
    /// These fields of this Page, such as `messages` and `messaging_postbacks`.
    pub fn new(page: PageId, fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            page,
            fields: fields.into_iter().map(Into::into).collect(),
        }
    }
}

impl Endpoint for SubscribeApp {
    type Output = ();

    fn call(&self) -> Result<Call, Error> {
        Ok(Call::post(edge(&self.page, "subscribed_apps")?)
            .for_page(&self.page)
            .with_query("subscribed_fields", self.fields.join(",")))
    }

    fn read(&self, answer: &Answer) -> Result<(), Error> {
        answer.done()
    }
}

/// Asks which apps get a Page's events, as far as the token may see them.
///
/// Meta: [Subscribed apps](https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps/)
#[derive(Clone, Debug)]
pub struct SubscribedApps(PageId);

/// An app that gets a Page's events.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SubscribedApp {
    /// The app.
    pub id: AppId,
    /// Its name.
    pub name: Option<String>,
    /// Which fields it gets.
    pub fields: Vec<String>,
}

impl SubscribedApps {
    /// Those of this Page.
    pub fn new(page: PageId) -> Self {
        Self(page)
    }
}

impl Endpoint for SubscribedApps {
    type Output = Listing<SubscribedApp>;

    fn call(&self) -> Result<Call, Error> {
        Ok(Call::get(edge(&self.0, "subscribed_apps")?).for_page(&self.0))
    }

    fn read(&self, answer: &Answer) -> Result<Self::Output, Error> {
        Ok(Listing::read(answer, |app| {
            Some(SubscribedApp {
                id: AppId::new(app.id("id")?).ok()?,
                name: app.text("name"),
                fields: app.texts("subscribed_fields"),
            })
        }))
    }
}

/// Sends none of a Page's events to the app any longer.
///
/// Meta: [Subscribed apps](https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps/)
#[derive(Clone, Debug)]
pub struct UnsubscribeApp(PageId);

impl UnsubscribeApp {
    /// Those of this Page.
    pub fn new(page: PageId) -> Self {
        Self(page)
    }
}

impl Endpoint for UnsubscribeApp {
    type Output = ();

    fn call(&self) -> Result<Call, Error> {
        Ok(Call::delete(edge(&self.0, "subscribed_apps")?).for_page(&self.0))
    }

    fn read(&self, answer: &Answer) -> Result<(), Error> {
        answer.done()
    }
}
