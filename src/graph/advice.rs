//! Classification of errors by Meta's numbers.

use std::fmt;

use http::StatusCode;

use super::ApiError;
use crate::model::Advice;

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Meta refused the call: {} (status {}",
            meaning(self),
            self.status.as_u16()
        )?;
        if let Some(code) = self.code {
            write!(f, ", code {code}")?;
        }
        if let Some(subcode) = self.subcode {
            write!(f, ", subcode {subcode}")?;
        }
        if let Some(trace) = &self.trace {
            write!(f, ", trace {trace}")?;
        }
        f.write_str(")")
    }
}

/// Classification of the numbers that Meta sends either as a code or as a subcode.
const BY_NUMBER: [(i64, Advice); 26] = [
    (1_357_046, Advice::Unknown), // the message was sent, Meta's answer went wrong
    (1_545_041, Advice::Unreachable),
    (1_893_061, Advice::FixRequest), // a message tag that Meta has ended
    (1_893_015, Advice::Unreachable), // the person stopped these notifications
    (1_893_016, Advice::FixRequest), // asked twice
    (1_893_063, Advice::Blocked),    // the Page is restricted
    (2_018_001, Advice::Unreachable),
    (2_018_065, Advice::OutsideWindow),
    (2_018_108, Advice::Unreachable),
    (2_018_164, Advice::Permission),  // wrong app id
    (2_018_218, Advice::Unreachable), // no profile
    (2_018_247, Advice::Permission),
    (2_018_278, Advice::OutsideWindow),
    (2_018_294, Advice::TryAgain),      // an upload took too long
    (2_018_300, Advice::ThreadControl), // another app has the conversation
    (2_018_321, Advice::ThreadControl), // so does a lead form
    (2_018_336, Advice::Permission),    // no menu for one person
    (2_018_338, Advice::Blocked),       // bothersome messages
    (2_018_344, Advice::Permission),    // contact terms
    (2_018_352, Advice::RateLimited),
    (2_018_354, Advice::RateLimited),
    (2_018_382, Advice::FixRequest),
    (2_300_028, Advice::RateLimited), // a campaign is not ready
    (2_534_022, Advice::OutsideWindow),
    (2_534_037, Advice::ThreadControl), // another app has the conversation
    (2_534_040, Advice::RateLimited),
];

/// Subcodes of throttling codes that concern only one person or one kind of message.
const NARROW: [i64; 2] = [
    1996,      // inconsistent send volume
    2_018_022, // too many sends to phone numbers
];

pub(super) fn of_api(error: &ApiError) -> Advice {
    if let Some((_, advice)) = BY_NUMBER.iter().find(|(number, _)| error.is(*number)) {
        return *advice;
    }
    let message = error.message.as_deref().unwrap_or_default();
    let advice = match error.code.or_else(|| code_in(message)) {
        // Only the text separates these two from other errors with the same code.
        Some(100) if message.contains("appsecret_proof") => return Advice::Permission,
        Some(1) if message.contains("reduce the amount") => return Advice::FixRequest,
        Some(code) => of_code(code),
        None => Advice::Unknown,
    };
    match advice {
        Advice::RateLimited | Advice::Reauthorize | Advice::Blocked => advice,
        _ if error.is_transient => Advice::TryAgain,
        Advice::Unknown => of_status(error.status),
        _ => advice,
    }
}

/// The code with which Meta's messages often begin, as in `(#613) Calls to …`.
fn code_in(message: &str) -> Option<i64> {
    message.strip_prefix("(#")?.split_once(')')?.0.parse().ok()
}

fn of_code(code: i64) -> Advice {
    match code {
        -1 | 1 | 2 | 99 | 1200 => Advice::TryAgain,
        4 | 17 | 32 | 341 | 613 | 80001 | 80002 | 80006 => Advice::RateLimited,
        102 | 104 | 190 => Advice::Reauthorize,
        230 | 551 => Advice::Unreachable,
        368 | 2022 => Advice::Blocked,
        3 | 10 | 200..=299 | 10904 => Advice::Permission,
        100
        | 352
        | 389
        | 504
        | 506
        | 546
        | 803
        | 2500
        | 10303
        | 10900
        | 10903
        | 24001..=24005
        | 36000
        | 36103
        | 2_018_000..=2_018_999
        | 2_071_010..=2_071_025
        | 2_300_052
        | 2_534_000..=2_534_999
        | 9_000_001 => Advice::FixRequest,
        _ => Advice::Unknown,
    }
}

