//! Requests to the Graph API, remembered for assertions.

use std::collections::VecDeque;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How many requests are remembered.
const REMEMBERED: usize = 10_000;

/// A request to the Graph API and the status of its response.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GraphRequest {
    /// Number of the request, from 1.
    pub number: u64,
    /// HTTP method.
    pub method: String,
    /// Path without the version, such as `102030405060708/messages`.
    pub path: String,
    /// Parameters of query and body, without token, secret and proof.
    pub parameters: Value,
    /// HTTP status of the response. 0 when the connection was closed without one.
    pub status: u16,
    /// Meta's error code. Absent when the call succeeded.
    pub code: Option<u32>,
    /// Meta's error subcode. Absent when there is none.
    pub subcode: Option<u32>,
}

impl fmt::Debug for GraphRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GraphRequest")
            .field("number", &self.number)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("status", &self.status)
            .field("code", &self.code)
            .field("subcode", &self.subcode)
            .finish_non_exhaustive()
    }
}

/// The latest requests.
#[derive(Default)]
pub(crate) struct Requests {
    count: u64,
    latest: VecDeque<GraphRequest>,
}

impl Requests {
    pub(crate) fn add(&mut self, mut request: GraphRequest) {
        self.count += 1;
        request.number = self.count;
        if self.latest.len() == REMEMBERED {
            self.latest.pop_front();
        }
        self.latest.push_back(request);
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// Requests with a number above this.
    pub(crate) fn after(&self, number: u64) -> Vec<GraphRequest> {
        let later = self.latest.iter().filter(|request| request.number > number);
        later.cloned().collect()
    }
}
