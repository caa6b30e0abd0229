//! What the SQLite store shows: listings, and the work that is due.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Params, params};

use super::{
    Exported,
    columns::{self, CONTACT, MESSAGE, OUTGOING},
    connection::failed,
    rows::{all, conversation, count_steps, field, find_page, head},
    search,
};
use crate::{
    change::Change,
    id::PageId,
    store::{
        Changed, Contact, ContactFilter, ContactKey, ContactQuery, Count, EntryId, Kept, KeptQuery,
        Listing, MAX_COUNT, Message, MessageQuery, MessageScope, Pending, Picture, Revision,
        StoreError,
        cursor::Cursor,
        encoding,
        fold::{self, ContactRow},
        grams,
    },
    time::Timestamp,
};

/// A filter that finds no more than so many looks at all of them; one that finds more looks
/// through the inbox instead, because then there is one among every few.
const FEW: usize = 2000;
/// So many rows are looked at for one listing, and then it is given with what was found.
const FAR: usize = 10_000;
/// So many customers are told of at once, but always all of a revision.
const MAX_CHANGED: usize = 1000;
/// So many customers are exported at once.
const MAX_EXPORTED: i64 = 1000;

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
                connection
                    .prepare_cached(
                        "SELECT 1 FROM field WHERE contact_no = ?1 AND name = ?2 AND value = ?3",
                    )
                    .and_then(|mut sql| sql.exists(params![number, name, value]))
                    .map_err(failed)
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
                let grams = search::query(page_no, &text);
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
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let counted = count(
        connection,
        &format!("SELECT 1 FROM contact WHERE page_no = ?1 AND {filter}"),
        params![page_no],
    )?;
    let next = rows
        .last()
        .filter(|_| has_more)
        .map(|row| place(row).to_string());
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
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows
        .last()
        .filter(|_| has_more)
        .map(|row| place(row).to_string());
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
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
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

pub(super) fn messages(
    connection: &Connection,
    query: &MessageQuery,
) -> Result<Listing<Message>, StoreError> {
    let Some((page_no, revision)) = find_page(connection, query.page())? else {
        return Ok(nothing());
    };
    let after = Cursor::parse(query.after.as_deref())?;
    let limit = query.limit as usize;
    let (rows, next, total) = match &query.scope {
        MessageScope::Conversation(key) => talk(connection, key, after, limit)?,
        MessageScope::Search { page, text } => {
            let text = grams::fold([text.as_str()]);
            found(connection, (page, page_no), &text, after, limit)?
        }
    };
    Ok(Listing {
        rows,
        next,
        total,
        revision,
    })
}

/// A conversation: the log and the queue, in one order.
fn talk(
    connection: &Connection,
    key: &ContactKey,
    after: Cursor,
    limit: usize,
) -> Result<(Vec<Message>, Option<String>, Count), StoreError> {
    let Some((number, contact)) = find_contact(connection, key)? else {
        return Ok((Vec::new(), None, Count::Exactly(0)));
    };
    let part = "WHERE contact_no = ?1 AND (at, tie) < (?2, ?3)";
    let order = "ORDER BY at DESC, tie DESC LIMIT ?4";
    let params = params![number, after.at, after.tie, more_than(limit)];
    let logged = format!("SELECT {MESSAGE}, tie FROM message {part} {order}");
    let logged = all(connection, &logged, params, |row| {
        let tie = row.get("tie").map_err(failed)?;
        let entry = columns::entry(row, true)?;
        Ok(entry.show(key, &contact).map(|message| (tie, message)))
    })?;
    let queued = format!("SELECT {OUTGOING}, tie FROM outgoing {part} AND tie IS NOT NULL {order}");
    let queued = all(connection, &queued, params, |row| {
        let tie = row.get("tie").map_err(failed)?;
        let answer = columns::outgoing(row)?;
        Ok(answer.show(key).map(|message| (tie, message)))
    })?;
    let mut rows: Vec<(i64, Message)> = logged.into_iter().chain(queued).flatten().collect();
    let place = |(tie, message): &(i64, Message)| Cursor::new(message.at, *tie);
    rows.sort_by_key(|row| std::cmp::Reverse(place(row)));
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows
        .last()
        .filter(|_| has_more)
        .map(|row| place(row).to_string());
    let total = count(
        connection,
        "SELECT 1 FROM message WHERE contact_no = ?1
         UNION ALL SELECT 1 FROM outgoing WHERE contact_no = ?1 AND tie IS NOT NULL",
        [number],
    )?;
    Ok((
        rows.into_iter().map(|(_, message)| message).collect(),
        next,
        total,
    ))
}

