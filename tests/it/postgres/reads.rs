//! Reads that nobody waits for any more, and reads that take too long.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use messenger_crm::id::PageId;
use messenger_crm::model::Revision;
use messenger_crm::store::postgres::deadpool_postgres::{Manager, Pool};
use messenger_crm::store::{
    ContactQuery, ContactStore, MessageQuery, PostgresStore, SearchQuery, StoreError,
};
use tokio_postgres::NoTls;

use super::server::Schema;
use super::visits::listening;
use crate::store::{ada, contact, received, talk};

/// How many of the store's statements are under way.
async fn running(schema: &Schema) -> i64 {
    let sql =
        "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND pid <> pg_backend_pid()
        AND query LIKE '%' || current_schema() || '%'";
    schema.number(sql).await
}

#[tokio::test(flavor = "multi_thread")]
async fn n33_a_dropped_read_is_canceled_at_the_server() {
    let Some(schema) = Schema::new("n33") else {
        return;
    };
    let own = schema.open().await;
    own.apply(&[received(&ada(), "m1", 1, "Hello")])
        .await
        .unwrap();
    let manager = Manager::new(schema.address.parse().unwrap(), NoTls);
    let pool = Pool::builder(manager).max_size(2).build().unwrap();
    let hosts = PostgresStore::with_pool(pool, &schema.name).await.unwrap();
    let mut client = schema.client().await;
    for store in [own, hosts] {
        let transaction = client.transaction().await.unwrap();
        let lock = "LOCK TABLE message IN ACCESS EXCLUSIVE MODE";
        transaction.batch_execute(lock).await.unwrap();
        let page = PageId::new("1").unwrap();
        // One search per keystroke: the conversation itself is read last.
        for search in [
            Some(SearchQuery::new(page.clone(), "Hello")),
            Some(SearchQuery::new(page, "Hell")),
            None,
        ] {
            let reading = {
                let store = store.clone();
                tokio::spawn(async move {
                    match search {
                        Some(query) => drop(store.search(&query).await),
                        None => drop(store.messages(&MessageQuery::new(ada())).await),
                    }
                })
            };
            while running(&schema).await == 0 {
                assert!(!reading.is_finished());
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let dropped = Instant::now();
            reading.abort();
            while running(&schema).await > 0 {
                // The server's own time limit is five seconds.
                assert!(dropped.elapsed() < Duration::from_secs(3), "it goes on");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        transaction.rollback().await.unwrap();
        assert_eq!(talk(&store, &ada()).await.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn n33_a_read_that_takes_too_long_ends() {
    let Some(schema) = Schema::new("n33") else {
        return;
    };
    let store = schema.open().await;
    store
        .apply(&[received(&ada(), "m1", 1, "Hello")])
        .await
        .unwrap();
    let mut client = schema.client().await;
    let transaction = client.transaction().await.unwrap();
    let lock = "LOCK TABLE contact, message IN ACCESS EXCLUSIVE MODE";
    transaction.batch_execute(lock).await.unwrap();
    let (key, page) = (ada(), PageId::new("1").unwrap());
    let (conversation, inbox) = (MessageQuery::new(ada()), ContactQuery::new(page));
    let errors = tokio::join!(
        async { store.contact(&key).await.unwrap_err() },
        async { store.messages(&conversation).await.unwrap_err() },
        async { store.contacts(&inbox).await.unwrap_err() },
    );
    for error in [errors.0, errors.1, errors.2] {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    }
    assert_eq!(running(&schema).await, 0);
    transaction.rollback().await.unwrap();
    assert_eq!(talk(&store, &ada()).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn n8_two_thousand_watchers_at_rest_ask_little_and_a_commit_wakes_those_of_its_page() {
    let Some(schema) = Schema::new("n8") else {
        return;
    };
    let Some((store, plans)) = listening(&schema).await else {
        return;
    };
    let (quiet, busy) = (PageId::new("1").unwrap(), PageId::new("2").unwrap());
    let since = store.page(&quiet).await.unwrap().revision;
    let watch = |page: &PageId, since| {
        let (store, page) = (store.clone(), page.clone());
        async move { store.changed(&page, since, Duration::from_secs(300)).await }
    };
    let mut watchers = tokio::task::JoinSet::new();
    for _ in 0..2_000 {
        watchers.spawn(watch(&quiet, since));
    }
    // They have looked together; then there are polls only.
    let mut looked = plans.lock().unwrap().len();
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let now = plans.lock().unwrap().len();
        if now - looked <= 8 {
            break;
        }
        looked = now;
    }
    plans.lock().unwrap().clear();
    let begun = Instant::now();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let asked = plans.lock().unwrap().len();
    assert!(asked > 0, "nobody looks for commits of other processes");
    let limit = 8 * (begun.elapsed().as_secs() + 1);
    assert!(asked as u64 <= limit, "{asked} queries in 3 s");

    plans.lock().unwrap().clear();
    let watcher = tokio::spawn(watch(&busy, Revision::default()));
    let other = schema.open().await;
    let change = received(&contact("2", "c1"), "m1", 1, "Hello");
    other.apply(&[change]).await.unwrap();
    let changed = watcher.await.unwrap().unwrap();
    assert_eq!(changed.contacts, [contact("2", "c1")]);
    assert!(plans.lock().unwrap().len() < 100);
    assert_eq!(watchers.len(), 2_000);
    assert!(watchers.try_join_next().is_none());

    plans.lock().unwrap().clear();
    other
        .apply(&[received(&ada(), "m1", 1, "Hello")])
        .await
        .unwrap();
    while let Some(changed) = watchers.join_next().await {
        assert_eq!(changed.unwrap().unwrap().contacts, [ada()]);
    }
    // Those who are woken together read together.
    let asked = plans.lock().unwrap().len();
    assert!(asked < 200, "{asked} queries");
}

#[tokio::test(flavor = "multi_thread")]
async fn n8_slow_reads_leave_connections_to_those_who_write() {
    let Some(schema) = Schema::new("n8") else {
        return;
    };
    for connections in [2, 4, 8] {
        let options = schema.options().with_connections(connections);
        let store = PostgresStore::connect_with(options).await.unwrap();
        let mut client = schema.client().await;
        let transaction = client.transaction().await.unwrap();
        let lock = "LOCK TABLE picture IN ACCESS EXCLUSIVE MODE";
        transaction.batch_execute(lock).await.unwrap();
        let mut reads = tokio::task::JoinSet::new();
        for _ in 0..connections {
            let store = store.clone();
            reads.spawn(async move { store.picture(&ada()).await });
        }
        while running(&schema).await < connections as i64 / 2 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let change = received(&ada(), &format!("m{connections}"), 1, "Hello");
        store.apply(&[change]).await.unwrap();
        transaction.rollback().await.unwrap();
        while let Some(read) = reads.join_next().await {
            assert!(read.unwrap().unwrap().is_none());
        }
    }
}
