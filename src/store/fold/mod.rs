//! The rules: what a change does to the rows of one conversation. Every store runs this code.

mod outgoing;
mod row;

pub use row::{ContactRow, EntryRow, OutgoingRow, OutgoingState};

use std::num::NonZeroU32;

use super::{
    ContactKey, Content, Entry, EntryId, OutgoingKey, Picture, Preview, Revision, Side, WorkerId,
};
use crate::{
    change::{Applied, Change, ProfileAnswer, Work},
    id::{Mid, PageId},
    time::Timestamp,
};
use outgoing::{claim_send, put_answer, queued, settled, unborn};

/// The rows of a store, inside one transaction.
///
/// Each method is a get or a put of the row that it names; its error ends the transaction.
#[allow(missing_docs, clippy::missing_errors_doc)]
pub trait Rows {
    /// Why a row could not be read or written.
    type Error;

    /// The revision that this transaction gives to the Page.
    fn revision(&mut self, page: &PageId) -> Result<Revision, Self::Error>;
    fn contact(&mut self, key: &ContactKey) -> Result<Option<ContactRow>, Self::Error>;
    fn put_contact(&mut self, key: &ContactKey, row: &ContactRow) -> Result<(), Self::Error>;
    fn put_picture(&mut self, key: &ContactKey, picture: &Picture) -> Result<(), Self::Error>;
    fn entry(&mut self, key: &ContactKey, id: &EntryId) -> Result<Option<EntryRow>, Self::Error>;
    fn put_entry(&mut self, key: &ContactKey, row: &EntryRow) -> Result<(), Self::Error>;
    fn outgoing(
        &mut self,
        key: &ContactKey,
        answer: &OutgoingKey,
    ) -> Result<Option<OutgoingRow>, Self::Error>;
    fn put_outgoing(&mut self, key: &ContactKey, row: &OutgoingRow) -> Result<(), Self::Error>;
    /// The earliest answer that waits or is on its way.
    fn head(&mut self, key: &ContactKey) -> Result<Option<OutgoingRow>, Self::Error>;
    /// Keeps raw bytes; says whether they are new.
    fn keep(
        &mut self,
        page: Option<&PageId>,
        id: &EntryId,
        at: Timestamp,
        reason: &str,
        raw: &[u8],
    ) -> Result<bool, Self::Error>;
}

/// Applies changes in order and answers each.
///
/// # Errors
///
/// The first error of the rows; the caller then rolls its transaction back.
pub fn apply<R: Rows + ?Sized>(rows: &mut R, changes: &[Change]) -> Result<Vec<Applied>, R::Error> {
    changes.iter().map(|change| one(rows, change)).collect()
}

fn one<R: Rows + ?Sized>(rows: &mut R, change: &Change) -> Result<Applied, R::Error> {
    match change {
        Change::Received { contact, entry } => record(rows, contact, entry, Side::Customer, None),
        Change::Echoed {
            contact,
            entry,
            key,
        } => echoed(rows, contact, entry, key.as_ref()),
        Change::Delivered {
            contact,
            up_to: Some(up_to),
            ..
        } => mark(rows, contact, |row| raise(&mut row.delivered, *up_to)),
        Change::Read { contact, up_to } => mark(rows, contact, |row| raise(&mut row.read, *up_to)),
        Change::Profile {
            contact,
            fetched_at,
            answer,
            due,
        } => profile(rows, contact, *fetched_at, answer, *due),
        Change::Kept {
            page,
            id,
            at,
            reason,
            raw,
            ..
        } => {
            let new = rows.keep(page.as_ref(), id, *at, reason, raw)?;
            Ok(if new {
                Applied::New { customer: false }
            } else {
                Applied::Unchanged
            })
        }
        Change::Queued {
            contact,
            key,
            at,
            content,
        } => queued(rows, contact, key, *at, content),
        Change::Settled {
            contact,
            key,
            attempt,
            outcome,
        } => settled(rows, contact, key, *attempt, outcome),
        Change::Claimed {
            contact,
            work: Work::Profile,
            attempt,
            until,
            by,
        } => claim_profile(rows, contact, *attempt, *until, *by),
        Change::Claimed {
            contact,
            work: Work::Send(key),
            attempt,
            until,
            by,
        } => claim_send(rows, contact, key, *attempt, *until, *by),
        Change::Seen { contact, revision } => seen(rows, contact, *revision),
        // The rules for these follow with the next step of the fold.
        Change::Edited { .. }
        | Change::Unsent { .. }
        | Change::Reacted { .. }
        | Change::Delivered { up_to: None, .. }
        | Change::Field { .. }
        | Change::Forgotten { .. }
        | Change::Expired { .. } => Ok(Applied::Unchanged),
    }
}

