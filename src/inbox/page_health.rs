//! Health of a Page: problems that keep messages from being sent or received, with their cures.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{
    Inbox, InboxError,
    unconnected::{NOT_CONNECTED, UnconnectedEvents},
};
use crate::{
    change::{Change, Pause},
    event::Event,
    graph::{
        Error,
        page::{status, subscriptions},
    },
    id::PageId,
    model::Advice,
    store::{ContactStore, MAX_LIMIT, PageState, RawEventQuery, StoreError},
    time::Timestamp,
};

/// A pause that ends by itself, with one attempt: the host may have cured its cause without a word.
const PAUSE: Duration = Duration::from_secs(600);
/// A pause that Meta's throttling asks for, when Meta names no time.
const THROTTLED: Duration = Duration::from_secs(60);
const PREFIX: &str = "problem:";

/// Something that keeps a Page from working. [`cure`](Self::cure) says what helps.
///
/// # Examples
///
/// ```
/// use messenger_crm::inbox::PageProblem;
///
/// let problem = PageProblem::Unsubscribed;
/// assert_eq!(problem.as_str(), "unsubscribed");
/// println!("{}", problem.cure());
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PageProblem {
    /// The host has no credentials for the Page.
    NotConnected,
    /// Meta refuses the token.
    TokenRefused,
    /// A permission is missing.
    PermissionMissing,
    /// Meta has restricted the Page.
    Restricted,
    /// Meta takes no calls of the Page for a while.
    Throttled,
    /// The app does not receive the events of the Page.
    Unsubscribed,
    /// Another app, or Meta's own inbox, holds a conversation that was answered.
    HeldByAnother,
}

impl PageProblem {
    const ALL: [Self; 7] = [
        Self::NotConnected,
        Self::TokenRefused,
        Self::PermissionMissing,
        Self::Restricted,
        Self::Throttled,
        Self::Unsubscribed,
        Self::HeldByAnother,
    ];

    /// Name of the variant in snake case, such as `token_refused`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotConnected => "not_connected",
            Self::TokenRefused => "token_refused",
            Self::PermissionMissing => "permission_missing",
            Self::Restricted => "restricted",
            Self::Throttled => "throttled",
            Self::Unsubscribed => "unsubscribed",
            Self::HeldByAnother => "held_by_another",
        }
    }

    /// Returns the cure, as an instruction to a person in English.
    pub const fn cure(self) -> &'static str {
        match self {
            Self::NotConnected => "Connect the Page: store its token.",
            Self::TokenRefused => "Connect the Page again: log in to Facebook for a new token.",
            Self::PermissionMissing => {
                "Connect the Page again and grant all permissions, or request them in the app review."
            }
            Self::Restricted => {
                "Open Support home of the Page at Facebook: it says what is restricted, and how to appeal."
            }
            Self::Throttled => "Wait: Meta takes calls again by itself.",
            Self::Unsubscribed => {
                "Connect the Page again: it subscribes the app to the Page's events."
            }
            Self::HeldByAnother => {
                "Request the control of the conversation, or answer in the other program."
            }
        }
    }

    fn mark(self) -> String {
        format!("{PREFIX}{}", self.as_str())
    }
}

/// A problem of a Page, as the store keeps it.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
/// # fn main() { in_a_shop(async |inbox, ada, now| {
/// for found in inbox.page_health(&ada.page, now).await?.problems {
///     println!("{} since {}: {}", found.problem.as_str(), found.at, found.problem.cure());
/// }
/// # Ok(())
/// # }) }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct FoundProblem {
    /// The problem.
    pub problem: PageProblem,
    /// When it was noticed last.
    pub at: Timestamp,
    /// Meta's error code; `None` when Meta returned none.
    pub code: Option<i64>,
}

#[derive(Deserialize, Serialize)]
struct Stored {
    at: Timestamp,
    #[serde(default)]
    code: Option<i64>,
}

