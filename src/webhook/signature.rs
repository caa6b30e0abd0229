//! The signature of a body: HMAC-SHA256 with the App Secret as key.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::{secret::AppSecret, text::hex};

const PREFIX: &[u8] = b"sha256=";

/// Error of a body whose signature does not prove that Meta sent it. It contains no part of the
/// expected signature.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The request has no header `X-Hub-Signature-256`, or more than one.
    #[error("expected exactly one x-hub-signature-256 header")]
    Missing,
    /// The header is not `sha256=` and 64 hexadecimal digits.
    #[error("the x-hub-signature-256 header must be sha256= and 64 hexadecimal digits")]
    Malformed,
    /// The signature matches no configured App Secret. Compare the App Secret with the one in the
    /// App Dashboard, and make sure that the body is the raw bytes of the request.
    #[error("the signature does not match any configured app secret")]
    Wrong,
}

/// Prepared key of an App Secret: keying the hash costs as much as hashing a short body.
#[derive(Clone)]
pub(super) struct Key(Hmac<Sha256>);

impl Key {
    pub(super) fn new(secret: &AppSecret) -> Self {
        let key = secret.expose_secret().as_bytes();
        Self(Hmac::new_from_slice(key).expect("HMAC takes a key of any length"))
    }

    pub(super) fn tag(&self, message: &[u8]) -> Tag {
        let mut mac = self.0.clone();
        mac.update(message);
        Tag(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// HMAC tag of a message. It has no `==`, because the time of `==` depends on how many bytes match.
pub(super) struct Tag(pub(super) [u8; 32]);

impl Tag {
    /// Compares in constant time, as four 64-bit words: `subtle` puts a barrier on every element.
    fn is(&self, other: &Self) -> Choice {
        self.words().ct_eq(&other.words())
    }

    fn words(&self) -> [u64; 4] {
        let mut words = [0; 4];
        for (word, bytes) in words.iter_mut().zip(self.0.as_chunks().0) {
            *word = u64::from_ne_bytes(*bytes);
        }
        words
    }
}

pub(super) fn verify(
    keys: &[Key],
    signature: Option<&[u8]>,
    body: &[u8],
) -> Result<(), SignatureError> {
    let signature = signature.ok_or(SignatureError::Missing)?;
    let given = decode(signature).ok_or(SignatureError::Malformed)?;
    if is_by_any(keys, &given, body) {
        Ok(())
    } else {
        Err(SignatureError::Wrong)
    }
}

/// Whether one of the keys made this tag. All keys are tried, so that the time does not depend on
/// which one matched.
pub(super) fn is_by_any<'k>(
    keys: impl IntoIterator<Item = &'k Key>,
    given: &Tag,
    message: &[u8],
) -> bool {
    keys.into_iter()
        .fold(Choice::from(0), |good, key| {
            good | key.tag(message).is(given)
        })
        .into()
}

/// Returns the value of the header `X-Hub-Signature-256` for a body, as Meta sends it. Use it in
/// tests of your server.
pub fn sign(secret: &AppSecret, body: &[u8]) -> String {
    format!("sha256={}", hex(&Key::new(secret).tag(body).0))
}

/// Reads the tag behind `sha256=`, in lower or upper case.
fn decode(signature: &[u8]) -> Option<Tag> {
    let digits: &[u8; 64] = signature.strip_prefix(PREFIX)?.try_into().ok()?;
    // All digits are read before any is refused: without an early exit the loop is vectorized.
    let (mut values, mut all_digits) = ([0; 64], true);
    for (value, digit) in values.iter_mut().zip(digits) {
        let number = digit.wrapping_sub(b'0');
        let letter = (digit | 0x20).wrapping_sub(b'a');
        let (is_number, is_letter) = (number < 10, letter < 6);
        *value = if is_number {
            number
        } else {
            letter.wrapping_add(10)
        };
        all_digits &= is_number || is_letter;
    }
    let byte = |at: usize| values[2 * at] * 16 + values[2 * at + 1];
    all_digits.then(|| Tag(std::array::from_fn(byte)))
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 4231, whose keys are no App Secrets: 1 to 4, 6 and 7 (5 is about truncation).
    #[test]
    fn v2_the_tag_is_hmac_sha256() {
        let one_to_25: Vec<u8> = (1..=25).collect();
        let long = "This is a test using a larger than block-size key and a larger than \
                    block-size data. The key needs to be hashed before being used by the HMAC \
                    algorithm.";
        for (key, message, tag) in [
            (
                &[0x0b; 20][..],
                &b"Hi There"[..],
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                b"what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                &[0xaa; 20],
                &[0xdd; 50],
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            ),
            (
                &one_to_25,
                &[0xcd; 50],
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            ),
            (
                &[0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                &[0xaa; 131],
                long.as_bytes(),
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            ),
        ] {
            let key = Key(Hmac::new_from_slice(key).unwrap());
            assert_eq!(hex(&key.tag(message).0), tag);
        }
    }

    #[test]
    fn v22_every_key_is_tried_whichever_is_right() {
        let keys =
            ["first", "second", "third"].map(|name| Key::new(&AppSecret::new(name).unwrap()));
        let stranger = Key::new(&AppSecret::new("stranger").unwrap());
        for (signer, good) in keys
            .iter()
            .map(|key| (key, true))
            .chain([(&stranger, false)])
        {
            let mut tried = 0;
            let counted = keys.iter().inspect(|_| tried += 1);
            assert_eq!(is_by_any(counted, &signer.tag(b"x"), b"x"), good);
            assert_eq!(tried, keys.len());
        }
    }

    #[test]
    fn v27_a_key_is_never_printed() {
        let key = Key::new(&AppSecret::new("hush").unwrap());
        assert_eq!(format!("{key:?}"), "Key(…)");
    }
}
