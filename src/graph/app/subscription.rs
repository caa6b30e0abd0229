//! Where Meta sends an app's events.

use crate::graph::{Answer, Call, Endpoint, Error, Listing, Path};
use crate::id::AppId;
use crate::secret::VerifyToken;

/// Tells Meta where to send the events of all Pages of an app.
///
/// Meta calls that address with the verify token *during* this call, and refuses when it is not
/// answered. Only events of fields named here and in
/// [`SubscribeApp`](crate::graph::page::SubscribeApp) come. Wants [`Access::app`](crate::graph::Access::app).
///
/// Meta: [Subscriptions](https://developers.facebook.com/docs/graph-api/reference/app/subscriptions/)
#[derive(Clone, Debug)]
pub struct SubscribeWebhook {
    app: AppId,
    callback_url: String,
    verify_token: VerifyToken,
    fields: Vec<String>,
}

impl SubscribeWebhook {
    /// These fields, such as `messages`, to this address.
    pub fn new(
        app: AppId,
        callback_url: impl Into<String>,
        verify_token: VerifyToken,
        fields: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        Self {
            app,
            callback_url: callback_url.into(),
            verify_token,
            fields: fields.into_iter().map(Into::into).collect(),
        }
    }
}

impl Endpoint for SubscribeWebhook {
    type Output = ();

    fn call(&self) -> Result<Call, Error> {
        let path = Path::node(self.app.as_str())?.edge("subscriptions");
        let verify_token = self.verify_token.expose_secret().to_owned();
        Ok(Call::post(path).with_form(vec![
            ("object".into(), "page".to_owned()),
            ("callback_url".into(), self.callback_url.clone()),
            ("verify_token".into(), verify_token),
            ("fields".into(), self.fields.join(",")),
            ("include_values".into(), "true".to_owned()),
        ]))
    }

    fn read(&self, answer: &Answer) -> Result<(), Error> {
        answer.done()
    }
}

/// Asks where Meta sends an app's events. Wants [`Access::app`](crate::graph::Access::app).
///
/// Meta: [Subscriptions](https://developers.facebook.com/docs/graph-api/reference/app/subscriptions/)
#[derive(Clone, Debug)]
pub struct WebhookSubscriptions(AppId);

/// Where Meta sends events of one kind of object.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct WebhookSubscription {
    /// The kind, such as `page`.
    pub object: String,
    /// Where they go.
    pub callback_url: Option<String>,
    /// Whether they go: Meta switches it off when the address fails for long.
    pub is_active: bool,
    /// The fields, such as `messages`, and the version each is sent in.
    pub fields: Vec<(String, Option<String>)>,
}

impl WebhookSubscriptions {
    /// Those of this app.
    pub fn new(app: AppId) -> Self {
        Self(app)
    }
}

impl Endpoint for WebhookSubscriptions {
    type Output = Listing<WebhookSubscription>;

    fn call(&self) -> Result<Call, Error> {
        let path = Path::node(self.0.as_str())?.edge("subscriptions");
        Ok(Call::get(path))
    }

    fn read(&self, answer: &Answer) -> Result<Self::Output, Error> {
        Ok(Listing::read(answer, |subscription| {
            let fields = subscription.objects("fields");
            let mut fields: Vec<_> = fields
                .filter_map(|field| Some((field.text("name")?, field.text("version"))))
                .collect();
            // Older answers have names alone.
            let names = subscription.texts("fields").into_iter();
            fields.extend(names.map(|name| (name, None)));
            Some(WebhookSubscription {
                object: subscription.text("object")?,
                callback_url: subscription.text("callback_url"),
                is_active: subscription.is("active").unwrap_or(false),
                fields,
            })
        }))
    }
}

/// Tells Meta to send an app no more events. Wants [`Access::app`](crate::graph::Access::app).
///
/// Meta: [Subscriptions](https://developers.facebook.com/docs/graph-api/reference/app/subscriptions/)
#[derive(Clone, Debug)]
pub struct UnsubscribeWebhook {
    app: AppId,
    fields: Vec<String>,
}

impl UnsubscribeWebhook {
    /// None at all for this app.
    pub fn new(app: AppId) -> Self {
        Self {
            app,
            fields: Vec::new(),
        }
    }

    /// None of these fields alone.
    pub fn only(self, fields: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            fields: fields.into_iter().map(Into::into).collect(),
            ..self
        }
    }
}

impl Endpoint for UnsubscribeWebhook {
    type Output = ();

    fn call(&self) -> Result<Call, Error> {
        let path = Path::node(self.app.as_str())?.edge("subscriptions");
        let call = Call::delete(path).with_query("object", "page");
        Ok(if self.fields.is_empty() {
            call
        } else {
            call.with_query("fields", self.fields.join(","))
        })
    }

    fn read(&self, answer: &Answer) -> Result<(), Error> {
        answer.done()
    }
}
