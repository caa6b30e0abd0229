//! The contract of the store as tests, on the server that `MESSENGER_TEST_MARIADB` names, such as
//! `mysql://root@127.0.0.1/`. Each test has a database.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use mariadb_store::MariaDbStore;
use messenger_crm::change::Change;
use messenger_crm::id::{Mid, PageId, Psid};
use messenger_crm::model::{ContactKey, Content, Entry, EntryId, Revision, Source};
use messenger_crm::store::conformance::{self, POISON};
use messenger_crm::store::{ContactStore, StoreError};
use messenger_crm::time::Timestamp;
use mysql_async::prelude::Queryable;

macro_rules! clauses {
    ($($clause:ident)*) => {$(
        #[tokio::test]
        async fn $clause() {
            if let Some(databases) = Databases::find(stringify!($clause)) {
                conformance::$clause(async |folder: &Path| databases.open(folder).await).await;
            }
        }
    )*};
}

clauses! {
    idempotent atomic monotonic ordered separate complete faithful forgetful concurrent cancel_safe
    shared patient durable isolated honest resumable fenced gentle exclusive searchable
    like_the_model search_like_the_model
}

/// The store does not count the rows that it visits.
#[test]
fn bounded() {
    assert!(conformance::skip(module_path!(), "bounded", &["bounded"]));
}

/// The databases of one test, on the server of `MESSENGER_TEST_MARIADB`; dropped with it.
struct Databases {
    server: String,
    names: Mutex<BTreeSet<String>>,
}

impl Databases {
    /// `None`, and a line past what captures the output of tests, when there is no server. In CI
    /// there must be one.
    fn find(test: &str) -> Option<Self> {
        let Ok(server) = std::env::var("MESSENGER_TEST_MARIADB") else {
            let why = "MESSENGER_TEST_MARIADB names no server";
            assert!(std::env::var_os("CI").is_none(), "{why}");
            let mut output = std::io::stderr();
            writeln!(output, "NOT TESTED: mariadb::{test}: {why}").unwrap();
            return None;
        };
        let (server, names) = (server.trim_end_matches('/').to_owned(), Mutex::default());
        Some(Self { server, names })
    }

    /// A store in the database that is named after the folder. The database refuses the poison.
    async fn open(&self, folder: &Path) -> MariaDbStore {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let name = format!("messenger_{}", name.replace('-', "_"));
        self.names.lock().unwrap().insert(name.clone());
        run(&self.server, &format!("CREATE DATABASE IF NOT EXISTS {name}")).await;
        let url = format!("{}/{name}", self.server);
        let store = MariaDbStore::connect(&url).await.unwrap();
        let trigger = format!(
            "CREATE TRIGGER IF NOT EXISTS {name}.poison BEFORE INSERT ON {name}.message FOR EACH ROW
             IF NEW.data LIKE '%{POISON}%' THEN SIGNAL SQLSTATE '45000'; END IF"
        );
        run(&self.server, &trigger).await;
        store
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        let server = self.server.clone();
        let names = std::mem::take(&mut *self.names.lock().unwrap());
        // The runtime of the test may be busy.
        let dropping = std::thread::spawn(move || {
            let mut runtime = tokio::runtime::Builder::new_current_thread();
            let runtime = runtime.enable_all().build().unwrap();
            runtime.block_on(async {
                for name in names {
                    end_connections(&server, &name).await;
                    run(&server, &format!("DROP DATABASE IF EXISTS {name}")).await;
                }
            });
        });
        dropping.join().unwrap();
    }
}

/// Ends the connections to a database: a test that fails leaves transactions, whose locks keep the
/// database from being dropped.
async fn end_connections(server: &str, name: &str) {
    let opts = mysql_async::Opts::from_url(server).unwrap();
    let mut connection = mysql_async::Conn::new(opts).await.unwrap();
    let sql = "SELECT id FROM information_schema.processlist WHERE db = ?";
    let ids: Vec<u64> = connection.exec(sql, (name,)).await.unwrap();
    for id in ids {
        // It may have ended by itself.
        let _ = connection.query_drop(format!("KILL {id}")).await;
    }
    connection.disconnect().await.unwrap();
}

/// Executes a statement on a connection of the test.
async fn run(server: &str, sql: &str) {
    let opts = mysql_async::Opts::from_url(server).unwrap();
    let mut connection = mysql_async::Conn::new(opts).await.unwrap();
    connection.query_drop(sql).await.unwrap();
    connection.disconnect().await.unwrap();
}

fn ada() -> ContactKey {
    ContactKey::new(PageId::new("1").unwrap(), Psid::new("ada").unwrap())
}

fn received(contact: ContactKey, id: &str, text: &str) -> Change {
    let id = EntryId::of_message(&Mid::new(id).unwrap());
    let at = Timestamp::from_millis(1_700_000_000_000);
    Change::received(contact, Entry::new(id, at, Source::Webhook, Content::text(text)))
}

/// Two stores on one database stand for two processes: they share nothing else.
#[tokio::test]
async fn n4_what_one_process_commits_another_one_reports_while_it_waits() {
    let Some(databases) = Databases::find("changed") else {
        return;
    };
    let folder = Path::new("two-processes-changed");
    let (one, other) = (databases.open(folder).await, databases.open(folder).await);
    let page = ada().page;
    let began = Instant::now();
    let wait = Duration::from_secs(60);
    let (changed, _) = tokio::join!(other.changed(&page, Revision::default(), wait), async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        one.apply(&[received(ada(), "m1", "Hello")]).await.unwrap();
    });
    let changed = changed.unwrap();
    assert_eq!(changed.contacts, [ada()]);
    assert!(began.elapsed() < wait);
    // Nothing new: it waits as long as it is asked to.
    let since = changed.revision;
    let quiet = other.changed(&page, since, Duration::from_millis(300)).await.unwrap();
    assert_eq!((quiet.contacts, quiet.revision), (Vec::new(), since));
}

/// Writers of two processes on one Page wait for each other and lose nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn n4_writers_of_two_processes_lose_no_update() {
    let Some(databases) = Databases::find("two_writers") else {
        return;
    };
    let folder = Path::new("two-processes-writers");
    let stores = [databases.open(folder).await, databases.open(folder).await];
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..40 {
        let store = stores[number % 2].clone();
        let change = received(ada(), &format!("m{number}"), "Hello");
        tasks.spawn(async move { store.apply(&[change]).await.unwrap() });
    }
    assert_eq!(tasks.join_all().await.len(), 40);
    let found = stores[0].contact(&ada()).await.unwrap().unwrap();
    assert_eq!((found.unread, found.revision), (40, Revision::new(40)));
}

#[tokio::test]
async fn r17_an_error_shows_no_text_and_no_password() {
    let Some(databases) = Databases::find("errors") else {
        return;
    };
    let store = databases.open(Path::new("errors")).await;
    let error = store.apply(&[received(ada(), "m1", POISON)]).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains(POISON));
    let url = databases.server.replace("root@", "nobody:secret-word@");
    let error = MariaDbStore::connect(&format!("{url}/errors")).await.unwrap_err();
    assert!(matches!(error, StoreError::Misconfigured(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("secret-word"));
    let error = MariaDbStore::connect("mysql//secret-word").await.unwrap_err();
    assert!(matches!(error, StoreError::Misconfigured(_)), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("secret-word"));
}
