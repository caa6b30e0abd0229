//! The HTTP service of the inbox: every request of Meta, from the first byte to the commit.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
#[cfg(feature = "tower")]
use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use http::{HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use http_body::Body;

use super::{
    Callback, Inbox, InboxError,
    body::{BodyError, InFlight, Limits, Peer, Reading, Received},
    observe::Span,
    privacy::PrivacyRequestKind,
    route::{Endpoint, Route},
};
use crate::{
    event::Event,
    graph::within,
    id::PageId,
    model::WorkKind,
    store::PendingQuery,
    webhook::{Delivery, EnvelopeError, Events, MAX_BODY_BYTES, text_response},
};

/// Events that are parsed and committed at once, so that a large body needs little more memory than
/// its own size.
const SLICE: usize = 1_000;
/// A store that failed a commit so long ago may be well again: only the next commit can tell.
const UNREADY: Duration = Duration::from_secs(10);

/// HTTP service for the requests of Meta: see [`Inbox::service`].
///
/// | Request | Response |
/// |---|---|
/// | `GET` to a callback URL, with the right verify token | 200 with the challenge; else 403 or 400 |
/// | `POST` to a callback URL, signed by its app | 200 after the events are committed |
/// | the same, and the body cannot be read as a delivery | 200 after the raw body is committed |
/// | the same, and the store failed or took longer than the deadline | 503: Meta sends it again |
/// | `POST` without a valid signature | 401; 415 when it has a content encoding |
/// | a body that is too large, too slow, or cut off | 413, 408, 400 |
/// | a body while others hold all the bytes allowed | 503 |
/// | `POST` to a callback URL with `/deauthorize` or `/deletion` behind it, signed by its app | 200 after the request is recorded as a [`PrivacyRequest`](super::PrivacyRequest) |
/// | `GET` to the same `/deletion/{confirmation code}` | 200 with the state of the request |
/// | `GET /livez` | 200 while the program runs |
/// | `GET /readyz` | 200 while the store responds and commits, else 503 |
/// | any other path | 404, before the body is read |
///
/// The callback URL is the prefix, followed by a path that [`Connections`](super::Connections) knows:
/// `/webhook` and `/webhook/7Q4`. Events of a Page whose credentials name another app are kept raw.
///
/// # Duties of the server
///
/// The service limits bodies and commits. Limits of connections and of the time in which the head of
/// a request arrives belong to the server. Deadlines use the clock of the inbox's
/// [`Graph`](crate::graph::Graph): with feature `client` it is tokio's; without, the
/// [`Clock`](crate::graph::Clock) that the host passed to
/// [`Graph::from_parts`](crate::graph::Graph::from_parts).
///
/// Put the [`Peer`] into the extensions of a request when you know the client's address.
///
/// # Servers
///
/// - **hyper**: call [`respond`](Self::respond) in a `service_fn`, as `examples/webhook.rs` does.
/// - **axum**: with feature `tower` it is a `tower_service::Service`:
///   `Router::new().fallback_service(inbox.service())`.
/// - **others** (actix): build an `http::Request` with the method, URI, headers and body that you
///   received, call [`respond`](Self::respond), and send its status, headers and body. Any type that
///   implements `http_body::Body` is a body; `String` does.
///
/// # Examples
///
/// A test of a host without a server:
///
/// ```
/// # use std::sync::Arc;
/// # use messenger_crm::graph::{Access, AppAccess, ScriptedTransport};
/// # use messenger_crm::inbox::{Inbox, SinglePage};
/// # use messenger_crm::store::{ContactQuery, ContactStore, MemoryStore};
/// # use messenger_crm::{AppSecret, webhook::{SIGNATURE_HEADER, sign}};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let secret: AppSecret = "60efff025951cddde78c8d03de52cc90".parse()?;
/// # let app = AppAccess::new("271828182845904".parse()?, secret.clone());
/// # let access = Access::new(app, "1".parse()?, "EAAtoken".parse()?);
/// # let connections = Arc::new(SinglePage::new(access, "a-verify-token".parse()?));
/// # let graph = ScriptedTransport::new().graph();
/// let store = Arc::new(MemoryStore::new());
/// let service = Inbox::new(store.clone(), graph, connections).service();
///
/// let body = r#"{"object":"page","entry":[{"id":"1","messaging":[{"sender":{"id":"2"},
///     "recipient":{"id":"1"},"timestamp":1700000000000,"message":{"mid":"m_1","text":"Hello~"}}]}]}"#;
/// let signature = sign(&secret, body.as_bytes());
/// let request = http::Request::post("/webhook").header(SIGNATURE_HEADER, signature);
/// let response = service.respond(request.body(body.to_owned())?).await;
/// assert_eq!(response.status(), 200);
/// assert_eq!(store.contacts(&ContactQuery::new("1".parse()?)).await?.rows.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WebhookService {
    /// One handle: a server clones the service for each request.
    pub(super) setup: Arc<Setup>,
}

