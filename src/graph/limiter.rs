//! How fast calls may go: pure, `now` comes in from outside.

use std::time::Duration;

use super::{Traffic, Usage};

/// How old a usage may be to be believed: the headers are missing once little is used.
const USAGE_LIFE: Duration = Duration::from_secs(5 * 60);

/// How long to keep away at 100 per cent when Meta does not say for how long.
const USED_UP: Duration = Duration::from_secs(60);

/// The speed limits of a Page.
///
/// <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Texts, templates, reactions and stickers a second.
    pub texts: u32,
    /// Images, audio, video and files a second.
    pub media: u32,
    /// Calls a second that read conversations.
    pub conversations: u32,
    /// From which percentage of a limit on the Page slows down, below 100.
    pub slow_from: f64,
}

impl Default for Limits {
    /// What Meta allows: 300, 10 and 2 a second; slower from 75 per cent on.
    fn default() -> Self {
        Self {
            texts: 300,
            media: 10,
            conversations: 2,
            slow_from: 75.0,
        }
    }
}

impl Limits {
    /// The same with other speeds, in calls a second.
    pub fn with_speeds(self, texts: u32, media: u32, conversations: u32) -> Self {
        Self {
            texts,
            media,
            conversations,
            ..self
        }
    }
}

/// What one Page (or app, or token) may do, and when it may do the next thing.
///
/// Calls of one kind are spread evenly; from [`Limits::slow_from`] on all calls together keep a
/// distance of up to a second; and when Meta throttles, nothing goes until it has regained.
#[derive(Debug, Default)]
pub struct Limiter {
    texts: Duration,
    media: Duration,
    conversations: Duration,
    all: Duration,
    paused_until: Duration,
    usage: Option<(f64, Duration)>,
}

impl Limiter {
    /// How long to wait before a call of this kind, whose place is then taken.
    ///
    /// Nothing is taken when it is longer than `longest`.
    pub fn admit(
        &mut self,
        limits: &Limits,
        traffic: Traffic,
        now: Duration,
        longest: Duration,
    ) -> Duration {
        let gap = self.gap(limits, now);
        let per_second = match traffic {
            Traffic::Text => limits.texts,
            Traffic::Media => limits.media,
            Traffic::Conversations => limits.conversations,
            Traffic::Other => 0,
        };
        let spread = Duration::from_secs(1).checked_div(per_second);
        let all = self.all;
        let paused_until = self.paused_until;
        let mut no_limit = Duration::ZERO;
        let next = match traffic {
            Traffic::Text => &mut self.texts,
            Traffic::Media => &mut self.media,
            Traffic::Conversations => &mut self.conversations,
            Traffic::Other => &mut no_limit,
        };
        let at = now.max(*next).max(paused_until).max(all);
        let wait = at.saturating_sub(now);
        if wait <= longest {
            *next = at.saturating_add(spread.unwrap_or_default());
            self.all = at.saturating_add(gap);
        }
        wait
    }

    /// Learns how much is used.
    pub fn observe(&mut self, usage: &Usage, now: Duration) {
        let Some(worst) = usage.worst() else {
            return;
        };
        self.usage = Some((worst, now));
        if let Some(regain_after) = usage.regain_after() {
            self.pause(now.saturating_add(regain_after));
        } else if worst >= 100.0 {
            self.pause(now.saturating_add(USED_UP));
        }
    }

    /// Lets nothing go before that moment.
    pub fn pause(&mut self, until: Duration) {
        self.paused_until = self.paused_until.max(until);
    }

    /// Whether it remembers nothing that still matters.
    pub(super) fn is_idle(&self, now: Duration) -> bool {
        let times = [
            self.texts,
            self.media,
            self.conversations,
            self.all,
            self.paused_until,
        ];
        times.iter().all(|time| *time <= now)
            && self
                .usage
                .is_none_or(|(_, at)| now.saturating_sub(at) > USAGE_LIFE)
    }

