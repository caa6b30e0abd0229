//! How much room things take on the server.

use std::time::Instant;

use messenger_crm::{
    change::Change,
    store::{ContactStore, PostgresStore},
};

use crate::{
    server::Server,
    texts::{LETTERS, Script},
    world::{Database, Outcome, World, median},
};

/// Messages of each kind.
const MESSAGES: u64 = 10_000;
/// Messages of one call.
const PART: usize = 500;

/// Prints what a message takes beyond its text and id, and what the search index takes for it, in
/// the order of time.
pub(crate) fn sizes(server: &Server<'_>) -> Outcome {
    println!("room on the server for a message, {MESSAGES} messages of each kind, as they came");
    for script in [Script::Latin, Script::Chinese] {
        for letters in LETTERS {
            let names = ["with", "without"]
                .map(|name| format!("{script:?}-{letters}-{name}").to_lowercase());
            let stores = [server.store(&names[0])?, without_search(server, &names[1])?];
            let world = World::new(1_000, MESSAGES);
            let numbers: Vec<u64> = (0..MESSAGES).collect();
            let mut work = Vec::new();
            for part in numbers.chunks(PART) {
                let events = part.iter().map(|number| {
                    let mut event = world.event(*number);
                    event.text = script.text(*number, letters);
                    event.change()
                });
                let events: Vec<Change> = events.collect::<Result<_, _>>()?;
                let mut took = Vec::new();
                for store in &stores {
                    // The server works while the client waits.
                    let begun = Instant::now();
                    server.runtime.block_on(store.apply(&events))?;
                    took.push(begun.elapsed().as_secs_f64() * 1e6 / part.len() as f64);
                }
                work.push(took[0] - took[1]);
            }
            let client = server.client(&names[0])?;
            // What waits to be merged into the index is part of its price.
            let sql = "SELECT gin_clean_pending_list('text_gram_grams'), pg_total_relation_size('text_gram'),
                pg_total_relation_size('message') - (SELECT sum(octet_length(text) + octet_length(id)) FROM message)";
            let row = server.runtime.block_on(client.query_one(sql, &[]))?;
            let (index, beyond): (i64, i64) = (row.get(1), row.try_get(2).unwrap_or_default());
            let each = |bytes: i64| bytes as f64 / MESSAGES as f64;
            println!(
                "  {:<8} {letters:>4} characters   {:>6.0} bytes beyond its text and id   search {:>6.0} bytes, {:>6.1} µs",
                format!("{script:?}"),
                each(beyond),
                each(index),
                median(work)
            );
        }
    }
    Ok(())
}

fn without_search(server: &Server<'_>, name: &str) -> Outcome<PostgresStore> {
    let options = server.options(name)?.without_search();
    Ok(server
        .runtime
        .block_on(PostgresStore::connect_with(options))?)
}
