//! Why a call brought nothing.

use std::time::Duration;

use super::send::InvalidMessage;
use super::upload::InvalidUpload;
use super::{Advice, ApiError, Excerpt, PictureError, TransportError, TransportErrorKind, advice};

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

#[cfg(test)]
mod tests {
    use super::super::script::{Script, access, block_on};
    use super::*;

    fn refusal(status: u16, body: &str) -> Error {
        block_on(Script::json(status, body).graph().page(&access())).unwrap_err()
    }

    // platform.md 8.1
    const OUTSIDE: &str = r#"{ "error": { "message": "(#10) EAAtoken", "type": "OAuthException",
        "code": 10, "error_subcode": 2018278, "error_user_title": "Title", "error_user_msg": "Text",
        "error_data": { }, "is_transient": false, "fbtrace_id": "FTsr5khdiKl" } }"#;

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
