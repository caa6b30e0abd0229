//! Other writers and readers of the same file.

use super::*;

#[tokio::test]
async fn s12_f10_a_busy_writer_is_waited_for_and_then_named() {
    let folder = Folder::new();
    let store = open(&folder);
    let mut driver = driver(&folder);
    let hold = driver
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let waiting = tokio::spawn({
        let store = store.clone();
        async move { store.apply(&[received(&ada(), "m1", 1, "Hello")]).await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!waiting.is_finished(), "it did not wait");
    hold.rollback().unwrap();
    assert!(waiting.await.unwrap().is_ok());

    let hold = driver
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .unwrap();
    let error = store.apply(&[received(&ada(), "m2", 2, "Hello")]).await;
    assert_eq!(
        error.unwrap_err().to_string(),
        "the store is unavailable: database is locked"
    );
    // Reading goes on.
    assert_eq!(talk(&store, &ada()).await.len(), 1);
    drop(hold);
    store
        .apply(&[received(&ada(), "m2", 2, "Hello")])
        .await
        .unwrap();
    assert_eq!(talk(&store, &ada()).await.len(), 2);
}

/// What `i19` runs as a process of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i19_child() {
    let Some(database) = std::env::var_os("I19_DATABASE") else {
        return;
    };
    let store = SqliteStore::open(database).unwrap();
    let bob = contact("1", "bob");
    store
        .apply(&[received(&bob, "m-bob", 1, "I am here")])
        .await
        .unwrap();
    hear_of(&store, &ada()).await;
    println!("NEW {}", tell_all(&store).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i19_f29_two_processes_on_one_file_lose_and_double_nothing_and_hear_of_each_other() {
    let folder = Folder::new();
    let store = open(&folder);
    let child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "sqlite::others::i19_child", "--nocapture"])
        .env("I19_DATABASE", folder.database())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    hear_of(&store, &contact("1", "bob")).await;
    // The other one waits for that, so that both tell the rest at once.
    store
        .apply(&[received(&ada(), "m-ada", 1, "So am I")])
        .await
        .unwrap();
    let here = tell_all(&store).await;
    let child = tokio::task::spawn_blocking(|| child.wait_with_output().unwrap());
    let child = child.await.unwrap();
    let said = String::from_utf8(child.stdout).unwrap();
    let there = said
        .lines()
        .find_map(|line| line.strip_prefix("NEW ")?.parse::<usize>().ok());
    let there = there.unwrap_or_else(|| panic!("{said}"));
    assert_eq!(here + there, 100, "{here} were new here, and {there} there");
    let query = MessageQuery::new(ada()).with_limit(1000);
    assert_eq!(store.messages(&query).await.unwrap().rows.len(), 101);
    assert_eq!(person(&store, &ada()).await.unread, 101);
}

/// Waits until another process has told of this customer.
async fn hear_of(store: &SqliteStore, who: &ContactKey) {
    let mut since = Revision::default();
    while store.contact(who).await.unwrap().is_none() {
        let wait = Duration::from_secs(20);
        let changed = store.changed(&page(), since, wait).await.unwrap();
        assert!(changed.revision > since, "nothing was heard");
        since = changed.revision;
    }
}

/// A hundred messages, each of which comes to both processes; says how many were new to the file.
async fn tell_all(store: &SqliteStore) -> usize {
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..4 {
        let store = store.clone();
        tasks.spawn(async move {
            let mut new = 0;
            for number in 0..25 {
                let id = format!("m{task}-{number}");
                let change = received(&ada(), &id, number, "Hello");
                let applied = store.apply(&[change]).await.unwrap();
                new += usize::from(matches!(applied[..], [Applied::New { .. }]));
            }
            new
        });
    }
    tasks.join_all().await.into_iter().sum()
}

#[tokio::test]
async fn the_hosts_own_rows_are_committed_with_ours_or_not_at_all() {
    let folder = Folder::new();
    let store = open(&folder);
    let mut database = driver(&folder);
    database
        .execute_batch("CREATE TABLE ticket (number INTEGER, mid TEXT)")
        .unwrap();
    for (number, is_kept) in [(1, false), (2, true)] {
        let mut transaction = database
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .unwrap();
        let change = received(&ada(), "m1", 1, "Hello");
        let applied = SqliteStore::apply_in(&mut transaction, &[change]).unwrap();
        assert!(matches!(applied[..], [Applied::New { .. }]), "{applied:?}");
        transaction
            .execute(
                "INSERT INTO ticket (number, mid) VALUES (?1, 'm1')",
                [number],
            )
            .unwrap();
        if is_kept {
            transaction.commit().unwrap();
        }
    }
    let number: i64 = database
        .query_row("SELECT group_concat(number) FROM ticket", [], |row| {
            row.get::<_, String>(0)
        })
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(number, 2);
    assert_eq!(talk(&store, &ada()).await.len(), 1);
    let changed = store
        .changed(&page(), Revision::default(), Duration::from_secs(20))
        .await;
    assert_eq!(changed.unwrap().contacts, [ada()]);
}

#[tokio::test]
async fn changed_waits_for_a_commit_or_for_the_end() {
    let folder = Folder::new();
    let store = open(&folder);
    let begun = Instant::now();
    let wait = Duration::from_millis(50);
    let quiet = store
        .changed(&page(), Revision::default(), wait)
        .await
        .unwrap();
    assert!(begun.elapsed() >= wait && quiet.contacts.is_empty());
    let heard = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .changed(&page(), Revision::default(), Duration::from_secs(60))
                .await
        }
    });
    tokio::task::yield_now().await;
    store
        .apply(&[received(&ada(), "m1", 1, "Hello")])
        .await
        .unwrap();
    assert_eq!(heard.await.unwrap().unwrap().contacts, [ada()]);
}

#[tokio::test]
async fn n8_watchers_at_rest_cost_one_poll_and_hear_of_another_process() {
    let folder = Folder::new();
    let (store, other) = (open(&folder), open(&folder));
    let first = received(&ada(), "m1", 1, "Hello");
    let second = received(&ada(), "m2", 2, "Is anybody there?");
    store.apply(&[first]).await.unwrap();
    let since = store.page(&page()).await.unwrap().revision;
    let mut watchers = tokio::task::JoinSet::new();
    for _ in 0..2_000 {
        let store = store.clone();
        watchers.spawn(async move { store.changed(&page(), since, Duration::from_secs(60)).await });
    }
    other.apply(&[second]).await.unwrap();
    while let Some(changed) = watchers.join_next().await {
        assert_eq!(changed.unwrap().unwrap().contacts, [ada()]);
    }
}
