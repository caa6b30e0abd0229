//! Meta as the webhook's caller: the handshake, and deliveries until they are taken.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use hyper::body::Bytes;
use reqwest::{Client, StatusCode, redirect};
use thiserror::Error;
use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use url::Url;

use super::Platform;
use super::world::Notice;

/// How long Meta waits for the callback's answer.
const PATIENCE: Duration = Duration::from_secs(5);
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Why a callback was not subscribed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SubscribeError {
    /// The callback URL is not one that could be called.
    #[error("callback url is not an absolute http or https address")]
    Url,
    /// The verify token is empty or white space.
    #[error("verify token is blank")]
    BlankToken,
    /// Nobody answered at that address.
    #[error("callback cannot be reached")]
    Unreachable(#[source] Box<dyn Error + Send + Sync>),
    /// The answer did not come within five seconds.
    #[error("callback did not answer within 5 seconds")]
    TimedOut,
    /// The answer was not 200; 403 is how a callback refuses the verify token.
    #[error("callback answered the handshake with HTTP status {0}, not 200")]
    Status(u16),
    /// The answer was 200, but its body was something else than the challenge.
    #[error("callback answered the handshake with 200, but not with exactly the challenge")]
    Challenge,
}

impl SubscribeError {
    /// Whether the callback may merely not be up yet.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable(_) | Self::TimedOut => true,
            Self::Status(status) => *status >= 500,
            Self::Url | Self::BlankToken | Self::Challenge => false,
        }
    }
}

/// The client that calls callbacks: as patient as Meta, and as literal.
pub(super) fn client() -> reqwest::Result<Client> {
    Client::builder()
        .timeout(PATIENCE)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .user_agent("facebookexternalua")
        .build()
}

/// Asks the callback to prove that it knows the verify token, then keeps it.
pub(super) async fn subscribe(
    platform: &Platform,
    callback_url: &str,
    verify_token: &str,
) -> Result<(), SubscribeError> {
    let url = Url::parse(callback_url.trim()).map_err(|_| SubscribeError::Url)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(SubscribeError::Url);
    }
    if verify_token.trim().is_empty() {
        return Err(SubscribeError::BlankToken);
    }
    let challenge = platform.world().challenge();
    let mut asked = url.clone();
    asked
        .query_pairs_mut()
        .append_pair("hub.mode", "subscribe")
        .append_pair("hub.challenge", &challenge)
        .append_pair("hub.verify_token", verify_token);
    let mut response = platform.http.get(asked).send().await.map_err(failed)?;
    if response.status() != StatusCode::OK {
        return Err(SubscribeError::Status(response.status().as_u16()));
    }
    let mut body = Vec::new();
    // A body that is already too long is wrong, however it goes on.
    while body.len() <= challenge.len() {
        match response.chunk().await.map_err(failed)? {
            Some(chunk) => body.extend_from_slice(&chunk),
            None => break,
        }
    }
    if body != challenge.as_bytes() {
        return Err(SubscribeError::Challenge);
    }
    platform.world().subscribed = true;
    platform.callback.send_replace(Some(url));
    Ok(())
}

fn failed(error: reqwest::Error) -> SubscribeError {
    if error.is_timeout() {
        return SubscribeError::TimedOut;
    }
    // The address holds the verify token.
    SubscribeError::Unreachable(Box::new(error.without_url()))
}

/// Delivers what concerns one person, one notification after another.
pub(super) async fn deliver(
    platform: Arc<Platform>,
    psid: &'static str,
    mut queue: mpsc::UnboundedReceiver<Notice>,
) {
    let mut callback = platform.callback.subscribe();
    while let Some(notice) = queue.recv().await {
        let mut next = Some(notice);
        while let Some(notice) = next {
            insist(&platform, &mut callback, &notice.body).await;
            next = platform.world().acknowledged(psid, &notice);
        }
    }
}

/// Posts until the answer is 200: again at once, then ever more slowly.
async fn insist(platform: &Platform, callback: &mut watch::Receiver<Option<Url>>, body: &Bytes) {
    let mut pause = Duration::ZERO;
    loop {
        let url = callback.borrow_and_update().clone();
        if let Some(url) = url {
            match post(platform, url, body).await {
                Ok(()) => return,
                Err(failure) => {
                    platform.world().last_failure = Some((super::now(), failure));
                }
            }
        }
        // A callback that has just been verified is worth trying at once.
        tokio::select! {
            () = sleep(pause) => pause = (pause * 2).clamp(SHORTEST_PAUSE, LONGEST_PAUSE),
            _ = callback.changed() => pause = Duration::ZERO,
        }
    }
}

async fn post(platform: &Platform, url: Url, body: &Bytes) -> Result<(), String> {
    let answer = platform
        .http
        .post(url)
        .header("Content-Type", "application/json")
        .header("X-Hub-Signature-256", platform.app.signature(body))
        .body(body.clone())
        .send()
        .await;
    match answer {
        Ok(response) if response.status() == StatusCode::OK => Ok(()),
        Ok(response) => Err(format!(
            "callback answered with HTTP status {}, not 200",
            response.status().as_u16()
        )),
        Err(error) => Err(explained(&failed(error))),
    }
}

/// An error and its innermost cause, on one line.
pub(super) fn explained(error: &SubscribeError) -> String {
    let mut cause = error.source();
    while let Some(deeper) = cause.and_then(Error::source) {
        cause = Some(deeper);
    }
    match cause {
        None => error.to_string(),
        Some(cause) => format!("{error}: {cause}"),
    }
}
