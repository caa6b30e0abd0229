//! The second round trip: what is different is written, the Pages' counters last, and committed.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::Client;

use super::{
    columns::Many,
    connection::Trip,
    error::Failure,
    load::{Known, Place, UNTOLD},
    options::Schema,
    search,
};
use crate::{
    id::PageId,
    store::{
        ContactKey, EntryId, Picture, StoreError,
        encoding::{ContactValues, EntryValues, OutgoingValues, revision_to_sql, time},
        fold::{ContactRow, EntryRow, FieldRow, OutgoingRow, Shelf},
        grams,
        key::hash63_of,
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

struct Writes<'k> {
    schema: &'k Schema,
    known: &'k Known,
    statements: Vec<(String, Many)>,
}

impl<'k> Writes<'k> {
    fn new(schema: &'k Schema, known: &'k Known) -> Self {
        Self {
            schema,
            known,
            statements: Vec::new(),
        }
    }

    fn place(&self, key: &ContactKey) -> Result<&'k Place, StoreError> {
        let place = self.known.contacts.get(key);
        place.ok_or(StoreError::Unreadable("a customer that no change names"))
    }

    fn page(&self, page: &PageId) -> Result<i32, StoreError> {
        let number = self.known.pages.get(page).copied();
        number.ok_or(StoreError::Unreadable("a Page that no change names"))
    }

    fn insert(&mut self, table: &str, many: Many, conflict: &str) {
        let sql = format!(
            "INSERT INTO {}.{table} ({1}) SELECT {1} FROM {2} AS w({1}) {conflict}",
            self.schema,
            many.names(),
            many.unnested()
        );
        self.statements.push((sql, many));
    }

    fn update(&mut self, table: &str, many: Many, keys: &[&str]) {
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

    fn delete(&mut self, table: &str, many: Many, condition: &str) {
        let sql = format!(
            "DELETE FROM {}.{table} t USING {} AS w({}) WHERE {condition}",
            self.schema,
            many.unnested(),
            many.names()
        );
        self.statements.push((sql, many));
    }

    fn entries(&mut self, shelf: &Shelf) -> Result<(), StoreError> {
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
                .map(|row| search::array(row.0.page_no, &row.3, grams::OF_TEXT))
                .collect();
            let many = of(indexed.iter().map(|row| row.0))
                .numbers("at", indexed.iter().map(|row| Some(row.1)).collect())
                .numbers("tie", indexed.iter().map(|row| Some(row.2)).collect())
                .texts("grams", grams.iter().map(|grams| Some(grams.as_str())));
            self.index("text_gram", many);
        }
        Ok(())
    }

    fn index(&mut self, table: &str, many: Many) {
        let sql = search::insert(self.schema, table, &many);
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

    /// The customers, who bear the new revision of their Page; whose lock is held from here on.
    fn contacts(&mut self, shelf: &Shelf) -> Result<(), StoreError> {
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
                .map(|(place, name)| search::array(place.page_no, name, grams::OF_NAME))
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

fn of<'p>(places: impl Iterator<Item = &'p Place> + Clone) -> Many {
    let numbers = places.clone().map(|place| Some(place.contact_no));
    Many::default()
        .pages(places.map(|place| place.page_no).collect())
        .numbers("contact_no", numbers.collect())
}

fn matching(keys: &[&str]) -> String {
    let equal: Vec<String> = keys
        .iter()
        .map(|key| format!("t.{key} = w.{key}"))
        .collect();
    equal.join(" AND ")
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

/// What finds those of whom the host wrote down this; the text itself decides.
pub(super) fn field_hash(name: &str, value: &str) -> i64 {
    hash63_of(format!("{}:{name}{value}", name.len()).as_bytes())
}
