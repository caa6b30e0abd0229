//! The host with two Pages, as a program, against the simulator and a separate database.
//!
//! It needs a PostgreSQL server, named by `MESSENGER_TEST_POSTGRES`.

#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::{Duration, SystemTime},
};

use messenger_crm::{
    Timestamp,
    model::{Side, WorkKind},
    simulator::{AppSetup, Customer, PageSetup, PersonSetup, Scene, Simulator},
    store::{ContactStore as _, MessageQuery, PendingQuery, PostgresStore},
};
use sqlx::{Connection as _, PgConnection};
use tokio::time::{sleep, timeout};

const SECRET: &str = "60efff025951cddde78c8d03de52cc90";
const PAGES: [(&str, &str, &str); 2] = [("21", "EAAbakery", "31"), ("22", "EAAflorist", "32")];

struct Host {
    child: Child,
    url: String,
}

impl Host {
    fn start(database: &str, graph: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_axum-sqlx"));
        command.env("DATABASE_URL", database).env("GRAPH_URL", graph).env("LISTEN", "127.0.0.1:0");
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("host ").unwrap_or_else(|| panic!("{line:?}"));
        Self { child, url: url.to_owned() }
    }

    /// SIGTERM: the program ends by itself, and says that all is well.
    #[cfg(unix)]
    async fn terminates(&mut self) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let mut status = None;
        until("the program ends", async || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        })
        .await;
        assert!(status.unwrap().success(), "{status:?}");
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A database that only this test uses.
async fn database(server: &str) -> (PgConnection, String, String) {
    let mut connection = PgConnection::connect(server).await.unwrap();
    let random: i64 = sqlx::query_scalar("SELECT (random() * 1e15)::bigint")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let name = format!("axum_sqlx_{random}");
    sqlx::raw_sql(&format!("CREATE DATABASE {name}")).execute(&mut connection).await.unwrap();
    let (start, _) = server.rsplit_once('/').unwrap();
    (connection, format!("{start}/{name}"), name)
}

async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let done = timeout(Duration::from_secs(60), waiting).await;
    done.unwrap_or_else(|_| panic!("not within a minute: {what}"));
}

#[tokio::test]
async fn two_pages_are_served_customers_are_linked_and_a_bot_answers_until_a_person_is_wanted() {
    let Ok(server) = std::env::var("MESSENGER_TEST_POSTGRES") else {
        assert!(std::env::var_os("CI").is_none(), "CI has no PostgreSQL server");
        println!("NOT TESTED: MESSENGER_TEST_POSTGRES names no PostgreSQL server");
        return;
    };
    let (mut admin, url, name) = database(&server).await;
    let mut scene = Scene::new().with_app(AppSetup::new("11").with_secret(SECRET));
    for (page, token, psid) in PAGES {
        let person = PersonSetup::new(psid, "Ada Lovelace");
        scene = scene
            .with_page(PageSetup::new(page, "Tea").with_token("11", token).with_person(person));
    }
    let simulator = Simulator::start_scene("127.0.0.1:0".parse().unwrap(), scene).await.unwrap();

    // The program makes its tables; then somebody connects the Pages.
    let mut program = Host::start(&url, &simulator.url());
    let mut ours = PgConnection::connect(&url).await.unwrap();
    sqlx::query("INSERT INTO app VALUES ('11', 'tea', $1, 'hush')")
        .bind(SECRET)
        .execute(&mut ours)
        .await
        .unwrap();
    for (page, token, _) in PAGES {
        sqlx::query("INSERT INTO page VALUES ($1, '11', $2)")
            .bind(page)
            .bind(token)
            .execute(&mut ours)
            .await
            .unwrap();
    }
    let callback = format!("{}tea", program.url);
    simulator.subscribe_app("11", &callback, "hush").await.unwrap();

    for (_, _, psid) in PAGES {
        let customer = simulator.customer(psid).unwrap();
        customer.writes("Do you have oolong?").unwrap();
        until("the bot asks", async || {
            customer.thread().iter().any(|one| one.from_page && !one.quick_replies.is_empty())
        })
        .await;
        customer.taps("Prices").unwrap();
        until("the bot shows the template", async || {
            customer.thread().iter().any(|one| one.from_page && one.template.is_some())
        })
        .await;
    }
    // The first customer asks for a person: from then on the bot is silent there.
    let store = PostgresStore::connect(&url).await.unwrap();
    let first = simulator.customer(PAGES[0].2).unwrap();
    first.writes("Hello?").unwrap();
    until("the bot asks again", async || replies(&first) == 3).await;
    first.taps("A person, please").unwrap();
    until("the bot says goodbye", async || replies(&first) == 4).await;
    first.writes("Are you there?").unwrap();
    simulator.delivered().await;
    until("all work is done", async || is_idle(&store).await).await;
    assert_eq!(replies(&first), 4, "{:?}", first.thread());

    // Each customer has one row of the host, and the store finds the customer by its id.
    let sql = "SELECT id, page, psid, wrote_at FROM customers ORDER BY page";
    let rows: Vec<(i64, String, String, i64)> =
        sqlx::query_as(sql).fetch_all(&mut ours).await.unwrap();
    assert_eq!(rows.len(), PAGES.len(), "{rows:?}");
    for ((id, page, psid, wrote_at), expected) in rows.iter().zip(PAGES) {
        assert_eq!((page.as_str(), psid.as_str()), (expected.0, expected.2));
        let found = store.find("customer", &id.to_string()).await.unwrap();
        assert_eq!(found.len(), 1, "row {id}");
        let key = &found[0].key;
        assert_eq!((key.page.as_str(), key.psid.as_str()), (expected.0, expected.2));
        let messages = store.messages(&MessageQuery::new(key.clone())).await.unwrap().rows;
        let theirs = messages.iter().filter(|one| one.side == Side::Customer);
        assert_eq!(theirs.map(|one| one.at.as_millis()).max(), Some(*wrote_at));
    }
    let address = program.url.replace("/webhook/", "/metrics");
    let mut metrics = String::new();
    until("six replies are counted", async || {
        metrics = get(&address).await;
        metrics.contains(r#"messenger_sends_total{outcome="sent"} 6"#)
    })
    .await;
    assert!(metrics.contains("messenger_queue_depth"), "{metrics}");
    assert!(!metrics.contains("Ada") && !metrics.contains("oolong"), "{metrics}");

    #[cfg(unix)]
    program.terminates().await;
    drop(program);
    drop((store, ours));
    simulator.shutdown().await;
    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
    sqlx::raw_sql(&drop).execute(&mut admin).await.unwrap();
}

/// Number of messages of the Page on the customer's phone.
fn replies(customer: &Customer<'_>) -> usize {
    customer.thread().iter().filter(|one| one.from_page).count()
}

/// Whether nothing waits to be handled or sent, not even behind a lease.
async fn is_idle(store: &PostgresStore) -> bool {
    let later = Timestamp::from(SystemTime::now()) + Duration::from_secs(3600);
    let kinds = [WorkKind::SEND, WorkKind::handle("bot"), WorkKind::handle("customers")];
    store.pending(&PendingQuery::new(later, kinds)).await.unwrap().is_empty()
}

async fn get(url: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let rest = url.strip_prefix("http://").unwrap();
    let (address, path) = rest.split_once('/').unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head = format!("GET /{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
