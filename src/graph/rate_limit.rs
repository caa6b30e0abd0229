//! Rate limiter: one for each app, Page and token.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::access::Credentials;
use super::{Error, RateClass, Usage, retry};
use crate::id::{AppId, PageId};

/// Age up to which a usage counts. Meta sends no headers while little is used.
const USAGE_LIFE: Duration = Duration::from_secs(5 * 60);

/// Pause at 100 percent when Meta names no time.
const USED_UP: Duration = Duration::from_secs(60);

/// Most scopes that are remembered: some megabytes.
const MAX_SCOPES: usize = 10_000;

/// Number of scopes forgotten at once, so that not every new scope looks through all of them.
const FORGOTTEN_AT_ONCE: usize = 1000;

/// Rate limits of one Page.
///
/// <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RateLimits {
    /// Texts, templates, reactions and stickers per second. 300 by default; 0 for no limit.
    pub texts: u32,
    /// Images, audio, video and files per second. 10 by default; 0 for no limit.
    pub media: u32,
    /// Calls per second that read conversations. 2 by default; 0 for no limit.
    pub conversations: u32,
    /// Usage in percent above which calls are slowed down. The delay between two calls grows up to
    /// one second at 100 percent. 75 by default.
    pub slow_from: f64,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            texts: 300,
            media: 10,
            conversations: 2,
            slow_from: 75.0,
        }
    }
}

impl RateLimits {
    /// Sets the limits, in calls per second per Page; 0 means no limit. 300, 10 and 2 by default.
    pub fn with_speeds(self, texts: u32, media: u32, conversations: u32) -> Self {
        Self {
            texts,
            media,
            conversations,
            ..self
        }
    }

    /// Sets the usage in percent above which calls are slowed down. 75 by default.
    pub fn with_slow_from(self, percent: f64) -> Self {
        Self {
            slow_from: percent,
            ..self
        }
    }
}

/// The scopes that one client counts against, each once.
#[derive(Clone, Debug)]
pub(super) struct Scopes {
    app: Scope,
    page: Option<Scope>,
    /// Absent for the app's own token, which shares the app's limit.
    token: Option<Scope>,
}

/// Holder of a limit. A token is named by a keyed hash.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Scope {
    App(AppId),
    Page(PageId),
    Token([u8; 32]),
}

impl Scopes {
    pub(super) fn page(credentials: &Credentials, page: &PageId) -> Self {
        Self {
            page: Some(Scope::Page(page.clone())),
            ..Self::user(credentials)
        }
    }

    pub(super) fn user(credentials: &Credentials) -> Self {
        Self {
            token: Some(Scope::Token(credentials.token_key())),
            ..Self::app(credentials)
        }
    }

    pub(super) fn app(credentials: &Credentials) -> Self {
        Self {
            app: Scope::App(credentials.app.id.clone()),
            page: None,
            token: None,
        }
    }

    /// The Page, or else the token, or else the app.
    fn own(&self) -> &Scope {
        self.page
            .as_ref()
            .or(self.token.as_ref())
            .unwrap_or(&self.app)
    }

    fn all(&self) -> impl Iterator<Item = &Scope> {
        [Some(&self.app), self.page.as_ref(), self.token.as_ref()]
            .into_iter()
            .flatten()
    }
}

/// The rate limiter of a program. `now` is a parameter: it reads no clock.
///
/// Calls of one class are spread evenly. Above [`RateLimits::slow_from`], all calls of a scope are
/// delayed. When Meta throttles, no call of that scope starts until the pause ends.
///
/// At most [`MAX_SCOPES`] scopes are remembered. A new one replaces idle ones, then the least
/// recently used of those that are not paused, and a paused one only when all are.
#[derive(Debug, Default)]
pub(super) struct RateLimiter {
    limits: RateLimits,
    states: Mutex<HashMap<Scope, State>>,
}

/// State of one scope; times are those of [`Clock::elapsed`](super::Clock::elapsed).
#[derive(Debug, Default)]
struct State {
    texts: Duration,
    media: Duration,
    conversations: Duration,
    all: Duration,
    paused_until: Duration,
    usage: Option<(f64, Duration)>,
    used_at: Duration,
}