/// Health of a Page.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
/// # fn main() { in_a_shop(async |inbox, ada, now| {
/// let health = inbox.page_health(&ada.page, now).await?;
/// assert!(!health.has(PageProblem::TokenRefused) && health.pause.is_none());
/// # Ok(())
/// # }) }
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct PageHealth {
    /// Problems of the Page; empty when it works.
    pub problems: Vec<FoundProblem>,
    /// The pause of its work that holds now; `None` without.
    pub pause: Option<Pause>,
    /// Events that arrived while nobody had connected the Page; `None` when they are applied, or none
    /// arrived.
    pub unconnected: Option<UnconnectedEvents>,
}

impl PageHealth {
    fn of(state: PageState, now: Timestamp) -> Self {
        let found = |problem: PageProblem| {
            let stored: Stored = serde_json::from_str(state.marks.get(&problem.mark())?).ok()?;
            Some(FoundProblem {
                problem,
                at: stored.at,
                code: stored.code,
            })
        };
        Self {
            problems: PageProblem::ALL.into_iter().filter_map(found).collect(),
            unconnected: UnconnectedEvents::of(&state),
            pause: state.pause.filter(|pause| pause.holds(now)),
        }
    }

    /// Whether it has this problem.
    pub fn has(&self, problem: PageProblem) -> bool {
        self.problems.iter().any(|found| found.problem == problem)
    }
}

/// Problem of a Page that a failed call shows.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Problem {
    kind: PageProblem,
    code: Option<i64>,
    /// How long the work of the Page waits; `None`: it goes on.
    pause: Option<Duration>,
}

impl Problem {
    pub(super) const fn not_connected() -> Self {
        Self {
            kind: PageProblem::NotConnected,
            code: None,
            pause: Some(PAUSE),
        }
    }

    /// `None` for an error of this call only.
    pub(super) fn of(error: &Error) -> Option<Self> {
        let (kind, pause) = match error.advice() {
            Advice::Reauthorize => (PageProblem::TokenRefused, Some(PAUSE)),
            Advice::Blocked => (PageProblem::Restricted, Some(PAUSE)),
            Advice::RateLimited if error.pauses_page() => {
                let asked = error.retry_after().unwrap_or(THROTTLED);
                (PageProblem::Throttled, Some(asked.max(THROTTLED)))
            }
            Advice::Permission => (PageProblem::PermissionMissing, None),
            Advice::ThreadControl => (PageProblem::HeldByAnother, None),
            _ => return None,
        };
        let code = code(error);
        Some(Self { kind, code, pause })
    }

    fn unsubscribed(error: &Error) -> Self {
        Self {
            kind: PageProblem::Unsubscribed,
            code: code(error),
            pause: None,
        }
    }
}

fn code(error: &Error) -> Option<i64> {
    match error {
        Error::Api(api) => api.code,
        _ => None,
    }
}

/// Whether a failed check left the app without events of the Page, and the error.
struct Failed(bool, Error);

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self(false, error)
    }
}

/// Memory of this process about the Pages.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Pages with a problem that this process has noticed, or that it has not looked at yet.
    troubled: Mutex<HashSet<PageId>>,
    /// When an event of a Page was received last, by the clock's `elapsed`.
    heard: Mutex<HashMap<PageId, Duration>>,
}

