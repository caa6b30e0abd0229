//! For every clause of the contract one store that breaks it, and nothing else: the conformance kit
//! must find that clause, and no other.

#![allow(clippy::unwrap_used)]

mod answers;
mod store;

use std::future::Future;
use std::path::Path;
use std::sync::atomic::Ordering;

use messenger_crm::store::conformance as clauses;

use self::store::Broken;

/// Which clause is broken.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    None,
    Idempotent,
    Atomic,
    Monotonic,
    Ordered,
    Separate,
    Complete,
    Faithful,
    Forgetful,
    Concurrent,
    CancelSafe,
    Shared,
    Patient,
    Durable,
    Bounded,
    Isolated,
    Honest,
    Resumable,
    Fenced,
    Gentle,
    Exclusive,
    Searchable,
}

/// The clauses that a store with this fault fails.
fn failing(fault: Fault) -> Vec<&'static str> {
    macro_rules! run {
        ($($clause:ident)*) => {[
            $((stringify!($clause), std::thread::spawn(move || {
                let open = async |folder: &Path| Broken::open(fault, folder);
                block_on(clauses::$clause(open));
            })),)*
            ("bounded", std::thread::spawn(move || {
                let open = async |folder: &Path| Broken::open(fault, folder);
                let visited = |store: &Broken| store.state.visited.load(Ordering::Relaxed);
                block_on(clauses::bounded(open, visited));
            })),
        ]};
    }
    let runs = run! {
        idempotent atomic monotonic ordered separate complete faithful forgetful concurrent cancel_safe
        shared patient durable isolated honest resumable fenced gentle exclusive searchable
    };
    let failed = runs
        .into_iter()
        .filter_map(|(clause, run)| run.join().is_err().then_some(clause));
    failed.collect()
}

fn block_on(future: impl Future<Output = ()>) {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.build().unwrap().block_on(future);
}

macro_rules! each_breaks_one {
    ($($clause:ident $fault:ident;)*) => {$(
        #[test]
        fn $clause() {
            assert_eq!(failing(Fault::$fault), [stringify!($clause)]);
        }
    )*};
}

each_breaks_one! {
    idempotent Idempotent;
    atomic Atomic;
    monotonic Monotonic;
    ordered Ordered;
    separate Separate;
    complete Complete;
    faithful Faithful;
    forgetful Forgetful;
    concurrent Concurrent;
    cancel_safe CancelSafe;
    shared Shared;
    patient Patient;
    durable Durable;
    bounded Bounded;
    isolated Isolated;
    honest Honest;
    resumable Resumable;
    fenced Fenced;
    gentle Gentle;
    exclusive Exclusive;
    searchable Searchable;
}

#[test]
fn without_a_fault_nothing_fails() {
    assert_eq!(failing(Fault::None), [""; 0]);
}
