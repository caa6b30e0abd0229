//! Transactions of a host: of sqlx, and of a session that the host implements.

#![allow(clippy::unwrap_used)]

use messenger_crm::change::{Applied, Change};
use messenger_crm::id::PageId;
use messenger_crm::model::{Contact, ContactKey, Message, Picture, RawEvent, Revision};
use messenger_crm::store::postgres::deadpool_postgres::{Manager, Pool};
use messenger_crm::store::postgres::{Row, Session, SessionError, Statement};
use messenger_crm::store::{
    ContactFilter, ContactStore, Hit, PageState, PostgresStore, RawEventQuery, SearchQuery,
    StoreError,
};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

use super::server::Schema;
use crate::store::{ada, at, contact, erase_all, key, known, person, queued, received, talk};

/// A connection of a host, which finds our tables by their bare names.
async fn sqlx(schema: &Schema) -> PgConnection {
    let mut host = PgConnection::connect(&schema.address).await.unwrap();
    let path = format!("SET search_path TO {}, public", schema.name);
    host.execute(&*path).await.unwrap();
    host
}

async fn number(schema: &Schema, table: &str) -> i64 {
    schema
        .number(&format!("SELECT count(*) FROM {table}"))
        .await
}

/// Calls that touch every table.
fn calls() -> Vec<Vec<Change>> {
    let (bob, gone) = (contact("1", "bob"), contact("1", "gone"));
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let picture = Picture::new("image/png", bytes);
    let field = |value: Option<&str>, when| Change::Field {
        contact: ada(),
        name: "customer".to_owned(),
        value: value.map(ToOwned::to_owned),
        at: at(when),
    };
    vec![
        vec![
            received(&ada(), "m1", 1, "Do you have oolong?"),
            received(&ada(), "m2", 2, "a\0b 小明"),
            received(&bob, "m1", 3, "Hello"),
            received(&gone, "m1", 4, "Forget me"),
        ],
        vec![
            queued(&ada(), &key(1), 5),
            known(&ada(), 6, "Ada Example", Some(picture)),
            field(Some("4711"), 7),
        ],
        // The same again, and one more.
        vec![
            received(&ada(), "m1", 1, "Do you have oolong?"),
            received(&ada(), "m3", 8, "And sencha?"),
        ],
        vec![field(None, 9)],
        vec![received(&contact("2", "ada"), "m1", 10, "Another Page")],
        vec![Change::Forgotten {
            contact: gone,
            at: at(11),
        }],
        Vec::new(),
    ]
}

/// All that can be read of a store.
#[derive(Debug, Default, PartialEq)]
struct Contents {
    contacts: Vec<(Contact, Vec<Message>, Option<Picture>)>,
    hits: Vec<Hit>,
    raw_events: Vec<RawEvent>,
    pages: Vec<PageState>,
    log: Vec<Change>,
}