    /// How far apart all calls are kept: from nothing at `slow_from` up to a second at 100.
    fn gap(&self, limits: &Limits, now: Duration) -> Duration {
        match self.usage {
            Some((worst, at)) if now.saturating_sub(at) <= USAGE_LIFE => {
                let slow = (worst - limits.slow_from) / (100.0 - limits.slow_from);
                // A `slow_from` of 100 makes it infinite or not a number.
                Duration::try_from_secs_f64(slow.clamp(0.0, 1.0)).unwrap_or_default()
            }
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Response, Share};
    use super::*;

    const LONG: Duration = Duration::MAX;

    fn usage(calls: f64) -> Usage {
        Usage {
            app: Some(Share {
                calls,
                ..Share::default()
            }),
            ..Usage::default()
        }
    }

    /// When the last of so many calls goes, all made at once.
    fn last_of(count: u32, traffic: Traffic) -> Duration {
        let mut limiter = Limiter::default();
        let limits = Limits::default();
        (0..count)
            .map(|_| limiter.admit(&limits, traffic, Duration::ZERO, LONG))
            .last()
            .unwrap()
    }

    #[test]
    fn c22_calls_are_spread_over_the_second() {
        let close = |found: Duration, expected: u64| {
            found.abs_diff(Duration::from_millis(expected)) < Duration::from_millis(1)
        };
        assert!(close(last_of(301, Traffic::Text), 1000));
        assert!(close(last_of(11, Traffic::Media), 1000));
        assert!(close(last_of(3, Traffic::Conversations), 1000));
        assert_eq!(last_of(1000, Traffic::Other), Duration::ZERO);
        for traffic in [Traffic::Text, Traffic::Media, Traffic::Conversations] {
            assert_eq!(last_of(1, traffic), Duration::ZERO);
        }
    }

    #[test]
    fn kinds_do_not_wait_for_each_other_and_rest_saves_nothing_up() {
        let mut limiter = Limiter::default();
        let limits = Limits::default().with_speeds(300, 10, 2);
        let second = Duration::from_secs(1);
        limiter.admit(&limits, Traffic::Media, second, LONG);
        assert_eq!(
            limiter.admit(&limits, Traffic::Text, second, LONG),
            Duration::ZERO
        );
        let hundred = Duration::from_millis(100);
        assert_eq!(
            limiter.admit(&limits, Traffic::Media, second, LONG),
            hundred
        );
        let later = Duration::from_secs(60);
        assert_eq!(
            limiter.admit(&limits, Traffic::Media, later, LONG),
            Duration::ZERO
        );
        assert_eq!(limiter.admit(&limits, Traffic::Media, later, LONG), hundred);
    }

    #[test]
    fn c7_it_slows_down_before_meta_says_stop() {
        let limits = Limits::default();
        for (used, expected) in [(74.0, 0), (75.0, 0), (80.0, 200), (95.0, 800)] {
            let mut limiter = Limiter::default();
            limiter.observe(&usage(used), Duration::ZERO);
            limiter.admit(&limits, Traffic::Other, Duration::ZERO, LONG);
            let wait = limiter.admit(&limits, Traffic::Other, Duration::ZERO, LONG);
            assert_eq!(wait, Duration::from_millis(expected), "{used}");
        }
    }

    #[test]
    fn c7_it_stops_when_all_is_used() {
        let limits = Limits::default();
        let mut limiter = Limiter::default();
        limiter.observe(&usage(100.0), Duration::ZERO);
        let wait = limiter.admit(&limits, Traffic::Other, Duration::ZERO, Duration::ZERO);
        assert_eq!(wait, USED_UP);
        let header = r#"{"1":[{"call_count":100,"estimated_time_to_regain_access":3}]}"#;
        let response = Response::new(200, None, Vec::new());
        let response = response.with_header("x-business-use-case-usage", header);
        let mut limiter = Limiter::default();
        limiter.observe(&Usage::read(&response), Duration::ZERO);
        let wait = limiter.admit(&limits, Traffic::Other, Duration::ZERO, Duration::ZERO);
        assert_eq!(wait, Duration::from_secs(180));
    }

    #[test]
    fn a_wait_that_is_too_long_takes_no_place() {
        let limits = Limits::default();
        let mut limiter = Limiter::default();
        let second = Duration::from_secs(1);
        limiter.pause(second);
        for _ in 0..3 {
            let wait = limiter.admit(&limits, Traffic::Media, Duration::ZERO, Duration::ZERO);
            assert_eq!(wait, second);
        }
        assert_eq!(
            limiter.admit(&limits, Traffic::Media, second, LONG),
            Duration::ZERO
        );
    }

    #[test]
    fn c23_a_clock_that_goes_back_makes_no_endless_wait() {
        let limits = Limits::default();
        let mut limiter = Limiter::default();
        let hour = Duration::from_secs(3600);
        limiter.admit(&limits, Traffic::Text, hour, LONG);
        limiter.observe(&usage(90.0), hour);
        let wait = limiter.admit(
            &limits,
            Traffic::Text,
            Duration::ZERO,
            Duration::from_secs(30),
        );
        assert!(
            wait >= hour,
            "the caller sees that it is too long and gives up"
        );
        assert!(!limiter.is_idle(Duration::ZERO));
        assert!(limiter.is_idle(hour * 2));
    }

    #[test]
    fn an_old_usage_is_forgotten() {
        let limits = Limits::default();
        let mut limiter = Limiter::default();
        limiter.observe(&usage(99.0), Duration::ZERO);
        let later = USAGE_LIFE + Duration::from_secs(1);
        limiter.admit(&limits, Traffic::Other, later, LONG);
        assert_eq!(
            limiter.admit(&limits, Traffic::Other, later, LONG),
            Duration::ZERO
        );
    }

    #[test]
    fn limits_of_nonsense_do_no_harm() {
        let limits = Limits {
            slow_from: 100.0,
            ..Limits::default().with_speeds(0, 0, 0)
        };
        let mut limiter = Limiter::default();
        limiter.observe(&usage(f64::NAN), Duration::ZERO);
        limiter.observe(&usage(99.9), Duration::ZERO);
        for _ in 0..3 {
            let wait = limiter.admit(&limits, Traffic::Text, Duration::ZERO, LONG);
            assert_eq!(wait, Duration::ZERO);
        }
    }
}
