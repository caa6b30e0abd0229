//! Transactions of sqlx as sessions.

use sqlx::{
    Column as _, Decode, Executor as _, PgConnection, Postgres, Row as _, Transaction, Type,
    TypeInfo as _,
    postgres::{PgArguments, PgDatabaseError, PgRow},
    query::Query,
};

use super::{
    error::SessionError,
    session::{Parameter, Row, Session, Statement, Value},
};

/// Two round trips for each statement: sqlx sends one at a time, and has the server describe it
/// first.
impl Session for Transaction<'_, Postgres> {
    async fn run(&mut self, statements: &[Statement<'_>]) -> Result<Vec<Vec<Row>>, SessionError> {
        Session::run(&mut **self, statements).await
    }
}

/// The connection of a transaction, as `&mut *transaction` gives it. Outside a transaction
/// [`apply_in`](super::PostgresStore::apply_in) fails.
impl Session for PgConnection {
    async fn run(&mut self, statements: &[Statement<'_>]) -> Result<Vec<Vec<Row>>, SessionError> {
        let mut results = Vec::with_capacity(statements.len());
        for statement in statements {
            if statement.parameters().is_empty() {
                self.execute(statement.sql()).await?;
                results.push(Vec::new());
                continue;
            }
            // A statement that is kept prepared would hold a name on the connection, and would be
            // planned without its values.
            let mut query = sqlx::query(statement.sql()).persistent(false);
            for parameter in statement.parameters() {
                query = bind(query, parameter);
            }
            let rows = query.fetch_all(&mut *self).await?;
            results.push(rows.iter().map(row).collect::<Result<_, _>>()?);
        }
        Ok(results)
    }
}

type PgQuery<'q> = Query<'q, Postgres, PgArguments>;

fn bind<'q>(query: PgQuery<'q>, parameter: &Parameter<'q>) -> PgQuery<'q> {
    match *parameter {
        Parameter::Int4(number) => query.bind(number),
        Parameter::Int8(number) => query.bind(number),
        Parameter::Text(text) => query.bind(text),
        Parameter::Bytea(bytes) => query.bind(bytes),
        Parameter::BoolArray(flags) => query.bind(flags),
        Parameter::Int4Array(numbers) => query.bind(numbers),
        Parameter::Int8Array(numbers) => query.bind(numbers),
        Parameter::TextArray(texts) => query.bind(texts),
        Parameter::ByteaArray(values) => query.bind(values),
    }
}

fn row(row: &PgRow) -> Result<Row, SessionError> {
    let columns = row.columns().iter();
    let values = columns.map(|column| {
        let at = column.ordinal();
        match column.type_info().name() {
            "INT2" => value::<i16>(row, at),
            "INT4" => value::<i32>(row, at),
            "BYTEA" => value::<Vec<u8>>(row, at),
            "TEXT" => value::<String>(row, at),
            // sqlx refuses what is no bigint.
            _ => value::<i64>(row, at),
        }
    });
    values.collect()
}

fn value<'r, T>(row: &'r PgRow, at: usize) -> Result<Value, SessionError>
where
    T: Decode<'r, Postgres> + Type<Postgres> + Into<Value>,
{
    let value: Option<T> = row.try_get(at)?;
    Ok(value.map_or(Value::Null, Into::into))
}

impl From<sqlx::Error> for SessionError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Database(error) => match error.try_downcast_ref::<PgDatabaseError>() {
                Some(error) => Self::server(error.code(), error.constraint(), error.table()),
                None => Self::other("the database is not PostgreSQL"),
            },
            sqlx::Error::Io(error) => {
                Self::connection_lost(format!("error communicating with the server: {error}"))
            }
            // Their texts may hold a value of a row.
            sqlx::Error::Encode(_) => Self::other("sqlx could not encode a parameter"),
            sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => {
                Self::other("sqlx could not decode a column")
            }
            sqlx::Error::Protocol(_) => Self::other("sqlx received an unexpected message"),
            _ => Self::other("sqlx failed"),
        }
    }
}
