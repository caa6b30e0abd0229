//! The examples, as programs that were built together with the tests.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::PathBuf;

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
    // Cargo writes down what went into it: blanks in a path have a backslash before them.
    let parts = fs::read_to_string(binary.with_extension("d")).unwrap();
    let (_, sources) = parts.split_once(": ").unwrap();
    let sources = sources.trim_end().replace("\\ ", "\0");
    for source in sources.split(' ') {
        let source = source.replace('\0', " ");
        let changed = fs::metadata(&source).and_then(|found| found.modified());
        assert!(
            changed.is_ok_and(|changed| changed <= time),
            "{} is older than {source}: `cargo test` with the same features builds it",
            binary.display()
        );
    }
    binary
}
