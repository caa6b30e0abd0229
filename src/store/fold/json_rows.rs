//! The rows that changes leave, as JSON with the columns by which a database finds them.

use serde::Serialize;

use super::{ContactRow, Fetched, MessageIndex, WorkKey};
use crate::{
    id::{PageId, Psid},
    model::ContactKey,
    store::StoreError,
    time::Timestamp,
};

/// Value of a column; `None` is NULL.
#[derive(Clone, Debug, PartialEq)]
// A store must write each of them: another one is a breaking change.
#[allow(clippy::exhaustive_enums)]
pub enum Value {
    /// An integer: a time in milliseconds, a number, or 0 and 1 for no and yes.
    Int(Option<i64>),
    /// A text.
    Text(Option<String>),
    /// Bytes.
    Bytes(Option<Vec<u8>>),
}

/// A row to write or to remove. The columns and their meaning are those of
/// [`Fetched::json_rows`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct JsonRow {
    /// Table of the row.
    pub table: &'static str,
    /// Names and values of the key.
    pub key: Vec<(&'static str, Value)>,
    /// Names and values of the other columns that change; `None` to remove the row.
    pub columns: Option<Vec<(&'static str, Value)>>,
}

impl Fetched {
    /// The rows that are different from what was loaded, for a store that keeps rows as JSON.
    ///
    /// Each row is to be inserted, or its columns written over those of the row with this key. Two
    /// things are left to the store: [`Batch::remove_kept`](super::Batch::remove_kept), and to
    /// remove a customer of whom only a [tombstone](ContactRow::is_tombstone) is left.
    ///
    /// | Table | Key | Columns |
    /// |---|---|---|
    /// | `page` | `page` | `data`; `paused_until`; `revision`; `removed`, the last revision that removed a customer |
    /// | `contact` | `page`, `psid` | `data`; `hash`; `revision`; `last_at`, `first_at`, `unanswered_since`, `inbound_at` for lists; `unread`; `status`; `assignee`; `names` for searches; `send_due`, `profile_due`, `wake_due`, `erase_due` |
    /// | `label` | `page`, `psid`, `name`, `is_tag` | `value` of a field |
    /// | `picture` | `page`, `psid` | `media_type`, `bytes` |
    /// | `message` | `page`, `psid`, `is_reply`, `id` | `data`; `at` and `tie` of the position; the values of [`MessageIndex`]; `due` of a reply |
    /// | `work` | `page`, `psid`, `kind`, `id` | `data`; `at`, `due`, `given_up` |
    /// | `tombstone` | `page`, `hash` | `at` |
    /// | `raw_event` | `page`, `id` | `psid`, `hash` of the customer; `at`, `reason`, `raw` |
    ///
    /// `data` is the row as JSON. An empty `page` or `psid` stands for none.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] when a row cannot be written as JSON.
    pub fn json_rows(&self) -> Result<Vec<JsonRow>, StoreError> {
        let batch = self.changed();
        let mut rows = Vec::new();
        let mut put = |table, key: Vec<_>, columns| {
            rows.push(JsonRow {
                table,
                key,
                columns,
            })
        };
        for (page, row) in &batch.pages {
            let until = row.pause.as_ref().map(|pause| pause.until);
            let until = until.map(|until| until.map_or(i64::MAX, Timestamp::as_millis));
            let columns = vec![("paused_until", Value::Int(until)), ("data", json(row)?)];
            put("page", of_page(Some(page)), Some(columns));
        }
        for (page, revision) in &batch.revisions {
            let mut columns = vec![("revision", number(revision.number()))];
            if batch.removed.contains(page) {
                columns.push(("removed", number(revision.number())));
            }
            put("page", of_page(Some(page)), Some(columns));
        }
        for (key, row) in &batch.contacts {
            let row = row.clone().unwrap_or_default();
            put("contact", of_contact(key), Some(contact(key, &row)?));
            let empty = ContactRow::default();
            let stored = self.stored_contact(key).unwrap_or(&empty);
            if stored.labels == row.labels {
                continue;
            }
            for (name, value) in stored.labels.set() {
                put("label", label(key, name, value.is_none()), None);
            }
            for (name, value) in row.labels.set() {
                let column = ("value", Value::Text(value.map(str::to_owned)));
                put(
                    "label",
                    label(key, name, value.is_none()),
                    Some(vec![column]),
                );
            }
        }
        for (key, picture) in &batch.pictures {
            let columns = picture.as_ref().map(|picture| {
                let bytes = Value::Bytes(Some(picture.bytes.clone()));
                vec![("media_type", text(&picture.media_type)), ("bytes", bytes)]
            });
            put("picture", of_contact(key), columns);
        }
        for ((key, id), row) in &batch.entries {
            let columns = row.as_ref().map(|row| message(row.index(), None, row));
            put(
                "message",
                of_message(key, false, id.as_str()),
                columns.transpose()?,
            );
        }
        for ((key, reply), row) in &batch.outgoing {
            let columns = row.as_ref().map(|row| message(row.index(), row.due(), row));
            put(
                "message",
                of_message(key, true, reply.as_str()),
                columns.transpose()?,
            );
        }
        for (key, row) in &batch.work {
            let columns = row.as_ref().map(|row| {
                let (at, due) = (time(Some(row.at)), time(row.due));
                let given_up = flag(row.given_up);
                Ok::<_, StoreError>(vec![
                    ("at", at),
                    ("due", due),
                    ("given_up", given_up),
                    ("data", json(row)?),
                ])
            });
            put("work", of_work(key), columns.transpose()?);
        }
        for ((page, hash), at) in &batch.tombstones {
            let mut place = of_page(Some(page));
            place.push(("hash", Value::Bytes(Some(hash.to_vec()))));
            put("tombstone", place, Some(vec![("at", time(Some(*at)))]));
        }
        for event in batch.kept.values() {
            let mut place = of_page(event.page.as_ref());
            place.push(("id", text(event.id.as_str())));
            let psid = event.psid.as_ref().map(|psid| psid.as_str().to_owned());
            let hash = event.contact().map(|key| key.hash().to_vec());
            let columns = vec![
                ("psid", Value::Text(psid)),
                ("hash", Value::Bytes(hash)),
                ("at", time(Some(event.at))),
                ("reason", text(&event.reason)),
                ("raw", Value::Bytes(Some(event.raw.clone()))),
            ];
            put("raw_event", place, Some(columns));
        }
        Ok(rows)
    }
}

pub(super) type Columns = Vec<(&'static str, Value)>;

fn contact(key: &ContactKey, row: &ContactRow) -> Result<Columns, StoreError> {
    Ok(vec![
        ("hash", Value::Bytes(Some(key.hash().to_vec()))),
        ("revision", number(row.revision.number())),
        ("last_at", time(row.last_at)),
        ("first_at", time(row.first_at)),
        ("unanswered_since", time(row.unanswered_since)),
        ("inbound_at", time(row.inbound_at)),
        ("unread", number(row.unread.into())),
        ("status", text(row.status.kind().as_str())),
        ("assignee", Value::Text(row.assignee.clone())),
        ("names", Value::Text(Some(row.searchable()))),
        ("send_due", time(row.send_due)),
        ("profile_due", time(row.profile_due())),
        ("wake_due", time(row.wake_due())),
        ("erase_due", Value::Int(row.erasing.then_some(0))),
        ("data", json(row)?),
    ])
}

fn message(
    index: MessageIndex,
    due: Option<Timestamp>,
    row: &impl Serialize,
) -> Result<Columns, StoreError> {
    Ok(vec![
        ("at", time(index.position.map(|position| position.at))),
        (
            "tie",
            Value::Int(index.position.map(|position| position.tie)),
        ),
        ("visible_at", time(index.visible_at)),
        ("old_at", time(Some(index.old_at))),
        ("end_at", time(index.end_at)),
        ("is_inbound", flag(index.is_inbound)),
        ("is_answer", flag(index.is_answer)),
        ("is_live", flag(index.is_live)),
        ("due", time(due)),
        ("data", json(row)?),
    ])
}

fn of_page(page: Option<&PageId>) -> Columns {
    vec![("page", text(page.map_or("", PageId::as_str)))]
}

pub(super) fn of_contact(key: &ContactKey) -> Columns {
    vec![
        ("page", text(key.page.as_str())),
        ("psid", text(key.psid.as_str())),
    ]
}

pub(super) fn of_message(key: &ContactKey, is_reply: bool, id: &str) -> Columns {
    let mut place = of_contact(key);
    place.extend([("is_reply", flag(is_reply)), ("id", text(id))]);
    place
}

pub(super) fn of_work(key: &WorkKey) -> Columns {
    let mut place = of_page(Some(&key.page));
    place.push(("psid", text(key.psid.as_ref().map_or("", Psid::as_str))));
    place.extend([("kind", text(key.kind.as_str())), ("id", text(&key.id))]);
    place
}

fn label(key: &ContactKey, name: &str, is_tag: bool) -> Columns {
    let mut place = of_contact(key);
    place.extend([("name", text(name)), ("is_tag", flag(is_tag))]);
    place
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(Some(text.to_owned()))
}

fn time(at: Option<Timestamp>) -> Value {
    Value::Int(at.map(Timestamp::as_millis))
}

pub(super) fn flag(is: bool) -> Value {
    Value::Int(Some(is.into()))
}

/// Pages do not see 2⁶³ commits.
fn number(number: u64) -> Value {
    Value::Int(Some(i64::try_from(number).unwrap_or(i64::MAX)))
}

fn json(row: &impl Serialize) -> Result<Value, StoreError> {
    let json = serde_json::to_string(row).map_err(|error| StoreError::Refused(error.into()))?;
    Ok(Value::Text(Some(json)))
}
