//! Guards of the signature check: no JSON before it, no secret printed, constant time, no way around.

use std::fmt::{Debug, Display};
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use messenger_crm::secret::AppSecret;
use messenger_crm::webhook::{ReceiveError, SignatureError, sign};

use super::{BODY, SECRET, SIGNATURE, digits, secret, webhook};

/// A body without a valid signature is hashed and not read: reading one event would allocate.
#[test]
fn v26_json_is_not_read_before_the_signature() {
    let event = r#"{"sender":{"id":"2"},"message":{"mid":"m","text":"\u00e4"}},"#;
    let events = event.repeat(10_000_000 / event.len());
    let body = format!(
        r#"{{"object":"page","entry":[{{"id":"1","messaging":[{}]}}]}}"#,
        events.trim_end_matches(',')
    );
    let webhook = webhook(&[SECRET]);
    let allocations = |signature: &str| {
        let mut received = None;
        let counted = allocation_counter::measure(|| {
            let delivery = webhook.receive(Some(signature.as_bytes()), body.as_bytes());
            received = Some(delivery.map(drop));
        });
        (received.unwrap(), counted.count_total)
    };
    let wrong = Err(ReceiveError::Signature(SignatureError::Wrong));
    assert_eq!(allocations(SIGNATURE), (wrong, 0));
    let (read, count) = allocations(&sign(&secret(SECRET), body.as_bytes()));
    assert_eq!(read, Ok(()));
    assert!(count > 0);

    for unreadable in [&b"\xff"[..], b"{", b""] {
        assert_eq!(
            webhook
                .receive(Some(SIGNATURE.as_bytes()), unreadable)
                .err(),
            Some(ReceiveError::Signature(SignatureError::Wrong))
        );
    }
}

#[test]
fn v27_no_secret_or_signature_is_printed() {
    fn both(error: impl Debug + Display) -> String {
        format!("{error:?} {error}")
    }
    let webhook = webhook(&[SECRET]);
    let mut printed = vec![format!("{webhook:?}"), format!("{:?}", secret(SECRET))];
    for signature in [None, Some(&b"sha256="[..]), Some(SIGNATURE.as_bytes())] {
        let error = webhook.receive(signature, b"a private word").unwrap_err();
        printed.push(both(error));
    }
    let private = b"a private word";
    let signature = sign(&secret(SECRET), private);
    let error = webhook
        .receive(Some(signature.as_bytes()), private)
        .unwrap_err();
    printed.push(both(error));
    let query = "hub.mode=subscribe&hub.verify_token=private&hub.challenge=1";
    printed.push(both(webhook.handshake(query).unwrap_err()));
    printed.push(both(webhook.handshake("private").unwrap_err()));
    let form = format!("signed_request={}.private", "A".repeat(43));
    printed.push(both(webhook.signed_request(form.as_bytes()).unwrap_err()));
    printed.push(both(AppSecret::new("private ").unwrap_err()));
    for text in printed {
        for private in [SECRET, "hush", "private", digits(), &signature[7..]] {
            assert!(!text.contains(private), "{text}");
        }
    }
}

#[test]
fn v27_signature_errors_have_fixed_texts() {
    for (error, text) in [
        (
            SignatureError::Missing,
            "expected exactly one x-hub-signature-256 header",
        ),
        (
            SignatureError::Malformed,
            "the x-hub-signature-256 header must be sha256= and 64 hexadecimal digits",
        ),
        (
            SignatureError::Wrong,
            "the signature does not match any configured app secret",
        ),
    ] {
        assert_eq!(error.to_string(), text);
        assert_eq!(ReceiveError::from(error).to_string(), text);
    }
}

