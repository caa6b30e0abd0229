//! Error of a Graph API call.

use std::time::Duration;

use http::StatusCode;

use super::send::InvalidMessage;
use super::upload::InvalidUpload;
use super::{
    Advice, ApiError, BodySnippet, PictureError, TransportError, TransportErrorKind, advice,
};
use crate::model::Reason;

/// Meta's subcode for "the response is broken, but the messages were sent".
const WAS_SENT: i64 = 1_357_046;

/// Error returned by a Graph API call.
///
/// `Display` and `Debug` contain no token, URL, text or name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Meta refused the call.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// There was no response. [`TransportError::kind`] says whether the request may have arrived.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The response is longer than the call allows. Request fewer items or fields.
    #[error("the response is longer than {limit} bytes; request fewer items or fields at once")]
    ResponseTooLarge {
        /// Largest response of this call, in bytes.
        limit: usize,
    },
    /// The response is not what the call expects. When this persists, Meta has changed the endpoint.
    #[error("the response with status {status} is not what Meta documents", status = status.as_u16())]
    UnexpectedResponse {
        /// HTTP status.
        status: StatusCode,
        /// How long Meta asks to wait, at most an hour. Absent when Meta names no time.
        retry_after: Option<Duration>,
        /// Beginning of the response body.
        body: BodySnippet,
    },
    /// The response is a redirect, which is not followed. Check the base URL.
    #[error("the response is a redirect (status {status}), which is not followed; check the base URL", status = status.as_u16())]
    Redirect {
        /// HTTP status.
        status: StatusCode,
    },
    /// Meta accepted the call, but reports `success: false`.
    #[error("Meta reports that the call had no effect (status {status})", status = status.as_u16())]
    NotDone {
        /// HTTP status.
        status: StatusCode,
    },
    /// A rate limit pauses the call beyond its deadline. It was not sent. Call again after `wait`.
    #[error("a rate limit pauses calls for another {} seconds; the call was not sent", wait.as_secs())]
    Paused {
        /// Time until the next call may start.
        wait: Duration,
    },
    /// The deadline passed before the call could start, for example because the machine was
    /// suspended. It was not sent. Call again.
    #[error("the deadline passed before the call could start; the call was not sent")]
    DeadlinePassed,
    /// A page of a list names itself as the next page.
    #[error("page {page} of the list names itself as the next page")]
    EndlessList {
        /// Number of the page, from 1.
        page: usize,
    },
    /// A picture cannot be used.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// Meta would refuse the message. It was not sent.
    #[error(transparent)]
    Message(#[from] InvalidMessage),
    /// The file cannot be sent. Nothing was sent.
    #[error(transparent)]
    Upload(#[from] InvalidUpload),
    /// A parameter has more items than Meta accepts. Nothing was sent. Use several calls.
    #[error("{count} {what} given, Meta accepts at most {limit} in one call")]
    TooMany {
        /// Name of the items.
        what: &'static str,
        /// Number of items given.
        count: usize,
        /// Largest number allowed.
        limit: usize,
    },
    /// An id would change the meaning of the URL. Nothing was sent.
    #[error(
        "the id has a character at byte {at} that no id of Meta has; allowed are ASCII letters, \
         digits and -_.=:$"
    )]
    InvalidId {
        /// Position of the first such character, in bytes. Zero also for an id that is empty, only
        /// dots, or `me`.
        at: usize,
    },
    /// The text is not a cursor that [`ListPage::next`](super::ListPage::next) returned. Nothing was
    /// sent. Read the list from its first page.
    #[error("the cursor is not one that a list returned; read the list from its first page")]
    InvalidCursor,
    /// The parameters are too long for a URL. Nothing was sent.
    #[error("the URL has {bytes} bytes; use fewer or shorter parameters")]
    UrlTooLong {
        /// Length of the URL, in bytes.
        bytes: usize,
    },
    /// The token has a character that no HTTP header can contain. Nothing was sent.
    #[error("the access token has a character that no HTTP header can contain")]
    InvalidToken,
    /// The body cannot be written as JSON. Nothing was sent.
    #[error("the body cannot be written as JSON")]
    NotJson,
}

/// Outcome of a message whose call failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Sending {
    NotSent,
    Unknown,
}

impl Error {
    /// Returns what to do about the error.
    ///
    /// For a message, check [`outcome_is_unknown`](Self::outcome_is_unknown) first: if it is true,
    /// another attempt can send the message twice.
    pub fn advice(&self) -> Advice {
        match self {
            Self::Api(error) => advice::of_api(error),
            Self::Transport(error) => match error.kind {
                TransportErrorKind::NotSent | TransportErrorKind::Unknown => Advice::TryAgain,
                TransportErrorKind::TooLarge => Advice::FixRequest,
            },
            Self::UnexpectedResponse { status, .. }
            | Self::Picture(PictureError::Status { status }) => advice::of_status(*status),
            Self::Paused { .. } => Advice::RateLimited,
            Self::DeadlinePassed => Advice::TryAgain,
            Self::Picture(_)
            | Self::Redirect { .. }
            | Self::NotDone { .. }
            | Self::EndlessList { .. } => Advice::Unknown,
            Self::ResponseTooLarge { .. }
            | Self::Message(_)
            | Self::Upload(_)
            | Self::TooMany { .. }
            | Self::InvalidId { .. }
            | Self::InvalidCursor
            | Self::UrlTooLong { .. }
            | Self::InvalidToken
            | Self::NotJson => Advice::FixRequest,
        }
    }

