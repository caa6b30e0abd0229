//! Expiry of old messages.

use super::{ContactOrder, ContactQuery, ContactStore, StoreError};
use crate::{change::Change, id::PageId, time::Timestamp};

/// Customers whose messages expire in one commit. Hiding them costs the same however many messages
/// they have.
const AT_ONCE: u32 = 50;

/// Expires all messages of a Page up to a time, so that no replay brings them back, and returns the
/// number of customers that had any.
///
/// The messages are hidden at once; their rows are removed by the work
/// [`ERASE`](crate::model::WorkKind::ERASE). What else is known of the customers stays, but a
/// customer without any message left is not listed any more: apply [`Change::Forgotten`] to erase a
/// customer as a whole.
///
/// # Errors
///
/// [`StoreError`]: some are expired; call it again.
///
/// # Cancel safety
///
/// A dropped future has expired the messages of some customers, and of each all or none.
pub async fn expire<S: ContactStore + ?Sized>(
    store: &S,
    page: &PageId,
    up_to: Timestamp,
) -> Result<u64, StoreError> {
    // In this order nobody who writes meanwhile is missed: the first message stays where it is.
    let order = ContactOrder::OldestMessage { up_to };
    let query = ContactQuery::new(page.clone());
    let mut query = query.with_order(order).with_limit(AT_ONCE);
    let mut count = 0;
    loop {
        let listing = store.contacts(&query).await?;
        let changes: Vec<Change> = listing
            .rows
            .into_iter()
            .map(|row| Change::Expired {
                contact: row.key,
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
