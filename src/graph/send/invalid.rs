//! Error for a message that Meta would refuse, found before it is sent.

/// Error returned for a message that Meta would refuse, with the part that is wrong, the limit and
/// the actual value.
///
/// It never contains the text itself. Lengths are in UTF-16 units: Meta's limits are in "characters"
/// without a definition, and UTF-16 units are the most cautious count.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMessage {
    /// A required text is empty or only white space.
    #[error("{what} is blank")]
    Blank {
        /// Name of the text.
        what: &'static str,
    },
    /// A text is too long.
    #[error("{what} has {units} UTF-16 units, at most {limit} can be sent")]
    TooLong {
        /// Name of the text.
        what: &'static str,
        /// Length of the text, in UTF-16 units.
        units: usize,
        /// Largest length allowed, in UTF-16 units.
        limit: usize,
    },
    /// A text is too short.
    #[error("{what} has {units} UTF-16 units, it needs at least {limit}")]
    TooShort {
        /// Name of the text.
        what: &'static str,
        /// Length of the text, in UTF-16 units.
        units: usize,
        /// Smallest length allowed, in UTF-16 units.
        limit: usize,
    },
    /// There are too many items.
    #[error("there are {count} {what}, at most {limit} can be sent")]
    TooMany {
        /// Name of the items.
        what: &'static str,
        /// Number of items.
        count: usize,
        /// Largest number allowed.
        limit: usize,
    },
    /// There are too few items.
    #[error("there are {count} {what}, at least {limit} are needed")]
    TooFew {
        /// Name of the items.
        what: &'static str,
        /// Number of items.
        count: usize,
        /// Smallest number allowed.
        limit: usize,
    },
    /// A number is out of range.
    #[error("{what} must be from {least} to {most}, not {value}")]
    OutOfRange {
        /// Name of the number.
        what: &'static str,
        /// Actual value.
        value: i64,
        /// Smallest value allowed.
        least: i64,
        /// Largest value allowed.
        most: i64,
    },
    /// A text does not have the form that Meta expects.
    #[error("{what} ({units} UTF-16 units) must be {form}")]
    Malformed {
        /// Name of the text.
        what: &'static str,
        /// Expected form.
        form: &'static str,
        /// Length of the text, in UTF-16 units.
        units: usize,
    },
    /// Two parts contradict each other, or one needs another. The text names the parts and what is
    /// expected.
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
    match units(text) {
        units if units > limit => Err(InvalidMessage::TooLong { what, units, limit }),
        _ => Ok(()),
    }
}

/// Checks a text that may be absent, but not blank.
pub(in crate::graph) fn optional(
    what: &'static str,
    text: Option<&String>,
    limit: usize,
) -> Result<(), InvalidMessage> {
    text.map_or(Ok(()), |text| required(what, text, limit))
}

/// Checks a number of items.
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

/// Checks a URL, and refuses only what Meta certainly refuses.
pub(in crate::graph) fn address(what: &'static str, url: &str) -> Result<(), InvalidMessage> {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if is_web && !url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Ok(());
    }
    let form = "a URL that begins with https:// or http:// and has no white space";
    Err(malformed(what, form, url))
}

/// Checks a URL that may be absent.
pub(in crate::graph) fn optional_address(
    what: &'static str,
    url: Option<&String>,
) -> Result<(), InvalidMessage> {
    url.map_or(Ok(()), |url| address(what, url))
}

/// Creates the error for a text of another form than expected.
pub(in crate::graph) fn malformed(
    what: &'static str,
    form: &'static str,
    text: &str,
) -> InvalidMessage {
    InvalidMessage::Malformed {
        what,
        form,
        units: units(text),
    }
}

/// Returns the length of a text, in UTF-16 units.
pub(in crate::graph) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}
