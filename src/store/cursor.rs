//! Where a listing of an SQL database goes on.

use std::fmt;

use super::StoreError;
use crate::time::Timestamp;

/// Where a row stands in a listing.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Cursor {
    pub(super) at: i64,
    pub(super) tie: i64,
}

impl Cursor {
    pub(super) const START: Self = Self {
        at: i64::MAX,
        tie: i64::MAX,
    };

    pub(super) fn new(at: Timestamp, tie: i64) -> Self {
        Self {
            at: at.as_millis(),
            tie,
        }
    }

    pub(super) fn parse(after: Option<&str>) -> Result<Self, StoreError> {
        let Some(after) = after else {
            return Ok(Self::START);
        };
        after
            .split_once(':')
            .and_then(|(at, tie)| {
                Some(Self {
                    at: at.parse().ok()?,
                    tie: tie.parse().ok()?,
                })
            })
            .ok_or(StoreError::Unreadable("the cursor"))
    }
}

/// Cuts what was read further than it was asked for, and says where to go on.
pub(super) fn cut<T>(
    rows: &mut Vec<T>,
    limit: usize,
    place: impl Fn(&T) -> String,
) -> Option<String> {
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| has_more).map(place)
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.at, self.tie)
    }
}
