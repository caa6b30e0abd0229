//! Items of work that hosts and the inbox add.

use serde::{Deserialize, Serialize};

use super::{Rows, conversation::Conversation};
use crate::{
    change::{Applied, WorkOutcome},
    id::{PageId, Psid},
    model::{ContactKey, Entry, WorkKind, WorkerId},
    time::Timestamp,
};

/// Key of an item of work.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct WorkKey {
    /// The Page.
    pub page: PageId,
    /// The customer that it concerns; `None` for work of the Page.
    pub psid: Option<Psid>,
    /// Kind of the item.
    pub kind: WorkKind,
    /// Id of the item within its kind and customer.
    pub id: String,
}

impl WorkKey {
    /// Creates a key from its parts.
    pub fn new(page: PageId, psid: Option<Psid>, kind: WorkKind, id: impl Into<String>) -> Self {
        let id = id.into();
        Self {
            page,
            psid,
            kind,
            id,
        }
    }

    /// The customer that it concerns; `None` for work of the Page.
    pub fn contact(&self) -> Option<ContactKey> {
        Some(ContactKey::new(self.page.clone(), self.psid.clone()?))
    }
}

/// An item of work.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct WorkRow {
    /// Time that orders the items of a kind.
    pub at: Timestamp,
    /// When it is due; `None` while it waits for another one, or is given up.
    pub due: Option<Timestamp>,
    /// Whether it is given up.
    pub given_up: bool,
    /// Number of the last attempt.
    pub attempt: u32,
    /// Number of tries that failed.
    pub tries: u32,
    /// Worker of the attempt that runs.
    pub by: Option<WorkerId>,
    /// Data for the worker.
    pub data: String,
}

impl WorkRow {
    /// Creates an item that is due at a time.
    pub fn new(at: Timestamp, due: Option<Timestamp>, data: impl Into<String>) -> Self {
        Self {
            at,
            due,
            given_up: false,
            attempt: 0,
            tries: 0,
            by: None,
            data: data.into(),
        }
    }
}

impl<R: Rows + ?Sized> Conversation<'_, R> {
    /// Adds an item for a new entry of the customer.
    pub(super) fn add_work(&mut self, kind: &WorkKind, entry: &Entry) -> Result<(), R::Error> {
        let ContactKey { page, psid, .. } = self.key.clone();
        let key = WorkKey::new(page, Some(psid), kind.clone(), entry.id.as_str());
        // Due at once, whatever any clock says.
        let row = WorkRow::new(entry.at, Some(Timestamp::default()), "");
        add(self.rows, &key, row)?;
        Ok(())
    }
}

/// Adds an item unless it is there; of a kind that is ordered only the first of a conversation is
/// due.
pub(super) fn add<R: Rows + ?Sized>(
    rows: &mut R,
    key: &WorkKey,
    row: WorkRow,
) -> Result<Applied, R::Error> {
    if rows.work(key)?.is_some() {
        return Ok(Applied::Unchanged);
    }
    line_up(rows, key, row)
}

/// Makes an item due again that was given up. Its attempts go on counting, so that a late result of
/// an old one is refused.
pub(super) fn replay<R: Rows + ?Sized>(
    rows: &mut R,
    key: &WorkKey,
    due: Timestamp,
) -> Result<Applied, R::Error> {
    let Some(mut row) = rows.work(key)? else {
        return Ok(Applied::Refused);
    };
    if is_cut(rows, key, row.at)? {
        return Ok(Applied::Forgotten);
    }
    if !row.given_up {
        return Ok(Applied::Unchanged);
    }
    (row.given_up, row.tries, row.due) = (false, 0, Some(due));
    line_up(rows, key, row)
}

/// Whether a cut has erased what this customer's item of a time was for.
pub(super) fn is_cut<R: Rows + ?Sized>(
    rows: &mut R,
    key: &WorkKey,
    at: Timestamp,
) -> Result<bool, R::Error> {
    let Some(contact) = key.contact() else {
        return Ok(false);
    };
    let contact = rows.contact(&contact)?;
    Ok(contact.is_some_and(|row| row.cutoff() >= Some(at)))
}

/// Writes an item that is due; of a kind that is ordered it waits unless it is the first of its
/// conversation.
fn line_up<R: Rows + ?Sized>(
    rows: &mut R,
    key: &WorkKey,
    mut row: WorkRow,
) -> Result<Applied, R::Error> {
    if let Some(contact) = key.contact().filter(|_| key.kind.is_ordered())
        && let Some((first, head)) = rows.first_work(&contact, &key.kind)?
    {
        let is_earlier = (row.at, &key.id) < (head.at, &first.id);
        if is_earlier && head.by.is_none() {
            let mut waiting = head.clone();
            row.due = std::mem::take(&mut waiting.due);
            rows.put_work(&first, Some(&waiting))?;
        } else {
            row.due = None;
        }
    }
    rows.put_work(key, Some(&row))?;
    Ok(Applied::Changed)
}

pub(super) fn claim<R: Rows + ?Sized>(
    rows: &mut R,
    key: &WorkKey,
    attempt: u32,
    until: Timestamp,
    by: WorkerId,
) -> Result<Applied, R::Error> {
    let Some(mut row) = rows.work(key)? else {
        return Ok(Applied::Refused);
    };
    if row.attempt == attempt && row.by == Some(by) {
        return Ok(Applied::Unchanged);
    }
    if row.due.is_none() || row.attempt.checked_add(1) != Some(attempt) {
        return Ok(Applied::Refused);
    }
    (row.attempt, row.by, row.due) = (attempt, Some(by), Some(until));
    rows.put_work(key, Some(&row))?;
    Ok(Applied::Changed)
}

pub(super) fn settle<R: Rows + ?Sized>(
    rows: &mut R,
    key: &WorkKey,
    attempt: u32,
    outcome: &WorkOutcome,
) -> Result<Applied, R::Error> {
    let Some(mut row) = rows.work(key)? else {
        return Ok(Applied::Unchanged);
    };
    if row.attempt != attempt || row.by.is_none() {
        return Ok(Applied::Refused);
    }
    row.by = None;
    match outcome {
        WorkOutcome::Done => rows.put_work(key, None)?,
        WorkOutcome::Postponed { due, tries } => {
            (row.due, row.tries) = (Some(*due), *tries);
            rows.put_work(key, Some(&row))?;
            return Ok(Applied::Changed);
        }
        WorkOutcome::GivenUp => {
            (row.due, row.given_up) = (None, true);
            rows.put_work(key, Some(&row))?;
        }
    }
    // The next one of the conversation no longer waits.
    if let Some(contact) = key.contact().filter(|_| key.kind.is_ordered())
        && let Some((next, mut head)) = rows.first_work(&contact, &key.kind)?
        && head.due.is_none()
    {
        head.due = Some(Timestamp::default());
        rows.put_work(&next, Some(&head))?;
    }
    Ok(Applied::Changed)
}
