//! The handshake with a callback, and deliveries until they are taken.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, StatusCode};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::simulator::platform::notify;
use crate::simulator::platform::page_status::FIELDS;
use crate::simulator::world::Notice;
use crate::simulator::world::app::{legacy_signature, signature};

use super::client::{CallError, Callback};
use super::shared::Shared;

const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

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
    });
    shared.retry_now();
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

/// Delivers notifications: those of one person one after another, those of different people side by
/// side.
pub(crate) async fn deliver(shared: Arc<Shared>, mut notices: mpsc::UnboundedReceiver<Notice>) {
    let mut queues = HashMap::new();
    let mut deliveries = JoinSet::new();
    while let Some(notice) = notices.recv().await {
        let key = (notice.app.clone(), notice.page.clone(), notice.psid.clone());
        let queue = queues.entry(key).or_insert_with(|| {
            let (sender, mut queue) = mpsc::unbounded_channel::<Notice>();
            let shared = Arc::clone(&shared);
            deliveries.spawn(async move {
                while let Some(notice) = queue.recv().await {
                    insist(&shared, &notice).await;
                }
            });
            sender
        });
        // The task ends with this function only.
        let _alive = queue.send(notice);
    }
}

/// Posts until the response is 200 or Meta gives up: again at once, then ever more slowly.
async fn insist(shared: &Shared, notice: &Notice) {
    let mut retries = shared.retries();
    let mut pause = Duration::ZERO;
    loop {
        retries.mark_unchanged();
        let target = shared.with(|world| {
            let app = world.app(&notice.app)?;
            let callback = Callback::parse(app.callback.as_deref()?).ok()?;
            Some((callback, app.secret.clone(), app.signs_with_sha1))
        });
        if let Some((callback, secret, with_sha1)) = target {
            let request = signed(&notice.body, &secret, with_sha1);
            match post(&callback, request).await {
                Ok(()) => {
                    shared.with(|world| notify::delivered(world, notice));
                    return;
                }
                Err(reason) => {
                    let again = shared.with(|world| notify::failed(world, notice, reason));
                    if !again {
                        return;
                    }
                }
            }
        }
        // A callback that has just been verified is worth trying at once.
        tokio::select! {
            () = sleep(pause) => pause = (pause * 2).clamp(SHORTEST_PAUSE, LONGEST_PAUSE),
            _ = retries.changed() => pause = Duration::ZERO,
        }
    }
}

/// A signed notification.
pub(crate) fn signed(body: &Bytes, secret: &str, with_sha1: bool) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::new(body.clone()));
    *request.method_mut() = Method::POST;
    let headers = request.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
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

async fn post(callback: &Callback, request: Request<Full<Bytes>>) -> Result<(), String> {
    match callback.call(request).await {
        Ok(answered) if answered.status == StatusCode::OK => Ok(()),
        Ok(answered) => Err(format!(
            "callback answered with HTTP status {}, not 200",
            answered.status.as_u16()
        )),
        Err(error) => Err(explained(&error)),
    }
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
