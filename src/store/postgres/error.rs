//! What an error of the driver means, without what it says: the server's words may hold a row.

use std::fmt;

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

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
            Cause::Locked | Cause::Slow | Cause::Other => 1,
        }
    }

    /// Whether it may be that of one of the changes, so that the others can be applied without it.
    pub(super) fn is_of_one(&self) -> bool {
        self.cause == Cause::Slow
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
        let Some(server) = error.as_db_error() else {
            let is_passing = error.is_closed() || is_cut(&error);
            let said = Box::new(Said::driver(&error));
            return Self {
                cause: if is_passing {
                    Cause::Passing
                } else {
                    Cause::Other
                },
                error: if is_misconfigured(&error) {
                    StoreError::Misconfigured(said)
                } else {
                    StoreError::Unavailable(said)
                },
            };
        };
        let code = server.code();
        let said = Box::new(Said::server(server));
        let cause = match code {
            _ if is_race(server) => Cause::Overtaken,
            _ if is_passing(code) => Cause::Passing,
            _ if *code == SqlState::LOCK_NOT_AVAILABLE => Cause::Locked,
            _ if *code == SqlState::QUERY_CANCELED => Cause::Slow,
            _ if *code == SqlState::READ_ONLY_SQL_TRANSACTION => Cause::ReadOnly,
            _ => Cause::Other,
        };
        let error = match code.code().get(..2) {
            _ if cause != Cause::Other => StoreError::Unavailable(said),
            // Data exceptions, constraints and limits are the change's own: the same however often.
            Some("22" | "23" | "54") => StoreError::Refused(said),
            // Names, passwords and rights.
            Some("28" | "3D" | "3F" | "42") => StoreError::Misconfigured(said),
            _ => StoreError::Unavailable(said),
        };
        Self { error, cause }
    }
}

/// What the server or the driver said, as far as it cannot hold anything of a row.
#[derive(Debug)]
struct Said {
    text: String,
    /// Whether the same may succeed at once, on another connection.
    is_passing: bool,
}

impl Said {
    fn server(error: &tokio_postgres::error::DbError) -> Self {
        let code = error.code().code();
        let mut said = format!("the server answered {code} ({})", words(code));
        // Names of this schema, never values.
        if let Some(name) = error.constraint().or(error.table()) {
            said = format!("{said} at {name}");
        }
        Self {
            text: said,
            is_passing: is_passing(error.code()),
        }
    }

    fn driver(error: &tokio_postgres::Error) -> Self {
        let mut said = error.to_string();
        // The source of any other error may be a value of a row.
        if let Some(source) = std::error::Error::source(error)
            && (source.is::<std::io::Error>() || is_misconfigured(error))
        {
            said = format!("{said}: {source}");
        }
        Self {
            text: said,
            is_passing: error.is_closed() || is_cut(error),
        }
    }
}

/// Meaning of the code of an error, in words.
fn words(code: &str) -> &'static str {
    match code {
        "25006" => "the server is read-only: it is a standby, or its transactions are read-only",
        "25P03" => "the transaction waited too long for its next statement",
        "28000" => "the role does not exist or may not connect",
        "28P01" => "the password is wrong",
        "3D000" => "the database does not exist",
        "3F000" => "the schema does not exist",
        "40001" => "another transaction was faster",
        "40P01" => "a deadlock",
        "42501" => "the role lacks a right",
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

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Said {}

/// Whether a read may succeed at once, on another connection.
pub(super) fn may_read_again(error: &StoreError) -> bool {
    let StoreError::Unavailable(said) = error else {
        return false;
    };
    let said: Option<&Said> = said.downcast_ref();
    said.is_some_and(|said| said.is_passing)
}

/// Two added a customer or an item of work at the same moment.
fn is_race(error: &tokio_postgres::error::DbError) -> bool {
    *error.code() == SqlState::UNIQUE_VIOLATION
        && matches!(error.constraint(), Some("contact_psid" | "work_pkey"))
}

fn is_passing(code: &SqlState) -> bool {
    [
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
    ]
    .contains(code)
        || code.code().starts_with("08")
}

/// The connection was lost while it was in use.
fn is_cut(error: &tokio_postgres::Error) -> bool {
    let source = std::error::Error::source(error);
    source.is_some_and(|source| source.is::<std::io::Error>()) && !is_misconfigured(error)
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

/// The same error for another caller.
pub(super) fn copied(error: &StoreError) -> StoreError {
    match error {
        StoreError::Misconfigured(inner) => misconfigured(inner.to_string()),
        StoreError::Unavailable(inner) | StoreError::Refused(inner) => {
            unavailable(inner.to_string())
        }
        other => unavailable(other.to_string()),
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
