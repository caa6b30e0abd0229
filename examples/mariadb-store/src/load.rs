//! The rows that changes touch, as they are stored.

use messenger_crm::id::PageId;
use messenger_crm::model::{ContactKey, Revision};
use messenger_crm::store::fold::{
    ContactRow, Ends, Fetched, Missing, MissingEnds, OldRows, OutgoingRow, PageRow, WorkKey,
    WorkRow,
};
use messenger_crm::time::Timestamp;
use mysql_async::Value;

use crate::connection::{Error, Json, Tx, execute, id, millis, one, parse, rows, values};

/// The id under which events are kept that name no Page.
pub(crate) fn page_id(page: Option<&PageId>) -> &str {
    page.map_or("", PageId::as_str)
}

/// Locks the row of a Page until the commit, also a new one. From here on nobody else writes to the
/// Page.
pub(crate) async fn lock(tx: &mut Tx, page: Option<&PageId>) -> Result<(), Error> {
    let sql = "INSERT INTO page (page) VALUES (?) ON DUPLICATE KEY UPDATE page = page";
    execute(tx, sql, values![page_id(page)]).await?;
    let sql = "SELECT 1 FROM page WHERE page = ? FOR UPDATE";
    one::<u8>(tx, sql, values![page_id(page)]).await.map(drop)
}

/// Loads a row that the rules need. The lock of the Page protects it.
pub(crate) async fn load(
    tx: &mut Tx,
    fetched: &mut Fetched,
    missing: Missing,
) -> Result<(), Error> {
    match missing {
        Missing::Contact(key) => {
            let row = contact(tx, &key).await?;
            fetched.add_contact(key, row);
        }
        Missing::Entry(key, id) => {
            let row = message(tx, &key, false, id.as_str()).await?;
            fetched.add_entry(key, id, row);
        }
        Missing::Outgoing(key, reply) => {
            let row = message(tx, &key, true, reply.as_str()).await?;
            fetched.add_outgoing(key, reply, row);
        }
        Missing::Due(key) => {
            let sql = "SELECT data FROM message WHERE page = ? AND psid = ? AND due IS NOT NULL";
            let found: Vec<Json<OutgoingRow>> = rows(tx, sql, place(&key)).await?;
            fetched.add_due(key, found.into_iter().map(|row| row.0));
        }
        Missing::Old(key, cutoff, limit) => {
            let old = old(tx, &key, cutoff, limit).await?;
            fetched.add_old(key, cutoff, old);
        }
        Missing::Inbound(key, cutoff, limit) => {
            let sql = "SELECT count(*) FROM (SELECT 1 FROM message WHERE page = ? AND psid = ?
                AND is_live AND at > ? LIMIT ?) live";
            let values = [place(&key), values![cutoff.as_millis(), limit]].concat();
            let count: Option<u32> = one(tx, sql, values).await?;
            fetched.add_inbound(key, cutoff, limit, count.unwrap_or(0));
        }
        Missing::Work(key) => {
            let row = work(tx, &key).await?;
            fetched.add_work(key, row);
        }
        Missing::FirstWork(contact, kind) => {
            let sql = "SELECT id, data FROM work WHERE page = ? AND psid = ? AND kind = ?
                AND NOT given_up ORDER BY at, id LIMIT 2";
            let values = [place(&contact), values![kind.as_str()]].concat();
            let mut first = Vec::new();
            for (id, data) in rows::<(String, Vec<u8>)>(tx, sql, values).await? {
                let ContactKey { page, psid, .. } = contact.clone();
                first.push((WorkKey::new(page, Some(psid), kind.clone(), id), parse(&data)?));
            }
            fetched.add_first_work(contact, kind, first);
        }
        Missing::Kept(page, id) => {
            let sql = "SELECT 1 FROM raw_event WHERE page = ? AND id = ?";
            let values = values![page_id(page.as_ref()), id.as_str()];
            let found: Option<u8> = one(tx, sql, values).await?;
            fetched.add_kept(page, id, found.is_some());
        }
        Missing::Tombstone(page, hash) => {
            let at = tombstone(tx, &page, &hash).await?;
            fetched.add_tombstone(page, hash, at);
        }
        Missing::ContactOf(page, hash) => {
            let sql = "SELECT psid FROM contact WHERE page = ? AND hash = ?
                UNION SELECT psid FROM raw_event WHERE page = ? AND hash = ?";
            let (name, bytes) = (page.as_str(), hash.as_slice());
            let found: Option<String> = one(tx, sql, values![name, bytes, name, bytes]).await?;
            let psid = found.map(id).transpose()?;
            let key = psid.map(|psid| ContactKey::new(page.clone(), psid));
            fetched.add_contact_of(page, hash, key);
        }
        Missing::Ends(missing) => {
            let ends = ends(tx, &missing).await?;
            fetched.add_ends(missing, ends);
        }
        Missing::Revision(page) | Missing::Page(page) => {
            let sql = "SELECT revision, data FROM page WHERE page = ?";
            let found: Option<(u64, Option<Vec<u8>>)> =
                one(tx, sql, values![page.as_str()]).await?;
            let (revision, data) = found.unwrap_or_default();
            let row = data.map(|data| parse::<PageRow>(&data)).transpose()?;
            fetched.add_revision(page.clone(), Revision::new(revision));
            fetched.add_page(page, row.unwrap_or_default());
        }
    }
    Ok(())
}

pub(crate) fn place(key: &ContactKey) -> Vec<Value> {
    values![key.page.as_str(), key.psid.as_str()]
}

