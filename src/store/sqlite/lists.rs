//! Lists of customers, of tags and of raw events.

use rusqlite::{Connection, params, params_from_iter, types::Value as Param};

use super::{
    columns::{self, CONTACT},
    connection::failed,
    read::{all, each, find_contact, find_page, one, page_row},
    search_index::Index,
};
use crate::{
    id::PageId,
    model::{Contact, ContactKey, EntryId, Picture, RawEvent, Revision},
    store::{
        ContactFilter, ContactOrder, ContactQuery, Count, Listing, MAX_COUNT, MAX_PAGE_BYTES,
        MAX_VISITED, PageState, Place, RawEventQuery, StoreError,
        fold::ContactRow,
        sql::{
            list::{self, Driver, Found, Part},
            one_more, psid,
        },
    },
    time::Timestamp,
};

/// A name that no more customers than this have is looked up for each of them; a more frequent one
/// is found among the customers of the list.
const FEW: usize = 2_000;

pub(super) fn contact(
    connection: &Connection,
    key: &ContactKey,
) -> Result<Option<Contact>, StoreError> {
    let found = find_contact(connection, key)?;
    Ok(found.and_then(|(_, row)| row.show(key.clone())))
}

pub(super) fn picture(
    connection: &Connection,
    key: &ContactKey,
) -> Result<Option<Picture>, StoreError> {
    match find_contact(connection, key)? {
        Some((number, _)) => picture_of(connection, number),
        None => Ok(None),
    }
}

pub(super) fn picture_of(
    connection: &Connection,
    number: i64,
) -> Result<Option<Picture>, StoreError> {
    let sql = "SELECT media_type, bytes FROM picture WHERE contact_no = ?1";
    one(connection, sql, [number], |row| {
        let media_type: String = row.get(0).map_err(failed)?;
        Ok(Picture::new(media_type, row.get(1).map_err(failed)?))
    })
}

pub(super) fn page(connection: &Connection, page: &PageId) -> Result<PageState, StoreError> {
    let found = find_page(connection, page)?;
    let revision = found.map(|(_, revision)| revision).unwrap_or_default();
    Ok(page_row(connection, page)?.show(revision))
}

pub(super) fn contacts(
    connection: &Connection,
    query: &ContactQuery,
) -> Result<Listing<Contact>, StoreError> {
    let name = query.check()?;
    let start = query.start()?;
    let pages = list::pages(&query.filter);
    let (mut parts, mut revision) = (Vec::new(), Revision::default());
    for page in &pages {
        let Some((page_no, of_page)) = find_page(connection, page)? else {
            continue;
        };
        revision = of_page;
        let list = List {
            connection,
            page,
            page_no,
            query,
            name: name.as_deref(),
            start,
        };
        parts.push(list.part()?);
    }
    let mut listing = list::merge(parts, query);
    if pages.len() == 1 {
        listing.revision = revision;
    }
    Ok(listing)
}

/// The list of one Page.
struct List<'a> {
    connection: &'a Connection,
    page: &'a PageId,
    page_no: i64,
    query: &'a ContactQuery,
    name: Option<&'a str>,
    start: Place,
}

