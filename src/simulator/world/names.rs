//! Names that nobody has used before, drawn from a seed.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::Sha256;

/// Draws ids, tokens and secrets from one seed.
///
/// Every purpose has a separate stream, so that the number of Graph calls does not change the ids
/// of messages.
pub(crate) struct Names {
    seed: [u8; 32],
    drawn: BTreeMap<&'static str, u64>,
}

impl Names {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self {
            seed,
            drawn: BTreeMap::new(),
        }
    }

    pub(crate) fn bytes(&mut self, purpose: &'static str) -> [u8; 32] {
        let drawn = self.drawn.entry(purpose).or_default();
        *drawn += 1;
        let message = format!("{purpose} {drawn}");
        hmac_sha256(&self.seed, message.as_bytes())
    }

    /// A message id, `m_…`.
    pub(crate) fn mid(&mut self) -> String {
        format!("m_{}", URL_SAFE_NO_PAD.encode(self.bytes("mid")))
    }

    /// An id of 16 digits that starts with 88.
    pub(crate) fn id(&mut self) -> String {
        let drawn = self.drawn.entry("id").or_default();
        *drawn += 1;
        format!("{}", 8_800_000_000_000_000 + *drawn)
    }

    /// A challenge for the handshake, digits only.
    pub(crate) fn challenge(&mut self) -> String {
        let [a, b, c, d, ..] = self.bytes("challenge");
        u32::from_be_bytes([a, b, c, d]).to_string()
    }

    /// A `fbtrace_id`.
    pub(crate) fn trace(&mut self) -> String {
        format!("A{}", URL_SAFE_NO_PAD.encode(&self.bytes("trace")[..16]))
    }

    /// An access token, `EAA…`.
    pub(crate) fn token(&mut self) -> String {
        let parts: [[u8; 32]; 4] = std::array::from_fn(|_| self.bytes("token"));
        let text = STANDARD_NO_PAD.encode(parts.concat());
        format!("EAA{}", text.replace(['+', '/'], ""))
    }

    /// A secret of 32 hexadecimal digits.
    pub(crate) fn secret(&mut self) -> String {
        hex(&self.bytes("secret")[..16])
    }
}

pub(crate) fn hmac_sha256(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

pub(crate) fn hmac_sha1(key: &[u8], message: &[u8]) -> [u8; 20] {
    let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l12_one_seed_gives_the_same_names_whatever_else_is_drawn() {
        let (mut one, mut other) = (Names::new([7; 32]), Names::new([7; 32]));
        one.trace();
        assert_eq!(one.mid(), other.mid());
        assert_ne!(one.mid(), one.mid());
        assert_ne!(Names::new([8; 32]).mid(), Names::new([7; 32]).mid());
        assert_eq!(one.secret().len(), 32);
    }

    // Computed with OpenSSL.
    #[test]
    fn the_signatures_are_metas() {
        let secret = b"60efff025951cddde78c8d03de52cc90";
        let body = br#"{"object":"page","entry":[]}"#;
        assert_eq!(
            hex(&hmac_sha256(secret, body)),
            "ac62ca9cfd3daac61f1be366d407c607da3278545d34154f8b4a2b7f7b5b950f"
        );
        assert_eq!(
            hex(&hmac_sha1(secret, body)),
            "4693fbb58c8829d013b97a3ac343694be8a1f7c7"
        );
    }
}
