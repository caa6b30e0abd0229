//! How customers are written, and the counters of their Pages.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    columns::Many,
    load::{Place, UNTOLD},
    save::{Writes, matching, of},
    search_index,
};
use crate::{
    model::ContactKey,
    store::{
        StoreError,
        fold::{Batch, ContactRow},
        sql::{ContactColumns, Value, key_hash, list, millis, revision_to_sql},
    },
};

impl Writes<'_> {
    /// The customers, who bear the new revision of their Page; whose lock is held from here on.
    pub(super) fn contacts(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let bare = ContactRow::default();
        let mut rows: BTreeMap<&ContactKey, &ContactRow> = BTreeMap::new();
        let besides = (batch.entries.iter())
            .filter_map(|((key, _), row)| row.as_ref().map(|_| key))
            .chain(some(&batch.outgoing))
            .chain(
                batch
                    .pictures
                    .iter()
                    .filter_map(|(key, one)| one.as_ref().map(|_| key)),
            );
        let work = batch.work.iter().filter(|(_, row)| row.is_some());
        let work: BTreeSet<ContactKey> = work.filter_map(|(key, _)| key.contact()).collect();
        let besides: BTreeSet<&ContactKey> = besides.chain(&work).collect();
        for key in &besides {
            if self.place(key)?.row.is_none() {
                rows.insert(key, &bare);
            }
        }
        for (key, row) in &batch.contacts {
            rows.extend(row.as_ref().map(|row| (key, row)));
        }
        let (mut put, mut erased) = (Vec::new(), Vec::new());
        let (mut renamed, mut named) = (Vec::new(), Vec::new());
        for (key, row) in rows {
            let place = self.place(key)?;
            let old = place.row.as_ref();
            let (before, after) = (old.map(ContactRow::searchable), row.searchable());
            if before.as_ref() != Some(&after) {
                renamed.extend(before.filter(|name| !name.is_empty()).map(|_| place));
                named.extend(Some((place, after)).filter(|(_, name)| !name.is_empty()));
            }
            if row.is_tombstone() {
                erased.extend(old.map(|_| place));
            }
            // Of somebody of whom nothing is left a hash is enough.
            if old.is_some() || !row.is_tombstone() || besides.contains(key) {
                put.push((key, place, row));
            }
        }
        if !renamed.is_empty() {
            let many = of(renamed.iter().copied());
            self.delete("name_gram", many, &matching(&["page_no", "contact_no"]));
        }
        if !named.is_empty() {
            let grams: Vec<String> = (named.iter())
                .map(|(place, name)| search_index::array(place.page_no, name))
                .collect();
            let many = of(named.iter().map(|row| row.0))
                .texts("grams", grams.iter().map(|grams| Some(grams.as_str())));
            self.index("name_gram", many);
        }
        self.labels(&put)?;
        self.count(batch)?;
        let schema = self.schema;
        if !put.is_empty() {
            let many = contacts(&put)?;
            let names = many.names();
            // A row that bears the revision of this commit learns it here.
            let unknown = revision_to_sql(UNTOLD);
            let values: Vec<String> = (names.split(", "))
                .map(|name| match name {
                    "revision" | "arrived" | "status_revision" | "assignee_revision" => {
                        format!("CASE w.{name} WHEN {unknown} THEN w.next ELSE w.{name} END")
                    }
                    _ => format!("w.{name}"),
                })
                .collect();
            let values = values.join(", ");
            let set = many.assignments(&["page_no", "contact_no", "psid", "key_hash"], "excluded");
            // Those who are there are found by the index that would refuse them, whatever the
            // planner believes of a table that nobody has analysed yet.
            let sql = format!(
                "INSERT INTO {schema}.contact ({names}) SELECT {values} FROM (
                     SELECT *, (SELECT p.revision FROM {schema}.page p WHERE p.page_no = u.page_no) AS next
                     FROM {} AS u({names}) OFFSET 0
                 ) w ON CONFLICT (page_no, contact_no) DO UPDATE SET {set}",
                many.unnested()
            );
            self.statements.push((sql, many));
        }
        if !erased.is_empty() {
            let many = of(erased.iter().copied());
            let none = |table: &str| {
                format!(
                    "AND NOT EXISTS (SELECT 1 FROM {schema}.{table} x
                     WHERE x.page_no = t.page_no AND x.contact_no = t.contact_no)"
                )
            };
            let none: String = ["message", "mark", "outgoing", "picture", "work"]
                .map(none)
                .concat();
            let condition = format!("{} {none}", matching(&["page_no", "contact_no"]));
            self.delete("contact", many, &condition);
        }
        Ok(())
    }

    /// Keeps the lists of fields and tags in step with the customers.
    fn labels(&mut self, rows: &[(&ContactKey, &Place, &ContactRow)]) -> Result<(), StoreError> {
        type Labels<'r> = Vec<(&'r str, Option<&'r str>)>;
        fn labels(row: &ContactRow) -> Labels<'_> {
            row.labels.set().filter(|_| row.is_shown()).collect()
        }
        let order = |row: &ContactRow| {
            let times = [row.last_at, row.unanswered_since, row.inbound_at];
            (list::bucket(row), times)
        };
        let bare = ContactRow::default();
        let (mut removed, mut put) = (Vec::new(), Vec::new());
        for (_, place, row) in rows {
            let old = place.row.as_ref().unwrap_or(&bare);
            let (was, is) = (labels(old), labels(row));
            if was == is && (is.is_empty() || order(old) == order(row)) {
                continue;
            }
            removed.extend(Some(*place).filter(|_| !was.is_empty()));
            let numbered = (0_i64..).zip(is);
            put.extend(numbered.map(|(no, (name, value))| (*place, *row, no, name, value)));
        }
        if !removed.is_empty() {
            let many = of(removed.iter().copied());
            self.delete("label", many, &matching(&["page_no", "contact_no"]));
        }
        if !put.is_empty() {
            let rows = || put.iter();
            let hash = |name, value| Some(list::label_hash(name, value));
            let many = of(rows().map(|row| row.0))
                .numbers("no", rows().map(|row| Some(row.2)).collect())
                .numbers("hash", rows().map(|row| hash(row.3, row.4)).collect())
                .texts("name", rows().map(|row| Some(row.3)))
                .texts("value", rows().map(|row| row.4))
                .numbers(
                    "bucket",
                    rows().map(|row| Some(list::bucket(row.1).into())).collect(),
                )
                .numbers("last_at", rows().map(|row| millis(row.1.last_at)).collect())
                .numbers(
                    "unanswered_since",
                    rows().map(|row| millis(row.1.unanswered_since)).collect(),
                )
                .numbers(
                    "inbound_at",
                    rows().map(|row| millis(row.1.inbound_at)).collect(),
                );
            self.insert("label", many, "");
        }
        Ok(())
    }

    /// Each Page that changed gets its next revision. The row stays locked until the commit, so
    /// that revisions are seen in their order; hence it comes late, and Pages in one order.
    fn count(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if batch.revisions.is_empty() {
            return Ok(());
        }
        let pages = batch.revisions.keys();
        let numbers = pages.clone().map(|page| self.page(page));
        let many = Many::default()
            .pages(numbers.collect::<Result<_, _>>()?)
            .flags(
                "has_removed",
                pages.map(|page| batch.removed.contains(page)).collect(),
            );
        let sql = format!(
            "UPDATE {0}.page t SET revision = t.revision + 1,
             removed = CASE WHEN w.has_removed THEN t.revision + 1 ELSE t.removed END
             FROM (SELECT q.page_no, u.has_removed FROM {1} AS u(page_no, has_removed)
                   JOIN {0}.page q ON q.page_no = u.page_no ORDER BY q.page_no FOR NO KEY UPDATE OF q) w
             WHERE t.page_no = w.page_no",
            self.schema,
            many.unnested()
        );
        self.statements.push((sql, many));
        Ok(())
    }
}

fn some<K, V>(rows: &BTreeMap<(ContactKey, K), Option<V>>) -> impl Iterator<Item = &ContactKey> {
    rows.iter()
        .filter_map(|((key, _), row)| row.as_ref().map(|_| key))
}

fn contacts(rows: &[(&ContactKey, &Place, &ContactRow)]) -> Result<Many, StoreError> {
    let parts: Vec<ContactColumns> = (rows.iter())
        .map(|(_, _, row)| ContactColumns::of(row))
        .collect::<Result<_, _>>()?;
    let values: Vec<Vec<Value<'_>>> = parts.iter().map(ContactColumns::values).collect();
    let hashes = rows.iter().map(|row| Some(key_hash(&row.0.hash())));
    Ok(of(rows.iter().map(|row| row.1))
        .texts("psid", rows.iter().map(|row| Some(row.0.psid.as_str())))
        .numbers("key_hash", hashes.collect())
        .rows(ContactColumns::NAMES, ContactColumns::KINDS, &values))
}
