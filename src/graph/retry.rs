//! Retry policy: which calls are repeated, and when. It is pure: no clock, no randomness.

use std::time::Duration;

use super::{Advice, CALL_TIMEOUT, Error, Idempotency, TransportErrorKind};

/// How often, and after which delays, calls are repeated.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Largest number of attempts, the first included. 4 by default.
    pub max_attempts: u32,
    /// Longest delay after the first attempt. It doubles after each further attempt. 500 ms by
    /// default.
    pub base_delay: Duration,
    /// Longest delay, unless Meta asks for a longer one. 10 seconds by default.
    pub max_delay: Duration,
    /// Time for all attempts and delays of a call with the default time-out ([`CALL_TIMEOUT`]). 30
    /// seconds by default. A call with a longer time-out may take longer by the difference; see
    /// [`RetryPolicy::longest`].
    ///
    /// An attempt always gets its full time-out. It does not start when less time is left.
    pub deadline: Duration,
    /// Whether a message is sent again after a transient refusal (codes -1, 1, 2, 99 and 1200, or
    /// `is_transient`). False by default, because Meta has returned such refusals for messages that
    /// were sent.
    pub retry_transient_sends: bool,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 4,
            base_delay: Duration::from_millis(500),
            max_delay: Duration::from_secs(10),
            deadline: Duration::from_secs(30),
            retry_transient_sends: false,
        }
    }
}

impl RetryPolicy {
    /// Creates a policy that repeats nothing.
    pub fn never() -> Self {
        Self {
            max_attempts: 1,
            ..Self::default()
        }
    }

    /// Sets the deadline. 30 seconds by default.
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Sets the largest number of attempts, the first included. 4 by default.
    pub fn with_max_attempts(self, max_attempts: u32) -> Self {
        Self {
            max_attempts,
            ..self
        }
    }

    /// Sets whether a message is sent again after a transient refusal. False by default.
    pub fn with_retry_transient_sends(self, retry_transient_sends: bool) -> Self {
        Self {
            retry_transient_sends,
            ..self
        }
    }

    /// Returns the longest time that a call with this time-out can take, with all attempts and
    /// delays. The lease of a work item that makes the call must be longer.
    pub fn longest(&self, timeout: Duration) -> Duration {
        self.start_window().saturating_add(timeout)
    }

    /// Time after which no attempt starts.
    pub(super) fn start_window(&self) -> Duration {
        self.deadline.saturating_sub(CALL_TIMEOUT)
    }

    /// Returns the delay before the next attempt, or `None` when the call must not be repeated.
    ///
    /// `attempt` is the number of the failed attempt, from 1. `jitter` is a random number in
    /// `0.0..1.0`, so that many clients do not retry at the same moment.
    pub fn delay(
        &self,
        idempotency: Idempotency,
        error: &Error,
        attempt: u32,
        jitter: f64,
    ) -> Option<Duration> {
        if attempt >= self.max_attempts || !self.may_repeat(idempotency, error) {
            return None;
        }
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        let longest = self.base_delay.saturating_mul(doubled).min(self.max_delay);
        // At least half of the delay, because the jitter could otherwise reduce it to zero.
        let delay = longest.mul_f64(0.5 + jitter.clamp(0.0, 1.0) / 2.0);
        let asked = match error.advice() {
            // Throttling lasts for minutes, also when no header says how long.
            Advice::RateLimited => error.retry_after().or(Some(THROTTLED)),
            _ => error.retry_after(),
        };
        Some(asked.map_or(delay, |asked| delay.max(asked)))
    }

    fn may_repeat(&self, idempotency: Idempotency, error: &Error) -> bool {
        let never_left =
            matches!(error, Error::Transport(error) if error.kind == TransportErrorKind::NotSent);
        match error.advice() {
            Advice::TryAgain if never_left => true,
            Advice::RateLimited => error.was_not_sent(),
            Advice::TryAgain => match (idempotency, error) {
                (Idempotency::Read, _) => true,
                // Meta reports that the call failed and may be repeated.
                (Idempotency::Setup, Error::Api(_)) => true,
                (Idempotency::Send, Error::Api(_)) => self.retry_transient_sends,
                _ => false,
            },
            _ => idempotency == Idempotency::Read && is_garbled(error),
        }
    }
}

