//! Parts of a conversation.

use rusqlite::{Connection, Row, params};

use super::{
    columns::{self, MESSAGE, OUTGOING},
    connection::failed,
    read::{each, find_contact, find_page, one},
};
use crate::{
    model::{ContactKey, EntryId, Message, OutgoingKey},
    store::{
        Listing, MAX_PAGE_BYTES, MessageQuery, MessageStart, Place, StoreError,
        fold::{ContactRow, EntryRow},
        listing::text_size,
        sql::millis,
    },
};

pub(super) fn messages(
    connection: &Connection,
    query: &MessageQuery,
) -> Result<Listing<Message>, StoreError> {
    query.check()?;
    let Some((_, revision)) = find_page(connection, &query.contact.page)? else {
        return Ok(Listing::default());
    };
    let Some((number, contact)) = find_contact(connection, &query.contact)? else {
        return Ok(Listing::default());
    };
    let part = Part {
        connection,
        key: &query.contact,
        number,
        contact: &contact,
    };
    let around = match &query.start {
        MessageStart::Around(id) => part.place_of(id)?,
        _ => None,
    };
    let (mut newer, mut older) = (Vec::new(), Vec::new());
    if let Some(reads) = query.reads(around)? {
        newer = part.read(">", "ASC", reads.newer_than, reads.newer)?;
        older = part.read("<", "DESC", reads.older_than, reads.older)?;
    }
    Ok(query.listing(newer, older, revision))
}

struct Part<'a> {
    connection: &'a Connection,
    key: &'a ContactKey,
    number: i64,
    contact: &'a ContactRow,
}

impl Part<'_> {
    /// The log and the queue, each up to a limit.
    fn read(
        &self,
        than: &str,
        direction: &str,
        place: Place,
        limit: u32,
    ) -> Result<Vec<(Place, Message)>, StoreError> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        let (at, tie) = place.bounds(true);
        let order = format!("ORDER BY at {direction}, tie {direction} LIMIT ?4");
        let cutoff = millis(self.contact.cutoff()).unwrap_or(i64::MIN);
        let limit = i64::from(limit);
        let mut rows = Vec::new();
        let sql = format!(
            "SELECT {MESSAGE}, tie FROM message WHERE contact_no = ?1 AND (at, tie) {than} (?2, ?3) AND at > ?5 {order}"
        );
        let params = params![self.number, at, tie, limit, cutoff];
        let mut bytes = 0;
        each(self.connection, &sql, params, |row| {
            let tie = tie_of(row)?;
            let shown = columns::entry(row)?.show(self.key, self.contact);
            rows.extend(shown.map(|message| (Place::of_message(&message, tie), message)));
            // A row that does not fit is cut off afterwards, so that there is a cursor.
            let is_full = bytes > MAX_PAGE_BYTES;
            bytes += rows.last().map_or(0, |(_, message)| text_size(message));
            Ok(!is_full)
        })?;
        let sql = format!(
            "SELECT {}, tie FROM outgoing WHERE contact_no = ?1 AND (at, tie) {than} (?2, ?3) AND tie IS NOT NULL {order}",
            *OUTGOING
        );
        let params = params![self.number, at, tie, limit];
        each(self.connection, &sql, params, |row| {
            let tie: i64 = row.get("tie").map_err(failed)?;
            let shown = columns::outgoing(row)?.show(self.key, self.contact);
            rows.extend(shown.map(|message| (Place::of_message(&message, tie), message)));
            Ok(true)
        })?;
        Ok(rows)
    }

    /// Place of a message by its id, which a cut may have hidden.
    fn place_of(&self, id: &str) -> Result<Option<Place>, StoreError> {
        let place = |row: &Row<'_>| {
            let at = crate::time::Timestamp::from_millis(row.get(0).map_err(failed)?);
            Ok(Place::new(at, row.get(1).map_err(failed)?, true))
        };
        if let Ok(key) = OutgoingKey::parse(id) {
            let sql = "SELECT at, tie FROM outgoing WHERE contact_no = ?1 AND key = ?2 AND tie IS NOT NULL";
            let params = params![self.number, key.to_bytes()];
            return one(self.connection, sql, params, place);
        }
        let sql = "SELECT at, tie FROM message INDEXED BY message_id WHERE contact_no = ?1 AND tie = ?2 AND id = ?3";
        let tie = EntryRow::tie(&EntryId::from_text(id));
        one(self.connection, sql, params![self.number, tie, id], place)
    }
}

fn tie_of(row: &Row<'_>) -> Result<i64, StoreError> {
    row.get("tie").map_err(failed)
}