/// What holds a text, the newest first: documents are numbered by their time.
fn found(
    connection: &Connection,
    (page, page_no): (&PageId, i64),
    text: &str,
    after: Cursor,
    limit: usize,
) -> Result<(Vec<Message>, Option<String>, Count), StoreError> {
    let before = if after == Cursor::START {
        i64::MAX
    } else {
        after.tie
    };
    let mut statement = connection
        .prepare_cached(
            "SELECT rowid FROM text_gram WHERE text_gram MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC LIMIT ?3",
        )
        .map_err(failed)?;
    let params = params![search::query(page_no, text), before, more_than(FAR)];
    let mut documents = statement.query(params).map_err(failed)?;
    let (mut rows, mut next, mut looked_at, mut is_cut) = (Vec::new(), None, 0, false);
    while let Some(row) = documents.next().map_err(failed)? {
        if rows.len() == limit || looked_at == FAR {
            is_cut = true;
            break;
        }
        let doc: i64 = row.get(0).map_err(failed)?;
        looked_at += 1;
        next = Some(Cursor { at: 0, tie: doc }.to_string());
        rows.extend(message_of(connection, page, doc, text)?);
    }
    drop(documents);
    count_steps(&statement);
    let counted = u32::try_from(rows.len()).unwrap_or(u32::MAX);
    // Only who has looked at all of them knows how many there are.
    let total = if after == Cursor::START && !is_cut {
        Count::of(counted)
    } else {
        Count::MoreThan(counted)
    };
    Ok((rows, next.filter(|_| is_cut), total))
}

/// The message behind a document, if it holds the text: having its grams is not enough.
fn message_of(
    connection: &Connection,
    page: &PageId,
    doc: i64,
    text: &str,
) -> Result<Option<Message>, StoreError> {
    let place: Option<(i64, i64, i64)> = connection
        .prepare_cached("SELECT contact_no, at, tie FROM found WHERE doc = ?1")
        .and_then(|mut sql| {
            sql.query_row([doc], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .optional()
        })
        .map_err(failed)?;
    let Some((number, at, tie)) = place else {
        return Ok(None);
    };
    let sql =
        format!("SELECT {MESSAGE} FROM message WHERE contact_no = ?1 AND at = ?2 AND tie = ?3");
    let entry = all(connection, &sql, [number, at, tie], |row| {
        columns::entry(row, true)
    })?
    .pop();
    let Some(entry) = entry.filter(|entry| entry.searchable().contains(text)) else {
        return Ok(None);
    };
    let sql = format!("SELECT {CONTACT} FROM contact WHERE contact_no = ?1");
    let contact = all(connection, &sql, [number], columns::contact)?.pop();
    let Some((_, psid, contact)) = contact else {
        return Ok(None);
    };
    let key = ContactKey::new(page.clone(), encoding::psid(psid)?);
    Ok(entry.show(&key, &contact))
}

pub(super) fn kept(
    connection: &Connection,
    query: &KeptQuery,
) -> Result<Listing<Kept>, StoreError> {
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
            Ok(Kept {
                id: EntryId::from_text(row.get::<_, String>(0).map_err(failed)?),
                page: query.page.clone(),
                psid: psid.map(encoding::psid).transpose()?,
                at: Timestamp::from_millis(row.get(2).map_err(failed)?),
                reason: row.get(3).map_err(failed)?,
                raw: row.get(4).map_err(failed)?,
            })
        },
    )?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more);
    let next = next.map(|kept| format!("{}:{}", kept.at.as_millis(), kept.id.as_str()));
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

pub(super) fn pending(
    connection: &Connection,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Pending>, StoreError> {
    let mut work = Vec::new();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let due = |column: &str| {
        let sql = format!(
            "SELECT {CONTACT}, page FROM contact JOIN page USING (page_no)
             WHERE {column} <= ?1 ORDER BY {column} LIMIT ?2"
        );
        all(connection, &sql, params![now.as_millis(), limit], |row| {
            let page: String = row.get("page").map_err(failed)?;
            let (number, psid, contact) = columns::contact(row)?;
            let page = PageId::new(page).map_err(|_| StoreError::Unreadable("the id of a Page"))?;
            Ok((
                number,
                ContactKey::new(page, encoding::psid(psid)?),
                contact,
            ))
        })
    };
    for (number, key, _) in due("send_due")? {
        work.extend(head(connection, number)?.and_then(|answer| answer.pending(&key)));
    }
    for (_, key, row) in due("profile_due")? {
        work.push(row.pending(&key));
    }
    Ok(work)
}

pub(super) fn next_due(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let due: Option<i64> = connection
        .query_row(
            "SELECT min(due) FROM (SELECT min(send_due) AS due FROM contact WHERE send_due IS NOT NULL
             UNION ALL SELECT min(profile_due) FROM contact WHERE profile_due IS NOT NULL)",
            [],
            |row| row.get(0),
        )
        .map_err(failed)?;
    Ok(due.map(Timestamp::from_millis))
}

