//! The second round trip: what is different is written, the Pages' counters last, and committed.

use super::{
    columns::Many,
    error::Failure,
    load::{Known, Place},
    options::Schema,
    session::{Session, Statement, run},
    writer::Commands,
};
use crate::{
    id::PageId,
    model::{ContactKey, Picture},
    store::{
        StoreError,
        fold::{Batch, WorkKey, WorkRow},
        sql::{OutgoingColumns, Value, WorkColumns, optional_json},
    },
    time::Timestamp,
};

/// Writes what the fold has changed and ends the transaction or savepoint.
pub(super) async fn save<S: Session>(
    session: &mut S,
    schema: &Schema,
    commands: &Commands<'_>,
    known: &Known,
) -> Result<(), Failure> {
    let mut writes = Writes::new(schema, known);
    let batch = known.rows.changed();
    writes.entries(batch)?;
    writes.outgoing(batch)?;
    writes.work(batch)?;
    writes.pictures(batch)?;
    writes.kept(batch)?;
    writes.tombstones(batch)?;
    writes.contacts(batch)?;
    writes.pages(batch)?;
    let written = writes.statements.iter();
    let mut statements: Vec<Statement<'_>> = written
        .map(|(sql, many)| Statement::new(sql, many.parameters()))
        .collect();
    statements.push(Statement::command(if statements.is_empty() {
        commands.end_unchanged
    } else {
        commands.end
    }));
    run(session, &statements).await?;
    Ok(())
}

pub(super) struct Writes<'k> {
    pub(super) schema: &'k Schema,
    pub(super) known: &'k Known,
    pub(super) statements: Vec<(String, Many)>,
}

impl<'k> Writes<'k> {
    fn new(schema: &'k Schema, known: &'k Known) -> Self {
        Self {
            schema,
            known,
            statements: Vec::new(),
        }
    }