/// Says in words why Meta refused a call.
fn meaning(error: &ApiError) -> &'static str {
    match of_api(error) {
        Advice::OutsideWindow => "the messaging window is closed",
        Advice::Reauthorize => "the access token is not valid",
        Advice::Unreachable => "the customer cannot be reached",
        Advice::RateLimited => "too many calls",
        Advice::Permission => "a permission or setting is missing",
        Advice::ThreadControl => "another app controls the conversation",
        Advice::Blocked => "the Page or the app is restricted",
        Advice::FixRequest => "the request is wrong",
        Advice::TryAgain => "a temporary failure",
        Advice::Expired => "the latest time to send has passed",
        Advice::Unknown => "no known reason",
    }
}

/// Returns whether a refusal pauses all calls of its scope, and not only this one. A refusal with a
/// narrow subcode, such as 4/2018354 for one person's notification, pauses nothing.
pub(super) fn pauses(error: &ApiError) -> bool {
    let narrows = |subcode| BY_NUMBER.iter().any(|(number, _)| *number == subcode);
    let is_bare = error
        .subcode
        .is_none_or(|code| !narrows(code) && !NARROW.contains(&code));
    let code = error
        .code
        .or_else(|| code_in(error.message.as_deref().unwrap_or_default()));
    match code {
        Some(4 | 17 | 32 | 341 | 613 | 80001 | 80002 | 80006) => is_bare,
        _ => is_bare && error.status == StatusCode::TOO_MANY_REQUESTS,
    }
}

