//! The reads that load a missing row, for a store that keeps rows as JSON.

use serde::de::DeserializeOwned;

use super::{
    Ends, EntryRow, Fetched, Missing, MissingEnds, OldRows, OutgoingRow, Value, WorkKey,
    json_rows::{Columns, flag, of_contact, of_message, of_work, text},
};
use crate::{
    id::Psid,
    model::{ContactKey, Revision, WorkKind},
    store::StoreError,
    time::Timestamp,
};

/// A read of rows by their columns. The tables and columns are those of [`Fetched::json_rows`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct JsonRead {
    /// Table of the rows.
    pub table: &'static str,
    /// Columns to return, in this order.
    pub columns: &'static [&'static str],
    /// Columns that have these values.
    pub equal: Vec<(&'static str, Value)>,
    /// Columns that are greater than these numbers, so that they are not NULL.
    pub greater: Vec<(&'static str, i64)>,
    /// Column that is no greater than a number.
    pub at_most: Option<(&'static str, i64)>,
    /// Columns that order the rows; none when any order will do.
    pub order: &'static [&'static str],
    /// Whether the order is descending in all its columns.
    pub is_descending: bool,
    /// Largest number of rows.
    pub limit: u32,
}

impl JsonRead {
    fn new(
        table: &'static str,
        columns: &'static [&'static str],
        equal: Vec<(&'static str, Value)>,
    ) -> Self {
        Self {
            table,
            columns,
            equal,
            greater: Vec::new(),
            at_most: None,
            order: &[],
            is_descending: false,
            limit: u32::MAX,
        }
    }
}

/// Loads a row that is [`Missing`], by reads that the store executes.
///
/// While [`next_read`](Self::next_read) returns a read, execute it and [add](Self::add) its rows; then
/// [finish](Self::finish).
///
/// # Examples
///
/// ```
/// use messenger_crm::model::ContactKey;
/// use messenger_crm::store::fold::{Fetched, JsonLoad, Missing, Value};
///
/// let ada = ContactKey::new("1".parse()?, "2".parse()?);
/// let mut load = JsonLoad::new(Missing::Contact(ada.clone()));
/// while let Some(read) = load.next_read()? {
///     // Here a database would be asked. This customer has been erased, and has no row.
///     load.add(match read.table {
///         "tombstone" => vec![vec![Value::Int(Some(1_700_000_000_000))]],
///         _ => vec![],
///     });
/// }
/// let mut rows = Fetched::default();
/// load.finish(&mut rows)?;
/// assert!(rows.stored_contact(&ada).is_some_and(|row| row.is_tombstone()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct JsonLoad {
    missing: Missing,
    /// The rows of each read.
    found: Vec<Vec<Vec<Value>>>,
}

impl JsonLoad {
    /// Begins to load a row.
    pub const fn new(missing: Missing) -> Self {
        let found = Vec::new();
        Self { missing, found }
    }

    /// Adds the rows of the last read, each with the values of its columns.
    pub fn add(&mut self, rows: Vec<Vec<Value>>) {
        self.found.push(rows);
    }

    /// The next read; `None` when all is read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreadable`] when a row that was added cannot be read.
    pub fn next_read(&self) -> Result<Option<JsonRead>, StoreError> {
        let step = self.found.len();
        let data: &[&str] = &["data"];
        Ok(match (&self.missing, step) {
            (Missing::Contact(key), 0) => Some(JsonRead::new("contact", data, of_contact(key))),
            (Missing::Contact(key), 1) => {
                let place = of_hash(key.page.as_str(), &key.hash());
                Some(JsonRead::new("tombstone", &["at"], place))
            }
            (Missing::Tombstone(page, hash), 0) => {
                let place = of_hash(page.as_str(), hash);
                Some(JsonRead::new("tombstone", &["at"], place))
            }
            (Missing::Entry(key, id), 0) => Some(message(key, false, id.as_str())),
            (Missing::Outgoing(key, id), 0) => Some(message(key, true, id.as_str())),
            (Missing::Due(key), 0) => Some(JsonRead {
                greater: vec![("due", i64::MIN)],
                ..JsonRead::new("message", data, of_contact(key))
            }),
            (Missing::Old(key, cutoff, limit), 0) => Some(JsonRead {
                at_most: Some(("old_at", cutoff.as_millis())),
                order: &["is_reply"],
                is_descending: true,
                limit: *limit,
                ..JsonRead::new("message", &["is_reply", "data"], of_contact(key))
            }),
            (Missing::Old(key, cutoff, limit), 1) => Some(JsonRead {
                at_most: Some(("at", cutoff.as_millis())),
                limit: limit.saturating_sub(self.count()),
                ..JsonRead::new("work", &["kind", "id"], of_contact(key))
            }),
            (Missing::Inbound(key, cutoff, limit), 0) => {
                let mut place = of_contact(key);
                place.push(("is_live", flag(true)));
                Some(JsonRead {
                    greater: vec![("at", cutoff.as_millis())],
                    limit: *limit,
                    ..JsonRead::new("message", &["at"], place)
                })
            }
            (Missing::Work(key), 0) => {
                let place = of_work(key);
                Some(JsonRead::new("work", data, place))
            }
            (Missing::FirstWork(key, kind), 0) => {
                let mut place = of_contact(key);
                place.extend([("kind", text(kind.as_str())), ("given_up", flag(false))]);
                Some(JsonRead {
                    order: &["at", "id"],
                    limit: 2,
                    ..JsonRead::new("work", &["id", "data"], place)
                })
            }
            (Missing::Kept(page, id), 0) => {
                let page = page.as_ref().map_or("", |page| page.as_str());
                let place = vec![("page", text(page)), ("id", text(id.as_str()))];
                Some(JsonRead::new("raw_event", &["at"], place))
            }
            (Missing::ContactOf(page, hash), 0 | 1) => {
                let table = if step == 0 { "contact" } else { "raw_event" };
                let place = of_hash(page.as_str(), hash);
                let read = JsonRead::new(table, &["psid"], place);
                Some(JsonRead { limit: 1, ..read })
            }
            (Missing::Revision(page) | Missing::Page(page), 0) => {
                let place = vec![("page", text(page.as_str()))];
                Some(JsonRead::new("page", &["revision", "data"], place))
            }
            (Missing::Ends(missing), step) => self.read_of_ends(missing, step)?,
            _ => None,
        })
    }