/// Inbox and options of a service.
#[derive(Clone, Debug)]
pub(super) struct Setup {
    pub(super) inbox: Inbox,
    prefix: Arc<str>,
    /// Without a slash at its end.
    pub(super) public_url: Option<Arc<str>>,
    deadline: Duration,
    pub(super) reading: Reading,
    shared: Arc<Shared>,
}

/// State that the clones of a service share.
#[derive(Debug)]
struct Shared {
    in_flight: InFlight,
    /// Milliseconds of the clock until which the service is not ready, because a commit failed.
    unready_until: AtomicU64,
}

impl Shared {
    fn new(small: usize, large: usize) -> Arc<Self> {
        let in_flight = InFlight::new(Limits { small, large });
        let unready_until = AtomicU64::new(0);
        Arc::new(Self {
            in_flight,
            unready_until,
        })
    }
}

/// Outcome of a signed request, for logs and metrics. It is in the extensions of the response.
///
/// It has no text, id or name of a person.
///
/// # Examples
///
/// ```
/// use messenger_crm::inbox::Report;
///
/// fn log(response: &http::Response<String>) {
///     match response.extensions().get::<Report>() {
///         Some(Report::Committed { events, .. }) => println!("{events} events"),
///         Some(Report::Failed(error)) => eprintln!("a delivery was not stored: {error}"),
///         _ => {}
///     }
/// }
/// # log(&http::Response::new(String::new()));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Report {
    /// The events of a delivery are committed.
    #[non_exhaustive]
    Committed {
        /// Number of events.
        events: usize,
    },
    /// The body could not be read as a delivery, and is kept raw.
    #[non_exhaustive]
    Quarantined {
        /// Reason why it could not be read.
        error: EnvelopeError,
    },
    /// A request to delete data, or the removal of the app, is recorded.
    Recorded,
    /// The store or the connections failed; Meta sends the delivery again.
    Failed(Arc<InboxError>),
    /// The store or the connections took longer than the deadline; Meta sends the delivery again.
    TimedOut,
}

impl Inbox {
    /// Creates the HTTP service of this inbox. Create it once and clone it: clones share the limit of
    /// bytes in flight.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, _ada, _now| {
    /// let service = inbox.service();
    /// let live = http::Request::get("/livez").body(String::new())?;
    /// assert_eq!(service.respond(live).await.status(), 200);
    /// # Ok(())
    /// # }) }
    /// ```
    pub fn service(&self) -> WebhookService {
        let setup = Setup {
            inbox: self.clone(),
            prefix: "/webhook".into(),
            public_url: None,
            deadline: Duration::from_secs(4),
            reading: Reading {
                max_bytes: MAX_BODY_BYTES,
                min_rate: 16 * 1024,
                max_time: Duration::from_secs(30),
            },
            shared: Shared::new(16 * 1024 * 1024, 64 * 1024 * 1024),
        };
        let setup = Arc::new(setup);
        WebhookService { setup }
    }
}

impl WebhookService {
    fn setup_mut(&mut self) -> &mut Setup {
        Arc::make_mut(&mut self.setup)
    }

