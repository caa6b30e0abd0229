//! Everything as a log of changes.

use rusqlite::{Connection, params};

use super::{
    Exported,
    columns::{self, CONTACT},
    connection::failed,
    listing::picture_of,
    read::{all, conversation},
};
use crate::{
    change::Change,
    id::PageId,
    model::{ContactKey, EntryId, RawEvent},
    store::{StoreError, encoding, fold},
    time::Timestamp,
};

/// So many customers are exported at once.
const MAX_EXPORTED: i64 = 1000;

pub(super) fn export(
    connection: &Connection,
    after: Option<Exported>,
) -> Result<(Vec<Change>, Option<Exported>), StoreError> {
    let mut changes = Vec::new();
    if after.is_none() {
        changes.extend(export_nameless(connection)?);
    }
    let sql = format!(
        "SELECT {CONTACT}, page FROM contact JOIN page USING (page_no)
         WHERE contact_no > ?1 ORDER BY contact_no LIMIT ?2"
    );
    let after = after.map_or(i64::MIN, |after| after.0);
    let customers = all(connection, &sql, params![after, MAX_EXPORTED], |row| {
        let page: String = row.get("page").map_err(failed)?;
        let page = PageId::new(page).map_err(|_| StoreError::Unreadable("the id of a Page"))?;
        let (number, psid, contact) = columns::contact(row)?;
        Ok((
            number,
            ContactKey::new(page, encoding::psid(psid)?),
            contact,
        ))
    })?;
    let last = customers.last().map(|(number, ..)| Exported(*number));
    for (number, key, row) in &customers {
        let picture = picture_of(connection, *number)?;
        let rows = conversation(connection, *number)?;
        changes.extend(fold::export(key, row, &rows, picture.as_ref()));
    }
    Ok((changes, last))
}

/// Tombstones, and what was kept raw.
fn export_nameless(connection: &Connection) -> Result<Vec<Change>, StoreError> {
    let page =
        |text: String| PageId::new(text).map_err(|_| StoreError::Unreadable("the id of a Page"));
    let mut changes = all(
        connection,
        "SELECT hash, page, at FROM forgotten JOIN page USING (page_no)",
        [],
        |row| {
            Ok(Change::Tombstone {
                page: page(row.get(1).map_err(failed)?)?,
                hash: row.get(0).map_err(failed)?,
                at: Timestamp::from_millis(row.get(2).map_err(failed)?),
            })
        },
    )?;
    changes.extend(all(
        connection,
        "SELECT page, psid, id, at, reason, raw FROM kept LEFT JOIN page USING (page_no)",
        [],
        |row| {
            let (named, psid): (Option<String>, Option<String>) =
                (row.get(0).map_err(failed)?, row.get(1).map_err(failed)?);
            Ok(Change::RawEvent(RawEvent {
                page: named.map(page).transpose()?,
                psid: psid.map(encoding::psid).transpose()?,
                id: EntryId::from_text(row.get::<_, String>(2).map_err(failed)?),
                at: Timestamp::from_millis(row.get(3).map_err(failed)?),
                reason: row.get(4).map_err(failed)?,
                raw: row.get(5).map_err(failed)?,
            }))
        },
    )?);
    Ok(changes)
}
