//! A schema of one test's own on the server that `MESSENGER_TEST_POSTGRES` names.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicU32, Ordering};

use messenger_crm::store::PostgresStore;
use messenger_crm::store::postgres::PostgresOptions;
use tokio_postgres::{Client, NoTls};

pub(crate) use crate::util::skipped;

const VARIABLE: &str = "MESSENGER_TEST_POSTGRES";

/// The address of the server, or the reason on the standard error that nothing is tested: past
/// what captures the output of tests. In CI there must be one.
pub(crate) fn address(test: &str) -> Option<String> {
    if let Ok(address) = std::env::var(VARIABLE) {
        return Some(address);
    }
    skipped(test, &format!("{VARIABLE} names no PostgreSQL server"));
    None
}

/// A schema that is gone when the test is over.
pub(crate) struct Schema {
    pub(crate) address: String,
    pub(crate) name: String,
}

impl Schema {
    /// A new one, or `None` when there is no server.
    pub(crate) fn new(test: &str) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("t{}_{count}_{}", std::process::id(), random());
        Some(Self::named(address(test)?, name))
    }

    pub(crate) fn named(address: String, name: String) -> Self {
        Self { address, name }
    }

    pub(crate) fn options(&self) -> PostgresOptions {
        let options = PostgresOptions::new(&self.address).unwrap();
        options.with_schema(&self.name).unwrap()
    }

    pub(crate) async fn open(&self) -> PostgresStore {
        PostgresStore::connect_with(self.options()).await.unwrap()
    }

    /// A connection of the test's own, which finds the tables by their bare names.
    pub(crate) async fn client(&self) -> Client {
        let client = connect(&self.address).await;
        let path = format!("SET search_path TO {}, public", self.name);
        client.batch_execute(&path).await.unwrap();
        client
    }

    /// Ends every connection that does something for this schema, or waits to.
    pub(crate) async fn terminate(&self) {
        let client = connect(&self.address).await;
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE pid <> pg_backend_pid() AND application_name = 'messenger-crm' AND query LIKE '%' || $1 || '%'";
        client.query(sql, &[&self.name]).await.unwrap();
    }

    /// One number that the server tells.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        let client = self.client().await;
        client.query_one(sql, &[]).await.unwrap().get(0)
    }
}

impl Drop for Schema {
    fn drop(&mut self) {
        let (address, name) = (self.address.clone(), self.name.clone());
        // A test's own runtime may be gone already, or busy.
        let dropping = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            runtime.block_on(async {
                let client = connect(&address).await;
                let sql = format!("DROP SCHEMA IF EXISTS {name} CASCADE");
                client.batch_execute(&sql).await.unwrap();
            });
        });
        // A server that the test itself has stopped keeps nothing.
        let _ = dropping.join();
    }
}

pub(crate) async fn connect(address: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(address, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn random() -> u32 {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).unwrap();
    u32::from_ne_bytes(bytes)
}
