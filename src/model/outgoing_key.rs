//! Keys of our replies.

use std::str::FromStr;

use serde::Deserialize;

use crate::{id::like_str, text::hex, time::Timestamp};

/// Key of a reply of ours: a UUID of version 7, which contains its creation time.
///
/// It is the idempotency key of the reply: sent to Meta as `metadata`, returned in the echo.
///
/// # Examples
///
/// ```
/// use messenger_crm::{model::OutgoingKey, time::Timestamp};
///
/// let now = Timestamp::from_millis(1_700_000_000_123);
/// let key = OutgoingKey::new(now, [7; 10]); // ten bytes from the system's random source
/// assert_eq!(key.to_string(), "018bcfe5-687b-7707-8707-070707070707");
/// assert_eq!(key.to_string().parse(), Ok(key.clone()));
/// assert_eq!(key.born(), now);
/// ```
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[serde(try_from = "String")]
pub struct OutgoingKey(Box<str>);

like_str!(OutgoingKey);

/// Error returned when a text or number is not a UUID of version 7.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the key is not a UUID of version 7, in lower case and with hyphens")]
#[non_exhaustive]
pub struct InvalidKey;

impl OutgoingKey {
    /// Creates a key from the current time and ten random bytes.
    ///
    /// The time must lie between 1970 and the year 10889: the key holds 48 bits of it.
    pub fn new(born: Timestamp, random: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&born.as_millis().to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&random);
        bytes[6] = bytes[6] & 0x0f | 0x70;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        Self::format(bytes)
    }

    /// Restores a key from the bytes that [`to_bytes`](Self::to_bytes) returned.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] when they are not a UUID of version 7.
    pub fn from_bytes(bytes: [u8; 16]) -> Result<Self, InvalidKey> {
        Self::parse(&Self::format(bytes).0)
    }

    /// The sixteen bytes of the key. They sort as the text does.
    pub fn to_bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        let digits = self.0.chars().filter_map(|digit| digit.to_digit(16));
        for (at, digit) in digits.enumerate() {
            bytes[at / 2] = bytes[at / 2] << 4 | digit as u8;
        }
        bytes
    }

    fn format(bytes: [u8; 16]) -> Self {
        let hex = hex(&bytes);
        let (first, rest) = hex.split_at(8);
        let (second, rest) = rest.split_at(4);
        let (third, rest) = rest.split_at(4);
        let (fourth, fifth) = rest.split_at(4);
        Self(format!("{first}-{second}-{third}-{fourth}-{fifth}").into())
    }

    /// Creation time, as the key contains it.
    pub fn born(&self) -> Timestamp {
        let bytes = self.to_bytes();
        let millis = bytes.iter().take(6);
        Timestamp::from_millis(millis.fold(0, |millis, byte| millis << 8 | i64::from(*byte)))
    }

    /// Parses a key in the form that [`as_str`](Self::as_str) returns.
    ///
    /// # Errors
    ///
    /// [`InvalidKey`] when the text has another form.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let is_valid = text.len() == 36
            && text.bytes().enumerate().all(|(at, byte)| match at {
                8 | 13 | 18 | 23 => byte == b'-',
                14 => byte == b'7',
                _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            });
        if is_valid {
            Ok(Self(text.into()))
        } else {
            Err(InvalidKey)
        }
    }

    /// The key as a string slice.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OutgoingKey {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        Self::parse(text)
    }
}

impl TryFrom<String> for OutgoingKey {
    type Error = InvalidKey;

    fn try_from(text: String) -> Result<Self, InvalidKey> {
        Self::parse(&text)
    }
}

impl TryFrom<&str> for OutgoingKey {
    type Error = InvalidKey;

    fn try_from(text: &str) -> Result<Self, InvalidKey> {
        Self::parse(text)
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
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(serde_json::from_str::<OutgoingKey>(&json).unwrap(), key);
        assert_eq!(OutgoingKey::parse(key.as_str()), Ok(key));
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in [
            "",
            "01901234-5678-4fff-bfff-ffffffffffff",
            "01901234-5678-7fff-bfff-fffffffffffF",
        ] {
            assert_eq!(OutgoingKey::parse(bad), Err(InvalidKey), "{bad}");
            let json = format!("{bad:?}");
            assert!(serde_json::from_str::<OutgoingKey>(&json).is_err());
        }
        assert_eq!(OutgoingKey::from_bytes([0; 16]), Err(InvalidKey));
    }
}
