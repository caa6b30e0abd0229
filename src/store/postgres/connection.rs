//! A connection for one transaction, and statements that travel together.
//!
//! Nothing is kept in a session: statements have no names, tables are named with their schema, and
//! settings are those of one transaction. So it works behind a pooler that gives every transaction
//! another connection.

use std::{future::Future, ops::Deref, pin::Pin};

use deadpool_postgres::{ClientWrapper, Object, Pool};
use futures_util::future::join_all;
use tokio_postgres::{Client, Row};

use super::{
    columns::Param,
    error::{no_connection, unavailable},
    options::WAIT,
};
use crate::store::StoreError;

/// A connection that goes back to the pool only when its transaction is over.
pub(super) struct Lease(Option<Object>);

impl Lease {
    pub(super) async fn take(pool: &Pool) -> Result<Self, StoreError> {
        // The driver and the pool would panic without it.
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(unavailable("PostgreSQL is reached from within tokio only"));
        }
        let waited = tokio::time::timeout(WAIT, pool.get()).await;
        let object = waited
            .map_err(|_| unavailable("no connection became free in time"))?
            .map_err(no_connection)?;
        Ok(Self(Some(object)))
    }

    /// The transaction is over, so that others can use the connection.
    pub(super) fn release(mut self) {
        self.0 = None;
    }
}

impl Deref for Lease {
    type Target = Client;

    fn deref(&self) -> &Client {
        // It is there until the lease is released, which takes the lease away.
        let object: &ClientWrapper = self.0.as_ref().expect("a lease that is not released");
        object
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            // Nobody knows what the transaction has come to: closing the connection ends it.
            drop(Object::take(object));
        }
    }
}

type Rows = Result<Vec<Row>, tokio_postgres::Error>;
type Statement<'c> = Pin<Box<dyn Future<Output = Rows> + Send + 'c>>;

/// Statements that are sent at once: one round trip for all of them.
pub(super) struct Trip<'c> {
    client: &'c Client,
    statements: Vec<Statement<'c>>,
}

impl<'c> Trip<'c> {
    pub(super) fn new(client: &'c Client) -> Self {
        Self {
            client,
            statements: Vec::new(),
        }
    }

    /// A statement with its parameters. Its rows are at this place of the answer.
    pub(super) fn add(&mut self, sql: String, params: Vec<Param<'c>>) -> usize {
        let client = self.client;
        self.statements.push(Box::pin(
            async move { client.query_typed(&sql, &params).await },
        ));
        self.statements.len() - 1
    }

    /// Something without parameters: to begin, to end.
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
