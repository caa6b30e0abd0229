//! Rows to be read besides those of the customers: what is asked of the server, and where its
//! answers belong.

use tokio_postgres::Row;

use super::{
    columns::{Columns, MARK, MESSAGE, Many, OUTGOING},
    connection::Trip,
    load::Known,
    options::Schema,
};
use crate::{
    id::PageId,
    model::ContactKey,
    store::{
        StoreError,
        fold::{Conversation, EntryRow, FieldRow, OutgoingRow, Wanted},
        hash::hash63_of,
    },
    time::Timestamp,
};

pub(super) fn by_contact<'k>(keys: impl Iterator<Item = &'k ContactKey> + Clone) -> Many {
    let pages = keys.clone().map(|key| Some(key.page.as_str()));
    Many::default()
        .texts("page", pages)
        .texts("psid", keys.map(|key| Some(key.psid.as_str())))
}

/// The rows of these arrays with the numbers of their Pages, which are found one by one: the
/// planner knows nothing of tables that nobody has analysed yet, and should have nothing to choose.
/// `OFFSET 0` keeps it from asking again for each use.
pub(super) fn on_pages(schema: &Schema, many: &Many) -> String {
    format!(
        "(SELECT *, (SELECT p.page_no FROM {schema}.page p WHERE p.page = u.page) AS page_no
          FROM {} WITH ORDINALITY AS u({}, n) OFFSET 0)",
        many.unnested(),
        many.names()
    )
}

/// The same with the numbers of their customers.
pub(super) fn on_contacts(schema: &Schema, many: &Many) -> String {
    format!(
        "(SELECT *, (SELECT x.contact_no FROM {schema}.contact x WHERE x.page_no = w.page_no AND x.psid = w.psid) AS contact_no
          FROM {} w OFFSET 0)",
        on_pages(schema, many)
    )
}

/// The rows of a customer in `c`, by all columns of an index: left to itself the planner looks
/// through a whole conversation for a few of its messages.
fn each(schema: &Schema, table: &str, condition: &str) -> String {
    format!(
        "c CROSS JOIN LATERAL (SELECT * FROM {schema}.{table} x
         WHERE x.page_no = c.page_no AND x.contact_no = c.contact_no {condition} OFFSET 0)"
    )
}

/// Rows to be read, besides those of the customers themselves.
pub(super) struct Asked<'w> {
    wanted: &'w Wanted,
    statements: Vec<(Kind, String, Many)>,
}

#[derive(Clone, Copy)]
enum Kind {
    Entries,
    Outgoing,
    Due,
    Fields,
    ConversationEntries,
    ConversationOutgoing,
    ConversationFields,
    Kept,
    Buried,
}

