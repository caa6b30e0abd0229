//! Why a call brought nothing.

use std::fmt;

use serde_json::{Map, Value};

use super::answer::text;
use super::{Advice, PictureError, TransportError, TransportErrorKind, advice};

/// The longest trace id that is kept, in bytes.
const MAX_TRACE_BYTES: usize = 64;

/// Meta's subcode for "the answer went wrong, but the messages were sent".
const WAS_SENT: i64 = 1_357_046;

/// Why a call brought nothing; it never holds a token, a URL, a text or a name.
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
    },
    /// A picture was not taken.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// The id would change the meaning of the URL; nothing was asked.
    #[error("the id has characters that no id of Meta's has")]
    Id,
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
            Self::Unexpected { status } | Self::Picture(PictureError::Status { status }) => {
                advice::of_status(*status)
            }
            Self::Picture(_) => Advice::Unknown,
            Self::Id => Advice::FixRequest,
        }
    }

    /// Whether a message has certainly not been sent.
    pub fn was_not_sent(&self) -> bool {
        let is_refusal = |status: u16| (400..500).contains(&status) && status != 408;
        match self {
            Self::Api(error) if error.is(WAS_SENT) => false,
            Self::Api(error) => error.code.is_some() || is_refusal(error.status),
            Self::Transport(error) => error.kind == TransportErrorKind::NotSent,
            Self::Unexpected { status } => is_refusal(*status),
            Self::Picture(_) | Self::Id => true,
        }
    }

    /// Whether a message may have been sent all the same: only its echo can tell.
    pub fn outcome_is_unknown(&self) -> bool {
        !self.was_not_sent()
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
#[derive(Clone, Eq, PartialEq)]
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
    /// A title for the person who uses the app, in their language.
    pub user_title: Option<String>,
    /// A text for the person who uses the app, in their language.
    pub user_message: Option<String>,
    /// The `fbtrace_id`, for Meta's support.
    pub trace: Option<String>,
    /// Whether Meta says that trying again may help.
    pub is_transient: bool,
}

impl ApiError {
    pub(super) fn read(status: u16, error: &Map<String, Value>) -> Self {
        let is_trace = |byte: u8| byte.is_ascii_alphanumeric() || b"+-/=_".contains(&byte);
        let is_transient = error.get("is_transient").and_then(Value::as_bool);
        Self {
            status,
            code: number(error, "code"),
            subcode: number(error, "error_subcode"),
            kind: text(error, "type"),
            message: text(error, "message"),
            user_title: text(error, "error_user_title"),
            user_message: text(error, "error_user_msg"),
            // It is printed, so it must look like one.
            trace: text(error, "fbtrace_id")
                .filter(|trace| trace.len() <= MAX_TRACE_BYTES && trace.bytes().all(is_trace)),
            is_transient: is_transient.unwrap_or(false),
        }
    }

    /// Whether it is about this number: Meta's tables call some numbers codes that arrive as
    /// subcodes.
    pub(super) fn is(&self, number: i64) -> bool {
        self.code == Some(number) || self.subcode == Some(number)
    }
}

fn number(error: &Map<String, Value>, name: &str) -> Option<i64> {
    let value = error.get(name)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
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
        for (status, body) in [(500, "<html>"), (502, ""), (302, ""), (400, "{}")] {
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
