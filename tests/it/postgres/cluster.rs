//! A server of one test's own: to be stopped hard, and to speak TLS.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use messenger_crm::store::postgres::PostgresOptions;
use messenger_crm::store::postgres::rustls::{
    self,
    pki_types::{CertificateDer, pem::PemObject as _},
};
use messenger_crm::store::{ContactStore, PostgresStore, StoreError};
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

use super::server::skipped;
use crate::store::{contact, received};

pub(super) struct Cluster {
    folder: PathBuf,
    binaries: PathBuf,
    port: u16,
    server: Option<Child>,
}

impl Cluster {
    /// A new one, where PostgreSQL's own programs are.
    pub(super) async fn new(test: &str) -> Option<Self> {
        let cluster = Self::empty(test)?;
        let mut initdb = cluster.program("initdb");
        run(initdb
            .args(["-A", "trust", "-U", "postgres", "--no-sync", "-D"])
            .arg(&cluster.folder));
        Some(cluster)
    }

    fn empty(test: &str) -> Option<Self> {
        let Some(binaries) = binaries() else {
            skipped(
                test,
                "there is no initdb on the path or below /usr/lib/postgresql",
            );
            return None;
        };
        // Whoever runs the server must get there.
        let folder =
            std::env::temp_dir().join(format!("crm-cluster-{}-{test}", std::process::id()));
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let cluster = Self {
            folder,
            binaries,
            port,
            server: None,
        };
        cluster.clear();
        Some(cluster)
    }

    fn clear(&self) {
        let _ = std::fs::remove_dir_all(&self.folder);
        std::fs::create_dir(&self.folder).unwrap();
        if is_root() {
            run(Command::new("chown").arg("postgres:").arg(&self.folder));
        }
        run(Command::new("chmod").arg("700").arg(&self.folder));
    }

    /// A new standby of this server, which is not started.
    pub(super) fn standby(&self, test: &str) -> Self {
        let standby = Self::empty(test).unwrap();
        standby.follow(self);
        standby
    }

    /// Becomes a standby of this server, with a fresh copy of its data.
    pub(super) fn follow(&self, primary: &Self) {
        self.clear();
        let mut backup = self.program("pg_basebackup");
        backup.args(["-R", "-X", "stream", "-c", "fast", "--no-sync"]);
        backup.args(["-h", "127.0.0.1", "-U", "postgres", "-p"]);
        backup.arg(primary.port.to_string());
        run(backup.arg("-D").arg(&self.folder).current_dir("/"));
    }

