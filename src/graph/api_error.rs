//! Meta's error object, which a refusal contains.

use std::fmt;
use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value};

use super::{Object, Usage, usage};

/// Longest trace id that is kept, in bytes.
const MAX_TRACE_BYTES: usize = 64;

/// Longest beginning of a body that is kept, in bytes.
const MAX_SNIPPET_BYTES: usize = 2048;

/// Refusal of a call by Meta.
///
/// [`Error::advice`](super::Error::advice) returns what to do. `Display` and `Debug` show only
/// numbers, their meaning and the trace id, because Meta's messages can contain tokens.
///
/// <https://developers.facebook.com/docs/graph-api/guides/error-handling>
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct ApiError {
    /// HTTP status, which can be 200.
    pub status: StatusCode,
    /// Meta's error code. Absent when the error object has none.
    pub code: Option<i64>,
    /// Meta's subcode. Absent when the error object has none.
    #[doc(alias = "error_subcode")]
    pub subcode: Option<i64>,
    /// Type, such as `OAuthException`. It does not identify the error. Absent when the error object
    /// has none.
    #[doc(alias = "type")]
    pub kind: Option<String>,
    /// Text for developers. It can contain secrets. Absent when the error object has none.
    pub message: Option<String>,
    /// Details as JSON, or as text that can contain JSON. They can contain secrets. Absent when the
    /// error object has none.
    #[doc(alias = "error_data")]
    pub details: Option<String>,
    /// Title to show to the person who uses the app, in their language. Absent when the error object
    /// has none.
    #[doc(alias = "error_user_title")]
    pub user_title: Option<String>,
    /// Text to show to the person who uses the app, in their language. Absent when the error object
    /// has none.
    #[doc(alias = "error_user_msg")]
    pub user_message: Option<String>,
    /// Trace id to give to Meta's support. Absent when Meta sends none.
    #[doc(alias = "fbtrace_id")]
    pub trace: Option<String>,
    /// Whether Meta marks the error as temporary.
    pub is_transient: bool,
    /// How long Meta asks to wait, at most an hour. Absent when Meta names no time.
    pub retry_after: Option<Duration>,
    /// How much of the rate limits is used, from the response headers.
    pub usage: Usage,
    /// Beginning of the response body.
    pub body: BodySnippet,
}

