//! Work that is due.

use messenger_crm::model::{ContactKey, WorkKind};
use messenger_crm::store::fold::{OutgoingRow, WorkKey};
use messenger_crm::store::{Pending, PendingQuery};
use messenger_crm::time::Timestamp;

use crate::connection::{Error, Json, Tx, id, marks, millis, one, rows, values};
use crate::load;

/// Work of the view `queue` that no pause holds back. A pause does not hold back what opens a
/// conversation or removes rows.
const READY: &str = "(kind IN ('wake', 'erase') OR coalesce(paused_until <= ?, true))";

pub(crate) async fn pending(tx: &mut Tx, query: &PendingQuery) -> Result<Vec<Pending>, Error> {
    // In turn from each Page: the first of all, then the second of all.
    let sql = format!(
        "SELECT page, psid, id FROM (
            SELECT page, psid, id, due, row_number() OVER (PARTITION BY page ORDER BY due) AS turn
            FROM queue JOIN page USING (page) WHERE kind = ? AND due <= ? AND {READY}
         ) works ORDER BY turn, due LIMIT ?"
    );
    let (now, mut found) = (query.now.as_millis(), Vec::new());
    for kind in &query.kinds {
        let values = values![kind.as_str(), now, now, query.limit];
        for (page, psid, name) in rows::<(String, String, String)>(tx, &sql, values).await? {
            found.extend(one_pending(tx, kind, page, psid, name).await?);
        }
    }
    Ok(found)
}

async fn one_pending(
    tx: &mut Tx,
    kind: &WorkKind,
    page: String,
    psid: String,
    name: String,
) -> Result<Option<Pending>, Error> {
    let page = id(page)?;
    let of_library = [WorkKind::SEND, WorkKind::PROFILE, WorkKind::WAKE, WorkKind::ERASE];
    if !of_library.contains(kind) {
        let psid = Some(psid).filter(|psid| !psid.is_empty());
        let key = WorkKey::new(page, psid.map(id).transpose()?, kind.clone(), name);
        return Ok(load::work(tx, &key).await?.map(|row| row.pending(&key)));
    }
    let key = ContactKey::new(page, id(psid)?);
    if *kind == WorkKind::WAKE {
        return Ok(Some(Pending::wake(key)));
    }
    if *kind == WorkKind::ERASE {
        return Ok(Some(Pending::erase(key)));
    }
    let Some(row) = load::contact(tx, &key).await? else {
        return Ok(None);
    };
    if *kind == WorkKind::PROFILE {
        return Ok(Some(row.pending_profile(&key)));
    }
    // The earliest reply, so that replies are sent in order.
    let sql = "SELECT data FROM message WHERE page = ? AND psid = ? AND due IS NOT NULL
        AND visible_at > ? ORDER BY at, id LIMIT 1";
    let cutoff = millis(row.cutoff()).unwrap_or(i64::MIN);
    let values = [load::place(&key), values![cutoff]].concat();
    let head: Option<Json<OutgoingRow>> = one(tx, sql, values).await?;
    Ok(head.and_then(|head| head.0.pending(&key)))
}

pub(crate) async fn next_due(
    tx: &mut Tx,
    query: &PendingQuery,
) -> Result<Option<Timestamp>, Error> {
    let kinds = query.kinds.iter().map(|kind| kind.as_str().into());
    let mut values: Vec<mysql_async::Value> = kinds.collect();
    let marks = marks(values.len());
    values.push(query.now.as_millis().into());
    let sql = format!(
        "SELECT min(due) FROM queue JOIN page USING (page) WHERE kind IN ({marks}) AND {READY}"
    );
    let due: Option<Option<i64>> = one(tx, &sql, values).await?;
    Ok(due.flatten().map(Timestamp::from_millis))
}
