//! How messages are written, and what finds them again.

use super::{
    columns::Many,
    indexed,
    load::Place,
    save::{Writes, matching, of},
};
use crate::model::EntryId;
use crate::store::{
    StoreError,
    encoding::{EntryValues, time},
    fold::{EntryRow, Shelf},
    grams,
};

impl Writes<'_> {
    pub(super) fn entries(&mut self, shelf: &Shelf) -> Result<(), StoreError> {
        let mut gone = Vec::new();
        let mut told = Vec::new();
        let (mut fresh, mut same, mut marks) = (Vec::new(), Vec::new(), Vec::new());
        let (mut unindexed, mut indexed) = (Vec::new(), Vec::new());
        for (name, new) in &shelf.entries {
            let place = self.place(&name.0)?;
            let old = self.known.entries.get(name);
            let (from, to) = (old.and_then(body_at), new.as_ref().and_then(body_at));
            match (old, from) {
                (Some(_), Some(at)) if to != from => gone.push((place, at, &name.1)),
                (Some(_), None) => told.push((place, &name.1)),
                _ => {}
            }
            if let Some(row) = new {
                match to {
                    Some(_) if to == from => same.push((place, row)),
                    Some(_) => fresh.push((place, row)),
                    None => marks.push((place, row)),
                }
            }
            let text = |row: Option<&EntryRow>, at: Option<i64>| {
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
        if !told.is_empty() {
            let many = of(told.iter().map(|row| row.0))
                .numbers(
                    "tie",
                    told.iter().map(|row| Some(EntryRow::tie(row.1))).collect(),
                )
                .texts("id", told.iter().map(|row| Some(row.1.as_str())));
            self.delete(
                "mark",
                many,
                &matching(&["page_no", "contact_no", "tie", "id"]),
            );
        }
        if !same.is_empty() {
            self.update(
                "message",
                messages(&same)?,
                &["page_no", "contact_no", "at", "tie"],
            );
        }
        if !fresh.is_empty() {
            self.insert("message", messages(&fresh)?, "");
        }
        if !marks.is_empty() {
            let values = values(&marks)?;
            let at = marks
                .iter()
                .map(|(_, row)| Some(time(row.told_at()).unwrap_or(0)));
            let many = entry_names(&marks, &values).numbers("at", at.collect());
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
                .map(|row| indexed::array(row.0.page_no, &row.3, grams::OF_TEXT))
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
        let sql = indexed::insert(self.schema, table, &many);
        self.statements.push((sql, many));
    }
}

fn body_at(row: &EntryRow) -> Option<i64> {
    row.body.as_ref().map(|body| body.at.as_millis())
}

fn values(rows: &[(&Place, &EntryRow)]) -> Result<Vec<EntryValues>, StoreError> {
    rows.iter().map(|(_, row)| EntryValues::of(row)).collect()
}

fn entry_names(rows: &[(&Place, &EntryRow)], values: &[EntryValues]) -> Many {
    let key = |row: &EntryValues| row.key.map(|key| key.to_vec());
    let tie = |id: &EntryId| Some(EntryRow::tie(id));
    of(rows.iter().map(|row| row.0))
        .numbers("tie", rows.iter().map(|(_, row)| tie(&row.id)).collect())
        .texts("id", rows.iter().map(|(_, row)| Some(row.id.as_str())))
        .bytes("key", values.iter().map(key).collect())
        .texts("marks", values.iter().map(|row| row.marks.as_deref()))
}

/// Entries with a body.
fn messages(rows: &[(&Place, &EntryRow)]) -> Result<Many, StoreError> {
    let values = values(rows)?;
    let body = |row: &EntryValues| row.body.clone();
    let bodies: Vec<_> = values.iter().filter_map(body).collect();
    Ok(entry_names(rows, &values)
        .numbers("at", bodies.iter().map(|body| Some(body.at)).collect())
        .small("kind", bodies.iter().map(|body| Some(body.kind)).collect())
        .texts("text", bodies.iter().map(|body| body.text.as_deref()))
        .texts("more", bodies.iter().map(|body| body.more.as_deref())))
}
