//! The rows that are different, written before the commit.

use messenger_crm::model::ContactKey;
use messenger_crm::store::fold::{ContactRow, Fetched, MessageIndex};
use messenger_crm::time::Timestamp;
use mysql_async::Value;

use crate::connection::{Error, Tx, execute, json, millis, values};
use crate::load::{page_id, place, work_place};
use crate::read::status;

pub(crate) async fn save(tx: &mut Tx, rows: &Fetched) -> Result<(), Error> {
    let batch = rows.changed();
    for ((key, id), row) in &batch.entries {
        let row = row
            .as_ref()
            .map(|row| Ok::<_, Error>((row.index(), None, json(row)?)));
        message(tx, key, (false, id.as_str()), row.transpose()?).await?;
    }
    for ((key, id), row) in &batch.outgoing {
        let row = row
            .as_ref()
            .map(|row| Ok::<_, Error>((row.index(), row.due(), json(row)?)));
        message(tx, key, (true, id.as_str()), row.transpose()?).await?;
    }
    for (key, row) in &batch.work {
        let Some(row) = row else {
            let sql = "DELETE FROM work WHERE page = ? AND psid = ? AND kind = ? AND id = ?";
            execute(tx, sql, work_place(key)).await?;
            continue;
        };
        let (at, due) = (row.at.as_millis(), millis(row.due));
        let columns = values![at, due, row.given_up, json(row)?];
        put(
            tx,
            "work",
            "page, psid, kind, id, at, due, given_up, data",
            work_place(key),
            columns,
        )
        .await?;
    }
    for (key, picture) in &batch.pictures {
        let Some(picture) = picture else {
            let sql = "DELETE FROM picture WHERE page = ? AND psid = ?";
            execute(tx, sql, place(key)).await?;
            continue;
        };
        let columns = values![&picture.media_type, picture.bytes.as_slice()];
        put(
            tx,
            "picture",
            "page, psid, media_type, bytes",
            place(key),
            columns,
        )
        .await?;
    }
    for (key, up_to) in &batch.remove_kept {
        let sql = "DELETE FROM raw_event WHERE page = ? AND hash = ? AND at <= ?";
        let values = values![key.page.as_str(), key.hash().as_slice(), up_to.as_millis()];
        execute(tx, sql, values).await?;
    }
    for event in batch.kept.values() {
        let hash = event.contact().map(|key| key.hash().to_vec());
        let psid = event.psid.as_ref().map(|psid| psid.as_str());
        let keys = values![page_id(event.page.as_ref()), event.id.as_str()];
        let (at, reason) = (event.at.as_millis(), &event.reason);
        let columns = values![psid, hash, at, reason, event.raw.as_slice()];
        put(
            tx,
            "raw_event",
            "page, id, psid, hash, at, reason, raw",
            keys,
            columns,
        )
        .await?;
    }
    for ((page, hash), at) in &batch.tombstones {
        let keys = values![page.as_str(), hash.as_slice()];
        put(
            tx,
            "tombstone",
            "page, hash, at",
            keys,
            values![at.as_millis()],
        )
        .await?;
    }
    for (page, row) in &batch.pages {
        let until = row
            .pause
            .as_ref()
            .map(|pause| millis(pause.until).unwrap_or(i64::MAX));
        let columns = values![until, json(row)?];
        put(
            tx,
            "page",
            "page, paused_until, data",
            values![page.as_str()],
            columns,
        )
        .await?;
    }
    for (page, revision) in &batch.revisions {
        let revision = revision.number();
        let sql = "UPDATE page SET revision = ?, removed = if(?, ?, removed) WHERE page = ?";
        let is_removed = batch.removed.contains(page);
        execute(
            tx,
            sql,
            values![revision, is_removed, revision, page.as_str()],
        )
        .await?;
    }
    for (key, row) in &batch.contacts {
        let row = row.clone().unwrap_or_default();
        contact(tx, key, &row, rows.stored_contact(key)).await?;
    }
    Ok(())
}

/// Inserts a row, or writes its columns over those of the row with these keys.
async fn put(
    tx: &mut Tx,
    table: &str,
    names: &str,
    keys: Vec<Value>,
    columns: Vec<Value>,
) -> Result<(), Error> {
    let set: Vec<String> = (names.split(", ").skip(keys.len()))
        .map(|name| format!("{name} = VALUE({name})"))
        .collect();
    let values = [keys, columns].concat();
    let sql = format!(
        "INSERT INTO {table} ({names}) VALUES ({}) ON DUPLICATE KEY UPDATE {}",
        crate::connection::marks(values.len()),
        set.join(", ")
    );
    execute(tx, &sql, values).await
}

async fn message(
    tx: &mut Tx,
    key: &ContactKey,
    (is_reply, id): (bool, &str),
    row: Option<(MessageIndex, Option<Timestamp>, String)>,
) -> Result<(), Error> {
    let keys = [place(key), values![is_reply, id]].concat();
    let Some((index, due, data)) = row else {
        let sql = "DELETE FROM message WHERE page = ? AND psid = ? AND is_reply = ? AND id = ?";
        return execute(tx, sql, keys).await;
    };
    let names = "page, psid, is_reply, id, at, tie, visible_at, old_at, end_at, is_inbound, is_answer, is_live, due, data";
    let columns = values![
        index.position.map(|position| position.at.as_millis()),
        index.position.map(|position| position.tie),
        millis(index.visible_at),
        index.old_at.as_millis(),
        millis(index.end_at),
        index.is_inbound,
        index.is_answer,
        index.is_live,
        millis(due),
        data,
    ];
    put(tx, "message", names, keys, columns).await
}

async fn contact(
    tx: &mut Tx,
    key: &ContactKey,
    row: &ContactRow,
    stored: Option<&ContactRow>,
) -> Result<(), Error> {
    let names = "page, psid, hash, revision, last_at, first_at, unanswered_since, inbound_at, unread, status, assignee, names, send_due, profile_due, wake_due, erase_due, data";
    let columns = values![
        key.hash().as_slice(),
        row.revision.number(),
        millis(row.last_at),
        millis(row.first_at),
        millis(row.unanswered_since),
        millis(row.inbound_at),
        row.unread,
        status(row.status.kind()),
        row.assignee.as_deref(),
        row.searchable(),
        millis(row.send_due),
        millis(row.profile_due()),
        millis(row.wake_due()),
        row.erasing.then_some(0),
        json(row)?,
    ];
    put(tx, "contact", names, place(key), columns).await?;
    if stored.map_or(!row.labels.is_empty(), |stored| stored.labels != row.labels) {
        let sql = "DELETE FROM label WHERE page = ? AND psid = ?";
        execute(tx, sql, place(key)).await?;
        for (name, value) in row.labels.set() {
            let sql = "INSERT INTO label (page, psid, name, value) VALUES (?, ?, ?, ?)";
            execute(tx, sql, [place(key), values![name, value]].concat()).await?;
        }
    }
    if row.is_tombstone() {
        // Of somebody of whom nothing is left the hash is enough.
        let sql = "DELETE FROM contact WHERE page = ? AND psid = ?
            AND NOT EXISTS (SELECT 1 FROM message m WHERE m.page = contact.page AND m.psid = contact.psid)
            AND NOT EXISTS (SELECT 1 FROM picture p WHERE p.page = contact.page AND p.psid = contact.psid)";
        execute(tx, sql, place(key)).await?;
    }
    Ok(())
}
