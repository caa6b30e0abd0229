//! The rules: what a change does to the rows of one conversation. Every store runs this code.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{
    ContactKey, Content, Entry, EntryId, OutgoingKey, Picture, Preview, Profile, Reason, Revision,
    Side, Source, WorkerId,
};
use crate::{
    change::{Applied, Change, ProfileAnswer, SendOutcome, Work},
    id::{Mid, PageId},
    time::Timestamp,
};

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

/// What is known about a customer. Without `last_at` there is nothing to show yet.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct ContactRow {
    pub first_at: Option<Timestamp>,
    pub last_at: Option<Timestamp>,
    pub inbound_at: Option<Timestamp>,
    pub unread: u32,
    pub inbound_revision: Revision,
    pub revision: Revision,
    pub delivered: Option<Timestamp>,
    pub read: Option<Timestamp>,
    pub preview: Option<Preview>,
    pub profile: Option<Profile>,
    pub profile_at: Option<Timestamp>,
    pub profile_due: Option<Timestamp>,
    pub profile_attempt: u32,
    pub profile_by: Option<WorkerId>,
    pub picture: Option<NonZeroU32>,
    pub send_due: Option<Timestamp>,
}

/// One line of a conversation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct EntryRow {
    pub entry: Entry,
    pub side: Side,
    pub key: Option<OutgoingKey>,
}

/// An answer of ours.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub struct OutgoingRow {
    pub key: OutgoingKey,
    pub at: Timestamp,
    /// Absent when the outcome came before the answer itself.
    pub content: Option<Content>,
    pub attempt: u32,
    pub state: OutgoingState,
    pub by: Option<WorkerId>,
    /// More than one is the alarm: it was sent twice.
    pub mids: Vec<Mid>,
}

/// Where an answer stands; of two outcomes of one attempt the later in this list counts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum OutgoingState {
    Queued,
    Sending { until: Timestamp },
    Unknown,
    NotSent { due: Timestamp },
    Failed { reason: Reason },
    Sent,
}

impl OutgoingState {
    /// When somebody must look at it again.
    pub fn due(&self, at: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Queued => Some(at),
            Self::Sending { until } => Some(*until),
            Self::NotSent { due } => Some(*due),
            Self::Unknown | Self::Failed { .. } | Self::Sent => None,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Sending { .. } => 1,
            Self::Unknown => 2,
            Self::NotSent { .. } => 3,
            Self::Failed { .. } => 4,
            Self::Sent => 5,
        }
    }
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
        Change::Delivered { contact, up_to } => {
            mark(rows, contact, |row| raise(&mut row.delivered, *up_to))
        }
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
    let parked = row.last_at.is_none();
    put(rows, contact, row)?;
    Ok(if parked {
        Applied::Parked
    } else {
        Applied::Changed
    })
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
    let parked = row.last_at.is_none();
    put(rows, contact, row)?;
    Ok(if parked {
        Applied::Parked
    } else {
        Applied::Changed
    })
}

fn queued<R: Rows + ?Sized>(
    rows: &mut R,
    contact: &ContactKey,
    key: &OutgoingKey,
    at: Timestamp,
    content: &Content,
) -> Result<Applied, R::Error> {
    let stored = rows.outgoing(contact, key)?;
    if stored
        .as_ref()
        .is_some_and(|stored| stored.content.is_some())
    {
        return Ok(Applied::Unchanged);
    }
    let mut answer = stored.unwrap_or_else(|| unborn(key, at));
    (answer.at, answer.content) = (at, Some(content.clone()));
    if answer.mids.is_empty() {
        let mut row = rows.contact(contact)?.unwrap_or_default();
        show(&mut row, at, Side::Page, content, Some(key), None);
        put(rows, contact, row)?;
    }
    for mid in &answer.mids {
        record(rows, contact, &own(mid, at, content), Side::Page, Some(key))?;
    }
    put_answer(rows, contact, &answer)?;
    Ok(Applied::New { customer: false })
}

