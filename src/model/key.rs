//! What things are called: customers, entries, our own answers.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    id::{Mid, PageId, Psid},
    text::hex,
};

/// A customer of a Page. The same person is another customer for another Page.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct ContactKey {
    /// The Page.
    pub page: PageId,
    /// The person, as this Page knows them.
    pub psid: Psid,
}

impl ContactKey {
    /// The customer of this Page with this id.
    pub fn new(page: PageId, psid: Psid) -> Self {
        Self { page, psid }
    }

    /// 128 bits of SHA-256: enough to know a forgotten customer by, when they are met again.
    pub fn hash(&self) -> [u8; 16] {
        let mut hash = Sha256::new();
        for part in [self.page.as_str(), self.psid.as_str()] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        let mut first = [0; 16];
        first.copy_from_slice(&hash.finalize()[..16]);
        first
    }
}

/// The number of a commit that changed something of a Page.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Revision(u64);

impl Revision {
    /// A revision that was written down as a number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number, to be written down.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The one after it.
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Which worker holds a claim: any number that no other worker has.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct WorkerId(u64);

impl WorkerId {
    /// A worker by its number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number, to be written down.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// What identifies an entry of a conversation: Meta's message id, or a hash where there is none.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct EntryId(Box<str>);

impl EntryId {
    /// The id of a message.
    pub fn of_message(mid: &Mid) -> Self {
        Self(mid.as_str().into())
    }

    /// The id of something without a message id: a hash of what defines it.
    ///
    /// The parts must be the same when Meta sends the event again.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            // The length keeps ("ab", "c") from ("a", "bc").
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self(format!("~{}", hex(&hash.finalize()[..16])).into())
    }

    /// Whether it is a hash of what defines it.
    pub(crate) fn is_hash(&self) -> bool {
        self.0.starts_with('~')
    }

    /// An id from its text, as [`as_str`](Self::as_str) gave it.
    pub fn from_text(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(
            EntryId::of_parts(&[b"ab", b"c"]),
            EntryId::of_parts(&[b"a", b"bc"])
        );
    }
}
