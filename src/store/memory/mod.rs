//! Customers and conversations in memory: for tests, and for hosts small enough to lose them.

pub(crate) mod rows;

use std::{
    convert::Infallible,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use async_trait::async_trait;

use super::{
    Changed, ContactFilter, ContactQuery, ContactStore, Count, Listing, MessageQuery, MessageScope,
    Pending, RawEventQuery, StoreError,
    bell::Bell,
    fold::{self, ContactRow, Spot},
    grams,
};
use crate::model::{Contact, ContactKey, Message, Picture, RawEvent, Revision};
use crate::{
    change::{Applied, Change},
    id::PageId,
    time::Timestamp,
};
use rows::{MemoryRows, Talk};

/// A [`ContactStore`] in memory. A clone is a handle to the same data.
///
/// It is the rules and nothing else, so it is what the other stores are measured by.
///
/// **It has no bound and is not durable**: it holds everything it is told, and all of it is gone
/// when the last handle is dropped. A listing looks at every customer of the Page. Keep it to tests
/// and to a few thousand customers.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    rows: Arc<Mutex<MemoryRows>>,
    bell: Bell,
}

impl MemoryStore {
    /// A store that knows nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything as a log of changes, which makes the same again in an empty store.
    pub fn export(&self) -> Vec<Change> {
        self.rows().export()
    }

    fn rows(&self) -> MutexGuard<'_, MemoryRows> {
        // A change is applied by code that does not panic; should it, the rows are no worse.
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed_now(&self, page: &PageId, since: Revision) -> Changed {
        let rows = self.rows();
        let (revision, gone) = rows.page(page);
        if since > revision || since < gone {
            return Changed {
                revision,
                reread: true,
                ..Changed::default()
            };
        }
        let mut changed: Vec<(Revision, &ContactKey)> = rows
            .of_page(page)
            .filter(|(_, talk)| talk.contact.is_shown() && talk.contact.revision > since)
            .map(|(key, talk)| (talk.contact.revision, key))
            .collect();
        changed.sort_unstable();
        Changed {
            contacts: changed.into_iter().map(|(_, key)| key.clone()).collect(),
            revision,
            ..Changed::default()
        }
    }
}

#[async_trait]
impl ContactStore for MemoryStore {
    async fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError> {
        let mut rows = self.rows();
        rows.begin();
        let applied = fold::apply(&mut *rows, changes);
        drop(rows);
        self.bell.ring();
        let Ok(applied): Result<_, Infallible> = applied;
        Ok(applied)
    }

    async fn contact(&self, key: &ContactKey) -> Result<Option<Contact>, StoreError> {
        let rows = self.rows();
        Ok(rows.talk(key).and_then(|talk| talk.show(key)))
    }

    async fn picture(&self, key: &ContactKey) -> Result<Option<Picture>, StoreError> {
        let rows = self.rows();
        Ok(rows.talk(key).and_then(|talk| talk.picture.clone()))
    }

