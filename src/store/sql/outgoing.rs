//! Columns of a reply.

use super::{
    columns, count, from_json, is_default, millis, optional, optional_json, outgoing_key, time,
    to_json, worker, worker_to_sql,
};
use serde::{Deserialize, Serialize};

use crate::{
    id::Mid,
    model::{Author, Content, Outgoing},
    store::{
        StoreError,
        fold::{OutgoingRow, OutgoingState},
    },
    time::Timestamp,
};

columns! {
    /// A reply as it is written.
    struct OutgoingColumns {
        key: bytes,
        at: int,
        /// Tie-breaker while the queue shows it.
        tie: int,
        /// While it waits or is being sent.
        due: int,
        has_content: int,
        text: text,
        more: text,
        attempt: int,
        state: int,
        state_due: int,
        tries: int,
        reason: text,
        by: int,
        mids: text,
        resent_as: bytes,
    }
}

/// A reply without its text.
#[derive(Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
struct More {
    #[serde(skip_serializing_if = "is_default")]
    content: Content,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<Author>,
    #[serde(skip_serializing_if = "Option::is_none")]
    latest: Option<Timestamp>,
}

impl OutgoingColumns {
    pub(in crate::store) fn of(row: &OutgoingRow) -> Result<Self, StoreError> {
        let mut columns = Self {
            key: Some(row.key.to_bytes().to_vec()),
            at: Some(row.at.as_millis()),
            tie: row.position().map(|position| position.tie),
            due: millis(row.due()),
            has_content: Some(row.outgoing.is_some().into()),
            attempt: Some(row.attempt.into()),
            by: worker_to_sql(row.by),
            resent_as: row.resent_as.as_ref().map(|key| key.to_bytes().to_vec()),
            ..Self::default()
        };
        if let Some(outgoing) = row.outgoing.clone() {
            let mut more = More {
                content: outgoing.content,
                request: outgoing.request,
                author: outgoing.author,
                latest: outgoing.latest,
            };
            columns.text = more.content.text.take();
            columns.more = optional_json(&more)?;
        }
        let (state, due) = match &row.state {
            OutgoingState::Queued => (0, None),
            OutgoingState::Sending { until, .. } => (1, Some(*until)),
            OutgoingState::Unknown => (2, None),
            OutgoingState::NotSent { due, reason, .. } => {
                columns.reason = reason.as_ref().map(to_json).transpose()?;
                (3, Some(*due))
            }
            OutgoingState::Failed { reason } => {
                columns.reason = Some(to_json(reason)?);
                (4, None)
            }
            OutgoingState::Dismissed => (5, None),
        };
        (columns.state, columns.state_due) = (Some(state), millis(due));
        columns.tries = Some(i64::from(row.state.tries())).filter(|tries| *tries > 0);
        let mids: Vec<&str> = row.mids.iter().map(Mid::as_str).collect();
        columns.mids = Some(mids.join("\n")).filter(|mids| !mids.is_empty());
        Ok(columns)
    }

    /// A state of a newer program is read as unknown: it is not sent again.
    pub(in crate::store) fn into_row(self) -> Result<OutgoingRow, StoreError> {
        let mut row = OutgoingRow::new(outgoing_key(self.key.as_deref().unwrap_or_default())?);
        row.at = Timestamp::from_millis(self.at.unwrap_or(0));
        if self.has_content == Some(1) {
            let more: More = optional(self.more.as_deref())?;
            let mut outgoing = Outgoing::from(more.content);
            outgoing.content.text = self.text;
            (outgoing.request, outgoing.author) = (more.request, more.author);
            outgoing.latest = more.latest;
            row.outgoing = Some(outgoing);
        }
        row.attempt = count(self.attempt)?;
        let (due, tries) = (time(self.state_due), count(self.tries)?);
        let reason = self.reason.as_deref();
        row.state = match (self.state, due, reason) {
            (Some(0), ..) => OutgoingState::Queued,
            (Some(1), Some(until), _) => OutgoingState::Sending { until, tries },
            (Some(3), Some(due), reason) => OutgoingState::NotSent {
                due,
                reason: reason.map(from_json).transpose()?,
                tries,
            },
            (Some(4), _, Some(reason)) => OutgoingState::Failed {
                reason: from_json(reason)?,
            },
            (Some(5), ..) => OutgoingState::Dismissed,
            _ => OutgoingState::Unknown,
        };
        row.by = worker(self.by);
        let mids = self.mids.iter().flat_map(|mids| mids.split('\n'));
        row.mids = mids
            .map(|mid| Mid::new(mid).map_err(|_| StoreError::Unreadable("a message id")))
            .collect::<Result<_, _>>()?;
        row.resent_as = self.resent_as.as_deref().map(outgoing_key).transpose()?;
        Ok(row)
    }
}
