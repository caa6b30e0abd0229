//! Rows as values of columns, the same in every SQL database: what every row has is a column, what
//! few have is JSON.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Act, Content, EntryId, MessageState, OutgoingKey, Profile, Reason, Revision, Side, Source,
    StoreError, WorkerId,
    fold::{Body, ContactRow, Edit, EntryRow, OutgoingRow, OutgoingState, Reacted, Snippet, Spot},
};
use crate::{
    id::{AppId, Mid, Psid},
    time::Timestamp,
};

/// A customer's row as it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct ContactValues {
    pub(super) last_at: Option<i64>,
    pub(super) first_at: Option<i64>,
    pub(super) inbound_at: Option<i64>,
    pub(super) unread: u32,
    pub(super) arrived: i64,
    pub(super) revision: i64,
    /// Only where it is not `last_at`.
    pub(super) newest_at: Option<i64>,
    pub(super) newest_tie: Option<i64>,
    pub(super) newest_kind: Option<i16>,
    pub(super) newest_text: Option<String>,
    pub(super) newest_more: Option<String>,
    pub(super) delivered: Option<i64>,
    pub(super) read: Option<i64>,
    pub(super) forgotten: Option<i64>,
    pub(super) expired: Option<i64>,
    pub(super) asked_at: Option<i64>,
    pub(super) ask_again: Option<i64>,
    pub(super) attempt: Option<u32>,
    pub(super) by: Option<i64>,
    pub(super) lease: Option<i64>,
    /// Only where it is not `asked_at`, or there is no name.
    pub(super) profile_at: Option<i64>,
    pub(super) name: Option<String>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    /// Only where it is not `asked_at`.
    pub(super) picture_at: Option<i64>,
    pub(super) picture: Option<u32>,
    pub(super) send_due: Option<i64>,
    /// For an index; it is not read.
    pub(super) profile_due: Option<i64>,
}

impl ContactValues {
    pub(super) fn of(row: &ContactRow) -> Result<Self, StoreError> {
        let snippet = row.preview.as_ref();
        let at = snippet.map(|snippet| snippet.spot.at);
        let other =
            |at: Option<Timestamp>, usual: Option<Timestamp>| time(at.filter(|_| at != usual));
        let profile = row.profile.clone().unwrap_or_default();
        let has_names = profile != Profile::default();
        let profile_at = row
            .profile_at
            .filter(|at| !has_names || Some(*at) != row.asked_at);
        Ok(Self {
            last_at: time(row.last_at),
            first_at: time(row.first_at),
            inbound_at: time(row.inbound_at),
            unread: row.unread,
            arrived: revision_to_sql(row.inbound_revision),
            revision: revision_to_sql(row.revision),
            newest_at: other(at, row.last_at),
            newest_tie: snippet.map(|snippet| snippet.spot.tie),
            newest_kind: snippet.map(|snippet| {
                i16::from(snippet.side == Side::Page) | i16::from(snippet.unsent) << 1
            }),
            newest_text: snippet.and_then(|snippet| snippet.text.clone()),
            newest_more: snippet.map(SnippetMore::of).transpose()?.flatten(),
            delivered: time(row.delivered),
            read: time(row.read),
            forgotten: time(row.forgotten),
            expired: time(row.expired),
            asked_at: time(row.asked_at),
            ask_again: time(row.ask_again),
            attempt: Some(row.profile_attempt).filter(|attempt| *attempt > 0),
            by: worker(row.profile_by),
            lease: time(row.profile_lease),
            profile_at: time(profile_at),
            name: profile.name,
            first_name: profile.first_name,
            last_name: profile.last_name,
            picture_at: other(row.picture_at, row.asked_at),
            picture: row.picture.map(NonZeroU32::get),
            send_due: time(row.send_due),
            profile_due: time(row.profile_due()),
        })
    }

