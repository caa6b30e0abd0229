//! Lists of customers: which index gives the rows, and how the rows of several Pages become one
//! page of results.
//!
//! Each conversation is in one bucket, a number made of its status and of whether it is unread,
//! unanswered and assigned. One index by bucket and time serves every combination of these: a list
//! is merged from the buckets that its filter accepts.

use crate::{
    id::PageId,
    model::{Contact, ContactKey, StatusKind},
    store::{
        AssigneeFilter, ContactFilter, ContactOrder, ContactQuery, Listing, Place,
        fold::ContactRow, hash::hash63_of,
    },
};

const STATUSES: i16 = 3;
const UNREAD: i16 = STATUSES;
const UNANSWERED: i16 = UNREAD * 2;
const ASSIGNED: i16 = UNANSWERED * 2;

/// The bucket of a conversation.
pub(in crate::store) fn bucket(row: &ContactRow) -> i16 {
    let flag = |is: bool, bit: i16| if is { bit } else { 0 };
    status_code(row.status.kind())
        + flag(row.unread > 0, UNREAD)
        + flag(row.unanswered_since.is_some(), UNANSWERED)
        + flag(row.assignee.is_some(), ASSIGNED)
}

const fn status_code(status: StatusKind) -> i16 {
    match status {
        StatusKind::Open => 0,
        StatusKind::Snoozed => 1,
        StatusKind::Done => 2,
    }
}

/// The code of the status of a bucket.
pub(super) const fn status_of(bucket: i64) -> i64 {
    bucket % STATUSES as i64
}

/// The buckets that a filter accepts.
pub(in crate::store) fn buckets(filter: &ContactFilter, order: ContactOrder) -> Vec<i16> {
    let accepts = |bucket: &i16| {
        let status = bucket % STATUSES;
        let statuses = &filter.statuses;
        let has = |bit: i16| bucket / bit % 2 == 1;
        let assigned = match &filter.assignee {
            None => true,
            Some(AssigneeFilter::Nobody) => !has(ASSIGNED),
            Some(AssigneeFilter::Agent(_)) => has(ASSIGNED),
        };
        (statuses.is_empty() || statuses.iter().any(|one| status_code(*one) == status))
            && (!filter.unread || has(UNREAD))
            && (!filter.unanswered || has(UNANSWERED))
            && (order != ContactOrder::WaitingLongest || has(UNANSWERED))
            && assigned
    };
    (0..ASSIGNED * 2).filter(accepts).collect()
}

/// Whether a list consists of all buckets.
pub(in crate::store) fn is_all(buckets: &[i16]) -> bool {
    buckets.len() == usize::from(ASSIGNED.unsigned_abs()) * 2
}

/// The index that gives the rows of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(in crate::store) enum Driver {
    /// All customers of a Page, by time only.
    All,
    /// The buckets.
    Buckets(Vec<i16>),
    /// The buckets of an agent.
    Assignee(String, Vec<i16>),
    /// The buckets of a field or tag, by the hash of its name and value.
    Label(i64, Vec<i16>),
}

impl Driver {
    pub(in crate::store) fn of(filter: &ContactFilter, order: ContactOrder) -> Self {
        if matches!(order, ContactOrder::OldestMessage { .. }) {
            return Self::All;
        }
        let buckets = buckets(filter, order);
        let field = filter.fields.first();
        let label = field
            .map(|(name, value)| label_hash(name, Some(value)))
            .or_else(|| filter.tags.first().map(|tag| label_hash(tag, None)));
        match (&filter.assignee, label) {
            (Some(AssigneeFilter::Agent(agent)), _) => Self::Assignee(agent.clone(), buckets),
            (_, Some(hash)) => Self::Label(hash, buckets),
            _ if is_all(&buckets) && order == ContactOrder::LastActivity => Self::All,
            _ => Self::Buckets(buckets),
        }
    }
}

/// Hash of a field with its value, or of a tag.
pub(in crate::store) fn label_hash(name: &str, value: Option<&str>) -> i64 {
    let text = match value {
        Some(value) => format!("f{}:{name}{value}", name.len()),
        None => format!("t{name}"),
    };
    hash63_of(text.as_bytes())
}

/// A customer as a list finds them.
#[derive(Debug)]
pub(in crate::store) struct Found {
    pub(in crate::store) place: Place,
    pub(in crate::store) contact: Contact,
}

impl Found {
    /// A row of a list; `None` when the order leaves it out.
    pub(in crate::store) fn new(
        key: ContactKey,
        number: i64,
        row: ContactRow,
        query: &ContactQuery,
    ) -> Option<Self> {
        let contact = row.show(key)?;
        let place = query.place(&contact, number)?;
        Some(Self { place, contact })
    }
}

/// The rows of one Page, sorted, and how far its list was looked through.
#[derive(Debug, Default)]
pub(in crate::store) struct Part {
    pub(in crate::store) rows: Vec<Found>,
    /// The last place that was looked at; `None` when the list was looked through to its end.
    pub(in crate::store) end: Option<Place>,
}

/// The page of results from the rows of each Page. No row behind a place that one Page has not come
/// to may be returned yet.
pub(in crate::store) fn merge(parts: Vec<Part>, query: &ContactQuery) -> Listing<Contact> {
    let horizon = parts.iter().filter_map(|part| part.end).min();
    let mut rows: Vec<Found> = parts.into_iter().flat_map(|part| part.rows).collect();
    rows.sort_by_key(|found| found.place);
    if let Some(horizon) = horizon {
        rows.retain(|found| found.place <= horizon);
    }
    let limit = query.limit as usize;
    let is_cut = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().map(|found| found.place);
    let next = if is_cut { last } else { horizon };
    let mut listing = Listing::new(rows.into_iter().map(|found| found.contact).collect());
    listing.next = next.map(|place| query.cursor(place));
    listing
}

/// The Pages of a filter, each once.
pub(in crate::store) fn pages(filter: &ContactFilter) -> Vec<PageId> {
    let mut pages = filter.pages.clone();
    pages.sort();
    pages.dedup();
    pages
}
