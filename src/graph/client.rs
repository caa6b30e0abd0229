//! [`Graph`], and how one call is made: rate limit, attempts, credentials.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};

use super::access::Credentials;
use super::call::{Call, CallParts, Payload};
use super::path::push_parameters;
use super::rate_limit::{RateLimiter, Scopes};
use super::upload::Multipart;
use super::{
    BaseUrl, Body, Clock, Error, GraphVersion, InvalidBaseUrl, ListPage, RateLimits, Request,
    Response, RetryPolicy, Transport, TransportErrorKind,
};
use crate::id::AppId;
use crate::secret::PageToken;

/// Most pages of a list that one call of `walk` reads.
const MAX_WALKED_PAGES: usize = 10_000;

/// How late a timer may fire before the call counts as late.
const GRACE: Duration = Duration::from_secs(1);

/// Entry point of the Graph API: create one for the whole program.
///
/// It has the transport, the clock, the retry policy and the rate limiter. It creates the clients:
/// [`page`](Self::page), [`app`](Self::app) and [`user`](Self::user). A clone is cheap and shares
/// the rate limiter.
#[derive(Clone, Debug)]
pub struct Graph {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    base: BaseUrl,
    version: GraphVersion,
    retry: RetryPolicy,
    limiter: Arc<RateLimiter>,
    is_proof_timed: bool,
}

impl Graph {
    /// Creates a `Graph` for `https://graph.facebook.com` and [`GraphVersion::LATEST`], over reqwest,
    /// with retries and rate limits on. Needs a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`TransportError`](super::TransportError) when TLS cannot be set up.
    #[cfg(feature = "client")]
    pub fn new() -> Result<Self, super::TransportError> {
        Ok(Self::from_parts(
            super::ReqwestTransport::new()?,
            super::TokioClock::new(),
        ))
    }

    /// Creates a `Graph` over another transport and clock, with retries and rate limits on.
    pub fn from_parts(transport: impl Transport, clock: impl Clock) -> Self {
        Self {
            transport: Arc::new(transport),
            clock: Arc::new(clock),
            base: BaseUrl::meta(),
            version: GraphVersion::LATEST,
            retry: RetryPolicy::default(),
            limiter: Arc::new(RateLimiter::new(RateLimits::default())),
            is_proof_timed: false,
        }
    }

    /// The clock, with which the inbox measures its deadlines, too.
    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// Sets the base URL, for example that of the simulator. `https://graph.facebook.com` by default.
    ///
    /// # Errors
    ///
    /// [`InvalidBaseUrl`] for anything but `https://host[:port]`, or `http://` to `localhost`,
    /// `127.0.0.0/8` or `[::1]`, because a token must not cross a network unencrypted.
    pub fn with_base_url(self, url: &str) -> Result<Self, InvalidBaseUrl> {
        Ok(Self {
            base: BaseUrl::parse(url)?,
            ..self
        })
    }

    /// Sets the version of the API. [`GraphVersion::LATEST`] by default.
    pub fn with_version(self, version: GraphVersion) -> Self {
        Self { version, ..self }
    }

    /// Sets the retry policy. [`RetryPolicy::default`] by default; [`RetryPolicy::never`] turns
    /// retries off.
    pub fn with_retry(self, retry: RetryPolicy) -> Self {
        Self { retry, ..self }
    }

    /// Sets the rate limits and resets their counters. [`RateLimits::default`] by default.
    pub fn with_rate_limits(self, limits: RateLimits) -> Self {
        Self {
            limiter: Arc::new(RateLimiter::new(limits)),
            ..self
        }
    }

    /// Makes every `appsecret_proof` valid for only five minutes. Off by default, because it needs a
    /// correct clock.
    ///
    /// <https://developers.facebook.com/docs/graph-api/guides/secure-requests>
    pub fn with_timed_proof(self) -> Self {
        Self {
            is_proof_timed: true,
            ..self
        }
    }

    /// Returns the Graph version that calls use.
    pub fn version(&self) -> GraphVersion {
        self.version
    }

