//! Processor time of a durable delivery through the HTTP service, its memory with large bodies, and a
//! soak of service, workers and store.
//!
//! `cargo bench --features simulator,sqlite-bundled --bench service` prints the first two; `-- cost`,
//! `-- bodies` or `-- soak` one of the three. Numbers follow their names:
//!
//! | Argument | Default | |
//! |---|---|---|
//! | `--rounds` | 15 | rounds of `cost` |
//! | `--waiting` | 64 | requests that wait at one time in `cost` |
//! | `--minutes` | 30 | length of `soak` |
//!
//! Clients and the simulator are separate processes, so that what they do counts for nobody else.

#[path = "../util/arguments.rs"]
mod arguments;
mod bodies;
mod client;
mod cost;
#[path = "../util/deliver.rs"]
mod deliver;
#[path = "../util/folder.rs"]
mod folder;
mod host;
mod phones;
#[path = "../util/processor.rs"]
mod processor;
mod soak;
#[allow(dead_code)] // Other benches use the rest of it.
#[path = "../store/world.rs"]
mod world;

use std::time::Duration;

use folder::Folder;
use world::{Outcome, World};

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |wanted: &str| arguments.iter().any(|one| one == wanted);
    let number = |name: &str, default| arguments::number(&arguments, name, default);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let minutes = number("--minutes", 30)?;
    if has(phones::CHILD) {
        return runtime.block_on(phones::child(Duration::from_secs(60 * minutes)));
    }
    // As many customers as in the other benches.
    let world = World::new(10_000, 0);
    if let Some(at) = arguments.iter().position(|one| one == client::CHILD) {
        return runtime.block_on(client::child(world, &arguments[at + 1..]));
    }
    let folder = Folder::new(env!("CARGO_TARGET_TMPDIR"))?;
    if has("soak") {
        runtime.block_on(soak::soak(folder.path(), minutes))?;
    }
    if has("cost") || !(has("bodies") || has("soak")) {
        let (rounds, waiting) = (number("--rounds", 15)?, number("--waiting", 64)?);
        cost::cost(&runtime, folder.path(), world, rounds, waiting)?;
    }
    if has("bodies") || !(has("cost") || has("soak")) {
        bodies::bodies(&runtime, folder.path())?;
    }
    Ok(())
}
