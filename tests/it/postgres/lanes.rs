//! Two commits under way at one time, on one store.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

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
        let changes = [received(&who, "m1", 1, "Hello")];
        let result = tokio::time::timeout(Duration::from_secs(2), store.apply(&changes)).await;
        result.expect("nobody else is locked").unwrap();
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

const LOCKED: &str =
    "the store is unavailable: another transaction holds a lock on this conversation or its Page";

#[tokio::test(flavor = "multi_thread")]
async fn n5_three_locked_customers_among_512_callers_fail_by_themselves() {
    let Some(schema) = Schema::new("n5") else {
        return;
    };
    let store = schema.open().await;
    let locked = ["c7", "c200", "c400"];
    for who in locked {
        let changes = [received(&contact("1", who), "m0", 0, "Hello")];
        store.apply(&changes).await.unwrap();
    }
    let mut host = schema.client().await;
    let host = host.transaction().await.unwrap();
    for who in locked {
        lock(&host, who).await;
    }
    let mut tasks = JoinSet::new();
    for number in 0..512 {
        let (store, who) = (store.clone(), format!("c{number}"));
        tasks.spawn(async move {
            let changes = [received(&contact("1", &who), "m1", 1, "Hello")];
            (store.apply(&changes).await, who)
        });
    }
    let mut failed = Vec::new();
    for (result, who) in tasks.join_all().await {
        if let Err(error) = result {
            assert_eq!(error.to_string(), LOCKED, "{who}");
            failed.push(who);
        }
    }
    failed.sort();
    assert_eq!(failed, ["c200", "c400", "c7"]);
    // They come through as soon as the host has ended, also while they wait.
    let again = locked.map(|who| {
        let store = store.clone();
        tokio::spawn(async move {
            let changes = [received(&contact("1", who), "m1", 1, "Hello")];
            store.apply(&changes).await
        })
    });
    waiting(&schema, 1).await;
    host.rollback().await.unwrap();
    for result in again {
        result.await.unwrap().unwrap();
    }
    assert_eq!(schema.number("SELECT count(*) FROM message").await, 515);
}

#[tokio::test(flavor = "multi_thread")]
async fn n6_n29_a_page_that_a_host_holds_holds_up_no_other_page() {
    let Some(schema) = Schema::new("n6") else {
        return;
    };
    let store = schema.open().await;
    for page in ["1", "2", "3"] {
        let changes = [received(&contact(page, "known"), "m0", 0, "Hello")];
        store.apply(&changes).await.unwrap();
    }
    let mut clients = [schema.client().await, schema.client().await];
    let mut open = Vec::new();
    for (client, page) in clients.iter_mut().zip(["1", "2"]) {
        let mut transaction = client.transaction().await.unwrap();
        let changes = [received(&contact(page, "host"), "m0", 1, "Hello")];
        store.apply_in(&mut transaction, &changes).await.unwrap();
        open.push(transaction);
    }
    let tell = |page: &'static str, number: i64| {
        let (store, who) = (store.clone(), contact(page, &format!("c{number}")));
        async move { store.apply(&[received(&who, "m1", 2, "Hello")]).await }
    };
    // All arrive at once, and those of the Pages that are held first.
    let mut held = JoinSet::new();
    for number in 0..40 {
        for page in ["1", "2"] {
            held.spawn(tell(page, number));
        }
    }
    waiting(&schema, 1).await;
    let mut free = JoinSet::new();
    for number in 0..40 {
        free.spawn(tell("3", number));
    }
    for result in free.join_all().await {
        result.unwrap();
    }
    assert_eq!(held.len(), 80);
    assert!(held.try_join_next().is_none(), "the host is not done");
    // Once it is known that they are held, nobody waits for a lock of theirs any more.
    let mut times = Vec::new();
    for number in 40..61 {
        let began = Instant::now();
        tell("3", number).await.unwrap();
        times.push(began.elapsed());
    }
    times.sort();
    assert!(times[10] < Duration::from_millis(300), "{times:?}");
    for transaction in open {
        transaction.commit().await.unwrap();
    }
    for result in held.join_all().await {
        result.unwrap();
    }
    let sql = "SELECT count(*) FROM contact";
    assert_eq!(schema.number(sql).await, 3 + 2 + 80 + 61);
}

#[tokio::test(flavor = "multi_thread")]
async fn n3_a_slow_caller_fails_by_itself() {
    let Some(schema) = Schema::new("n3") else {
        return;
    };
    let store = schema.open().await;
    let known = [received(&contact("1", "known"), "m0", 0, "Hello")];
    store.apply(&known).await.unwrap();
    let mut client = schema.client().await;
    let sql = format!(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF NEW.text = 'slow' THEN PERFORM pg_sleep(30); END IF; RETURN NEW; END $$;
         CREATE TRIGGER slow BEFORE INSERT ON {}.message FOR EACH ROW EXECUTE FUNCTION slow()",
        schema.name
    );
    client.batch_execute(&sql).await.unwrap();
    // Both lanes wait, so that all others share the next commit.
    let transaction = client.transaction().await.unwrap();
    let lock = "LOCK TABLE message IN SHARE MODE";
    transaction.batch_execute(lock).await.unwrap();
    let mut tasks = JoinSet::new();
    let mut tell = |number: i64, text: &'static str| {
        let (store, who) = (store.clone(), contact("1", &format!("c{number}")));
        tasks.spawn(async move {
            let result = store.apply(&[received(&who, "m1", 1, text)]).await;
            (result.is_err(), text)
        });
    };
    tell(0, "quick");
    waiting(&schema, 1).await;
    tell(1, "quick");
    waiting(&schema, 2).await;
    for number in 2..18 {
        tell(number, if number == 5 { "slow" } else { "quick" });
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    transaction.rollback().await.unwrap();
    for (is_err, text) in tasks.join_all().await {
        assert_eq!(is_err, text == "slow", "{text}");
    }
}
