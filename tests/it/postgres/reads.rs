//! Reads that nobody waits for any more, and reads that take too long.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use messenger_crm::id::PageId;
use messenger_crm::store::postgres::deadpool_postgres::{Manager, Pool};
use messenger_crm::store::{
    ContactQuery, ContactStore, MessageQuery, PostgresStore, SearchQuery, StoreError,
};
use tokio_postgres::NoTls;

use super::server::Schema;
use crate::store::{ada, received, talk};

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