/// Checks in the source which modules make HMAC tags, and that a tag has no `==`: neither the compiler
/// nor Clippy can.
#[test]
fn v28_hmac_tags_are_compared_in_constant_time_only() {
    let mut made = Vec::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    each_file(&source, &mut |path| {
        let text = fs::read_to_string(path).unwrap();
        assert!(!text.contains("verify_truncated"), "{}", path.display());
        if text.contains("Hmac::<") || text.contains("Hmac<") {
            made.push(path.strip_prefix(&source).unwrap().to_owned());
        }
    });
    made.sort();
    // Graph calls send their proof and do not check one. The simulator plays Meta.
    assert_eq!(
        made,
        [
            "graph/access.rs",
            "simulator/world/names.rs",
            "webhook/signature.rs"
        ]
        .map(PathBuf::from)
    );
    let text = fs::read_to_string(source.join("webhook/signature.rs")).unwrap();
    let (before, _) = text.split_once("struct Tag(").unwrap();
    let attributes = before.rsplit("\n\n").next().unwrap();
    assert!(!attributes.contains("derive"), "{attributes}");
    assert!(!text.contains("for Tag"));
}

/// The duration of `==` on the text of a secret would reveal how many bytes match.
#[test]
fn h12_secrets_are_compared_in_constant_time_only() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    each_file(&source, &mut |path| {
        // The simulator plays Meta: it has no secrets of a host.
        if path.starts_with(source.join("simulator")) {
            return;
        }
        let text = fs::read_to_string(path).unwrap();
        let (code, _) = text.split_once("#[cfg(test)]").unwrap_or((&text, ""));
        for line in code.lines().filter(|line| line.contains("expose_secret()")) {
            let compares = [" == ", " != ", ".eq(", ".cmp(", ".starts_with("];
            let is_compared = compares.iter().any(|compare| line.contains(compare));
            assert!(!is_compared, "{}: {line}", path.display());
        }
    });
    let handshake = fs::read_to_string(source.join("webhook/handshake.rs")).unwrap();
    assert!(handshake.contains("ct_eq(token.expose_secret()"));
}

fn each_file(folder: &Path, check: &mut impl FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            each_file(&path, check);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            check(&path);
        }
    }
}

/// A `compile_fail` example of `Webhook` shows that `receive` needs the signature. This test shows that
/// no other public function returns events without one.
#[test]
fn v30_events_need_a_signature_or_a_function_named_unverified() {
    let mut ways = Vec::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    each_file(&source, &mut |path| {
        let text = fs::read_to_string(path).unwrap();
        for function in text.split("pub fn ").skip(1) {
            let (signature, _) = function.split_once('{').unwrap();
            let (name, _) = signature.split_once(['(', '<']).unwrap();
            let (_, returned) = signature.rsplit_once("->").unwrap_or_default();
            let known = ["Delivery<", "Events<", "Outcome<", "EventJsonError"];
            // A method of a delivery or an event has verified input.
            let takes_one = signature.contains("(self)");
            if !takes_one && known.iter().any(|known| returned.contains(known)) {
                ways.push((
                    name.to_owned(),
                    signature.contains("signature: Option<&[u8]>"),
                ));
            }
        }
    });
    ways.sort();
    let ways: Vec<_> = ways
        .iter()
        .map(|(name, proof)| (name.as_str(), *proof))
        .collect();
    assert_eq!(
        ways,
        [
            ("events", true),
            ("from_unverified_json", false),
            ("parse_unverified", false),
            ("receive", true),
            // It reads the signature from the headers.
            ("respond", false),
        ]
    );
}

/// Run with `cargo test v29 -- --ignored --nocapture`. Informational: measured times prove nothing.
#[test]
#[ignore = "prints times, asserts nothing"]
fn v29_a_late_difference_takes_as_long_as_an_early_one() {
    let webhook = webhook(&[SECRET]);
    let differing = |at: usize| {
        let mut signature = SIGNATURE.as_bytes().to_vec();
        signature[at] = if signature[at] == b'0' { b'1' } else { b'0' };
        signature
    };
    let (early, late) = (differing(7), differing(70));
    let mut fastest = [Duration::MAX; 2];
    for _ in 0..100 {
        for (fastest, signature) in fastest.iter_mut().zip([&early, &late]) {
            let begun = Instant::now();
            for _ in 0..2_000 {
                let _ = black_box(webhook.verify(Some(black_box(signature)), BODY));
            }
            *fastest = begun.elapsed().min(*fastest);
        }
    }
    let [early, late] = fastest.map(|time| time.as_secs_f64() / 2_000.0 * 1e9);
    println!("first byte differs: {early:.1} ns, last byte differs: {late:.1} ns");
}
