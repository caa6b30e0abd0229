//! Scripted transport and clock, for tests without network and without waiting.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use super::{Clock, Graph, Request, Transport, TransportError, TransportErrorKind};
use crate::time::Timestamp;

/// A [`Transport`] that returns prepared responses in order and records the requests.
///
/// After the last prepared response every request fails as not sent. A clone shares the script.
///
/// ```
/// use messenger_crm::graph::{Access, AppAccess, OutgoingMessage, ScriptedTransport};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let script = ScriptedTransport::new();
/// script.json(200, r#"{"recipient_id":"7324561089432101","message_id":"m_1"}"#);
///
/// let app = AppAccess::new("271828182845904".parse()?, "60efff025951cddde78c8d03de52cc90".parse()?);
/// let page = script.graph().page(Access::new(app, "1755847768034402".parse()?, "EAAtoken".parse()?));
/// let sent = page.send(&OutgoingMessage::text("7324561089432101".parse::<messenger_crm::Psid>()?, "Hello~")?).await?;
///
/// assert_eq!(sent.mid.unwrap().as_str(), "m_1");
/// let request = &script.requests()[0].http;
/// assert_eq!(request.uri().path(), "/v27.0/1755847768034402/messages");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct ScriptedTransport(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
struct Script {
    responses: VecDeque<Result<http::Response<Vec<u8>>, TransportErrorKind>>,
    requests: Vec<Request>,
}

impl ScriptedTransport {
    /// Creates an empty script.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a response with a JSON body. A status outside 100 to 999 becomes 500.
    pub fn json(&self, status: u16, body: impl AsRef<str>) -> &Self {
        let mut response = http::Response::new(body.as_ref().as_bytes().to_vec());
        *response.status_mut() =
            http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        response.headers_mut().insert(
            http::header::CONTENT_TYPE,
            http::HeaderValue::from_static("application/json; charset=UTF-8"),
        );
        self.response(response)
    }

    /// Adds a response.
    pub fn response(&self, response: http::Response<Vec<u8>>) -> &Self {
        self.script().responses.push_back(Ok(response));
        self
    }

    /// Adds a failure without a response.
    pub fn failure(&self, kind: TransportErrorKind) -> &Self {
        self.script().responses.push_back(Err(kind));
        self
    }

    /// Returns the requests received so far.
    pub fn requests(&self) -> Vec<Request> {
        self.script().requests.clone()
    }

    /// Creates a [`Graph`] over this script, with a [`ScriptedClock`].
    pub fn graph(&self) -> Graph {
        Graph::from_parts(self.clone(), ScriptedClock::default())
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Transport for ScriptedTransport {
    async fn send(&self, request: Request) -> Result<http::Response<Vec<u8>>, TransportError> {
        let limit = request.max_response_bytes;
        let mut script = self.script();
        script.requests.push(request);
        match script.responses.pop_front() {
            Some(Ok(response)) if response.body().len() > limit => {
                Err(TransportError::new(TransportErrorKind::TooLarge))
            }
            Some(Ok(response)) => Ok(response),
            Some(Err(kind)) => Err(TransportError::new(kind)),
            None => Err(TransportError::new(TransportErrorKind::NotSent)
                .with_source("the script has no further response")),
        }
    }
}

/// A [`Clock`] for tests that never waits: `sleep` moves the time forward at once. A clone shares
/// the time.
#[derive(Clone, Debug)]
pub struct ScriptedClock(Arc<Mutex<Duration>>, Timestamp);

impl ScriptedClock {
    /// Creates a clock that starts at `start`.
    pub fn new(start: Timestamp) -> Self {
        Self(Arc::default(), start)
    }

    /// Moves the time forward.
    pub fn advance(&self, duration: Duration) {
        let mut elapsed = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *elapsed = elapsed.saturating_add(duration);
    }
}

impl Default for ScriptedClock {
    /// Starts on 2026-11-28 00:00 UTC.
    fn default() -> Self {
        Self::new(Timestamp::from_millis(1_795_824_000_000))
    }
}

#[async_trait]
impl Clock for ScriptedClock {
    fn now(&self) -> Timestamp {
        self.1 + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn random(&self) -> f64 {
        0.5
    }

    async fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }
}

/// Invented credentials for tests.
#[cfg(test)]
pub(super) fn test_access() -> super::Access {
    use crate::id::{AppId, PageId};
    use crate::secret::{AppSecret, PageToken};
    let app = super::AppAccess::new(
        AppId::new("271828182845904").unwrap(),
        AppSecret::new("60efff025951cddde78c8d03de52cc90").unwrap(),
    );
    super::Access::new(
        app,
        PageId::new("1755847768034402").unwrap(),
        PageToken::new("EAAtoken").unwrap(),
    )
}

/// Runs a future that never waits.
#[cfg(test)]
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    use std::task::{Context, Poll, Waker};
    let mut context = Context::from_waker(Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a scripted call never waits"),
    }
}
