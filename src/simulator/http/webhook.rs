//! The handshake with a callback, and the signed request of a webhook.

use std::error::Error;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};
use thiserror::Error;

use crate::simulator::platform::delivery;
use crate::simulator::platform::page_status::FIELDS;
use crate::simulator::world::app::{legacy_signature, signature};

use super::client::{CallError, Callback};
use super::shared::Shared;

/// A signature that is wrong for every body.
const WRONG: &str = "sha256=0000000000000000000000000000000000000000000000000000000000000000";

/// Error for a callback that was not subscribed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The callback cannot be called.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The verify token is empty or white space.
    #[error("verify token is blank")]
    BlankToken,
    /// The scene has no app with this id.
    #[error("the scene has no app with this id")]
    UnknownApp,
    /// The response was not 200; 403 is how a callback refuses the verify token.
    #[error("callback answered the handshake with HTTP status {0}, not 200")]
    Status(u16),
    /// The response was 200, but its body was something else than the challenge.
    #[error("callback answered the handshake with 200, but not with exactly the challenge")]
    Challenge,
}

impl SubscribeError {
    /// Returns whether the callback may merely not be up yet.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Call(error) => {
                matches!(error, CallError::Unreachable(_) | CallError::TimedOut)
            }
            Self::Status(status) => *status >= 500,
            Self::BlankToken | Self::UnknownApp | Self::Challenge => false,
        }
    }
}

/// Asks the callback to prove that it knows the verify token, then subscribes the app to the fields.
pub(crate) async fn subscribe(
    shared: &Shared,
    app: &str,
    callback_url: &str,
    verify_token: &str,
    fields: Vec<String>,
) -> Result<(), SubscribeError> {
    let callback = Callback::parse(callback_url)?;
    if verify_token.trim().is_empty() {
        return Err(SubscribeError::BlankToken);
    }
    let challenge = shared.with(|world| {
        world.app(app)?;
        Some(world.names.challenge())
    });
    let challenge = challenge.ok_or(SubscribeError::UnknownApp)?;
    let asked = callback.with_query(&[
        ("hub.mode", "subscribe"),
        ("hub.challenge", &challenge),
        ("hub.verify_token", verify_token),
    ]);
    let answered = asked.call(Request::new(Full::default())).await?;
    if answered.status != StatusCode::OK {
        return Err(SubscribeError::Status(answered.status.as_u16()));
    }
    if answered.body != challenge.as_bytes() {
        return Err(SubscribeError::Challenge);
    }
    shared.with(|world| {
        if let Some(app) = world.app_mut(app) {
            app.callback = Some(callback.as_str().to_owned());
            app.fields = fields;
        }
        delivery::hurry(world, app);
    });
    Ok(())
}

/// Subscribes an app to everything, as a person does in Meta's dashboard: the callback with all
/// fields, and every Page that the app is not yet installed on.
pub(crate) async fn subscribe_to_all(
    shared: &Shared,
    app: &str,
    callback_url: &str,
    verify_token: &str,
) -> Result<(), SubscribeError> {
    let fields: Vec<String> = FIELDS.split_whitespace().map(str::to_owned).collect();
    subscribe(shared, app, callback_url, verify_token, fields.clone()).await?;
    shared.with(|world| {
        for page in &mut world.pages {
            let subscription = page.subscriptions.entry(app.to_owned());
            subscription.or_insert_with(|| fields.clone());
        }
    });
    Ok(())
}

/// A signed webhook.
pub(crate) fn signed(body: &Bytes, secret: &str, with_sha1: bool) -> Request<Full<Bytes>> {
    let mut request = unsigned(body);
    let headers = request.headers_mut();
    let mut insert = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    };
    insert("x-hub-signature-256", signature(secret, body));
    if with_sha1 {
        insert("x-hub-signature", legacy_signature(secret, body));
    }
    request
}

/// A webhook whose signature is wrong.
pub(crate) fn wrongly_signed(body: &Bytes) -> Request<Full<Bytes>> {
    let mut request = unsigned(body);
    let wrong = HeaderValue::from_static(WRONG);
    request.headers_mut().insert("x-hub-signature-256", wrong);
    request
}

fn unsigned(body: &Bytes) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body.clone()));
    *request.method_mut() = Method::POST;
    let json = HeaderValue::from_static("application/json");
    request.headers_mut().insert(CONTENT_TYPE, json);
    request
}

/// An error and its innermost cause, on one line.
pub(crate) fn explained(error: &dyn Error) -> String {
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(Error::source) {
        cause = Some(deeper);
    }
    match cause {
        None => error.to_string(),
        Some(cause) => format!("{error}: {cause}"),
    }
}