impl<'w> Asked<'w> {
    pub(super) fn of(schema: &Schema, wanted: &'w Wanted) -> Self {
        let from = |many: &Many| on_contacts(schema, many);
        let each = |table, condition| each(schema, table, condition);
        let mut statements = Vec::new();
        let entries = &wanted.entries;
        if !entries.is_empty() {
            let many = by_contact(entries.iter().map(|(key, _)| key))
                .numbers(
                    "tie",
                    entries
                        .iter()
                        .map(|(_, id)| Some(EntryRow::tie(id)))
                        .collect(),
                )
                .texts("id", entries.iter().map(|(_, id)| Some(id.as_str())));
            let on = "AND x.tie = c.tie AND x.id = c.id";
            let sql = format!(
                "WITH c AS MATERIALIZED (SELECT * FROM {} c)
                 SELECT c.n, {MESSAGE} FROM {} m UNION ALL SELECT c.n, {MARK} FROM {} m",
                from(&many),
                each("message", on),
                each("mark", on)
            );
            statements.push((Kind::Entries, sql, many));
        }
        let outgoing = &wanted.outgoing;
        if !outgoing.is_empty() {
            let keys = outgoing
                .iter()
                .map(|(_, key)| Some(key.to_bytes().to_vec()));
            let many = by_contact(outgoing.iter().map(|(key, _)| key)).bytes("key", keys.collect());
            let sql = format!(
                "SELECT c.n, {OUTGOING} FROM {} {} o",
                from(&many),
                each("outgoing", "AND x.key = c.key")
            );
            statements.push((Kind::Outgoing, sql, many));
        }
        if !wanted.due.is_empty() {
            let many = by_contact(wanted.due.iter());
            let sql = format!(
                "SELECT c.n, {OUTGOING} FROM {} {} o",
                from(&many),
                each("outgoing", "AND x.due IS NOT NULL")
            );
            statements.push((Kind::Due, sql, many));
        }
        let fields = &wanted.fields;
        if !fields.is_empty() {
            let ties = fields
                .iter()
                .map(|(_, name)| Some(hash63_of(name.as_bytes())));
            let many = by_contact(fields.iter().map(|(key, _)| key))
                .numbers("tie", ties.collect())
                .texts("name", fields.iter().map(|(_, name)| Some(name.as_str())));
            let sql = format!(
                "SELECT c.n, f.name, f.at, f.value FROM {} {} f",
                from(&many),
                each("field", "AND x.tie = c.tie AND x.name = c.name")
            );
            statements.push((Kind::Fields, sql, many));
        }
        if !wanted.conversations.is_empty() {
            let contacts = || by_contact(wanted.conversations.iter());
            let many = contacts();
            let from = from(&many);
            let entries = format!(
                "WITH c AS MATERIALIZED (SELECT * FROM {from} c)
                 SELECT c.n, {MESSAGE} FROM {} m UNION ALL SELECT c.n, {MARK} FROM {} m",
                each("message", ""),
                each("mark", "")
            );
            let outgoing = format!(
                "SELECT c.n, {OUTGOING} FROM {from} {} o",
                each("outgoing", "")
            );
            let fields = format!(
                "SELECT c.n, f.name, f.at, f.value FROM {from} {} f",
                each("field", "")
            );
            statements.push((Kind::ConversationEntries, entries, many));
            statements.push((Kind::ConversationOutgoing, outgoing, contacts()));
            statements.push((Kind::ConversationFields, fields, contacts()));
        }
        let kept = &wanted.kept;
        if !kept.is_empty() {
            let pages = kept
                .iter()
                .map(|(page, _)| page.as_ref().map(PageId::as_str));
            let many = Many::default()
                .texts("page", pages)
                .texts("id", kept.iter().map(|(_, id)| Some(id.as_str())));
            let sql = format!(
                "SELECT w.n FROM {} w CROSS JOIN LATERAL (SELECT FROM {schema}.kept x
                 WHERE x.page_no = CASE WHEN w.page IS NULL THEN 0 ELSE w.page_no END AND x.id = w.id OFFSET 0) k",
                on_pages(schema, &many)
            );
            statements.push((Kind::Kept, sql, many));
        }
        let buried = &wanted.buried;
        if !buried.is_empty() {
            let hashes = buried.iter().map(|(_, hash)| Some(hash.to_vec()));
            let many = Many::default()
                .texts("page", buried.iter().map(|(page, _)| Some(page.as_str())))
                .bytes("hash", hashes.collect());
            let sql = format!(
                "SELECT w.n, f.at FROM {} w CROSS JOIN LATERAL (SELECT x.at FROM {schema}.forgotten x
                 WHERE x.page_no = w.page_no AND x.hash = w.hash OFFSET 0) f",
                on_pages(schema, &many)
            );
            statements.push((Kind::Buried, sql, many));
        }
        Self { wanted, statements }
    }

    pub(super) fn add<'s>(&'s self, trip: &mut Trip<'s>) {
        for (_, sql, many) in &self.statements {
            trip.add(sql.clone(), many.params());
        }
    }

    /// Puts what was found in its place, and beside it what is not there.
    pub(super) fn read(&self, answers: Vec<Vec<Row>>, known: &mut Known) -> Result<(), StoreError> {
        let Wanted {
            entries,
            outgoing,
            fields,
            due,
            conversations,
            kept,
            buried,
            ..
        } = self.wanted;
        for (key, id) in entries {
            known.rows.put_entry(key.clone(), id.clone(), None);
        }
        for (key, answer) in outgoing {
            known.rows.put_outgoing(key.clone(), answer.clone(), None);
        }
        for (key, name) in fields {
            known.rows.put_field(key.clone(), name.clone(), None);
        }
        for (page, id) in kept {
            known.rows.put_kept(page.clone(), id.clone(), false);
        }
        for (page, hash) in buried {
            known.rows.put_buried(page.clone(), *hash, None);
        }
        let mut due: Vec<(&ContactKey, Vec<OutgoingRow>)> =
            due.iter().map(|key| (key, Vec::new())).collect();
        let mut talks: Vec<(&ContactKey, Conversation)> = (conversations.iter())
            .map(|key| (key, Conversation::default()))
            .collect();
        let (entries, outgoing) = (Vec::from_iter(entries), Vec::from_iter(outgoing));
        let (fields, kept) = (Vec::from_iter(fields), Vec::from_iter(kept));
        let buried = Vec::from_iter(buried);
        let nowhere = || StoreError::Unreadable("an ordinal");
        for ((kind, ..), rows) in self.statements.iter().zip(&answers) {
            for row in rows {
                let mut next = Columns::of(row);
                let place = next.place()?;
                match kind {
                    Kind::Entries => {
                        let (key, _) = entries.get(place).ok_or_else(nowhere)?;
                        known.found(key, next.entry()?);
                    }
                    Kind::Outgoing => {
                        let (key, answer) = outgoing.get(place).ok_or_else(nowhere)?;
                        let row = Some(next.outgoing()?);
                        known.rows.put_outgoing(key.clone(), answer.clone(), row);
                    }
                    Kind::Fields => {
                        let (key, name) = fields.get(place).ok_or_else(nowhere)?;
                        let (_, row) = field(&mut next)?;
                        known.rows.put_field(key.clone(), name.clone(), Some(row));
                    }
                    Kind::Kept => {
                        let (page, id) = kept.get(place).ok_or_else(nowhere)?;
                        known.rows.put_kept(page.clone(), id.clone(), true);
                    }
                    Kind::Buried => {
                        let (page, hash) = buried.get(place).ok_or_else(nowhere)?;
                        let at = Timestamp::from_millis(next.get()?);
                        known.rows.put_buried(page.clone(), *hash, Some(at));
                    }
                    Kind::Due => {
                        let (_, rows) = due.get_mut(place).ok_or_else(nowhere)?;
                        rows.push(next.outgoing()?);
                    }
                    Kind::ConversationEntries => {
                        let (key, talk) = talks.get_mut(place).ok_or_else(nowhere)?;
                        let row = next.entry()?;
                        known.found(key, row.clone());
                        talk.entries.push(row);
                    }
                    Kind::ConversationOutgoing => {
                        let (_, talk) = talks.get_mut(place).ok_or_else(nowhere)?;
                        talk.outgoing.push(next.outgoing()?);
                    }
                    Kind::ConversationFields => {
                        let (_, talk) = talks.get_mut(place).ok_or_else(nowhere)?;
                        talk.fields.push(field(&mut next)?);
                    }
                }
            }
        }
        for (key, rows) in due {
            known.rows.put_due(key.clone(), rows);
        }
        for (key, talk) in talks {
            known.rows.put_conversation(key.clone(), talk);
        }
        Ok(())
    }
}

pub(super) fn field(next: &mut Columns<'_>) -> Result<(String, FieldRow), StoreError> {
    let name = next.text()?.unwrap_or_default();
    let at = Timestamp::from_millis(next.get()?);
    Ok((name, FieldRow::new(at, next.text()?)))
}
