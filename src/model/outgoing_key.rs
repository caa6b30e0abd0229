//! Keys of our replies.

use serde::{Deserialize, Serialize};

use crate::{text::hex, time::Timestamp};

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_contains_its_creation_time_and_reads_back() {
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
}
