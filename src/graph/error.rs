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
    Api(#[from] ApiError),
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
