//! Whether a call may be repeated, and when: pure, so that a table can test it.

use std::time::Duration;

use super::{Advice, Class, Error, TransportErrorKind};

/// How often and how fast calls are repeated.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// How many attempts there are at most, the first one included.
    pub attempts: u32,
    /// How long the first wait is at most; each that follows may be twice as long.
    pub first_wait: Duration,
    /// How long any wait is at most, unless Meta asks for more.
    pub longest_wait: Duration,
    /// How long all attempts and waits of one call may take together, from its turn on. A call that needs more than
    /// the usual [`CALL_TIMEOUT`](super::CALL_TIMEOUT), such as an upload, may take its own time-out
    /// if that is longer.
    pub deadline: Duration,
    /// Whether a message goes again that Meta refused as "temporarily unavailable" (codes 1, 2 and
    /// 1200, or `is_transient`). Off: Meta has been seen to refuse so what it had sent.
    pub repeats_transient_sends: bool,
}

impl Default for RetryPolicy {
    /// Four attempts within 30 seconds; a refused message is not sent again.
    fn default() -> Self {
        Self {
            attempts: 4,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(10),
            deadline: Duration::from_secs(30),
            repeats_transient_sends: false,
        }
    }
}

impl RetryPolicy {
    /// Never repeats anything.
    pub fn never() -> Self {
        Self {
            attempts: 1,
            ..Self::default()
        }
    }

    /// The same with another deadline.
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The same with as many attempts at most.
    pub fn with_attempts(self, attempts: u32) -> Self {
        Self { attempts, ..self }
    }

    /// The same, but sends again what Meta refused as temporarily unavailable.
    pub fn with_transient_sends(self) -> Self {
        Self {
            repeats_transient_sends: true,
            ..self
        }
    }

    /// How long to wait before the next attempt, if there may be one.
    ///
    /// `attempt` is the number of the one that failed, from 1; `chance` is a number from 0 up to 1,
    /// so that a thousand clients do not come back at the same moment.
    pub fn wait(&self, class: Class, error: &Error, attempt: u32, chance: f64) -> Option<Duration> {
        if attempt >= self.attempts || !self.may_repeat(class, error) {
            return None;
        }
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let longest = self
            .first_wait
            .saturating_mul(doubled)
            .min(self.longest_wait);
        // At least half of it, or chance might choose no wait at all.
        let wait = longest.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0);
        let asked = match error.advice() {
            // Minutes, says Meta, even when no header does.
            Advice::RateLimited => error.retry_after().or(Some(THROTTLED)),
            _ => error.retry_after(),
        };
        Some(asked.map_or(wait, |asked| wait.max(asked)))
    }

    fn may_repeat(&self, class: Class, error: &Error) -> bool {
        let advice = error.advice();
        let never_left =
            matches!(error, Error::Transport(error) if error.kind == TransportErrorKind::NotSent);
        let was_refused = matches!(error, Error::Api(_)) && error.was_not_sent();
        match advice {
            Advice::TryAgain if never_left => true,
            Advice::RateLimited => error.was_not_sent(),
            Advice::TryAgain => match class {
                Class::Read => true,
                Class::SetUp => was_refused,
                Class::Send => was_refused && self.repeats_transient_sends,
            },
            _ => class == Class::Read && is_garbled(error),
        }
    }
}

/// How long to keep away when Meta throttles and does not say for how long.
pub(super) const THROTTLED: Duration = Duration::from_secs(60);

