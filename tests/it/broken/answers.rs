//! How it answers: rightly, but for its fault.

use std::collections::HashMap;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use messenger_crm::change::{Applied, Change};
use messenger_crm::id::PageId;
use messenger_crm::model::{Contact, ContactKey, Message, Picture, RawEvent, Revision};
use messenger_crm::store::{
    Changed, ContactQuery, ContactStore, Hit, Listing, MAX_LIMIT, MessageQuery, MessageStart,
    PageState, Pending, PendingQuery, RawEventQuery, SearchQuery, StoreError,
};
use messenger_crm::time::Timestamp;

use super::Fault;
use super::store::{Broken, pause};

/// An attempt that does half of the work when it is dropped.
struct Half<'a> {
    store: &'a Broken,
    changes: Option<&'a [Change]>,
}

impl Drop for Half<'_> {
    fn drop(&mut self) {
        if let Some(changes) = self.changes {
            self.store.write(&changes[..1]).unwrap();
        }
    }
}

#[async_trait]
impl ContactStore for Broken {
    async fn apply(&self, changes: &[Change]) -> Result<Vec<Applied>, StoreError> {
        match (self.fault, changes) {
            (Fault::Atomic, [_, _, ..]) => {
                let answers = changes
                    .iter()
                    .map(|change| self.write(std::slice::from_ref(change)));
                let answers: Result<Vec<Vec<Applied>>, StoreError> = answers.collect();
                Ok(answers?.concat())
            }
            (Fault::CancelSafe, [_, _, ..]) => {
                let mut half = Half {
                    store: self,
                    changes: Some(changes),
                };
                pause().await;
                half.changes = None;
                self.write(changes)
            }
            (Fault::Concurrent, [change]) => self.write_after_looking(change).await,
            (Fault::Gentle, [change @ Change::Forgotten { .. }]) => self.erase_at_once(change),
            (_, [change]) => match self.spoilt(change) {
                Ok(change) => self.write(&[change]),
                Err(answer) => Ok(vec![answer]),
            },
            _ => {
                let changes: Vec<Change> = changes
                    .iter()
                    .filter_map(|change| self.spoilt(change).ok())
                    .collect();
                self.write(&changes)
            }
        }
    }

    async fn contact(&self, key: &ContactKey) -> Result<Option<Contact>, StoreError> {
        let mut contact = self.inner().contact(key).await?;
        let arrived = self.state.arrived.lock().unwrap();
        let last = arrived.iter().rfind(|(who, ..)| who == key);
        if let (Fault::Monotonic, Some(contact), Some((_, _, at))) =
            (self.fault, &mut contact, last)
        {
            contact.last_at = *at;
        }
        Ok(contact)
    }

    async fn picture(&self, key: &ContactKey) -> Result<Option<Picture>, StoreError> {
        if self.fault == Fault::Forgetful {
            return Ok(self.state.pictures.lock().unwrap().get(key).cloned());
        }
        self.inner().picture(key).await
    }

    async fn contacts(&self, query: &ContactQuery) -> Result<Listing<Contact>, StoreError> {
        let mut all = query.clone();
        if self.fault == Fault::Complete {
            (all.after, all.limit) = (None, MAX_LIMIT);
        }
        let mut listing = self.inner().contacts(&all).await?;
        if self.fault == Fault::Complete {
            by_number(&mut listing, query.after.as_deref(), query.limit);
        }
        let visited = match self.fault {
            Fault::Bounded => self.state.arrived.lock().unwrap().len(),
            _ => listing.rows.len(),
        };
        self.state
            .visited
            .fetch_add(visited as u64, Ordering::Relaxed);
        Ok(listing)
    }

    async fn find(&self, field: &str, value: &str) -> Result<Vec<Contact>, StoreError> {
        self.inner().find(field, value).await
    }

    async fn messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError> {
        let mut listing = if self.fault == Fault::Complete {
            let mut listing = self.all_messages(query).await?;
            let after = match &query.start {
                MessageStart::OlderThan(cursor) => Some(cursor.as_str()),
                _ => None,
            };
            by_number(&mut listing, after, query.limit);
            listing
        } else {
            self.inner().messages(query).await?
        };
        if self.fault == Fault::Ordered {
            let arrived = self.state.arrived.lock().unwrap();
            let places: HashMap<&str, usize> = arrived
                .iter()
                .enumerate()
                .map(|(place, (_, id, _))| (id.as_str(), place))
                .collect();
            let place = |row: &Message| (row.at, places.get(row.id.as_str()).copied());
            listing
                .rows
                .sort_by_key(|row| std::cmp::Reverse(place(row)));
        }
        Ok(listing)
    }

    async fn search(&self, query: &SearchQuery) -> Result<Listing<Hit>, StoreError> {
        if self.fault == Fault::Searchable {
            return Ok(Listing::default());
        }
        self.inner().search(query).await
    }

    async fn raw_events(&self, query: &RawEventQuery) -> Result<Listing<RawEvent>, StoreError> {
        self.inner().raw_events(query).await
    }

    async fn page(&self, page: &PageId) -> Result<PageState, StoreError> {
        self.inner().page(page).await
    }

    async fn pending(&self, query: &PendingQuery) -> Result<Vec<Pending>, StoreError> {
        self.inner().pending(query).await
    }

    async fn next_due(&self, query: &PendingQuery) -> Result<Option<Timestamp>, StoreError> {
        self.inner().next_due(query).await
    }

    async fn changed_since(&self, page: &PageId, since: Revision) -> Result<Changed, StoreError> {
        let mut changed = self.inner().changed_since(page, since).await?;
        if self.fault == Fault::Resumable && changed.contacts.len() > 1 {
            changed.contacts.pop();
        }
        Ok(changed)
    }
}

impl Broken {
    async fn all_messages(&self, query: &MessageQuery) -> Result<Listing<Message>, StoreError> {
        let mut part = query.clone().with_start(MessageStart::Newest);
        let mut all = Listing::default();
        loop {
            let listing = self.inner().messages(&part).await?;
            all.rows.extend(listing.rows);
            match listing.next {
                Some(cursor) => part.start = MessageStart::OlderThan(cursor),
                None => return Ok(all),
            }
        }
    }
}

/// Pages by counting rows, which move when others write.
fn by_number<T>(listing: &mut Listing<T>, after: Option<&str>, limit: u32) {
    let from = after.map_or(0, |after| after.parse().unwrap());
    let to = from + limit as usize;
    listing.next = (to < listing.rows.len()).then(|| to.to_string());
    let rows = std::mem::take(&mut listing.rows).into_iter();
    listing.rows = rows.skip(from).take(limit as usize).collect();
}
