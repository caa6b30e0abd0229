//! How much room things take in a SQLite file.

use std::path::Path;

use messenger_crm::{
    change::{Change, ProfileResponse},
    model::Profile,
    store::{ContactStore, SqliteStore},
    time::Timestamp,
};
use rusqlite::Connection;
use tokio::runtime::Runtime;

use crate::world::{Outcome, World, at, contact, name, psid};

/// Prints what a message and a customer take beyond what they say, as the store has put them there
/// in the order of time.
pub(crate) fn sizes(runtime: &Runtime, path: &Path) -> Outcome {
    let world = World::new(10_000, 100_000);
    let store = SqliteStore::open(path)?;
    for part in (0..world.messages).step_by(500) {
        let events = (part..part + 500).map(|number| world.event(number).change());
        let events: Vec<Change> = events.collect::<Result<_, _>>()?;
        runtime.block_on(store.apply(&events))?;
    }
    let mut names = 0;
    for part in (0..world.customers).step_by(500) {
        let mut profiles = Vec::new();
        for customer in part..part + 500 {
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
    let bytes = |tables: &str| -> rusqlite::Result<f64> {
        let sql = format!(
            "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name IN
             (SELECT name FROM sqlite_schema WHERE tbl_name {tables})"
        );
        connection.query_row(&sql, [], |row| row.get(0))
    };
    let said: f64 = connection.query_row(
        "SELECT sum(octet_length(text) + octet_length(id)) FROM message",
        [],
        |row| row.get(0),
    )?;
    let (messages, customers) = (world.messages as f64, world.customers as f64);
    println!("room on the disk, {}, as they came", world.name());
    println!(
        "  a message beyond its text and id       {:>6.0} bytes",
        (bytes("= 'message'")? - said) / messages
    );
    println!(
        "  a customer beyond the names            {:>6.0} bytes",
        (bytes("= 'contact'")? - names as f64) / customers
    );
    println!(
        "  search: the texts, for a message       {:>6.0} bytes",
        (bytes("LIKE 'text\\_gram%' ESCAPE '\\'")? + bytes("= 'found'")?) / messages
    );
    println!(
        "  search: the names, for a customer      {:>6.0} bytes",
        bytes("LIKE 'name\\_gram%' ESCAPE '\\'")? / customers
    );
    Ok(())
}
