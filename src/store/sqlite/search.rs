//! Search in the texts of messages.

use std::collections::HashSet;

use rusqlite::{Connection, params};

use super::{
    columns::{self, CONTACT, MESSAGE},
    connection::failed,
    read::{all, each, find_page, one},
    search_index::Index,
};
use crate::{
    id::PageId,
    model::{ContactKey, Message},
    store::{
        Hit, Listing, MAX_VISITED, Place, SearchQuery, StoreError,
        fold::ContactRow,
        sql::{millis, psid},
    },
    time::Timestamp,
};

/// Newest messages of each customer that are looked through for a text that is too short for the
/// index.
const NEWEST: i64 = 20;

pub(super) fn search(
    connection: &Connection,
    has_search: bool,
    query: &SearchQuery,
) -> Result<Listing<Hit>, StoreError> {
    let text = query.check()?;
    let after = query.start()?;
    let mut parts: Vec<(Vec<Found>, Option<Place>)> = Vec::new();
    for page in &query.pages {
        let Some((page_no, _)) = find_page(connection, page)? else {
            continue;
        };
        let search = Search {
            connection,
            page,
            text: &text,
            limit: query.limit as usize + 1,
        };
        let grams = Index::query(page_no, &text).filter(|_| has_search);
        parts.push(match grams {
            Some(grams) => search.by_index(&grams, after)?,
            None => search.by_looking(page_no, after)?,
        });
    }
    let horizon = parts.iter().filter_map(|(_, end)| *end).min();
    let mut found: Vec<Found> = parts.into_iter().flat_map(|(rows, _)| rows).collect();
    found.sort_by_key(|(place, _)| *place);
    if let Some(horizon) = horizon {
        found.retain(|(place, _)| *place <= horizon);
    }
    let is_cut = found.len() > query.limit as usize;
    found.truncate(query.limit as usize);
    let last = found.last().map(|(place, _)| *place);
    let mut listing = Listing::new(found.into_iter().map(|(_, hit)| hit).collect());
    listing.next = (if is_cut { last } else { horizon }).map(|place| query.cursor(place));
    Ok(listing)
}

type Found = (Place, Hit);

struct Search<'a> {
    connection: &'a Connection,
    page: &'a PageId,
    text: &'a str,
    limit: usize,
}

impl Search<'_> {
    /// Documents are numbered by their time, so the newest come first.
    fn by_index(
        &self,
        grams: &str,
        after: Place,
    ) -> Result<(Vec<Found>, Option<Place>), StoreError> {
        let sql = "SELECT rowid FROM text_gram WHERE text_gram MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC LIMIT ?3";
        let before = if after == Place::START {
            i64::MAX
        } else {
            after.bounds(true).1
        };
        let (mut rows, mut end, mut visited) = (Vec::new(), None, 0);
        let mut seen = HashSet::new();
        let params = params![grams, before, MAX_VISITED as i64];
        each(self.connection, sql, params, |row| {
            let doc: i64 = row.get(0).map_err(failed)?;
            visited += 1;
            // Only the number orders: it holds the time.
            let place = Place::new(Timestamp::default(), doc, true);
            if let Some((number, hit)) = self.hit(doc)?
                && seen.insert(number)
                && (after == Place::START || !self.has_newer(number, &hit)?)
            {
                rows.push((place, hit));
            }
            let goes_on = rows.len() < self.limit && visited < MAX_VISITED;
            if !goes_on {
                end = Some(place);
            }
            Ok(goes_on)
        })?;
        Ok((rows, end))
    }

    /// The newest messages of the customers who were active last, one customer after the other.
    fn by_looking(
        &self,
        page_no: i64,
        after: Place,
    ) -> Result<(Vec<Found>, Option<Place>), StoreError> {
        let sql = format!(
            "SELECT {} FROM contact WHERE page_no = ?1 AND last_at IS NOT NULL AND (last_at, contact_no) < (?2, ?3)
             ORDER BY last_at DESC, contact_no DESC LIMIT ?4",
            *CONTACT
        );
        let messages = format!(
            "SELECT {MESSAGE} FROM message WHERE contact_no = ?1 AND at > ?2 ORDER BY at DESC, tie DESC LIMIT {NEWEST}"
        );
        let (at, tie) = after.bounds(true);
        let far = MAX_VISITED as i64 / NEWEST;
        let (mut rows, mut end, mut visited) = (Vec::new(), None, 0);
        each(
            self.connection,
            &sql,
            params![page_no, at, tie, far],
            |row| {
                let (number, text, contact) = columns::contact(row)?;
                let key = ContactKey::new(self.page.clone(), psid(text)?);
                visited += 1;
                let place = Place::new(contact.last_at.unwrap_or_default(), number, true);
                let cutoff = millis(contact.cutoff()).unwrap_or(i64::MIN);
                let mut newest = None;
                each(self.connection, &messages, params![number, cutoff], |row| {
                    let entry = columns::entry(row)?;
                    if entry.searchable().contains(self.text) {
                        newest = entry.show(&key, &contact);
                    }
                    Ok(newest.is_none())
                })?;
                if let Some((contact, message)) = contact.show(key).zip(newest) {
                    rows.push((place, Hit::new(contact, message)));
                }
                let goes_on = rows.len() < self.limit && visited < far;
                if !goes_on {
                    end = Some(place);
                }
                Ok(goes_on)
            },
        )?;
        Ok((rows, end))
    }

    /// The message of a document, if it holds the text: having its grams is not enough.
    fn hit(&self, doc: i64) -> Result<Option<(i64, Hit)>, StoreError> {
        let sql = format!(
            "SELECT {MESSAGE}, message.contact_no FROM document CROSS JOIN message USING (contact_no, at, tie) WHERE doc = ?1"
        );
        let found = one(self.connection, &sql, [doc], |row| {
            let number: i64 = row.get("contact_no").map_err(failed)?;
            Ok((number, columns::entry(row)?))
        })?;
        let Some((number, entry)) = found else {
            return Ok(None);
        };
        let Some((key, contact)) = self.contact(number)? else {
            return Ok(None);
        };
        if !entry.is_hit(self.text, &contact) {
            return Ok(None);
        }
        let message = entry.show(&key, &contact);
        let hit = contact.show(key).zip(message);
        Ok(hit.map(|(contact, message)| (number, Hit::new(contact, message))))
    }

    fn contact(&self, number: i64) -> Result<Option<(ContactKey, ContactRow)>, StoreError> {
        let sql = format!("SELECT {} FROM contact WHERE contact_no = ?1", *CONTACT);
        let found = all(self.connection, &sql, [number], columns::contact)?.pop();
        found
            .map(|(_, text, row)| Ok((ContactKey::new(self.page.clone(), psid(text)?), row)))
            .transpose()
    }

    /// Whether a newer message of the customer holds the text, which an earlier page of results has
    /// shown.
    fn has_newer(&self, number: i64, hit: &Hit) -> Result<bool, StoreError> {
        let sql = format!(
            "SELECT {MESSAGE} FROM message WHERE contact_no = ?1 AND at >= ?2 ORDER BY at, tie LIMIT 1000"
        );
        let Message { at, id, .. } = &hit.message;
        let mut has_newer = false;
        each(
            self.connection,
            &sql,
            params![number, at.as_millis()],
            |row| {
                let entry = columns::entry(row)?;
                let holds = entry.searchable().contains(self.text);
                has_newer = holds && entry.id != *id;
                Ok(!has_newer)
            },
        )?;
        Ok(has_newer)
    }
}
