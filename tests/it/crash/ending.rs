//! Deliveries that are in flight when it ends.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::task::{JoinSet, block_in_place};
use tokio::time::{sleep, timeout};

use super::half::Half;
use super::host::{Database, PAGE, SECRET};
use super::meta::{Dice, Meta};
use super::stored::check;
use crate::util::{Folder, SOON};

/// As it may, a kill falls between a commit and its answers in one of a few rounds: many share one
/// commit, and each of them waits for an answer of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i3_f2_what_was_committed_and_not_answered_is_sent_again_and_is_there_once() {
    let folder = Folder::new();
    let file = folder.database();
    let database = Database::Sqlite(folder);
    let mut host = database.start().await;
    let address = host.address.clone();
    let meta = Arc::new(Meta::of(&host));
    let connection = rusqlite::Connection::open(file).unwrap();
    let mut count = connection.prepare("SELECT count(*) FROM message").unwrap();
    let mut count = || -> i64 { count.query_row([], |row| row.get(0)).unwrap() };
    let mut dice = Dice::new(3);
    for round in 1.. {
        let before = count();
        let mut tasks = JoinSet::new();
        for task in 0..64 {
            let mut dice = Dice::new(dice.next());
            let delivery = meta.next(&mut dice, &format!("round {round}, task {task}"));
            let meta = meta.clone();
            tasks.spawn(async move { meta.post(delivery, &mut dice).await });
        }
        block_in_place(|| {
            let begun = Instant::now();
            while count() < before + 16 {
                assert!(
                    begun.elapsed() < SOON,
                    "round {round}: nothing is committed"
                );
            }
            host.kill();
        });
        tasks.join_all().await;
        host = database.again(&address).await;
        let stored = database.everything().await;
        let texts: BTreeSet<&String> = stored.iter().map(|one| &one.text).collect();
        let again = std::mem::take(&mut meta.ledger.lock().unwrap().again);
        let is_stored = |text: &String| texts.contains(text);
        let unanswered = again.iter().filter(|one| {
            let is_new = |text: &String| !meta.ledger.lock().unwrap().acknowledged.contains(text);
            one.texts.iter().all(|text| is_new(text) && is_stored(text))
        });
        let unanswered = unanswered.count();
        for delivery in again {
            meta.post(delivery, &mut dice).await;
        }
        let stored = database.everything().await;
        {
            let ledger = meta.ledger.lock().unwrap();
            check(&ledger, &stored);
            let all = ledger.posted.len();
            assert_eq!(ledger.acknowledged.len(), all, "all were sent again");
        }
        println!("round {round}: {unanswered} were committed and not answered");
        if unanswered > 0 {
            break;
        }
        assert!(round < 60, "no kill fell between a commit and an answer");
    }
    drop(host);
    database.sound().await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i16_sigterm_under_load_answers_what_has_begun_takes_nothing_new_and_ends() {
    let database = Database::Sqlite(Folder::new());
    let mut host = database.start().await;
    let address = host.address.clone();
    let meta = Arc::new(Meta::of(&host));
    let mut tasks = JoinSet::new();
    for task in 0..16 {
        let (meta, dice) = (meta.clone(), Dice::new(task));
        let name = format!("task {task}");
        tasks.spawn(async move { meta.post_on(dice, name).await });
    }
    let begun = Instant::now();
    while meta.answers() < 50 {
        assert!(begun.elapsed() < SOON, "no POST got 200");
        sleep(Duration::from_millis(5)).await;
    }
    let half = Half::begin(&host.address, "/", PAGE, SECRET).await;
    let told = Instant::now();
    host.terminate();
    // Nobody else gets in while the one who has begun is waited for.
    loop {
        match timeout(SOON, TcpStream::connect(&address)).await.unwrap() {
            Err(_) => break,
            Ok(_) => sleep(Duration::from_millis(5)).await,
        }
        assert!(told.elapsed() < Duration::from_secs(2), "it still accepts");
    }
    assert_eq!(host.ended(Duration::ZERO).await, None);
    let answer = half.finish().await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let status = host.ended(Duration::from_secs(5)).await;
    assert_eq!(status.expect("an end in 5 seconds").code(), Some(0));
    meta.dying.store(true, Ordering::SeqCst);
    tasks.join_all().await;

    let host = database.again(&address).await;
    let mut stored = database.everything().await;
    let is_half = |text: &str| text == Half::TEXT;
    assert!(stored.iter().any(|one| is_half(&one.text)));
    stored.retain(|one| !is_half(&one.text));
    check(&meta.ledger.lock().unwrap(), &stored);
    drop(host);
    database.sound().await;
}
