//! Webhook subscription of the app: the callback URL that Meta sends events to, and their fields.
//!
//! Send these calls with the client of the app ([`Graph::app`](crate::graph::Graph::app)). They
//! need no permission. Each Page must be subscribed, too
//! ([`page::subscriptions`](crate::graph::page::subscriptions)).
//!
//! ```
//! use messenger_crm::graph::app::subscriptions;
//! use messenger_crm::graph::page::subscriptions::RECOMMENDED;
//! # use messenger_crm::graph::{AppAccess, ScriptedTransport};
//! # use messenger_crm::id::AppId;
//! # use messenger_crm::secret::AppSecret;
//! use messenger_crm::secret::VerifyToken;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let script = ScriptedTransport::new();
//! # script.json(200, r#"{"success":true}"#);
//! # let app = AppAccess::new(AppId::new("27182818")?, AppSecret::new("60efff025951")?);
//! # let app = script.graph().app(app);
//! let verify_token = VerifyToken::new("any text of your own")?;
//! let url = "https://crm.example/webhook";
//! app.call(&subscriptions::subscribe(url, &verify_token, &RECOMMENDED)?).await?;
//! # Ok(())
//! # }
//! ```
//!
//! <https://developers.facebook.com/docs/graph-api/reference/app/subscriptions/>

use crate::graph::page::subscriptions::WebhookField;
use crate::graph::page::webhook_field::join;
use crate::graph::send::invalid::address;
use crate::graph::{Call, Error, ListPage, Object, Path, Response};
use crate::secret::VerifyToken;

/// Webhook subscription of the app for one kind of object.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct WebhookSubscription {
    /// Kind of object, such as `page`.
    pub object: String,
    /// Callback URL that Meta sends the events to. Absent when Meta leaves it out.
    pub callback_url: Option<String>,
    /// Whether Meta sends events. Meta sets it to false when the callback URL fails for a long time.
    #[doc(alias = "active")]
    pub is_active: bool,
    /// Fields, each with the Graph version of its events, such as `v27.0`. The version is absent
    /// when Meta leaves it out.
    pub fields: Vec<(WebhookField, Option<String>)>,
}

impl WebhookSubscription {
    /// Creates an active subscription of Pages, for tests.
    pub fn new(callback_url: impl Into<String>, fields: Vec<WebhookField>) -> Self {
        Self {
            object: "page".to_owned(),
            callback_url: Some(callback_url.into()),
            is_active: true,
            fields: fields.into_iter().map(|field| (field, None)).collect(),
        }
    }

    fn read(subscription: Object<'_>) -> Option<Self> {
        let fields = subscription.objects("fields").filter_map(|field| {
            let name = WebhookField::from_meta(field.text("name")?);
            Some((name, field.text("version")))
        });
        // Old Graph versions list names instead of objects.
        let names = subscription.texts("fields").into_iter();
        let names = names.map(|name| (WebhookField::from_meta(name), None));
        Some(Self {
            object: subscription.text("object")?,
            callback_url: subscription.text("callback_url"),
            is_active: subscription.boolean("active").unwrap_or(false),
            fields: fields.chain(names).collect(),
        })
    }
}

/// Subscribes the app to these fields of all its Pages, with this callback URL.
///
/// During this call Meta sends the handshake with the verify token to the callback URL, so your
/// server must already respond to it ([`Webhook::handshake`](crate::Webhook::handshake)). Meta
/// refuses with code 2200 when it does not.
///
/// # Errors
///
/// [`Error::Message`] when `callback_url` is not a web address, or there are no fields.
///
/// <https://developers.facebook.com/docs/graph-api/reference/app/subscriptions/>
pub fn subscribe(
    callback_url: &str,
    verify_token: &VerifyToken,
    fields: &[WebhookField],
) -> Result<Call<()>, Error> {
    address("the callback URL", callback_url)?;
    let verify_token = verify_token.expose_secret().to_owned();
    let form = vec![
        ("object".into(), "page".to_owned()),
        ("callback_url".into(), callback_url.to_owned()),
        ("verify_token".into(), verify_token),
        ("fields".into(), join(fields)?),
        ("include_values".into(), "true".to_owned()),
    ];
    Ok(Call::post(edge(), Response::success).with_form(form))
}

/// Lists the webhook subscriptions of the app.
///
/// <https://developers.facebook.com/docs/graph-api/reference/app/subscriptions/>
pub fn get() -> Call<ListPage<WebhookSubscription>> {
    Call::get(edge(), |response: &Response| {
        ListPage::read(response, WebhookSubscription::read)
    })
}

/// Unsubscribes the app from these fields of all its Pages.
///
/// # Errors
///
/// [`Error::Message`] when there are no fields, which Meta would read as all fields.
///
/// <https://developers.facebook.com/docs/graph-api/reference/app/subscriptions/>
pub fn unsubscribe(fields: &[WebhookField]) -> Result<Call<()>, Error> {
    let fields = join(fields)?;
    Ok(unsubscribe_all().with_query("fields", fields))
}

/// Unsubscribes the app from all events of all its Pages.
///
/// <https://developers.facebook.com/docs/graph-api/reference/app/subscriptions/>
pub fn unsubscribe_all() -> Call<()> {
    Call::delete(edge(), Response::success).with_query("object", "page")
}

fn edge() -> Path {
    Path::me().edge("subscriptions")
}
