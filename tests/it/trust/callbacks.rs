//! `signed_request`: the deauthorize and data deletion callbacks.

use std::fmt::Display;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use messenger_crm::time::Timestamp;
use messenger_crm::webhook::{DeletionResponse, SignedRequest, SignedRequestError, sign_request};
use sha2::Sha256;

use super::{SECRET, secret, webhook};

// The payload of the example on Meta's page, compact. The signature was computed with OpenSSL.
const PAYLOAD: &str =
    r#"{"algorithm":"HMAC-SHA256","expires":1291840400,"issued_at":1291836800,"user_id":"218471"}"#;
const SIGNED: &str = "i9Q5EhlSAc_PBMTh8k9ywFtblf7zmk2A-OMDWbp0OCc.eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsImV4cGlyZXMiOjEyOTE4NDA0MDAsImlzc3VlZF9hdCI6MTI5MTgzNjgwMCwidXNlcl9pZCI6IjIxODQ3MSJ9";

/// The tag in base64url, computed without the library.
fn tag(message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

#[track_caller]
fn ask(form: impl AsRef<[u8]>) -> Result<SignedRequest, SignedRequestError> {
    webhook(&[SECRET]).signed_request(form.as_ref())
}

/// Reads a form whose only field is this `signed_request`.
#[track_caller]
fn value(value: impl Display) -> Result<SignedRequest, SignedRequestError> {
    ask(format!("signed_request={value}"))
}

/// Reads a `signed_request` with this payload, validly signed.
#[track_caller]
fn payload(payload: &str) -> Result<SignedRequest, SignedRequestError> {
    value(sign_request(&secret(SECRET), payload))
}

/// Reads a `signed_request` with this encoded payload, validly signed.
#[track_caller]
fn encoded(payload: &str) -> Result<SignedRequest, SignedRequestError> {
    value(format!("{}.{payload}", tag(payload)))
}

#[test]
fn v35_a_known_request_is_read() {
    assert_eq!(sign_request(&secret(SECRET), PAYLOAD), SIGNED);
    let request = value(SIGNED).unwrap();
    assert_eq!(request.user.as_str(), "218471");
    assert_eq!(
        request.issued_at,
        Some(Timestamp::from_millis(1_291_836_800_000))
    );
    assert_eq!(
        request.expires,
        Some(Timestamp::from_millis(1_291_840_400_000))
    );
    assert_eq!(request.raw(), PAYLOAD);
}

#[test]
fn v35_padding_and_form_encoding_change_nothing() {
    let (tag, body) = SIGNED.split_once('.').unwrap();
    for form in [
        format!("signed_request={tag}=.{body}"),
        format!("signed_request={tag}%3D.{body}"),
        format!("signed_request={tag}%3d%2E{body}"),
        format!("fb_locale=en_US&signed_request={SIGNED}&x=%zz"),
    ] {
        assert!(ask(&form).is_ok(), "{form}");
    }
    for (length, padding) in [(94, "=="), (95, "="), (96, "")] {
        let json = format!("{PAYLOAD:length$}");
        let body = format!("{}{padding}", URL_SAFE_NO_PAD.encode(&json));
        assert_eq!(encoded(&body).unwrap().raw(), json);
    }
}

#[test]
fn v35_a_form_without_exactly_one_signed_request_is_missing() {
    for form in [
        "",
        "signed_request",
        "signed_requests=x",
        "signed%5Frequest=x",
        SIGNED,
        &format!("signed_request={SIGNED}&signed_request={SIGNED}"),
        "signed_request=%zz",
    ] {
        let expected = if form == "signed_request" {
            SignedRequestError::Malformed
        } else {
            SignedRequestError::Missing
        };
        assert_eq!(ask(form), Err(expected), "{form}");
    }
    assert_eq!(ask(b"\xff"), Err(SignedRequestError::Missing));
}

#[test]
fn v35_a_value_without_signature_and_payload_is_malformed() {
    let (tag, body) = SIGNED.split_once('.').unwrap();
    for wrong in [
        String::new(),
        ".".into(),
        tag.into(),
        format!("{tag}{body}"),
        format!(".{body}"),
        format!("{}.{body}", &tag[..42]),
        format!("{tag}A.{body}"),
        format!("{tag}==.{body}"),
        format!("{}.{body}", tag.replace('_', "%2F").replace('-', "%2B")),
        format!("{tag}%00.{body}"),
        format!("%20{tag}.{body}"),
    ] {
        assert_eq!(value(&wrong), Err(SignedRequestError::Malformed), "{wrong}");
    }
    // The signatures are valid, so the encoding of the payload is refused.
    for wrong in ["e30===", "e3", "e3*", "e30.", "_w"] {
        assert_eq!(
            encoded(wrong),
            Err(SignedRequestError::Malformed),
            "{wrong}"
        );
    }
}

#[test]
fn v35_the_signature_covers_the_encoded_payload() {
    let (right, body) = SIGNED.split_once('.').unwrap();
    let other = URL_SAFE_NO_PAD.encode(PAYLOAD.replace("218471", "218472"));
    let decoded = tag(PAYLOAD);
    for wrong in [
        format!("{right}.{other}"),
        format!("{right}.{body}="),
        format!("{right}."),
        format!("{right}.*"),
        format!("{decoded}.{body}"),
        format!("{}.{body}", "A".repeat(43)),
        sign_request(&secret("another"), PAYLOAD),
    ] {
        assert_eq!(value(&wrong), Err(SignedRequestError::Wrong), "{wrong}");
    }
}

#[test]
fn v35_every_secret_is_tried() {
    let form = format!("signed_request={SIGNED}");
    for (secrets, expected) in [
        (&["new", SECRET][..], None),
        (&[SECRET, "new"], None),
        (&["new", "newer"], Some(SignedRequestError::Wrong)),
    ] {
        let read = webhook(secrets).signed_request(form.as_bytes());
        assert_eq!(read.err(), expected, "{secrets:?}");
    }
}

#[test]
fn v35_another_algorithm_is_refused() {
    assert!(payload(&PAYLOAD.replace("HMAC-SHA256", "hmac-sha256")).is_ok());
    for wrong in [
        r#""AES-256-CBC HMAC-SHA256""#,
        r#""HMAC-SHA1""#,
        r#""none""#,
        r#""""#,
        "null",
        "256",
    ] {
        let signed = PAYLOAD.replace(r#""HMAC-SHA256""#, wrong);
        assert_eq!(
            payload(&signed),
            Err(SignedRequestError::Algorithm),
            "{wrong}"
        );
    }
    let without = r#"{"user_id":"218471"}"#;
    assert_eq!(payload(without), Err(SignedRequestError::Algorithm));
}

#[test]
fn v35_a_payload_without_a_user_id_is_refused() {
    let user = |json: &str| {
        let payload_of = PAYLOAD.replace(r#""218471""#, json);
        payload(&payload_of).map(|request| request.user.to_string())
    };
    assert_eq!(user("218471").as_deref(), Ok("218471"));
    assert_eq!(user("9007199254740993").as_deref(), Ok("9007199254740993"));
    assert_eq!(user(r#""1","user_id":"2""#).as_deref(), Ok("1"));
    for json in [r#""""#, "null", "[]", "{}", "true"] {
        assert_eq!(user(json), Err(SignedRequestError::NoUser), "{json}");
    }
    for signed in [
        r#"["HMAC-SHA256","218471",1,2]"#,
        "null",
        "",
        "{",
        r#"{"algorithm":"HMAC-SHA256"}"#,
        r#"{"algorithm":"HMAC-SHA256","user_id":"1"} {}"#,
        r#"{"algorithm":"HMAC-SHA256","user_id":"1""#,
    ] {
        assert_eq!(payload(signed), Err(SignedRequestError::NoUser), "{signed}");
    }
}

#[test]
fn v35_an_unreadable_time_is_absent() {
    for (expires, millis) in [
        ("0", None),
        ("null", None),
        (r#""soon""#, None),
        (r#""1291840400""#, Some(1_291_840_400_000)),
    ] {
        let signed = PAYLOAD.replace("1291840400", expires);
        let request = payload(&signed).unwrap();
        assert_eq!(
            request.expires.map(Timestamp::as_millis),
            millis,
            "{expires}"
        );
    }
}

#[test]
fn v27_debug_of_a_signed_request_shows_times_only() {
    let request = value(SIGNED).unwrap();
    let printed = format!("{request:?}");
    assert_eq!(
        printed,
        "SignedRequest { issued_at: Some(Timestamp(1291836800000)), \
         expires: Some(Timestamp(1291840400000)), .. }"
    );
}

#[test]
fn a_confirmation_code_has_ascii_letters_and_digits_only() {
    for wrong in ["", "a b", "a-b", "ä", "a\n"] {
        let refused = DeletionResponse::new("https://crm.example.com/", wrong).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "a confirmation code must have at least one ASCII letter or digit, and no other characters",
            "{wrong}"
        );
    }
}

#[test]
fn v27_signed_request_errors_have_fixed_texts() {
    for (error, text) in [
        (
            SignedRequestError::Missing,
            "expected exactly one signed_request in the form",
        ),
        (
            SignedRequestError::Malformed,
            "the signed_request must be a signature, a dot and a payload in base64url",
        ),
        (
            SignedRequestError::Wrong,
            "the signature of the signed_request does not match any configured app secret",
        ),
        (
            SignedRequestError::Algorithm,
            "the algorithm of the signed_request must be HMAC-SHA256",
        ),
        (
            SignedRequestError::NoUser,
            "the payload of the signed_request has no user_id",
        ),
    ] {
        assert_eq!(error.to_string(), text);
    }
}
