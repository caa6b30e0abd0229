//! Cursors: places in a list, as text.

use super::{
    ContactOrder, ContactQuery, MessageQuery, MessageStart, RawEventQuery, SearchQuery, StoreError,
};
use crate::{
    model::{Contact, Message, RawEvent},
    time::Timestamp,
};

/// Place of a row in a list: its time, and a number that decides between rows of one time.
///
/// Places compare in the order of their list, so that the row behind another one has the greater
/// place. A store reads the rows behind [`ContactQuery::start`], or those around [`MessageQuery::reads`].
///
/// # Examples
///
/// ```
/// use messenger_crm::store::{ContactQuery, Place};
/// use messenger_crm::time::Timestamp;
///
/// let query = ContactQuery::new("1".parse()?);
/// // `WHERE (last_at, contact_no) < (?, ?) ORDER BY last_at DESC, contact_no DESC`
/// let (at, number) = query.start()?.bounds(query.order.is_descending());
/// assert_eq!((at, number), (i64::MAX, i64::MAX));
///
/// let row = Place::new(Timestamp::from_millis(7), 1, query.order.is_descending());
/// assert_eq!(row.bounds(true), (7, 1));
/// assert!(query.start()? < row);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// Time of the row; negative where later times come first.
    key: i64,
    /// Number of the row; negative where later times come first.
    tie: i64,
}

impl Place {
    /// Before every row.
    pub(super) const START: Self = Self {
        key: i64::MIN,
        tie: i64::MIN,
    };

    /// Creates the place of a row from its time and a number, which differs between rows of one time.
    pub fn new(at: Timestamp, tie: i64, is_descending: bool) -> Self {
        let sign = if is_descending { -1 } else { 1 };
        Self {
            key: at.as_millis().saturating_mul(sign),
            tie: tie.saturating_mul(sign),
        }
    }

    /// Creates the place of a message, by its time and the tie-breaker of its
    /// [`Position`](super::fold::Position).
    pub fn of_message(message: &Message, tie: i64) -> Self {
        Self::new(message.at, tie, true)
    }

    /// Time in milliseconds and number, as a database compares them: a list in descending order
    /// continues with rows that are less, another one with rows that are greater.
    pub const fn bounds(self, is_descending: bool) -> (i64, i64) {
        if is_descending {
            (self.key.saturating_neg(), self.tie.saturating_neg())
        } else {
            (self.key, self.tie)
        }
    }

    /// The place just before, so that what follows includes the row.
    pub(super) const fn before(self) -> Self {
        Self {
            key: self.key,
            tie: self.tie.saturating_sub(1),
        }
    }

    /// The place that a cursor of a list names; before every row without a cursor.
    fn parse(letter: char, cursor: Option<&str>) -> Result<Self, StoreError> {
        let Some(cursor) = cursor else {
            return Ok(Self::START);
        };
        let parse = || {
            let (key, tie) = cursor.strip_prefix(letter)?.split_once(':')?;
            Some(Self {
                key: key.parse().ok()?,
                tie: tie.parse().ok()?,
            })
        };
        parse().ok_or_else(StoreError::cursor)
    }

    fn cursor(self, letter: char) -> String {
        format!("{letter}{}:{}", self.key, self.tie)
    }
}

/// The letter of the cursors of a conversation.
const MESSAGES: char = 'c';
/// The letter of the cursors of a search.
pub(super) const SEARCH: char = 's';

impl ContactOrder {
    /// The letter of its cursors.
    const fn letter(self) -> char {
        match self {
            Self::LastActivity => 'a',
            Self::WaitingLongest => 'w',
            Self::WindowEndingSoonest { .. } => 'e',
            Self::OldestMessage { .. } => 'o',
        }
    }
}

impl ContactQuery {
    /// The place behind which the list continues: that of the cursor, and at least the beginning of
    /// the [order](ContactOrder::WindowEndingSoonest). The list ends with
    /// [`ContactOrder::latest`].
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidQuery`] when the cursor is not one of this list.
    pub fn start(&self) -> Result<Place, StoreError> {
        let place = Place::parse(self.order.letter(), self.after.as_deref())?;
        Ok(match self.order {
            ContactOrder::WindowEndingSoonest { opened_after } => {
                place.max(Place::new(opened_after, i64::MAX, false))
            }
            _ => place,
        })
    }

    /// The place of a customer in the list, with a number that differs between customers; `None`
    /// when the order leaves the customer out.
    pub fn place(&self, contact: &Contact, number: i64) -> Option<Place> {
        let at = self.order.key(contact)?;
        Some(Place::new(at, number, self.order.is_descending()))
    }

    /// The cursor behind a place.
    pub fn cursor(&self, place: Place) -> String {
        place.cursor(self.order.letter())
    }
}

impl MessageQuery {
    /// The place of the cursor; before every message when there is none.
    pub(super) fn place(&self) -> Result<Place, StoreError> {
        match &self.start {
            MessageStart::OlderThan(cursor) | MessageStart::NewerThan(cursor) => {
                Place::parse(MESSAGES, Some(cursor))
            }
            MessageStart::Newest | MessageStart::Around(_) => Ok(Place::START),
        }
    }

    pub(super) fn cursor(place: Place) -> String {
        place.cursor(MESSAGES)
    }
}

impl SearchQuery {
    /// The place behind which the search continues; before every hit without a cursor.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidQuery`] when the cursor is not one of a search.
    pub fn start(&self) -> Result<Place, StoreError> {
        Place::parse(SEARCH, self.after.as_deref())
    }

    /// The cursor behind a place.
    pub fn cursor(&self, place: Place) -> String {
        place.cursor(SEARCH)
    }
}

impl RawEventQuery {
    /// Time in milliseconds and id of the raw event behind which the list continues, in descending
    /// order; above all raw events without a cursor.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidQuery`] when the cursor is not one of raw events.
    pub fn start(&self) -> Result<(i64, &str), StoreError> {
        let Some(cursor) = self.after.as_deref() else {
            return Ok((i64::MAX, "\u{10ffff}"));
        };
        let parse = || {
            let (at, id) = cursor.strip_prefix('r')?.split_once(':')?;
            Some((at.parse().ok()?, id))
        };
        parse().ok_or_else(StoreError::cursor)
    }

    pub(super) fn cursor(event: &RawEvent) -> String {
        format!("r{}:{}", event.at.as_millis(), event.id)
    }
}
