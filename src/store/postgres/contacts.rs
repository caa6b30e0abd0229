//! How customers are written, and the counters of their Pages.

use super::{
    columns::Many,
    load::{PENDING_REVISION, Place},
    save::{Writes, matching, of},
    search_index,
};
use crate::{
    model::ContactKey,
    store::{
        StoreError,
        fold::{Batch, ContactRow, WorkKey},
        sql::{ContactColumns, Value, key_hash, list, millis, revision_to_sql},
    },
};

impl Writes<'_> {
    /// The customers, who bear the new revision of their Page; whose lock is held from here on.
    pub(super) fn contacts(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let (mut put, mut erased) = (Vec::new(), Vec::new());
        let (mut renamed, mut named) = (Vec::new(), Vec::new());
        for (key, row) in &batch.contacts {
            let Some(row) = row else { continue };
            let place = self.place(key)?;
            let old = place.row.as_ref();
            // Of somebody of whom nothing is left a hash is enough.
            if old.is_none() && row.is_tombstone() && !has_rows(batch, key) {
                continue;
            }
            if old.is_none_or(|old| old.profile != row.profile) {
                let (before, after) = (old.map(ContactRow::searchable), row.searchable());
                renamed.extend(before.filter(|name| !name.is_empty()).map(|_| place));
                named.extend(Some((place, after)).filter(|(_, name)| !name.is_empty()));
            }
            if row.is_tombstone() {
                erased.extend(old.map(|_| place));
            }
            put.push((key, place, row));
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
        let (known, new): (Vec<_>, Vec<_>) = put.into_iter().partition(|row| row.1.row.is_some());
        if !new.is_empty() {
            let many = contacts(&new)?;
            let (names, values) = (many.names(), with_next_revision(&many));
            let sql = format!(
                "INSERT INTO {schema}.contact ({names}) SELECT {} FROM {} w",
                values.join(", "),
                self.with_revision(&many)
            );
            self.statements.push((sql, many));
        }
        if !known.is_empty() {
            let many = contacts(&known)?;
            let names = many.names();
            let set: Vec<String> = (names.split(", ").zip(with_next_revision(&many)).skip(2))
                .map(|(name, value)| format!("{name} = {value}"))
                .collect();
            let sql = format!(
                "UPDATE {schema}.contact t SET {} FROM {} w WHERE {}",
                set.join(", "),
                self.with_revision(&many),
                matching(&["page_no", "contact_no"])
            );
            // The fold may have put a row as it was.
            self.statements
                .extend(Some((sql, many)).filter(|_| !set.is_empty()));
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

    /// These rows, each with the `next` revision of its Page.
    fn with_revision(&self, many: &Many) -> String {
        format!(
            "(SELECT *, (SELECT p.revision FROM {}.page p WHERE p.page_no = u.page_no) AS next
              FROM {} AS u({}) OFFSET 0)",
            self.schema,
            many.unnested(),
            many.names()
        )
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

/// Whether this commit writes other rows of the customer.
fn has_rows(batch: &Batch, key: &ContactKey) -> bool {
    fn any<'r, V: 'r>(
        mut rows: impl Iterator<Item = (&'r ContactKey, &'r Option<V>)>,
        key: &ContactKey,
    ) -> bool {
        rows.any(|(contact, row)| contact == key && row.is_some())
    }
    let is_of = |item: &WorkKey| item.page == key.page && item.psid.as_ref() == Some(&key.psid);
    any(
        batch
            .entries
            .iter()
            .map(|((contact, _), row)| (contact, row)),
        key,
    ) || any(
        batch
            .outgoing
            .iter()
            .map(|((contact, _), row)| (contact, row)),
        key,
    ) || (batch.work.iter()).any(|(item, row)| is_of(item) && row.is_some())
}

/// The values of these rows `w`: one that bears the revision of this commit learns it here.
fn with_next_revision(many: &Many) -> Vec<String> {
    let unknown = revision_to_sql(PENDING_REVISION);
    let value = |name: &str| match name {
        "revision" | "arrived" | "status_revision" | "assignee_revision" => {
            format!("CASE w.{name} WHEN {unknown} THEN w.next ELSE w.{name} END")
        }
        _ => format!("w.{name}"),
    };
    many.names().split(", ").map(value).collect()
}

/// Customers with the columns in which at least one of them differs from what is stored: a message
/// changes few of them.
fn contacts(rows: &[(&ContactKey, &Place, &ContactRow)]) -> Result<Many, StoreError> {
    let columns = |row: &ContactRow| ContactColumns::of(row);
    let before = rows.iter().map(|(_, place, _)| match &place.row {
        Some(row) => columns(row),
        None => Ok(ContactColumns::default()),
    });
    let before: Vec<ContactColumns> = before.collect::<Result<_, _>>()?;
    let after = rows.iter().map(|(_, _, row)| columns(row));
    let after: Vec<ContactColumns> = after.collect::<Result<_, _>>()?;
    let before: Vec<Vec<Value<'_>>> = before.iter().map(ContactColumns::values).collect();
    let after: Vec<Vec<Value<'_>>> = after.iter().map(ContactColumns::values).collect();
    let differs = |at: &usize| {
        let mut pairs = before.iter().zip(&after);
        pairs.any(|(before, after)| before.get(*at) != after.get(*at))
    };
    let different: Vec<usize> = (0..ContactColumns::NAMES.len()).filter(differs).collect();
    let mut many = of(rows.iter().map(|row| row.1));
    if rows.iter().any(|(_, place, _)| place.row.is_none()) {
        let hashes = rows.iter().map(|row| Some(key_hash(&row.0.hash())));
        many = many
            .texts("psid", rows.iter().map(|row| Some(row.0.psid.as_str())))
            .numbers("key_hash", hashes.collect());
    }
    Ok(many.columns(
        &different,
        ContactColumns::NAMES,
        ContactColumns::KINDS,
        &after,
    ))
}
