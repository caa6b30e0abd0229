//! Reads that consist of other reads: the defaults of [`ContactStore`].

use std::collections::BTreeMap;

use super::{
    ContactFilter, ContactQuery, ContactStore, Count, Hit, Listing, MAX_COUNT, MAX_LIMIT,
    MAX_VISITED, MessageQuery, SearchQuery, StoreError, search_text,
};
use crate::{
    id::PageId,
    model::{Message, Side},
};

/// Customers whose conversations are searched before their list continues.
const AT_ONCE: usize = 10;

/// Counts the customers that pass a filter, up to [`MAX_COUNT`].
pub(super) async fn count<S: ContactStore + ?Sized>(
    store: &S,
    filter: &ContactFilter,
) -> Result<Count, StoreError> {
    let mut query = ContactQuery::from(filter.clone()).with_limit(MAX_LIMIT);
    let mut counted = 0;
    loop {
        let listing = store.contacts(&query).await?;
        counted += u32::try_from(listing.rows.len()).unwrap_or(u32::MAX);
        query.after = listing.next;
        if counted > MAX_COUNT || query.after.is_none() {
            return Ok(Count::of_filter(counted, filter));
        }
    }
}

/// Counts the customers of a Page by tag.
pub(super) async fn tags<S: ContactStore + ?Sized>(
    store: &S,
    page: &PageId,
) -> Result<Vec<(String, Count)>, StoreError> {
    let mut query = ContactQuery::new(page.clone()).with_limit(MAX_LIMIT);
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    loop {
        let listing = store.contacts(&query).await?;
        for tag in listing.rows.into_iter().flat_map(|contact| contact.tags) {
            *counts.entry(tag).or_default() += 1;
        }
        query.after = listing.next;
        if query.after.is_none() {
            let counts = counts.into_iter();
            return Ok(counts.map(|(tag, count)| (tag, Count::of(count))).collect());
        }
    }
}

/// Searches the newest messages of each conversation, in the order of the inbox.
pub(super) async fn search<S: ContactStore + ?Sized>(
    store: &S,
    query: &SearchQuery,
) -> Result<Listing<Hit>, StoreError> {
    let text = query.check()?;
    let mut contacts = ContactQuery::from(ContactFilter::of_pages(query.pages.clone()));
    contacts.after.clone_from(&query.after);
    let limit = query.limit as usize;
    let (mut hits, mut visited) = (Listing::default(), 0);
    loop {
        let room = AT_ONCE.min(limit - hits.rows.len());
        contacts.limit = u32::try_from(room).unwrap_or(MAX_LIMIT);
        let listing = store.contacts(&contacts).await?;
        for contact in listing.rows {
            let newest = MessageQuery::new(contact.key.clone()).with_limit(MAX_LIMIT);
            let messages = store.messages(&newest).await?.rows;
            visited += messages.len();
            let mut messages = messages.into_iter();
            let hit = messages.find(|message| searchable(message).contains(&text));
            hits.rows
                .extend(hit.map(|message| Hit::new(contact, message)));
        }
        contacts.after = listing.next;
        if contacts.after.is_none() || hits.rows.len() == limit || visited >= MAX_VISITED {
            hits.next = contacts.after;
            return Ok(hits);
        }
    }
}

/// Text of a message that a search looks at: not that of notes, and not that of a reply that is not
/// sent yet.
fn searchable(message: &Message) -> String {
    let is_queued = message.key.as_ref().is_some_and(|key| *key == *message.id);
    if message.side == Side::Team || is_queued {
        return String::new();
    }
    let content = &message.content;
    search_text::fold(
        [&content.text, &content.title]
            .into_iter()
            .flatten()
            .map(String::as_str),
    )
}