/// Of two outcomes the later attempt counts, then the better knowledge. A message id beats all.
fn settled<R: Rows + ?Sized>(
    rows: &mut R,
    contact: &ContactKey,
    key: &OutgoingKey,
    attempt: u32,
    outcome: &SendOutcome,
) -> Result<Applied, R::Error> {
    let mut answer = rows
        .outgoing(contact, key)?
        .unwrap_or_else(|| unborn(key, Timestamp::default()));
    if let SendOutcome::Sent { mid } = outcome {
        if answer.mids.contains(mid) {
            return Ok(Applied::Unchanged);
        }
        answer.mids.push(mid.clone());
        (answer.state, answer.attempt) = (OutgoingState::Sent, answer.attempt.max(attempt));
        if let Some(content) = &answer.content {
            let entry = own(mid, answer.at, content);
            record(rows, contact, &entry, Side::Page, Some(key))?;
        }
        put_answer(rows, contact, &answer)?;
        return Ok(Applied::Changed);
    }
    let state = match outcome {
        SendOutcome::NotSent { due } => OutgoingState::NotSent { due: *due },
        SendOutcome::Failed { reason } => OutgoingState::Failed {
            reason: reason.clone(),
        },
        SendOutcome::Unknown | SendOutcome::Sent { .. } => OutgoingState::Unknown,
    };
    if answer.state == OutgoingState::Sent
        || (attempt, state.rank()) <= (answer.attempt, answer.state.rank())
    {
        return Ok(Applied::Unchanged);
    }
    (answer.attempt, answer.state) = (attempt, state);
    put_answer(rows, contact, &answer)?;
    Ok(Applied::Changed)
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

fn claim_send<R: Rows + ?Sized>(
    rows: &mut R,
    contact: &ContactKey,
    key: &OutgoingKey,
    attempt: u32,
    until: Timestamp,
    by: WorkerId,
) -> Result<Applied, R::Error> {
    let Some(mut answer) = rows.outgoing(contact, key)? else {
        return Ok(Applied::Refused);
    };
    if answer.attempt == attempt && answer.by == Some(by) {
        return Ok(Applied::Unchanged);
    }
    let waiting = matches!(
        answer.state,
        OutgoingState::Queued | OutgoingState::NotSent { .. }
    );
    if !waiting || answer.attempt.checked_add(1) != Some(attempt) {
        return Ok(Applied::Refused);
    }
    (answer.attempt, answer.by, answer.state) =
        (attempt, Some(by), OutgoingState::Sending { until });
    put_answer(rows, contact, &answer)?;
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

/// The line of the log that stands for an answer of ours until its echo comes.
fn own(mid: &Mid, at: Timestamp, content: &Content) -> Entry {
    Entry {
        id: EntryId::of_message(mid),
        at,
        source: Source::Own,
        content: content.clone(),
    }
}

fn unborn(key: &OutgoingKey, at: Timestamp) -> OutgoingRow {
    OutgoingRow {
        key: key.clone(),
        at,
        content: None,
        attempt: 0,
        state: OutgoingState::Queued,
        by: None,
        mids: Vec::new(),
    }
}

fn put<R: Rows + ?Sized>(
    rows: &mut R,
    contact: &ContactKey,
    mut row: ContactRow,
) -> Result<(), R::Error> {
    row.revision = rows.revision(&contact.page)?;
    rows.put_contact(contact, &row)
}

/// Writes an answer, and on the customer's row when its conversation must be looked at next.
fn put_answer<R: Rows + ?Sized>(
    rows: &mut R,
    contact: &ContactKey,
    answer: &OutgoingRow,
) -> Result<(), R::Error> {
    rows.put_outgoing(contact, answer)?;
    let mut row = rows.contact(contact)?.unwrap_or_default();
    row.send_due = rows.head(contact)?.and_then(|head| head.state.due(head.at));
    put(rows, contact, row)
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
