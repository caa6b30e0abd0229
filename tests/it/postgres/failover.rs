//! A primary that dies, and the standby that takes over.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use messenger_crm::id::PageId;
use messenger_crm::store::postgres::PostgresOptions;
use messenger_crm::store::{ContactQuery, ContactStore, PostgresStore, StoreError};
use tokio::task::JoinSet;
use tokio_postgres::Client;

use super::cluster::Cluster;
use super::server::connect;
use crate::store::{ada, contact, received, talk};

const WRITERS: usize = 32;

/// The address of both, of which one accepts writes.
fn both(one: &Cluster, other: &Cluster) -> String {
    format!(
        "postgres://postgres@127.0.0.1:{},127.0.0.1:{}/postgres?target_session_attrs=read-write",
        one.port(),
        other.port()
    )
}

async fn count(client: &Client, sql: &str) -> i64 {
    client.query_one(sql, &[]).await.unwrap().get(0)
}

/// From now on each commit waits until a standby has it.
async fn replicate(client: &Client) {
    for sql in [
        "ALTER SYSTEM SET synchronous_standby_names = '*'",
        "SELECT pg_reload_conf()",
    ] {
        client.batch_execute(sql).await.unwrap();
    }
    let sql = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
    while count(client, sql).await == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Writers that go on until they are stopped, and what was acknowledged to them.
#[derive(Clone, Default)]
struct Acknowledged {
    ids: Arc<Mutex<BTreeSet<String>>>,
    last: Arc<Mutex<Vec<Option<Instant>>>>,
    is_over: Arc<AtomicBool>,
}

impl Acknowledged {
    fn write(&self, stores: &[PostgresStore]) -> JoinSet<()> {
        *self.last.lock().unwrap() = vec![None; WRITERS];
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let (this, store) = (self.clone(), stores[writer % stores.len()].clone());
            writers.spawn(async move {
                for number in 0.. {
                    let id = format!("m{writer}-{number}");
                    let who = contact("1", &format!("c{writer}"));
                    let change = received(&who, &id, number, "Hello");
                    while let Err(error) = store.apply(std::slice::from_ref(&change)).await {
                        let is_passing = matches!(error, StoreError::Unavailable(_));
                        assert!(is_passing, "{error}");
                        if this.is_over.load(Ordering::SeqCst) {
                            return;
                        }
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                    this.ids.lock().unwrap().insert(id);
                    this.last.lock().unwrap()[writer] = Some(Instant::now());
                    if this.is_over.load(Ordering::SeqCst) {
                        return;
                    }
                }
            });
        }
        writers
    }

    /// Until each writer was acknowledged something that it began after this moment, or so long.
    async fn all_since(&self, moment: Instant, limit: Duration) {
        loop {
            let last = self.last.lock().unwrap().clone();
            let after = |last: &Option<Instant>| last.is_some_and(|last| last > moment);
            let waiting = last.iter().filter(|last| !after(last)).count();
            if waiting == 0 {
                return;
            }
            assert!(moment.elapsed() < limit, "{waiting} writers still wait");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Nothing is missing, nothing is there twice, and each customer counts their messages.
    async fn assert_in(&self, client: &Client) {
        let ids = self.ids.lock().unwrap().clone();
        // The writers go on meanwhile.
        let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ";
        client.batch_execute(begin).await.unwrap();
        let rows = client
            .query("SELECT id FROM messenger.message", &[])
            .await
            .unwrap();
        let stored: BTreeSet<String> = rows.iter().map(|row| row.get(0)).collect();
        assert_eq!(stored.len(), rows.len(), "doubled");
        let lost: Vec<&String> = ids.difference(&stored).collect();
        assert!(lost.is_empty(), "lost: {lost:?}");
        let unread = "SELECT sum(unread)::bigint FROM messenger.contact";
        assert_eq!(count(client, unread).await as usize, stored.len());
        client.batch_execute("COMMIT").await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n39_a_standby_takes_over_within_ten_seconds_and_nothing_acknowledged_is_lost() {
    let Some(mut old) = Cluster::new("n39-old").await else {
        return;
    };
    old.start(&[]).await;
    let mut new = old.standby("n39-new");
    new.start(&[]).await;
    replicate(&connect(&old.address("")).await).await;
    let address = both(&old, &new);
    // Two processes.
    let stores = [
        PostgresStore::connect(&address).await.unwrap(),
        PostgresStore::connect(&address).await.unwrap(),
    ];
    let acknowledged = Acknowledged::default();
    let mut writers = acknowledged.write(&stores);
    acknowledged
        .all_since(Instant::now(), Duration::from_secs(30))
        .await;

    let died = Instant::now();
    old.stop("immediate");
    new.promote();
    acknowledged
        .all_since(Instant::now(), Duration::from_secs(10))
        .await;
    assert!(
        died.elapsed() < Duration::from_secs(10),
        "{:?}",
        died.elapsed()
    );
    let client = connect(&new.address("")).await;
    acknowledged.assert_in(&client).await;

    // The old one comes back as a standby, to which nobody writes.
    old.follow(&new);
    old.start(&[]).await;
    replicate(&client).await;
    let back = Instant::now();
    acknowledged.all_since(back, Duration::from_secs(10)).await;
    acknowledged.is_over.store(true, Ordering::SeqCst);
    while let Some(writer) = writers.join_next().await {
        writer.unwrap();
    }
    acknowledged.assert_in(&client).await;
    let error = PostgresStore::connect(&old.address("")).await.unwrap_err();
    let text = "the store is unavailable: the server is read-only";
    assert_eq!(error.to_string(), text);
    // What the last commits acknowledged is on both.
    let standby = connect(&old.address("")).await;
    let replayed = "SELECT count(*) FROM messenger.message";
    let wanted = count(&client, replayed).await;
    while count(&standby, replayed).await < wanted {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    acknowledged.assert_in(&standby).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn n39_without_its_standby_nothing_is_acknowledged() {
    let Some(mut primary) = Cluster::new("n39-sync").await else {
        return;
    };
    primary.start(&[]).await;
    let mut standby = primary.standby("n39-away");
    standby.start(&[]).await;
    let client = connect(&primary.address("")).await;
    replicate(&client).await;
    let store = PostgresStore::connect(&primary.address("")).await.unwrap();
    store
        .apply(&[received(&ada(), "m0", 0, "Hello")])
        .await
        .unwrap();
    standby.stop("immediate");
    // One or many in a commit: no time limit, and no request to cancel, makes a commit look complete that
    // waits for the standby.
    let mut tasks = JoinSet::new();
    for number in 0..64 {
        let store = store.clone();
        tasks.spawn(async move {
            // The first waits on another Page than the others, which share a commit.
            let who = contact(&(number + 1).to_string(), "someone");
            store.apply(&[received(&who, "m1", 1, "Hello")]).await
        });
    }
    for result in tasks.join_all().await {
        let error = result.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    }
    standby.start(&[]).await;
    let acknowledged = store.apply(&[received(&ada(), "m1", 1, "Hello")]).await;
    acknowledged.unwrap();
    assert_eq!(talk(&store, &ada()).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn n39_a_connection_that_turns_out_to_be_read_only_is_replaced() {
    let Some(mut one) = Cluster::new("n39-one").await else {
        return;
    };
    let mut other = Cluster::new("n39-other").await.unwrap();
    other.start(&[]).await;
    PostgresStore::connect(&other.address("")).await.unwrap();
    other.stop("fast");
    one.start(&[]).await;
    let address = both(&one, &other);
    let store = PostgresStore::connect(&address).await.unwrap();
    let change = |number: i64| received(&ada(), &format!("m{number}"), number, "Hello");
    // Several connections, all of them to the first server.
    let mut tasks = JoinSet::new();
    for number in 0..16 {
        let store = store.clone();
        tasks.spawn(async move { store.contact(&contact("1", &format!("c{number}"))).await });
    }
    tasks.join_all().await;
    store.apply(&[change(0)]).await.unwrap();
    // It stays up but is the primary no longer, as behind a pooler.
    let client = connect(&one.address("")).await;
    for sql in [
        "ALTER SYSTEM SET default_transaction_read_only = on",
        "SELECT pg_reload_conf()",
    ] {
        client.batch_execute(sql).await.unwrap();
    }
    while store.check().await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let error = store.apply(&[change(1)]).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    other.start(&[]).await;
    store.apply(&[change(1)]).await.unwrap();
    let sql = "SELECT count(*) FROM messenger.message WHERE id = 'm1'";
    assert_eq!(count(&client, sql).await, 0);
    assert_eq!(count(&connect(&other.address("")).await, sql).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn n39_reads_that_may_be_old_go_to_a_standby_only_if_the_host_says_so() {
    let Some(mut primary) = Cluster::new("n39-reads").await else {
        return;
    };
    primary.start(&[]).await;
    let current = PostgresStore::connect(&primary.address("")).await.unwrap();
    let message = |number: i64| received(&ada(), &format!("m{number}"), number, "Hello");
    current.apply(&[message(0)]).await.unwrap();
    let mut standby = primary.standby("n39-stale");
    standby.start(&[]).await;
    let options = PostgresOptions::new(&standby.address("")).unwrap();
    let old = current.with_standby(options).unwrap();
    assert_eq!(talk(&old, &ada()).await.len(), 1);

    // The standby stays behind.
    let client = connect(&standby.address("")).await;
    let pause = "SELECT pg_wal_replay_pause()";
    client.batch_execute(pause).await.unwrap();
    let paused = "SELECT (pg_get_wal_replay_pause_state() = 'paused')::int::bigint";
    while count(&client, paused).await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    old.apply(&[message(1)]).await.unwrap();
    assert_eq!(talk(&current, &ada()).await.len(), 2, "it is written there");
    assert_eq!(talk(&old, &ada()).await.len(), 1);
    // A list that is too old is reported as changed.
    let page = PageId::new("1").unwrap();
    let list = old
        .contacts(&ContactQuery::new(page.clone()))
        .await
        .unwrap();
    let waited = Duration::from_secs(5);
    let changed = old.changed(&page, list.revision, waited).await.unwrap();
    assert_eq!(changed.contacts, [ada()]);
    let resume = "SELECT pg_wal_replay_resume()";
    client.batch_execute(resume).await.unwrap();
    while talk(&old, &ada()).await.len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    standby.stop("immediate");
    let error = old.contact(&ada()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert!(current.contact(&ada()).await.unwrap().is_some());
}