impl ApiError {
    /// Creates a refusal with status 400 and this code, for tests.
    pub fn from_code(code: i64) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: Some(code),
            subcode: None,
            kind: None,
            message: None,
            details: None,
            user_title: None,
            user_message: None,
            trace: None,
            is_transient: false,
            retry_after: None,
            usage: Usage::default(),
            body: BodySnippet::default(),
        }
    }

    /// Sets the subcode, for tests.
    pub fn with_subcode(self, subcode: i64) -> Self {
        Self {
            subcode: Some(subcode),
            ..self
        }
    }

    /// Sets the HTTP status, for tests.
    pub fn with_status(self, status: StatusCode) -> Self {
        Self { status, ..self }
    }

    pub(super) fn from_http(
        response: &http::Response<Vec<u8>>,
        error: &Map<String, Value>,
    ) -> Self {
        let is_trace = |byte: u8| byte.is_ascii_alphanumeric() || b"+-/=_".contains(&byte);
        let json = Value::Object(error.clone());
        let error = Object::new(&json);
        let headers = response.headers();
        // The header has the id also when a proxy in front of Meta's API made the body.
        let header = || {
            let value = headers.get("x-fb-trace-id")?.to_str().ok()?;
            Some(value.to_owned())
        };
        Self {
            status: response.status(),
            code: error.number("code"),
            // Some errors say "no subcode" with a zero.
            subcode: error.number("error_subcode").filter(|code| *code != 0),
            kind: error.text("type"),
            message: error.text("message"),
            details: error.text("error_data").or_else(|| error.raw("error_data")),
            user_title: error.text("error_user_title"),
            user_message: error.text("error_user_msg"),
            // The id is printed, so its form is checked first.
            trace: error
                .text("fbtrace_id")
                .or_else(header)
                .filter(|trace| trace.len() <= MAX_TRACE_BYTES && trace.bytes().all(is_trace)),
            is_transient: error.boolean("is_transient").unwrap_or(false),
            retry_after: usage::retry_after(headers),
            usage: Usage::from_headers(headers),
            body: BodySnippet::new(response.body()),
        }
    }

    /// Returns whether code or subcode is `number`. Meta's tables list as codes some numbers that
    /// arrive as subcodes.
    pub(super) fn is(&self, number: i64) -> bool {
        self.code == Some(number) || self.subcode == Some(number)
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("status", &self.status)
            .field("code", &self.code)
            .field("subcode", &self.subcode)
            .field("trace", &self.trace)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for ApiError {}

/// Beginning of a response body, at most 2 KiB. It can contain secrets, so `Debug` shows only the
/// length.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct BodySnippet(Box<str>);

impl BodySnippet {
    /// Keeps the beginning of a body.
    pub fn new(body: &[u8]) -> Self {
        let body = &body[..body.len().min(MAX_SNIPPET_BYTES)];
        Self(String::from_utf8_lossy(body).into())
    }

    /// Returns the text. Do not log it.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BodySnippet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BodySnippet({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Error, Response};
    use super::*;

    #[track_caller]
    fn api(status: u16, body: &str) -> ApiError {
        let response = http::Response::builder().status(status);
        let response = response.body(body.as_bytes().to_vec()).unwrap();
        match Response::from_http(&response) {
            Err(Error::Api(error)) => *error,
            other => panic!("{other:?}"),
        }
    }

    // platform.md 8.1
    const OUTSIDE: &str = r#"{ "error": { "message": "(#10) EAAtoken", "type": "OAuthException",
        "code": 10, "error_subcode": 2018278, "error_user_title": "Title", "error_user_msg": "Text",
        "error_data": { }, "is_transient": false, "fbtrace_id": "FTsr5khdiKl" } }"#;

    #[test]
    fn c4_a_refusal_is_kept_and_not_printed() {
        let error = api(400, OUTSIDE);
        assert_eq!((error.code, error.subcode), (Some(10), Some(2_018_278)));
        assert_eq!(error.kind.as_deref(), Some("OAuthException"));
        assert_eq!(error.message.as_deref(), Some("(#10) EAAtoken"));
        assert_eq!(error.user_title.as_deref(), Some("Title"));
        assert_eq!(error.user_message.as_deref(), Some("Text"));
        assert_eq!(error.trace.as_deref(), Some("FTsr5khdiKl"));
        assert!(!error.is_transient);
        assert_eq!(
            error.to_string(),
            "Meta refused the call: the messaging window is closed \
             (status 400, code 10, subcode 2018278, trace FTsr5khdiKl)"
        );
        assert_eq!(
            format!("{error:?}"),
            "ApiError { status: 400, code: Some(10), subcode: Some(2018278), \
             trace: Some(\"FTsr5khdiKl\"), .. }"
        );
    }

    #[test]
    fn c4_numbers_may_be_texts_and_members_may_be_absent() {
        let error = api(400, r#"{"error":{"code":"190","error_subcode":"463"}}"#);
        assert_eq!((error.code, error.subcode), (Some(190), Some(463)));
        assert!(!error.is_transient);
        let error = api(
            500,
            r#"{"error":{"code":null,"message":7,"is_transient":true,"error_subcode":0}}"#,
        );
        assert_eq!((error.code, error.subcode), (None, None));
        assert_eq!(error.message, None);
        assert_eq!(
            error.to_string(),
            "Meta refused the call: a temporary failure (status 500)"
        );
        assert!(error.is_transient);
    }

    #[test]
    fn a_trace_of_another_form_is_not_printed() {
        let error = api(
            400,
            r#"{"error":{"code":100,"fbtrace_id":"see https://a.b/?t=1"}}"#,
        );
        assert_eq!(
            error.to_string(),
            "Meta refused the call: the request is wrong (status 400, code 100)"
        );
    }

    #[test]
    fn an_error_counts_under_status_200() {
        assert_eq!(api(200, OUTSIDE).status, StatusCode::OK);
    }
}
