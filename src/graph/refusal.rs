//! What Meta said when it refused.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::{Object, Response, Usage};

/// The longest trace id that is kept, in bytes.
const MAX_TRACE_BYTES: usize = 64;

/// The longest piece of an answer that is kept, in bytes.
const MAX_EXCERPT_BYTES: usize = 2048;

/// What Meta said when it refused.
///
/// Its `Display` and `Debug` show numbers and the trace id only: Meta's messages have been seen to
/// hold tokens.
///
/// <https://developers.facebook.com/docs/graph-api/guides/error-handling>
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct ApiError {
    /// The HTTP status, which may be 200.
    pub status: u16,
    /// Meta's code.
    pub code: Option<i64>,
    /// Meta's subcode.
    pub subcode: Option<i64>,
    /// The type, such as `OAuthException`; it says little.
    pub kind: Option<String>,
    /// The text for developers; it may hold secrets.
    pub message: Option<String>,
    /// Details, as they came: JSON, or text that may hold JSON; they may hold secrets.
    pub details: Option<String>,
    /// A title for the person who uses the app, in their language.
    pub user_title: Option<String>,
    /// A text for the person who uses the app, in their language.
    pub user_message: Option<String>,
    /// The `fbtrace_id`, for Meta's support.
    pub trace: Option<String>,
    /// Whether Meta says that trying again may help.
    pub is_transient: bool,
    /// How long Meta asks to wait, if it does.
    pub retry_after: Option<Duration>,
    /// How much of the limits is used, as far as the headers tell.
    pub usage: Usage,
    /// The beginning of what came.
    pub body: Excerpt,
}

impl ApiError {
    pub(super) fn read(response: &Response, error: &Map<String, Value>) -> Self {
        let is_trace = |byte: u8| byte.is_ascii_alphanumeric() || b"+-/=_".contains(&byte);
        let json = Value::Object(error.clone());
        let error = Object::of(&json);
        // The header has it too, when the body was made by something before Meta's API.
        let header = || response.header("x-fb-trace-id").map(str::to_owned);
        Self {
            status: response.status,
            code: error.number("code"),
            subcode: error.number("error_subcode"),
            kind: error.text("type"),
            message: error.text("message"),
            details: error.text("error_data").or_else(|| error.raw("error_data")),
            user_title: error.text("error_user_title"),
            user_message: error.text("error_user_msg"),
            // It is printed, so it must look like one.
            trace: error
                .text("fbtrace_id")
                .or_else(header)
                .filter(|trace| trace.len() <= MAX_TRACE_BYTES && trace.bytes().all(is_trace)),
            is_transient: error.is("is_transient").unwrap_or(false),
            retry_after: super::usage::retry_after(response),
            usage: Usage::read(response),
            body: Excerpt::of(&response.body),
        }
    }

    /// Whether it is about this number: Meta's tables call some numbers codes that arrive as
    /// subcodes.
    pub(super) fn is(&self, number: i64) -> bool {
        self.code == Some(number) || self.subcode == Some(number)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "meta refused with status {}", self.status)?;
        if let Some(code) = self.code {
            write!(f, ", code {code}")?;
        }
        if let Some(subcode) = self.subcode {
            write!(f, ", subcode {subcode}")?;
        }
        if let Some(trace) = &self.trace {
            write!(f, ", trace {trace}")?;
        }
        Ok(())
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

/// The beginning of an answer's body, which may hold secrets: `Debug` shows the length.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Excerpt(Box<str>);

impl Excerpt {
    pub(super) fn of(body: &[u8]) -> Self {
        let body = &body[..body.len().min(MAX_EXCERPT_BYTES)];
        Self(String::from_utf8_lossy(body).into())
    }

    /// The text itself: not for logs.
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Excerpt({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Error;
    use super::super::script::{Script, access, block_on};
    use super::*;

    fn refusal(status: u16, body: &str) -> Error {
        block_on(Script::json(status, body).graph().page(&access())).unwrap_err()
    }

    #[track_caller]
    fn api(status: u16, body: &str) -> ApiError {
        match refusal(status, body) {
            Error::Api(error) => *error,
            other => panic!("{other:?}"),
        }
    }

    // platform.md 8.1
    const OUTSIDE: &str = r#"{ "error": { "message": "(#10) EAAtoken", "type": "OAuthException",
        "code": 10, "error_subcode": 2018278, "error_user_title": "Title", "error_user_msg": "Text",
        "error_data": { }, "is_transient": false, "fbtrace_id": "FTsr5khdiKl" } }"#;

    #[test]
    fn a_refusal_is_kept_and_not_printed() {
        let error = api(400, OUTSIDE);
        assert_eq!((error.code, error.subcode), (Some(10), Some(2_018_278)));
        assert_eq!(error.kind.as_deref(), Some("OAuthException"));
        assert_eq!(error.message.as_deref(), Some("(#10) EAAtoken"));
        assert_eq!(error.user_title.as_deref(), Some("Title"));
        assert_eq!(error.user_message.as_deref(), Some("Text"));
        assert_eq!(
            error.to_string(),
            "meta refused with status 400, code 10, subcode 2018278, trace FTsr5khdiKl"
        );
        assert_eq!(
            format!("{error:?}"),
            "ApiError { status: 400, code: Some(10), subcode: Some(2018278), \
             trace: Some(\"FTsr5khdiKl\"), .. }"
        );
    }

    #[test]
    fn numbers_may_be_texts_and_members_may_miss() {
        let error = api(400, r#"{"error":{"code":"190","error_subcode":"463"}}"#);
        assert_eq!((error.code, error.subcode), (Some(190), Some(463)));
        assert!(!error.is_transient);
        let error = api(
            500,
            r#"{"error":{"code":null,"message":7,"is_transient":true}}"#,
        );
        assert_eq!((error.code, error.message.clone()), (None, None));
        assert_eq!(error.to_string(), "meta refused with status 500");
        assert!(error.is_transient);
    }

    #[test]
    fn a_trace_that_is_none_is_not_printed() {
        let error = api(
            400,
            r#"{"error":{"code":1,"fbtrace_id":"see https://a.b/?t=1"}}"#,
        );
        assert_eq!(error.to_string(), "meta refused with status 400, code 1");
    }

    #[test]
    fn an_error_counts_under_status_200() {
        assert_eq!(api(200, OUTSIDE).status, 200);
    }
}
