//! How the schema is made, and which servers are fit for it.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use messenger_crm::change::Change;
use messenger_crm::store::postgres::{PostgresFault, PostgresOptions};
use messenger_crm::store::{ContactStore, PostgresStore, SearchQuery, StoreError};
use tokio::task::JoinSet;

use super::server::{Schema, connect};
use crate::store::{ada, at, erase_all, received, talk};

#[tokio::test]
async fn s13_f30_a_newer_schema_is_refused_and_left_alone() {
    let Some(schema) = Schema::new("s13") else {
        return;
    };
    schema
        .open()
        .await
        .apply(&[received(&ada(), "m1", 1, "Hello")])
        .await
        .unwrap();
    let client = schema.client().await;
    client
        .batch_execute("UPDATE version SET version = 99")
        .await
        .unwrap();
    let error = PostgresStore::connect_with(schema.options())
        .await
        .unwrap_err();
    assert!(
        matches!(error, StoreError::TooNew { found: 99, .. }),
        "{error}"
    );
    assert_eq!(
        error.to_string(),
        "the database has schema 99, newer than the 1 of this program"
    );
    assert_eq!(schema.number("SELECT count(*) FROM message").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn s13_a_migration_that_is_killed_leaves_nothing_and_begins_anew() {
    let Some(schema) = Schema::new("s13") else {
        return;
    };
    // It waits for a lock, after the schema was made.
    let mut client = connect(&schema.address).await;
    let transaction = client.transaction().await.unwrap();
    let lock = format!(
        "SELECT pg_advisory_xact_lock(hashtextextended('messenger-crm {}', 0))",
        schema.name
    );
    transaction.batch_execute(&lock).await.unwrap();
    let options = schema.options();
    let migrating = tokio::spawn(PostgresStore::connect_with(options));
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory' AND query LIKE '%' || current_setting('search_path') || '%'";
    let waits = waits.replace(
        "current_setting('search_path')",
        &format!("'{}'", schema.name),
    );
    while schema.number(&waits).await == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    schema.terminate().await;
    let error = migrating.await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    drop(transaction);
    let tables = format!(
        "SELECT count(*) FROM pg_namespace WHERE nspname = '{}'",
        schema.name
    );
    assert_eq!(schema.number(&tables).await, 0);
    let store = schema.open().await;
    store
        .apply(&[received(&ada(), "m1", 1, "Hello")])
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn s14_many_migrate_at_once_and_one_does_it() {
    let Some(schema) = Schema::new("s14") else {
        return;
    };
    let mut tasks = JoinSet::new();
    for _ in 0..8 {
        tasks.spawn(PostgresStore::connect_with(
            schema.options().with_connections(1),
        ));
    }
    for opened in tasks.join_all().await {
        opened.unwrap();
    }
    assert_eq!(schema.number("SELECT count(*) FROM version").await, 1);
    assert_eq!(schema.number("SELECT max(version) FROM version").await, 1);
}

/// A migration tool of the host makes the tables, and the program may only use them.
#[tokio::test]
async fn r19_a_role_that_may_create_nothing_works_on_tables_that_the_host_made() {
    let Some(schema) = Schema::new("r19") else {
        return;
    };
    let (name, role) = (&schema.name, format!("r{}", schema.name));
    let owner = connect(&schema.address).await;
    let sql = PostgresStore::schema_sql(name).unwrap();
    // The search path of a tool stays as it was.
    let sql = format!("BEGIN; {sql}; CREATE TEMPORARY TABLE tool (done boolean); COMMIT");
    owner.batch_execute(&sql).await.unwrap();
    let path = owner.query_one("SHOW search_path", &[]).await.unwrap();
    assert_eq!(path.get::<_, &str>(0), "\"$user\", public");
    let sql = format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {name} TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {name} TO {role};
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA {name} TO {role}"
    );
    owner.batch_execute(&sql).await.unwrap();
    let (_, rest) = schema.address.split_once('@').unwrap();
    let options = PostgresOptions::new(&format!("postgres://{role}@{rest}")).unwrap();
    let options = options.with_schema(name).unwrap();
    let store = PostgresStore::connect_with(options).await.unwrap();
    assert_eq!(store.check().await.unwrap(), []);
    for (mid, text) in [("m1", "Hello"), ("m2", "Do you have oolong?")] {
        let changes = [received(&ada(), mid, 1, text)];
        store.apply(&changes).await.unwrap();
    }
    assert_eq!(talk(&store, &ada()).await.len(), 2);
    let forgotten = Change::Forgotten {
        contact: ada(),
        at: at(5),
    };
    store.apply(&[forgotten]).await.unwrap();
    erase_all(&store).await;
    assert_eq!(schema.number("SELECT count(*) FROM contact").await, 0);
    // The tables are those that the program makes itself.
    let other = Schema::new("r19").unwrap();
    other.open().await;
    let columns = async |schema: &Schema| {
        let sql = "SELECT string_agg(concat_ws(' ', table_name, column_name, data_type, is_nullable), ',' ORDER BY table_name, column_name)
             || (SELECT string_agg(replace(indexdef, $1, ''), ',' ORDER BY indexname) FROM pg_indexes WHERE schemaname = $1)
             FROM information_schema.columns WHERE table_schema = $1";
        let row = owner.query_one(sql, &[&schema.name]).await.unwrap();
        row.get::<_, String>(0)
    };
    assert_eq!(columns(&schema).await, columns(&other).await);
    owner
        .batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .await
        .unwrap();
    let error = PostgresStore::schema_sql("a\"; DROP").unwrap_err();
    assert!(matches!(error, StoreError::Misconfigured(_)), "{error}");
}

#[tokio::test]
async fn s16_f5_a_server_that_is_not_fit_is_refused_with_the_reason() {
    let Some(schema) = Schema::new("s16") else {
        return;
    };
    schema.open().await;
    let refused = async |address: String, text: &str| {
        let options = PostgresOptions::new(&address).unwrap();
        let options = options.with_schema(&schema.name).unwrap();
        let error = PostgresStore::connect_with(options).await.unwrap_err();
        assert_eq!(error.to_string(), format!("the store is {text}"));
    };
    let with = |setting: &str| format!("{}?options=-c%20{setting}", schema.address);
    refused(
        with("synchronous_commit%3Doff"),
        "misconfigured: synchronous_commit is off, so that what was acknowledged can be lost",
    )
    .await;
    refused(
        with("default_transaction_read_only%3Don"),
        "unavailable: the server is read-only",
    )
    .await;
    // Another search path changes nothing.
    let options = PostgresOptions::new(&with("search_path%3Dpg_catalog")).unwrap();
    let options = options.with_schema(&schema.name).unwrap();
    let store = PostgresStore::connect_with(options).await.unwrap();
    store
        .apply(&[received(&ada(), "m1", 1, "Hello")])
        .await
        .unwrap();
    assert_eq!(store.check().await.unwrap(), []);

    let role = format!("r{}", schema.name);
    let client = schema.client().await;
    let sql = format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {0} TO {role};
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {0} TO {role};
         GRANT USAGE ON ALL SEQUENCES IN SCHEMA {0} TO {role}",
        schema.name
    );
    client.batch_execute(&sql).await.unwrap();
    let (_, rest) = schema.address.split_once('@').unwrap();
    let address = format!("postgres://{role}@{rest}");
    let options = PostgresOptions::new(&address).unwrap();
    let options = options.with_schema(&schema.name).unwrap();
    let store = PostgresStore::connect_with(options).await.unwrap();
    store
        .apply(&[received(&ada(), "m2", 2, "Hello")])
        .await
        .unwrap();
    let sql = format!("REVOKE DELETE ON page FROM {role}; REVOKE UPDATE ON raw_event FROM {role}");
    client.batch_execute(&sql).await.unwrap();
    let faults = store.check().await.unwrap();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(matches!(&faults[0], PostgresFault::Forbidden { right, .. } if right == "DELETE"));
    let text = format!("the role {role} lacks DELETE on page");
    assert_eq!(faults[0].to_string(), text);
    refused(address, &format!("misconfigured: {text}")).await;
    client
        .batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}"))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_schema_without_an_index_of_texts_keeps_none_and_searches_the_newest() {
    let Some(schema) = Schema::new("search") else {
        return;
    };
    let options = schema.options().without_search();
    let store = PostgresStore::connect_with(options).await.unwrap();
    let hello = received(&ada(), "m1", 1, "Hello oolong");
    store.apply(std::slice::from_ref(&hello)).await.unwrap();
    // A store that is opened later leaves it as it is.
    let store = schema.open().await;
    let more = received(&ada(), "m2", 2, "More oolong");
    store.apply(&[hello, more]).await.unwrap();
    assert_eq!(schema.number("SELECT count(*) FROM text_gram").await, 0);
    let query = SearchQuery::new(ada().page, "oolong");
    let hits = store.search(&query).await.unwrap().rows;
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0].message.id.as_str(), "m2");
}

#[tokio::test]
async fn an_index_by_the_rules_of_a_newer_program_is_refused() {
    let Some(schema) = Schema::new("search") else {
        return;
    };
    drop(schema.open().await);
    let client = schema.client().await;
    let sql = "UPDATE version SET search = search + 1";
    client.batch_execute(sql).await.unwrap();
    let error = PostgresStore::connect_with(schema.options())
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::TooNew { .. }), "{error}");
}

#[tokio::test]
async fn statements_that_stay_prepared_do_the_same() {
    let Some(schema) = Schema::new("prepared") else {
        return;
    };
    let options = schema.options().with_prepared_statements(true);
    let store = PostgresStore::connect_with(options.with_connections(1))
        .await
        .unwrap();
    // More often than the server plans a statement anew each time.
    for number in 1..=20 {
        let change = received(&ada(), &format!("m{number}"), number, "Hello");
        store.apply(&[change]).await.unwrap();
    }
    assert_eq!(talk(&store, &ada()).await.len(), 20);
    let client = schema.client().await;
    client.batch_execute("DROP TABLE mark").await.unwrap();
    let error = store
        .apply(&[received(&ada(), "m21", 21, "Hello")])
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Misconfigured(_)), "{error}");
}