impl List<'_> {
    fn part(&self) -> Result<Part, StoreError> {
        if let Some(name) = self.name
            && let Some(part) = self.named(name)?
        {
            return Ok(part);
        }
        let is_exact = self.query.filter.is_exact();
        let far = if is_exact {
            self.query.limit as usize + 1
        } else {
            MAX_VISITED
        };
        let (sql, params) = self.numbers(far);
        let sql = format!(
            "SELECT {} FROM ({sql}) listed CROSS JOIN contact ON contact.contact_no = listed.contact_no",
            *CONTACT
        );
        let (mut part, mut visited) = (Part::default(), 0);
        let wanted = self.query.limit as usize + 1;
        each(self.connection, &sql, params_from_iter(params), |row| {
            let found = self.found(columns::contact(row)?)?;
            visited += 1;
            let Some(found) = found else {
                return Ok(true);
            };
            let place = found.place;
            if self.query.filter.matches(&found.contact, self.name) {
                part.rows.push(found);
            }
            let goes_on = part.rows.len() < wanted && visited < far;
            if !goes_on {
                part.end = Some(place);
            }
            Ok(goes_on)
        })?;
        Ok(part)
    }

    /// The customers with a name, if they are few.
    fn named(&self, name: &str) -> Result<Option<Part>, StoreError> {
        let connection = self.connection;
        let Some(grams) = Index::query(self.page_no, name) else {
            return Ok(None);
        };
        let sql = format!(
            "SELECT rowid FROM name_gram WHERE name_gram MATCH ?1 LIMIT {}",
            FEW + 1
        );
        let mut numbers: Vec<i64> =
            all(connection, &sql, [grams], |row| row.get(0).map_err(failed))?;
        if numbers.len() > FEW {
            return Ok(None);
        }
        let by_psid = "SELECT contact_no FROM contact WHERE page_no = ?1 AND psid = ?2";
        let params = params![self.page_no, name];
        let number: Option<i64> = one(connection, by_psid, params, |row| {
            row.get(0).map_err(failed)
        })?;
        numbers.extend(number);
        numbers.sort_unstable();
        numbers.dedup();
        let sql = format!("SELECT {} FROM contact WHERE contact_no = ?1", *CONTACT);
        let mut part = Part::default();
        for number in numbers {
            let row = one(connection, &sql, [number], columns::contact)?;
            let found = row.map(|row| self.found(row)).transpose()?.flatten();
            part.rows.extend(found.filter(|found| {
                found.place > self.start && self.query.filter.matches(&found.contact, self.name)
            }));
        }
        Ok(Some(part))
    }

    fn found(
        &self,
        (number, text, row): (i64, String, ContactRow),
    ) -> Result<Option<Found>, StoreError> {
        let key = ContactKey::new(self.page.clone(), psid(text)?);
        Ok(Found::new(key, number, row, self.query))
    }

    /// The numbers of the customers of the list, in its order, merged from its buckets.
    fn numbers(&self, limit: usize) -> (String, Vec<Param>) {
        let order = self.query.order;
        let is_descending = order.is_descending();
        let (at, tie) = self.start.bounds(is_descending);
        let end = order.latest().as_millis();
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut params: Vec<Param> = [self.page_no, at, tie, end, limit].map(Param::from).into();
        let (table, key, buckets) = match Driver::of(&self.query.filter, order) {
            Driver::All => ("contact", "page_no = ?1".to_owned(), None),
            Driver::Buckets(buckets) => ("contact", "page_no = ?1".to_owned(), Some(buckets)),
            Driver::Assignee(agent, buckets) => {
                params.push(agent.into());
                let key = "page_no = ?1 AND assignee = ?6".to_owned();
                ("contact", key, Some(buckets))
            }
            Driver::Label(hash, buckets) => {
                params.push(hash.into());
                let key = "page_no = ?1 AND hash = ?6".to_owned();
                ("label", key, Some(buckets))
            }
        };
        let column = order.column();
        let (than, direction) = if is_descending {
            ("<", "DESC")
        } else {
            (">", "ASC")
        };
        let arm = |bucket: &str| {
            format!(
                "SELECT {column} AS at, contact_no FROM {table} WHERE {key} {bucket} AND {column} IS NOT NULL
                 AND ({column}, contact_no) {than} (?2, ?3) AND {column} <= ?4"
            )
        };
        let arms: Vec<String> = match &buckets {
            None => vec![arm("")],
            Some(buckets) => buckets
                .iter()
                .map(|bucket| arm(&format!("AND bucket = {bucket}")))
                .collect(),
        };
        if arms.is_empty() {
            params.truncate(0);
            return (
                "SELECT 0 AS at, 0 AS contact_no WHERE false".to_owned(),
                params,
            );
        }
        let sql = format!(
            "{} ORDER BY at {direction}, contact_no {direction} LIMIT ?5",
            arms.join(" UNION ALL ")
        );
        (sql, params)
    }
}

pub(super) fn count(connection: &Connection, filter: &ContactFilter) -> Result<Count, StoreError> {
    let name = filter.check()?;
    let mut total = 0;
    for page in list::pages(filter) {
        let Some((page_no, _)) = find_page(connection, &page)? else {
            continue;
        };
        let mut query = ContactQuery::from(filter.clone());
        (query.order, query.limit) = (ContactOrder::LastActivity, MAX_COUNT);
        let list = List {
            connection,
            page: &page,
            page_no,
            query: &query,
            name: name.as_deref(),
            start: Place::START,
        };
        if filter.is_exact() {
            let (sql, params) = list.numbers(MAX_COUNT as usize + 1);
            let sql = format!("SELECT count(*) FROM ({sql})");
            let counted: Option<u32> = one(connection, &sql, params_from_iter(params), |row| {
                row.get(0).map_err(failed)
            })?;
            total += counted.unwrap_or(0);
        } else {
            total += u32::try_from(list.part()?.rows.len()).unwrap_or(u32::MAX);
        }
    }
    Ok(Count::of_filter(total, filter))
}

