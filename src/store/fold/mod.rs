//! The rules: how a change alters the rows of one conversation. Every store runs this code.
//!
//! Facts from Meta are kept in registers, each with its own clock, so that they may arrive in any
//! order and any number of times. Nothing is stored that can be derived when reading: the state of
//! a message follows from two watermarks, and the preview in the inbox from the newest message.
//!
//! A store that can answer row by row implements [`Rows`] and calls [`apply`] inside one
//! transaction. A store that is a network away uses [`Fetched`] instead: it asks which rows the
//! changes touch ([`row_keys`]), loads them in one round trip, applies in memory, and writes the
//! rows that are different.

mod contact;
mod conversation;
mod entry;
mod erase;
mod export;
mod facts;
mod fetched;
mod json_reads;
mod json_rows;
mod message_index;
mod outgoing;
mod page;
mod row_keys;
mod rows;
mod sending;
mod show;
mod team;
mod tests;
mod work;

pub use contact::{ContactRow, FieldRow, Labels, Position, ReactionRow, Snippet, TagRow};
pub use entry::{Body, BodyCopy, Edit, EntryRow, Reacted};
pub use export::{
    export_acts, export_contact, export_entry, export_page, export_reply, export_work,
};
pub use fetched::{Batch, Fetched};
pub use json_reads::{JsonLoad, JsonRead};
pub use json_rows::{JsonRow, Value};
pub use message_index::MessageIndex;
pub use outgoing::{OutgoingRow, OutgoingState};
pub use page::{MarkRow, PageRow};
pub use row_keys::{Missing, MissingEnds, RowKeys, row_keys};
pub use rows::{Ends, OldRows, Rows};
pub use work::{WorkKey, WorkRow};

use crate::{
    change::{Applied, Change},
    store::StoreError,
};
use conversation::Conversation;

/// Checks what no store accepts: changes of more than one Page, and names and values that are too
/// long. Every store calls it before it applies changes.
///
/// # Errors
///
/// [`StoreError::Refused`] with the limit and the actual value.
pub fn check(changes: &[Change]) -> Result<(), StoreError> {
    let mut pages = changes.iter().map(Change::page);
    if let Some(first) = pages.next()
        && pages.any(|page| page != first)
    {
        let text = "the changes of one call must belong to one Page";
        return Err(StoreError::Refused(text.into()));
    }
    changes.iter().try_for_each(check_one)
}

fn check_one(change: &Change) -> Result<(), StoreError> {
    let (name, value): (&str, &str) = match change {
        Change::Field { name, value, .. } | Change::Mark { name, value, .. } => {
            (name, value.as_deref().unwrap_or_default())
        }
        Change::Tagged { tag, .. } => (tag, ""),
        Change::Assigned { assignee, .. } => (assignee.as_deref().unwrap_or_default(), ""),
        _ => return Ok(()),
    };
    for (what, text, most) in [
        ("a name", name, Change::MAX_NAME),
        ("a value", value, Change::MAX_VALUE),
    ] {
        if text.len() > most {
            let text = format!("{what} has {} bytes, more than {most}", text.len());
            return Err(StoreError::Refused(text.into()));
        }
    }
    Ok(())
}

/// Size of changes in memory, about, in bytes: for stores that bound what waits.
pub fn size(changes: &[Change]) -> usize {
    let one = |change: &Change| {
        256 + match change {
            Change::Received { entry, .. }
            | Change::Echoed { entry, .. }
            | Change::Noted { entry, .. } => entry.content.size(),
            Change::Queued { outgoing, .. } => {
                outgoing.content.size() + outgoing.request.as_ref().map_or(0, String::len)
            }
            Change::RawEvent(event) => event.raw.len(),
            Change::Profile {
                response:
                    crate::change::ProfileResponse::Known {
                        picture: Some(picture),
                        ..
                    },
                ..
            } => picture.bytes.len(),
            _ => 0,
        }
    };
    changes.iter().map(one).sum()
}

/// Applies changes in order and returns the result of each.
///
/// # Errors
///
/// The first error of the rows; the caller then rolls its transaction back.
pub fn apply<R: Rows + ?Sized>(rows: &mut R, changes: &[Change]) -> Result<Vec<Applied>, R::Error> {
    changes.iter().map(|change| one(rows, change)).collect()
}

