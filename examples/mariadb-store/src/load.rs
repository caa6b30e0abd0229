//! The rows that changes touch, as they are stored.

use messenger_crm::id::PageId;
use messenger_crm::model::ContactKey;
use messenger_crm::store::fold::{ContactRow, Fetched, JsonLoad, JsonRead, Missing};
use mysql_async::{Row, Value, prelude::Queryable};

use crate::connection::{Error, Tx, column, execute, value, values};

/// The id under which events are kept that name no Page.
pub(crate) fn page_id(page: Option<&PageId>) -> &str {
    page.map_or("", PageId::as_str)
}

pub(crate) fn place(key: &ContactKey) -> Vec<Value> {
    values![key.page.as_str(), key.psid.as_str()]
}

/// Locks the row of a Page until the commit, also a new one. From here on nobody else writes to the
/// Page.
pub(crate) async fn lock(tx: &mut Tx, page: Option<&PageId>) -> Result<(), Error> {
    let sql = "INSERT INTO page (page) VALUES (?) ON DUPLICATE KEY UPDATE page = page";
    execute(tx, sql, values![page_id(page)]).await?;
    execute(tx, "SELECT 1 FROM page WHERE page = ? FOR UPDATE", values![page_id(page)]).await
}

/// Loads a row that the rules need. The lock of the Page protects it.
pub(crate) async fn load(tx: &mut Tx, rows: &mut Fetched, missing: Missing) -> Result<(), Error> {
    let mut load = JsonLoad::new(missing);
    while let Some(read) = load.next_read()? {
        let (sql, values) = select(read);
        let found: Vec<Row> = tx.exec(sql, values).await?;
        let found = found.into_iter().map(|row| row.unwrap().into_iter().map(column).collect());
        load.add(found.collect());
    }
    Ok(load.finish(rows)?)
}

fn select(read: JsonRead) -> (String, Vec<Value>) {
    let (mut conditions, mut values) = (Vec::new(), Vec::new());
    for (name, equal) in read.equal {
        conditions.push(format!("{name} = ?"));
        values.push(value(equal));
    }
    let greater = read.greater.into_iter().map(|(name, number)| (format!("{name} > ?"), number));
    let at_most = read.at_most.into_iter().map(|(name, number)| (format!("{name} <= ?"), number));
    for (condition, number) in greater.chain(at_most) {
        conditions.push(condition);
        values.push(number.into());
    }
    let direction = if read.is_descending { " DESC" } else { "" };
    let order = read.order.iter().map(|name| format!("{name}{direction}"));
    let order: Vec<String> = order.collect();
    let (columns, conditions) = (read.columns.join(", "), conditions.join(" AND "));
    let order =
        if order.is_empty() { order.concat() } else { format!("ORDER BY {}", order.join(", ")) };
    values.push(read.limit.into());
    (format!("SELECT {columns} FROM {} WHERE {conditions} {order} LIMIT ?", read.table), values)
}

/// A customer's row, with the time of the tombstone.
pub(crate) async fn contact(tx: &mut Tx, key: &ContactKey) -> Result<Option<ContactRow>, Error> {
    let mut rows = Fetched::default();
    load(tx, &mut rows, Missing::Contact(key.clone())).await?;
    Ok(rows.stored_contact(key).cloned())
}
