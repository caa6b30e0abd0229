//! How messages are written, and what finds them again.

use super::{
    columns::Many,
    load::Place,
    save::{Writes, matching, of},
    search_index,
};
use crate::store::{
    StoreError,
    fold::{Batch, EntryRow},
    sql::{EntryColumns, Value, millis},
};

impl Writes<'_> {
    pub(super) fn entries(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let mut gone = Vec::new();
        let mut waiting = Vec::new();
        let (mut fresh, mut same, mut marks) = (Vec::new(), Vec::new(), Vec::new());
        let (mut unindexed, mut indexed) = (Vec::new(), Vec::new());
        for (name, new) in &batch.entries {
            let place = self.place(&name.0)?;
            let old = self.known.entries.get(name);
            let (from, to) = (old.and_then(body_at), new.as_ref().and_then(body_at));
            match (old, from) {
                (Some(_), Some(at)) if to != from => gone.push((place, at, &name.1)),
                (Some(_), None) => waiting.push((place, &name.1)),
                _ => {}
            }
            if let Some(row) = new {
                match to {
                    Some(_) if to == from => same.push((place, row)),
                    Some(_) => fresh.push((place, row)),
                    None => marks.push((place, row)),
                }
            }
            let has_search = self.schema.has_search;
            let text = |row: Option<&EntryRow>, at: Option<i64>| {
                let row = row.filter(|_| has_search);
                Some((at?, row?.searchable())).filter(|(_, text)| !text.is_empty())
            };
            let (before, after) = (text(old, from), text(new.as_ref(), to));
            if before != after {
                let tie = EntryRow::tie(&name.1);
                unindexed.extend(before.map(|(at, _)| (place, at, tie)));
                indexed.extend(after.map(|(at, text)| (place, at, tie, text)));
            }
        }
        if !gone.is_empty() {
            let many = of(gone.iter().map(|row| row.0))
                .numbers("at", gone.iter().map(|row| Some(row.1)).collect())
                .numbers(
                    "tie",
                    gone.iter().map(|row| Some(EntryRow::tie(row.2))).collect(),
                );
            self.delete(
                "message",
                many,
                &matching(&["page_no", "contact_no", "at", "tie"]),
            );
        }
        if !waiting.is_empty() {
            let many = of(waiting.iter().map(|row| row.0))
                .numbers(
                    "tie",
                    waiting
                        .iter()
                        .map(|row| Some(EntryRow::tie(row.1)))
                        .collect(),
                )
                .texts("id", waiting.iter().map(|row| Some(row.1.as_str())));
            self.delete(
                "mark",
                many,
                &matching(&["page_no", "contact_no", "tie", "id"]),
            );
        }
        if !same.is_empty() {
            self.update(
                "message",
                entries(&same, EntryColumns::NAMES.len(), false)?,
                &["page_no", "contact_no", "at", "tie"],
            );
        }
        if !fresh.is_empty() {
            let many = entries(&fresh, EntryColumns::NAMES.len(), true)?;
            self.insert("message", many, "");
        }
        if !marks.is_empty() {
            let latest = marks.iter().map(|(_, row)| millis(row.latest_at()));
            let latest = latest.map(|at| Some(at.unwrap_or(0)));
            let many = entries(&marks, 3, true)?.numbers("at", latest.collect());
            self.insert("mark", many, "");
        }
        if !unindexed.is_empty() {
            let many = of(unindexed.iter().map(|row| row.0))
                .numbers("at", unindexed.iter().map(|row| Some(row.1)).collect())
                .numbers("tie", unindexed.iter().map(|row| Some(row.2)).collect());
            self.delete(
                "text_gram",
                many,
                &matching(&["page_no", "contact_no", "at", "tie"]),
            );
        }
        if !indexed.is_empty() {
            let grams: Vec<String> = (indexed.iter())
                .map(|row| search_index::array(row.0.page_no, &row.3))
                .collect();
            let many = of(indexed.iter().map(|row| row.0))
                .numbers("at", indexed.iter().map(|row| Some(row.1)).collect())
                .numbers("tie", indexed.iter().map(|row| Some(row.2)).collect())
                .texts("grams", grams.iter().map(|grams| Some(grams.as_str())));
            self.index("text_gram", many);
        }
        Ok(())
    }

    pub(super) fn index(&mut self, table: &str, many: Many) {
        let sql = search_index::insert(self.schema, table, &many);
        self.statements.push((sql, many));
    }
}

fn body_at(row: &EntryRow) -> Option<i64> {
    row.body.as_ref().map(|body| body.at.as_millis())
}

/// Entries with their first columns; without those that none of them has, if they are `new`.
fn entries(
    rows: &[(&Place, &EntryRow)],
    columns: usize,
    are_new: bool,
) -> Result<Many, StoreError> {
    let parts: Vec<EntryColumns> = (rows.iter())
        .map(|(_, row)| EntryColumns::of(row))
        .collect::<Result<_, _>>()?;
    let values: Vec<Vec<Value<'_>>> = parts.iter().map(EntryColumns::values).collect();
    let ties = rows.iter().map(|(_, row)| Some(EntryRow::tie(&row.id)));
    let has = |at: &usize| {
        let mut column = values.iter().filter_map(|row| row.get(*at));
        !are_new || column.any(|value| !value.is_null())
    };
    let places: Vec<usize> = (0..columns).filter(has).collect();
    Ok(of(rows.iter().map(|row| row.0))
        .numbers("tie", ties.collect())
        .columns(&places, EntryColumns::NAMES, EntryColumns::KINDS, &values))
}
