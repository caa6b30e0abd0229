//! Profiles and pictures of customers.

use std::time::Duration;

use super::{ConnectionsError, Inbox, page_health::Problem, work::delay};
use crate::{
    change::{Change, ProfileResponse},
    graph::{PageClient, ProfileOutcome},
    model::{ContactKey, Profile},
    store::StoreError,
    time::Timestamp,
};

const LONGEST_DELAY: Duration = Duration::from_secs(6 * 3600);
const ASK_AGAIN: Duration = Duration::from_secs(7 * 24 * 3600);

/// Result of a request for a profile.
pub(super) struct Fetched {
    pub(super) response: ProfileResponse,
    /// When to ask again; `None` for never.
    pub(super) due: Option<Timestamp>,
    /// Problem of the Page that it shows.
    pub(super) problem: Option<Problem>,
}

impl Fetched {
    pub(super) fn failed(attempt: u32, now: Timestamp) -> Self {
        Self {
            response: ProfileResponse::Failed,
            due: Some(now + delay(attempt, LONGEST_DELAY)),
            problem: None,
        }
    }
}

impl Inbox {
    /// Requests the profile of a customer again, now.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing has changed.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, ada, now| {
    /// inbox.refresh_profile(&ada, now).await?;
    /// while inbox.step(now, WorkerId::new(1)).await? == Step::Worked {} // or `Inbox::run`
    /// let contact = inbox.store().contact(&ada).await?.ok_or("nobody")?;
    /// assert!(contact.profile.is_some());
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn refresh_profile(
        &self,
        contact: &ContactKey,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        // As if a request had failed now: what is stored stays.
        let due = Change::Profile {
            contact: contact.clone(),
            fetched_at: now,
            response: ProfileResponse::Failed,
            due: Some(now),
        };
        self.apply(due).await?;
        self.ring();
        Ok(())
    }
}

pub(super) async fn fetch(
    inbox: &Inbox,
    contact: &ContactKey,
    attempt: u32,
    now: Timestamp,
) -> Result<Fetched, ConnectionsError> {
    let later = Fetched::failed(attempt, now);
    let Some(access) = inbox.connections.access(&contact.page).await? else {
        let problem = Some(Problem::not_connected());
        return Ok(Fetched { problem, ..later });
    };
    let page = inbox.graph.page(access);
    Ok(match page.profile(&contact.psid).await {
        Ok(ProfileOutcome::Known(profile)) => known(&page, profile, later).await,
        Ok(ProfileOutcome::Unavailable(_)) => Fetched {
            response: ProfileResponse::Unavailable,
            due: Some(now + ASK_AGAIN),
            problem: None,
        },
        Err(error) => Fetched {
            problem: Problem::of(&error),
            ..later
        },
    })
}

/// The picture is fetched at once: its address is a secret, and dies.
async fn known(page: &PageClient, profile: crate::graph::Profile, later: Fetched) -> Fetched {
    let (picture, due) = match &profile.picture {
        None => (None, None),
        // No failure is final: the address can expire, and its host can be away.
        Some(url) => match page.picture(url).await {
            Ok(picture) => (Some(picture), None),
            Err(_) => (None, later.due),
        },
    };
    let profile = Profile {
        name: profile.name,
        first_name: profile.first_name,
        last_name: profile.last_name,
    };
    Fetched {
        response: ProfileResponse::Known { profile, picture },
        due,
        problem: None,
    }
}