    /// Returns the retry policy.
    pub fn retry(&self) -> &RetryPolicy {
        &self.retry
    }

    pub(super) fn base(&self) -> &BaseUrl {
        &self.base
    }

    pub(super) fn transport(&self) -> &dyn Transport {
        &*self.transport
    }

    pub(super) fn client(&self, credentials: Credentials, scopes: Scopes, me: String) -> Client {
        Client {
            graph: self.clone(),
            credentials,
            scopes,
            me,
        }
    }
}

/// Shared part of the clients of Pages, apps and people.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) graph: Graph,
    credentials: Credentials,
    scopes: Scopes,
    me: String,
}

impl Client {
    pub(super) async fn call<T: 'static>(&self, call: &Call<T>) -> Result<T, Error> {
        match self.exchange(&call.parts).await {
            Ok(response) => call.read(Ok(&response)),
            Err(Error::Api(refusal)) => call.read(Err(*refusal)),
            Err(error) => Err(error),
        }
    }

    pub(super) fn app_id(&self) -> &AppId {
        &self.credentials.app.id
    }

    /// Returns a client for a Page token whose Page is not known yet.
    pub(super) fn with_token(&self, token: &PageToken) -> Self {
        let credentials = Credentials {
            app: self.credentials.app.clone(),
            token: token.clone().into(),
        };
        let scopes = Scopes::user(&credentials);
        self.graph.client(credentials, scopes, "me".to_owned())
    }

    pub(super) async fn walk<T: 'static>(
        &self,
        call: &Call<ListPage<T>>,
        max_items: usize,
    ) -> Result<ListPage<T>, Error> {
        let mut call = call.clone();
        let mut items = Vec::new();
        let mut last = None;
        for page in 1..=MAX_WALKED_PAGES {
            let found = self.call(&call).await?;
            items.extend(found.items);
            let Some(next) = found.next else {
                return Ok(ListPage::new(items, None));
            };
            if last.as_ref() == Some(&next) {
                return Err(Error::EndlessList { page });
            }
            if items.len() >= max_items {
                return Ok(ListPage::new(items, Some(next)));
            }
            call = call.after(&next);
            last = Some(next);
        }
        Ok(ListPage::new(items, last))
    }

    async fn exchange(&self, call: &CallParts) -> Result<Response, Error> {
        let Graph {
            clock,
            limiter,
            retry,
            ..
        } = &self.graph;
        // An attempt is never cut short: it starts before this moment, or not at all.
        let last_start = clock.elapsed().saturating_add(retry.start_window());
        let mut attempt = 1;
        loop {
            let now = clock.elapsed();
            let left = last_start.saturating_sub(now);
            let wait = limiter.admit(&self.scopes, call.rate_class, now, left);
            if wait > left {
                return Err(Error::Paused { wait });
            }
            if !wait.is_zero() {
                clock.sleep(wait).await;
            }
            // A program that was suspended wakes up late.
            if clock.elapsed() > last_start.saturating_add(GRACE) {
                return Err(Error::DeadlinePassed);
            }
            let result = self.attempt(call).await;
            let now = clock.elapsed();
            let error = match result {
                Ok(response) => {
                    limiter.observe(&self.scopes, &response.usage(), now);
                    return Ok(response);
                }
                Err(error) => error,
            };
            limiter.fail(&self.scopes, &error, now);
            let delay = retry.delay(call.idempotency, &error, attempt, clock.random());
            match delay {
                Some(delay) if now.saturating_add(delay) <= last_start => clock.sleep(delay).await,
                _ => return Err(error),
            }
            attempt += 1;
        }
    }

    async fn attempt(&self, call: &CallParts) -> Result<Response, Error> {
        let request = self.request(call)?;
        match self.graph.transport.send(request).await {
            Ok(response) => Response::from_http(&response),
            Err(error) if error.kind == TransportErrorKind::TooLarge => {
                Err(Error::ResponseTooLarge {
                    limit: call.max_response_bytes,
                })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Makes the request of a call, with token and proof.
    fn request(&self, call: &CallParts) -> Result<Request, Error> {
        let request = http::Request::builder()
            .method(call.method.clone())
            .uri(self.uri(call)?);
        let (content_type, body) = self.body(call);
        let mut request = request.body(body).map_err(|_| Error::InvalidId { at: 0 })?;
        let headers = request.headers_mut();
        if let Some(content_type) = content_type {
            headers.insert(CONTENT_TYPE, content_type);
        }
        if !call.is_login {
            let bearer = format!("Bearer {}", self.credentials.token.expose_secret());
            let bearer = HeaderValue::from_bytes(bearer.as_bytes());
            let mut bearer = bearer.map_err(|_| Error::InvalidToken)?;
            bearer.set_sensitive(true);
            headers.insert(AUTHORIZATION, bearer);
        }
        Ok(Request::new(request, call.timeout, call.max_response_bytes))
    }

    fn uri(&self, call: &CallParts) -> Result<http::Uri, Error> {
        let path = call.path.resolve(&self.me)?;
        let mut url = format!("{}/{}/{path}", self.graph.base, self.graph.version);
        let query = call.query.iter();
        let mut query: Vec<(&str, &str)> = query
            .map(|(name, value)| (name.as_ref(), value.as_str()))
            .collect();
        let proof = (!call.is_login).then(|| self.proof());
        if let Some((proof, time)) = &proof {
            query.push(("appsecret_proof", proof));
            query.extend(time.iter().map(|time| ("appsecret_time", time.as_str())));
        }
        if !query.is_empty() {
            url.push('?');
            push_parameters(&mut url, query);
        }
        let bytes = url.len();
        // Path and parameters are plain ASCII here, so only the length can be refused.
        http::Uri::try_from(url).map_err(|_| Error::UrlTooLong { bytes })
    }

    /// Returns the `appsecret_proof`, and its `appsecret_time` when proofs are timed.
    fn proof(&self) -> (String, Option<String>) {
        if self.graph.is_proof_timed {
            let (proof, seconds) = self.credentials.proof_at(self.graph.clock.now());
            (proof, Some(seconds.to_string()))
        } else {
            (self.credentials.proof(), None)
        }
    }

    fn body(&self, call: &CallParts) -> (Option<HeaderValue>, Body) {
        match &call.payload {
            Payload::Empty if !call.is_login => (None, Body::Empty),
            Payload::Json(bytes) => (
                Some(HeaderValue::from_static("application/json")),
                Body::Bytes(bytes.clone()),
            ),
            Payload::Empty => self.form(call, &[]),
            Payload::Form(fields) => self.form(call, fields),
            Payload::Multipart { fields, file } => {
                let boundary = self.credentials.boundary();
                let fields = fields.iter();
                let fields = fields.map(|(name, value)| (name.as_ref(), value.as_str()));
                let parts = Multipart::new(&boundary, fields, file);
                let content_type = format!("multipart/form-data; boundary={boundary}");
                (
                    HeaderValue::from_str(&content_type).ok(),
                    Body::Stream {
                        bytes: parts.bytes(),
                        source: Arc::new(parts),
                    },
                )
            }
        }
    }

    fn form(
        &self,
        call: &CallParts,
        fields: &[(Cow<'static, str>, String)],
    ) -> (Option<HeaderValue>, Body) {
        let app = &self.credentials.app;
        let mut all: Vec<(&str, &str)> = Vec::new();
        if call.is_login {
            all.push(("client_id", app.id.as_str()));
            all.push(("client_secret", app.secret.expose_secret()));
        }
        let fields = fields.iter();
        all.extend(fields.map(|(name, value)| (name.as_ref(), value.as_str())));
        let mut form = String::new();
        push_parameters(&mut form, all);
        (
            Some(HeaderValue::from_static(
                "application/x-www-form-urlencoded",
            )),
            Body::Bytes(form.into_bytes()),
        )
    }
}
