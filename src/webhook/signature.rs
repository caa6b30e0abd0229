//! The signature: HMAC-SHA256 of the raw body under the App Secret.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq};

use crate::{secret::AppSecret, text::hex};

const PREFIX: &[u8] = b"sha256=";

/// Why a body is not proven to be Meta's. Nothing in it tells what would have been right.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// No `X-Hub-Signature-256`, or more than one.
    #[error("there is not exactly one x-hub-signature-256 header")]
    Missing,
    /// Not `sha256=` and 64 hexadecimal digits.
    #[error("the x-hub-signature-256 header is not sha256= and 64 hexadecimal digits")]
    Malformed,
    /// Well formed, and by none of the secrets.
    #[error("the signature is by none of the app secrets")]
    Wrong,
}

/// An App Secret, prepared once: keying the hash costs as much as hashing a short body.
#[derive(Clone)]
pub(super) struct Key(Hmac<Sha256>);

impl Key {
    pub(super) fn new(secret: &AppSecret) -> Self {
        let key = secret.expose_secret().as_bytes();
        Self(Hmac::new_from_slice(key).expect("HMAC takes a key of any length"))
    }

    fn tag(&self, body: &[u8]) -> [u8; 32] {
        let mut mac = self.0.clone();
        mac.update(body);
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

pub(super) fn verify(
    keys: &[Key],
    signature: Option<&[u8]>,
    body: &[u8],
) -> Result<(), SignatureError> {
    let signature = signature.ok_or(SignatureError::Missing)?;
    let given = decode(signature).ok_or(SignatureError::Malformed)?;
    // Every key is tried, so that the time taken does not tell which one matched.
    let good = keys.iter().fold(Choice::from(0), |good, key| {
        good | equal(&key.tag(body), &given)
    });
    if good.into() {
        Ok(())
    } else {
        Err(SignatureError::Wrong)
    }
}

/// The value of `X-Hub-Signature-256` for a body, as Meta would send it: for a host's own tests.
pub fn sign(secret: &AppSecret, body: &[u8]) -> String {
    format!("sha256={}", hex(&Key::new(secret).tag(body)))
}

/// The 32 bytes behind `sha256=`, in lower or upper case.
fn decode(signature: &[u8]) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = signature.strip_prefix(PREFIX)?.try_into().ok()?;
    let mut tag = [0; 32];
    for (byte, pair) in tag.iter_mut().zip(digits.chunks_exact(2)) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    Some(tag)
}

/// Compares in constant time, as four 64-bit words: `subtle` puts a barrier on every element.
fn equal(a: &[u8; 32], b: &[u8; 32]) -> Choice {
    words(a).ct_eq(&words(b))
}

fn words(bytes: &[u8; 32]) -> [u64; 4] {
    std::array::from_fn(|word| {
        std::array::from_fn::<u8, 8, _>(|byte| bytes[word * 8 + byte])
            .into_iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(byte))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"object":"page","entry":[]}"#;
    const SIGNATURE: &str =
        "sha256=ac62ca9cfd3daac61f1be366d407c607da3278545d34154f8b4a2b7f7b5b950f";

    fn secret() -> AppSecret {
        AppSecret::new("60efff025951cddde78c8d03de52cc90").unwrap()
    }

    #[track_caller]
    fn check(signature: impl AsRef<[u8]>) -> Result<(), SignatureError> {
        verify(&[Key::new(&secret())], Some(signature.as_ref()), BODY)
    }

    // platform.md §1.4
    #[test]
    fn v1_v2_known_answers() {
        assert_eq!(check(SIGNATURE), Ok(()));
        assert_eq!(sign(&secret(), BODY), SIGNATURE);
        let escaped = br#"{"object":"page","entry":[{"id":"1","time":1700000000000,"messaging":[{"sender":{"id":"2"},"recipient":{"id":"1"},"timestamp":1700000000000,"message":{"mid":"m_x","text":"\u00e4\u00f6\u00e5 https:\/\/a.b\/"}}]}]}"#;
        assert_eq!(
            sign(&secret(), escaped),
            "sha256=76ba6b1b074e687dbbe87649d747ccc42978d927af9c1c29124f3be9a131aac7"
        );
    }

    #[test]
    fn v4_one_bit_flipped_anywhere_is_wrong() {
        let keys = [Key::new(&secret())];
        for bit in 0..BODY.len() * 8 {
            let mut body = BODY.to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                verify(&keys, Some(SIGNATURE.as_bytes()), &body),
                Err(SignatureError::Wrong),
                "bit {bit}"
            );
        }
        for digit in 0..64 {
            let mut signature = SIGNATURE.as_bytes().to_vec();
            signature[7 + digit] = if signature[7 + digit] == b'0' {
                b'1'
            } else {
                b'0'
            };
            assert_eq!(
                check(signature),
                Err(SignatureError::Wrong),
                "digit {digit}"
            );
        }
    }

    #[test]
    fn v5_to_v19_what_is_not_a_signature() {
        assert_eq!(
            verify(&[Key::new(&secret())], None, BODY),
            Err(SignatureError::Missing)
        );
        let digits = &SIGNATURE[7..];
        let mut malformed = vec![
            String::new(),
            "  ".into(),
            "sha256=".into(),
            digits.into(),
            format!("{SIGNATURE}\n"),
            format!("{SIGNATURE} "),
            format!("{SIGNATURE}\0"),
            format!("{SIGNATURE},"),
            format!("sha1={digits}"),
            format!("{SIGNATURE},{SIGNATURE}"),
            format!("sha256={}", "０".repeat(64)),
            format!("sha256={}", "g".repeat(64)),
        ];
        for prefix in [
            "SHA256=", "sha-256=", "sha256:", "sha256==", "md5=", "new=", "sha512=", "blake2b=",
        ] {
            malformed.push(format!("{prefix}{digits}"));
        }
        for length in [2, 62, 63, 65, 66, 128] {
            malformed.push(format!("sha256={}", &digits.repeat(2)[..length]));
        }
        for signature in malformed {
            assert_eq!(
                check(&signature),
                Err(SignatureError::Malformed),
                "{signature:?}"
            );
        }
        assert_eq!(check(b"sha256=\xff\xfe"), Err(SignatureError::Malformed));
    }

    #[test]
    fn v17_upper_case_digits_are_accepted() {
        assert_eq!(
            check(format!("sha256={}", SIGNATURE[7..].to_uppercase())),
            Ok(())
        );
    }

    #[test]
    fn v22_several_secrets_while_one_is_changed() {
        let keys: Vec<Key> = ["new", "60efff025951cddde78c8d03de52cc90"]
            .map(|secret| Key::new(&AppSecret::new(secret).unwrap()))
            .into();
        assert_eq!(verify(&keys, Some(SIGNATURE.as_bytes()), BODY), Ok(()));
        assert_eq!(
            verify(&keys[..1], Some(SIGNATURE.as_bytes()), BODY),
            Err(SignatureError::Wrong)
        );
    }

    #[test]
    fn v27_nothing_secret_is_printed() {
        assert_eq!(format!("{:?}", Key::new(&secret())), "Key(…)");
    }
}