/// Whether a success came that cannot be read: cut off on its way, most likely.
fn is_garbled(error: &Error) -> bool {
    matches!(error, Error::Unexpected { status, .. } if (200..300).contains(status))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{ApiError, Excerpt, Response, TransportError};
    use super::*;

    fn api(code: i64, subcode: i64) -> Error {
        let error = json!({"code": code, "error_subcode": subcode});
        let response = Response::new(400, None, Vec::new());
        ApiError::read(&response, error.as_object().unwrap()).into()
    }

    fn broken(kind: TransportErrorKind) -> Error {
        TransportError::new(kind).into()
    }

    fn unreadable(status: u16) -> Error {
        Error::Unexpected {
            status,
            retry_after: None,
            body: Excerpt::default(),
        }
    }

    #[test]
    fn c8_c9_c10_what_is_repeated_and_what_is_not() {
        let table = [
            // error, read, set-up, send, send when the host repeats transient ones
            (
                broken(TransportErrorKind::NotSent),
                [true, true, true, true],
            ),
            (
                broken(TransportErrorKind::Unknown),
                [true, false, false, false],
            ),
            (
                broken(TransportErrorKind::TooLarge),
                [false, false, false, false],
            ),
            (unreadable(200), [true, false, false, false]),
            (unreadable(400), [false, false, false, false]),
            (unreadable(408), [false, false, false, false]),
            (unreadable(429), [true, true, true, true]),
            (unreadable(502), [true, false, false, false]),
            (unreadable(503), [true, false, false, false]),
            (unreadable(504), [true, false, false, false]),
            (api(2, 0), [true, true, false, true]),
            (api(1200, 0), [true, true, false, true]),
            (api(1, 1_357_046), [false, false, false, false]),
            (api(613, 0), [true, true, true, true]),
            (api(80_006, 0), [true, true, true, true]),
            (api(190, 463), [false, false, false, false]),
            (api(10, 2_018_278), [false, false, false, false]),
            (api(551, 0), [false, false, false, false]),
            (api(368, 0), [false, false, false, false]),
            (api(100, 2_534_037), [false, false, false, false]),
            (api(100, 0), [false, false, false, false]),
            (api(424_242, 0), [false, false, false, false]),
            (
                Error::Redirected { status: 302 },
                [false, false, false, false],
            ),
            (Error::Id, [false, false, false, false]),
        ];
        let policy = RetryPolicy::default();
        let bold = policy.with_transient_sends();
        for (error, expected) in table {
            let wait = |policy: RetryPolicy, class| policy.wait(class, &error, 1, 0.0).is_some();
            let found = [
                wait(policy, Class::Read),
                wait(policy, Class::SetUp),
                wait(policy, Class::Send),
                wait(bold, Class::Send),
            ];
            assert_eq!(found, expected, "{error:?}");
        }
    }

    #[test]
    fn c8_waits_double_with_jitter_and_end() {
        let policy = RetryPolicy::default().with_attempts(9);
        let wait = |attempt, chance| {
            let error = broken(TransportErrorKind::NotSent);
            policy.wait(Class::Read, &error, attempt, chance)
        };
        let millis = |millis| Some(Duration::from_millis(millis));
        assert_eq!((wait(1, 0.0), wait(1, 1.0)), (millis(250), millis(500)));
        assert_eq!((wait(2, 0.0), wait(2, 1.0)), (millis(500), millis(1000)));
        assert_eq!((wait(8, 0.0), wait(8, 1.0)), (millis(5000), millis(10_000)));
        assert_eq!(wait(9, 0.0), None);
        assert_eq!(wait(1, f64::MAX), millis(500));
        let error = broken(TransportErrorKind::NotSent);
        assert_eq!(RetryPolicy::never().wait(Class::Read, &error, 1, 0.0), None);
    }

    #[test]
    fn c7_a_throttled_call_waits_as_long_as_meta_asks() {
        let wait = |response: Response| {
            let error = json!({"code": 613});
            let error = ApiError::read(&response, error.as_object().unwrap()).into();
            RetryPolicy::default().wait(Class::Send, &error, 1, 0.0)
        };
        let plain = Response::new(429, None, Vec::new());
        assert_eq!(wait(plain.clone()), Some(THROTTLED));
        let seconds = plain.with_header("retry-after", "7");
        assert_eq!(wait(seconds), Some(Duration::from_secs(7)));
    }
}
