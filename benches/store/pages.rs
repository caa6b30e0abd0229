//! What a listing of fifty costs when there are few customers, and when there are many.

use std::{hint::black_box, time::Instant};

use messenger_crm::{
    id::PageId,
    store::{ContactQuery, ContactStore, MessageQuery},
};
use tokio::runtime::Runtime;

use crate::world::{LOST, Outcome, PAGE, RARE, World, contact, median, name, psid};

const RUNS: usize = 600;
/// So many places in the inbox are looked at, spread over all of it.
const PLACES: usize = 200;

pub(crate) fn pages(runtime: &Runtime, [small, large]: [(&dyn ContactStore, World); 2]) -> Outcome {
    println!("a listing of 50, median of {RUNS}, warm, in microseconds");
    println!("  from {}", small.1.name());
    println!("  to   {}", large.1.name());
    let cursors = [
        runtime.block_on(cursors(small.0, small.1))?,
        runtime.block_on(cursors(large.0, large.1))?,
    ];
    for what in [
        "inbox, first",
        "inbox, anywhere",
        "unread, first",
        "conversation",
        "search, three old hits",
        "search, a rare word",
        "search, a common word",
        "names, one of them",
        "names, one in eight",
    ] {
        let mut measured = [Vec::new(), Vec::new()];
        // The first rounds warm what is kept in memory, and do not count.
        for run in 0..RUNS + PLACES {
            for (side, (store, world)) in [&small, &large].into_iter().enumerate() {
                let place = run % PLACES;
                let begun = Instant::now();
                let rows =
                    runtime.block_on(list(what, *store, *world, &cursors[side][place], place))?;
                let micros = begun.elapsed().as_secs_f64() * 1e6;
                if rows == 0 {
                    return Err(format!("{what}: nothing among {}", world.name()).into());
                }
                if run >= PLACES {
                    measured[side].push(micros);
                }
            }
        }
        let [few, many] = measured.map(median);
        println!(
            "  {what:<22} {few:>9.1} -> {many:>9.1}   {:>5.2} x",
            many / few
        );
    }
    Ok(())
}

async fn list(
    what: &str,
    store: &dyn ContactStore,
    world: World,
    cursor: &str,
    place: usize,
) -> Outcome<usize> {
    let page = PageId::new(PAGE)?;
    let customer = place as u64 * (world.customers / PLACES as u64);
    Ok(match what {
        "conversation" => {
            let query = MessageQuery::new(contact(&psid(customer))?);
            black_box(store.messages(&query).await?).rows.len()
        }
        "search, three old hits" | "search, a rare word" | "search, a common word" => {
            let word = match what {
                "search, three old hits" => LOST,
                "search, a rare word" => RARE,
                _ => "oolong",
            };
            let query = MessageQuery::search(page, word);
            black_box(store.messages(&query).await?).rows.len()
        }
        "names, one of them" | "names, one in eight" => {
            let (first, family) = name(customer);
            let is_one = what.ends_with("them");
            let query = ContactQuery::new(page).with_name(if is_one { &family } else { first });
            black_box(store.contacts(&query).await?).rows.len()
        }
        "unread, first" => {
            let query = ContactQuery::new(page).unread();
            black_box(store.contacts(&query).await?).rows.len()
        }
        _ => {
            let mut query = ContactQuery::new(page);
            if what == "inbox, anywhere" {
                query.after = Some(cursor.to_owned());
            }
            black_box(store.contacts(&query).await?).rows.len()
        }
    })
}

/// Walks through the inbox once.
async fn cursors(store: &dyn ContactStore, world: World) -> Outcome<Vec<String>> {
    let mut query = ContactQuery::new(PageId::new(PAGE)?);
    query.limit = u32::try_from(world.customers / (PLACES as u64 + 1))?;
    let mut cursors = Vec::new();
    while cursors.len() < PLACES {
        let next = store.contacts(&query).await?.next;
        let next = next.ok_or("the inbox is shorter than it should be")?;
        cursors.push(next.clone());
        query.after = Some(next);
    }
    Ok(cursors)
}
