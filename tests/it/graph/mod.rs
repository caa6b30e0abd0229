//! Graph client: requests, responses, retries.

#![allow(clippy::unwrap_used)]

mod app;
mod canary;
mod corpus;
mod every_call;
mod flow;
mod page;
mod past;
mod send;
mod server;
mod simulated;
mod simulated_settings;
mod stream;
mod template;
mod upload;
#[cfg(feature = "simulator")]
mod wire;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use messenger_crm::graph::{
    Access, AppAccess, Body, Call, Error, Graph, PageClient, Path, Request, TokioClock, Transport,
    TransportError, TransportErrorKind,
};
use messenger_crm::id::{AppId, PageId, Psid};
use messenger_crm::secret::{AppSecret, PageToken};
use serde_json::Value;
use tokio::time::{Instant, sleep};

pub(crate) const TOKEN: &str = "EAAtoken";
pub(crate) const SECRET: &str = "60efff025951cddde78c8d03de52cc90";
/// The proof of that token under that secret: platform.md 7.2.
pub(crate) const PROOF: &str = "ac7e2fa3edd0a67e0d5f4d7b159bcdebf80cae8e250c89709af79fc82b9f746a";
pub(crate) const APP: &str = "138483919580948";
pub(crate) const PAGE: &str = "1755847768034402";

pub(crate) fn app_access() -> AppAccess {
    AppAccess::new(AppId::new(APP).unwrap(), AppSecret::new(SECRET).unwrap())
}

pub(crate) fn access() -> Access {
    access_of(PAGE)
}

pub(crate) fn access_of(page: &str) -> Access {
    Access::new(
        app_access(),
        PageId::new(page).unwrap(),
        PageToken::new(TOKEN).unwrap(),
    )
}

pub(crate) fn psid() -> Psid {
    Psid::new("1254477777772919").unwrap()
}

type Line = Result<http::Response<Vec<u8>>, TransportErrorKind>;

/// Transport that returns prepared responses, the last one again and again, and records requests
/// with their times.
#[derive(Clone, Debug)]
pub(crate) struct Script(Arc<Mutex<Lines>>);

#[derive(Debug)]
struct Lines {
    responses: VecDeque<Line>,
    requests: Vec<(Request, Duration)>,
    start: Instant,
    duration: Duration,
}

impl Script {
    pub(crate) fn new(responses: impl IntoIterator<Item = Line>) -> Self {
        Self(Arc::new(Mutex::new(Lines {
            responses: responses.into_iter().collect(),
            requests: Vec::new(),
            start: Instant::now(),
            duration: Duration::ZERO,
        })))
    }

    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::new([response(status, body)])
    }

    /// Sets how long each response takes.
    pub(crate) fn taking(self, duration: Duration) -> Self {
        self.0.lock().unwrap().duration = duration;
        self
    }

    pub(crate) fn graph(&self) -> Graph {
        Graph::from_parts(self.clone(), TokioClock::new())
    }

    pub(crate) fn page(&self) -> PageClient {
        self.graph().page(access())
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        let lines = self.0.lock().unwrap();
        let requests = lines.requests.iter();
        requests.map(|(request, _)| request.clone()).collect()
    }

    /// When each request came, since the script was made.
    pub(crate) fn times(&self) -> Vec<Duration> {
        let lines = self.0.lock().unwrap();
        lines.requests.iter().map(|(_, time)| *time).collect()
    }

    #[track_caller]
    pub(crate) fn only(&self) -> Request {
        let mut requests = self.requests();
        assert_eq!(requests.len(), 1);
        requests.remove(0)
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request) -> Result<http::Response<Vec<u8>>, TransportError> {
        let (line, duration) = {
            let mut lines = self.0.lock().unwrap();
            let at = lines.start.elapsed();
            let duration = lines.duration.min(request.timeout);
            lines.requests.push((request, at));
            let line = match lines.responses.len() {
                1 => lines.responses[0].clone(),
                _ => lines.responses.pop_front().unwrap(),
            };
            (line, duration)
        };
        if !duration.is_zero() {
            sleep(duration).await;
        }
        line.map_err(TransportError::new)
    }
}

pub(crate) fn response(status: u16, body: &str) -> Line {
    let response = http::Response::builder()
        .status(status)
        .header("content-type", "application/json; charset=UTF-8");
    Ok(response.body(body.as_bytes().to_vec()).unwrap())
}

/// Adds a header to a prepared response.
pub(crate) fn with_header(line: Line, name: &'static str, value: &str) -> Line {
    line.map(|mut response| {
        response.headers_mut().insert(name, value.parse().unwrap());
        response
    })
}

/// Sends a call of the Page and returns its request, and what it makes of the response `body`.
pub(crate) async fn ask<T: 'static>(call: &Call<T>, body: &str) -> (Request, Result<T, Error>) {
    let script = Script::json(200, body);
    let output = script.page().call(call).await;
    (script.only(), output)
}

/// The method and what follows the version, without the proof that every call has.
#[track_caller]
pub(crate) fn line(request: &Request) -> String {
    let url = request.http.uri().to_string();
    let rest = url
        .strip_prefix("https://graph.facebook.com/v27.0/")
        .unwrap_or_else(|| panic!("{url}"));
    let proof = format!("appsecret_proof={PROOF}");
    assert!(rest.ends_with(&proof), "{rest}");
    let bearer = format!("Bearer {TOKEN}");
    assert_eq!(request.http.headers()["authorization"], bearer.as_str());
    let rest = rest.strip_suffix(&proof).unwrap();
    let rest = rest.trim_end_matches(['?', '&']);
    format!("{} {rest}", request.http.method())
}

#[track_caller]
fn body_of<'a>(request: &'a Request, content_type: &str) -> &'a [u8] {
    assert_eq!(request.http.headers()["content-type"], content_type);
    request.http.body().as_bytes().unwrap()
}

/// The JSON of the request body.
#[track_caller]
pub(crate) fn json_of(request: &Request) -> Value {
    serde_json::from_slice(body_of(request, "application/json")).unwrap()
}

/// The form of the request body.
#[track_caller]
pub(crate) fn form_of(request: &Request) -> Vec<(String, String)> {
    let body = body_of(request, "application/x-www-form-urlencoded");
    url::form_urlencoded::parse(body).into_owned().collect()
}

/// A call that reads and accepts any JSON.
pub(crate) fn any_read() -> Call<()> {
    Call::get(Path::me(), |_| Ok(()))
}

pub(crate) const DONE: &str = r#"{"success":true}"#;

/// Asserts a call that has no body.
#[track_caller]
pub(crate) fn assert_line(found: &(Request, impl Sized), expected: &str) {
    assert_eq!(line(&found.0), expected);
    assert!(matches!(found.0.http.body(), Body::Empty));
}

/// Asserts a call that posts JSON and returns only whether Meta did it.
pub(crate) async fn assert_done(call: &Call<()>, expected: &str, body: &Value) {
    let (request, done) = ask(call, DONE).await;
    assert_eq!(line(&request), expected);
    assert_eq!(&json_of(&request), body);
    done.unwrap();
    let (_, refused) = ask(call, r#"{"success":"false"}"#).await;
    assert!(matches!(refused, Err(Error::NotDone { .. })), "{expected}");
}