/// Tags of a Page, found by looking for the next name behind each.
pub(super) fn tags(
    connection: &Connection,
    page: &PageId,
) -> Result<Vec<(String, Count)>, StoreError> {
    let Some((page_no, _)) = find_page(connection, page)? else {
        return Ok(Vec::new());
    };
    let next = "SELECT name FROM label WHERE page_no = ?1 AND value IS NULL AND name > ?2 ORDER BY name LIMIT 1";
    let first = "SELECT name FROM label WHERE page_no = ?1 AND value IS NULL ORDER BY name LIMIT 1";
    let counted = format!(
        "SELECT count(*) FROM (SELECT 1 FROM label WHERE page_no = ?1 AND value IS NULL AND name = ?2 LIMIT {})",
        MAX_COUNT + 1
    );
    let name = |row: &rusqlite::Row<'_>| row.get::<_, String>(0).map_err(failed);
    let mut tags = Vec::new();
    let mut tag = one(connection, first, [page_no], name)?;
    while let Some(found) = tag {
        let params = params![page_no, found];
        let count = one(connection, &counted, params, |row| {
            row.get(0).map_err(failed)
        })?;
        tag = one(connection, next, params, name)?;
        tags.push((found, Count::of(count.unwrap_or(0))));
    }
    Ok(tags)
}

/// Customers of all Pages with a field.
pub(super) fn find(
    connection: &Connection,
    field: &str,
    value: &str,
) -> Result<Vec<Contact>, StoreError> {
    let sql = format!(
        "SELECT {}, page FROM label CROSS JOIN contact ON contact.contact_no = label.contact_no
         CROSS JOIN page ON page.page_no = contact.page_no
         WHERE label.hash = ?1 AND label.name = ?2 AND label.value = ?3 LIMIT {MAX_COUNT}",
        *CONTACT
    );
    let hash = list::label_hash(field, Some(value));
    let mut found = all(connection, &sql, params![hash, field, value], |row| {
        let page: String = row.get("page").map_err(failed)?;
        let page = PageId::new(page).map_err(|_| StoreError::Unreadable("the id of a Page"))?;
        let (_, text, contact) = columns::contact(row)?;
        Ok(contact.show(ContactKey::new(page, psid(text)?)))
    })?;
    found.sort_by_key(|contact| contact.as_ref().map(|contact| contact.key.clone()));
    Ok(found.into_iter().flatten().collect())
}

pub(super) fn raw_events(
    connection: &Connection,
    query: &RawEventQuery,
) -> Result<Listing<RawEvent>, StoreError> {
    query.check()?;
    let (page_no, revision) = match &query.page {
        None => (0, Revision::default()),
        Some(page) => match find_page(connection, page)? {
            Some(found) => found,
            None => return Ok(Listing::default()),
        },
    };
    let (at, id) = query.start()?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    let sql =
        "SELECT id, psid, at, reason, raw FROM raw_event WHERE page_no = ?1 AND (at, id) < (?2, ?3)
         ORDER BY at DESC, id DESC LIMIT ?4";
    let params = params![page_no, at, id, one_more(query.limit)];
    each(connection, sql, params, |row| {
        let id = EntryId::from_text(row.get::<_, String>(0).map_err(failed)?);
        let at = Timestamp::from_millis(row.get(2).map_err(failed)?);
        let reason: String = row.get(3).map_err(failed)?;
        let mut event = RawEvent::new(id, at, reason, row.get(4).map_err(failed)?);
        let text: Option<String> = row.get(1).map_err(failed)?;
        event.psid = text.map(psid).transpose()?;
        event.page.clone_from(&query.page);
        // A row that does not fit is cut off afterwards, so that there is a cursor.
        let is_full = bytes > MAX_PAGE_BYTES;
        bytes += event.raw.len();
        events.push(event);
        Ok(!is_full)
    })?;
    Ok(query.listing(events).with_revision(revision))
}
