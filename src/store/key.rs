//! What things are called: customers, entries, our own answers.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{
    id::{Mid, PageId, Psid},
    text::hex,
    time::Timestamp,
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

/// Our own key of an answer: a UUID of version 7, so that it tells when it was born.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct OutgoingKey(Box<str>);

/// A text that is no UUID of version 7.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the key is not a UUID of version 7")]
#[non_exhaustive]
pub struct InvalidKey;

impl OutgoingKey {
    /// A new key, from the time and ten random bytes.
    pub fn new(born: Timestamp, random: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&born.as_millis().to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&random);
        bytes[6] = bytes[6] & 0x0f | 0x70;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self::written(bytes)
    }

    /// A key from its sixteen bytes, as [`to_bytes`](Self::to_bytes) gave them.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] when they are anything else.
    pub fn from_bytes(bytes: [u8; 16]) -> Result<Self, InvalidKey> {
        Self::parse(&Self::written(bytes).0)
    }

    /// The sixteen bytes of the key: in the same order as its text.
    pub fn to_bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let digits = self.0.chars().filter_map(|digit| digit.to_digit(16));
        for (at, digit) in digits.enumerate() {
            bytes[at / 2] = bytes[at / 2] << 4 | digit as u8;
        }
        bytes
    }

    fn written(bytes: [u8; 16]) -> Self {
        let hex = hex(&bytes);
        let (first, rest) = hex.split_at(8);
        let (second, rest) = rest.split_at(4);
        let (third, rest) = rest.split_at(4);
        let (fourth, fifth) = rest.split_at(4);
        Self(format!("{first}-{second}-{third}-{fourth}-{fifth}").into())
    }

    /// When it was born, as the key itself tells.
    pub fn born(&self) -> Timestamp {
        let bytes = self.to_bytes();
        let millis = bytes.iter().take(6);
        Timestamp::from_millis(millis.fold(0, |millis, byte| millis << 8 | i64::from(*byte)))
    }

    /// A key from its text, as [`as_str`](Self::as_str) gave it.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] when the text is anything else.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let good = text.len() == 36
            && text.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                14 => byte == b'7',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
        if good {
            Ok(Self(text.into()))
        } else {
            Err(InvalidKey)
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for OutgoingKey {
    type Error = InvalidKey;

    fn try_from(text: String) -> Result<Self, InvalidKey> {
        Self::parse(&text)
    }
}

impl From<OutgoingKey> for String {
    fn from(key: OutgoingKey) -> Self {
        key.0.into()
    }
}

/// 63 bits of SHA-256: they break ties and speed up look-ups, but decide nothing.
pub(crate) fn hash63(text: &str) -> i64 {
    hash63_of(text.as_bytes())
}

pub(crate) fn hash63_of(bytes: &[u8]) -> i64 {
    let hash = Sha256::digest(bytes);
    let bytes = hash.iter().take(8);
    (bytes.fold(0_u64, |number, byte| number << 8 | u64::from(*byte)) >> 1).cast_signed()
}

impl ContactKey {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_when_it_was_born_and_reads_back() {
        let key = OutgoingKey::new(Timestamp::from_millis(0x0190_1234_5678), [0xff; 10]);
        assert_eq!(key.as_str(), "01901234-5678-7fff-bfff-ffffffffffff");
        assert_eq!(OutgoingKey::from_bytes(key.to_bytes()).as_ref(), Ok(&key));
        assert_eq!(key.born(), Timestamp::from_millis(0x0190_1234_5678));
        assert_eq!(OutgoingKey::parse(key.as_str()), Ok(key));
        for bad in [
            "",
            "01901234-5678-4fff-bfff-ffffffffffff",
            "01901234-5678-7fff-bfff-fffffffffffF",
        ] {
            assert_eq!(OutgoingKey::parse(bad), Err(InvalidKey), "{bad}");
        }
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(
            EntryId::of_parts(&[b"ab", b"c"]),
            EntryId::of_parts(&[b"a", b"bc"])
        );
    }
}
