//! A connection for one transaction.
//!
//! Tables are named with their schema, and settings are those of one transaction, so that it works
//! behind a pooler that gives every transaction another connection. Only statements are kept in a
//! session, where a connection to the server itself is found: see [`Prepares`].

use std::{
    ops::Deref,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use deadpool_postgres::{ClientWrapper, Object};
use futures_util::FutureExt as _;
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_postgres::{Client, NoTls, Statement, types::Type};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    error::{misconfigured, no_connection, unavailable},
    options::WAIT,
    pooler,
};
use crate::store::StoreError;

/// A read sees one snapshot, and the server stops a statement that takes long. Lists are read in the
/// order of their indexes, which a bitmap would lose: about a table that was never analyzed the
/// planner believes that sorting it costs nothing.
const BEGIN_READ: &str =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 5000;
    SET LOCAL idle_in_transaction_session_timeout = 10000; SET LOCAL enable_bitmapscan = off";
/// Connections that reads leave to those who write: two commits at one time, one that looks after
/// locked rows, and one to spare. Of few connections it is half.
const WRITERS: usize = 4;
/// Statements that are kept prepared on one connection.
const MAX_PREPARED: usize = 256;
/// Time for a request to cancel to reach the server.
const CANCEL: Duration = Duration::from_secs(1);

/// Connections to the server, and how to reach it once more to cancel a statement.
#[derive(Clone)]
pub(super) struct Pool {
    connections: deadpool_postgres::Pool,
    /// `None` when the host made the connections: requests to cancel then go without TLS, as those
    /// of most drivers do, and are not sent when the connections require TLS.
    tls: Option<MakeRustlsConnect>,
    /// Permits for reads: slow ones leave connections to those who write.
    reads: Arc<Semaphore>,
    prepares: Prepares,
}

/// Whether statements stay prepared on their connection, by a name that they have there.
///
/// Behind a pooler in transaction mode several clients use one session of the server in turn, and a
/// name of one could be the statement of another.
#[derive(Clone)]
pub(super) enum Prepares {
    Always,
    Never,
    /// On each connection that has its own server process, until one is found that has not.
    Automatic(Arc<AtomicBool>),
}

impl Prepares {
    pub(super) fn automatic() -> Self {
        Self::Automatic(Arc::new(AtomicBool::new(true)))
    }

    /// A session has lost a statement, or has one that is not ours: no other is prepared.
    fn stop(&self) {
        if let Self::Automatic(prepares) = self {
            prepares.store(false, Ordering::Relaxed);
        }
    }
}

impl Pool {
    pub(super) fn new(
        connections: deadpool_postgres::Pool,
        tls: Option<MakeRustlsConnect>,
    ) -> Self {
        let size = connections.status().max_size;
        let reads = size.saturating_sub(WRITERS.min(size / 2));
        Self {
            connections,
            tls,
            reads: Arc::new(Semaphore::new(reads)),
            prepares: Prepares::automatic(),
        }
    }

    pub(super) fn with_prepares(self, prepares: Prepares) -> Self {
        Self { prepares, ..self }
    }

    /// Closes the connections that nobody uses, so that the next ones are made anew: to the server
    /// that is the primary then.
    pub(super) fn renew(&self) {
        self.connections.retain(|_, _| false);
    }
}

/// The driver, the pool and every timer would panic without a runtime.
pub(super) fn within_tokio() -> Result<Handle, StoreError> {
    Handle::try_current().map_err(|_| misconfigured("PostgreSQL is reached from within tokio only"))
}

/// A connection that returns to the pool only when its transaction is over.
pub(super) struct Lease {
    object: Option<Object>,
    tls: Option<MakeRustlsConnect>,
    is_read: bool,
    prepares: Prepares,
    /// Given back with the connection.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Lease {
    /// A connection without a transaction.
    pub(super) async fn take(pool: &Pool) -> Result<Self, StoreError> {
        within_tokio()?;
        let waited = timeout(WAIT, pool.connections.get()).await;
        let object = waited
            .map_err(|_| unavailable("no connection became free in time"))?
            .map_err(no_connection)?;
        Ok(Self {
            object: Some(object),
            tls: pool.tls.clone(),
            is_read: false,
            prepares: pool.prepares.clone(),
            _permit: None,
        })
    }

    /// A connection in a transaction that only reads. [`release`](Self::release) ends it.
    pub(super) async fn read(pool: &Pool) -> Result<Self, StoreError> {
        within_tokio()?;
        let permit = timeout(WAIT, Arc::clone(&pool.reads).acquire_owned()).await;
        let Ok(Ok(permit)) = permit else {
            return Err(unavailable("no connection for reads became free in time"));
        };
        let mut lease = Self::take(pool).await?;
        (lease.is_read, lease._permit) = (true, Some(permit));
        lease.send(BEGIN_READ);
        Ok(lease)
    }

    /// Whether statements stay prepared on this connection. A new one is asked, before anything else
    /// is sent on it.
    pub(super) async fn prepares(&self) -> Result<bool, tokio_postgres::Error> {
        let prepares = match &self.prepares {
            Prepares::Always => return Ok(true),
            Prepares::Never => return Ok(false),
            Prepares::Automatic(prepares) => prepares,
        };
        if !prepares.load(Ordering::Relaxed) {
            return Ok(false);
        }
        // One with statements was asked before, or the host has prepared some itself.
        if self.object().statement_cache.size() == 0 && !pooler::is_direct(self).await? {
            self.stop_preparing();
            return Ok(false);
        }
        Ok(true)
    }

    /// Prepares no more statements on any connection, unless the options force it.
    pub(super) fn stop_preparing(&self) {
        self.prepares.stop();
    }

    /// The statement prepared on this connection.
    pub(super) async fn prepared(
        &self,
        sql: &str,
        types: &[Type],
    ) -> Result<Statement, tokio_postgres::Error> {
        let object = self.object();
        // Most texts return again and again, but nothing bounds their number.
        if object.statement_cache.size() >= MAX_PREPARED {
            object.statement_cache.clear();
        }
        object.prepare_typed_cached(sql, types).await
    }

    /// Lets the next statements of the transaction use GIN, which knows bitmaps only.
    pub(super) fn allow_bitmaps(&self) {
        self.send("SET LOCAL enable_bitmapscan = on");
    }

    fn object(&self) -> &ClientWrapper {
        // It is there until the lease is released, which takes the lease away.
        self.object.as_ref().expect("a lease that is not released")
    }

    /// Sends a statement ahead of the next one, which fails if this one does.
    fn send(&self, sql: &str) {
        // The first poll sends it; the driver discards the response.
        let _ = self.batch_execute(sql).now_or_never();
    }

    /// The transaction is over, so that others can use the connection.
    pub(super) fn release(mut self) {
        if self.is_read {
            self.send("COMMIT");
        }
        self.object = None;
    }
}

impl Deref for Lease {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.object()
    }
}

impl Drop for Lease {
    /// Nobody knows the state of the transaction: the statement under way is canceled, and the
    /// connection closed.
    fn drop(&mut self) {
        let Some(object) = self.object.take() else {
            return;
        };
        let client = Object::take(object);
        let (Ok(runtime), false) = (Handle::try_current(), client.is_closed()) else {
            return;
        };
        let (token, tls) = (client.cancel_token(), self.tls.clone());
        runtime.spawn(async move {
            let canceling = async {
                match tls {
                    Some(tls) => token.cancel_query(tls).await,
                    None => token.cancel_query(NoTls).await,
                }
            };
            // If the server does not get it, its own time limit ends the statement.
            let _ = timeout(CANCEL, canceling).await;
            drop(client);
        });
    }
}
