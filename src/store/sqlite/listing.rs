//! What the SQLite store shows: listings, and the work that is due.

use rusqlite::{Connection, Row, params};

use super::{
    rows::{SqliteRows, from_json, revision},
    unavailable,
};
use crate::{
    id::{PageId, Psid},
    store::{
        Contact, ContactKey, ContactQuery, Count, Entry, Listing, Message, MessageQuery,
        MessageState, Pending, Side, Source, StoreError,
        fold::{ContactRow, EntryRow, OutgoingRow, OutgoingState, Rows},
    },
    time::Timestamp,
};

/// Counting further than this costs more than anybody wants to know.
const MAX_COUNT: u32 = 1000;

pub(super) fn contact(
    connection: &Connection,
    key: ContactKey,
) -> Result<Option<Contact>, StoreError> {
    let row = SqliteRows::new(connection).contact(&key)?;
    row.map_or(Ok(None), |row| shown(connection, key, row))
}

pub(super) fn contacts(
    connection: &Connection,
    query: &ContactQuery,
) -> Result<Listing<Contact>, StoreError> {
    let page = query.page.as_str();
    let search = query
        .search
        .as_deref()
        .map(|text| text.trim().to_lowercase())
        .filter(|text| !text.is_empty());
    let (at, psid) = cursor(query.after.as_deref())?;
    let mut found = select(
        connection,
        "SELECT psid, data FROM contact WHERE page = ?1 AND last_at IS NOT NULL AND (last_at, psid) < (?2, ?3)
         AND (?4 IS NULL OR instr(search, ?4)) ORDER BY last_at DESC, psid DESC LIMIT ?5",
        params![page, at, psid, search, query.limit.saturating_add(1)],
        |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)),
    )?;
    let more = found.len() > query.limit as usize;
    found.truncate(query.limit as usize);
    let rows: Vec<Contact> = found
        .into_iter()
        .map(|(psid, data)| {
            let psid = Psid::new(psid).map_err(|_| StoreError::Unreadable("a customer's id"))?;
            let key = ContactKey::new(query.page.clone(), psid);
            shown(connection, key, from_json(&data)?)
        })
        .filter_map(Result::transpose)
        .collect::<Result<_, StoreError>>()?;
    let counted: u32 = connection
        .query_row(
            "SELECT count(*) FROM (SELECT 1 FROM contact WHERE page = ?1 AND last_at IS NOT NULL
             AND (?2 IS NULL OR instr(search, ?2)) LIMIT ?3)",
            params![page, search, MAX_COUNT + 1],
            |row| row.get(0),
        )
        .map_err(unavailable)?;
    let next = rows
        .last()
        .filter(|_| more)
        .map(|last| format!("{}:{}", last.last_at.as_millis(), last.key.psid));
    Ok(Listing {
        rows,
        next,
        total: count(counted),
        revision: revision(connection, &query.page)?,
    })
}

pub(super) fn messages(
    connection: &Connection,
    query: &MessageQuery,
) -> Result<Listing<Message>, StoreError> {
    let key = &query.contact;
    let Some(contact) = SqliteRows::new(connection).contact(key)? else {
        return Ok(Listing {
            rows: Vec::new(),
            next: None,
            total: Count::Exactly(0),
            revision: revision(connection, &key.page)?,
        });
    };
    let (at, id) = cursor(query.after.as_deref())?;
    let mut found = select(
        connection,
        "SELECT at, id, logged, data FROM (
             SELECT at, id, 1 AS logged, data FROM message WHERE page = ?1 AND psid = ?2 AND (at, id) < (?3, ?4)
             UNION ALL
             SELECT at, key AS id, 0 AS logged, data FROM outgoing WHERE page = ?1 AND psid = ?2 AND shown AND (at, key) < (?3, ?4))
         ORDER BY at DESC, id DESC LIMIT ?5",
        params![key.page.as_str(), key.psid.as_str(), at, id, query.limit.saturating_add(1)],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, bool>(2)?, row.get::<_, String>(3)?)),
    )?;
    let more = found.len() > query.limit as usize;
    found.truncate(query.limit as usize);
    let next = found
        .last()
        .filter(|_| more)
        .map(|(at, id, ..)| format!("{at}:{id}"));
    let rows = found
        .into_iter()
        .map(|(_, _, logged, data)| {
            if logged {
                Ok(logged_message(key, from_json(&data)?, &contact))
            } else {
                Ok(queued_message(key, from_json(&data)?))
            }
        })
        .collect::<Result<Vec<_>, StoreError>>()?;
    let counted: u32 = connection
        .query_row(
            "SELECT count(*) FROM (SELECT 1 FROM message WHERE page = ?1 AND psid = ?2
             UNION ALL SELECT 1 FROM outgoing WHERE page = ?1 AND psid = ?2 AND shown LIMIT ?3)",
            params![key.page.as_str(), key.psid.as_str(), MAX_COUNT + 1],
            |row| row.get(0),
        )
        .map_err(unavailable)?;
    Ok(Listing {
        rows,
        next,
        total: count(counted),
        revision: revision(connection, &key.page)?,
    })
}

