//! Our own answers: queued, claimed, settled.

use super::{OutgoingRow, OutgoingState, Rows, put, record, show};
use crate::{
    change::{Applied, SendOutcome},
    id::Mid,
    store::{ContactKey, Content, Entry, EntryId, OutgoingKey, Side, Source, WorkerId},
    time::Timestamp,
};

pub(super) fn queued<R: Rows + ?Sized>(
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
pub(super) fn settled<R: Rows + ?Sized>(
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
        SendOutcome::Dismissed => OutgoingState::Dismissed,
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

pub(super) fn claim_send<R: Rows + ?Sized>(
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

/// The line of the log that stands for an answer of ours until its echo comes.
fn own(mid: &Mid, at: Timestamp, content: &Content) -> Entry {
    Entry::new(EntryId::of_message(mid), at, Source::Own, content.clone())
}

pub(super) fn unborn(key: &OutgoingKey, at: Timestamp) -> OutgoingRow {
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

/// Writes an answer, and on the customer's row when its conversation must be looked at next.
pub(super) fn put_answer<R: Rows + ?Sized>(
    rows: &mut R,
    contact: &ContactKey,
    answer: &OutgoingRow,
) -> Result<(), R::Error> {
    rows.put_outgoing(contact, answer)?;
    let mut row = rows.contact(contact)?.unwrap_or_default();
    row.send_due = rows.head(contact)?.and_then(|head| head.state.due(head.at));
    put(rows, contact, row)
}
