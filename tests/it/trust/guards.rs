//! What must not happen on the way to a signature's verdict.

use std::fmt::{Debug, Display};
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use messenger_crm::secret::AppSecret;
use messenger_crm::webhook::{ReceiveError, SignatureError, sign};

use super::{BODY, SECRET, SIGNATURE, digits, secret, webhook};

/// A body that is not proven costs its hash and nothing else: reading even one event allocates.
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
fn v27_nothing_printed_tells_a_secret_or_a_signature() {
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
fn v27_the_texts_of_the_errors() {
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

/// What the compiler and Clippy cannot see: where tags are made, and that they have no `==`.
#[test]
fn v28_no_tag_is_compared_but_in_constant_time() {
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
    // The proof of a call is sent, and the simulator plays Meta: neither checks what others sent.
    assert_eq!(
        made,
        [
            "graph/access.rs",
            "simulator/app.rs",
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

/// `==` on the text of a secret would show in its time how many bytes are right.
#[test]
fn h12_no_secret_is_compared_but_in_constant_time() {
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

/// An example on `Webhook` that does not compile shows that `receive` needs the signature. This test
/// shows that there are no other ways.
#[test]
fn v30_every_way_to_events_has_a_proof_or_a_loud_name() {
    let mut ways = Vec::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    each_file(&source, &mut |path| {
        let text = fs::read_to_string(path).unwrap();
        for function in text.split("pub fn ").skip(1) {
            let (signature, _) = function.split_once('{').unwrap();
            let (name, _) = signature.split_once(['(', '<']).unwrap();
            let (_, returned) = signature.rsplit_once("->").unwrap_or_default();
            let known = ["Delivery<", "Events<", "Outcome<", "EventJsonError"];
            // What takes a delivery or an event has its proof already.
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
            // It takes the signature out of the headers.
            ("respond", false),
        ]
    );
}

/// `cargo test v29 -- --ignored --nocapture`: informational, for a clock proves nothing.
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