impl Watch {
    pub(super) fn heard(&self, page: &PageId, at: Duration) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        match heard.get_mut(page) {
            Some(last) => *last = at,
            None => {
                heard.insert(page.clone(), at);
            }
        }
    }

    /// When an event of a Page was received last by this process.
    #[cfg_attr(not(feature = "tokio"), allow(dead_code))]
    pub(super) fn last_heard(&self, page: &PageId) -> Option<Duration> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.get(page).copied()
    }

    fn troubled(&self) -> std::sync::MutexGuard<'_, HashSet<PageId>> {
        self.troubled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the changes that record a problem of a Page.
    pub(super) fn record(&self, page: &PageId, problem: &Problem, now: Timestamp) -> Vec<Change> {
        self.troubled().insert(page.clone());
        super::observe::page_problem(problem.kind);
        let mut changes = vec![begins(page, problem.kind, problem.code, now)];
        if let Some(pause) = problem.pause {
            changes.push(Change::Paused {
                page: page.clone(),
                at: now,
                pause: Some(Pause::new(problem.kind.as_str(), Some(now + pause))),
            });
        }
        changes
    }

    /// Ends the problems of a Page after a call that succeeded, if this process has recorded one.
    pub(super) async fn recover(
        &self,
        store: &dyn ContactStore,
        page: &PageId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if !self.troubled().contains(page) {
            return Ok(());
        }
        let cured = [
            PageProblem::NotConnected,
            PageProblem::TokenRefused,
            PageProblem::PermissionMissing,
            PageProblem::Restricted,
            PageProblem::Throttled,
        ];
        let changes = ends(page, &store.page(page).await?, &cured, now);
        if !changes.is_empty() {
            store.apply(&changes).await?;
        }
        self.troubled().remove(page);
        Ok(())
    }
}

fn begins(page: &PageId, problem: PageProblem, code: Option<i64>, now: Timestamp) -> Change {
    let stored = Stored { at: now, code };
    Change::Mark {
        page: page.clone(),
        name: problem.mark(),
        value: Some(serde_json::json!(stored).to_string()),
        at: now,
    }
}

/// Changes that end these problems, and the pause that one of them made.
fn ends(page: &PageId, state: &PageState, cured: &[PageProblem], now: Timestamp) -> Vec<Change> {
    let marked = cured
        .iter()
        .filter(|problem| state.marks.contains_key(&problem.mark()));
    let mut changes: Vec<Change> = marked
        .map(|problem| Change::Mark {
            page: page.clone(),
            name: problem.mark(),
            value: None,
            at: now,
        })
        .collect();
    let is_ours = |pause: &Pause| cured.iter().any(|problem| problem.as_str() == pause.reason);
    if state.pause.as_ref().is_some_and(is_ours) {
        changes.push(Change::Paused {
            page: page.clone(),
            at: now,
            pause: None,
        });
    }
    changes
}

impl Inbox {
    /// Health of a Page, as the store knows it. It asks Meta nothing: [`check_page`](Self::check_page)
    /// does. To wait for a change, wait with [`ContactStore::changed`] of the Page.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the store cannot answer.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, ada, now| {
    /// let health = inbox.page_health(&ada.page, now).await?;
    /// assert!(health.problems.is_empty());
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn page_health(
        &self,
        page: &PageId,
        now: Timestamp,
    ) -> Result<PageHealth, StoreError> {
        Ok(PageHealth::of(self.store.page(page).await?, now))
    }

