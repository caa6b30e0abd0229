//! Why a call brought nothing.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::answer::Object;
use super::send::InvalidMessage;
use super::upload::InvalidUpload;
use super::{Advice, PictureError, Response, TransportError, TransportErrorKind, Usage, advice};

/// The longest trace id that is kept, in bytes.
const MAX_TRACE_BYTES: usize = 64;

/// The longest piece of an answer that is kept, in bytes.
const MAX_EXCERPT_BYTES: usize = 2048;

/// Meta's subcode for "the answer went wrong, but the messages were sent".
const WAS_SENT: i64 = 1_357_046;

/// Why a call brought nothing; what it prints holds no token, URL, text or name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Meta refused.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// There was no answer.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// There was an answer, but not one that Meta's documentation knows.
    #[error("the answer with status {status} is unreadable")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// How long Meta asks to wait, if it does.
        retry_after: Option<Duration>,
        /// The beginning of what came.
        body: Excerpt,
    },
    /// The answer leads elsewhere; nothing was asked there.
    #[error("meta answered with a redirect, status {status}, which is not followed")]
    Redirected {
        /// The HTTP status.
        status: u16,
    },
    /// Meta took the call and did nothing, without saying why.
    #[error("meta answered that it was not done")]
    NotDone {
        /// The HTTP status.
        status: u16,
    },
    /// Meta has asked to be left alone for longer than the call may take; nothing was asked.
    #[error("calls are paused for another {} seconds", wait.as_secs())]
    Paused {
        /// For how long.
        wait: Duration,
    },
    /// A picture was not taken.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// Meta would refuse the message; nothing was asked.
    #[error(transparent)]
    Message(#[from] InvalidMessage),
    /// The file cannot be sent; nothing was asked.
    #[error(transparent)]
    Upload(#[from] InvalidUpload),
    /// The parameters are more than Meta takes; nothing was asked.
    #[error("there are {count} {what}, at most {limit} can be asked for at once")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The id would change the meaning of the URL; nothing was asked.
    #[error("the id has characters that no id of Meta's has")]
    Id,
    /// The body cannot be written as JSON; nothing was asked.
    #[error("the body cannot be written as json")]
    NotJson,
    /// This call cannot be part of a batch; nothing was asked.
    #[error("a call with a body cannot be part of a batch")]
    NotBatchable,
}

impl Error {
    /// What to do about it.
    ///
    /// For a message, ask [`outcome_is_unknown`](Self::outcome_is_unknown) first: trying again may
    /// then send it twice.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Api(error) => advice::of_api(error),
            Self::Transport(error) => match error.kind {
                TransportErrorKind::NotSent | TransportErrorKind::Unknown => Advice::TryAgain,
                TransportErrorKind::TooLarge => Advice::Unknown,
            },
            Self::Unexpected { status, .. } | Self::Picture(PictureError::Status { status }) => {
                advice::of_status(*status)
            }
            Self::Paused { .. } => Advice::RateLimited,
            Self::Picture(_) | Self::Redirected { .. } | Self::NotDone { .. } => Advice::Unknown,
            Self::Message(_)
            | Self::Upload(_)
            | Self::TooMany { .. }
            | Self::Id
            | Self::NotJson
            | Self::NotBatchable => Advice::FixRequest,
        }
    }

    /// Whether a message has certainly not been sent.
    pub fn was_not_sent(&self) -> bool {
        let is_refusal = |status: u16| (400..500).contains(&status) && status != 408;
        match self {
            Self::Api(error) if error.is(WAS_SENT) => false,
            Self::Api(error) => error.code.is_some() || is_refusal(error.status),
            Self::Transport(error) => error.kind == TransportErrorKind::NotSent,
            Self::Unexpected { status, .. } => is_refusal(*status),
            Self::Redirected { .. } => false,
            _ => true,
        }
    }

    /// Whether a message may have been sent all the same: only its echo can tell.
    pub fn outcome_is_unknown(&self) -> bool {
        !self.was_not_sent()
    }

    /// How long Meta asks to wait, if it does.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api(error) => error.retry_after,
            Self::Unexpected { retry_after, .. } => *retry_after,
            Self::Paused { wait } => Some(*wait),
            _ => None,
        }
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}

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
    fn an_error_counts_under_status_200() {
        assert_eq!(api(200, OUTSIDE).status, 200);
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
    fn an_unreadable_answer_keeps_its_status() {
        for (status, body) in [(500, "<html>"), (502, ""), (429, ""), (400, "{}")] {
            let error = refusal(status, body);
            assert_eq!(
                error.to_string(),
                format!("the answer with status {status} is unreadable")
            );
        }
    }

    #[test]
    fn what_meta_refused_was_not_sent() {
        for (status, body) in [
            (400, OUTSIDE),
            (200, OUTSIDE),
            (503, r#"{"error":{"code":2}}"#),
            (400, r#"{"error":{}}"#),
            (403, "<html>"),
        ] {
            assert!(refusal(status, body).was_not_sent(), "{status} {body}");
            assert!(!refusal(status, body).outcome_is_unknown());
        }
        let not_sent = Error::from(TransportError::new(TransportErrorKind::NotSent));
        assert!(not_sent.was_not_sent());
    }

    #[test]
    fn what_may_have_been_sent_is_unknown() {
        for (status, body) in [
            (400, r#"{"error":{"code":1,"error_subcode":1357046}}"#),
            (500, r#"{"error":{}}"#),
            (500, "<html>"),
            (408, ""),
            (302, ""),
            (200, "{"),
        ] {
            assert!(
                refusal(status, body).outcome_is_unknown(),
                "{status} {body}"
            );
        }
        for kind in [TransportErrorKind::Unknown, TransportErrorKind::TooLarge] {
            assert!(Error::from(TransportError::new(kind)).outcome_is_unknown());
        }
    }

    #[test]
    fn no_secret_is_printed() {
        let source = std::io::Error::other("broken pipe");
        let broken = TransportError::new(TransportErrorKind::Unknown).with_source(source);
        for error in [
            refusal(400, OUTSIDE),
            refusal(500, "EAAtoken"),
            broken.into(),
        ] {
            let printed = format!("{error} {error:?}");
            for secret in ["EAAtoken", "60efff", "ac7e2f", "Title", "graph.facebook"] {
                assert!(!printed.contains(secret), "{printed}");
            }
        }
    }
}
