//! Lists of the store in memory: it looks at everything, and returns a part.

use std::cmp::Ordering;

use super::rows::{Conversation, MemoryRows};
use crate::{
    model::{Contact, ContactKey, Message, RawEvent, Revision},
    store::{
        ContactFilter, ContactQuery, Hit, Listing, MAX_PAGE_BYTES, MessageQuery, MessageStart,
        RawEventQuery, SearchQuery, StoreError, fold::Position, query::check_limit,
    },
    time::Timestamp,
};

/// Position of a row in a list that is sorted in ascending order.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Place {
    at: i64,
    tie: i64,
    id: String,
}

impl Ord for Place {
    fn cmp(&self, other: &Self) -> Ordering {
        let order = (self.at, self.tie).cmp(&(other.at, other.tie));
        order.then_with(|| other.id.cmp(&self.id))
    }
}

impl PartialOrd for Place {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Place {
    /// Later times come first.
    fn descending(at: Timestamp, tie: i64, id: &str) -> Self {
        Self {
            at: -at.as_millis(),
            tie: -tie,
            id: id.to_owned(),
        }
    }

    fn parse(cursor: &str) -> Result<Self, StoreError> {
        let parse = || {
            let (at, rest) = cursor.strip_prefix('m')?.split_once(':')?;
            let (tie, id) = rest.split_once(':')?;
            Some(Self {
                at: at.parse().ok()?,
                tie: tie.parse().ok()?,
                id: id.to_owned(),
            })
        };
        parse().ok_or_else(StoreError::cursor)
    }

    fn cursor(&self) -> String {
        format!("m{}:{}:{}", self.at, self.tie, self.id)
    }
}

/// The rows behind a cursor, up to the limit.
fn part<T>(
    mut found: Vec<(Place, T)>,
    after: Option<&str>,
    limit: u32,
    size: impl Fn(&T) -> usize,
) -> Result<Listing<T>, StoreError> {
    if let Some(after) = after {
        let after = Place::parse(after)?;
        found.retain(|(place, _)| *place > after);
    }
    found.sort_by(|(one, _), (next, _)| one.cmp(next));
    let mut bytes = 0;
    let fits = found.iter().take(limit as usize).take_while(|(_, row)| {
        let is_first = bytes == 0;
        bytes += size(row) + 1;
        is_first || bytes <= MAX_PAGE_BYTES
    });
    let count = fits.count();
    let has_more = found.len() > count;
    found.truncate(count);
    let next = found.last().filter(|_| has_more);
    let next = next.map(|(place, _)| place.cursor());
    let mut listing = Listing::new(found.into_iter().map(|(_, row)| row).collect());
    listing.next = next;
    Ok(listing)
}

pub(super) fn filtered<'r>(
    rows: &'r MemoryRows,
    filter: &'r ContactFilter,
    name: Option<&'r str>,
) -> impl Iterator<Item = Contact> + 'r {
    let of_pages = rows
        .conversations()
        .filter(|(key, _)| filter.pages.contains(&key.page));
    of_pages.filter_map(move |(key, one)| {
        let contact = one.show(key).filter(|contact| filter.accepts(contact))?;
        let is_named = |name: &str| {
            one.contact.searchable().contains(name) || key.psid.as_str().eq_ignore_ascii_case(name)
        };
        name.is_none_or(is_named).then_some(contact)
    })
}

pub(super) fn contacts(
    rows: &MemoryRows,
    query: &ContactQuery,
) -> Result<Listing<Contact>, StoreError> {
    let name = query.check()?;
    let found = filtered(rows, &query.filter, name.as_deref()).filter_map(|contact| {
        let at = query.order.key(&contact)?;
        let mut place = Place::descending(at, 0, contact.key.psid.as_str());
        if !query.order.is_descending() {
            place.at = -place.at;
        }
        place.id.push('/');
        place.id.push_str(contact.key.page.as_str());
        Some((place, contact))
    });
    let mut listing = part(found.collect(), query.after.as_deref(), query.limit, |_| 0)?;
    if let [page] = &query.filter.pages[..] {
        listing.revision = rows.revision_of(page).0;
    }
    Ok(listing)
}

