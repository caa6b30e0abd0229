//! Deliveries of one event each, acknowledged when they are on the disk.
//!
//! All variants run in each round, and figures are compared within a round: the disk is
//! not the same from one second to the next. The bare driver gets its rows ready made and inserts
//! them in transactions of the size that the store's shared commits had in the same round.

use std::{sync::Arc, time::Instant};

use messenger_crm::change::Change;
use tokio::runtime::Runtime;

use crate::{
    deliver::deliver,
    processor::{since, worked},
    world::{Bare, Database, Event, Outcome, World, median},
};

/// How many deliveries wait at one time, and how many of them make a round.
const WAITING: [(usize, u64); 4] = [(1, 400), (8, 1600), (64, 4000), (256, 6000)];
/// The one that is compared with the driver.
const COMPARED: usize = 2;

pub(crate) fn ingest<D: Database>(runtime: &Runtime, database: &D, rounds: u64) -> Outcome {
    let world = World::new(10_000, 0);
    let names = WAITING.map(|(waiting, _)| format!("store-{waiting}"));
    let mut lanes = Vec::new();
    for name in &names {
        lanes.push((database.store(name)?, Vec::new(), Vec::new()));
    }
    let mut shared = database.bare("bare-shared")?;
    let mut single = database.bare("bare-single")?;
    let mut plain = database.plain("plain")?;
    let (mut rates_plain, mut to_plain) = (Vec::new(), Vec::new());
    let (mut rates_shared, mut rates_single) = (Vec::new(), Vec::new());
    let (mut to_shared, mut to_single) = (Vec::new(), Vec::new());
    let (mut work, mut bare_work) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        for (lane, (waiting, count)) in WAITING.into_iter().enumerate() {
            let (store, rates, sizes) = &mut lanes[lane];
            let events: Vec<Event> = (round * count..(round + 1) * count)
                .map(|number| world.event(number))
                .collect();
            let changes = events.iter().map(Event::change);
            let changes: Arc<[Change]> = changes.collect::<Result<_, _>>()?;
            let before = database.commits(store);
            let worked = worked();
            let rate = runtime.block_on(deliver(store, changes, waiting))?;
            let store_worked = since(worked, count);
            let in_one = count as f64 / (database.commits(store) - before) as f64;
            rates.push(rate);
            sizes.push(in_one);
            if lane == COMPARED {
                let (bare, bare_worked) = insert(&mut shared, &events, in_one.round() as usize)?;
                work.extend(store_worked);
                bare_work.extend(bare_worked);
                rates_shared.push(bare);
                to_shared.push(rate / bare);
                let (two_tables, _) = insert(&mut plain, &events, in_one.round() as usize)?;
                rates_plain.push(two_tables);
                to_plain.push(rate / two_tables);
                let few = &events[..events.len() / 10];
                let (one, _) = insert(&mut single, few, 1)?;
                rates_single.push(one);
                to_single.push(rate / one);
            }
        }
    }
    println!("durable ingest, events a second, median of {rounds} rounds");
    for ((waiting, _), (_, rates, sizes)) in WAITING.into_iter().zip(&lanes) {
        println!(
            "  store, {waiting:>3} waiting             {:>9.0}   {:>5.1} in a transaction",
            median(rates.clone()),
            median(sizes.clone())
        );
    }
    let in_one = median(lanes[COMPARED].2.clone());
    println!(
        "  bare driver, the same rows      {:>9.0}   {in_one:>5.1} in a transaction",
        median(rates_shared)
    );
    println!(
        "  bare driver, the same rows      {:>9.0}     1 in a transaction",
        median(rates_single)
    );
    println!(
        "  bare driver, two plain tables   {:>9.0}   {in_one:>5.1} in a transaction",
        median(rates_plain)
    );
    println!(
        "  64 waiting: {:.2} x the driver in transactions of the same size, {:.2} x one transaction for each event,
              {:.2} x the driver on two plain tables",
        median(to_shared),
        median(to_single),
        median(to_plain)
    );
    println!(
        "  processor for an event: {:.1} µs, the bare driver {:.1} µs",
        median(work),
        median(bare_work)
    );
    drop(lanes);
    drop(shared);
    database.compare(&names[COMPARED], "bare-shared")
}

/// How many in a second, and the work for one.
fn insert<B: Bare>(bare: &mut B, events: &[Event], in_one: usize) -> Outcome<(f64, Option<f64>)> {
    let rows = events.iter().map(|event| bare.row(event));
    let rows: Vec<B::Row> = rows.collect::<Outcome<_>>()?;
    let worked = worked();
    let begun = Instant::now();
    bare.insert(&rows, in_one.max(1))?;
    let rate = rows.len() as f64 / begun.elapsed().as_secs_f64();
    Ok((rate, since(worked, rows.len() as u64)))
}
