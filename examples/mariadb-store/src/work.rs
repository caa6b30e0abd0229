//! Work that is due.

use messenger_crm::model::{ContactKey, WorkKind};
use messenger_crm::store::fold::{OutgoingRow, WorkKey, WorkRow};
use messenger_crm::store::{Pending, PendingQuery};
use messenger_crm::time::Timestamp;

use crate::connection::{Error, Tx, id, millis, one, parse, rows, values};
use crate::load;

/// Work of the view `queue` that no pause holds back. A pause does not hold back what opens a
/// conversation or removes rows.
const READY: &str = "(kind IN ('wake', 'erase') OR coalesce(paused_until <= ?, true))";

pub(crate) async fn pending(tx: &mut Tx, query: &PendingQuery) -> Result<Vec<Pending>, Error> {
    // In turn from each Page: the first of all, then the second of all.
    let sql = format!(
        "SELECT page, psid, id, item FROM (
            SELECT page, psid, id, item, due, row_number() OVER (PARTITION BY page ORDER BY due) AS turn
            FROM queue JOIN page USING (page) WHERE kind = ? AND due <= ? AND {READY}
         ) works ORDER BY turn, due LIMIT ?"
    );
    let (now, mut found) = (query.now.as_millis(), Vec::new());
    for kind in &query.kinds {
        let values = values![kind.as_str(), now, now, query.limit];
        type Columns = (String, String, String, Option<Vec<u8>>);
        for (page, psid, name, item) in rows::<Columns>(tx, &sql, values).await? {
            let (page, psid) = (id(page)?, Some(psid).filter(|psid| !psid.is_empty()));
            let key = WorkKey::new(page, psid.map(id).transpose()?, kind.clone(), name);
            found.extend(match (item, key.contact()) {
                (Some(item), _) => Some(parse::<WorkRow>(&item)?.pending(&key)),
                (None, Some(contact)) => of_contact(tx, kind, contact).await?,
                (None, None) => None,
            });
        }
    }
    Ok(found)
}

async fn of_contact(
    tx: &mut Tx,
    kind: &WorkKind,
    key: ContactKey,
) -> Result<Option<Pending>, Error> {
    let row = load::contact(tx, &key).await?.unwrap_or_default();
    if *kind != WorkKind::SEND {
        return Ok(row.pending(kind, &key));
    }
    // The earliest reply, so that replies are sent in order.
    let sql = "SELECT data FROM message WHERE page = ? AND psid = ? AND due IS NOT NULL
        AND visible_at > ? ORDER BY at, id LIMIT 1";
    let cutoff = millis(row.cutoff()).unwrap_or(i64::MIN);
    let values = [load::place(&key), values![cutoff]].concat();
    let head: Option<Vec<u8>> = one(tx, sql, values).await?;
    let head = head.map(|head| parse::<OutgoingRow>(&head)).transpose()?;
    Ok(head.and_then(|head| head.pending(&key)))
}

pub(crate) async fn next_due(
    tx: &mut Tx,
    query: &PendingQuery,
) -> Result<Option<Timestamp>, Error> {
    // A pause that ends puts its work off until then.
    let sql = format!(
        "SELECT min(CASE WHEN {READY} THEN due ELSE greatest(due, paused_until) END)
         FROM queue JOIN page USING (page)
         WHERE kind = ? AND (kind IN ('wake', 'erase') OR coalesce(paused_until < {}, true))",
        i64::MAX
    );
    let mut next: Option<i64> = None;
    for kind in &query.kinds {
        let values = values![query.now.as_millis(), kind.as_str()];
        let due: Option<Option<i64>> = one(tx, &sql, values).await?;
        next = next.into_iter().chain(due.flatten()).min();
    }
    Ok(next.map(Timestamp::from_millis))
}
