//! The columns of a message, and of an answer.

use serde::{Deserialize, Serialize};

use super::{from_json, is_default, key, optional, optional_json, side, time, to_json, worker};
use crate::{
    id::{AppId, Mid},
    model::{Content, EntryId, OutgoingKey, Reason, Side, Source, WorkerId},
    store::{
        StoreError,
        fold::{Body, Edit, EntryRow, OutgoingRow, OutgoingState, Reacted},
    },
    time::Timestamp,
};

/// What few messages have.
#[derive(Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
struct Marks {
    #[serde(skip_serializing_if = "Option::is_none")]
    edit: Option<Edit>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsent_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_reaction: Option<Reacted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_reaction: Option<Reacted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivered_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sent_twice: bool,
}

/// A content without its text, the app that sent it, and when it was told again.
#[derive(Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
struct More {
    #[serde(skip_serializing_if = "is_default")]
    content: Content,
    #[serde(skip_serializing_if = "Option::is_none")]
    app: Option<AppId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    later: Vec<Timestamp>,
}

/// An entry as it is written; without a body it waits for its message.
#[derive(Clone, Debug)]
pub(in crate::store) struct EntryValues {
    pub(in crate::store) key: Option<[u8; 16]>,
    pub(in crate::store) marks: Option<String>,
    pub(in crate::store) body: Option<BodyValues>,
}

#[derive(Clone, Debug)]
pub(in crate::store) struct BodyValues {
    pub(in crate::store) at: i64,
    pub(in crate::store) kind: i16,
    pub(in crate::store) text: Option<String>,
    pub(in crate::store) more: Option<String>,
}

impl EntryValues {
    pub(in crate::store) fn of(row: &EntryRow) -> Result<Self, StoreError> {
        let marks = Marks {
            edit: row.edit.clone(),
            unsent_at: row.unsent_at,
            customer_reaction: row.customer_reaction.clone(),
            page_reaction: row.page_reaction.clone(),
            delivered_at: row.delivered_at,
            sent_twice: row.sent_twice,
        };
        Ok(Self {
            key: row.key.as_ref().map(OutgoingKey::to_bytes),
            marks: optional_json(&marks)?,
            body: row.body.as_ref().map(BodyValues::of).transpose()?,
        })
    }

    pub(in crate::store) fn into_row(self, id: EntryId) -> Result<EntryRow, StoreError> {
        let marks: Marks = optional(self.marks.as_deref())?;
        let mut row = EntryRow::new(id);
        row.key = self.key.map(key).transpose()?;
        row.edit = marks.edit;
        row.unsent_at = marks.unsent_at;
        row.customer_reaction = marks.customer_reaction;
        row.page_reaction = marks.page_reaction;
        row.delivered_at = marks.delivered_at;
        row.sent_twice = marks.sent_twice;
        row.body = self.body.map(BodyValues::into_body).transpose()?;
        Ok(row)
    }
}

impl BodyValues {
    fn of(body: &Body) -> Result<Self, StoreError> {
        let more = More {
            content: body.content.clone(),
            app: body.app.clone(),
            later: body.later.clone(),
        };
        let (text, more) = more.into_values()?;
        let source = match body.source {
            Source::Own => 0,
            Source::Backfill => 1,
            Source::Standby => 2,
            Source::Webhook => 3,
        };
        Ok(Self {
            at: body.at.as_millis(),
            kind: i16::from(body.side == Side::Page) | source << 1,
            text,
            more,
        })
    }

    fn into_body(self) -> Result<Body, StoreError> {
        let source = match self.kind >> 1 {
            0 => Source::Own,
            1 => Source::Backfill,
            2 => Source::Standby,
            3 => Source::Webhook,
            _ => return Err(StoreError::Unreadable("the source of a message")),
        };
        let at = Timestamp::from_millis(self.at);
        let more = More::of(self.text, self.more.as_deref())?;
        let mut body = Body::new(at, source, side(self.kind), more.content);
        (body.app, body.later) = (more.app, more.later);
        Ok(body)
    }
}

