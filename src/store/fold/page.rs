//! Changes that belong to a Page, or to nobody.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Rows, WorkKey, WorkRow, conversation::Conversation, work};
use crate::{
    change::{Applied, Change, Pause, Work},
    model::Revision,
    store::PageState,
    time::Timestamp,
};

/// Pause and marks of a Page.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PageRow {
    /// Time of the last change of the pause.
    pub paused_at: Option<Timestamp>,
    /// The pause.
    pub pause: Option<Pause>,
    /// Values of the host by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub marks: BTreeMap<String, MarkRow>,
}

/// A value of the host, or its removal.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct MarkRow {
    /// Time of the change.
    pub at: Timestamp,
    /// The value; `None` when it was removed.
    pub value: Option<String>,
}

impl PageRow {
    /// The state of the Page.
    pub fn show(&self, revision: Revision) -> PageState {
        let mut state = PageState::new(revision);
        state.pause.clone_from(&self.pause);
        let marks = self.marks.iter();
        let marks = marks.filter_map(|(name, mark)| Some((name.clone(), mark.value.clone()?)));
        state.marks = marks.collect();
        state
    }

    /// Whether work of the Page is paused at a time.
    pub fn is_paused(&self, now: Timestamp) -> bool {
        self.pause.as_ref().is_some_and(|pause| pause.holds(now))
    }
}

/// Applies a change that names no conversation.
pub(super) fn apply<R: Rows + ?Sized>(rows: &mut R, change: &Change) -> Result<Applied, R::Error> {
    match change {
        Change::RawEvent(event) => {
            if let Some(contact) = event.contact() {
                let contact = rows.contact(&contact)?;
                if contact.is_some_and(|row| row.forgotten >= Some(event.at)) {
                    return Ok(Applied::Forgotten);
                }
            }
            Ok(if rows.keep(event)? {
                Applied::Kept
            } else {
                Applied::Unchanged
            })
        }
        Change::Tombstone { page, hash, at } => {
            if let Some(contact) = rows.contact_of(page, hash)? {
                let mut conversation = Conversation::open(rows, &contact)?;
                let applied = conversation.forgotten(*at)?;
                conversation.close()?;
                return Ok(applied);
            }
            Ok(if rows.put_tombstone(page, hash, *at)? {
                Applied::Parked
            } else {
                Applied::Unchanged
            })
        }
        Change::Paused { page, at, pause } => {
            let mut row = rows.page(page)?;
            if (row.paused_at, &row.pause) >= (Some(*at), pause) {
                return Ok(Applied::Unchanged);
            }
            (row.paused_at, row.pause) = (Some(*at), pause.clone());
            rows.put_page(page, &row)?;
            Ok(Applied::Changed)
        }
        Change::Mark {
            page,
            name,
            value,
            at,
        } => {
            let mut row = rows.page(page)?;
            let mark = MarkRow {
                at: *at,
                value: value.clone(),
            };
            let stored = row.marks.get(name);
            if stored >= Some(&mark) {
                return Ok(Applied::Unchanged);
            }
            if stored.is_none() && row.marks.len() >= Change::MAX_LABELS {
                return Ok(Applied::Refused);
            }
            row.marks.insert(name.clone(), mark);
            rows.put_page(page, &row)?;
            Ok(Applied::Changed)
        }
        Change::WorkAdded {
            page,
            psid,
            kind,
            id,
            at,
            due,
            data,
        } => {
            let key = WorkKey::new(page.clone(), psid.clone(), kind.clone(), id.clone());
            if work::is_cut(rows, &key, *at)? {
                return Ok(Applied::Forgotten);
            }
            work::add(rows, &key, WorkRow::new(*at, Some(*due), data.clone()))
        }
        Change::WorkSettled {
            page,
            psid,
            kind,
            id,
            attempt,
            outcome,
        } => {
            let key = WorkKey::new(page.clone(), psid.clone(), kind.clone(), id.clone());
            work::settle(rows, &key, *attempt, outcome)
        }
        Change::WorkReplayed {
            page,
            psid,
            kind,
            id,
            due,
        } => {
            let key = WorkKey::new(page.clone(), psid.clone(), kind.clone(), id.clone());
            work::replay(rows, &key, *due)
        }
        Change::Claimed {
            page,
            psid,
            work: Work::Item { kind, id },
            attempt,
            until,
            by,
        } => {
            let key = WorkKey::new(page.clone(), psid.clone(), kind.clone(), id.clone());
            work::claim(rows, &key, *attempt, *until, *by)
        }
        // Replies and profiles belong to a conversation.
        Change::Claimed { .. } => Ok(Applied::Refused),
        // All others name a conversation.
        _ => Ok(Applied::Unchanged),
    }
}
