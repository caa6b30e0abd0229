//! The driver as the store sees it: SQL with plain parameters goes in, plain rows come out.

use std::borrow::Cow;

use super::error::{SessionError, misconfigured};
use crate::store::StoreError;

/// A transaction in which [`PostgresStore::apply_in`](super::PostgresStore::apply_in) runs its
/// statements.
///
/// It is implemented for the `Transaction` of tokio-postgres and of deadpool-postgres, and with the
/// feature `sqlx` for `sqlx::Transaction` and `sqlx::PgConnection`. For another driver implement it yourself, on a
/// type of yours that holds the driver's transaction: send each [`Statement`] with its
/// [`Parameter`]s, and return its rows as [`Value`]s. A driver that can pipeline sends all statements
/// of a call at once and saves round trips.
///
/// # Examples
///
/// An adapter for a driver that has one method, `query`. Here the driver is tokio-postgres, whose
/// transaction could be passed to `apply_in` directly.
///
/// ```
/// use messenger_crm::store::postgres::tokio_postgres::{self, types::ToSql, types::Type};
/// use messenger_crm::store::postgres::{Parameter, Row, Session, SessionError, Statement, Value};
///
/// struct Adapter<'t, 'c>(&'t tokio_postgres::Transaction<'c>);
///
/// impl Session for Adapter<'_, '_> {
///     async fn run(&mut self, statements: &[Statement<'_>]) -> Result<Vec<Vec<Row>>, SessionError> {
///         let mut results = Vec::new();
///         for statement in statements {
///             let parameters = statement.parameters().iter().map(parameter).collect::<Result<Vec<_>, _>>()?;
///             let rows = self.0.query_typed(statement.sql(), &parameters).await.map_err(failed)?;
///             results.push(rows.iter().map(row).collect::<Result<_, _>>()?);
///         }
///         Ok(results)
///     }
/// }
///
/// /// A value with its type: the server must not guess the type of an empty array.
/// fn parameter<'p>(parameter: &'p Parameter<'_>) -> Result<(&'p (dyn ToSql + Sync), Type), SessionError> {
///     Ok(match parameter {
///         Parameter::Int4(number) => (number, Type::INT4),
///         Parameter::Int8(number) => (number, Type::INT8),
///         Parameter::Text(text) => (text, Type::TEXT),
///         Parameter::Bytea(bytes) => (bytes, Type::BYTEA),
///         Parameter::BoolArray(flags) => (flags, Type::BOOL_ARRAY),
///         Parameter::Int4Array(numbers) => (numbers, Type::INT4_ARRAY),
///         Parameter::Int8Array(numbers) => (numbers, Type::INT8_ARRAY),
///         Parameter::TextArray(texts) => (texts, Type::TEXT_ARRAY),
///         Parameter::ByteaArray(values) => (values, Type::BYTEA_ARRAY),
///         _ => return Err(SessionError::other("this adapter is older than the store")),
///     })
/// }
///
/// /// The type of a column decides how its value is read.
/// fn row(row: &tokio_postgres::Row) -> Result<Row, SessionError> {
///     let columns = row.columns().iter().enumerate();
///     let values = columns.map(|(at, column)| {
///         let value = match *column.type_() {
///             Type::INT2 => row.try_get::<_, Option<i16>>(at).map_err(failed)?.map(Value::from),
///             Type::INT4 => row.try_get::<_, Option<i32>>(at).map_err(failed)?.map(Value::from),
///             Type::INT8 => row.try_get::<_, Option<i64>>(at).map_err(failed)?.map(Value::from),
///             Type::TEXT => row.try_get::<_, Option<String>>(at).map_err(failed)?.map(Value::from),
///             Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at).map_err(failed)?.map(Value::from),
///             _ => return Err(SessionError::other("a column has a type that the store does not use")),
///         };
///         Ok(value.unwrap_or(Value::Null))
///     });
///     values.collect()
/// }
///
/// /// The code of the server decides whether the store tries again.
/// fn failed(error: tokio_postgres::Error) -> SessionError {
///     match error.as_db_error() {
///         Some(error) => SessionError::server(error.code().code(), error.constraint(), error.table()),
///         None if error.is_closed() => SessionError::connection_lost("the connection is closed"),
///         None => SessionError::other("the driver failed"),
///     }
/// }
/// ```
pub trait Session: Send {
    /// Runs the statements in order, and returns the rows of each.
    ///
    /// It stops at the first statement that fails, and returns the error of that statement.
    ///
    /// # Errors
    ///
    /// [`SessionError`], with the code that the server gave.
    fn run(
        &mut self,
        statements: &[Statement<'_>],
    ) -> impl Future<Output = Result<Vec<Vec<Row>>, SessionError>> + Send;
}

/// One SQL statement with the values of `$1`, `$2` and so on.
///
/// A statement without parameters is a command such as `SAVEPOINT`: it returns no rows.
#[derive(Clone, Debug)]
pub struct Statement<'s> {
    sql: Cow<'s, str>,
    parameters: Vec<Parameter<'s>>,
}

