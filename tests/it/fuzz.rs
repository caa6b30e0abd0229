//! What the fuzz targets are seeded with, and what they once found, replayed.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[path = "../fuzz/src/targets/mod.rs"]
pub(crate) mod targets;

use targets::ALL;

#[test]
fn p27_every_target_has_seeds_and_takes_them() {
    for (name, target) in ALL {
        let seeds = replay(&folder("seeds").join(name), *target);
        assert!(seeds > 0, "{name}");
    }
}

#[test]
fn p27_what_was_found_once_stays_mended() {
    for (name, target) in ALL {
        replay(&folder("regressions").join(name), *target);
    }
}

#[test]
fn p27_every_file_belongs_to_a_target() {
    let known: BTreeSet<_> = ALL.iter().map(|(name, _)| (*name).to_owned()).collect();
    for name in ["seeds", "regressions"] {
        let found: BTreeSet<_> = entries(&folder(name)).map(|path| stem(&path)).collect();
        assert!(found.is_subset(&known), "{name}: {found:?}");
    }
    let files: BTreeSet<_> = entries(&folder("src/targets"))
        .map(|path| stem(&path))
        .filter(|name| name != "mod")
        .collect();
    assert_eq!(files, known);
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz")
        .join(name)
}

/// How many inputs there were.
fn replay(folder: &Path, target: targets::Target) -> usize {
    let mut count = 0;
    for path in entries(folder) {
        println!("{}", path.display());
        target(&fs::read(path).unwrap());
        count += 1;
    }
    count
}

/// Nothing when there is no such folder: Git keeps no empty one.
fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path())
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap().to_str().unwrap().to_owned()
}
