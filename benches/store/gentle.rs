//! Latency of commits while many rows are removed: one conversation of 200,000 messages, and a million
//! messages that have become too old.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use messenger_crm::{
    change::{Applied, Change},
    id::PageId,
    model::WorkKind,
    store::{ContactStore, Pending, PendingQuery, expire},
    time::Timestamp,
};
use tokio::{runtime::Runtime, task::JoinSet, time::sleep};

use crate::world::{Event, Outcome, PAGE, World, at, contact};

/// Deliveries in a second.
const RATE: u64 = 200;
/// Rows that one slice removes.
const SLICE: u32 = 200;
/// Pause between two slices, so that others have their turn.
const PAUSE: Duration = Duration::from_millis(5);
/// Deliveries before the removing begins, for comparison.
const BEFORE: Duration = Duration::from_secs(10);
/// The customer with the long conversation.
const TALKER: &str = "24999999999999999";

/// Erases one conversation with so many messages.
pub(crate) fn conversation<S: ContactStore + Clone>(
    runtime: &Runtime,
    store: &S,
    messages: u64,
) -> Outcome {
    let key = contact(TALKER)?;
    let world = World::new(10_000, 0);
    let all: Vec<u64> = (0..messages).collect();
    for numbers in all.chunks(1_000) {
        let event = |number: &u64| Event {
            psid: TALKER.to_owned(),
            ..world.event(*number)
        };
        let changes = numbers.iter().map(|number| event(number).change());
        let changes: Vec<Change> = changes.collect::<Result<_, _>>()?;
        runtime.block_on(store.apply(&changes))?;
    }
    println!("one conversation of {messages} messages is erased, {RATE} deliveries a second");
    runtime.block_on(loaded(store, async {
        let forget = Change::Forgotten {
            contact: key.clone(),
            at: Timestamp::from_millis(at(messages)),
        };
        let applied = store.apply(&[forget]).await?;
        if applied != [Applied::Changed] {
            return Err(format!("it was not erased: {applied:?}").into());
        }
        let begun = Instant::now();
        let slices = remove(store).await?;
        report(begun, slices);
        Ok(())
    }))
}

/// Cuts all messages of a world that is stored already.
pub(crate) fn retention<S: ContactStore + Clone>(
    runtime: &Runtime,
    store: &S,
    world: World,
) -> Outcome {
    println!(
        "all of {} are too old, {RATE} deliveries a second",
        world.name()
    );
    runtime.block_on(loaded(store, async {
        let begun = Instant::now();
        let up_to = Timestamp::from_millis(at(world.messages));
        let expired = expire(store, &PageId::new(PAGE)?, up_to).await?;
        println!(
            "  {expired} conversations are hidden after {:.1} s",
            begun.elapsed().as_secs_f64()
        );
        let slices = remove(store).await?;
        report(begun, slices);
        Ok(())
    }))
}

fn report(begun: Instant, slices: u64) {
    println!(
        "  the rows are gone after {:.1} s, in {slices} slices",
        begun.elapsed().as_secs_f64()
    );
}

/// Removes in slices until there is no such work; returns the number of slices.
async fn remove<S: ContactStore>(store: &S) -> Outcome<u64> {
    let mut slices = 0;
    loop {
        let now = Timestamp::from_millis(i64::MAX >> 1);
        let work = store
            .pending(&PendingQuery::new(now, vec![WorkKind::ERASE]))
            .await?;
        if work.is_empty() {
            return Ok(slices);
        }
        for item in work {
            let Pending::Erase { contact, .. } = item else {
                continue;
            };
            let erase = Change::Erase {
                contact,
                limit: SLICE,
            };
            store.apply(&[erase]).await?;
            slices += 1;
            sleep(PAUSE).await;
        }
    }
}

/// Delivers all the time, first with nothing beside them, then beside `work`; prints how long commits took.
async fn loaded<S: ContactStore + Clone>(
    store: &S,
    work: impl Future<Output = Outcome>,
) -> Outcome {
    let quiet = Arc::new(AtomicBool::new(false));
    let before = tokio::spawn(deliver(store.clone(), 1, quiet.clone()));
    sleep(BEFORE).await;
    quiet.store(true, Ordering::Relaxed);
    print("before", before.await??);
    let done = Arc::new(AtomicBool::new(false));
    let beside = tokio::spawn(deliver(store.clone(), 2, done.clone()));
    let worked = work.await;
    done.store(true, Ordering::Relaxed);
    print("meanwhile", beside.await??);
    worked
}

/// Delivers at a constant rate, whether or not those before are committed, until `stop` is set;
/// returns how long each commit took, from the moment when it was due.
async fn deliver<S: ContactStore + Clone>(
    store: S,
    part: u64,
    stop: Arc<AtomicBool>,
) -> Outcome<Vec<Duration>> {
    let world = World::new(10_000, 0);
    let mut all = JoinSet::new();
    let (begun, step) = (Instant::now(), Duration::from_secs(1) / RATE as u32);
    let mut took = Vec::new();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let due = begun + step * number as u32;
        tokio::time::sleep_until(due.into()).await;
        // Later than everything that is removed.
        let event = world.event(part << 32 | number);
        let change = event.change()?;
        let store = store.clone();
        all.spawn(async move { store.apply(&[change]).await.map(|_| due.elapsed()) });
        while let Some(done) = all.try_join_next() {
            took.push(done??);
        }
    }
    while let Some(done) = all.join_next().await {
        took.push(done??);
    }
    Ok(took)
}

fn print(when: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let at = |part: f64| {
        let place = ((took.len() as f64 * part) as usize).min(took.len().saturating_sub(1));
        took.get(place).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    println!(
        "  commits {when:<9} {:>6}, p50 {:>6.1} ms, p99 {:>6.1} ms, p99.9 {:>7.1} ms, the slowest {:>7.1} ms",
        took.len(),
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0)
    );
}