/// A customer's row, with the time of the tombstone.
pub(crate) async fn contact(tx: &mut Tx, key: &ContactKey) -> Result<Option<ContactRow>, Error> {
    let sql = "SELECT data FROM contact WHERE page = ? AND psid = ?";
    let row: Option<Json<ContactRow>> = one(tx, sql, place(key)).await?;
    let mut row = row.map(|row| row.0);
    if let Some(at) = tombstone(tx, &key.page, &key.hash()).await? {
        row.get_or_insert_default().forgotten = Some(at);
    }
    Ok(row)
}

async fn tombstone(
    tx: &mut Tx,
    page: &PageId,
    hash: &[u8; 16],
) -> Result<Option<Timestamp>, Error> {
    let sql = "SELECT at FROM tombstone WHERE page = ? AND hash = ?";
    let at: Option<i64> = one(tx, sql, values![page.as_str(), hash.as_slice()]).await?;
    Ok(at.map(Timestamp::from_millis))
}

async fn message<T: serde::de::DeserializeOwned>(
    tx: &mut Tx,
    key: &ContactKey,
    is_reply: bool,
    id: &str,
) -> Result<Option<T>, Error> {
    let sql = "SELECT data FROM message WHERE page = ? AND psid = ? AND is_reply = ? AND id = ?";
    let values = [place(key), values![is_reply, id]].concat();
    let row: Option<Json<T>> = one(tx, sql, values).await?;
    Ok(row.map(|row| row.0))
}

pub(crate) async fn work(tx: &mut Tx, key: &WorkKey) -> Result<Option<WorkRow>, Error> {
    let sql = "SELECT data FROM work WHERE page = ? AND psid = ? AND kind = ? AND id = ?";
    let row: Option<Json<WorkRow>> = one(tx, sql, work_place(key)).await?;
    Ok(row.map(|row| row.0))
}

pub(crate) fn work_place(key: &WorkKey) -> Vec<Value> {
    let psid = key.psid.as_ref().map_or("", |psid| psid.as_str());
    values![key.page.as_str(), psid, key.kind.as_str(), &key.id]
}

/// Rows that a cut has erased.
async fn old(
    tx: &mut Tx,
    key: &ContactKey,
    cutoff: Timestamp,
    limit: u32,
) -> Result<OldRows, Error> {
    let mut old = OldRows::default();
    let sql = "SELECT is_reply, data FROM message WHERE page = ? AND psid = ? AND old_at <= ?
        ORDER BY is_reply DESC LIMIT ?";
    let values = [place(key), values![cutoff.as_millis(), limit]].concat();
    for (is_reply, data) in rows::<(bool, Vec<u8>)>(tx, sql, values).await? {
        match is_reply {
            true => old.outgoing.push(parse(&data)?),
            false => old.entries.push(parse(&data)?),
        }
    }
    let room = limit as usize - old.outgoing.len() - old.entries.len();
    let sql = "SELECT kind, id FROM work WHERE page = ? AND psid = ? AND at <= ? LIMIT ?";
    let values = [place(key), values![cutoff.as_millis(), room]].concat();
    for (kind, id) in rows::<(String, String)>(tx, sql, values).await? {
        let kind = messenger_crm::model::WorkKind::new(kind);
        let psid = Some(key.psid.clone());
        old.work.push(WorkKey::new(key.page.clone(), psid, kind, id));
    }
    Ok(old)
}

/// The ends of a conversation, without the rows that are loaded: the first row of each order that is
/// not one of them.
async fn ends(tx: &mut Tx, missing: &MissingEnds) -> Result<Ends, Error> {
    let cutoff = millis(missing.cutoff).unwrap_or(i64::MIN);
    let most = missing.without.len() + missing.without_replies.len() + 1;
    let is_loaded = |is_reply: bool, id: &str| match is_reply {
        true => missing.without_replies.iter().any(|key| *key == *id),
        false => missing.without.iter().any(|entry| *entry == *id),
    };
    let mut ends = Ends::default();
    for (after, order) in [
        (None, "tie IS NOT NULL ORDER BY at DESC, tie DESC"),
        (None, "true ORDER BY end_at"),
        (None, "true ORDER BY end_at DESC"),
        (None, "is_inbound ORDER BY end_at DESC"),
        (None, "is_answer ORDER BY end_at DESC"),
        (Some(()), "is_inbound ORDER BY end_at"),
    ] {
        // What is unanswered is later than every answer, also than those that are loaded.
        let replied_at = ends.replied_at.max(missing.replied_at);
        let after_at = after.and_then(|()| millis(replied_at)).unwrap_or(i64::MIN);
        let sql = format!(
            "SELECT is_reply, id, data FROM message WHERE page = ? AND psid = ? AND visible_at > ?
             AND end_at > ? AND {order} LIMIT ?"
        );
        let values = [place(&missing.contact), values![cutoff, after_at, most]].concat();
        for (is_reply, id, data) in rows::<(bool, String, Vec<u8>)>(tx, &sql, values).await? {
            if is_loaded(is_reply, &id) {
                continue;
            }
            match (is_reply, after) {
                (true, _) => ends.include_reply(&parse(&data)?, missing.cutoff),
                (false, None) => ends.include(&parse(&data)?, missing.cutoff),
                (false, Some(())) => ends.include_unanswered(&parse(&data)?, missing.cutoff),
            }
            break;
        }
    }
    Ok(ends)
}
