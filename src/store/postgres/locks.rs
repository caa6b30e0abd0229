//! Which rows another transaction holds, asked without waiting for any.

use std::collections::HashSet;

use super::{
    columns::{Fields, Many, ReadRow as _},
    connection::{Lease, Pool},
    error::Failure,
    options::Schema,
    queue::Lock,
    session::{Row, Statement, run},
};
use crate::{id::PageId, model::ContactKey, store::StoreError};

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL statement_timeout = 1000;
    SET LOCAL idle_in_transaction_session_timeout = 3500;
    SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off";

/// Returns the rows that another transaction has locked, found in one round trip. A Page that is
/// not there counts as locked: another transaction may be creating it. A new customer does not,
/// because their Page is locked then.
pub(super) async fn locked(
    pool: &Pool,
    schema: &Schema,
    asked: impl Iterator<Item = Lock>,
) -> Result<Vec<Lock>, Failure> {
    let (mut pages, mut contacts): (Vec<PageId>, Vec<ContactKey>) = Default::default();
    for lock in asked.collect::<HashSet<Lock>>() {
        match lock {
            Lock::Page(page) => pages.push(page),
            Lock::Contact(key) => contacts.push(key),
        }
    }
    let page_names = Many::default().texts("page", pages.iter().map(|page| Some(page.as_str())));
    let contact_names = Many::default()
        .texts("page", contacts.iter().map(|key| Some(key.page.as_str())))
        .texts("psid", contacts.iter().map(|key| Some(key.psid.as_str())));
    let contact = format!(
        "SELECT 1 FROM {schema}.contact c WHERE c.psid = w.psid
         AND c.page_no = (SELECT p.page_no FROM {schema}.page p WHERE p.page = w.page)"
    );
    let asked = format!(
        "{} WITH ORDINALITY AS w({}, n)",
        contact_names.unnested(),
        contact_names.names()
    );
    let statements = [
        Statement::command(BEGIN),
        // The lateral part finds the row by its key, and leaves out what it cannot lock at once.
        Statement::new(
            format!(
                "SELECT w.n FROM {} WITH ORDINALITY AS w({}, n) CROSS JOIN LATERAL (
                     SELECT 1 FROM {schema}.page p WHERE p.page = w.page FOR NO KEY UPDATE SKIP LOCKED
                 ) free",
                page_names.unnested(),
                page_names.names()
            ),
            page_names.parameters(),
        ),
        Statement::new(
            format!("SELECT w.n FROM {asked} CROSS JOIN LATERAL ({contact} FOR NO KEY UPDATE SKIP LOCKED) free"),
            contact_names.parameters(),
        ),
        Statement::new(
            format!("SELECT w.n FROM {asked} WHERE EXISTS ({contact})"),
            contact_names.parameters(),
        ),
        Statement::command("ROLLBACK"),
    ];
    let mut client = Lease::take(pool).await?;
    let mut results = run(&mut client, &statements).await?.into_iter().skip(1);
    client.release();
    let mut next = || places(results.next().unwrap_or_default());
    let (free_pages, free, there) = (next()?, next()?, next()?);
    let pages = pages.into_iter().enumerate();
    let pages = pages.filter(|(place, _)| !free_pages.contains(place));
    let contacts = contacts.into_iter().enumerate();
    let contacts = contacts.filter(|(place, _)| there.contains(place) && !free.contains(place));
    let pages = pages.map(|(_, page)| Lock::Page(page));
    Ok(pages
        .chain(contacts.map(|(_, key)| Lock::Contact(key)))
        .collect())
}

fn places(rows: Vec<Row>) -> Result<HashSet<usize>, StoreError> {
    let rows = rows.into_iter();
    rows.map(|row| Fields::of(row).place()).collect()
}