impl RateLimiter {
    pub(super) fn new(limits: RateLimits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Returns how long to wait before the call, and reserves its slot in every scope. Reserves none
    /// when the wait is longer than `longest`.
    pub(super) fn admit(
        &self,
        scopes: &Scopes,
        class: RateClass,
        now: Duration,
        longest: Duration,
    ) -> Duration {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = scopes
            .all()
            .filter_map(|scope| Some(states.get(scope)?.earliest(scope_class(scope, class))))
            .max()
            .unwrap_or_default();
        let start = now.max(earliest);
        let wait = start.saturating_sub(now);
        if wait <= longest {
            for scope in scopes.all() {
                let state = enter(&mut states, scope, now);
                state.take(&self.limits, scope_class(scope, class), start, now);
            }
        }
        wait
    }

    /// Applies the usage headers of a response.
    pub(super) fn observe(&self, scopes: &Scopes, usage: &Usage, now: Duration) {
        let app = Usage {
            app: usage.app.clone(),
            ..Usage::default()
        };
        let own = Usage {
            app: None,
            ..usage.clone()
        };
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        for (scope, usage) in [(&scopes.app, app), (scopes.own(), own)] {
            if usage.worst().is_some() {
                enter(&mut states, scope, now).observe(&usage, now);
            }
        }
    }

    /// Applies a failure: pauses the scope that Meta throttles.
    pub(super) fn fail(&self, scopes: &Scopes, error: &Error, now: Duration) {
        let code = match error {
            Error::Api(error) => {
                self.observe(scopes, &error.usage, now);
                error.code
            }
            _ => None,
        };
        if !error.pauses_page() {
            return;
        }
        let scope = match code {
            Some(4 | 341) => &scopes.app,
            Some(17) => scopes.token.as_ref().unwrap_or(&scopes.app),
            _ => scopes.own(),
        };
        let until = now.saturating_add(error.retry_after().unwrap_or(retry::THROTTLED));
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        enter(&mut states, scope, now).pause(until);
    }
}

fn enter<'a>(states: &'a mut HashMap<Scope, State>, scope: &Scope, now: Duration) -> &'a mut State {
    if states.len() >= MAX_SCOPES && !states.contains_key(scope) {
        make_room(states, now);
    }
    let state = states.entry(scope.clone()).or_default();
    state.used_at = now;
    state
}

fn make_room(states: &mut HashMap<Scope, State>, now: Duration) {
    states.retain(|_, state| !state.is_idle(now));
    if states.len() < MAX_SCOPES {
        return;
    }
    let mut scopes: Vec<(bool, Duration, Scope)> = states
        .iter()
        .map(|(scope, state)| (state.paused_until > now, state.used_at, scope.clone()))
        .collect();
    scopes.sort_unstable_by_key(|(is_paused, used_at, _)| (*is_paused, *used_at));
    let all_paused = scopes[0].0;
    let forgotten = scopes.into_iter().take(FORGOTTEN_AT_ONCE);
    for (_, _, scope) in forgotten.take_while(|(is_paused, ..)| *is_paused == all_paused) {
        states.remove(&scope);
    }
}

/// Returns the class that counts for a scope: only Pages have limits per second.
fn scope_class(scope: &Scope, class: RateClass) -> RateClass {
    match scope {
        Scope::Page(_) => class,
        Scope::App(_) | Scope::Token(_) => RateClass::Other,
    }
}

impl State {
    fn earliest(&self, class: RateClass) -> Duration {
        let own = match class {
            RateClass::Text => self.texts,
            RateClass::Media => self.media,
            RateClass::Conversations => self.conversations,
            RateClass::Other => Duration::ZERO,
        };
        own.max(self.all).max(self.paused_until)
    }

    fn take(&mut self, limits: &RateLimits, class: RateClass, start: Duration, now: Duration) {
        self.all = start.saturating_add(self.gap(limits, now));
        let (next, per_second) = match class {
            RateClass::Text => (&mut self.texts, limits.texts),
            RateClass::Media => (&mut self.media, limits.media),
            RateClass::Conversations => (&mut self.conversations, limits.conversations),
            RateClass::Other => return,
        };
        let interval = Duration::from_secs(1).checked_div(per_second);
        *next = start.saturating_add(interval.unwrap_or_default());
    }