    /// Sets the path with which all callback URLs begin, without a slash at its end. `/webhook` by
    /// default.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, _ada, _now| {
    /// let service = inbox.service().with_prefix("/hooks/messenger");
    /// let elsewhere = http::Request::post("/webhook").body(String::new())?;
    /// assert_eq!(service.respond(elsewhere).await.status(), 404);
    /// # Ok(())
    /// # }) }
    /// ```
    #[must_use]
    pub fn with_prefix(mut self, prefix: &str) -> Self {
        self.setup_mut().prefix = prefix.trim_end_matches('/').into();
        self
    }

    /// Sets the URL under which Meta and people reach the paths of this service:
    /// `https://crm.example.com`. None by default: then the data deletion callback is 404, because
    /// its response needs the URL of a status page.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, _ada, _now| {
    /// let service = inbox.service().with_public_url("https://crm.example.com");
    /// # drop(service);
    /// # Ok(())
    /// # }) }
    /// ```
    #[must_use]
    pub fn with_public_url(mut self, url: &str) -> Self {
        self.setup_mut().public_url = Some(url.trim_end_matches('/').into());
        self
    }

    /// Sets the time in which a body must be committed after it arrived. 4 seconds by default: Meta
    /// waits for 5.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, _ada, _now| {
    /// let service = inbox.service().with_deadline(Duration::from_secs(3));
    /// # drop(service);
    /// # Ok(())
    /// # }) }
    /// ```
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.setup_mut().deadline = deadline;
        self
    }

    /// Sets the largest body in bytes. [`MAX_BODY_BYTES`] by default.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, _ada, _now| {
    /// let service = inbox.service().with_max_body_bytes(1024);
    /// let large = http::Request::post("/webhook").body("x".repeat(2000))?;
    /// assert_eq!(service.respond(large).await.status(), 413);
    /// # Ok(())
    /// # }) }
    /// ```
    #[must_use]
    pub fn with_max_body_bytes(mut self, bytes: usize) -> Self {
        self.setup_mut().reading.max_bytes = bytes;
        self
    }

    /// Sets the lowest rate of a body, in bytes per second; 0 for any. 16 KiB per second by default.
    /// It counts from the sixth second. A body may take 30 seconds in all.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, _ada, _now| {
    /// let service = inbox.service().with_min_rate(64 * 1024);
    /// # drop(service);
    /// # Ok(())
    /// # }) }
    /// ```
    #[must_use]
    pub fn with_min_rate(mut self, bytes_per_second: u32) -> Self {
        self.setup_mut().reading.min_rate = bytes_per_second;
        self
    }

    /// Sets how many bytes all bodies together may hold while they arrive and are committed: those up
    /// to 64 KiB, and the larger ones. 16 and 64 MiB by default.
    ///
    /// Anybody who knows a callback URL can send large bodies slowly. They cannot use the bytes of
    /// small bodies, which are nearly all that Meta sends.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, _ada, _now| {
    /// let service = inbox.service().with_bytes_in_flight(4 * 1024 * 1024, 32 * 1024 * 1024);
    /// # drop(service);
    /// # Ok(())
    /// # }) }
    /// ```
    #[must_use]
    pub fn with_bytes_in_flight(mut self, small: usize, large: usize) -> Self {
        self.setup_mut().shared = Shared::new(small, large);
        self
    }

    /// Responds to one request. It never fails: every error has a status.
    ///
    /// The [`Report`] of a signed request is in the extensions of the response.
    ///
    /// # Cancel safety
    ///
    /// Meta sends again what was not answered. Each slice of a delivery is committed whole or not at
    /// all, and committing it again changes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, _ada, _now| {
    /// let unsigned = http::Request::post("/webhook").body("{}".to_owned())?;
    /// assert_eq!(inbox.service().respond(unsigned).await.status(), 401);
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn respond<B>(&self, request: Request<B>) -> Response<String>
    where
        B: Body + Send,
        B::Data: Send,
    {
        let (parts, body) = request.into_parts();
        match Route::of(&self.setup.prefix, parts.uri.path()) {
            Some(Route::Live) => probe(&parts, StatusCode::OK, "live\n"),
            Some(Route::Ready) => self.ready(&parts).await,
            Some(Route::App(path, endpoint)) => {
                self.respond_of_app(path, endpoint, &parts, body).await
            }
            None => not_found(),
        }
    }

    async fn respond_of_app<B>(
        &self,
        path: &str,
        endpoint: Endpoint<'_>,
        parts: &Parts,
        body: B,
    ) -> Response<String>
    where
        B: Body + Send,
        B::Data: Send,
    {
        let connections = &self.setup.inbox.connections;
        let callback = match self.within(connections.callback(path)).await {
            Some(Ok(Some(callback))) => callback,
            Some(Ok(None)) => return not_found(),
            Some(Err(error)) => return reported(Report::Failed(Arc::new(error.into()))),
            None => return reported(Report::TimedOut),
        };
        match endpoint {
            Endpoint::Events => self.receive(&callback, parts, body).await,
            Endpoint::Deauthorize => {
                let kind = PrivacyRequestKind::Deauthorization;
                self.record(&callback, parts, body, kind).await
            }
            Endpoint::Deletion => {
                let kind = PrivacyRequestKind::Deletion;
                self.record(&callback, parts, body, kind).await
            }
            Endpoint::Status(code) => self.status(&callback, parts, code).await,
        }
    }

    async fn receive<B>(&self, callback: &Callback, parts: &Parts, body: B) -> Response<String>
    where
        B: Body + Send,
        B::Data: Send,
    {
        if parts.method != Method::POST {
            let refusal = callback.webhook.refusal(parts, b"");
            return refusal.unwrap_or_else(not_found);
        }
        let body = match self.read(&self.setup.reading, parts, body).await {
            Ok(body) => body,
            Err(refusal) => return refusal,
        };
        match callback.webhook.refusal(parts, body.bytes()) {
            Some(refusal) => refusal,
            None => {
                let span = Span::of_delivery(&callback.app);
                self.report(span.around(self.commit(callback, body.bytes())))
                    .await
            }
        }
    }

    /// Waits for a commit until the deadline, and remembers whether the store takes commits.
    pub(super) async fn report(
        &self,
        commit: impl Future<Output = Result<Report, InboxError>> + Send,
    ) -> Response<String> {
        let report = match self.within(commit).await {
            Some(Ok(report)) => report,
            Some(Err(error)) => Report::Failed(Arc::new(error)),
            None => Report::TimedOut,
        };
        let failed = matches!(report, Report::Failed(_) | Report::TimedOut);
        let until = if failed { self.elapsed(UNREADY) } else { 0 };
        self.setup
            .shared
            .unready_until
            .store(until, Ordering::Relaxed);
        reported(report)
    }

    /// Milliseconds of the clock, in so long.
    fn elapsed(&self, ahead: Duration) -> u64 {
        let at = self
            .setup
            .inbox
            .graph
            .clock()
            .elapsed()
            .saturating_add(ahead);
        u64::try_from(at.as_millis()).unwrap_or(u64::MAX)
    }

    pub(super) async fn within<F: Future + Send>(&self, future: F) -> Option<F::Output> {
        within(self.setup.inbox.graph.clock(), self.setup.deadline, future).await
    }

    pub(super) async fn read<B>(
        &self,
        reading: &Reading,
        parts: &Parts,
        body: B,
    ) -> Result<Received<'_>, Response<String>>
    where
        B: Body + Send,
        B::Data: Send,
    {
        let length = parts.headers.get(header::CONTENT_LENGTH);
        let announced = length.and_then(|length| length.to_str().ok()?.parse().ok());
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.0);
        let (clock, in_flight) = (self.setup.inbox.graph.clock(), &self.setup.shared.in_flight);
        let received = reading.read(body, announced, clock, in_flight, peer).await;
        received.map_err(|error| match error {
            BodyError::TooLarge => {
                text_response(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large\n")
            }
            BodyError::TooSlow => {
                text_response(StatusCode::REQUEST_TIMEOUT, "the body arrives too slowly\n")
            }
            BodyError::Busy => text_response(
                StatusCode::SERVICE_UNAVAILABLE,
                "too many bytes are being received\n",
            ),
            BodyError::CutOff => text_response(StatusCode::BAD_REQUEST, "the body was cut off\n"),
        })
    }

    /// Commits a signed body, in slices.
    async fn commit(&self, callback: &Callback, body: &[u8]) -> Result<Report, InboxError> {
        let now = self.setup.inbox.graph.clock().now();
        let read = match Events::new(body) {
            Ok(events) => self.commit_events(callback, events).await?,
            Err(error) => Err(error),
        };
        match read {
            Ok(events) => Ok(Report::Committed { events }),
            Err(error) => {
                self.setup
                    .inbox
                    .quarantine(body, error.to_string(), now)
                    .await?;
                Ok(Report::Quarantined { error })
            }
        }
    }

    /// Returns the number of events, or the error of the first one that is not JSON.
    async fn commit_events(
        &self,
        callback: &Callback,
        mut events: Events<'_>,
    ) -> Result<Result<usize, EnvelopeError>, InboxError> {
        let now = self.setup.inbox.graph.clock().now();
        let mut is_ours = HashMap::new();
        let mut count = 0;
        loop {
            let slice: Result<Vec<Event<'_>>, _> = events.by_ref().take(SLICE).collect();
            let slice = match slice {
                Ok(slice) if slice.is_empty() => return Ok(Ok(count)),
                Ok(slice) => slice,
                Err(error) => return Ok(Err(error)),
            };
            count += slice.len();
            self.look_up_pages(callback, &slice, &mut is_ours).await?;
            let delivery = Delivery {
                object: events.object().clone(),
                events: slice,
            };
            let ours = |page: &PageId| is_ours.get(page) == Some(&true);
            self.setup.inbox.receive(&delivery, ours, now).await?;
        }
    }

    /// Finds out which Pages of these events belong to the app that signed them.
    async fn look_up_pages(
        &self,
        callback: &Callback,
        events: &[Event<'_>],
        is_ours: &mut HashMap<PageId, bool>,
    ) -> Result<(), InboxError> {
        for page in events.iter().filter_map(Event::page) {
            if let Entry::Vacant(unknown) = is_ours.entry(page) {
                let access = self.setup.inbox.connections.access(unknown.key()).await?;
                unknown.insert(access.is_some_and(|access| access.app.id == callback.app));
            }
        }
        Ok(())
    }

    async fn ready(&self, parts: &Parts) -> Response<String> {
        let unready = |reason| probe(parts, StatusCode::SERVICE_UNAVAILABLE, reason);
        if self.setup.shared.unready_until.load(Ordering::Relaxed) > self.elapsed(Duration::ZERO) {
            return unready("the last delivery was not stored\n");
        }
        let now = self.setup.inbox.graph.clock().now();
        let query = PendingQuery::new(now, [WorkKind::SEND]);
        match self.within(self.setup.inbox.store.next_due(&query)).await {
            Some(Ok(_)) => probe(parts, StatusCode::OK, "ready\n"),
            Some(Err(_)) | None => unready("the store does not respond\n"),
        }
    }
}

