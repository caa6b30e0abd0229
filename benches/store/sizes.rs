//! How much room things take in a SQLite file.

use std::{ops::Range, path::Path};

use messenger_crm::{
    change::{Change, ProfileResponse},
    model::Profile,
    store::{ContactStore, SqliteStore},
    time::Timestamp,
};
use rusqlite::Connection;
use tokio::runtime::Runtime;

use crate::{
    processor::{since, worked},
    texts::{LETTERS, Script},
    world::{Outcome, World, at, contact, median, name, psid},
};

/// Prints what a message and a customer take beyond what they say, as the store has put them there
/// in the order of time.
pub(crate) fn sizes(runtime: &Runtime, path: &Path, world: World) -> Outcome {
    let store = SqliteStore::open_without_search(path)?;
    for part in parts(world.messages) {
        let events = part.map(|number| world.event(number).change());
        let events: Vec<Change> = events.collect::<Result<_, _>>()?;
        runtime.block_on(store.apply(&events))?;
    }
    let mut names = 0;
    for part in parts(world.customers) {
        let mut profiles = Vec::new();
        for customer in part {
            let (first, family) = name(customer);
            let mut profile = Profile::default();
            profile.name = Some(format!("{first} {family}"));
            profile.first_name = Some(first.to_owned());
            names += 2 * (first.len() + family.len()) + 1;
            profile.last_name = Some(family);
            profiles.push(Change::Profile {
                contact: contact(&psid(customer))?,
                fetched_at: Timestamp::from_millis(at(world.messages + customer)),
                response: ProfileResponse::Known {
                    profile,
                    picture: None,
                },
                due: None,
            });
        }
        runtime.block_on(store.apply(&profiles))?;
    }
    runtime.block_on(store.close())?;
    let connection = Connection::open(path)?;
    let said: f64 = connection.query_row(
        "SELECT sum(octet_length(text) + octet_length(id)) FROM message",
        [],
        |row| row.get(0),
    )?;
    let (messages, customers) = (world.messages as f64, world.customers as f64);
    println!(
        "room on the disk without a search index, {}, as they came",
        world.name()
    );
    println!(
        "  a message beyond its text and id       {:>6.0} bytes",
        (bytes(&connection, "= 'message'")? - said) / messages
    );
    println!(
        "  a customer beyond the names            {:>6.0} bytes",
        (bytes(&connection, "= 'contact'")? - names as f64) / customers
    );
    println!(
        "  the names of a customer, to be found   {:>6.0} bytes",
        bytes(&connection, "LIKE 'name\\_gram%' ESCAPE '\\'")? / customers
    );
    Ok(())
}

/// Prints the room and the work that the search index takes for a message: the difference between a
/// store that has one and a store that has none.
pub(crate) fn search_index(runtime: &Runtime, folder: &Path, messages: u64) -> Outcome {
    println!("search index for a message, {messages} messages of each kind");
    for script in [Script::Latin, Script::Chinese] {
        for letters in LETTERS {
            let path = |name: &str| folder.join(format!("{script:?}-{letters}-{name}.db"));
            let (with, without) = (path("with"), path("without"));
            let stores = [
                SqliteStore::open(&with)?,
                SqliteStore::open_without_search(&without)?,
            ];
            let world = World::new(1_000, messages);
            let mut work = Vec::new();
            // Both in each round: the machine is not the same from one second to the next.
            for part in parts(messages) {
                let count = part.end - part.start;
                let events = part.map(|number| {
                    let mut event = world.event(number);
                    event.text = script.text(number, letters);
                    event.change()
                });
                let events: Vec<Change> = events.collect::<Result<_, _>>()?;
                let mut took = Vec::new();
                for store in &stores {
                    let before = worked();
                    runtime.block_on(store.apply(&events))?;
                    took.extend(since(before, count));
                }
                if let [with, without] = took[..] {
                    work.push(with - without);
                }
            }
            for store in stores {
                runtime.block_on(store.close())?;
            }
            let connection = Connection::open(&with)?;
            let taken = bytes(&connection, "LIKE 'text\\_gram%' ESCAPE '\\'")?
                + bytes(&connection, "= 'document'")?;
            println!(
                "  {:<8} {letters:>4} characters   {:>6.0} bytes   {:>6.1} µs of a processor",
                format!("{script:?}"),
                taken / messages as f64,
                median(work)
            );
        }
    }
    Ok(())
}

/// Bytes of these tables and their indexes.
fn bytes(connection: &Connection, tables: &str) -> rusqlite::Result<f64> {
    let sql = format!(
        "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name IN
         (SELECT name FROM sqlite_schema WHERE tbl_name {tables})"
    );
    connection.query_row(&sql, [], |row| row.get(0))
}

/// Numbers of the messages or customers of one call.
fn parts(end: u64) -> impl Iterator<Item = Range<u64>> {
    (0..end)
        .step_by(500)
        .map(move |from| from..end.min(from + 500))
}
