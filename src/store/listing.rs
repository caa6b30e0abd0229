//! Pages of results, put together from the rows that a store has read.

use std::cmp::Reverse;

use serde::Serialize;

use super::{
    ContactQuery, Hit, MAX_PAGE_BYTES, MessageQuery, MessageStart, Place, RawEventQuery,
    SearchQuery, StoreError,
};
use crate::model::{Contact, Message, RawEvent, Revision};

/// One page of results.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Listing<T> {
    /// The rows. There may be fewer than the limit, even none, while `next` is set.
    pub rows: Vec<T>,
    /// Cursor behind the last row; `None` at the end.
    pub next: Option<String>,
    /// Cursor before the first row of a part of a conversation; `None` for other lists, and when
    /// the part is empty. Newer messages may arrive before it.
    pub previous: Option<String>,
    /// Revision of the Page that was read, or an earlier one; 0 for several Pages.
    pub revision: Revision,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl<T> Listing<T> {
    /// Creates the last page of results, with these rows.
    pub const fn new(rows: Vec<T>) -> Self {
        Self {
            rows,
            next: None,
            previous: None,
            revision: Revision::new(0),
        }
    }

    /// Sets the revision of the Page that was read.
    #[must_use]
    pub fn with_revision(self, revision: Revision) -> Self {
        Self { revision, ..self }
    }
}

impl ContactQuery {
    /// The page of results from customers with their [places](ContactQuery::place), in any order.
    /// One row more than the limit shows that there is more.
    pub fn listing(&self, rows: Vec<(Place, Contact)>) -> Listing<Contact> {
        first(rows, self.limit, |place| self.cursor(place))
    }
}

impl SearchQuery {
    /// The page of results from hits with their places, in any order. One row more than the limit
    /// shows that there is more.
    pub fn listing(&self, rows: Vec<(Place, Hit)>) -> Listing<Hit> {
        first(rows, self.limit, |place| self.cursor(place))
    }
}

/// The first rows of a list, with the cursor behind them when there are more.
fn first<T>(mut rows: Vec<(Place, T)>, limit: u32, cursor: impl Fn(Place) -> String) -> Listing<T> {
    rows.sort_by_key(|(place, _)| *place);
    let has_more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let last = rows.last().map(|(place, _)| *place);
    let mut listing = Listing::new(rows.into_iter().map(|(_, row)| row).collect());
    listing.next = last.filter(|_| has_more).map(cursor);
    listing
}

/// The two reads that make a part of a conversation: on both sides of the place where it begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct MessageReads {
    /// Newer messages are those before this place, the nearest first.
    pub newer_than: Place,
    /// Number of newer messages to read; 0 for none.
    pub newer: u32,
    /// Older messages are those behind this place, the nearest first.
    pub older_than: Place,
    /// Number of older messages to read, one more than are returned; 0 for none.
    pub older: u32,
}

impl MessageQuery {
    /// The reads that make the part. `around` is the place of the message that
    /// [`MessageStart::Around`] names; `None` when there is none, and for another start.
    ///
    /// `None` when the part is empty.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidQuery`] when the cursor is not one of a conversation.
    pub fn reads(&self, around: Option<Place>) -> Result<Option<MessageReads>, StoreError> {
        let start = self.place()?;
        let reads = |newer, older| MessageReads {
            newer_than: start,
            newer,
            older_than: start,
            older,
        };
        Ok(match self.start {
            MessageStart::Newest | MessageStart::OlderThan(_) => Some(reads(0, self.limit + 1)),
            MessageStart::NewerThan(_) => Some(reads(self.most_newer(), 0)),
            MessageStart::Around(_) => around.map(|place| MessageReads {
                newer_than: place,
                older_than: place.before(),
                ..reads(self.most_newer(), self.limit + 1)
            }),
        })
    }

    /// Largest number of newer messages.
    const fn most_newer(&self) -> u32 {
        match self.start {
            MessageStart::Around(_) => self.limit / 2,
            _ => self.limit,
        }
    }

    /// The page of results from the messages that the two [reads](Self::reads) returned, each in any
    /// order.
    pub fn listing(
        &self,
        newer: Vec<(Place, Message)>,
        mut older: Vec<(Place, Message)>,
        revision: Revision,
    ) -> Listing<Message> {
        let mut rows = newer;
        // The nearest come first, so that those that do not fit are cut off at the far end.
        rows.sort_by_key(|(place, _)| Reverse(*place));
        cut(&mut rows, self.most_newer() as usize, |(_, message)| {
            text_size(message)
        });
        rows.reverse();
        older.sort_by_key(|(place, _)| *place);
        let is_there = match &self.start {
            MessageStart::Around(id) => older.first().is_some_and(|(_, row)| row.id == *id),
            _ => true,
        };
        if !is_there {
            return Listing::default().with_revision(revision);
        }
        let has_older = match self.start {
            MessageStart::NewerThan(_) => true,
            _ => cut(
                &mut older,
                self.limit as usize - rows.len(),
                |(_, message)| text_size(message),
            ),
        };
        rows.extend(older);
        let previous = rows.first().map(|(place, _)| Self::cursor(*place));
        let last = rows.last().filter(|_| has_older);
        let next = last.map(|(place, _)| Self::cursor(*place));
        let mut listing = Listing::new(rows.into_iter().map(|(_, message)| message).collect());
        (listing.previous, listing.next, listing.revision) = (previous, next, revision);
        listing
    }
}

impl RawEventQuery {
    /// Checks the limit.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidQuery`] for a limit that is 0 or too large.
    pub fn check(&self) -> Result<(), StoreError> {
        super::query::check_limit(self.limit)
    }

    /// The page of results from raw events, newest first and then by descending id. One more than
    /// the limit shows that there is more.
    pub fn listing(&self, mut rows: Vec<RawEvent>) -> Listing<RawEvent> {
        let has_more = cut(&mut rows, self.limit as usize, |event| event.raw.len());
        let next = rows.last().filter(|_| has_more).map(Self::cursor);
        let mut listing = Listing::new(rows);
        listing.next = next;
        listing
    }
}

/// Bytes of a message's text.
pub(super) fn text_size(message: &Message) -> usize {
    message.content.text.as_ref().map_or(0, String::len)
}

/// Leaves as many rows as fit into a page of results, and returns whether there were more.
fn cut<T>(rows: &mut Vec<T>, limit: usize, size: impl Fn(&T) -> usize) -> bool {
    let mut bytes = 0;
    let fits = rows.iter().take(limit).take_while(|row| {
        let is_first = bytes == 0;
        bytes += size(row) + 1;
        is_first || bytes <= MAX_PAGE_BYTES
    });
    let count = fits.count();
    let has_more = rows.len() > count;
    rows.truncate(count);
    has_more
}