fn one<R: Rows + ?Sized>(rows: &mut R, change: &Change) -> Result<Applied, R::Error> {
    let claim_of = |psid: &crate::id::Psid, page: &crate::id::PageId| {
        crate::model::ContactKey::new(page.clone(), psid.clone())
    };
    if let Change::Claimed {
        page,
        psid: Some(psid),
        work,
        attempt,
        until,
        by,
    } = change
        && !matches!(work, crate::change::Work::Item { .. })
    {
        let contact = claim_of(psid, page);
        let mut conversation = Conversation::open(rows, &contact)?;
        let applied = conversation.claimed(work, *attempt, *until, *by)?;
        conversation.close()?;
        return Ok(applied);
    }
    let Some(contact) = change.contact() else {
        return page::apply(rows, change);
    };
    let mut conversation = Conversation::open(rows, contact)?;
    let applied = of_conversation(&mut conversation, change)?;
    conversation.close()?;
    Ok(applied)
}

fn of_conversation<R: Rows + ?Sized>(
    conversation: &mut Conversation<'_, R>,
    change: &Change,
) -> Result<Applied, R::Error> {
    match change {
        Change::Received { entry, work, .. } => conversation.received(entry, work),
        Change::Echoed { entry, key, .. } => conversation.echoed(entry, key.as_ref()),
        Change::Edited {
            mid,
            at,
            number,
            text,
            ..
        } => conversation.edited(mid, *at, *number, text),
        Change::Unsent { mid, at, .. } => conversation.unsent(mid, *at),
        Change::Reacted {
            mid,
            at,
            by,
            reaction,
            ..
        } => conversation.reacted(mid, *at, *by, reaction.as_ref()),
        Change::Opened { at, .. } => conversation.opened(*at),
        Change::Delivered {
            at, up_to, mids, ..
        } => conversation.delivered(mids, *at, *up_to),
        Change::Read { up_to, .. } => Ok(conversation.mark(*up_to, |row| &mut row.read)),
        Change::Profile {
            fetched_at,
            response,
            due,
            ..
        } => conversation.profile(*fetched_at, response, *due),
        Change::Field {
            name, value, at, ..
        } => Ok(conversation.field(name, value.as_deref(), *at)),
        Change::Tagged {
            tag,
            on,
            at,
            author,
            ..
        } => conversation.tagged(tag, *on, *at, author.as_ref()),
        Change::Noted { entry, .. } => conversation.noted(entry),
        Change::Queued {
            key, at, outgoing, ..
        } => conversation.queued(key, *at, outgoing),
        Change::Settled {
            key,
            attempt,
            outcome,
            ..
        } => conversation.settled(key, *attempt, outcome),
        Change::Resent {
            key,
            new,
            at,
            latest,
            author,
            ..
        } => conversation.resent(key, new, *at, *latest, author.as_ref()),
        Change::Seen { revision, .. } => Ok(conversation.seen(*revision)),
        Change::MarkedUnread { count, .. } => Ok(conversation.marked_unread(*count)),
        Change::Status {
            status,
            revision,
            at,
            author,
            ..
        } => conversation.status(*status, *revision, *at, author.as_ref()),
        Change::Woken { at, .. } => conversation.woken(*at),
        Change::Assigned {
            assignee,
            revision,
            at,
            author,
            ..
        } => conversation.assigned(assignee.as_deref(), *revision, *at, author.as_ref()),
        Change::Forgotten { at, .. } => conversation.forgotten(*at),
        Change::Expired { at, .. } => conversation.expired(*at),
        Change::Erase { limit, .. } => conversation.erase(*limit),
        // These name no conversation and are handled by the caller.
        Change::RawEvent(_)
        | Change::Tombstone { .. }
        | Change::Paused { .. }
        | Change::Mark { .. }
        | Change::WorkAdded { .. }
        | Change::WorkSettled { .. }
        | Change::WorkReplayed { .. }
        | Change::Claimed { .. } => Ok(Applied::Unchanged),
    }
}