/// Returns the classification of an HTTP status without an error code.
pub(super) fn of_status(status: StatusCode) -> Advice {
    match status.as_u16() {
        401 => Advice::Reauthorize,
        429 => Advice::RateLimited,
        500..600 => Advice::TryAgain,
        _ => Advice::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::{
        BodySnippet, Error, Idempotency, RetryPolicy, TransportError, TransportErrorKind,
    };
    use super::*;

    fn advice(status: u16, error: &Value) -> Advice {
        let response = http::Response::builder().status(status);
        let response = response.body(Vec::new()).unwrap();
        of_api(&ApiError::from_http(&response, error.as_object().unwrap()))
    }

    #[test]
    fn c5_code_and_subcode_decide() {
        // platform.md 8.5
        for (code, subcode, expected) in [
            (10, 2_018_278, Advice::OutsideWindow),
            (10, 2_018_065, Advice::OutsideWindow),
            (10, 2_534_022, Advice::OutsideWindow),
            (190, 463, Advice::Reauthorize),
            (190, 0, Advice::Reauthorize),
            (102, 0, Advice::Reauthorize),
            (551, 0, Advice::Unreachable),
            (190, 467, Advice::Reauthorize),
            (104, 0, Advice::Reauthorize),
            (10, 1_893_015, Advice::Unreachable),
            (100, 2_018_218, Advice::Unreachable),
            (551, 1_545_041, Advice::Unreachable),
            (200, 1_545_041, Advice::Unreachable),
            (1_545_041, 0, Advice::Unreachable),
            (10, 2_018_108, Advice::Unreachable),
            (100, 2_018_001, Advice::Unreachable),
            (230, 0, Advice::Unreachable),
            (4, 0, Advice::RateLimited),
            (17, 0, Advice::RateLimited),
            (341, 0, Advice::RateLimited),
            (80_001, 0, Advice::RateLimited),
            (80_002, 0, Advice::RateLimited),
            (613, 0, Advice::RateLimited),
            (4, 2_018_354, Advice::RateLimited),
            (32, 0, Advice::RateLimited),
            (613, 1996, Advice::RateLimited),
            (80_006, 0, Advice::RateLimited),
            (9, 2_018_352, Advice::RateLimited),
            (613, 1_893_016, Advice::FixRequest),
            (3, 0, Advice::Permission),
            (10, 0, Advice::Permission),
            (200, 0, Advice::Permission),
            (299, 0, Advice::Permission),
            (100, 2_018_247, Advice::Permission),
            (10, 1_404_170, Advice::Permission),
            (100, 2_018_164, Advice::Permission),
            (10_904, 0, Advice::Permission),
            (368, 0, Advice::Blocked),
            (2022, 0, Advice::Blocked),
            (10, 1_893_063, Advice::Blocked),
            (613, 2_018_338, Advice::Blocked),
            (100, 2_534_037, Advice::ThreadControl),
            (2_018_300, 0, Advice::ThreadControl),
            (100, 2_018_321, Advice::ThreadControl),
            (100, 0, Advice::FixRequest),
            (100, 33, Advice::FixRequest),
            (100, 1_893_061, Advice::FixRequest),
            (100, 2_018_008, Advice::FixRequest),
            (100, 2_018_047, Advice::FixRequest),
            (2_018_173, 0, Advice::FixRequest),
            (9_000_001, 0, Advice::FixRequest),
            (504, 0, Advice::FixRequest),
            (803, 0, Advice::FixRequest),
            (1, 2_018_382, Advice::FixRequest),
            (100, 2_018_294, Advice::TryAgain),
            (-1, 0, Advice::TryAgain),
            (1, 0, Advice::TryAgain),
            (2, 0, Advice::TryAgain),
            (1200, 2_018_024, Advice::TryAgain),
            (1, 1_357_046, Advice::Unknown),
            (424_242, 0, Advice::Unknown),
        ] {
            let error = json!({"code": code, "error_subcode": subcode});
            assert_eq!(advice(400, &error), expected, "{code}/{subcode}");
        }
    }

    #[test]
    fn b18_a_file_that_meta_cannot_use_is_never_worth_repeating() {
        for code in [546, 389, 352] {
            let error = json!({"code": code, "is_transient": false});
            assert_eq!(advice(400, &error), Advice::FixRequest, "{code}");
        }
    }

    #[test]
    fn c6_an_unknown_code_is_not_worth_repeating() {
        assert_eq!(advice(400, &json!({"code": 424_242})), Advice::Unknown);
        let error = Error::from(ApiError::from_code(424_242));
        for idempotency in [Idempotency::Read, Idempotency::Setup, Idempotency::Send] {
            let delay = RetryPolicy::default().delay(idempotency, &error, 1, 0.0);
            assert_eq!(delay, None, "{idempotency:?}");
        }
    }

    #[test]
    fn where_numbers_say_nothing_the_rest_does() {
        let proof = json!({"code": 100, "message": "Invalid appsecret_proof provided"});
        assert_eq!(advice(400, &proof), Advice::Permission);
        let much = json!({"code": 1, "message": "Please reduce the amount of data"});
        assert_eq!(advice(500, &much), Advice::FixRequest);
        let prefix = json!({"message": "(#613) Calls to this api have exceeded the limit"});
        assert_eq!(advice(400, &prefix), Advice::RateLimited);
        let prefix = json!({"message": "(#oops) no"});
        assert_eq!(advice(400, &prefix), Advice::Unknown);
        let transient = json!({"code": 424_242, "is_transient": true});
        assert_eq!(advice(400, &transient), Advice::TryAgain);
        for (status, expected) in [
            (400, Advice::Unknown),
            (401, Advice::Reauthorize),
            (429, Advice::RateLimited),
            (503, Advice::TryAgain),
        ] {
            assert_eq!(advice(status, &json!({})), expected);
            let unexpected = Error::UnexpectedResponse {
                status: StatusCode::from_u16(status).unwrap(),
                retry_after: None,
                body: BodySnippet::default(),
            };
            assert_eq!(unexpected.advice(), expected);
        }
    }

    #[test]
    fn a_broken_line_may_heal() {
        for kind in [TransportErrorKind::NotSent, TransportErrorKind::Unknown] {
            let error = Error::from(TransportError::new(kind));
            assert_eq!(error.advice(), Advice::TryAgain);
        }
    }
}
