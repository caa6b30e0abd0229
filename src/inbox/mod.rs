//! What the CRM does: receive, answer, and what must be done later.
//!
//! | Task | Open |
//! |---|---|
//! | Serve the requests of Meta | [`Inbox::service`] |
//! | Name the apps and Pages of the host | [`Connections`], [`SinglePage`], [`ConnectionTable`] |
//! | Reply | [`Inbox::reply`] |
//! | Do pending work: send, fetch profiles, erase | [`Inbox::step`] |
//! | Erase a customer | [`Inbox::forget`], [`Inbox::privacy_requests`] |
//!
//! The inbox owns no thread and no timer. [`Inbox::step`] does one piece of what is pending; the
//! host calls it in a loop, from as many tasks as it likes.
//!
//! # Examples
//!
//! ```
//! use std::sync::Arc;
//! use messenger_crm::graph::{Access, AppAccess, ScriptedTransport};
//! use messenger_crm::inbox::{Inbox, SinglePage, Step};
//! use messenger_crm::model::WorkerId;
//! use messenger_crm::{Timestamp, store::MemoryStore};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = AppAccess::new("271828182845904".parse()?, "60efff025951cddde78c8d03de52cc90".parse()?);
//! let access = Access::new(app, "1755847768034402".parse()?, "EAAtoken".parse()?);
//! let connections = SinglePage::new(access, "a-verify-token".parse()?);
//! let graph = ScriptedTransport::new().graph(); // in a program: `Graph::new()?`
//! let inbox = Inbox::new(Arc::new(MemoryStore::new()), graph, Arc::new(connections));
//!
//! let service = inbox.service(); // give it to your HTTP server
//! let live = http::Request::get("/livez").body(String::new())?;
//! assert_eq!(service.respond(live).await.status(), 200);
//!
//! let now = Timestamp::from(std::time::SystemTime::now());
//! assert_eq!(inbox.step(now, WorkerId::new(1)).await?, Step::Idle(None));
//! # Ok(())
//! # }
//! ```

mod body;
mod callbacks;
mod connections;
mod privacy;
mod route;
mod service;
mod work;

pub use body::Peer;
pub use connections::{Callback, ConnectionTable, Connections, ConnectionsError, SinglePage};
pub use privacy::{ASID_FIELD, PrivacyRequest, PrivacyRequestKind, PrivacyRequestState};
pub use service::{Report, WebhookService};
pub use work::Step;

use std::{sync::Arc, time::Duration};

use crate::{
    change::{Applied, Change},
    event::Event,
    graph::{Graph, InvalidMessage, OutgoingMessage, send::STANDARD_WINDOW},
    id::PageId,
    model::{Contact, ContactKey, Outgoing, OutgoingKey, WorkerId},
    store::{ContactStore, StoreError},
    time::Timestamp,
    webhook::Delivery,
};

/// The inbox of any number of Pages. A clone is a handle to the same inbox.
#[derive(Clone, Debug)]
pub struct Inbox {
    store: Arc<dyn ContactStore>,
    graph: Graph,
    connections: Arc<dyn Connections>,
}

/// Groups changes by Page with their numbers, in order: one call of the store takes one Page.
fn by_page(changes: Vec<Change>) -> Vec<(Vec<usize>, Vec<Change>)> {
    let mut groups: Vec<(Vec<usize>, Vec<Change>)> = Vec::new();
    for (number, change) in changes.into_iter().enumerate() {
        let group = groups.iter_mut().find(|(_, group)| {
            group
                .first()
                .is_some_and(|first| first.page() == change.page())
        });
        match group {
            Some((numbers, group)) => {
                numbers.push(number);
                group.push(change);
            }
            None => groups.push((vec![number], vec![change])),
        }
    }
    groups
}

/// Error of the inbox. It is safe to try again later.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InboxError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The connections of the host cannot be read.
    #[error(transparent)]
    Connections(#[from] ConnectionsError),
}