impl<'s> Statement<'s> {
    pub(super) fn new(sql: impl Into<Cow<'s, str>>, parameters: Vec<Parameter<'s>>) -> Self {
        Self {
            sql: sql.into(),
            parameters,
        }
    }

    /// A statement without parameters, and without rows.
    pub(super) const fn command(sql: &'s str) -> Self {
        Self {
            sql: Cow::Borrowed(sql),
            parameters: Vec::new(),
        }
    }

    /// The text of the statement. Texts differ from call to call, so do not keep it prepared.
    #[must_use]
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The values of its parameters, in order.
    #[must_use]
    pub fn parameters(&self) -> &[Parameter<'s>] {
        &self.parameters
    }
}

/// A value that a statement is sent with. Each variant is named after its type in PostgreSQL.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Parameter<'p> {
    /// An `integer`.
    Int4(i32),
    /// A `bigint`.
    Int8(i64),
    /// A `text`.
    Text(&'p str),
    /// A `bytea`.
    Bytea(&'p [u8]),
    /// A `boolean[]` without NULLs.
    BoolArray(&'p [bool]),
    /// An `integer[]` without NULLs.
    Int4Array(&'p [i32]),
    /// A `bigint[]`; `None` is NULL.
    Int8Array(&'p [Option<i64>]),
    /// A `text[]`; `None` is NULL.
    TextArray(&'p [Option<String>]),
    /// A `bytea[]`; `None` is NULL.
    ByteaArray(&'p [Option<Vec<u8>>]),
}

/// Names the type without the value, which may be what a customer wrote.
impl std::fmt::Debug for Parameter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Int4(_) => "Int4(…)",
            Self::Int8(_) => "Int8(…)",
            Self::Text(_) => "Text(…)",
            Self::Bytea(_) => "Bytea(…)",
            Self::BoolArray(_) => "BoolArray(…)",
            Self::Int4Array(_) => "Int4Array(…)",
            Self::Int8Array(_) => "Int8Array(…)",
            Self::TextArray(_) => "TextArray(…)",
            Self::ByteaArray(_) => "ByteaArray(…)",
        })
    }
}

/// A row that a statement returned: the values of its columns in order.
pub type Row = Vec<Value>;

/// Value of a column.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// NULL, whatever the type of the column.
    Null,
    /// A `smallint`, `integer` or `bigint`.
    Int(i64),
    /// A `text`.
    Text(String),
    /// A `bytea`.
    Bytes(Vec<u8>),
}

/// Names the type without the value, which may be what a customer wrote.
impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Int(_) => "Int(…)",
            Self::Text(_) => "Text(…)",
            Self::Bytes(_) => "Bytes(…)",
        })
    }
}

impl From<i16> for Value {
    fn from(number: i16) -> Self {
        Self::Int(number.into())
    }
}

impl From<i32> for Value {
    fn from(number: i32) -> Self {
        Self::Int(number.into())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

/// Runs statements, and checks that the rows of each came back.
pub(super) async fn run<S: Session>(
    session: &mut S,
    statements: &[Statement<'_>],
) -> Result<Vec<Vec<Row>>, SessionError> {
    let results = session.run(statements).await?;
    if results.len() == statements.len() {
        return Ok(results);
    }
    Err(SessionError::misconfigured(format!(
        "the session returned the rows of {} statements; expected those of {}: correct its Session::run",
        results.len(),
        statements.len()
    )))
}

/// Refuses a host's transaction that would not see what others commit while it waits for a lock.
pub(super) async fn require_read_committed<S: Session>(session: &mut S) -> Result<(), StoreError> {
    let sql = "SELECT current_setting($1)";
    let setting = vec![Parameter::Text("transaction_isolation")];
    let results = run(session, &[Statement::new(sql, setting)]).await;
    let rows = results.map_err(StoreError::from)?.into_iter().flatten();
    match rows.flatten().next() {
        Some(Value::Text(level)) if level == "read committed" || level == "read uncommitted" => {
            Ok(())
        }
        Some(Value::Text(level)) => Err(misconfigured(format!(
            "apply_in needs a transaction that is READ COMMITTED; this one is {}",
            level.to_uppercase()
        ))),
        _ => Err(StoreError::Unreadable("the isolation level")),
    }
}