    /// Adds what was read to the rows.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unreadable`] when a row cannot be read.
    pub fn finish(self, rows: &mut Fetched) -> Result<(), StoreError> {
        let count = self.count();
        let ends = match &self.missing {
            Missing::Ends(missing) => self.ends(missing)?,
            _ => Ends::default(),
        };
        let is_found = count > 0;
        let mut found = self.found.into_iter().map(Vec::into_iter);
        let (first, second) = (found.next(), found.next());
        let mut first = first.into_iter().flatten().map(Vec::into_iter);
        let mut second = second.into_iter().flatten().map(Vec::into_iter);
        match self.missing {
            Missing::Contact(key) => {
                let mut row = first.next().map(|row| json(row.last())).transpose()?;
                if let Some(mut tombstone) = second.next() {
                    let row: &mut super::ContactRow = row.get_or_insert_default();
                    row.forgotten = Some(time(tombstone.next())?);
                }
                rows.add_contact(key, row);
            }
            Missing::Tombstone(page, hash) => {
                let at = first.next().map(|mut row| time(row.next())).transpose()?;
                rows.add_tombstone(page, hash, at);
            }
            Missing::Entry(key, id) => {
                let row = first.next().map(|row| json(row.last())).transpose()?;
                rows.add_entry(key, id, row);
            }
            Missing::Outgoing(key, id) => {
                let row = first.next().map(|row| json(row.last())).transpose()?;
                rows.add_outgoing(key, id, row);
            }
            Missing::Due(key) => {
                let due: Result<Vec<OutgoingRow>, _> = first.map(|row| json(row.last())).collect();
                rows.add_due(key, due?);
            }
            Missing::Old(key, cutoff, _) => {
                let mut old = OldRows::default();
                for mut row in first {
                    match is_true(row.next())? {
                        true => old.outgoing.push(json(row.next())?),
                        false => old.entries.push(json(row.next())?),
                    }
                }
                for mut row in second {
                    let (kind, id) = (WorkKind::new(string(row.next())?), string(row.next())?);
                    old.work.push(work_key(&key, kind, id));
                }
                rows.add_old(key, cutoff, old);
            }
            Missing::Inbound(key, cutoff, limit) => rows.add_inbound(key, cutoff, limit, count),
            Missing::Work(key) => {
                let row = first.next().map(|row| json(row.last())).transpose()?;
                rows.add_work(key, row);
            }
            Missing::FirstWork(key, kind) => {
                let mut works = Vec::new();
                for mut row in first {
                    let id = string(row.next())?;
                    works.push((work_key(&key, kind.clone(), id), json(row.next())?));
                }
                rows.add_first_work(key, kind, works);
            }
            Missing::Kept(page, id) => rows.add_kept(page, id, is_found),
            Missing::ContactOf(page, hash) => {
                let psid = first.chain(second).next().map(|mut row| string(row.next()));
                let psid = psid.transpose()?.map(Psid::new).transpose();
                let psid = psid.map_err(|_| StoreError::Unreadable("the id of a customer"))?;
                let key = psid.map(|psid| ContactKey::new(page.clone(), psid));
                rows.add_contact_of(page, hash, key);
            }
            Missing::Revision(page) | Missing::Page(page) => {
                let (mut revision, mut row) = (0, None);
                if let Some(mut columns) = first.next() {
                    revision = int(columns.next())?;
                    let data = columns.next().filter(|data| !is_null(data));
                    row = data.map(|data| json(Some(data))).transpose()?;
                }
                rows.add_revision(page.clone(), Revision::new(revision.cast_unsigned()));
                rows.add_page(page, row.unwrap_or_default());
            }
            Missing::Ends(missing) => rows.add_ends(missing, ends),
        }
        Ok(())
    }

