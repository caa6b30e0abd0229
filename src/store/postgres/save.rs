//! The second round trip: what is different is written, the Pages' counters last, and committed.

use std::collections::BTreeMap;

use tokio_postgres::Client;

use super::{
    columns::Many,
    connection::Trip,
    error::Failure,
    load::{Known, Place},
    options::Schema,
};
use crate::{
    id::PageId,
    model::{ContactKey, Picture},
    store::{
        StoreError,
        encoding::OutgoingValues,
        fold::{FieldRow, OutgoingRow, Shelf},
        hash::hash63_of,
    },
    time::Timestamp,
};

/// Writes what the fold has changed, and ends the transaction if it is to be ended: with a
/// roll-back where nothing was changed, so that nothing is written at all.
pub(super) async fn save(
    client: &Client,
    schema: &Schema,
    known: &Known,
    is_own: bool,
) -> Result<(), Failure> {
    let mut writes = Writes::new(schema, known);
    let shelf = known.rows.changed();
    writes.entries(shelf)?;
    writes.outgoing(shelf)?;
    writes.fields(shelf)?;
    writes.pictures(shelf)?;
    writes.kept(shelf)?;
    writes.forgotten(shelf)?;
    writes.contacts(shelf)?;
    let is_empty = writes.statements.is_empty();
    let mut trip = Trip::new(client);
    for (sql, many) in &writes.statements {
        trip.add(sql.clone(), many.params());
    }
    if is_own {
        trip.control(if is_empty { "ROLLBACK" } else { "COMMIT" });
    }
    trip.go().await?;
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

    fn outgoing(&mut self, shelf: &Shelf) -> Result<(), StoreError> {
        let (mut put, mut gone) = (Vec::new(), Vec::new());
        for ((key, answer), row) in &shelf.outgoing {
            let place = self.place(key)?;
            match row {
                Some(row) => put.push((place, row)),
                None => gone.push((place, answer.to_bytes().to_vec())),
            }
        }
        if !gone.is_empty() {
            let keys = gone.iter().map(|row| Some(row.1.clone()));
            let many = of(gone.iter().map(|row| row.0)).bytes("key", keys.collect());
            self.delete(
                "outgoing",
                many,
                &matching(&["page_no", "contact_no", "key"]),
            );
        }
        if !put.is_empty() {
            let values: Vec<OutgoingValues> = (put.iter())
                .map(|(_, row)| OutgoingValues::of(row))
                .collect::<Result<_, _>>()?;
            let key = |row: &&OutgoingRow| Some(row.key.to_bytes().to_vec());
            let many = of(put.iter().map(|row| row.0))
                .bytes("key", put.iter().map(|(_, row)| key(row)).collect())
                .numbers("at", values.iter().map(|row| Some(row.at)).collect())
                .numbers("tie", values.iter().map(|row| row.tie).collect())
                .numbers("due", values.iter().map(|row| row.due).collect())
                .flags(
                    "has_content",
                    values.iter().map(|row| row.has_content).collect(),
                )
                .texts("text", values.iter().map(|row| row.text.as_deref()))
                .texts("more", values.iter().map(|row| row.more.as_deref()))
                .numbers(
                    "attempt",
                    values.iter().map(|row| Some(row.attempt.into())).collect(),
                )
                .small("state", values.iter().map(|row| Some(row.state)).collect())
                .numbers(
                    "state_due",
                    values.iter().map(|row| row.state_due).collect(),
                )
                .texts("reason", values.iter().map(|row| row.reason.as_deref()))
                .numbers("by", values.iter().map(|row| row.by).collect())
                .texts("mids", values.iter().map(|row| row.mids.as_deref()));
            let set = many.assignments(&["page_no", "contact_no", "key"], "excluded");
            let conflict = format!("ON CONFLICT (page_no, contact_no, key) DO UPDATE SET {set}");
            self.insert("outgoing", many, &conflict);
        }
        Ok(())
    }

    fn fields(&mut self, shelf: &Shelf) -> Result<(), StoreError> {
        let mut touched = Vec::new();
        let mut put: Vec<(&Place, &str, &FieldRow)> = Vec::new();
        for ((key, name), row) in &shelf.fields {
            let (place, name) = (self.place(key)?, name.as_str());
            touched.push((place, name));
            put.extend(row.as_ref().map(|row| (place, name, row)));
        }
        let tie = |name: &str| Some(hash63_of(name.as_bytes()));
        if !touched.is_empty() {
            let many = of(touched.iter().map(|row| row.0))
                .numbers("tie", touched.iter().map(|row| tie(row.1)).collect())
                .texts("name", touched.iter().map(|row| Some(row.1)));
            let name = matching(&["page_no", "contact_no", "tie", "name"]);
            self.delete("field", many, &name);
        }
        if !put.is_empty() {
            let hash = |(_, name, row): &(&Place, &str, &FieldRow)| {
                row.value.as_ref().map(|value| field_hash(name, value))
            };
            let many = of(put.iter().map(|row| row.0))
                .texts("name", put.iter().map(|row| Some(row.1)))
                .numbers("tie", put.iter().map(|row| tie(row.1)).collect())
                .numbers(
                    "at",
                    put.iter().map(|row| Some(row.2.at.as_millis())).collect(),
                )
                .texts("value", put.iter().map(|row| row.2.value.as_deref()))
                .numbers("hash", put.iter().map(hash).collect());
            self.insert("field", many, "");
        }
        Ok(())
    }

    fn pictures(&mut self, shelf: &Shelf) -> Result<(), StoreError> {
        let (mut put, mut gone): (Vec<(&Place, &Picture)>, Vec<_>) = Default::default();
        for (key, picture) in &shelf.pictures {
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

    fn kept(&mut self, shelf: &Shelf) -> Result<(), StoreError> {
        if !shelf.remove_kept.is_empty() {
            let rows = &shelf.remove_kept;
            let pages = rows.keys().map(|key| self.page(&key.page));
            let many = Many::default()
                .pages(pages.collect::<Result<_, _>>()?)
                .texts("psid", rows.keys().map(|key| Some(key.psid.as_str())))
                .numbers("at", rows.values().map(|at| Some(at.as_millis())).collect());
            let condition = format!("{} AND t.at <= w.at", matching(&["page_no", "psid"]));
            self.delete("kept", many, &condition);
        }
        if !shelf.kept.is_empty() {
            let rows = || shelf.kept.values();
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
            self.insert("kept", many, "ON CONFLICT (page_no, id) DO NOTHING");
        }
        Ok(())
    }

    fn forgotten(&mut self, shelf: &Shelf) -> Result<(), StoreError> {
        let mut tombs: BTreeMap<(i32, [u8; 16]), Timestamp> = BTreeMap::new();
        for ((page, hash), at) in &shelf.buried {
            tombs.insert((self.page(page)?, *hash), *at);
        }
        for (key, row) in &shelf.contacts {
            if let Some(at) = row.as_ref().and_then(|row| row.forgotten) {
                let tomb = tombs
                    .entry((self.page(&key.page)?, key.hash()))
                    .or_insert(at);
                *tomb = at.max(*tomb);
            }
        }
        if !tombs.is_empty() {
            let many = Many::default()
                .pages(tombs.keys().map(|tomb| tomb.0).collect())
                .bytes(
                    "hash",
                    tombs.keys().map(|tomb| Some(tomb.1.to_vec())).collect(),
                )
                .numbers(
                    "at",
                    tombs.values().map(|at| Some(at.as_millis())).collect(),
                );
            let conflict = "ON CONFLICT (page_no, hash) DO UPDATE SET at = excluded.at WHERE forgotten.at < excluded.at";
            self.insert("forgotten", many, conflict);
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

/// What finds those of whom the host wrote down this; the text itself decides.
pub(super) fn field_hash(name: &str, value: &str) -> i64 {
    hash63_of(format!("{}:{name}{value}", name.len()).as_bytes())
}
