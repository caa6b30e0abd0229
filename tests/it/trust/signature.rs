//! The signature header, through the public API.

use messenger_crm::webhook::{ReceiveError, SignatureError, sign};

use super::{BODY, SECRET, SHA1, SIGNATURE, digits, secret, webhook};

#[track_caller]
fn check(signature: impl AsRef<[u8]>) -> Result<(), SignatureError> {
    webhook(&[SECRET]).verify(Some(signature.as_ref()), BODY)
}

#[track_caller]
fn malformed(signature: impl AsRef<[u8]>) {
    let signature = signature.as_ref();
    assert_eq!(
        check(signature),
        Err(SignatureError::Malformed),
        "{:?}",
        String::from_utf8_lossy(signature)
    );
}

/// A delivery of one message; `text` is its JSON, escapes included.
fn body_with(mid: &str, text: &str) -> String {
    format!(
        r#"{{"object":"page","entry":[{{"id":"1","time":1700000000000,"messaging":[{{"sender":{{"id":"2"}},"recipient":{{"id":"1"}},"timestamp":1700000000000,"message":{{"mid":"{mid}","text":"{text}"}}}}]}}]}}"#
    )
}

// ---- Valid signatures -----------------------------------------------------

#[test]
fn v1_a_signed_body_is_read_unchanged() {
    let body = body_with("m_1", "Hello~");
    let signature = sign(&secret(SECRET), body.as_bytes());
    assert_eq!(signature.len(), 71);
    let webhook = webhook(&[SECRET]);
    let delivery = webhook
        .receive(Some(signature.as_bytes()), body.as_bytes())
        .unwrap();
    assert_eq!(delivery.events.len(), 1);
    assert!(body.contains(delivery.events[0].raw()));
}

