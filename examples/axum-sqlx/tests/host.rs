//! The host with two Pages, as a program, against the simulator and a separate database.
//!
//! It needs a PostgreSQL server, named by `MESSENGER_TEST_POSTGRES`.

#![allow(clippy::unwrap_used)]

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use messenger_crm::simulator::{AppSetup, PageSetup, PersonSetup, Scene, Simulator};
use sqlx::{Connection as _, PgConnection};
use tokio::time::{sleep, timeout};

const SECRET: &str = "60efff025951cddde78c8d03de52cc90";
const PAGES: [(&str, &str, &str); 2] = [("21", "EAAbakery", "31"), ("22", "EAAflorist", "32")];

struct Host(Child, String);

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn host(database: &str, graph: &str) -> Host {
    let mut command = Command::new(env!("CARGO_BIN_EXE_axum-sqlx"));
    command.env("DATABASE_URL", database).env("GRAPH_URL", graph).env("LISTEN", "127.0.0.1:0");
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let url = line.trim().strip_prefix("host ").unwrap_or_else(|| panic!("{line:?}"));
    Host(child, url.to_owned())
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
async fn two_pages_are_served_customers_are_linked_and_a_bot_answers() {
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
    let program = host(&url, &simulator.url());
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
    let callback = format!("{}tea", program.1);
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
    // Each customer has a row of the host, and the store has its id.
    until("both customers are linked", async || {
        let sql = "SELECT count(*) FROM customers c JOIN messenger.label f
            ON f.name = 'customer' AND f.value = c.id::text WHERE c.messages = 2";
        let linked = sqlx::query_scalar::<_, i64>(sql).fetch_one(&mut ours).await;
        linked.unwrap() == 2
    })
    .await;
    let metrics = program.1.replace("/webhook/", "/metrics");
    let metrics = get(&metrics).await;
    assert!(metrics.contains(r#"messenger_sends_total{outcome="sent"} 4"#), "{metrics}");
    assert!(!metrics.contains("Ada") && !metrics.contains("oolong"), "{metrics}");

    drop(program);
    drop(ours);
    simulator.shutdown().await;
    let drop = format!("DROP DATABASE {name} WITH (FORCE)");
    sqlx::raw_sql(&drop).execute(&mut admin).await.unwrap();
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