    pub(super) fn promote(&self) {
        let mut promote = self.program("pg_ctl");
        promote.args(["promote", "-w", "-D"]).arg(&self.folder);
        run(promote.current_dir("/"));
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// One of PostgreSQL's programs, by somebody who is not root.
    fn program(&self, name: &str) -> Command {
        let program = self.binaries.join(name);
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
        command.arg(program);
        command
    }

    pub(super) async fn start(&mut self, settings: &[&str]) {
        let mut server = self.program("postgres");
        server
            .arg("-D")
            .arg(&self.folder)
            .arg("-p")
            .arg(self.port.to_string());
        server.arg("-k").arg(&self.folder).args(["-h", "127.0.0.1"]);
        for setting in settings {
            server.arg("-c").arg(setting);
        }
        let server = server
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/");
        self.server = Some(server.spawn().unwrap());
        for _ in 0..600 {
            if let Ok((client, connection)) =
                tokio_postgres::connect(&self.address(""), NoTls).await
            {
                tokio::spawn(connection);
                client.batch_execute("SELECT 1").await.unwrap();
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server does not come up");
    }

    /// Lets this role connect over TCP only with its password.
    fn only_with_password(&self, role: &str) {
        let file = self.folder.join("pg_hba.conf");
        let rules = std::fs::read_to_string(&file).unwrap();
        let rule = format!("host all {role} all scram-sha-256\n");
        std::fs::write(file, rule + &rules).unwrap();
    }

    pub(super) fn stop(&mut self, mode: &str) {
        let mut stop = self.program("pg_ctl");
        run(stop
            .args(["stop", "-w", "-m", mode, "-D"])
            .arg(&self.folder)
            .current_dir("/"));
        self.server.take().unwrap().wait().unwrap();
    }

    pub(super) fn address(&self, query: &str) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{}/postgres{query}",
            self.port
        )
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.server.is_some() {
            self.stop("immediate");
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn binaries() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places: Vec<PathBuf> = std::env::split_paths(&path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        places.extend(versions.map(|version| version.unwrap().path().join("bin")));
    }
    // The server lies beside it, which a link does not.
    let initdb = places.into_iter().map(|place| place.join("initdb"));
    let found = initdb.filter_map(|initdb| std::fs::canonicalize(initdb).ok());
    found
        .filter_map(|initdb| Some(initdb.parent()?.to_owned()))
        .find(|place| place.join("postgres").exists())
}

pub(super) fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout == b"0\n"
}

#[track_caller]
pub(super) fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn i6_f5_what_was_acknowledged_survives_a_server_that_is_stopped_hard() {
    let Some(mut cluster) = Cluster::new("i6").await else {
        return;
    };
    cluster.start(&[]).await;
    let store = PostgresStore::connect(&cluster.address("")).await.unwrap();
    let acknowledged = Arc::new(Mutex::new(BTreeSet::new()));
    for round in 0..3 {
        let mut tasks = JoinSet::new();
        for task in 0..32 {
            let (store, acknowledged) = (store.clone(), acknowledged.clone());
            tasks.spawn(async move {
                for number in 0.. {
                    let id = format!("m{round}-{task}-{number}");
                    let change = received(&contact("1", &format!("c{task}")), &id, number, "Hello");
                    match store.apply(&[change]).await {
                        Ok(_) => acknowledged.lock().unwrap().insert(id),
                        Err(StoreError::Unavailable(_)) => return,
                        Err(error) => panic!("{error}"),
                    };
                }
            });
        }
        let wanted = 300 * (round + 1);
        while acknowledged.lock().unwrap().len() < wanted {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        cluster.stop("immediate");
        tasks.join_all().await;
        cluster.start(&[]).await;
        let (client, connection) = tokio_postgres::connect(&cluster.address(""), NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        let rows = client
            .query("SELECT id FROM messenger.message", &[])
            .await
            .unwrap();
        let stored: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(stored.len(), rows.len(), "doubled");
        let lost: Vec<String> = acknowledged
            .lock()
            .unwrap()
            .difference(&stored)
            .cloned()
            .collect();
        assert!(lost.is_empty(), "lost in round {round}: {lost:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sslmode_means_what_it_says() {
    let Some(mut cluster) = Cluster::new("tls").await else {
        return;
    };
    certify(&cluster.folder);
    cluster.start(&["ssl=on"]).await;
    let root = cluster.folder.join("ca.crt");
    let connect = async |cluster: &Cluster, host: &str, query: &str| {
        let address = cluster.address(query).replace("127.0.0.1", host);
        PostgresStore::connect_with(PostgresOptions::new(&address).unwrap().with_connections(1))
            .await
    };
    let is_secure = async |cluster: &Cluster| {
        let (client, connection) = tokio_postgres::connect(&cluster.address(""), NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        let sql = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'messenger-crm'";
        let rows = client.query(sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect::<Vec<bool>>()
    };
    let verified = format!("?sslmode=verify-full&sslrootcert={}", root.display());
    for (host, query, secure) in [
        ("127.0.0.1", "?sslmode=disable", false),
        ("127.0.0.1", "", true),
        ("127.0.0.1", "?sslmode=require", true),
        ("localhost", verified.as_str(), true),
    ] {
        let store = connect(&cluster, host, query).await.unwrap();
        assert_eq!(is_secure(&cluster).await, [secure], "{query}");
        drop(store);
        while !is_secure(&cluster).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    // The name is another, or nobody knows who vouches for it.
    for (host, query) in [
        ("127.0.0.1", verified.as_str()),
        ("localhost", "?sslmode=verify-full"),
    ] {
        let error = connect(&cluster, host, query).await.unwrap_err();
        assert!(matches!(error, StoreError::Misconfigured(_)), "{error}");
        assert!(error.to_string().contains("certificate"), "{error}");
    }
    cluster.stop("fast");
    cluster.start(&["ssl=off"]).await;
    connect(&cluster, "127.0.0.1", "").await.unwrap();
    for query in ["?sslmode=require", verified.as_str()] {
        let error = connect(&cluster, "localhost", query).await.unwrap_err();
        let text = "the store is misconfigured: error performing TLS handshake: server does not support TLS";
        assert_eq!(error.to_string(), text, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_says_in_words_what_is_wrong_and_whether_it_can_pass() {
    let Some(mut cluster) = Cluster::new("words").await else {
        return;
    };
    cluster.only_with_password("crm");
    cluster.start(&[]).await;
    let sql = "CREATE ROLE crm LOGIN PASSWORD 'secret'; CREATE ROLE busy LOGIN CONNECTION LIMIT 0;
        CREATE ROLE reader LOGIN; REVOKE CREATE ON DATABASE postgres FROM PUBLIC";
    let client = super::server::connect(&cluster.address("")).await;
    client.batch_execute(sql).await.unwrap();
    let server = format!("127.0.0.1:{}", cluster.port);
    for (address, text) in [
        (
            format!("postgres@{server}/missing"),
            "misconfigured: the server answered 3D000 (the database does not exist)",
        ),
        (
            format!("missing@{server}/postgres"),
            "misconfigured: the server answered 28000 (the role does not exist or may not connect)",
        ),
        (
            format!("crm:wrong@{server}/postgres"),
            "misconfigured: the server answered 28P01 (the password is wrong)",
        ),
        (
            format!("crm@{server}/postgres"),
            "misconfigured: invalid configuration: password missing",
        ),
        (
            format!("reader@{server}/postgres"),
            "misconfigured: the server answered 42501 (the role lacks a right)",
        ),
        (
            format!("busy@{server}/postgres"),
            "unavailable: the server answered 53300 (too many connections)",
        ),
    ] {
        let address = format!("postgres://{address}");
        let error = PostgresStore::connect(&address).await.unwrap_err();
        assert_eq!(error.to_string(), format!("the store is {text}"));
    }
    cluster.stop("immediate");
    let address = format!("postgres://crm:secret@{server}/postgres");
    let error = PostgresStore::connect(&address).await.unwrap_err();
    let text = "the store is unavailable: error connecting to server: Connection refused";
    assert!(error.to_string().starts_with(text), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_the_host_chooses_tls_and_the_channel_is_bound_to_the_password() {
    let Some(mut cluster) = Cluster::new("host-tls").await else {
        return;
    };
    certify(&cluster.folder);
    cluster.only_with_password("crm");
    cluster.start(&["ssl=on"]).await;
    let sql = "CREATE ROLE crm LOGIN PASSWORD 'secret'; GRANT CREATE ON DATABASE postgres TO crm";
    let client = super::server::connect(&cluster.address("")).await;
    client.batch_execute(sql).await.unwrap();
    let tls = |authority: &str| {
        let mut roots = rustls::RootCertStore::empty();
        let file = cluster.folder.join(authority);
        roots
            .add(CertificateDer::from_pem_file(file).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap();
        config.with_root_certificates(roots).with_no_client_auth()
    };
    let address = |query: &str| {
        let address = cluster.address(query).replace("127.0.0.1", "localhost");
        address.replace("postgres@", "crm:secret@")
    };
    let options = |query: &str| PostgresOptions::new(&address(query)).unwrap();
    // The default accepts this certificate, which only `verify-full` checks.
    let bound = options("?sslmode=require&channel_binding=require");
    let store = PostgresStore::connect_with(bound.clone()).await.unwrap();
    // A request to cancel takes the same way (N33).
    let lock = "BEGIN; LOCK TABLE messenger.page IN ACCESS EXCLUSIVE MODE";
    client.batch_execute(lock).await.unwrap();
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted";
    let waiting = async || client.query_one(waits, &[]).await.unwrap().get::<_, i64>(0);
    let reading = tokio::spawn(async move { store.contact(&contact("1", "c")).await });
    while waiting().await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    reading.abort();
    let dropped = Instant::now();
    while waiting().await > 0 {
        assert!(dropped.elapsed() < Duration::from_secs(3), "it goes on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    client.batch_execute("ROLLBACK").await.unwrap();
    PostgresStore::connect_with(bound.clone().with_tls(tls("ca.crt")))
        .await
        .unwrap();
    // The host trusts another authority.
    let other = bound.with_tls(tls("other.crt"));
    let error = PostgresStore::connect_with(other).await.unwrap_err();
    assert!(error.to_string().contains("certificate"), "{error}");
    // Without TLS there is no channel to bind.
    let plain = options("?sslmode=disable&channel_binding=require");
    assert!(PostgresStore::connect_with(plain).await.is_err());
    // A socket file needs no TLS, and the default asks for none.
    let folder = cluster.folder.to_str().unwrap();
    let local = format!("host={folder} port={} user=postgres", cluster.port);
    PostgresStore::connect(&local).await.unwrap();
}

/// An authority, and a certificate of its for `localhost`; another authority that signed nothing.
fn certify(folder: &Path) {
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        run(command.args(arguments.split(' ')).current_dir(folder));
    };
    openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=Authority",
    );
    openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout other.key -out other.crt -days 2 -subj /CN=Other",
    );
    openssl("req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=localhost");
    std::fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").unwrap();
    openssl(
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt",
    );
    run(Command::new("chmod")
        .arg("600")
        .arg(folder.join("server.key")));
    if is_root() {
        run(Command::new("chown").args(["-R", "postgres:"]).arg(folder));
    }
}
