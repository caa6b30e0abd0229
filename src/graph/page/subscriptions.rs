//! Subscriptions: which events of the Page Meta sends to the app.
//!
//! Meta sends an event only when both are subscribed to its webhook field: the Page (this module)
//! and the app ([`app::subscriptions`](crate::graph::app::subscriptions)).
//!
//! ```
//! use messenger_crm::graph::page::subscriptions::{self, RECOMMENDED, WebhookField};
//! # use messenger_crm::graph::{Access, AppAccess, ScriptedTransport};
//! # use messenger_crm::id::{AppId, PageId};
//! # use messenger_crm::secret::{AppSecret, PageToken};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = ScriptedTransport::new();
//! # script.json(200, r#"{"success":true}"#);
//! # script.json(200, r#"{"data":[{"id":"27182818","subscribed_fields":["messages"]}]}"#);
//! # let app = AppAccess::new(AppId::new("27182818")?, AppSecret::new("60efff025951")?);
//! # let access = Access::new(app, PageId::new("1755847768034402")?, PageToken::new("EAAtoken")?);
//! # let page = script.graph().page(access);
//! for field in &RECOMMENDED {
//!     println!("{field}: {}", field.purpose().unwrap_or_default());
//! }
//! page.call(&subscriptions::subscribe(&RECOMMENDED)?).await?;
//!
//! let apps = page.call(&subscriptions::get()).await?.items;
//! let ours = apps.iter().find(|app| app.id == page.access().app.id).ok_or("not subscribed")?;
//! assert!(ours.fields.contains(&WebhookField::MESSAGES));
//! # Ok(())
//! # }
//! ```
//!
//! <https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps/>

pub use super::webhook_field::{RECOMMENDED, WebhookField};

use super::webhook_field::join;
use crate::graph::{Call, Error, ListPage, Path, Response};
use crate::id::AppId;

/// An app that receives events of the Page.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SubscribedApp {
    /// Id of the app.
    pub id: AppId,
    /// Name of the app. Absent when Meta leaves it out.
    pub name: Option<String>,
    /// Webhook fields that the app receives.
    #[doc(alias = "subscribed_fields")]
    pub fields: Vec<WebhookField>,
}

impl SubscribedApp {
    /// Creates an app without a name, for tests.
    pub fn new(id: AppId, fields: Vec<WebhookField>) -> Self {
        Self {
            id,
            name: None,
            fields,
        }
    }
}

/// Subscribes the app of the Page token to these fields of the Page. The list replaces the earlier
/// list (not documented), so pass all fields.
///
/// Permission: `pages_manage_metadata`, and that of each field ([`WebhookField::permission`]). Meta
/// refuses all fields with code 100 when the app may not receive one of them.
///
/// # Errors
///
/// [`Error::Message`] when there are no fields.
///
/// <https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps/>
#[doc(alias = "subscribed_apps")]
pub fn subscribe(fields: &[WebhookField]) -> Result<Call<()>, Error> {
    let fields = join(fields)?;
    Ok(Call::post(edge(), Response::success).with_query("subscribed_fields", fields))
}

/// Lists the apps that receive events of the Page. Meta returns the app of the token, and sometimes
/// other apps.
///
/// Permission: `pages_manage_metadata`.
///
/// <https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps/>
pub fn get() -> Call<ListPage<SubscribedApp>> {
    Call::get(edge(), |response: &Response| {
        ListPage::read(response, |app| {
            let fields = app.texts("subscribed_fields").into_iter();
            Some(SubscribedApp {
                id: AppId::new(app.id("id")?).ok()?,
                name: app.text("name"),
                fields: fields.map(WebhookField::from_meta).collect(),
            })
        })
    })
}

/// Unsubscribes the app of the Page token from all events of the Page.
///
/// Permission: `pages_manage_metadata`.
///
/// <https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps/>
pub fn unsubscribe() -> Call<()> {
    Call::delete(edge(), Response::success)
}

fn edge() -> Path {
    Path::me().edge("subscribed_apps")
}
