//! Keys of customers and entries, revisions and worker numbers.

use std::{convert::Infallible, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    id::{Mid, PageId, Psid, like_str},
    text::hex,
};

/// Key of a customer: the Page and the page-scoped id.
///
/// A person who writes to two Pages is two customers.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct ContactKey {
    /// The Page.
    pub page: PageId,
    /// The person's id for this Page.
    pub psid: Psid,
}

impl ContactKey {
    /// Creates the key of a customer of this Page.
    pub fn new(page: PageId, psid: Psid) -> Self {
        Self { page, psid }
    }

    /// First 128 bits of the SHA-256 of Page and person, which identify an erased customer in a
    /// tombstone.
    pub fn hash(&self) -> [u8; 16] {
        first_16_bytes(&[self.page.as_str().as_bytes(), self.psid.as_str().as_bytes()])
    }
}

/// Number of a commit to a Page's customers and conversations; it grows with every commit that
/// changed something.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(transparent)]
pub struct Revision(u64);

impl Revision {
    /// Creates a revision from its number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number of the revision.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The following revision.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Number of a worker that claims work. Every running worker needs a different one.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(transparent)]
pub struct WorkerId(u64);

impl WorkerId {
    /// Creates a worker id from its number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number of the worker.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Id of an entry within its conversation: Meta's message id, or a hash for an event without one.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(transparent)]
pub struct EntryId(Box<str>);

like_str!(EntryId);

impl EntryId {
    /// The id of the entry of a message.
    pub fn of_message(mid: &Mid) -> Self {
        Self(mid.as_str().into())
    }

    /// Creates the id of an event without message id: a hash of the parts that define the event.
    ///
    /// Use parts that stay the same when Meta delivers the event again.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        Self(format!("~{}", hex(&first_16_bytes(parts))).into())
    }

    /// Restores an id from the text that [`as_str`](Self::as_str) returned.
    pub fn from_text(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The id as a string slice.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for EntryId {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self::from_text(text))
    }
}

/// First 16 bytes of the SHA-256 of the parts, each preceded by its length: without that
/// ("ab", "c") and ("a", "bc") would have one hash.
pub(crate) fn first_16_bytes(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut first = [0; 16];
    first.copy_from_slice(&hash.finalize()[..16]);
    first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_an_entry_depends_on_where_parts_end() {
        let ids = [&[&b"ab"[..], b"c"], &[b"a", b"bc"]].map(|parts| EntryId::of_parts(parts));
        assert_ne!(ids[0], ids[1]);
        // Stored ids must not change with the library.
        assert_eq!(ids[0], "~601d5476e2ccfe2c87a2bba7a3226597");
    }

    #[test]
    fn the_hash_of_a_customer_is_of_page_and_person() {
        let key =
            |page, psid| ContactKey::new(PageId::new(page).unwrap(), Psid::new(psid).unwrap());
        assert_eq!(key("1", "2").hash(), key("1", "2").hash());
        assert_ne!(key("1", "2").hash(), key("12", "2").hash());
        assert_ne!(key("12", "3").hash(), key("1", "23").hash());
    }

    #[test]
    fn an_entry_id_converts_prints_and_reads_back() {
        let id = EntryId::of_message(&Mid::new("m_1").unwrap());
        assert_eq!(id, "m_1");
        assert_eq!(id.to_string().parse(), Ok(id.clone()));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(json, "\"m_1\"");
        assert_eq!(serde_json::from_str::<EntryId>(&json).unwrap(), id);
    }
}