#[cfg(feature = "tower")]
impl<B> tower_service::Service<Request<B>> for WebhookService
where
    B: Body + Send + 'static,
    B::Data: Send,
{
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.respond(request).await) })
    }
}

pub(super) fn reported(report: Report) -> Response<String> {
    let mut response = match report {
        Report::Committed { .. } | Report::Quarantined { .. } | Report::Recorded => {
            text_response(StatusCode::OK, "ok\n")
        }
        Report::Failed(_) => text_response(StatusCode::SERVICE_UNAVAILABLE, "not stored\n"),
        Report::TimedOut => text_response(StatusCode::SERVICE_UNAVAILABLE, "not stored in time\n"),
    };
    response.extensions_mut().insert(report);
    response
}

fn probe(parts: &Parts, status: StatusCode, text: &str) -> Response<String> {
    if parts.method == Method::GET || parts.method == Method::HEAD {
        return text_response(status, text);
    }
    not_allowed("GET, HEAD")
}

pub(super) fn not_allowed(methods: &'static str) -> Response<String> {
    let mut response = text_response(StatusCode::METHOD_NOT_ALLOWED, format!("{methods}\n"));
    let allowed = HeaderValue::from_static(methods);
    response.headers_mut().insert(header::ALLOW, allowed);
    response
}

pub(super) fn not_found() -> Response<String> {
    text_response(StatusCode::NOT_FOUND, "not found\n")
}
