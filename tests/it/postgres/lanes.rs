//! Two commits under way at one time, on one store.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use messenger_crm::change::Applied;
use messenger_crm::store::ContactStore;
use tokio::task::JoinSet;
use tokio_postgres::Transaction;

use super::server::Schema;
use crate::store::{ada, contact, received, talk};

/// Whoever comes to this customer has to wait.
async fn lock(transaction: &Transaction<'_>, psid: &str) {
    let sql = "SELECT 1 FROM contact WHERE psid = $1 FOR UPDATE";
    assert_eq!(transaction.execute(sql, &[&psid]).await.unwrap(), 1);
}

/// Until so many of the store's transactions wait for a lock.
async fn waiting(schema: &Schema, count: i64) {
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'messenger-crm'
        AND wait_event_type = 'Lock' AND query LIKE '%' || current_schema() || '%'";
    while schema.number(sql).await < count {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn others_come_through_while_a_commit_waits_for_one_customer() {
    let Some(schema) = Schema::new("lanes") else {
        return;
    };
    let store = schema.open().await;
    store
        .apply(&[received(&ada(), "m0", 0, "Hello")])
        .await
        .unwrap();
    let mut host = schema.client().await;
    let transaction = host.transaction().await.unwrap();
    lock(&transaction, "ada").await;
    let stuck = {
        let store = store.clone();
        tokio::spawn(async move { store.apply(&[received(&ada(), "m1", 1, "Hello")]).await })
    };
    waiting(&schema, 1).await;
    for number in 0..10 {
        let who = contact("1", &format!("c{number}"));
        let told = [received(&who, "m1", 1, "Hello")];
        let told = tokio::time::timeout(Duration::from_secs(2), store.apply(&told)).await;
        told.expect("nobody else is locked").unwrap();
    }
    assert!(!stuck.is_finished());
    transaction.rollback().await.unwrap();
    stuck.await.unwrap().unwrap();
    assert_eq!(talk(&store, &ada()).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_the_first_messages_of_a_new_customer_are_read_for_once() {
    let Some(schema) = Schema::new("s2") else {
        return;
    };
    let store = schema.open().await;
    // The Page is known before its customers are.
    store
        .apply(&[received(&contact("1", "c0"), "m", 0, "Hello")])
        .await
        .unwrap();
    for customer in 1..40 {
        let mut tasks = JoinSet::new();
        for number in 0..8 {
            let (store, who) = (store.clone(), contact("1", &format!("c{customer}")));
            let change = received(&who, &format!("m{number}"), number, "Hello");
            tasks.spawn(async move { store.apply(&[change]).await.unwrap() });
        }
        let answers = tasks.join_all().await.concat();
        let new = answers
            .iter()
            .filter(|one| matches!(one, Applied::New { customer: true, .. }));
        assert_eq!(new.count(), 1, "{answers:?}");
    }
    // Each attempt that meets somebody new takes a number for them, also when it fails.
    assert_eq!(schema.number("SELECT last_value FROM contact_no").await, 40);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_customer_whom_a_host_holds_for_long_fails_alone() {
    let Some(schema) = Schema::new("held") else {
        return;
    };
    let store = schema.open().await;
    let locked = ["held", "one", "two"];
    for who in locked {
        store
            .apply(&[received(&contact("1", who), "m0", 0, "Hello")])
            .await
            .unwrap();
    }
    let (mut host, mut brief) = (schema.client().await, schema.client().await);
    let (host, brief) = (
        host.transaction().await.unwrap(),
        brief.transaction().await.unwrap(),
    );
    lock(&host, "held").await;
    lock(&brief, "one").await;
    lock(&brief, "two").await;
    let mut tasks = JoinSet::new();
    let mut tell = |who: String| {
        let store = store.clone();
        tasks.spawn(async move {
            let told = [received(&contact("1", &who), "m1", 1, "Hello")];
            (store.apply(&told).await, who)
        });
    };
    // Both commits are under way, so that all others share the next ones.
    tell("one".to_owned());
    waiting(&schema, 1).await;
    tell("two".to_owned());
    waiting(&schema, 2).await;
    tell("held".to_owned());
    for number in 0..40 {
        tell(format!("c{number}"));
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    brief.rollback().await.unwrap();
    for (told, who) in tasks.join_all().await {
        let failure = told.err().map(|error| error.to_string());
        let expected = (who == "held")
            .then(|| "the store is unavailable: the server answered 55P03".to_owned());
        assert_eq!(failure, expected, "{who}");
    }
    host.rollback().await.unwrap();
}
