//! Events of Pages that nobody has connected: kept raw within limits, counted, and applied as history
//! when the Page is connected.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Inbox;
use crate::{
    change::{Applied, Change},
    event::Event,
    id::PageId,
    store::{PageState, StoreError},
    time::Timestamp,
};

/// Reason with which an event of a Page is kept that is not connected.
pub(super) const NOT_CONNECTED: &str = "this page is not connected";

/// Time after which a new count begins.
const PERIOD: Duration = Duration::from_secs(7 * 24 * 3600);
/// Largest number of events that are kept of a Page in a period.
const MAX_EVENTS: u64 = 10_000;
/// Largest number of bytes of these events.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
const MARK: &str = "unconnected";

/// Count of the events of a Page that arrived while it was not connected.
///
/// At most 10,000 events with 16 MiB are kept of a Page in a week, a few more when several requests
/// arrive at once. The stores remove them by age: see `sweep` of the stores.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/inbox/shop.rs"));
/// # fn main() { in_a_shop(async |inbox, ada, now| {
/// if let Some(events) = inbox.page_health(&ada.page, now).await?.unconnected {
///     println!("{} events wait until the Page is connected", events.kept);
/// }
/// # Ok(())
/// # }) }
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct UnconnectedEvents {
    /// Beginning of the week that is counted.
    pub since: Timestamp,
    /// Events that are kept raw.
    pub kept: u64,
    /// Bytes of the events that are kept raw.
    pub bytes: u64,
    /// Events that were not kept, because the limit was reached.
    pub dropped: u64,
}

impl UnconnectedEvents {
    const fn begin(since: Timestamp) -> Self {
        Self {
            since,
            kept: 0,
            bytes: 0,
            dropped: 0,
        }
    }

    /// `None` when no event has arrived.
    pub(super) fn of(state: &PageState) -> Option<Self> {
        Stored::of(state).map(|stored| stored.events)
    }

    fn has_room_for(&self, bytes: u64) -> bool {
        self.kept < MAX_EVENTS && self.bytes + bytes <= MAX_BYTES
    }

    fn keep(&mut self, bytes: u64) {
        self.kept += 1;
        self.bytes += bytes;
    }
}

#[derive(Deserialize, Serialize)]
struct Stored {
    events: UnconnectedEvents,
    changed_at: Timestamp,
}

impl Stored {
    fn of(state: &PageState) -> Option<Self> {
        serde_json::from_str(state.marks.get(MARK)?).ok()
    }
}

/// Change that sets the count of a Page, or removes it.
fn count(
    page: &PageId,
    state: &PageState,
    events: Option<UnconnectedEvents>,
    now: Timestamp,
) -> Change {
    // The latest value of a mark wins, also of two in one millisecond.
    let last = Stored::of(state).map(|stored| stored.changed_at + Duration::from_millis(1));
    let changed_at = last.map_or(now, |last| last.max(now));
    let stored = events.map(|events| Stored { events, changed_at });
    Change::Mark {
        page: page.clone(),
        name: MARK.to_owned(),
        value: stored.map(|stored| serde_json::json!(stored).to_string()),
        at: changed_at,
    }
}

impl Inbox {
    /// Keeps events of a Page that is not connected, as far as there is room. The others are
    /// [`Applied::Refused`].
    pub(super) async fn keep_unconnected(
        &self,
        page: &PageId,
        events: &[(usize, &Event<'_>)],
        now: Timestamp,
    ) -> Result<Vec<Applied>, StoreError> {
        let state = self.store.page(page).await?;
        let stored = UnconnectedEvents::of(&state);
        let stored = stored.filter(|stored| now - stored.since < PERIOD);
        let mut counted = stored.unwrap_or(UnconnectedEvents::begin(now));
        let mut expected = counted;
        let (mut fitting, mut changes) = (Vec::new(), Vec::new());
        for (place, (number, event)) in events.iter().enumerate() {
            let bytes = event.raw().len() as u64;
            if expected.has_room_for(bytes) {
                expected.keep(bytes);
                fitting.push((place, (*number, *event)));
                changes.push(Change::keep(event, now, NOT_CONNECTED));
            }
        }
        let mut applied = vec![Applied::Refused; events.len()];
        let (places, fitting): (Vec<_>, Vec<_>) = fitting.into_iter().unzip();
        if !changes.is_empty() {
            let results = self.apply_or_keep(&changes, &fitting, now).await?;
            for (place, result) in places.into_iter().zip(results) {
                applied[place] = result;
            }
        }
        // What Meta has sent again is there already.
        for ((_, event), result) in events.iter().zip(&applied) {
            match result {
                Applied::Kept => counted.keep(event.raw().len() as u64),
                Applied::Refused => counted.dropped += 1,
                _ => {}
            }
        }
        if stored != Some(counted) {
            self.apply(count(page, &state, Some(counted), now)).await?;
        }
        Ok(applied)
    }

    /// Ends the count of a Page whose events are applied.
    pub(super) async fn forget_unconnected(
        &self,
        page: &PageId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let state = self.store.page(page).await?;
        if Stored::of(&state).is_some() {
            self.apply(count(page, &state, None, now)).await?;
        }
        Ok(())
    }
}
