//! Measuring: minima of interleaved rounds.
//!
//! A busy neighbour makes any single figure too high and never too low, so each variant's fastest
//! round counts; and all variants run in each round, so that a slow minute hurts them alike.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

/// How long one variant runs in one round: short enough to fall between two interruptions.
const ROUND: Duration = Duration::from_millis(2);
const ROUNDS: u32 = 200;

/// One variant of the same work, by name.
pub(crate) struct Variant<'a> {
    name: &'a str,
    work: Box<dyn FnMut() + 'a>,
}

impl<'a> Variant<'a> {
    /// Work of which nothing may be optimised away: what it returns is used.
    pub(crate) fn new<T>(name: &'a str, mut work: impl FnMut() -> T + 'a) -> Self {
        Self {
            name,
            work: Box::new(move || {
                black_box(work());
            }),
        }
    }
}

/// What one variant took.
pub(crate) struct Measured<'a> {
    /// The variant's name.
    pub(crate) name: &'a str,
    /// The fastest round, in nanoseconds for one run of the work.
    pub(crate) nanos: f64,
}

/// Runs all variants in turns.
pub(crate) fn interleave(mut variants: Vec<Variant<'_>>) -> Vec<Measured<'_>> {
    let runs: Vec<u32> = variants.iter_mut().map(runs_in_a_round).collect();
    let mut fastest = vec![f64::INFINITY; variants.len()];
    for _ in 0..ROUNDS {
        for ((variant, &runs), fastest) in variants.iter_mut().zip(&runs).zip(&mut fastest) {
            let nanos = time(variant, runs).as_secs_f64() * 1e9 / f64::from(runs);
            *fastest = fastest.min(nanos);
        }
    }
    variants
        .iter()
        .zip(fastest)
        .map(|(variant, nanos)| Measured {
            name: variant.name,
            nanos,
        })
        .collect()
}

/// Prints one line for each variant: the time, the throughput, and the ratio to the first one.
pub(crate) fn print(title: &str, bytes: usize, measured: &[Measured<'_>]) {
    println!("{title}, {bytes} bytes");
    let Some(floor) = measured.first() else {
        return;
    };
    for Measured { name, nanos } in measured {
        println!(
            "  {name:<32} {nanos:>12.1} ns {:>9.0} MB/s {:>7.3} x",
            bytes as f64 / nanos * 1e3,
            nanos / floor.nanos
        );
    }
}

/// Prints what one run allocates and the most that it holds at one time.
#[allow(dead_code)] // Not every bench looks at memory.
pub(crate) fn print_memory<T>(name: &str, bytes: usize, work: impl FnOnce() -> T) {
    let mut kept = None;
    let info = allocation_counter::measure(|| kept = Some(black_box(work())));
    drop(kept);
    println!(
        "  {name:<32} {:>6} allocations, at most {:>9} bytes held, {:.2} x the body",
        info.count_total,
        info.bytes_max,
        info.bytes_max as f64 / bytes as f64
    );
}

fn runs_in_a_round(variant: &mut Variant<'_>) -> u32 {
    let mut runs = 1;
    while runs < 1 << 20 && time(variant, runs) < ROUND {
        runs *= 2;
    }
    runs
}

fn time(variant: &mut Variant<'_>, runs: u32) -> Duration {
    let begun = Instant::now();
    for _ in 0..runs {
        (variant.work)();
    }
    begun.elapsed()
}
