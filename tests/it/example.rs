//! The examples, as programs that were built together with the tests.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// The example that was built together with this test.
pub(crate) fn binary(example: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let name = format!("{example}{}", std::env::consts::EXE_SUFFIX);
    let built = test.parent().unwrap().parent().unwrap();
    let binary = built.join("examples").join(name);
    let Ok(time) = fs::metadata(&binary).and_then(|found| found.modified()) else {
        panic!(
            "{} is missing: `cargo test` with the same features builds it",
            binary.display()
        );
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for source in ["src", &format!("examples/{example}")] {
        let (folder, file) = (root.join(source), root.join(source).with_extension("rs"));
        let newer = if folder.is_dir() {
            newer_than(&folder, time)
        } else {
            is_newer(&file, time).then_some(file)
        };
        if let Some(newer) = newer {
            panic!(
                "{} is older than {}: `cargo test` with the same features builds it",
                binary.display(),
                newer.display()
            );
        }
    }
    binary
}

/// A source below the folder that was changed after that time.
fn newer_than(folder: &Path, time: SystemTime) -> Option<PathBuf> {
    fs::read_dir(folder).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return newer_than(&path, time);
        }
        let compiled = path.extension().is_some_and(|extension| {
            ["rs", "js", "css", "html", "svg", "png"].contains(&extension.to_str().unwrap())
        });
        (compiled && is_newer(&path, time)).then_some(path)
    })
}

fn is_newer(file: &Path, time: SystemTime) -> bool {
    fs::metadata(file).unwrap().modified().unwrap() > time
}
