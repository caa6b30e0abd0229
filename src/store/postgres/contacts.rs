//! How customers are written, and the counters of their Pages.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    columns::Many,
    indexed,
    load::{Place, UNTOLD},
    save::{Writes, matching, of},
};
use crate::{
    id::PageId,
    model::ContactKey,
    store::{
        StoreError,
        encoding::{ContactValues, revision_to_sql},
        fold::{ContactRow, Shelf},
        grams,
    },
};

impl Writes<'_> {
    /// The customers, who bear the new revision of their Page; whose lock is held from here on.
    pub(super) fn contacts(&mut self, shelf: &Shelf) -> Result<(), StoreError> {
        let bare = ContactRow::default();
        let mut rows: BTreeMap<&ContactKey, &ContactRow> = BTreeMap::new();
        let besides = (shelf.entries.iter())
            .filter_map(|((key, _), row)| row.as_ref().map(|_| key))
            .chain(some(&shelf.outgoing))
            .chain(some(&shelf.fields))
            .chain(
                shelf
                    .pictures
                    .iter()
                    .filter_map(|(key, one)| one.as_ref().map(|_| key)),
            );
        let besides: BTreeSet<&ContactKey> = besides.collect();
        for key in &besides {
            if self.place(key)?.row.is_none() {
                rows.insert(key, &bare);
            }
        }
        for (key, row) in &shelf.contacts {
            rows.extend(row.as_ref().map(|row| (key, row)));
        }
        let (mut put, mut buried) = (Vec::new(), Vec::new());
        let (mut renamed, mut named, mut gone) = (Vec::new(), Vec::new(), BTreeSet::new());
        for (key, row) in rows {
            let place = self.place(key)?;
            let old = place.row.as_ref();
            let (before, after) = (old.map(ContactRow::searchable), row.searchable());
            if before.as_ref() != Some(&after) {
                renamed.extend(before.filter(|name| !name.is_empty()).map(|_| place));
                named.extend(Some((place, after)).filter(|(_, name)| !name.is_empty()));
            }
            if old.is_some_and(ContactRow::is_shown) && !row.is_shown() {
                gone.insert(&key.page);
            }
            if row.is_tombstone() {
                buried.extend(old.map(|_| place));
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
                .map(|(place, name)| indexed::array(place.page_no, name, grams::OF_NAME))
                .collect();
            let many = of(named.iter().map(|row| row.0))
                .texts("grams", grams.iter().map(|grams| Some(grams.as_str())));
            self.index("name_gram", many);
        }
        self.count(shelf, &gone)?;
        let schema = self.schema;
        if !put.is_empty() {
            let many = contacts(&put)?;
            let names = many.names();
            let values = format!("w.{}", names.replace(", ", ", w."))
                .replace("w.revision", "coalesce(w.revision, w.next)")
                .replace("w.arrived", "coalesce(w.arrived, w.next)");
            let set = many.assignments(&["page_no", "contact_no", "psid"], "excluded");
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
        if !buried.is_empty() {
            let many = of(buried.iter().copied());
            let none = |table: &str| {
                format!(
                    "AND NOT EXISTS (SELECT 1 FROM {schema}.{table} x
                     WHERE x.page_no = t.page_no AND x.contact_no = t.contact_no)"
                )
            };
            let none: String = ["message", "mark", "outgoing", "field"].map(none).concat();
            let condition = format!("{} {none}", matching(&["page_no", "contact_no"]));
            self.delete("contact", many, &condition);
        }
        Ok(())
    }

    /// Each Page that changed gets its next revision. The row stays locked until the commit, so
    /// that revisions are seen in their order; hence it comes late, and Pages in one order.
    fn count(&mut self, shelf: &Shelf, gone: &BTreeSet<&PageId>) -> Result<(), StoreError> {
        if shelf.revisions.is_empty() {
            return Ok(());
        }
        let pages = shelf.revisions.keys();
        let numbers = pages.clone().map(|page| self.page(page));
        let many = Many::default()
            .pages(numbers.collect::<Result<_, _>>()?)
            .flags("is_gone", pages.map(|page| gone.contains(page)).collect());
        let sql = format!(
            "UPDATE {0}.page t SET revision = t.revision + 1, gone = CASE WHEN w.is_gone THEN t.revision + 1 ELSE t.gone END
             FROM (SELECT q.page_no, u.is_gone FROM {1} AS u(page_no, is_gone) JOIN {0}.page q ON q.page_no = u.page_no
                   ORDER BY q.page_no FOR NO KEY UPDATE OF q) w
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
    let values: Vec<ContactValues> = (rows.iter())
        .map(|(_, _, row)| ContactValues::of(row))
        .collect::<Result<_, _>>()?;
    let untold = revision_to_sql(UNTOLD);
    let told = |revision: i64| Some(revision).filter(|revision| *revision != untold);
    let numbers = |value: fn(&ContactValues) -> Option<i64>| values.iter().map(value).collect();
    let texts = |value: fn(&ContactValues) -> Option<&str>| values.iter().map(value);
    Ok(of(rows.iter().map(|row| row.1))
        .texts("psid", rows.iter().map(|row| Some(row.0.psid.as_str())))
        .small(
            "newest_kind",
            values.iter().map(|row| row.newest_kind).collect(),
        )
        .numbers("last_at", numbers(|row| row.last_at))
        .numbers("first_at", numbers(|row| row.first_at))
        .numbers("inbound_at", numbers(|row| row.inbound_at))
        .numbers("unread", numbers(|row| Some(row.unread.into())))
        .numbers(
            "arrived",
            values.iter().map(|row| told(row.arrived)).collect(),
        )
        .numbers(
            "revision",
            values.iter().map(|row| told(row.revision)).collect(),
        )
        .numbers("newest_at", numbers(|row| row.newest_at))
        .numbers("newest_tie", numbers(|row| row.newest_tie))
        .texts("newest_text", texts(|row| row.newest_text.as_deref()))
        .texts("newest_more", texts(|row| row.newest_more.as_deref()))
        .numbers("delivered", numbers(|row| row.delivered))
        .numbers("read", numbers(|row| row.read))
        .numbers("expired", numbers(|row| row.expired))
        .numbers("asked_at", numbers(|row| row.asked_at))
        .numbers("ask_again", numbers(|row| row.ask_again))
        .numbers("attempt", numbers(|row| row.attempt.map(i64::from)))
        .numbers("by", numbers(|row| row.by))
        .numbers("lease", numbers(|row| row.lease))
        .numbers("profile_at", numbers(|row| row.profile_at))
        .texts("name", texts(|row| row.name.as_deref()))
        .texts("first_name", texts(|row| row.first_name.as_deref()))
        .texts("last_name", texts(|row| row.last_name.as_deref()))
        .numbers("picture_at", numbers(|row| row.picture_at))
        .numbers("picture", numbers(|row| row.picture.map(i64::from)))
        .numbers("send_due", numbers(|row| row.send_due))
        .numbers("profile_due", numbers(|row| row.profile_due)))
}
