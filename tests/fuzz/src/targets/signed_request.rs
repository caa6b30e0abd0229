//! A signed request is read exactly when it is signed, and what it says is said as it was signed.

use messenger_crm::webhook::{SignedRequestError, sign_request};
use serde::de::IgnoredAny;
use url::form_urlencoded::parse;

use super::{SECRET, WEBHOOK};

/// A form, and once more as a payload that is signed.
pub(crate) fn run(input: &[u8]) {
    if let Ok(request) = WEBHOOK.signed_request(input) {
        let sent = parse(input).find(|(name, _)| name == "signed_request");
        let unpadded = sent.map(|(_, value)| value.replace('=', ""));
        assert_eq!(unpadded, Some(sign_request(&SECRET, request.raw())));
    }
    let Ok(payload) = str::from_utf8(input) else {
        return;
    };
    let form = format!("signed_request={}", sign_request(&SECRET, payload));
    match WEBHOOK.signed_request(form.as_bytes()) {
        Ok(request) => {
            assert_eq!(request.raw(), payload);
            assert!(serde_json::from_str::<IgnoredAny>(payload).is_ok());
            let _ = format!("{request:?}");
        }
        Err(SignedRequestError::Algorithm | SignedRequestError::NoUser) => {}
        Err(error) => panic!("{error}"),
    }
    // One character more is another payload.
    assert_eq!(
        WEBHOOK.signed_request(format!("{form}A").as_bytes()),
        Err(SignedRequestError::Wrong)
    );
}
