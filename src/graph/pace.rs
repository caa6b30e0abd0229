//! How fast all calls of a program go together: a limiter for each app, Page and token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Access, Advice, Call, Error, Limiter, Limits, Traffic, Usage, retry};
use crate::id::PageId;

/// With more than these, those that matter no longer are dropped.
const MANY: usize = 1024;

/// The limiters. A clone is a handle to the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Pace {
    limits: Limits,
    limiters: Arc<Mutex<HashMap<Whose, Limiter>>>,
}

/// Whose limit it is. Names of secrets are hashes under the secret.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
enum Whose {
    App([u8; 32]),
    Page(PageId),
    Token([u8; 32]),
}

impl Pace {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// How long to wait before this call; its place is taken unless that is too long.
    pub(super) fn admit(
        &self,
        access: &Access,
        call: &Call,
        now: Duration,
        longest: Duration,
    ) -> Duration {
        let app = Whose::App(access.app_key());
        let page = whose(access, call);
        let token = Whose::Token(access.token_key());
        // A throttled app or token takes no place with the Page.
        let wait = self
            .with(app, now, |limiter| {
                limiter.admit(&self.limits, Traffic::Other, now, longest)
            })
            .max(self.with(token, now, |limiter| {
                limiter.admit(&self.limits, Traffic::Other, now, longest)
            }));
        if wait > longest {
            return wait;
        }
        wait.max(self.with(page, now, |limiter| {
            limiter.admit(&self.limits, call.traffic, now, longest)
        }))
    }

    /// Learns from the headers of an answer.
    pub(super) fn observe(&self, access: &Access, call: &Call, usage: &Usage, now: Duration) {
        if usage.worst().is_none() {
            return;
        }
        let app = Usage {
            app: usage.app,
            ..Usage::default()
        };
        let page = Usage {
            app: None,
            ..usage.clone()
        };
        self.with(Whose::App(access.app_key()), now, |limiter| {
            limiter.observe(&app, now);
        });
        self.with(whose(access, call), now, |limiter| {
            limiter.observe(&page, now);
        });
    }

    /// Learns from a refusal: really stops, because calls while throttled may prolong it.
    pub(super) fn fail(&self, access: &Access, call: &Call, error: &Error, now: Duration) {
        if let Error::Api(api) = error {
            self.observe(access, call, &api.usage, now);
        }
        if error.advice() != Advice::RateLimited || matches!(error, Error::Paused { .. }) {
            return;
        }
        let code = match error {
            Error::Api(api) => api.code,
            _ => None,
        };
        let whose = match code {
            Some(4 | 341) => Whose::App(access.app_key()),
            Some(17) => Whose::Token(access.token_key()),
            _ => whose(access, call),
        };
        let until = now.saturating_add(error.retry_after().unwrap_or(retry::THROTTLED));
        self.with(whose, now, |limiter| limiter.pause(until));
    }

    fn with<T>(&self, whose: Whose, now: Duration, act: impl FnOnce(&mut Limiter) -> T) -> T {
        let mut limiters = self.limiters.lock().unwrap_or_else(PoisonError::into_inner);
        if limiters.len() > MANY && !limiters.contains_key(&whose) {
            limiters.retain(|_, limiter| !limiter.is_idle(now));
        }
        act(limiters.entry(whose).or_default())
    }
}

fn whose(access: &Access, call: &Call) -> Whose {
    match &call.page {
        Some(page) => Whose::Page(page.clone()),
        None => Whose::Token(access.token_key()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::script::access;
    use super::super::{ApiError, Response};
    use super::*;
    use crate::secret::PageToken;

    fn call(page: &str) -> Call {
        Call::get("me").for_page(&PageId::new(page).unwrap())
    }

    fn wait_after(code: i64, access_then: &Access, then: &Call) -> Duration {
        let pace = Pace::default();
        let error = json!({"code": code});
        let response = Response::new(400, None, Vec::new());
        let error = ApiError::read(&response, error.as_object().unwrap()).into();
        pace.fail(&access(), &call("1"), &error, Duration::ZERO);
        pace.admit(access_then, then, Duration::ZERO, Duration::ZERO)
    }

    #[test]
    fn c7_a_throttle_stops_the_page_the_app_or_the_token() {
        let other = Access::new(PageToken::new("EAAother").unwrap(), access().secret);
        let still = Duration::ZERO;
        let stopped = retry::THROTTLED;
        for (code, same_page, other_page, other_token) in [
            (613, stopped, still, still),
            (32, stopped, still, still),
            (80_006, stopped, still, still),
            (4, stopped, stopped, stopped),
            (341, stopped, stopped, stopped),
            (17, stopped, stopped, still),
            (190, still, still, still),
        ] {
            assert_eq!(wait_after(code, &access(), &call("1")), same_page, "{code}");
            assert_eq!(
                wait_after(code, &access(), &call("2")),
                other_page,
                "{code}"
            );
            assert_eq!(wait_after(code, &other, &call("2")), other_token, "{code}");
        }
    }

    #[test]
    fn what_matters_no_longer_is_dropped() {
        let pace = Pace::default();
        for page in 0..5000 {
            let now = Duration::from_secs(page);
            pace.admit(&access(), &call(&page.to_string()), now, Duration::ZERO);
        }
        assert!(pace.limiters.lock().unwrap().len() <= MANY + 2);
    }
}