    async fn contacts(&self, query: &ContactQuery) -> Result<Listing<Contact>, StoreError> {
        let rows = self.rows();
        let name = match &query.filter {
            ContactFilter::Name(text) => grams::fold([text.as_str()]),
            _ => String::new(),
        };
        let is_wanted = |contact: &ContactRow, talk: &Talk| match &query.filter {
            ContactFilter::All => true,
            ContactFilter::Unread => contact.unread > 0,
            ContactFilter::Field { name, value } => talk
                .fields
                .get(name)
                .is_some_and(|field| field.value.as_ref() == Some(value)),
            ContactFilter::Name(_) => contact.searchable().contains(&name),
        };
        let found = rows
            .of_page(&query.page)
            .filter(|(_, talk)| is_wanted(&talk.contact, talk))
            .filter_map(|(key, talk)| {
                let place = Place::new(talk.contact.last_at?, 0, key.psid.as_str());
                Some((place, (key, talk)))
            });
        let revision = rows.page(&query.page).0;
        let after = query.after.as_deref();
        cut(
            found.collect(),
            after,
            query.limit,
            revision,
            |(key, talk)| talk.show(key),
        )
    }

    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError> {
        let rows = self.rows();
        let found: Vec<(Spot, Message)> = match &query.scope {
            MessageScope::Conversation(key) => rows
                .talk(key)
                .map_or_else(Vec::new, |talk| talk.bubbles(key)),
            MessageScope::Search { page, text } => {
                let text = grams::fold([text.as_str()]);
                rows.of_page(page)
                    .flat_map(|(key, talk)| talk.search(key, &text))
                    .collect()
            }
        };
        let found = found.into_iter().map(|(spot, message)| {
            let place = Place::new(spot.at, spot.tie, message.contact.psid.as_str());
            (place, message)
        });
        let revision = rows.page(query.page()).0;
        cut(
            found.collect(),
            query.after.as_deref(),
            query.limit,
            revision,
            Some,
        )
    }

    async fn raw_events(&self, query: &RawEventQuery) -> Result<Listing<RawEvent>, StoreError> {
        let rows = self.rows();
        let found = rows.kept(query.page.as_ref()).into_iter();
        let found = found.map(|kept| (Place::new(kept.at, 0, kept.id.as_str()), kept));
        let revision = match &query.page {
            Some(page) => rows.page(page).0,
            None => Revision::default(),
        };
        cut(
            found.collect(),
            query.after.as_deref(),
            query.limit,
            revision,
            Some,
        )
    }

    async fn pending(&self, now: Timestamp, limit: usize) -> Result<Vec<Pending>, StoreError> {
        Ok(self.rows().pending(now, limit))
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.rows().next_due())
    }

    async fn changed(
        &self,
        page: &PageId,
        since: Revision,
        wait: Duration,
    ) -> Result<Changed, StoreError> {
        let now = Instant::now();
        let until = now.checked_add(wait).unwrap_or(now);
        loop {
            let rung = self.bell.rung();
            let changed = self.changed_now(page, since);
            if changed.revision != since || Instant::now() >= until {
                return Ok(changed);
            }
            let waited = self.bell.wait(rung, until).await;
            waited.map_err(|error| StoreError::Unavailable(error.into()))?;
        }
    }
}

/// The part of the rows that was asked for, and the listing that it makes.
fn cut<T, U>(
    mut found: Vec<(Place, T)>,
    after: Option<&str>,
    limit: u32,
    revision: Revision,
    show: impl FnMut(T) -> Option<U>,
) -> Result<Listing<U>, StoreError> {
    let total = Count::of(u32::try_from(found.len()).unwrap_or(u32::MAX));
    if let Some(after) = after {
        let after = Place::parse(after).ok_or(StoreError::Unreadable("the cursor"))?;
        found.retain(|(place, _)| *place < after);
    }
    found.sort_by(|(one, _), (next, _)| next.cmp(one));
    let limit = limit as usize;
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| has_more);
    Ok(Listing {
        next: next.map(|(place, _)| place.to_string()),
        rows: found
            .into_iter()
            .map(|(_, row)| row)
            .filter_map(show)
            .collect(),
        total,
        revision,
    })
}

/// Where a row stands in a listing.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
struct Place {
    at: i64,
    tie: i64,
    id: String,
}

impl Place {
    fn new(at: Timestamp, tie: i64, id: &str) -> Self {
        Self {
            at: at.as_millis(),
            tie,
            id: id.to_owned(),
        }
    }

    fn parse(cursor: &str) -> Option<Self> {
        let (at, rest) = cursor.split_once(':')?;
        let (tie, id) = rest.split_once(':')?;
        Some(Self {
            at: at.parse().ok()?,
            tie: tie.parse().ok()?,
            id: id.to_owned(),
        })
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.at, self.tie, self.id)
    }
}
