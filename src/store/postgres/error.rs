//! What an error of the driver means, without what it says: the server's words may hold a row.

use std::fmt;

use deadpool_postgres::PoolError;

use crate::store::StoreError;

/// An attempt that failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: StoreError,
    pub(super) cause: Cause,
}

/// Decides whether, and with which others, it is tried again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Cause {
    /// The next attempt may succeed at once.
    Passing,
    /// Another commit was faster; the same transaction can go on from a savepoint.
    Overtaken,
    /// Another transaction holds a lock for long.
    Locked,
    /// A statement took longer than its time limit.
    Slow,
    /// The server accepts no writes: it was the primary, perhaps, and another one is now.
    ReadOnly,
    /// A foreign key of the host refers to a row that was to be deleted.
    Restricted,
    /// Anything else.
    Other,
}

impl Failure {
    /// Something else was faster; the next attempt sees what it did.
    pub(super) fn overtaken() -> Self {
        Self {
            error: unavailable("another commit was faster, again and again"),
            cause: Cause::Overtaken,
        }
    }

    /// How often the same is tried.
    pub(super) fn attempts(&self) -> u32 {
        match self.cause {
            Cause::Passing | Cause::Overtaken => 8,
            Cause::ReadOnly => 2,
            Cause::Locked | Cause::Slow | Cause::Restricted | Cause::Other => 1,
        }
    }

    /// Whether it may be that of one of the changes, so that the others can be applied without it.
    pub(super) fn is_of_one(&self) -> bool {
        matches!(self.cause, Cause::Slow | Cause::Restricted)
            || matches!(
                self.error,
                StoreError::Refused(_) | StoreError::Unreadable(_)
            )
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self {
            error,
            cause: Cause::Other,
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        SessionError::from(error).into()
    }
}

impl From<SessionError> for Failure {
    fn from(error: SessionError) -> Self {
        let cause = error.cause();
        let error = match &error.reason {
            Reason::Misconfigured => misconfigured(error),
            _ if cause == Cause::Restricted => misconfigured(error),
            _ if cause != Cause::Other => unavailable(error),
            Reason::Server { code, .. } => match code.get(..2) {
                // Data exceptions, constraints and limits are the change's own: the same however often.
                Some("22" | "23" | "54") => StoreError::Refused(Box::new(error)),
                // Names, passwords and rights.
                Some("28" | "3D" | "3F" | "42") => misconfigured(error),
                _ if code == NO_TRANSACTION => misconfigured(error),
                _ => unavailable(error),
            },
            Reason::Lost | Reason::Other => unavailable(error),
        };
        Self { error, cause }
    }
}

impl From<SessionError> for StoreError {
    fn from(error: SessionError) -> Self {
        Failure::from(error).error
    }
}

/// Error of statements that a [`Session`](super::Session) ran.
///
/// It holds the code of the server and names of the schema, never the message of the server, which
/// may hold a row.
#[derive(Clone, Debug)]
pub struct SessionError {
    reason: Reason,
    text: String,
}

#[derive(Clone, Debug)]
enum Reason {
    /// The server refused a statement.
    Server {
        code: String,
        constraint: Option<String>,
    },
    /// The connection was lost while it was in use.
    Lost,
    /// An address, a password or a certificate is wrong.
    Misconfigured,
    Other,
}

impl SessionError {
    /// The server refused a statement with this SQLSTATE. `constraint` and `table` are the names
    /// that it gave, if it gave any.
    #[must_use]
    pub fn server(code: &str, constraint: Option<&str>, table: Option<&str>) -> Self {
        let mut text = format!("the server answered {code} ({})", words(code));
        if let Some(name) = constraint.or(table) {
            text = format!("{text} at {name}");
        }
        Self {
            reason: Reason::Server {
                code: code.to_owned(),
                constraint: constraint.map(ToOwned::to_owned),
            },
            text,
        }
    }

    /// The connection was lost. The text goes into logs: it must not hold a value of a row.
    #[must_use]
    pub fn connection_lost(text: impl Into<String>) -> Self {
        Self {
            reason: Reason::Lost,
            text: text.into(),
        }
    }

    /// Anything else that the driver reports. The text goes into logs: it must not hold a value of
    /// a row.
    #[must_use]
    pub fn other(text: impl Into<String>) -> Self {
        Self {
            reason: Reason::Other,
            text: text.into(),
        }
    }

    pub(super) fn misconfigured(text: impl Into<String>) -> Self {
        Self {
            reason: Reason::Misconfigured,
            text: text.into(),
        }
    }

    /// Whether the session lacks a prepared statement of ours, or has another of its name: somebody
    /// else uses it in turn, or has cleared it.
    pub(super) fn is_of_session(&self) -> bool {
        matches!(&self.reason, Reason::Server { code, .. } if LOST_NAMES.contains(&code.as_str()))
    }