/// Pause after a throttling refusal when Meta does not say how long: a minute.
pub(super) const THROTTLED: Duration = Duration::from_secs(60);

/// Returns whether a response with a success status is unreadable, most likely because it was cut
/// off.
fn is_garbled(error: &Error) -> bool {
    matches!(error, Error::UnexpectedResponse { status, .. } if status.is_success())
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::super::{ApiError, BodySnippet, TransportError};
    use super::*;

    fn api(code: i64, subcode: i64) -> Error {
        ApiError::from_code(code).with_subcode(subcode).into()
    }

    fn broken(kind: TransportErrorKind) -> Error {
        TransportError::new(kind).into()
    }

    fn unreadable(status: u16) -> Error {
        Error::UnexpectedResponse {
            status: StatusCode::from_u16(status).unwrap(),
            retry_after: None,
            body: BodySnippet::default(),
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
                Error::Redirect {
                    status: StatusCode::FOUND,
                },
                [false, false, false, false],
            ),
            (Error::InvalidId { at: 0 }, [false, false, false, false]),
        ];
        let policy = RetryPolicy::default();
        let bold = policy.with_retry_transient_sends(true);
        for (error, expected) in table {
            let wait = |policy: RetryPolicy, class| policy.delay(class, &error, 1, 0.0).is_some();
            let found = [
                wait(policy, Idempotency::Read),
                wait(policy, Idempotency::Setup),
                wait(policy, Idempotency::Send),
                wait(bold, Idempotency::Send),
            ];
            assert_eq!(found, expected, "{error:?}");
        }
    }

    #[test]
    fn g1_a_lease_can_cover_a_call_with_all_its_attempts() {
        let policy = RetryPolicy::default();
        let seconds = Duration::from_secs;
        assert_eq!(policy.longest(CALL_TIMEOUT), seconds(30));
        assert_eq!(policy.longest(seconds(90)), seconds(105));
        let short = policy.with_deadline(seconds(5));
        assert_eq!(short.longest(CALL_TIMEOUT), CALL_TIMEOUT);
    }

    #[test]
    fn c8_waits_double_with_jitter_and_end() {
        let policy = RetryPolicy::default().with_max_attempts(9);
        let wait = |attempt, chance| {
            let error = broken(TransportErrorKind::NotSent);
            policy.delay(Idempotency::Read, &error, attempt, chance)
        };
        let millis = |millis| Some(Duration::from_millis(millis));
        assert_eq!((wait(1, 0.0), wait(1, 1.0)), (millis(250), millis(500)));
        assert_eq!((wait(2, 0.0), wait(2, 1.0)), (millis(500), millis(1000)));
        assert_eq!((wait(8, 0.0), wait(8, 1.0)), (millis(5000), millis(10_000)));
        assert_eq!(wait(9, 0.0), None);
        assert_eq!(wait(1, f64::MAX), millis(500));
        let error = broken(TransportErrorKind::NotSent);
        assert_eq!(
            RetryPolicy::never().delay(Idempotency::Read, &error, 1, 0.0),
            None
        );
    }

    #[test]
    fn c7_a_throttled_call_waits_as_long_as_meta_asks() {
        let wait = |retry_after| {
            let error = ApiError {
                retry_after,
                ..ApiError::from_code(613)
            };
            RetryPolicy::default().delay(Idempotency::Send, &error.into(), 1, 0.0)
        };
        assert_eq!(wait(None), Some(THROTTLED));
        let seven = Some(Duration::from_secs(7));
        assert_eq!(wait(seven), seven);
    }
}
