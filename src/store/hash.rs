//! Short hashes for tie-breakers and index look-ups.

use sha2::{Digest, Sha256};

/// The first 63 bits of the SHA-256 of a text. Two texts may share one, so it decides nothing alone.
pub(crate) fn hash63(text: &str) -> i64 {
    hash63_of(text.as_bytes())
}

pub(crate) fn hash63_of(bytes: &[u8]) -> i64 {
    let hash = Sha256::digest(bytes);
    let bytes = hash.iter().take(8);
    (bytes.fold(0_u64, |number, byte| number << 8 | u64::from(*byte)) >> 1).cast_signed()
}
