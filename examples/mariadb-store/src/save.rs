//! The rows that are different, written before the commit.

use messenger_crm::store::fold::Fetched;
use mysql_async::Value;

use crate::connection::{Error, Tx, execute, marks, value, values};
use crate::load::place;

pub(crate) async fn save(tx: &mut Tx, rows: &Fetched) -> Result<(), Error> {
    for (key, up_to) in &rows.changed().remove_kept {
        let sql = "DELETE FROM raw_event WHERE page = ? AND hash = ? AND at <= ?";
        let hash = key.hash().to_vec();
        execute(tx, sql, values![key.page.as_str(), hash, up_to.as_millis()]).await?;
    }
    for row in rows.json_rows()? {
        let columns = row.columns.iter().flatten();
        let set: Vec<String> = columns.map(|(name, _)| format!("{name} = VALUE({name})")).collect();
        let all = row.key.into_iter().chain(row.columns.into_iter().flatten());
        let (names, values): (Vec<&str>, Vec<Value>) =
            all.map(|(name, column)| (name, value(column))).unzip();
        let (table, marks) = (row.table, marks(names.len()));
        let names_list = names.join(", ");
        let sql = if set.is_empty() {
            format!("DELETE FROM {table} WHERE ({names_list}) = ({marks})")
        } else {
            let set = set.join(", ");
            format!(
                "INSERT INTO {table} ({names_list}) VALUES ({marks}) ON DUPLICATE KEY UPDATE {set}"
            )
        };
        execute(tx, &sql, values).await?;
    }
    for (key, row) in &rows.changed().contacts {
        // Of somebody of whom nothing is left the hash is enough.
        if row.as_ref().is_some_and(|row| row.is_tombstone()) {
            let sql = "DELETE c FROM contact c LEFT JOIN message USING (page, psid)
                LEFT JOIN picture USING (page, psid)
                WHERE c.page = ? AND c.psid = ? AND id IS NULL AND media_type IS NULL";
            execute(tx, sql, place(key)).await?;
        }
    }
    Ok(())
}
