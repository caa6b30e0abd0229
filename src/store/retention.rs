//! Messages do not have to be kept for ever.

use super::{ContactQuery, ContactStore, StoreError};
use crate::{change::Change, id::PageId, time::Timestamp};

/// So many customers are looked at in one listing, and cut in one commit.
const AT_ONCE: u32 = 200;

/// Erases all messages of a Page up to then, so that no replay brings them back; says how many
/// customers had any.
///
/// What is known of the customers beside their messages stays, but who has no message left is not
/// listed any more: apply [`Change::Forgotten`] to erase a customer as a whole.
///
/// # Errors
///
/// [`StoreError`]: some are erased; do it again.
///
/// # Cancel safety
///
/// A dropped future has erased the messages of some, and of each all or none.
pub async fn expire<S: ContactStore + ?Sized>(
    store: &S,
    page: &PageId,
    up_to: Timestamp,
) -> Result<u64, StoreError> {
    let mut query = ContactQuery::new(page.clone());
    query.limit = AT_ONCE;
    let mut count = 0;
    loop {
        let listing = store.contacts(&query).await?;
        let old = listing.rows.iter().filter(|row| row.first_at <= up_to);
        let changes: Vec<Change> = old
            .map(|row| Change::Expired {
                contact: row.key.clone(),
                at: up_to,
            })
            .collect();
        if !changes.is_empty() {
            store.apply(&changes).await?;
            count += changes.len() as u64;
        }
        query.after = listing.next;
        if query.after.is_none() {
            return Ok(count);
        }
    }
}
