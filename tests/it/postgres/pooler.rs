//! PgBouncer in transaction mode: each transaction may get another session of the server.

#![allow(clippy::unwrap_used)]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use messenger_crm::store::conformance;
use messenger_crm::store::postgres::deadpool_postgres::{
    Manager, ManagerConfig, Pool, RecyclingMethod,
};
use messenger_crm::store::postgres::{PostgresFault, PostgresOptions};
use messenger_crm::store::{ContactStore, PostgresStore, StoreError};
use tokio::task::JoinSet;
use tokio_postgres::config::Host;
use tokio_postgres::{Config, NoTls};

use super::cluster::{is_root, run};
use super::contract;
use super::server::{Schema, address, connect, skipped};
use crate::store::{ada, contact, received, talk};
use crate::util::SOON;

/// PgBouncer of one test, on a port that it has chosen.
struct Pooler {
    folder: PathBuf,
    port: u16,
    process: Child,
}

impl Pooler {
    /// A pooler before the server of the tests, with at most so many sessions on it.
    async fn new(test: &str, sessions: usize) -> Option<Self> {
        let server: Config = address(test)?.parse().unwrap();
        let path = std::env::var_os("PATH").unwrap_or_default();
        let places = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
        let mut programs = places.map(|place| place.join("pgbouncer"));
        let Some(program) = programs.find(|program| program.exists()) else {
            skipped(test, "there is no pgbouncer on the path or in /usr/sbin");
            return None;
        };
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let name = format!("crm-pooler-{}-{port}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).unwrap();
        let settings = folder.join("pgbouncer.ini");
        let database = database(&server);
        let text = format!(
            "[databases]\npostgres = {database}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             auth_type = any\npool_mode = transaction\ndefault_pool_size = {sessions}\nunix_socket_dir =\n"
        );
        std::fs::write(&settings, text).unwrap();
        let mut command = Command::new(&program);
        // It refuses to run as root.
        if is_root() {
            run(Command::new("chown").args(["-R", "postgres:"]).arg(&folder));
            command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
            command.arg(&program);
        }
        let command = command.arg(&settings).current_dir("/");
        let process = (command.stdout(Stdio::null()).stderr(Stdio::null())).spawn();
        let pooler = Self {
            folder,
            port,
            process: process.unwrap(),
        };
        let begun = Instant::now();
        while tokio_postgres::connect(&pooler.address(), NoTls)
            .await
            .is_err()
        {
            assert!(begun.elapsed() < SOON, "the pooler does not come up");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Some(pooler)
    }

    fn address(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn options(&self, schema: &Schema) -> PostgresOptions {
        let options = PostgresOptions::new(&self.address()).unwrap();
        options.with_schema(&schema.name).unwrap()
    }

    /// Another program, whose sessions have statements of the names that the driver uses next.
    async fn occupy_names(&self, direct: &str, sessions: usize) {
        let probe = connect(direct).await;
        let _kept = probe.prepare("SELECT 1").await.unwrap();
        let sql = "SELECT name FROM pg_prepared_statements WHERE statement = 'SELECT 1'";
        let rows = probe.query_typed(sql, &[]).await.unwrap();
        let number: i64 = rows[0].get::<_, &str>(0)[1..].parse().unwrap();
        let sql = format!(
            "BEGIN; DO $$ BEGIN FOR n IN {number}..{} LOOP
                 EXECUTE format('PREPARE s%s AS SELECT 1', n);
             END LOOP; END $$",
            number + 5_000
        );
        let mut all = Vec::new();
        // Each waits in its transaction, so that they have different sessions.
        for _ in 0..sessions {
            let client = connect(&self.address()).await;
            client.batch_execute(&sql).await.unwrap();
            all.push(client);
        }
        for client in all {
            client.batch_execute("COMMIT").await.unwrap();
        }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// How the pooler reaches the server, in its own words.
fn database(server: &Config) -> String {
    let host = match &server.get_hosts()[0] {
        Host::Tcp(host) => host.clone(),
        Host::Unix(path) => path.to_str().unwrap().to_owned(),
    };
    let port = server.get_ports().first().copied().unwrap_or(5432);
    let user = server.get_user().unwrap_or("postgres");
    let name = server.get_dbname().unwrap_or(user);
    let password = server
        .get_password()
        .map(|word| std::str::from_utf8(word).unwrap());
    let password = password.map(|word| format!(" password='{word}'"));
    format!(
        "host={host} port={port} user={user} dbname={name}{}",
        password.unwrap_or_default()
    )
}

/// Stores messages of many customers at once.
async fn deliver(store: &PostgresStore) {
    let mut tasks = JoinSet::new();
    for customer in 0..8 {
        let store = store.clone();
        tasks.spawn(async move {
            let who = contact("1", &format!("c{customer}"));
            for number in 0..10 {
                let text = format!("text {number} of c{customer}");
                let change = received(&who, &format!("m{number}"), number, &text);
                store.apply(&[change]).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
}

/// Every message is in its conversation.
async fn assert_delivered(store: &PostgresStore) {
    for customer in 0..8 {
        let messages = talk(store, &contact("1", &format!("c{customer}"))).await;
        let texts: Vec<&str> = messages
            .iter()
            .filter_map(|one| one.content.text.as_deref())
            .collect();
        let expected = (0..10)
            .rev()
            .map(|number| format!("text {number} of c{customer}"));
        assert_eq!(texts, expected.collect::<Vec<_>>());
    }
}

async fn ingest(test: &str, sessions: usize) {
    let (Some(pooler), Some(schema)) = (Pooler::new(test, sessions).await, Schema::new(test))
    else {
        return;
    };
    let direct = schema.open().await;
    pooler.occupy_names(&schema.address, sessions).await;
    // The danger is there: a name is the statement of another program.
    let named = pooler.options(&schema).with_prepared_statements(true);
    let named = PostgresStore::connect_with(named).await.unwrap();
    let change = [received(&ada(), "m1", 1, "Hello")];
    let error = named.apply(&change).await.unwrap_err();
    let StoreError::Unavailable(cause) = &error else {
        panic!("{error}");
    };
    assert_eq!(
        cause.to_string(),
        "the server answered 42P05 (the session has a prepared statement of this name: a pooler shares it with others)"
    );
    let store = PostgresStore::connect_with(pooler.options(&schema))
        .await
        .unwrap();
    deliver(&store).await;
    assert_delivered(&store).await;
    assert_delivered(&direct).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_pooler_statements_have_no_names() {
    ingest("pooler_of_three", 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_pooler_with_one_session_statements_have_no_names() {
    ingest("pooler_of_one", 1).await;
}

macro_rules! clauses {
    ($($clause:ident)*) => {$(
        #[tokio::test(flavor = "multi_thread")]
        async fn $clause() {
            let test = concat!("postgres::pooler::", stringify!($clause));
            let Some(pooler) = Pooler::new(test, 2).await else {
                return;
            };
            let schemas = Mutex::new(Vec::new());
            conformance::$clause(async |folder| open(&pooler, test, folder, &schemas).await).await;
        }
    )*};
}

clauses! { idempotent atomic concurrent cancel_safe isolated resumable gentle }

/// A store behind the pooler, on tables that were made without it.
async fn open(
    pooler: &Pooler,
    test: &str,
    folder: &Path,
    schemas: &Mutex<Vec<Schema>>,
) -> PostgresStore {
    let direct = contract::open(&address(test).unwrap(), folder, schemas).await;
    assert_eq!(direct.check().await.unwrap(), Vec::<PostgresFault>::new());
    let name = contract::schema_name(folder);
    let options = PostgresOptions::new(&pooler.address()).unwrap();
    let options = options.with_schema(&name).unwrap();
    PostgresStore::connect_with(options).await.unwrap()
}

/// One connection of the host's own.
fn host_pool(address: &str, recycling_method: RecyclingMethod) -> Pool {
    let config = ManagerConfig { recycling_method };
    let manager = Manager::from_config(address.parse().unwrap(), NoTls, config);
    Pool::builder(manager).max_size(1).build().unwrap()
}

/// Number of statements that the session of this pool keeps.
async fn prepared(pool: &Pool) -> i64 {
    let client = pool.get().await.unwrap();
    let sql = "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%contact%'";
    let rows = client.query_typed(sql, &[]).await.unwrap();
    rows[0].get(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_stay_prepared_on_the_server_itself_only() {
    let test = "pooler_or_server";
    let (Some(pooler), Some(schema)) = (Pooler::new(test, 1).await, Schema::new(test)) else {
        return;
    };
    let change = [received(&ada(), "m1", 1, "Hello")];
    for (address, is_direct) in [(&schema.address, true), (&pooler.address(), false)] {
        let pool = host_pool(address, RecyclingMethod::Fast);
        let store = PostgresStore::with_pool(pool.clone(), &schema.name)
            .await
            .unwrap();
        store.apply(&change).await.unwrap();
        assert_eq!(prepared(&pool).await > 0, is_direct, "{address}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_resets_its_sessions_needs_no_prepared_statements() {
    let Some(schema) = Schema::new("pool_that_resets") else {
        return;
    };
    let reset = RecyclingMethod::Custom("DISCARD ALL".to_owned());
    let pool = host_pool(&schema.address, reset);
    let store = PostgresStore::with_pool(pool, &schema.name).await.unwrap();
    for number in 0..10 {
        let change = received(&ada(), &format!("m{number}"), number, "Hello");
        store.apply(&[change]).await.unwrap();
    }
    assert_eq!(talk(&store, &ada()).await.len(), 10);
}