    /// Asks Meta about a Page: whether its token is valid, the app subscribed and the Page free of
    /// restrictions. It subscribes the app when it is not, ends the pauses whose cause is cured, and
    /// records what it finds.
    ///
    /// # Errors
    ///
    /// [`InboxError`] when the store or the connections cannot be read, or Meta cannot be reached. A
    /// refusal by Meta is a problem of the Page, and no error.
    ///
    /// <https://developers.facebook.com/docs/graph-api/reference/page/subscribed_apps/>
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, ada, now| {
    /// let health = inbox.check_page(&ada.page, now).await?;
    /// assert!(health.problems.is_empty(), "{health:?}");
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn check_page(
        &self,
        page: &PageId,
        now: Timestamp,
    ) -> Result<PageHealth, InboxError> {
        let Some(access) = self.connections.access(page).await? else {
            let problem = Problem::not_connected();
            self.store
                .apply(&self.health.record(page, &problem, now))
                .await?;
            return Ok(self.page_health(page, now).await?);
        };
        let (client, app) = (self.graph.page(access.clone()), access.app.id);
        let found = async {
            let subscribed = client
                .walk(&subscriptions::get(), MAX_LIMIT as usize)
                .await?;
            let of_us = subscribed.items.iter().find(|one| one.id == app);
            // The list that is set replaces the other one: what a person has added stays.
            let mut fields = of_us.map_or(Vec::new(), |one| one.fields.clone());
            let count = fields.len();
            for field in self.fields.iter() {
                if !fields.contains(field) {
                    fields.push(field.clone());
                }
            }
            if fields.len() > count {
                super::observe::resubscribed();
                let subscribe = subscriptions::subscribe(&fields)?;
                let is_refused = |error: &Error| matches!(error, Error::Api(_));
                let subscribed = client.call(&subscribe).await;
                subscribed.map_err(|error| Failed(is_refused(&error), error))?;
            }
            client.call(&status::get()).await.map_err(Failed::from)
        };
        let changes = match found.await {
            Ok(status) => {
                self.health.troubled().remove(page);
                let state = self.store.page(page).await?;
                let restricted = status.messaging_restriction(now).is_some();
                let cured = PageProblem::ALL
                    .into_iter()
                    .filter(|problem| !restricted || *problem != PageProblem::Restricted);
                let mut changes = ends(page, &state, &cured.collect::<Vec<_>>(), now);
                if restricted {
                    changes.push(begins(page, PageProblem::Restricted, None, now));
                }
                changes
            }
            Err(Failed(is_unsubscribed, error)) => match Problem::of(&error) {
                Some(problem) => self.health.record(page, &problem, now),
                None if is_unsubscribed => {
                    let problem = Problem::unsubscribed(&error);
                    self.health.record(page, &problem, now)
                }
                None => return Err(error.into()),
            },
        };
        if !changes.is_empty() {
            self.store.apply(&changes).await?;
            self.ring();
        }
        Ok(self.page_health(page, now).await?)
    }

    /// Call it when a host has connected a Page, or renewed its token: it [checks](Self::check_page)
    /// the Page, and applies the events that arrived before it was connected, as history: they open no
    /// window, wake no handler and count as seen.
    ///
    /// # Errors
    ///
    /// [`InboxError`]: call it again.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, ada, now| {
    /// // After the host has stored the token.
    /// inbox.page_connected(&ada.page, now).await?;
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn page_connected(
        &self,
        page: &PageId,
        now: Timestamp,
    ) -> Result<PageHealth, InboxError> {
        let mut health = self.check_page(page, now).await?;
        let mut query = RawEventQuery::new(Some(page.clone()));
        loop {
            let listing = self.store.raw_events(&query).await?;
            let mut changes = Vec::new();
            for kept in listing
                .rows
                .iter()
                .filter(|kept| kept.reason == NOT_CONNECTED)
            {
                let text = String::from_utf8_lossy(&kept.raw);
                if let Ok(event) = Event::from_unverified_json(&text) {
                    changes.push(Change::of(&event, now).into_past());
                }
            }
            if !changes.is_empty() {
                self.store.apply(&changes).await?;
            }
            query.after = listing.next;
            if query.after.is_none() {
                break;
            }
        }
        self.forget_unconnected(page, now).await?;
        health.unconnected = None;
        Ok(health)
    }

    /// Ends the subscription of the app to a Page. The host then forgets the token; what still arrives
    /// is kept raw, within the limits of [`UnconnectedEvents`].
    ///
    /// # Errors
    ///
    /// [`InboxError`]: Meta goes on sending events.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, ada, _now| {
    /// inbox.disconnect_page(&ada.page).await?;
    /// // Now the host forgets the token.
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn disconnect_page(&self, page: &PageId) -> Result<(), InboxError> {
        let Some(access) = self.connections.access(page).await? else {
            return Ok(());
        };
        let client = self.graph.page(access);
        Ok(client.call(&subscriptions::unsubscribe()).await?)
    }
}
