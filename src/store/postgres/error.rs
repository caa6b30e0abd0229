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

/// What decides whether, and with whom, it is tried again.
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

    pub(super) fn is_passing(&self) -> bool {
        matches!(self.cause, Cause::Passing | Cause::Overtaken)
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
            return Self {
                cause: if is_passing {
                    Cause::Passing
                } else {
                    Cause::Other
                },
                error: StoreError::Unavailable(Box::new(Said::driver(&error))),
            };
        };
        let code = server.code();
        let said = Box::new(Said::server(server));
        let cause = match code {
            _ if is_race(server) => Cause::Overtaken,
            _ if is_passing(code) => Cause::Passing,
            _ if *code == SqlState::LOCK_NOT_AVAILABLE => Cause::Locked,
            _ if *code == SqlState::QUERY_CANCELED => Cause::Slow,
            _ => Cause::Other,
        };
        // Data exceptions, constraints and limits are the change's own: the same however often.
        let is_refusal = ["22", "23", "54"].contains(&&code.code()[..2]);
        Self {
            error: if is_refusal && cause == Cause::Other {
                StoreError::Refused(said)
            } else {
                StoreError::Unavailable(said)
            },
            cause,
        }
    }
}

/// What the server or the driver said, as far as it cannot hold anything of a row.
#[derive(Debug)]
struct Said(String);

impl Said {
    fn server(error: &tokio_postgres::error::DbError) -> Self {
        let mut said = format!("the server answered {}", error.code().code());
        // Names of this schema, never values.
        if let Some(name) = error.constraint().or(error.table()) {
            said = format!("{said} at {name}");
        }
        Self(said)
    }

    fn driver(error: &tokio_postgres::Error) -> Self {
        let mut said = error.to_string();
        if let Some(source) = std::error::Error::source(error)
            && let Some(source) = source.downcast_ref::<std::io::Error>()
        {
            said = format!("{said}: {source}");
        }
        Self(said)
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Said {}

/// Two met a new customer at the same moment.
fn is_race(error: &tokio_postgres::error::DbError) -> bool {
    *error.code() == SqlState::UNIQUE_VIOLATION && error.constraint() == Some("contact_psid")
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
    source.is_some_and(|source| source.is::<std::io::Error>())
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

pub(super) fn unavailable(
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Unavailable(error.into())
}