    fn observe(&mut self, usage: &Usage, now: Duration) {
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

    fn pause(&mut self, until: Duration) {
        self.paused_until = self.paused_until.max(until);
    }

    fn is_idle(&self, now: Duration) -> bool {
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

    /// Delay between calls: from zero at `slow_from` to a second at 100 percent.
    fn gap(&self, limits: &RateLimits, now: Duration) -> Duration {
        match self.usage {
            Some((worst, at)) if now.saturating_sub(at) <= USAGE_LIFE => {
                let slow = (worst - limits.slow_from) / (100.0 - limits.slow_from);
                // With a `slow_from` of 100 it is infinite or not a number.
                Duration::try_from_secs_f64(slow.clamp(0.0, 1.0)).unwrap_or_default()
            }
            _ => Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::test_access;
    use super::super::{ApiError, LimitUsage};
    use super::*;
    use crate::secret::{PageToken, UserToken};

    const LONG: Duration = Duration::MAX;
    const ZERO: Duration = Duration::ZERO;

    fn page(id: &str) -> Scopes {
        let access = test_access();
        Scopes::page(&Credentials::page(&access), &PageId::new(id).unwrap())
    }

    fn other_token(id: &str) -> Scopes {
        let mut access = test_access();
        access.token = PageToken::new("EAAother").unwrap();
        Scopes::page(&Credentials::page(&access), &PageId::new(id).unwrap())
    }

    fn user() -> Scopes {
        let token = UserToken::new("EAAuser").unwrap();
        Scopes::user(&Credentials::user(&test_access().app, &token))
    }

    fn app_usage(calls: f64) -> Usage {
        Usage {
            app: Some(LimitUsage {
                calls,
                ..LimitUsage::default()
            }),
            ..Usage::default()
        }
    }

    fn limiter(limits: RateLimits) -> RateLimiter {
        RateLimiter::new(limits)
    }

    /// When the last of `count` calls starts that are made at once.
    fn last_of(count: u32, class: RateClass) -> Duration {
        let limiter = limiter(RateLimits::default());
        (0..count)
            .map(|_| limiter.admit(&page("1"), class, ZERO, LONG))
            .last()
            .unwrap()
    }

    #[test]
    fn c22_calls_are_spread_over_the_second() {
        let close = |found: Duration, expected: u64| {
            found.abs_diff(Duration::from_millis(expected)) < Duration::from_millis(1)
        };
        assert!(close(last_of(301, RateClass::Text), 1000));
        assert!(close(last_of(11, RateClass::Media), 1000));
        assert!(close(last_of(3, RateClass::Conversations), 1000));
        assert_eq!(last_of(1000, RateClass::Other), ZERO);
        for class in [RateClass::Text, RateClass::Media, RateClass::Conversations] {
            assert_eq!(last_of(1, class), ZERO);
        }
    }

    #[test]
    fn classes_do_not_wait_for_each_other_and_pages_neither() {
        let limiter = limiter(RateLimits::default());
        let admit = |page: &Scopes, class, now| limiter.admit(page, class, now, LONG);
        let second = Duration::from_secs(1);
        let hundred = Duration::from_millis(100);
        assert_eq!(admit(&page("1"), RateClass::Media, second), ZERO);
        assert_eq!(admit(&page("1"), RateClass::Text, second), ZERO);
        assert_eq!(admit(&page("2"), RateClass::Media, second), ZERO);
        assert_eq!(admit(&page("1"), RateClass::Media, second), hundred);
        // An idle time saves nothing up.
        let later = Duration::from_secs(60);
        assert_eq!(admit(&page("1"), RateClass::Media, later), ZERO);
        assert_eq!(admit(&page("1"), RateClass::Media, later), hundred);
    }

    #[test]
    fn c7_calls_slow_down_before_meta_refuses() {
        for (used, expected) in [(74.0, 0), (75.0, 0), (80.0, 200), (95.0, 800)] {
            let limiter = limiter(RateLimits::default());
            limiter.observe(&page("1"), &app_usage(used), ZERO);
            limiter.admit(&page("1"), RateClass::Other, ZERO, LONG);
            let wait = limiter.admit(&page("2"), RateClass::Other, ZERO, LONG);
            assert_eq!(wait, Duration::from_millis(expected), "{used}");
        }
    }

    #[test]
    fn g3_a_call_without_a_page_takes_each_place_once() {
        let limiter = limiter(RateLimits::default());
        // The usage of a Page or business that a user's call reports counts for the token.
        let usage = Usage {
            page: Some(LimitUsage {
                calls: 80.0,
                ..LimitUsage::default()
            }),
            ..app_usage(80.0)
        };
        limiter.observe(&user(), &usage, ZERO);
        assert_eq!(limiter.admit(&user(), RateClass::Other, ZERO, LONG), ZERO);
        let gap = Duration::from_millis(200);
        assert_eq!(limiter.admit(&user(), RateClass::Other, ZERO, LONG), gap);
        // Idle, it does not wait.
        let later = Duration::from_secs(10);
        assert_eq!(limiter.admit(&user(), RateClass::Other, later, LONG), ZERO);
    }

    #[test]
    fn c7_calls_stop_when_all_is_used() {
        let limiter = limiter(RateLimits::default());
        limiter.observe(&page("1"), &app_usage(100.0), ZERO);
        let wait = limiter.admit(&page("1"), RateClass::Other, ZERO, ZERO);
        assert_eq!(wait, USED_UP);
        let header = r#"{"1":[{"call_count":100,"estimated_time_to_regain_access":3}]}"#;
        let mut headers = http::HeaderMap::new();
        headers.insert("x-business-use-case-usage", header.parse().unwrap());
        limiter.observe(&page("1"), &Usage::from_headers(&headers), ZERO);
        let wait = limiter.admit(&page("1"), RateClass::Other, ZERO, ZERO);
        assert_eq!(wait, Duration::from_secs(180));
    }

    #[test]
    fn a_wait_that_is_too_long_takes_no_place() {
        let limiter = limiter(RateLimits::default());
        let second = Duration::from_secs(1);
        let error = ApiError {
            retry_after: Some(second),
            ..ApiError::from_code(613)
        };
        limiter.fail(&page("1"), &error.into(), ZERO);
        for _ in 0..3 {
            let wait = limiter.admit(&page("1"), RateClass::Media, ZERO, ZERO);
            assert_eq!(wait, second);
        }
        assert_eq!(
            limiter.admit(&page("1"), RateClass::Media, second, LONG),
            ZERO
        );
    }

    #[test]
    fn c23_a_clock_that_goes_back_makes_no_endless_wait() {
        let limiter = limiter(RateLimits::default());
        let hour = Duration::from_secs(3600);
        limiter.admit(&page("1"), RateClass::Text, hour, LONG);
        limiter.observe(&page("1"), &app_usage(90.0), hour);
        let short = Duration::from_secs(30);
        let wait = limiter.admit(&page("1"), RateClass::Text, ZERO, short);
        assert!(
            wait >= hour,
            "the caller sees that it is too long and gives up"
        );
    }

    #[test]
    fn an_old_usage_does_not_count() {
        let limiter = limiter(RateLimits::default());
        limiter.observe(&page("1"), &app_usage(99.0), ZERO);
        let later = USAGE_LIFE + Duration::from_secs(1);
        limiter.admit(&page("1"), RateClass::Other, later, LONG);
        assert_eq!(
            limiter.admit(&page("1"), RateClass::Other, later, LONG),
            ZERO
        );
    }

    #[test]
    fn absurd_limits_do_no_harm() {
        let limits = RateLimits::default()
            .with_speeds(0, 0, 0)
            .with_slow_from(100.0);
        let limiter = limiter(limits);
        limiter.observe(&page("1"), &app_usage(f64::NAN), ZERO);
        limiter.observe(&page("1"), &app_usage(99.9), ZERO);
        for _ in 0..3 {
            assert_eq!(limiter.admit(&page("1"), RateClass::Text, ZERO, LONG), ZERO);
        }
    }

    fn wait_after(error: ApiError, then: &Scopes) -> Duration {
        let limiter = limiter(RateLimits::default());
        limiter.fail(&page("1"), &error.into(), ZERO);
        limiter.admit(then, RateClass::Other, ZERO, ZERO)
    }

    #[test]
    fn c7_g2_g4_a_throttle_stops_every_call_of_the_page_the_app_or_the_token() {
        let stopped = retry::THROTTLED;
        for (code, same_page, other_page, other_token_and_page) in [
            (613, stopped, ZERO, ZERO),
            (32, stopped, ZERO, ZERO),
            (80_001, stopped, ZERO, ZERO),
            (80_002, stopped, ZERO, ZERO),
            (80_006, stopped, ZERO, ZERO),
            (4, stopped, stopped, stopped),
            (341, stopped, stopped, stopped),
            (17, stopped, stopped, ZERO),
            (190, ZERO, ZERO, ZERO),
        ] {
            let error = || ApiError::from_code(code);
            assert_eq!(wait_after(error(), &page("1")), same_page, "{code}");
            assert_eq!(wait_after(error(), &page("2")), other_page, "{code}");
            let other = other_token("2");
            assert_eq!(wait_after(error(), &other), other_token_and_page, "{code}");
        }
        let bare = ApiError {
            code: None,
            ..ApiError::from_code(0).with_status(http::StatusCode::TOO_MANY_REQUESTS)
        };
        assert_eq!(wait_after(bare, &page("1")), stopped);
    }

    #[test]
    fn g4_a_throttle_of_one_person_or_kind_stops_nobody_else() {
        for (code, subcode) in [
            (4, 2_018_354),
            (4, 2_018_022),
            (9, 2_018_352),
            (613, 1_893_016),
            (613, 2_018_338),
            (613, 1996),
            (2_300_028, 0),
            (100, 2_300_028),
        ] {
            let error = ApiError::from_code(code).with_subcode(subcode);
            assert_eq!(wait_after(error, &page("1")), ZERO, "{code}/{subcode}");
        }
    }

    fn app_id(number: usize) -> Scopes {
        Scopes {
            app: Scope::App(AppId::new(number.to_string()).unwrap()),
            page: None,
            token: None,
        }
    }

    fn pause(limiter: &RateLimiter, scopes: &Scopes, now: Duration) {
        limiter.fail(scopes, &ApiError::from_code(4).into(), now);
    }

    /// Sorted numbers of the remembered apps.
    fn remembered(limiter: &RateLimiter) -> Vec<usize> {
        let states = limiter.states.lock().unwrap();
        let apps = states.keys().map(|scope| match scope {
            Scope::App(id) => id.as_str().parse().unwrap(),
            other => panic!("{other:?}"),
        });
        let mut apps: Vec<usize> = apps.collect();
        apps.sort_unstable();
        apps
    }

    #[test]
    fn idle_scopes_are_forgotten_first() {
        let limiter = limiter(RateLimits::default());
        limiter.observe(&app_id(0), &app_usage(80.0), ZERO);
        for number in 1..MAX_SCOPES {
            limiter.admit(&app_id(number), RateClass::Other, ZERO, ZERO);
        }
        assert_eq!(remembered(&limiter).len(), MAX_SCOPES);
        limiter.admit(&app_id(MAX_SCOPES), RateClass::Other, ZERO, ZERO);
        assert_eq!(remembered(&limiter), [0, MAX_SCOPES]);
    }

    #[test]
    fn the_least_recently_used_scope_is_forgotten_and_a_paused_one_is_not() {
        let limiter = limiter(RateLimits::default());
        let millis = |number: usize| Duration::from_millis(number.try_into().unwrap());
        pause(&limiter, &app_id(0), ZERO);
        for number in 1..MAX_SCOPES {
            limiter.observe(&app_id(number), &app_usage(80.0), millis(number));
        }
        // Used again, it is no longer the least recently used one.
        let now = millis(MAX_SCOPES);
        limiter.admit(&app_id(1), RateClass::Other, now, ZERO);
        limiter.admit(&app_id(MAX_SCOPES), RateClass::Other, now, ZERO);
        let expected: Vec<usize> = [0, 1]
            .into_iter()
            .chain(FORGOTTEN_AT_ONCE + 2..=MAX_SCOPES)
            .collect();
        assert_eq!(remembered(&limiter), expected);
        for number in MAX_SCOPES..3 * MAX_SCOPES {
            limiter.observe(&app_id(number), &app_usage(80.0), now);
        }
        let left = remembered(&limiter);
        assert!(left.len() <= MAX_SCOPES, "{}", left.len());
        assert_eq!(left[0], 0);
        let wait = limiter.admit(&app_id(0), RateClass::Other, now, ZERO);
        assert_eq!(wait, retry::THROTTLED.saturating_sub(now));
    }

    #[test]
    fn of_paused_scopes_only_the_least_recently_used_is_forgotten() {
        let limiter = limiter(RateLimits::default());
        for number in 0..MAX_SCOPES - 1 {
            pause(
                &limiter,
                &app_id(number),
                Duration::from_millis(number as u64),
            );
        }
        let now = Duration::from_secs(10);
        // One that is not paused goes first, though it was used last.
        for number in [MAX_SCOPES - 1, MAX_SCOPES] {
            limiter.observe(&app_id(number), &app_usage(80.0), now);
        }
        let expected: Vec<usize> = (0..MAX_SCOPES - 1).chain([MAX_SCOPES]).collect();
        assert_eq!(remembered(&limiter), expected);
        pause(&limiter, &app_id(MAX_SCOPES), now);
        pause(&limiter, &app_id(MAX_SCOPES + 1), now);
        let left = remembered(&limiter);
        assert_eq!(left[0], FORGOTTEN_AT_ONCE);
        assert_eq!(left.last(), Some(&(MAX_SCOPES + 1)));
        assert_eq!(left.len(), MAX_SCOPES + 1 - FORGOTTEN_AT_ONCE);
    }
}
