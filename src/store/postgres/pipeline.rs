//! Statements that tokio-postgres sends at once: one round trip for all of them.

use std::{borrow::Cow, pin::Pin};

use futures_util::future::join_all;
use tokio_postgres::{
    Client, Row, Transaction,
    types::{FromSql, Type},
};

use super::{
    columns::Param,
    connection::Lease,
    error::SessionError,
    session::{self, Parameter, Session, Statement, Value},
};

type Rows = Result<Vec<Row>, tokio_postgres::Error>;
type Running<'c> = Pin<Box<dyn Future<Output = Rows> + Send + 'c>>;

/// Statements that are sent at once.
pub(super) struct Trip<'c> {
    client: &'c Client,
    statements: Vec<Running<'c>>,
}

impl<'c> Trip<'c> {
    pub(super) fn new(client: &'c Client) -> Self {
        Self {
            client,
            statements: Vec::new(),
        }
    }

    /// A statement with its parameters. Its rows are at this place of the answer.
    pub(super) fn add(&mut self, sql: impl Into<Cow<'c, str>>, params: Vec<Param<'c>>) -> usize {
        let (client, sql) = (self.client, sql.into());
        self.statements.push(Box::pin(
            async move { client.query_typed(&sql, &params).await },
        ));
        self.statements.len() - 1
    }

    /// The same of a statement that is prepared.
    fn add_prepared(&mut self, statement: tokio_postgres::Statement, params: Vec<Param<'c>>) {
        let client = self.client;
        self.statements.push(Box::pin(async move {
            let params: Vec<_> = params.into_iter().map(|(value, _)| value).collect();
            client.query(&statement, &params).await
        }));
    }

    /// Commands without parameters: to begin, to end.
    pub(super) fn control(&mut self, sql: &'c str) {
        let client = self.client;
        self.statements.push(Box::pin(async move {
            client.batch_execute(sql).await.map(|()| Vec::new())
        }));
    }

    /// The rows of each statement, or the error of the first that failed: those after it only say
    /// that the transaction has failed.
    pub(super) async fn go(self) -> Result<Vec<Vec<Row>>, tokio_postgres::Error> {
        // They are polled in order, and so sent in order.
        join_all(self.statements).await.into_iter().collect()
    }
}

/// One round trip for all statements.
impl Session for Lease {
    async fn run(
        &mut self,
        statements: &[Statement<'_>],
    ) -> Result<Vec<Vec<session::Row>>, SessionError> {
        if !self.prepares().await? {
            return run(self, statements, Vec::new()).await;
        }
        let result = run_prepared(self, statements).await;
        if let Err(error) = &result
            && error.is_of_session()
        {
            self.stop_preparing();
        }
        result
    }
}

async fn run_prepared(
    lease: &Lease,
    statements: &[Statement<'_>],
) -> Result<Vec<Vec<session::Row>>, SessionError> {
    let mut prepared = Vec::new();
    for statement in statements {
        let types = statement.parameters().iter().map(|one| param(one).1);
        let types: Vec<Type> = types.collect();
        prepared.push(match types.is_empty() {
            true => None,
            false => Some(lease.prepared(statement.sql(), &types).await?),
        });
    }
    run(lease, statements, prepared).await
}

/// One round trip for all statements.
impl Session for Transaction<'_> {
    async fn run(
        &mut self,
        statements: &[Statement<'_>],
    ) -> Result<Vec<Vec<session::Row>>, SessionError> {
        run(self.client(), statements, Vec::new()).await
    }
}

/// One round trip for all statements.
impl Session for deadpool_postgres::Transaction<'_> {
    async fn run(
        &mut self,
        statements: &[Statement<'_>],
    ) -> Result<Vec<Vec<session::Row>>, SessionError> {
        Session::run(&mut **self, statements).await
    }
}

async fn run(
    client: &Client,
    statements: &[Statement<'_>],
    prepared: Vec<Option<tokio_postgres::Statement>>,
) -> Result<Vec<Vec<session::Row>>, SessionError> {
    let mut trip = Trip::new(client);
    let mut prepared = prepared.into_iter();
    for statement in statements {
        let parameters = statement.parameters().iter().map(param).collect();
        match prepared.next().flatten() {
            Some(prepared) => trip.add_prepared(prepared, parameters),
            None if statement.parameters().is_empty() => trip.control(statement.sql()),
            None => drop(trip.add(statement.sql(), parameters)),
        }
    }
    let results = trip.go().await?.into_iter();
    let values = results.map(|rows| rows.iter().map(values).collect());
    values.collect()
}

fn param<'p>(parameter: &'p Parameter<'_>) -> Param<'p> {
    match parameter {
        Parameter::Int4(number) => (number, Type::INT4),
        Parameter::Int8(number) => (number, Type::INT8),
        Parameter::Text(text) => (text, Type::TEXT),
        Parameter::Bytea(bytes) => (bytes, Type::BYTEA),
        Parameter::BoolArray(flags) => (flags, Type::BOOL_ARRAY),
        Parameter::Int4Array(numbers) => (numbers, Type::INT4_ARRAY),
        Parameter::Int8Array(numbers) => (numbers, Type::INT8_ARRAY),
        Parameter::TextArray(texts) => (texts, Type::TEXT_ARRAY),
        Parameter::ByteaArray(values) => (values, Type::BYTEA_ARRAY),
    }
}

/// A row of the driver as a session returns it.
fn values(row: &Row) -> Result<session::Row, SessionError> {
    fn read<'r, T: FromSql<'r> + Into<Value>>(
        row: &'r Row,
        at: usize,
    ) -> Result<Value, SessionError> {
        let value: Option<T> = row.try_get(at)?;
        Ok(value.map_or(Value::Null, Into::into))
    }
    let columns = row.columns().iter().enumerate();
    let values = columns.map(|(at, column)| match *column.type_() {
        Type::INT2 => read::<i16>(row, at),
        Type::INT4 => read::<i32>(row, at),
        Type::BYTEA => read::<Vec<u8>>(row, at),
        Type::TEXT => read::<String>(row, at),
        // The driver refuses what is no bigint.
        _ => read::<i64>(row, at),
    });
    values.collect()
}
