//! Rate limits, and the calls that count against them.

use std::collections::{HashMap, VecDeque};

use serde::{Deserialize, Serialize};

/// Rate limits of the Graph API. By default Meta's; 0 means no limit.
///
/// Calls are counted in simulated time, over a window that moves with it. A call that a limit refuses
/// does not count. While a test holds the clock ([`Scene::with_time`](crate::simulator::Scene::with_time)) the
/// windows stand still, too, until [`Simulator::advance`](crate::simulator::Simulator::advance) moves
/// them.
///
/// Meta: [Rate limiting](https://developers.facebook.com/docs/graph-api/overview/rate-limiting)
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Calls of an app with tokens of one Page, in 24 hours. 2,000,000 by default: 200 for each of
    /// 10,000 people. Beyond it: code 80006.
    pub page_calls: u64,
    /// Calls of an app with its own token and with tokens of people, in an hour. 2,000,000 by default.
    /// Beyond it: code 4.
    pub app_calls: u64,
    /// Texts, templates, stickers and sender actions of one Page, in a second. 300 by default. Beyond
    /// it, as beyond all that follow: code 613.
    pub texts: u64,
    /// Pictures, sounds, videos and files of one Page, in a second. 10 by default.
    pub media: u64,
    /// Calls that read the conversations of one Page, in a second. 2 by default.
    pub conversations: u64,
    /// Calls of the Messenger profile of one Page, in ten minutes. 10 by default.
    pub messenger_profile: u64,
    /// Calls of the settings of one person, in ten minutes. 10 by default.
    pub user_settings: u64,
    /// Private replies of one Page, in an hour. 750 by default.
    pub private_replies: u64,
}

impl Limits {
    /// No limits.
    #[must_use]
    pub const fn none() -> Self {
        Self {
            page_calls: 0,
            app_calls: 0,
            texts: 0,
            media: 0,
            conversations: 0,
            messenger_profile: 0,
            user_settings: 0,
            private_replies: 0,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            page_calls: 2_000_000,
            app_calls: 2_000_000,
            texts: 300,
            media: 10,
            conversations: 2,
            messenger_profile: 10,
            user_settings: 10,
            private_replies: 750,
        }
    }
}

/// A count of calls: its limit, its window, and to whom it belongs.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Scope {
    pub(crate) kind: Kind,
    /// Ids of app, Page or person.
    pub(crate) of: String,
}

/// Calls that are counted together.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Kind {
    PageCalls,
    AppCalls,
    Texts,
    Media,
    Conversations,
    MessengerProfile,
    UserSettings,
    PrivateReplies,
}

impl Kind {
    fn limit(self, limits: &Limits) -> u64 {
        match self {
            Self::PageCalls => limits.page_calls,
            Self::AppCalls => limits.app_calls,
            Self::Texts => limits.texts,
            Self::Media => limits.media,
            Self::Conversations => limits.conversations,
            Self::MessengerProfile => limits.messenger_profile,
            Self::UserSettings => limits.user_settings,
            Self::PrivateReplies => limits.private_replies,
        }
    }

    /// Length of the window in milliseconds.
    fn window(self) -> u64 {
        const SECOND: u64 = 1000;
        match self {
            Self::PageCalls => 24 * 60 * 60 * SECOND,
            Self::AppCalls | Self::PrivateReplies => 60 * 60 * SECOND,
            Self::MessengerProfile | Self::UserSettings => 10 * 60 * SECOND,
            // The clocks of two programs do not agree on a second to the millisecond.
            Self::Texts | Self::Media | Self::Conversations => SECOND * 9 / 10,
        }
    }
}

/// Use of a limit.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Usage {
    /// Share of the limit that is used, 0 to 100.
    pub(crate) percent: u64,
    /// Time until a call is possible again, in milliseconds. 0 while one is possible.
    pub(crate) wait: u64,
}

/// The calls that count, by the time at which they came.
#[derive(Default)]
pub(crate) struct Counted {
    pub(crate) limits: Limits,
    calls: HashMap<Scope, VecDeque<u64>>,
}

impl Counted {
    /// Counts a call in all of its scopes, or in none and returns the first that is used up.
    pub(crate) fn count(&mut self, scopes: Vec<Scope>, now: u64) -> Result<(), Kind> {
        for scope in &scopes {
            if self.usage(scope, now).percent == 100 {
                return Err(scope.kind);
            }
        }
        for scope in scopes {
            if scope.kind.limit(&self.limits) > 0 {
                self.calls.entry(scope).or_default().push_back(now);
            }
        }
        Ok(())
    }

    pub(crate) fn usage(&mut self, scope: &Scope, now: u64) -> Usage {
        let limit = scope.kind.limit(&self.limits);
        let Some(calls) = self.calls.get_mut(scope) else {
            return Usage::default();
        };
        let window = scope.kind.window();
        while calls.front().is_some_and(|at| at + window <= now) {
            calls.pop_front();
        }
        let count = calls.len() as u64;
        if limit == 0 {
            return Usage::default();
        }
        let percent = (count.saturating_mul(100) / limit).min(100);
        // The call whose end makes room for another one.
        let last = usize::try_from(count.saturating_sub(limit)).unwrap_or(usize::MAX);
        let oldest = calls.get(last).filter(|_| percent == 100);
        let wait = oldest.map_or(0, |at| (at + window).saturating_sub(now));
        Usage { percent, wait }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l6_calls_leave_the_window_as_the_time_goes_on() {
        let mut counted = Counted::default();
        counted.limits.texts = 2;
        let scope = || Scope {
            kind: Kind::Texts,
            of: "1".to_owned(),
        };
        let usage = |counted: &mut Counted, now| {
            let usage = counted.usage(&scope(), now);
            (usage.percent, usage.wait)
        };
        assert_eq!(counted.count(vec![scope()], 1000), Ok(()));
        assert_eq!(usage(&mut counted, 1000), (50, 0));
        assert_eq!(counted.count(vec![scope()], 1400), Ok(()));
        assert_eq!(usage(&mut counted, 1400), (100, 500));
        assert_eq!(counted.count(vec![scope()], 1899), Err(Kind::Texts));
        assert_eq!(counted.count(vec![scope()], 1900), Ok(()));
        assert_eq!(usage(&mut counted, 1900), (100, 400));
        counted.limits.texts = 0;
        assert_eq!(counted.count(vec![scope()], 2000), Ok(()));
        assert_eq!(usage(&mut counted, 2000), (0, 0));
    }
}
