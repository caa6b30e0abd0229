//! A transport for tests: it answers as told and keeps what it was asked.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;

use super::{Access, Graph, Request, Response, Transport, TransportError};
use crate::secret::{AppSecret, PageToken};

pub(super) const PROOF: &str = "ac7e2fa3edd0a67e0d5f4d7b159bcdebf80cae8e250c89709af79fc82b9f746a";

#[derive(Clone, Debug, Default)]
pub(super) struct Script(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    answers: VecDeque<Result<Response, TransportError>>,
    asked: Vec<Request>,
}

impl Script {
    pub(super) fn json(status: u16, body: &str) -> Self {
        Self::answer(status, "application/json; charset=UTF-8", body.as_bytes())
    }

    pub(super) fn answer(status: u16, content_type: &str, body: &[u8]) -> Self {
        let response = Response::new(status, Some(content_type.to_owned()), body.to_vec());
        Self::result(Ok(response))
    }

    pub(super) fn result(result: Result<Response, TransportError>) -> Self {
        let script = Self::default();
        script.0.lock().unwrap().answers.push_back(result);
        script
    }

    pub(super) fn graph(&self) -> Graph {
        Graph::new(self.clone())
    }

    /// The only request there was, if any.
    pub(super) fn asked(&self) -> Option<Request> {
        let asked = &self.0.lock().unwrap().asked;
        assert!(asked.len() < 2, "asked {} times", asked.len());
        asked.first().cloned()
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let mut lines = self.0.lock().unwrap();
        lines.asked.push(request);
        lines.answers.pop_front().expect("no answer is left")
    }
}

pub(super) fn access() -> Access {
    Access::new(
        PageToken::new("EAAtoken").unwrap(),
        AppSecret::new("60efff025951cddde78c8d03de52cc90").unwrap(),
    )
}

/// Runs a future that never waits.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a scripted call never waits"),
    }
}
