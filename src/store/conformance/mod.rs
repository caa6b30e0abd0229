//! The contract of [`ContactStore`] as tests that any store can run.
//!
//! ```
//! # #[cfg(not(doctest))]
//! mod mine {
//!     messenger_crm::contact_store_conformance! {
//!         #[tokio::test]
//!         async |folder| MyStore::open(folder.join("store")).await,
//!         without: [bounded],
//!     }
//! }
//! ```
//!
//! makes one test of each clause and runs it in whatever runtime the attribute stands for. The
//! constructor is called with an empty folder of the test's own, and again with the same one to
//! open the store again; a store that is no file makes a name out of it.
//!
//! Only some clauses can be declared off: [`bounded`], [`gentle`] and [`searchable`], and
//! [`durable`] for a store in memory. The test of such a clause says so on the standard error,
//! whether it is captured or not.
//!
//! [`bounded`] needs to know how many rows were visited: name a closure that tells, as
//! `visited: |store| store.rows_visited()`, or declare it off. [`isolated`] and [`atomic`] send a
//! message with the text [`POISON`], which the constructor may teach the database to refuse.

#![allow(clippy::unwrap_used)] // A test fails by panicking.

pub(crate) mod chance;
#[cfg(feature = "conformance")]
mod erasing;
#[cfg(feature = "conformance")]
mod faithful;
#[cfg(feature = "conformance")]
mod keeping;
#[cfg(feature = "conformance")]
mod model;
#[cfg(feature = "conformance")]
mod searching;
#[cfg(feature = "conformance")]
mod telling;
#[cfg(feature = "conformance")]
mod together;

#[cfg(feature = "conformance")]
pub use self::{
    erasing::gentle,
    faithful::faithful,
    keeping::{bounded, complete, durable, forgetful, shared},
    kit::{POISON, skip},
    model::like_the_model,
    searching::{search_like_the_model, searchable},
    telling::{honest, idempotent, monotonic, ordered, patient, separate},
    together::{atomic, cancel_safe, concurrent, exclusive, fenced, isolated, resumable},
};

#[cfg(feature = "conformance")]
mod kit;

#[cfg(doc)]
use crate::store::ContactStore;

/// Makes a test of each clause of the contract: see [the module](crate::store::conformance).
#[cfg(feature = "conformance")]
#[macro_export]
macro_rules! contact_store_conformance {
    (
        #[$($test:tt)*] $open:expr
        $(, without: [$($off:ident),* $(,)?])?
        $(, visited: $visited:expr)?
        $(,)?
    ) => {
        $($($crate::contact_store_conformance! { @may_be_off $off })*)?

        /// The clauses that are declared off.
        const OFF: &[&str] = &[$($(stringify!($off)),*)?];

        $crate::contact_store_conformance! { @clauses [$($test)*] [$open]
            idempotent atomic monotonic ordered separate complete faithful forgetful concurrent cancel_safe
            shared patient durable isolated honest resumable fenced gentle exclusive searchable like_the_model
        }

        #[$($test)*]
        async fn search_like_the_model() {
            if !$crate::store::conformance::skip(module_path!(), "searchable", OFF) {
                $crate::store::conformance::search_like_the_model($open).await;
            }
        }

        #[$($test)*]
        async fn bounded() {
            if !$crate::store::conformance::skip(module_path!(), "bounded", OFF) {
                $crate::contact_store_conformance! { @bounded [$open] $($visited)? }
            }
        }
    };
    (@may_be_off bounded) => {};
    (@may_be_off durable) => {};
    (@may_be_off gentle) => {};
    (@may_be_off searchable) => {};
    (@may_be_off $clause:ident) => {
        compile_error!(concat!(
            "the clause `", stringify!($clause), "` cannot be declared off: ",
            "only `bounded`, `gentle` and `searchable` can, and `durable` for a store in memory",
        ));
    };
    (@clauses $test:tt $open:tt $($clause:ident)*) => {
        $($crate::contact_store_conformance! { @clause $test $open $clause })*
    };
    (@clause [$($test:tt)*] [$open:expr] $clause:ident) => {
        #[$($test)*]
        async fn $clause() {
            if !$crate::store::conformance::skip(module_path!(), stringify!($clause), OFF) {
                $crate::store::conformance::$clause($open).await;
            }
        }
    };
    (@bounded [$open:expr] $visited:expr) => {
        $crate::store::conformance::bounded($open, $visited).await;
    };
    (@bounded [$open:expr]) => {
        panic!("`bounded` needs `visited: |store| …`, or must be declared off");
    };
}