pub(super) fn changed(
    connection: &Connection,
    page: &PageId,
    since: Revision,
) -> Result<Changed, StoreError> {
    let Some((page_no, revision)) = find_page(connection, page)? else {
        return Ok(Changed {
            reread: since > Revision::default(),
            ..Changed::default()
        });
    };
    let gone: i64 = connection
        .query_row(
            "SELECT gone FROM page WHERE page_no = ?1",
            [page_no],
            |row| row.get(0),
        )
        .map_err(failed)?;
    if since > revision || since < Revision::new(gone.cast_unsigned()) {
        return Ok(Changed {
            revision,
            reread: true,
            ..Changed::default()
        });
    }
    let read = |condition: &str, than: i64, limit: usize| {
        let sql = format!(
            "SELECT psid, revision FROM contact WHERE page_no = ?1 AND last_at IS NOT NULL AND revision {condition} ?2
             ORDER BY revision, contact_no LIMIT ?3"
        );
        all(
            connection,
            &sql,
            params![page_no, than, more_than(limit)],
            |row| {
                let psid = encoding::psid(row.get(0).map_err(failed)?)?;
                Ok((psid, row.get::<_, i64>(1).map_err(failed)?))
            },
        )
    };
    let mut rows = read(">", encoding::revision_to_sql(since), MAX_CHANGED)?;
    let mut until = revision;
    let more = rows.len() > MAX_CHANGED;
    if more
        && let (Some((_, first)), Some((_, last))) = (rows.first().cloned(), rows.last().cloned())
    {
        if first == last {
            rows = read("=", first, i32::MAX as usize)?;
            until = Revision::new(first.cast_unsigned());
        } else {
            rows.retain(|(_, revision)| *revision < last);
            let end = rows.last().map_or(first, |(_, revision)| *revision);
            until = Revision::new(end.cast_unsigned());
        }
    }
    let key = |(psid, _)| ContactKey::new(page.clone(), psid);
    Ok(Changed {
        contacts: rows.into_iter().map(key).collect(),
        revision: until,
        more,
        reread: false,
    })
}

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
            Ok(Change::Buried {
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
            Ok(Change::Kept {
                page: named.map(page).transpose()?,
                psid: psid.map(encoding::psid).transpose()?,
                id: EntryId::from_text(row.get::<_, String>(2).map_err(failed)?),
                at: Timestamp::from_millis(row.get(3).map_err(failed)?),
                reason: row.get(4).map_err(failed)?,
                raw: row.get(5).map_err(failed)?,
            })
        },
    )?);
    Ok(changes)
}

fn find_contact(
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

fn picture_of(connection: &Connection, number: i64) -> Result<Option<Picture>, StoreError> {
    connection
        .prepare_cached("SELECT media_type, bytes FROM picture WHERE contact_no = ?1")
        .and_then(|mut sql| {
            sql.query_row([number], |row| {
                Ok(Picture {
                    media_type: row.get(0)?,
                    bytes: row.get(1)?,
                })
            })
            .optional()
        })
        .map_err(failed)
}

fn nothing<T>() -> Listing<T> {
    Listing {
        rows: Vec::new(),
        next: None,
        total: Count::Exactly(0),
        revision: Revision::default(),
    }
}

/// One more than asked for tells whether there is more.
fn more_than(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

fn count(connection: &Connection, rows: &str, params: impl Params) -> Result<Count, StoreError> {
    let sql = format!("SELECT count(*) FROM ({rows} LIMIT {})", MAX_COUNT + 1);
    let mut statement = connection.prepare_cached(&sql).map_err(failed)?;
    let counted = statement
        .query_row(params, |row| row.get(0))
        .map_err(failed)?;
    count_steps(&statement);
    Ok(Count::of(counted))
}

fn place((number, _, row): &(i64, String, ContactRow)) -> Cursor {
    Cursor::new(row.last_at.unwrap_or_default(), *number)
}
