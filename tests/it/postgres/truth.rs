//! What PostgreSQL has to add to the contract: other processes, servers that are not fit, hosts
//! with transactions of their own.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use messenger_crm::change::{Applied, Change};
use messenger_crm::id::PageId;
use messenger_crm::model::Revision;
use messenger_crm::store::postgres::PostgresOptions;
use messenger_crm::store::{
    ContactFilter, ContactStore, MemoryStore, MessageQuery, PostgresStore, SearchQuery,
};
use tokio::task::JoinSet;
use tokio_postgres::{IsolationLevel, NoTls};

use super::server::Schema;
use crate::store::{ada, at, contact, person, received, talk};

#[tokio::test(flavor = "multi_thread")]
async fn n6_apply_in_refuses_an_isolation_level_that_sees_too_little() {
    let Some(schema) = Schema::new("n6") else {
        return;
    };
    let store = schema.open().await;
    let mut client = schema.client().await;
    let change = [received(&ada(), "m1", 1, "Hello")];
    for (level, name) in [
        (IsolationLevel::RepeatableRead, "REPEATABLE READ"),
        (IsolationLevel::Serializable, "SERIALIZABLE"),
    ] {
        let begin = client.build_transaction().isolation_level(level);
        let mut transaction = begin.start().await.unwrap();
        let error = store.apply_in(&mut transaction, &change).await.unwrap_err();
        let text = format!(
            "the store is misconfigured: apply_in needs a transaction that is READ COMMITTED; this one is {name}"
        );
        assert_eq!(error.to_string(), text);
        // It is as it was: the host's own writes are committed, and nothing else.
        let sql = "CREATE TABLE IF NOT EXISTS host (level text)";
        transaction.batch_execute(sql).await.unwrap();
        let sql = "INSERT INTO host VALUES ($1)";
        transaction.execute(sql, &[&name]).await.unwrap();
        transaction.commit().await.unwrap();
    }
    assert_eq!(schema.number("SELECT count(*) FROM host").await, 2);
    for table in ["page", "contact", "message"] {
        let sql = format!("SELECT count(*) FROM {table}");
        assert_eq!(schema.number(&sql).await, 0, "{table}");
    }
    let mut transaction = client.transaction().await.unwrap();
    store.apply_in(&mut transaction, &change).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(talk(&store, &ada()).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_a_message_told_to_two_stores_at_once_is_one() {
    let Some(schema) = Schema::new("s2") else {
        return;
    };
    let stores = [schema.open().await, schema.open().await];
    for round in 0..10 {
        // A new customer each time: nobody can lock who is not there.
        let who = contact("1", &format!("c{round}"));
        let mut tasks = JoinSet::new();
        for number in 0..100 {
            let (store, who) = (stores[number % 2].clone(), who.clone());
            tasks.spawn(async move { store.apply(&[received(&who, "m1", 1, "Hello")]).await });
        }
        let answers = tasks.join_all().await;
        let answers: Vec<Applied> = answers
            .into_iter()
            .map(|answer| answer.unwrap()[0])
            .collect();
        let new = answers
            .iter()
            .filter(|answer| matches!(answer, Applied::New { customer: true, .. }));
        let same = answers
            .iter()
            .filter(|answer| **answer == Applied::Unchanged);
        assert_eq!((new.count(), same.count()), (1, 99), "round {round}");
        assert_eq!(talk(&stores[0], &who).await.len(), 1);
        assert_eq!(person(&stores[1], &who).await.unread, 1);
    }
}

/// What `i18` runs as a process of its own.
#[tokio::test(flavor = "multi_thread")]
async fn i18_child() {
    let Ok(task) = std::env::var("POSTGRES_CHILD") else {
        return;
    };
    let [address, schema, first] = task.split(' ').collect::<Vec<_>>()[..] else {
        panic!("{task}");
    };
    let options = PostgresOptions::new(address)
        .unwrap()
        .with_schema(schema)
        .unwrap();
    let store = PostgresStore::connect_with(options).await.unwrap();
    let mut tasks = JoinSet::new();
    for change in shared_out(first.parse().unwrap()) {
        let store = store.clone();
        tasks.spawn(async move { store.apply(&[change]).await.unwrap() });
    }
    tasks.join_all().await;
}

/// 400 of 600 messages of twenty customers: each process is told of some of the others' as well.
fn shared_out(first: i64) -> impl Iterator<Item = Change> {
    (first..first + 400).map(|number| {
        let number = number % 600;
        let who = contact("1", &format!("c{}", number % 20));
        received(&who, &format!("m{number}"), number, "Hello")
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn i18_f29_two_processes_on_one_database_lose_nothing_and_double_nothing() {
    let Some(schema) = Schema::new("i18") else {
        return;
    };
    let here = schema.open().await;
    let following = follow(schema.open().await, 600);
    let children: Vec<_> = [0, 200, 400]
        .map(|first| {
            let task = format!("{} {} {first}", schema.address, schema.name);
            std::process::Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "postgres::truth::i18_child"])
                .env("POSTGRES_CHILD", task)
                .stdout(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .into();
    for mut child in children {
        let status = tokio::task::spawn_blocking(move || child.wait().unwrap())
            .await
            .unwrap();
        assert!(status.success());
    }
    let model = MemoryStore::new();
    for change in shared_out(0).chain(shared_out(200)) {
        model.apply(&[change]).await.unwrap();
    }
    for number in 0..20 {
        let who = contact("1", &format!("c{number}"));
        let (mut found, mut wanted) = (person(&here, &who).await, person(&model, &who).await);
        // How many commits there were is chance.
        (found.revision, wanted.revision) = Default::default();
        assert_eq!(found, wanted);
        assert_eq!(talk(&here, &who).await, talk(&model, &who).await);
    }
    following.await.unwrap();
}

/// Looks at what changed until so many messages were seen; each look sees all that came before.
fn follow(store: PostgresStore, messages: usize) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        let page = PageId::new("1").unwrap();
        let mut since = Revision::default();
        let mut seen = std::collections::BTreeMap::new();
        while seen.values().sum::<usize>() < messages {
            let changed = store
                .changed(&page, since, Duration::from_secs(30))
                .await
                .unwrap();
            assert!(changed.revision > since, "nothing more came: {seen:?}");
            since = changed.revision;
            for key in changed.contacts {
                let mut query = MessageQuery::new(key.clone());
                query.limit = 100;
                let count = store.messages(&query).await.unwrap().rows.len();
                assert!(seen.insert(key, count).unwrap_or(0) <= count);
            }
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_of_one_reach_the_page_open_on_another_also_after_its_connections_were_lost() {
    let Some(schema) = Schema::new("changed") else {
        return;
    };
    let (one, other) = (schema.open().await, schema.open().await);
    let page = PageId::new("1").unwrap();
    one.apply(&[received(&ada(), "m1", 1, "Hello")])
        .await
        .unwrap();
    let mut since = Revision::default();
    for number in 2..6 {
        let waiting = {
            let (other, page) = (other.clone(), page.clone());
            tokio::spawn(async move { other.changed(&page, since, Duration::from_secs(30)).await })
        };
        let changed = waiting.await.unwrap().unwrap();
        assert_eq!(changed.contacts, [ada()]);
        since = changed.revision;
        schema.terminate().await;
        let change = received(&ada(), &format!("m{number}"), number, "Hello");
        one.apply(&[change]).await.unwrap();
    }
}

#[tokio::test]
async fn a_replay_writes_nothing_at_all() {
    let Some(schema) = Schema::new("replay") else {
        return;
    };
    let store = schema.open().await;
    let changes: Vec<Change> = (0..9)
        .map(|number| received(&contact("1", &format!("c{number}")), "m1", number, "Hello"))
        .collect();
    let gone = contact("1", "gone");
    store.apply(&changes).await.unwrap();
    store
        .apply(&[received(&gone, "m1", 1, "Hello")])
        .await
        .unwrap();
    let forgotten = Change::Forgotten {
        contact: gone.clone(),
        at: at(5),
    };
    store.apply(&[forgotten]).await.unwrap();
    // The versions of all rows: a row that is written gets a new one.
    let versions = async || {
        let client = schema.client().await;
        let mut versions = Vec::new();
        for table in [
            "page",
            "contact",
            "message",
            "text_gram",
            "tombstone",
            "mark",
        ] {
            let sql = format!("SELECT ctid::text, xmin::text FROM {table} ORDER BY 1");
            let rows = client.query(&sql, &[]).await.unwrap();
            let rows = rows
                .iter()
                .map(|row| (row.get::<_, String>(0), row.get::<_, String>(1)));
            versions.push((table, rows.collect::<Vec<_>>()));
        }
        versions
    };
    let before = versions().await;
    let answers = store.apply(&changes).await.unwrap();
    assert_eq!(answers, [Applied::Unchanged; 9]);
    let answers = store
        .apply(&[received(&gone, "m1", 1, "Hello")])
        .await
        .unwrap();
    assert_eq!(answers, [Applied::Forgotten]);
    assert_eq!(versions().await, before);
}

#[tokio::test]
async fn a_host_writes_its_own_rows_in_the_same_commit() {
    let Some(schema) = Schema::new("apply_in") else {
        return;
    };
    let store = schema.open().await;
    let mut client = schema.client().await;
    let sql = "CREATE TABLE lead (psid text PRIMARY KEY);
        ALTER TABLE message ADD CONSTRAINT short CHECK (length(text) < 99)";
    client.batch_execute(sql).await.unwrap();
    let leads = "SELECT count(*) FROM lead";

    let mut transaction = client.transaction().await.unwrap();
    let change = received(&ada(), "m1", 1, "Hello");
    let applied = store
        .apply_in(&mut transaction, std::slice::from_ref(&change))
        .await;
    assert!(matches!(applied.unwrap()[..], [Applied::New { .. }]));
    transaction
        .execute("INSERT INTO lead VALUES ('ada')", &[])
        .await
        .unwrap();
    assert!(store.contact(&ada()).await.unwrap().is_none());
    transaction.rollback().await.unwrap();
    assert!(store.contact(&ada()).await.unwrap().is_none());
    assert_eq!(schema.number(leads).await, 0);

    let mut transaction = client.transaction().await.unwrap();
    let long = received(&ada(), "m2", 2, &"long ".repeat(99));
    let error = store
        .apply_in(&mut transaction, &[change.clone(), long])
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the store refuses this change: the server answered 23514 (a constraint is violated) at short"
    );
    // It goes on as if nothing had been tried.
    let applied = store.apply_in(&mut transaction, &[change]).await.unwrap();
    assert!(matches!(applied[..], [Applied::New { .. }]));
    transaction
        .execute("INSERT INTO lead VALUES ('ada')", &[])
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(talk(&store, &ada()).await.len(), 1);
    assert_eq!(schema.number(leads).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn i1_nothing_is_acknowledged_before_its_commit() {
    let Some(schema) = Schema::new("i1") else {
        return;
    };
    let store = schema.open().await;
    store
        .apply(&[received(&ada(), "m1", 1, "Hello")])
        .await
        .unwrap();
    let mut client = schema.client().await;
    let transaction = client.transaction().await.unwrap();
    // The counter of the Page comes last: all else is written when it is waited for.
    transaction
        .query("SELECT 1 FROM page FOR UPDATE", &[])
        .await
        .unwrap();
    let mut applying = {
        let store = store.clone();
        tokio::spawn(async move { store.apply(&[received(&ada(), "m2", 2, "Hello")]).await })
    };
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%has_removed%'
        AND query LIKE '%' || current_schema() || '%'";
    while schema.number(waits).await == 0 {
        assert!(!applying.is_finished());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let early = tokio::time::timeout(Duration::from_millis(100), &mut applying).await;
    assert!(early.is_err(), "{early:?}");
    assert_eq!(talk(&store, &ada()).await.len(), 1);
    transaction.rollback().await.unwrap();
    applying.await.unwrap().unwrap();
    assert_eq!(talk(&store, &ada()).await.len(), 2);
}

#[tokio::test]
async fn s9_a_text_with_u_0000_comes_back_as_it_was() {
    let Some(schema) = Schema::new("s9") else {
        return;
    };
    let store = schema.open().await;
    store
        .apply(&[received(&ada(), "m1", 1, "Hello")])
        .await
        .unwrap();
    for text in ["\0", "a\0b\u{1}0", "\u{1}"] {
        let field = Change::Field {
            contact: ada(),
            name: text.to_owned(),
            value: Some(text.to_owned()),
            at: at(2),
        };
        store.apply(&[field]).await.unwrap();
        let person = person(&store, &ada()).await;
        assert_eq!(person.fields.get(text).map(String::as_str), Some(text));
        let filter = ContactFilter::new(PageId::new("1").unwrap()).with_field(text, text);
        assert_eq!(store.contacts(&filter.into()).await.unwrap().rows.len(), 1);
        assert_eq!(store.find(text, text).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn s23_of_a_forgotten_customer_no_table_holds_anything() {
    let Some(schema) = Schema::new("s23") else {
        return;
    };
    let store = schema.open().await;
    let who = contact("1", "secretly known");
    let changes = [
        received(&who, "secret mid", 1, "secret words"),
        Change::Field {
            contact: who.clone(),
            name: "secret name".to_owned(),
            value: Some("secret value".to_owned()),
            at: at(2),
        },
    ];
    store.apply(&changes).await.unwrap();
    assert!(rows_with(&schema, "secret").await > 0);
    let forgotten = Change::Forgotten {
        contact: who.clone(),
        at: at(9),
    };
    store.apply(&[forgotten]).await.unwrap();
    let removed = Change::Erase {
        contact: who.clone(),
        limit: 100,
    };
    while store.apply(std::slice::from_ref(&removed)).await.unwrap() != [Applied::Unchanged] {}
    assert_eq!(rows_with(&schema, "secret").await, 0);
    assert_eq!(schema.number("SELECT count(*) FROM text_gram").await, 0);
    store.apply(&changes).await.unwrap();
    assert_eq!(rows_with(&schema, "secret").await, 0);
}

async fn rows_with(schema: &Schema, text: &str) -> i64 {
    let client = schema.client().await;
    let tables = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()";
    let mut count = 0;
    for table in client.query(tables, &[]).await.unwrap() {
        let table: String = table.get(0);
        let sql = format!("SELECT count(*) FROM {table} t WHERE t::text LIKE '%{text}%'");
        count += client.query_one(&sql, &[]).await.unwrap().get::<_, i64>(0);
    }
    count
}

/// Nothing may depend on what a connection was told before: a pooler in transaction mode gives
/// every transaction another one.
#[tokio::test(flavor = "multi_thread")]
async fn s16_every_transaction_may_get_a_connection_of_its_own() {
    use messenger_crm::store::postgres::deadpool_postgres::{Hook, HookError, Manager, Pool};
    let Some(schema) = Schema::new("s16") else {
        return;
    };
    let config = schema.address.parse().unwrap();
    let pool = Pool::builder(Manager::new(config, NoTls))
        .max_size(4)
        .pre_recycle(Hook::sync_fn(|_, _| Err(HookError::message("each once"))))
        .build()
        .unwrap();
    let store = PostgresStore::with_pool(pool, &schema.name).await.unwrap();
    let mut tasks = JoinSet::new();
    for number in 0..40 {
        let store = store.clone();
        tasks.spawn(async move {
            let who = contact("1", &format!("c{}", number % 7));
            let change = received(&who, &format!("m{number}"), number, "Hello");
            store.apply(&[change]).await.unwrap();
            talk(&store, &who).await
        });
    }
    tasks.join_all().await;
    let all = SearchQuery::new(PageId::new("1").unwrap(), "hello");
    assert_eq!(store.search(&all).await.unwrap().rows.len(), 7);
}
