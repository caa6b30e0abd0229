//! Cursors of the lists of SQL databases.

use crate::{
    model::RawEvent,
    store::{ContactOrder, MessageStart, StoreError},
    time::Timestamp,
};

/// Position of a row in a list, in the order of the list.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(in crate::store) struct Place {
    /// Time of the row; negative where later times come first.
    key: i64,
    /// Number of the row; negative where later times come first.
    tie: i64,
}

impl Place {
    /// Before every row.
    pub(in crate::store) const START: Self = Self {
        key: i64::MIN,
        tie: i64::MIN,
    };

    pub(in crate::store) fn new(at: Timestamp, tie: i64, is_descending: bool) -> Self {
        let sign = if is_descending { -1 } else { 1 };
        Self {
            key: at.as_millis().saturating_mul(sign),
            tie: tie.saturating_mul(sign),
        }
    }

    /// The place of a row in a list of this letter.
    ///
    /// # Errors
    ///
    /// [`StoreError::InvalidQuery`] when the cursor is of another list or another store.
    pub(in crate::store) fn parse(letter: char, cursor: Option<&str>) -> Result<Self, StoreError> {
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

    /// The place that the cursor of a part of a conversation names; otherwise before every row.
    ///
    /// # Errors
    ///
    /// As [`parse`](Self::parse).
    pub(in crate::store) fn start(start: &MessageStart) -> Result<Self, StoreError> {
        match start {
            MessageStart::OlderThan(cursor) | MessageStart::NewerThan(cursor) => {
                Self::parse(MESSAGES, Some(cursor))
            }
            MessageStart::Newest | MessageStart::Around(_) => Ok(Self::START),
        }
    }

    pub(in crate::store) fn cursor(self, letter: char) -> String {
        format!("{letter}{}:{}", self.key, self.tie)
    }

    /// The place just before, so that what follows includes the row.
    pub(in crate::store) const fn before(self) -> Self {
        Self {
            key: self.key,
            tie: self.tie.saturating_sub(1),
        }
    }

    /// The bounds of what follows, as the database compares them: time and number.
    pub(in crate::store) fn bounds(self, is_descending: bool) -> (i64, i64) {
        if is_descending {
            (self.key.saturating_neg(), self.tie.saturating_neg())
        } else {
            (self.key, self.tie)
        }
    }
}

/// The letter of the cursors of an order.
pub(in crate::store) const fn letter(order: ContactOrder) -> char {
    match order {
        ContactOrder::LastActivity => 'a',
        ContactOrder::WaitingLongest => 'w',
        ContactOrder::WindowEndingSoonest { .. } => 'e',
        ContactOrder::OldestMessage { .. } => 'o',
    }
}

/// The letter of the cursors of a conversation.
pub(in crate::store) const MESSAGES: char = 'c';
/// The letter of the cursors of a search.
pub(in crate::store) const SEARCH: char = 's';

/// Cursor behind a raw event.
pub(in crate::store) fn behind(event: &RawEvent) -> String {
    format!("r{}:{}", event.at.as_millis(), event.id)
}

/// Time and id of the raw event before the rows of a list; above all of them without a cursor.
///
/// # Errors
///
/// [`StoreError::InvalidQuery`] when the cursor is of another list or another store.
pub(in crate::store) fn raw_event(cursor: Option<&str>) -> Result<(i64, &str), StoreError> {
    let Some(cursor) = cursor else {
        return Ok((i64::MAX, "\u{10ffff}"));
    };
    let parse = || {
        let (at, id) = cursor.strip_prefix('r')?.split_once(':')?;
        Some((at.parse().ok()?, id))
    };
    parse().ok_or_else(StoreError::cursor)
}
