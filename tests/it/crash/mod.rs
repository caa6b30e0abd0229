//! What a host has answered with 200 is there once, whenever it is killed or told to end.
//!
//! `CRASH_KILLS` says how often it is killed (30 times without it), `CRASH_SEED` repeats a run's
//! choices. Five hundred, in some minutes:
//!
//! ```sh
//! CRASH_KILLS=500 cargo test --features full --test it crash::i2 -- --nocapture
//! ```

#![allow(clippy::unwrap_used)]

mod bot;
mod ending;
pub(crate) mod half;
mod host;
mod meta;
mod stored;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use self::host::{Database, Host};
use self::meta::{Dice, Meta, from_environment};
use self::stored::check;
use crate::postgres::server::Schema;
use crate::util::{self, Folder, SOON};

const TASKS: u64 = 32;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_f1_kill_9_under_32_concurrent_posts_loses_and_doubles_nothing_in_sqlite() {
    killed(Database::Sqlite(Folder::new())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i2_f1_kill_9_under_32_concurrent_posts_loses_and_doubles_nothing_in_postgres() {
    if let Some(schema) = Schema::new("i2") {
        killed(Database::Postgres(schema)).await;
    }
}

async fn killed(database: Database) {
    let kills = from_environment("CRASH_KILLS").unwrap_or(30);
    storm(database, kills, 350, async |host| host.kill()).await;
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn i17_fifty_restarts_under_32_concurrent_posts_lose_and_double_nothing() {
    storm(Database::Sqlite(Folder::new()), 50, 50, async |host| {
        host.terminate();
        let status = host.ended(SOON).await.expect("it goes on and on");
        assert!(status.success(), "{status}");
    })
    .await;
}

/// Ends the host so often, each time after some moments of at most so many milliseconds, and starts
/// it again, while others post.
async fn storm(database: Database, ends: u64, longest: u64, mut end: impl AsyncFnMut(&mut Host)) {
    let seed = from_environment("CRASH_SEED").unwrap_or_else(util::now);
    println!("CRASH_SEED={seed} CRASH_KILLS={ends}");
    let mut dice = Dice::new(seed);

    let mut host = database.start().await;
    let address = host.address.clone();
    let meta = Arc::new(Meta::of(&host));

    for round in 1..=ends {
        let before = meta.answers();
        meta.dying.store(false, Ordering::SeqCst);
        let mut tasks = JoinSet::new();
        for task in 0..TASKS {
            let (meta, dice) = (meta.clone(), Dice::new(dice.next()));
            let name = format!("round {round}, task {task}");
            tasks.spawn(async move { meta.post_on(dice, name).await });
        }
        // An end before the first answer would show nothing.
        let begun = Instant::now();
        while meta.answers() == before {
            assert!(begun.elapsed() < SOON, "round {round}: no POST got 200");
            sleep(Duration::from_millis(1)).await;
        }
        let life = Duration::from_millis(50 + dice.below(longest + 1));
        sleep(life).await;
        meta.dying.store(true, Ordering::SeqCst);
        end(&mut host).await;
        while let Some(task) = tasks.join_next().await {
            task.unwrap();
        }
        host = database.again(&address).await;
        let ledger = meta.ledger.lock().unwrap();
        println!(
            "round {round}: ended after {life:?}, {} deliveries acknowledged",
            ledger.answers - before
        );
    }

    // Meta comes again with some of what it got no answer to, and with what it got one to.
    let (again, first) = {
        let mut ledger = meta.ledger.lock().unwrap();
        (std::mem::take(&mut ledger.again), ledger.first.take())
    };
    for delivery in again {
        if dice.below(2) == 0 {
            meta.post(delivery, &mut dice).await;
        }
    }
    let first = first.unwrap();
    let before = meta.answers();
    meta.post(first, &mut dice).await;
    assert_eq!(meta.answers(), before + 1);

    let stored = database.everything().await;
    {
        let ledger = meta.ledger.lock().unwrap();
        check(&ledger, &stored);
        println!(
            "{ends} ends: {} deliveries and {} messages acknowledged, {} posted, {} stored, {} sent again, {} without an answer",
            ledger.answers,
            ledger.acknowledged.len(),
            ledger.posted.len(),
            stored.len(),
            ledger.repeats,
            ledger.unanswered,
        );
    }
    drop(host);
    database.sound().await;
}
