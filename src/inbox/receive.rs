//! Receiving: a verified delivery is committed, whole.

use super::Inbox;
use crate::{
    change::{Applied, Change},
    event::Event,
    id::PageId,
    store::StoreError,
    time::Timestamp,
    webhook::Delivery,
};

/// An event of a delivery, and what became of it.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
/// # fn main() { in_a_shop(async |inbox, ada, now| {
/// # let secret: AppSecret = "60efff025951cddde78c8d03de52cc90".parse()?;
/// # let body = br#"{"object":"page","entry":[]}"#;
/// # let signature = sign(&secret, body);
/// # let webhook = Webhook::new(&secret, "a-verify-token".parse()?);
/// let delivery = webhook.receive(Some(signature.as_bytes()), body)?;
/// for received in inbox.receive(&delivery, |page| *page == ada.page, now).await? {
///     println!("{}: {:?}", received.event.kind.name(), received.applied);
/// }
/// # Ok(())
/// # }) }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Received<'d, 'a> {
    /// The event.
    pub event: &'d Event<'a>,
    /// The Page it belongs to; `None` when it names none.
    pub page: Option<PageId>,
    /// Result of its change. Notify the agents of the Page when it is [`Applied::New`] and live; an
    /// event of a Page that is not connected is [`Applied::Kept`], or [`Applied::Refused`] when there
    /// are too many.
    pub applied: Applied,
}

impl Inbox {
    /// Commits a verified delivery, whole. Answer 200 only when this returned.
    ///
    /// Events of a Page that is not `ours` are kept raw, within the limits of
    /// [`UnconnectedEvents`](super::UnconnectedEvents): the path of the webhook decides which
    /// secret is tried, the entry's id which Page it is. An event that the store can never accept
    /// is kept raw as well, and only that one is lost to its conversation. Each new live message
    /// becomes work for the [handlers](Inbox::on_message).
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing was kept, or not all. Answer 503, and Meta sends the delivery again.
    ///
    /// # Cancel safety
    ///
    /// Meta sends again what was not answered, and committing an event again changes nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, ada, now| {
    /// # let secret: AppSecret = "60efff025951cddde78c8d03de52cc90".parse()?;
    /// # let body = br#"{"object":"page","entry":[]}"#;
    /// # let signature = sign(&secret, body);
    /// # let webhook = Webhook::new(&secret, "a-verify-token".parse()?);
    /// let delivery = webhook.receive(Some(signature.as_bytes()), body)?;
    /// inbox.receive(&delivery, |page| *page == ada.page, now).await?;
    /// // Respond with 200 now.
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn receive<'d, 'a>(
        &self,
        delivery: &'d Delivery<'a>,
        ours: impl Fn(&PageId) -> bool + Send,
        now: Timestamp,
    ) -> Result<Vec<Received<'d, 'a>>, StoreError> {
        let mut received = Vec::with_capacity(delivery.events.len());
        for (page, events) in by_page(&delivery.events) {
            let applied = match &page {
                Some(page) if !ours(page) => self.keep_unconnected(page, &events, now).await?,
                _ => {
                    let change = |(_, event): &(usize, &Event<'_>)| Change::of(event, now);
                    let changes = events.iter().map(change);
                    let changes: Vec<Change> = changes
                        .map(|change| self.handlers.add_work(change))
                        .collect();
                    let applied = self.apply_or_keep(&changes, &events, now).await?;
                    if let Some(page) = &page {
                        self.health.heard(page, self.graph.clock().elapsed());
                    }
                    applied
                }
            };
            for ((number, event), applied) in events.into_iter().zip(applied) {
                super::observe::received(event.kind.name(), applied);
                let page = page.clone();
                let one = Received {
                    event,
                    page,
                    applied,
                };
                received.push((number, one));
            }
        }
        self.ring();
        received.sort_by_key(|(number, _)| *number);
        Ok(received.into_iter().map(|(_, one)| one).collect())
    }

    /// Keeps a signed body that cannot be read. Answer 200 when this returned.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing was kept. Answer 503.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
    /// # fn main() { in_a_shop(async |inbox, _ada, now| {
    /// inbox.quarantine(b"{", "the JSON ends early", now).await?;
    /// let kept = inbox.store().raw_events(&RawEventQuery::new(None)).await?;
    /// assert_eq!(kept.rows.len(), 1);
    /// # Ok(())
    /// # }) }
    /// ```
    pub async fn quarantine(
        &self,
        body: &[u8],
        reason: impl Into<String> + Send,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let kept = Change::quarantine(body, now, reason);
        self.store.apply(&[kept]).await.map(drop)
    }

    /// Commits the changes of one Page. Halves a group that the store refuses, down to the refused
    /// change, which is kept raw. Refusing the delivery would refuse its other events, too.
    pub(super) async fn apply_or_keep(
        &self,
        changes: &[Change],
        events: &[(usize, &Event<'_>)],
        now: Timestamp,
    ) -> Result<Vec<Applied>, StoreError> {
        let mut applied = Vec::with_capacity(changes.len());
        let mut left = Vec::from([(0, changes.len())]);
        while let Some((start, end)) = left.pop() {
            match self.store.apply(&changes[start..end]).await {
                Ok(results) => applied.extend(results),
                Err(StoreError::Refused(_)) if end - start > 1 => {
                    let middle = start.midpoint(end);
                    left.extend([(middle, end), (start, middle)]);
                }
                Err(StoreError::Refused(_)) => {
                    let kept = Change::keep(events[start].1, now, "the store refuses it");
                    applied.extend(self.store.apply(&[kept]).await?);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(applied)
    }
}

type Numbered<'d, 'a> = Vec<(usize, &'d Event<'a>)>;

/// Groups events by Page with their numbers, in order: one call of the store takes one Page.
fn by_page<'d, 'a>(events: &'d [Event<'a>]) -> Vec<(Option<PageId>, Numbered<'d, 'a>)> {
    let mut groups: Vec<(Option<PageId>, Numbered<'d, 'a>)> = Vec::new();
    for (number, event) in events.iter().enumerate() {
        let page = event.page();
        match groups.iter_mut().find(|(of, _)| *of == page) {
            Some((_, group)) => group.push((number, event)),
            None => groups.push((page, vec![(number, event)])),
        }
    }
    groups
}
