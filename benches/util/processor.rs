//! Processor time of this process.

/// How long the threads of this process have had a processor, in nanoseconds. Only Linux counts it.
///
/// A thread that never sleeps must wait for other programs, so that elapsed time flatters the store.
pub(crate) fn worked() -> Option<u64> {
    let threads = std::fs::read_dir("/proc/self/task").ok()?;
    let on_processor = threads.map(|thread| {
        let text = std::fs::read_to_string(thread.ok()?.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    on_processor.sum()
}

/// Processor time since then for each of so many, in microseconds.
pub(crate) fn since(then: Option<u64>, count: u64) -> Option<f64> {
    Some((worked()? - then?) as f64 / 1e3 / count as f64)
}