/// Why an answer was not queued.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// Nobody with this id has written to this Page.
    #[error("there is no such customer")]
    NoSuchCustomer,
    /// Meta would not take it.
    #[error(transparent)]
    Invalid(#[from] InvalidMessage),
    /// The store could not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Inbox {
    /// An inbox over this store, answering through this Graph.
    pub fn new(
        store: Arc<dyn ContactStore>,
        graph: Graph,
        connections: Arc<dyn Connections>,
    ) -> Self {
        Self {
            store,
            graph,
            connections,
        }
    }

    /// The store behind it.
    pub fn store(&self) -> &dyn ContactStore {
        &*self.store
    }

    /// Commits a verified delivery, whole. Answer 200 only when this returned.
    ///
    /// Events of a Page that is not `ours` are kept raw: the path of the webhook decides which
    /// secret is tried, the entry's id which Page it is. An event that the store can never accept
    /// is kept raw as well: then each event is committed by itself, and only that one is lost to
    /// its conversation.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing was kept, or not all. Answer 503, and Meta sends the delivery again.
    ///
    /// # Cancel safety
    ///
    /// A dropped future has committed all or nothing; receiving the delivery again is harmless.
    pub async fn receive(
        &self,
        delivery: &Delivery<'_>,
        ours: impl Fn(&PageId) -> bool + Send,
        now: Timestamp,
    ) -> Result<Vec<Applied>, StoreError> {
        let changes: Vec<Change> = delivery
            .events
            .iter()
            .map(|event| match event.page() {
                Some(page) if !ours(&page) => {
                    Change::keep(event, now, "this page is not connected")
                }
                _ => Change::of(event, now),
            })
            .collect();
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let mut applied = vec![None; changes.len()];
        for (numbers, of_page) in by_page(changes) {
            let results = match self.store.apply(&of_page).await {
                Err(StoreError::Refused(_)) => {
                    let events = numbers.iter().map(|at| &delivery.events[*at]);
                    self.receive_one_by_one(events, &of_page, now).await
                }
                applied => applied,
            };
            for (number, result) in numbers.into_iter().zip(results?) {
                applied[number] = Some(result);
            }
        }
        Ok(applied.into_iter().flatten().collect())
    }

    /// Repeating does not help, and refusing the delivery would cost all of it.
    async fn receive_one_by_one<'e>(
        &self,
        events: impl Iterator<Item = &'e Event<'e>> + Send,
        changes: &[Change],
        now: Timestamp,
    ) -> Result<Vec<Applied>, StoreError> {
        let mut applied = Vec::with_capacity(changes.len());
        for (change, event) in changes.iter().zip(events) {
            let one = match self.store.apply(std::slice::from_ref(change)).await {
                Err(StoreError::Refused(_)) => {
                    let kept = Change::keep(event, now, "the store refuses it");
                    self.store.apply(&[kept]).await
                }
                one => one,
            };
            applied.extend(one?);
        }
        Ok(applied)
    }

    /// Keeps a signed body that cannot be read. Answer 200 when this returned.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing was kept. Answer 503.
    pub async fn quarantine(
        &self,
        body: &[u8],
        reason: impl Into<String> + Send,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.store
            .apply(&[Change::quarantine(body, now, reason)])
            .await
            .map(drop)
    }

    /// Stores an agent's answer as queued; [`step`](Self::step) sends it. The same key twice is one answer.
    ///
    /// # Errors
    ///
    /// [`ReplyError`]: nothing was queued.
    pub async fn reply(
        &self,
        contact: &ContactKey,
        key: OutgoingKey,
        text: &str,
        now: Timestamp,
    ) -> Result<Applied, ReplyError> {
        OutgoingMessage::text(contact.psid.clone(), text)?;
        let known = self
            .store
            .contact(contact)
            .await?
            .ok_or(ReplyError::NoSuchCustomer)?;
        // A slow clock must not put the answer above the question.
        let at = now.max(known.last_at + Duration::from_millis(1));
        let outgoing = Outgoing::text(text.replace('\0', "\u{fffd}"));
        let applied = self
            .store
            .apply(&[Change::Queued {
                contact: contact.clone(),
                key,
                at,
                outgoing,
            }])
            .await?;
        Ok(applied.first().copied().unwrap_or(Applied::Unchanged))
    }

    /// Erases everything that is known of a customer, for good.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing was erased.
    pub async fn forget(
        &self,
        contact: &ContactKey,
        now: Timestamp,
    ) -> Result<Applied, StoreError> {
        let known = self.store.contact(contact).await?;
        let at = known.map_or(now, |known| known.forget_at(now));
        let contact = contact.clone();
        let applied = self
            .store
            .apply(&[Change::Forgotten { contact, at }])
            .await?;
        Ok(applied.first().copied().unwrap_or(Applied::Unchanged))
    }

    /// Until when the Page may answer freely, as far as can be told from here.
    pub fn window(contact: &Contact) -> Option<Timestamp> {
        contact.inbound_at.map(|at| at + STANDARD_WINDOW)
    }

    /// Does one piece of what is due at `now`.
    ///
    /// # Errors
    ///
    /// [`InboxError`]: nothing is lost; try again later. Work whose connection cannot be read is
    /// postponed, so that it does not hold back the work of other Pages.
    ///
    /// # Cancel safety
    ///
    /// What was claimed comes round again when its lease ends. An answer that was on its way is
    /// then *unknown*, never sent twice.
    pub async fn step(&self, now: Timestamp, worker: WorkerId) -> Result<Step, InboxError> {
        work::step(self, now, worker).await
    }
}