/// An answer as it is written, without its key.
#[derive(Clone, Debug)]
pub(in crate::store) struct OutgoingValues {
    pub(in crate::store) at: i64,
    /// There while the queue shows it.
    pub(in crate::store) tie: Option<i64>,
    /// There while it waits.
    pub(in crate::store) due: Option<i64>,
    pub(in crate::store) has_content: bool,
    pub(in crate::store) text: Option<String>,
    pub(in crate::store) more: Option<String>,
    pub(in crate::store) attempt: u32,
    pub(in crate::store) state: i16,
    pub(in crate::store) state_due: Option<i64>,
    pub(in crate::store) reason: Option<String>,
    pub(in crate::store) by: Option<i64>,
    pub(in crate::store) mids: Option<String>,
}

impl OutgoingValues {
    pub(in crate::store) fn of(row: &OutgoingRow) -> Result<Self, StoreError> {
        let (text, more) = match &row.content {
            Some(content) => More {
                content: content.clone(),
                ..More::default()
            }
            .into_values()?,
            None => (None, None),
        };
        let (state, state_due, reason) = match &row.state {
            OutgoingState::Queued => (0, None, None),
            OutgoingState::Sending { until } => (1, Some(until.as_millis()), None),
            OutgoingState::Unknown => (2, None, None),
            OutgoingState::NotSent { due } => (3, Some(due.as_millis()), None),
            OutgoingState::Failed { reason } => (4, None, Some(to_json(reason)?)),
            OutgoingState::Dismissed => (5, None, None),
        };
        let mids: Vec<&str> = row.mids.iter().map(|mid| mid.as_str()).collect();
        Ok(Self {
            at: row.at.as_millis(),
            tie: row.spot().map(|spot| spot.tie),
            due: time(row.due()),
            has_content: row.content.is_some(),
            text,
            more,
            attempt: row.attempt,
            state,
            state_due,
            reason,
            by: worker(row.by),
            mids: Some(mids.join("\n")).filter(|mids| !mids.is_empty()),
        })
    }

    pub(in crate::store) fn into_row(self, bytes: [u8; 16]) -> Result<OutgoingRow, StoreError> {
        const BAD: StoreError = StoreError::Unreadable("an answer");
        let mut row = OutgoingRow::new(key(bytes)?);
        row.at = Timestamp::from_millis(self.at);
        let more = More::of(self.text, self.more.as_deref())?;
        row.content = self.has_content.then_some(more.content);
        row.attempt = self.attempt;
        let due = self.state_due.map(Timestamp::from_millis);
        row.state = match (self.state, due, &self.reason) {
            (0, ..) => OutgoingState::Queued,
            (1, Some(until), _) => OutgoingState::Sending { until },
            (2, ..) => OutgoingState::Unknown,
            (3, Some(due), _) => OutgoingState::NotSent { due },
            (4, _, Some(reason)) => {
                let reason: Reason = from_json(reason)?;
                OutgoingState::Failed { reason }
            }
            (5, ..) => OutgoingState::Dismissed,
            _ => return Err(BAD),
        };
        row.by = self.by.map(|by| WorkerId::new(by.cast_unsigned()));
        let mids = self.mids.iter().flat_map(|mids| mids.split('\n'));
        row.mids = mids
            .map(|mid| Mid::new(mid).map_err(|_| BAD))
            .collect::<Result<_, _>>()?;
        Ok(row)
    }
}

impl More {
    /// The text, and the rest as JSON if there is any.
    fn into_values(mut self) -> Result<(Option<String>, Option<String>), StoreError> {
        let text = self.content.text.take();
        Ok((text, optional_json(&self)?))
    }

    fn of(text: Option<String>, rest: Option<&str>) -> Result<Self, StoreError> {
        let mut more: Self = optional(rest)?;
        more.content.text = text;
        Ok(more)
    }
}
