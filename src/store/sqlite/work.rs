//! The work that is due, and who changed.

use rusqlite::{Connection, params};

use super::{
    columns::{self, CONTACT},
    connection::failed,
    listing::more_than,
    read::{all, find_page, head},
};
use crate::{
    id::PageId,
    model::{ContactKey, Revision},
    store::{Changed, Pending, StoreError, encoding},
    time::Timestamp,
};

/// So many customers are told of at once, but always all of a revision.
const MAX_CHANGED: usize = 1000;

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
    let sql =
        "SELECT min(due) FROM (SELECT min(send_due) AS due FROM contact WHERE send_due IS NOT NULL
         UNION ALL SELECT min(profile_due) FROM contact WHERE profile_due IS NOT NULL)";
    let due = all(connection, sql, [], |row| {
        row.get::<_, Option<i64>>(0).map_err(failed)
    })?;
    let due = due.into_iter().flatten().next();
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
    let sql = "SELECT gone FROM page WHERE page_no = ?1";
    let gone = all(connection, sql, [page_no], |row| {
        row.get::<_, i64>(0).map_err(failed)
    })?;
    let gone = gone.first().copied().unwrap_or(0);
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