/// Puts an entry into the log. Of two bodies the one from the better source counts.
fn record<R: Rows + ?Sized>(
    rows: &mut R,
    contact: &ContactKey,
    entry: &Entry,
    side: Side,
    key: Option<&OutgoingKey>,
) -> Result<Applied, R::Error> {
    let stored = rows.entry(contact, &entry.id)?;
    let key = key
        .or(stored.as_ref().and_then(|stored| stored.key.as_ref()))
        .cloned();
    let keep_body = stored
        .as_ref()
        .is_some_and(|stored| stored.entry.source >= entry.source);
    if let Some(stored) = &stored
        && keep_body
        && stored.key == key
    {
        return Ok(Applied::Unchanged);
    }
    let entry = stored
        .as_ref()
        .filter(|_| keep_body)
        .map_or(entry, |stored| &stored.entry);
    rows.put_entry(
        contact,
        &EntryRow {
            entry: entry.clone(),
            side,
            key: key.clone(),
        },
    )?;

    let mut row = rows.contact(contact)?.unwrap_or_default();
    let customer = row.last_at.is_none();
    show(&mut row, entry.at, side, &entry.content, None, key.as_ref());
    if stored.is_none() && side == Side::Customer {
        row.unread = row.unread.saturating_add(1);
        row.inbound_revision = rows.revision(&contact.page)?;
        raise(&mut row.inbound_at, entry.at);
    }
    put(rows, contact, row)?;
    Ok(if stored.is_none() && key.is_none() {
        Applied::New { customer }
    } else {
        Applied::Changed
    })
}

fn echoed<R: Rows + ?Sized>(
    rows: &mut R,
    contact: &ContactKey,
    entry: &Entry,
    key: Option<&OutgoingKey>,
) -> Result<Applied, R::Error> {
    let applied = record(rows, contact, entry, Side::Page, key)?;
    if let (Some(key), Ok(mid)) = (key, Mid::new(entry.id.as_str())) {
        let mut answer = rows
            .outgoing(contact, key)?
            .unwrap_or_else(|| unborn(key, entry.at));
        if !answer.mids.contains(&mid) {
            answer.mids.push(mid);
            answer.state = OutgoingState::Sent;
            put_answer(rows, contact, &answer)?;
        }
    }
    Ok(applied)
}

fn mark<R: Rows + ?Sized>(
    rows: &mut R,
    contact: &ContactKey,
    raise: impl FnOnce(&mut ContactRow) -> bool,
) -> Result<Applied, R::Error> {
    let mut row = rows.contact(contact)?.unwrap_or_default();
    if !raise(&mut row) {
        return Ok(Applied::Unchanged);
    }
    put_or_park(rows, contact, row)
}