    /// Returns whether a message was certainly not sent.
    ///
    /// False for a transient refusal (codes -1, 1, 2, 99 and 1200, `is_transient`, status 5xx),
    /// because Meta has returned such refusals for messages that were sent.
    pub fn was_not_sent(&self) -> bool {
        self.sending() == Sending::NotSent
    }

    /// Returns whether a message may have been sent although its call failed. Wait for its echo
    /// before you send it again.
    pub fn outcome_is_unknown(&self) -> bool {
        self.sending() == Sending::Unknown
    }

    // Every variant is listed, so that a new one cannot become "not sent" by default.
    fn sending(&self) -> Sending {
        match self {
            Self::Api(error) => of_refusal(error),
            Self::Transport(error) => match error.kind {
                TransportErrorKind::NotSent => Sending::NotSent,
                TransportErrorKind::Unknown | TransportErrorKind::TooLarge => Sending::Unknown,
            },
            Self::UnexpectedResponse { status, .. } => of_status(*status),
            Self::ResponseTooLarge { .. }
            | Self::Redirect { .. }
            | Self::NotDone { .. }
            | Self::EndlessList { .. } => Sending::Unknown,
            Self::Paused { .. }
            | Self::DeadlinePassed
            | Self::Picture(_)
            | Self::Message(_)
            | Self::Upload(_)
            | Self::TooMany { .. }
            | Self::InvalidId { .. }
            | Self::InvalidCursor
            | Self::UrlTooLong { .. }
            | Self::InvalidToken
            | Self::NotJson => Sending::NotSent,
        }
    }

    /// Returns whether Meta throttles all calls of the Page, or of the app, and not only this one.
    pub(crate) fn pauses_page(&self) -> bool {
        match self {
            Self::Api(error) => advice::pauses(error),
            Self::UnexpectedResponse { status, .. } => *status == StatusCode::TOO_MANY_REQUESTS,
            _ => false,
        }
    }

    /// Returns how long Meta, or a rate limit of this client, asks to wait. `None` when neither
    /// does.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Api(error) => error.retry_after,
            Self::UnexpectedResponse { retry_after, .. } => *retry_after,
            Self::Paused { wait } => Some(*wait),
            _ => None,
        }
    }
}

fn of_refusal(error: &ApiError) -> Sending {
    if error.is(WAS_SENT) {
        return Sending::Unknown;
    }
    match advice::of_api(error) {
        Advice::TryAgain => Sending::Unknown,
        // With a known code the refusal is certain, whatever the status is.
        Advice::Unknown => of_status(error.status),
        _ => Sending::NotSent,
    }
}

fn of_status(status: StatusCode) -> Sending {
    if status.is_client_error() && status != StatusCode::REQUEST_TIMEOUT {
        Sending::NotSent
    } else {
        Sending::Unknown
    }
}

impl From<&Error> for Reason {
    /// Keeps the advice and Meta's numbers, without Meta's message text.
    fn from(error: &Error) -> Self {
        let mut reason = Self::new(error.advice());
        if let Error::Api(api) = error {
            reason.code = api.code;
            reason.subcode = api.subcode;
            reason.trace.clone_from(&api.trace);
        }
        reason
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Self::Api(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::super::Response;
    use super::*;

    fn refusal(status: u16, body: &str) -> Error {
        let response = http::Response::builder().status(status);
        Response::from_http(&response.body(body.as_bytes().to_vec()).unwrap()).unwrap_err()
    }

    // platform.md 8.1
    const OUTSIDE: &str = r#"{ "error": { "message": "(#10) EAAtoken", "type": "OAuthException",
        "code": 10, "error_subcode": 2018278, "error_user_title": "Title", "error_user_msg": "Text",
        "error_data": { }, "is_transient": false, "fbtrace_id": "FTsr5khdiKl" } }"#;

    #[test]
    fn an_unreadable_response_keeps_its_status() {
        for (status, body) in [(500, "<html>"), (502, ""), (429, ""), (400, "{}")] {
            assert_eq!(
                refusal(status, body).to_string(),
                format!("the response with status {status} is not what Meta documents")
            );
        }
    }

    #[test]
    fn a_refusal_with_a_lasting_reason_was_not_sent() {
        for (status, body) in [
            (400, OUTSIDE),
            (200, OUTSIDE),
            (500, r#"{"error":{"code":100}}"#),
            (400, r#"{"error":{"code":424242}}"#),
            (400, r#"{"error":{"code":613}}"#),
            (
                500,
                r#"{"error":{"code":1,"message":"Please reduce the amount of data"}}"#,
            ),
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
    fn g5_a_transient_refusal_may_have_been_sent() {
        for (status, body) in [
            (503, r#"{"error":{"code":2}}"#),
            (400, r#"{"error":{"code":2}}"#),
            (400, r#"{"error":{"code":1}}"#),
            (400, r#"{"error":{"code":-1}}"#),
            (400, r#"{"error":{"code":1200,"error_subcode":2018024}}"#),
            (400, r#"{"error":{"code":424242,"is_transient":true}}"#),
            (500, r#"{"error":{"code":424242}}"#),
            (400, r#"{"error":{"code":1,"error_subcode":1357046}}"#),
            (500, r#"{"error":{}}"#),
            (500, "<html>"),
            (408, ""),
            (302, ""),
            (200, "{"),
        ] {
            let error = refusal(status, body);
            assert!(error.outcome_is_unknown(), "{status} {body}");
            assert!(!error.was_not_sent(), "{status} {body}");
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
