//! A connection as this store needs it, or none.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::migrate::SCHEMA;
use crate::store::StoreError;

/// How long a process waits for another one that writes to the same file.
const BUSY: Duration = Duration::from_secs(3);
/// More than there are statements.
const STATEMENTS: usize = 96;

/// Opens a file that is there already.
pub(super) fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.busy_timeout(BUSY).map_err(failed)?;
    // Before anything is set: a file of a newer program is left as it is.
    let found: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(failed)?;
    if found > SCHEMA {
        return Err(StoreError::TooNew {
            found,
            known: SCHEMA,
        });
    }
    // FULL: in WAL mode anything less loses acknowledged commits when the power goes.
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA secure_delete = ON; PRAGMA cache_size = -16384;",
        )
        .map_err(failed)?;
    check(&connection)?;
    Ok(connection)
}

/// A pragma that does not take effect says nothing, so each is asked for again.
fn check(connection: &Connection) -> Result<(), StoreError> {
    let mode: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(failed)?;
    if mode != "wal" {
        return Err(unavailable(format!(
            "its journal mode is {mode}, and not wal: it must lie on a local disk"
        )));
    }
    for (pragma, wanted) in [
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("secure_delete", 1),
        ("busy_timeout", 3000),
    ] {
        let found: i64 = connection
            .pragma_query_value(None, pragma, |row| row.get(0))
            .map_err(failed)?;
        if found != wanted {
            return Err(unavailable(format!(
                "its {pragma} is {found}, and not {wanted}"
            )));
        }
    }
    Ok(())
}

/// Makes the file if it is not there, readable by its owner alone.
pub(super) fn make_private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// What an error of the driver means to who applied.
pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    let code = match &error {
        rusqlite::Error::SqliteFailure(failure, _) => Some(failure.code),
        _ => None,
    };
    match code {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged(error.into())
        }
        // Of the change itself, and the same however often it is tried.
        Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch) => {
            StoreError::Refused(error.into())
        }
        _ => StoreError::Unavailable(error.into()),
    }
}

pub(super) fn unavailable(
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> StoreError {
    StoreError::Unavailable(error.into())
}

pub(super) fn gone() -> StoreError {
    unavailable("it was closed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s15_i6_f5_every_connection_has_its_pragmas_or_there_is_none() {
        let name = format!("messenger-crm-pragmas-{}.db", std::process::id());
        let file = std::env::temp_dir().join(name);
        make_private(&file).unwrap();
        assert!(check(&connect(&file).unwrap()).is_ok());
        for (pragma, text) in [
            ("synchronous = NORMAL", "its synchronous is 1, and not 2"),
            ("secure_delete = OFF", "its secure_delete is 0, and not 1"),
            ("foreign_keys = OFF", "its foreign_keys is 0, and not 1"),
            ("busy_timeout = 0", "its busy_timeout is 0, and not 3000"),
            (
                "journal_mode = DELETE",
                "its journal mode is delete, and not wal: it must lie on a local disk",
            ),
        ] {
            let connection = connect(&file).unwrap();
            connection
                .execute_batch(&format!("PRAGMA {pragma}"))
                .unwrap();
            let error = check(&connection).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("the store is unavailable: {text}")
            );
        }
        std::fs::remove_file(&file).unwrap();
    }
}
