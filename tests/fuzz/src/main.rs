//! Feeds one target, named by the variable `TARGET`, with what libFuzzer makes up: see `../run`.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use targets::{ALL, Target};

mod targets;

static TARGET: LazyLock<Target> = LazyLock::new(|| {
    let name = std::env::var("TARGET").unwrap_or_default();
    let found = ALL.iter().find(|(known, _)| *known == name);
    let (_, target) = found.unwrap_or_else(|| panic!("TARGET is none of them: {name:?}"));
    *target
});

fuzz_target!(|input: &[u8]| TARGET(input));