    pub(super) fn place(&self, key: &ContactKey) -> Result<&'k Place, StoreError> {
        let place = self.known.contacts.get(key);
        place.ok_or(StoreError::Unreadable("a customer that no change names"))
    }

    pub(super) fn page(&self, page: &PageId) -> Result<i32, StoreError> {
        let number = self.known.pages.get(page).copied();
        number.ok_or(StoreError::Unreadable("a Page that no change names"))
    }

    pub(super) fn insert(&mut self, table: &str, many: Many, conflict: &str) {
        let sql = format!(
            "INSERT INTO {}.{table} ({1}) SELECT {1} FROM {2} AS w({1}) {conflict}",
            self.schema,
            many.names(),
            many.unnested()
        );
        self.statements.push((sql, many));
    }

    pub(super) fn update(&mut self, table: &str, many: Many, keys: &[&str]) {
        let sql = format!(
            "UPDATE {}.{table} t SET {} FROM {} AS w({}) WHERE {}",
            self.schema,
            many.assignments(keys, "w"),
            many.unnested(),
            many.names(),
            matching(keys)
        );
        self.statements.push((sql, many));
    }

    pub(super) fn delete(&mut self, table: &str, many: Many, condition: &str) {
        let sql = format!(
            "DELETE FROM {}.{table} t USING {} AS w({}) WHERE {condition}",
            self.schema,
            many.unnested(),
            many.names()
        );
        self.statements.push((sql, many));
    }

    fn outgoing(&mut self, batch: &Batch) -> Result<(), StoreError> {
        const KEYS: [&str; 3] = ["page_no", "contact_no", "key"];
        let (mut put, mut removed) = (Vec::new(), Vec::new());
        for ((key, reply), row) in &batch.outgoing {
            let place = self.place(key)?;
            match row {
                Some(row) => put.push((place, OutgoingColumns::of(row)?)),
                None => removed.push((place, reply.to_bytes().to_vec())),
            }
        }
        if !removed.is_empty() {
            let keys = removed.iter().map(|row| Some(row.1.clone()));
            let many = of(removed.iter().map(|row| row.0)).bytes("key", keys.collect());
            self.delete("outgoing", many, &matching(&KEYS));
        }
        if !put.is_empty() {
            let values: Vec<Vec<Value<'_>>> = put.iter().map(|row| row.1.values()).collect();
            let many = of(put.iter().map(|row| row.0)).rows(
                OutgoingColumns::NAMES,
                OutgoingColumns::KINDS,
                &values,
            );
            let set = many.assignments(&KEYS, "excluded");
            let conflict = format!("ON CONFLICT (page_no, contact_no, key) DO UPDATE SET {set}");
            self.insert("outgoing", many, &conflict);
        }
        Ok(())
    }

    fn work(&mut self, batch: &Batch) -> Result<(), StoreError> {
        const KEYS: [&str; 4] = ["page_no", "contact_no", "kind", "id"];
        let (mut new, mut same, mut removed) = (Vec::new(), Vec::new(), Vec::new());
        let bare = WorkRow::new(Timestamp::default(), None, "");
        for (key, row) in &batch.work {
            let columns = WorkColumns::of(key, row.as_ref().unwrap_or(&bare));
            let is_there = self.known.work.contains(key);
            match row {
                Some(_) if is_there => same.push((key, columns)),
                Some(_) => new.push((key, columns)),
                None => removed.push((key, columns)),
            }
        }
        if !removed.is_empty() {
            let many = self.items(&removed, 2)?;
            self.delete("work", many, &matching(&KEYS));
        }
        if !same.is_empty() {
            let many = self.items(&same, WorkColumns::NAMES.len())?;
            self.update("work", many, &KEYS);
        }
        // When another process has just added the same item, the commit begins anew.
        if !new.is_empty() {
            let many = self.items(&new, WorkColumns::NAMES.len())?;
            self.insert("work", many, "");
        }
        Ok(())
    }

    /// Items of work with their first columns.
    fn items(&self, items: &[(&WorkKey, WorkColumns)], columns: usize) -> Result<Many, StoreError> {
        let pages = items.iter().map(|(key, _)| self.page(&key.page));
        let numbers = items.iter().map(|(key, _)| match key.contact() {
            None => Ok(Some(0)),
            Some(contact) => Ok(Some(self.place(&contact)?.contact_no)),
        });
        let values: Vec<Vec<Value<'_>>> = items.iter().map(|(_, row)| row.values()).collect();
        Ok(Many::default()
            .pages(pages.collect::<Result<_, _>>()?)
            .numbers("contact_no", numbers.collect::<Result<_, StoreError>>()?)
            .rows(&WorkColumns::NAMES[..columns], WorkColumns::KINDS, &values))
    }

    /// Pauses and marks, whose Pages are locked since they were read.
    fn pages(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if batch.pages.is_empty() {
            return Ok(());
        }
        let numbers = batch.pages.keys().map(|page| self.page(page));
        let states = batch.pages.values().map(optional_json);
        let states: Vec<Option<String>> = states.collect::<Result<_, _>>()?;
        let until = batch.pages.values().map(|row| {
            let pause = row.pause.as_ref()?;
            Some(pause.until.map_or(i64::MAX, Timestamp::as_millis))
        });
        let many = Many::default()
            .pages(numbers.collect::<Result<_, _>>()?)
            .texts("state", states.iter().map(Option::as_deref))
            .numbers("paused_until", until.collect());
        self.update("page", many, &["page_no"]);
        Ok(())
    }

    fn pictures(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let (mut put, mut gone): (Vec<(&Place, &Picture)>, Vec<_>) = Default::default();
        for (key, picture) in &batch.pictures {
            match picture {
                Some(picture) => put.push((self.place(key)?, picture)),
                None => gone.push(self.place(key)?),
            }
        }
        if !gone.is_empty() {
            let many = of(gone.iter().copied());
            self.delete("picture", many, &matching(&["page_no", "contact_no"]));
        }
        if !put.is_empty() {
            let many = of(put.iter().map(|row| row.0))
                .texts(
                    "media_type",
                    put.iter().map(|row| Some(row.1.media_type.as_str())),
                )
                .bytes(
                    "bytes",
                    put.iter().map(|row| Some(row.1.bytes.clone())).collect(),
                );
            let set = many.assignments(&["page_no", "contact_no"], "excluded");
            let conflict = format!("ON CONFLICT (page_no, contact_no) DO UPDATE SET {set}");
            self.insert("picture", many, &conflict);
        }
        Ok(())
    }

    fn kept(&mut self, batch: &Batch) -> Result<(), StoreError> {
        if !batch.remove_kept.is_empty() {
            let rows = &batch.remove_kept;
            let pages = rows.keys().map(|key| self.page(&key.page));
            let many = Many::default()
                .pages(pages.collect::<Result<_, _>>()?)
                .texts("psid", rows.keys().map(|key| Some(key.psid.as_str())))
                .numbers("at", rows.values().map(|at| Some(at.as_millis())).collect());
            let condition = format!("{} AND t.at <= w.at", matching(&["page_no", "psid"]));
            self.delete("raw_event", many, &condition);
        }
        if !batch.kept.is_empty() {
            let rows = || batch.kept.values();
            let pages = rows().map(|kept| kept.page.as_ref().map_or(Ok(0), |page| self.page(page)));
            let many = Many::default()
                .pages(pages.collect::<Result<_, _>>()?)
                .texts("id", rows().map(|kept| Some(kept.id.as_str())))
                .texts(
                    "psid",
                    rows().map(|kept| kept.psid.as_ref().map(|psid| psid.as_str())),
                )
                .numbers("at", rows().map(|kept| Some(kept.at.as_millis())).collect())
                .texts("reason", rows().map(|kept| Some(kept.reason.as_str())))
                .bytes("raw", rows().map(|kept| Some(kept.raw.clone())).collect());
            // What names nobody is locked by nobody: another process may have kept it by now.
            self.insert("raw_event", many, "ON CONFLICT (page_no, id) DO NOTHING");
        }
        Ok(())
    }

    fn tombstones(&mut self, batch: &Batch) -> Result<(), StoreError> {
        let stones = &batch.tombstones;
        if !stones.is_empty() {
            let pages = stones.keys().map(|(page, _)| self.page(page));
            let hashes = stones.keys().map(|(_, hash)| Some(hash.to_vec()));
            let times = stones.values().map(|at| Some(at.as_millis()));
            let many = Many::default()
                .pages(pages.collect::<Result<_, _>>()?)
                .bytes("hash", hashes.collect())
                .numbers("at", times.collect());
            let conflict = "ON CONFLICT (page_no, hash) DO UPDATE SET at = excluded.at WHERE tombstone.at < excluded.at";
            self.insert("tombstone", many, conflict);
        }
        Ok(())
    }
}

pub(super) fn of<'p>(places: impl Iterator<Item = &'p Place> + Clone) -> Many {
    let numbers = places.clone().map(|place| Some(place.contact_no));
    Many::default()
        .pages(places.map(|place| place.page_no).collect())
        .numbers("contact_no", numbers.collect())
}

pub(super) fn matching(keys: &[&str]) -> String {
    let equal: Vec<String> = keys
        .iter()
        .map(|key| format!("t.{key} = w.{key}"))
        .collect();
    equal.join(" AND ")
}