fn profile<R: Rows + ?Sized>(
    rows: &mut R,
    contact: &ContactKey,
    fetched_at: Timestamp,
    answer: &ProfileAnswer,
    due: Option<Timestamp>,
) -> Result<Applied, R::Error> {
    let mut row = rows.contact(contact)?.unwrap_or_default();
    if row.profile_at.is_some_and(|at| at >= fetched_at) {
        return Ok(Applied::Unchanged);
    }
    row.profile_at = Some(fetched_at);
    row.profile_due = due;
    match answer {
        ProfileAnswer::Known { profile, picture } => {
            row.profile = Some(profile.clone());
            // One that is due again lacks its picture: attempts go on counting, to slow down.
            if due.is_none() {
                row.profile_attempt = 0;
            }
            if let Some(picture) = picture {
                rows.put_picture(contact, picture)?;
                row.picture = Some(
                    row.picture
                        .map_or(NonZeroU32::MIN, |number| number.saturating_add(1)),
                );
            }
        }
        ProfileAnswer::Nobody => row.profile_attempt = 0,
        ProfileAnswer::Failed => {}
    }
    put_or_park(rows, contact, row)
}

fn claim_profile<R: Rows + ?Sized>(
    rows: &mut R,
    contact: &ContactKey,
    attempt: u32,
    until: Timestamp,
    by: WorkerId,
) -> Result<Applied, R::Error> {
    let Some(mut row) = rows.contact(contact)? else {
        return Ok(Applied::Refused);
    };
    if row.profile_attempt == attempt && row.profile_by == Some(by) {
        return Ok(Applied::Unchanged);
    }
    if row.profile_due.is_none() || row.profile_attempt.checked_add(1) != Some(attempt) {
        return Ok(Applied::Refused);
    }
    (row.profile_attempt, row.profile_by, row.profile_due) = (attempt, Some(by), Some(until));
    rows.put_contact(contact, &row)?;
    Ok(Applied::Changed)
}

fn seen<R: Rows + ?Sized>(
    rows: &mut R,
    contact: &ContactKey,
    revision: Revision,
) -> Result<Applied, R::Error> {
    let Some(mut row) = rows.contact(contact)? else {
        return Ok(Applied::Unchanged);
    };
    if row.unread == 0 {
        return Ok(Applied::Unchanged);
    }
    if row.inbound_revision > revision {
        return Ok(Applied::Refused);
    }
    row.unread = 0;
    put(rows, contact, row)?;
    Ok(Applied::Changed)
}

/// Writes what is known of a customer, who may not have written yet.
fn put_or_park<R: Rows + ?Sized>(
    rows: &mut R,
    contact: &ContactKey,
    row: ContactRow,
) -> Result<Applied, R::Error> {
    let parked = row.last_at.is_none();
    put(rows, contact, row)?;
    Ok(if parked {
        Applied::Parked
    } else {
        Applied::Changed
    })
}

fn put<R: Rows + ?Sized>(
    rows: &mut R,
    contact: &ContactKey,
    mut row: ContactRow,
) -> Result<(), R::Error> {
    row.revision = rows.revision(&contact.page)?;
    rows.put_contact(contact, &row)
}

/// Moves the edges of a conversation; never backwards.
fn show(
    row: &mut ContactRow,
    at: Timestamp,
    side: Side,
    content: &Content,
    queued: Option<&OutgoingKey>,
    replaces: Option<&OutgoingKey>,
) {
    if row.last_at.is_none() && row.profile_at.is_none() {
        row.profile_due = Some(at);
    }
    row.first_at = Some(row.first_at.map_or(at, |first| first.min(at)));
    raise(&mut row.last_at, at);
    let same = |preview: &Preview| replaces.is_some() && preview.key.as_ref() == replaces;
    if row
        .preview
        .as_ref()
        .is_none_or(|preview| preview.at <= at || same(preview))
    {
        row.preview = Some(Preview {
            at,
            side,
            content: content.clone(),
            key: queued.or(replaces).cloned(),
            state: None,
        });
    }
}

fn raise(register: &mut Option<Timestamp>, at: Timestamp) -> bool {
    let higher = register.is_none_or(|old| old < at);
    if higher {
        *register = Some(at);
    }
    higher
}
