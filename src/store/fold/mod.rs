//! The rules: what a change does to the rows of one conversation. Every store runs this code.
//!
//! What Meta says is kept in registers, each with a clock of its own, so that it may come in any
//! order and any number of times. Nothing is stored that can be derived when reading: ticks follow
//! from two watermarks, and what the inbox shows from the newest bubble.
//!
//! A store that can answer row by row implements [`Rows`] and calls [`apply`] inside one
//! transaction. A store that is a network away takes [`Loaded`] instead: it asks which rows the
//! changes touch, loads them in one trip, applies in memory, and writes what is different.

mod answer;
mod contact;
mod cut;
mod entry;
mod export;
mod facts;
mod loaded;
mod rows;
mod sending;
mod show;
mod talk;
mod tests;
mod wanted;

pub use answer::{FieldRow, OutgoingRow, OutgoingState};
pub use contact::{ContactRow, Snippet, Spot};
pub use entry::{Body, Edit, EntryRow, Reacted};
pub use export::export;
pub use loaded::{Loaded, Shelf};
pub use rows::{Conversation, Ends, Rows};
pub use wanted::{Missing, Wanted, wanted};

use crate::change::{Applied, Change};
use talk::Talk;

/// Applies changes in order and answers each.
///
/// # Errors
///
/// The first error of the rows; the caller then rolls its transaction back.
pub fn apply<R: Rows + ?Sized>(rows: &mut R, changes: &[Change]) -> Result<Vec<Applied>, R::Error> {
    changes.iter().map(|change| one(rows, change)).collect()
}

fn one<R: Rows + ?Sized>(rows: &mut R, change: &Change) -> Result<Applied, R::Error> {
    let Some(contact) = change.contact() else {
        return nameless(rows, change);
    };
    let mut talk = Talk::open(rows, contact)?;
    let applied = match change {
        Change::Received { entry, .. } => talk.received(entry),
        Change::Echoed { entry, key, .. } => talk.echoed(entry, key.as_ref()),
        Change::Edited {
            mid,
            at,
            number,
            text,
            ..
        } => talk.edited(mid, *at, *number, text),
        Change::Unsent { mid, at, .. } => talk.unsent(mid, *at),
        Change::Reacted {
            mid,
            at,
            by,
            reaction,
            ..
        } => talk.reacted(mid, *at, *by, reaction.as_ref()),
        Change::Opened { at, .. } => talk.opened(*at),
        Change::Delivered {
            at, up_to, mids, ..
        } => match up_to {
            Some(up_to) => talk.mark(*up_to, |row| &mut row.delivered),
            None => talk.delivered_alone(mids, *at),
        },
        Change::Read { up_to, .. } => talk.mark(*up_to, |row| &mut row.read),
        Change::Profile {
            fetched_at,
            response,
            due,
            ..
        } => talk.profile(*fetched_at, response, *due),
        Change::Field {
            name, value, at, ..
        } => talk.field(name, value.as_deref(), *at),
        Change::Queued {
            key, at, content, ..
        } => talk.queued(key, *at, content),
        Change::Settled {
            key,
            attempt,
            outcome,
            ..
        } => talk.settled(key, *attempt, outcome),
        Change::Claimed {
            work,
            attempt,
            until,
            by,
            ..
        } => talk.claimed(work, *attempt, *until, *by),
        Change::Seen { revision, .. } => talk.seen(*revision),
        Change::Forgotten { at, .. } => talk.forgotten(*at),
        Change::Expired { at, .. } => talk.expired(*at),
        // Told apart above: it names no conversation.
        Change::RawEvent(_) | Change::Tombstone { .. } => Ok(Applied::Unchanged),
    }?;
    talk.close()?;
    Ok(applied)
}

fn nameless<R: Rows + ?Sized>(rows: &mut R, change: &Change) -> Result<Applied, R::Error> {
    match change {
        Change::RawEvent(event) => {
            if let Some(contact) = event.contact() {
                let contact = rows.contact(&contact)?;
                if contact.is_some_and(|row| row.forgotten >= Some(event.at)) {
                    return Ok(Applied::Forgotten);
                }
            }
            let is_new = rows.keep(event)?;
            Ok(if is_new {
                Applied::New { customer: false }
            } else {
                Applied::Unchanged
            })
        }
        Change::Tombstone { page, hash, at } => Ok(if rows.bury(page, hash, *at)? {
            Applied::Parked
        } else {
            Applied::Unchanged
        }),
        // All others name a conversation.
        _ => Ok(Applied::Unchanged),
    }
}
