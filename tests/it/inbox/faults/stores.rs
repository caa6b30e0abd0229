//! Stores that fail: a full disk, a database that is away, slow, locked or busy, two processes.

use std::io::Write as _;

use messenger_crm::graph::history::list_conversations;
use messenger_crm::model::{Content, Entry, EntryId, Source, WorkKind};
use messenger_crm::store::PostgresStore;
use messenger_crm::store::postgres::deadpool_postgres::{Manager, Pool};
use rusqlite::TransactionBehavior;
use tokio::task::JoinSet;
use tokio_postgres::NoTls;

use super::*;
use crate::inbox::service::{inbox, signed};
use crate::postgres::faults::proxied;
use crate::postgres::server::Schema;
use crate::proxy::Fault;
use crate::util::Disk;

/// Writes until the disk is full, down to the smallest commit.
async fn fill(disk: &Disk, store: &SqliteStore) {
    let mut file = std::fs::File::create(disk.path().join("filler")).unwrap();
    while file.write_all(&[1; 4096]).is_ok() {}
    for number in 0..10_000 {
        let mark = Change::Mark {
            page: ada().page,
            name: "filler".to_owned(),
            value: Some(number.to_string()),
            at: at(number),
        };
        if store.apply(&[mark]).await.is_err() {
            return;
        }
    }
    panic!("the disk is never full");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f6_on_a_full_disk_nothing_is_acknowledged_or_sent_and_all_goes_on_when_there_is_room() {
    let Some(disk) = Disk::new("f6", 8) else {
        return;
    };
    let store = SqliteStore::open(disk.path().join("crm.db")).unwrap();
    let host = Host::new(store.clone()).await;
    let [psid, _] = people();
    let who = host.hears(psid, "Hello").await;
    host.queue(&who, 1, "first").await;
    host.queue(&who, 2, "second").await;
    fill(&disk, &store).await;

    let late = host.body(psid, "m_late", "Is anybody there?");
    host.deliver(&late).await.expect(503);
    host.get("/readyz").await.expect(503);
    host.get("/livez").await.expect(200);
    let error = host.try_queue(&who, 3, "third").await;
    assert!(
        matches!(error, Err(ReplyError::Store(StoreError::Unavailable(_)))),
        "{error:?}"
    );
    let workers = host.start();
    host.fails(3).await;
    assert_eq!(host.requests("/messages"), 0, "nothing is sent unclaimed");
    assert_eq!(host.state(&who, 1).await, Some(MessageState::Queued));
    store.check().await.unwrap();

    std::fs::remove_file(disk.path().join("filler")).unwrap();
    host.deliver(&late).await.expect(200);
    host.get("/readyz").await.expect(200);
    host.arrives(&who, 2).await;
    assert_eq!(host.phone(psid), ["first", "second"]);
    let texts = host.texts(&who).await;
    assert_eq!(texts.len(), 4, "{texts:?}");
    store.check().await.unwrap();
    host.end(workers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f7_a_database_that_is_away_is_503_and_the_queue_drains_in_order_when_it_is_back() {
    let Some(schema) = Schema::new("f7") else {
        return;
    };
    let (line, options) = proxied(&schema).await;
    let store = PostgresStore::connect_with(options).await.unwrap();
    let host = Host::new(store).await;
    let [psid, other] = people();
    let who = host.hears(psid, "Hello").await;
    let another = host.hears(other, "Hello").await;
    for (number, text) in [(1, "one"), (2, "two"), (3, "three")] {
        host.queue(&who, number, text).await;
    }
    host.queue(&another, 4, "four").await;

    line.set(Fault::Cut(0));
    let late = host.body(psid, "m_late", "Is anybody there?");
    host.deliver(&late).await.expect(503);
    host.get("/readyz").await.expect(503);
    let error = host.try_queue(&who, 5, "five").await;
    assert!(
        matches!(error, Err(ReplyError::Store(StoreError::Unavailable(_)))),
        "{error:?}"
    );
    let workers = host.start();
    host.fails(2).await;
    assert_eq!(host.requests("/messages"), 0);

    line.set(Fault::None);
    until("the database is back", async || {
        host.deliver(&late).await.expect_one_of(&[200, 503]).status == 200
    })
    .await;
    host.arrives(&who, 3).await;
    host.arrives(&another, 4).await;
    assert_eq!(host.phone(psid), ["one", "two", "three"]);
    assert_eq!(host.phone(other), ["four"]);
    let texts = host.texts(&who).await;
    let late = texts.iter().filter(|text| *text == "Is anybody there?");
    assert_eq!(late.count(), 1);
    host.end(workers).await;
}

/// Meta gives up after an hour of failures. What was written meanwhile is in Meta's inbox only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f8_f24_after_an_hour_without_a_database_the_page_is_subscribed_again_and_the_gap_can_be_filled()
 {
    let Some(schema) = Schema::new("f8") else {
        return;
    };
    let (line, options) = proxied(&schema).await;
    let store = PostgresStore::connect_with(options).await.unwrap();
    let host = Host::new(store).await;
    let [psid, _] = people();
    let who = host.hears(psid, "before").await;
    host.queue(&who, 1, "one").await;
    host.queue(&who, 2, "two").await;

    line.set(Fault::Cut(0));
    let simulator = host.simulator();
    simulator.write(psid, "meanwhile").unwrap();
    timeout(SOON, simulator.settled()).await.unwrap();
    simulator.advance(Duration::from_secs(3600));
    host.delivered().await;
    simulator.write(psid, "also meanwhile").unwrap();
    assert_eq!(simulator.pending(), 0, "the app is still subscribed");

    line.set(Fault::None);
    let page = &host.office.page;
    let before = host.requests("subscribed_apps");
    until("the database is back", async || {
        host.inbox().page_health(page, now()).await.is_ok()
    })
    .await;
    let health = host.inbox().check_page(page, now()).await.unwrap();
    assert_eq!(health.problems, []);
    assert_eq!(host.requests("subscribed_apps"), before + 2);
    let workers = host.start();
    host.hears(psid, "after").await;
    host.arrives(&who, 2).await;
    assert_eq!(host.phone(psid), ["one", "two"]);
    let texts = host.texts(&who).await;
    assert!(!texts.contains(&"meanwhile".to_owned()), "{texts:?}");

    // A host fills the gap from Meta's inbox; what is known already stays as it is.
    let graph = Graph::new().unwrap().with_base_url(&simulator.url());
    let client = graph.unwrap().page(access_of(simulator));
    let listed = client.call(&list_conversations(20)).await.unwrap();
    let with_them = |one: &&messenger_crm::graph::history::Conversation| {
        one.customer(page).as_ref() == Some(&who.psid)
    };
    let conversation = listed.items.iter().find(with_them).unwrap();
    for _ in 0..2 {
        for past in &conversation.messages.items {
            if past.is_from(page) == Some(false) {
                let content = Content::text(past.text.clone().unwrap());
                let id = EntryId::of_message(&past.mid);
                let entry = Entry::new(id, past.at.unwrap(), Source::Backfill, content);
                let change = Change::received(who.clone(), entry);
                host.inbox().store().apply(&[change]).await.unwrap();
            }
        }
    }
    let texts = host.texts(&who).await;
    for text in [
        "before",
        "one",
        "two",
        "meanwhile",
        "also meanwhile",
        "after",
    ] {
        let count = texts.iter().filter(|one| *one == text).count();
        assert_eq!(count, 1, "{text}: {texts:?}");
    }
    host.end(workers).await;
}

/// The table of messages is locked: each commit waits. Ten bodies of which two have room, and one with
/// a deadline.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f9_a_slow_database_is_503_at_the_deadline_and_few_bytes_wait_for_it() {
    let Some(schema) = Schema::new("f9") else {
        return;
    };
    let store = schema.open().await;
    let body = |number: usize| {
        let text = "a text as long as people write them ".repeat(20);
        let event = message(&ada(), &format!("m{number}"), at(1), &text);
        delivery("1", &[event])
    };
    let service = inbox(store.clone(), page_1()).service();
    let mut holder = schema.client().await;
    let held = holder.transaction().await.unwrap();
    let lock = "LOCK TABLE message IN ACCESS EXCLUSIVE MODE";
    held.batch_execute(lock).await.unwrap();
    let hasty = service.clone().with_deadline(Duration::from_millis(50));
    let response = hasty.respond(signed(&body(100))).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.body(), "not stored in time\n");

    let room = body(0).len() * 2 + body(0).len() / 2;
    let patient = service
        .with_deadline(SOON)
        .with_bytes_in_flight(room, 1 << 20);
    let mut posts = JoinSet::new();
    for number in 0..10 {
        let (patient, request) = (patient.clone(), signed(&body(number)));
        posts.spawn(async move { patient.respond(request).await });
    }
    for _ in 0..8 {
        let response = timeout(SOON, posts.join_next()).await;
        let response = response.expect("the others do not wait").unwrap().unwrap();
        assert_eq!(response.status(), 503);
        assert_eq!(response.body(), "too many bytes are being received\n");
    }
    held.rollback().await.unwrap();
    let committed = posts.join_all().await;
    assert_eq!(committed.len(), 2);
    assert!(committed.iter().all(|response| response.status() == 200));
    // The store may have finished the hasty one, too: Meta sends it again in any case.
    assert_eq!(patient.respond(signed(&body(100))).await.status(), 200);
    assert_eq!(talk(&store, &ada()).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f10_a_locked_file_is_503_and_what_waits_is_done_when_it_is_free() {
    let folder = Folder::new();
    let store = SqliteStore::open(folder.database()).unwrap();
    let host = Host::new(store).await;
    let [psid, _] = people();
    let who = host.hears(psid, "Hello").await;
    host.queue(&who, 1, "one").await;
    let mut other = rusqlite::Connection::open(folder.database()).unwrap();
    let hold = other.transaction_with_behavior(TransactionBehavior::Immediate);
    let hold = hold.unwrap();

    let workers = host.start();
    let late = host.body(psid, "m_late", "Is anybody there?");
    host.deliver(&late).await.expect(503);
    host.fails(1).await;
    assert_eq!(host.requests("/messages"), 0);

    hold.rollback().unwrap();
    host.deliver(&late).await.expect(200);
    host.arrives(&who, 1).await;
    assert_eq!(host.phone(psid), ["one"]);
    host.end(workers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f11_without_a_free_connection_it_is_503_and_what_waits_is_done_when_there_is_one() {
    let Some(schema) = Schema::new("f11") else {
        return;
    };
    let manager = Manager::new(schema.address.parse().unwrap(), NoTls);
    let pool = Pool::builder(manager).max_size(1).build().unwrap();
    let store = PostgresStore::with_pool(pool.clone(), &schema.name).await;
    let host = Host::new(store.unwrap()).await;
    let [psid, _] = people();
    let who = host.hears(psid, "Hello").await;
    host.queue(&who, 1, "one").await;
    let held = pool.get().await.unwrap();

    let workers = host.start();
    let late = host.body(psid, "m_late", "Is anybody there?");
    host.deliver(&late).await.expect(503);
    host.fails(1).await;
    assert_eq!(host.requests("/messages"), 0);

    drop(held);
    until("the connection is free", async || {
        host.deliver(&late).await.expect_one_of(&[200, 503]).status == 200
    })
    .await;
    host.arrives(&who, 1).await;
    assert_eq!(host.phone(psid), ["one"]);
    host.end(workers).await;
}

/// Two processes with workers, each with its own connections to one database, and Meta posts to both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f29_two_instances_store_each_message_once_and_send_each_reply_once_and_in_order() {
    let Some(schema) = Schema::new("f29") else {
        return;
    };
    let host = Host::new(schema.open().await).await;
    let simulator = host.simulator();
    let store = Arc::new(schema.open().await);
    let second = inbox_of(simulator, &simulator.url(), store);
    let address = serve(second.service()).await;
    let of = people();
    for psid in of {
        host.hears(psid, "Hello").await;
        let body = host.body(psid, "m_both", "Do you have oolong?");
        let headers = signature(&simulator.app().app_secret, &body);
        let there = ask(&address, "POST", "/webhook", &headers, &body);
        let (here, there) = tokio::join!(host.deliver(&body), there);
        here.expect(200);
        there.expect(200);
    }
    for number in 0..10 {
        for (place, psid) in of.into_iter().enumerate() {
            let number = number * 2 + u8::try_from(place).unwrap();
            let who = host.contact(psid);
            host.queue(&who, number, &format!("reply {number}")).await;
        }
    }
    // Both find the same replies at once.
    let workers = [host.start(), Workers::start(&second, RunOptions::default())];
    for (place, psid) in of.into_iter().enumerate() {
        let who = host.contact(psid);
        let numbers = (0..10).map(|number| number * 2 + place);
        host.arrives(&who, u8::try_from(18 + place).unwrap()).await;
        let expected: Vec<String> = numbers.map(|number| format!("reply {number}")).collect();
        assert_eq!(host.phone(psid), expected);
        let texts = host.texts(&who).await;
        let asked = texts.iter().filter(|text| *text == "Do you have oolong?");
        assert_eq!(asked.count(), 1);
    }
    let query = PendingQuery::new(now(), [WorkKind::SEND]);
    assert_eq!(second.store().pending(&query).await.unwrap(), []);
    let [here, there] = workers;
    there.end(SOON).await;
    host.end(here).await;
}
