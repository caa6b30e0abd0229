//! What a store does in a second, what a listing costs when there is much, and how much room it
//! takes.
//!
//! `cargo bench --features sqlite-bundled --bench store` prints all of it; `-- ingest`, `-- pages`
//! or `-- sizes` one part. `-- pages --million` fills a million customers and ten million messages:
//! that takes about half an hour and 12 GB below `target`, which are given back at the end.
//!
//! `-- ingest --in FOLDER` uses another disk; one in memory shows what is left when a sync costs
//! nothing.
//!
//! What a database must bring to be measured is [`world::Database`].

use std::path::{Path, PathBuf};

#[path = "../util/deliver.rs"]
mod deliver;
mod fill;
mod ingest;
mod pages;
mod sizes;
mod sqlite;
mod world;

use sqlite::Sqlite;
use world::{Outcome, World};

fn main() -> Outcome {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |wanted: &str| arguments.iter().any(|one| one == wanted);
    let is_whole = !["ingest", "pages", "sizes"].into_iter().any(has);
    let place = arguments.iter().position(|one| one == "--in");
    let place = place.and_then(|place| arguments.get(place + 1));
    let folder = Folder::new(place.map_or(env!("CARGO_TARGET_TMPDIR"), String::as_str))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()?;
    if is_whole || has("ingest") {
        ingest::ingest(&runtime, &Sqlite::new(&folder.0))?;
    }
    if is_whole || has("sizes") {
        sizes::sizes(&runtime, &folder.0.join("sizes.db"))?;
    }
    if is_whole || has("pages") {
        let large = if has("--million") {
            World::new(1_000_000, 10_000_000)
        } else {
            World::new(100_000, 200_000)
        };
        let small = World::new(10_000, 100_000);
        let open = |world: &World| fill::filled(&folder.0.join(world.name()), world);
        pages::pages(&runtime, [(&open(&small)?, small), (&open(&large)?, large)])?;
    }
    Ok(())
}

/// Gone at the end; below `target` by itself, because the system's own folder may be in memory.
struct Folder(PathBuf);

impl Folder {
    fn new(place: &str) -> std::io::Result<Self> {
        let folder = Path::new(place).join(format!("store-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0) {
            eprintln!("{} is still there: {error}", self.0.display());
        }
    }
}
