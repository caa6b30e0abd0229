//! What checking a signature costs beside the bare HMAC, which nobody can do without.
//!
//! `cargo bench --bench verify`

use std::hint::black_box;

use hmac::{Hmac, KeyInit, Mac};
use messenger_crm::{
    secret::{AppSecret, VerifyToken},
    webhook::{Webhook, sign},
};
use sha2::Sha256;

mod util;
use util::{Variant, interleave, print};

const SECRET: &str = "60efff025951cddde78c8d03de52cc90";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret = AppSecret::new(SECRET)?;
    let webhook = Webhook::new(&secret, VerifyToken::new("unused")?);
    let prepared = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes())?;
    for bytes in [300, 1024, 4096, 65536] {
        let body = vec![b'x'; bytes];
        let signature = sign(&secret, &body);
        let header = signature.as_bytes();
        let measured = interleave(vec![
            Variant::new("HMAC alone, prepared key", || {
                let mut mac = prepared.clone();
                mac.update(black_box(&body));
                mac.finalize().into_bytes()
            }),
            Variant::new("Webhook::verify", || {
                webhook.verify(Some(black_box(header)), black_box(&body))
            }),
            Variant::new("keyed again, digits, ==", || {
                textbook(black_box(header), black_box(&body))
            }),
        ]);
        print("verify", bytes, &measured);
    }
    Ok(())
}

/// What is mostly written by hand: nothing prepared, and compared as text.
fn textbook(header: &[u8], body: &[u8]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()) else {
        return false;
    };
    mac.update(body);
    let mut digits = b"sha256=".to_vec();
    for byte in mac.finalize().into_bytes() {
        for nibble in [byte >> 4, byte & 15] {
            digits.push(b"0123456789abcdef"[usize::from(nibble)]);
        }
    }
    header == digits
}
