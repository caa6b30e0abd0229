//! What an error of the driver means, without what it says: the server's words may hold a row.

use std::fmt;

use deadpool_postgres::PoolError;
use tokio_postgres::error::SqlState;

use crate::store::StoreError;

/// An attempt that failed, and whether another one may succeed at once.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: StoreError,
    pub(super) is_passing: bool,
    /// Another commit was faster; the same transaction can go on from a savepoint.
    pub(super) is_overtaken: bool,
    /// Somebody holds a row for long that one of the changes needs.
    pub(super) is_locked: bool,
}

impl Failure {
    /// Something else was faster; the next attempt sees what it did.
    pub(super) fn overtaken() -> Self {
        Self {
            error: unavailable("another commit was faster, again and again"),
            is_passing: true,
            is_overtaken: true,
            is_locked: false,
        }
    }

    /// Whether it is of one of the changes, so that the others can be applied without it.
    pub(super) fn is_of_one(&self) -> bool {
        self.is_locked
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
            is_passing: false,
            is_overtaken: false,
            is_locked: false,
        }
    }
}

impl From<tokio_postgres::Error> for Failure {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(server) = error.as_db_error() else {
            return Self {
                is_passing: error.is_closed() || is_cut(&error),
                is_overtaken: false,
                is_locked: false,
                error: StoreError::Unavailable(Box::new(Said::driver(&error))),
            };
        };
        let code = server.code();
        let said = Box::new(Said::server(server));
        if is_race(server) || is_passing(code) {
            return Self {
                error: StoreError::Unavailable(said),
                is_passing: true,
                is_overtaken: is_race(server),
                is_locked: false,
            };
        }
        // Data exceptions, constraints and limits are the change's own: the same however often.
        let is_refusal = ["22", "23", "54"].contains(&&code.code()[..2]);
        Self {
            error: if is_refusal {
                StoreError::Refused(said)
            } else {
                StoreError::Unavailable(said)
            },
            is_passing: false,
            is_overtaken: false,
            is_locked: *code == SqlState::LOCK_NOT_AVAILABLE,
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
