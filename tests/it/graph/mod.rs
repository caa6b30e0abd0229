//! The Graph client: what it asks, what it reads, when it asks again.

#![allow(clippy::unwrap_used)]

mod app;
mod canary;
mod corpus;
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
    Access, Endpoint, Error, Graph, Request, Response, Transport, TransportError,
    TransportErrorKind,
};
use messenger_crm::id::{AppId, PageId, Psid};
use messenger_crm::secret::{AppSecret, PageToken};
use serde_json::Value;
use tokio::time::{Instant, sleep};

pub(crate) const TOKEN: &str = "EAAtoken";
pub(crate) const SECRET: &str = "60efff025951cddde78c8d03de52cc90";
/// The proof of that token under that secret: platform.md 7.2.
pub(crate) const PROOF: &str = "ac7e2fa3edd0a67e0d5f4d7b159bcdebf80cae8e250c89709af79fc82b9f746a";

pub(crate) fn access() -> Access {
    Access::new(
        PageToken::new(TOKEN).unwrap(),
        AppSecret::new(SECRET).unwrap(),
    )
}

pub(crate) fn page() -> PageId {
    PageId::new("1755847768034402").unwrap()
}

pub(crate) fn psid() -> Psid {
    Psid::new("1254477777772919").unwrap()
}

type Line = Result<Response, TransportErrorKind>;

/// Answers as told, the last line again and again, and keeps what it was asked and when.
#[derive(Clone, Debug)]
pub(crate) struct Script(Arc<Mutex<Lines>>);

#[derive(Debug)]
struct Lines {
    answers: VecDeque<Line>,
    asked: Vec<(Request, Duration)>,
    start: Instant,
    takes: Duration,
}

impl Script {
    pub(crate) fn new(answers: impl IntoIterator<Item = Line>) -> Self {
        Self(Arc::new(Mutex::new(Lines {
            answers: answers.into_iter().collect(),
            asked: Vec::new(),
            start: Instant::now(),
            takes: Duration::ZERO,
        })))
    }

    pub(crate) fn json(status: u16, body: &str) -> Self {
        Self::new([answer(status, body)])
    }

    /// How long each answer takes.
    pub(crate) fn taking(self, takes: Duration) -> Self {
        self.0.lock().unwrap().takes = takes;
        self
    }

    pub(crate) fn graph(&self) -> Graph {
        Graph::new(self.clone())
    }

    pub(crate) fn asked(&self) -> Vec<Request> {
        let lines = self.0.lock().unwrap();
        lines
            .asked
            .iter()
            .map(|(request, _)| request.clone())
            .collect()
    }

    /// When each request came, since the script was made.
    pub(crate) fn times(&self) -> Vec<Duration> {
        let lines = self.0.lock().unwrap();
        lines.asked.iter().map(|(_, time)| *time).collect()
    }

    #[track_caller]
    pub(crate) fn only(&self) -> Request {
        let mut asked = self.asked();
        assert_eq!(asked.len(), 1);
        asked.remove(0)
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let (line, takes) = {
            let mut lines = self.0.lock().unwrap();
            let at = lines.start.elapsed();
            let takes = lines.takes.min(request.timeout);
            lines.asked.push((request, at));
            let line = match lines.answers.len() {
                1 => clone(&lines.answers[0]),
                _ => lines.answers.pop_front().unwrap(),
            };
            (line, takes)
        };
        if !takes.is_zero() {
            sleep(takes).await;
        }
        line.map_err(TransportError::new)
    }
}

fn clone(line: &Line) -> Line {
    match line {
        Ok(response) => Ok(response.clone()),
        Err(kind) => Err(*kind),
    }
}

pub(crate) fn answer(status: u16, body: &str) -> Line {
    let content_type = Some("application/json; charset=UTF-8".to_owned());
    Ok(Response::new(
        status,
        content_type,
        body.as_bytes().to_vec(),
    ))
}

/// What an endpoint asks, when it is answered so; and what it makes of the answer.
pub(crate) async fn ask<E: Endpoint + Sync>(
    endpoint: &E,
    body: &str,
) -> (Request, Result<E::Output, Error>) {
    let script = Script::json(200, body);
    let output = script.graph().call(&access(), endpoint).await;
    (script.only(), output)
}

/// The method and what follows the version, without the proof that every call has.
#[track_caller]
pub(crate) fn line(request: &Request) -> String {
    let url = &request.url;
    let rest = url
        .strip_prefix("https://graph.facebook.com/v26.0/")
        .unwrap_or_else(|| panic!("{url}"));
    let proof = format!("appsecret_proof={PROOF}");
    assert!(rest.ends_with(&proof), "{rest}");
    assert_eq!(
        request.bearer.as_ref().map(|token| token.expose_secret()),
        Some(TOKEN)
    );
    let rest = rest.strip_suffix(&proof).unwrap();
    let rest = rest.trim_end_matches(['?', '&']);
    format!("{} {rest}", request.method.as_str())
}

/// The JSON that was posted.
#[track_caller]
pub(crate) fn json_of(request: &Request) -> Value {
    let body = request.body.as_ref().expect("a body");
    assert_eq!(body.content_type(), "application/json");
    serde_json::from_slice(body.as_bytes().unwrap()).unwrap()
}

/// The form that was posted.
#[track_caller]
pub(crate) fn form_of(request: &Request) -> Vec<(String, String)> {
    let body = request.body.as_ref().expect("a body");
    assert_eq!(body.content_type(), "application/x-www-form-urlencoded");
    url::form_urlencoded::parse(body.as_bytes().unwrap())
        .into_owned()
        .collect()
}

pub(crate) fn app() -> AppId {
    AppId::new("138483919580948").unwrap()
}

pub(crate) const DONE: &str = r#"{"success":true}"#;

/// Asserts a call that has no body.
#[track_caller]
pub(crate) fn assert_line(found: &(Request, impl Sized), expected: &str) {
    assert_eq!(line(&found.0), expected);
    assert!(found.0.body.is_none());
}

/// Asserts a call that posts JSON and brings nothing but a yes.
pub(crate) async fn assert_done(
    endpoint: &(impl Endpoint<Output = ()> + Sync),
    expected: &str,
    body: &Value,
) {
    let (asked, done) = ask(endpoint, DONE).await;
    assert_eq!(line(&asked), expected);
    assert_eq!(&json_of(&asked), body);
    done.unwrap();
    let (_, refused) = ask(endpoint, r#"{"success":"false"}"#).await;
    assert!(
        matches!(refused, Err(Error::NotDone { status: 200 })),
        "{expected}"
    );
}
