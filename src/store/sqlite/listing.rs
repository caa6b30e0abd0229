//! Customers in the order of the inbox, and what was kept raw.

use std::collections::BTreeMap;

use rusqlite::{Connection, Params, params};

use super::{
    columns::{self, CONTACT},
    connection::failed,
    read::{all, count_steps, field, find_page, prepare},
    search::NAMES,
};
use crate::{
    model::{Contact, ContactKey, EntryId, Picture, RawEvent, Revision},
    store::{
        ContactFilter, ContactQuery, Count, Listing, MAX_COUNT, RawEventQuery, StoreError,
        cursor::{Cursor, cut},
        encoding,
        fold::ContactRow,
        grams,
    },
    time::Timestamp,
};

/// A filter that finds no more than so many looks at all of them; one that finds more looks
/// through the inbox instead, because then there is one among every few.
const FEW: usize = 2000;

/// So many rows are looked at for one listing, and then it is given with what was found.
pub(super) const FAR: usize = 10_000;

pub(super) fn contact(
    connection: &Connection,
    key: &ContactKey,
) -> Result<Option<Contact>, StoreError> {
    match find_contact(connection, key)? {
        Some((number, row)) => show(connection, key, number, &row),
        None => Ok(None),
    }
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

pub(super) fn contacts(
    connection: &Connection,
    query: &ContactQuery,
) -> Result<Listing<Contact>, StoreError> {
    let Some((page_no, revision)) = find_page(connection, &query.page)? else {
        return Ok(nothing());
    };
    let after = Cursor::parse(query.after.as_deref())?;
    let limit = query.limit as usize;
    let (rows, next, total) = match &query.filter {
        ContactFilter::All => inbox(connection, page_no, "last_at IS NOT NULL", after, limit)?,
        ContactFilter::Unread => inbox(connection, page_no, "unread > 0", after, limit)?,
        ContactFilter::Field { name, value } => {
            let numbers =
                "SELECT contact_no FROM field WHERE page_no = ?1 AND name = ?2 AND value = ?3";
            let params = params![page_no, name, value];
            let is_wanted = |number: i64, _: &ContactRow| {
                let sql = "SELECT 1 FROM field WHERE contact_no = ?1 AND name = ?2 AND value = ?3";
                let found = all(connection, sql, params![number, name, value], |_| Ok(()))?;
                Ok(!found.is_empty())
            };
            filtered(
                connection,
                page_no,
                (numbers, params),
                is_wanted,
                after,
                limit,
            )?
        }
        ContactFilter::Name(text) => {
            let text = grams::fold([text.as_str()]);
            if text.is_empty() {
                inbox(connection, page_no, "last_at IS NOT NULL", after, limit)?
            } else {
                let numbers = "SELECT rowid FROM name_gram WHERE name_gram MATCH ?1";
                let grams = NAMES.query(page_no, &text);
                let is_wanted = |_, row: &ContactRow| Ok(row.searchable().contains(&text));
                filtered(
                    connection,
                    page_no,
                    (numbers, params![grams]),
                    is_wanted,
                    after,
                    limit,
                )?
            }
        }
    };
    let contacts = rows.into_iter().map(|(number, psid, row)| {
        let key = ContactKey::new(query.page.clone(), encoding::psid(psid)?);
        show(connection, &key, number, &row)
    });
    Ok(Listing {
        rows: contacts
            .filter_map(Result::transpose)
            .collect::<Result<_, _>>()?,
        next,
        total,
        revision,
    })
}

type ContactRows = Vec<(i64, String, ContactRow)>;

/// The customers behind a partial index of the inbox.
fn inbox(
    connection: &Connection,
    page_no: i64,
    filter: &str,
    after: Cursor,
    limit: usize,
) -> Result<(ContactRows, Option<String>, Count), StoreError> {
    let sql = format!(
        "SELECT {CONTACT} FROM contact WHERE page_no = ?1 AND {filter} AND (last_at, contact_no) < (?2, ?3)
         ORDER BY last_at DESC, contact_no DESC LIMIT ?4"
    );
    let params = params![page_no, after.at, after.tie, more_than(limit)];
    let mut rows = all(connection, &sql, params, columns::contact)?;
    let next = cut(&mut rows, limit, |row| place(row).to_string());
    let counted = count(
        connection,
        &format!("SELECT 1 FROM contact WHERE page_no = ?1 AND {filter}"),
        params![page_no],
    )?;
    Ok((rows, next, counted))
}

/// The customers that a filter finds which no index has in the order of the inbox.
fn filtered<P: Params + Copy>(
    connection: &Connection,
    page_no: i64,
    (numbers, params): (&str, P),
    is_wanted: impl Fn(i64, &ContactRow) -> Result<bool, StoreError>,
    after: Cursor,
    limit: usize,
) -> Result<(ContactRows, Option<String>, Count), StoreError> {
    let few = format!("{numbers} LIMIT {}", FEW + 1);
    let found = all(connection, &few, params, |row| {
        row.get::<_, i64>(0).map_err(failed)
    })?;
    if found.len() > FEW {
        return walk(connection, page_no, is_wanted, after, limit);
    }
    let sql =
        format!("SELECT {CONTACT} FROM contact WHERE contact_no = ?1 AND last_at IS NOT NULL");
    let mut rows = Vec::new();
    for number in found {
        for row in all(connection, &sql, [number], columns::contact)? {
            if is_wanted(row.0, &row.2)? {
                rows.push(row);
            }
        }
    }
    let total = Count::of(u32::try_from(rows.len()).unwrap_or(u32::MAX));
    rows.retain(|row| place(row) < after);
    rows.sort_by_key(|row| std::cmp::Reverse(place(row)));
    let next = cut(&mut rows, limit, |row| place(row).to_string());
    Ok((rows, next, total))
}

/// Looks through the inbox, and stops when it has come far.
fn walk(
    connection: &Connection,
    page_no: i64,
    is_wanted: impl Fn(i64, &ContactRow) -> Result<bool, StoreError>,
    after: Cursor,
    limit: usize,
) -> Result<(ContactRows, Option<String>, Count), StoreError> {
    let sql = format!(
        "SELECT {CONTACT} FROM contact WHERE page_no = ?1 AND last_at IS NOT NULL AND (last_at, contact_no) < (?2, ?3)
         ORDER BY last_at DESC, contact_no DESC LIMIT ?4"
    );
    let mut statement = prepare(connection, &sql)?;
    let params = params![page_no, after.at, after.tie, more_than(FAR)];
    let mut found = statement.query(params).map_err(failed)?;
    let (mut rows, mut next) = (Vec::new(), None);
    let mut looked_at = 0;
    let mut is_cut = false;
    while let Some(row) = found.next().map_err(failed)? {
        if rows.len() == limit || looked_at == FAR {
            is_cut = true;
            break;
        }
        let row = columns::contact(row)?;
        looked_at += 1;
        next = Some(place(&row).to_string());
        if is_wanted(row.0, &row.2)? {
            rows.push(row);
        }
    }
    drop(found);
    count_steps(&statement);
    let next = next.filter(|_| is_cut);
    Ok((rows, next, Count::MoreThan(FEW as u32)))
}

pub(super) fn kept(
    connection: &Connection,
    query: &RawEventQuery,
) -> Result<Listing<RawEvent>, StoreError> {
    let (page_no, revision) = match &query.page {
        None => (0, Revision::default()),
        Some(page) => match find_page(connection, page)? {
            Some(found) => found,
            None => return Ok(nothing()),
        },
    };
    let after = query.after.as_deref();
    let (at, id) = match after {
        None => (i64::MAX, "\u{10ffff}"),
        Some(after) => after
            .split_once(':')
            .and_then(|(at, id)| Some((at.parse().ok()?, id)))
            .ok_or(StoreError::Unreadable("the cursor"))?,
    };
    let limit = query.limit as usize;
    let mut rows = all(
        connection,
        "SELECT id, psid, at, reason, raw FROM kept WHERE page_no = ?1 AND (at, id) < (?2, ?3)
         ORDER BY at DESC, id DESC LIMIT ?4",
        params![page_no, at, id, more_than(limit)],
        |row| {
            let psid: Option<String> = row.get(1).map_err(failed)?;
            Ok(RawEvent {
                id: EntryId::from_text(row.get::<_, String>(0).map_err(failed)?),
                page: query.page.clone(),
                psid: psid.map(encoding::psid).transpose()?,
                at: Timestamp::from_millis(row.get(2).map_err(failed)?),
                reason: row.get(3).map_err(failed)?,
                raw: row.get(4).map_err(failed)?,
            })
        },
    )?;
    let next = cut(&mut rows, limit, |kept| {
        format!("{}:{}", kept.at.as_millis(), kept.id.as_str())
    });
    let total = count(
        connection,
        "SELECT 1 FROM kept WHERE page_no = ?1",
        [page_no],
    )?;
    Ok(Listing {
        rows,
        next,
        total,
        revision,
    })
}

pub(super) fn find_contact(
    connection: &Connection,
    key: &ContactKey,
) -> Result<Option<(i64, ContactRow)>, StoreError> {
    let Some((page_no, _)) = find_page(connection, &key.page)? else {
        return Ok(None);
    };
    let sql = format!("SELECT {CONTACT} FROM contact WHERE page_no = ?1 AND psid = ?2");
    let found = all(
        connection,
        &sql,
        params![page_no, key.psid.as_str()],
        columns::contact,
    )?;
    Ok(found
        .into_iter()
        .next()
        .map(|(number, _, row)| (number, row)))
}

fn show(
    connection: &Connection,
    key: &ContactKey,
    number: i64,
    row: &ContactRow,
) -> Result<Option<Contact>, StoreError> {
    let sql = "SELECT name, at, value FROM field WHERE contact_no = ?1";
    let fields = all(connection, sql, [number], field)?.into_iter();
    let fields: BTreeMap<String, String> = fields
        .filter_map(|(name, field)| Some((name, field.value?)))
        .collect();
    Ok(row.show(key, fields))
}

pub(super) fn picture_of(
    connection: &Connection,
    number: i64,
) -> Result<Option<Picture>, StoreError> {
    let sql = "SELECT media_type, bytes FROM picture WHERE contact_no = ?1";
    let pictures = all(connection, sql, [number], |row| {
        Ok(Picture {
            media_type: row.get(0).map_err(failed)?,
            bytes: row.get(1).map_err(failed)?,
        })
    })?;
    Ok(pictures.into_iter().next())
}

pub(super) fn nothing<T>() -> Listing<T> {
    Listing {
        rows: Vec::new(),
        next: None,
        total: Count::Exactly(0),
        revision: Revision::default(),
    }
}

/// One more than asked for tells whether there is more.
pub(super) fn more_than(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

pub(super) fn count(
    connection: &Connection,
    rows: &str,
    params: impl Params,
) -> Result<Count, StoreError> {
    let sql = format!("SELECT count(*) FROM ({rows} LIMIT {})", MAX_COUNT + 1);
    let counted = all(connection, &sql, params, |row| row.get(0).map_err(failed))?;
    let counted = counted.first().copied().unwrap_or(0);
    Ok(Count::of(counted))
}

fn place((number, _, row): &(i64, String, ContactRow)) -> Cursor {
    Cursor::new(row.last_at.unwrap_or_default(), *number)
}
