//! What the PostgreSQL store does in a second, and what a listing costs when there is much.
//!
//! `MESSENGER_TEST_POSTGRES=postgres://… cargo bench --features postgres --bench postgres` prints
//! `ingest`, `sizes` and `pages`; `-- NAME` one of them, or `gentle`, which removes a lot beside
//! deliveries, or `soak`, which delivers for an hour while a snapshot is open. `-- pages --million` fills a million customers and
//! ten million messages: that takes about half an hour, and 15 GB on the server, which are given
//! back at the end. `-- pages --tenth` fills a tenth of it.
//!
//! With `--unprepared` the stores give statements no names, as behind a pooler.
//!
//! What is measured, and how, is the same as for SQLite: see `benches/store`.

mod bare_reads;
#[path = "../util/deliver.rs"]
mod deliver;
mod fill;
#[path = "../store/gentle.rs"]
mod gentle;
#[path = "../store/ingest.rs"]
mod ingest;
#[path = "../store/pages.rs"]
mod pages;
mod processes;
#[path = "../util/processor.rs"]
mod processor;
mod server;
mod sizes;
mod soak;
#[path = "../store/texts.rs"]
mod texts;
#[path = "../store/world.rs"]
mod world;

use bare_reads::Reads;
use pages::{BareReads, Side};
use server::Server;
use world::{Database, Outcome, World};

/// Rounds of `ingest`.
const ROUNDS: u64 = 15;
/// How often `pages` reads each list.
const RUNS: usize = 200;

fn main() -> Outcome {
    let Ok(address) = std::env::var("MESSENGER_TEST_POSTGRES") else {
        println!("nothing was measured: MESSENGER_TEST_POSTGRES names no server");
        return Ok(());
    };
    let address = without_tls(address);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |wanted: &str| arguments.iter().any(|one| one == wanted);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    if let Some(at) = arguments.iter().position(|one| one == processes::CHILD) {
        return processes::child(
            &runtime,
            &address,
            has("--unprepared"),
            &arguments[at + 1..],
        );
    }
    let server = Server::new(&runtime, &address, has("--unprepared"));
    let is_whole = !["ingest", "pages", "sizes", "gentle", "soak"]
        .into_iter()
        .any(has);
    if is_whole || has("ingest") {
        ingest::ingest(&runtime, &server, ROUNDS)?;
        processes::processes(&server)?;
    }
    if is_whole || has("sizes") {
        sizes::sizes(&server)?;
    }
    if has("gentle") {
        gentle::conversation(&runtime, &server.store("erase")?, 200_000)?;
        let world = World::new(10_000, 1_000_000);
        let store = fill::filled(&server, world)?;
        gentle::retention(&runtime, &store, world)?;
    }
    if has("soak") {
        soak::soak(&server)?;
    }
    if is_whole || has("pages") {
        let large = if has("--million") {
            World::new(1_000_000, 10_000_000)
        } else if has("--tenth") {
            World::new(100_000, 1_000_000)
        } else {
            World::new(100_000, 200_000)
        };
        let small = World::new(10_000, 100_000);
        let open = |world: World| fill::filled(&server, world);
        let (few, many) = (open(small)?, open(large)?);
        let bare = |world: World| Reads::new(&server, &world.name());
        let (bare_few, bare_many) = (bare(small)?, bare(large)?);
        let sides = [(&few, small, &bare_few), (&many, large, &bare_many)];
        let sides = sides.map(|(store, world, bare)| Side {
            store,
            world,
            bare: Some(bare as &dyn BareReads),
        });
        pages::pages(&runtime, sides, RUNS)?;
    }
    Ok(())
}

/// The driver alone uses none either, and what is compared must do the same.
fn without_tls(address: String) -> String {
    if address.contains("sslmode") {
        return address;
    }
    let and = if address.contains('?') { '&' } else { '?' };
    format!("{address}{and}sslmode=disable")
}
