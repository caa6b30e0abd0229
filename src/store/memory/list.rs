//! Lists of the store in memory: it looks at everything, and returns a part.

use super::rows::{Conversation, MemoryRows};
use crate::{
    model::{Contact, ContactKey, Message, RawEvent, Revision},
    store::{
        ContactQuery, Hit, Listing, MessageQuery, MessageStart, Place, RawEventQuery, SearchQuery,
        StoreError, hash::hash63_of,
    },
};

pub(super) fn contacts(
    rows: &MemoryRows,
    query: &ContactQuery,
) -> Result<Listing<Contact>, StoreError> {
    let name = query.check()?;
    let start = query.start()?;
    let filter = &query.filter;
    let of_pages = rows.conversations();
    let of_pages = of_pages.filter(|(key, _)| filter.pages.contains(&key.page));
    let found = of_pages.filter_map(|(key, one)| {
        let contact = one.show(key)?;
        let place = query.place(&contact, number(key))?;
        let matches = filter.matches(&contact, name.as_deref());
        (place > start && matches).then_some((place, contact))
    });
    let mut listing = query.listing(found.collect());
    if let [page] = &filter.pages[..] {
        listing.revision = rows.revision_of(page).0;
    }
    Ok(listing)
}

/// A number of a customer that decides between two of one time.
fn number(key: &ContactKey) -> i64 {
    hash63_of(&key.hash())
}

pub(super) fn messages(
    rows: &MemoryRows,
    query: &MessageQuery,
) -> Result<Listing<Message>, StoreError> {
    query.check()?;
    let key = &query.contact;
    let revision = rows.revision_of(&key.page).0;
    let all = rows.conversation(key).into_iter();
    let all = all.flat_map(|conversation| conversation.messages(key));
    let mut all: Vec<(Place, Message)> = all
        .map(|(position, message)| (Place::of_message(&message, position.tie), message))
        .collect();
    all.sort_by_key(|(place, _)| *place);
    let around = match &query.start {
        MessageStart::Around(id) => all.iter().find(|(_, message)| message.id == *id),
        _ => None,
    };
    let Some(reads) = query.reads(around.map(|(place, _)| *place))? else {
        return Ok(Listing::default().with_revision(revision));
    };
    let newer = all.iter().filter(|(place, _)| *place < reads.newer_than);
    let newer = newer.rev().take(reads.newer as usize).cloned().collect();
    let older = all.iter().filter(|(place, _)| *place > reads.older_than);
    let older = older.take(reads.older as usize).cloned().collect();
    Ok(query.listing(newer, older, revision))
}

pub(super) fn search(rows: &MemoryRows, query: &SearchQuery) -> Result<Listing<Hit>, StoreError> {
    let text = query.check()?;
    let start = query.start()?;
    let of_pages = rows.conversations();
    let of_pages = of_pages.filter(|(key, _)| query.pages.contains(&key.page));
    let hit = |(key, one): (&ContactKey, &Conversation)| {
        let (_, message) = one.search(key, &text)?;
        let place = Place::of_message(&message, number(key));
        let hit = Hit::new(one.show(key)?, message);
        (place > start).then_some((place, hit))
    };
    Ok(query.listing(of_pages.filter_map(hit).collect()))
}

pub(super) fn raw_events(
    rows: &MemoryRows,
    query: &RawEventQuery,
) -> Result<Listing<RawEvent>, StoreError> {
    query.check()?;
    let (at, id) = query.start()?;
    let mut found = rows.kept(query.page.as_ref());
    found.retain(|event| (event.at.as_millis(), event.id.as_str()) < (at, id));
    found.sort_by(|one, other| (other.at, &other.id).cmp(&(one.at, &one.id)));
    let page = query.page.as_ref();
    let revision = page.map_or(Revision::default(), |page| rows.revision_of(page).0);
    Ok(query.listing(found).with_revision(revision))
}
