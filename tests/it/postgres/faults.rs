//! Servers and lines that fail: nothing acknowledged is lost, nothing is told twice, and what the
//! server says of a row is not repeated.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use messenger_crm::change::{Applied, Change};
use messenger_crm::store::postgres::PostgresOptions;
use messenger_crm::store::postgres::deadpool_postgres::{Manager, Pool};
use messenger_crm::store::{ContactStore, PostgresStore, StoreError};
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

use super::server::{Schema, connect};
use crate::proxy::{Fault, Proxy};
use crate::store::{ada, contact, received, talk};

/// Messages of a few customers, told by many tasks until each is acknowledged: which were in the
/// end, and how often the store failed before.
async fn deliver(store: &PostgresStore, count: i64) -> (BTreeSet<String>, usize) {
    let mut tasks = JoinSet::new();
    for number in 0..count {
        let store = store.clone();
        tasks.spawn(async move {
            let change = message(number);
            for failures in 0.. {
                match store.apply(std::slice::from_ref(&change)).await {
                    Ok(_) => return (format!("m{number}"), failures),
                    Err(StoreError::Unavailable(_)) => {
                        tokio::time::sleep(Duration::from_millis(20)).await
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            unreachable!()
        });
    }
    let done = tasks.join_all().await;
    let failures = done.iter().map(|(_, failures)| failures).sum();
    (done.into_iter().map(|(id, _)| id).collect(), failures)
}

fn message(number: i64) -> Change {
    let who = contact("1", &format!("c{}", number % 9));
    received(&who, &format!("m{number}"), number, "Hello")
}

/// Each message is there exactly once, and each customer counts theirs.
async fn assert_whole(schema: &Schema, acknowledged: &BTreeSet<String>) {
    let client = schema.client().await;
    let rows = client
        .query("SELECT id FROM message ORDER BY id", &[])
        .await
        .unwrap();
    let stored: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(stored, acknowledged.iter().cloned().collect::<Vec<_>>());
    let unread = schema
        .number("SELECT sum(unread)::bigint FROM contact")
        .await;
    assert_eq!(unread as usize, stored.len());
    assert_eq!(
        schema.number("SELECT count(*) FROM text_gram").await as usize,
        stored.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s20_connections_that_are_terminated_lose_nothing() {
    let Some(schema) = Schema::new("s20") else {
        return;
    };
    let store = schema.open().await;
    let telling = {
        let store = store.clone();
        tokio::spawn(async move { deliver(&store, 600).await })
    };
    let mut terminated = 0;
    while !telling.is_finished() {
        schema.terminate().await;
        terminated += 1;
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
    let (acknowledged, _) = telling.await.unwrap();
    assert!(terminated > 1, "it was over before anything was terminated");
    assert_eq!(acknowledged.len(), 600);
    assert_whole(&schema, &acknowledged).await;
}

/// A line to the server, and the options of a store that goes by it.
pub(crate) async fn proxied(schema: &Schema) -> (Proxy, PostgresOptions) {
    let (user, rest) = schema.address.split_once('@').unwrap();
    let (server, database) = rest.split_once('/').unwrap();
    let server = if server.contains(':') {
        server.to_owned()
    } else {
        format!("{server}:5432")
    };
    let proxy = Proxy::to(server.parse().unwrap()).await;
    let address = format!("{user}@{}/{database}", proxy.address());
    let options = PostgresOptions::new(&address).unwrap();
    (proxy, options.with_schema(&schema.name).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn n4_a_process_that_vanishes_between_the_two_round_trips_holds_its_locks_for_seconds_only() {
    let Some(schema) = Schema::new("n4") else {
        return;
    };
    let (proxy, options) = proxied(&schema).await;
    let vanishing = PostgresStore::connect_with(options).await.unwrap();
    let others = schema.open().await;
    vanishing.apply(&[message(0)]).await.unwrap();
    proxy.set(Fault::Vanish);
    let last = tokio::spawn(async move { vanishing.apply(&[message(9)]).await });
    // It holds the lock of the conversation, and waits for statements that never come.
    let sql = "SELECT count(*) FROM pg_stat_activity
        WHERE state = 'idle in transaction' AND query LIKE '%' || current_schema() || '%'";
    while schema.number(sql).await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let began = Instant::now();
    others.apply(&[message(1)]).await.unwrap();
    assert_eq!(schema.number(sql).await, 1, "another customer did not wait");
    let (acknowledged, _) = deliver(&others, 30).await;
    assert!(began.elapsed() < Duration::from_secs(8), "{began:?}");
    assert_whole(&schema, &acknowledged).await;
    last.await.unwrap().unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_cut_reset_or_refused_lose_nothing() {
    let Some(schema) = Schema::new("proxy") else {
        return;
    };
    schema.open().await;
    let (proxy, options) = proxied(&schema).await;
    let store = PostgresStore::connect_with(options).await.unwrap();
    let mut all = BTreeSet::new();
    let faults = [
        Fault::Refuse,
        Fault::Cut(0),
        Fault::Cut(300),
        Fault::Cut(700),
        Fault::Cut(1000),
        Fault::Reset(1),
        Fault::Reset(900),
        Fault::Garble(500),
    ];
    for (round, fault) in faults.into_iter().enumerate() {
        proxy.set(fault);
        let telling = {
            let store = store.clone();
            tokio::spawn(async move { deliver(&store, 30 * (round as i64 + 1)).await })
        };
        let before = proxy.connections();
        while proxy.connections() < before + 3 && !telling.is_finished() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        proxy.set(Fault::None);
        let (acknowledged, _) = telling.await.unwrap();
        all.extend(acknowledged);
        assert_whole(&schema, &all).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s21_f11_a_pool_without_a_free_connection_is_an_error_in_time() {
    let Some(schema) = Schema::new("s21") else {
        return;
    };
    let manager = Manager::new(schema.address.parse().unwrap(), NoTls);
    let pool = Pool::builder(manager).max_size(1).build().unwrap();
    let store = PostgresStore::with_pool(pool.clone(), &schema.name)
        .await
        .unwrap();
    let held = pool.get().await.unwrap();
    // Not one of these ends by the pool itself, which would wait for ever.
    let error = store.contact(&ada()).await.unwrap_err();
    let text = "the store is unavailable: no connection became free in time";
    assert_eq!(error.to_string(), text);
    let change = received(&ada(), "m1", 1, "Hello");
    let error = store
        .apply(std::slice::from_ref(&change))
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    drop(held);
    store.apply(&[change]).await.unwrap();
    assert_eq!(talk(&store, &ada()).await.len(), 1);
}

/// The server fails with this code so often.
async fn fails(schema: &Schema, code: &str, times: u32) {
    let client = schema.client().await;
    let sql = format!(
        "CREATE SEQUENCE IF NOT EXISTS failure; ALTER SEQUENCE failure RESTART;
         CREATE OR REPLACE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF nextval('{0}.failure') <= {times} THEN
                 RAISE EXCEPTION 'failed on %', NEW.text USING ERRCODE = '{code}', DETAIL = 'row: ' || NEW.text;
             END IF; RETURN NEW; END $$;
         CREATE OR REPLACE TRIGGER fail BEFORE INSERT ON message FOR EACH ROW EXECUTE FUNCTION fail()",
        schema.name
    );
    client.batch_execute(&sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn s22_f11_serialization_failures_and_deadlocks_are_tried_again_a_bounded_number_of_times() {
    let Some(schema) = Schema::new("s22") else {
        return;
    };
    let store = schema.open().await;
    let codes = [
        ("40001", "another transaction was faster"),
        ("40P01", "a deadlock"),
    ];
    for (number, (code, words)) in codes.into_iter().enumerate() {
        let change = received(&ada(), &format!("m{number}"), 1, "secret");
        fails(&schema, code, 7).await;
        let answers = store.apply(std::slice::from_ref(&change)).await.unwrap();
        assert!(matches!(answers[..], [Applied::New { .. }]), "{answers:?}");
        assert_eq!(schema.number("SELECT last_value FROM failure").await, 8);

        fails(&schema, code, 1000).await;
        let change = received(&ada(), &format!("n{number}"), 1, "secret");
        let error = store.apply(&[change]).await.unwrap_err();
        let text = format!("the store is unavailable: the server answered {code} ({words})");
        assert_eq!(error.to_string(), text);
        assert_eq!(schema.number("SELECT last_value FROM failure").await, 8);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s22_f11_two_who_take_their_locks_crosswise_both_come_through() {
    let Some(schema) = Schema::new("s22") else {
        return;
    };
    let store = schema.open().await;
    let (one, two) = (contact("1", "one"), contact("1", "two"));
    for who in [&one, &two] {
        store
            .apply(&[received(who, "m0", 1, "Hello")])
            .await
            .unwrap();
    }
    let mut client = schema.client().await;
    client
        .batch_execute("SET deadlock_timeout = 60000")
        .await
        .unwrap();
    let transaction = client.transaction().await.unwrap();
    let lock = "SELECT 1 FROM contact WHERE psid = 'two' FOR UPDATE";
    transaction.query(lock, &[]).await.unwrap();
    let applying = {
        let (store, both) = (
            store.clone(),
            [received(&one, "m1", 2, "x"), received(&two, "m1", 2, "x")],
        );
        tokio::spawn(async move { store.apply(&both).await })
    };
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid IN
        (SELECT pid FROM pg_stat_activity WHERE application_name = 'messenger-crm' AND query LIKE '%' || current_schema() || '%')";
    while schema.number(waits).await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // The store's process is the one that finds the deadlock, and gives way.
    transaction
        .query("SELECT 1 FROM contact WHERE psid = 'one' FOR UPDATE", &[])
        .await
        .unwrap();
    transaction.rollback().await.unwrap();
    applying.await.unwrap().unwrap();
    assert_eq!(talk(&store, &one).await.len(), 2);
    assert_eq!(talk(&store, &two).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_repeat_nothing_of_a_row() {
    let Some(schema) = Schema::new("errors") else {
        return;
    };
    let store = schema.open().await;
    for (code, kind, words) in [
        ("23514", "refuses this change", "a constraint is violated"),
        ("53100", "is unavailable", "the disk is full"),
        ("53300", "is unavailable", "too many connections"),
        ("58030", "is unavailable", "a system error"),
        ("XX000", "is unavailable", "an internal error"),
        ("ZZ123", "is unavailable", "an error"),
        ("42501", "is misconfigured", "the role lacks a right"),
    ] {
        fails(&schema, code, 1000).await;
        let change = received(&ada(), "m1", 1, "secret words");
        let error = store.apply(&[change]).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("the store {kind}: the server answered {code} ({words})")
        );
        let mut source: Option<&dyn std::error::Error> = Some(&error);
        while let Some(error) = source {
            let text = format!("{error} {error:?}");
            assert!(!text.contains("secret") && !text.contains("ada"), "{text}");
            source = error.source();
        }
    }
    // Where the disk has space again, it works again.
    fails(&schema, "53100", 0).await;
    store
        .apply(&[received(&ada(), "m1", 1, "secret words")])
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_unavailable_and_the_password_is_not_told() {
    // Nobody listens there.
    let address = "postgres://crm:secret@127.0.0.1:1/crm";
    let error = PostgresStore::connect(address).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(matches!(error, StoreError::Unavailable(_)), "{text}");
    assert!(text.contains("Connection refused"), "{text}");
    assert!(!text.contains("secret"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn n27_one_poison_among_64_costs_few_commits() {
    let Some(schema) = Schema::new("poison") else {
        return;
    };
    let store = schema.open().await;
    let client = connect(&schema.address).await;
    let sql = format!(
        "SET search_path TO {}; ALTER TABLE message ADD CONSTRAINT poison CHECK (text <> 'poison')",
        schema.name
    );
    client.batch_execute(&sql).await.unwrap();
    // The first two commits wait until all others wait behind them, in this order of Pages.
    for page in ["1", "2"] {
        let known = [received(&contact(page, "known"), "m0", 1, "Hello")];
        store.apply(&known).await.unwrap();
    }
    let mut holder = schema.client().await;
    let transaction = holder.transaction().await.unwrap();
    let lock = "LOCK TABLE message IN SHARE MODE";
    transaction.batch_execute(lock).await.unwrap();
    let mut tasks = JoinSet::new();
    let tell = |page: &str, number: i64, text: &'static str| {
        let (store, who) = (store.clone(), contact(page, &format!("c{number}")));
        async move { store.apply(&[received(&who, "m1", 2, text)]).await }
    };
    for number in 0..2 {
        tasks.spawn(tell("2", number, "good"));
        let sql =
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'message'::regclass";
        while schema.number(sql).await <= number {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    for number in 2..34 {
        tasks.spawn(tell(
            "1",
            number,
            if number == 20 { "poison" } else { "good" },
        ));
        tasks.spawn(tell("2", number, "good"));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let revisions = "SELECT sum(revision)::bigint FROM page";
    let before = schema.number(revisions).await;
    assert_eq!(before, 2, "they did not wait");
    transaction.rollback().await.unwrap();
    let answers = tasks.join_all().await;
    let refused = answers.iter().filter(|answer| answer.is_err()).count();
    assert_eq!(refused, 1, "{answers:?}");
    assert_eq!(schema.number("SELECT count(*) FROM message").await, 67);
    // The two; 32 without it on two Pages; the other Page; by halves: 8, 4, 2, 1.
    let commits = schema.number(revisions).await - before;
    assert!(commits <= 12, "{commits} commits");
}