pub(super) fn messages(
    rows: &MemoryRows,
    query: &MessageQuery,
) -> Result<Listing<Message>, StoreError> {
    query.check()?;
    let key = &query.contact;
    let all = rows.conversation(key);
    let all = all.map_or_else(Vec::new, |conversation| conversation.messages(key));
    let place = |position: &Position, message: &Message| {
        Place::descending(position.at, position.tie, &message.id)
    };
    let all: Vec<(Place, Message)> = (all.into_iter())
        .map(|(position, message)| (place(&position, &message), message))
        .collect();
    let size = |message: &Message| message.content.text.as_ref().map_or(0, String::len);
    let newer = |mut all: Vec<(Place, Message)>, than: &Place, limit: u32| {
        all.retain(|(place, _)| place < than);
        all.sort_by(|(one, _), (next, _)| one.cmp(next));
        let skip = all.len().saturating_sub(limit as usize);
        all.split_off(skip)
    };
    let mut listing = match &query.start {
        MessageStart::Newest => part(all.clone(), None, query.limit, size)?,
        MessageStart::OlderThan(cursor) => part(all.clone(), Some(cursor), query.limit, size)?,
        MessageStart::NewerThan(cursor) => {
            let than = Place::parse(cursor)?;
            let rows = newer(all.clone(), &than, query.limit);
            part(rows, None, query.limit, size)?
        }
        MessageStart::Around(id) => {
            match all.iter().find(|(_, message)| message.id == *id).cloned() {
                None => Listing::default(),
                Some((place, message)) => {
                    let mut rows = newer(all.clone(), &place, query.limit / 2);
                    let mut older: Vec<_> = all.clone();
                    older.retain(|(one, _)| *one > place);
                    older.sort_by(|(one, _), (next, _)| one.cmp(next));
                    rows.push((place, message));
                    rows.extend(older);
                    part(rows, None, query.limit, size)?
                }
            }
        }
    };
    let cursor_of = |id: &str| {
        let found = all.iter().find(|(_, message)| message.id == id);
        found.map(|(place, _)| place.clone())
    };
    let ends = [listing.rows.first(), listing.rows.last()];
    let [first, last] = ends.map(|row| row.and_then(|row| cursor_of(&row.id)));
    listing.previous = first.map(|place| place.cursor());
    let is_older = |last: &Place| all.iter().any(|(place, _)| place > last);
    listing.next = last.filter(is_older).map(|place| place.cursor());
    listing.revision = rows.revision_of(&key.page).0;
    Ok(listing)
}

pub(super) fn search(rows: &MemoryRows, query: &SearchQuery) -> Result<Listing<Hit>, StoreError> {
    let text = query.check()?;
    let of_pages = rows
        .conversations()
        .filter(|(key, _)| query.pages.contains(&key.page));
    let hit = |(key, one): (&ContactKey, &Conversation)| {
        let (position, message) = one.search(key, &text)?;
        let place = Place::descending(position.at, position.tie, key.psid.as_str());
        Some((place, Hit::new(one.show(key)?, message)))
    };
    let found = of_pages.filter_map(hit).collect();
    part(found, query.after.as_deref(), query.limit, |_| 0)
}

pub(super) fn raw_events(
    rows: &MemoryRows,
    query: &RawEventQuery,
) -> Result<Listing<RawEvent>, StoreError> {
    check_limit(query.limit)?;
    let found = rows.kept(query.page.as_ref()).into_iter();
    let found = found.map(|event| {
        let place = Place::descending(event.at, 0, event.id.as_str());
        (place, event)
    });
    let size = |event: &RawEvent| event.raw.len();
    let mut listing = part(found.collect(), query.after.as_deref(), query.limit, size)?;
    listing.revision = match &query.page {
        Some(page) => rows.revision_of(page).0,
        None => Revision::default(),
    };
    Ok(listing)
}