/// The tags were computed with OpenSSL.
#[test]
fn v2_known_answers() {
    assert_eq!(check(SIGNATURE), Ok(()));
    let oolong = r"\u8acb\u554f\u9084\u6709\u70cf\u9f8d\u8336\u55ce\uff1f";
    for (body, tag) in [
        (
            body_with("m_x", r"\u00e4\u00f6\u00e5 https:\/\/a.b\/"),
            "76ba6b1b074e687dbbe87649d747ccc42978d927af9c1c29124f3be9a131aac7",
        ),
        (
            body_with("m_y", r"\ud83d\ude00 ok"),
            "475111fe460aa61e9d0b8807135ad290506fdc1976a4097770370856e12ef794",
        ),
        (
            body_with("m_z", oolong),
            "4d22941107ee531b69f2310e977f885780c42c504c40635d48d370c285780c70",
        ),
        (
            body_with("m_z", "請問還有烏龍茶嗎？"),
            "a65ea68dde248d9cf922b59e2425e00e6a3b7bbe96c4d88ec4ed6b8879ccf3db",
        ),
    ] {
        assert_eq!(
            sign(&secret(SECRET), body.as_bytes()),
            format!("sha256={tag}")
        );
    }
    assert_eq!(
        sign(&secret("Jefe"), b"what do ya want for nothing?"),
        "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    );
}

#[test]
fn v17_upper_case_digits_are_accepted() {
    assert_eq!(check(format!("sha256={}", digits().to_uppercase())), Ok(()));
    let mixed = digits().replacen('a', "A", 1);
    assert_eq!(check(format!("sha256={mixed}")), Ok(()));
}

#[test]
fn v22_f23_during_a_rotation_both_secrets_are_accepted() {
    let rotating = webhook(&["new", "old"]);
    let twice = webhook(&[SECRET, SECRET]);
    assert_eq!(twice.verify(Some(SIGNATURE.as_bytes()), BODY), Ok(()));
    for (signer, expected) in [
        ("new", Ok(())),
        ("old", Ok(())),
        ("third", Err(SignatureError::Wrong)),
    ] {
        let signature = sign(&secret(signer), BODY);
        let checked = rotating.verify(Some(signature.as_bytes()), BODY);
        assert_eq!(checked, expected, "{signer}");
    }
}

#[test]
fn v24_an_empty_body_is_verified_and_then_unreadable() {
    let signature = "sha256=cc057aabffb1d8eb79e56605f1d6d0f081e28cd82dbe4f80d49a1a39634babcd";
    let webhook = webhook(&[SECRET]);
    assert_eq!(webhook.verify(Some(signature.as_bytes()), b""), Ok(()));
    let received = webhook.receive(Some(signature.as_bytes()), b"");
    assert!(matches!(received, Err(ReceiveError::Envelope(_))));
}

// ---- Invalid signatures ---------------------------------------------------

#[test]
fn v3_reserialized_json_does_not_match() {
    let body = body_with("m_x", r"\u00e4 https:\/\/a.b\/");
    let signature = sign(&secret(SECRET), body.as_bytes());
    for other in [
        body_with("m_x", r"ä https:\/\/a.b\/"),
        body_with("m_x", r"\u00e4 https://a.b/"),
        body_with("m_x", r"\u00E4 https:\/\/a.b\/"),
        body.replace(',', ", "),
        format!("{body}\n"),
        body.replace(
            r#""id":"1","time":1700000000000"#,
            r#""time":1700000000000,"id":"1""#,
        ),
    ] {
        assert_ne!(other, body);
        let checked = webhook(&[SECRET]).verify(Some(signature.as_bytes()), other.as_bytes());
        assert_eq!(checked, Err(SignatureError::Wrong), "{other}");
    }
}

#[test]
fn v4_one_bit_flipped_anywhere_is_refused() {
    let webhook = webhook(&[SECRET]);
    for bit in 0..BODY.len() * 8 {
        let mut body = BODY.to_vec();
        body[bit / 8] ^= 1 << (bit % 8);
        let checked = webhook.verify(Some(SIGNATURE.as_bytes()), &body);
        assert_eq!(checked, Err(SignatureError::Wrong), "bit {bit}");
    }
    for bit in 0..SIGNATURE.len() * 8 {
        let mut signature = SIGNATURE.as_bytes().to_vec();
        signature[bit / 8] ^= 1 << (bit % 8);
        let is_case =
            signature.eq_ignore_ascii_case(SIGNATURE.as_bytes()) && bit / 8 >= "sha256=".len();
        assert_eq!(check(&signature).is_ok(), is_case, "bit {bit}");
    }
}

#[test]
fn v4_each_other_digit_at_each_position_is_wrong() {
    for at in "sha256=".len()..SIGNATURE.len() {
        for digit in "0123456789abcdef".chars() {
            let mut signature = SIGNATURE.to_owned();
            signature.replace_range(at..=at, &digit.to_string());
            let expected = if signature == SIGNATURE {
                Ok(())
            } else {
                Err(SignatureError::Wrong)
            };
            assert_eq!(check(&signature), expected, "{digit} at {at}");
        }
    }
}

#[test]
fn v5_no_header_is_missing() {
    assert_eq!(
        webhook(&[SECRET]).verify(None, BODY),
        Err(SignatureError::Missing)
    );
}

#[test]
fn v6_a_blank_header_is_malformed() {
    for blank in ["", " ", "   ", "\t"] {
        malformed(blank);
    }
}

#[test]
fn v7_a_prefix_without_digits_is_malformed() {
    malformed("sha256=");
}

#[test]
fn v8_another_number_of_digits_is_malformed() {
    for length in (0..64).chain(65..=128) {
        malformed(format!("sha256={}", &digits().repeat(2)[..length]));
    }
}

#[test]
fn v9_trailing_bytes_are_malformed() {
    for tail in ["\n", "\r\n", " ", "\0", ",", ";", "="] {
        malformed(format!("{SIGNATURE}{tail}"));
    }
    malformed(format!(" {SIGNATURE}"));
}

#[test]
fn v10_another_prefix_is_malformed() {
    for prefix in [
        "SHA256=", "Sha256=", "sha-256=", "sha256:", "sha256==", "sha256",
    ] {
        malformed(format!("{prefix}{}", digits()));
    }
}

#[test]
fn v11_bare_digits_are_malformed() {
    malformed(digits());
}

#[test]
fn v12_the_header_does_not_choose_the_algorithm() {
    malformed(format!("sha1={SHA1}"));
    malformed(format!("sha256={SHA1}"));
    malformed(format!("sha1={}", digits()));
}

#[test]
fn v15_other_algorithms_are_malformed() {
    for prefix in ["md5=", "new=", "sha512=", "blake2b=", "none="] {
        malformed(format!("{prefix}{}", digits()));
    }
}

/// Tries every byte value at every position of the digits.
#[test]
fn v16_other_bytes_than_hexadecimal_digits_are_malformed() {
    for at in "sha256=".len()..SIGNATURE.len() {
        for byte in 0..=u8::MAX {
            let mut signature = SIGNATURE.as_bytes().to_vec();
            signature[at] = byte;
            let is_malformed = check(&signature) == Err(SignatureError::Malformed);
            assert_eq!(is_malformed, !byte.is_ascii_hexdigit(), "{byte} at {at}");
        }
    }
    malformed(format!("sha256={}", "０".repeat(64)));
    malformed(format!("sha256={}é", &digits()[..62]));
    malformed(b"\xff\xfe");
}

#[test]
fn v19_two_signatures_in_one_value_are_malformed() {
    let wrong = format!("sha256={}", "0".repeat(64));
    malformed(format!("{wrong},{SIGNATURE}"));
    malformed(format!("{SIGNATURE},{wrong}"));
    malformed(format!("{SIGNATURE}, {SIGNATURE}"));
}