    /// Number of rows that were read.
    fn count(&self) -> u32 {
        let count: usize = self.found.iter().map(Vec::len).sum();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// The rows of one end after the other. Of each as many as are loaded already, and one more.
    fn read_of_ends(
        &self,
        missing: &MissingEnds,
        step: usize,
    ) -> Result<Option<JsonRead>, StoreError> {
        let mut place = of_contact(&missing.contact);
        let mut greater = vec![("end_at", i64::MIN)];
        let cutoff = missing.cutoff.map_or(i64::MIN, Timestamp::as_millis);
        greater.push(("visible_at", cutoff));
        let (order, is_descending): (&[&str], bool) = match step {
            0 => {
                greater.push(("tie", i64::MIN));
                (&["at", "tie"], true)
            }
            1 => (&["end_at"], false),
            2 => (&["end_at"], true),
            3 => {
                place.push(("is_inbound", flag(true)));
                (&["end_at"], true)
            }
            4 => {
                place.push(("is_answer", flag(true)));
                (&["end_at"], true)
            }
            UNANSWERED => {
                // Later than every answer, also than those that are loaded.
                let replied_at = self.ends(missing)?.replied_at.max(missing.replied_at);
                greater[0].1 = replied_at.map_or(i64::MIN, Timestamp::as_millis);
                place.push(("is_inbound", flag(true)));
                (&["end_at"], false)
            }
            _ => return Ok(None),
        };
        let loaded = missing.without.len() + missing.without_replies.len();
        Ok(Some(JsonRead {
            greater,
            order,
            is_descending,
            limit: u32::try_from(loaded + 1).unwrap_or(u32::MAX),
            ..JsonRead::new("message", &["is_reply", "data"], place)
        }))
    }

    /// The ends from the first row of each read that is not loaded.
    fn ends(&self, missing: &MissingEnds) -> Result<Ends, StoreError> {
        let mut ends = Ends::default();
        for (step, rows) in self.found.iter().enumerate() {
            for row in rows {
                let mut columns = row.iter().cloned();
                if is_true(columns.next())? {
                    let reply: OutgoingRow = json(columns.next())?;
                    if missing.without_replies.contains(&reply.key) {
                        continue;
                    }
                    ends.include_reply(&reply, missing.cutoff);
                } else {
                    let entry: EntryRow = json(columns.next())?;
                    if missing.without.contains(&entry.id) {
                        continue;
                    }
                    match step {
                        UNANSWERED => ends.include_unanswered(&entry, missing.cutoff),
                        _ => ends.include(&entry, missing.cutoff),
                    }
                }
                break;
            }
        }
        Ok(ends)
    }
}

/// The read that looks for the first unanswered entry.
const UNANSWERED: usize = 5;

fn of_hash(page: &str, hash: &[u8; 16]) -> Columns {
    let hash = Value::Bytes(Some(hash.to_vec()));
    vec![("page", text(page)), ("hash", hash)]
}

fn message(key: &ContactKey, is_reply: bool, id: &str) -> JsonRead {
    JsonRead::new("message", &["data"], of_message(key, is_reply, id))
}

fn work_key(key: &ContactKey, kind: WorkKind, id: String) -> WorkKey {
    WorkKey::new(key.page.clone(), Some(key.psid.clone()), kind, id)
}

const fn is_null(value: &Value) -> bool {
    matches!(
        value,
        Value::Int(None) | Value::Text(None) | Value::Bytes(None)
    )
}

fn int(value: Option<Value>) -> Result<i64, StoreError> {
    match value {
        Some(Value::Int(Some(number))) => Ok(number),
        _ => Err(StoreError::Unreadable("a number")),
    }
}

fn is_true(value: Option<Value>) -> Result<bool, StoreError> {
    Ok(int(value)? != 0)
}

fn time(value: Option<Value>) -> Result<Timestamp, StoreError> {
    int(value).map(Timestamp::from_millis)
}

/// A text; some drivers return it as bytes.
fn string(value: Option<Value>) -> Result<String, StoreError> {
    let text = match value {
        Some(Value::Text(text)) => text,
        Some(Value::Bytes(Some(bytes))) => String::from_utf8(bytes).ok(),
        _ => None,
    };
    text.ok_or(StoreError::Unreadable("a text"))
}

fn json<T: DeserializeOwned>(value: Option<Value>) -> Result<T, StoreError> {
    serde_json::from_str(&string(value)?).map_err(|_| StoreError::Unreadable("a row"))
}
