//! Throughput of a store, cost of its lists with few rows and with many, and its size on the disk.
//!
//! `cargo bench --features sqlite-bundled --bench store` prints all of it but `gentle`; `-- ingest`,
//! `-- pages`, `-- sizes` or `-- gentle` one part. Numbers follow their names:
//!
//! | Argument | Default | |
//! |---|---|---|
//! | `--rounds` | 15 | rounds of `ingest` |
//! | `--customers` | 100000 | customers of the larger world of `pages` |
//! | `--messages` | 2 of each customer | messages of the larger world |
//! | `--small` | 10000 | customers of the smaller world, with 10 messages of each |
//! | `--runs` | 200 | how often `pages` reads each list |
//! | `--texts` | 10000 | messages of each kind in the search index of `sizes` |
//! | `--long` | 200000 | messages of the conversation that `gentle` erases |
//! | `--old` | 1000000 | messages that `gentle` cuts, a multiple of 10000 |
//!
//! `-- pages --customers 1000000 --messages 10000000` takes more than half an hour and 12 GB below
//! `target`, which are given back at the end.
//!
//! `-- ingest --in FOLDER` uses another disk; one in memory shows the cost without syncs.
//!
//! What a database must bring to be measured is [`world::Database`].

#[path = "../util/arguments.rs"]
mod arguments;
mod bare_reads;
#[path = "../util/deliver.rs"]
mod deliver;
mod fill;
#[path = "../util/folder.rs"]
mod folder;
mod gentle;
mod ingest;
mod pages;
#[path = "../util/processor.rs"]
mod processor;
mod sizes;
mod sqlite;
mod texts;
mod world;

use bare_reads::Reads;
use folder::Folder;
use messenger_crm::store::SqliteStore;
use pages::Side;
use sqlite::Sqlite;
use world::{Outcome, World};

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |wanted: &str| arguments.iter().any(|one| one == wanted);
    let is_whole = !["ingest", "pages", "sizes", "gentle"].into_iter().any(has);
    let place = arguments.iter().position(|one| one == "--in");
    let place = place.and_then(|place| arguments.get(place + 1));
    let folder = Folder::new(place.map_or(env!("CARGO_TARGET_TMPDIR"), String::as_str))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()?;
    let number = |name: &str, default| arguments::number(&arguments, name, default);
    if is_whole || has("ingest") {
        let rounds = number("--rounds", 15)?;
        ingest::ingest(&runtime, &Sqlite::new(folder.path()), rounds)?;
    }
    let customers = number("--small", 10_000)?;
    let small = World::new(customers, 10 * customers);
    if is_whole || has("sizes") {
        sizes::sizes(&runtime, &folder.path().join("sizes.db"), small)?;
        sizes::search_index(&runtime, folder.path(), number("--texts", 10_000)?)?;
    }
    if has("gentle") {
        let world = World::new(10_000, number("--old", 1_000_000)?);
        let store = SqliteStore::open(folder.path().join("erase.db"))?;
        gentle::conversation(&runtime, &store, number("--long", 200_000)?)?;
        let store = fill::filled(&runtime, &folder.path().join("retention.db"), world)?;
        gentle::retention(&runtime, &store, world)?;
    }
    if is_whole || has("pages") {
        let customers = number("--customers", 100_000)?;
        let messages = number("--messages", 2 * customers)?;
        if !messages.is_multiple_of(customers) {
            return Err("--messages must be a multiple of --customers".into());
        }
        let large = World::new(customers, messages);
        let paths = [small, large].map(|world| folder.path().join(world.name()));
        let open = |at: usize, world| fill::filled(&runtime, &paths[at], world);
        let (few, many) = (open(0, small)?, open(1, large)?);
        let (bare_few, bare_many) = (Reads::new(&few, &paths[0])?, Reads::new(&many, &paths[1])?);
        let sides = [(&few, small, &bare_few), (&many, large, &bare_many)];
        let sides = sides.map(|(store, world, bare)| Side {
            store,
            world,
            bare: Some(bare),
        });
        let runs = usize::try_from(number("--runs", 200)?)?;
        pages::pages(&runtime, sides, runs)?;
    }
    Ok(())
}
