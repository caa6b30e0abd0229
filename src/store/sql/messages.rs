//! Parts of a conversation, from rows of the log and of the queue.

use super::cursor::{MESSAGES, Place};
use crate::{
    model::{Message, Revision},
    store::{Listing, MAX_PAGE_BYTES},
};

/// A message with its place in the conversation.
pub(in crate::store) type Placed = (Place, Message);

/// The first of these rows, newest first, and whether there are more.
pub(in crate::store) fn older(mut rows: Vec<Placed>, limit: usize) -> (Vec<Placed>, bool) {
    rows.sort_by_key(|(place, _)| *place);
    let has_more = cut(&mut rows, limit);
    (rows, has_more)
}

/// The last of these rows, newest first.
pub(in crate::store) fn newer(mut rows: Vec<Placed>, limit: usize) -> Vec<Placed> {
    rows.sort_by_key(|(place, _)| std::cmp::Reverse(*place));
    cut(&mut rows, limit);
    rows.reverse();
    rows
}

/// The rows around the message with this id, from the newer ones, and from itself and the older ones;
/// none when a cut has hidden it.
pub(in crate::store) fn around(
    id: &str,
    newer: Vec<Placed>,
    (older, has_older): (Vec<Placed>, bool),
) -> (Vec<Placed>, bool) {
    if older.first().is_none_or(|(_, message)| message.id != id) {
        return (Vec::new(), false);
    }
    let mut rows = newer;
    rows.extend(older);
    (rows, has_older)
}

/// The page of results with these rows.
pub(in crate::store) fn listing(
    rows: Vec<Placed>,
    has_older: bool,
    revision: Revision,
) -> Listing<Message> {
    let cursor = |(place, _): &Placed| place.cursor(MESSAGES);
    let previous = rows.first().map(cursor);
    let next = rows.last().filter(|_| has_older).map(cursor);
    let mut listing = Listing::new(rows.into_iter().map(|(_, message)| message).collect());
    (listing.previous, listing.next, listing.revision) = (previous, next, revision);
    listing
}

/// Bytes of a message's text.
pub(in crate::store) fn size(message: &Message) -> usize {
    message.content.text.as_ref().map_or(0, String::len)
}

/// Leaves as many rows as fit into a page of results, and returns whether there were more.
fn cut(rows: &mut Vec<Placed>, limit: usize) -> bool {
    let mut bytes = 0;
    let fits = rows.iter().take(limit).take_while(|(_, message)| {
        let is_first = bytes == 0;
        bytes += size(message) + 1;
        is_first || bytes <= MAX_PAGE_BYTES
    });
    let count = fits.count();
    let has_more = rows.len() > count;
    rows.truncate(count);
    has_more
}
