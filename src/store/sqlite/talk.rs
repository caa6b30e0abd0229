//! Messages: a conversation, and what a search finds.

use rusqlite::{Connection, Row, params};

use super::{
    columns::{self, CONTACT, MESSAGE, OUTGOING},
    connection::failed,
    listing::{FAR, count, find_contact, more_than, nothing},
    read::{all, count_steps, find_page, prepare},
    search::TEXTS,
};
use crate::{
    id::PageId,
    model::{ContactKey, Message},
    store::{
        Count, Listing, MessageQuery, MessageScope, StoreError,
        cursor::{Cursor, cut},
        encoding, grams,
    },
};

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
        let entry = columns::entry(row)?;
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
    let next = cut(&mut rows, limit, |row| place(row).to_string());
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
    let sql = "SELECT rowid FROM text_gram WHERE text_gram MATCH ?1 AND rowid < ?2 ORDER BY rowid DESC LIMIT ?3";
    let mut statement = prepare(connection, sql)?;
    let params = params![TEXTS.query(page_no, text), before, more_than(FAR)];
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
    let sql = "SELECT contact_no, at, tie FROM found WHERE doc = ?1";
    let place = |row: &Row<'_>| -> rusqlite::Result<(i64, i64, i64)> {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?))
    };
    let place = all(connection, sql, [doc], |row| place(row).map_err(failed))?;
    let Some(&(number, at, tie)) = place.first() else {
        return Ok(None);
    };
    let sql =
        format!("SELECT {MESSAGE} FROM message WHERE contact_no = ?1 AND at = ?2 AND tie = ?3");
    let entry = all(connection, &sql, [number, at, tie], |row| {
        columns::entry(row)
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
