//! A refusal of the Graph API, and Meta's envelope round it.

use serde::Serialize;

/// A refusal: status, code and message.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// HTTP status.
    pub(crate) status: u16,
    pub(crate) code: u32,
    pub(crate) subcode: Option<u32>,
    kind: &'static str,
    message: String,
    is_transient: bool,
}

impl Refusal {
    pub(crate) fn new(code: u32, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            kind: "OAuthException",
            code,
            subcode: None,
            message: message.into(),
            is_transient: false,
        }
    }

    /// Code 100; the message begins with `(#100)`.
    pub(crate) fn parameter(words: &str) -> Self {
        Self::new(100, format!("(#100) {words}"))
    }

    pub(crate) fn no_such_person() -> Self {
        Self::parameter("No matching user found").with_subcode(2_018_001)
    }

    /// Refusal of a field that the node does not have.
    pub(crate) fn nonexisting(field: &str, node: &str) -> Self {
        Self::parameter(&format!(
            "Tried accessing nonexisting field ({field}) on node type ({node})"
        ))
    }

    /// Refusal of a method, node or edge that does not exist.
    pub(crate) fn unsupported(method: &str, node: &str) -> Self {
        let method = method.to_ascii_lowercase();
        let words = format!(
            "Unsupported {method} request. Object with ID '{node}' does not exist, cannot be \
             loaded due to missing permissions, or does not support this operation. Please read \
             the Graph API documentation at https://developers.facebook.com/docs/graph-api"
        );
        Self::new(100, words).with_subcode(33).of_method()
    }

    pub(crate) fn with_subcode(self, subcode: u32) -> Self {
        Self {
            subcode: Some(subcode),
            ..self
        }
    }

    /// HTTP 503, and worth trying again.
    pub(crate) fn transient(self) -> Self {
        Self {
            status: 503,
            is_transient: true,
            ..self
        }
    }

    /// Type `GraphMethodException`.
    pub(crate) fn of_method(self) -> Self {
        Self {
            kind: "GraphMethodException",
            ..self
        }
    }

    /// Meta's envelope, ready to be written as JSON.
    pub(crate) fn envelope<'a>(&'a self, trace: &'a str) -> impl Serialize + 'a {
        Envelope {
            error: Described {
                message: &self.message,
                r#type: self.kind,
                is_transient: self.is_transient,
                code: self.code,
                error_subcode: self.subcode,
                fbtrace_id: trace,
            },
        }
    }
}

#[derive(Serialize)]
struct Envelope<'a> {
    error: Described<'a>,
}

#[derive(Serialize)]
struct Described<'a> {
    message: &'a str,
    r#type: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_transient: bool,
    code: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_subcode: Option<u32>,
    fbtrace_id: &'a str,
}