pub(super) fn pending(
    connection: &Connection,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Pending>, StoreError> {
    let mut work = Vec::new();
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let due = |sql| {
        select(connection, sql, params![now.as_millis(), limit], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
    };
    for (page, psid) in
        due("SELECT page, psid FROM contact WHERE send_due <= ?1 ORDER BY send_due LIMIT ?2")?
    {
        let contact = contact_key(page, psid)?;
        let Some(head) = SqliteRows::new(connection).head(&contact)? else {
            continue;
        };
        let Some(content) = head.content else {
            continue;
        };
        work.push(match head.state {
            OutgoingState::Sending { .. } => Pending::Lapsed {
                contact,
                key: head.key,
                attempt: head.attempt,
            },
            _ => Pending::Send {
                contact,
                key: head.key,
                attempt: head.attempt.saturating_add(1),
                content,
            },
        });
    }
    for (page, psid) in
        due("SELECT page, psid FROM contact WHERE profile_due <= ?1 ORDER BY profile_due LIMIT ?2")?
    {
        let contact = contact_key(page, psid)?;
        let Some(row) = SqliteRows::new(connection).contact(&contact)? else {
            continue;
        };
        work.push(Pending::FetchProfile {
            contact,
            attempt: row.profile_attempt.saturating_add(1),
        });
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
        .map_err(unavailable)?;
    Ok(due.map(Timestamp::from_millis))
}

fn contact_key(page: String, psid: String) -> Result<ContactKey, StoreError> {
    let unreadable = |_| StoreError::Unreadable("a customer's key");
    Ok(ContactKey::new(
        PageId::new(page).map_err(unreadable)?,
        Psid::new(psid).map_err(unreadable)?,
    ))
}

fn shown(
    connection: &Connection,
    key: ContactKey,
    mut row: ContactRow,
) -> Result<Option<Contact>, StoreError> {
    let (Some(first_at), Some(last_at)) = (row.first_at, row.last_at) else {
        return Ok(None);
    };
    if let Some(mut preview) = row.preview.take() {
        let answer = match &preview.key {
            Some(answer) => SqliteRows::new(connection).outgoing(&key, answer)?,
            None => None,
        };
        preview.state = match answer.filter(|answer| answer.mids.is_empty()) {
            Some(answer) => queued_message(&key, answer).state,
            None => (preview.side == Side::Page).then(|| ticks(preview.at, &row)),
        };
        row.preview = Some(preview);
    }
    Ok(Some(Contact {
        key,
        first_at,
        last_at,
        inbound_at: row.inbound_at,
        unread: row.unread,
        profile: row.profile,
        profile_due: row.profile_due,
        picture: row.picture,
        preview: row.preview,
        fields: std::collections::BTreeMap::new(),
        revision: row.revision,
    }))
}

/// Ticks are derived when reading, never stored: a receipt costs one row however long the talk.
fn ticks(at: Timestamp, contact: &ContactRow) -> MessageState {
    let reached = |mark: Option<Timestamp>| mark.is_some_and(|mark| at <= mark);
    if reached(contact.read) {
        MessageState::Read
    } else if reached(contact.delivered) {
        MessageState::Delivered
    } else {
        MessageState::Sent
    }
}

fn logged_message(who: &ContactKey, row: EntryRow, contact: &ContactRow) -> Message {
    let at = row.entry.at;
    let state = (row.side == Side::Page).then(|| ticks(at, contact));
    let Entry {
        id,
        source,
        content,
        app,
        ..
    } = row.entry;
    Message {
        contact: who.clone(),
        id: id.as_str().to_owned(),
        key: row.key,
        at,
        side: row.side,
        source,
        app,
        content,
        edited_at: None,
        unsent_at: None,
        reactions: Vec::new(),
        state,
        reason: None,
        sent_twice: false,
    }
}

fn queued_message(who: &ContactKey, row: OutgoingRow) -> Message {
    let (state, reason) = match row.state {
        OutgoingState::Queued | OutgoingState::NotSent { .. } => (MessageState::Queued, None),
        OutgoingState::Sending { .. } => (MessageState::Sending, None),
        OutgoingState::Unknown => (MessageState::Unknown, None),
        OutgoingState::Failed { reason } => (MessageState::Failed, Some(reason)),
        OutgoingState::Dismissed => (MessageState::Failed, None),
        OutgoingState::Sent => (MessageState::Sent, None),
    };
    Message {
        contact: who.clone(),
        id: row.key.as_str().to_owned(),
        key: Some(row.key),
        at: row.at,
        side: Side::Page,
        source: Source::Own,
        app: None,
        content: row.content.unwrap_or_default(),
        edited_at: None,
        unsent_at: None,
        reactions: Vec::new(),
        state: Some(state),
        reason,
        sent_twice: false,
    }
}

fn cursor(after: Option<&str>) -> Result<(i64, &str), StoreError> {
    // U+10FFFF sorts behind every id.
    let Some(after) = after else {
        return Ok((i64::MAX, "\u{10ffff}"));
    };
    let parts = after
        .split_once(':')
        .and_then(|(at, id)| Some((at.parse().ok()?, id)));
    parts.ok_or(StoreError::Unreadable("the cursor"))
}

fn count(counted: u32) -> Count {
    if counted > MAX_COUNT {
        Count::MoreThan(MAX_COUNT)
    } else {
        Count::Exactly(counted)
    }
}

fn select<T>(
    connection: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(unavailable)?;
    let rows = statement.query_map(params, read).map_err(unavailable)?;
    rows.collect::<rusqlite::Result<_>>().map_err(unavailable)
}