    fn cause(&self) -> Cause {
        let Reason::Server { code, constraint } = &self.reason else {
            let is_lost = matches!(self.reason, Reason::Lost);
            return if is_lost {
                Cause::Passing
            } else {
                Cause::Other
            };
        };
        match code.as_str() {
            // Two added a customer or an item of work at the same moment.
            "23505" if matches!(constraint.as_deref(), Some("contact_psid" | "work_pkey")) => {
                Cause::Overtaken
            }
            // The tables of the store have no foreign keys.
            "23503" => Cause::Restricted,
            "40001" | "40P01" | "57P01" | "57P02" | "57P03" => Cause::Passing,
            code if code.starts_with("08") || LOST_NAMES.contains(&code) => Cause::Passing,
            "55P03" => Cause::Locked,
            "57014" => Cause::Slow,
            "25006" => Cause::ReadOnly,
            _ => Cause::Other,
        }
    }
}

impl From<tokio_postgres::Error> for SessionError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(server) = error.as_db_error() {
            return Self::server(server.code().code(), server.constraint(), server.table());
        }
        let is_misconfigured = is_misconfigured(&error);
        let source = std::error::Error::source(&error);
        let is_cut = source.is_some_and(|source| source.is::<std::io::Error>());
        let mut text = error.to_string();
        // The source of any other error may be a value of a row.
        if let Some(source) = source.filter(|_| is_cut || is_misconfigured) {
            text = format!("{text}: {source}");
        }
        if is_misconfigured {
            Self::misconfigured(text)
        } else if error.is_closed() || is_cut {
            Self::connection_lost(text)
        } else {
            Self::other(text)
        }
    }
}

impl fmt::Display for SessionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for SessionError {}

/// SQLSTATEs of a prepared statement that is not there, and of one that is there already.
const LOST_NAMES: [&str; 2] = ["26000", "42P05"];

/// SQLSTATE of a command that needs a transaction.
const NO_TRANSACTION: &str = "25P01";

/// Meaning of the code of an error, in words.
fn words(code: &str) -> &'static str {
    match code {
        "23503" => "a foreign key forbids it: declare it ON DELETE CASCADE or SET NULL",
        "25006" => "the server is read-only: it is a standby, or its transactions are read-only",
        "25P01" => "there is no transaction: begin one first",
        "25P03" => "the transaction waited too long for its next statement",
        "26000" => {
            "the session has lost a prepared statement: a pooler or a reset of sessions removes them"
        }
        "28000" => "the role does not exist or may not connect",
        "28P01" => "the password is wrong",
        "3D000" => "the database does not exist",
        "3F000" => "the schema does not exist",
        "40001" => "another transaction was faster",
        "40P01" => "a deadlock",
        "42501" => "the role lacks a right",
        "42P05" => {
            "the session has a prepared statement of this name: a pooler shares it with others"
        }
        "42703" | "42883" | "42P01" => "the tables are not those of this program",
        "53100" => "the disk is full",
        "53200" => "out of memory",
        "53300" => "too many connections",
        "55P03" => "another transaction holds a lock",
        "57014" => "the statement took too long or was canceled",
        "57P01" | "57P02" => "the server is shutting down",
        "57P03" => "the server is starting or shutting down",
        "XX001" | "XX002" => "the data is corrupted",
        _ => match code.get(..2) {
            Some("08") => "the connection failed",
            Some("22") => "a value that cannot be stored",
            Some("23") => "a constraint is violated",
            Some("25") => "a transaction in the wrong state",
            Some("40") => "the transaction was rolled back",
            Some("42") => "a statement that is not allowed or not understood",
            Some("53") => "too few resources",
            Some("54") => "a limit of the server is exceeded",
            Some("55") => "an object in the wrong state",
            Some("57") => "an operator intervened",
            Some("58") => "a system error",
            Some("XX") => "an internal error",
            _ => "an error",
        },
    }
}

/// Whether a read may succeed at once, on another connection.
pub(super) fn may_read_again(error: &StoreError) -> bool {
    let StoreError::Unavailable(error) = error else {
        return false;
    };
    let error: Option<&SessionError> = error.downcast_ref();
    error.is_some_and(|error| error.cause() == Cause::Passing)
}

/// A missing password, a server without TLS, or a certificate that is not trusted. The kind of the
/// driver's error is visible only in its text.
fn is_misconfigured(error: &tokio_postgres::Error) -> bool {
    let Some(source) = std::error::Error::source(error) else {
        return false;
    };
    match (error.to_string().as_str(), source.downcast_ref()) {
        ("invalid configuration" | "authentication error", None::<&std::io::Error>) => true,
        ("error performing TLS handshake", None) => true,
        ("error performing TLS handshake", Some(source)) => {
            let inner = source.get_ref().and_then(|inner| inner.downcast_ref());
            matches!(inner, Some(rustls::Error::InvalidCertificate(_)))
        }
        _ => false,
    }
}

pub(super) fn failed(error: tokio_postgres::Error) -> StoreError {
    Failure::from(error).error
}

/// No connection: an error of the pool says nothing of a row, but one of the server may.
pub(super) fn no_connection(error: PoolError) -> StoreError {
    match error {
        PoolError::Backend(error) => failed(error),
        PoolError::Timeout(_) => unavailable("no connection became free in time"),
        error => unavailable(error.to_string()),
    }
}

pub(super) fn misconfigured(
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Misconfigured(error.into())
}

pub(super) fn unavailable(
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Unavailable(error.into())
}
