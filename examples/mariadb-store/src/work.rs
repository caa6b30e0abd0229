//! Work that is due.

use messenger_crm::model::{ContactKey, WorkKind};
use messenger_crm::store::fold::{OutgoingRow, WorkKey};
use messenger_crm::store::{Pending, PendingQuery};
use messenger_crm::time::Timestamp;
use mysql_async::Value;

use crate::connection::{Error, Json, Tx, id, millis, one, rows, values};
use crate::load;

/// Where work of a kind waits.
struct Queue {
    table: &'static str,
    column: &'static str,
    condition: String,
    values: Vec<Value>,
}

impl Queue {
    fn of(kind: &WorkKind, query: &PendingQuery) -> Self {
        let (table, column) = match kind {
            kind if *kind == WorkKind::SEND => ("contact", "send_due"),
            kind if *kind == WorkKind::PROFILE => ("contact", "profile_due"),
            kind if *kind == WorkKind::WAKE => ("contact", "wake_due"),
            kind if *kind == WorkKind::ERASE => ("contact", "erase_due"),
            _ => ("work", "due"),
        };
        let mut condition = format!("{column} IS NOT NULL");
        let mut values = Vec::new();
        if table == "work" {
            condition += " AND kind = ?";
            values.push(kind.as_str().into());
        }
        // A pause does not hold back what hides or opens a conversation.
        if !["wake_due", "erase_due"].contains(&column) {
            condition += " AND coalesce(paused_until <= ?, true)";
            values.push(query.now.as_millis().into());
        }
        Self {
            table,
            column,
            condition,
            values,
        }
    }
}

pub(crate) async fn pending(tx: &mut Tx, query: &PendingQuery) -> Result<Vec<Pending>, Error> {
    let mut found = Vec::new();
    for kind in &query.kinds {
        let Queue {
            table,
            column,
            condition,
            mut values,
        } = Queue::of(kind, query);
        let name = if table == "work" { "id" } else { "''" };
        // In turn from each Page: the first of all, then the second of all.
        let sql = format!(
            "SELECT page, psid, id FROM (
                SELECT q.page, psid, {name} AS id, {column} AS due,
                    row_number() OVER (PARTITION BY q.page ORDER BY {column}) AS turn
                FROM {table} q JOIN page USING (page) WHERE {condition} AND {column} <= ?
             ) works ORDER BY turn, due LIMIT ?"
        );
        values.extend(values![query.now.as_millis(), query.limit]);
        for (page, psid, name) in rows::<(String, String, String)>(tx, &sql, values).await? {
            let page = id(page)?;
            if table == "work" {
                let psid = Some(psid).filter(|psid| !psid.is_empty());
                let key = WorkKey::new(page, psid.map(id).transpose()?, kind.clone(), name);
                found.extend(load::work(tx, &key).await?.map(|row| row.pending(&key)));
            } else {
                let key = ContactKey::new(page, id(psid)?);
                found.extend(of_contact(tx, kind, key).await?);
            }
        }
    }
    Ok(found)
}

async fn of_contact(
    tx: &mut Tx,
    kind: &WorkKind,
    key: ContactKey,
) -> Result<Option<Pending>, Error> {
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
    let mut next: Option<i64> = None;
    for kind in &query.kinds {
        let queue = Queue::of(kind, query);
        let (table, column, condition) = (queue.table, queue.column, queue.condition);
        let sql =
            format!("SELECT min({column}) FROM {table} JOIN page USING (page) WHERE {condition}");
        let due: Option<Option<i64>> = one(tx, &sql, queue.values).await?;
        next = next.into_iter().chain(due.flatten()).min();
    }
    Ok(next.map(Timestamp::from_millis))
}