async fn contents(store: &PostgresStore) -> Contents {
    let mut all = Contents::default();
    for page in ["1", "2"] {
        let page = PageId::new(page).unwrap();
        let filter = ContactFilter::new(page.clone());
        for contact in store.contacts(&filter.into()).await.unwrap().rows {
            let messages = talk(store, &contact.key).await;
            let picture = store.picture(&contact.key).await.unwrap();
            all.contacts.push((contact, messages, picture));
        }
        let search = SearchQuery::new(page.clone(), "oolong");
        all.hits.extend(store.search(&search).await.unwrap().rows);
        let query = RawEventQuery::new(Some(page.clone()));
        let raw_events = store.raw_events(&query).await.unwrap().rows;
        all.raw_events.extend(raw_events);
        all.pages.push(store.page(&page).await.unwrap());
    }
    let mut after = None;
    loop {
        let (changes, next) = store.export(after).await.unwrap();
        all.log.extend(changes);
        after = next;
        if after.is_none() {
            return all;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_apply_in_through_sqlx_equals_the_one_through_tokio_postgres_and_apply() {
    let schemas = [Schema::new("r17"), Schema::new("r17"), Schema::new("r17")];
    let [Some(own), Some(tokio_postgres), Some(sqlx_host)] = schemas else {
        return;
    };
    let stores = [
        own.open().await,
        tokio_postgres.open().await,
        sqlx_host.open().await,
    ];
    let mut client = tokio_postgres.client().await;
    let mut host = sqlx(&sqlx_host).await;
    for (at, changes) in calls().iter().enumerate() {
        let expected = stores[0].apply(changes).await.unwrap();
        let mut transaction = client.transaction().await.unwrap();
        let applied = stores[1].apply_in(&mut transaction, changes).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(applied, expected, "call {at} through tokio-postgres");
        let mut transaction = host.begin().await.unwrap();
        let applied = stores[2].apply_in(&mut transaction, changes).await.unwrap();
        transaction.commit().await.unwrap();
        assert_eq!(applied, expected, "call {at} through sqlx");
    }
    for store in &stores {
        erase_all(store).await;
    }
    let expected = contents(&stores[0]).await;
    assert_eq!((expected.contacts.len(), expected.hits.len()), (3, 1));
    assert!(
        expected
            .contacts
            .iter()
            .any(|(.., picture)| picture.is_some())
    );
    assert_eq!(contents(&stores[1]).await, expected);
    assert_eq!(contents(&stores[2]).await, expected);
}

#[tokio::test]
async fn r17_rows_of_a_sqlx_host_and_ours_are_committed_and_rolled_back_together() {
    let Some(schema) = Schema::new("r17") else {
        return;
    };
    let store = schema.open().await;
    let mut host = sqlx(&schema).await;
    host.execute("CREATE TABLE lead (psid text PRIMARY KEY)")
        .await
        .unwrap();
    let change = [received(&ada(), "m1", 1, "Hello")];
    for commits in [false, true] {
        let mut transaction = host.begin().await.unwrap();
        let insert = sqlx::query("INSERT INTO lead VALUES ('ada')");
        insert.execute(&mut *transaction).await.unwrap();
        let applied = store.apply_in(&mut transaction, &change).await.unwrap();
        assert!(matches!(applied[..], [Applied::New { .. }]), "{applied:?}");
        assert!(store.contact(&ada()).await.unwrap().is_none());
        if commits {
            transaction.commit().await.unwrap();
        } else {
            transaction.rollback().await.unwrap();
        }
        let expected = i64::from(commits);
        assert_eq!(number(&schema, "lead").await, expected);
        assert_eq!(number(&schema, "message").await, expected);
    }
    // A function of the host that knows the connection only.
    let mut transaction = host.begin().await.unwrap();
    let connection: &mut PgConnection = &mut transaction;
    let change = [received(&ada(), "m2", 2, "Hello")];
    store.apply_in(connection, &change).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(talk(&store, &ada()).await.len(), 2);
}

#[tokio::test]
async fn r17_a_transaction_of_sqlx_goes_on_after_an_error() {
    let Some(schema) = Schema::new("r17") else {
        return;
    };
    let store = schema.open().await;
    let mut host = sqlx(&schema).await;
    host.execute("ALTER TABLE message ADD CONSTRAINT short CHECK (length(text) < 99)")
        .await
        .unwrap();
    let good = received(&ada(), "m1", 1, "Hello");
    let secret = received(&ada(), "m2", 2, &"secret words ".repeat(99));
    let mut transaction = host.begin().await.unwrap();
    // A savepoint of the host with the name of ours keeps its meaning.
    transaction.execute("SAVEPOINT messenger").await.unwrap();
    let error = store
        .apply_in(&mut transaction, &[good.clone(), secret])
        .await
        .unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error}");
    let text = "the store refuses this change: the server answered 23514 (a constraint is violated) at short";
    assert_eq!(error.to_string(), text);
    assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    store.apply_in(&mut transaction, &[good]).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(talk(&store, &ada()).await.len(), 1);

    let mut transaction = host.begin().await.unwrap();
    transaction.execute("SAVEPOINT messenger").await.unwrap();
    let change = [received(&ada(), "m3", 3, "Hello")];
    store.apply_in(&mut transaction, &change).await.unwrap();
    transaction
        .execute("ROLLBACK TO SAVEPOINT messenger")
        .await
        .unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(talk(&store, &ada()).await.len(), 1);
}

#[tokio::test]
async fn r17_without_a_transaction_of_the_right_kind_sqlx_is_refused() {
    let Some(schema) = Schema::new("r17") else {
        return;
    };
    let store = schema.open().await;
    let mut host = sqlx(&schema).await;
    let change = [received(&ada(), "m1", 1, "Hello")];
    let error = store.apply_in(&mut host, &change).await.unwrap_err();
    let text = "the store is misconfigured: the server answered 25P01 (there is no transaction: begin one first)";
    assert_eq!(error.to_string(), text);
    let begin = "BEGIN ISOLATION LEVEL SERIALIZABLE";
    let mut transaction = host.begin_with(begin).await.unwrap();
    let error = store.apply_in(&mut transaction, &change).await.unwrap_err();
    let text = "the store is misconfigured: apply_in needs a transaction that is READ COMMITTED; this one is SERIALIZABLE";
    assert_eq!(error.to_string(), text);
    transaction.commit().await.unwrap();
    assert_eq!(number(&schema, "page").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn r17_many_hosts_that_add_one_customer_at_once_add_one() {
    let Some(schema) = Schema::new("r17") else {
        return;
    };
    let store = schema.open().await;
    // A Page that is there: otherwise its creation would put them in order.
    let first = [received(&contact("1", "first"), "m0", 0, "Hello")];
    store.apply(&first).await.unwrap();
    for round in 0..5 {
        let who = contact("1", &format!("c{round}"));
        let mut hosts = JoinSet::new();
        for _ in 0..8 {
            let (store, who, mut host) = (store.clone(), who.clone(), sqlx(&schema).await);
            hosts.spawn(async move {
                let mut transaction = host.begin().await.unwrap();
                let change = [received(&who, "m1", 1, "Hello")];
                let applied = store.apply_in(&mut transaction, &change).await.unwrap();
                transaction.commit().await.unwrap();
                applied[0]
            });
        }
        let applied = hosts.join_all().await;
        let new = applied
            .iter()
            .filter(|applied| matches!(applied, Applied::New { customer: true, .. }));
        assert_eq!(new.count(), 1, "{applied:?}");
        assert_eq!(person(&store, &who).await.unread, 1);
    }
}

/// Another commit comes first between the statement that looks for a customer and the one that
/// adds them: the savepoint is rolled back, and the next attempt sees the other commit.
#[tokio::test(flavor = "multi_thread")]
async fn r17_a_host_that_is_overtaken_tries_again_in_its_transaction() {
    let Some(schema) = Schema::new("r17") else {
        return;
    };
    let store = schema.open().await;
    let first = [received(&contact("1", "first"), "m0", 0, "Hello")];
    store.apply(&first).await.unwrap();
    let mut client = schema.client().await;
    let mut session = Recording::new(client.transaction().await.unwrap());
    session.overtake = Some((store.clone(), ada()));
    let change = [received(&ada(), "m1", 1, "Hello")];
    let applied = store.apply_in(&mut session, &change).await.unwrap();
    assert_eq!(applied, [Applied::Unchanged]);
    session.transaction.commit().await.unwrap();
    let savepoints = session
        .sql
        .iter()
        .filter(|sql| *sql == "SAVEPOINT messenger");
    assert_eq!(savepoints.count(), 2, "{:#?}", session.sql);
    assert_eq!(talk(&store, &ada()).await.len(), 1);
    assert_eq!(person(&store, &ada()).await.unread, 1);
}

#[tokio::test]
async fn r17_apply_in_takes_three_round_trips() {
    let Some(schema) = Schema::new("r17") else {
        return;
    };
    let store = schema.open().await;
    let mut client = schema.client().await;
    for (mid, text) in [("m1", "Hello"), ("m2", "Do you have oolong?")] {
        let mut session = Recording::new(client.transaction().await.unwrap());
        let change = [received(&ada(), mid, 1, text)];
        store.apply_in(&mut session, &change).await.unwrap();
        session.transaction.commit().await.unwrap();
        // The first message of a Page creates the Page, and looks again.
        let expected = if mid == "m1" { 5 } else { 3 };
        assert_eq!(session.trips, expected, "{mid}: {:#?}", session.sql);
        // Each is a round trip or two with a driver that cannot pipeline.
        assert!(session.sql.len() <= 16, "{mid}: {:#?}", session.sql);
        assert!(session.sql.iter().all(|sql| !sql.contains("ada")));
    }
    assert_eq!(talk(&store, &ada()).await.len(), 2);
}

#[tokio::test]
async fn r17_a_host_may_use_a_transaction_of_its_pool() {
    let Some(schema) = Schema::new("r17") else {
        return;
    };
    let store = schema.open().await;
    let manager = Manager::new(schema.address.parse().unwrap(), NoTls);
    let pool = Pool::builder(manager).build().unwrap();
    let mut client = pool.get().await.unwrap();
    let mut transaction = client.transaction().await.unwrap();
    let change = [received(&ada(), "m1", 1, "Hello")];
    store.apply_in(&mut transaction, &change).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(talk(&store, &ada()).await.len(), 1);
}

#[tokio::test]
async fn r17_a_session_that_loses_rows_is_named_in_the_error() {
    struct Empty;
    impl Session for Empty {
        async fn run(&mut self, _: &[Statement<'_>]) -> Result<Vec<Vec<Row>>, SessionError> {
            Ok(Vec::new())
        }
    }
    let Some(schema) = Schema::new("r17") else {
        return;
    };
    let store = schema.open().await;
    let change = [received(&ada(), "m1", 1, "Hello")];
    let error = store.apply_in(&mut Empty, &change).await.unwrap_err();
    let text = "the store is misconfigured: the session returned the rows of 0 statements; expected those of 1: correct its Session::run";
    assert_eq!(error.to_string(), text);
    assert_eq!(
        store.page(&ada().page).await.unwrap().revision,
        Revision::default()
    );
}

/// A session of a host around another one.
struct Recording<'t> {
    transaction: tokio_postgres::Transaction<'t>,
    trips: u32,
    sql: Vec<String>,
    /// A store that receives the same message of this customer after they were looked for.
    overtake: Option<(PostgresStore, ContactKey)>,
}

impl<'t> Recording<'t> {
    fn new(transaction: tokio_postgres::Transaction<'t>) -> Self {
        Self {
            transaction,
            trips: 0,
            sql: Vec::new(),
            overtake: None,
        }
    }
}

impl Session for Recording<'_> {
    async fn run(&mut self, statements: &[Statement<'_>]) -> Result<Vec<Vec<Row>>, SessionError> {
        self.trips += 1;
        let sql = statements
            .iter()
            .map(|statement| statement.sql().to_owned());
        self.sql.extend(sql);
        let results = self.transaction.run(statements).await?;
        if self.trips == 2
            && let Some((store, who)) = self.overtake.take()
        {
            store
                .apply(&[received(&who, "m1", 1, "Hello")])
                .await
                .unwrap();
        }
        Ok(results)
    }
}
