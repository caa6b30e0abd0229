//! Connections, transactions, and what their errors mean.

use std::future::Future;
use std::time::Duration;

use messenger_crm::store::{StoreError, fold::Value as Column};
use messenger_crm::time::Timestamp;
use mysql_async::prelude::{FromRow, Queryable};
use mysql_async::{
    Opts, OptsBuilder, Pool, PoolConstraints, PoolOpts, Transaction, TxOpts, Value, from_row_opt,
};
use serde::de::DeserializeOwned;

/// Connections of one store.
const CONNECTIONS: usize = 8;
/// Longest time of a call, with the wait for a connection and for locks.
const LIMIT: Duration = Duration::from_secs(30);
/// Tries to find a connection that the server has not closed meanwhile.
const CONNECTS: usize = CONNECTIONS + 1;

pub(crate) type Tx = Transaction<'static>;

/// The values of the parameters of a statement.
macro_rules! values {
    ($($value:expr),* $(,)?) => { vec![$(mysql_async::Value::from($value)),*] };
}
pub(crate) use values;

pub(crate) async fn open(url: &str) -> Result<Pool, Error> {
    let opts = Opts::from_url(url).map_err(|_| {
        StoreError::Misconfigured("the address is not mysql://user:password@host/database".into())
    })?;
    let constraints = PoolConstraints::new(0, CONNECTIONS).unwrap_or_default();
    let pool = Pool::new(
        OptsBuilder::from_opts(opts)
            // Nothing of one call stays in a session, so that it need not be reset.
            .pool_opts(PoolOpts::new().with_constraints(constraints).with_reset_connection(false))
            // A lock that takes longer is given up, and the write begins again.
            .setup(vec![
                "SET SESSION innodb_lock_wait_timeout = 4",
                "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            ]),
    );
    let mut connection = pool.get_conn().await?;
    for table in include_str!("schema.sql").split(";\n") {
        if table.contains("CREATE") {
            connection.query_drop(table).await?;
        }
    }
    Ok(pool)
}

pub(crate) async fn begin(pool: &Pool, opts: &TxOpts) -> Result<Tx, Error> {
    let mut attempt = 1;
    loop {
        match pool.start_transaction(opts.clone()).await {
            // The server may have closed a connection that nobody used.
            Err(mysql_async::Error::Io(_)) if attempt < CONNECTS => attempt += 1,
            result => return Ok(result?),
        }
    }
}

/// Rows of a statement, each as a tuple of its columns.
pub(crate) async fn rows<T: FromRow>(
    tx: &mut Tx,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<T>, Error> {
    let mut result = tx.exec_iter(sql, values).await?;
    let mut rows = Vec::new();
    while let Some(row) = result.next().await? {
        rows.push(from_row_opt(row).map_err(|_| StoreError::Unreadable("a row"))?);
    }
    Ok(rows)
}

/// The first row of a statement.
pub(crate) async fn one<T: FromRow>(
    tx: &mut Tx,
    sql: &str,
    values: Vec<Value>,
) -> Result<Option<T>, Error> {
    Ok(rows(tx, sql, values).await?.into_iter().next())
}

pub(crate) async fn execute(tx: &mut Tx, sql: &str, values: Vec<Value>) -> Result<(), Error> {
    Ok(tx.exec_drop(sql, values).await?)
}

pub(crate) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(text).map_err(|_| StoreError::Unreadable("a row"))
}

pub(crate) fn value(column: Column) -> Value {
    match column {
        Column::Int(number) => number.into(),
        Column::Text(text) => text.into(),
        Column::Bytes(bytes) => bytes.into(),
    }
}

/// A value of a row; MariaDB returns texts as bytes.
pub(crate) fn column(value: Value) -> Column {
    match value {
        Value::Int(number) => Column::Int(Some(number)),
        Value::Bytes(bytes) => Column::Bytes(Some(bytes)),
        _ => Column::Bytes(None),
    }
}

/// An id from its column.
pub(crate) fn id<T: TryFrom<String>>(text: String) -> Result<T, StoreError> {
    T::try_from(text).map_err(|_| StoreError::Unreadable("an id"))
}

pub(crate) fn millis(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millis)
}

/// `?` for each of several values.
pub(crate) fn marks(count: usize) -> String {
    vec!["?"; count].join(", ")
}

/// Runs a call; after [`LIMIT`] it is dropped, which rolls its transaction back.
pub(crate) async fn in_time<T>(
    call: impl Future<Output = Result<T, Error>>,
) -> Result<T, StoreError> {
    let result = tokio::time::timeout(LIMIT, call).await;
    let late = |_| StoreError::Unavailable("MariaDB did not answer within 30 seconds".into());
    Ok(result.map_err(late)??)
}

/// Error of a statement, or of what was done with its rows.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Database(#[from] mysql_async::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Error {
    /// Whether another transaction was in the way: a lock wait that took too long, or a deadlock.
    pub(crate) fn is_conflict(&self) -> bool {
        matches!(self, Self::Database(mysql_async::Error::Server(error)) if [1205, 1213].contains(&error.code))
    }
}

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let error = match error {
            Error::Store(error) => return error,
            Error::Database(mysql_async::Error::Server(error)) => error,
            Error::Database(error) => return Self::Unavailable(error.into()),
        };
        // The words of the server may quote a text or an id: only its numbers are shown.
        let (code, state) = (error.code, error.state);
        let text = format!("MariaDB answered with error {code} (SQLSTATE {state})");
        match code {
            // No such user, right, database or table.
            1044 | 1045 | 1049 | 1142 | 1146 | 1227 | 1698 => Self::Misconfigured(text.into()),
            // A value too long, out of range or too large for a packet; a trigger of the host's.
            1153 | 1264 | 1366 | 1406 | 1644 => Self::Refused(text.into()),
            _ => Self::Unavailable(text.into()),
        }
    }
}