    pub(super) fn into_row(self) -> Result<ContactRow, StoreError> {
        let at = |at: Option<i64>| at.map(Timestamp::from_millis);
        let mut row = ContactRow {
            last_at: at(self.last_at),
            first_at: at(self.first_at),
            inbound_at: at(self.inbound_at),
            unread: self.unread,
            inbound_revision: Revision::new(self.arrived.cast_unsigned()),
            revision: Revision::new(self.revision.cast_unsigned()),
            delivered: at(self.delivered),
            read: at(self.read),
            forgotten: at(self.forgotten),
            expired: at(self.expired),
            asked_at: at(self.asked_at),
            ask_again: at(self.ask_again),
            profile_attempt: self.attempt.unwrap_or(0),
            profile_by: self.by.map(|by| WorkerId::new(by.cast_unsigned())),
            profile_lease: at(self.lease),
            picture: self.picture.and_then(NonZeroU32::new),
            send_due: at(self.send_due),
            ..ContactRow::default()
        };
        if let (Some(newest), Some(tie), Some(kind)) = (
            at(self.newest_at).or(row.last_at),
            self.newest_tie,
            self.newest_kind,
        ) {
            let more: SnippetMore = optional(self.newest_more.as_deref())?;
            let spot = Spot::new(newest, tie);
            let mut snippet = Snippet::from_parts(spot, side(kind), more.act, self.newest_text);
            snippet.unsent = kind & 2 != 0;
            (snippet.kinds, snippet.key, snippet.state) = (more.kinds, more.key, more.state);
            row.preview = Some(snippet);
        }
        let mut profile = Profile::default();
        (profile.name, profile.first_name, profile.last_name) =
            (self.name, self.first_name, self.last_name);
        // A customer with a profile without any name has a time of its own.
        if self.profile_at.is_some() || profile != Profile::default() {
            row.profile_at = at(self.profile_at).or(row.asked_at);
            row.profile = Some(profile);
        }
        row.picture_at = at(self.picture_at)
            .or(row.asked_at)
            .filter(|_| self.picture.is_some());
        Ok(row)
    }
}

/// What few snippets have.
#[derive(Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
struct SnippetMore {
    #[serde(skip_serializing_if = "Act::is_message")]
    act: Act,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kinds: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<OutgoingKey>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<MessageState>,
}

impl SnippetMore {
    fn of(snippet: &Snippet) -> Result<Option<String>, StoreError> {
        optional_json(&Self {
            act: snippet.act.clone(),
            kinds: snippet.kinds.clone(),
            key: snippet.key.clone(),
            state: snippet.state,
        })
    }
}

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
pub(super) struct EntryValues {
    pub(super) key: Option<[u8; 16]>,
    pub(super) marks: Option<String>,
    pub(super) body: Option<BodyValues>,
}

#[derive(Clone, Debug)]
pub(super) struct BodyValues {
    pub(super) at: i64,
    pub(super) kind: i16,
    pub(super) text: Option<String>,
    pub(super) more: Option<String>,
}

impl EntryValues {
    pub(super) fn of(row: &EntryRow) -> Result<Self, StoreError> {
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

    pub(super) fn into_row(self, id: EntryId) -> Result<EntryRow, StoreError> {
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
pub(super) struct OutgoingValues {
    pub(super) at: i64,
    /// There while the queue shows it.
    pub(super) tie: Option<i64>,
    /// There while it waits.
    pub(super) due: Option<i64>,
    pub(super) has_content: bool,
    pub(super) text: Option<String>,
    pub(super) more: Option<String>,
    pub(super) attempt: u32,
    pub(super) state: i16,
    pub(super) state_due: Option<i64>,
    pub(super) reason: Option<String>,
    pub(super) by: Option<i64>,
    pub(super) mids: Option<String>,
}

impl OutgoingValues {
    pub(super) fn of(row: &OutgoingRow) -> Result<Self, StoreError> {
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

    pub(super) fn into_row(self, bytes: [u8; 16]) -> Result<OutgoingRow, StoreError> {
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

pub(super) fn psid(text: String) -> Result<Psid, StoreError> {
    Psid::new(text).map_err(|_| StoreError::Unreadable("the id of a customer"))
}

/// Pages do not see 2⁶³ commits.
pub(super) fn revision_to_sql(revision: Revision) -> i64 {
    i64::try_from(revision.number()).unwrap_or(i64::MAX)
}

pub(super) fn time(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_millis)
}

fn worker(by: Option<WorkerId>) -> Option<i64> {
    by.map(|by| by.number().cast_signed())
}

fn side(kind: i16) -> Side {
    if kind & 1 == 0 {
        Side::Customer
    } else {
        Side::Page
    }
}

fn key(bytes: [u8; 16]) -> Result<OutgoingKey, StoreError> {
    OutgoingKey::from_bytes(bytes).map_err(|_| StoreError::Unreadable("a key"))
}

fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Refused(error.into()))
}

fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable("a part of a row"))
}

/// Nothing for what says nothing.
fn optional_json<T: Default + PartialEq + Serialize>(
    value: &T,
) -> Result<Option<String>, StoreError> {
    if *value == T::default() {
        return Ok(None);
    }
    to_json(value).map(Some)
}

fn optional<T: Default + DeserializeOwned>(text: Option<&str>) -> Result<T, StoreError> {
    text.map_or_else(|| Ok(T::default()), from_json)
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
