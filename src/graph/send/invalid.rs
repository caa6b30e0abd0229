//! Why a message would be refused, found out before it is sent.

/// A message that Meta would refuse: what is wrong with it, the limit and the actual value.
///
/// It names the place, never the text that stands there.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMessage {
    /// Nothing, or white space only.
    #[error("{what} is blank")]
    Blank {
        /// What is blank.
        what: &'static str,
    },
    /// Too long a text. Lengths are counted in UTF-16 units, the most cautious of the counts that
    /// Meta's "characters" may mean.
    #[error("{what} has {units} UTF-16 units, at most {limit} can be sent")]
    TooLong {
        /// What is too long.
        what: &'static str,
        /// Its length in UTF-16 units.
        units: usize,
        /// How long it may be.
        limit: usize,
    },
    /// Too short a text.
    #[error("{what} has {units} UTF-16 units, it needs at least {limit}")]
    TooShort {
        /// What is too short.
        what: &'static str,
        /// Its length in UTF-16 units.
        units: usize,
        /// How long it must be.
        limit: usize,
    },
    /// Too many.
    #[error("there are {count} {what}, at most {limit} can be sent")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// Too few.
    #[error("there are {count} {what}, at least {limit} are needed")]
    TooFew {
        /// Of what.
        what: &'static str,
        /// How many there are.
        count: usize,
        /// How many there must be.
        limit: usize,
    },
    /// A number beyond its range.
    #[error("{what} is {value}, it must be from {least} to {most}")]
    OutOfRange {
        /// Which number.
        what: &'static str,
        /// What it is.
        value: i64,
        /// The least it may be.
        least: i64,
        /// The most it may be.
        most: i64,
    },
    /// A text that is not of the right form.
    #[error("{what} must be {form}")]
    Malformed {
        /// Which text.
        what: &'static str,
        /// Of which form it must be.
        form: &'static str,
    },
    /// Parts that Meta does not take together, or that miss each other.
    #[error("{0}")]
    Mismatch(&'static str),
}

/// Checks a text that must be there.
pub(in crate::graph) fn required(
    what: &'static str,
    text: &str,
    limit: usize,
) -> Result<(), InvalidMessage> {
    if text.trim().is_empty() {
        return Err(InvalidMessage::Blank { what });
    }
    short(what, text, limit)
}

/// Checks a text that may be empty.
pub(in crate::graph) fn short(
    what: &'static str,
    text: &str,
    limit: usize,
) -> Result<(), InvalidMessage> {
    match text.encode_utf16().count() {
        units if units > limit => Err(InvalidMessage::TooLong { what, units, limit }),
        _ => Ok(()),
    }
}

/// Checks a text that may be missing, but not blank.
pub(in crate::graph) fn optional(
    what: &'static str,
    text: Option<&String>,
    limit: usize,
) -> Result<(), InvalidMessage> {
    text.map_or(Ok(()), |text| required(what, text, limit))
}

/// Checks a number of things.
pub(in crate::graph) fn count(
    what: &'static str,
    count: usize,
    least: usize,
    most: usize,
) -> Result<(), InvalidMessage> {
    if count > most {
        let limit = most;
        return Err(InvalidMessage::TooMany { what, count, limit });
    }
    if count < least {
        let limit = least;
        return Err(InvalidMessage::TooFew { what, count, limit });
    }
    Ok(())
}

/// Checks a number.
pub(in crate::graph) fn range(
    what: &'static str,
    value: i64,
    least: i64,
    most: i64,
) -> Result<(), InvalidMessage> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(InvalidMessage::OutOfRange {
        what,
        value,
        least,
        most,
    })
}

/// Checks a web address, as far as that is our business.
pub(in crate::graph) fn address(what: &'static str, url: &str) -> Result<(), InvalidMessage> {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if is_web && !url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Ok(());
    }
    let form = "a web address without white space";
    Err(InvalidMessage::Malformed { what, form })
}

/// The same for one that may be missing.
pub(in crate::graph) fn optional_address(
    what: &'static str,
    url: Option<&String>,
) -> Result<(), InvalidMessage> {
    url.map_or(Ok(()), |url| address(what, url))
}
